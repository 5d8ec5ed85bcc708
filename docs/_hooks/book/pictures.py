"""Pictures as they are published: drawn to a hundredth of a point, which nobody sees the end of.

Matplotlib writes ten thousand times finer, and a third of a picture's weight is those digits.
"""

from __future__ import annotations

import re

_NOT_DRAWN = re.compile(r"<!DOCTYPE[^>]*>\s*|<metadata>.*?</metadata>\s*|<!--.*?-->\s*", re.S)
_PLACES = re.compile(r'(?<= )(?:d|height|points|width|x|x1|x2|y|y1|y2)="[^"]*"|translate\([^)]*\)')
_FINE = re.compile(r"-?\d+\.\d{3,}")


def published(svg: str) -> str:
    """The same picture without what is not drawn, its places rounded.

    Scales keep their digits: they multiply.
    """
    return _PLACES.sub(lambda match: _rounded(match[0]), _NOT_DRAWN.sub("", svg))


def _rounded(places: str) -> str:
    fine = _FINE.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), places)
    return " ".join(fine.replace("-0 ", "0 ").split())
