"""Feeds the tests of the book pages that are stale, each in its own way: every one must go red.

The kinds are those in which a plain ``pytest --codeblocks`` (and the tools around it) stay green
although a page is wrong. The pages run in a pytest of their own, through the same plugin and the
same settings as the real ones.
"""

import os
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from book.reader import ROOT

OUTPUT = "<!--pytest-codeblocks:expected-output-->"
CONT = "<!--pytest-codeblocks:cont-->"


def fence(code: str, info: str = "python", ticks: str = "```") -> str:
    return f"{ticks}{info}\n{code}\n{ticks}\n"


def printing(code: str, output: str, info: str = "python") -> str:
    return f"{fence(code, info)}\n{OUTPUT}\n\n{fence(output, 'text')}"


DRAWN = (
    printing(
        "from calcml import plot\n\nax = plot.panels()\nax.plot([1, 2], [3, 4])\n"
        'ax.set(xlabel="x", ylabel="y")\nprint(1)',
        "1",
    )
    + "\n<!-- figure: x\nalt: a\ncaption: c\n-->\n"
)
INTERACTIVE = "\n<!-- interactive: compass\nquestion: Where?\n-->\n"
STALE = "assert 1 + 1 == 3"  # a block that fails as soon as it runs

MARKS = ("skip", 'skip(reason="slow")', 'xfail(reason="broken", raises=AssertionError)', "slow")
"""What would keep a block from running, or its failure from being one, in a plain pytest-codeblocks."""

