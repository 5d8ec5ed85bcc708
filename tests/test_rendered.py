"""The built pages show the code that ran, all of it, and no other."""

import html
import re
from pathlib import Path
from typing import Any

import html5lib
import pytest
from book.reader import DOCS, Page, pages, read

HTML = "{http://www.w3.org/1999/xhtml}"


def text_of(element: Any) -> str:
    return "".join(element.itertext())


def shown(source: str) -> list[str]:
    """The text of everything in a page that looks like code or output, in order."""
    tree = html5lib.parse(source, namespaceHTMLElements=True)
    return [text_of(element).strip("\n") for element in tree.iter(f"{HTML}pre")]


def ran(page: Page) -> list[str]:
    """What a page may show as code: its executed blocks, their outputs, and listed commands."""
    lines = page.text.replace("\r\n", "\n").split("\n")
    texts = {}
    for block in page.blocks:
        if not block.hidden:
            texts[block.line] = block.code
            if block.expected is not None:
                texts[block.output_line] = block.expected
    for first, last, language in page.fences:
        if language not in {"python", "text"}:
            indent = len(lines[first - 1]) - len(lines[first - 1].lstrip())
            texts[first] = "\n".join(line[indent:] for line in lines[first : last - 1])
    return [texts[line].strip("\n") for line in sorted(texts)]


def published() -> list[tuple[Path, str]]:
    """Every page of the site with the address of its HTML."""
    found = []
    for path in pages():
        if path.is_relative_to(DOCS):
            inside = path.relative_to(DOCS).with_suffix("")
            place = inside.parent if inside.name == "index" else inside
            found.append((path, (place / "index.html").as_posix()))
    return found


@pytest.mark.parametrize(("path", "address"), published(), ids=lambda value: str(value)[-40:])
def test_page_shows_what_ran_and_nothing_else(site: Path, path: Path, address: str) -> None:
    assert shown((site / address).read_text("utf-8")) == ran(read(path))


def test_every_figure_is_shown_in_both_palettes(site: Path) -> None:
    for path, address in published():
        source = (site / address).read_text("utf-8")
        names = [figure.name for figure in read(path).figures]
        assert re.findall(r'<figure id="figure-([\w-]+)"', source) == names
        for figure in read(path).figures:
            for palette in ("light", "dark"):
                assert f"assets/figures/{figure.name}-{palette}.svg#only-{palette}" in source
                assert (site / f"assets/figures/{figure.name}-{palette}.svg").is_file()
            assert source.count(f'alt="{html.escape(figure.alt)}"') == 2


def test_the_comparison_sees_code_that_did_not_run() -> None:
    page = read(Path("x.md"), "```python\nx = 1\n```\n")
    good = "<pre><code>x = 1\n</code></pre>"
    assert shown(good) == ran(page)
    for bad in (
        good.replace("1", "2"),  # changed on the way
        good + "<pre>y = 2</pre>",  # added by a theme, a plugin or raw HTML
        "<p>x = 1</p>",  # lost
    ):
        assert shown(bad) != ran(page)
