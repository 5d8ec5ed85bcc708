"""Second order: curvature, critical points, the Newton step."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calcml.geometry._arguments import (
    NO_DIRECTION,
    Array,
    as_symmetric,
    as_vector,
    as_vectors,
    need_same_length,
    normalized,
)

CriticalPoint = Literal["minimum", "maximum", "saddle", "inconclusive", "not critical"]


def curvature(hessian: ArrayLike, u: ArrayLike) -> Array:
    """Second derivative of the function along the line in direction ``u``: ``u' H u`` for unit u.

    Parameters
    ----------
    hessian : array_like, shape (n, n)
        Symmetric.
    u : array_like, shape (..., n)
        Direction, of any length but zero.

    Returns
    -------
    ndarray, shape (...)

    Raises
    ------
    ValueError
        If ``u`` is zero, or the shapes do not belong together.

    Examples
    --------
    >>> round(float(curvature([[11.0, 3.0], [3.0, 1.0]], [1.0, 1.0])), 12)
    9.0
    """
    H, w = as_symmetric(hessian, "curvature"), as_vectors(u, "curvature", "u")
    need_same_length("curvature", H, "hessian", w, "u")
    w = normalized(w, "curvature", "u", NO_DIRECTION)
    result: Array = np.sum(w @ H * w, axis=-1)
    return result


def principal_curvatures(hessian: ArrayLike) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors of the Hessian: the extreme curvatures and their directions.

    An eigenvector is determined up to its sign; here its component of largest size is positive
    (the first such one if several are equal up to rounding).

    Parameters
    ----------
    hessian : array_like, shape (n, n)
        Symmetric.

    Returns
    -------
    values : ndarray, shape (n,)
        Eigenvalues, ascending.
    vectors : ndarray, shape (n, n)
        Orthonormal eigenvectors, one per *column*: ``vectors[:, i]`` belongs to ``values[i]``.

    Raises
    ------
    ValueError
        If the matrix is not square or not symmetric.

    Examples
    --------
    >>> values, vectors = principal_curvatures([[2.0, 4.0], [4.0, 2.0]])
    >>> values.round(12).tolist()
    [-2.0, 6.0]
    """
    values, vectors = np.linalg.eigh(as_symmetric(hessian, "principal_curvatures"))
    size = np.abs(vectors)
    lead = np.argmax(size >= (1.0 - 1e-8) * np.max(size, axis=0), axis=0)
    vectors = vectors * np.where(vectors[lead, np.arange(values.size)] < 0.0, -1.0, 1.0)
    return values, vectors


def _is_singular(values: NDArray[np.floating[Any]]) -> bool:
    size = np.abs(values)
    return bool(np.min(size) <= values.size * np.finfo(float).eps * np.max(size))


def condition_number(hessian: ArrayLike) -> float:
    """Largest size of an eigenvalue over the smallest, ``max |lambda| / min |lambda|``.

    For a minimum it is the squared ratio of the axes of a level ellipse, and it governs how slowly
    gradient descent converges. For an indefinite Hessian it is still the 2-norm condition number
    that tells how errors grow in a Newton step, but says nothing about descent.

    Parameters
    ----------
    hessian : array_like, shape (n, n)
        Symmetric.

    Returns
    -------
    float
        At least 1. Infinite for a singular Hessian: one whose smallest ``|lambda|`` is at most
        ``n`` times the machine precision times the largest, which rounding cannot tell from zero.

    Raises
    ------
    ValueError
        If the matrix is not square or not symmetric.

    Examples
    --------
    >>> round(condition_number([[11.0, 3.0], [3.0, 1.0]]), 2)
    69.99
    """
    values = np.linalg.eigvalsh(as_symmetric(hessian, "condition_number"))
    if _is_singular(values):
        return float("inf")
    size = np.abs(values)
    return float(np.max(size) / np.min(size))


def classify(
    hessian: ArrayLike,
    gradient: ArrayLike | None = None,
    *,
    rtol: float = 1e-10,
    gtol: float = 1e-8,
) -> CriticalPoint:
    """Kind of a critical point, by the signs of the eigenvalues of the Hessian.

    Parameters
    ----------
    hessian : array_like, shape (n, n)
        Symmetric.
    gradient : array_like, shape (n,), optional
        If given, the point is checked to be critical.
    rtol : float
        An eigenvalue counts as zero if its size is at most ``rtol`` times the largest size. Raise
        it for a Hessian that was computed by differences.
    gtol : float
        The gradient counts as zero if no component exceeds ``gtol * max(1, max |lambda|)``.

    Returns
    -------
    {"minimum", "maximum", "saddle", "inconclusive", "not critical"}
        A strict minimum or maximum if all eigenvalues have one sign, a saddle if two have opposite
        signs; inconclusive if some are zero and the others agree, when only higher derivatives
        can tell.

    Raises
    ------
    ValueError
        If the matrix is not square or not symmetric.

    Examples
    --------
    >>> classify([[0.0, -47.0], [-47.0, 0.0]])
    'saddle'
    """
    H = as_symmetric(hessian, "classify")
    values = np.linalg.eigvalsh(H)
    largest = float(np.max(np.abs(values)))
    if gradient is not None:
        g = as_vector(gradient, "classify", "gradient")
        need_same_length("classify", H, "hessian", g, "gradient")
        if float(np.max(np.abs(g))) > gtol * max(1.0, largest):
            return "not critical"
    up = bool(np.any(values > rtol * largest))
    down = bool(np.any(values < -rtol * largest))
    if up and down:
        return "saddle"
    if not np.all(np.abs(values) > rtol * largest):
        return "inconclusive"
    return "minimum" if up else "maximum"


def newton_step(gradient: ArrayLike, hessian: ArrayLike) -> Array:
    """Step to the critical point of the quadratic model: the solution of ``H d = -gradient``.

    It leads to a minimum of the model only if the Hessian is positive definite; otherwise to a
    saddle or a maximum.

    Parameters
    ----------
    gradient : array_like, shape (n,)
    hessian : array_like, shape (n, n)
        Symmetric.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ValueError
        If the Hessian is singular: smallest ``|lambda|`` at most ``n`` times the machine precision
        times the largest.

    Examples
    --------
    >>> newton_step([-10.0, -3.0], [[11.0, 3.0], [3.0, 1.0]]).round(12).tolist()
    [0.5, 1.5]
    """
    g = as_vector(gradient, "newton_step", "gradient")
    H = as_symmetric(hessian, "newton_step")
    need_same_length("newton_step", g, "gradient", H, "hessian")
    values = np.linalg.eigvalsh(H)
    if _is_singular(values):
        raise ValueError(
            f"`newton_step` needs an invertible Hessian: its smallest |eigenvalue| is "
            f"{np.min(np.abs(values)):.3g}, its largest {np.max(np.abs(values)):.3g}. "
            "Add a multiple of the identity, or drop the parameter that changes nothing."
        )
    return np.linalg.solve(H, -g).astype(np.float64)
