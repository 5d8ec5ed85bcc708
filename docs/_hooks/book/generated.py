"""Pages that the package writes itself, made in a process of their own and kept by content."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from . import whole
from .reader import ROOT
from .store import environment, for_a_child

ADDRESSES = ("reference/table.md", "reference/kinks.md", "appendices/verification.md")
CACHE = ROOT / ".cache" / "pages"
HERE = Path(__file__).resolve().parent


class Pages:
    """The generated pages, being made from now on while other work goes on."""

    def __init__(self) -> None:
        digest = hashlib.sha256(environment().encode())
        for name in ("tables.py", "kinks.py", "frameworks.py", "torch_rows.py"):
            digest.update((HERE / name).read_bytes())
        for page in sorted((ROOT / "docs").rglob("*.md")):  # rows link to the chapters that exist
            digest.update(page.relative_to(ROOT).as_posix().encode())
        self._file = CACHE / f"{digest.hexdigest()}.json"
        self._process: subprocess.Popen[str] | None = None
        if not self._file.is_file():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "book.tables"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=for_a_child(),
            )

    def texts(self) -> dict[str, str]:
        """Wait until they are made; return where each stands in the book, and its Markdown."""
        if self._process:
            text, problem = self._process.communicate()
            if self._process.returncode:
                raise RuntimeError(f"the generated pages were not made:\n{problem}")
            self._process = None
            whole.write(self._file, text)
        found: dict[str, str] = json.loads(self._file.read_text("utf-8"))
        return found

    def stop(self) -> None:
        """End the work; what was made so far is not kept."""
        if self._process:
            self._process.kill()
            self._process.communicate()