# name: (the page, what the failure must say)
PAGES: dict[str, tuple[str, str]] = {
    # Fences that plain collection passes over
    "info-title": (fence(STALE, 'python title="x.py"'), "exactly ```python"),
    "info-hl-lines": (fence(STALE, 'python hl_lines="1"'), "exactly ```python"),
    "info-linenums": (fence(STALE, 'python linenums="1"'), "exactly ```python"),
    "info-braces": (fence(STALE, "{.python .x}"), "exactly ```python"),
    "info-space": (fence(STALE, " python"), "exactly ```python"),
    "info-trailing-space": (fence(STALE, "python "), "exactly ```python"),
    "info-py": (fence(STALE, "py"), "exactly ```python"),
    "info-python3": (fence(STALE, "python3"), "exactly ```python"),
    "info-capital": (fence(STALE, "Python"), "exactly ```python"),
    "info-pycon": (fence(">>> 1 + 1\n3", "pycon"), "exactly ```python"),
    "info-zsh": (fence("false", "zsh"), "needs a language"),
    "info-none": (fence(STALE, ""), "needs a language"),
    "info-console": (fence(">>> 1 + 1\n3", "console"), "commands of the project"),
    "console-removed-target": (fence("$ make nothing", "console"), "commands of the project"),
    "shell-pipeline": (fence("false | cat", "sh"), "needs a language"),
    "shell-sequence": (fence("false; true", "bash"), "needs a language"),
    "tildes": (fence(STALE, ticks="~~~"), "tildes"),
    "four-ticks-attributes": (fence(STALE, "python title='x'", "````"), "exactly ```python"),
    "indented-code": (f"Text.\n\n    {STALE}\n", "an indented block came"),
    "raw-pre": (f"<pre>{STALE}</pre>\n", "raw HTML"),
    "raw-code": (f"<p><code>{STALE}</code></p>\n", "raw HTML"),
    "bullet-fence": (f"- ```python\n  {STALE}\n  ```\n", "list or quote marker"),
    "numbered-fence": (f"1. ```python\n   {STALE}\n   ```\n", "list or quote marker"),
    "inverted-fences": (
        f"- ```text\n  x\n  ```\n\n{fence(STALE)}\n- ```text\n  y\n  ```\n",
        "list or quote marker",
    ),
    "quoted-fence": (f"> ```python\n> {STALE}\n> ```\n", "list or quote marker"),
    "unclosed-fence": (f"```python\n{STALE}\n", "needs an end"),
    "snippet-include": ('--8<-- "code.py"\n', "holds its own text"),
    # Directives
    "output-without-directive": (
        f"{fence('print(1)')}\n{fence('2', 'text')}",
        "needs <!--pytest-codeblocks:expected-output-->",
    ),
    "misspelt-directive": (
        f"{fence('print(1)')}\n<!--pytest-codeblock:expected-output-->\n\n{fence('2', 'text')}",
        "needs a meaning",
    ),
    "output-after-other-fence": (
        f"{fence('a = 1', 'toml')}\n{OUTPUT}\n\n{fence('2', 'text')}",
        "needs a block right above it",
    ),
    "cont-after-other-fence": (
        f"{fence('$ make test', 'console')}\n{CONT}\n\n{fence(STALE)}",
        "none came before",
    ),
    "doubled-output": (
        f"{printing('print(1)', '1')}\n{OUTPUT}\n\n{fence('2', 'text')}",
        "second one",
    ),
    "ignored-whitespace": (
        f"{fence('print(123)')}\n<!--pytest-codeblocks:expected-output-ignore-whitespace-->\n\n"
        f"{fence('1 23', 'text')}",
        "compared as it is",
    ),
    "skipfile": (f"<!--pytest-codeblocks:skipfile-->\n\n{fence(STALE)}", "Every page runs"),
    "deprecated-skip": (f"<!--pytest-codeblocks:skip-->\n\n{fence(STALE)}", "Every block runs"),
    "importorskip-typo": (
        f"<!--pytest-codeblocks:importorskip(nunpy)-->\n\n{fence(STALE)}",
        "sees by itself",
    ),
    "importorskip-inside": (
        fence("import pytest\n\npytest.importorskip('nunpy')\n" + STALE),
        "stop it in silence",
    ),
    **{
        f"mark-{number}": (f"<!--pytest.mark.{mark}-->\n\n{fence(STALE)}", "a block takes no mark")
        for number, mark in enumerate(MARKS)
    },
    "mark-before-cont": (
        f"{fence('x = 1')}\n{CONT}\n<!--pytest.mark.{MARKS[0]}-->\n\n{fence(STALE)}",
        "a block takes no mark",
    ),
    # Code that is shown and does not run, or whose result nobody sees
    "main-guard": (fence(f'if __name__ == "__main__":\n    {STALE}'), "AssertionError"),
    "never-called": (fence("def f():\n    return missing"), "this one never did"),
    "never-called-in-chain": (
        "\n".join([fence("def f():\n    return missing"), CONT, "", fence("x = 1")]),
        "this one never did",
    ),
    "lambda-never-called": (fence("f = lambda: missing"), "this one never did"),
    "branch-not-taken": (fence("x = 1\nif x > 2:\n    x = missing"), "this one never did"),
    "bare-comparison": (fence("1 + 1 == 3"), "computes a value that nobody sees"),
    "value-in-comment": (fence("x = 1 + 1  # 3"), "claims one that nothing compares"),
    "arrow-in-comment": (fence("x = 1 + 1  # -> three"), "claims one that nothing compares"),
    "prints-without-output": (fence("print(1)"), "needs its output shown"),
    "stale-output": (printing("print(1)", "2"), "is stale"),
    "stale-second-output": (
        "\n".join([printing("x = 1\nprint(x)", "1"), CONT, "", printing("print(x + 1)", "3")]),
        "is stale",
    ),
    "stale-in-tab": (
        '=== "NumPy"\n\n' + textwrap.indent(printing("print(1)", "2"), "    "),
        "stale",
    ),
    "stale-hidden-check": (f"<!--\n{fence(STALE)}-->\n", "AssertionError"),
    "repr-output": (
        printing("import numpy as np\n\nprint([np.float64(1)])", "[np.float64(1.0)]"),
        "rounded numbers",
    ),
    "unseeded-figure": (
        printing(
            "import numpy as np\n\nfrom calcml import plot\n\nax = plot.panels()\n"
            'ax.plot([1, 2], [3, 4])\nax.set(xlabel="x", ylabel="y")\n'
            "print(np.random.default_rng().integers(1 << 60))",
            "1",
        )
        + "\n<!-- figure: x\nalt: a\ncaption: c\n-->\n",
        "`np.random.default_rng()` starts anywhere",
    ),
    # Other channels
    "stderr": (fence("import sys\n\nprint(1, file=sys.stderr)"), "error stream"),
    "warning": (fence('import warnings\n\nwarnings.warn("old")'), "UserWarning: old"),
    "numpy-warning": (fence("import numpy as np\n\nnp.log(np.zeros(1))"), "RuntimeWarning"),
    "logging": (fence('import logging\n\nlogging.warning("old")'), "error stream"),
    "subprocess-output": (
        fence('import subprocess\n\nsubprocess.run(["echo", "1"], check=True)'),
        "subprocess",
    ),
    "exception": (fence("x = {}['missing']"), "KeyError"),
    "syntax-error": (fence("x ="), "does not parse"),
    "sys-exit": (fence("import sys\n\nsys.exit()"), "stop it in silence"),
    "raise-system-exit": (fence("raise SystemExit(0)"), "SystemExit"),
    "skip-exception": (
        fence('from _pytest.outcomes import Skipped\n\nraise Skipped("later")'),
        "Skipped",
    ),
    # State that another block left
    "name-of-another-block": (f"{fence('x = 1')}\nText.\n\n{fence('assert x')}", "NameError"),
    "print-options-of-another-block": (
        fence("import numpy as np\n\nnp.set_printoptions(precision=2)")
        + "\nText.\n\n"
        + printing("import numpy as np\n\nprint(np.array([1 / 3]))", "[0.33]"),
        "is stale",
    ),
    "seed-of-another-block": (
        fence("import numpy as np\n\nnp.random.seed(0)")
        + "\nText.\n\n"
        + printing("import numpy as np\n\nprint(round(np.random.rand(), 3))", "0.549"),
        "is stale",
    ),
    "file-of-another-block": (
        fence('open("x.txt", "w").close()') + "\nText.\n\n" + fence('open("x.txt").close()'),
        "FileNotFoundError",
    ),
    "patch-of-another-block": (
        fence("import numpy as np\n\nnp.pi = 3")
        + "\nText.\n\n"
        + fence("import numpy as np\n\nassert np.pi == 3"),
        "AssertionError",
    ),
    # Figures, prose and names
    "figure-of-removed-function": (
        fence("from calcml import plot\n\nplot.no_such_plot()")
        + "\n<!-- figure: x\nalt: a\ncaption: c\n-->\n",
        "AttributeError",
    ),
    "figure-without-alt": (
        fence("x = 1") + "\n<!-- figure: x\ncaption: c\n-->\n",
        "needs `alt:`",
    ),
    "figure-not-drawn": (
        fence("x = 1") + "\n<!-- figure: x\nalt: a\ncaption: c\n-->\n",
        "leaves one open figure",
    ),
    "figure-without-marker": (
        fence("from calcml import plot\n\nplot.panels()"),
        "needs a marker",
    ),
    "figure-in-a-color-of-its-own": (
        DRAWN.replace("[3, 4])", "[3, 4], color='#123456')"),
        "figure 'x' has colors that no other palette knows: #123456 came",
    ),
    "figure-twice": (
        (fence("x = 1") + "\n<!-- figure: x\nalt: a\ncaption: c\n-->\n\n") * 2,
        "name of its own",
    ),
    "interactive-without-question": (
        f"{DRAWN}\n<!-- interactive: compass -->\n",
        "interactive figure 'compass' needs `question:`",
    ),
    "interactive-unknown": (
        f"{DRAWN}\n<!-- interactive: compas\nquestion: Where?\n-->\n",
        "interactive figure 'compas' is unknown. Known are backprop, compass",
    ),
    "interactive-with-unknown-line": (
        f"{DRAWN}\n<!-- interactive: compass\nquestion: Where?\nalt: a\n-->\n",
        "takes question: once each: came 'alt'",
    ),
    "interactive-without-picture": (
        printing("print(1)", "1") + INTERACTIVE,
        "needs a drawn figure right above it",
    ),
    "interactive-after-text": (
        f"{DRAWN}\nText.\n{INTERACTIVE}",
        "needs a drawn figure right above it",
    ),
    "interactive-without-values": (
        fence(DRAWN.split("\nprint")[0].removeprefix("```python\n"))
        + f"\n<!-- figure: x\nalt: a\ncaption: c\n-->\n{INTERACTIVE}",
        "needs a table of values",
    ),
    "interactive-in-a-fold": (
        '??? success "Run it"\n' + textwrap.indent(DRAWN, "    ") + INTERACTIVE,
        "interactive figure 'compass' comes alive when it is seen",
    ),
    "interactive-twice-under-a-figure": (
        DRAWN + INTERACTIVE * 2,
        "a figure is replaced once",
    ),
    "interactive-twice-on-a-page": (
        DRAWN + INTERACTIVE + DRAWN.replace("figure: x", "figure: y") + INTERACTIVE,
        "came twice on one page",
    ),
    "number-in-question": (
        f"{DRAWN}\n<!-- interactive: compass\nquestion: Is it 42.5?\n-->\n",
        "42.5 is in no block",
    ),
    "figure-misspelt": (fence("x = 1") + "\n<!-- figur: x -->\n", "needs a meaning"),
    "number-in-prose": (f"The answer is 42.5.\n\n{fence('x = 42.4')}", "42.5 is in no block"),
    "number-in-table": (
        f"| a | b |\n|---|---|\n| x | 0.37 |\n\n{fence('x = 0.38')}",
        "0.37 is in no block",
    ),
    "number-in-caption": (
        "Text.\n\n"
        + fence(
            "from calcml import plot\n\nax = plot.panels()\nax.plot([1, 2], [3, 4])\n"
            'ax.set(xlabel="x", ylabel="y")'
        )
        + "\n<!-- figure: x\nalt: a\ncaption: It falls by 17 %.\n-->\n",
        "17 is in no block",
    ),
    "removed-name": ("Use `calcml.numeric.no_such_name` here.\n", "does not"),
    "removed-method": ("Use `np.no_such_function(x)` here.\n", "does not"),
}

