"""The pictures of the book: level curves, arrows, paths, compasses, drawn to true scale.

Every function draws on ``ax``, or on the current axes if there are some, or else on a new figure,
and returns the axes. Colors are names of the cycle ("C0", "C1", ...): each has a line style of its
own, so that no meaning rests on color alone. This is the only module that imports matplotlib.
"""

from __future__ import annotations

from calcml.plot._axes import panels
from calcml.plot._curves import compass, heading_curve, loglog
from calcml.plot._graph import graph, matrix_product
from calcml.plot._maps import contours, field, surface
from calcml.plot._marks import arrow, ellipse, path, point
from calcml.plot._theme import palette, theme

__all__ = [
    "arrow",
    "compass",
    "contours",
    "ellipse",
    "field",
    "graph",
    "heading_curve",
    "loglog",
    "matrix_product",
    "palette",
    "panels",
    "path",
    "point",
    "surface",
    "theme",
]
