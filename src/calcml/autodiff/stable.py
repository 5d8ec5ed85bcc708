"""Functions whose textbook formula overflows, in a form that does not, with rules of their own.

They accept plain arrays as well. At the extremes they follow the limit: entries of -inf have
probability 0, and where all entries are -inf, logsumexp is -inf and every derivative 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from calcml.autodiff import _errors as errors
from calcml.autodiff._adjoints import add_up
from calcml.autodiff._shapes import axes_of, dense_scatter, kept
from calcml.autodiff._shortcuts import leading, single, unary
from calcml.autodiff.engine import Primitive, Traced, plain

__all__ = ["cross_entropy", "log_softmax", "logsumexp", "sigmoid", "softmax", "softplus"]


def _array(x: Any) -> Any:
    if isinstance(x, Traced):
        return x
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(float)


_LOWEST = {np.dtype(t): np.finfo(t).min for t in (np.float16, np.float32, np.float64)}


def _shifted(x: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    """Subtract the largest entry, which changes no function here; return that entry too."""
    if x.size > 4096 and axes == (x.ndim - 1,) and 0 < x.shape[-1] < 64:
        # Along the first axis NumPy compares whole rows at once: worth a copy if rows are short.
        columns = np.ascontiguousarray(x.reshape(-1, x.shape[-1]).T)
        top = np.maximum.reduce(columns, 0).reshape(*x.shape[:-1], 1)
    else:
        top = np.maximum.reduce(x, axes, keepdims=True, initial=-np.inf)
    # Where all entries are -inf, -inf - -inf would be nan: subtract the lowest number instead.
    return np.subtract(x, np.maximum(top, _LOWEST.get(x.dtype, -1e308)), order="C"), top


def _total(e: Any, axes: tuple[int, ...]) -> Any:
    """Sum exponentials of which the largest is 1; where there is none but 0, return 1 as well."""
    total = add_up(e, axes, True)
    return np.maximum(total, 1, out=total)


def _with_softmax(x: Any, axes: tuple[int, ...], keepdims: bool) -> tuple[Any, Any]:
    """Compute logsumexp and, from the same exponentials, the softmax."""
    shifted, top = _shifted(x, axes)
    e = np.exp(shifted, out=shifted)
    total = _total(e, axes)
    y = np.log(total) + top
    y = y if keepdims else y.reshape([n for k, n in enumerate(x.shape) if k not in axes])[()]
    return y, np.divide(e, total, out=e)


def _log_softmax_values(x: Any, axes: tuple[int, ...]) -> Any:
    shifted, _ = _shifted(x, axes)
    return np.subtract(shifted, np.log(_total(np.exp(shifted), axes)), out=shifted)


def _losses_with_softmax(x: Any, target: Any, axis: int, place: Any) -> tuple[Any, Any]:
    """Compute each cross-entropy and, from the same exponentials, the softmax."""
    shifted, _ = _shifted(x, (axis,))
    if place is None:
        e = np.exp(shifted)
        total = _total(e, (axis,))
        shifted -= np.log(total)
        losses = -np.add.reduce(np.where(target == 0, 0, shifted) * target, axis)  # 0 * -inf is 0
    else:
        right = shifted.reshape(-1)[place]
        e = np.exp(shifted, out=shifted)
        total = _total(e, (axis,))
        losses = np.log(total).reshape(right.shape) - right
    return losses[()], np.divide(e, total, out=e)


def _sigmoid_values(x: Any) -> Any:
    with np.errstate(over="ignore"):  # exp(-x) may be inf: 1 / inf is 0, which is right
        e = np.exp(-x)
    e += 1.0
    return 1.0 / e


def _with_sigmoid(x: Any) -> tuple[Any, Any]:
    """Compute softplus and, from the same exponential, its slope."""
    e = np.exp(-np.abs(x))  # never overflows
    s = 1.0 / (1.0 + e)
    return np.maximum(x, 0.0) + np.log1p(e), np.where(x < 0, e * s, s)[()]


def _softmax_partial(g: Any, p: Any, axes: Any) -> Any:
    if type(g) is type(p) is np.ndarray:
        h = g - add_up(g * p, axes, True)
        h *= p
        return h
    return (g - np.sum(g * p, axes, keepdims=True)) * p


def _cross_entropy_partial(g: Any, y: Any, target: Any, axis: int, place: Any) -> Any:
    p = y[1]
    spread = g.reshape(kept(p.shape, (axis,)))
    if place is None:
        return spread * (p * np.sum(target, axis, keepdims=True) - target)
    if type(g) is not np.ndarray or type(p) is not np.ndarray:
        right = dense_scatter(np.ravel(g), place.reshape(-1), (p.size,), False)
        return spread * p - right.reshape(p.shape)
    h = np.multiply(spread, p, order="C")
    h.reshape(-1)[place] -= g
    return h


_softmax = single(
    lambda x, axes: _with_softmax(x, axes, True)[1],
    lambda g, y, axes: _softmax_partial(g, y, axes),
    "symmetric",
    "softmax",
)
_logsumexp = leading(
    _with_softmax,
    [
        Primitive(
            _with_softmax,
            [lambda g, y, axes: g.reshape(kept(y[1].shape, axes)) * y[1]],
        ),
        Primitive(_with_softmax, [lambda g, y, axes: _softmax_partial(g, y[1], axes)], "symmetric"),
    ],
    "logsumexp",
)
_log_softmax = single(
    _log_softmax_values,
    lambda g, y, axes: g - np.exp(y) * np.sum(g, axes, keepdims=True),
    name="log_softmax",
)
_cross_entropy = leading(
    _losses_with_softmax,
    [
        Primitive(_losses_with_softmax, [_cross_entropy_partial]),
        Primitive(
            _losses_with_softmax,
            [lambda g, y, axis: _softmax_partial(g, y[1], (axis,))],
            "symmetric",
        ),
    ],
    "cross_entropy",
)
_sigmoid = unary(_sigmoid_values, lambda g, y: g * (y - y * y), "sigmoid")
_softplus = leading(
    _with_sigmoid,
    [
        Primitive(_with_sigmoid, [lambda g, y: g * y[1]], "symmetric"),
        Primitive(_with_sigmoid, [lambda g, y: g * (y[1] - y[1] * y[1])], "symmetric"),
    ],
    "softplus",
    slope=_sigmoid,
)


def logsumexp(
    x: ArrayLike, axis: int | tuple[int, ...] | None = None, keepdims: bool = False
) -> Any:
    """Logarithm of the sum of exponentials, without overflow.

    Parameters
    ----------
    x : array_like
    axis : int, tuple of int or None
        What to sum over; None for all axes.
    keepdims : bool

    Returns
    -------
    ndarray
        -inf where every entry is -inf or there is no entry.

    Examples
    --------
    >>> float(logsumexp([1e4, 1e4]))
    10000.69314718056
    """
    a = _array(x)
    return _logsumexp(a, axes_of(axis, a.ndim), keepdims)


def softmax(x: ArrayLike, axis: int | tuple[int, ...] | None = -1) -> Any:
    """Exponentials divided by their sum, without overflow.

    Parameters
    ----------
    x : array_like
        Logits; -inf masks an entry.
    axis : int, tuple of int or None

    Returns
    -------
    ndarray, the shape of x
        Zero where all entries along the axis are -inf (PyTorch and JAX return NaN).

    Examples
    --------
    >>> softmax([0.0, 1e4]).tolist()
    [0.0, 1.0]
    """
    a = _array(x)
    return _softmax(a, axes_of(axis, a.ndim))


def log_softmax(x: ArrayLike, axis: int | tuple[int, ...] | None = -1) -> Any:
    """Logarithm of softmax, accurate where softmax rounds to 0 or 1.

    Parameters
    ----------
    x : array_like
        Logits; -inf masks an entry.
    axis : int, tuple of int or None

    Returns
    -------
    ndarray, the shape of x

    Examples
    --------
    >>> log_softmax([0.0, 1e4]).tolist()
    [-10000.0, 0.0]
    """
    a = _array(x)
    return _log_softmax(a, axes_of(axis, a.ndim))


def sigmoid(x: ArrayLike) -> Any:
    """1 / (1 + exp(-x)), without overflow.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, the shape of x

    Examples
    --------
    >>> sigmoid(np.array([-1e4, 0.0, 1e4])).tolist()
    [0.0, 0.5, 1.0]
    """
    return _sigmoid(_array(x))


def softplus(x: ArrayLike) -> Any:
    """log(1 + exp(x)), without overflow.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, the shape of x

    Examples
    --------
    >>> softplus(np.array([-1e4, 1e4])).tolist()
    [0.0, 10000.0]
    """
    return _softplus(_array(x))


def _places(right: Any, shape: tuple[int, ...], axis: int) -> Any:
    """Where the right class of each example stands in memory, in an array of this shape."""
    classes, inner = shape[axis], math.prod(shape[axis + 1 :])
    first = np.arange(0, math.prod(shape), classes * inner)  # where each row of classes begins
    if inner > 1:
        first, right = first[:, None] + np.arange(inner), right * inner
    return first.reshape(right.shape) + right


def cross_entropy(logits: ArrayLike, target: ArrayLike, axis: int = -1) -> Any:
    """Cross-entropy between softmax(logits) and a target, from the logits.

    Parameters
    ----------
    logits : array_like
        Unnormalized log-probabilities; -inf masks an entry.
    target : array_like of int, the shape of logits without axis; or of float, with it
        The right class of each example, or a probability for each class. Not differentiated.
    axis : int
        The axis of the classes.

    Returns
    -------
    ndarray, the shape of logits without axis
        One loss for each example: take np.mean for the loss of a batch (what PyTorch returns).
        The gradient of each in its logits is ``softmax(logits) - target``.

    Raises
    ------
    ValueError
        If the target fits neither form, or a class does not exist.

    Examples
    --------
    >>> cross_entropy([[0.0, 0.0], [0.0, 1e4]], [0, 1]).round(4).tolist()
    [0.6931, 0.0]
    """
    x, right = _array(logits), np.asarray(plain(target))
    (axis,) = axes_of(axis, x.ndim)
    classes = x.shape[axis]
    one_for_each = x.shape[:axis] + x.shape[axis + 1 :]
    place = None
    if right.dtype.kind in "iu":
        if right.shape != one_for_each:
            raise errors.not_like("cross_entropy", "target", one_for_each, right.shape)
        right = right.astype(np.intp, copy=False)
        # Read as unsigned, a negative number is a huge one: one comparison finds either mistake.
        if right.size and np.maximum.reduce(right.view(np.uintp), None) >= classes:
            raise errors.no_class(classes, int(right.min()), int(right.max()))
        place = _places(right, x.shape, axis)
    elif right.shape != x.shape:
        raise errors.not_like("cross_entropy", "target", x.shape, right.shape)
    return _cross_entropy(x, right, axis, place)
