"""The geometry of a gradient and a Hessian: directions, level sets, curvature, critical points.

The functions take numbers, not functions: a gradient of shape (n,), a symmetric Hessian of shape
(n, n), wherever they came from. Directions may have any length but zero; what depends on the
direction alone is computed for the unit vector. Where a direction is expected, an array of shape
(..., n) holds many of them, and the result has shape (...).
"""

from __future__ import annotations

from calcml.geometry._directions import (
    angle,
    heading,
    headings,
    level_directions,
    slope,
    steepest_ascent,
    steepest_descent,
    unit,
)
from calcml.geometry._hessian import (
    classify,
    condition_number,
    curvature,
    newton_step,
    principal_curvatures,
)
from calcml.geometry._level_curve import trace_level_curve
from calcml.geometry._models import linear_model, quadratic_model

__all__ = [
    "angle",
    "classify",
    "condition_number",
    "curvature",
    "heading",
    "headings",
    "level_directions",
    "linear_model",
    "newton_step",
    "principal_curvatures",
    "quadratic_model",
    "slope",
    "steepest_ascent",
    "steepest_descent",
    "trace_level_curve",
    "unit",
]
