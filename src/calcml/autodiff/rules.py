"""The rules: one line for each function.

A rule takes g, the derivative of the final number with respect to the result y of the function,
and returns the derivative with respect to one argument. What else it needs, it asks for by name.
It is written with NumPy functions, and so it is differentiable itself.

At a kink the rules return the following. Ties of maximum, minimum, clip, max and min share the
derivative equally. abs, hypot and every norm return 0 at 0. A rule whose local slope is infinite
(sqrt, log, power and division at 0) returns 0 where the derivative that arrives is 0, so that
``np.where(x > 0, np.sqrt(x), 0)`` has the derivative 0 at 0.
"""

from __future__ import annotations

import itertools
import math
import operator
import string
from collections import Counter
from typing import Any

import numpy as np

from calcml.autodiff import errors
from calcml.autodiff.array import FUNCTIONS, constant, deep_plain, install, reflected
from calcml.autodiff.batch import Batch
from calcml.autodiff.engine import (
    Dual,
    TRACED,
    Primitive,
    Scatter,
    Traced,
    Variable,
    binary,
    plain,
    sum_to,
    unary,
)

# --------------------------------------------------------------------------------- small helpers


def as_array(x: Any) -> Any:
    return x if type(x) is np.ndarray or type(x) in TRACED else np.asarray(x)


def over(g: Any, d: Any, good: Any = None) -> Any:
    """g / d, where 0 / 0 is 0 (and 0 / nan, if ``good`` says so): what is masked spoils nothing."""
    if type(d) in (float, int):
        return g / d
    good = plain(d if good is None else good)
    if np.count_nonzero(good) < good.size:
        lost = np.where(good, False, is_zero(g))
        if np.count_nonzero(lost):
            d = np.where(lost, 1, d)
    return g / d


def is_zero(g: Any) -> Any:
    """Where g is 0, entry by entry also in a batch."""
    while type(g) is Variable or type(g) is Dual:
        g = g.value
    return Batch(is_zero(g.value), g.origin) if type(g) is Batch else g == 0


def over_root(g: Any, d: Any) -> Any:
    return over(g, np.sqrt(np.where(plain(d) > 0, d, 0)))


def above(y: Any) -> Any:
    """y, and 0 where it is -inf, since -inf - -inf would be nan."""
    finite = plain(y) > -np.inf
    return y if np.count_nonzero(finite) == finite.size else np.where(finite, y, 0)


def times(g: Any, slope: Any) -> Any:
    """g * slope, where 0 * inf and 0 * nan are 0."""
    lost = np.where(np.isfinite(plain(slope)), False, is_zero(g))
    return g * (np.where(lost, 0, slope) if np.count_nonzero(lost) else slope)


def divide_right(g: Any, y: Any, b: Any) -> Any:
    """-g a / b**2, from y = a / b."""
    safe = np.count_nonzero(plain(b)) == np.size(plain(b))
    return over(-g * y if safe else times(-g, y), b)


def power_left(g: Any, a: Any, b: Any) -> Any:
    if type(b) in (int, float):
        if b == 2:
            return g * (a + a)
        if b == 1 or b == 0:
            return g * b
        if b > 1:
            return g * (b * a ** (b - 1))
    if np.all(plain(b) >= 1):
        return g * (b * a ** (b - 1))
    # for b < 1 the slope is infinite at a = 0; for b = 0 it is 0
    return over(g * b, np.where(plain(b) == 0, 1, a) ** (1 - b))


def power_right(g: Any, y: Any, a: Any) -> Any:
    return g * y * np.log(np.where(plain(a) == 0, 1, a))


def share(a: Any, b: Any) -> Any:
    """1 where a > b, 1/2 where they are equal, 0 where a < b."""
    a, b = plain(a), plain(b)
    more, ties = np.greater(a, b), np.equal(a, b)
    return more + ties / np.result_type(a, b).type(2) if np.count_nonzero(ties) else more


