"""The machinery of the book: reading, running, keeping, updating and rendering pages."""

import json
import os
import subprocess
import sys
import textwrap
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
from book import formulas, generated, prose, render, runner, store, tables
from book.pytest_plugin import agree
from book.reader import ROOT, Page, PageError, figures_of_the_site, pages, read
from bs4 import BeautifulSoup

from calcml import problems

PAGE = textwrap.dedent(
    """\
    ---
    title: A page of 99 lines
    ---

    # A page

    ```python
    x = 1
    print(x)
    ```

    <!--pytest-codeblocks:expected-output-->

    ```text
    1
    ```

    <!--pytest-codeblocks:cont-->
    <!--
    ```python
    assert x == 1
    ```
    -->

    !!! note

        ```python
        import numpy as np

        from calcml import plot

        ax = plot.panels()
        ax.plot([1, 2], [3, 4])
        ax.set(xlabel="x (km)", ylabel="y (min)")
        print(np.pi.__round__(2))
        ```

        <!--pytest-codeblocks:expected-output-->

        ```text
        3.14
        ```

        <!-- figure: a-line
        alt: A line that rises
          from left to right.
        caption: It **rises** by one minute per km, $y = x + 2$.
        -->

        <!-- interactive: compass
        question: Which way is *up*, and by how much does $y$ grow?
        -->
    """
)


def page_of(tmp_path: Path, text: str = PAGE) -> Page:
    path = tmp_path / "page.md"
    path.write_text(text, encoding="utf-8")
    return read(path)


# Reading


