"""The forms that a derivative takes on its way back, and how they are added up.

Mostly it is an array. Where that would be mostly zeros, or where perhaps only its sums are needed,
it waits in the form in which it arose, until ``dense`` makes an array of it. Only plain arrays do:
what is traced is carried out at once, and so recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def product(a: Any, b: Any) -> Any:
    """Return a @ b. For plain matrices and vectors ``dot`` is the same, at half the fixed cost."""
    if type(a) is type(b) is np.ndarray and a.ndim < 3 and b.ndim < 3:
        try:
            return a.dot(b)
        except ValueError:
            pass  # shapes that do not fit: let the operator that the reader wrote say so
    return a @ b


class Scatter:
    """The derivative of ``x[index]``: zero but for the entries that were taken.

    Kept in this form so that a thousand slices of one array do not make a thousand arrays of zeros.
    ``repeats`` says whether an entry may have been taken more than once.
    """

    __slots__ = ("index", "repeats", "shape", "value")

    def __init__(self, value: Any, index: Any, shape: tuple[int, ...], repeats: bool) -> None:
        self.value = value
        self.index = index
        self.shape = shape
        self.repeats = repeats

    def add_to(self, total: np.ndarray) -> np.ndarray:
        """Add the entries to an array, in place."""
        if self.repeats:  # ``total[index] += value`` would count an entry taken twice only once
            if total.flags.c_contiguous:  # far quicker by the place of each entry in memory
                place = np.arange(total.size).reshape(self.shape)[self.index]
                np.add.at(total.reshape(-1), place.reshape(-1), np.ravel(self.value))
            else:
                np.add.at(total, self.index, self.value)
        else:
            part = total[self.index]
            part += self.value
            if part.base is None:  # a copy, as an array of booleans makes one, and not a view
                total[self.index] = part
        return total

    def dense(self) -> np.ndarray:
        """Write the entries into an array of zeros."""
        total = np.zeros(self.shape, self.value.dtype)
        if self.repeats:
            return self.add_to(total)
        total[self.index] = self.value
        return total


class Product:
    """A product of two matrices, or of two stacks of matrices, that is not carried out yet.

    Such is the derivative of the left factor of a product. Often only the sum of its rows is
    needed: in ``(X - m) @ W``, the one for m is. That sum is the sum of the rows of ``left``, times
    ``right``: a vector times a matrix, in place of a matrix.
    """

    __slots__ = ("left", "right", "shape")
    __array_ufunc__ = None  # so that NumPy leaves the sum with an array to this class

    def __init__(self, left: np.ndarray, right: np.ndarray) -> None:
        self.left = left
        self.right = right
        self.shape = (*left.shape[:-1], right.shape[-1])

    def dense(self) -> Any:
        """Multiply."""
        return product(self.left, self.right)

    def __add__(self, other: Any) -> Any:
        return self.dense() + other

    __radd__ = __add__

    def sum_of_rows(self) -> Any:
        """Add up the rows of each matrix, and keep their axis."""
        return product(add_up(self.left, (self.left.ndim - 2,), True), self.right)


WAITING = frozenset([Scatter, Product])


def add(total: Any, h: Any, owned: bool) -> Any:
    """Sum of two contributions to one derivative, where it cannot simply be ``total += h``."""
    if type(h) is not Scatter:
        return total + h
    if type(total) is not np.ndarray:
        return total + h.dense()
    return h.add_to(total if owned else total.copy())


class Summed:
    """The rule of an elementwise function for an argument of another shape, which was broadcast."""

    __slots__ = ("first", "partial", "shape")

    def __init__(self, partial: Callable[..., Any], shape: tuple[int, ...]) -> None:
        self.partial = partial
        self.shape = shape
        self.first = partial.__code__.co_argcount == 1  # it reads nothing but g: sum that, not h

    def __call__(self, g: Any, *saved: Any) -> Any:
        """Apply the rule to the sum of g, or take the sum of what it returns."""
        if self.first:
            return self.partial(sum_to(g, self.shape))
        return sum_to(self.partial(g, *saved), self.shape)


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum g over the axes that broadcasting added to or stretched in an array of this shape."""
    if g.shape == shape:
        return g if type(g) is not Product else g.dense()
    if type(g) is Product:
        g = g.sum_of_rows() if len(shape) < 2 or shape[-2] == 1 else g.dense()
    extra = g.ndim - len(shape)
    if g.shape[extra:] == shape:
        axes = tuple(range(extra))
    else:
        axes = tuple([k for k in range(g.ndim) if k < extra or shape[k - extra] != g.shape[k]])
    total = add_up(g, axes) if type(g) is np.ndarray else g.sum(axis=axes)
    return total if total.shape == shape else total.reshape(shape)


def add_up(x: Any, axes: tuple[int, ...], keepdims: Any = False) -> Any:
    """Sum an array over some axes.

    BLAS multiplies by a row or a column of ones many times faster than NumPy reduces an axis whose
    entries stand apart in memory, or one that is short. NumPy adds those entries one after the
    other as well; only along a long last axis it adds pairs of pairs, which loses fewer digits.
    """
    if x.size > 4096 and len(axes) == 1 and x.ndim > 1 and x.flags.c_contiguous:
        before, n, after = x.shape[: axes[0]], x.shape[axes[0]], x.shape[axes[0] + 1 :]
        total = None
        if len(after) == 1:
            total = product(np.ones(n, x.dtype), x)
        elif not after and n <= 128:
            total = product(x, np.ones(n, x.dtype))
        if total is not None:
            return total.reshape(*before, 1, *after) if keepdims else total
    return np.add.reduce(x, axes, keepdims=keepdims)
