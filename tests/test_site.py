"""The built site, read as a browser reads it. Every check is also shown a page that it must refuse."""

import gzip
import html
import json
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import html5lib
import pytest
from book.reader import DOCS, Page, pages, read

BASE = "https://calcml.github.io/calcml/"
# Names of vocabularies, which nothing ever fetches.
NAMESPACES = ("http://www.w3.org/", "https://www.w3.org/")
ADDRESSES = {
    "a": ["href"],
    "area": ["href"],
    "audio": ["src"],
    "embed": ["src"],
    "form": ["action"],
    "iframe": ["src"],
    "img": ["src", "srcset"],
    "link": ["href"],
    "object": ["data"],
    "script": ["src"],
    "source": ["src", "srcset"],
    "track": ["src"],
    "use": ["href"],
    "video": ["src", "poster"],
}
CODE = {"pre", "code", "script", "style", "annotation", "template"}
MAX_PAGE = 90_000  # bytes of HTML, packed
MAX_TABLE = 240_000  # the one page that holds every row, so that a browser can filter them
MAX_SITE = 30_000_000


@dataclass
class Document:
    """A page of the site."""

    address: str
    source: str
    errors: list[str] = field(default_factory=list)

    @cached_property
    def tree(self) -> Any:
        parser = html5lib.HTMLParser(namespaceHTMLElements=False)
        tree = parser.parse(self.source)
        self.errors = [f"{place}: {name}" for place, name, _ in parser.errors]
        return tree

    @property
    def article(self) -> Any:
        found = self.tree.find(".//article")
        return self.tree if found is None else found

    def elements(self, *names: str) -> Iterator[Any]:
        for element in self.tree.iter():
            if isinstance(element.tag, str) and (not names or local(element) in names):
                yield element

    @property
    def ids(self) -> Counter[str]:
        return Counter(e.attrib["id"] for e in self.elements() if "id" in e.attrib)


@dataclass
class Site:
    """A built site: its folder, its pages, and the folder of their sources."""

    folder: Path
    sources: Path = DOCS

    @cached_property
    def documents(self) -> list[Document]:
        return [
            Document(path.relative_to(self.folder).as_posix(), path.read_text("utf-8"))
            for path in sorted(self.folder.rglob("*.html"))
        ]

    def file(self, address: str) -> str | None:
        """The file that a server gives for an address, or None."""
        path = unquote(address)
        if path.endswith("/") or not path:
            path += "index.html"
        return path if (self.folder / path).is_file() else None

    def source(self, document: Document) -> Page | None:
        """The page of the book that a page of the site shows, if there is one."""
        place = self.sources / document.address.removesuffix("index.html")
        for path in (place / "index.md", place.with_suffix(".md")):
            if path.is_file():
                return read(path)
        return None


def local(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def classes(element: Any) -> list[str]:
    return str(element.attrib.get("class", "")).split()


def texts(element: Any, skip: Set[str] = frozenset()) -> Iterator[str]:
    """The texts in an element, leaving out what stands in elements with the given names."""
    if isinstance(element.tag, str) and local(element) in skip:
        return
    if isinstance(element.tag, str) and element.text:
        yield element.text
    for child in element:
        yield from texts(child, skip)
        if child.tail:
            yield child.tail


def links(document: Document) -> Iterator[tuple[Any, str]]:
    """Every address in the attributes of a page, with its element."""
    for element in document.elements():
        for name in ADDRESSES.get(local(element), []):
            value = element.attrib.get(name, element.attrib.get(f"{{xlink}}{name}"))
            if value is None:
                continue
            for part in value.split(",") if name == "srcset" else [value]:
                if part.strip():
                    yield element, part.split()[0] if name == "srcset" else part.strip()


# Checks: each returns what is wrong


def broken_links(site: Site) -> list[str]:
    """Links, images, scripts and styles that lead nowhere, and anchors that do not exist."""
    ids = {document.address: document.ids for document in site.documents}
    found = []
    for document in site.documents:
        here = urljoin(BASE, document.address)
        for _, address in links(document):
            target = urljoin(here, address)
            if not target.startswith(BASE):
                continue
            parts = urlsplit(target)
            file = site.file(parts.path.removeprefix(urlsplit(BASE).path))
            if file is None:
                found.append(f"{document.address}: {address} leads nowhere")
            elif file in ids and parts.fragment and unquote(parts.fragment) not in ids[file]:
                found.append(f"{document.address}: {address} has no such anchor")
    for path in sorted(site.folder.rglob("*.css")):
        place = path.relative_to(site.folder).as_posix()
        for address in style_addresses(path.read_text("utf-8")):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(place), address))
            ours = not address.startswith(("data:", "#", "http:", "https:", "//"))
            if ours and not (site.folder / target).is_file():
                found.append(f"{place}: url({address}) leads nowhere")
    return found


