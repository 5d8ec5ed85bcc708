"""The rules of reductions: sums, means, extremes, products and running sums."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from calcml.autodiff._adjoints import add_up
from calcml.autodiff._shapes import axes_of, broadcast_to, kept, reshape
from calcml.autodiff._shortcuts import single
from calcml.autodiff.engine import TRACED, plain


def spread(g: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """Repeat the derivative of a reduction along the axes that it reduced, without copying."""
    if type(g) in TRACED:
        return broadcast_to(reshape(g, kept(shape, axes)), shape)
    # What np.broadcast_to does, at a third of its fixed cost: steps of 0 along those axes.
    g = np.ascontiguousarray(g)
    if len(axes) == len(shape):
        return np.ndarray(shape, g.dtype, g, 0, (0,) * len(shape))
    steps, step = [], g.itemsize
    for k in range(len(shape) - 1, -1, -1):
        steps.append(0 if k in axes else step)
        step *= 1 if k in axes else shape[k]
    return np.ndarray(shape, g.dtype, g, 0, steps[::-1])


_sum = single(
    lambda x, axes, keepdims, shape: add_up(x, axes, keepdims),
    lambda g, axes, shape: spread(g, shape, axes),
    "linear",
    "sum",
)


def sum_(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    shape = x.shape
    return _sum(x, axes_of(axis, len(shape)), keepdims, shape)


_mean = single(
    lambda x, axes, keepdims, shape, n: add_up(x, axes, keepdims) / n,
    lambda g, axes, shape, n: spread(g / n, shape, axes),
    "linear",
    "mean",
)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    shape = x.shape
    axes = axes_of(axis, len(shape))
    count = math.prod(shape if axis is None else [shape[k] for k in axes])
    return _mean(x, axes, keepdims, shape, count)


def var(x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    axes = axes_of(axis, x.ndim)
    count = math.prod([x.shape[k] for k in axes])
    r = x - mean(x, axes, keepdims=True)
    return sum_(r * r, axes, keepdims) / (count - ddof)


def std(x: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    return np.sqrt(var(x, axis, ddof, keepdims))


def _extreme_partial(g: Any, y: Any, x: Any, axes: Any, keepdims: Any) -> Any:
    shape = kept(x.shape, axes)
    hit = plain(x) == np.reshape(plain(y), shape)
    count = np.add.reduce(hit, axes, keepdims=True, dtype=x.dtype)
    return np.reshape(g, shape) * (hit / count)


_max = single(
    lambda x, axes, keepdims: np.maximum.reduce(x, axes, keepdims=keepdims),
    _extreme_partial,
    "general",
    "max",
)
_min = single(
    lambda x, axes, keepdims: np.minimum.reduce(x, axes, keepdims=keepdims),
    _extreme_partial,
    "general",
    "min",
)


def max_(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _max(x, axes_of(axis, x.ndim), keepdims)


def min_(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _min(x, axes_of(axis, x.ndim), keepdims)


def prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """By halves, so that zeros among the factors need no special rule."""
    axes = axes_of(axis, x.ndim)
    shape = tuple([1 if k in axes else n for k, n in enumerate(x.shape)])
    others = [k for k in range(x.ndim) if k not in axes]
    y = np.reshape(np.transpose(x, [*others, *axes]), (*[x.shape[k] for k in others], -1))
    if y.shape[-1] == 0:
        return np.ones(shape if keepdims else [x.shape[k] for k in others], x.dtype)
    while y.shape[-1] > 1:
        n = y.shape[-1] // 2
        half = y[..., :n] * y[..., n : 2 * n]
        y = np.concatenate([half, y[..., 2 * n :]], axis=-1) if y.shape[-1] % 2 else half
    return np.reshape(y, shape if keepdims else [x.shape[k] for k in others])


_cumsum = single(
    lambda x, axis: np.cumsum(x, axis),
    lambda g, axis: np.flip(np.cumsum(np.flip(g, axis), axis), axis),
    "linear",
    "cumsum",
)


def cumsum(x: Any, axis: int | None = None) -> Any:
    return _cumsum(x, axis) if axis is not None else _cumsum(np.ravel(x), 0)


def cumprod(x: Any, axis: int | None = None) -> Any:
    if axis is None:
        x, axis = np.ravel(x), 0
    parts = list(np.moveaxis(x, axis, 0))
    for k in range(1, len(parts)):
        parts[k] = parts[k - 1] * parts[k]
    return np.stack(parts, axis) if parts else x


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return max_(x, axis, keepdims) - min_(x, axis, keepdims)


def average(x: Any, axis: Any = None, weights: Any = None, *, keepdims: bool = False) -> Any:
    if weights is None:
        return mean(x, axis, keepdims)
    if np.shape(weights) != np.shape(x):
        weights = np.reshape(
            weights, [n if k in axes_of(axis, x.ndim) else 1 for k, n in enumerate(x.shape)]
        )
    weights = np.broadcast_to(weights, x.shape)
    return np.sum(x * weights, axis, keepdims=keepdims) / np.sum(weights, axis, keepdims=keepdims)


def median(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """From the sorted values; with an even number of them, the mean of the middle two."""
    shape = kept(x.shape, axes_of(axis, x.ndim))
    x, axis = (np.ravel(x), 0) if axis is None else (x, axis)
    n = x.shape[axis]
    middle = np.take(np.sort(x, axis), [(n - 1) // 2, n // 2], axis)
    y = np.mean(middle, axis)
    return np.reshape(y, shape) if keepdims else y


TABLE = {
    np.sum: sum_,
    np.mean: mean,
    np.var: var,
    np.std: std,
    np.max: max_,
    np.min: min_,
    np.amax: max_,
    np.amin: min_,
    np.prod: prod,
    np.cumsum: cumsum,
    np.cumprod: cumprod,
    np.ptp: ptp,
    np.average: average,
    np.median: median,
}
