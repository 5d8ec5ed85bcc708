"""Forward, backward and central differences with steps that follow the point and the format."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcml._checks import Real
from calcml.numeric._lines import Lines, length_along

__all__ = ["ORDER", "Anchor", "difference", "kinks", "quotient", "resolved", "scales"]

ORDER = {"forward": 1, "backward": 1, "central": 2}
"""Order of the truncation error of each difference in the step."""

UNRESOLVED = {1: 0.15, 2: 0.5}
"""Relative change of a slope under a doubled step, by order, from which on it says nothing.

For log at a distance of one step from its edge the change is 0.21, and the error estimate that
follows from it is already too small.
"""

SHORTEST = 2.0**-42
"""Shortest step relative to the scale of a line: it still moves a direction of ten digits exactly."""

SHRINK = 1 / 128
"""Factor between the steps that are tried when a function turns out to vary faster than expected."""


def power_of_two(h: Any) -> Any:
    """Return the power of two next below `h`: most of its additions to `x` are exact."""
    return np.exp2(np.floor(np.log2(h)))


def scales(lines: Lines) -> Real:
    """Length of one unit of change along each line: max(1, abs(x)), shape (m,).

    Along a direction d it is about the t at which ``t * d`` changes `x` by one unit in the norm
    weighted by those scales: a power of two, so that a direction with few digits keeps them.
    """
    unit = np.maximum(1.0, np.abs(lines.x)).astype(np.float64)
    if lines.directions is None:
        return unit.ravel()
    lengths = [length_along(along, unit) for along in lines.directions]
    return np.asarray(power_of_two(np.array(lengths)))


def other_scales(lines: Lines) -> Real:
    """Return a second guess at the scale: 1 for large abs(x), and abs(x) for small, shape (m,).

    A small component may be a small quantity or a quantity near zero, a large one may be an offset
    from something; only values of the function can tell.
    """
    size = np.abs(lines.x).astype(np.float64)
    unit = np.where(size > 0, np.minimum(size, 1.0), 1.0)
    if lines.directions is None:
        return unit.ravel()
    with np.errstate(divide="ignore"):
        ratio = (unit / np.abs(lines.directions)).reshape(lines.lines, lines.x.size)
    least = ratio.min(axis=1, initial=np.inf)
    return np.asarray(power_of_two(np.where(np.isfinite(least), least, 1.0)))


def difference(lines: Lines, method: str, h: Real | None, *, want_error: bool) -> tuple[Real, Real]:
    """Slope of every line at 0 and an error estimate, both of shape (m,) + out."""
    every = np.arange(lines.lines)
    if method == "central" and h is None:
        anchor = resolved(lines)
        slope, step = anchor.slope, anchor.h
    else:
        auto = power_of_two(2 * lines.eps**0.5 * scales(lines))
        step = auto if h is None else np.asarray(h, dtype=np.float64)
        slope, _, _ = quotient(lines, method, every, step)
    error = np.full_like(slope, np.nan)
    inside = all_finite(slope)
    if want_error and np.any(inside):
        k = every[inside]
        error[k] = _error(lines, method, k, step[k], slope[k])
    for k in every[~inside]:
        slope[k], error[k] = at_edge(lines, int(k), float(step[k]), fixed=h is not None)
    return slope, error


@dataclass(frozen=True)
class Anchor:
    """Central slopes with steps that resolve the function along each of the lines.

    Parameters
    ----------
    slope, noise, even : ndarray, shape (m,) + out
        Slopes, the rounding noise in them, and f(h) - 2 f(0) + f(-h).
    h, unit : ndarray, shape (m,)
        The steps, and the scale of the line that they were derived from.
    """

    slope: Real
    noise: Real
    even: Real
    h: Real
    unit: Real


def resolved(lines: Lines) -> Anchor:
    """Central differences whose steps shrink where the function turns out to vary fast.

    The even part comes free with a central difference. For a step that resolves the function it is
    far smaller than the odd part f(h) - f(-h), except near a critical point, where a smaller step
    changes nothing, and in noise, which is measured as soon as there is a doubt. A line that is
    still NaN at the end has values on one side only, or on none.
    """
    relative = float(power_of_two(2 * lines.eps ** (1 / 3)))
    unit = scales(lines)
    every = np.arange(lines.lines)
    h = relative * unit
    slope, noise, even = quotient(lines, "central", every, h)
    todo = every[_in_doubt(slope, noise, even, lines.expand(h))]
    trials = [other_scales(lines), *([None] * 5)]
    usual = h.copy()
    for trial in trials:
        if len(todo):
            grain = lines.noise(todo) / lines.expand(h[todo])
            noise[todo] = np.fmax(noise[todo], grain)
            todo = todo[_in_doubt(slope[todo], noise[todo], even[todo], lines.expand(h[todo]))]
        if not len(todo):
            break
        smaller = SHRINK * unit[todo]
        if trial is not None:
            smaller = np.where(trial[todo] < unit[todo] / 2, trial[todo], smaller)
        new = quotient(lines, "central", todo, relative * smaller)
        change = np.abs(new[0] - slope[todo])
        # Equal slopes at two steps: a critical point or a kink. The longer step has less noise.
        level = np.fmax(new[1], lines.noise(todo) / lines.expand(relative * smaller))
        same = ~any_of(~(change <= 8 * np.fmax(level, noise[todo]) + 1e-5 * np.abs(new[0])))
        same |= _only_rounded(new[0], new[2], slope[todo], even[todo], lines.expand(h[todo]))
        # An even part in the square of the step is that of a bend: the function is resolved.
        old = even[todo] / lines.expand(h[todo]) ** 2
        bent = ~any_of(~(np.abs(new[2] / lines.expand(relative * smaller) ** 2 / old - 1) < 0.1))
        take, bent = todo[~same], bent[~same]
        slope[take], noise[take], even[take] = new[0][~same], level[~same], new[2][~same]
        unit[take] = smaller[~same]
        h[take] = relative * smaller[~same]
        doubt = _in_doubt(slope[take], noise[take], even[take], lines.expand(h[take]))
        todo = take[doubt & ~bent]
    outside = ~all_finite(slope)
    h[outside] = usual[outside]
    return Anchor(slope, noise, even, h, unit)


def kinks(lines: Lines, anchor: Anchor) -> tuple[Real, Real, Real]:
    """Mean slopes, their noise, and half of the jump of the slope at the point; (m,) + out each.

    The jump is NaN where there is none. At a kink f(h) - 2 f(0) + f(-h) is proportional to h, at a
    smooth point to its square.
    """
    slope, grain = anchor.slope.copy(), anchor.noise.copy()
    bend = np.full_like(slope, np.nan)
    with np.errstate(all="ignore"):
        jump = np.abs(anchor.even) / lines.expand(anchor.h)
        every = np.arange(lines.lines)
        rounding = lines.eps * np.abs(lines.start(every)) / lines.expand(anchor.h)
        noise = np.fmax(anchor.noise, rounding)
        seen = (jump > 1e-4 * np.abs(anchor.slope)) & (jump > 30 * noise)
    k = every[any_of(seen) & all_finite(anchor.slope)]
    if not len(k):
        return slope, grain, bend
    # A kink nearby looks alike until the step is shorter than its distance: take the shortest step
    # at which the jump would still be measured to four digits.
    smallest = np.where(seen[k], jump[k], np.inf).reshape(len(k), math.prod(lines.out)).min(axis=1)
    loudest = lines.noise(k).reshape(len(k), math.prod(lines.out)).max(axis=1)
    least = np.maximum(1e4 * loudest / smallest, SHORTEST * scales(lines)[k])
    h = power_of_two(np.clip(least, anchor.h[k] * 2.0**-30, anchor.h[k] / 16))
    near, _, even = quotient(lines, "central", k, h)
    there = seen[k] & (np.abs(even) > 0.5 * jump[k] * lines.expand(h))
    there &= np.abs(even) > 100 * lines.noise(k)
    slope[k] = np.where(there, near, slope[k])
    grain[k] = np.where(there, lines.noise(k) / lines.expand(h), grain[k])
    bend[k] = np.where(there, even / (2 * lines.expand(h)), np.nan)
    return slope, grain, bend


def _only_rounded(new: Real, new_even: Real, slope: Real, even: Real, h: Real) -> NDArray[np.bool_]:
    """Whether the short step sees exactly nothing where the long one saw both sides move.

    Then the function, such as 1 - cos(x) near 0, is rounded to steps longer than the short one. A
    dead ReLU is different: one of its sides did not move.
    """
    flat = ~(np.abs(new) > 0) & ~(np.abs(new_even) > 0)
    odd = 2 * np.abs(slope) * h
    moved = np.abs(np.abs(even) - odd) > 1e-3 * np.maximum(np.abs(even), odd)
    return ~any_of(~(flat & moved))


def _in_doubt(slope: Real, noise: Real, even: Real, h: Real) -> NDArray[np.bool_]:
    bends = (np.abs(even) > 0.04 * np.abs(slope) * h) & (np.abs(even) > 100 * noise * h)
    return ~all_finite(slope) | any_of(bends)


def quotient(lines: Lines, method: str, k: NDArray[np.intp], h: Real) -> tuple[Real, Real, Real]:
    """Difference quotients, their rounding noise, and f(h) - 2 f(0) + f(-h): (p,) + out each."""
    f0 = lines.start(k)
    if method != "central":
        side = h if method == "forward" else -h
        up, length = lines(k, side), lines.expand(lines.reach(k, side))
        size = np.maximum(np.abs(up), np.abs(f0))
        return (up - f0) / length, lines.eps * size / np.abs(length), up - f0
    both = lines(np.concatenate([k, k]), np.concatenate([h, -h]))
    up, down = both[: len(k)], both[len(k) :]
    right, left = lines.expand(lines.reach(k, h)), lines.expand(lines.reach(k, -h))
    size = np.maximum(np.maximum(np.abs(up), np.abs(down)), np.abs(f0))
    with np.errstate(all="ignore"):
        even = (up - f0) + (down - f0)
        # Rounding x + h and x - h leaves sides of unequal length: times the curvature it matters
        # where the slope is near zero, and is taken away.
        bend = even / (right**2 + left**2)
        slope = (up - down) / (right - left) - bend * (right + left)
        noise = lines.eps * size / np.abs(right - left) + np.abs(bend) * lines.expand(lines.grid(k))
        return slope, noise, even


def all_finite(slope: Real) -> NDArray[np.bool_]:
    """Which lines have finite slopes only, shape (p,)."""
    finite = np.isfinite(slope).reshape(len(slope), math.prod(slope.shape[1:]))
    return np.asarray(finite.all(axis=1))


def any_of(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which lines have a flag set at any output, shape (p,)."""
    return np.asarray(flags.reshape(len(flags), math.prod(flags.shape[1:])).any(axis=1))


