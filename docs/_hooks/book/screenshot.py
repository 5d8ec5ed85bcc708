"""The picture of the book in the README, taken of the built site by a browser."""

from __future__ import annotations

import functools
import http.server
import os
import sys
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[3]
PICTURE = ROOT / "docs" / "assets" / "screenshot.png"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def take(browser: Browser, home: str, picture: Path) -> None:
    """Photograph the home page from its first block of code to the end of its figure."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 1200}, color_scheme="light", reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(home, wait_until="networkidle")
    page.evaluate(
        """async () => {
          const seen = [...document.images].filter((i) => getComputedStyle(i).display !== "none")
          seen.forEach((image) => { image.loading = "eager" })
          await Promise.all([document.fonts.ready, ...seen.map((image) => image.decode())])
        }"""
    )
    page.evaluate(
        "scrollTo(0, document.querySelector('.highlight').getBoundingClientRect().top + scrollY - 120)"
    )
    page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    page.screenshot(path=picture, animations="disabled", caret="hide")
    context.close()


def main() -> None:
    """Build the site, serve it to a browser, and renew the picture."""
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    with tempfile.TemporaryDirectory() as folder:
        config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(Path(folder) / "calcml"))
        config.plugins.on_startup(command="build", dirty=False)
        build(config)
        handler = functools.partial(_Quiet, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
                    args=["--no-sandbox"],
                )
                take(browser, f"http://127.0.0.1:{server.server_port}/calcml/", PICTURE)
                browser.close()
            server.shutdown()
    print(f"wrote {PICTURE.relative_to(ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