def style_addresses(style: str) -> list[str]:
    found = re.findall(r"url\(\s*(?:\"([^\"]*)\"|'([^']*)'|([^)\"'\s]*))\s*\)", style)
    imported = re.findall(r"@import\s+[\"']([^\"']+)", style)
    return ["".join(groups) for groups in found] + imported


def foreign(site: Site) -> list[str]:
    """What a page would ask another host for. Links that a reader may follow are no request."""
    found = []
    for document in site.documents:
        for element, address in links(document):
            target = urljoin(urljoin(BASE, document.address), address)
            ours = target.startswith((BASE, "data:"))
            followed = local(element) in {"a", "area"}
            if not ours and not followed:
                found.append(f"{document.address}: <{local(element)}> asks for {address}")
        for element in document.elements("style", "script"):
            for address in hosts(element.text or "", local(element)):
                found.append(f"{document.address}: <{local(element)}> names {address}")
        for element in document.elements():
            for address in hosts(element.attrib.get("style", ""), "style"):
                found.append(f"{document.address}: a style names {address}")
    for path in sorted(site.folder.rglob("*")):
        # The theme's own scripts name hosts for what the book does not use (`diagrams` among it);
        # what they ask for is watched in a real browser.
        if path.suffix in {".css", ".js", ".svg"} and not path.name.endswith(".min.js"):
            kind = {".css": "style", ".js": "script", ".svg": "picture"}[path.suffix]
            for address in hosts(path.read_text("utf-8"), kind):
                found.append(f"{path.relative_to(site.folder).as_posix()}: names {address}")
    return found


def hosts(text: str, kind: str) -> list[str]:
    """The addresses on other hosts that a style, a script or a picture names."""
    if kind == "style":
        named = [
            address for address in style_addresses(text) if re.match(r"(?:https?:)?//", address)
        ]
    elif kind == "script":
        named = re.findall(r"[\"'`](https?://[^\"'`\s]+)", text)
    else:
        named = re.findall(r"(?:href|src)\s*=\s*[\"'](https?://[^\"']+)", text)
    return [a for a in named if not a.startswith((*NAMESPACES, BASE))]


def diagrams(site: Site) -> list[str]:
    """What the theme would draw with a script from another host."""
    return [
        f"{document.address}: a Mermaid diagram, which would be fetched from another host"
        for document in site.documents
        for element in document.elements()
        if "mermaid" in classes(element)
    ]


def images_without_text(site: Site) -> list[str]:
    found = []
    for document in site.documents:
        for image in document.elements("img"):
            if not image.attrib.get("alt", "").strip():
                found.append(f"{document.address}: {image.attrib.get('src')} has no text")
    return found


def headings_out_of_order(site: Site) -> list[str]:
    """Pages without exactly one h1, and headings that skip a level."""
    found = []
    for document in site.documents:
        levels = [
            int(element.tag[1])
            for element in document.article.iter()
            if isinstance(element.tag, str) and re.fullmatch("h[1-6]", element.tag)
        ]
        if levels.count(1) != 1 or levels[0] != 1:
            found.append(f"{document.address}: needs one h1, first: the levels are {levels[:6]}")
        for before, after in pairwise(levels):
            if after > before + 1:
                found.append(f"{document.address}: h{after} follows h{before}")
    return found


