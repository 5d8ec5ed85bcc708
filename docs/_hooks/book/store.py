"""What every chain of the book did, run in fresh processes and kept by content.

A chain is run again as soon as anything that decides its result changes: its code, the package,
the runner, or the version of a library. Failures are never kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import runner, whole
from .reader import ROOT, Block, Page, PageError, read, shown

CACHE = ROOT / ".cache" / "book"
_LIBRARIES = ("numpy", "matplotlib", "scipy", "torch", "jax", "jaxlib")


_loaded: dict[Path, runner.Outcome] = {}
"""The outcomes that this process read or made."""


class Store:
    """Outcomes of chains, from the cache or from a run."""

    def __init__(self, folder: Path = CACHE) -> None:
        self.folder = folder
        self.environment = environment()

    def key(self, chain: list[Block]) -> str:
        parts = [[block.code, block.figure.name if block.figure else ""] for block in chain]
        return hashlib.sha256(json.dumps([self.environment, parts]).encode()).hexdigest()

    def get(self, chain: list[Block]) -> runner.Outcome | None:
        """The outcome of a chain, or None if it is not there."""
        file = self._file(chain)
        if file not in _loaded:
            try:
                _loaded[file] = runner.Outcome(**json.loads(file.read_text("utf-8")))
            except FileNotFoundError:
                return None
        return _loaded[file]

    def put(self, chain: list[Block], outcome: runner.Outcome) -> None:
        """Keep what a chain did."""
        whole.write(self._file(chain), json.dumps(vars(outcome)))

    def _file(self, chain: list[Block]) -> Path:
        return self.folder / f"{self.key(chain)}.json"

    def run(self, pages: list[Page]) -> list[PageError]:
        """Run every chain that the cache lacks; return the errors in page order."""
        return Run(self, pages).errors()


_Job = tuple[Page, list[Block]]


class Run:
    """Chains that the cache lacks, running in processes of their own from now on."""

    def __init__(self, store: Store, pages: list[Page]) -> None:
        self._store = store
        self._order = {page.path: number for number, page in enumerate(pages)}
        jobs = [
            (page, chain)
            for page in pages
            for chain in page.chains
            if not runner.missing(chain) and not store.get(chain)
        ]
        # Half of the processes take from one end and half from the other: each framework, which takes
        # seconds to import, is imported by half of them.
        self._left = deque(sorted(jobs, key=lambda job: _end(job[1])))
        count = min(len(jobs), os.cpu_count() or 1)
        self._threads = ThreadPoolExecutor(count or 1)
        self._shares = [
            self._threads.submit(self._work, self._left.popleft if number % 2 else self._left.pop)
            for number in range(count)
        ]

    def errors(self) -> list[PageError]:
        """Wait for the last chain; return the errors in page order, one for each chain."""
        with self._threads:
            found = [error for share in self._shares for error in share.result()]
        places = {(self._order[error.path], error.line): error for error in found}
        return [places[place] for place in sorted(places)]

    def stop(self) -> None:
        """Begin no further chain."""
        self._left.clear()

    def _work(self, take: Callable[[], _Job]) -> list[PageError]:
        """Run the chains that `take` gives, in one process, until it has no more."""
        errors: list[PageError] = []
        command = [sys.executable, "-m", "book.store"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=for_a_child()
        ) as process:
            assert process.stdin is not None and process.stdout is not None
            while True:
                try:
                    page, chain = take()
                except IndexError:
                    return errors
                request = [str(page.path), page.text, page.chains.index(chain)]
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.write(json.dumps(request) + "\n")
                    process.stdin.flush()
                written = process.stdout.readline()
                if not written:
                    self.stop()
                    raise RuntimeError(
                        f"the process that ran the block at {shown(page.path)}:{chain[0].line} died "
                        f"with exit code {process.wait()}: the block may have ended the interpreter."
                    )
                answer = json.loads(written)
                if "problem" in answer:
                    errors.append(PageError(page.path, answer["line"], answer["problem"]))
                else:
                    self._store.put(chain, runner.Outcome(**answer))


def _end(chain: list[Block]) -> int:
    """Near which end of the work a chain stands: PyTorch at one, JAX at the other."""
    needs = set().union(*(block.needs for block in chain))
    return ("jax" in needs) - ("torch" in needs)


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
    versions |= {name: runner.version(name) for name in _LIBRARIES}
    digest.update(json.dumps(versions).encode())
    return digest.hexdigest()


def _work() -> None:
    """Answer requests, a line each: the outcome of a chain, or its problem."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else is printed in this process is no answer
    pages: dict[str, Page] = {}
    for line in sys.stdin:
        name, text, index = json.loads(line)
        if name not in pages or pages[name].text != text:
            pages[name] = read(Path(name), text)
        page = pages[name]
        try:
            answer = vars(runner.run(page, page.chains[index]))
        except PageError as error:
            answer = {"line": error.line, "problem": error.problem}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    _work()
