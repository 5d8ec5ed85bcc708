"""Runs the blocks of a page, each chain in a world of its own, and compares what they print."""

from __future__ import annotations

import contextlib
import difflib
import dis
import functools
import importlib
import importlib.metadata
import importlib.util
import io
import linecache
import logging
import os
import random
import sys
import tempfile
import threading
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import pictures
from .reader import Block, Page, PageError

os.environ.setdefault("MPLBACKEND", "agg")


@dataclass
class Outcome:
    """What a chain did: what each block printed, and the pictures by file name."""

    outputs: list[str] = field(default_factory=list)
    pictures: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, tuple[float, float]] = field(default_factory=dict)  # inches


def missing(chain: list[Block]) -> set[str]:
    """The frameworks that a chain needs and this environment lacks."""
    needed = set().union(*(block.needs for block in chain))
    return {name for name in needed if not installed(name)}


@functools.cache
def version(name: str) -> str:
    """The release of a library, or nothing if it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


@functools.cache
def installed(name: str) -> bool:
    """Whether a framework can be imported."""
    return importlib.util.find_spec(name) is not None


def compare(page: Page, chain: list[Block], outcome: Outcome) -> None:
    """Raise PageError where the page shows something else than the chain printed."""
    for block, printed in zip(chain, outcome.outputs, strict=True):
        if block.expected is None:
            if printed:
                raise PageError(
                    page.path,
                    block.end,
                    "a block that prints needs its output shown: none came.\n"
                    f"{_quote(printed)}\nPut <!--pytest-codeblocks:expected-output--> and an empty "
                    "```text fence under it, and run `make update`.",
                )
        elif block.expected != printed:
            raise PageError(
                page.path,
                block.output_line,
                f"the output of the block on line {block.line} is stale.\n"
                f"{_diff(block.expected, printed, 'the page shows', 'the block prints')}\n"
                "Run `make update` and read the change.",
            )


def _diff(old: str, new: str, left: str, right: str) -> str:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), left, right, lineterm="", n=1)
    return _quote("\n".join(lines) or f"{left}: {old!r}\n{right}: {new!r}")


def _quote(text: str) -> str:
    return "\n".join("    " + line for line in text.splitlines())


# One run


def run(page: Page, chain: list[Block]) -> Outcome:
    """Run a chain; raise PageError where a block fails."""
    for name in sorted(set().union(*(block.needs for block in chain))):
        importlib.import_module(name)
    main = types.ModuleType("__main__")
    main.__file__ = str(page.path)
    _remember_source(page, chain)
    outcome, lines = Outcome(), _Lines(str(page.path))
    with _isolated(main), contextlib.ExitStack() as stack:
        if any(block.figure for block in chain):
            plot = importlib.import_module("calcml.plot")
            stack.enter_context(plot.theme(pictures.DRAWN))
        for block in chain:
            outcome.outputs.append(_step(page, block, main.__dict__, lines))
            _collect_figure(page, block, outcome)
    if never := lines.never_ran():
        source = page.text.replace("\r\n", "\n").split("\n")
        raise PageError(
            page.path,
            never,
            f"a line that is shown must run: this one never did.\n"
            f"{_quote(source[never - 1].strip())}\nCall the function, take the branch, or remove it.",
        )
    return outcome


def _remember_source(page: Page, chain: list[Block]) -> None:
    """Let tracebacks and inspect find the code, and only the code, at the lines of the page."""
    lines = [""] * chain[-1].end
    for block in chain:
        lines[block.line : block.end - 1] = block.code.splitlines()
    text = [line + "\n" for line in lines]
    linecache.cache[str(page.path)] = (sum(map(len, text)), None, text, str(page.path))


def _step(page: Page, block: Block, namespace: dict[str, Any], lines: _Lines) -> str:
    """Run one block and return what it printed."""
    try:
        code = compile("\n" * block.line + block.code, str(page.path), "exec", dont_inherit=True)
    except SyntaxError as error:
        line = error.lineno or block.line
        raise PageError(page.path, line, f"the block does not parse: {error.msg}.") from None
    out, err = io.StringIO(), io.StringIO()
    lines.add_block(code)
    with tempfile.TemporaryFile() as raw:
        try:
            with (
                _descriptors(raw),
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
                lines.traced(),
            ):
                exec(code, namespace)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit and pytest's outcomes would pass for success
            raise _failure(page, block, error) from None
        raw.seek(0)
        leaked = raw.read().decode("utf-8", "replace") + err.getvalue()
    if leaked:
        raise PageError(
            page.path,
            block.line,
            "a block prints through `print` alone: this came by the error stream, a log or a "
            f"subprocess, where nothing compares it.\n{_quote(leaked)}\nCatch it and print it.",
        )
    return out.getvalue()


def _failure(page: Page, block: Block, error: BaseException) -> PageError:
    """Say where in the page an exception arose, with its type and the line of code."""
    own: list[int] = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(page.path):
            own.append(trace.tb_lineno)
        trace = trace.tb_next
    line = own[-1] if own else block.line
    source = page.text.replace("\r\n", "\n").split("\n")
    shown = [source[number - 1].strip() for number in own]
    message = str(error) or "(no message)"
    return PageError(
        page.path,
        line,
        f"the block of line {block.line} raised {type(error).__qualname__}: {message}\n"
        + _quote("\n".join(f"line {n}: {text}" for n, text in zip(own, shown, strict=True))),
    )


_JUMPS = frozenset(dis.hasjrel) | frozenset(dis.hasjabs)


class _Lines:
    """Which lines and functions of a chain have not run yet."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._left: dict[int, set[int]] = {}
        self._codes: list[types.CodeType] = []  # kept, so that no other code takes one's id

    def add_block(self, code: types.CodeType) -> None:
        """Expect all of a block, and of the functions in it, to run before the chain ends."""
        self._add(code)
        if not code.co_exceptiontable and _JUMPS.isdisjoint(code.co_code[::2]):
            self._left[id(code)].clear()  # no line can be passed over unless the block fails

    def _add(self, code: types.CodeType) -> None:
        self._codes.append(code)
        # 0 stands for the call: a function may stand on a line that runs without it.
        self._left[id(code)] = {line for _, _, line in code.co_lines() if line} | {0}
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._add(constant)

    @contextlib.contextmanager
    def traced(self) -> Iterator[None]:
        """Strike out what runs. Code of which all has run goes on at full speed."""
        before, codes = sys.gettrace(), self._left
        if not any(codes.values()):
            yield
            return

        def call(frame: types.FrameType, event: str, argument: object) -> Callable[..., Any] | None:
            left = codes.get(id(frame.f_code))
            if not left:
                return None
            left.discard(0)

            def line(
                frame: types.FrameType, event: str, argument: object
            ) -> Callable[..., Any] | None:
                left.discard(frame.f_lineno)
                if left:
                    return line
                frame.f_trace = None  # to return None would not end the tracing of this call
                return None

            return line(frame, event, argument)

        sys.settrace(call)
        threading.settrace(call)
        try:
            yield
        finally:
            threading.settrace(None)
            sys.settrace(before)

    def never_ran(self) -> int:
        """The first line that did not run, or 0."""
        missed = (
            line or code.co_firstlineno for code in self._codes for line in self._left[id(code)]
        )
        return min(missed, default=0)


