"""What every chain of the book did, run in fresh processes and kept by content.

A chain is run again as soon as anything that decides its result changes: its code, the package,
the runner, or the version of a library. Failures are never kept.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from . import runner
from .reader import ROOT, Block, Page, PageError, read

CACHE = ROOT / ".cache" / "book"
_LIBRARIES = ("numpy", "matplotlib", "scipy", "torch", "jax", "jaxlib")


_loaded: dict[Path, runner.Outcome] = {}
"""The outcomes that this process read or made."""


class Store:
    """Outcomes of chains, from the cache or from a run."""

    def __init__(self, folder: Path = CACHE) -> None:
        self.folder = folder
        self.environment = environment()

    def key(self, page: Page, chain: list[Block]) -> str:
        parts = [[block.code, block.figure.name if block.figure else ""] for block in chain]
        return hashlib.sha256(json.dumps([self.environment, parts]).encode()).hexdigest()

    def get(self, page: Page, chain: list[Block]) -> runner.Outcome | None:
        file = self.folder / f"{self.key(page, chain)}.json"
        if file not in _loaded:
            try:
                _loaded[file] = runner.Outcome(**json.loads(file.read_text("utf-8")))
            except FileNotFoundError:
                return None
        return _loaded[file]

    def put(self, page: Page, chain: list[Block], outcome: runner.Outcome) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{self.key(page, chain)}.json"
        with tempfile.NamedTemporaryFile(
            "w", dir=self.folder, suffix=".part", delete=False, encoding="utf-8"
        ) as part:
            json.dump(vars(outcome), part)
        os.replace(part.name, file)  # whole or not at all: a build may be stopped here

    def run(self, pages: list[Page]) -> list[PageError]:
        """Run every chain that the cache lacks; return the errors in page order."""
        jobs = [
            (page, index)
            for page in pages
            for index, chain in enumerate(page.chains)
            if not runner.missing(chain) and not _skipped(chain) and self.get(page, chain) is None
        ]
        count = min(len(jobs), os.cpu_count() or 1)
        workers = [self._start(jobs[number::count]) for number in range(count)]
        errors: list[tuple[int, int, PageError]] = []
        order = {page.path: number for number, page in enumerate(pages)}
        for process, share, answers in workers:
            if process.wait() != 0:
                names = ", ".join(sorted({page.path.name for page, _ in share}))
                raise RuntimeError(
                    f"the process that runs the blocks of {names} died with exit code "
                    f"{process.returncode}: a block may have ended the interpreter."
                )
            for (page, index), answer in zip(share, json.loads(answers.read_text()), strict=True):
                if "problem" in answer:
                    error = PageError(page.path, answer["line"], answer["problem"])
                    errors.append((order[page.path], answer["line"], error))
                else:
                    self.put(page, page.chains[index], runner.Outcome(**answer))
            answers.unlink()
        return [error for _, _, error in sorted(errors, key=lambda item: item[:2])]

    def _start(
        self, jobs: list[tuple[Page, int]]
    ) -> tuple[subprocess.Popen[str], list[tuple[Page, int]], Path]:
        handle, name = tempfile.mkstemp(suffix=".json")
        os.close(handle)
        request = json.dumps([[str(page.path), page.text, index] for page, index in jobs])
        process = subprocess.Popen(
            [sys.executable, "-m", "book.store", name],
            stdin=subprocess.PIPE,
            text=True,
            env=for_a_child(),
        )
        assert process.stdin is not None
        process.stdin.write(request)
        process.stdin.close()
        return process, jobs, Path(name)


def _skipped(chain: list[Block]) -> bool:
    """Marked blocks are judged by the tests, which can evaluate a mark."""
    return bool(chain[0].marks)


def for_a_child() -> dict[str, str]:
    """Environment variables of a process that runs the book.

    It imports the package of this repository, whose content the key describes, even where another
    copy of it is installed.
    """
    return os.environ | {
        "PYTHONPATH": os.pathsep.join((str(Path(__file__).parents[1]), str(ROOT / "src"))),
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def environment() -> str:
    """A digest of all that decides what a chain does, besides its own code."""
    digest = hashlib.sha256()
    for file in runner.source_files():
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    versions = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = ""
    digest.update(json.dumps(versions).encode())
    return digest.hexdigest()


def _work(answers: Path) -> None:
    """Answer a request from the standard input: one outcome or problem for each chain."""
    pages: dict[str, Page] = {}
    found: list[dict[str, object]] = []
    for name, text, index in json.loads(sys.stdin.read()):
        page = pages.setdefault(name, read(Path(name), text))
        try:
            found.append(vars(runner.run(page, page.chains[index])))
        except PageError as error:
            found.append({"line": error.line, "problem": error.problem})
    answers.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    _work(Path(sys.argv[1]))
