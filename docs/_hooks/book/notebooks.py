"""Notebooks: run again whenever the package that they import has changed."""

from __future__ import annotations

import hashlib
import importlib.metadata
from typing import Any

from .reader import ROOT

_LIBRARIES = ("numpy", "matplotlib", "mkdocs-jupyter", "nbconvert", "ipykernel")


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
        content.update(f"{name} {importlib.metadata.version(name)}".encode())
    return content.hexdigest()[:16]
