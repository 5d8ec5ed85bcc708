"""The built site in a real browser. Every check is also shown a page that it must refuse."""

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from book import generated, screenshot
from browsing import SCHEMES, Watch, at_rest, drawn, first_view, opened, resized, turned
from matplotlib.image import imread
from playwright.sync_api import Browser, CDPSession, Page, expect

DOCS = Path(__file__).resolve().parents[1] / "docs"
WIDTHS = (1280, 390)
PALETTES = ("light", "dark")
LARGEST_SHIFT = 0.02
OF_COLOR = ("color-contrast", "link-in-text-block")
"""The rules of axe that depend on the palette."""
WHOLE = {"", "learn/gradient/", "notebooks/first-steps/"}
"""The pages on which axe looks at every token of code and every symbol."""


def addresses() -> list[str]:
    """The address of every page that is published, those that the package writes first: they are long."""
    found = [f"{address.removesuffix('.md')}/" for address in generated.ADDRESSES]
    for path in sorted([*DOCS.rglob("*.md"), *DOCS.rglob("*.ipynb")]):
        inside = path.relative_to(DOCS).with_suffix("")
        if not inside.parts[0].startswith(("_", ".")):
            place = inside.parent if inside.name == "index" else inside
            found.append("" if place == Path() else f"{place.as_posix()}/")
    return [*found, "404.html"]


# Checks: each returns what is wrong


