"""Notebooks are run with the package as it is, and shown like pages; a built site is tidied."""

import gzip
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from book import formulas, notebooks, site
from book.reader import ROOT, PageError

NOTEBOOK = ROOT / "docs" / "notebooks" / "first-steps.ipynb"


def output(kind: str, inner: str) -> str:
    return f'<div class="jp-OutputArea-output" data-mime-type="{kind}">{inner}</div>'


def test_a_notebook_is_shown_like_a_page() -> None:
    text = (
        "<style>a { }</style><script src='https://cdn.example/mathjax.js'></script>"
        '<div class="jp-RenderedMarkdown"><h1 id="a">A<a class="anchor-link" href="#a">¶</a></h1>'
        '</div><div class="highlight-ipynb"><pre><span></span><span class="n">x</span></pre></div>'
        + output("text/plain", "<pre>1 &lt; 2\n</pre>")
        + output("image/png", '<img alt="A curve" src="data:image/png;base64,aa">')
    )
    assert notebooks.shown(text, NOTEBOOK).split("\n") == [
        '<h1 id="a">A<a class="headerlink" href="#a" title="Link to this section">¶</a></h1>',
        '<div class="language-python highlight"><pre><span></span><code>'
        '<span class="n">x</span></code></pre></div>',
        '<div class="language-text output highlight"><pre><span></span><code>1 &lt; 2',
        "</code></pre></div>",
        '<figure class="on-paper"><img src="data:image/png;base64,aa" alt="A curve"></figure>',
    ]


@pytest.mark.parametrize(
    ("kind", "inner", "message"),
    [
        (
            "image/png",
            '<img alt="No description has been provided for this image" src="data:,">',
            "docs/notebooks/first-steps.ipynb:1: an image of a notebook needs a text: none came. "
            "Give Image(…, alt=…).",
        ),
        (
            "application/vnd.jupyter.stderr",
            "<pre>RuntimeWarning</pre>",
            "docs/notebooks/first-steps.ipynb:1: a notebook on the site shows text and images: "
            "application/vnd.jupyter.stderr came. Print the result.",
        ),
    ],
)
def test_what_a_page_could_not_show_is_refused(kind: str, inner: str, message: str) -> None:
    with pytest.raises(PageError) as caught:
        notebooks.shown(output(kind, inner), NOTEBOOK)
    assert str(caught.value) == message


def test_a_change_of_the_package_runs_the_notebooks_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plugin = SimpleNamespace(config={})
    config = SimpleNamespace(plugins={"mkdocs-jupyter": plugin})
    module = tmp_path / "src" / "calcml" / "a.py"
    module.parent.mkdir(parents=True)
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    places = []
    for source in ("x = 1", "x = 2", "x = 1"):
        module.write_text(source)
        notebooks.configure(config)
        places.append(plugin.config["cache_dir"])
    assert places[0] == places[2] != places[1]


def test_the_notebooks_are_stored_without_outputs_and_described() -> None:
    for path in (ROOT / "docs" / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        assert code
        assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
        assert any("assert " in "".join(cell["source"]) for cell in code), "nothing is checked"
        assert notebooks.description(path)


def test_a_description_is_the_first_sentences() -> None:
    formula = formulas.render_page("$x$", "docs/a.md", index=False)
    assert site.description(f"<h1>A</h1>\n<p>The <em>slope</em>\nof {formula}.</p><p>No.</p>") == (
        "The slope of x."
    )
    long = "One sentence of some length, to fill the space that a description has. " * 4
    assert (
        site.description(f"<p>{long}</p>")
        == " ".join(long.split(". ")[:2]).replace(" One", ". One") + "."
    )
    assert site.description("<h1>A</h1>") == ""


def test_only_links_that_leave_the_site_are_marked() -> None:
    html = '<a href="../a/">a</a> <a href="https://example.org">b</a>'
    assert site.with_external_links_marked(html) == (
        '<a href="../a/">a</a> <a class="external" href="https://example.org">b</a>'
    )


def test_a_built_site_is_tidied(tmp_path: Path) -> None:
    files = {
        "assets/javascripts/a.js": "f()\n//# sourceMappingURL=a.js.map\n",
        "assets/javascripts/a.js.map": "{}",
        "assets/javascripts/lunr/min/lunr.de.min.js": "x",
        "assets/stylesheets/a.css": "a{top:0}\n.b{top:0}\n/*# sourceMappingURL=a.css.map */",
        "sitemap.xml": "<url>\n  <loc>a</loc>\n  <lastmod>2026-01-02</lastmod>\n</url>",
        "search/search_index.json": json.dumps({"docs": [{"text": "∇"}]}),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    site.finish(SimpleNamespace(site_dir=str(tmp_path)))
    left = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    assert left == [
        "assets/javascripts/a.js",
        "assets/stylesheets/a.css",
        "search/search_index.json",
        "sitemap.xml",
        "sitemap.xml.gz",
    ]
    assert (tmp_path / left[0]).read_text() == "f()\n"
    assert (tmp_path / left[1]).read_text() == "a{top:0}"
    assert (tmp_path / left[2]).read_text("utf-8") == '{"docs":[{"text":"∇"}]}'
    assert "lastmod" not in (tmp_path / left[3]).read_text()
    packed = (tmp_path / left[4]).read_bytes()
    assert gzip.decompress(packed) == (tmp_path / left[3]).read_bytes()
    assert packed[4:8] == b"\0\0\0\0", "the time of the build stands in the archive"
    assert not re.search(rb"sitemap", packed[:30])
