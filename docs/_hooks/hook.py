"""The MkDocs hook: a thin caller of the book's own machinery."""

from __future__ import annotations

import functools
import logging
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from book import formulas, generated, kept, lengths, notebooks, render, site, store, theme
from book.reader import DOCS, ROOT, PageError
from jinja2 import FileSystemBytecodeCache
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.utils import get_relative_url, meta
from watchdog.observers.polling import PollingObserver

TEMPLATES = ROOT / ".cache" / "templates"
log = logging.getLogger("mkdocs.hooks.book")
_state: dict[str, Any] = {"serving": False}


def on_startup(command: str, dirty: bool) -> None:
    _state["serving"] = command == "serve"


def on_config(config: Any) -> Any:
    notebooks.configure(config)
    theme.list_quickly(config.theme)
    return config


def on_files(files: Files, config: Any) -> Files:
    """Read the pages and begin to run them; the others are begun too."""
    _state["generated"] = generated.Pages() if _has_package(config) else None
    paths = [Path(str(f.abs_src_path)) for f in files.documentation_pages() if _is_page(f)]
    book = _state["book"] = render.Book(paths, store.Store())
    if book.errors or _state["serving"]:  # a page that fails is shown as one, or ends the build
        _finish(book)
    if _state["generated"]:
        for address in generated.ADDRESSES:
            files.append(File.generated(config, address, content=""))
    formulas.prepare(book.formulas())
    _state["deciding"] = kept.settings(config, files)
    kept.indexed_once(config, site.searchable, _state["deciding"])
    return files


def _finish(book: render.Book) -> None:
    """Wait for the blocks, and refuse what they found wrong."""
    book.finish()
    if book.errors and not _state["serving"]:
        raise PluginError("\n" + "\n".join(map(str, book.errors.values())))
    for error in book.errors.values():
        log.error(str(error))
    if book.not_run:
        log.info("Not run, because something is not installed: %s", "; ".join(book.not_run))


def on_build_error(**_: Any) -> None:
    if book := _state.get("book"):
        book.run.stop()
    if made := _state.get("generated"):
        made.stop()


def on_page_read_source(page: Any, config: Any) -> str | None:
    """The text of a generated page, which may have been long in the making."""
    if _is_generated(page.file):
        return str(_state["generated"].texts()[page.file.src_uri])
    return None


def on_env(env: Any, config: Any, files: Files) -> Any:
    """Put what the blocks drew into the pages; compile the theme's templates once, not in every build."""
    book: render.Book = _state["book"]
    if not _state["serving"]:
        _finish(book)
    for file in files.documentation_pages():
        path = Path(str(file.abs_src_path))
        if _is_page(file) and path not in book.errors:
            page: Any = file.page
            try:
                text = book.html(page.content, path, get_relative_url("./", page.url))
                page.content = _lighter(text)
            except PageError as error:
                if not _state["serving"]:
                    raise PluginError(str(error)) from None
                log.error(str(error))
    for name, svg in book.pictures().items():
        files.append(File.generated(config, f"assets/figures/{name}", content=svg))
    TEMPLATES.mkdir(parents=True, exist_ok=True)
    env.bytecode_cache = FileSystemBytecodeCache(str(TEMPLATES))
    return env


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    if _is_generated(page.file):
        text = formulas.render_page(markdown, page.file.src_uri)
        kept.rendered_once(page, text, _state["deciding"])
        return text
    if not _is_page(page.file):
        return markdown
    book: render.Book = _state["book"]
    path = Path(page.file.abs_src_path)
    if path in book.errors:
        return render.failure(book.errors[path])
    try:
        text = formulas.render_page(book.markdown(path), f"docs/{page.file.src_uri}")
    except formulas.FormulaError as error:
        if not _state["serving"]:
            raise PluginError(str(error)) from None
        log.error(str(error))
        return render.failure(error)
    text = str(meta.get_data(text)[0])
    kept.rendered_once(page, text, _state["deciding"])
    return text


def on_page_content(html: str, page: Any, **_: Any) -> str:
    if _is_generated(page.file):
        page.meta.setdefault("description", site.description(html))
        return _lighter(html)
    if not _is_page(page.file):
        try:
            source = Path(page.file.abs_src_path)
            page.meta["description"] = notebooks.description(source) or ""
            shown: str = kept.keep(
                "notebook",
                [page.file.src_uri, html, _state["deciding"]],
                lambda: notebooks.shown(
                    formulas.render_html(html, f"docs/{page.file.src_uri}"), source
                ),
            )
            return shown
        except PageError as error:
            if not _state["serving"]:
                raise PluginError(str(error)) from None
            log.error(str(error))
            return html
    page.meta.setdefault("description", site.description(html))
    return html


def on_page_context(context: Any, page: Any, **_: Any) -> Any:
    """Tell the theme whether to fetch the fonts of formulas at once."""
    context["has_formulas"] = formulas.present(page.content or "")
    return context


def on_post_page(output: str, **_: Any) -> str:
    return formulas.filled(site.with_external_links_marked(output))


def on_serve(server: Any, config: Any, **_: Any) -> Any:
    """Look for edits ten times a second, and not twice; build as soon as one is seen."""
    paths = [config.docs_dir, config.config_file_path]
    for path in paths:
        server.unwatch(path)
    server.observer = PollingObserver(timeout=0.1)
    server.build_delay = 0.02
    for path in paths:
        server.watch(path)
    return server


def on_post_build(config: Any) -> None:
    site.finish(config)
    if _has_package(config):
        kept.forget_the_rest()


@functools.lru_cache(maxsize=64)
def _lighter(html: str) -> str:
    """The same page, with less to do for a browser."""
    return lengths.with_lengths(site.with_plain_code(html))


def _is_generated(file: Any) -> bool:
    return bool(_state["generated"]) and file.src_uri in generated.ADDRESSES


def _is_page(file: Any) -> bool:
    return file.src_uri.endswith(".md") and file.abs_src_path is not None


def _has_package(config: Any) -> bool:
    """Whether this is the book itself, and not a trial with pages of its own."""
    return Path(config.docs_dir) == DOCS
