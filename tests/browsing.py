"""What the tests need that open the site in a real browser."""

import functools
import gzip
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request, expect

SCHEMES = {"light": "default", "dark": "slate"}
"""What the theme calls the palettes."""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a site, served by a thread of this process."""
    handler = functools.partial(_Quiet, directory=str(folder.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{folder.name}/"
        server.shutdown()
        thread.join()


class Watch:
    """What a page asks for and complains about while it is used."""

    def __init__(self, page: Page) -> None:
        self.problems: list[str] = []
        self.page = page
        self.handlers: dict[Any, Callable[[Any], None]] = {
            "request": self._request,
            "console": self._console,
            "pageerror": lambda error: self.problems.append(f"page error: {error}"),
            "response": self._response,
        }
        for event, handler in self.handlers.items():
            page.on(event, handler)

    def stop(self) -> None:
        for event, handler in self.handlers.items():
            self.page.remove_listener(event, handler)

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


def drawn(page: Page) -> None:
    """Wait until what has changed is laid out, drawn in its fonts, and known to what observes sizes."""
    page.evaluate(
        """async () => {
          document.body.offsetTop  // has the fonts asked for that are needed now
          await document.fonts.ready
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
        }"""
    )


def opened(page: Page, address: str) -> None:
    """Open a page, and wait until it is drawn with its scripts, styles and fonts."""
    page.goto(address, wait_until="load")
    drawn(page)


def at_rest(page: Page) -> None:
    """Wait until scripts ask for nothing more; half a second without a request is taken for that."""
    page.wait_for_load_state("networkidle")
    drawn(page)


def over_the_wire(file: Path) -> bytes:
    """A file as public hosts send it: fonts are packed already, the rest is packed on the way."""
    data = file.read_bytes()
    return data if file.suffix == ".woff2" else gzip.compress(data, mtime=0)


def first_view(browser: Browser, site: Path, home: str, place: str) -> dict[str, int]:
    """The bytes over the wire of each file that a browser asks for before a reader does anything.

    That is all that the page needs, with the fonts of its formulas and the pictures near the top.
    The sizes are those of the files: of a worker's script the browser gives none.
    """
    asked: dict[str, int] = {}

    def note(request: Request) -> None:
        path = request.url.removeprefix(home).split("?")[0]
        file = site / path
        asked[path] = len(over_the_wire(file / "index.html" if file.is_dir() else file))

    # A window of its own, which has nothing yet; on a busy machine it takes what time it takes.
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(0)
    page.on("request", note)
    opened(page, home + place)
    at_rest(page)
    page.close()
    return asked


def resized(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_function("(width) => innerWidth === width", arg=width)
    drawn(page)


def turned(page: Page, palette: str) -> None:
    """Turn a page to a palette, as a reader does."""
    if page.locator("body").get_attribute("data-md-color-scheme") != SCHEMES[palette]:
        page.get_by_title(f"Switch to the {palette} palette").click()
        expect(page.locator("body")).to_have_attribute("data-md-color-scheme", SCHEMES[palette])
    drawn(page)
    page.evaluate("Promise.all(document.getAnimations().map((a) => a.finished.catch(() => null)))")
