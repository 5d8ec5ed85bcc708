"""What benchmarks measured: every record belongs to the code as it is, and the book shows it."""

import json
from pathlib import Path

import pytest
from benchmarks import record
from book import measured, prose, render, store
from book.reader import PageError, read

TABLE = {
    "title": "Time of a gradient, in runs of the function.",
    "command": "python tests/benchmarks trial",
    "machine": "2 cores of an imaginary processor",
    "versions": {"Python": "3.11.7", "NumPy": "2.4.6"},
    "columns": ["workload", "calcml", "by hand"],
    "rows": [["MLP, batch 512", 2.07, "1.41"], ["geometric mean", 1.9, 1.43]],
    "sources": ["tests/benchmarks/record.py"],
    "digest": "0",
}
PAGE = "# A page\n\nIt takes 2.07 runs.\n\n<!-- benchmark: trial -->\n\nSo much for batch 512.\n"


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of results with one table in it."""
    monkeypatch.setattr(measured, "RESULTS", tmp_path)
    (tmp_path / "trial.json").write_text(json.dumps(TABLE))
    return tmp_path


def written(folder: Path, text: str) -> Path:
    (folder / "page.md").write_text(text)
    return folder / "page.md"


@pytest.mark.parametrize("file", sorted(record.RESULTS.glob("*.json")), ids=lambda file: file.stem)
def test_a_record_belongs_to_the_code_as_it_is(file: Path) -> None:
    table = measured.load(file.stem)
    if record.digest(table.sources) != table.digest:
        pytest.fail(
            f"{file.name} is stale: the code that it measured has changed. "
            f"Run {table.command} --record",
            pytrace=False,
        )


def test_a_digest_sees_code_and_passes_over_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "ROOT", tmp_path)
    (tmp_path / "package").mkdir()
    file = tmp_path / "package" / "module.py"
    code = 'def f(x):\n    """Words."""\n    s = "# no comment"\n    return x + 1\n'
    file.write_text(code)
    first = record.digest(["package"])
    file.write_text(
        "# A comment.\n"
        + code.replace("Words.", "Other words,\n\n    on lines.").replace("+ 1", "+ 1  # one")
    )
    assert record.digest(["package"]) == first
    for change in (("x + 1", "x + 2"), ("# no", "# a"), ("    return", "    pass\n    return")):
        file.write_text(code.replace(*change))
        assert record.digest(["package"]) != first
    file.write_text(code)
    file.rename(tmp_path / "package" / "renamed.py")
    assert record.digest(["package"]) != first


def test_a_record_is_what_the_book_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(measured, "RESULTS", tmp_path / "results")
    sources = ["tests/benchmarks/record.py"]
    record.record(
        "trial", title="A title.", columns=["a", "b"], rows=[["one", 2.5]], sources=sources,
        packages={"NumPy": "numpy"},
    )  # fmt: skip
    table = measured.load("trial")
    assert table.rows == [["one", 2.5]]
    assert table.digest == record.digest(sources)
    assert table.command == "python tests/benchmarks trial"
    assert list(table.versions) == ["Python", "NumPy"]
    assert "processor" in table.machine


def test_a_page_shows_the_table_and_where_it_was_measured(results: Path) -> None:
    path = written(results, PAGE)
    book = render.Book([path], store.Store(results / "kept")).finish()
    assert book.errors == {}
    text = book.markdown(path)
    assert text.splitlines()[4] == "table-goes-here-trial"  # the lines keep their numbers
    html = book.html("<p>table-goes-here-trial</p>", path, "")
    assert '<figure id="benchmark-trial"' in html
    assert '<td style="text-align: right;">2.07</td>' in html
    assert "on 2 cores of an imaginary processor, with Python 3.11.7, NumPy 2.4.6." in html
    assert "<code>python tests/benchmarks trial</code>" in html


def test_numbers_of_the_prose_may_be_those_of_the_table(results: Path) -> None:
    assert prose.check(read(written(results, PAGE))) == []
    (wrong,) = prose.check(read(written(results, PAGE.replace("2.07 runs", "2.08 runs"))))
    assert wrong.line == 3
    # A version is no result.
    assert prose.check(read(written(results, PAGE.replace("2.07 runs", "3.11 runs"))))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"rows": [["only one"]]}, "needs rows of 3 words or numbers"),
        ({"rows": [["a", None, 1]]}, "needs rows of 3 words or numbers"),
        ({"machine": None}, "needs 'machine', a str: came None"),
        ({"digest": 3}, "needs 'digest', a str: came 3"),
    ],
)
def test_a_broken_record_is_refused_where_it_is_shown(
    results: Path, change: dict[str, object], problem: str
) -> None:
    (results / "trial.json").write_text(json.dumps(TABLE | change))
    path = written(results, PAGE)
    book = render.Book([path], store.Store(results / "kept")).finish()
    assert book.errors[path].line == 5
    assert problem in str(book.errors[path])


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("Text.\n<!-- benchmark: trial -->\n", 2, "needs blank lines around it"),
        ("<!-- benchmark: trial -->\nText.\n", 1, "needs blank lines around it"),
        ("<!-- benchmark: a -->\n\n<!-- benchmark: a -->\n", 3, "came twice"),
        ("<!-- benchmark: -->\n", 1, "a comment needs a meaning"),
        ("<!-- benchmark: two words -->\n", 1, "a comment needs a meaning"),
    ],
)
def test_a_marker_stands_alone(tmp_path: Path, text: str, line: int, problem: str) -> None:
    with pytest.raises(PageError, match=problem) as caught:
        read(written(tmp_path, text))
    assert caught.value.line == line
