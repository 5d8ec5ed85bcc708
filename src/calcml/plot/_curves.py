"""Slope against heading, as a curve and as a dial, and errors on logarithmic axes."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from calcml.geometry import headings
from calcml.plot._axes import Array, as_columns, as_pair, beside, current
from calcml.plot._marks import arrow
from calcml.plot._theme import halo, linestyle_of, muted, next_color


def heading_curve(
    degrees: ArrayLike,
    slopes: ArrayLike,
    *,
    label: str | None = None,
    marker: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw slope against heading, with ticks at the quarter turns.

    Parameters
    ----------
    degrees, slopes : array_like, shape (m,)
    label : str, optional
        Shown in the legend.
    marker : str, optional
        Marks every value instead of joining them: for slopes that were measured.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the two do not have the same shape (m,).

    Examples
    --------
    >>> from matplotlib import pyplot
    >>> from calcml.geometry import headings, slope
    >>> degrees, directions = headings(360)
    >>> ax = heading_curve(degrees, slope([-10.0, -3.0], directions))
    >>> pyplot.close()
    """
    x, y = as_columns(degrees, slopes, "heading_curve", "degrees", "slopes")
    ax = current(ax)
    ax.axhline(0.0, color=muted(), linewidth=1.0, linestyle="-", zorder=0.5)
    if marker is None:
        ax.plot(x, y, label=label)
    else:
        ax.plot(x, y, label=label, marker=marker, linestyle="none", color=next_color(ax))
    ax.set_xticks(np.arange(90.0 * np.floor(x.min() / 90.0), x.max() + 90.0, 90.0))
    ax.set_xlabel("heading (degrees)")
    ax.set_ylabel("slope")
    if label is not None:
        ax.legend()
    return ax


def compass(gradient: ArrayLike, ax: Axes | None = None) -> Axes:
    """Draw the dial of the directional derivative: its size in every direction, as a radius.

    For the heading with unit vector u the curve lies at ``|slope| u``: two circles through the
    center, the one ahead of the gradient where the function rises (solid, filled dots), the one
    behind where it falls (dashed, hollow squares). The gradient is the diameter of the first.

    Parameters
    ----------
    gradient : array_like, shape (2,)
        Not zero.
    ax : Axes, optional
        Plain axes; the dial brings its own circles and headings.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the gradient is zero or not a pair, or the axes are not plain.

    Examples
    --------
    >>> from matplotlib import pyplot
    >>> ax = compass([-10.0, -3.0])
    >>> pyplot.close()
    """
    g = as_pair(gradient, "compass", "gradient")
    if not np.any(g):
        raise ValueError(
            "`compass` needs a nonzero gradient: came (0, 0). At a critical point the slope is "
            "zero in every direction."
        )
    ax = current(ax, width=4.8, height=4.6)
    if ax.name != "rectilinear":
        raise ValueError(
            f"`compass` needs plain axes: came {ax.name} axes. Make them with panels()."
        )
    text = str(mpl.rcParams["text.color"])
    size, ahead = float(np.hypot(*g)), float(np.degrees(np.arctan2(g[1], g[0])))
    for radius in (0.5 * size, size):
        _, ring = headings(180)
        ring = np.vstack([ring, ring[:1]]) * radius
        ax.plot(ring[:, 0], ring[:, 1], color=muted(), linewidth=0.8, linestyle="-", zorder=0.5)
    degrees, spokes = headings(8)
    for angle_, spoke in zip(degrees, spokes, strict=True):
        ax.plot(
            [0.0, size * spoke[0]],
            [0.0, size * spoke[1]],
            color=muted(),
            linewidth=0.5,
            linestyle="-",
            zorder=0.5,
        )
        if abs((angle_ - ahead + 180.0) % 360.0 - 180.0) > 14.0:  # there the arrow has its label
            beside(ax, size * spoke, spoke, f"{angle_:g}°", text, 5.0)
    for turn, color, marker, face, name in (
        (0.0, "C1", "o", "C1", f"rises, at most {size:.3g}"),
        (180.0, "C0", "s", "none", f"falls, at most {size:.3g}"),
    ):
        sweep = np.radians(ahead + turn + np.linspace(-90.0, 90.0, 121))
        u = np.stack([np.cos(sweep), np.sin(sweep)], axis=-1)
        lobe = np.abs(u @ g)[:, None] * u
        ax.plot(
            lobe[:, 0],
            lobe[:, 1],
            color=color,
            linestyle=linestyle_of("C0" if turn == 0 else "C1"),
            marker=marker,
            markerfacecolor=face,
            markersize=6.0,
            markevery=(10, 20),
            label=name,
            zorder=2.0,
        )
    arrow([0.0, 0.0], g, label="gradient", color=text, ax=ax)
    for side in (-1.0, 1.0):
        zero = side * np.array([-g[1], g[0]])
        ax.plot(
            [0.0, zero[0]],
            [0.0, zero[1]],
            color=text,
            linestyle=":",
            linewidth=1.8,
            zorder=2.5,
        )
        beside(ax, 0.72 * zero, zero[::-1] * [1.0, -1.0], "0", text, 4.0)
    ax.set_xlim(-1.4 * size, 1.4 * size)
    ax.set_ylim(-1.22 * size, 1.22 * size)
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), borderaxespad=0.0)
    return ax


