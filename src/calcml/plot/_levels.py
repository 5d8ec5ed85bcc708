"""Which level curves to draw, and where to label them."""

from __future__ import annotations

from typing import cast

import numpy as np
from matplotlib import ticker as mticker

from calcml.plot._axes import Array, Limits


def round_levels(values: Array) -> Array:
    """Round numbers at which level curves are evenly spread over the picture.

    A loss is positive and spans decades: then powers of ten, subdivided as finely as leaves at
    most seven. Otherwise equally spaced.
    """
    finite = values[np.isfinite(values)]
    low, high = float(np.min(finite)), float(np.max(finite))
    floor = float(np.quantile(finite, 0.01))
    if low >= 0.0 and floor > 0.0:
        decades = 10.0 ** np.arange(np.floor(np.log10(floor)), np.ceil(np.log10(high)) + 1.0)
        for steps in ([1.0, 1.5, 2.0, 3.0, 5.0, 7.0], [1.0, 2.0, 5.0], [1.0, 3.0], [1.0]):
            candidates = np.outer(decades, steps).ravel()
            inside = candidates[(candidates > floor) & (candidates < high)]
            if inside.size <= 7:
                break
        if inside.size >= 4:
            return cast(Array, inside[:: -(-inside.size // 9)])
    locator = mticker.MaxNLocator(nbins=8, steps=[1, 2, 2.5, 5, 10])
    ticks = np.asarray(locator.tick_values(low, high), dtype=np.float64)
    return ticks[(ticks > low) & (ticks < high)]


def distinct(levels: Array) -> dict[float, str]:
    """Labels of the levels, with as many digits as it takes to tell them apart."""
    digits = 6
    while len({f"{level:.{digits}g}" for level in levels}) < levels.size and digits < 17:
        digits += 1
    return {float(level): f"{level:.{digits}g}" for level in levels}


def roomy(segments: list[list[Array]], xlim: Limits, ylim: Limits) -> list[tuple[float, float]]:
    """Place the label of each level curve as far as can be from everything else.

    Every level has one label at least; its further pieces have their own where there is room.
    """
    low = np.array([xlim[0], ylim[0]])
    size = np.array([xlim[1] - xlim[0], ylim[1] - ylim[0]])
    scale = float(np.max(size))
    curves = [(i, (s - low) / scale) for i, level in enumerate(segments) for s in level if len(s)]
    curves.sort(key=lambda curve: (curve[0], -_length(curve[1])))
    everything = np.concatenate([s[::2] for _, s in curves])
    owner = np.concatenate([np.full(len(s[::2]), i) for i, s in curves])
    labeled: set[int] = set()
    placed = np.empty((0, 2))
    for i, s in curves:
        spots = s[:: max(1, len(s) // 60)]
        border = np.min(np.minimum(spots, size / scale - spots), axis=1)
        room = np.minimum(distance(spots, everything[owner != i]), border)
        room = np.minimum(room, 0.5 * distance(spots, placed))
        best = int(np.argmax(room))
        if i in labeled and (_length(s) < 0.15 or room[best] < 0.04):
            continue
        labeled.add(i)
        placed = np.vstack([placed, spots[best]])
    return [(float(x), float(y)) for x, y in low + scale * placed]


def _length(curve: Array) -> float:
    return float(np.sum(np.hypot(*np.diff(curve, axis=0).T)))


def distance(a: Array, b: Array) -> Array:
    """Distance of each point of `a` to the nearest of `b`."""
    if b.size == 0:
        return np.full(len(a), np.inf)
    result: Array = np.min(np.hypot(*(a[:, None, :] - b).transpose(2, 0, 1)), axis=1)
    return result
