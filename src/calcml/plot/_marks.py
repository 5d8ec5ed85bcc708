"""What is drawn on a map: arrows, points, paths, ellipses."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from calcml._checks import need_choice
from calcml.geometry import principal_curvatures
from calcml.plot._axes import as_pair, beside, current
from calcml.plot._theme import linestyle_of

_SIDES = {
    "upper right": (1.0, 1.0),
    "upper left": (-1.0, 1.0),
    "lower left": (-1.0, -1.0),
    "lower right": (1.0, -1.0),
    "right": (1.0, 0.0),
    "left": (-1.0, 0.0),
    "above": (0.0, 1.0),
    "below": (0.0, -1.0),
}


def arrow(
    start: ArrayLike,
    vector: ArrayLike,
    *,
    label: str | None = None,
    color: str = "C1",
    ax: Axes | None = None,
) -> Axes:
    """Draw a vector from ``start`` to ``start + vector``, to the scale of the axes.

    Parameters
    ----------
    start, vector : array_like, shape (2,)
    label : str, optional
        Written beyond the tip.
    color : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the vector is zero, or something is not a finite pair.

    Examples
    --------
    >>> from matplotlib import pyplot
    >>> ax = arrow([2.0, 5.0], [1.0, 0.3], label="downhill")
    >>> pyplot.close()
    """
    tail, v = as_pair(start, "arrow", "start"), as_pair(vector, "arrow", "vector")
    if not np.any(v):
        raise ValueError(
            "`arrow` needs a nonzero vector: came (0, 0). Mark the place with `point` instead."
        )
    ax = current(ax)
    tip = tail + v
    ax.annotate(
        "",
        xy=(float(tip[0]), float(tip[1])),
        xytext=(float(tail[0]), float(tail[1])),
        arrowprops={
            "arrowstyle": "-|>,head_length=0.5,head_width=0.25",
            "color": color,
            "linewidth": 2.4,
            "mutation_scale": 16.0,
            "shrinkA": 0.0,
            "shrinkB": 0.0,
            "joinstyle": "miter",
        },
        annotation_clip=False,
        zorder=4.0,
    )
    ax.update_datalim([tail, tip])
    ax.autoscale_view()
    if label is not None:
        beside(ax, tip, v, label, color, 6.0)
    return ax


def point(
    p: ArrayLike,
    *,
    label: str | None = None,
    color: str = "C0",
    marker: str = "o",
    side: str = "upper right",
    ax: Axes | None = None,
) -> Axes:
    """Mark a point, with a label beside it.

    Parameters
    ----------
    p : array_like, shape (2,)
    label : str, optional
    color, marker : str
    side : {"upper right", "upper left", "lower left", "lower right", "right", "left", ...}
        Where the label goes; also "above" and "below".
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If ``p`` is not a finite pair, or there is no such side.

    Examples
    --------
    >>> from matplotlib import pyplot
    >>> ax = point([2.5, 6.5], label="best line", marker="*")
    >>> pyplot.close()
    """
    place = as_pair(p, "point", "p")
    need_choice(side, _SIDES, "point", "side")
    ax = current(ax)
    ax.plot(
        [place[0]],
        [place[1]],
        marker=marker,
        linestyle="none",
        color=color,
        markersize=9.0,
        zorder=5.0,
    )
    if label is not None:
        beside(ax, place, np.array(_SIDES[side]), label, color, 8.0)
    return ax


def path(
    points: ArrayLike,
    *,
    label: str | None = None,
    color: str = "C0",
    marker: str = ".",
    ax: Axes | None = None,
) -> Axes:
    """Draw the way of an iteration: a hollow circle where it starts, a marker at every point.

    Parameters
    ----------
    points : array_like, shape (m, 2)
    label : str, optional
        Shown in the legend.
    color, marker : str
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If ``points`` does not hold at least one row of two finite numbers.

    Examples
    --------
    >>> from matplotlib import pyplot
    >>> ax = path([[0.0, 0.0], [1.0, 0.5], [1.5, 0.6]], label="descent")
    >>> pyplot.close()
    """
    way = np.asarray(points, dtype=float)
    if way.ndim != 2 or way.shape[1] != 2 or way.shape[0] == 0:
        raise ValueError(
            f"`path` needs points as rows, shape (m, 2): came shape {way.shape}. "
            "Stack them with np.stack."
        )
    if not np.all(np.isfinite(way)):
        raise ValueError(
            f"`path` needs finite points: row {int(np.argmin(np.isfinite(way).all(axis=1)))} is "
            "not. Cut the path where it diverges."
        )
    ax = current(ax)
    ax.plot(
        way[:, 0],
        way[:, 1],
        color=color,
        marker=marker,
        linestyle=linestyle_of(color),
        linewidth=1.8,
        markersize=7.0,
        label=label,
        zorder=3.0,
    )
    ax.plot(
        way[:1, 0],
        way[:1, 1],
        color=color,
        marker="o",
        linestyle="none",
        markersize=10.0,
        markerfacecolor="none",
        markeredgewidth=2.0,
        zorder=3.5,
    )
    if label is not None:
        ax.legend()
    return ax


def ellipse(hessian: ArrayLike, center: ArrayLike, value: float, ax: Axes | None = None) -> Axes:
    """Draw the level ellipse ``d' H d / 2 = value`` of a quadratic form, with its half-axes.

    The half-axis along the i-th eigenvector has length ``sqrt(2 * value / lambda_i)``.

    Parameters
    ----------
    hessian : array_like, shape (2, 2)
        Positive definite.
    center : array_like, shape (2,)
    value : float
        Height of the level above the center; positive.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the Hessian is not positive definite (its level curves are not ellipses), or ``value``
        is not positive.

    Examples
    --------
    >>> from matplotlib import pyplot
    >>> ax = ellipse([[11.0, 3.0], [3.0, 1.0]], [2.5, 6.5], 1.0)
    >>> pyplot.close()
    """
    c = as_pair(center, "ellipse", "center")
    values, vectors = principal_curvatures(hessian)
    if values.size != 2:
        raise ValueError(
            f"`ellipse` needs a Hessian of shape (2, 2): came ({values.size}, {values.size}). "
            "Take the rows and columns of two parameters."
        )
    if not values[0] > 0.0:
        raise ValueError(
            f"`ellipse` needs a positive definite Hessian: its least eigenvalue is {values[0]:.3g}."
            " Draw `contours` of the quadratic model instead."
        )
    if not value > 0.0:
        raise ValueError(
            f"`ellipse` needs a positive value: came {value}. "
            "Pass the height of the level above the center."
        )
    ax = current(ax)
    half = np.sqrt(2.0 * value / values)
    t = np.linspace(0.0, 2.0 * np.pi, 361)
    curve = (
        c
        + np.outer(np.cos(t), half[0] * vectors[:, 0])
        + np.outer(np.sin(t), half[1] * vectors[:, 1])
    )
    ax.plot(curve[:, 0], curve[:, 1], color="C2", linestyle=linestyle_of("C2"), zorder=2.0)
    for i in range(2):
        end = half[i] * vectors[:, i]
        ax.plot(
            [c[0], c[0] + end[0]],
            [c[1], c[1] + end[1]],
            color="C2",
            linestyle="-",
            linewidth=1.6,
            marker="|",
            zorder=2.0,
        )
        beside(ax, c + end, end, f"λ = {values[i]:.3g}\nhalf-axis {half[i]:.3g}", "C2", 7.0)
    return ax
