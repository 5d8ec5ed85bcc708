"""The last touches to a built site: nothing that no reader loads, and the same bytes every time."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup

from . import formulas, kept, styles

_LONGEST = 200
_NAME = re.compile(r"\b[^\W\d]\w{2,}")


def description(html: str) -> str:
    """The first sentences of a page, as search engines and link previews show them."""
    paragraph = re.search(r"<p>.*?</p>", html, re.S)
    if paragraph is None:
        return ""
    soup = BeautifulSoup(formulas.plain(paragraph[0]), "html.parser")
    text = ""
    for sentence in re.split(r"(?<=[.?!])\s+", " ".join(soup.get_text().split())):
        if text and len(text) + len(sentence) >= _LONGEST:
            break
        text = f"{text} {sentence}".strip()
    return text


def with_external_links_marked(html: str) -> str:
    """Give links that leave the site a class, so that print can write out their addresses.

    The address alone does not tell: while a page is read, the theme makes all of them absolute.
    """
    return re.sub(r'<a href="(?=https?://)', '<a class="external" href="', html)


# Names, spaces and what the theme gives no color of its own; `book.css` gives names that of the text.
_PLAIN = re.compile(r'<span class="(?:fm|kc|n|sa|vm|w)">([^<]*)</span>')


def with_plain_code(html: str) -> str:
    """Code without the spans that change nothing that a reader sees: a quarter of a chapter's elements."""
    return _PLAIN.sub(r"\1", html).replace("<pre><span></span>", "<pre>")


def finish(config: Any) -> None:
    """Remove what no page loads, and whatever differs between two builds of the same book."""
    folder = Path(config.site_dir)
    for path in folder.rglob("*.map"):
        path.unlink()
    for path in (folder / "assets" / "javascripts").rglob("*.js"):
        _without_source_map(path)
    for path in (folder / "assets" / "stylesheets").rglob("*.css"):
        _without_source_map(path)
    _remove(folder / "assets" / "javascripts" / "lunr")
    _with_needed_styles(folder)
    _with_short_index(folder)
    _without_dates(folder)


def _with_needed_styles(folder: Path) -> None:
    """Leave of the style sheets what the pages use."""
    # The theme sets this mark whenever a palette is chosen, and so while each page opens, to stop all
    # transitions for a moment. To set and to remove it has a browser style the whole page anew.
    names = styles.names_in(_texts(folder, "*.html"), _texts(folder, "*.js"))
    names.discard("data-md-color-switching")
    sheets = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.css"))
    }
    left: dict[str, str] = kept.keep(
        "styles",
        [Path(styles.__file__).read_text("utf-8"), sheets, sorted(names)],
        lambda: styles.needed(sheets, names),
    )
    for name, text in left.items():
        (folder / name).write_text(text, encoding="utf-8")


def _texts(folder: Path, pattern: str) -> Iterator[str]:
    for path in folder.rglob(pattern):
        yield path.read_text(encoding="utf-8")


def _remove(folder: Path) -> None:
    """Remove a folder: the stemmers of languages in which the book is not written."""
    if folder.is_dir():
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        folder.rmdir()


def _without_source_map(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    cut = re.sub(
        r"\s*(?://[#@] sourceMappingURL=\S+|/\*[#@] sourceMappingURL=\S+ \*/)\s*$", "\n", text
    )
    if cut != text:
        path.write_text(cut, encoding="utf-8")


def searchable(text: str) -> str:
    """What the search keeps of a section: formulas as symbols, and of the code its names, once each.

    Every search loads the whole index, and code would be nearly half of it.
    """
    seen: set[str] = set()

    def names(code: re.Match[str]) -> str:
        found = _NAME.findall(re.sub(r"<[^>]*>|&\w+;", " ", code[0]))
        words = dict.fromkeys(word for word in found if word not in seen)
        seen.update(words)
        return f"<p>{' '.join(words)}</p>" if words else ""

    return formulas.plain(re.sub(r"<pre>.*?</pre>", names, text, flags=re.S))


def _with_short_index(folder: Path) -> None:
    """Write the letters of the search index as they are, not as six characters each."""
    path = folder / "search" / "search_index.json"
    if path.is_file():
        index = json.loads(path.read_text(encoding="utf-8"))
        text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
        path.write_text(text, encoding="utf-8")


def _without_dates(folder: Path) -> None:
    """Take the day of the build out of the sitemap: it says nothing about a page."""
    sitemap = folder / "sitemap.xml"
    if sitemap.is_file():
        text = re.sub(r"\s*<lastmod>[^<]*</lastmod>", "", sitemap.read_text(encoding="utf-8"))
        sitemap.write_text(text, encoding="utf-8")
        packed = gzip.compress(text.encode("utf-8"), mtime=0)
        (folder / "sitemap.xml.gz").write_bytes(packed)