def _collect_figure(page: Page, block: Block, outcome: Outcome) -> None:
    pyplot = sys.modules.get("matplotlib.pyplot")
    numbers = pyplot.get_fignums() if pyplot else []
    if block.figure is None:
        if numbers:
            raise PageError(
                page.path,
                block.end,
                "a figure needs a marker: this block drew one that no marker names. Write "
                "<!-- figure: name, alt: and caption: under it.",
            )
        return
    if len(numbers) != 1:
        raise PageError(
            page.path,
            block.line,
            f"a block with a figure marker leaves one open figure: {len(numbers)} came. "
            "Draw with calcml.plot.panels, or split the block.",
        )
    assert pyplot is not None
    figure = pyplot.figure(numbers[0])
    _refuse_mute_axes(page, block, figure)
    name = block.figure.name
    try:
        found = pictures.in_palettes(pictures.drawn(figure, name), _colors())
    except ValueError as error:
        raise PageError(page.path, block.line, f"figure {name!r} {error}") from None
    outcome.pictures |= {f"{name}-{palette}.svg": svg for palette, svg in found.items()}
    width, height = figure.get_size_inches()
    outcome.sizes[name] = (float(width), float(height))
    pyplot.close("all")


@functools.cache
def _colors() -> dict[str, list[str]]:
    """The colors of each palette, in the order in which they stand for each other."""
    plot = importlib.import_module("calcml.plot")
    return {name: list(plot.palette(name).values()) for name in pictures.PALETTES}


