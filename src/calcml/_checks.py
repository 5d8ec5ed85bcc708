"""Argument checks and error sentences, phrased once for the whole package.

Every message has the same grammar: what needs what: what came instead. What to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "as_point",
    "as_step",
    "as_tangent",
    "as_values",
    "component",
    "need_callable",
    "need_choice",
    "need_finite",
    "need_scalar",
]

Real = NDArray[np.floating[Any]]


def component(name: str, index: tuple[int, ...]) -> str:
    """Name of one component as a reader would write it: ``x[2, 3]``, or ``x`` for a number."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def need_callable(f: object, owner: str, name: str = "f") -> None:
    """Raise TypeError unless `f` can be called."""
    if not callable(f):
        raise TypeError(
            f"`{owner}` needs a function `{name}`: came {type(f).__name__}. "
            "Pass the function itself, not its value."
        )


def need_choice(value: object, choices: Iterable[str], owner: str, name: str) -> None:
    """Raise ValueError unless `value` is one of the allowed words."""
    choices = list(choices)
    if value not in choices:
        words = ", ".join(f'"{word}"' for word in choices)
        raise ValueError(
            f"`{owner}` needs a known `{name}`: came {value!r}. Choose one of {words}."
        )


def need_finite(a: NDArray[Any], owner: str, name: str, advice: str) -> None:
    """Raise ValueError naming the first component of `a` that is not finite."""
    finite = np.isfinite(a)
    if not np.all(finite):
        index = tuple(int(i) for i in np.argwhere(~np.atleast_1d(finite))[0])[: np.ndim(a)]
        raise ValueError(
            f"`{owner}` needs finite numbers: `{component(name, index)}` is "
            f"{np.asarray(a)[index]}. {advice}"
        )


def as_point(x: ArrayLike, owner: str, name: str = "x") -> Real:
    """Return a floating point copy of `x` with its shape kept; integers become float64."""
    try:
        a = np.asarray(x)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"`{owner}` needs an array of real numbers as `{name}`: came {type(x).__name__} that "
            "NumPy cannot turn into an array. Flatten the parts into one array."
        ) from error
    if a.dtype.kind in "iu":
        a = a.astype(np.float64)
    if a.dtype.kind != "f":
        # An object array that NumPy made of a dict or of None is not what the caller passed.
        made = a.dtype.kind == "O" and not isinstance(x, (np.ndarray, list, tuple))
        came = type(x).__name__ if made else f"dtype {a.dtype}"
        raise TypeError(
            f"`{owner}` needs an array of real numbers as `{name}`: came {came}. "
            "Convert it with np.asarray(..., dtype=float)."
        )
    need_finite(a, owner, name, "Replace it by a finite number.")
    return np.array(a, order="K")


def as_tangent(v: ArrayLike, x: Real, owner: str, name: str = "v") -> Real:
    """Return a floating point copy of `v`, which must have the shape of `x`."""
    a = as_point(v, owner, name)
    if a.shape != x.shape:
        raise ValueError(
            f"`{owner}` needs `{name}` in the shape of `x`, {x.shape}: came shape {a.shape}. "
            f"Give `{name}` one entry for each component of `x`."
        )
    return a


def as_step(
    h: ArrayLike | None, x: Real, owner: str, along: Real | None = None, *, moves: bool = True
) -> Real | None:
    """Return steps in the shape of `x` from a number or an array; None stays None.

    With a direction `along` it is one step, in multiples of that direction. Unless `moves` is
    False, as for an imaginary step, adding the step must change `x`.
    """
    if h is None:
        return None
    a = as_point(h, owner, "h")
    if along is not None and a.shape != ():
        raise ValueError(
            f"`{owner}` needs `h` as one number: came shape {a.shape}. "
            "The step is the same for all components along a direction."
        )
    if a.shape not in ((), x.shape):
        raise ValueError(
            f"`{owner}` needs `h` as a number or in the shape of `x`, {x.shape}: came shape "
            f"{a.shape}. Give one step for all components, or one for each."
        )
    if not np.all(a > 0):
        raise ValueError(
            f"`{owner}` needs a positive step: `h` contains {a.min():g}. "
            "Pass h > 0, or h=None for the automatic step."
        )
    if not moves:
        return np.broadcast_to(a, x.shape if along is None else ())
    if along is not None:
        still = np.any(along) and not np.any(x + (a * along).astype(x.dtype) != x)
        if still:
            raise ValueError(
                f"`{owner}` needs a step that changes `x`: h = {a:g} times the direction is "
                f"rounded away in {x.dtype}. Use a larger h, or h=None for the automatic step."
            )
        return a
    moved = np.abs(x) + a.astype(x.dtype) > np.abs(x)
    if not np.all(moved):
        index = tuple(int(i) for i in np.argwhere(~np.atleast_1d(moved))[0])[: x.ndim]
        raise ValueError(
            f"`{owner}` needs a step that changes `x`: `{component('x', index)}` = {x[index]:g} "
            f"plus h = {np.broadcast_to(a, x.shape)[index]:g} rounds to itself in {x.dtype}. "
            "Use a larger h, or h=None for the automatic step."
        )
    return np.broadcast_to(a, x.shape)


def as_values(y: object, owner: str, call: str = "f(x)") -> Real:
    """Return the real values that came from a function, as a floating point array."""
    try:
        a = np.asarray(y)
    except ValueError as error:
        raise TypeError(
            f"`{owner}` needs a function with real values: `{call}` returned a "
            f"{type(y).__name__} that NumPy cannot turn into an array. "
            "Return a number or a NumPy array of real numbers."
        ) from error
    if a.dtype.kind in "iub":
        a = a.astype(np.float64)
    if a.dtype.kind != "f":
        kind = "complex numbers" if a.dtype.kind == "c" else type(y).__name__
        raise TypeError(
            f"`{owner}` needs a function with real values: `{call}` returned {kind}. "
            "Return a number or a NumPy array of real numbers."
        )
    return a


def need_scalar(y: NDArray[Any], owner: str, call: str = "f(x)") -> None:
    """Raise ValueError unless `y` is a single number of shape ()."""
    if y.shape != ():
        other = "check_jacobian" if owner.startswith("check_") else "jacobian"
        raise ValueError(
            f"`{owner}` needs a scalar function: `{call}` returned shape {y.shape}. "
            f"Reduce it with np.sum, or use `{other}`."
        )
