"""Computation graphs, and products of matrices drawn as rectangles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import FancyArrowPatch, Rectangle
from numpy.typing import ArrayLike

from calcml.plot._axes import as_pair, current
from calcml.plot._theme import halo, linestyle_of

_SPREAD = 0.5  # how far parallel edges are bent apart, as a share of their length
_GAP = 0.13  # between a matrix and its neighbor, where the longest side is 1
_PAD = 0.35  # room around the centers, as a share of the shortest distance between two
_THINNEST = 0.05  # share of the longest side that a side is drawn with at least
_ROOM = 0.2  # share of the longest side that a name needs inside of its rectangle


def graph(
    nodes: Mapping[str, ArrayLike],
    edges: Sequence[tuple[str, str, str]],
    *,
    labels: Mapping[str, str] | None = None,
    color: str = "C0",
    size: float = 34.0,
    at: float = 0.5,
    ax: Axes | None = None,
) -> Axes:
    """Draw a computation graph: circles, and arrows from each input to what uses it.

    Draw on the same axes again, in another color, to mark a part of the graph.

    Parameters
    ----------
    nodes : dict of str to pair
        Name and center of each node; both axes have the same scale.
    edges : sequence of (tail, head, label)
        Repeat a pair for parallel edges, which are bent apart. An empty label draws none.
    labels : dict of str to str, optional
        What to write in a node, instead of its name.
    color : str
    size : float
        Diameter of the circles, in points.
    at : float
        Beside which place of the edge a label stands: 0 is the tail, 1 the head.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there is no node, or an edge does not join two different nodes.

    Examples
    --------
    >>> from matplotlib import pyplot
    >>> ax = graph({"a": (0, 0), "m": (1, 0)}, [("a", "m", "3"), ("a", "m", "3")])
    >>> pyplot.close()
    """
    if not nodes:
        raise ValueError(
            "`graph` needs at least one node: came none. Give each a name and a place."
        )
    place = {name: as_pair(center, "graph", f"nodes[{name!r}]") for name, center in nodes.items()}
    for tail, head, _ in edges:
        if tail == head or tail not in place or head not in place:
            raise ValueError(
                f"`graph` needs edges between two different nodes: came {tail!r} to {head!r} among "
                f"{', '.join(place)}. Name both ends as in `nodes`."
            )
    ax = current(ax)
    ax.set_aspect("equal")
    ax.set_axis_off()
    total, drawn = Counter((tail, head) for tail, head, _ in edges), Counter[tuple[str, str]]()
    for tail, head, label in edges:
        pair = (tail, head)
        bend = _SPREAD * (drawn[pair] - (total[pair] - 1) / 2.0) if total[pair] > 1 else 0.0
        drawn[pair] += 1
        ax.add_patch(
            FancyArrowPatch(
                (float(place[tail][0]), float(place[tail][1])),
                (float(place[head][0]), float(place[head][1])),
                connectionstyle=f"arc3,rad={bend}",
                arrowstyle="-|>,head_length=0.4,head_width=0.22",
                mutation_scale=14.0,
                shrinkA=size / 2.0,
                shrinkB=size / 2.0 + 1.0,
                color=color,
                linestyle=linestyle_of(color),
                linewidth=1.8,
                zorder=2.0,
            )
        )
        if label:
            along = place[head] - place[tail]
            control = along / 2.0 + bend * np.array([along[1], -along[0]])  # as arc3 has it
            normal = np.array([-along[1], along[0]]) / np.hypot(*along)
            normal *= 9.0 if normal[1] >= 0.0 else -9.0  # points, above the edge
            x, y = place[tail] + 2.0 * at * (1.0 - at) * control + at**2 * along
            _write(
                ax, (float(x), float(y)), label, color, away=(float(normal[0]), float(normal[1]))
            )
    page = to_hex(to_rgb(mpl.rcParams["axes.facecolor"]))
    for name, center in place.items():
        ax.plot(
            *center[:, None],
            marker="o",
            markersize=size,
            markerfacecolor=page,
            markeredgecolor=color,
            markeredgewidth=1.8,
            linestyle="none",
            clip_on=False,
            zorder=3.0,
        )
        text = name if labels is None else labels.get(name, name)
        _write(ax, (float(center[0]), float(center[1])), text, mpl.rcParams["text.color"])
    centers = np.concatenate([line.get_xydata() for line in ax.lines])  # of earlier calls as well
    apart = np.linalg.norm(centers[:, None] - centers, axis=-1)
    pad = _PAD * apart[apart > 0.0].min() if np.any(apart > 0.0) else 1.0
    (left, low), (right, high) = centers.min(axis=0) - pad, centers.max(axis=0) + pad
    ax.set(xlim=(left, right), ylim=(low, high))
    return ax


def matrix_product(
    factors: Sequence[str | tuple[str, tuple[int, int]]], *, ax: Axes | None = None
) -> Axes:
    """Draw the factors of a matrix product as rectangles, with their shapes under them.

    The sides are to scale, except that a very short one is thickened so that it can be seen. The
    name of a matrix that is too thin to hold it stands above.

    Parameters
    ----------
    factors : sequence of str or (name, (rows, columns))
        A string, such as a bracket, is written between the matrices.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there is no matrix, or the columns of one are not the rows of the next.

    Examples
    --------
    >>> from matplotlib import pyplot
    >>> ax = matrix_product(["(", ("v", (1, 40)), ("B", (40, 40)), ")", ("A", (40, 20))])
    >>> pyplot.close()
    """
    shapes = [factor[1] for factor in factors if not isinstance(factor, str)]
    if not shapes:
        raise ValueError(
            "`matrix_product` needs at least one matrix: came none. Give pairs (name, shape)."
        )
    for left, right in pairwise(shapes):
        if left[1] != right[0]:
            raise ValueError(
                f"`matrix_product` needs the columns of each factor to be the rows of the next: "
                f"came {left} times {right}. Transpose one, or change the order."
            )
    ax = current(ax)
    ax.set_aspect("equal")
    ax.set_axis_off()
    longest, right_edge, ink = max(max(shape) for shape in shapes), 0.0, mpl.rcParams["text.color"]
    for factor in factors:
        if isinstance(factor, str):
            _write(ax, (right_edge, 0.0), factor, ink, fontsize=30.0)
            right_edge += _GAP
            continue
        name, shape = factor
        height, width = (max(side / longest, _THINNEST) for side in shape)
        corner, middle = (right_edge, -height / 2.0), right_edge + width / 2.0
        ax.add_patch(Rectangle(corner, width, height, facecolor="C0", alpha=0.25, edgecolor="none"))
        ax.add_patch(Rectangle(corner, width, height, fill=False, edgecolor="C0"))
        above = height / 2.0 + 0.12 if min(width, height) < _ROOM else 0.0
        _write(ax, (middle, above), name, ink)
        _write(ax, (middle, -0.66), f"{shape[0]} × {shape[1]}", ink, fontsize=11.0)
        right_edge += width + _GAP
    ax.set_xlim(-_GAP, right_edge)
    ax.set_ylim(-0.8, 0.7)
    return ax


def _write(
    ax: Axes,
    place: tuple[float, float],
    text: str,
    color: str,
    *,
    away: tuple[float, float] = (0.0, 0.0),
    fontsize: float | None = None,
) -> None:
    ax.annotate(
        text,
        place,
        xytext=away,
        textcoords="offset points",
        color=color,
        fontsize=fontsize,
        ha="center",
        va="center",
        path_effects=halo(4.0),
        annotation_clip=False,
        zorder=4.0,
    )