def overflow(page: Page) -> list[str]:
    """What makes a page scroll sideways."""
    found: list[str] = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth
          if (document.documentElement.scrollWidth <= width) return []
          const wide = [...document.querySelectorAll("body *")].filter(
            (element) => element.getBoundingClientRect().right > width + 1)
          return [`scrolls sideways: ${document.documentElement.scrollWidth} > ${width}: ` +
            wide.slice(0, 5).map((e) => `<${e.localName} class="${e.className}">`).join(", ")]
        }"""
    )
    return found


def barriers(page: Page, whole: bool = True, colors_only: bool = False) -> list[str]:
    """Serious barriers for readers with a disability, as axe-core sees them.

    The pictures of formulas go first: thousands of elements, hidden from screen readers, in the
    color of the text around them. Unless the ``whole`` page is asked for, so do the tokens of code
    and the MathML, which are alike on every page. Of the texts that the same rules of style reach
    in the same colors, the colors of the first and the last are looked at: axe would take most of
    its time for the others. So this is the last check of a page.
    """
    page.evaluate("document.querySelectorAll('.katex-html').forEach((picture) => picture.remove())")
    if not whole:
        page.evaluate(
            """() => {
              document.querySelectorAll("pre code").forEach((c) => { c.textContent = c.textContent })
              document.querySelectorAll("math").forEach((m) => { m.replaceWith(m.textContent) })
            }"""
        )
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    faults: list[Any] = page.evaluate(
        """async ([colorsOnly, OF_COLOR]) => {
          const kinds = new Map()
          const kind = (element) => {
            if (!element) return ""
            if (!kinds.has(element)) {
              const style = getComputedStyle(element)
              kinds.set(element, [kind(element.parentElement), element.localName, element.className,
                style.color, style.backgroundColor, style.backgroundImage, style.opacity,
                style.fontSize, style.fontWeight, style.textDecorationLine].join())
            }
            return kinds.get(element)
          }
          const samples = () => {
            const [first, last] = [new Map(), new Map()]
            for (const element of document.body.querySelectorAll(":not(script, style, template)")) {
              // Of a single letter axe says nothing.
              const written = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim()[1])
              if (!written || !element.checkVisibility()) continue
              if (!first.has(kind(element))) first.set(kind(element), element)
              last.set(kind(element), element)
            }
            return [...first.values(), ...last.values()]
          }
          const violations = async (where, options) =>
            (await axe.run(where, {resultTypes: ["violations"], ...options})).violations
          const colors = {runOnly: {type: "rule", values: OF_COLOR}}
          const others = {rules: Object.fromEntries(OF_COLOR.map((r) => [r, {enabled: false}]))}
          const found = await violations({include: samples()}, colors)
          return colorsOnly ? found : [...found, ...await violations(document, others)]
        }""",
        [colors_only, list(OF_COLOR)],
    )
    return [
        f"{fault['id']} ({fault['impact']}): {fault['help']}: "
        + "; ".join(node["html"][:120] for node in fault["nodes"][:3])
        for fault in faults
        if fault["impact"] in {"serious", "critical"}
    ]


def unseen(page: Page) -> list[str]:
    """Pictures that did not load and formulas that take no room."""
    found: list[str] = page.evaluate(
        """() => {
          const found = []
          for (const image of document.querySelectorAll("article img")) {
            if (getComputedStyle(image).display === "none") continue
            if (!image.complete || !image.naturalWidth)
              found.push(`the picture ${image.getAttribute("src")} is not seen`)
          }
          // To ask for the place of what waits to come near would have it laid out by itself. Of a box,
          // outermost first, that is asked of what it holds; what it holds is never asked for styles.
          const boxes = "[style^='--lines'], .identity-body"
          const waiting = new Set()
          for (const box of document.querySelectorAll(boxes)) {
            if (box.parentElement.closest(boxes) || !box.checkVisibility()) continue
            if (box.firstElementChild?.checkVisibility({contentVisibilityAuto: true}) === false)
              box.querySelectorAll(".katex-html").forEach((formula) => waiting.add(formula))
          }
          for (const formula of document.querySelectorAll("article .katex-html")) {
            if (waiting.has(formula)) continue
            if (formula.closest("details:not([open]), .tabbed-block")) continue
            const box = formula.getBoundingClientRect()
            if (box.width < 2 || box.height < 2)
              found.push(`the formula ${formula.textContent} is not seen`)
          }
          return found
        }"""
    )
    return found


def shift(page: Page) -> list[str]:
    """How far the text has jumped since the page was opened."""
    total: float = page.evaluate(
        """() => {
          const observer = new PerformanceObserver(() => {})
          observer.observe({type: "layout-shift", buffered: true})
          return observer.takeRecords().filter((entry) => !entry.hadRecentInput)
            .reduce((total, entry) => total + entry.value, 0)
        }"""
    )
    return [f"the layout shifts by {total:.4f}"] if total > LARGEST_SHIFT else []


def out_of_reach(page: Page) -> list[str]:
    """Places that scroll sideways and that the keyboard cannot reach."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("article *")].filter((element) =>
            ["auto", "scroll"].includes(getComputedStyle(element).overflowX) &&
            element.scrollWidth > element.clientWidth + 1 &&
            element.checkVisibility({contentVisibilityAuto: true}) && element.tabIndex < 0 &&
            !element.querySelector("a[href], button, [tabindex='0']"))
          .map((element) => `scrolls, but no key reaches it: <${element.localName} ` +
            `class="${element.className}">`)"""
    )
    return found


def all_seen(page: Page) -> None:
    """Have all pictures loaded, which otherwise happens when they come near."""
    page.evaluate(
        """async () => {
          document.querySelectorAll("img[loading]").forEach((image) => { image.loading = "eager" })
          await Promise.all([...document.images]
            .filter((image) => getComputedStyle(image).display !== "none")
            .map((image) => image.decode().catch(() => null)))
        }"""
    )


# Every page


@pytest.mark.parametrize("address", addresses())
def test_every_page(page: Page, watch: Watch, browser_site: str, address: str) -> None:
    problems: list[str] = []

    def look(place: str, *checks: Callable[[Page], list[str]]) -> None:
        problems.extend(f"{place}: {problem}" for check in checks for problem in check(page))

    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    opened(page, browser_site + address)
    turned(page, "light")
    all_seen(page)
    look("light, 1280 pixels", unseen, overflow)
    resized(page, 390)
    look("light, 390 pixels", overflow)
    turned(page, "dark")
    all_seen(page)
    look("dark, 390 pixels", unseen, overflow)
    # What is folded must fit too, and what is laid out only when it comes near. Colors move nothing.
    page.add_style_tag(content="* { content-visibility: visible !important }")
    page.evaluate("document.querySelectorAll('details').forEach((box) => { box.open = true })")
    all_seen(page)
    drawn(page)
    look("dark, 390 pixels, unfolded", unseen, overflow, out_of_reach)
    resized(page, 1280)
    look("dark, 1280 pixels, unfolded", overflow)
    whole = address in WHOLE
    look("dark", functools.partial(barriers, whole=whole, colors_only=True))
    turned(page, "light")
    look("light", functools.partial(barriers, whole=whole))
    assert problems + watch.problems == []


@pytest.mark.parametrize("address", addresses())
def test_nothing_needs_javascript(plain_page: Page, browser_site: str, address: str) -> None:
    watch = Watch(plain_page)
    plain_page.set_viewport_size({"width": 390, "height": 900})
    # Where no script runs a browser loads all pictures with the page.
    plain_page.goto(browser_site + address, wait_until="load")
    watch.stop()
    assert plain_page.locator("article h1").is_visible()
    problems = [
        f"without JavaScript: {problem}" for problem in overflow(plain_page) + watch.problems
    ]
    problems += plain_page.evaluate(
        """() => [...document.querySelectorAll("article img[src*='only-light']")]
          .filter((image) => !image.complete || !image.naturalWidth)
          .map((image) => `the picture ${image.src} is not seen`)"""
    )
    assert problems == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("address", ["", "learn/gradient/", "notebooks/first-steps/"])
def test_the_text_stays_where_it_is(
    page: Page, browser_site: str, address: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    opened(page, browser_site + address)
    at_rest(page)
    assert shift(page) == []


TABLE = "reference/table/"
FIRST_VIEW = {"": 110_000, "learn/": 200_000, "notebooks/": 240_000, TABLE: 310_000}
"""Most bytes over the wire before a reader does anything, by the longest beginning of an address."""


@pytest.mark.parametrize(
    "address", [a for a in addresses() if not a or a.startswith(("learn/", "notebooks/", TABLE))]
)
def test_the_first_view_is_light(
    browser: Browser, site: Path, browser_site: str, address: str
) -> None:
    kind = max((kind for kind in FIRST_VIEW if address.startswith(kind)), key=len)
    asked = first_view(browser, site, browser_site, address)
    assert any(path.endswith(".woff2") for path in asked)
    assert sum(asked.values()) <= FIRST_VIEW[kind], sorted(asked.items(), key=lambda x: -x[1])


# What a reader does


def searched(page: Page, words: str) -> list[str]:
    """The addresses that the site's search gives for words, best first."""
    box = page.get_by_role("textbox", name="Search")
    answer = page.locator(".md-search-result__meta")
    if not box.evaluate("(box) => box === document.activeElement"):
        page.keyboard.press("/")
    expect(box).to_be_focused()
    for text, said in (("", "Type to start searching"), (words, "matching document")):
        # All at once: the results of the first letters would come and go while the rest is typed.
        box.fill(text)
        box.press("End")
        expect(answer).to_contain_text(said)
    drawn(page)
    found: list[str] = page.locator(".md-search-result__item > a").evaluate_all(
        "(links) => links.map((link) => link.href)"
    )
    return found