def repeated_ids(site: Site) -> list[str]:
    return [
        f"{document.address}: the id {name!r} stands {count} times"
        for document in site.documents
        for name, count in document.ids.items()
        if count > 1
    ]


def parse_errors(site: Site) -> list[str]:
    found = []
    for document in site.documents:
        assert document.tree is not None
        found += [f"{document.address}: {error}" for error in document.errors]
    return found


def leftovers(site: Site) -> list[str]:
    """What should have become something else: formulas, markers, comments."""
    found = []
    for document in site.documents:
        text = "\n".join(texts(document.article, CODE))
        for pattern in (
            r"(?<!\\)\$[^$\n]{1,80}\$",
            r"\\[\(\[][^\n]*",
            r"\\(?:frac|nabla|partial|mathbf)\b",
            r"figure-goes-here[\w-]*",
            r"pytest-codeblocks[\w:-]*",
            r"^\s*(?:!!!|\?\?\?|===) .*",
            r"^```.*",
            r"\{[:.#][^}]*\}",
        ):
            for match in re.finditer(pattern, text, re.MULTILINE):
                found.append(f"{document.address}: {match[0][:60]!r} is left over")
        for element in document.article.iter():
            if not isinstance(element.tag, str):
                found.append(f"{document.address}: a comment is published: {element.text[:60]!r}")
    return found


def badly_described(site: Site) -> list[str]:
    """Pages without a title and a description of their own."""
    found = []
    seen: dict[str, str] = {}
    for document in site.documents:
        title = "".join(document.tree.findtext(".//title") or "").strip()
        description = next(
            (
                e.attrib.get("content", "")
                for e in document.elements("meta")
                if e.attrib.get("name") == "description"
            ),
            "",
        )
        if not title:
            found.append(f"{document.address}: has no title")
        if len(description) < 40:
            found.append(f"{document.address}: needs a description: {description!r} came")
        elif document.address != "404.html":
            if description in seen:
                found.append(f"{document.address}: described like {seen[description]}")
            seen[description] = document.address
    return found


def bad_formulas(site: Site) -> list[str]:
    """Formulas without MathML, or whose picture a screen reader would read out too."""
    found = []
    for document in site.documents:
        for element in document.elements("span"):
            if "katex-error" in classes(element):
                found.append(f"{document.address}: KaTeX refused {element.text!r}")
            if "katex" not in classes(element):
                continue
            if not any(isinstance(e.tag, str) and local(e) == "math" for e in element.iter()):
                found.append(f"{document.address}: a formula without MathML")
            for picture in element.iter("span"):
                if "katex-html" in classes(picture) and picture.attrib.get("aria-hidden") != "true":
                    found.append(f"{document.address}: the picture of a formula is read out")
    return found


def not_in_search(site: Site) -> list[str]:
    """Pages that the search index does not know, and formulas that stand in it more than once."""
    index = json.loads((site.folder / "search" / "search_index.json").read_text("utf-8"))
    known = {urlsplit(entry["location"]).path for entry in index["docs"]}
    found = [
        f"{document.address}: not in the search index"
        for document in site.documents
        if document.address != "404.html"
        and document.address.removesuffix("index.html") not in known
    ]
    for entry in index["docs"]:
        if match := re.search(r"\\(?:nabla|frac|mathbf|partial)\b", entry["text"]):
            found.append(f"{entry['location']}: the search index holds the TeX {match[0]}")
        if "<pre>" in entry["text"]:
            found.append(f"{entry['location']}: the search index holds code, not its names")
    return found


