"""What a block may look like, checked before it runs."""

from __future__ import annotations

import ast
import functools
import io
import re
import tokenize

from .reader import ROOT, Block, Page, PageError

MAX_LINES = 15
MAX_COLUMNS = 88

_VALUE_COMMENT = re.compile(
    r"^#\s*(?:(?:->|=>|==|=|≈|→|>>>|prints?:?)\s*\S|[-+]?[\d(\[]\s*[\d.,\s)\]]*$)"
)
_REPR = re.compile(r"np\.\w+\(|\barray\(|\btensor\(|\bArray\(|\bat 0x[0-9a-f]+|<class |<function ")
_STOPS = {
    "exit", "quit", "sys.exit", "os._exit", "os.abort",
    "pytest.skip", "pytest.importorskip", "pytest.xfail", "pytest.exit",
}  # fmt: skip
_GENERATORS = {"default_rng", "RandomState", "Random", "SeedSequence"}
_COMMAND = re.compile(
    r"^\$ (?:make (?P<target>\w+)|git clone \S+|cd \S+|python -m calcml\b.*|pip install .*)$"
)


def check(page: Page) -> None:
    """Refuse the first block that breaks a rule, with its line and what to write instead."""
    for block in page.blocks:
        _size(page, block)
        _source(page, block)
        if block.expected and (found := _REPR.search(block.expected)):
            raise PageError(
                page.path,
                block.output_line,
                f"an output shows rounded numbers: {found[0]!r} came, the repr of an object, which "
                'changes with versions. Print f"{x:.4f}", np.round(…) or .tolist().',
            )
    for start, end, language in page.fences:
        if language == "console":
            _commands(page, start, end)


def _size(page: Page, block: Block) -> None:
    lines = block.code.splitlines()
    if block.hidden:
        return
    filled = sum(bool(line.strip()) for line in lines)
    if filled > MAX_LINES:
        raise PageError(
            page.path,
            block.line,
            f"a block has at most {MAX_LINES} lines: {filled} came. Split it with "
            "<!--pytest-codeblocks:cont-->.",
        )
    for number, line in enumerate(lines, block.line + 1):
        if len(line) > MAX_COLUMNS:
            raise PageError(
                page.path,
                number,
                f"a line of code has at most {MAX_COLUMNS} characters: {len(line)} came. Break it.",
            )


def _source(page: Page, block: Block) -> None:
    if fault := _fault(block.code):
        line, problem = fault
        raise PageError(page.path, block.line + line, problem)


@functools.lru_cache(maxsize=4096)
def _fault(code: str) -> tuple[int, str] | None:
    """The line of a block that breaks a rule, and what is wrong; kept while a page is edited."""
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except SyntaxError:
        return None  # the run reports it, with the same line
    docstrings = {
        id(node.body[0])
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)
    }
    for node in nodes:
        if isinstance(node, ast.Expr) and not isinstance(
            node.value, ast.Call | ast.Await | ast.Yield | ast.YieldFrom
        ):
            is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
            if not (is_text and id(node) in docstrings):
                return node.lineno, (
                    f"a line must do something: `{ast.unparse(node)}` computes a value that nobody "
                    "sees. Print it or assert it."
                )
        if isinstance(node, ast.Call) and _dotted(node.func) in _STOPS:
            return node.lineno, (
                f"a block runs to its end: `{_dotted(node.func)}` would stop it in silence. "
                "Remove it."
            )
        if isinstance(node, ast.Call) and _unseeded(node):
            return node.lineno, (
                f"a block does the same each time: `{ast.unparse(node)}` starts anywhere, and a "
                "figure would change unnoticed. Give it a seed."
            )
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT and _VALUE_COMMENT.match(token.string):
            return token.start[0], (
                f"a value needs an output: the comment {token.string!r} claims one that nothing "
                "compares. Print it."
            )
    return None


def _unseeded(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else _dotted(call.func)
    return name in _GENERATORS and not call.args and not call.keywords


def _dotted(node: ast.expr) -> str:
    """A name, or a name of a module's, as it is written; nothing for other expressions."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _commands(page: Page, start: int, end: int) -> None:
    """Shown commands are not run here; each must be one that the project has."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    lines = page.text.replace("\r\n", "\n").split("\n")[start : end - 1]
    for number, line in enumerate(lines, start + 1):
        found = _COMMAND.match(line.strip())
        if not found or (found["target"] and found["target"] not in targets):
            raise PageError(
                page.path,
                number,
                f"a ```console fence shows commands of the project: came {line.strip()!r}. Write "
                "`$ make …` with a target of the Makefile, `$ git clone`, `$ cd`, `$ pip install` "
                "or `$ python -m calcml`.",
            )