LOOKED_FOR = {
    "hessian": "learn/hessian/",
    "∇f": "learn/gradient/",
    "nabla": "learn/gradient/",
    r"\partial": "learn/",
    "directional_derivative": "learn/directional-derivatives/",
    "condition number": "learn/hessian/",
    "clip_grad_norm_": "production/pitfalls/",
    "layernorm gradient": "reference/table/",
    "softmax jacobian": "reference/table/",
    "log det": "reference/table/",
    "batchnorm gradient": "reference/table/",
    "clip gradient nan": "production/pitfalls/",
    "relu at zero": "reference/kinks/",
    "adam": "reference/optimizers/",
    "saddle point": "learn/hessian/",
    "complex step": "learn/numerical-differentiation/",
    "reverse mode": "learn/automatic-differentiation/",
}
FOUND_FIRST = {
    "hessian",
    "layernorm gradient",
    "batchnorm gradient",
    "clip gradient nan",
    "log det",
}


def test_search_finds_what_is_looked_for_and_nothing_else(page: Page, browser_site: str) -> None:
    opened(page, browser_site)
    missed = {}
    for words, place in LOOKED_FOR.items():
        found = searched(page, words)
        pages = list(dict.fromkeys(address.split("?")[0] for address in found))
        best = pages[: 1 if words in FOUND_FIRST else 3]
        if not any(place in address for address in best):
            missed[words] = pages
    assert missed == {}
    assert searched(page, "zzyzx") == []


