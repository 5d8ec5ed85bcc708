"""The linear and the quadratic model of a function near a point."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from calcml.geometry._arguments import (
    Array,
    as_number,
    as_symmetric,
    as_vector,
    as_vectors,
    need_same_length,
)


def linear_model(
    value: ArrayLike, gradient: ArrayLike, x: ArrayLike
) -> Callable[[ArrayLike], Array]:
    """First-order model of a function near ``x``: ``value + <gradient, p - x>``.

    Parameters
    ----------
    value : float
        The function at ``x``.
    gradient : array_like, shape (n,)
        The gradient at ``x``.
    x : array_like, shape (n,)

    Returns
    -------
    callable
        Maps points of shape (..., n) to values of shape (...).

    Raises
    ------
    ValueError
        If the shapes do not belong together.

    Examples
    --------
    >>> model = linear_model(4.9, [-10.0, -3.0], [2.0, 5.0])
    >>> round(float(model([2.1, 5.0])), 12)
    3.9
    """
    owner = "linear_model"
    base = as_number(value, owner, "value")
    g, origin = as_vector(gradient, owner, "gradient"), as_vector(x, owner, "x")
    need_same_length(owner, g, "gradient", origin, "x")

    def model(p: ArrayLike) -> Array:
        points = as_vectors(p, owner, "p")
        need_same_length(owner, origin, "x", points, "p")
        result: Array = base + (points - origin) @ g
        return result

    return model


def quadratic_model(
    value: ArrayLike, gradient: ArrayLike, hessian: ArrayLike, x: ArrayLike
) -> Callable[[ArrayLike], Array]:
    """Second-order model of a function near ``x``: the linear model plus ``d' H d / 2``, d = p - x.

    Parameters
    ----------
    value : float
        The function at ``x``.
    gradient : array_like, shape (n,)
    hessian : array_like, shape (n, n)
        Symmetric.
    x : array_like, shape (n,)

    Returns
    -------
    callable
        Maps points of shape (..., n) to values of shape (...).

    Raises
    ------
    ValueError
        If the shapes do not belong together, or the Hessian is not symmetric.

    Examples
    --------
    >>> model = quadratic_model(4.9, [-10.0, -3.0], [[11.0, 3.0], [3.0, 1.0]], [2.0, 5.0])
    >>> round(float(model([2.5, 6.5])), 12)
    0.15
    """
    owner = "quadratic_model"
    base = as_number(value, owner, "value")
    g, H, origin = (
        as_vector(gradient, owner, "gradient"),
        as_symmetric(hessian, owner),
        as_vector(x, owner, "x"),
    )
    need_same_length(owner, g, "gradient", origin, "x")
    need_same_length(owner, g, "gradient", H, "hessian")

    def model(p: ArrayLike) -> Array:
        points = as_vectors(p, owner, "p")
        need_same_length(owner, origin, "x", points, "p")
        d = points - origin
        result: Array = base + d @ g + 0.5 * np.sum(d @ H * d, axis=-1)
        return result

    return model
