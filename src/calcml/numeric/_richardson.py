"""Central differences extrapolated to step zero, with a step range found for each component.

Central differences have an error in even powers of the step, so differences at h, h/2, h/4, ...
combine into one of high order (Richardson 1911; Ridders 1982 builds the same table). The
table alone can converge to a wrong value when its steps straddle a feature it never sees. So every
line first gets an anchor: one difference with a small step, which is rough but local. The table
starts from the longest step that does not contradict the anchor, and its result must agree with it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from calcml._checks import Real
from calcml.numeric._differences import Anchor, all_finite, any_of, at_edge, quotient, resolved
from calcml.numeric._lines import Lines

__all__ = ["richardson"]

ROWS = 8
"""Largest number of rows of the table."""

GOAL = 0.7
"""A table ends at a relative error estimate of eps**0.7, 1e-11 in float64; the error is smaller."""

REGIME = 0.4
"""Largest ratio of two differences of differences, 1/4 in theory, that counts as convergence."""

ROUGH = 1e-9
"""Relative error estimate above which a table is not good enough."""

SHORTER = 32
"""Factor between the first steps of one table and the next."""

TOP = 0.125
"""First step of the table, relative to the scale of the line."""


def richardson(lines: Lines, h: Real | None) -> tuple[Real, Real]:
    """Slope of every line at 0 and an error estimate, both of shape (m,) + out."""
    return extrapolated(lines, resolved(lines), h)


def extrapolated(
    lines: Lines,
    anchor: Anchor,
    h: Real | None,
    *,
    only: NDArray[np.intp] | None = None,
    goal: float = GOAL,
    tries: int = 4,
) -> tuple[Real, Real]:
    """Slopes and error estimates from tables that must agree with the anchors.

    Without a value where `only` leaves a line out. Tables end at a relative error of eps**goal,
    and there are at most `tries` of them, with shorter and shorter steps.
    """
    slope, error = anchor.slope.copy(), np.full_like(anchor.slope, np.nan)
    inside = all_finite(slope)
    wanted = (
        np.isin(np.arange(lines.lines), only) if only is not None else np.full_like(inside, True)
    )
    k = np.flatnonzero(inside & wanted)
    top = TOP * anchor.unit if h is None else np.array(h, dtype=np.float64)
    level = np.fmax(
        4 * anchor.noise, 4 * lines.noise(np.arange(lines.lines)) / lines.expand(anchor.h)
    )
    first = _first_rows(lines, k, top, anchor, level)
    for _ in range(tries):
        if not len(k):
            break
        best, bound, bend, floor = _table(lines, k, top[k], first[k], goal)
        apart = np.abs(best - anchor.slope[k])
        # The anchor has an error in h**2 of its own, which the table knows.
        own = 2 * bend * lines.expand(anchor.h[k]) ** 2
        allowed = 1e-4 * np.abs(anchor.slope[k]) + own + np.minimum(2 * bound, apart)
        wild = any_of(np.isinf(bound))
        astray = wild | any_of(apart > allowed + 5 * level[k])
        # A table that did not converge is tried again with shorter steps, if noise permits.
        ahead = 50 * lines.noise(k) / lines.expand(top[k] / SHORTER)
        rough = any_of(bound > np.maximum(ROUGH * np.abs(best), np.maximum(10 * ahead, 8 * floor)))
        bound = np.where(lines.expand(astray), bound + apart, bound)
        better = ~(error[k] <= bound)
        slope[k] = np.where(better, best, slope[k])
        error[k] = np.where(better, bound, error[k])
        k = k[(astray | rough) & (top[k] > 4 * anchor.h[k])]
        top[k] = np.maximum(top[k] / SHORTER, 2 * anchor.h[k])
        first[k] = quotient(lines, "central", k, top[k])[0]
    for edge in np.flatnonzero(~inside & wanted).tolist():
        slope[edge], error[edge] = at_edge(lines, edge, float(anchor.h[edge]), fixed=False)
    return slope, error


def _first_rows(lines: Lines, k: NDArray[np.intp], top: Real, anchor: Anchor, level: Real) -> Real:
    """Differences at the longest steps that do not contradict the anchor; shortens `top`."""
    visible = np.abs(anchor.even) > 5 * level * lines.expand(anchor.h)
    with np.errstate(all="ignore"):
        square = lines.expand(anchor.h) ** 2 / np.abs(anchor.even)
        length = np.where(visible, np.abs(anchor.slope) * square, np.inf)
    # The length over which the slope changes by itself, as the anchor sees it.
    bend = length.reshape(lines.lines, math.prod(lines.out)).min(axis=1, initial=np.inf)
    first = np.full_like(anchor.slope, np.nan)
    while len(k):
        first[k], _, even = quotient(lines, "central", k, top[k])
        spread = np.abs(anchor.slope[k]) + np.abs(even) / lines.expand(top[k])
        apart = np.abs(first[k] - anchor.slope[k])
        rejected = any_of(~(apart <= 0.1 * spread + 5 * level[k])) & (top[k] > 2 * anchor.h[k])
        k = k[rejected]
        top[k] = np.maximum(np.clip(0.5 * bend[k], top[k] / 4096, top[k] / 8), 2 * anchor.h[k])
    return first


def _table(
    lines: Lines, k: NDArray[np.intp], top: Real, first: Real, goal: float
) -> tuple[Real, Real, Real, Real]:
    """Best entry of the table of each line k, its error, that of row 0 by h**2, and the noise.

    The error estimate is infinite for lines whose first rows do not converge as errors in h**2 must.
    """
    best, bound = first.copy(), np.full_like(first, np.inf)
    scatter, level = np.zeros_like(first), np.zeros_like(first)
    last = top.copy()
    table = [first.copy()]
    active = np.arange(len(k))
    fall = np.full_like(first, np.inf)
    settled = np.zeros(len(k), dtype=bool)
    for row in range(1, ROWS):
        last[active] = top[active] / 2**row
        new, noise, _ = quotient(lines, "central", k[active], last[active])
        rows = [new]
        floor = np.fmax(2 * noise, 3 * lines.noise(k[active]) / lines.expand(last[active]))
        before = bound[active]
        latest, least = new, np.full_like(new, np.inf)
        for m in range(1, row + 1):
            entry: Real = rows[-1] + (rows[-1] - table[m - 1][active]) / (4.0**m - 1)
            change = np.maximum(np.abs(entry - rows[-1]), np.abs(entry - table[m - 1][active]))
            rows.append(entry)
            latest, least = np.where(change < least, entry, latest), np.fmin(least, change)
        # Terms that cancel by chance make an early entry look settled: later rows tell.
        contradiction = np.abs(latest - best[active])
        surprised = any_of(contradiction > before)
        bound[active] = np.where(np.isinf(before), before, np.maximum(before, contradiction))
        # Differences that were falling by quarters and are suddenly equal are equal by rounding.
        step = np.abs(new - table[0][active])
        lucky = (
            (step < fall[active] / 100) & (fall[active] > 10 * floor) & np.isfinite(fall[active])
        )
        least = np.where(lucky, np.maximum(least, fall[active] / 16), least)
        better = least + floor < bound[active]
        best[active] = np.where(better, latest, best[active])
        bound[active] = np.where(better, least + floor, bound[active])
        wild = any_of(step > REGIME * fall[active] + 10 * floor)
        fall[active] = step
        for m, entry in enumerate(rows):
            if m == len(table):
                table.append(np.full_like(first, np.nan))
            table[m][active] = entry
        scatter[active] = least * lines.expand(last[active])
        level[active] = floor
        enough = np.maximum(2 * floor, lines.eps**goal * np.abs(best[active]))
        done = ~any_of(bound[active] > enough)
        settled[active[done]] = True
        improved = any_of(bound[active] < before / 2)
        if row == 2:
            bound[active[wild]] = np.inf
            done |= wild
        active = active[~done & (improved | surprised | wild | (row < 3))]
        if not len(active):
            break
    # The scatter of the last rows over all lines shows the noise of the function itself.
    if np.any(settled):
        common = np.median(scatter[settled], axis=0, keepdims=True)
        bound = np.maximum(bound, 5 * common / lines.expand(last))
    return best, bound, np.abs(table[0] - best) / lines.expand(last) ** 2, level
