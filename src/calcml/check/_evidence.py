"""Slopes of the function along chosen directions, to hold against those that a gradient claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcml._checks import Real
from calcml.numeric._complex import TINY, call_complex, complex_step
from calcml.numeric._differences import SHORTEST, Anchor, kinks, quotient, resolved, scales
from calcml.numeric._lines import Lines, few_digits
from calcml.numeric._richardson import extrapolated

__all__ = ["Evidence", "directions", "measure", "slope_along"]

IMAGINARY = 1e-20
"""The `step` of evidence from the complex step."""

GOAL = 0.62
"""A check needs fewer digits than a gradient: tables end at a relative error of eps**0.62, 2e-10."""


@dataclass(frozen=True)
class Evidence:
    """Numerical slopes along m directions, and what is known about them.

    Parameters
    ----------
    along : ndarray, shape (m, n), or None
        The directions; None for every component by itself, m = n.
    slope, error : ndarray, shape (m,)
        Numerical slopes and their estimated errors.
    left, right : ndarray, shape (m,)
        One-sided slopes where there is a kink at the point, NaN elsewhere.
    noise : ndarray, shape (m,)
        Part of the error that comes from noise in the values of the function.
    scale : float
        Magnitude of the function, to which slopes near zero are related.
    grid : float
        By how much slopes change between neighbors of the point among floating point numbers.
    method : str
    step : float
    """

    along: Real | None
    slope: Real
    error: Real
    left: Real
    right: Real
    noise: Real
    scale: float
    grid: float
    method: str
    step: float

    def claims(self, gradient: Real) -> Real:
        """Slopes along the directions according to a gradient, shape (m,)."""
        return gradient if self.along is None else np.asarray(self.along @ gradient)

    def sizes(self, gradient: Real) -> Real:
        """Magnitude to which differences are related: root of the sum of the squared terms."""
        if self.along is None:
            terms = np.abs(gradient)
        else:
            terms = np.linalg.norm(self.along * gradient, axis=1)
        return np.maximum(np.maximum(terms, np.abs(self.slope)), np.finfo(float).tiny)

    def differences(self, gradient: Real) -> Real:
        """Absolute differences between claims and slopes, shape (m,)."""
        return np.asarray(np.abs(self.claims(gradient) - self.slope))

    def agrees(self, gradient: Real, visible: float) -> bool:
        """Whether a gradient explains every slope within a generous share of its error."""
        allowed = 10 * self.error + 10 * visible * self.sizes(gradient)
        return bool(np.all(self.differences(gradient) <= allowed))


def directions(x: Real, gradient: Real, count: int, rng: np.random.Generator) -> Real:
    """Random directions in which no component can hide, shape (count, n).

    Each is weighted so that every component contributes alike to the slope that the gradient
    claims. The units are max(1, abs(x)) and abs(x) in turn; where the gradient claims exact zeros
    the last direction moves those alone, because there a missing term shows undisturbed. Few digits
    keep the points on the line.
    """
    size = np.abs(x).astype(np.float64)
    floor = 1e-3 * np.sqrt(np.mean(size**2)) if size.size else 0.0
    units = [np.maximum(1.0, size), np.maximum(size, floor) if floor > 0 else np.ones_like(size)]
    claimed = np.abs(gradient).astype(np.float64)
    claimed[~np.isfinite(claimed)] = 0.0
    zero = ~(claimed > 0)
    some, every = bool(np.any(zero)), bool(np.all(zero))
    # Between 1/2 and 1, of either sign.
    rows = rng.uniform(-0.5, 0.5, size=(count, x.size))
    rows += np.copysign(0.5, rows)
    parts = [claimed * unit for unit in units[:count]]
    for i in range(count):
        rows[i] *= units[i % 2]
        if 0 < i == count - 1 and some and not every:
            rows[i] *= zero
        elif not every:
            part = parts[i % 2]
            typical = max(_middle(part[~zero] if some else part), 1e-4 * float(np.max(part)))
            rows[i] *= typical / np.maximum(part, typical)
    return few_digits(rows)


def _middle(values: Real) -> float:
    """Return the upper of the two middle values: a median without its checks."""
    middle = values.size // 2
    return float(np.partition(values, middle)[middle])


def measure(lines: Lines, *, allow_complex: bool, allow_real: bool) -> Evidence:
    """Measure the slopes of all lines, by the complex step if that is allowed and possible."""
    along = lines.directions
    scale = abs(float(lines.value))
    if allow_complex:
        try:
            slope, error = complex_step(lines, None, patient=not allow_real)
            none = np.full(lines.lines, np.nan)
            return Evidence(
                along, slope, error, none, none, error, scale, 0.0, "complex step", IMAGINARY
            )
        except ValueError:
            if not allow_real:
                raise
    if along is not None:
        # Real slopes cost ten times as much, and two directions leave nothing to hide in.
        along = along[[0, -1]] if len(along) > 2 else along
        lines = lines.in_directions(along)
    anchor = resolved(lines)
    slope, error, bend = kinks(lines, anchor)
    left, right = slope - bend, slope + bend
    k = np.flatnonzero(np.isnan(bend))
    if len(k):
        slope[k], error[k] = (
            a[k] for a in extrapolated(lines, anchor, None, only=k, goal=GOAL, tries=2)
        )
        _refine(lines, anchor, slope, error, k)
    length = 1.0 if along is None else np.linalg.norm(along, axis=1)
    step = float(np.max(anchor.h * length, initial=0.0))
    noise = np.fmax(anchor.noise, lines.known_noise() / anchor.h)
    grid = np.abs(anchor.even) / anchor.h**2 * lines.grid(np.arange(lines.lines))
    return Evidence(
        along,
        slope,
        error,
        left,
        right,
        noise,
        scale,
        float(np.nanmax(grid, initial=0.0)),
        "extrapolated differences",
        step,
    )


def _refine(lines: Lines, anchor: Anchor, slope: Real, error: Real, k: NDArray[np.intp]) -> None:
    """Try still shorter steps where lines k have rough results, for a kink may be near; in place."""
    rough = ~(error[k] <= 1e-7 * np.maximum(np.abs(slope[k]), 1e-300))
    k = k[rough & np.isfinite(anchor.slope[k])]
    before = np.full(lines.lines, np.nan)
    for factor in 2.0 ** -np.arange(7, 31, 4):
        h = anchor.h[k] * factor
        # Shorter steps cannot do better than the noise that they divide by their length.
        hopeful = (4 * lines.noise(k) / h < error[k]) & (h > SHORTEST * scales(lines)[k])
        k, h = k[hopeful], h[hopeful]
        if not len(k):
            return
        near, noise, even = quotient(lines, "central", k, h)
        bound = 2 * np.abs(near - before[k]) + 8 * np.fmax(lines.noise(k) / h, noise)
        # Across a kink it is wrong by up to half of the jump, however well it has settled.
        bound += np.abs(even) / h
        before[k] = near
        better = bound < error[k]
        slope[k[better]], error[k[better]] = near[better], bound[better]
        k = k[~(error[k] <= 1e-7 * np.maximum(np.abs(slope[k]), 1e-300))]


def slope_along(lines: Lines, weights: Real, how: str = "pair") -> Any:
    """Measure the slope along one combination of all components.

    Takes one call at a complex point, a pair of values, or about a dozen for "extrapolated".
    """
    line = lines.along(weights)
    if how == "complex":
        h = TINY * np.minimum(1.0, scales(line))
        return (line.imaginary(h, call_complex) / h)[0]
    if how == "extrapolated":
        return extrapolated(line, resolved(line), None)[0][0]
    h = 2 * lines.eps ** (1 / 3) * scales(line)
    value, _, _ = quotient(line, "central", np.array([0]), h)
    return value[0]