def _error(lines: Lines, method: str, k: NDArray[np.intp], h: Real, slope: Real) -> Real:
    """Estimate truncation from a second, longer step, and add the noise of the function."""
    # A line that is exactly flat is either flat or coarsely rounded: only a long step can tell.
    flat = ~any_of(np.abs(slope) > 0)
    longer, rounding, _ = quotient(lines, method, k, np.where(flat, 1024.0, 2.0) * h)
    shift = np.where(np.isfinite(longer), np.abs(longer - slope), np.abs(slope))
    level = np.fmax(2 * rounding, lines.noise(k) / lines.expand(h))
    size = rounding * lines.expand(h) / lines.eps
    order = ORDER[method]
    unresolved = shift > UNRESOLVED[order] * np.abs(slope)
    unresolved &= shift * lines.expand(h) > 1e-3 * size + 9 * level * lines.expand(h)
    return np.where(unresolved, np.inf, 2 * shift / (2**order - 1) + 4 * level)


def at_edge(lines: Lines, k: int, h: float, *, fixed: bool) -> tuple[Any, Any]:
    """One-sided slope and error of a line that leaves the domain within the step.

    Second order in falling steps on either side; raises if no side has values.
    """
    one = np.full(4, k)
    f0 = lines.start(one)
    for step in h * SHRINK ** np.arange(1 if fixed else 5):
        for sign in (1.0, -1.0):
            t = sign * step * np.array([0.25, 0.5, 1.0, 2.0])
            values, reach = lines(one, t), lines.expand(lines.reach(one, t))
            if not np.all(np.isfinite(values)) or not np.all(np.abs(reach) > 0):
                continue
            q = (values - f0) / reach
            # Quotients that keep growing as the step falls have no finite limit: sqrt at 0.
            diverges = (np.abs(q[0]) > 1.2 * np.abs(q[1])) & (np.abs(q[1]) > 1.2 * np.abs(q[2]))
            best, middle, rough = 2 * q[0] - q[1], 2 * q[1] - q[2], 2 * q[2] - q[3]
            # The ratio of successive changes says how fast the limit is approached: 1/4 if smooth,
            # more at an edge such as that of x**1.5. The rest is the tail of a geometric series.
            change = np.abs(best - middle)
            ratio = np.clip(change / np.maximum(np.abs(middle - rough), 1e-300), 0.25, 0.95)
            noise = 8 * lines.eps * np.max(np.abs(values), axis=0) / step
            error = 2 * change * ratio / (1 - ratio) + noise
            return np.where(diverges, q[0], best), np.where(diverges, np.inf, error)
    raise no_side(lines, k) from lines.failure


def no_side(lines: Lines, k: int) -> ValueError:
    """Make the error for a line along which neither side of the point has values."""
    why = f", which raised {type(lines.failure).__name__}" if lines.failure else ""
    return ValueError(
        f"`{lines.owner}` needs values next to `x`: moving {lines.label(k)} either way left the "
        f"domain of the function{why}. {lines.advice}"
    )
