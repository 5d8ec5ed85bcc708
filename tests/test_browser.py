"""The built site in a real browser. Every check is also shown a page that it must refuse."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from book import generated, screenshot
from matplotlib.image import imread
from playwright.sync_api import Browser, BrowserContext, Page, expect

DOCS = Path(__file__).resolve().parents[1] / "docs"
WIDTHS = (1280, 390)
PALETTES = ("light", "dark")
LARGEST_SHIFT = 0.02
WHOLE = {"", "learn/gradient/", "notebooks/first-steps/"}
"""The pages on which axe looks at every token of code and every symbol."""


def addresses() -> list[str]:
    """The address of every page that the folder of the book publishes."""
    found = ["404.html"]
    for path in sorted([*DOCS.rglob("*.md"), *DOCS.rglob("*.ipynb")]):
        inside = path.relative_to(DOCS).with_suffix("")
        if not inside.parts[0].startswith(("_", ".")):
            place = inside.parent if inside.name == "index" else inside
            found.append("" if place == Path() else f"{place.as_posix()}/")
    return [*found, *(f"{address.removesuffix('.md')}/" for address in generated.ADDRESSES)]


class Watch:
    """What a page asks for and complains about while it is used."""

    def __init__(self, page: Page) -> None:
        self.problems: list[str] = []
        self.page = page
        page.on("request", self._request)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("response", self._response)

    def _request(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and parts.hostname != "127.0.0.1":
            self.problems.append(f"asks another host: {request.url}")

    def _response(self, response: Any) -> None:
        if response.status >= 400:
            self.problems.append(f"{response.status}: {response.url}")

    def _console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.problems.append(f"console {message.type}: {message.text}")


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


def barriers(page: Page, whole: bool = True) -> list[str]:
    """Serious barriers for readers with a disability, as axe-core sees them.

    The pictures of formulas go first: thousands of elements, hidden from screen readers, in the
    color of the text around them. Unless the ``whole`` page is asked for, so do the tokens of code
    and the MathML, which are alike on every page and take axe most of its time. So this is the last
    check of a page.
    """
    page.evaluate("document.querySelectorAll('.katex-html').forEach((picture) => picture.remove())")
    if not whole:
        page.evaluate(
            """() => {
              document.querySelectorAll("pre > code").forEach((c) => { c.textContent = c.textContent })
              document.querySelectorAll("math").forEach((m) => { m.replaceWith(m.textContent) })
            }"""
        )
    results = Axe().run(page).response
    return [
        f"{fault['id']} ({fault['impact']}): {fault['help']}: "
        + "; ".join(node["html"][:120] for node in fault["nodes"][:3])
        for fault in results["violations"]
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
          for (const formula of document.querySelectorAll("article .katex-html")) {
            const box = formula.getBoundingClientRect()
            if (formula.closest("details:not([open]), .tabbed-block")) continue
            if (box.width < 2 || box.height < 2)
              found.push(`the formula ${formula.textContent} is not seen`)
          }
          return found
        }"""
    )
    return found


