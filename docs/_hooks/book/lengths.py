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
_WINDOW = 50
"""Lines that a tall window has room for."""
_PICTURE = 15
"""About how many lines a picture is tall."""
_TAG = re.compile(
    r"<(/?)(article|blockquote|details|div|dl|figure|form|nav|ol|p|section|table|ul)\b([^>]*)>"
)
_CLASS = re.compile(r'class="([^"]*)"')
_PRE = re.compile(r"<pre>(.*?)</pre>", re.S)
_PIECE = re.compile(r"<(?:dd|dt|li|p)\b[^>]*>")
_ROW = re.compile(r"<tr\b[^>]*>")
_CELL = re.compile(r"<t[dh]\b[^>]*>")
_MARKUP = re.compile(r"<[^>]*>")
_KINDS = {"dl", "ol", "p", "ul"}


def with_lengths(html: str) -> str:
    """Give the blocks of a page, and the code in them, their length in lines.

    What stands in the first window is left alone: it is drawn at once, and no guess may move it.
    So are folded boxes, which take one line, and pictures, which know their size. A paragraph or
    list with a displayed formula among its text is left alone too: the margin of the formula may be
    that of the whole, and must not be shut in.
    """
    out: list[str] = []
    end = lines = 0
    for start, stop in _blocks(html):
        block = html[start:stop]
        out += [html[end:start], block if lines < _WINDOW else _measured(block)]
        lines += _PICTURE if block.startswith("<figure") else _text(block)
        end = stop
    return "".join([*out, html[end:]])


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
    inner = _PRE.sub(
        lambda code: f'<pre style="--lines:{_code(code[1])}">{code[1]}</pre>', block[tag.end() :]
    )
    same = f"<{name}{attributes}>{inner}"
    if "hidden" in attributes.split():
        return same
    if "tabbed-set" in classes:
        first = block.split('<div class="tabbed-block">', 2)[1]
        lines = sum(map(_code, _PRE.findall(first)))
    elif name == "table":
        rows = (_CELL.split(row)[1:] for row in _ROW.split(block)[1:])
        lines = sum(max(_text(cell, _LETTERS // len(row)) for cell in row) for row in rows if row)
        return f'<div class="table" style="--lines:{lines}">{same}</div>'
    elif name in _KINDS and formulas.displayed(block):
        whole = inner.removesuffix("</p>")
        if name != "p" or attributes or not formulas.alone(whole):
            return same
        return f'<p class="formula" style="--lines:{_text(whole) + 1}">{inner}'
    elif name in _KINDS or "admonition" in classes:
        lines = sum(map(_text, filter(str.strip, _PIECE.split(_PRE.sub("", block)))))
        lines += sum(map(_code, _PRE.findall(block)))
    else:
        return same
    return f'<{name}{attributes} style="--lines:{lines}">{inner}'


def _text(html: str, width: int = _LETTERS) -> int:
    letters = len(" ".join(_MARKUP.sub("", formulas.plain(html)).split()))
    return math.ceil(letters / width)


def _code(html: str) -> int:
    return _MARKUP.sub("", html).strip("\n").count("\n") + 1
