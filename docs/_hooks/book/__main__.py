"""The book's commands: ``python docs/_hooks/book check|update|lint [PAGE ...]``.

check   run the blocks of the pages, compare what they print, and draw their figures
update  rewrite the expected outputs with what the blocks print now (--check only shows the change)
lint    lint the code in the pages
"""

from __future__ import annotations

import argparse
import difflib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from book import prose, rules, runner
from book.reader import ROOT, Page, PageError, figures_of_the_site, pages, read, shown
from book.store import CACHE, Store


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="book", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["check", "update", "lint"])
    parser.add_argument("page", nargs="*", type=Path, help="default: every page")
    parser.add_argument("--check", action="store_true", help="update: show, do not write")
    options = parser.parse_intermixed_args(arguments)
    try:
        paths = [path.resolve() for path in options.page] or pages()
        if options.command == "update":
            return update(paths, write=not options.check)
        return {"check": check, "lint": lint}[options.command](paths)
    except PageError as error:
        print(error, file=sys.stderr)
        return 1


def check(paths: list[Path]) -> int:
    """Run and compare every block, and leave the pictures under the cache's folder."""
    book = [read(path) for path in paths]
    figures_of_the_site(book)
    errors: list[PageError] = []
    for page in book:
        try:
            rules.check(page)
        except PageError as error:
            errors.append(error)
        errors += prose.check(page)
    store = Store()
    errors += store.run(book)
    blocks = pictures = 0
    folder = CACHE.parent / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    for page in book:
        for chain in page.chains:
            outcome = store.get(chain)
            if outcome is None:
                continue
            try:
                runner.compare(page, chain, outcome)
            except PageError as error:
                errors.append(error)
            blocks += len(chain)
            for name, svg in outcome.pictures.items():
                (folder / name).write_text(svg, encoding="utf-8")
                pictures += 1
    for problem in errors:
        print(problem, file=sys.stderr)
    not_run = sum(bool(runner.missing(chain)) for page in book for chain in page.chains)
    print(
        f"{len(book)} pages, {blocks} blocks ran, {pictures} pictures in {shown(folder)}, "
        f"{not_run} chains not run, {len(errors)} errors"
    )
    return bool(errors)


def update(paths: list[Path], write: bool = True) -> int:
    """Rewrite the expected outputs; return 1 where a block fails or, unwritten, would change."""
    book = [read(path) for path in paths]
    store = Store()
    errors = store.run(book)
    for error in errors:
        print(error, file=sys.stderr)
    changed = 0
    for page in book:
        new = updated(page, store)
        if new == page.text:
            continue
        changed += 1
        lines = difflib.unified_diff(
            page.text.splitlines(), new.splitlines(), shown(page.path), "updated", lineterm="", n=1
        )
        print("\n".join(lines))
        if write:
            page.path.write_text(new, encoding="utf-8")
    print(f"{changed} of {len(book)} pages {'rewritten' if write else 'would change'}")
    return bool(errors) or (not write and bool(changed))


def updated(page: Page, store: Store) -> str:
    """The text of a page with the outputs that its blocks print."""
    lines = page.text.replace("\r\n", "\n").split("\n")
    edits: list[tuple[int, int, list[str]]] = []
    for chain in page.chains:
        outcome = store.get(chain)
        if outcome is None:
            continue
        for block, printed in zip(chain, outcome.outputs, strict=True):
            pad = " " * block.indent
            body = [
                (pad + line).rstrip(" ") if not line else pad + line
                for line in printed.splitlines()
            ]
            if block.expected is not None:
                edits.append((block.output_line, block.output_end - 1, body))
            elif printed and not block.hidden:
                directive = f"{pad}<!--pytest-codeblocks:expected-output-->"
                fence = ["", directive, "", f"{pad}```text", *body, f"{pad}```"]
                edits.append((block.end, block.end, fence))
    for first, last, body in sorted(edits, reverse=True):
        lines[first:last] = body
    return "\n".join(lines)


def lint(paths: list[Path]) -> int:
    """Lint the code of every chain with the project's settings, at the lines of its page."""
    with tempfile.TemporaryDirectory() as folder:
        names: dict[str, str] = {}
        for path in paths:
            page = read(path)
            rules.check(page)
            for chain in page.chains:
                code = [""] * (chain[-1].end + 1)
                for block in chain:
                    code[block.line : block.end - 1] = block.code.splitlines()
                name = re.sub(r"\W", "_", f"{shown(path)}_{chain[0].line}") + ".py"
                Path(folder, name).write_text("\n".join(code).rstrip("\n") + "\n")
                names[name] = shown(path)
        command = [
            "ruff", "check", "--no-cache", "--output-format", "concise", "--config",
            str(ROOT / "pyproject.toml"), "--extend-ignore", "D,E303,E402,E731,W391", folder,
        ]  # fmt: skip
        found = subprocess.run(
            [sys.executable, "-m", *command], capture_output=True, text=True, check=False
        )
    text = found.stdout
    for name, page_name in names.items():
        text = re.sub(rf"\S*{re.escape(name)}", page_name, text)
    print(text.strip() or found.stderr.strip())
    return found.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
