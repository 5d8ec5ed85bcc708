"""The interactive figures in a real browser: their numbers are the package's, and every reader
reaches them: with the keyboard, in words, on a phone, and where no script runs."""

import gzip
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from book.reader import DOCS, interactives, pages, read
from browsing import Watch, drawn, resized, serving, turned
from playwright.sync_api import Locator, Page, expect
from test_browser import barriers, overflow

from calcml import autodiff, geometry, numeric, plot
from calcml.problems import distance, late, late_loss, line, line_loss, time

SCRIPTS = DOCS / "assets" / "javascripts"
STYLE = DOCS / "assets" / "stylesheets" / "interactive.css"
PAUSE = int(re.findall(r"const PAUSE = (\d+)", (SCRIPTS / "figure.js").read_text("utf-8"))[0])
"""Milliseconds without a change after which a figure says what it shows."""
MAX_SCRIPT = 10_000  # bytes of one script, packed
EVERYWHERE = [
    (figure.interactive.name, f"{page.relative_to(DOCS).with_suffix('').as_posix()}/")
    for page in pages()
    for figure in read(page).figures
    if figure.interactive
]
"""Each interactive figure, and each page on which it stands."""
PLACES = dict(EVERYWHERE)
"""The page on which an interactive figure is tried in full: the last that has it."""


