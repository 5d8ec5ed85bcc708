"""The worked examples of the book, as functions that carry their gradient and Hessian.

Everything here is written out by hand and checked in the tests against derivatives that do not
share the derivation. Points are arrays whose last axis holds the parameters, so one call
evaluates a whole grid: a point of shape (2,) gives a number, a grid of shape (m, n, 2) gives
(m, n). The functions are analytic and keep what they are given: complex points, for the complex
step, and arrays that take part in NumPy's protocols, for automatic differentiation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calcml._checks import as_point

__all__ = [
    "Problem",
    "distance",
    "late",
    "late_loss",
    "line",
    "line_loss",
    "logistic",
    "time",
    "two_layer",
    "two_layer_loss",
]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """A scalar function of a few parameters, with its gradient and its Hessian.

    Parameters
    ----------
    function : callable
        Maps points of shape (..., n) to values of shape (...).
    gradient : callable
        Maps points of shape (..., n) to gradients of shape (..., n).
    hessian : callable
        Maps points of shape (..., n) to Hessians of shape (..., n, n).
    parameters : tuple of str
        The name of each parameter with its unit, as axis labels show it.

    Examples
    --------
    >>> from calcml.problems import line_loss
    >>> float(line_loss([2.0, 5.0]))
    4.9
    >>> line_loss.gradient([2.0, 5.0]).tolist()
    [-10.0, -3.0]
    """

    function: Callable[[ArrayLike], Array]
    gradient: Callable[[ArrayLike], Array]
    hessian: Callable[[ArrayLike], Array]
    parameters: tuple[str, ...]

    def __call__(self, p: ArrayLike) -> Array:
        """Value of the function at points of shape (..., n)."""
        return self.function(p)


distance: Array = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
"""Distance of the five deliveries of the running example, in kilometres."""

time: Array = np.array([9.0, 11.0, 15.0, 16.0, 19.0])
"""Time of the five deliveries, in minutes."""

late: Array = np.array([0.0, 0.0, 1.0, 0.0, 1.0])
"""Whether each delivery came late: 1 for late, 0 for in time."""

for _column in (distance, time, late):
    _column.flags.writeable = False  # shared by every page: nobody may change it by accident


def _pair(p: ArrayLike, names: str) -> tuple[Any, Any]:
    # Traced arrays implement NumPy's protocols and would lose their trace in np.asarray.
    point: Any = p if hasattr(p, "__array_function__") else np.asarray(p)
    if point.ndim == 0 or point.shape[-1] != 2:
        raise ValueError(
            f"`p` needs a last axis of length 2, {names}: came shape {point.shape}. "
            "Stack the two parameters along the last axis with np.stack([...], axis=-1)."
        )
    return point[..., 0], point[..., 1]


def _data(x: ArrayLike, y: ArrayLike, owner: str, y_name: str) -> tuple[Array, Array]:
    a = as_point(x, owner, "x").astype(np.float64)
    b = as_point(y, owner, y_name).astype(np.float64)
    if a.ndim != 1 or a.size == 0 or a.shape != b.shape:
        raise ValueError(
            f"`{owner}` needs `x` and `{y_name}` of one shape (n,), n >= 1: came {a.shape} and "
            f"{b.shape}. Give one `{y_name}` for each `x`."
        )
    return a, b


def _symmetric(a: Any, b: Any, d: Any) -> Any:
    """Stack [[a, b], [b, d]] along two new last axes."""
    return np.stack([np.stack([a, b], axis=-1), np.stack([b, d], axis=-1)], axis=-2)


def line(x: ArrayLike, y: ArrayLike, parameters: tuple[str, str] = ("w", "b")) -> Problem:
    """Half the mean squared residual of the line ``w * x + b`` through points (x, y).

    The half is kept everywhere in the book, so that the gradient carries no factor 2:
    ``gradient = (mean(r * x), mean(r))`` with residuals ``r = w * x + b - y``.

    Parameters
    ----------
    x, y : array_like, shape (n,)
    parameters : (str, str)
        Axis labels for w and b.

    Returns
    -------
    Problem
        A function of points ``(w, b)`` of shape (..., 2).

    Raises
    ------
    ValueError
        If x and y do not have one shape (n,), or are not finite.

    Examples
    --------
    >>> line([1.0, 2.0], [1.0, 3.0]).gradient([0.0, 0.0]).tolist()
    [-3.5, -2.0]
    """
    x, y = _data(x, y, "line", "y")

    def residual(p: ArrayLike) -> Any:
        w, b = _pair(p, "(w, b)")
        return w[..., None] * x + b[..., None] - y  # (..., n)

    def function(p: ArrayLike) -> Any:
        return 0.5 * np.mean(residual(p) ** 2, axis=-1)

    def gradient(p: ArrayLike) -> Any:
        r = residual(p)
        return np.stack([np.mean(r * x, axis=-1), np.mean(r, axis=-1)], axis=-1)

    def hessian(p: ArrayLike) -> Any:
        w, _ = _pair(p, "(w, b)")
        one = 0.0 * w + 1.0  # constant, in the shape of the points
        return _symmetric(np.mean(x * x) * one, np.mean(x) * one, one)

    return Problem(function, gradient, hessian, parameters)


def logistic(x: ArrayLike, label: ArrayLike, parameters: tuple[str, str] = ("w", "b")) -> Problem:
    """Mean cross-entropy of ``sigmoid(w * x + b)`` against labels 0 and 1.

    Computed from the logits, ``log(1 + exp(z)) - label * z``, in a form that does not overflow.

    Parameters
    ----------
    x, label : array_like, shape (n,)
    parameters : (str, str)
        Axis labels for w and b.

    Returns
    -------
    Problem
        A function of points ``(w, b)`` of shape (..., 2).

    Raises
    ------
    ValueError
        If x and label do not have one shape (n,), or a label is not between 0 and 1.

    Examples
    --------
    >>> round(float(logistic([1.0, 2.0], [0.0, 1.0])([0.0, 0.0])), 4)
    0.6931
    """
    x, label = _data(x, label, "logistic", "label")
    if not np.all((label >= 0.0) & (label <= 1.0)):
        raise ValueError(
            f"`logistic` needs labels between 0 and 1: came values from {label.min():g} to "
            f"{label.max():g}. Encode the two classes as 0 and 1."
        )

    def logit(p: ArrayLike) -> Any:
        w, b = _pair(p, "(w, b)")
        return w[..., None] * x + b[..., None]  # (..., n)

    def softplus(z: Any) -> Any:
        # log(1 + exp(z)) as max(z, 0) + log(1 + exp(-|z|)), with the sign instead of the absolute
        # value: analytic, and no exponential that overflows, on either side.
        positive = z > 0.0
        return np.log1p(np.exp(np.where(positive, -1.0, 1.0) * z)) + positive * z

    def probability(z: Any) -> Any:
        return np.exp(-softplus(-z))

    def function(p: ArrayLike) -> Any:
        z = logit(p)
        return np.mean(softplus(z) - label * z, axis=-1)

    def gradient(p: ArrayLike) -> Any:
        r = probability(logit(p)) - label
        return np.stack([np.mean(r * x, axis=-1), np.mean(r, axis=-1)], axis=-1)

    def hessian(p: ArrayLike) -> Any:
        z = logit(p)
        s = probability(z) * probability(-z)
        return _symmetric(np.mean(s * x * x, axis=-1), np.mean(s * x, axis=-1), np.mean(s, axis=-1))

    return Problem(function, gradient, hessian, parameters)


def two_layer(x: ArrayLike, y: ArrayLike, parameters: tuple[str, str] = ("v", "w")) -> Problem:
    """Half the mean squared residual of the two-layer linear network ``v * w * x``.

    Parameters
    ----------
    x, y : array_like, shape (n,)
    parameters : (str, str)
        Axis labels for v and w.

    Returns
    -------
    Problem
        A function of points ``(v, w)`` of shape (..., 2).

    Raises
    ------
    ValueError
        If x and y do not have one shape (n,), or are not finite.

    Examples
    --------
    >>> two_layer(distance, time).hessian([0.0, 0.0]).tolist()
    [[0.0, -47.0], [-47.0, 0.0]]
    """
    x, y = _data(x, y, "two_layer", "y")
    xx, xy = np.mean(x * x), np.mean(x * y)

    def function(p: ArrayLike) -> Any:
        v, w = _pair(p, "(v, w)")
        return 0.5 * np.mean(((v * w)[..., None] * x - y) ** 2, axis=-1)

    def gradient(p: ArrayLike) -> Any:
        v, w = _pair(p, "(v, w)")
        slope = xx * v * w - xy  # derivative of the loss in the product v * w
        return np.stack([slope * w, slope * v], axis=-1)

    def hessian(p: ArrayLike) -> Any:
        v, w = _pair(p, "(v, w)")
        return _symmetric(xx * w * w, 2.0 * xx * v * w - xy, xx * v * v)

    return Problem(function, gradient, hessian, parameters)


line_loss = line(distance, time, ("w (minutes per km)", "b (minutes)"))
"""Model A: the loss of a line through the five deliveries, a function of (w, b)."""

late_loss = logistic(distance, late, ("w (logits per km)", "b (logits)"))
"""Model B: the loss of a logistic prediction of lateness, a function of (w, b)."""

two_layer_loss = two_layer(distance, time, ("v", "w (minutes per km)"))
"""Model C: the loss of a two-layer linear network without offset, a function of (v, w)."""
