"""The last touches to a built site: nothing that no reader loads, and the same bytes every time."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup

_LONGEST = 200
_NAME = re.compile(r"\b[^\W\d]\w{2,}")


def description(html: str) -> str:
    """The first sentences of a page, as search engines and link previews show them."""
    paragraph = re.search(r"<p>.*?</p>", html, re.S)
    if paragraph is None:
        return ""
    soup = BeautifulSoup(paragraph[0], "html.parser")
    for twice in soup.select(".katex-html, annotation"):
        twice.decompose()
    text = ""
    for sentence in re.split(r"(?<=[.?!])\s+", " ".join(soup.get_text().split())):
        if text and len(text) + len(sentence) >= _LONGEST:
            break
        text = f"{text} {sentence}".strip()
    return text


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
    _with_short_index(folder)
    _without_dates(folder)


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


def _with_short_index(folder: Path) -> None:
    """Keep of the code in the search index its names, once in each section.

    Every page loads the index, and code would be nearly half of it.
    """
    path = folder / "search" / "search_index.json"
    if not path.is_file():
        return
    index = json.loads(path.read_text(encoding="utf-8"))
    for entry in index["docs"]:
        seen: set[str] = set()

        def names(code: re.Match[str], seen: set[str] = seen) -> str:
            text = re.sub(r"<[^>]*>|&\w+;", " ", code[0])
            words = dict.fromkeys(word for word in _NAME.findall(text) if word not in seen)
            seen.update(words)
            return f"<p>{' '.join(words)}</p>" if words else ""

        entry["text"] = re.sub(r"<pre>.*?</pre>", names, entry["text"], flags=re.S)
    path.write_text(json.dumps(index, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def _without_dates(folder: Path) -> None:
    """Take the day of the build out of the sitemap: it says nothing about a page."""
    sitemap = folder / "sitemap.xml"
    if sitemap.is_file():
        text = re.sub(r"\s*<lastmod>[^<]*</lastmod>", "", sitemap.read_text(encoding="utf-8"))
        sitemap.write_text(text, encoding="utf-8")
        packed = gzip.compress(text.encode("utf-8"), mtime=0)
        (folder / "sitemap.xml.gz").write_bytes(packed)