def test_reader_finds_blocks_outputs_chains_and_figures(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    assert [block.line for block in page.blocks] == [7, 20, 27]
    assert [block.hidden for block in page.blocks] == [False, True, False]
    assert [len(chain) for chain in page.chains] == [2, 1]
    assert page.blocks[0].expected == "1\n"
    assert page.blocks[2].code.startswith("import numpy as np\n\nfrom calcml")
    (figure,) = page.figures
    assert figure.alt == "A line that rises from left to right."
    assert page.text.split("\n")[figure.end - 1].strip() == "-->"
    assert figure.interactive is not None
    assert figure.interactive.name == "compass"
    assert figure.interactive.question.startswith("Which way is *up*")


def test_reader_and_pytest_codeblocks_must_agree(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    agree(page)
    page.blocks[0].code = "x = 2\n"
    with pytest.raises(PageError, match=r"page\.md:7: .*read this block differently"):
        agree(page)


def test_figure_names_are_unique_over_the_site(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first, second = page_of(tmp_path), page_of(tmp_path / "other")
    with pytest.raises(PageError, match="needs a name of its own"):
        figures_of_the_site([first, second])


def test_frameworks_are_found_by_the_reader() -> None:
    page = read(Path("x.md"), "```python\nimport torch.nn as nn\nfrom jax import numpy\n```\n")
    assert page.blocks[0].needs == {"torch", "jax"}


def test_every_page_of_the_site_is_collected() -> None:
    """No page may be passed over by pytest, whatever its folder is called."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    places = set(settings["tool"]["pytest"]["ini_options"]["testpaths"]) - {"tests", "src"}
    listed = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "pytest_codeblocks.plugin",
            "--collect-only",
            "-q",
            *places,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    ).stdout
    for path in pages():
        assert f"{path.relative_to(ROOT).as_posix()}::prose" in listed


@pytest.mark.parametrize("suffix", [".markdown", ".rst"])
def test_a_page_with_another_suffix_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr("book.reader.DOCS", tmp_path)
    (tmp_path / f"page{suffix}").touch()
    with pytest.raises(PageError, match=r"needs the suffix \.md"):
        pages()


# Running and keeping


def test_run_prints_draws_and_restores(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    before = os.getcwd(), sys.modules["__main__"]
    first, second = (runner.run(page, chain) for chain in page.chains)
    assert first.outputs == ["1\n", ""]
    assert second.outputs == ["3.14\n"]
    assert sorted(second.pictures) == ["a-line-dark.svg", "a-line-light.svg"]
    assert second.pictures["a-line-light.svg"] != second.pictures["a-line-dark.svg"]
    assert (os.getcwd(), sys.modules["__main__"]) == before


def test_pictures_are_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    kept = store.Store(tmp_path / "kept")
    assert kept.run([page]) == []
    elsewhere = kept.get(page.chains[1])
    assert elsewhere is not None
    assert elsewhere.pictures == runner.run(page, page.chains[1]).pictures


def test_blocks_import_the_package_of_this_repository(tmp_path: Path) -> None:
    page = page_of(tmp_path, "```python\nimport calcml\n\nprint(calcml.__file__)\n```\n")
    kept = store.Store(tmp_path / "kept")
    assert kept.run([page]) == []
    outcome = kept.get(page.chains[0])
    assert outcome is not None
    assert Path(outcome.outputs[0].strip()) == ROOT / "src" / "calcml" / "__init__.py"


def test_store_runs_once_and_again_when_anything_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = page_of(tmp_path, "```python\nprint(1)\n```\n")
    kept = store.Store(tmp_path / "kept")
    assert kept.run([page]) == []
    key = kept.key(page.chains[0])
    monkeypatch.setattr(subprocess, "Popen", None)  # a second run would need a process
    assert kept.run([page]) == []
    changed = page_of(tmp_path, "```python\nprint(2)\n```\n")
    assert kept.key(changed.chains[0]) != key
    source = tmp_path / "source.py"
    source.write_text("x = 1")
    monkeypatch.setattr(runner, "source_files", lambda: [source])
    one = store.Store(tmp_path / "kept").key(page.chains[0])
    source.write_text("x = 2")
    assert store.Store(tmp_path / "kept").key(page.chains[0]) != one != key


def test_store_reports_failures_in_page_order_and_keeps_none(tmp_path: Path) -> None:
    page = page_of(
        tmp_path, "```python\nx = 1 / 0\n```\n\n```python\nx = 1\n```\n\n```python\nx = y\n```\n"
    )
    kept = store.Store(tmp_path / "kept")
    for _ in range(2):
        errors = kept.run([page])
        assert [error.line for error in errors] == [2, 10]
        assert "raised ZeroDivisionError: division by zero" in str(errors[0])
        assert "line 10: x = y" in str(errors[1])


def test_a_block_that_ends_the_interpreter_is_named(tmp_path: Path) -> None:
    page = page_of(tmp_path, "```python\nimport os\n\nos.kill(os.getpid(), 9)\n```\n")
    with pytest.raises(RuntimeError, match=r"block at .*page\.md:1 died with exit code -9"):
        store.Store(tmp_path / "kept").run([page])


def test_a_run_leaves_out_what_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = page_of(tmp_path)
    kept = store.Store(tmp_path / "kept")
    for chain in page.chains:
        kept.put(chain, runner.run(page, chain))
    monkeypatch.setattr(subprocess, "Popen", None)  # to run one would need a process
    assert kept.run([page]) == []


def test_a_stopped_run_begins_no_further_block(tmp_path: Path) -> None:
    page = page_of(tmp_path, "\n".join(f"```python\nx = {n}\n```\n" for n in range(40)))
    kept = store.Store(tmp_path / "kept")
    run = store.Run(kept, [page])
    run.stop()
    assert run.errors() == []
    assert sum(kept.get(chain) is not None for chain in page.chains) < 40


def test_long_error_names_every_line_of_the_page_on_the_way(tmp_path: Path) -> None:
    page = page_of(tmp_path, "```python\ndef f(x):\n    return 1 / x\n\n\nf(0)\n```\n")
    with pytest.raises(PageError) as caught:
        runner.run(page, page.chains[0])
    assert caught.value.line == 3
    assert "line 6: f(0)" in str(caught.value)
    assert "line 3: return 1 / x" in str(caught.value)


def test_mute_axes_are_refused(tmp_path: Path) -> None:
    page = page_of(tmp_path, PAGE.replace('ax.set(xlabel="x (km)", ylabel="y (min)")', "pass"))
    with pytest.raises(PageError, match="needs named axes"):
        runner.run(page, page.chains[1])


def test_empty_figure_is_refused(tmp_path: Path) -> None:
    page = page_of(tmp_path, PAGE.replace("ax.plot([1, 2], [3, 4])", "pass"))
    with pytest.raises(PageError, match="is empty"):
        runner.run(page, page.chains[1])


@pytest.mark.parametrize(
    ("drawing", "message"),
    [
        ('ax.plot([1, 2], [3, 4], color="red")', r"has colors .*: #ff0000 came. Leave colors"),
        ("ax.imshow([[0, 1]])", "holds an image of pixels, .*came from `imshow`.*Draw areas"),
        ('ax.plot([1, 2], [3, 4], "o", mfc="black", mec="C0")', "is partly black.*Leave it to the"),
    ],
)
def test_what_has_no_counterpart_on_the_dark_page_is_refused(
    tmp_path: Path, drawing: str, message: str
) -> None:
    page = page_of(tmp_path, PAGE.replace("ax.plot([1, 2], [3, 4])", drawing))
    with pytest.raises(PageError, match=rf"page\.md:\d+: figure 'a-line' {message}"):
        runner.run(page, page.chains[1])


# Updating


def book(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "docs" / "_hooks" / "book"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_update_rewrites_outputs_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(PAGE.replace("3.14\n", "3.2\n    more\n").replace("\n1\n```", "\n```"))
    shown = book("update", "--check", str(path))
    assert shown.returncode == 1
    assert "+    3.14" in shown.stdout
    done = book("update", str(path))
    assert done.returncode == 0, done.stderr
    assert path.read_text() == PAGE
    assert book("check", str(path)).returncode == 0


def test_update_adds_the_fence_of_a_block_that_has_none(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("```python\nprint(1)\n```\n\nText.\n")
    assert book("update", str(path)).returncode == 0
    assert path.read_text() == (
        "```python\nprint(1)\n```\n\n<!--pytest-codeblocks:expected-output-->\n\n"
        "```text\n1\n```\n\nText.\n"
    )


def test_check_says_every_fault_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("It is 12.5 or 13.5.\n\n```python\nx = 1 / 0\n```\n")
    found = book("check", str(path))
    assert found.returncode == 1
    for part in ("page.md:1: a number", "12.5", "13.5", "page.md:4: the block of line 3 raised"):
        assert part in found.stderr


def test_lint_speaks_of_the_page_and_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("Text.\n\n```python\nimport os\n```\n")
    found = book("lint", str(path))
    assert found.returncode == 1
    assert f"{path}:4:8: F401" in found.stdout


# Prose


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("It falls to 0.169, then to 1e-9 and $3 \\times 10^{-8}$.", ["0.169", "1E-9", "3E-8"]),
        ("A matrix of 1,000,000 numbers, 17 % of it", ["1000000", "17"]),
        ("in chapter 12, exercise 4.1 and Python 3.11", []),
        ("1. first, 2 knobs, `x = 37`, w2 and [a link](x-12.md)", []),
        ("### Exercise 4.12 Ten by 10", ["10"]),
        ("−10 and -3.5 and 75° and (2, 12)", ["10", "3.5", "75", "12"]),
    ],
)
def test_numbers_that_are_claims(line: str, values: list[str]) -> None:
    assert [value for _, value in prose.numbers(line)] == [Decimal(value) for value in values]


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("The loss is 4.9, or 4.900.", True),
        ("The loss is 4.91.", False),
        ("It falls by 37 %.", True),
        ("The gradient is −47.", True),
        ("It has 1,234,567 rows.", True),
    ],
)
def test_numbers_must_be_computed(tmp_path: Path, text: str, right: bool) -> None:
    code = "```python\na, b, c, d = 4.9, 0.3702, -47.0, 1_234_567\n```\n"
    assert (prose.check(page_of(tmp_path, f"{text}\n\n{code}")) == []) is right


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("np.linalg.norm", True),
        ("calcml.numeric.gradient", True),
        ("calcml.numeric.no_such", False),
        ("np.float128x", False),
    ],
)
def test_names_must_exist(name: str, there: bool) -> None:
    assert prose.exists(name) is there


# Rendering


def test_markdown_of_a_page_keeps_no_comment_and_marks_outputs(tmp_path: Path) -> None:
    path = page_of(tmp_path).path
    made = render.Book([path], store.Store(tmp_path / "kept")).finish()
    assert made.errors == {}
    text = made.markdown(path)
    assert "<!--" not in text
    assert "assert x == 1" not in text
    assert "```{.text .output}\n1\n```" in text
    assert "\n\n    figure-goes-here-a-line\n\n" in text
    html = made.html("<p>figure-goes-here-a-line</p>", path, "../../")
    assert html.count('alt="A line that rises from left to right."') == 2
    assert 'src="../../assets/figures/a-line-dark.svg#only-dark"' in html
    assert "<strong>rises</strong>" in html
    assert "<details" not in html
    figure = BeautifulSoup(formulas.filled(html), "html.parser").figure
    assert figure is not None
    assert figure["data-interactive"] == "compass"
    data = json.loads(str(figure["data-deliveries"]))
    assert data == {name: getattr(problems, name).tolist() for name in ("distance", "time", "late")}
    question = figure.find("p", class_="interactive-question")
    assert question is not None
    assert question.em is not None
    assert question.find("math") is not None
    assert [tag.name for tag in figure.find_all(["p", "img", "figcaption"])] == [
        "p", "img", "img", "figcaption",
    ]  # fmt: skip


def test_code_that_only_draws_is_folded_under_its_picture(tmp_path: Path) -> None:
    path = page_of(tmp_path).path
    made = render.Book([path], store.Store(tmp_path / "kept")).finish()
    code = '<div class="language-python highlight"><pre><code>a = 1</code></pre></div>'
    output = '<div class="language-text output highlight"><pre><code>1</code></pre></div>'
    place = "<p>figure-goes-here-a-line</p>"
    html = made.html(f"{code}\n{code}\n{place}", path, "")
    assert html.startswith(f"{code}\n<figure")
    assert html.endswith(f"</summary>\n{code}\n</details>")
    assert "<details" not in made.html(f"{code}\n{output}\n{place}", path, "")


def test_book_collects_the_errors_of_every_page(tmp_path: Path) -> None:
    texts = {"a.md": "```py\n```\n", "b.md": "```python\nx = 1 / 0\n```\n", "c.md": "Text.\n"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    made = render.Book([tmp_path / name for name in texts], store.Store(tmp_path / "kept")).finish()
    assert sorted(path.name for path in made.errors) == ["a.md", "b.md"]
    assert "a.md:1: a Python fence" in render.failure(made.errors[tmp_path / "a.md"])


def test_book_says_what_was_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = page_of(tmp_path, "```python\nimport jax\n```\n").path
    monkeypatch.setattr(runner, "missing", lambda chain: {"jax"})
    made = render.Book([path], store.Store(tmp_path / "kept")).finish()
    assert made.not_run == [f"{path}:1 (jax)"]
    assert "Not run in this build: jax is not installed" in made.markdown(path)


def test_generated_pages_are_those_that_are_announced() -> None:
    assert tuple(tables.PAGES) == generated.ADDRESSES