def spread(g: Any, shape: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """Repeat the derivative of a reduction along the axes that it reduced, without copying."""
    if type(g) in TRACED:
        return broadcast_to(reshape(g, kept(shape, axes)), shape)
    # What np.broadcast_to does, at a third of its fixed cost: steps of 0 along those axes.
    g = np.ascontiguousarray(g)
    steps, step = [], g.itemsize
    for k in range(len(shape) - 1, -1, -1):
        steps.append(0 if k in axes else step)
        step *= 1 if k in axes else shape[k]
    return np.ndarray(shape, g.dtype, g, 0, steps[::-1])


def kept(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple([1 if k in axes else n for k, n in enumerate(shape)])


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes of a reduction as a tuple of positions counted from the front."""
    if axis is None:
        return tuple(range(ndim))
    if type(axis) is int:
        return (axis + ndim if -ndim <= axis < 0 else axis,)
    return tuple([operator.index(k) + ndim * (-ndim <= k < 0) for k in np.atleast_1d(axis)])


def sinc_slope(x: Any) -> Any:
    """Derivative of sin(pi x) / (pi x); near 0 from its series, as the difference would cancel."""
    t = float(np.pi) * x
    near = np.abs(plain(t)) < 1e-2
    far = np.where(near, 1, t)
    series = t * (-1 / 3 + t * t * (1 / 30 - t * t / 840))
    return float(np.pi) * np.where(near, series, (np.cos(far) - np.sin(far) / far) / far)


# ---------------------------------------------------------------------- functions of one array

UNARY = {
    np.negative: (operator.neg, lambda g: -g),
    np.positive: (operator.pos, lambda g: g),
    np.exp: (np.exp, lambda g, y: g * y),
    np.exp2: (np.exp2, lambda g, y: g * (y * np.log(2.0))),
    np.expm1: (np.expm1, lambda g, y: g * (y + 1)),
    np.log: (np.log, lambda g, x: over(g, x)),
    np.log2: (np.log2, lambda g, x: over(g / float(np.log(2.0)), x)),
    np.log10: (np.log10, lambda g, x: over(g / float(np.log(10.0)), x)),
    np.log1p: (np.log1p, lambda g, x: over(g, 1 + x)),
    np.sqrt: (np.sqrt, lambda g, y: over(0.5 * g, y, y > 0)),
    np.cbrt: (np.cbrt, lambda g, y: over(g, 3 * y * y)),
    np.square: (np.square, lambda g, x: g * (x + x)),
    np.reciprocal: (np.reciprocal, lambda g, y: times(g, -y * y)),
    np.sin: (np.sin, lambda g, x: g * np.cos(x)),
    np.cos: (np.cos, lambda g, x: -g * np.sin(x)),
    np.tan: (np.tan, lambda g, y: g * (1 + y * y)),
    np.arcsin: (np.arcsin, lambda g, x: over_root(g, (1 - x) * (1 + x))),
    np.arccos: (np.arccos, lambda g, x: over_root(-g, (1 - x) * (1 + x))),
    np.arctan: (np.arctan, lambda g, x: g / (1 + x * x)),
    np.sinh: (np.sinh, lambda g, x: g * np.cosh(x)),
    np.cosh: (np.cosh, lambda g, x: g * np.sinh(x)),
    np.tanh: (np.tanh, lambda g, y: g * (1 - y * y)),
    np.arcsinh: (np.arcsinh, lambda g, x: g / np.sqrt(1 + x * x)),
    np.arccosh: (np.arccosh, lambda g, x: over_root(g, (x - 1) * (x + 1))),
    np.arctanh: (np.arctanh, lambda g, x: over(g, (1 - x) * (1 + x))),
    np.sinc: (np.sinc, lambda g, x: g * sinc_slope(x)),
    np.absolute: (np.absolute, lambda g, x: g * np.sign(x)),
    np.fabs: (np.fabs, lambda g, x: g * np.sign(x)),
    np.degrees: (np.degrees, lambda g: g * (180 / float(np.pi))),
    np.rad2deg: (np.rad2deg, lambda g: g * (180 / float(np.pi))),
    np.radians: (np.radians, lambda g: g * (float(np.pi) / 180)),
    np.deg2rad: (np.deg2rad, lambda g: g * (float(np.pi) / 180)),
    np.conjugate: (np.conjugate, lambda g: g),
    np.nan_to_num: (np.nan_to_num, lambda g, x: g * np.isfinite(x)),
}

# ---------------------------------------------------------------------- functions of two arrays

BINARY = {
    np.add: (operator.add, lambda g: g, lambda g: g),
    np.subtract: (operator.sub, lambda g: g, lambda g: -g),
    np.multiply: (operator.mul, lambda g, b: g * b, lambda g, a: g * a),
    np.divide: (operator.truediv, lambda g, b: over(g, b), divide_right),
    np.power: (operator.pow, power_left, power_right),
    np.float_power: (np.float_power, power_left, power_right),
    np.maximum: (np.maximum, lambda g, a, b: g * share(a, b), lambda g, a, b: g * share(b, a)),
    np.minimum: (np.minimum, lambda g, a, b: g * share(b, a), lambda g, a, b: g * share(a, b)),
    np.logaddexp: (
        np.logaddexp,
        lambda g, y, a: g * np.exp(a - above(y)),
        lambda g, y, b: g * np.exp(b - above(y)),
    ),
    np.arctan2: (
        np.arctan2,
        lambda g, a, b: over(g * b, a * a + b * b),
        lambda g, a, b: over(-g * a, a * a + b * b),
    ),
    np.logaddexp2: (
        np.logaddexp2,
        lambda g, y, a: g * np.exp2(a - above(y)),
        lambda g, y, b: g * np.exp2(b - above(y)),
    ),
    np.fmax: (np.fmax, lambda g, a, b: g * share(a, b), lambda g, a, b: g * share(b, a)),
    np.fmin: (np.fmin, lambda g, a, b: g * share(b, a), lambda g, a, b: g * share(a, b)),
    np.fmod: (np.fmod, lambda g: g, lambda g, a, b: -g * np.trunc(a / b)),
    np.remainder: (np.remainder, lambda g: g, lambda g, a, b: -g * np.floor(a / b)),
    np.copysign: (np.copysign, lambda g, y, a: g * np.sign(y) * np.sign(a), lambda g: 0 * g),
    np.hypot: (
        np.hypot,
        lambda g, y, a: g * (a / np.where(plain(y) == 0, 1, y)),
        lambda g, y, b: g * (b / np.where(plain(y) == 0, 1, y)),
    ),
}

for _function, (_call, _partial) in UNARY.items():
    FUNCTIONS[_function] = unary(_call, _partial, _function.__name__)
for _function, (_call, _left, _right) in BINARY.items():
    FUNCTIONS[_function] = binary(_call, _left, _right, _function.__name__)

_where = Primitive(
    lambda c, a, b: np.where(c, a, b),
    [None, lambda g, c: np.where(c, g, 0), lambda g, c: np.where(c, 0, g)],
    "elementwise",
    "where",
)


def where(condition: Any, *choices: Any) -> Any:
    while type(condition) is Variable or type(condition) is Dual:
        condition = condition.value
    return _where(condition, *choices) if choices else np.where(condition)


def clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = a_min if min is None else min, a_max if max is None else max
    x = x if low is None else np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


# ------------------------------------------------------------------------------------- reductions

_sum = Primitive(
    lambda x, axes, keepdims, shape: np.add.reduce(x, axes, keepdims=keepdims),
    [lambda g, axes, shape: spread(g, shape, axes)],
    "linear",
    "sum",
)


def sum_(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    shape = x.shape
    return _sum(x, axes_of(axis, len(shape)), keepdims, shape)


_mean = Primitive(
    lambda x, axes, keepdims, shape, n: np.add.reduce(x, axes, keepdims=keepdims) / n,
    [lambda g, axes, shape, n: spread(g / n, shape, axes)],
    "linear",
    "mean",
)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    shape = x.shape
    axes = axes_of(axis, len(shape))
    return _mean(x, axes, keepdims, shape, math.prod([shape[k] for k in axes]))


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


_max = Primitive(
    lambda x, axes, keepdims: np.maximum.reduce(x, axes, keepdims=keepdims),
    [_extreme_partial],
    "general",
    "max",
)
_min = Primitive(
    lambda x, axes, keepdims: np.minimum.reduce(x, axes, keepdims=keepdims),
    [_extreme_partial],
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


_cumsum = Primitive(
    lambda x, axis: np.cumsum(x, axis),
    [lambda g, axis: np.flip(np.cumsum(np.flip(g, axis), axis), axis)],
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


# --------------------------------------------------------------------------------- shape and order

_reshape = Primitive(
    lambda x, new, shape: np.reshape(x, new),
    [lambda g, shape: np.reshape(g, shape)],
    "linear",
    "reshape",
)
_transpose = Primitive(
    lambda x, axes: np.transpose(x, axes),
    [lambda g, axes: np.transpose(g, np.argsort(axes))],
    "linear",
    "transpose",
)
_broadcast_to = Primitive(
    lambda x, new, shape: np.broadcast_to(x, new),
    [lambda g, shape: sum_to(g, shape)],
    "linear",
    "broadcast_to",
)


def broadcast_to(x: Any, shape: Any) -> Any:
    return _broadcast_to(x, shape, x.shape)


def reshape(x: Any, shape: Any) -> Any:
    return _reshape(x, shape, x.shape)


def ravel(x: Any) -> Any:
    return _reshape(x, (x.size,), x.shape)


_reverse_axes = Primitive(lambda x: x.T, [lambda g: g.T], "linear", "transpose")
_swapaxes = Primitive(
    lambda x, i, j: x.swapaxes(i, j), [lambda g, i, j: np.swapaxes(g, i, j)], "linear", "swapaxes"
)


def transpose(x: Any, axes: Any = None) -> Any:
    return _reverse_axes(x) if axes is None else _transpose(x, axes_of(tuple(axes), x.ndim))


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    return _swapaxes(x, axis1, axis2)


def expand_dims(x: Any, axis: Any) -> Any:
    shape = list(x.shape)
    for k in sorted(axes_of(axis, x.ndim + np.size(axis))):
        shape.insert(k, 1)
    return reshape(x, tuple(shape))


def moveaxis(x: Any, source: Any, destination: Any) -> Any:
    # an array whose k-th axis has length k shows where each axis goes
    shape = np.moveaxis(np.empty(range(x.ndim)), source, destination).shape
    return _transpose(x, shape)


def squeeze(x: Any, axis: Any = None) -> Any:
    return reshape(x, np.squeeze(np.empty(x.shape, bool), axis).shape)


# --------------------------------------------------------------------------------------- indexing


def _scatter(g: Any, index: Any, shape: tuple[int, ...], repeats: bool) -> Any:
    return Scatter(g, index, shape, repeats).dense()


dense_scatter = Primitive(_scatter, [lambda g, index: g[index]], "linear", "scatter")


FUNCTIONS["scatter"] = dense_scatter


def _getitem_partial(g: Any, index: Any, shape: Any, repeats: bool) -> Any:
    if isinstance(g, Traced):
        return dense_scatter(g, index, shape, repeats)
    return Scatter(g, index, shape, repeats)


_getitem = Primitive(
    lambda x, index, shape, repeats: x[index], [_getitem_partial], "linear", "getitem"
)


def getitem(x: Any, index: Any) -> Any:
    """Slices and single positions take each entry at most once; arrays of positions may repeat."""
    if type(index) is int or type(index) is slice:
        return _getitem(x, index, x.shape, False)
    parts = index if isinstance(index, tuple) else (index,)
    if any(isinstance(k, (list, Traced)) for k in parts):
        parts = tuple([np.asarray(plain(k)) if isinstance(k, (list, Traced)) else k for k in parts])
        index = parts if isinstance(index, tuple) else parts[0]
    repeats = any([isinstance(k, np.ndarray) and k.dtype != bool for k in parts])
    return _getitem(x, index, x.shape, repeats)


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    indices = np.asarray(plain(indices))
    if axis is None:
        return np.ravel(x)[indices]
    return x[(*(slice(None),) * axes_of(axis, x.ndim)[0], indices)]


def _along(x: Any, indices: Any, axis: int) -> tuple[Any, ...]:
    grid = list(np.ix_(*map(np.arange, indices.shape)))
    grid[axis] = indices
    return tuple(grid)


def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    if axis is None:
        x, axis = np.ravel(x), 0
    return x[_along(x, plain(indices), axis)]


def sort(x: Any, axis: int | None = -1) -> Any:
    if axis is None:
        x, axis = np.ravel(x), 0
    order = np.argsort(plain(x), axis)
    return _getitem(x, _along(x, order, axis), x.shape, False)


def atleast(n: int) -> Any:
    function = {1: np.atleast_1d, 2: np.atleast_2d, 3: np.atleast_3d}[n]

    def operation(*arrays: Any) -> Any:
        done = [np.reshape(x, function(np.empty(np.shape(x), bool)).shape) for x in arrays]
        return done[0] if len(done) == 1 else tuple(done)

    return operation


_concatenate = Primitive(
    lambda *arrays, axis, bounds: np.concatenate(arrays, axis),
    [lambda g, i, axis, bounds: g[(slice(None),) * axis + (slice(bounds[i], bounds[i + 1]),)]],
    "additive",
    "concatenate",
    variadic=True,
)


def concatenate(arrays: Any, axis: int | None = 0) -> Any:
    arrays = [as_array(a) for a in arrays]
    if axis is None:
        arrays, axis = [reshape(a, -1) for a in arrays], 0
    (axis,) = axes_of(axis, arrays[0].ndim)
    bounds = (0, *itertools.accumulate([a.shape[axis] for a in arrays]))
    return _concatenate(*arrays, axis=axis, bounds=bounds)


_stack = Primitive(
    lambda *arrays, axis: np.stack(arrays, axis),
    [lambda g, i, axis: g[(slice(None),) * axis + (i,)]],
    "additive",
    "stack",
    variadic=True,
)


def stack(arrays: Any, axis: int = 0) -> Any:
    arrays = [as_array(a) for a in arrays]
    return _stack(*arrays, axis=axes_of(axis, arrays[0].ndim + 1)[0])


def vstack(arrays: Any) -> Any:
    return concatenate([np.atleast_2d(a) for a in arrays], 0)


def hstack(arrays: Any) -> Any:
    arrays = [np.atleast_1d(a) for a in arrays]
    return concatenate(arrays, 0 if arrays[0].ndim == 1 else 1)


def dstack(arrays: Any) -> Any:
    return concatenate([np.atleast_3d(a) for a in arrays], 2)


def column_stack(arrays: Any) -> Any:
    return concatenate([np.reshape(a, (-1, 1)) if np.ndim(a) < 2 else a for a in arrays], 1)


def array_split(x: Any, sections: Any, axis: int = 0) -> list[Any]:
    places = np.array_split(np.arange(x.shape[axis]), sections)
    before = (slice(None),) * axes_of(axis, x.ndim)[0]
    return [
        x[(*before, slice(int(p[0]), int(p[-1]) + 1) if p.size else slice(0, 0))] for p in places
    ]


def split(x: Any, sections: Any, axis: int = 0) -> list[Any]:
    np.split(np.arange(x.shape[axis]), sections)  # raises where the parts would not be equal
    return array_split(x, sections, axis)


def shaped(function: Any) -> Any:
    """A function that only looks at the shape and the dtype of its first argument."""
    return lambda x, *args, **settings: function(
        np.empty(x.shape, x.dtype) if isinstance(x, Traced) else x,
        *deep_plain(args),
        **deep_plain(settings),
    )


def moved(function: Any) -> Any:
    """A function that only moves or repeats entries: its rule moves the derivative back.

    Applied to the positions 0, 1, 2, ... it says where each entry of the result came from.
    """
    primitive = Primitive(
        lambda x, args, settings, shape: function(x, *args, **settings),
        [lambda g, args, settings, shape: _collect(g, function, args, settings, shape)],
        "linear",
        function.__name__,
    )
    return lambda x, *args, **settings: primitive(
        x, deep_plain(args), deep_plain(settings), x.shape
    )


def _collect(g: Any, function: Any, args: Any, settings: Any, shape: tuple[int, ...]) -> Any:
    size = math.prod(shape)
    origin = function(np.arange(size).reshape(shape), *args, **settings)
    return np.reshape(dense_scatter(np.ravel(g), origin.ravel(), (size,), True), shape)


_pad = Primitive(
    lambda x, width, settings, inner: np.pad(x, width, **settings),
    [lambda g, inner: g[inner]],
    "general",
    "pad",
)


def pad(x: Any, pad_width: Any, mode: str = "constant", **settings: Any) -> Any:
    if mode in ("edge", "reflect", "symmetric", "wrap"):
        return _pad_by_copying(x, pad_width, mode=mode, **settings)
    if mode != "constant":
        raise errors.keyword(np.pad, ["mode"])
    pairs = np.broadcast_to(pad_width, (x.ndim, 2))
    inner = tuple(slice(int(b), int(b) + n) for (b, _), n in zip(pairs, x.shape, strict=True))
    return _pad(x, pad_width, deep_plain(settings), inner)


def diag(x: Any, k: int = 0) -> Any:
    if x.ndim == 2:
        return np.diagonal(x, k)
    n = x.shape[0]
    rows = np.arange(n) + max(0, -k)
    return dense_scatter(x, (rows, rows + k), (n + abs(k),) * 2, False)


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return np.sum(np.diagonal(x, offset, axis1, axis2), axis=-1)


def tril(x: Any, k: int = 0) -> Any:
    return np.where(np.tri(*x.shape[-2:], k=k, dtype=bool), x, 0)


def triu(x: Any, k: int = 0) -> Any:
    return np.where(np.tri(*x.shape[-2:], k=k - 1, dtype=bool), 0, x)


def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    before = (slice(None),) * axes_of(axis, x.ndim)[0]
    for _ in range(n):
        x = x[(*before, slice(1, None))] - x[(*before, slice(None, -1))]
    return x


# --------------------------------------------------------------------------------------- products


def solid(g: Any) -> Any:
    """A copy where g repeats itself in memory: BLAS takes no such arrays."""
    return np.ascontiguousarray(g) if type(g) is np.ndarray and 0 in g.strides else g


def _stack_left(g: Any, b: Any, left: Any, right: Any) -> Any:
    """The rule of `_matrix_matrix` for stacks that broadcast, a vector being a matrix of one row."""
    g = expand_dims(g, -1) if len(right) == 1 else g
    b = expand_dims(b, -1) if len(right) == 1 else b
    g = expand_dims(g, -2) if len(left) == 1 else g
    h = sum_to(solid(g) @ np.swapaxes(b, -1, -2), left if len(left) > 1 else (1, *left))
    return np.reshape(h, left)


def _stack_right(g: Any, a: Any, left: Any, right: Any) -> Any:
    g = expand_dims(g, -2) if len(left) == 1 else g
    a = expand_dims(a, -2) if len(left) == 1 else a
    g = expand_dims(g, -1) if len(right) == 1 else g
    h = sum_to(np.swapaxes(a, -1, -2) @ solid(g), right if len(right) > 1 else (*right, 1))
    return np.reshape(h, right)


_MATMUL = {  # by the number of axes of the two factors
    (2, 2): binary(
        operator.matmul,
        lambda g, b: solid(g) @ b.T,
        lambda g, a: a.T @ solid(g),
        "matmul",
        "linear",
    ),
    (2, 1): binary(
        operator.matmul,
        lambda g, b: g[:, None] * b,
        lambda g, a: a.T @ solid(g),
        "matmul",
        "linear",
    ),
    (1, 2): binary(
        operator.matmul, lambda g, b: b @ solid(g), lambda g, a: a[:, None] * g, "matmul", "linear"
    ),
    (1, 1): binary(operator.matmul, lambda g, b: g * b, lambda g, a: g * a, "matmul", "linear"),
}
_matmul = Primitive(
    lambda a, b, left, right: np.matmul(a, b), [_stack_left, _stack_right], "linear", "matmul"
)


def matmul(a: Any, b: Any) -> Any:
    a, b = as_array(a), as_array(b)
    operation = _MATMUL.get((a.ndim, b.ndim))
    return _matmul(a, b, a.shape, b.shape) if operation is None else operation(a, b)


def dot(a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    if np.ndim(b) <= 2:
        return matmul(a, b)
    return np.tensordot(a, b, (-1, -2))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    if isinstance(axes, int):
        left, right = list(range(np.ndim(a) - axes, np.ndim(a))), list(range(axes))
    else:
        left, right = [
            axes_of(tuple(k) if np.ndim(k) else k, np.ndim(x))
            for k, x in zip(axes, (a, b), strict=True)
        ]
    free_a = [k for k in range(np.ndim(a)) if k not in left]
    free_b = [k for k in range(np.ndim(b)) if k not in right]
    shape = [np.shape(a)[k] for k in free_a] + [np.shape(b)[k] for k in free_b]
    n = math.prod(np.shape(a)[k] for k in left)
    rows = np.reshape(
        np.transpose(a, [*free_a, *left]),
        (-1 if n else math.prod(np.shape(a)[k] for k in free_a), n),
    )
    columns = np.reshape(
        np.transpose(b, [*right, *free_b]),
        (n, -1 if n else math.prod(np.shape(b)[k] for k in free_b)),
    )
    return np.reshape(np.matmul(rows, columns), shape)


def outer(a: Any, b: Any) -> Any:
    return np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1))


def inner(a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    return np.tensordot(a, b, (-1, -1))


def vdot(a: Any, b: Any) -> Any:
    return np.matmul(np.ravel(a), np.ravel(b))


def vecdot(a: Any, b: Any, axis: int = -1) -> Any:
    return np.sum(np.multiply(a, b), axis=axis)


def cross(a: Any, b: Any) -> Any:
    if np.shape(a)[-1] != 3 or np.shape(b)[-1] != 3:
        raise ValueError(
            f"`np.cross` needs vectors of three entries: came shapes {np.shape(a)} and "
            f"{np.shape(b)}. Put the vectors along the last axis."
        )
    i, j = np.array([1, 2, 0]), np.array([2, 0, 1])
    return a[..., i] * b[..., j] - a[..., j] * b[..., i]


def kron(a: Any, b: Any) -> Any:
    n = max(np.ndim(a), np.ndim(b))
    first = (1,) * (n - np.ndim(a)) + np.shape(a)
    second = (1,) * (n - np.ndim(b)) + np.shape(b)
    pairs = [k for m in first for k in (m, 1)], [k for m in second for k in (1, m)]
    product = np.reshape(a, pairs[0]) * np.reshape(b, pairs[1])
    return np.reshape(product, [m * k for m, k in zip(first, second, strict=True)])


def _einsum_partial(g: Any, i: int, args: Any, inputs: Any, output: str, shapes: Any) -> Any:
    """The same sum with the result and one argument exchanged.

    An index that only this argument has was summed over: its derivative repeats along it. An
    index that the argument has twice took a diagonal: its derivative goes back to the diagonal.
    """
    mine = inputs[i]
    others = [k for k in range(len(args)) if k != i]
    known = set(output).union(*(inputs[k] for k in others))
    wanted = "".join(c for c in dict.fromkeys(mine) if c in known)
    left = ",".join([output, *(inputs[k] for k in others)])
    h = np.einsum(f"{left}->{wanted}", g, *(args[k] for k in others))
    size = dict(zip(mine, shapes[i], strict=True))
    distinct = "".join(dict.fromkeys(mine))
    if distinct != wanted:
        h = np.reshape(h, [h.shape[wanted.index(c)] if c in wanted else 1 for c in distinct])
    h = sum_to(h, tuple(min(size[c], n) for c, n in zip(distinct, h.shape, strict=True)))
    h = np.broadcast_to(h, [size[c] for c in distinct])
    if distinct == mine:
        return h
    grid = dict(zip(distinct, np.ix_(*(np.arange(size[c]) for c in distinct)), strict=True))
    return dense_scatter(h, tuple(grid[c] for c in mine), shapes[i], False)


_einsum = Primitive(
    lambda *args, inputs, output, shapes: np.einsum(
        ",".join(inputs) + "->" + output, *args, optimize=len(args) > 2
    ),
    [_einsum_partial],
    "linear",
    "einsum",
    variadic=True,
)


def einsum(subscripts: str, *operands: Any, optimize: Any = False) -> Any:
    """Subscripts are brought to the form "ij,jk->ik", with a letter for each axis of an ellipsis."""
    if not isinstance(subscripts, str):
        raise errors.keyword(np.einsum, ["sublist"])
    text = subscripts.replace(" ", "")
    spare = [c for c in string.ascii_letters if c not in text]
    inputs, arrow, output = text.partition("->")
    terms = inputs.split(",")
    extra = [
        np.ndim(x) - len(term.replace("...", "")) if "..." in term else 0
        for x, term in zip(operands, terms, strict=True)
    ]
    dots = "".join(spare[: max(extra)])
    terms = [
        term.replace("...", dots[len(dots) - n :]) for n, term in zip(extra, terms, strict=True)
    ]
    if not arrow:
        counts = Counter("".join(inputs.replace("...", "").split(",")))
        output = "..." + "".join(sorted(c for c, n in counts.items() if n == 1))
    return _einsum(
        *operands,
        inputs=tuple(terms),
        output=output.replace("...", dots),
        shapes=tuple(np.shape(x) for x in operands),
    )


# ------------------------------------------------------------------------------------ registration

for _function in (
    np.sign, np.floor, np.ceil, np.trunc, np.rint, np.round, np.floor_divide, np.heaviside,
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.isnan,
    np.isfinite, np.isinf, np.isclose, np.allclose, np.array_equal, np.signbit, np.logical_and,
    np.logical_or, np.logical_not, np.logical_xor, np.argmax, np.argmin, np.argsort, np.any,
    np.all,
    np.count_nonzero, np.nonzero, np.searchsorted, np.result_type, np.iscomplexobj,
    np.isrealobj, np.flatnonzero, np.argwhere, np.unique, np.argpartition,
):  # fmt: skip
    FUNCTIONS[_function] = constant(_function)

FUNCTIONS |= {
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: x.ndim,
    np.size: lambda x, axis=None: x.size if axis is None else x.shape[axis],
    np.where: where,
    np.clip: clip,
    np.sum: sum_,
    np.mean: mean,
    np.var: var,
    np.std: std,
    np.max: max_,
    np.min: min_,
    np.amax: max_,
    np.amin: min_,
    np.reshape: reshape,
    np.ravel: ravel,
    np.transpose: transpose,
    np.swapaxes: swapaxes,
    np.expand_dims: expand_dims,
    np.squeeze: squeeze,
    np.broadcast_to: broadcast_to,
    np.matmul: matmul,
    np.dot: dot,
    np.prod: prod,
    np.cumsum: cumsum,
    np.cumprod: cumprod,
    np.ptp: ptp,
    np.average: average,
    np.median: median,
    np.moveaxis: moveaxis,
    np.permute_dims: transpose,
    np.matrix_transpose: lambda x: _swapaxes(x, -1, -2),
    np.atleast_1d: atleast(1),
    np.atleast_2d: atleast(2),
    np.atleast_3d: atleast(3),
    np.concatenate: concatenate,
    np.stack: stack,
    np.vstack: vstack,
    np.hstack: hstack,
    np.dstack: dstack,
    np.column_stack: column_stack,
    np.split: split,
    np.array_split: array_split,
    np.hsplit: lambda x, sections: split(x, sections, 0 if x.ndim == 1 else 1),
    np.vsplit: lambda x, sections: split(x, sections, 0),
    np.pad: pad,
    np.diag: diag,
    np.trace: trace,
    np.tril: tril,
    np.triu: triu,
    np.diff: diff,
    np.take: take,
    np.take_along_axis: take_along_axis,
    np.sort: sort,
    np.tensordot: tensordot,
    np.outer: outer,
    np.inner: inner,
    np.vdot: vdot,
    np.vecdot: vecdot,
    np.cross: cross,
    np.kron: kron,
    np.einsum: einsum,
    np.copy: FUNCTIONS[np.positive],
    np.real: lambda x: x,
}
FUNCTIONS |= {
    function: shaped(function)
    for function in (np.zeros_like, np.ones_like, np.full_like, np.empty_like)
}
FUNCTIONS |= {
    function: moved(function)
    for function in (
        np.repeat, np.tile, np.roll, np.flip, np.fliplr, np.flipud, np.rot90, np.resize,
        np.diagonal, np.delete,
    )
}  # fmt: skip
_pad_by_copying = moved(np.pad)

_OPERATORS = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide, "pow": np.power, "mod": np.remainder,
    "matmul": np.matmul,
}  # fmt: skip
_members: dict[str, Any] = {f"__{name}__": FUNCTIONS[f] for name, f in _OPERATORS.items()}
_members |= {f"__r{name}__": reflected(FUNCTIONS[f]) for name, f in _OPERATORS.items()}
_members |= {"__radd__": FUNCTIONS[np.add], "__rmul__": FUNCTIONS[np.multiply]}  # they commute
_members |= {
    f"__{name}__": FUNCTIONS[f]
    for name, f in {
        "neg": np.negative, "pos": np.positive, "abs": np.absolute, "lt": np.less, "gt": np.greater,
        "le": np.less_equal, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
        "floordiv": np.floor_divide,
    }.items()
}  # fmt: skip
install(_members | {"__getitem__": getitem})
