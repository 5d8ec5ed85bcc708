"""Pictures as they are published: in each palette, and to a hundredth of a point.

A block draws once. Each color of one palette stands for a color of the other, so the picture for the
dark page is that for the light page recolored, and shows the same. Matplotlib writes ten thousand
times finer than anybody sees, and a third of a picture's weight is those digits.
"""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from typing import Any

PALETTES = ("light", "dark")
DRAWN = PALETTES[0]
"""The palette in which blocks draw."""

_COLOR = re.compile(r"(?<=: )#[0-9a-f]{6}\b")
_FILL = re.compile(r"fill: |fill-opacity: 0(?:;|$)")
_SHAPES = {"path", "use", "rect", "circle", "text"}
_NOT_DRAWN = re.compile(r"<!DOCTYPE[^>]*>\s*|<metadata>.*?</metadata>\s*|<!--.*?-->\s*", re.S)
_PLACES = re.compile(r'(?<= )(?:d|height|points|width|x|x1|x2|y|y1|y2)="[^"]*"|translate\([^)]*\)')
_FINE = re.compile(r"-?\d+\.\d{3,}")


def drawn(figure: Any, salt: str) -> str:
    """What a Matplotlib figure looks like as SVG; `salt` decides how its elements are named."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": salt, "svg.fonttype": "path"}):
        # What `savefig` does, which would draw everything a first time to lay it out.
        canvas: Any = FigureCanvasSVG(figure)
        figure.set_dpi(72)  # an SVG is measured in points
        if layout := figure.get_layout_engine():
            layout.execute(figure)
            figure.set_layout_engine("none")
        canvas.print_svg(stream, metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def in_palettes(svg: str, colors: dict[str, list[str]]) -> dict[str, str]:
    """The picture in each palette, ready to be published.

    `colors` holds those of each palette, which stand for each other in order. Raise ValueError if
    the picture holds others: nobody could say what they are on the other page.
    """
    known = colors[DRAWN]
    if strange := sorted(set(_COLOR.findall(svg)).difference(known)):
        raise ValueError(
            f"has colors that no other palette knows: {', '.join(strange)} came. Leave colors to "
            'the theme, or take them from its cycle ("C0", "C1", ...); shade with `alpha`.'
        )
    if fault := _out_of_reach(ElementTree.fromstring(svg)):
        raise ValueError(fault)
    light = published(svg)
    return {
        palette: _recolored(light, dict(zip(known, colors[palette], strict=True)))
        for palette in PALETTES
    }


def _recolored(svg: str, colors: dict[str, str]) -> str:
    return _COLOR.sub(lambda color: colors[color[0]], svg)


def _out_of_reach(element: ElementTree.Element, filled: bool = False) -> str:
    """What in a picture would stay as it is in every palette, and what to do about it."""
    kind = element.tag.rpartition("}")[2]
    if kind == "image":
        return (
            "holds an image of pixels, which no palette can recolor: came from `imshow`, or from "
            "something rasterized. Draw areas (`pcolormesh`, `scatter`), shaded with `alpha`."
        )
    if kind == "defs":
        return ""
    # Matplotlib leaves black unsaid.
    filled = filled or bool(_FILL.search(element.get("style", "")))
    if kind in _SHAPES and not filled:
        return (
            "is partly black, which cannot be seen on a dark page: a color was given. Leave it to "
            'the theme, or take one from its cycle ("C0", "C1", ...).'
        )
    return next(filter(None, (_out_of_reach(child, filled) for child in element)), "")


def published(svg: str) -> str:
    """The same picture without what is not drawn, its places rounded.

    Scales keep their digits: they multiply.
    """
    return _PLACES.sub(lambda match: _rounded(match[0]), _NOT_DRAWN.sub("", svg))


def _rounded(places: str) -> str:
    fine = _FINE.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), places)
    return " ".join(fine.replace("-0 ", "0 ").split())