HEALTHY: dict[str, str] = {
    "chain": "\n".join([printing("x = 1\nprint(x)", "1"), CONT, "", printing("print(x + 1)", "2")]),
    "tab": '=== "NumPy"\n\n' + textwrap.indent(printing("print(1)\n\nprint(2)", "1\n2"), "    "),
    "main-guard": printing('if __name__ == "__main__":\n    print(1)', "1"),
    "called-later-in-the-chain": "\n".join(
        [fence("def f():\n    return 1"), CONT, "", fence("assert f() == 1")]
    ),
    "pickle": fence(
        "import inspect\nimport pickle\n\n\nclass A:\n    x: int = 1\n\n\n"
        'a = pickle.loads(pickle.dumps(A()))\nassert a.x == 1\nassert "x: int" in inspect.getsource(A)'
    ),
    "error": printing(
        "try:\n    x = 1 / 0\nexcept ZeroDivisionError as error:\n    print(error)",
        "division by zero",
    ),
    "interactive": f"{DRAWN}{INTERACTIVE}",
    "interactive-in-a-chain": "\n".join(
        [printing("print(1)", "1"), CONT, "", DRAWN.split("\nprint")[0], "```"]
    )
    + f"\n\n<!-- figure: x\nalt: a\ncaption: c\n-->\n{INTERACTIVE}",
    "prose": f"In 1 step of chapter 12 it falls by 37 % to 42.5.\n\n{fence('x = 0.37 + 42.48')}",
    "cited": "It was 1847 and 12.5 ([source](https://example.org)).\n",
    "windows-line-ends": printing("print(1)", "1").replace("\n", "\r\n"),
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a pytest of its own says about each page: its failures, or nothing."""
    folder = tmp_path_factory.mktemp("stale")
    hooks = ROOT / "docs" / "_hooks"
    (folder / "conftest.py").write_text(
        f"import sys\n\nsys.path.insert(0, {str(hooks)!r})\n\n"
        'pytest_plugins = ["book.pytest_plugin"]\n'
    )
    (folder / "pyproject.toml").write_text(
        (ROOT / "pyproject.toml").read_text().split("testpaths")[0]
        + 'filterwarnings = ["error"]\nxfail_strict = true\n'
    )
    for name, (text, _) in PAGES.items():
        (folder / f"stale-{name}.md").write_bytes(text.encode())
    for name, text in HEALTHY.items():
        (folder / f"healthy-{name}.md").write_bytes(text.encode())
    for inside in ("build", "dist", "venv"):
        (folder / "pages" / inside).mkdir(parents=True)
        (folder / "pages" / inside / f"stale-in-{inside}.md").write_text(fence(STALE))
    subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "--continue-on-collection-errors",
            "-o", "norecursedirs=_hooks", "--junitxml=report.xml", "-p", "no:cacheprovider", ".",
        ],
        cwd=folder,
        capture_output=True,
        check=False,
    )  # fmt: skip
    found = {path.stem: "" for path in folder.rglob("*.md")}
    for case in ET.parse(folder / "report.xml").iter("testcase"):
        where = f"{case.get('classname')} {case.get('name')}"
        stem = next(stem for stem in sorted(found, key=len, reverse=True) if stem in where)
        for problem in [*case.iter("failure"), *case.iter("error")]:
            found[stem] += f"{problem.get('message')}\n{problem.text}\n"
    return found


@pytest.mark.parametrize("name", PAGES)
def test_stale_page_is_red(verdicts: dict[str, str], name: str) -> None:
    assert PAGES[name][1] in verdicts[f"stale-{name}"]


@pytest.mark.parametrize("name", PAGES)
def test_failure_names_page_and_line(verdicts: dict[str, str], name: str) -> None:
    verdict = verdicts[f"stale-{name}"]
    assert f"stale-{name}.md:" in verdict


@pytest.mark.parametrize("inside", ["build", "dist", "venv"])
def test_pages_in_folders_that_pytest_passes_over_are_run(
    verdicts: dict[str, str], inside: str
) -> None:
    assert "AssertionError" in verdicts[f"stale-in-{inside}"]


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_page_is_green(verdicts: dict[str, str], name: str) -> None:
    assert verdicts[f"healthy-{name}"] == ""


@pytest.mark.parametrize(
    "workers", [[], ["-p", "xdist", "-n", "2"]], ids=["one process", "two processes"]
)
@pytest.mark.parametrize("ci", ["", "true"])
def test_what_was_not_run_is_said_and_refused_in_ci(
    tmp_path: Path, workers: list[str], ci: str
) -> None:
    (tmp_path / "conftest.py").write_text(
        f"import sys\n\nsys.path.insert(0, {str(ROOT / 'docs' / '_hooks')!r})\n\n"
        'pytest_plugins = ["book.pytest_plugin"]\n'
    )
    (tmp_path / "test_a.py").write_text(
        'import pytest\n\n\ndef test_a():\n    pytest.skip("no tide today")\n'
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *workers],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        | {"CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # others only take time here
    )
    if ci:
        assert ran.returncode == 1
        assert "In CI nothing is skipped: no tide today" in ran.stdout
    else:
        assert ran.returncode == 0
        assert "! NOT RUN !" in ran.stdout
        assert "test_a.py::test_a: no tide today\n1 checks were not run." in ran.stdout
