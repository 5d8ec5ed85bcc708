"""Many derivatives in one pass: a traced array that stands for a whole batch of arrays.

A Jacobian is one pullback for each of the outputs, or one pushforward for each of the inputs.
All of them read the same tape, so they can run together: the unit vectors are stacked along a new
first axis, and each operation handles the stack at once. What comes out is the stack of the rows.

Only derivatives are ever batched, never the values that they belong to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from calcml.autodiff._array import FUNCTIONS
from calcml.autodiff.engine import TRACED, Level, Primitive, Traced, _levels


class Batches(Level):
    """One batch in progress, of ``size`` arrays."""

    __slots__ = ("level", "size")

    def __init__(self, size: int) -> None:
        self.level = next(_levels)
        self.size = size

    def run(
        self, p: Primitive, traced: Sequence[int], args: Any, values: Any, settings: Any
    ) -> Any:
        """Call a primitive once for the whole batch, or entry by entry if it has no rule here."""
        if p.__name__ == "multiply" and len(traced) == 1:
            batch, factor = args[traced[0]], args[1 - traced[0]]
            if type(factor) is np.ndarray and factor.shape == batch.shape:
                scale = factor if batch.scale is None else batch.scale * factor
                return Batch(batch.value, self, batch.units, scale)
        for i in traced:
            values[i] = args[i].settled()
        rule = elementwise if p.elementwise else RULES.get(p.__name__)
        if rule is not None:
            y = rule(p, traced, args, values)
            if y is not None:
                return Batch(y, self)
        rows = [p(*[values[i][k] if i in traced else x for i, x in enumerate(args)], **settings)
                for k in range(self.size)]  # fmt: skip
        if isinstance(rows[0], tuple):
            return tuple(Batch(np.stack(parts), self) for parts in zip(*rows, strict=True))
        return Batch(np.stack(rows), self)


class Batch(Traced):
    """An array of the batch; ``value`` has the batch as its first axis.

    ``units`` says which unit vectors ``value`` holds, if it does: a matrix times a unit vector is a
    column of the matrix, and need not be computed. ``scale`` is an array that all arrays of the
    batch are still to be multiplied with: one factor after the other is collected there, and the
    whole batch is multiplied once, when its entries are needed.
    """

    __slots__ = ("scale", "units")

    def __init__(
        self, value: Any, batches: Batches, units: slice | None = None, scale: Any = None
    ) -> None:
        self.value = value
        self.origin = batches
        self.units = units
        self.scale = scale

    def settled(self) -> Any:
        """Carry out the multiplication; return the entries."""
        if self.scale is not None:
            self.value, self.scale, self.units = self.value * self.scale, None, None
        return self.value

    @property
    def shape(self) -> Any:
        """Shape of each array of the batch."""
        return self.value.shape[1:]

    @property
    def ndim(self) -> Any:
        """Number of axes of each array of the batch."""
        return self.value.ndim - 1

    @property
    def size(self) -> Any:
        """Number of entries of each array of the batch."""
        return math.prod(self.shape)


TRACED.add(Batch)


def elementwise(p: Primitive, traced: Sequence[int], args: Any, values: Any) -> Any:
    """Entries meet their partners once all arrays of the batch have equally many axes."""
    ndim = max([x.ndim if isinstance(x, Traced) else np.ndim(x) for x in args])
    return p(*[_aligned(x, ndim) if i in traced else x for i, x in enumerate(values)])


def matmul(p: Primitive, traced: Sequence[int], args: Any, values: Any) -> Any:
    (a, b), (x, y) = args[:2], values[:2]
    if a.ndim == 2 and b.ndim == 1 and 0 not in traced:
        return np.transpose(a)[b.units] if b.units is not None else y @ np.transpose(a)
    if a.ndim == 1 and b.ndim == 2 and 1 not in traced:
        return b[a.units] if a.units is not None else x @ b
    x = x[..., None, :] if a.ndim == 1 else x
    y = y[..., :, None] if b.ndim == 1 else y
    ndim = max(2, a.ndim, b.ndim)
    z = np.matmul(_aligned(x, ndim) if 0 in traced else x, _aligned(y, ndim) if 1 in traced else y)
    z = z[..., 0, :] if a.ndim == 1 else z
    return z[..., 0] if b.ndim == 1 else z


def _aligned(x: Any, ndim: int) -> Any:
    """Give each array of a batch ndim axes."""
    missing = ndim + 1 - x.ndim
    return np.reshape(x, (x.shape[0], *(1,) * missing, *x.shape[1:])) if missing > 0 else x


def sum_(p: Primitive, traced: Sequence[int], args: Any, values: Any) -> Any:
    _, axes, keepdims, *_ = args
    total = np.sum(values[0], tuple(k + 1 for k in axes), keepdims=keepdims)
    return total / args[-1] if p.__name__ == "mean" else total


def getitem(p: Primitive, traced: Sequence[int], args: Any, values: Any) -> Any:
    index = args[1] if isinstance(args[1], tuple) else (args[1],)
    arrays = [k for k, part in enumerate(index) if isinstance(part, np.ndarray)]
    if arrays and arrays[-1] - arrays[0] >= len(arrays):
        return None  # NumPy puts the axes of arrays that are apart first, before the batch
    index = (slice(None), *index)
    if p.__name__ == "getitem":
        return values[0][index]
    return FUNCTIONS["scatter"](values[0], index, (values[0].shape[0], *args[2]), args[3])


RULES: dict[str, Callable[..., Any]] = {
    "matmul": matmul,
    "sum": sum_,
    "mean": sum_,
    "getitem": getitem,
    "scatter": getitem,
    "reshape": lambda p, traced, args, values: np.reshape(
        values[0], (values[0].shape[0], *np.reshape(np.empty(args[0].shape, bool), args[1]).shape)
    ),
    "broadcast_to": lambda p, traced, args, values: np.broadcast_to(
        np.reshape(
            values[0],
            (values[0].shape[0], *(1,) * (len(args[1]) - args[0].ndim), *args[0].shape),
        ),
        (values[0].shape[0], *args[1]),
    ),
    "transpose": lambda p, traced, args, values: np.transpose(
        values[0],
        (0, *(k + 1 for k in (args[1] if len(args) > 1 else range(args[0].ndim)[::-1]))),
    ),
    "swapaxes": lambda p, traced, args, values: np.swapaxes(
        values[0], *(k + 1 if k >= 0 else k for k in args[1:])
    ),
}