def _refuse_mute_axes(page: Page, block: Block, figure: Any) -> None:
    """A picture without data, or without a named axis, tells nothing."""
    assert block.figure is not None
    drawn = [axes for axes in figure.axes if axes.has_data() or axes.texts or axes.patches]
    if not drawn:
        raise PageError(
            page.path,
            block.line,
            f"figure {block.figure.name!r} is empty: nothing was drawn. Draw before the marker.",
        )
    plain = [axes for axes in drawn if axes.name == "rectilinear" and axes.axison]
    named = [figure.get_supxlabel(), figure.get_supylabel()]
    x = named[0] or any(axes.get_xlabel() for axes in plain)
    y = named[1] or any(axes.get_ylabel() for axes in plain)
    if plain and not (x and y):
        raise PageError(
            page.path,
            block.line,
            f"figure {block.figure.name!r} needs named axes, with units: a label is missing. "
            'Use ax.set(xlabel="…", ylabel="…").',
        )


# A world of its own


@contextlib.contextmanager
def _isolated(main: types.ModuleType) -> Iterator[None]:
    """Give a chain an empty folder and undo what it changes outside its namespace."""
    modules = {
        name: dict(vars(module))
        for name, module in list(sys.modules.items())
        if name == "numpy" or name.split(".")[0] == "calcml"
    }
    environment, path, argv = dict(os.environ), list(sys.path), list(sys.argv)
    folder, outer = os.getcwd(), sys.modules["__main__"]
    legacy, stdlib = np.random.get_state(), random.getstate()
    root = logging.getLogger()
    level, handlers, disabled = root.level, list(root.handlers), logging.root.manager.disable
    errors, print_options = np.geterr(), np.get_printoptions()
    pyplot = importlib.import_module("matplotlib.pyplot") if installed("matplotlib") else None
    rc = pyplot.rc_context() if pyplot else contextlib.nullcontext()
    sys.modules["__main__"] = main
    root.handlers[:] = []  # so that a log shows up on the error stream
    try:
        with tempfile.TemporaryDirectory() as empty, warnings.catch_warnings(), rc:
            warnings.simplefilter("error")
            for noisy in ("torch", "jax", "matplotlib", "numpy"):  # their own internals, not ours
                warnings.filterwarnings("ignore", category=DeprecationWarning, module=noisy)
            os.chdir(empty)
            try:
                yield
            finally:
                os.chdir(folder)
    finally:
        sys.modules["__main__"] = outer
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close("all")
        np.set_printoptions(**print_options)
        np.seterr(**errors)
        root.setLevel(level)
        root.handlers[:] = handlers
        logging.disable(disabled)
        random.setstate(stdlib)
        np.random.set_state(legacy)
        sys.path[:], sys.argv[:] = path, argv
        os.environ.clear()
        os.environ.update(environment)
        for name, names in modules.items():
            present = vars(sys.modules[name])
            present.update({k: v for k, v in names.items() if present.get(k) is not v})


@contextlib.contextmanager
def _descriptors(target: Any) -> Iterator[None]:
    """Send the process's own output streams, below Python's, to a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(1), os.dup(2)]
    os.dup2(target.fileno(), 1)
    os.dup2(target.fileno(), 2)
    try:
        yield
    finally:
        for number, copy in enumerate(saved, 1):
            os.dup2(copy, number)
            os.close(copy)


def source_files() -> list[Path]:
    """The files besides the page that decide what a chain prints and draws."""
    from .reader import ROOT

    here = Path(__file__).resolve()
    return [here, Path(pictures.__file__), *sorted((ROOT / "src" / "calcml").rglob("*.py"))]
