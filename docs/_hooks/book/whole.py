"""Files that are there whole or not at all: builds may run at once, and any of them may be stopped."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write(file: Path, text: str) -> None:
    """Write a file under another name, and give it its own when it is complete."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", dir=file.parent, suffix=".part", delete=False, encoding="utf-8"
    ) as part:
        part.write(text)
    os.replace(part.name, file)
