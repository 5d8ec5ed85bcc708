r"""Formulas, rendered by KaTeX when the site is built: readers need no JavaScript for them.

``$…$`` is a formula in a line and ``$$…$$`` a displayed one; ``\$`` is a dollar sign. Code and
comments are never touched. Each formula becomes the picture that KaTeX draws with fonts, hidden
from screen readers, and MathML for them. A heading keeps a plain-text label for the table of
contents, and the end of a section carries the names of its TeX commands, not displayed, so that a
search for "nabla" finds it.

A rendered formula is a few kilobytes of HTML, and a page has hundreds. Markdown, the theme and the
search would parse all of it; so each formula travels through them as a short *place*, and
`filled` puts the HTML there at the very end, `plain` the symbols alone for texts without markup.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import html
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown.extensions.toc import slugify

from . import whole
from .reader import ROOT, PageError

CACHE = ROOT / ".cache" / "formulas"
KATEX = Path(__file__).parent / "katex"
_VERSION = "KaTeX 0.19.1, form 2"

MACROS = {
    r"\R": r"\mathbb{R}",
    r"\T": r"^{\mathsf{T}}",
    r"\grad": r"\nabla",
    r"\norm": r"\lVert #1 \rVert",
    r"\inner": r"\langle #1, #2 \rangle",
    r"\argmin": r"\operatorname*{arg\,min}",
    r"\argmax": r"\operatorname*{arg\,max}",
}
r"""The book's own commands; ``\norm{x}`` and ``\inner{a}{b}`` take arguments."""

# Commands that shape a formula and that nobody would search for.
_SHAPE = re.compile(
    "left|right|[bB]igg?[lr]?|begin|end|[td]?frac|text|math[a-z]+|boldsymbol|operatorname|q?quad|"
    "[clv]?dots?|[lr][vV]ert|[lr]angle|le|ge|ne|to|in|mid|times|top|(?:display|text)style|limits|"
    "hspace|(?:under|over)brace|R|T|lim"
)


class FormulaError(PageError):
    """A formula that the book refuses: where, which one, and what KaTeX says."""

    def __init__(self, page: str, line: int, formula: str, problem: str) -> None:
        self.formula = formula
        super().__init__(Path(page), line, f"the formula `{formula}` {problem}")
        if not line:
            self.args = (f"{page}: {self.problem}",)


@dataclass(frozen=True)
class Formula:
    """A formula of a page: its TeX, whether it is displayed, and the line where it begins."""

    tex: str
    display: bool
    line: int

    @property
    def written(self) -> str:
        return f"$${self.tex}$$" if self.display else f"${self.tex}$"

    @functools.cached_property
    def key(self) -> str:
        """What decides the rendered HTML, as the name of a file in the cache."""
        content = json.dumps([self.tex, self.display, MACROS, _VERSION])
        return hashlib.sha256(content.encode()).hexdigest()[:32]


# What can stand in a text, in the order in which it is recognized. Only formulas are replaced.
_CODE = r"(?<!`) (?P<ticks>`+) (?!`) (?:(?!\n[ \t]*\n).)+? (?<!`) (?P=ticks) (?!`)"
_HTML = (
    r"""<!--.*?(?:-->|\Z) | </?[A-Za-z][\w-]*"""
    r"""(?:\s+[\w:@.-]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>=`]+))?)*\s*/?>"""
)
_MATH = r"""
    (?P<dollar> \\\$ )
  | (?P<escape> \\. )
  | \$\$ (?P<display> (?: \\. | (?!\n[ \t]*\n) [^\\$] )*? ) \$\$
  | \$ (?!\$) (?P<inline> (?: \\. | (?!\n[ \t]*\n) [^\\$] )+? ) \$ (?!\d)
  | (?P<alone> \$ )
"""
_IN_MARKDOWN = re.compile(f"(?P<code> {_CODE} ) | (?P<html> {_HTML} ) | {_MATH}", re.X | re.S)
_IN_HTML = re.compile(_MATH, re.X | re.S)

