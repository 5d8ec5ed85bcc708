"""Style sheets lose what no page needs, and nothing else."""

from pathlib import Path

import pytest
from book import styles
from browsing import opened
from playwright.sync_api import Page

NAMES = styles.names_in(
    ['<html dir="ltr"><body class="a b" data-md-color-scheme="slate" style="top: var(--top)">'],
    ["e.classList.add('live'); e.style.setProperty('--set', read('--asked'))"],
)


@pytest.mark.parametrize(
    ("sheet", "left"),
    [
        (".a{color:red}.c{color:red}", ".a{color:red}"),
        (".live{color:red}", ".live{color:red}"),
        (".a .c,.b>.a,p{color:red}", ".b>.a,p{color:red}"),
        (".a:not(.c){color:red}", ".a:not(.c){color:red}"),
        (":is(.c,.a) p{color:red}", ":is(.c,.a) p{color:red}"),
        ("[dir=rtl] .a{left:0}[dir=ltr] .a{left:0}", "[dir=ltr] .a{left:0}"),
        (
            "[data-md-color-scheme=slate]{top:0}[data-md-color-scheme=red]{top:0}",
            "[data-md-color-scheme=slate]{top:0}",
        ),
        ("[data-md-color-switching] *{color:red}", ""),
        ('[href$=".c"]{color:red}', '[href$=".c"]{color:red}'),
        ("@media print{.c{top:0}}@media screen{.a{top:.5em}}", "@media screen{.a{top:.5em}}"),
        ("p{--x:1;--y:var(--z);--z:2;top:var(--y)}", "p{--y:var(--z);--z:2;top:var(--y)}"),
        ("p{--x:1}q{--top:1}i{--asked:1}", "q{--top:1}i{--asked:1}"),
        ("p{--x:url('data:;{}')}", ""),
        ('p{background:url("data:a;{\'}")}', 'p{background:url("data:a;{\'}")}'),
        (
            "@keyframes in{0%{top:0}to{top:1px}}@keyframes out{to{top:0}}p{animation:in 1s}",
            "@keyframes in{0%{top:0}to{top:1px}}p{animation:in 1s}",
        ),
        (
            '@font-face{font-family:"A B";src:url(a)}@font-face{font-family:C}p{font:1em "A B",D}',
            '@font-face{font-family:"A B";src:url(a)}p{font:1em "A B",D}',
        ),
        ("/* a { } ; */\n.a {\n  color: red;\n  top: 0\n}\n", ".a{color:red;top:0}"),
        ('@charset "UTF-8";.a{top:0}', '@charset "UTF-8";.a{top:0}'),
    ],
)
def test_what_no_page_needs_goes(sheet: str, left: str) -> None:
    assert styles.needed({"a.css": sheet}, NAMES) == {"a.css": left}


def test_sheets_need_what_others_read() -> None:
    sheets = {"a.css": ":root{--x:1;--y:1}", "b.css": ".a{top:var(--x)}"}
    assert styles.needed(sheets, NAMES)["a.css"] == ":root{--x:1}"


def test_a_rule_within_a_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="a rule within a rule"):
        styles.parse(".a{.b{top:0}}")


def test_every_rule_of_the_theme_that_meets_something_is_left(
    page: Page, browser_site: str, site: Path
) -> None:
    """The theme's own sheets, whole, put in the place of the site's, change no style of a page."""
    import material

    theme = Path(material.__file__).parent / "templates" / "assets" / "stylesheets"
    whole = {path.name: path.read_text("utf-8") for path in theme.glob("*.css")}
    for address in ("", "learn/gradient/", "reference/table/", "notebooks/first-steps/"):
        opened(page, browser_site + address)
        ours = page.evaluate(STYLES)
        page.route(
            "**/assets/stylesheets/*.min.css",
            lambda route: route.fulfill(
                body=whole[route.request.url.rsplit("/", 1)[1]], content_type="text/css"
            ),
        )
        opened(page, browser_site + address)
        assert page.evaluate(STYLES) == ours
        page.unroute_all()


STYLES = """() => {
  const kinds = new Map()
  for (const element of document.querySelectorAll("body, body *:not(.katex *)")) {
    const parent = element.parentElement
    const kind = [element.localName, element.className, parent.localName, parent.className].join()
    if (!kinds.has(kind)) kinds.set(kind, element)
  }
  return [...kinds.values()].map((element) => ["", "::before", "::after"].map((part) => {
    const style = getComputedStyle(element, part)
    return ["display", "color", "backgroundColor", "fontSize", "fontFamily", "width", "height", "margin",
      "padding", "border", "maskImage", "content", "position", "opacity", "transform"]
      .map((name) => style[name]).join("|")
  }).join("\\n"))
}"""
