"""The rules of products: matmul, dot, tensordot, outer, kron, einsum and their kin."""

from __future__ import annotations

import math
import string
from collections import Counter
from typing import Any

import numpy as np

from calcml.autodiff import _errors as errors
from calcml.autodiff._adjoints import Product, product, sum_to
from calcml.autodiff._shapes import as_array, axes_of, dense_scatter, expand_dims
from calcml.autodiff._shortcuts import binary
from calcml.autodiff.engine import Primitive


def solid(g: Any) -> Any:
    """Copy g where it repeats itself in memory: BLAS takes no such arrays."""
    return np.ascontiguousarray(g) if type(g) is np.ndarray and 0 in g.strides else g


def times(g: Any, right: Any) -> Any:
    """Return g @ right; if it is large, as a `Product`, since perhaps only its sums are needed."""
    if g.size > 4096 and type(g) is type(right) is np.ndarray:
        return Product(g, right)
    return product(g, right)


def _stack_left(g: Any, b: Any, left: Any, right: Any) -> Any:
    """Apply the rule of two matrices to stacks that broadcast, a vector being one row."""
    g = expand_dims(g, -1) if len(right) == 1 else g
    b = expand_dims(b, -1) if len(right) == 1 else b
    g = expand_dims(g, -2) if len(left) == 1 else g
    h = times(solid(g), b.swapaxes(-1, -2))
    if h.shape == left:
        return h
    h = sum_to(h, left if len(left) > 1 else (1, *left))
    return h if h.shape == left else h.reshape(left)


def _stack_right(g: Any, a: Any, left: Any, right: Any) -> Any:
    g = expand_dims(g, -2) if len(left) == 1 else g
    a = expand_dims(a, -2) if len(left) == 1 else a
    g = expand_dims(g, -1) if len(right) == 1 else g
    h = sum_to(a.swapaxes(-1, -2) @ solid(g), right if len(right) > 1 else (*right, 1))
    return h if h.shape == right else h.reshape(right)


_MATMUL = {  # by the number of axes of the two factors
    axes: binary(product, left, right, "matmul", "linear")
    for axes, left, right in (
        ((2, 2), lambda g, b: times(g, b.T), lambda g, a: product(a.T, g)),
        ((2, 1), lambda g, b: g[:, None] * b, lambda g, a: product(a.T, g)),
        ((1, 2), lambda g, b: product(b, g), lambda g, a: a[:, None] * g),
        ((1, 1), lambda g, b: g * b, lambda g, a: g * a),
    )
}
_matmul = Primitive(
    lambda a, b, left, right: np.matmul(a, b), [_stack_left, _stack_right], "linear", "matmul"
)


def matmul(a: Any, b: Any) -> Any:
    try:
        operation = _MATMUL.get((a.ndim, b.ndim))
    except AttributeError:  # a list or a number
        return matmul(as_array(a), as_array(b))
    return _matmul(a, b, a.shape, b.shape) if operation is None else operation(a, b)


def dot(a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    if np.ndim(b) <= 2:
        return matmul(a, b)
    return np.tensordot(a, b, (-1, -2))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    if isinstance(axes, int):
        left, right = tuple(range(np.ndim(a) - axes, np.ndim(a))), tuple(range(axes))
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
    """Form the same sum with the result and one argument exchanged.

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


TABLE = {
    np.matmul: matmul,
    np.dot: dot,
    np.tensordot: tensordot,
    np.outer: outer,
    np.inner: inner,
    np.vdot: vdot,
    np.vecdot: vecdot,
    np.cross: cross,
    np.kron: kron,
    np.einsum: einsum,
}
