"""The complex step: ``Im F(x + i h d) / h``, without cancellation, and guarded.

For an analytic F the formula has an error of order h**2 and no subtraction, so h can be tiny
(Squire and Trapp 1998). A function that drops the imaginary part on the way gives a
wrong result, often exactly 0, and nothing in the result shows it. So the result is compared with
real differences along a few directions, which cost far less than one for each component.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.exceptions import ComplexWarning
from numpy.typing import NDArray

from calcml._checks import Real
from calcml.numeric._differences import difference, resolved, scales
from calcml.numeric._lines import Elementwise, Lines
from calcml.numeric._richardson import richardson

__all__ = ["complex_step"]

TINY = 1e-20
"""Imaginary step relative to a unit: its square is below every rounding error."""


def _refuse(owner: str, reason: str) -> ValueError:
    return ValueError(
        f'`{owner}` with method="complex" needs an analytic function of complex arrays: {reason}. '
        'Replace abs, norm, maximum, conj and real buffers, or use method="central".'
    )


def complex_step(lines: Lines, h: Real | None, *, patient: bool = True) -> tuple[Real, Real]:
    """Slopes of every line and their error bound, each of shape (m,) + out.

    A patient comparison with real differences repeats a rough one by the best method before it
    refuses.
    """
    size = np.abs(lines.x[lines.x != 0])
    unit = float(np.clip(size.min(initial=1.0), 1e-80, 1.0))
    steps = np.full(lines.lines, TINY * unit) if h is None else h
    slope = lines.imaginary(steps, call_complex) / lines.expand(steps)
    bad = ~np.isfinite(slope)
    if np.any(bad):
        k = int(np.argwhere(bad)[0][0])
        raise _refuse(lines.owner, f"moving {lines.label(k)} gave {slope[bad].flat[0]}")
    size = np.abs(slope)
    error = 8 * lines.eps * (size + np.max(size, axis=0, initial=0.0))
    if h is not None:
        error = error + np.abs(slope) * lines.expand(steps / scales(lines)) ** 2
    _compare_with_real(lines, slope, 1e-7 * np.abs(slope) + error, patient=patient)
    return slope, error


def call_complex(owner: str, F: Callable[..., Any], point: Any) -> NDArray[Any]:
    """Call a function at a complex point; what goes wrong becomes advice."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", ComplexWarning)
        try:
            value = np.asarray(F(point))
        except ComplexWarning as error:
            raise _refuse(owner, "it discards the imaginary part in a real array") from error
        except (
            ArithmeticError,
            AttributeError,
            NotImplementedError,
            TypeError,
            ValueError,
        ) as error:
            reason = str(error).rstrip(".")
            raise _refuse(owner, f"it raised {type(error).__name__}: {reason}") from error
    if value.dtype.kind not in "fciub":
        raise _refuse(owner, f"it returned {value.dtype}")
    return value


def _compare_with_real(lines: Lines, slope: Real, allowed: Real, *, patient: bool) -> None:
    """Raise unless the slopes agree with real central differences along combined directions.

    Up to three directions move every line at once: two with the lines weighted so that each contributes
    alike to the sum, and one that moves only the lines whose slope is exactly zero, where a dropped
    imaginary part hides best.
    """
    if not lines.lines or not slope.size:
        return
    if isinstance(lines, Elementwise):
        _need_equal(lines, slope, allowed, patient=patient)
        return
    rng = np.random.default_rng(0)
    size = np.abs(slope).reshape(lines.lines, -1).max(axis=1)
    flat = ~(size > 0)
    typical = np.median(size[~flat]) if np.any(~flat) else 1.0
    weight = np.where(flat, 0.0, typical / np.maximum(np.where(flat, typical, size), typical))
    signs = rng.choice([-1.0, 1.0], size=(3, lines.lines)) * rng.uniform(0.5, 1.0, lines.lines)
    # Lines in chosen directions move everything at once already: one mixture of them will do.
    count = 2 if lines.directions is None else 1
    mixtures = list(signs[:count] * weight) if np.any(~flat) else []
    if np.any(flat):
        mixtures.append(signs[2] * flat)
    for mixture in mixtures:
        part = mixture * scales(lines)
        claim, slack = (
            np.tensordot(part, slope, axes=1),
            np.tensordot(np.abs(part), allowed, axes=1),
        )
        _need_equal(lines.combined(part), claim[None], slack[None], patient=patient)


def _need_equal(lines: Lines, claim: Real, allowed: Real, *, patient: bool) -> None:
    if np.all(np.abs(resolved(lines).slope - claim) <= allowed):
        return
    for attempt in (central_with_error, richardson) if patient else (central_with_error,):
        # The second, better method keeps a rough first one from accusing a good function.
        real, error = attempt(lines, None)
        wrong = ~(np.abs(real - claim) <= 20 * error + allowed)
        if not np.any(wrong):
            return
    raise _refuse(
        lines.owner,
        f"along a test direction its slope is {real[wrong].flat[0]:.3g} by real differences "
        f"and {claim[wrong].flat[0]:.3g} by the complex step, so it drops or changes the "
        "imaginary part",
    )


def central_with_error(lines: Lines, h: Real | None) -> tuple[Real, Real]:
    """Central differences in the form of the other methods."""
    return difference(lines, "central", h, want_error=True)


def imaginary_gradient(
    gradient: Callable[..., Any], x: Real, v: Real, h: float | None, *, number: bool
) -> Real:
    """``Im gradient(x + i h v) / h``, guarded, for Hessian-vector products; shape of `x`."""
    lines = Lines("hvp", gradient, x, v[None], scalar=False, scalar_input=number, name="gradient")
    if lines.out != x.shape:
        raise ValueError(
            f"`hvp` needs `gradient` to return the shape of `x`, {x.shape}: came shape "
            f"{lines.out}. Return one entry for each component of `x`."
        )
    value, _ = complex_step(lines, None if h is None else np.array([h]))
    return np.asarray(value[0])