def finds(site: Site, word: str) -> set[str]:
    """The pages whose entries in the search index hold a word, cut up as the site's search does."""
    index = json.loads((site.folder / "search" / "search_index.json").read_text("utf-8"))
    separator = re.compile(index["config"]["separator"])
    return {
        urlsplit(entry["location"]).path
        for entry in index["docs"]
        if word.lower()
        in separator.split(re.sub(r"<[^>]*>", " ", f"{entry['title']} {entry['text']}").lower())
    }


def too_large(site: Site) -> list[str]:
    found = []
    files = [path for path in site.folder.rglob("*") if path.is_file()]
    for path in files:
        place = path.relative_to(site.folder).as_posix()
        if path.suffix == ".map" or "/lunr/" in f"/{place}":
            found.append(f"{place}: no reader loads it")
        most = MAX_TABLE if place == "reference/table/index.html" else MAX_PAGE
        if path.suffix == ".html" and (size := len(gzip.compress(path.read_bytes()))) > most:
            found.append(f"{place}: {size} bytes packed, more than {most}")
    if (total := sum(path.stat().st_size for path in files)) > MAX_SITE:
        found.append(f"the site has {total} bytes, more than {MAX_SITE}")
    return found


def code_that_did_not_run(site: Site) -> list[str]:
    """Pages that show other code, outputs or commands than their source has, in that order."""
    found = []
    for document in site.documents:
        page = site.source(document)
        if page and (theirs := shown(document)) != (ours := ran(page)):
            strange = [text[:60] for text in theirs if text not in ours]
            lost = [text[:60] for text in ours if text not in theirs]
            found.append(f"{document.address}: shows what did not run: {strange}; lost {lost}")
    return found


def shown(document: Document) -> list[str]:
    """The text of everything in a page that looks like code or output, in order."""
    return ["".join(element.itertext()).strip("\n") for element in document.elements("pre")]


def ran(page: Page) -> list[str]:
    """What a page may show as code: its executed blocks, their outputs, and listed commands."""
    lines = page.text.replace("\r\n", "\n").split("\n")
    texts = {}
    for block in page.blocks:
        if not block.hidden:
            texts[block.line] = block.code
            if block.expected is not None:
                texts[block.output_line] = block.expected
    for first, last, language in page.fences:
        if language not in {"python", "text"}:
            indent = len(lines[first - 1]) - len(lines[first - 1].lstrip())
            texts[first] = "\n".join(line[indent:] for line in lines[first : last - 1])
    return [texts[line].strip("\n") for line in sorted(texts)]


CHECKS: list[Callable[[Site], list[str]]] = [
    broken_links,
    foreign,
    diagrams,
    images_without_text,
    headings_out_of_order,
    repeated_ids,
    parse_errors,
    leftovers,
    badly_described,
    bad_formulas,
    not_in_search,
    too_large,
    code_that_did_not_run,
]


@pytest.fixture(scope="module")
def built(site: Path) -> Site:
    return Site(site)


def test_the_site(built: Site) -> None:
    """All checks in one test: to parse the pages takes most of the time, in each process again."""
    assert [problem for check in CHECKS for problem in check(built)] == []


def test_every_page_of_the_menu_is_built(built: Site) -> None:
    home = next(d for d in built.documents if d.address == "index.html")
    menu = {e.attrib["href"] for e in home.elements("a") if "md-nav__link" in classes(e)}
    pages = {d.address.removesuffix("index.html") for d in built.documents} - {"404.html"}
    assert {posixpath.normpath(address) for address in menu if "#" not in address} == {
        posixpath.normpath(page) for page in pages
    }


def test_every_figure_is_shown_in_both_palettes(built: Site) -> None:
    seen = []
    for document in built.documents:
        if page := built.source(document):
            seen.append(page.path)
            names = [figure.name for figure in page.figures]
            assert re.findall(r'<figure id="figure-([\w-]+)"', document.source) == names
            for figure in page.figures:
                for palette in ("light", "dark"):
                    picture = f"assets/figures/{figure.name}-{palette}.svg"
                    assert f"{picture}#only-{palette}" in document.source
                    assert (built.folder / picture).is_file()
                assert document.source.count(f'alt="{html.escape(figure.alt)}"') == 2
    assert sorted(seen) == [path for path in pages() if path.is_relative_to(DOCS)]


