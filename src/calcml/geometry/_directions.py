"""First order: angles, slopes, steepest and level directions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from calcml.geometry._arguments import (
    CRITICAL,
    NO_DIRECTION,
    Array,
    as_real,
    as_vector,
    as_vectors,
    need_count,
    need_same_length,
    normalized,
)


def unit(v: ArrayLike) -> Array:
    """Direction of ``v``: the vector of length 1 along it.

    Parameters
    ----------
    v : array_like, shape (..., n)

    Returns
    -------
    ndarray, shape (..., n)

    Raises
    ------
    TypeError
        If ``v`` is not real.
    ValueError
        If ``v`` is zero, which has no direction, or not finite.

    Examples
    --------
    >>> unit([3.0, 4.0]).tolist()
    [0.6, 0.8]
    """
    return normalized(as_vectors(v, "unit", "v"), "unit", "v", NO_DIRECTION)


def angle(a: ArrayLike, b: ArrayLike, degrees: bool = True) -> Array:
    """Angle between ``a`` and ``b``, between 0 and 180 degrees.

    The textbook formula, the arc cosine of the cosine, loses half of the digits near 0 and 180
    degrees. This one keeps them all: for unit vectors ``u`` and ``w`` the angle is
    ``2 atan2(|u - w|, |u + w|)``.

    Parameters
    ----------
    a, b : array_like, shape (..., n)
        Of any length but zero.
    degrees : bool
        Degrees if true, radians otherwise.

    Returns
    -------
    ndarray, shape (...)

    Raises
    ------
    ValueError
        If a vector is zero, or their numbers of components differ.

    References
    ----------
    W. Kahan, "How Futile are Mindless Assessments of Roundoff in Floating-Point Computation?",
    2006, section 12.

    Examples
    --------
    >>> float(angle([1.0, 0.0], [0.0, 2.0]))
    90.0
    """
    u, w = as_vectors(a, "angle", "a"), as_vectors(b, "angle", "b")
    need_same_length("angle", u, "a", w, "b")
    u, w = normalized(u, "angle", "a", NO_DIRECTION), normalized(w, "angle", "b", NO_DIRECTION)
    radians = 2.0 * np.arctan2(np.linalg.norm(u - w, axis=-1), np.linalg.norm(u + w, axis=-1))
    result: Array = np.degrees(radians) if degrees else radians
    return result


def heading(degrees: ArrayLike) -> Array:
    """Turn headings in the plane into unit vectors: 0 degrees is the first axis, 90 the second.

    Multiples of 90 degrees give exact zeros and ones.

    Parameters
    ----------
    degrees : array_like, shape (...)
        Counterclockwise from the first axis.

    Returns
    -------
    ndarray, shape (..., 2)

    Examples
    --------
    >>> heading(90.0).tolist()
    [0.0, 1.0]
    """
    turn = np.mod(as_real(degrees, "heading", "degrees"), 360.0)
    quarter = np.rint(turn / 90.0)
    # Reduced to 45 degrees either way before the conversion, so that pi is never rounded into it.
    rest = np.radians(turn - 90.0 * quarter)
    c, s = np.cos(rest), np.sin(rest)
    which = quarter.astype(int) % 4
    first = np.choose(which, [c, -s, -c, s])
    second = np.choose(which, [s, c, -s, -c])
    result: Array = np.stack([first, second], axis=-1) + 0.0  # + 0.0 turns -0.0 into 0.0
    return result


def headings(n: int) -> tuple[Array, Array]:
    """``n`` equally spaced headings around the circle, starting along the first axis.

    Parameters
    ----------
    n : int
        At least 1.

    Returns
    -------
    degrees : ndarray, shape (n,)
        0, 360 / n, ..., below 360.
    directions : ndarray, shape (n, 2)
        The unit vector of each.

    Raises
    ------
    TypeError
        If ``n`` is not an integer.
    ValueError
        If ``n`` is less than 1.

    Examples
    --------
    >>> degrees, directions = headings(4)
    >>> degrees.tolist(), directions.tolist()
    ([0.0, 90.0, 180.0, 270.0], [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    """
    need_count(n, "headings", "n")
    degrees: Array = 360.0 * np.arange(n) / n
    return degrees, heading(degrees)


def slope(gradient: ArrayLike, v: ArrayLike) -> Array:
    """Slope of the function in the direction of ``v``: its change per unit of distance.

    The inner product of the gradient with the *unit* vector along ``v``. The change per unit of
    ``v`` itself, which grows with the length of ``v``, is ``gradient @ v``.

    Parameters
    ----------
    gradient : array_like, shape (..., n)
    v : array_like, shape (..., n)
        Direction, of any length but zero.

    Returns
    -------
    ndarray, shape (...)

    Raises
    ------
    ValueError
        If ``v`` is zero, or the numbers of components differ.

    Examples
    --------
    >>> round(float(slope([-10.0, -3.0], [3.0, 4.0])), 12)
    -8.4
    """
    g, w = as_vectors(gradient, "slope", "gradient"), as_vectors(v, "slope", "v")
    need_same_length("slope", g, "gradient", w, "v")
    result: Array = np.sum(g * normalized(w, "slope", "v", NO_DIRECTION), axis=-1)
    return result


def steepest_ascent(gradient: ArrayLike) -> Array:
    """Direction in which the function grows fastest: ``gradient / |gradient|``, of length 1.

    Fastest per unit of distance in these coordinates: other units for a parameter give another
    direction.

    Parameters
    ----------
    gradient : array_like, shape (..., n)

    Returns
    -------
    ndarray, shape (..., n)

    Raises
    ------
    ValueError
        If the gradient is zero: then no direction is steepest.

    Examples
    --------
    >>> steepest_ascent([-3.0, 4.0]).tolist()
    [-0.6, 0.8]
    """
    owner = "steepest_ascent"
    return normalized(as_vectors(gradient, owner, "gradient"), owner, "gradient", CRITICAL)


def steepest_descent(gradient: ArrayLike) -> Array:
    """Direction in which the function falls fastest: ``-gradient / |gradient|``, of length 1.

    Parameters
    ----------
    gradient : array_like, shape (..., n)

    Returns
    -------
    ndarray, shape (..., n)

    Raises
    ------
    ValueError
        If the gradient is zero: then no direction is steepest.

    Examples
    --------
    >>> steepest_descent([-3.0, 4.0]).tolist()
    [0.6, -0.8]
    """
    owner = "steepest_descent"
    return -normalized(as_vectors(gradient, owner, "gradient"), owner, "gradient", CRITICAL)


def level_directions(gradient: ArrayLike) -> Array:
    """Orthonormal basis of the directions along which the function does not change, to first order.

    The rows span the tangent space of the level set. They are the rows of the Householder
    reflection that takes the gradient to the first axis, the last one signed so that the gradient
    followed by the rows has a positive determinant. In the plane the row is therefore the
    direction of the gradient turned by 90 degrees counterclockwise.

    Parameters
    ----------
    gradient : array_like, shape (n,)

    Returns
    -------
    ndarray, shape (n - 1, n)
        One direction per row; no rows if n is 1.

    Raises
    ------
    ValueError
        If the gradient is zero: then every direction qualifies.

    References
    ----------
    A. S. Householder, "Unitary Triangularization of a Nonsymmetric Matrix", J. ACM 5, 1958.

    Examples
    --------
    >>> level_directions([3.0, 4.0]).round(12).tolist()
    [[-0.8, 0.6]]
    """
    owner = "level_directions"
    u = normalized(as_vector(gradient, owner, "gradient"), owner, "gradient", CRITICAL)
    sign = 1.0 if u[0] >= 0.0 else -1.0
    # The reflection I - w w' / (1 + |u_0|) with w = u + sign e_0: the sum of two terms of equal
    # sign, so nothing cancels.
    w = u.copy()
    w[0] += sign
    basis: Array = np.eye(u.size)[1:] - np.outer(w[1:], w) / (1.0 + abs(u[0]))
    if u.size > 1:
        basis[-1] *= sign
    return basis
