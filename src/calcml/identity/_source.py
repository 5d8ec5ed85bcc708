"""Where a row comes from: the works that its source cites, and the place in each."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Citation", "read_source"]

_MARK = r"(?:eq\.|sec\.|ch\.|app\.|p\.|table|algorithm|theorem|ex\.)"
_NUMBER = r'(?:[A-Z\d][\w.-]*\w|[A-Z\d]|"[^";]+")'
_PART = rf"{_MARK} {_NUMBER}(?:(?:, | and | to ){_NUMBER})*"
_PLACE = re.compile(rf"{_PART}(?:(?:, | and ){_PART})*")
_CITATION = re.compile(r"(?P<work>[^\W\d_][^\d;:]* \d{4}[a-z]?)(?:, (?P<place>.+))?")


class Citation(NamedTuple):
    """A work and the place in it; no place where the work is cited whole.

    Examples
    --------
    >>> read_source("Bishop 2006, eq. 4.90; Huber 1964", "logistic")[0].place
    'eq. 4.90'
    """

    work: str
    place: str


def read_source(source: str, owner: str) -> tuple[Citation, ...]:
    """Read the citations of a source, such as "Huber 1964; Bishop 2006, eq. 4.90 and 4.91"."""
    found = []
    for text in source.split("; "):
        match = _CITATION.fullmatch(text)
        place = (match and match["place"]) or ""
        if not match or (place and not _PLACE.fullmatch(place)):
            raise ValueError(
                f'`{owner}` needs a source like "Huber 1964; Bishop 2006, eq. 4.90 and sec. 4.3": '
                f"came {text!r}. Write authors and year, a comma, and the equation, section, chapter, "
                "appendix, page, table, algorithm, theorem or exercise."
            )
        found.append(Citation(match["work"], place))
    return tuple(found)
