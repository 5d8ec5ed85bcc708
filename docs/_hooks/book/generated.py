"""Pages that the package writes itself, made in a process of their own and kept by content."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from .reader import ROOT
from .store import environment, for_a_child

ADDRESSES = ("reference/table.md", "reference/kinks.md", "appendices/verification.md")
CACHE = ROOT / ".cache" / "pages"
HERE = Path(__file__).resolve().parent


def pages() -> dict[str, str]:
    """Where each generated page stands in the book, and its Markdown."""
    digest = hashlib.sha256(environment().encode())
    for name in ("tables.py", "kinks.py", "frameworks.py", "torch_rows.py"):
        digest.update((HERE / name).read_bytes())
    for page in sorted((ROOT / "docs").rglob("*.md")):  # rows link to the chapters that exist
        digest.update(page.relative_to(ROOT).as_posix().encode())
    file = CACHE / f"{digest.hexdigest()}.json"
    if not file.is_file():
        made = subprocess.run(
            [sys.executable, "-m", "book.tables"],
            capture_output=True,
            text=True,
            check=False,
            env=for_a_child(),
        )
        if made.returncode:
            raise RuntimeError(f"the generated pages were not made:\n{made.stderr}")
        CACHE.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_text(made.stdout, "utf-8")
        part.replace(file)
    found: dict[str, str] = json.loads(file.read_text("utf-8"))
    return found