def test_search_by_keyboard_alone(page: Page, watch: Watch, browser_site: str) -> None:
    opened(page, browser_site)
    page.keyboard.press("/")
    page.keyboard.type("hessian")
    # The address of a result says which of the letters it was found by.
    expect(page.locator(".md-search-result__item > a").first).to_have_attribute(
        "href", re.compile("h=hessian")
    )
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/learn/**")
    expect(page.locator("article mark").first).to_be_attached()
    assert watch.problems == []


def test_the_table_is_filtered_and_its_references_stay(
    page: Page, watch: Watch, browser_site: str
) -> None:
    opened(page, f"{browser_site}reference/table/")
    page.get_by_label("Filter").fill("soft threshold")
    expect(page.locator(".identity:visible h3")).to_have_count(1)
    expect(page.locator("h2:visible")).to_contain_text(["Activations", "References"])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    link = page.locator(".identity:visible").get_by_role("link", name="Donoho 1995")
    link.click()
    # The theme writes the section that is read into the address, so the address is no evidence.
    entry = page.locator("#donoho-1995:target")
    expect(entry).to_be_in_viewport()
    at_rest(page)
    # The theme would fetch the page again and draw it anew: without the filter, and elsewhere.
    assert [address for address in asked if "/reference/table/" in address] == []
    expect(page.locator(".identity:visible h3")).to_have_count(1)
    expect(entry).to_be_in_viewport()
    expect(entry.get_by_role("link")).to_have_attribute("href", "https://doi.org/10.1109/18.382009")
    # Links to rows that are filtered away show them.
    page.evaluate("location.hash = document.querySelector('.identity[hidden] [id]').id")
    expect(page.locator(".identity:visible h3")).not_to_have_count(1)
    expect(page.locator(":target")).to_be_in_viewport()
    assert watch.problems == []


def test_the_table_is_not_laid_out_row_by_row(page: Page, browser_site: str) -> None:
    """What the theme asks of each row while it starts must not have each of them laid out."""
    browser = page.context.new_cdp_session(page)
    browser.send("Performance.enable")
    before = layouts(browser)
    opened(page, f"{browser_site}reference/table/")
    at_rest(page)
    rows = page.locator(".identity").count()
    assert layouts(browser) - before < rows / 2
    page.get_by_label("Sort").select_option("name")
    drawn(page)
    assert layouts(browser) - before < rows / 2
    browser.detach()


def layouts(browser: CDPSession) -> int:
    """How often a page was laid out."""
    metrics = browser.send("Performance.getMetrics")["metrics"]
    return int(next(m["value"] for m in metrics if m["name"] == "LayoutCount"))


def test_the_code_of_a_row_can_be_copied_once_it_is_unfolded(
    page: Page, watch: Watch, browser_site: str
) -> None:
    opened(page, f"{browser_site}reference/table/")
    # The theme measures what it gives a button, one by one: hundreds would keep a reader waiting.
    expect(page.locator(".identity-code .md-code__button")).to_have_count(0)
    row = page.locator(".identity", has=page.locator("#quadratic-form"))
    row.locator("summary").click()
    row.locator("pre").scroll_into_view_if_needed()  # code gets its button when it comes into view
    row.get_by_title("Copy to clipboard").click()
    expect(page.get_by_text("Copied to clipboard")).to_be_visible()
    row.locator("summary").click()
    row.locator("summary").click()
    expect(row.get_by_title("Copy to clipboard")).to_have_count(1)
    assert watch.problems == []


def seen_pictures(page: Page) -> set[str]:
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("article figure img")]
          .filter((image) => getComputedStyle(image).display !== "none")
          .map((image) => image.src.split("#")[1])"""
    )
    return set(found)


@pytest.mark.parametrize(("system", "other"), [PALETTES, PALETTES[::-1]])
def test_the_palette_is_that_of_the_system_until_the_reader_switches(
    page: Page, browser_site: str, system: Any, other: str
) -> None:
    page.emulate_media(color_scheme=system)
    opened(page, browser_site)
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", SCHEMES[system])
    assert seen_pictures(page) == {f"only-{system}"}
    turned(page, other)
    assert seen_pictures(page) == {f"only-{other}"}
    page.reload()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", SCHEMES[other])
    assert seen_pictures(page) == {f"only-{other}"}


def test_who_asks_for_less_motion_gets_none(page: Page, browser_site: str) -> None:
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    opened(page, browser_site)
    moving = """(title) => {
      document.querySelector(`[title="Switch to the ${title} palette"]`).click()
      document.body.offsetTop
      return document.getAnimations().length
    }"""
    assert page.evaluate(moving, "dark") > 0
    turned(page, "dark")  # until all has moved: what has not yet need not move back
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    assert page.evaluate(moving, "light") == 0


def test_what_grows_when_a_font_comes_can_be_reached(page: Page, browser_site: str) -> None:
    opened(page, f"{browser_site}learn/gradient/")
    formula = page.locator(".arithmatex.display").first
    formula.scroll_into_view_if_needed()
    drawn(page)
    assert formula.get_attribute("tabindex") is None
    # Its box stays as it is, so that no observer of sizes hears of it.
    formula.evaluate(
        """(formula) => {
          const wide = document.createElement("span")
          wide.style = "display: inline-block; width: 2000px"
          formula.querySelector(".katex-html").append(wide)
        }"""
    )
    drawn(page)
    assert out_of_reach(page) != []
    page.evaluate("document.fonts.dispatchEvent(new Event('loadingdone'))")
    drawn(page)
    assert out_of_reach(page) == []


def test_moving_to_another_page_keeps_everything(
    page: Page, watch: Watch, browser_site: str
) -> None:
    opened(page, f"{browser_site}learn/gradient/")
    page.locator("footer .md-footer__link--next").click()
    page.wait_for_url("**/learn/directional-derivatives/")
    expect(page.locator("article h1")).to_contain_text("Directional derivatives")
    all_seen(page)
    resized(page, 390)
    assert unseen(page) + overflow(page) + out_of_reach(page) + watch.problems == []