def test_an_unknown_address_has_a_page_that_leads_back(built: Site) -> None:
    page = next(d for d in built.documents if d.address == "404.html")
    addresses = [address for _, address in links(page)]
    assert "/calcml/" in addresses or "/calcml/." in addresses
    assert all(a.startswith(("/", "#", "data:", BASE)) for a in addresses), "relative to where?"


@pytest.mark.parametrize(
    ("word", "page"),
    [
        ("nabla", "learn/gradient/"),
        ("hessian", "learn/hessian/"),
        ("eigenvalue", "learn/hessian/"),
        ("directional_derivative", "learn/directional-derivatives/"),
        ("∇f", "learn/gradient/"),
        ("partial", "learn/gradient/"),
        ("line_loss", "learn/gradient/"),
        ("clip_grad_norm_", "production/pitfalls/"),
    ],
)
def test_search_knows_names_and_symbols(built: Site, word: str, page: str) -> None:
    assert page in finds(built, word)


# Pages that must be refused


def page(article: str, head: str = "") -> str:
    described = '<meta name="description" content="A page that is made for a test, and described.">'
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>'
        f"{described}{head}</head><body><article><h1>A page</h1>{article}</article></body></html>"
    )


INDEX = {"config": {"separator": " "}, "docs": [{"location": "", "title": "A page", "text": "a"}]}
RAN = "```python\nx = 1\n```\n"
KATEX = (
    '<span class="katex"><span class="katex-mathml"><math><mi>x</mi></math></span>'
    '<span class="katex-html" aria-hidden="true">x</span></span>'
)


def made(folder: Path, **files: str) -> Site:
    """A site of one page, sound but for the files that are given."""
    names = {
        "index": "index.html", "source": "index.md", "style": "a.css", "script": "a.js",
        "index_of_search": "search",
    }  # fmt: skip
    contents = {"index.html": page("<p>Text.</p>"), "search": json.dumps(INDEX)}
    contents |= {names[name]: text for name, text in files.items()}
    (folder / "search").mkdir()
    for name, text in contents.items():
        name = "search/search_index.json" if name == "search" else name
        (folder / name).write_text(text, encoding="utf-8")
    return Site(folder, sources=folder)


def test_a_sound_page_passes(tmp_path: Path) -> None:
    article = f'<h2 id="a">A</h2><a href="#a">{KATEX}</a><pre><code>x = 1\n</code></pre>'
    site = made(tmp_path, index=page(article), source=RAN)
    assert [problem for check in CHECKS for problem in check(site)] == []