_FENCE = re.compile(r"^ *(?P<ticks>`{3,}|~{3,})[^`]*$")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*\n", re.S)
_HEADING = re.compile(r"#{1,6}[ \t]")
_ATTRIBUTES = re.compile(r"[ \t]*\{:?[ \t]*(?P<list>[^{}\n]*?)[ \t]*\}[ \t]*$")
# Characters for private use: no text has them, and Markdown sees nothing of its own in them.
_PLACE = "\ue000{}\ue001"
_PLACED = re.compile("\ue000([0-9a-f]{32})\ue001")
_IN_LINE, _DISPLAYED = '<span class="arithmatex">', '<span class="arithmatex display">'
_rendered: dict[str, str] = {}
"""The HTML of every formula that this process met, by key."""


def filled(text: str) -> str:
    """Put every formula into the HTML of a finished page."""
    return _PLACED.sub(lambda match: _html(match[1]), text)


def plain(text: str) -> str:
    """Put the symbols of every formula into a text without markup, HTML's own characters escaped."""
    return _PLACED.sub(lambda match: _symbols(_html(match[1])), text)


def present(text: str) -> bool:
    """Whether a text has places for formulas."""
    return bool(_PLACED.search(text))


def displayed(text: str) -> bool:
    """Whether a text has a place for a displayed formula."""
    return any(_is_displayed(match[1]) for match in _PLACED.finditer(text))


def alone(text: str) -> bool:
    """Whether a text is the place of one displayed formula, and nothing else."""
    match = _PLACED.fullmatch(text.strip())
    return match is not None and _is_displayed(match[1])


def _is_displayed(key: str) -> bool:
    return _html(key).startswith(_DISPLAYED)


def _html(key: str) -> str:
    if key not in _rendered:
        _rendered[key] = (CACHE / key).read_text(encoding="utf-8")
    return _rendered[key]


def prepare(texts: Iterable[tuple[str, str]]) -> None:
    """Render the formulas of many texts, each with the name of its page, in one call of KaTeX.

    What is wrong with a formula is said when its page is rendered.
    """
    parts: list[str | Formula] = []
    for text, page in texts:
        with contextlib.suppress(FormulaError):
            parts += [part for _, found in _parsed(text, page, 1) for part in found]
    with contextlib.suppress(FormulaError):
        _render(parts, "")


def render_page(markdown: str, page: str, *, line: int = 1, index: bool = True) -> str:
    """Replace the formulas of a page by places that Markdown leaves as they are; see `filled`.

    ``line`` is the number of the first line in its page; ``index`` adds the words for the search.

    Raises
    ------
    FormulaError
        For TeX that KaTeX refuses, for a dollar sign that belongs to no formula, and for a formula
        in the title of a page.
    """
    pieces = _parsed(markdown, page, line)
    _render([part for _, parts in pieces for part in parts], page)
    words: dict[str, None] = {}
    out: list[str] = []
    for kind, parts in pieces:
        formulas = [part for part in parts if isinstance(part, Formula)]
        if kind == "heading":
            out.append(_words_of_section(words))
            words = {}
        text = _with_places(parts)
        if kind == "heading" and formulas:
            if text.startswith("# "):
                raise FormulaError(
                    page,
                    formulas[0].line,
                    formulas[0].written,
                    "stands in the title of the page, which tabs and menus show without markup. "
                    "Write it in words.",
                )
            text = _labelled(text, plain(text))
        out.append(text)
        for formula in formulas if index else ():
            words |= dict.fromkeys(_words(formula.tex))
    out.append(_words_of_section(words))
    return "".join(out)


def render_html(text: str, page: str) -> str:
    """Replace the formulas in the Markdown cells of a notebook's HTML; see ``render_page``."""
    pieces: list[str | Formula] = []
    depth = opaque = end = 0  # open elements in a cell of Markdown; those that hold no prose
    for tag in _TAG.finditer(text):
        before = text[end : tag.start()]
        if depth and not opaque:
            pieces += _scan(before, 0, page, pattern=_IN_HTML)
        else:
            pieces.append(before)
        pieces.append(tag[0])
        end = tag.end()
        name = (tag["name"] or "").lower()
        if not name or tag["void"] or name in _VOID:
            continue
        if depth:
            depth += -1 if tag["closing"] else 1
            if name in _OPAQUE:
                opaque += -1 if tag["closing"] else 1
        elif not tag["closing"] and _CELL.search(tag[0]):
            depth = 1
    pieces.append(text[end:])
    _render(pieces, page)
    return _with_places(pieces)