@pytest.fixture(scope="module")
def pared_site(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site with nothing on its pages but their heading and their interactive figures.

    A chapter takes a browser ten times as long as a figure, and a figure does not depend on it. That
    a figure does the same on the whole page is a test of its own.
    """
    folder = tmp_path_factory.mktemp("pared") / site.name
    for place in PLACES.values():
        page = folder / place / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text(pared((site / place / "index.html").read_text("utf-8")), "utf-8")
    for name in ("assets", "search", "sitemap.xml"):
        (folder / name).symlink_to(site / name)
    with serving(folder) as address:
        yield address


def pared(page: str) -> str:
    (heading,) = re.findall(r"<h1.*?</h1>", page, re.DOTALL)
    figures = re.findall(r"<figure [^>]*data-interactive=.*?</figure>", page, re.DOTALL)
    before, start, rest = re.split(r"(<article[^>]*>)", page)
    return "".join([before, start, heading, *figures, rest[rest.index("</article>") :]])


def lively(page: Page, address: str, name: str, state: str = "", place: str = "") -> Locator:
    """Open the page of a figure, with a state in the address, and wait until it is alive."""
    query = f"?{name}={state}" if state else ""
    page.goto(f"{address}{place or PLACES[name]}{query}")
    figure = page.locator(f"[data-interactive={name}]")
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_class(re.compile("is-live"))
    drawn(page)
    return figure


State = dict[str, Any]
Values = dict[str, Any]  # numbers, some with a tolerance, and the package's own words

LOOK = """(figure, states) => {
  const put = ([name, value]) => {
    const range = figure.querySelector(`input[type=range][name="${name}"]`)
    if (range) {
      range.value = value
      range.dispatchEvent(new Event("input", {bubbles: true}))
    } else {
      figure.querySelector(`input[type=radio][name$="-${name}"][value="${value}"]`).click()
    }
  }
  const seen = () => Object.fromEntries(
    [...figure.querySelectorAll("dd")].map((e) => [e.dataset.name, e.dataset.value]))
  return states.reduce(async (before, state) => {
    const found = await before
    Object.entries(state).forEach(put)
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
    return [...found, seen()]
  }, Promise.resolve([]))
}"""


def readouts(figure: Locator, *states: State) -> list[dict[str, str]]:
    """Set the controls of a figure as a reader would, and read what it then shows, in full precision."""
    found: list[dict[str, str]] = figure.evaluate(LOOK, list(states))
    return found


def shown(figure: Locator) -> dict[str, str]:
    """The values behind what a figure shows."""
    return readouts(figure, {})[0]


# The numbers


def compass(state: State) -> Values:
    p, u = np.array([state["w"], state["b"]]), geometry.heading(state["heading"])
    ruler = np.array([{"km": 1.0, "5 km": 5.0, "m": 0.001}[state["ruler"]], 1.0])
    h = 10.0 ** state["step"]
    gradient = line_loss.gradient(p) / ruler  # in the ruler's units
    change = float(line_loss(p + h * u) - line_loss(p))
    slope = float(geometry.slope(gradient, u * ruler))
    down = geometry.steepest_descent(gradient) / ruler
    level = geometry.level_directions(gradient)[0] / ruler
    return {
        "loss": float(line_loss(p)),
        "change": change,
        "slope": change / (h * float(np.linalg.norm(u * ruler))),
        "predicted": slope,
        "size": float(np.linalg.norm(gradient)),
        "cosine": slope / float(np.linalg.norm(gradient)),
        "down": float(np.degrees(np.arctan2(down[1], down[0])) % 360),
        "level": float(np.degrees(np.arctan2(level[1], level[0])) % 180),
    }


COMPASS = [
    {"heading": heading, "step": step, "w": w, "b": b, "ruler": ruler}
    for (w, b), heading, step, ruler in itertools.product(
        [(2.0, 5.0), (-0.37, 9.81), (5.5, 3.0)], (0, 107, 245), (-4, -1.5, 0.5), ("km", "5 km", "m")
    )
]


def curvature(state: State) -> Values:
    H = np.array([[state["a"], state["c"]], [state["c"], state["d"]]])
    (low, high), q = geometry.principal_curvatures(H)
    bottom, top = np.degrees(np.arctan2(q[1], q[0])) % 180
    kind = geometry.classify(H)
    return {
        "curvature": float(geometry.curvature(H, geometry.heading(state["heading"]))),
        "kind": kind,
        "low": low,
        "high": high,
        "bottom": bottom,
        "top": top,
        "trace": np.trace(H),
        "det": np.linalg.det(H),
        "kappa": geometry.condition_number(H),
        "rate": 2 / high if kind == "minimum" else np.nan,
    }


CURVATURE = [
    {"a": a, "d": d, "c": c, "heading": heading}
    for (a, d), c, heading in itertools.product(
        [(11.0, 1.0), (4.0, 1.0), (2.0, 2.5), (-3.0, -0.5), (-1.25, 6.0), (0.0, 0.0)],
        (-8.0, -2.0, 0.01, 1.0, 3.31, 3.32),
        (0, 107, 160),
    )
]


def step_size(state: State) -> Values:
    """Of Model B along w. A difference of rounded values is compared to within its rounding."""
    if state["f"] == "relu":
        return relu_step(state)
    dtype = np.dtype(state["format"])
    w, b = dtype.type(state["w"]), dtype.type(-3)
    h = dtype.type(10.0 ** state["h"])
    x, y = distance.astype(dtype), late.astype(dtype)

    def loss(w: Any) -> Any:
        z = w * x + b
        return np.mean(np.logaddexp(dtype.type(0), z) - y * z)

    point = np.array([float(w), -3.0])
    slope = float(late_loss.gradient(point)[0])
    third = numeric.derivative(
        lambda w: late_loss.hessian(np.stack([w, -3.0 + 0 * w]))[0, 0], point[0], method="complex"
    )
    second = late_loss.hessian(point)[0, 0]
    unit, wide = float(np.spacing(loss(w))), 2 if state["formula"] == "central" else 1
    rounding = unit / (wide * float(h))
    if state["formula"] == "complex":
        estimate = float(late_loss([point[0] + 1j * float(h), -3.0]).imag / float(h))
        rounding = abs(slope) * float(np.finfo(dtype).eps)
    elif state["formula"] == "central":
        estimate = float((loss(w + h) - loss(w - h)) / (2 * h))
    else:
        estimate = float((loss(w + h) - loss(w)) / h)
    near = 20 * rounding
    return {
        "estimate": (estimate, near),
        "error": (abs(estimate - slope), near),
        "relative": (abs(estimate - slope) / abs(slope), near / abs(slope)),
        "kept": np.nan
        if state["formula"] == "complex"
        else max(0.0, np.log10(abs(slope) * wide * float(h) / unit)),
        # The points that are there at the start: they belong to one series and one place.
        "best": 0.01
        if (state["formula"], state["format"], w) == ("forward", "float64", 1)
        else np.nan,
        "truncation": float(h) * abs(second) / 2
        if state["formula"] == "forward"
        else float(h) ** 2 * abs(third) / 6,
        "rounding": rounding,
    }


def relu_step(state: State) -> Values:
    """Left of the kink, where the slope is zero."""
    h, x = 10.0 ** state["h"], -1e-4
    left, here, right = np.maximum(0.0, [x - h, x, x + h])
    estimate = (right - left) / (2 * h) if state["formula"] == "central" else (right - here) / h
    near = 10 * float(np.finfo(state["format"]).eps) * max(1.0, -x / h)
    nothing = {"kept": np.nan, "best": np.nan, "truncation": 0.0, "rounding": 0.0}
    relative = np.inf if estimate else np.nan
    return {
        "estimate": (estimate, near),
        "error": (estimate, near),
        "relative": relative,
        **nothing,
    }


STEP_SIZE = [
    {"w": 1.0, "h": h, "formula": formula, "format": dtype, "f": "loss"}
    for h, formula, dtype in itertools.product(
        (-0.5, -1.0, -2.5, -4.0, -5.5, -7.0, -9.5, -12.0, -15.0),
        ("forward", "central", "complex"),
        ("float64", "float32"),
    )
    if dtype == "float64" or h > -8
]
STEP_SIZE += [state | {"w": w} for state in STEP_SIZE[:12] for w in (0.35, 2.0)]
STEP_SIZE += [state | {"f": "relu"} for state in STEP_SIZE[:45:3] if state["formula"] != "complex"]


def backprop(state: State) -> Values:
    """The sweep, replayed with slopes from automatic differentiation."""
    p, x, y = np.array([state["w"], state["b"]]), distance[:2], time[:2]
    r = p[0] * x + p[1] - y
    J = autodiff.jacobian(lambda p: p[0] * x + p[1] - y)(p)
    g = autodiff.grad(lambda r: 0.5 * np.mean(r**2))(r)
    into_loss = {"r1": g[0], "r2": g[1]}
    out_of = {k: {"r1": J[0, i], "r2": J[1, i]} for i, k in enumerate("wb")}
    if state["way"] == "reverse":
        moves = [("L", "L", r, slope) for r, slope in into_loss.items()]
        moves += [("L", r, k, out_of[k][r]) for r in into_loss for k in "wb"]
        exact = dict(zip("wb", line(x, y).gradient(p), strict=True)) | into_loss | {"L": 1.0}
    else:
        moves = [
            (k, *move)
            for k in "wb"
            for move in [
                *((k, r, slope) for r, slope in out_of[k].items()),
                *((r, "L", slope) for r, slope in into_loss.items()),
            ]
        ]
    done = min(state["done"], len(moves))
    seed = moves[max(done - 1, 0)][0]
    held, fed = {seed: 1.0}, set()
    for start, giver, taker, slope in moves[:done]:
        if start == seed:
            add = taker in fed and state["rule"] == "add"
            held[taker] = (held[taker] if add else 0.0) + slope * held[giver]
            fed.add(taker)
    if state["way"] == "forward":
        k = "wb".index(seed)
        exact = {"w": 1.0 - k, "b": float(k)} | out_of[seed]
    node = state["nudge"]
    agrees = node in held and abs(held[node] - exact[node]) < 1e-6
    return {
        "loss": float(line(x, y)(p)),
        "nudge": exact[node],
        "count": done,
        "agrees": "true" if agrees else "false",
        **{f"held-{name}": held.get(name, np.nan) for name in ("w", "b", "r1", "r2", "L")},
    }


BACKPROP = [
    {"way": way, "done": done, "w": w, "b": b, "rule": rule, "nudge": nudge}
    for way, rule, (w, b) in itertools.product(
        ("reverse", "forward"), ("add", "overwrite"), [(0.0, 0.0), (2.5, 6.5), (-1.3, 14.9)]
    )
    for done, nudge in zip(range(9), ("w", "b", "r1", "r2", "w", "r1", "b", "w", "b"), strict=True)
]
CASES: dict[str, tuple[Callable[[State], Values], list[State], str]] = {
    "compass": (compass, COMPASS, "predict:1"),
    "curvature": (curvature, CURVATURE, "predict:2"),
    "step-size": (step_size, STEP_SIZE, "predict:0"),
    "backprop": (backprop, BACKPROP, "predict:1"),
}
"""What the package says, the states in which it is asked, and a state with everything revealed."""


def test_every_interactive_figure_is_known_here() -> None:
    assert set(CASES) == set(PLACES) == interactives()


@pytest.mark.parametrize(("name", "place"), EVERYWHERE)
def test_a_figure_shows_the_same_on_every_page_that_has_it(
    page: Page, watch: Watch, browser_site: str, pared_site: str, name: str, place: str
) -> None:
    expected = shown(lively(page, pared_site, name))
    figure = lively(page, browser_site, name, place=place)
    assert shown(figure) == expected
    resized(page, 390)
    assert overflow(page) + sticking_out(figure) == []
    assert watch.problems == []


def differences(seen: dict[str, str], expected: Values) -> list[str]:
    """What a figure shows and the package does not say, or the other way round."""
    found = [f"{name} is missing" for name in expected.keys() ^ seen.keys()]
    for name in expected.keys() & seen.keys():
        value = expected[name]
        value, near = value if isinstance(value, tuple) else (value, 1e-10)
        same = (
            seen[name] == value
            if isinstance(value, str)
            else np.isclose(float(seen[name]), value, rtol=1e-9, atol=near, equal_nan=True)
        )
        if not same:
            found.append(f"{name}: {seen[name]}, and not {expected[name]!r}")
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_numbers_are_those_of_the_package(page: Page, pared_site: str, name: str) -> None:
    expected, states, start = CASES[name]
    figure = lively(page, pared_site, name, start)
    problems = [
        f"{state}: {problem}"
        for state, values in zip(states, readouts(figure, *states), strict=True)
        for problem in differences(values, expected(state))
    ]
    assert problems == []


def test_a_wrong_number_is_seen() -> None:
    right = compass(COMPASS[0])
    seen = {name: repr(value) for name, value in right.items()}
    assert differences(seen, right) == []
    assert differences(seen | {"slope": repr(right["slope"] * (1 + 1e-7))}, right)
    assert differences(seen | {"slope": "NaN"}, right)
    assert differences({"kind": "saddle"}, {"kind": "minimum"})
    assert differences({"x": "1.1"}, {"x": (1.0, 0.2)}) == []
    assert differences({"x": "1.3"}, {"x": (1.0, 0.2)})
    assert differences({k: v for k, v in seen.items() if k != "loss"}, right)


# Keys, words and the address


def settled(page: Page) -> None:
    """Wait until a figure has said what it shows: it does so when nothing changes for a while.

    The page itself waits, longer than the figure does, so that the order is certain on any machine.
    """
    drawn(page)
    page.evaluate("(pause) => new Promise((done) => setTimeout(done, pause))", PAUSE + 50)


@pytest.mark.parametrize("name", CASES)
def test_every_slider_obeys_the_keys(page: Page, pared_site: str, name: str) -> None:
    figure = lively(page, pared_site, name, CASES[name][2])
    sliders = figure.locator("input[type=range]").all()
    assert sliders
    for slider in sliders:
        low, high, fine, step, leap = (
            float(str(slider.get_attribute(key)))
            for key in ("min", "max", "step", "data-step", "data-page")
        )
        assert fine <= step <= leap
        start = float(slider.input_value())

        def after(key: str, slider: Locator = slider) -> float:
            slider.press(key)
            figure.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
            return float(slider.input_value())

        assert after("Home") == low
        assert after("ArrowRight") == pytest.approx(low + step)
        assert after("Shift+ArrowUp") == pytest.approx(low + step + fine)
        assert after("Shift+ArrowDown") == pytest.approx(low + step)
        assert after("PageUp") == pytest.approx(min(high, low + step + leap))
        assert after("ArrowLeft") == pytest.approx(min(high, low + step + leap) - step)
        assert after("End") == high
        assert after("PageDown") == pytest.approx(max(low, high - leap))
        assert after("Escape") == start
        assert slider.get_attribute("aria-valuetext")


@pytest.mark.parametrize("name", CASES)
def test_the_sentence_waits_for_a_pause(page: Page, pared_site: str, name: str) -> None:
    figure = lively(page, pared_site, name, CASES[name][2])
    sentence = figure.get_by_role("status")
    assert sentence.count() == 1
    before = sentence.inner_text()
    assert before.endswith(".")
    settled(page)
    spoken = figure.locator("input[type=range]").first.evaluate(
        """async (slider, [name, pause]) => {
          const status = document.querySelector(`[data-interactive=${name}] [role=status]`)
          let spoken, longest
          new MutationObserver(() => { spoken++ }).observe(status, {childList: true})
          do {
            slider.value = slider.min
            slider.dispatchEvent(new Event("input", {bubbles: true}))
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done, pause + 50)))
            spoken = longest = 0
            for (let k = 0; k < 6; k++) {
              const before = performance.now()
              const key = new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true})
              slider.dispatchEvent(key)
              await new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
              longest = Math.max(longest, performance.now() - before)
            }
          } while (longest > pause / 2) // on a machine that paused itself the figure may speak
          await new Promise((done) => setTimeout(done, pause + 50))
          return spoken
        }""",
        [name, PAUSE],
    )
    assert sentence.inner_text() != before
    assert spoken == 1


@pytest.mark.parametrize(
    ("name", "state", "words"),
    [
        (
            "compass",
            "heading:135,predict:1",
            "At w 2, b 5, heading 135°, the loss rises by 4.95 per unit, with w in minutes per km. "
            "Steepest fall is at 17°, level at 107° and 287°.",
        ),
        (
            "curvature",
            "c:4,predict:0",
            "Cross entry 4: curvature from −0.40 (heading 109°) to 12.40 (19°): saddle.",
        ),
        (
            "step-size",
            "h:-10",
            "the subtraction kept 5 of 16 digits.",
        ),
        (
            "backprop",
            "done:6",
            "b receives −5.5 from r2, total −10. The sweep is done. b holds −10, and its nudge says "
            "−10.",
        ),
        ("backprop", "done:6,rule:overwrite", "b holds −5.5, and its nudge says −10."),
        ("backprop", "done:4,way:forward", "L moves by −15.5 for each unit of w."),
    ],
)
def test_the_finding_is_said_in_words(
    page: Page, pared_site: str, name: str, state: str, words: str
) -> None:
    figure = lively(page, pared_site, name, state)
    assert words in figure.get_by_role("status").inner_text()


@pytest.mark.parametrize("name", CASES)
def test_the_address_keeps_the_state(page: Page, pared_site: str, name: str) -> None:
    _, states, start = CASES[name]
    figure = lively(page, pared_site, name, start)
    (expected,) = readouts(figure, states[-1])
    settled(page)
    address = page.url
    assert f"{name}=" in address
    page.goto("about:blank")
    page.goto(address)
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_class(re.compile("is-live"))
    assert shown(figure) == expected
    figure.get_by_role("button", name="Start again").click()
    settled(page)
    assert f"{name}=" not in page.url


@pytest.mark.parametrize("name", CASES)
def test_a_broken_address_is_passed_over(
    page: Page, watch: Watch, pared_site: str, name: str
) -> None:
    usual = shown(lively(page, pared_site, name))
    broken = "predict:9,heading:x,w:1e9,step:,ruler:mile,:,constructor:1"
    assert shown(lively(page, pared_site, name, broken)) == usual
    assert watch.problems == []


@pytest.mark.parametrize("name", CASES)
def test_the_prediction_comes_first(page: Page, pared_site: str, name: str) -> None:
    figure = lively(page, pared_site, name)
    caption = figure.locator("figcaption")
    expect(caption).to_be_hidden()
    less = set(shown(figure))
    asked = figure.get_by_role("group", name=re.compile("^Predict first"))
    check = asked.get_by_role("button", name="Check")
    expect(check).to_be_disabled()
    first = asked.get_by_role("radio").first
    first.focus()
    first.press("Space")
    check.press("Enter")
    expect(asked).to_be_hidden()
    expect(caption).to_be_visible()
    expect(figure.locator(".verdict")).to_be_focused()
    expect(figure.locator(".verdict")).to_contain_text("You predicted")
    assert less < set(shown(figure))
    figure.locator("input[type=range]").first.press("Escape")
    expect(asked).to_be_visible()
    assert set(shown(figure)) == less


@pytest.mark.parametrize(
    ("formula", "wrong", "words"),
    [
        ("forward", 1.0, "wrong by nearly all of the jump"),
        ("central", 0.5, "wrong by nearly half of the jump"),
        ("complex", 0.0, "right on either side"),
    ],
)
def test_the_verdict_on_a_kink_is_that_of_the_formula(
    page: Page, pared_site: str, formula: str, wrong: float, words: str
) -> None:
    figure = lively(page, pared_site, "step-size", f"predict:0,f:relu,formula:{formula},h:0")
    assert words in figure.locator(".verdict").inner_text()
    measured = figure.locator("[data-name=error]").get_attribute("data-value")
    assert measured is not None
    assert float(measured) == pytest.approx(wrong, rel=1e-3)


@pytest.mark.parametrize("name", CASES)
def test_the_table_says_the_same(page: Page, pared_site: str, name: str) -> None:
    figure = lively(page, pared_site, name, CASES[name][2])
    figure.locator("summary").click()
    rows = figure.locator("tbody tr")
    expect(rows.first).to_be_visible()
    before = rows.all_inner_texts()
    assert len(before) >= 5
    readouts(figure, CASES[name][1][-1])
    settled(page)
    assert rows.all_inner_texts() != before


@pytest.mark.parametrize(
    ("name", "handle", "control"),
    [("compass", "needle", "heading"), ("compass", "dot", "w"), ("curvature", "cut", "heading")],
)
def test_a_handle_can_be_dragged(
    page: Page, pared_site: str, name: str, handle: str, control: str
) -> None:
    figure = lively(page, pared_site, name)
    slider = figure.locator(f"input[name={control}]")
    before = slider.input_value()
    box = figure.locator(f"[data-handle={handle}]").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 40, y + 15, steps=4)
    page.mouse.up()
    expect(slider).not_to_have_value(before)
    after = slider.input_value()
    page.mouse.move(x, y)  # let go: nothing follows any more
    shown(figure)
    assert slider.input_value() == after


def test_a_node_can_be_chosen_by_pointer(page: Page, pared_site: str) -> None:
    figure = lively(page, pared_site, "backprop")
    figure.locator("[data-handle=r2]").click()
    expect(figure.get_by_role("radio", name="r2")).to_be_checked()


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("compass", "predict:0,w:2.5,b:6.5"),  # no heading is steepest
        ("curvature", "predict:0,a:0,c:0,d:0,ball:yes"),  # no curvature at all
        ("curvature", "predict:0,a:4,c:2,d:1,ball:yes"),  # a trough
        ("curvature", "predict:0,a:-4,c:2,d:-1"),  # a ridge
        ("step-size", "predict:0,f:relu,formula:complex,h:-16"),
        ("step-size", "predict:0,h:0,w:2,format:float32"),
        ("backprop", "predict:0,w:2.5,b:6.5,done:0,way:forward"),  # some slopes are zero
    ],
)
def test_the_edges_of_a_figure_are_drawn_and_said(
    page: Page, watch: Watch, pared_site: str, name: str, state: str
) -> None:
    figure = lively(page, pared_site, name, state)
    figure.locator("summary").click()
    settled(page)
    body = figure.locator(".interactive")
    markup = re.sub(r' data-value="[^"]*"', "", str(body.evaluate("(body) => body.outerHTML")))
    assert re.findall(r"NaN|Infinity|undefined|null|\[object", markup) == []
    assert watch.problems == []


# The page around


def test_anchors_search_and_turning_the_page_go_on_working(
    page: Page, watch: Watch, browser_site: str
) -> None:
    page.goto(f"{browser_site}{PLACES['compass']}?h=slope")
    figure = page.locator("[data-interactive=compass]")
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_class(re.compile("is-live"))
    figure.locator("[name=heading]").press("PageUp")
    settled(page)
    assert "h=slope" in page.url
    assert "compass=heading:105" in page.url
    page.evaluate("window.kept = true")
    expected = shown(figure)
    page.locator("nav.md-nav--secondary a[href$='#why-it-is-a-cosine']:visible").click()
    expect(page.locator("#why-it-is-a-cosine:target")).to_be_in_viewport()
    assert page.evaluate("window.kept")  # the page was not loaded again
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_class(re.compile("is-live"))
    assert shown(figure) == expected
    page.evaluate(
        """() => {
          const key = new KeyboardEvent("keydown", {key: "PageUp", bubbles: true})
          document.querySelector("[name=heading]").dispatchEvent(key)
          document.querySelector("footer .md-footer__link--prev").click()
        }"""
    )
    page.wait_for_url("**/learn/gradient/")
    settled(page)
    assert "compass" not in page.url  # the state stays with its page
    page.go_back()
    page.wait_for_url(f"**/{PLACES['compass']}*")
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_class(re.compile("is-live"))
    assert shown(figure)["change"]
    assert watch.problems == []


def test_the_scripts_come_only_when_they_are_needed(page: Page, browser_site: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    place = PLACES["compass"]
    page.goto(f"{browser_site}{place}")
    page.wait_for_load_state("networkidle")
    heavy = re.compile(r"figure\.js|interactive/|interactive\.css")
    assert not any(heavy.search(address) for address in asked), asked
    page.locator("[data-interactive=compass]").scroll_into_view_if_needed()
    expect(page.locator("[data-interactive=compass]")).to_have_class(re.compile("is-live"))
    assert sum(bool(heavy.search(address)) for address in asked) == 3


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_in_the_way(page: Page, watch: Watch, pared_site: str, name: str) -> None:
    """On a phone, in both palettes, before and after the reveal, everything unfolded."""
    problems = []
    page.set_viewport_size({"width": 390, "height": 900})
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    for state in ("", CASES[name][2]):
        figure = lively(page, pared_site, name, state)
        turned(page, "light")
        figure.locator("summary").click()
        settled(page)
        problems += overflow(page) + sticking_out(figure) + barriers(page)
        turned(page, "dark")
        problems += overflow(page) + sticking_out(figure) + barriers(page, colors_only=True)
    assert problems + watch.problems == []


def sticking_out(figure: Locator) -> list[str]:
    found: list[str] = figure.evaluate(
        """(figure) => [...figure.querySelectorAll("*")].filter((e) => !e.closest("svg") &&
          e.getBoundingClientRect().right > figure.getBoundingClientRect().right + 1)
          .map((e) => `sticks out: ${e.outerHTML.slice(0, 80)}`)"""
    )
    return found


@pytest.mark.parametrize("name", CASES)
def test_without_scripts_nothing_is_lost(plain_page: Page, pared_site: str, name: str) -> None:
    plain_page.goto(f"{pared_site}{PLACES[name]}")
    figure = plain_page.locator(f"[data-interactive={name}]")
    expect(figure.locator(".interactive-question")).to_be_visible()
    expect(figure.locator("img[src*='only-light']")).to_be_visible()
    expect(figure.locator("figcaption")).to_be_visible()


@pytest.mark.parametrize("name", CASES)
def test_print_shows_the_picture(page: Page, pared_site: str, name: str) -> None:
    figure = lively(page, pared_site, name)
    expect(figure.locator("img").first).to_be_hidden()
    page.emulate_media(media="print")
    expect(figure.locator("img[src*='only-light']")).to_be_visible()
    expect(figure.locator("figcaption")).to_be_visible()
    expect(figure.locator(".interactive")).to_be_hidden()


# The files


def test_the_colors_are_those_of_the_drawn_figures() -> None:
    style = STYLE.read_text("utf-8")
    for scheme, palette in (("default", "light"), ("slate", "dark")):
        block = style.split(f'[data-md-color-scheme="{scheme}"] {{')[1].split("}")[0]
        found = dict(re.findall(r"--(c\d|muted): (#\w{6});", block))
        assert found == {
            role.lower(): color
            for role, color in plot.palette(palette).items()
            if role in {"C0", "C1", "C2", "C3", "muted"}
        }


FILES = [
    SCRIPTS / "interactive.js", SCRIPTS / "figure.js", STYLE,
    *sorted((SCRIPTS / "interactive").glob("*.js")),
]  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_script_is_small_and_plain(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(gzip.compress(text.encode())) < MAX_SCRIPT
    # A strict content security policy forbids these, and the data stand in the package alone.
    for pattern in (
        r"\beval\(",
        r"new Function",
        r"innerHTML",
        r"\bon\w+=",
        r"https?://(?!www\.w3)",
    ):
        assert not re.search(pattern, text), pattern
    assert not re.search(r"\[9, ?11, ?15|\[1, ?2, ?3, ?4, ?5\]", text)
