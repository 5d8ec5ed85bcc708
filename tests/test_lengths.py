"""Blocks know about how long they are, so that a browser may skip what is far from view."""

import re

import pytest
from book import formulas
from book.lengths import with_lengths
from browsing import drawn, opened
from playwright.sync_api import Page

LONG = "word " * 100
WINDOW = f"<p>{'word ' * 1000}</p>\n"
"""What fills the first window, where nothing waits."""


def below(html: str) -> str:
    """The HTML of a block, measured as it is under the first window."""
    measured = with_lengths(WINDOW + html)
    assert measured.startswith(WINDOW)
    return measured.removeprefix(WINDOW)


def place(tex: str) -> str:
    """A formula as it travels through the build."""
    return formulas.render_page(tex, "a page", index=False).strip()


@pytest.mark.parametrize(
    ("html", "lengths"),
    [
        ("<p>Text.</p>", [1]),
        (f"<p>{LONG}</p>", [6]),
        (f'<p>A <a href="{LONG}">link</a>.</p>', [1]),
        (f"<ul>\n<li>One</li>\n<li>{LONG}</li>\n</ul>", [7]),
        ("<ol>\n<li>\n<p>One</p>\n</li>\n<li>\n<p>Two</p>\n</li>\n</ol>", [2]),
        ("<p>One.</p>\n<h2>Heading</h2>\n<p>Two.</p>", [1, 1]),
        ('<div class="highlight"><pre><code>one\ntwo\n</code></pre></div>', [2]),
        ("<div><pre><span></span><code>one\n\nthree\n</code></pre></div>", [3]),
        ("<details><summary>More</summary><p>Text</p><pre><code>x\n</code></pre></details>", [1]),
        ('<div class="admonition note"><p class="admonition-title">A</p><p>B</p></div>', [2]),
        ('<div class="other"><p>Text</p></div>', []),
        ("<figure><p>Text</p></figure>", []),
        ('<p hidden class="formula-words">nabla</p>', []),
        ("<form><p>Text</p></form>", []),
    ],
)
def test_blocks_know_their_length(html: str, lengths: list[int]) -> None:
    measured = below(html)
    assert [int(n) for n in re.findall(r'<[^>]* style="--lines:(\d+)">', measured)] == lengths
    assert re.sub(' style="--lines:[^"]*"', "", measured) == html


def test_of_tabs_the_first_counts() -> None:
    blocks = [
        f'<div class="tabbed-block">\n<pre><code>{"x" * n}\n</code></pre>\n</div>' for n in (1, 2)
    ]
    html = f'<div class="tabbed-set" data-tabs="1:2"><div>{"".join(blocks)}</div></div>'
    assert below(html).startswith('<div class="tabbed-set" data-tabs="1:2" style="--lines:1">')


def test_formulas_count_as_their_symbols() -> None:
    formula = place(r"$\frac{\partial f}{\partial x}$")
    assert below(f"<p>{formula}</p>") == f'<p style="--lines:1">{formula}</p>'


def test_margins_of_displayed_formulas_are_not_shut_in() -> None:
    formula = place("$$x^2$$")
    assert below(f"<p>{formula}</p>") == f'<p class="formula" style="--lines:2">{formula}</p>'
    for html in (f"<p>Text\n{formula}</p>", f"<ul>\n<li>{formula}</li>\n</ul>"):
        assert below(html) == html


def test_what_is_in_the_first_window_is_drawn_at_once() -> None:
    block = "<p>Text</p>\n<pre><code>x\n</code></pre>\n"
    assert with_lengths(block) == block
    picture = "<figure><p>Caption</p></figure>\n"
    assert "--lines" not in with_lengths(picture * 3 + block)
    assert "--lines" in with_lengths(picture * 4 + block)


def test_tables_are_boxed_to_wait() -> None:
    table = f"<table><tr><th>A</th><th>B</th></tr><tr><td>{LONG}</td><td>x</td></tr></table>"
    assert below(table) == f'<div class="table" style="--lines:13">{table}</div>'


WIDTHS = (1280, 390)
PAGES = ("learn/gradient/", "learn/hessian/", "production/pitfalls/")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_as_long_before_it_is_read_as_after(
    page: Page, browser_site: str, address: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(browser_site + address, wait_until="load")
    before, skipped = page.evaluate(LENGTH)
    assert skipped > 100
    page.add_style_tag(content="* { content-visibility: visible !important }")
    after, skipped = page.evaluate(LENGTH)
    assert skipped == 0
    assert before == pytest.approx(after, rel=0.05)


LENGTH = """() => [document.documentElement.scrollHeight,
  [...document.querySelectorAll("[style^='--lines'] > *")].filter((element) =>
    element.checkVisibility() && !element.checkVisibility({contentVisibilityAuto: true})).length]"""


@pytest.mark.parametrize("width", WIDTHS)
def test_links_into_a_page_reach_their_heading(page: Page, browser_site: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    address = f"{browser_site}learn/hessian/"
    page.goto(address, wait_until="load")
    names = page.locator("article h2[id]").evaluate_all("(all) => all.map((h) => h.id)")
    for name in (names[2], names[-1], names[len(names) // 2]):
        # From elsewhere: the page is opened at the heading.
        page.goto("about:blank")
        opened(page, f"{address}#{name}")
        assert reached(page, name)
    for name in (names[-2], names[1]):
        # From within the page.
        page.evaluate("(name) => document.querySelector(`article h2#${name} a`).click()", name)
        page.wait_for_timeout(300)
        assert reached(page, name)


def reached(page: Page, name: str) -> bool:
    """Whether a heading stands at the top of the window, or in it at the end of the page."""
    top: float = page.evaluate(
        """async (name) => {
          for (let i = 0; i < 5; i++) await new Promise(requestAnimationFrame)
          const end = document.documentElement.scrollHeight - innerHeight - scrollY < 2
          return end ? 1 : document.getElementById(name).getBoundingClientRect().top
        }""",
        name,
    )
    return 0 < top < 150


def test_the_browser_finds_text_that_is_not_drawn_yet(page: Page, browser_site: str) -> None:
    page.goto(f"{browser_site}learn/gradient/", wait_until="load")
    # A paragraph without formulas, by words that stand on one line of its source.
    paragraph = page.locator("article > p[style^='--lines']:not(:has(.katex))").last
    words = str(paragraph.text_content()).split("\n")[0]
    assert len(words) > 30
    assert page.evaluate("(words) => window.find(words)", words)
    drawn(page)
    assert page.evaluate("getSelection().toString()") == words
    assert page.evaluate("scrollY") > 5000


def test_print_has_everything(page: Page, browser_site: str) -> None:
    page.goto(f"{browser_site}learn/gradient/", wait_until="load")
    page.emulate_media(media="print")
    assert page.evaluate(LENGTH)[1] == 0
