"""The two palettes, and what functions read from the one in force."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import matplotlib as mpl
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.rcsetup import cycler

from calcml._checks import need_choice

# The hues are those of M. Okabe and K. Ito, "Color Universal Design", 2008. Lightness was chosen,
# for each page, so that every color carries text (contrast at least 4.5, WCAG 2.2, 1.4.3) and so
# that they stay apart for a color-blind eye, the first four most of all; the tests measure both.
_PALETTES: dict[str, dict[str, str]] = {
    "light": {
        "page": "#ffffff",
        "text": "#212121",
        "muted": "#6f7680",
        "C0": "#034984",
        "C1": "#aa2803",
        "C2": "#0c8854",
        "C3": "#690640",
        "C4": "#b36201",
        "C5": "#316b9b",
    },
    "dark": {
        "page": "#1e2129",
        "text": "#e2e4e9",
        "muted": "#8d949f",
        "C0": "#5088dc",
        "C1": "#fb4701",
        "C2": "#83feb4",
        "C3": "#b57892",
        "C4": "#fad111",
        "C5": "#5cbffa",
    },
}


_LINESTYLES: list[Any] = [
    "-",
    (0, (5.0, 2.0)),
    (0, (5.0, 1.6, 1.2, 1.6)),
    (0, (1.2, 1.4)),
    (0, (9.0, 2.0)),
    (0, (4.0, 1.4, 1.2, 1.4, 1.2, 1.4)),
]


def palette(name: str) -> dict[str, str]:
    """Return the colors of a theme, by what each is for.

    The same names in the same order for each theme, and no color twice: a figure in the colors of
    one theme is recolored for another by replacing each by its namesake.

    Parameters
    ----------
    name : {"light", "dark"}

    Returns
    -------
    dict of str to str
        Hexadecimal colors, "#rrggbb": that of the page, of text, of what is muted (axes, ticks and
        grids), and of the cycle ("C0" to "C5").

    Raises
    ------
    ValueError
        If there is no such theme.

    Examples
    --------
    >>> palette("dark")["text"]
    '#e2e4e9'
    """
    need_choice(name, _PALETTES, "palette", "name")
    return dict(_PALETTES[name])


@contextmanager
def theme(name: str) -> Iterator[None]:
    """Draw for the light or the dark page while the context is open.

    The background is transparent; the invisible page color is what halos of labels are drawn in.
    The output is reproducible: glyphs become paths and element names do not change.

    Parameters
    ----------
    name : {"light", "dark"}

    Yields
    ------
    None

    Raises
    ------
    ValueError
        If there is no such theme.

    Examples
    --------
    >>> with theme("dark"):
    ...     print(mpl.rcParams["text.color"])
    #e2e4e9
    """
    need_choice(name, _PALETTES, "theme", "name")
    page, text, muted, *cycle = _PALETTES[name].values()
    settings: dict[str, Any] = {
        "figure.facecolor": page + "00",
        "axes.facecolor": page + "00",
        "savefig.facecolor": page + "00",
        "savefig.edgecolor": "none",
        "text.color": text,
        "axes.labelcolor": text,
        "axes.titlecolor": text,
        "axes.edgecolor": muted,
        "xtick.color": muted,
        "ytick.color": muted,
        "xtick.labelcolor": text,
        "ytick.labelcolor": text,
        "grid.color": muted,
        "legend.facecolor": page,
        "legend.edgecolor": "none",
        "legend.framealpha": 0.85,
        "legend.labelcolor": text,
        "axes.prop_cycle": cycler(color=cycle, linestyle=_LINESTYLES),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 13.0,
        "axes.titleweight": "normal",
        "axes.labelsize": 13.0,
        "font.family": ["DejaVu Sans"],
        "mathtext.fontset": "dejavusans",
        "font.size": 13.0,
        "xtick.labelsize": 12.0,
        "ytick.labelsize": 12.0,
        "legend.fontsize": 12.0,
        "lines.linewidth": 2.2,
        "lines.markersize": 8.0,
        "lines.scale_dashes": True,
        "svg.fonttype": "path",
        "svg.hashsalt": "calcml",
        "figure.dpi": 100.0,
        "savefig.dpi": 100.0,
    }
    with mpl.rc_context():
        mpl.rcdefaults()
        cast(Any, mpl.rcParams).update(settings)
        yield


def muted() -> str:
    return str(mpl.rcParams["grid.color"])


def halo(width: float = 3.0) -> list[patheffects.AbstractPathEffect]:
    """Outline of a label in the page color, which the theme keeps although it is transparent."""
    return [
        patheffects.withStroke(
            linewidth=width, foreground=to_hex(to_rgb(mpl.rcParams["axes.facecolor"]))
        )
    ]


def linestyle_of(color: str) -> Any:
    """Line style that goes with a color of the cycle, so that color is never alone."""
    cycle = mpl.rcParams["axes.prop_cycle"].by_key()
    if "linestyle" in cycle and len(color) > 1 and color[0] == "C" and color[1:].isdigit():
        return cycle["linestyle"][int(color[1:]) % len(cycle["linestyle"])]
    return "-"


def next_color(ax: Axes) -> str:
    """Color that the axes would give to the next line, as a name of the cycle."""
    colors = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
    (probe,) = ax.plot([], [])
    color = probe.get_color()
    probe.remove()
    return f"C{colors.index(color)}"
