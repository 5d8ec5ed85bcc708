"""Central differences extrapolated to step zero, with a step range found for each component.

Central differences have an error in even powers of the step, so differences at h, h/2, h/4, ...
combine into one of high order (Richardson 1911; the table is Neville's, as in Ridders 1982). The
table alone can converge to a wrong value when its steps straddle a feature it never sees. So every
line first gets an anchor: one difference with a small step, which is rough but local. The table
starts from the longest step that does not contradict the anchor, and its result must agree with it.
"""

from __future__ import annotations

import itertools
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

TOP = 0.125
"""First step of the table, relative to the scale of the line."""


def richardson(lines: Lines, h: Real | None) -> tuple[Real, Real]:
    """Slope of every line at 0 and an error estimate, both of shape (m,) + out."""
    anchor = resolved(lines)
    local = _Local(lines, anchor)
    slope, error = anchor.slope.copy(), np.full_like(anchor.slope, np.nan)
    inside = all_finite(slope)
    k = np.flatnonzero(inside)
    top = TOP * anchor.unit if h is None else np.array(h, dtype=np.float64)
    first = _first_rows(lines, k, top, local)
    for _ in range(4):
        if not len(k):
            break
        best, bound = _table(lines, k, top[k], first[k])
        apart = np.abs(best - anchor.slope[k])
        allowed = 1e-3 * np.abs(anchor.slope[k]) + np.minimum(2 * bound, apart)
        wild = any_of(np.isinf(bound))
        astray = any_of(apart > allowed + 5 * local.noise[k])
        local.measure(k[astray & ~wild])
        astray = wild | any_of(apart > allowed + 5 * local.noise[k])
        bound = np.where(lines.expand(astray), bound + apart, bound)
        bound = np.where(local.unresolved(k), np.inf, bound)
        better = ~(error[k] <= bound)
        slope[k] = np.where(better, best, slope[k])
        error[k] = np.where(better, bound, error[k])
        k = k[astray]
        top[k] = np.maximum(top[k] / 32, 2 * anchor.h[k])
        first[k] = quotient(lines, "central", k, top[k])[0]
    for edge in np.flatnonzero(~inside).tolist():
        slope[edge], error[edge] = at_edge(lines, edge, float(anchor.h[edge]), fixed=False)
    return slope, error


class _Local:
    """The anchor of every line with the noise in it, measured where something contradicts it."""

    def __init__(self, lines: Lines, anchor: Anchor) -> None:
        self.lines, self.slope, self.h = lines, anchor.slope, anchor.h
        self.noise = 4 * anchor.noise
        h = lines.expand(anchor.h)
        self.size = anchor.noise * h / lines.eps
        self.measured = np.zeros(lines.lines, dtype=bool)
        visible = np.abs(anchor.even) > 20 * anchor.noise * h
        with np.errstate(all="ignore"):
            bend = np.where(visible, np.abs(anchor.slope) * h * h / np.abs(anchor.even), np.inf)
        # The length over which the slope changes by itself.
        self.bend = bend.reshape(lines.lines, math.prod(lines.out)).min(axis=1, initial=np.inf)

    def measure(self, k: NDArray[np.intp]) -> None:
        """Learn the noise of lines k from a second small step, once for each line."""
        k = k[~self.measured[k]]
        if len(k):
            second, _, _ = quotient(self.lines, "central", k, 4 * self.h[k])
            self.noise[k] = np.fmax(self.noise[k], 0.5 * np.abs(second - self.slope[k]))
            self.measured[k] = True

    def unresolved(self, k: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Where the noise is so large that it must be structure finer than the smallest step."""
        return np.asarray(self.noise[k] * self.lines.expand(self.h[k]) > 1e-2 * self.size[k])


def _first_rows(lines: Lines, k: NDArray[np.intp], top: Real, local: _Local) -> Real:
    """Differences at the longest steps that do not contradict the anchor; changes `top`.

    A difference that contradicts the anchor may be right, if the function is noisier than its
    number format. So after two contradictions a second small step tells noise from structure.
    """
    longest, at_longest = top.copy(), np.full_like(local.slope, np.nan)
    first = at_longest.copy()
    for trial in itertools.count():
        first[k], _, even = quotient(lines, "central", k, top[k])
        if trial == 0:
            at_longest[k] = first[k]
        spread = np.abs(local.slope[k]) + np.abs(even) / lines.expand(top[k])
        apart = np.abs(first[k] - local.slope[k])
        rejected = any_of(~(apart <= 0.1 * spread + 5 * local.noise[k])) & (top[k] > 2 * local.h[k])
        k = k[rejected]
        if not len(k):
            return first
        if trial == 1:
            local.measure(k)
            noisy = ~any_of(~(np.abs(at_longest[k] - local.slope[k]) <= 5 * local.noise[k]))
            first[k[noisy]], top[k[noisy]] = at_longest[k[noisy]], longest[k[noisy]]
            k = k[~noisy]
        shorter = np.clip(0.5 * local.bend[k], top[k] / 4096, top[k] / 8)
        top[k] = np.maximum(shorter, 2 * local.h[k])
    return first


def _table(lines: Lines, k: NDArray[np.intp], top: Real, first: Real) -> tuple[Real, Real]:
    """Best entry of the extrapolation table of each line k, and its error estimate.

    The estimate is infinite for lines whose first rows do not converge as errors in h**2 must.
    """
    best, bound = first.copy(), np.full_like(first, np.inf)
    grain = np.zeros_like(first)
    last = top.copy()
    table = [first.copy()]
    active = np.arange(len(k))
    fall = np.full_like(first, np.inf)
    settled = np.zeros(len(k), dtype=bool)
    for row in range(1, ROWS):
        last[active] = top[active] / 2**row
        new, noise, _ = quotient(lines, "central", k[active], last[active])
        rows = [new]
        floor = 2 * noise
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
        better = least + floor < bound[active]
        best[active] = np.where(better, latest, best[active])
        bound[active] = np.where(better, least + floor, bound[active])
        step = np.abs(new - table[0][active])
        wild = any_of(step > REGIME * fall[active] + 10 * floor)
        fall[active] = step
        for m, entry in enumerate(rows):
            if m == len(table):
                table.append(np.full_like(first, np.nan))
            table[m][active] = entry
        grain[active] = least * lines.expand(last[active])
        goal = np.maximum(2 * floor, lines.eps**GOAL * np.abs(best[active]))
        done = ~any_of(bound[active] > goal)
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
        common = np.median(grain[settled], axis=0, keepdims=True)
        bound = np.maximum(bound, 5 * common / lines.expand(last))
    return best, bound