_TAG = re.compile(
    r"""<!--.*?-->
      | <(?P<closing>/)?(?P<name>[A-Za-z][\w:-]*)(?:[^<>"']|"[^"]*"|'[^']*')*?(?P<void>/)?>""",
    re.X | re.S,
)
_CELL = re.compile(r'class="[^"]*\bjp-RenderedMarkdown\b')
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"}
_OPAQUE = {"pre", "code", "script", "style", "textarea", "kbd"}


@functools.lru_cache(maxsize=1024)
def _parsed(markdown: str, page: str, line: int) -> list[tuple[str, list[str | Formula]]]:
    """Cut a page into its pieces, and each piece at its formulas."""
    return [
        (kind, [text] if kind == "opaque" else _scan(text, line - 1 + number, page))
        for kind, number, text in _pieces(markdown)
    ]


def _pieces(markdown: str) -> Iterator[tuple[str, int, str]]:
    """Cut a page into opaque parts (front matter, fences, comments), headings and prose."""
    front = _FRONT_MATTER.match(markdown)
    start = front.end() if front else 0
    if front:
        yield "opaque", 1, front[0]
    number = first = markdown.count("\n", 0, start) + 1
    held: list[str] = []
    until: str | None = None  # what ends the opaque part: a fence, or the end of a comment
    for line in re.findall(r"[^\n]*\n|[^\n]+", markdown[start:]):
        if until is None:
            fence = _FENCE.match(line.rstrip("\r\n"))
            comment = line.lstrip().startswith("<!--")
            heading = bool(_HEADING.match(line))
            if held and (fence or comment or heading):
                yield "prose", first, "".join(held)
                held = []
            if heading:
                yield "heading", number, line
            elif fence:
                first, held, until = number, [line], fence["ticks"]
            elif comment and "-->" not in line:
                first, held, until = number, [line], "-->"
            elif comment:
                yield "opaque" if line.rstrip().endswith("-->") else "prose", number, line
            else:
                if not held:
                    first = number
                held.append(line)
        else:
            held.append(line)
            closed = line.strip()
            if until == "-->":
                ended = "-->" in line
            else:
                ended = closed.startswith(until) and not closed.strip(until[0])
            if ended:
                yield "opaque", first, "".join(held)
                held, until = [], None
        number += 1
    if held:
        yield "prose" if until is None else "opaque", first, "".join(held)


def _scan(
    text: str, line: int, page: str, pattern: re.Pattern[str] = _IN_MARKDOWN
) -> list[str | Formula]:
    """Split a text at its formulas. ``line`` is the number of its first line, or 0 if unknown."""
    parts: list[str | Formula] = []
    end = 0
    for token in pattern.finditer(text):
        at = line and line + text.count("\n", 0, token.start())
        if token["alone"]:
            shown = text[token.start() :].split("\n")[0][:40]
            cure = "write out the word" if pattern is _IN_HTML else "write \\$ for a dollar sign"
            raise FormulaError(
                page,
                at,
                shown,
                f"needs a closing dollar in its paragraph: none came. Close it, or {cure}.",
            )
        parts.append(text[end : token.start()])
        end = token.end()
        if token["dollar"]:
            parts.append("&#36;")
        elif token["display"] is not None or token["inline"] is not None:
            display = token["display"] is not None
            tex = token["display"] if display else token["inline"]
            if pattern is _IN_HTML:
                tex = html.unescape(tex)
            parts.append(_formula(tex, display, at, page))
        else:
            parts.append(token[0])
    parts.append(text[end:])
    return parts