@pytest.mark.parametrize(
    ("check", "files", "problem"),
    [
        (broken_links, {"index": page('<a href="gone/">x</a>')}, "gone/ leads nowhere"),
        (broken_links, {"index": page('<a href="#gone">x</a>')}, "#gone has no such anchor"),
        (broken_links, {"index": page('<img src="no.svg" alt="x">')}, "no.svg leads nowhere"),
        (broken_links, {"index": page("", '<script src="no.js"></script>')}, "no.js leads nowhere"),
        (broken_links, {"index": page("", '<link rel="icon" href="no.svg">')}, "no.svg"),
        (broken_links, {"style": "a { src: url(no.woff2) }"}, "url(no.woff2) leads nowhere"),
        (broken_links, {"index": page(f'<a href="{BASE}gone/">x</a>')}, "leads nowhere"),
        (foreign, {"index": page('<img src="https://x.org/a.png" alt="x">')}, "<img> asks for"),
        (foreign, {"index": page('<img src="//x.org/a.png" alt="x">')}, "<img> asks for"),
        (foreign, {"index": page('<img srcset="https://x.org/a.png 2x" alt="x">')}, "asks for"),
        (foreign, {"index": page("", '<script src="https://x.org/a.js"></script>')}, "<script>"),
        (foreign, {"index": page("<script>import('https://x.org/a.js')</script>")}, "names"),
        (foreign, {"index": page('<p style="background: url(//x.org/a)">x</p>')}, "a style names"),
        (foreign, {"style": '@import "https://x.org/a.css";'}, "a.css: names"),
        (foreign, {"script": 'fetch("https://x.org/")'}, "a.js: names"),
        (diagrams, {"index": page('<pre class="mermaid">a</pre>')}, "another host"),
        (images_without_text, {"index": page('<img src="a.svg">')}, "a.svg has no text"),
        (images_without_text, {"index": page('<img src="a.svg" alt=" ">')}, "a.svg has no text"),
        (headings_out_of_order, {"index": page("<h3>x</h3>")}, "h3 follows h1"),
        (headings_out_of_order, {"index": page("<h1>x</h1>")}, "needs one h1"),
        (repeated_ids, {"index": page('<p id="a">x</p><p id="a">y</p>')}, "'a' stands 2 times"),
        (parse_errors, {"index": page("<p><div>x</p></div>")}, "unexpected-end-tag"),
        (parse_errors, {"index": page("<span>x</p>")}, "unexpected-end-tag"),
        (leftovers, {"index": page("<p>the slope $x^2$ is</p>")}, "$x^2$"),
        (leftovers, {"index": page(r"<p>the slope \(x\) is</p>")}, "is left over"),
        (leftovers, {"index": page("<p>figure-goes-here-a</p>")}, "figure-goes-here"),
        (leftovers, {"index": page("<!-- figure: a -->")}, "a comment is published"),
        (leftovers, {"index": page('<p>!!! note "x"</p>')}, "!!! note"),
        (leftovers, {"index": page("<p>Text {: .a }</p>")}, "{: .a }"),
        (badly_described, {"index": page("").replace("A page</t", "</t")}, "has no title"),
        (badly_described, {"index": page("").replace("A page that", "")[:99]}, "description"),
        (bad_formulas, {"index": page('<span class="katex">x</span>')}, "without MathML"),
        (bad_formulas, {"index": page('<span class="katex-error">x</span>')}, "KaTeX refused"),
        (bad_formulas, {"index": page(KATEX.replace(' aria-hidden="true"', ""))}, "read out"),
        (not_in_search, {"index_of_search": '{"docs": []}'}, "not in the search index"),
        (
            not_in_search,
            {"index_of_search": json.dumps({"docs": [{"location": "", "text": r"\nabla f"}]})},
            "holds the TeX",
        ),
        (
            not_in_search,
            {"index_of_search": json.dumps({"docs": [{"location": "", "text": "<pre>a</pre>"}]})},
            "holds code",
        ),
        (
            code_that_did_not_run,
            {"index": page("<pre>x = 2</pre>"), "source": RAN},
            "['x = 2']; lost ['x = 1']",
        ),
        (code_that_did_not_run, {"index": page("<p>x = 1</p>"), "source": RAN}, "lost ['x = 1']"),
        (
            code_that_did_not_run,
            {"index": page("<pre>x = 1</pre><pre>y = 2</pre>"), "source": RAN},
            "did not run: ['y = 2']",
        ),
        (too_large, {"index": page("".join(map(chr, range(0x4E00, 0x9FFF))) * 5)}, "bytes packed"),
    ],
)
def test_a_broken_page_is_refused(
    tmp_path: Path, check: Callable[[Site], list[str]], files: dict[str, str], problem: str
) -> None:
    found = check(made(tmp_path, **files))
    assert any(problem in line for line in found), found


def test_search_is_not_satisfied_with_part_of_a_word(tmp_path: Path) -> None:
    docs = [{"location": "a/", "title": "", "text": "<p>the gradients</p>"}]
    index = json.dumps({"config": {"separator": r"\s+"}, "docs": docs})
    site = made(tmp_path, index_of_search=index)
    assert finds(site, "gradients") == {"a/"}
    assert finds(site, "gradient") == set()
