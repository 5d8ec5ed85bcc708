"""What all tests share."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import Watch, serving
from filelock import FileLock
from hypothesis import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))

# The machine may be busy: a law that holds slowly holds.
settings.register_profile("calcml", deadline=None)
settings.load_profile("calcml")
PATIENCE = 300_000
"""Milliseconds after which a browser is held to have failed. Waiting costs nothing when it works."""
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, built once, named like the path at which the site is served."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # one build for all processes that run the tests
        shared = shared.parent
    folder = shared / "built" / "calcml"
    with FileLock(shared / "built.lock"):
        if not folder.exists():
            build(folder)
    return folder


def build(folder: Path) -> None:
    # Never with --quiet: it hides the warnings from --strict too, and the build would pass.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.fail(f"the site does not build:\n{built.stdout}{built.stderr}", pytrace=False)


@pytest.fixture(scope="session")
def browser_site(site: Path) -> Iterator[str]:
    with serving(site) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}: apt install chromium, or set CHROMIUM")
    with sync_playwright() as playwright:
        # The sandbox needs rights that a container may lack; only our own pages are opened.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def patient(context: BrowserContext) -> BrowserContext:
    context.set_default_timeout(PATIENCE)
    return context


@pytest.fixture(scope="session")
def window(browser: Browser) -> Page:
    return patient(browser.new_context()).new_page()


@pytest.fixture(scope="session")
def plain_window(browser: Browser) -> Page:
    """A window in which no script runs."""
    return patient(browser.new_context(java_script_enabled=False)).new_page()


def opened_anew(window: Page) -> Iterator[Page]:
    """A window as a reader opens it.

    A new window takes a browser longer than a page, so all tests share one. Nothing that a test does
    to it outlives the test. It stays at the last page: to leave the site would end the process that
    draws it.
    """
    window.set_viewport_size({"width": 1280, "height": 900})
    yield window
    window.unroute_all()
    window.evaluate("location.protocol.startsWith('http') && localStorage.clear()")
    window.emulate_media(media="null", color_scheme="null", reduced_motion="null")


@pytest.fixture
def page(window: Page) -> Iterator[Page]:
    yield from opened_anew(window)


@pytest.fixture
def plain_page(plain_window: Page) -> Iterator[Page]:
    """A page in a window in which no script runs."""
    yield from opened_anew(plain_window)


@pytest.fixture
def watch(page: Page) -> Iterator[Watch]:
    watch = Watch(page)
    yield watch
    watch.stop()
