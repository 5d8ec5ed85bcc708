"""What was made of a page, kept by content, so that a build makes anew only what changed.

MkDocs renders every page in every build and indexes it for the search. What comes out is decided by
the page's text, by the settings, by the book's own code and by which files there are to link to;
while these are the same, so is the result.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, get_toc

from . import runner, whole
from .reader import ROOT

CACHE = ROOT / ".cache" / "rendered"
_LIBRARIES = (
    "mkdocs", "mkdocs-material", "mkdocs-jupyter", "markdown", "pymdown-extensions", "pygments",
)  # fmt: skip
_loaded: dict[Path, Any] = {}
"""What this process used of the kept results: a build that follows need not read it again."""


def keep(kind: str, parts: list[Any], make: Callable[[], Any]) -> Any:
    """Return what `make` returns, from the cache if the parts that decide it are the same.

    The result must be JSON. None says that it may not be kept.
    """
    digest = hashlib.sha256(json.dumps([kind, parts]).encode()).hexdigest()
    file = CACHE / f"{kind}-{digest[:32]}.json"
    if file in _loaded:
        return _loaded[file]
    try:
        _loaded[file] = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        made = make()
        if made is None:
            return None
        whole.write(file, json.dumps(made))
        _loaded[file] = made
    return _loaded[file]


def forget_the_rest() -> None:
    """Remove what this process never used: results for texts that are no longer there."""
    for file in CACHE.glob("*.json"):
        if file not in _loaded:
            file.unlink(missing_ok=True)


def settings(config: Any, files: Files) -> list[Any]:
    """What decides how any page is rendered, besides its text."""
    code = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        code.update(path.read_bytes())
    code.update(Path(config.config_file_path).read_bytes())
    versions = [runner.version(name) for name in _LIBRARIES]
    # Pages link to pages and files, never to the drawn figures, which are put in afterwards.
    linked = sorted(f.src_uri for f in files if not f.src_uri.startswith("assets/figures/"))
    return [code.hexdigest(), versions, linked]


# Pages


def rendered_once(page: Any, text: str, deciding: list[Any]) -> None:
    """Let MkDocs render the page only if its text, or what else decides, is new.

    MkDocs has no event in the place of rendering: the method of this one page is replaced, as
    mkdocs-jupyter does.
    """

    def render(self: Page, config: Any, files: Files) -> None:
        # At the debug level MkDocs collects no links to anchors, and would check none later.
        debug = logging.getLogger("mkdocs").getEffectiveLevel() <= logging.DEBUG

        def make() -> dict[str, Any] | None:
            with _Complaints() as complaints:
                Page.render(self, config, files)
            # What is kept is not rendered again: a warning would be heard only once.
            return None if complaints.count else _record(self)

        known = keep("page", [page.file.src_uri, text, debug, deciding], make)
        if known is not None:
            _restore(self, known, files)

    page.render = types.MethodType(render, page)


class _Complaints(logging.Handler):
    """Counts what MkDocs logs while a page is rendered."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1

    def __enter__(self) -> _Complaints:
        logging.getLogger("mkdocs").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("mkdocs").removeHandler(self)


def _record(page: Page) -> dict[str, Any]:
    links = page.links_to_anchors or {}
    return {
        "content": page.content,
        "title": page._title_from_render,
        "toc": [_token(anchor) for anchor in page.toc],
        "anchors": sorted(page.present_anchor_ids or ()),
        "links": {file.src_uri: anchors for file, anchors in links.items()},
    }


def _restore(page: Page, known: dict[str, Any], files: Files) -> None:
    page.content = known["content"]
    page._title_from_render = known["title"]
    page.toc = get_toc(known["toc"])
    page.present_anchor_ids = set(known["anchors"])
    found = {files.get_file_from_path(uri): anchors for uri, anchors in known["links"].items()}
    page.links_to_anchors = {file: anchors for file, anchors in found.items() if file}


def _token(anchor: AnchorLink) -> dict[str, Any]:
    children = [_token(child) for child in anchor.children]
    return {"name": anchor.title, "id": anchor.id, "level": anchor.level, "children": children}


# The search

_PRE = re.compile(r"<pre\b.*?</pre>", re.S)
_TAG = re.compile(r"<[^>]*>")


def indexed_once(config: Any, finish: Callable[[str], str], deciding: list[Any]) -> None:
    """Let the search plugin index a page only if it is new; `finish` gives its texts their form.

    The plugin parses a page tag by tag, and most tags color code: it gets code without them.
    """
    plugin = config.plugins.get("search") or config.plugins.get("material/search")
    if plugin is None:
        return
    index = plugin.search_index
    add = index.add_entry_from_context

    def add_once(page: Page) -> None:
        def make() -> list[dict[str, Any]]:
            before, content = len(index.entries), page.content or ""
            page.content = _PRE.sub(lambda pre: f"<pre>{_TAG.sub('', pre[0])}</pre>", content)
            add(page)
            page.content = content
            entries: list[dict[str, Any]] = index.entries[before:]
            del index.entries[before:]
            for entry in entries:
                entry["title"], entry["text"] = finish(entry["title"]), finish(entry["text"])
            return entries

        decides = [page.content, page.url, str(page.title), page.meta, deciding]
        index.entries += keep("search", decides, make)

    index.add_entry_from_context = add_once
