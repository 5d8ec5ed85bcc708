"""A wrong page stops the build with its place and a remedy; while authoring, the page shows it."""

import subprocess
import sys
from pathlib import Path

import pytest
from book import theme
from book.reader import ROOT
from mkdocs.config import load_config
from mkdocs.structure.files import Files

DRAWN = (
    "```python\nfrom calcml import plot\n\nax = plot.panels()\nax.plot([1, 2], [3, 4])\n"
    'ax.set(xlabel="x (km)", ylabel="y (min)")\n```\n\n'
    "<!-- figure: a-line\nalt: A line.\ncaption: It rises.\n-->\n"
)

# name: (the pages, what the build must say)
WRONG: dict[str, tuple[dict[str, str], str]] = {
    "fence": ({"index.md": "```py\nx = 1\n```\n"}, "index.md:1: a Python fence needs exactly"),
    "directive": (
        {"index.md": "```python\nprint(1)\n```\n\n<!--pytest-codeblock:expected-output-->\n"},
        "index.md:5: a comment needs a meaning",
    ),
    "two figures of one name": (
        {"index.md": DRAWN, "other.md": DRAWN},
        "other.md:9: a figure needs a name of its own: 'a-line' came at",
    ),
    "no alternative text": (
        {"index.md": DRAWN.replace("alt: A line.\n", "")},
        "index.md:9: figure 'a-line' needs `alt:`",
    ),
    "benchmark without results": (
        {"index.md": "# A\n\n<!-- benchmark: no-such -->\n"},
        "index.md:3: benchmark 'no-such' needs its results in tests/benchmarks/results",
    ),
    "bad TeX": ({"index.md": "# A\n\nText $\\frac{1}$.\n"}, "index.md:3: the formula"),
    "unclosed dollar": ({"index.md": "# A\n\nText $x and more.\n"}, "index.md:3: the formula"),
    "failing block": (
        {"index.md": "```python\nx = 1 / 0\n```\n"},
        "index.md:2: the block of line 1 raised ZeroDivisionError: division by zero",
    ),
    "stale output": (
        {
            "index.md": "```python\nprint(1)\n```\n\n<!--pytest-codeblocks:expected-output-->\n\n"
            "```text\n2\n```\n"
        },
        "index.md:7: the output of the block on line 1 is stale",
    ),
    "error in a continued block": (
        {
            "index.md": "```python\nx = 1\n```\n\n<!--pytest-codeblocks:cont-->\n\n"
            "```python\ny = x.real\nz = x.unreal\n```\n"
        },
        "index.md:9: the block of line 7 raised AttributeError",
    ),
}

SERVE = """
import sys
from mkdocs.commands.build import build
from mkdocs.config import load_config

config = load_config("mkdocs.yml")
config.plugins.on_startup(command="serve", dirty=False)
build(config)
"""


def project(folder: Path, pages: dict[str, str]) -> Path:
    (folder / "docs").mkdir()
    (folder / "mkdocs.yml").write_text(
        f"site_name: trial\nstrict: false\nhooks: [{ROOT / 'docs/_hooks/hook.py'}]\nplugins: []\n"
        "markdown_extensions: [md_in_html, attr_list, pymdownx.superfences, pymdownx.highlight]\n"
    )
    for name, text in pages.items():
        (folder / "docs" / name).write_text(text)
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def test_the_theme_has_the_files_that_mkdocs_finds(tmp_path: Path) -> None:
    project(tmp_path, {"index.md": "# A\n"})
    config = load_config(str(tmp_path / "mkdocs.yml"), hooks=[], theme="material")
    found = []
    for _ in range(2):
        files = Files([])
        files.add_files_from_theme(config.theme.get_env(), config)
        found.append([file.src_uri for file in files])
        theme.list_quickly(config.theme)
    assert found[0] == found[1] != []
    environment = config.theme.get_env()
    assert [name for name in environment.list_templates() if name.startswith(".")] == []
    icon = environment.get_template(".icons/material/weather-night.svg")
    assert "<svg" in icon.render()


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_page_stops_the_build(tmp_path: Path, name: str) -> None:
    pages, problem = WRONG[name]
    # Not even a build that is told to be quiet and lenient lets it pass.
    found = run(project(tmp_path, pages), "-m", "mkdocs", "build", "-q")
    assert found.returncode != 0
    assert problem in found.stderr


@pytest.mark.parametrize("name", ["failing block", "bad TeX", "fence"])
def test_while_authoring_the_page_shows_its_error(tmp_path: Path, name: str) -> None:
    pages, problem = WRONG[name]
    folder = project(tmp_path, pages | {"right.md": "# Right\n\n" + DRAWN})
    found = run(folder, "-c", SERVE)
    assert found.returncode == 0, found.stderr
    assert problem in (folder / "site" / "index.html").read_text()
    assert "figure-a-line" in (folder / "site" / "right" / "index.html").read_text()