def test_the_skip_link_is_the_first_stop(page: Page, browser_site: str) -> None:
    opened(page, browser_site)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.md-skip')")


# Pages that must be refused

GOOD = '<!doctype html><html lang="en"><title>A</title><main><article><h1>A</h1>{}</article></main>'


@pytest.fixture
def served(page: Page, watch: Watch) -> Callable[[str], tuple[Page, Watch]]:
    """A page of this test's making, at an address where nothing is."""

    def serve(body: str) -> tuple[Page, Watch]:
        page.route("http://127.0.0.1/**", lambda route: route.fulfill(
            status=404 if "gone" in route.request.url else 200,
            content_type="text/html",
            body=GOOD.format(body),
        ))  # fmt: skip
        page.route("https://**", lambda route: route.abort())
        page.goto("http://127.0.0.1/", wait_until="networkidle")
        return page, watch

    return serve


part = functools.partial(barriers, whole=False)


@pytest.mark.parametrize(
    ("check", "body", "problem"),
    [
        (overflow, '<div style="width: 3000px">x</div>', "scrolls sideways: 30"),
        (barriers, '<img src="data:,">', "image-alt"),
        (barriers, '<p style="color: #999; background: #fff">pale</p>', "color-contrast"),
        (barriers, '<div role="dialog">x</div>', "aria-dialog-name"),
        (part, '<div role="dialog">x</div>', "aria-dialog-name"),
        (part, "<p>dark</p>" * 9 + '<p style="color: #999">pale</p>', "pale"),
        (part, '<p>text</p><div style="background: #444"><p>text</p></div>', "color-contrast"),
        (
            part,
            "<p>text and <a href='/' style='color: #321; text-decoration: none'>a link</a></p>",
            "link-in-text-block",
        ),
        (unseen, '<img src="gone.svg" alt="x">', "gone.svg is not seen"),
        (unseen, '<span class="katex-html"></span>', "is not seen"),
        (
            out_of_reach,
            '<div style="width: 90px; overflow-x: auto"><p style="width: 900px">x</p></div>',
            "no key reaches it",
        ),
    ],
)
def test_a_broken_page_is_refused(
    served: Callable[[str], tuple[Page, Watch]],
    check: Callable[[Page], list[str]],
    body: str,
    problem: str,
) -> None:
    page, _ = served(body)
    found = check(page)
    assert any(problem in line for line in found), found


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('<img src="https://example.org/a.png" alt="x">', "asks another host: https://example.org"),
        ("<script>console.error('oh')</script>", "console error: oh"),
        ("<script>throw new Error('oh')</script>", "page error: oh"),
        ('<img src="gone.svg" alt="x">', "404: http://127.0.0.1/gone.svg"),
    ],
)
def test_a_page_that_complains_is_refused(
    served: Callable[[str], tuple[Page, Watch]], body: str, problem: str
) -> None:
    _, watch = served(body)
    assert any(problem in line for line in watch.problems), watch.problems


def test_a_jump_of_the_layout_is_seen(served: Callable[[str], tuple[Page, Watch]]) -> None:
    page, _ = served(
        "<div id='late'></div><p>Text.</p>"
        * 3
        + "<script>requestAnimationFrame(() => requestAnimationFrame(() => "
        "{ document.getElementById('late').style.height = '400px' }))</script>"
    )
    page.wait_for_function("document.getElementById('late').style.height")
    drawn(page)
    assert shift(page)


def test_a_sound_page_passes(served: Callable[[str], tuple[Page, Watch]]) -> None:
    page, watch = served("<p>Text.</p>")
    checks = (overflow, barriers, part, unseen, shift, out_of_reach)
    assert [problem for check in checks for problem in check(page)] + watch.problems == []


def test_the_picture_in_the_readme_is_current(
    browser: Browser, browser_site: str, tmp_path: Path
) -> None:
    screenshot.take(browser, browser_site, tmp_path / "now.png")
    now, kept = imread(tmp_path / "now.png"), imread(screenshot.PICTURE)
    assert now.shape == kept.shape
    # Another browser draws letters a little differently; another page is another picture.
    assert float(abs(now - kept).mean()) < 0.02, "the picture is stale: run `make screenshot`"
