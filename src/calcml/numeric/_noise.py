"""How noisy a function is beyond its number format, from a handful of values.

A smooth function has high differences that vanish with the spacing; noise does not. So the fourth
and fifth differences of six values on a very short line show the noise (Moré and Wild 2011,
Estimating Computational Noise). It finds what differences suffer from and a dtype does not show:
float32 on the way, an iteration that stops early, a large constant that is added and taken away.
"""

from __future__ import annotations

import math

import numpy as np

from calcml._checks import Real

__all__ = ["POINTS", "SPACINGS", "noise_from"]

POINTS = 6
"""Values on the line, the one at the point itself included."""

SPACINGS = (0.87e-6, 1.7e-9, 3.3e-12)
"""Spacings that are tried, longest first, relative to the scale of the point."""


def noise_from(values: Real, size: Real) -> tuple[Real, bool]:
    """Estimate the standard deviation of the noise in values at equally spaced parameters.

    Parameters
    ----------
    values : ndarray, shape (6,) + out
    size : ndarray, shape out
        Magnitude of the values.

    Returns
    -------
    ndarray, shape out
    bool
        Whether it is noise. False if the differences still fall with their order, as those of a
        smooth function do, or are of the size of the values, which are then not resolved.
    """
    # Relative to the size, so that no square overflows.
    scale = np.where(size > 0, size, 1.0)
    table = (values - values[0]) / scale
    level = []
    for order in range(1, POINTS):
        table = np.diff(table, axis=0)
        # Differences of order k of independent values have variance (2 k)! / (k!)**2.
        level.append(np.sqrt(np.mean(table**2, axis=0) / math.comb(2 * order, order)))
    third, fourth, fifth = level[2:]
    noise = np.where(fourth > 4 * fifth, fifth, np.hypot(fourth, fifth) / math.sqrt(2))
    noise = np.where(third < 4 * noise, np.maximum(noise, third), noise)
    smooth = (fifth < fourth / 4) & (fourth < third / 4)
    return noise * scale, not np.any(smooth | (noise > 1e-3))
