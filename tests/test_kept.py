"""What is kept of a page is used again while nothing changed that decides it, and only then."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from book import kept, site
from book.reader import ROOT

BUILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from book import kept
kept.CACHE = Path("kept").resolve()
from mkdocs.__main__ import cli
cli(["build", "--strict"])
"""


def project(folder: Path) -> Path:
    (folder / "docs").mkdir()
    (folder / "mkdocs.yml").write_text(
        f"site_name: trial\nhooks: [{ROOT / 'docs/_hooks/hook.py'}]\ntheme: {{name: material}}\n"
        "plugins: [search]\nmarkdown_extensions: [md_in_html, attr_list, {toc: {permalink: true}}]\n"
        "validation: {links: {not_found: warn, anchors: warn}}\n"
    )
    write(
        folder, "index", "# One\n\nTo [two](two.md#there).\n\n## Slope $\\nabla f$\n\nA `name`.\n"
    )
    write(folder, "two", "---\ntags: [a]\n---\n# Two\n\n## There\n\nText with $x^2$.\n")
    return folder


def write(folder: Path, name: str, text: str) -> None:
    (folder / "docs" / f"{name}.md").write_text(text)


def build(folder: Path) -> tuple[dict[str, bytes], str]:
    """The files of the site, if it was built, and what the build said."""
    hooks = ROOT / "docs" / "_hooks"
    ran = subprocess.run(
        [sys.executable, "-c", BUILD, str(hooks)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    out = folder / "site"
    files = {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    return files if ran.returncode == 0 else {}, ran.stderr


def made(folder: Path) -> set[str]:
    return {path.name for path in (folder / "kept").glob("*.json")}


def test_a_second_build_makes_nothing_and_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = project(tmp_path)
    first, said = build(folder)
    assert first, said
    results = made(folder)
    assert {name.partition("-")[0] for name in results} == {"page", "search", "styles"}
    again, _ = build(folder)
    assert again == first
    assert made(folder) == results
    html = first["index.html"].decode()
    assert "katex-html" in html
    assert "\ue000" not in html
    assert 'href="#slope-f"' in html, "the table of contents is kept with the page"
    entries = {e["location"]: e for e in json.loads(first["search/search_index.json"])["docs"]}
    assert entries["#slope-f"]["title"] == "Slope ∇f"
    assert "Text with x2." in entries["two/#there"]["text"]


def test_an_edited_page_is_made_anew_and_no_other(tmp_path: Path) -> None:
    folder = project(tmp_path)
    build(folder)
    before = made(folder)
    write(folder, "two", "# Two\n\n## There\n\nOther text with $x^2$.\n")
    files, said = build(folder)
    assert b"Other text with" in files["two/index.html"], said
    assert len(made(folder) - before) == 2, "the page and its entries in the search"


def test_a_warning_is_given_in_every_build(tmp_path: Path) -> None:
    folder = project(tmp_path)
    write(folder, "two", "# Two\n\n## There\n\n[Nowhere](three.md)\n")
    for _ in range(2):
        files, said = build(folder)
        assert not files
        assert "three.md" in said


def test_a_link_that_breaks_elsewhere_is_noticed(tmp_path: Path) -> None:
    folder = project(tmp_path)
    assert build(folder)[0]
    write(folder, "two", "# Two\n\n## Moved\n\nText.\n")  # the other page is not made anew
    files, said = build(folder)
    assert not files
    assert "does not contain an anchor '#there'" in said
    (folder / "docs" / "two.md").unlink()
    files, said = build(folder)
    assert not files
    assert "'two.md#there'" in said


def test_results_that_nobody_used_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "CACHE", tmp_path)
    monkeypatch.setattr(kept, "_loaded", {})
    calls: list[int] = []
    for part in (1, 2, 1):
        assert kept.keep("kind", [part], lambda part=part: calls.append(part) or [part]) == [part]
    assert calls == [1, 2]
    monkeypatch.setattr(kept, "_loaded", {})
    assert kept.keep("kind", [2], lambda: calls.append(3)) == [2]
    assert kept.keep("kind", [3], lambda: None) is None
    kept.forget_the_rest()
    assert len(list(tmp_path.iterdir())) == 1
    assert kept.keep("other", [2], lambda: [0]) == [0]


def test_the_search_keeps_the_names_of_code_once() -> None:
    text = "<p>a</p><pre>np.clip(x_1, 2) &lt; np.sum</pre>b<pre>np.clip</pre>"
    assert site.searchable(text) == "<p>a</p><p>clip x_1 sum</p>b"
