"""Pictures over the plane of two parameters: level curves, surface, field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from matplotlib import ticker as mticker
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb, to_rgba
from numpy.typing import ArrayLike

from calcml._checks import need_callable
from calcml.plot._axes import Array, Limits, as_limits, current, grid, name_axes, values_on
from calcml.plot._levels import distinct, roomy, round_levels
from calcml.plot._theme import halo, muted


def contours(
    f: Callable[[Array], ArrayLike],
    xlim: Limits,
    ylim: Limits,
    *,
    levels: ArrayLike | None = None,
    labels: bool = True,
    shade: bool = False,
    equal: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw the level curves of a function of two parameters, labeled with their levels.

    Parameters
    ----------
    f : callable
        Maps points of shape (m, n, 2) to values of shape (m, n). If it has ``parameters``, they
        become the axis labels.
    xlim, ylim : (float, float)
    levels : sequence of float, optional
        By default round numbers: geometric for a positive function that spans decades, equally
        spaced otherwise.
    labels : bool
        Leave them out where only the course or the spacing of the curves matters.
    shade : bool
        Fill the bands between the curves, darker where the function is larger.
    equal : bool
        One unit is equally long on both axes, so that right angles look right.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If ``f`` returns the wrong shape, or no level lies between its least and largest value.

    Examples
    --------
    >>> from matplotlib import pyplot
    >>> ax = contours(lambda p: np.sum(p**2, axis=-1), (-1.0, 1.0), (-1.0, 1.0))
    >>> pyplot.close()
    """
    need_callable(f, "contours")
    xlim, ylim = as_limits(xlim, "contours", "xlim"), as_limits(ylim, "contours", "ylim")
    X, Y, points = grid(xlim, ylim, 161)
    values = values_on(f, points, X.shape, "contours", "f")
    if not np.any(np.isfinite(values)):
        raise ValueError("`contours` needs finite values: all are NaN or infinite. Check `f`.")
    chosen = round_levels(values) if levels is None else np.unique(np.asarray(levels, dtype=float))
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if not np.any((chosen >= low) & (chosen <= high)):
        raise ValueError(
            f"`contours` needs a level between {low:.6g} and {high:.6g}, the range of `f` here: "
            f"came {chosen.tolist()}. Choose others, or levels=None."
        )
    ratio = (ylim[1] - ylim[0]) / (xlim[1] - xlim[0])
    ax = current(ax, height=min(max(6.0 * ratio, 3.2), 5.2) if equal else 3.6)
    masked = np.ma.masked_invalid(values)
    if shade:
        ends = np.concatenate([[-np.inf], chosen, [np.inf]])
        clipped = np.clip(ends, low - 1.0, high + 1.0)
        alphas = np.linspace(0.02, 0.3, clipped.size - 1)
        tints = [(*to_rgb(muted()), alpha) for alpha in alphas]
        ax.contourf(X, Y, masked, levels=np.unique(clipped), colors=tints, zorder=0.5)
    curves = ax.contour(
        X, Y, masked, levels=chosen, colors=muted(), linewidths=1.2, linestyles="-", zorder=1.0
    )
    if labels:
        texts = ax.clabel(
            curves,
            fmt=distinct(chosen),
            fontsize=11,
            inline_spacing=4,
            manual=roomy(cast(Any, curves).allsegs, xlim, ylim),
        )
        for text in texts or []:
            text.set_path_effects(halo(2.0))
    ax.set_xlim(*xlim)
    ax.set_ylim(*ylim)
    if equal:
        ax.set_aspect("equal")
    name_axes(ax, f)
    return ax


