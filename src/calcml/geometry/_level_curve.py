"""Walking along a level curve."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from calcml._checks import need_callable
from calcml.geometry._arguments import (
    CRITICAL,
    Array,
    as_number,
    as_vector,
    need_count,
    need_same_length,
    normalized,
)


def trace_level_curve(
    gradient: Callable[[Array], ArrayLike],
    x: ArrayLike,
    length: float,
    steps: int,
    f: Callable[[Array], ArrayLike] | None = None,
) -> Array:
    """Walk along the level curve through ``x`` in the plane.

    Solves ``dx/ds = t``, where ``t`` is the unit gradient turned by 90 degrees counterclockwise,
    by the classical Runge-Kutta method of order 4 in the arc length s. The error in the level is
    of order ``(length / steps)**4``; with ``f``, every point is brought back to the level by
    Newton's method along the gradient.

    Parameters
    ----------
    gradient : callable
        Maps a point of shape (2,) to the gradient there.
    x : array_like, shape (2,)
    length : float
        Distance to walk; negative to walk with the gradient turned clockwise.
    steps : int
    f : callable, optional
        The function, to stay on the level ``f(x)`` up to rounding.

    Returns
    -------
    ndarray, shape (steps + 1, 2)
        The first row is ``x``.

    Raises
    ------
    ValueError
        At a critical point, where the curve has no direction; or if the steps are too long for
        the bends of the curve.

    Examples
    --------
    >>> circle = trace_level_curve(lambda p: 2 * p, [1.0, 0.0], np.pi, 100)
    >>> circle[-1].round(6).tolist()
    [-1.0, 0.0]
    """
    owner = "trace_level_curve"
    need_callable(gradient, owner, "gradient")
    if f is not None:
        need_callable(f, owner)
    start = as_vector(x, owner, "x")
    if start.size != 2:
        raise ValueError(
            f"`trace_level_curve` needs a point in the plane, shape (2,): came shape "
            f"{start.shape}. In more dimensions level sets are not curves; use `level_directions`."
        )
    need_count(steps, owner, "steps")
    h = as_number(length, owner, "length") / steps

    def slope_at(p: Array) -> Array:
        g = as_vector(gradient(p), owner, "gradient(x)")
        need_same_length(owner, start, "x", g, "gradient(x)")
        return g

    def tangent(p: Array) -> Array:
        g = slope_at(p)
        if not np.any(g):
            raise ValueError(
                f"`trace_level_curve` needs a nonzero gradient along the way: it is zero at "
                f"({p[0]:.6g}, {p[1]:.6g}). A level curve has no direction at a critical point; "
                "start elsewhere or walk less far."
            )
        u = normalized(g, owner, "gradient(x)", CRITICAL)
        return np.array([-u[1], u[0]])

    curve = np.empty((steps + 1, 2))
    curve[0] = p = start
    level = None if f is None else as_number(f(start), owner, "f(x)")
    for i in range(steps):
        k1 = tangent(p)
        k2 = tangent(p + 0.5 * h * k1)
        k3 = tangent(p + 0.5 * h * k2)
        k4 = tangent(p + h * k3)
        # Beyond a turn of 60 degrees in a step the method leaves the curve, or has jumped across
        # a critical point.
        if min(k1 @ k2, k1 @ k3, k1 @ k4) < 0.5:
            raise ValueError(
                f"`trace_level_curve` needs steps shorter than the bends of the curve: near "
                f"({p[0]:.6g}, {p[1]:.6g}) a step of {abs(h):.3g} turns by more than 60 degrees. "
                "Raise `steps`, or keep away from critical points."
            )
        p = p + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        if f is not None and level is not None:
            p = _project(f, slope_at, p, level)
        curve[i + 1] = p
    return curve


def _project(
    f: Callable[[Array], ArrayLike], gradient: Callable[[Array], Array], p: Array, level: float
) -> Array:
    """Newton's method along the gradient, until the miss no longer shrinks."""
    owner = "trace_level_curve"
    miss = as_number(f(p), owner, "f(x)") - level
    for _ in range(8):  # it converges quadratically from a miss that is already of order h**5
        g = gradient(p)
        square = float(g @ g)
        if not square > 0.0:
            break
        nearer = p - miss / square * g
        new = as_number(f(nearer), owner, "f(x)") - level
        if abs(new) >= abs(miss):
            break
        p, miss = nearer, new
    return p
