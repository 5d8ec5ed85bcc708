"""Formulas are rendered at build time, wherever they stand, and wrong ones are refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import html5lib
import markdown
import pytest
from book import formulas
from book.formulas import FormulaError, filled, plain, render_html, render_page
from hypothesis import given
from hypothesis import strategies as st

EXTENSIONS = [
    "admonition", "attr_list", "def_list", "footnotes", "md_in_html", "tables", "toc",
    "pymdownx.details", "pymdownx.superfences", "pymdownx.tabbed",
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of this module's own, empty at first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formulas, "_rendered", {})
        patch.setattr(formulas, "CACHE", tmp_path_factory.mktemp("formulas"))
        yield


def converted(text: str, page: str = "docs/a.md") -> Any:
    source = markdown.markdown(render_page(text, page), extensions=EXTENSIONS)
    return html5lib.parse(filled(source), namespaceHTMLElements=False)


def tex(tree: Any) -> list[str]:
    """The TeX that the formulas of a page carry in their MathML."""
    return [e.text for e in tree.iter() if str(e.tag).endswith("annotation")]


def prose(tree: Any) -> str:
    """The text of a page without its formulas."""
    parts: list[str] = []

    def walk(element: Any) -> None:
        if "arithmatex" not in element.attrib.get("class", ""):
            parts.append(element.text or "")
            for child in element:
                walk(child)
                parts.append(child.tail or "")

    walk(tree.find("body"))
    return "".join(parts)


@pytest.mark.parametrize(
    "text",
    [
        "The slope $x_1 * x_2$ is.",
        "The slope $x_1\n* x_2$ is.",
        "# A\n\n## The slope $x_1 * x_2$\n",
        "> The slope $x_1 * x_2$.",
        "- one\n- the slope $x_1 * x_2$",
        "1. one\n\n    the slope\n\n    $$\n    x_1 * x_2\n    $$\n",
        '!!! note "The slope $x_1 * x_2$"\n    Text.\n',
        "!!! note\n    Text.\n\n    $$\n    x_1 * x_2\n    $$\n",
        '??? success "Solution"\n    !!! note\n        The slope $x_1 * x_2$.\n',
        '=== "NumPy"\n\n    The slope $x_1 * x_2$.\n',
        "| a | b |\n|---|---|\n| $x_1 * x_2$ | c |\n",
        "Text[^1].\n\n[^1]: The slope $x_1 * x_2$.\n",
        "A term\n:   The slope $x_1 * x_2$.\n",
        "*The slope $x_1 * x_2$ leans*, **strongly**.",
        "[the slope $x_1 * x_2$](b.md)",
        '<figcaption markdown="span">The slope $x_1 * x_2$.</figcaption>',
        "$$\nx_1 * x_2\n$$",
        "Text\n$$x_1 * x_2$$\ntext.",
    ],
)
def test_a_formula_may_stand_anywhere(text: str) -> None:
    tree = converted(text)
    assert [" ".join(found.split()) for found in tex(tree)] == ["x_1 * x_2"]
    assert "$" not in prose(tree)
    assert not [e for e in tree.iter() if e.tag == "em" and "x" in (e.text or "")]
    (picture,) = [e for e in tree.iter() if e.attrib.get("class") == "katex-html"]
    assert picture.attrib["aria-hidden"] == "true"


@pytest.mark.parametrize(
    "formula",
    [
        r"|x| \le \|y\|",
        r"a < b \text{ and } c > d",
        r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}",
        r"[a](b) + ![c](d) + <e>",
        r"f'(x) = {x}^{2}_{1}",
        r"\{x : x \ne 0\}",
        r"\sqrt{x^2 + 1} \quad \text{for 5\$}",
        r"\nabla f(\mathbf{a})^\top \boldsymbol{\delta}",
        r"x \mathbin{:=} ~y~ + _a",
    ],
)
@pytest.mark.parametrize("form", ["${}$", "| a |\n|---|\n| ${}$ |", "$${}$$"])
def test_markdown_changes_nothing_in_a_formula(formula: str, form: str) -> None:
    assert tex(converted(form.replace("{}", formula, 1))) == [formula]


@pytest.mark.parametrize(
    "text",
    [
        "Text without formulas.\n",
        "The code `$x$` and ``a ` $y$ b``.\n",
        "```python\nprint('$x')\n```\n",
        "~~~text\n$x\n~~~\n",
        "    ```console\n    $ make test\n    ```\n",
        "````markdown\n```\n$x$ and $y\n```\n````\n",
        "<!-- costs $5 -->\n",
        "<!--\n# not a heading\ncosts $5\n-->\n",
        "Text <!-- $5 --> and text.\n",
        '<a href="b.md" title="$5">b</a>\n',
        "---\ndescription: it costs $5\n---\n\nText.\n",
    ],
)
def test_code_comments_and_attributes_are_left_alone(text: str) -> None:
    assert render_page(text, "docs/a.md") == text


def test_an_escaped_dollar_is_a_dollar() -> None:
    tree = converted(r"It costs \$5, or \$6, times $x$.")
    assert prose(tree).strip() == "It costs $5, or $6, times ."
    assert tex(tree) == ["x"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Text.\n\nIt is $x y.\n\nThen $z$.",
            r"docs/a.md:3: the formula `$x y.` needs a closing dollar in its paragraph: none came. "
            r"Close it, or write \$ for a dollar sign.",
        ),
        (
            "From $5 to $10.",
            r"docs/a.md:1: the formula `$5 to $10.` needs a closing dollar in its paragraph: none "
            r"came. Close it, or write \$ for a dollar sign.",
        ),
        (
            "From $ x$.",
            r"docs/a.md:1: the formula `$ x$` needs its dollars right against it: a space came. "
            r"Remove it, or write \$ for a dollar sign.",
        ),
        (
            "A\n$$ $$",
            "docs/a.md:2: the formula `$$$$` needs TeX between its dollars: none came.",
        ),
        (
            "---\na: b\n---\n\n```text\n$\n```\n\n- item\n\n    $$\n    \\fraq{1}\n    $$\n",
            r"docs/a.md:11: the formula `$$\fraq{1}$$` is refused by KaTeX: Undefined control "
            r"sequence: \fraq at position 1: \fraq{1}",
        ),
        (
            "A $x^$ b",
            "docs/a.md:1: the formula `$x^$` is refused by KaTeX: Expected group after '^' at "
            "position 2: x^",
        ),
        (
            "A $é$ b",
            "docs/a.md:1: the formula `$é$` is refused by KaTeX: LaTeX-incompatible input and "
            "strict mode is set to 'error': Accented Unicode text character \"é\" used in math "
            "mode [unicodeTextInMathMode] at position 1: é",
        ),
    ],
)
def test_a_wrong_formula_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(FormulaError) as caught:
        render_page(text, "docs/a.md")
    assert str(caught.value) == message


def test_the_first_of_several_wrong_formulas_is_named() -> None:
    with pytest.raises(FormulaError, match=r"^docs/a.md:3: the formula `\$\\b"):
        render_page("A $x$.\n\nB $\\badly$.\n\nC $\\worse$.", "docs/a.md")


def test_lines_may_count_from_elsewhere() -> None:
    with pytest.raises(FormulaError, match=r"^docs/a.md:41: "):
        render_page("A caption\nwith $x.", "docs/a.md", line=40)


@pytest.mark.parametrize(("command", "means"), sorted(formulas.MACROS.items()))
def test_the_commands_of_the_book(command: str, means: str) -> None:
    arguments = ["{a}", "{b}"][: 2 if "#2" in means else 1 if "#1" in means else 0]
    short = command + "".join(arguments)
    long = means.replace("#1", "a").replace("#2", "b")
    picture = [
        [e.attrib.get("class") for e in converted(f"$x {form} y$").iter() if e.tag == "span"]
        for form in (short, long)
    ]
    assert picture[0] == picture[1]


def test_a_heading_has_a_plain_label_and_anchor() -> None:
    page = markdown.Markdown(extensions=EXTENSIONS)
    page.convert(
        render_page("## Why `a` and $\\nabla f$ *agree*\n\n## $x$ {: #x .y }\n", "docs/a.md")
    )
    names = [(token["id"], token["name"]) for token in page.toc_tokens]
    assert names == [("why-a-and-f-agree", "Why a and ∇f agree"), ("x", "x")]


def test_the_words_of_a_section_are_for_the_search_alone() -> None:
    text = "# A\n\n$\\grad f$ and $\\frac{\\partial f}{\\partial x}$\n\n## B\n\n$\\lambda$\n"
    tree = converted(text)
    words = [e for e in tree.iter() if e.attrib.get("class") == "formula-words"]
    assert [e.text for e in words] == ["nabla partial", "lambda"]
    assert all("hidden" in e.attrib for e in words)
    assert "formula-words" not in render_page(text, "docs/a.md", index=False)


def test_a_displayed_formula_is_marked() -> None:
    assert 'class="arithmatex display"' in filled(render_page("$$x$$", "docs/a.md"))
    assert 'class="arithmatex"' in filled(render_page("$x$", "docs/a.md"))


def test_markdown_and_the_search_see_a_short_place_and_the_search_the_symbols() -> None:
    text = render_page("if $a < b$ then", "docs/a.md")
    assert len(text) < 60
    assert "<" not in text
    assert plain(text) == "if a&lt;b then"


def test_a_title_has_no_formula() -> None:
    with pytest.raises(
        FormulaError, match=r"^docs/a.md:3: the formula `\$x\$` stands in the title"
    ):
        render_page("Text.\n\n# The slope $x$\n", "docs/a.md")


# Notebooks


def cell(text: str) -> str:
    return f'<div class="jp-RenderedHTMLCommon jp-RenderedMarkdown"><p>{text}</p></div>'


def test_formulas_of_a_notebook() -> None:
    made = render_html(cell("if $a &lt; b$ then <code>$x$</code>, <em>or $c$</em>"), "docs/a.ipynb")
    made = filled(made)
    tree = html5lib.parse(made, namespaceHTMLElements=False)
    assert tex(tree) == ["a < b", "c"]
    assert "<code>$x$</code>" in made


def test_outside_the_text_of_a_notebook_nothing_changes() -> None:
    text = f"<pre>$x</pre>{cell('text')}<div class='jp-OutputArea'>costs $5</div>"
    assert render_html(text, "docs/a.ipynb") == text


def test_a_wrong_formula_of_a_notebook_is_refused() -> None:
    with pytest.raises(FormulaError) as caught:
        render_html(cell("it costs $5"), "docs/a.ipynb")
    assert str(caught.value) == (
        "docs/a.ipynb: the formula `$5` needs a closing dollar in its paragraph: none came. "
        "Close it, or write out the word."
    )


# The machinery


def test_a_formula_is_rendered_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[int] = []
    katex = formulas._katex

    def counted(jobs: Any) -> Any:
        jobs = list(jobs)
        calls.append(len(jobs))
        return katex(jobs)

    monkeypatch.setattr(formulas, "CACHE", tmp_path)
    monkeypatch.setattr(formulas, "_rendered", {})
    monkeypatch.setattr(formulas, "_katex", counted)
    first = render_page("$a$ and $b$ and $a$ and $$a$$", "docs/a.md")
    assert calls == [3]  # $a$ and $$a$$ are two formulas
    assert render_page("$a$ and $b$ and $a$ and $$a$$", "docs/a.md") == first
    assert calls == [3]
    monkeypatch.setitem(formulas.MACROS, r"\new", "x")
    render_page("$a$", "docs/a.md")
    assert calls == [3, 1]


def test_a_refused_formula_is_not_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(formulas, "CACHE", tmp_path)
    monkeypatch.setattr(formulas, "_rendered", {})
    for _ in range(2):
        with pytest.raises(FormulaError):
            render_page(r"$\fraq$", "docs/a.md")
    assert list(tmp_path.iterdir()) == []


def test_katex_that_does_not_run_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(formulas, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(formulas, "_rendered", {})
    monkeypatch.setattr(formulas, "KATEX", tmp_path)
    with pytest.raises(RuntimeError, match="KaTeX did not run"):
        render_page("$x$", "docs/a.md")


@given(st.lists(st.sampled_from(["text `$x$`", "# A", "```", "````", "<!--", "-->", "", "$a$"])))
def test_no_text_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert "".join(piece for _, _, piece in formulas._pieces(text)) == text
    for _, number, piece in formulas._pieces(text):
        assert text.split("\n")[number - 1].startswith(piece.split("\n")[0])


@given(st.text(st.characters(exclude_characters="$", exclude_categories=["Cs"]), max_size=60))
def test_text_without_dollars_is_left_alone(text: str) -> None:
    assert render_page(text, "docs/a.md") == text
