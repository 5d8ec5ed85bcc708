"""About how many lines each block of a page takes, so that a browser draws it only when it comes near.

A chapter has hundreds of formulas, each of dozens of elements. While it opens, the theme asks for
the places of its headings, and a browser that must lay everything out for that keeps a reader
waiting. `book.css` lets it skip what is far from view, and takes the room for that from here; so a
page is about as long before it is read as after.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from . import formulas

_LETTERS = 84
"""Letters in a full line of the text, in a wide window."""
_TAG = re.compile(
    r"<(/?)(article|blockquote|details|div|dl|figure|form|nav|ol|p|section|table|ul)\b([^>]*)>"
)
_CLASS = re.compile(r'class="([^"]*)"')
_PRE = re.compile(r"<pre>(.*?)</pre>", re.S)
_PIECE = re.compile(r"<(?:dd|dt|li|p)\b[^>]*>")
_MARKUP = re.compile(r"<[^>]*>")
_KINDS = {"dl", "ol", "p", "ul"}
_CLASSES = {"admonition", "tabbed-set"}


def with_lengths(html: str) -> str:
    """Give the blocks of a page, and its code wherever it stands, their length in lines.

    Folded boxes and pictures keep what they have: the first take one line, the others know their
    size. A paragraph or list with a displayed formula among its text is left alone too: the margin
    of the formula may be that of the whole, and must not be shut in.
    """
    out, end = [], 0
    for start, stop in _blocks(html):
        out += [html[end:start], _measured(html[start:stop])]
        end = stop
    text = "".join([*out, html[end:]])
    return _PRE.sub(lambda match: f'<pre style="--lines:{_code(match[1])}">{match[1]}</pre>', text)


def _blocks(html: str) -> Iterator[tuple[int, int]]:
    """Where the outermost blocks of a page begin and end."""
    depth = start = 0
    for tag in _TAG.finditer(html):
        if tag[1]:
            depth -= 1
            if not depth:
                yield start, tag.end()
        else:
            if not depth:
                start = tag.start()
            depth += 1


def _measured(block: str) -> str:
    tag = _TAG.match(block)
    assert tag
    name, attributes = tag[2], tag[3]
    found = _CLASS.search(attributes)
    classes = set(found[1].split()) if found else set()
    if (name not in _KINDS and not classes & _CLASSES) or "hidden" in attributes.split():
        return block
    if "tabbed-set" in classes:
        first = block.split('<div class="tabbed-block">', 2)[1]
        lines = sum(_code(code) for code in _PRE.findall(first))
        return block.replace("<div", f'<div style="--lines:{lines}"', 1) if lines else block
    if name in _KINDS and formulas.displayed(block):
        inner = block[tag.end() : -len("</p>")]
        if name != "p" or attributes or not formulas.alone(inner):
            return block
        return f'<p class="formula" style="--lines:{_text(inner) + 1}">{inner}</p>'
    lines = sum(map(_text, filter(str.strip, _PIECE.split(_PRE.sub("", block)))))
    lines += sum(_code(code) for code in _PRE.findall(block))
    return f'<{name}{attributes} style="--lines:{lines}">{block[tag.end() :]}'


def _text(html: str) -> int:
    letters = len(" ".join(_MARKUP.sub("", formulas.plain(html)).split()))
    return math.ceil(letters / _LETTERS)


def _code(html: str) -> int:
    return _MARKUP.sub("", html).strip("\n").count("\n") + 1
