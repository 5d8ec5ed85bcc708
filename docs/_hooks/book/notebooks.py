"""Notebooks: run again when the package that they import has changed, shown like any other page."""

from __future__ import annotations

import hashlib
import html
import json
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag

from . import runner
from .reader import ROOT, PageError

_LIBRARIES = ("numpy", "matplotlib", "mkdocs-jupyter", "nbconvert", "ipykernel")
_NO_ALT = "No description has been provided for this image"


def configure(config: Any) -> None:
    """Give mkdocs-jupyter a cache that knows the package.

    Its own key holds the notebook and its options, so that a renamed function of ``calcml`` would
    leave the old outputs on the site.
    """
    plugin = config.plugins.get("mkdocs-jupyter")
    if plugin is not None:
        plugin.config["cache_dir"] = str(ROOT / ".cache" / "notebooks" / _key())


def _key() -> str:
    content = hashlib.sha256()
    for path in sorted((ROOT / "src" / "calcml").rglob("*.py")):
        content.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    for name in _LIBRARIES:
        content.update(f"{name} {runner.version(name)}".encode())
    return content.hexdigest()[:16]


def description(path: Path) -> str | None:
    """The sentence for search engines, from the notebook's metadata."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    found = notebook["metadata"].get("description")
    return None if found is None else str(found)


def shown(text: str, path: Path) -> str:
    """The cells of an executed notebook in the markup of a page.

    What nbconvert wraps around them is left behind: half a megabyte of styles, and scripts that
    would ask other hosts for MathJax and Mermaid.
    """
    soup = BeautifulSoup(text, "html.parser")
    parts: list[str] = []
    for found in soup.select(".jp-RenderedMarkdown, .highlight-ipynb > pre, .jp-OutputArea-output"):
        if "jp-OutputArea-output" in (found.get("class") or []):
            parts.append(_output(found, path))
        elif found.name == "pre":
            code = found.decode_contents().removeprefix("<span></span>")
            parts.append(_block("language-python", code))
        else:
            for link in found.select("a.anchor-link"):
                link["class"] = "headerlink"
                link["title"] = "Link to this section"
            parts.append(found.decode_contents().strip())
    return "\n".join(parts)


def _block(classes: str, code: str) -> str:
    return f'<div class="{classes} highlight"><pre><span></span><code>{code}</code></pre></div>'


def _output(found: Tag, path: Path) -> str:
    kind = found.get("data-mime-type")
    if kind == "text/plain" and found.pre:
        return _block("language-text output", found.pre.decode_contents())
    if image := found.find("img"):
        alt = str(image.get("alt") or _NO_ALT)
        if alt == _NO_ALT:
            raise PageError(
                path, 1, "an image of a notebook needs a text: none came. Give Image(…, alt=…)."
            )
        source, alt = image["src"], html.escape(alt, quote=True)
        return f'<figure class="on-paper"><img src="{source}" alt="{alt}"></figure>'
    raise PageError(
        path, 1, f"a notebook on the site shows text and images: {kind} came. Print the result."
    )