def surface(
    f: Callable[[Array], ArrayLike], xlim: Limits, ylim: Limits, ax: Axes | None = None
) -> Axes:
    """Draw the graph of a function of two parameters above its level curves.

    Parameters
    ----------
    f : callable
        Maps points of shape (m, n, 2) to values of shape (m, n).
    xlim, ylim : (float, float)
    ax : Axes3D, optional
        Made by ``panels(projection="3d")``.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If ``f`` returns the wrong shape, or ``ax`` is not three-dimensional.

    Examples
    --------
    >>> from matplotlib import pyplot
    >>> ax = surface(lambda p: np.sum(p**2, axis=-1), (-1.0, 1.0), (-1.0, 1.0))
    >>> pyplot.close()
    """
    need_callable(f, "surface")
    xlim, ylim = as_limits(xlim, "surface", "xlim"), as_limits(ylim, "surface", "ylim")
    axes: Any = current(ax, projection="3d", height=4.2)
    if axes.name != "3d":
        raise ValueError(
            f"`surface` needs 3-D axes: came {axes.name} axes. "
            'Make them with panels(projection="3d").'
        )
    X, Y, points = grid(xlim, ylim, 29)
    values = values_on(f, points, X.shape, "surface", "f")
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    base = low - 0.6 * (high - low)
    # One color, denser where it is higher: it has a counterpart in every theme.
    faces = np.tile(to_rgba("C0"), (*X.shape, 1))
    faces[..., 3] = 0.2 + 0.6 * np.nan_to_num((values - low) / ((high - low) or 1.0))
    axes.plot_surface(
        X,
        Y,
        values,
        facecolors=faces,
        rcount=29,
        ccount=29,
        edgecolor=muted(),
        linewidth=0.3,
        shade=False,
    )
    fine_X, fine_Y, fine = grid(xlim, ylim, 81)
    fine_values = values_on(f, fine, fine_X.shape, "surface", "f")
    axes.contour(
        fine_X,
        fine_Y,
        fine_values,
        levels=round_levels(fine_values),
        zdir="z",
        offset=base,
        colors=muted(),
        linewidths=1.2,
    )
    axes.set_zlim(base, high)
    axes.set_box_aspect(None, zoom=0.9)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_pane_color((0.0, 0.0, 0.0, 0.0))
        axis.set_major_locator(mticker.MaxNLocator(4))
    ticks = axes.zaxis.get_major_locator().tick_values(low, high)
    axes.set_zticks(ticks[(ticks >= low) & (ticks <= high)])
    name_axes(axes, f)
    return cast(Axes, axes)


def field(
    gradient: Callable[[Array], ArrayLike],
    xlim: Limits,
    ylim: Limits,
    *,
    n: int = 9,
    ax: Axes | None = None,
) -> Axes:
    """Draw a vector at every point of a grid, lengths true up to one common factor.

    The longest arrow spans the distance between two grid points.

    Parameters
    ----------
    gradient : callable
        Maps points of shape (n, n, 2) to vectors of shape (n, n, 2).
    xlim, ylim : (float, float)
    n : int
        Points along each axis.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If ``gradient`` returns the wrong shape or values that are not finite, or ``n`` is 1.

    Examples
    --------
    >>> from matplotlib import pyplot
    >>> ax = field(lambda p: 2 * p, (-1.0, 1.0), (-1.0, 1.0))
    >>> pyplot.close()
    """
    need_callable(gradient, "field", "gradient")
    xlim, ylim = as_limits(xlim, "field", "xlim"), as_limits(ylim, "field", "ylim")
    if n < 2:
        raise ValueError(f"`field` needs `n` >= 2: came {n}. Draw one vector with `arrow`.")
    wx, wy = (xlim[1] - xlim[0]) / n, (ylim[1] - ylim[0]) / n
    inner = (xlim[0] + 0.5 * wx, xlim[1] - 0.5 * wx), (ylim[0] + 0.5 * wy, ylim[1] - 0.5 * wy)
    X, Y, points = grid(*inner, n)
    vectors = values_on(gradient, points, points.shape, "field", "gradient")
    if not np.all(np.isfinite(vectors)):
        raise ValueError(
            "`field` needs finite vectors: `gradient(p)` holds NaN or infinity. "
            "Keep the limits where it is defined."
        )
    reach = float(np.max(np.hypot(vectors[..., 0] / wx, vectors[..., 1] / wy)))
    ax = current(ax)
    ax.quiver(
        X,
        Y,
        vectors[..., 0],
        vectors[..., 1],
        angles="xy",
        scale_units="xy",
        scale=reach if reach > 0.0 else 1.0,
        color="C1",
        width=0.005,
        headwidth=4.0,
        headlength=5.0,
        headaxislength=4.5,
        zorder=2.0,
    )
    if ax.get_autoscale_on():
        ax.set_xlim(*xlim)
        ax.set_ylim(*ylim)
    return ax