def loglog(
    x: ArrayLike,
    y: ArrayLike,
    *,
    label: str | None = None,
    order: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot positive data on logarithmic axes, with a guide line of a given order.

    Parameters
    ----------
    x, y : array_like, shape (m,)
        Positive.
    label : str, optional
        Shown in the legend.
    order : float, optional
        Draws a line ``y ~ x**order`` beside the stretch of the data that runs most nearly so.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If a number is not positive: it has no logarithm.

    Examples
    --------
    >>> from matplotlib import pyplot
    >>> h = np.logspace(-8, 0, 9)
    >>> ax = loglog(h, h**2, label="central", order=2)
    >>> pyplot.close()
    """
    a, b = as_columns(x, y, "loglog", "x", "y")
    for name, data in (("x", a), ("y", b)):
        if not np.all(data > 0.0):
            raise ValueError(
                f"`loglog` needs positive numbers: {np.sum(~(data > 0.0))} of the {data.size} in "
                f"`{name}` are not. Drop them, or raise them to a floor with np.maximum."
            )
    ax = current(ax)
    (line,) = ax.loglog(a, b, label=label, markersize=6.0)
    colors = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
    line.set_marker("os^Dvx"[colors.index(line.get_color()) % 6])
    if order is not None:
        _guide(ax, a, b, order)
    if label is not None:
        ax.legend()
    return ax


def _guide(ax: Axes, x: Array, y: Array, order: float) -> None:
    """Line of slope `order` beside the longest stretch of the data that follows one."""
    rank = np.argsort(x)
    u, w = np.log10(x[rank]), np.log10(y[rank])
    offset = w - order * u  # constant where y ~ x**order
    best, start, stop = -1.0, 0, 0
    for i in range(u.size):
        near = np.abs(offset - offset[i]) < 0.2  # a factor of 1.6
        left = i - int(np.argmin(np.append(near[i::-1], False))) + 1
        right = i + int(np.argmin(np.append(near[i:], False))) - 1
        if u[right] - u[left] > best:
            best, start, stop = float(u[right] - u[left]), left, right
    side = 1.0 if order >= 0.0 else -1.0
    shift = float(np.median(offset[start : stop + 1])) + 0.4
    ends = u[[start, stop]]
    ax.plot(
        10.0**ends,
        10.0 ** (order * ends + shift),
        color=muted(),
        linestyle=":",
        linewidth=2.0,
        zorder=1.0,
    )
    middle = float(np.mean(ends))
    ax.annotate(
        f"order {order:g}",
        (10.0**middle, 10.0 ** (order * middle + shift)),
        xytext=(-5.0 * side, 4.0),
        textcoords="offset points",
        ha="right" if side > 0.0 else "left",
        color=mpl.rcParams["text.color"],
        path_effects=halo(),
        zorder=6.0,
    )
