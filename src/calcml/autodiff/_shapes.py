"""The rules of functions that move entries: shapes, indices, joining, sorting, diagonals."""

from __future__ import annotations

import itertools
import math
import operator
from typing import Any

import numpy as np

from calcml.autodiff import _errors as errors
from calcml.autodiff._adjoints import Scatter, sum_to
from calcml.autodiff._array import FUNCTIONS, deep_plain
from calcml.autodiff._shortcuts import single
from calcml.autodiff.engine import TRACED, Primitive, Traced, plain


def as_array(x: Any) -> Any:
    return x if type(x) is np.ndarray or type(x) in TRACED else np.asarray(x)


def kept(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple([1 if k in axes else n for k, n in enumerate(shape)])


ALL_AXES = [tuple(range(ndim)) for ndim in range(65)]  # NumPy stops at 64 axes


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """List the axes of a reduction, counted from the front."""
    if axis is None:
        return ALL_AXES[ndim]
    if type(axis) is int:
        return (axis + ndim if -ndim <= axis < 0 else axis,)
    return tuple([operator.index(k) + ndim * (-ndim <= k < 0) for k in np.atleast_1d(axis)])


_reshape = single(
    lambda x, new, shape: x.reshape(new),
    lambda g, shape: g.reshape(shape),
    "linear",
    "reshape",
)
_transpose = single(
    lambda x, axes: np.transpose(x, axes),
    lambda g, axes: np.transpose(g, np.argsort(axes)),
    "linear",
    "transpose",
)
_broadcast_to = single(
    lambda x, new, shape: np.broadcast_to(x, new),
    lambda g, shape: sum_to(g, shape),
    "linear",
    "broadcast_to",
)


def broadcast_to(x: Any, shape: Any) -> Any:
    return _broadcast_to(x, shape, x.shape)


def reshape(x: Any, shape: Any) -> Any:
    return _reshape(x, shape, x.shape)


def ravel(x: Any) -> Any:
    return _reshape(x, (x.size,), x.shape)


_reverse_axes = single(lambda x: x.T, lambda g: g.T, "linear", "transpose")
_swapaxes = single(
    lambda x, i, j: x.swapaxes(i, j), lambda g, i, j: g.swapaxes(i, j), "linear", "swapaxes"
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


dense_scatter = single(_scatter, lambda g, index: g[index], "linear", "scatter")


FUNCTIONS["scatter"] = dense_scatter


def _getitem_partial(g: Any, index: Any, shape: Any, repeats: bool) -> Any:
    if isinstance(g, Traced):
        return dense_scatter(g, index, shape, repeats)
    return Scatter(g, index, shape, repeats)


_getitem = single(lambda x, index, shape, repeats: x[index], _getitem_partial, "linear", "getitem")


BASIC = {int, slice, type(None), type(Ellipsis)}


def getitem(x: Any, index: Any) -> Any:
    """Slices and single positions take each entry at most once; arrays of positions may repeat."""
    if BASIC.issuperset(map(type, index)) if type(index) is tuple else type(index) in BASIC:
        return _getitem(x, index, x.shape, False)
    parts = index if isinstance(index, tuple) else (index,)
    if any(isinstance(k, (list, Traced)) for k in parts):
        parts = tuple([np.asarray(plain(k)) if isinstance(k, (list, Traced)) else k for k in parts])
        index = parts if isinstance(index, tuple) else parts[0]
    repeats = any(isinstance(k, np.ndarray) and k.dtype != bool for k in parts)
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
    """Wrap a function that only looks at the shape and the dtype of its first argument."""
    return lambda x, *args, **settings: function(
        np.empty(x.shape, x.dtype) if isinstance(x, Traced) else x,
        *deep_plain(args),
        **deep_plain(settings),
    )


def moved(function: Any) -> Any:
    """Wrap a function that only moves or repeats entries: its rule moves the derivative back.

    Applied to the positions 0, 1, 2, ... it says where each entry of the result came from.
    """
    primitive = single(
        lambda x, args, settings, shape: function(x, *args, **settings),
        lambda g, args, settings, shape: _collect(g, function, args, settings, shape),
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


_pad = single(
    lambda x, width, settings, inner: np.pad(x, width, **settings),
    lambda g, inner: g[inner],
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
    return np.where(np.tri(x.shape[-2], x.shape[-1], k, bool), x, 0)


def triu(x: Any, k: int = 0) -> Any:
    return np.where(np.tri(x.shape[-2], x.shape[-1], k - 1, bool), 0, x)


def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    before = (slice(None),) * axes_of(axis, x.ndim)[0]
    for _ in range(n):
        x = x[(*before, slice(1, None))] - x[(*before, slice(None, -1))]
    return x


TABLE: dict[Any, Any] = {
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: x.ndim,
    np.size: lambda x, axis=None: x.size if axis is None else x.shape[axis],
    np.reshape: reshape,
    np.ravel: ravel,
    np.transpose: transpose,
    np.swapaxes: swapaxes,
    np.expand_dims: expand_dims,
    np.squeeze: squeeze,
    np.broadcast_to: broadcast_to,
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
    np.copy: lambda x: +x,
    np.real: lambda x: x,
}
TABLE |= {
    function: shaped(function)
    for function in (np.zeros_like, np.ones_like, np.full_like, np.empty_like)
}
TABLE |= {
    function: moved(function)
    for function in (
        np.repeat, np.tile, np.roll, np.flip, np.fliplr, np.flipud, np.rot90, np.resize,
        np.diagonal, np.delete,
    )
}  # fmt: skip
_pad_by_copying = moved(np.pad)
