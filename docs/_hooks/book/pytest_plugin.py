"""Makes ``pytest --codeblocks`` strict: pytest-codeblocks collects, the book's reader judges.

pytest-codeblocks keeps the flag, the collection of files and its reading of a page. What it would
pass over is refused at collection, and the two readings must agree block by block.
"""

from __future__ import annotations

import functools
import io
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_codeblocks.plugin as codeblocks
from pytest_codeblocks.main import extract_from_buffer

from . import prose, rules, runner
from .reader import DOCS, Block, Page, PageError, read, shown
from .store import Store


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


class PageFile(codeblocks.MarkdownFile):
    """A page: one item for each chain of blocks, and one for the prose."""

    def collect(self) -> Iterator[pytest.Item]:
        page = read(self.path)
        agree(page)
        rules.check(page)
        yield ProseItem.from_parent(self, name="prose", page=page)
        for chain in page.chains:
            yield ChainItem.from_parent(self, name=f"line {chain[0].line}", page=page, chain=chain)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], **_: Any) -> str:
        if isinstance(excinfo.value, PageError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))


class _PageItem(codeblocks.TestBlock):
    page: Page

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], **_: Any) -> str:
        if isinstance(excinfo.value, PageError):
            return str(excinfo.value)
        return str(pytest.Item.repr_failure(self, excinfo))


class ProseItem(_PageItem):
    """The numbers and names in the prose of a page."""

    def __init__(self, name: str, parent: pytest.File, page: Page) -> None:
        super().__init__(name, parent)
        self.page = page

    def runtest(self) -> None:
        if faults := prose.check(self.page):
            pytest.fail("\n".join(map(str, faults)), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{shown(self.path)}: prose"


class ChainItem(_PageItem):
    """A chain of blocks that share a namespace."""

    def __init__(self, name: str, parent: pytest.File, page: Page, chain: list[Block]) -> None:
        super().__init__(name, parent)
        self.page, self.chain = page, chain

    def runtest(self) -> None:
        if lacking := runner.missing(self.chain):
            names = " and ".join(sorted(lacking))
            if in_ci():
                raise PageError(
                    self.page.path,
                    self.chain[0].line,
                    f"in CI every block runs: {names} is not installed. Run `make frameworks`.",
                )
            pytest.skip(f"{names} is not installed: run `make frameworks`")
        outcome = runner.run(self.page, self.chain)
        runner.compare(self.page, self.chain, outcome)
        if self.path.is_relative_to(DOCS):
            _store().put(self.chain, outcome)  # a build need not run it again

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.chain[0].line - 1, f"{shown(self.path)}: {self.name}"


@functools.cache
def _store() -> Store:
    return Store()


def agree(page: Page) -> None:
    """Raise PageError unless pytest-codeblocks reads the same blocks and outputs as the book."""
    text = page.text.replace("\r\n", "\n").split("\n")
    for first, last in page.comments:
        if first == last and "pytest-codeblocks:cont" in text[first - 1]:
            text[first - 1] = ""  # it would glue a chain together, which has one output at most
    theirs = [
        (block.lineno, _filled(block.code), _filled(block.expected_output))
        for block in extract_from_buffer(io.StringIO("\n".join(text)), max_num_lines=100_000)
        if block.syntax == "python"
    ]
    ours = [(block.line, _filled(block.code), _filled(block.expected)) for block in page.blocks]
    if theirs != ours:
        different = set(theirs) ^ set(ours)
        raise PageError(
            page.path,
            min(line for line, _, _ in different),
            "pytest-codeblocks and the book read this block differently. Write the fence plainly: "
            "three backticks, python, on a line of its own.",
        )


def _filled(text: str | None) -> tuple[str, ...] | None:
    """The lines that are not blank: pytest-codeblocks drops blank ones from indented fences."""
    return None if text is None else tuple(line for line in text.splitlines() if line.strip())


# Hooks


def pytest_configure(config: pytest.Config) -> None:
    codeblocks.MarkdownFile = PageFile
    config.addinivalue_line("markers", "long: takes half a minute, so it begins early")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pages first: they are what a failure should show soonest.

    Then what is long or waits for the built site, so that no process is left alone with it at the end.
    """
    items.sort(key=lambda item: (not isinstance(item, _PageItem), not _is_long(item)))


def _is_long(item: pytest.Item) -> bool:
    return "site" in getattr(item, "fixturenames", []) or bool(item.get_closest_marker("long"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Nothing is skipped in CI, and elsewhere the skips are said at the end."""
    report = yield
    if in_ci() and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"In CI nothing is skipped: {_reason(report)}"
    return report


def _reason(report: pytest.TestReport) -> str:
    why = report.longrepr
    return str(why[-1] if isinstance(why, tuple) else why).removeprefix("Skipped: ")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    # From the reports, which reach this process also from workers that run tests beside each other.
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section("NOT RUN", sep="!", red=True, bold=True)
        for report in skipped:
            terminalreporter.line(f"{report.nodeid}: {_reason(report)}")
        terminalreporter.line(
            f"{len(skipped)} checks were not run. CI runs them all; `make frameworks` and Debian's "
            "chromium bring them here."
        )
