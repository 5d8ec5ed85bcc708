"""Reads a page: its code blocks, what they print, the figures they draw, and the prose between.

The directives are those of pytest-codeblocks. The reader is stricter: whatever it would have to
pass over in silence (an unknown fence, a misspelt directive, a mark that skips a block) it
refuses, with the place and what to write instead.
"""

from __future__ import annotations

import ast
import functools
import re
from dataclasses import dataclass, field
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2]
ROOT = DOCS.parent

RUN = "python"
OUTPUT = "text"
SHOWN = {"console", "toml", "yaml", "markdown", "bibtex"}
FRAMEWORKS = {"torch": "torch", "jax": "jax"}
"""Modules that a reader may not have, and the distribution that brings each."""

_FENCE = re.compile(r"^(?P<indent>[ ]*)(?P<ticks>`{3,}|~{3,})(?P<info>[^`]*)$")
_NESTED_FENCE = re.compile(r"^\s*(?:[-*+]|\d+[.)]|>)[\s>]*(?:`{3,}|~{3,})")
_CONTAINER = re.compile(r"^\s*(?:[-*+]\s|\d+[.)]\s|!!!|\?\?\?|===|\[\^[^\]]+\]:|:\s)")
_DIRECTIVE = re.compile(r"^pytest-codeblocks:\s*(?P<keyword>.*)$")
_MARK = re.compile(r"pytest\.mark\.\w*")
_FIGURE = re.compile(r"^figure:\s*(?P<name>.*?)\s*(?:\n(?P<fields>.*))?$", re.DOTALL)
_INTERACTIVE = re.compile(r"^interactive:\s*(?P<name>.*?)\s*(?:\n(?P<fields>.*))?$", re.DOTALL)
_BENCHMARK = re.compile(r"^benchmark:\s*(?P<name>\S+)$")
_NAME = re.compile(r"^[a-z0-9]+(?:-[a-z0-9]+)*$")


class PageError(Exception):
    """A page that the book refuses: where, what is wrong, and what to write instead."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        self.path, self.line, self.problem = path, line, problem
        super().__init__(f"{shown(path)}:{line}: {problem}")


def shown(path: Path) -> str:
    """Return the path as a reader of an error message knows it: from the project's root."""
    path = Path(path)
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()


@dataclass
class Interactive:
    """An interactive marker: what takes the place of the picture above it where scripts run."""

    name: str
    question: str
    line: int


@dataclass
class Figure:
    """A figure marker: the picture of the block above it."""

    name: str
    alt: str
    caption: str
    line: int
    end: int  # line of the closing -->
    interactive: Interactive | None = None


@dataclass
class Block:
    """A Python block of a page. Lines count from 1."""

    line: int  # of the opening fence
    end: int  # of the closing fence
    indent: int
    code: str
    hidden: bool
    continues: bool
    expected: str | None = None
    output_line: int = 0  # of the opening fence of the expected output
    output_end: int = 0
    figure: Figure | None = None

    @functools.cached_property
    def needs(self) -> set[str]:
        """The frameworks that the block imports."""
        try:
            tree = ast.parse(self.code)
        except SyntaxError:
            return set()
        names: set[str] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
        return {FRAMEWORKS[name] for name in names & FRAMEWORKS.keys()}


@dataclass
class Page:
    """A page as the book reads it."""

    path: Path
    text: str
    blocks: list[Block]
    comments: list[tuple[int, int]]  # first and last line of every HTML comment
    fences: list[tuple[int, int, str]]  # first and last line of every fence, and its language
    tables: dict[int, str] = field(default_factory=dict)  # line of a marker, name of a benchmark

    @property
    def chains(self) -> list[list[Block]]:
        """The blocks in the groups that share a namespace."""
        chains: list[list[Block]] = []
        for block in self.blocks:
            if block.continues:
                chains[-1].append(block)
            else:
                chains.append([block])
        return chains

    @property
    def figures(self) -> list[Figure]:
        return [block.figure for block in self.blocks if block.figure]


