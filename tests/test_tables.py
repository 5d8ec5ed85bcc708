"""The generated pages, and the command line: what a reader finds for each row."""

import functools
import re

import pytest
from book import formulas, tables
from book.reader import ROOT

from calcml.__main__ import failed, main
from calcml.functions import WORKS, all_identities, get


@pytest.fixture(scope="module")
def page():
    return tables.table(all_identities())


def test_every_row_has_an_anchor_its_errors_and_its_code(page):
    parts = page.split('<section class="identity"')[1:]
    assert len(parts) == len(all_identities()) >= 150
    for row, part in zip(all_identities(), parts, strict=True):
        assert f"### {row.title} gradient {{ #{row.name} }}" in part
        assert re.search(r"\*\*Worst error:\*\* (complex step|differences) \d\.\de[-+]\d\d", part)
        assert re.search(r"automatic differentiation \d\.\de[-+]\d\d", part)
        assert row.source in re.sub(r"\[([^\]]+)\]\(#[\w-]+\)", r"\1", part)
        assert f"def {row.function.__name__}(" in part
        assert part.count("\\nabla_") >= 1


def test_every_citation_leads_to_its_reference(page):
    rows, _, references = page.partition("## References { #references }")
    entries = re.findall(r"(?m)^(.+) <(https?://\S+)>\n\{: #([\w-]+) \}$", references)
    assert {anchor: (text, url) for text, url, anchor in entries} == {
        tables.anchor(work): entry[:2] for work, entry in WORKS.items()
    }
    assert len(entries) == len(WORKS) > 100
    assert [anchor for *_, anchor in entries] == sorted(anchor for *_, anchor in entries)
    linked = re.findall(r"\[([^\]]+)\]\(#([\w-]+)\)", rows)
    cited = [(c.work, tables.anchor(c.work)) for row in all_identities() for c in row.citations]
    assert linked == cited


@pytest.mark.parametrize(
    ("work", "anchor"),
    [
        ("Bishop 2006", "bishop-2006"),
        ("Scherer, Müller and Behnke 2010", "scherer-muller-and-behnke-2010"),
        ("van den Oord, Li and Vinyals 2018", "van-den-oord-li-and-vinyals-2018"),
    ],
)
def test_anchors_of_works_are_plain(work, anchor):
    assert tables.anchor(work) == anchor


def test_every_formula_is_rendered(page):
    html = formulas.filled(formulas.render_page(page, "docs/reference/table.md"))
    assert html.count('class="arithmatex display"') == 2 * len(all_identities())
    assert "katex-error" not in html


def test_links_lead_to_pages(page):
    for target in re.findall(r"\]\(\.\./([\w/-]+\.md)", page):
        assert (ROOT / "docs" / target).is_file(), target


@pytest.mark.parametrize("words", ["layernorm", "softmax Jacobian", "log det", "attention mask"])
def test_readers_find_what_they_search_for(page, words):
    assert words.lower() in page.lower()


def test_no_formula_is_unchecked(page):
    assert "not machine-checked" not in page


def test_command_prints_a_row_and_checks_it(capsys):
    assert main(["identity", "softmax cross-entropy"]) == 0
    said = capsys.readouterr().out
    assert "Softmax cross-entropy gradient (Classification losses)" in said
    assert r"\operatorname{softmax}(z) - \operatorname{one hot}" in said
    row = get("softmax cross-entropy")
    assert f"source      {row.source}\n" in said
    works = [WORKS[citation.work] for citation in row.citations]
    printed = [f"reference   {work.reference} {work.url}" for work in works]
    assert [line for line in said.splitlines() if line.startswith("reference")] == printed
    assert said.rstrip().endswith("passed")


def test_command_suggests_the_nearest_name(capsys):
    assert main(["identity", "softmax-cross-entrpy"]) == 2
    assert "Did you mean softmax-cross-entropy" in capsys.readouterr().err


def test_command_lists_all_rows(capsys):
    assert main(["identities"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(all_identities())


def test_command_checks_all_rows_and_fails_if_one_is_wrong(capsys, monkeypatch):
    few = all_identities()[:3]
    monkeypatch.setattr("calcml.__main__.all_identities", lambda: few)
    assert main(["identities", "--check"]) == 0
    assert "3 of 3 rows passed" in capsys.readouterr().out
    rule = few[0].backward
    wrong = functools.wraps(rule)(lambda *a: tuple(1.01 * d for d in rule(*a)))
    monkeypatch.setattr(few[0], "backward", wrong)
    assert main(["identities", "--check"]) == 1
    said = capsys.readouterr().out
    assert f"{few[0].name}: error " in said
    assert "2 of 3 rows passed" in said
    assert main(["identity", few[0].name]) == 1


@pytest.mark.parametrize("error", [1e-3, float("nan"), float("inf")])
def test_an_error_that_is_large_or_no_number_fails(error):
    assert failed({"complex step": error})
    assert not failed({"complex step": 1e-15, "differences": 1e-9})


def test_verification_lists_every_row_and_its_worst_errors():
    report = tables.verification(all_identities())
    for row in all_identities():
        assert f"(../reference/table.md#{row.name})" in report
    for oracle in ("complex step", "automatic differentiation"):
        worst = max(tables.measured(row).get(oracle, 0.0) for row in all_identities())
        assert f"| {worst:.1e} |" in report


def test_errors_are_measured_again_when_code_changes_that_a_row_uses():
    folder = ROOT / "src" / "calcml" / "functions"
    behind = tables._code_behind(folder / "classification.py")
    for name in ("classification", "activations", "softmax", "_helpers"):
        assert (folder / f"{name}.py").read_bytes() in behind
    assert (folder / "layers.py").read_bytes() not in behind
