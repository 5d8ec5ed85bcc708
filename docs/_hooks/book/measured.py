"""Tables that a benchmark measured: what the build shows where a page says ``benchmark: NAME``.

Times differ from run to run, so no block of a page may print them. A benchmark writes its table to
a file beside it (``python tests/benchmarks NAME --record``), together with the machine and a digest
of the code that it measured; the page shows the file, and a test asks for a new one when that code
has changed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import markdown

from .reader import ROOT, Page, PageError, shown

RESULTS = ROOT / "tests" / "benchmarks" / "results"

_KINDS = {
    "title": str, "command": str, "machine": str, "versions": dict, "columns": list, "rows": list,
    "sources": list, "digest": str,
}  # fmt: skip


@dataclass(frozen=True)
class Table:
    """What a benchmark measured, where, and with which versions."""

    title: str
    command: str
    machine: str
    versions: dict[str, str]
    columns: list[str]
    rows: list[list[Any]]
    sources: list[str]
    digest: str

    def markdown(self) -> str:
        """The table; the numbers of a column end at one edge."""
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.columns)
        rule = ["--:" if all(map(_is_number, column)) else ":--" for column in columns]
        lines = [self.columns, rule, *self.rows]
        return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)

    def caption(self) -> str:
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return f"{self.title} Measured by `{self.command}` on {self.machine}, with {versions}."

    def html(self, name: str) -> str:
        table = markdown.markdown(self.markdown(), extensions=["tables"])
        caption = markdown.markdown(self.caption())
        caption = caption.removeprefix("<p>").removesuffix("</p>")
        return (
            f'<figure id="benchmark-{name}" class="measured">\n{table}\n'
            f"<figcaption>{caption}</figcaption>\n</figure>"
        )


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def tables(page: Page) -> dict[str, Table]:
    """The tables that a page shows, by name, or PageError at a marker that has none."""
    found: dict[str, Table] = {}
    for line, name in page.tables.items():
        try:
            found[name] = load(name)
        except ValueError as error:
            raise PageError(page.path, line, str(error)) from None
    return found


def load(name: str) -> Table:
    """Read the results of a benchmark, or say with a ValueError what is wrong with them."""
    file = RESULTS / f"{name}.json"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in RESULTS.glob("*.json"))) or "none"
        raise ValueError(
            f"benchmark {name!r} needs its results in {shown(RESULTS)}: {known} came. Correct the "
            "name, or record them with `python tests/benchmarks NAME --record`."
        )
    content = json.loads(file.read_text("utf-8"))
    for key, kind in _KINDS.items():
        if not isinstance(content.get(key), kind):
            raise ValueError(
                f"{shown(file)} needs {key!r}, a {kind.__name__}: came {content.get(key)!r}. "
                "Record it again."
            )
    width = len(content["columns"])
    for row in content["rows"]:
        if len(row) != width or not all(isinstance(cell, str | int | float) for cell in row):
            raise ValueError(
                f"{shown(file)} needs rows of {width} words or numbers, one for each column: came "
                f"{row!r}. Record it again."
            )
    return Table(**{key: content[key] for key in _KINDS})
