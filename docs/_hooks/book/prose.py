"""Checks what the prose of a page claims: its numbers and the names it mentions."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from decimal import Decimal

from . import measured
from .reader import Page, PageError

_ROOTS = {"np": "numpy", "numpy": "numpy", "calcml": "calcml", "torch": "torch", "jax": "jax"}
_CODE = re.compile(r"(`+)(.+?)\1")
_NAME = re.compile(r"^(?:np|numpy|calcml|torch|jax)(?:\.[A-Za-z_]\w*)+(?=\(|$)")
_LINK = re.compile(r"\]\([^)]*\)|<https?://[^>]*>|https?://\S+|\{[^{}]*\}\s*$")
_NUMBER = re.compile(
    r"(?<![\w./#§^_])(?<!\w-)(?P<digits>\d{1,3}(?:[,\u2009\u202f ]\d{3})+(?:\.\d+)?|\d+\.\d+|\d+)"
    r"(?:\s*(?:\\times|×|\\cdot|·)\s*10\^\{?(?P<power>[-−+]?\d+)\}?|[eE](?P<exponent>[-−+]?\d+))?(?![\w])"
)
_IN_CODE = re.compile(
    r"(?<![\w])\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?|(?<![\w.])\.\d+(?:[eE][-+]?\d+)?"
)
_REFERENCE = re.compile(
    r"\b(?:[Cc]hapters?|[Ee]xercises?|[Pp]itfalls?|[Ss]ections?|[Ff]igures?|[Tt]heorems?|[Ss]tep|Python|NumPy|PyTorch|JAX|MkDocs|"
    r"Debian|Ubuntu|version|release)\s+[\dP][\d.]*(?:\s*(?:,|and|to|or|–|-)\s*\d[\d.]*)*"
)
_HEADING_NUMBER = re.compile(r"^(#+\s+)(?:Exercise\s+)?[\dP][\d.]*\s")


def check(page: Page) -> list[PageError]:
    """Every claim of the prose that the page does not bear out."""
    return sorted([*_numbers(page), *_names(page)], key=lambda error: error.line)


def paragraphs(page: Page) -> list[list[tuple[int, str]]]:
    """The prose, without fences and comments: lines with their numbers, by paragraph."""
    gone = {
        number
        for first, last in [*((first, last) for first, last, _ in page.fences), *page.comments]
        for number in range(first, last + 1)
    }
    lines = page.text.replace("\r\n", "\n").split("\n")
    if lines and lines[0] == "---":  # front matter
        gone |= set(range(1, lines.index("---", 1) + 2))
    found: list[list[tuple[int, str]]] = [[]]
    for number, line in enumerate(lines, 1):
        if number in gone or not line.strip():
            found.append([])
        else:
            found[-1].append((number, line))
    for figure in page.figures:  # what a figure says is prose too
        found.append([(figure.line, figure.alt), (figure.line, figure.caption)])
        if figure.interactive:
            found.append([(figure.interactive.line, figure.interactive.question)])
    return [paragraph for paragraph in found if paragraph]


# Numbers


def _numbers(page: Page) -> Iterator[PageError]:
    """Every number of the prose must be one that the page computes, or carry its source."""
    known = _computed(page)
    for paragraph in paragraphs(page):
        if any("https://" in line for _, line in paragraph):
            continue  # cited
        for number, line in paragraph:
            for text, value in numbers(line):
                if not any(_rounds_to(value, other) for other in known):
                    yield PageError(
                        page.path,
                        number,
                        f"a number in the prose must be computed on the page: {text} is in no "
                        "block or output. Print or assert it (a hidden block will do), or link "
                        "its source in the same paragraph.",
                    )


def numbers(line: str) -> list[tuple[str, Decimal]]:
    """The numbers of a line that are claims: decimals, and integers of two digits or more."""
    line = _HEADING_NUMBER.sub(r"\1", line)
    line = _LINK.sub(" ", line)
    line = re.sub(r"^\s*\d+[.)]\s", " ", line)  # the marker of a list item
    line = _CODE.sub(" ", line)
    line = _REFERENCE.sub(" ", line)
    line = re.sub(r"\[\^[^\]]*\]", " ", line)
    found: list[tuple[str, Decimal]] = []
    for match in _NUMBER.finditer(line):
        digits = re.sub(r"[,\u2009\u202f ]", "", match["digits"])
        power = (match["power"] or match["exponent"] or "").replace("−", "-")
        if len(digits) == 1 and not power:
            continue
        value = Decimal(digits)
        if power:
            value = value.scaleb(int(power))
        found.append((match[0], value))
    return found


def _computed(page: Page) -> set[Decimal]:
    texts = [block.code for block in page.blocks] + [block.expected or "" for block in page.blocks]
    for table in measured.tables(page).values():
        texts += [table.title, table.markdown()]
    found: set[Decimal] = set()
    for text in texts:
        for match in _IN_CODE.findall(text.replace(",", " ") + " " + text.replace(",", "")):
            try:
                found.add(abs(Decimal(match.replace("_", ""))))
            except ArithmeticError:
                continue
    return found


def _rounds_to(value: Decimal, other: Decimal) -> bool:
    """Whether ``value``, to the digits it shows, is ``other``, plainly or as a percentage."""
    unit = Decimal(1).scaleb(int(value.as_tuple().exponent))
    return any(abs(value - candidate) <= unit / 2 for candidate in (other, other * 100))


# Names


def _names(page: Page) -> Iterator[PageError]:
    """Every name in inline code that claims to be in a library must be there."""
    for paragraph in paragraphs(page):
        for number, line in paragraph:
            for _, code in _CODE.findall(line):
                if (found := _NAME.match(code.strip())) and not exists(found[0]):
                    yield PageError(
                        page.path,
                        number,
                        f"a name in inline code must exist: {found[0]!r} does not. Correct it.",
                    )


def exists(name: str) -> bool:
    """Whether a dotted name can be reached; True for a framework that is not installed."""
    root, *rest = name.split(".")
    try:
        thing = importlib.import_module(_ROOTS[root])
    except ImportError:
        return root in {"torch", "jax"}
    path = _ROOTS[root]
    for part in rest:
        path += f".{part}"
        if not hasattr(thing, part):
            try:
                thing = importlib.import_module(path)
            except ImportError:
                return False
        else:
            thing = getattr(thing, part)
    return True