def interactives() -> set[str]:
    """The names of the interactive figures: each is a script."""
    folder = DOCS / "assets" / "javascripts" / "interactive"
    return {path.stem for path in folder.glob("*.js")}


def pages() -> list[Path]:
    """Every Markdown file that is published or shown to users, in a fixed order."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    for path in sorted(DOCS.rglob("*")):
        inside = path.relative_to(DOCS).parts
        if path.is_dir() or inside[0].startswith(("_", ".")):
            continue
        if path.suffix in {".markdown", ".mdown", ".mkd", ".mkdn", ".mdwn", ".rst"}:
            raise PageError(path, 1, f"a page needs the suffix .md: came {path.suffix}. Rename it.")
        if path.suffix == ".md":
            found.append(path)
    return found


def read(path: Path, text: str | None = None) -> Page:
    """Read a page, or raise PageError at the first thing that would be passed over in silence."""
    return _Reader(Path(path), Path(path).read_text("utf-8-sig") if text is None else text).page()


class _Reader:
    def __init__(self, path: Path, text: str) -> None:
        self.path, self.text = path, text
        self.lines = text.replace("\r\n", "\n").split("\n")
        self.at = 0  # index of the current line
        self.blocks: list[Block] = []
        self.comments: list[tuple[int, int]] = []
        self.fences: list[tuple[int, int, str]] = []
        self.tables: dict[int, str] = {}
        # Directives that wait for the next fence, each with its line.
        self.cont = 0
        self.output = 0
        self.last_fence: Block | None = None  # the block, if the last fence was one
        self.adjacent = False  # nothing but blank lines since the last fence

    def fail(self, line: int, problem: str) -> PageError:
        return PageError(self.path, line, problem)

    def page(self) -> Page:
        before = ""  # the last line that was not blank
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if fence := _FENCE.match(line):
                self.fence(fence, hidden=False)
                before = ""
            elif line.lstrip().startswith("<!--"):
                self.comment()
            else:
                self.prose(line, before)
                if line.strip():
                    before = line
                    self.adjacent = False
                self.at += 1
        self.nothing_waits()
        self.figures_are_unique()
        return Page(self.path, self.text, self.blocks, self.comments, self.fences, self.tables)

    # Prose

    def prose(self, line: str, before: str) -> None:
        number = self.at + 1
        if line.strip():
            self.nothing_waits()
        if _NESTED_FENCE.match(line):
            raise self.fail(
                number,
                "a fence needs a line of its own: it came behind a list or quote marker. "
                "Put it on the next line, indented by four spaces.",
            )
        if re.search(r"<(?:pre|code|script|textarea|style)\b", re.sub(r"`[^`]*`", "", line)):
            raise self.fail(
                number,
                "code needs a fence: raw HTML came, and it would be shown without running. "
                "Write a ```python fence.",
            )
        if re.match(r"\s*(?:--8<--|;--8<--|\{%|\{\{)", line):
            raise self.fail(
                number,
                "a page holds its own text: an include came, which nothing here would run. "
                "Write the text or the block out.",
            )
        if "<!--" in re.sub(r"(`+).*?\1", "", line):
            raise self.fail(
                number,
                "a comment needs a line of its own: it came inside a line. Move it to a new line.",
            )
        blank_above = self.at > 0 and not self.lines[self.at - 1].strip()
        starts_code = line.startswith(("    ", "\t")) and line.strip() and blank_above
        if starts_code and not (
            _CONTAINER.match(before) or before.startswith(("    ", "\t")) or self.in_container()
        ):
            raise self.fail(
                number,
                "code needs a fence: an indented block came, and it would be shown without "
                "running. Write a ```python fence.",
            )

    def in_container(self) -> bool:
        """Whether an admonition, a tab or a list is open above the current line."""
        for line in reversed(self.lines[: self.at]):
            if line.strip() and not line.startswith(("    ", "\t")):
                return bool(_CONTAINER.match(line))
        return False

    # Comments

    def comment(self) -> None:
        start = self.at
        opening = self.lines[self.at]
        body: list[str] = []
        first = opening.lstrip()[4:]
        if "-->" in first:
            inner, rest = first.split("-->", 1)
            if rest.strip():
                raise self.fail(
                    start + 1,
                    "a comment needs a line of its own: text came behind it. Move it to a new line.",
                )
            self.at += 1
            self.comments.append((start + 1, start + 1))
            self.directive(inner.strip(" -\n"), start + 1, start + 1)
            return
        body.append(first)
        self.at += 1
        holds_code = False
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if fence := _FENCE.match(line):
                holds_code = True
                self.fence(fence, hidden=True)
                continue
            if "-->" in line:
                head, rest = line.split("-->", 1)
                if rest.strip():
                    raise self.fail(
                        self.at + 1,
                        "a comment needs a line of its own: text came behind it. "
                        "Move it to a new line.",
                    )
                body.append(head)
                break
            body.append(line)
            self.at += 1
        else:
            raise self.fail(start + 1, "a comment needs an end: none came. Close it with -->.")
        self.at += 1
        self.comments.append((start + 1, self.at))
        text = "\n".join(body).strip()
        if holds_code:
            if text:
                raise self.fail(
                    start + 1,
                    "a hidden block needs a comment of its own: other text came with it. "
                    "Move the text out.",
                )
            return
        self.directive(text, start + 1, self.at)

    def directive(self, text: str, line: int, end: int) -> None:
        if found := _DIRECTIVE.match(text):
            self.codeblocks(found["keyword"].strip(), line)
        elif found := _MARK.match(text):
            raise self.fail(
                line,
                f"a block takes no mark, since every block runs: `{found[0]}` came. Remove it; show "
                "an error by catching it and printing it.",
            )
        elif found := _FIGURE.match(text):
            self.figure(found["name"], found["fields"] or "", line, end)
        elif found := _INTERACTIVE.match(text):
            self.interactive(found["name"], found["fields"] or "", line)
        elif found := _BENCHMARK.match(text):
            self.benchmark(found["name"], line)
        else:
            raise self.fail(
                line,
                f"a comment needs a meaning: {text.splitlines()[0] if text else 'nothing'!r} has "
                "none here. Known are pytest-codeblocks:cont, pytest-codeblocks:expected-output, "
                "figure: name, interactive: name, benchmark: name, and a "
                "hidden ```python block.",
            )

    def codeblocks(self, keyword: str, line: int) -> None:
        if keyword == "cont":
            if not self.blocks:
                raise self.fail(
                    line, "cont needs a block to continue: none came before. Remove it."
                )
            if self.cont:
                raise self.fail(line, "cont came twice. Remove one.")
            self.cont = line
        elif keyword == "expected-output":
            if self.last_fence is None or not self.adjacent:
                raise self.fail(
                    line,
                    "expected-output needs a block right above it: something else came between. "
                    "Put it under the block that prints.",
                )
            if self.last_fence.expected is not None or self.output:
                raise self.fail(
                    line, "a block has one expected output: a second one came. Remove one."
                )
            self.output = line
        else:
            # What pytest-codeblocks would take, and the book refuses: what to write instead.
            advice = {
                "expected-output-ignore-whitespace": "Output is compared as it is: use "
                "expected-output.",
                "skipfile": "Every page runs: remove it.",
                "skip": "Every block runs: remove it.",
            }.get(keyword.split("(")[0], "Known are cont and expected-output.")
            if keyword.startswith("importorskip"):
                advice = "The reader sees by itself which blocks import a framework: remove it."
            raise self.fail(line, f"`pytest-codeblocks:{keyword}` is not taken here. {advice}")

    def figure(self, name: str, fields: str, line: int, end: int) -> None:
        block = self.last_fence
        if block is None or not self.adjacent:
            raise self.fail(
                line,
                f"figure {name!r} needs a block right above it: something else came between. "
                "Put the marker under the block (and its output) that draws it.",
            )
        if block.figure:
            raise self.fail(
                line, "a block draws one figure: a second marker came. Split the block."
            )
        if not _NAME.match(name):
            raise self.fail(
                line,
                f"a figure needs a name of small letters, digits and hyphens: came {name!r}.",
            )
        wanted = {"alt": "what to see", "caption": "the finding, in a sentence"}
        found = self.fields(f"figure {name!r}", fields, wanted, line)
        block.figure = Figure(name, found["alt"], found["caption"], line, end)

    def interactive(self, name: str, fields: str, line: int) -> None:
        block = self.last_fence
        what = f"interactive figure {name!r}"
        if block is None or not self.adjacent or not block.figure:
            raise self.fail(
                line,
                f"{what} needs a drawn figure right above it, which stands there where no script "
                "runs: none came. Put the marker under a figure marker.",
            )
        if self.may_be_hidden(block):
            raise self.fail(
                line,
                f"{what} comes alive when it is seen: its figure stands in a box or a tab, which may "
                "be closed. Put the block and the figure outside.",
            )
        if block.figure.interactive:
            raise self.fail(
                line, f"a figure is replaced once: {what} came as well. Remove one marker."
            )
        if name not in (known := interactives()):
            raise self.fail(
                line,
                f"{what} is unknown. Known are {', '.join(sorted(known))}: each is a script in "
                "docs/assets/javascripts/interactive.",
            )
        if any(
            other.figure and other.figure.interactive and other.figure.interactive.name == name
            for other in self.blocks
        ):
            raise self.fail(line, f"{what} came twice on one page. Remove one.")
        start = max(k for k, earlier in enumerate(self.blocks) if not earlier.continues)
        if all(earlier.expected is None for earlier in self.blocks[start:]):
            raise self.fail(
                line,
                f"{what} needs a table of values that its figure's chain of blocks prints, to be "
                "read where no script runs: nothing was printed. Print it.",
            )
        wanted = {"question": "what the reader shall find out"}
        found = self.fields(what, fields, wanted, line)
        block.figure.interactive = Interactive(name, found["question"], line)

    def may_be_hidden(self, block: Block) -> bool:
        """Whether a block stands in a box that can be closed, or in a tab."""
        indent = block.indent
        for text in reversed(self.lines[: block.line - 1]):
            here = len(text) - len(text.lstrip())
            if indent and text.strip() and here < indent:
                if text.lstrip().startswith(("???", "===")):
                    return True
                indent = here
        return False

    def fields(self, what: str, text: str, wanted: dict[str, str], line: int) -> dict[str, str]:
        """Read the `key: value` lines of a marker; a value may go on over several lines."""
        keys = " and ".join(f"{key}:" for key in wanted)
        found: dict[str, str] = {}
        key = ""
        for part in text.splitlines():
            if match := re.match(r"^\s*(\w+):\s*(.*)$", part):
                key = match[1]
                if key not in wanted or key in found:
                    raise self.fail(line, f"{what} takes {keys} once each: came {key!r}.")
                found[key] = match[2].strip()
            elif part.strip():
                if not key:
                    raise self.fail(line, f"{what} needs {keys} lines: came {part.strip()!r}.")
                found[key] += " " + part.strip()
        for key, meaning in wanted.items():
            if not found.get(key):
                raise self.fail(
                    line, f"{what} needs `{key}:` ({meaning}): none came. Add the line."
                )
        return found

    def benchmark(self, name: str, line: int) -> None:
        around = [*self.lines[max(line - 2, 0) : line - 1], *self.lines[line : line + 1]]
        if any(text.strip() for text in around):
            raise self.fail(
                line,
                f"benchmark {name!r} needs blank lines around it: it becomes a table. Add them.",
            )
        if name in self.tables.values():
            raise self.fail(
                line, f"benchmark {name!r} came twice on this page. Show its table once."
            )
        self.tables[line] = name

    # Fences

    def fence(self, match: re.Match[str], hidden: bool) -> None:
        start = self.at
        indent, ticks, info = len(match["indent"]), match["ticks"], match["info"]
        code: list[str] = []
        self.at += 1
        while self.at < len(self.lines):
            line = self.lines[self.at]
            stripped = line.strip()
            if stripped.startswith(ticks) and set(stripped) == {ticks[0]}:
                break
            if line.strip() and len(line) - len(line.lstrip(" ")) < indent:
                raise self.fail(
                    self.at + 1,
                    f"a line of a block needs the indentation of its fence ({indent} spaces): "
                    "it came with less. Indent it.",
                )
            code.append(line[indent:])
            self.at += 1
        else:
            raise self.fail(start + 1, "a fence needs an end: none came. Close it.")
        self.at += 1
        end = self.at
        self.check_info(ticks, info, start + 1)
        self.fences.append((start + 1, end, info))
        text = "".join(line + "\n" for line in code)
        if info == RUN:
            self.block(Block(start + 1, end, indent, text, hidden, bool(self.cont)))
        elif info == OUTPUT:
            self.expected(text, start + 1, end)
        else:
            self.nothing_waits()
            self.last_fence, self.adjacent = None, False

    def check_info(self, ticks: str, info: str, line: int) -> None:
        if ticks.startswith("~"):
            raise self.fail(
                line, "a fence needs backticks: tildes came, which are never run. Write ```python."
            )
        if info in {RUN, OUTPUT} | SHOWN:
            return
        if re.match(r"^\s*\{?\s*\.?(?:py|python|ipython|pycon)\b", info, re.IGNORECASE) or (
            info.strip().lower().startswith(("py", "ipython"))
        ):
            raise self.fail(
                line,
                f"a Python fence needs exactly ```python: came {info!r}, which is never run. "
                "Remove what is more.",
            )
        raise self.fail(
            line,
            f"a fence needs a language: came {info!r}. Code that runs is ```python, an expected "
            f"output ```text; shown and never run are {', '.join(sorted(SHOWN))}.",
        )

    def block(self, block: Block) -> None:
        if self.output:
            raise self.fail(
                self.output,
                "expected-output needs a ```text fence next: a ```python fence came.",
            )
        self.cont = 0
        self.blocks.append(block)
        self.last_fence, self.adjacent = block, True

    def expected(self, text: str, line: int, end: int) -> None:
        if not self.output:
            raise self.fail(
                line,
                "a ```text fence needs <!--pytest-codeblocks:expected-output--> above it, under "
                "the block that prints it: none came, so nothing would compare it.",
            )
        if self.cont:
            raise self.fail(self.cont, "a directive needs a ```python fence next: an output came.")
        assert self.last_fence is not None
        block = self.last_fence
        block.expected, block.output_line, block.output_end = text, line, end
        self.output = 0
        self.adjacent = True

    def nothing_waits(self) -> None:
        """Refuse directives that would reach a later fence than the next one."""
        for line, what, needs in (
            (self.cont, "cont", "```python"),
            (self.output, "expected-output", "```text"),
        ):
            if line:
                raise self.fail(
                    line,
                    f"{what} needs a {needs} fence next: something else came. "
                    "Put it right above the fence.",
                )

    def figures_are_unique(self) -> None:
        seen: dict[str, int] = {}
        for block in self.blocks:
            if figure := block.figure:
                if figure.name in seen:
                    raise self.fail(
                        figure.line,
                        f"a figure needs a name of its own: {figure.name!r} came on line "
                        f"{seen[figure.name]} too. Rename one.",
                    )
                seen[figure.name] = figure.line


def figures_of_the_site(pages: list[Page]) -> dict[str, tuple[Page, Figure]]:
    """Every figure by name, or PageError where two pages use one name."""
    found: dict[str, tuple[Page, Figure]] = {}
    for page in pages:
        for figure in page.figures:
            if figure.name in found:
                other, first = found[figure.name]
                raise PageError(
                    page.path,
                    figure.line,
                    f"a figure needs a name of its own: {figure.name!r} came at "
                    f"{shown(other.path)}:{first.line} too. Rename one.",
                )
            found[figure.name] = (page, figure)
    return found
