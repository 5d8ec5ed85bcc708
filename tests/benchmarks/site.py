"""Times of the book: building, rebuilding, serving an edit, running the pages, weight of a view.

Figures of one machine: compare them with each other, not with another machine's. With the command
``lighthouse`` installed (``npm install --global lighthouse``) its four scores are added.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from browsing import first_view, over_the_wire
from playwright import sync_api as playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ROUNDS = 3
PAGES = (
    "", "learn/gradient/", "learn/directional-derivatives/", "learn/hessian/",
    "notebooks/first-steps/", "reference/table/",
)  # fmt: skip


def main() -> None:
    """Print one line for each figure."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        names = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split("\0")
        for name in filter(None, names):
            if (ROOT / name).is_file():
                (project / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, project / name)
        cold = clock(lambda: build(project, cold=True))
        build(project)
        warm = clock(lambda: build(project))
        edited, pages = serve(project)
        blocks = sum(1 for _ in re.finditer(r"^\s*```python$", text_of(project), re.MULTILINE))
        cores = ("--numprocesses", "auto", "--maxprocesses", "4", "--dist", "worksteal")
        run = clock(lambda: command(project, "-m", "pytest", "-q", *cores, "docs"))
        print(f"pages {pages}, Python blocks {blocks}, {os.cpu_count()} cores, medians of {ROUNDS}")
        print(f"strict build, no cache            {cold:6.1f} s")
        print(f"strict build, warm                {warm:6.1f} s")
        print(f"prose edit to served page         {edited:6.1f} s")
        print(f"all blocks of all pages (pytest)  {run:6.1f} s")
        with served(project / "site") as address:
            for page, weight in first_views(project / "site", address).items():
                print(f"first view, gzip  {page or 'home':32} {weight / 1000:6.1f} kB")
            if shutil.which("lighthouse"):
                for page, scores in lighthouse(address).items():
                    print(f"Lighthouse        {page or 'home':32} {scores}")


def clock(action: Callable[[], object]) -> float:
    """Median wall time of ROUNDS runs, in seconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def command(project: Path, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONHASHSEED": "0", "NO_MKDOCS_2_WARNING": "1"},
    )


def build(project: Path, cold: bool = False) -> None:
    if cold:
        shutil.rmtree(project / ".cache", ignore_errors=True)
    command(project, "-m", "mkdocs", "build", "--strict")


def text_of(project: Path) -> str:
    return "\n".join(path.read_text("utf-8") for path in (project / "docs").rglob("*.md"))


def serve(project: Path) -> tuple[float, int]:
    """Median time from saving a page to the server handing it out, and the number of pages."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    page = project / "docs" / "learn" / "gradient.md"
    original = page.read_text("utf-8")
    server = subprocess.Popen(
        [sys.executable, "-m", "mkdocs", "serve", "-a", f"127.0.0.1:{port}"],
        cwd=project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )
    try:
        url = find(port, "learn/gradient/", "<html")
        times = []
        for number in range(ROUNDS):
            mark = f"Edited {number}."
            page.write_text(f"{original}\n{mark}\n", "utf-8")
            start = time.perf_counter()
            find(port, url, mark)
            times.append(time.perf_counter() - start)
    finally:
        server.kill()
        server.wait()
        page.write_text(original, "utf-8")
    pages = len(list((project / "docs").rglob("*.md"))) + len(
        list((project / "docs" / "notebooks").rglob("*.ipynb"))
    )
    return statistics.median(times), pages


def find(port: int, path: str, text: str, patience: float = 60.0) -> str:
    """Wait until one of the addresses of a page shows the text; return that address."""
    addresses = [path] if path.startswith("http") else []
    for base in ("", "calcml/"):
        addresses.append(f"http://127.0.0.1:{port}/{base}{path}")
    end = time.monotonic() + patience
    while time.monotonic() < end:
        for address in addresses:
            try:
                with urllib.request.urlopen(address, timeout=patience) as answer:
                    if text in answer.read().decode("utf-8"):
                        return address
            except OSError:
                pass
        time.sleep(0.02)
    raise TimeoutError(f"{path} did not show {text!r} within {patience} s")


class Packed(http.server.SimpleHTTPRequestHandler):
    """Serves text packed, as public hosts do."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file() or path.suffix not in {".html", ".css", ".js", ".json", ".svg"}:
            return super().do_GET()
        body = over_the_wire(path)
        self.send_response(200)
        self.send_header("Content-Type", f"{self.guess_type(str(path))}; charset=utf-8")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served(site: Path) -> Iterator[str]:
    """The address of a site, served at the path that it is built for."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "calcml").symlink_to(site)
        handler = functools.partial(Packed, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}/calcml/"
            server.shutdown()


def first_views(site: Path, address: str) -> dict[str, int]:
    """Bytes that a browser asks for before a reader does anything, by page."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        found = {p: sum(first_view(browser, site, address, p).values()) for p in PAGES}
        browser.close()
    return found


def lighthouse(address: str, pages: tuple[str, ...] = PAGES[:2]) -> dict[str, str]:
    """Scores of pages under Lighthouse's simulated phone, out of 100."""
    found = {}
    for page in pages:
        report = subprocess.run(
            [
                "lighthouse", f"{address}{page}", "--output=json", "--quiet",
                "--chrome-flags=--headless --no-sandbox",
            ],
            check=True,
            capture_output=True,
            env={"CHROME_PATH": CHROMIUM} | os.environ,
        )  # fmt: skip
        categories = json.loads(report.stdout)["categories"].values()
        found[page] = ", ".join(f"{c['title']} {100 * c['score']:.0f}" for c in categories)
    return found


if __name__ == "__main__":
    main()
