"""Figures, axes, labels, and the checks of arguments that the functions share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from calcml.plot._theme import halo

Array = NDArray[np.float64]


Limits = tuple[float, float]


def panels(
    rows: int = 1,
    columns: int = 1,
    *,
    width: float | None = None,
    height: float | None = None,
    **subplot_kw: Any,
) -> Any:
    """Make a figure with a grid of axes.

    A phone shows the whole figure about 340 pixels wide, so text shrinks with every inch. Stack
    several panels in one column: that figure is narrow, and its text stays readable there.

    Parameters
    ----------
    rows, columns : int
    width, height : float
        Size of the whole figure, in inches. By default 7.0 wide, or 4.8 for panels that are
        stacked in one column, and 3.2 high for each row.
    **subplot_kw
        ``sharex``, ``sharey``, ``width_ratios``, ``height_ratios``; anything else, such as
        ``projection="3d"``, is passed to every axes.

    Returns
    -------
    Axes, or ndarray of Axes
        One axes for a single panel, shape (columns,) or (rows,) for one row or column, and
        (rows, columns) otherwise.

    Examples
    --------
    >>> from matplotlib import pyplot
    >>> above, below = panels(2)
    >>> pyplot.close()
    """
    stacked = rows > 1 and columns == 1
    width = (4.8 if stacked else 7.0) if width is None else width
    height = 3.2 * rows if height is None else height
    shared = ("sharex", "sharey", "width_ratios", "height_ratios")
    figure_kw = {key: subplot_kw.pop(key) for key in shared if key in subplot_kw}
    _, axes = pyplot.subplots(
        rows,
        columns,
        figsize=(width, height),
        layout="constrained",
        subplot_kw=subplot_kw,
        **figure_kw,
    )
    return axes


def current(ax: Axes | None, **panel: Any) -> Axes:
    if ax is not None:
        return ax
    if pyplot.get_fignums():
        return pyplot.gca()
    return cast(Axes, panels(**panel))


def as_pair(value: ArrayLike, owner: str, name: str) -> Array:
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise TypeError(
            f"`{owner}` needs real numbers as `{name}`: came dtype {array.dtype}. Pass two floats."
        )
    if array.shape != (2,):
        raise ValueError(
            f"`{owner}` needs a pair as `{name}`, shape (2,): came shape {array.shape}. "
            "Draw a slice of the parameters, two at a time."
        )
    if not np.all(np.isfinite(array)):
        raise ValueError(
            f"`{owner}` needs finite numbers as `{name}`: came {array.tolist()}. "
            "Drop it, or look for what diverged."
        )
    return array.astype(np.float64)


def as_limits(value: ArrayLike, owner: str, name: str) -> Limits:
    low, high = (float(end) for end in as_pair(value, owner, name))
    if not low < high:
        raise ValueError(
            f"`{owner}` needs `{name}` as (low, high) with low < high: came ({low:g}, {high:g}). "
            "Swap the ends."
        )
    return low, high


def as_columns(
    x: ArrayLike, y: ArrayLike, owner: str, x_name: str, y_name: str
) -> tuple[Array, Array]:
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if a.ndim != 1 or a.shape != b.shape or a.size == 0:
        raise ValueError(
            f"`{owner}` needs `{x_name}` and `{y_name}` of one shape (m,): came {a.shape} and "
            f"{b.shape}. Pass one number for each."
        )
    return a, b


def grid(xlim: Limits, ylim: Limits, n: int) -> tuple[Array, Array, Array]:
    x, y = np.linspace(*xlim, n), np.linspace(*ylim, n)
    X, Y = np.meshgrid(x, y)
    return X, Y, np.stack([X, Y], axis=-1)  # (n, n, 2)


def values_on(
    f: Callable[[Array], ArrayLike], points: Array, shape: tuple[int, ...], owner: str, name: str
) -> Array:
    values = np.asarray(f(points))
    if values.shape != shape:
        raise ValueError(
            f"`{owner}` needs a function of points of shape (..., 2): `{name}(p)` returned shape "
            f"{values.shape} for p of shape {points.shape}, not {shape}. "
            "Write it with p[..., 0] and p[..., 1], and reduce along the last axis."
        )
    if values.dtype.kind not in "iuf":
        raise TypeError(
            f"`{owner}` needs real values: `{name}(p)` returned dtype {values.dtype}. "
            "Return floats."
        )
    return values.astype(np.float64)


def name_axes(ax: Axes, f: object) -> None:
    names = getattr(f, "parameters", None)
    if isinstance(names, tuple) and len(names) == 2:
        ax.set_xlabel(names[0])
        ax.set_ylabel(names[1])


def beside(ax: Axes, tip: Array, direction: Array, label: str, color: str, gap: float) -> None:
    """Write a label next to `tip`, on the far side of it as seen along `direction`."""
    away = direction / np.hypot(*direction)
    horizontal = "center" if abs(away[0]) < 0.38 else ("left" if away[0] > 0.0 else "right")
    vertical = "center" if abs(away[1]) < 0.38 else ("bottom" if away[1] > 0.0 else "top")
    ax.annotate(
        label,
        (float(tip[0]), float(tip[1])),
        xytext=(gap * away[0], gap * away[1]),
        textcoords="offset points",
        ha=horizontal,
        va=vertical,
        color=color,
        path_effects=halo(),
        annotation_clip=False,
        zorder=6.0,
    )
