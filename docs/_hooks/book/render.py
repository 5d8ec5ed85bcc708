"""Turns a page as it is written into the Markdown and HTML that the site shows."""

from __future__ import annotations

import functools
import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import markdown

from calcml import problems

from . import formulas, measured, pictures, rules, runner
from .reader import Page, PageError, figures_of_the_site, read, shown
from .store import Run, Store

_PLACE = "figure-goes-here-{}"
# Code that prints has its output between itself and the picture, and stays open.
_PLACED = re.compile(
    r"(?:(?P<code><div class=\"language-python highlight\"><pre>(?:(?!</pre>).)*</pre></div>)\s*)?"
    r"<p>figure-goes-here-(?P<name>[a-z0-9-]+)</p>",
    re.S,
)
_TABLE = "table-goes-here-{}"
_TABLED = re.compile(r"<p>table-goes-here-(\S+)</p>")


class Book:
    """The pages of one build: read, and running from now on; shown when they are finished."""

    def __init__(self, paths: list[Path], store: Store) -> None:
        self.pages: dict[Path, Page] = {}
        self.errors: dict[Path, PageError] = {}
        self.not_run: list[str] = []
        self.store = store
        for path in paths:
            self._try(self._read, path)
        self._try(figures_of_the_site, list(self.pages.values()))
        self.run = Run(store, list(self.pages.values()))

    def finish(self) -> Book:
        """Wait until every block has run, and compare what they printed with what the pages show."""
        for error in self.run.errors():
            self.errors.setdefault(error.path, error)
        for page in self.pages.values():
            self._try(self._compare, page)
        return self

    def _try(self, action: Callable[[Any], object], argument: object) -> None:
        try:
            action(argument)
        except PageError as error:
            self.errors.setdefault(error.path, error)

    def _read(self, path: Path) -> None:
        page = _sound(path, path.read_bytes())
        measured.tables(page)  # refuses a name without results
        self.pages[path] = page

    def _compare(self, page: Page) -> None:
        for chain in page.chains:
            outcome = self.store.get(chain)
            if outcome is not None:
                runner.compare(page, chain, outcome)
            elif page.path not in self.errors:
                reason = ", ".join(sorted(runner.missing(chain)))
                self.not_run.append(f"{shown(page.path)}:{chain[0].line} ({reason})")

    def pictures(self) -> dict[str, str]:
        """Every drawn picture: its file name and its SVG."""
        found: dict[str, str] = {}
        for page in self.pages.values():
            for chain in page.chains:
                if outcome := self.store.get(chain):
                    found |= outcome.pictures
        return found

    def markdown(self, path: Path) -> str:
        """The page without its comments, with places for its figures and with marked outputs."""
        page = self.pages[path]
        lines = page.text.replace("\r\n", "\n").split("\n")
        for first, last in page.comments:
            lines[first - 1 : last] = [""] * (last - first + 1)
        for line, name in page.tables.items():
            written = page.text.splitlines()[line - 1]
            lines[line - 1] = written[: written.index("<")] + _TABLE.format(name)
        for chain in page.chains:
            lacking = runner.missing(chain)
            for block in chain:
                pad = " " * block.indent
                if block.expected is not None:
                    lines[block.output_line - 1] = f"{pad}```{{.text .output}}"
                if block.figure and not lacking:
                    place = _PLACE.format(block.figure.name)
                    # The marker has four lines or more: the place stands between blank ones.
                    lines[block.figure.line] = pad + place
            if lacking and not chain[-1].hidden:
                last = max(chain[-1].end, chain[-1].output_end)
                names = " and ".join(sorted(lacking))
                # Joined to the fence's line, so that the lines below keep their numbers.
                lines[last - 1] += (
                    f"\n\n{' ' * chain[0].indent}*Not run in this build: "
                    f"{names} is not installed.*\n"
                )
        return "\n".join(lines)

    def formulas(self) -> Iterator[tuple[str, str]]:
        """Every text of the book that may have formulas, with the name of its page."""
        for path, page in self.pages.items():
            yield self.markdown(path), shown(path)
            for figure in page.figures:
                yield figure.caption, shown(path)
                if figure.interactive:
                    yield figure.interactive.question, shown(path)

    def html(self, text: str, path: Path, root: str) -> str:
        """Put the figures and measured tables of a page into its HTML; ``root`` leads to the site's root.

        Code that does nothing but draw is folded away under its picture.
        """
        page = self.pages[path]
        figures = {figure.name: figure for figure in page.figures}
        sizes: dict[str, tuple[float, float]] = {}
        for chain in page.chains:
            if outcome := self.store.get(chain):
                sizes |= outcome.sizes

        def picture(match: re.Match[str]) -> str:
            figure = figures[match["name"]]
            width, height = (round(96 * inches) for inches in sizes[figure.name])
            alt = html.escape(figure.alt, quote=True)
            images = "\n".join(
                f'<img src="{root}assets/figures/{figure.name}-{palette}.svg#only-{palette}" '
                f'alt="{alt}" width="{width}" height="{height}" loading="lazy">'
                for palette in pictures.PALETTES
            )
            caption = inline(figure.caption, figure.line, path)
            attributes, question = "", ""
            if found := figure.interactive:
                attributes = (
                    f' data-interactive="{found.name}"'
                    f' data-deliveries="{html.escape(deliveries(), quote=True)}"'
                )
                text = inline(found.question, found.line, path)
                question = f'<p class="interactive-question">{text}</p>\n'
            drawn = (
                f'<figure id="figure-{figure.name}" class="drawn"{attributes}>\n{question}'
                f"{images}\n<figcaption>{caption}</figcaption>\n</figure>"
            )
            if match["code"] is None:
                return drawn
            summary = "<summary>Code that draws this figure</summary>"
            return f'{drawn}\n<details class="drawing">{summary}\n{match["code"]}\n</details>'

        tables = measured.tables(page)
        text = _TABLED.sub(lambda match: tables[match[1]].html(match[1]), text)
        return _PLACED.sub(picture, text)


@functools.lru_cache(maxsize=1024)
def inline(words: str, line: int, path: Path) -> str:
    """Words of a marker, with their formulas and emphasis."""
    text = formulas.render_page(words, shown(path), line=line, index=False)
    made: str = markdown.markdown(text, extensions=["md_in_html"])
    return made.removeprefix("<p>").removesuffix("</p>")


@functools.lru_cache(maxsize=256)
def _sound(path: Path, content: bytes) -> Page:
    """A page that follows the rules; read again only when its content changes."""
    page = read(path)
    rules.check(page)
    return page


def deliveries() -> str:
    """The data of the running example, for scripts: no script repeats a number of the package."""
    names = ("distance", "time", "late")
    return json.dumps({name: getattr(problems, name).tolist() for name in names})


def failure(error: PageError) -> str:
    """The page shown while authoring when a page is refused: what is wrong, and where."""
    return (
        f'# This page cannot be shown\n\n<pre class="page-error">{html.escape(str(error))}</pre>\n'
    )
