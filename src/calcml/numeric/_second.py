"""Second derivatives: the Hessian, and its product with a vector without forming it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calcml._checks import (
    Real,
    as_point,
    as_step,
    as_tangent,
    as_values,
    component,
    need_callable,
    need_choice,
    need_finite,
)
from calcml.numeric._complex import imaginary_gradient
from calcml.numeric._differences import other_scales, power_of_two, scales
from calcml.numeric._first import columns, finish, is_number
from calcml.numeric._lines import Lines, length_along

METHODS = ("central", "complex", "richardson")
"""The words that `method` may be for second derivatives."""


@np.errstate(all="ignore")
def hessian(
    f: Callable[..., Any],
    x: ArrayLike,
    *,
    method: str = "central",
    h: ArrayLike | None = None,
    return_error: bool = False,
    batched: bool = False,
    gradient: Callable[..., Any] | None = None,
) -> Any:
    """Hessian of a scalar function, from its values or from those of its gradient.

    Values alone take 2 n**2 calls of `f`, and half of the digits; with `gradient` it is 2 n calls.

    Parameters
    ----------
    f : callable
        Maps shape s to a number.
    x : array_like, shape s
    method : {"central", "complex", "richardson"}
    h, return_error, batched
        As in `numeric.gradient`.
    gradient : callable, optional
        Maps shape s to shape s.

    Returns
    -------
    ndarray, shape s + s
        Symmetric; with `return_error` a pair of those.

    Raises
    ------
    ValueError
        If one side of `x` has no values.

    Examples
    --------
    >>> from calcml.numeric import hessian
    >>> hessian(lambda x: x[0] ** 2 * x[1], [1.0, 2.0]).round(6).tolist()
    [[4.0, 2.0], [2.0, 0.0]]
    """
    need_choice(method, METHODS, "hessian", "method")
    point = as_point(x, "hessian")
    step = as_step(h, point, "hessian", moves=method != "complex")
    if gradient is not None:
        lines = Lines(
            "hessian",
            gradient,
            point,
            batched=batched,
            scalar=False,
            scalar_input=is_number(x),
            name="gradient",
        )
        return finish(*_from_gradient(lines, method, step), point, return_error)
    if method == "complex":
        raise ValueError(
            '`hessian` with method="complex" needs the gradient as a function: came gradient=None. '
            'Pass `gradient`, or use method="central" or "richardson".'
        )
    base = Lines("hessian", f, point, batched=batched, scalar_input=is_number(x))
    value, spread = second_derivatives(base, method, step, want_error=return_error)
    return finish(value, spread, point, return_error)


def second_derivatives(
    base: Lines, method: str, step: Real | None, *, want_error: bool
) -> tuple[Real, Real]:
    """Hessian from values, and its error, both of shape s + s."""
    n, point = base.x.size, base.x
    if step is None:
        relative = _fourth_root(base.eps) if method == "central" else 0.125
        step = relative * _units(base, relative)
    i, j = np.triu_indices(n)
    sides = np.zeros((2, len(i), n))
    pair = np.arange(len(i))
    flat = np.ravel(step)
    sides[:, pair, i] = flat[i]
    # Off the diagonal the sides are h_i + h_j and h_i - h_j; on it they are h_i alone.
    off = i != j
    sides[0, pair[off], j[off]] = flat[j[off]]
    sides[1, pair[off], j[off]] = -flat[j[off]]
    rows = np.concatenate([sides[0], sides[1][off]])
    lines = base.in_directions(rows.reshape(len(rows), *point.shape))
    bend, error = _second(lines, method, want_error=want_error)
    entries, doubt = bend[: len(i)].copy(), error[: len(i)].copy()
    entries[off] = (entries[off] - bend[len(i) :]) / 4
    doubt[off] = (doubt[off] + error[len(i) :]) / 4
    value, spread = np.empty((2, n, n), dtype=lines.work)
    scale = flat[i] * flat[j]
    value[i, j] = value[j, i] = entries / scale
    spread[i, j] = spread[j, i] = doubt / scale
    shape = point.shape * 2
    return value.reshape(shape), spread.reshape(shape)


def _fourth_root(eps: float) -> float:
    return float(power_of_two(2 * eps**0.25))


def _units(base: Lines, relative: float) -> Real:
    """Scale of each component, shrunk to abs(x) where a side at this step times it has no value.

    A power of two, so that steps of a power of two times it add up exactly.
    """
    unit: Real = power_of_two(scales(base))
    every = np.arange(base.lines)
    for sign in (1.0, -1.0):
        outside = ~np.isfinite(base(every, sign * relative * unit))
        unit = np.where(outside, np.minimum(unit, power_of_two(other_scales(base))), unit)
    return unit


def _second(lines: Lines, method: str, *, want_error: bool) -> tuple[Real, Real]:
    """Second derivatives in t at 0 along all lines, whose directions are one step long."""
    k = np.arange(lines.lines)
    if method == "richardson":
        return _extrapolated(lines, k)
    bend, noise = _bend(lines, k, 1.0)
    if not np.all(np.isfinite(bend)):
        raise _both_sides(lines, k[~np.isfinite(bend)][0])
    if not want_error:
        return bend, noise
    longer, _ = _bend(lines, k, 2.0)
    shift = np.where(np.isfinite(longer), np.abs(longer - bend), np.abs(bend))
    # At a kink, a jump or an oscillation too fast for the step it grows as the step falls.
    diverges = (np.abs(longer) < 0.7 * np.abs(bend)) & (np.abs(bend) > 16 * noise)
    return bend, np.where(diverges, np.inf, shift + 4 * noise)


def _bend(lines: Lines, k: NDArray[np.intp], t: float) -> tuple[Real, Real]:
    both = lines(np.concatenate([k, k]), np.repeat([t, -t], len(k)))
    up, down, f0 = both[: len(k)], both[len(k) :], lines.start(k)
    size = np.maximum(np.maximum(np.abs(up), np.abs(down)), np.abs(f0))
    return ((up - f0) + (down - f0)) / t**2, lines.eps * size / t**2


def curvatures(lines: Lines) -> tuple[Real, Real]:
    """Second derivatives along all lines by extrapolation, with their error estimates."""
    return _extrapolated(lines, np.arange(lines.lines))


def _extrapolated(lines: Lines, k: NDArray[np.intp]) -> tuple[Real, Real]:
    """Extrapolate as `_richardson` does, on second differences at 1, 1/2, ..., 1/64 of the direction."""
    best, bound = np.zeros(len(k), dtype=lines.work), np.full(len(k), np.inf)
    table: list[Real] = []
    for row in range(7):
        new, noise = _bend(lines, k, 0.5**row)
        rows = [new]
        for m, left in enumerate(table, start=1):
            entry = rows[-1] + (rows[-1] - left) / (4.0**m - 1)
            change = np.maximum(np.abs(entry - rows[-1]), np.abs(entry - left)) + 3 * noise
            better = change < bound
            best, bound = np.where(better, entry, best), np.where(better, change, bound)
            rows.append(entry)
        table = rows
    if not np.all(np.isfinite(bound)):
        raise _both_sides(lines, k[~np.isfinite(bound)][0])
    return best, bound


def _both_sides(lines: Lines, k: int) -> ValueError:
    moved = np.argwhere(lines.directions[k]) if lines.directions is not None else np.empty((0, 0))
    names = " and ".join(f"`{component('x', tuple(map(int, index)))}`" for index in moved)
    if len(moved) > 2:
        names = f"`x` along {lines.direction}"
    return ValueError(
        f"`{lines.owner}` needs values on both sides of `x`: moving {names} left the domain of the "
        f"function. {lines.advice}"
    )


def _from_gradient(lines: Lines, method: str, step: Real | None) -> tuple[Real, Real]:
    """Jacobian of the gradient, made symmetric, and its error."""
    point = lines.x
    if lines.out != point.shape:
        raise ValueError(
            f"`hessian` needs `gradient` to return the shape of `x`, {point.shape}: came shape "
            f"{lines.out}. Return one entry for each component of `x`."
        )
    n, shape = point.size, point.shape * 2
    value, error = (np.reshape(a, (n, n)) for a in columns(lines, method, step, want_error=True))
    value, error = (value + value.T) / 2, np.maximum(error, error.T)
    return value.reshape(shape), error.reshape(shape)


@np.errstate(all="ignore")
def hvp(
    f: Callable[..., Any] | None,
    x: ArrayLike,
    v: ArrayLike,
    gradient: Callable[..., Any] | None = None,
    *,
    method: str = "central",
    h: float | None = None,
) -> Any:
    """Product of the Hessian with a vector, without forming the matrix.

    With `gradient` it is a central difference of two gradients along `v` (the limit of which
    Pearlmutter 1994 takes exactly), or one gradient at a complex point. From values of `f` alone
    it takes 4 n calls, and half of the digits are lost.

    Parameters
    ----------
    f : callable or None
        Maps shape s to a number; not called if `gradient` is given.
    x, v : array_like, shape s
    gradient : callable, optional
        Maps shape s to shape s.
    method : {"central", "complex"}
    h : float, optional

    Returns
    -------
    ndarray, shape s

    Raises
    ------
    TypeError, ValueError
        If the shapes differ, or a needed value is not finite.

    Examples
    --------
    >>> from calcml.numeric import hvp
    >>> hvp(None, [1.0, 2.0], [1.0, 0.0], gradient=lambda x: x**3).round(6).tolist()
    [3.0, 0.0]
    """
    need_choice(method, ("central", "complex"), "hvp", "method")
    point = as_point(x, "hvp")
    tangent = as_tangent(v, point, "hvp").astype(point.dtype)
    step = as_step(h, point, "hvp", tangent, moves=method != "complex")
    t = None if step is None else float(step)
    if gradient is None:
        need_callable(f, "hvp")
        if method == "complex":
            raise ValueError(
                '`hvp` with method="complex" needs the gradient as a function: came gradient=None. '
                'Pass `gradient`, or use method="central".'
            )
        return _mixed(f, x, point, tangent, t)
    need_callable(gradient, "hvp", "gradient")
    if method == "complex":
        value = imaginary_gradient(gradient, point, tangent, t, number=is_number(x))
    else:
        value = _two_gradients(gradient, point, tangent, t, number=is_number(x))
    return finish(value, value, point, False)


def _two_gradients(
    gradient: Callable[..., Any], x: Real, v: Real, h: float | None, *, number: bool
) -> Real:
    eps = float(np.finfo(x.dtype).eps)
    length = length_along(v, np.maximum(1.0, np.abs(x)))
    t = float(power_of_two(2 * eps ** (1 / 3) * length)) if h is None else h
    for side in (t, t * 1e-6):
        values = []
        for sign in (1.0, -1.0):
            point = np.array(x + np.asarray(sign * side, dtype=x.dtype) * v)
            with np.errstate(all="ignore"):
                value = gradient(point[()] if number else point)
            values.append(as_values(value, "hvp", "gradient(x)"))
            if values[-1].shape != x.shape:
                raise ValueError(
                    f"`hvp` needs `gradient` to return the shape of `x`, {x.shape}: came shape "
                    f"{values[-1].shape}. Return one entry for each component of `x`."
                )
        # Next to the edge of the domain a much smaller step may still have both its sides.
        if all(np.all(np.isfinite(value)) for value in values) or h is not None:
            break
    up, down = (np.asarray(value, dtype=np.result_type(value, np.float64)) for value in values)
    for value in (up, down):
        need_finite(value, "hvp", "gradient(x + t * v)", "Move `x` inside the domain, or pass `h`.")
    return np.asarray((up - down) / (2 * side))


def _mixed(f: Any, x: ArrayLike, point: Real, v: Real, h: float | None) -> Any:
    """Component j is the mixed second difference along e_j and `v`: 4 n values."""
    base = Lines("hvp", f, point, scalar_input=is_number(x))
    base.direction = "`v`"
    n, relative = point.size, _fourth_root(base.eps)
    unit = _units(base, relative)
    t = relative * length_along(v, unit.reshape(point.shape)) if h is None else h
    step = relative * unit
    own = np.diag(step).reshape(n, *point.shape)
    lines = base.in_directions(np.concatenate([own + t * v, own - t * v]))
    bend, _ = _second(lines, "central", want_error=False)
    value = (bend[:n] - bend[n:]) / (4 * step * t)
    return finish(value.reshape(point.shape), value.reshape(point.shape), point, False)