def shift(page: Page) -> list[str]:
    """How far the text jumped while the page was loaded."""
    total: float = page.evaluate(
        """() => new Promise((resolve) => {
          let total = 0
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) total += entry.value
          }).observe({type: "layout-shift", buffered: true})
          setTimeout(() => resolve(total), 300)
        })"""
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


def opened(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")


def all_seen(page: Page) -> None:
    """Scroll through the page, since pictures are loaded when they come near."""
    page.evaluate(
        """async () => {
          document.querySelectorAll("img[loading]").forEach((image) => { image.loading = "eager" })
          await Promise.all([...document.images]
            .filter((image) => getComputedStyle(image).display !== "none")
            .map((image) => image.decode().catch(() => null)))
        }"""
    )


# Every page


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("address", addresses())
def test_every_page(browser: Browser, browser_site: str, address: str, palette: Any) -> None:
    problems: list[str] = []
    context = browser.new_context(
        viewport={"width": WIDTHS[0], "height": 900}, color_scheme=palette, reduced_motion="reduce"
    )
    page = context.new_page()
    watch = Watch(page)
    opened(page, browser_site + address)
    scheme = page.locator("body").get_attribute("data-md-color-scheme")
    assert scheme == {"light": "default", "dark": "slate"}[palette]
    all_seen(page)
    problems += unseen(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(150)
        problems += [f"{width} pixels: {problem}" for problem in overflow(page)]
    # What is folded must fit too, and what is laid out only when it comes near.
    page.add_style_tag(content="* { content-visibility: visible !important }")
    page.evaluate("document.querySelectorAll('details').forEach((box) => { box.open = true })")
    page.wait_for_timeout(300)
    for _ in range(10):  # the stops for the keyboard are set when the layout has settled
        if not out_of_reach(page):
            break
        page.wait_for_timeout(300)
    problems += [f"unfolded: {problem}" for problem in overflow(page) + out_of_reach(page)]
    problems += barriers(page, whole=address in WHOLE) + watch.problems
    context.close()
    assert problems == []


@pytest.mark.parametrize("address", addresses())
def test_nothing_needs_javascript(browser: Browser, browser_site: str, address: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 900})
    page = context.new_page()
    watch = Watch(page)
    page.goto(browser_site + address)
    page.wait_for_load_state("networkidle")
    assert page.locator("article h1").is_visible()
    for image in page.locator("article img[src*='only-light']").all():
        image.scroll_into_view_if_needed()
    problems = [f"without JavaScript: {problem}" for problem in overflow(page) + watch.problems]
    problems += page.evaluate(
        """() => [...document.querySelectorAll("article img[src*='only-light']")]
          .filter((image) => !image.complete || !image.naturalWidth)
          .map((image) => `the picture ${image.src} is not seen`)"""
    )
    context.close()
    assert problems == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("address", ["", "learn/gradient/", "notebooks/first-steps/"])
def test_the_text_stays_where_it_is(
    browser: Browser, browser_site: str, address: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    opened(page, browser_site + address)
    found = shift(page)
    context.close()
    assert found == []


# What a reader does


def searched(page: Page, words: str) -> list[str]:
    """The addresses that the site's search gives for words, best first."""
    page.keyboard.press("/")
    box = page.get_by_role("textbox", name="Search")
    expect(box).to_be_focused()
    box.press_sequentially(words)
    results = page.locator(".md-search-result__item > a")
    expect(results.first).to_be_visible(timeout=10_000)
    found: list[str] = []
    while True:  # the results of the first letters come and go while the rest is typed
        page.wait_for_timeout(400)
        now = [str(link.get_attribute("href")) for link in results.all()]
        if now == found:
            return found
        found = now


@pytest.mark.parametrize(
    ("words", "page_found"),
    [
        ("hessian", "learn/hessian/"),
        ("∇f", "learn/gradient/"),
        ("nabla", "learn/gradient/"),
        (r"\partial", "learn/"),
        ("directional_derivative", "learn/directional-derivatives/"),
        ("condition number", "learn/hessian/"),
        ("clip_grad_norm_", "production/pitfalls/"),
        ("layernorm gradient", "reference/table/"),
        ("softmax jacobian", "reference/table/"),
        ("log det", "reference/table/"),
    ],
)
def test_search_finds(
    context: BrowserContext, browser_site: str, words: str, page_found: str
) -> None:
    page = context.new_page()
    opened(page, browser_site)
    found = searched(page, words)
    pages = list(dict.fromkeys(address.split("?")[0] for address in found))
    assert any(page_found in address for address in pages[:3]), pages


def test_search_by_keyboard_alone(context: BrowserContext, browser_site: str) -> None:
    page = context.new_page()
    watch = Watch(page)
    opened(page, browser_site)
    searched(page, "hessian")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/learn/**")
    expect(page.locator("article mark").first).to_be_attached()
    assert watch.problems == []


def test_search_finds_nothing_for_what_is_not_there(
    context: BrowserContext, browser_site: str
) -> None:
    page = context.new_page()
    opened(page, browser_site)
    page.keyboard.press("/")
    page.get_by_role("textbox", name="Search").press_sequentially("zzyzx")
    expect(page.locator(".md-search-result__meta")).to_contain_text("No matching documents")


def test_the_table_is_filtered_and_its_references_stay(
    context: BrowserContext, browser_site: str
) -> None:
    page = context.new_page()
    watch = Watch(page)
    opened(page, f"{browser_site}reference/table/")
    page.get_by_label("Filter").fill("soft threshold")
    expect(page.locator(".identity:visible h3")).to_have_count(1)
    expect(page.locator("h2:visible")).to_contain_text(["Activations", "References"])
    link = page.locator(".identity:visible").get_by_role("link", name="Donoho 1995")
    link.click()
    entry = page.locator("#donoho-1995")
    expect(entry).to_be_in_viewport()
    expect(entry.get_by_role("link")).to_have_attribute("href", "https://doi.org/10.1109/18.382009")
    assert watch.problems == []


def seen_pictures(page: Page) -> set[str]:
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("article figure img")]
          .filter((image) => getComputedStyle(image).display !== "none")
          .map((image) => image.src.split("#")[1])"""
    )
    return set(found)


def test_the_palette_switches_with_its_figures(context: BrowserContext, browser_site: str) -> None:
    page = context.new_page()
    opened(page, f"{browser_site}learn/gradient/")
    assert seen_pictures(page) == {"only-light"}
    page.get_by_title("Switch to the dark palette").click()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
    assert seen_pictures(page) == {"only-dark"}
    page.reload()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")


def test_moving_to_another_page_keeps_everything(
    context: BrowserContext, browser_site: str
) -> None:
    page = context.new_page()
    watch = Watch(page)
    opened(page, f"{browser_site}learn/gradient/")
    page.locator("footer .md-footer__link--next").click()
    page.wait_for_url("**/learn/directional-derivatives/")
    expect(page.locator("article h1")).to_contain_text("Directional derivatives")
    all_seen(page)
    page.set_viewport_size({"width": 390, "height": 900})
    page.wait_for_timeout(300)
    assert unseen(page) + overflow(page) + out_of_reach(page) + watch.problems == []


def test_the_skip_link_is_the_first_stop(context: BrowserContext, browser_site: str) -> None:
    page = context.new_page()
    opened(page, f"{browser_site}learn/gradient/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.md-skip')")


# Pages that must be refused

GOOD = '<!doctype html><html lang="en"><title>A</title><main><article><h1>A</h1>{}</article></main>'


@pytest.fixture
def served(context: BrowserContext) -> Callable[[str], tuple[Page, Watch]]:
    """A page of this test's making, at an address where nothing is."""

    def serve(body: str) -> tuple[Page, Watch]:
        page = context.new_page()
        watch = Watch(page)
        page.route("http://127.0.0.1/**", lambda route: route.fulfill(
            status=404 if "gone" in route.request.url else 200,
            content_type="text/html",
            body=GOOD.format(body),
        ))  # fmt: skip
        page.route("https://**", lambda route: route.abort())
        page.goto("http://127.0.0.1/")
        page.wait_for_load_state("networkidle")
        return page, watch

    return serve


@pytest.mark.parametrize(
    ("check", "body", "problem"),
    [
        (overflow, '<div style="width: 3000px">x</div>', "scrolls sideways: 30"),
        (barriers, '<img src="data:,">', "image-alt"),
        (barriers, '<p style="color: #999; background: #fff">pale</p>', "color-contrast"),
        (barriers, '<div role="dialog">x</div>', "aria-dialog-name"),
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
        "<div id='late'></div><p>Text.</p>" * 3 + "<script>setTimeout(() => "
        "{ document.getElementById('late').style.height = '400px' }, 100)</script>"
    )
    page.wait_for_timeout(300)
    assert shift(page)


def test_a_sound_page_passes(served: Callable[[str], tuple[Page, Watch]]) -> None:
    page, watch = served("<p>Text.</p>")
    checks = (overflow, barriers, unseen, shift, out_of_reach)
    assert [problem for check in checks for problem in check(page)] + watch.problems == []


def test_the_picture_in_the_readme_is_current(
    browser: Browser, browser_site: str, tmp_path: Path
) -> None:
    screenshot.take(browser, browser_site, tmp_path / "now.png")
    now, kept = imread(tmp_path / "now.png"), imread(screenshot.PICTURE)
    assert now.shape == kept.shape
    # Another browser draws letters a little differently; another page is another picture.
    assert float(abs(now - kept).mean()) < 0.02, "the picture is stale: run `make screenshot`"
