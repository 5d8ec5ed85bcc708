"""Writes what a benchmark measured to a file that the book shows, and tells when it is stale.

The file names the code that it depends on: the benchmark and the part of the package that it
measures. It keeps a digest of that code without its comments and docstrings, which no time depends
on. ``tests/test_benchmarks.py`` compares the digest with the code as it is.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import platform
import tokenize
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(__file__).resolve().parent / "results"

_HAVE_DOCSTRINGS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def record(
    name: str,
    *,
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    sources: Sequence[str],
    packages: dict[str, str],
    command: str | None = None,
) -> Path:
    """Write ``results/NAME.json`` for the marker ``<!-- benchmark: NAME -->``.

    Parameters
    ----------
    title : str
        What was measured, as a sentence: it opens the caption.
    columns, rows : sequences
        The table as it will be shown: words, and numbers with the digits that were measured.
    sources : sequence of str
        Files and folders, from the project's root, whose change makes the numbers stale.
    packages : dict of str
        The libraries that took part: the name to show, and the name of the distribution.
    command : str, optional
        What prints the table; ``python tests/benchmarks NAME`` if left out.
    """
    content = {
        "title": title,
        "command": command or f"python tests/benchmarks {name}",
        "machine": machine(),
        "versions": {
            "Python": platform.python_version(),
            **{shown: version(distribution) for shown, distribution in packages.items()},
        },
        "columns": list(columns),
        "rows": [list(row) for row in rows],
        "sources": list(sources),
        "digest": digest(sources),
    }
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{name}.json"
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return file


def machine() -> str:
    """The processor, and how many cores of it there are."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = [line.partition(":") for line in cpuinfo.read_text().splitlines()]
        model = next((text.strip() for key, _, text in lines if key.strip() == "model name"), model)
    cores = os.cpu_count()
    return f"{cores} core{'' if cores == 1 else 's'} of an {model} processor"


def digest(sources: Sequence[str]) -> str:
    """Digest of the code in files and folders, given from the project's root."""
    found = hashlib.sha256()
    for source in sources:
        path = ROOT / source
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        for file in files:
            found.update(file.relative_to(ROOT).as_posix().encode() + b"\0")
            found.update(code_of(file.read_text("utf-8")).encode() + b"\0")
    return found.hexdigest()


def code_of(text: str) -> str:
    """The lines of a module that do something: without comments, docstrings and blank lines."""
    lines: list[str] = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _HAVE_DOCSTRINGS) and ast.get_docstring(node) is not None:
            first = node.body[0]
            assert first.end_lineno is not None
            lines[first.lineno - 1 : first.end_lineno] = [""] * (
                first.end_lineno - first.lineno + 1
            )
    return "\n".join(line.rstrip() for line in lines if line.strip())
