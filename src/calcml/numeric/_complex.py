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
from calcml.numeric._differences import difference, kinks, power_of_two, resolved, scales
from calcml.numeric._elementwise import Elementwise
from calcml.numeric._lines import Lines, few_digits
from calcml.numeric._richardson import richardson

__all__ = ["complex_step"]

TINY = 1e-20
"""Imaginary step relative to a unit: its square is below every rounding error."""


INSTEAD = 'Replace abs, norm, maximum, conj and real buffers, or use method="central".'

NAMED = 50
"""Up to this many lines a refusal looks for the one at which the slopes differ most."""


def _refuse(owner: str, reason: str, instead: str = INSTEAD) -> ValueError:
    return ValueError(
        f'`{owner}` with method="complex" needs an analytic function of complex arrays: {reason}. '
        f"{instead}"
    )


def complex_step(lines: Lines, h: Real | None, *, patient: bool = True) -> tuple[Real, Real]:
    """Slopes of every line and their error bound, each of shape (m,) + out.

    A patient comparison with real differences repeats a rough one by the best method before it
    refuses, and says where the difference is.
    """
    size = np.abs(lines.x[lines.x != 0])
    unit = float(np.clip(size.min(initial=1.0), 1e-80, 1.0))
    steps = np.full(lines.lines, TINY * unit) if h is None else h
    slope = lines.imaginary(steps, call_complex) / lines.expand(steps)
    bad = ~np.isfinite(slope)
    if np.any(bad):
        k = int(np.argwhere(bad)[0][0])
        raise _refuse(
            lines.owner, f"an imaginary step in {lines.label(k)} gave {slope[bad].flat[0]}"
        )
    size = np.abs(slope)
    error = 8 * lines.eps * (size + np.max(size, axis=0, initial=0.0))
    if np.any(steps > lines.eps**0.5 * np.minimum(1.0, scales(lines))):
        # The error in h**2, three quarters of which a step of half the length takes away.
        half = lines.imaginary(steps / 2, call_complex) / lines.expand(steps / 2)
        error = error + 2 * np.abs(half - slope)
    _compare_with_real(lines, slope, 1e-7 * np.abs(slope) + error, patient=patient)
    return slope, error


def call_complex(owner: str, F: Callable[..., Any], point: Any) -> NDArray[Any]:
    """Call a function at a complex point; what goes wrong becomes advice."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", ComplexWarning)
        try:
            made = F(point)
            value = np.asarray(made)
        except ComplexWarning as error:
            raise _refuse(
                owner,
                "it discards the imaginary part, in a real array, by float() or in the math module",
            ) from error
        except (
            ArithmeticError,
            AttributeError,
            RuntimeError,  # what PyTorch raises for an operation without a complex version
            TypeError,
            ValueError,
        ) as error:
            reason = str(error).rstrip(".")
            raise _refuse(
                owner,
                f"it raised {type(error).__name__}: {reason}",
                'Call functions that take complex numbers, or use method="central".',
            ) from error
    if value.dtype.kind not in "fciub":
        raise _refuse(owner, f"at a complex point it returned {type(made).__name__}")
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
        _need_equal(lines, lines, slope, slope, allowed, patient=patient)
        return
    mixtures = _mixtures(lines, slope) if lines.lines > 1 else [np.ones(1)]
    for part in mixtures:
        claim, slack = (
            np.tensordot(part, slope, axes=1),
            np.tensordot(np.abs(part), allowed, axes=1),
        )
        _need_equal(lines, lines.combined(part), slope, claim[None], slack[None], patient=patient)


def _mixtures(lines: Lines, slope: Real) -> list[Real]:
    rng = np.random.default_rng(0)
    size = np.abs(slope).reshape(lines.lines, -1).max(axis=1)
    flat = ~(size > 0)
    signs = rng.choice([-1.0, 1.0], size=(3, lines.lines)) * rng.uniform(0.5, 1.0, lines.lines)
    weights = signs * power_of_two(scales(lines))
    if np.all(flat):
        return [few_digits(weights[2])]
    typical = np.median(size[~flat])
    equal = np.where(flat, 0.0, typical / np.maximum(np.where(flat, typical, size), typical))
    # Lines in chosen directions move everything at once already: one mixture of them will do.
    mixtures = list(weights[: 2 if lines.directions is None else 1] * equal)
    if np.any(flat):
        mixtures.append(weights[2] * flat)
    return [few_digits(mixture) for mixture in mixtures]


def _need_equal(
    lines: Lines, mixed: Lines, slope: Real, claim: Real, allowed: Real, *, patient: bool
) -> None:
    """Raise unless the claims agree with real differences along mixtures of the lines."""
    anchor = resolved(mixed)
    first = anchor.slope
    if np.all(np.abs(first - claim) <= allowed):
        # At a kink such as that of abs at 0 both may agree on a slope that does not exist.
        _, _, bend = kinks(mixed, anchor)
        if np.all(np.isnan(bend)):
            return
        raise _refuse(
            lines.owner,
            "it has a kink at `x`, where left and right slopes differ",
            'Move `x` beside the kink, or use method="central".',
        )
    if not np.all(np.isfinite(first)):
        raise _refuse(
            lines.owner,
            "`x` is at the edge of its domain, with values on one side only",
            'Move `x` inside the domain, or use method="central".',
        )
    for attempt in (central_with_error, richardson) if patient else (central_with_error,):
        # The second, better method keeps a rough first one from accusing a good function.
        real, error = attempt(mixed, None)
        wrong = ~(np.abs(real - claim) <= 20 * error + allowed)
        if not np.any(wrong):
            return
    where = "along a mixture of all components"
    place = tuple(np.argwhere(wrong)[0])
    if mixed.lines == lines.lines:
        where = f"moving {lines.label(int(place[0]))}"
    elif patient and lines.lines <= NAMED:
        alone = resolved(lines).slope
        gap = np.nan_to_num(np.abs(alone - slope))
        if np.any(gap > 0):
            real, claim = alone, slope
            place = np.unravel_index(np.argmax(gap), gap.shape)
            where = f"moving {lines.label(int(place[0]))}"
    one, other = _apart(float(real[place]), float(claim[place]))
    raise _refuse(
        lines.owner,
        f"{where}, its slope is {one} by real differences and {other} by the complex step, so it "
        "drops or changes the imaginary part, or has a kink there",
    )


def _apart(one: float, other: float) -> tuple[str, str]:
    """Both numbers with as many digits as it takes to tell them apart."""
    for digits in range(3, 17):
        texts = f"{one:.{digits}g}", f"{other:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts


def central_with_error(lines: Lines, h: Real | None) -> tuple[Real, Real]:
    """Central differences in the form of the other methods."""
    return difference(lines, "central", h, want_error=True)


def imaginary_gradient(
    gradient: Callable[..., Any], x: Real, v: Real, h: float | None, *, number: bool
) -> Real:
    """``Im gradient(x + i h v) / h``, guarded, for Hessian-vector products; shape of `x`."""
    lines = Lines("hvp", gradient, x, v[None], scalar=False, scalar_input=number, name="gradient")
    lines.direction = "`v`"
    if lines.out != x.shape:
        raise ValueError(
            f"`hvp` needs `gradient` to return the shape of `x`, {x.shape}: came shape "
            f"{lines.out}. Return one entry for each component of `x`."
        )
    value, _ = complex_step(lines, None if h is None else np.array([h]))
    return np.asarray(value[0])