def _formula(tex: str, display: bool, line: int, page: str) -> Formula:
    formula = Formula(tex.strip(), display, line)
    if not formula.tex:
        raise FormulaError(page, line, formula.written, "needs TeX between its dollars: none came.")
    if not display and tex != formula.tex:
        raise FormulaError(
            page,
            line,
            f"${tex}$",
            "needs its dollars right against it: a space came. Remove it, or write \\$ for a "
            "dollar sign.",
        )
    return formula


def _with_places(parts: Iterable[str | Formula]) -> str:
    return "".join(p if isinstance(p, str) else _PLACE.format(p.key) for p in parts)


def _render(parts: Iterable[str | Formula], page: str) -> None:
    """Render formulas, from the cache or, all that are new in one call, with KaTeX."""
    new: dict[str, Formula] = {}
    for formula in parts:
        if isinstance(formula, Formula) and formula.key not in new:
            try:
                _html(formula.key)
            except FileNotFoundError:
                new[formula.key] = formula
    refused: list[FormulaError] = []
    for (key, formula), answer in zip(
        new.items(), _katex(new.values()) if new else (), strict=True
    ):
        if "error" in answer:
            said = answer["error"].removeprefix("KaTeX parse error: ").replace("\u0332", "")
            problem = f"is refused by KaTeX: {said}"
            refused.append(FormulaError(page, formula.line, formula.written, problem))
        else:
            _rendered[key] = _wrapped(answer["html"], formula.display)
            whole.write(CACHE / key, _rendered[key])
    if refused:
        raise refused[0]


def _katex(formulas: Iterable[Formula]) -> list[dict[str, str]]:
    jobs = [{"tex": f.tex, "display": f.display, "macros": MACROS} for f in formulas]
    process = _process(KATEX / "render.py")
    assert process.stdin and process.stdout and process.stderr
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(json.dumps(jobs).encode() + b"\n")
        process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        _process.cache_clear()
        said = process.stderr.read().decode(errors="replace").strip()
        raise RuntimeError(f"KaTeX did not run: {said}")
    answers: list[dict[str, str]] = json.loads(line)
    return answers


@functools.cache
def _process(script: Path) -> subprocess.Popen[bytes]:
    """The process of KaTeX, which takes longer to start than to render a page; it ends with this one."""
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    with process, contextlib.suppress(BrokenPipeError):
        assert process.stdin
        process.stdin.close()


def _wrapped(text: str, display: bool) -> str:
    """Give KaTeX's HTML the class that the theme knows, without what HTML does not need."""
    text = text.replace("\n", " ").replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")
    text = text.replace(' xmlns="http://www.w3.org/2000/svg"', "")
    return f"{_DISPLAYED if display else _IN_LINE}{text}</span>"


def _symbols(text: str) -> str:
    """The symbols of a rendered formula as plain text."""
    mathml = re.search(r"<math.*?</math>", text, re.S)
    assert mathml
    return re.sub(r"<annotation.*?</annotation>|<[^<>]*>", "", mathml[0])


def _labelled(heading: str, symbols: str) -> str:
    """A heading with an anchor and a label for the table of contents made of plain text."""
    attributes = _ATTRIBUTES.search(symbols)
    words = _ATTRIBUTES.sub("", symbols).lstrip("#").strip()
    given = attributes["list"] if attributes else ""
    name = html.unescape(re.sub(r"[*_`]|<[^<>]*>", "", words))
    if "#" not in given:
        given = f"#{slugify(name, '-')} {given}".strip()
    if "data-toc-label" not in given:
        given += f' data-toc-label="{html.escape(name)}"'
    return f"{_ATTRIBUTES.sub('', heading.rstrip())} {{: {given} }}\n"


def _words(tex: str) -> list[str]:
    """The names of the commands in a formula, the book's own written out."""
    names: list[str] = []
    for name in re.findall(r"\\([A-Za-z]+)", tex):
        names += re.findall(r"\\([A-Za-z]+)", MACROS.get(f"\\{name}", f"\\{name}"))
    return [name for name in names if not _SHAPE.fullmatch(name)]


def _words_of_section(words: Iterable[str]) -> str:
    """A paragraph for the search index alone."""
    text = " ".join(sorted(words))
    return f'\n\n<p hidden class="formula-words">{text}</p>\n\n' if text else ""
