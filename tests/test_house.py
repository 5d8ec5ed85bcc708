"""The rules of the house: floors, public names, docstrings, types, style, and the wheel."""

import ast
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from book.reader import ROOT, pages

import calcml

SOURCE = ROOT / "src" / "calcml"
FLOORS = {
    "_checks": 0,
    "numeric": 1,
    "autodiff": 1,
    "check": 2,
    "identity": 2,
    "functions": 3,
    "geometry": 3,
    "optim": 3,
    "diagnostics": 3,
    "attribution": 3,
    "problems": 4,
    "exercises": 4,
    "plot": 4,
    "__main__": 5,
}


def room(module: str) -> str:
    """The second part of a dotted name: calcml.numeric.steps is of the room numeric."""
    return [*module.split("."), ""][1]


def imports(path: Path, package: str) -> list[tuple[int, str]]:
    """The absolute names that a file imports, at any depth, with their lines."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
            found += [(node.lineno, f"{base}.{alias.name}") for alias in node.names]
    return found


def faults(path: Path, module: str) -> list[str]:
    """What a file of the package imports and may not."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    own = room(module)
    wrong = []
    for line, name in imports(path, package):
        root = name.split(".")[0]
        if root == "calcml":
            other = room(name)
            if own and other and other != own and FLOORS[other] > FLOORS[own]:
                wrong.append(f"{module}:{line} imports {name}, which is on a floor above")
        elif root == "matplotlib" and own != "plot":
            wrong.append(f"{module}:{line} imports matplotlib, which only plot may")
        elif root not in sys.stdlib_module_names | {"numpy", "matplotlib"}:
            wrong.append(f"{module}:{line} imports {name}, which is no dependency")
    return wrong


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@pytest.mark.parametrize("module", modules())
def test_imports_go_down_or_stay_level(module: str) -> None:
    assert faults(modules()[module], module) == []


def test_every_module_has_a_floor() -> None:
    assert {room(module) for module in modules()} - {""} <= FLOORS.keys()


def test_rooms_import_each_other_without_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for module, path in modules().items():
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        names = [room(name) for _, name in imports(path, package) if name.startswith("calcml.")]
        graph.setdefault(room(module), set()).update(set(names) & FLOORS.keys() - {room(module)})
    graph.pop("", None)  # the package itself imports its rooms
    while graph:
        free = [name for name, needs in graph.items() if not needs & graph.keys()]
        assert free, f"these import each other in a circle: {sorted(graph)}"
        for name in free:
            del graph[name]


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("from calcml import plot", "floor above"),
        ("from .. import geometry", "floor above"),
        ("from ..check import check_gradient", "floor above"),
        ("def f():\n    import matplotlib.pyplot", "only plot may"),
        ("import scipy", "no dependency"),
    ],
)
def test_the_floor_check_sees_a_wrong_import(tmp_path: Path, code: str, problem: str) -> None:
    path = tmp_path / "steps.py"
    path.write_text(code)
    assert problem in faults(path, "calcml.numeric.steps")[0]


# Public names

ROOMS = sorted(
    module.name for module in pkgutil.iter_modules(calcml.__path__) if module.name[0] != "_"
)


def public(name: str) -> dict[str, object]:
    module = importlib.import_module(f"calcml.{name}")
    assert module.__doc__, f"calcml.{name} has no docstring"
    return {key: getattr(module, key) for key in module.__all__}


@pytest.mark.parametrize("name", ROOMS)
def test_public_names_are_documented(name: str) -> None:
    for key, thing in public(name).items():
        if not getattr(thing, "__module__", "").startswith("calcml") or not callable(thing):
            continue  # a constant, or a name for a type
        text = inspect.getdoc(thing) or ""
        assert text, f"calcml.{name}.{key} has no docstring"
        assert ">>>" in text, f"calcml.{name}.{key} has no example that doctest runs"
        assert len(text.splitlines()) <= 45, f"the docstring of calcml.{name}.{key} is too long"
        if inspect.isfunction(thing) and inspect.signature(thing).parameters:
            assert "Parameters\n---" in text, f"calcml.{name}.{key} does not list its parameters"
            assert (
                "Returns\n---" in text
                or "Yields\n---" in text
                or "-> None" in str(inspect.signature(thing))
            ), f"calcml.{name}.{key} does not say what it returns"


@pytest.mark.parametrize("name", ROOMS)
def test_public_names_are_annotated(name: str) -> None:
    for key, thing in public(name).items():
        if inspect.isfunction(thing):
            signature = inspect.signature(thing)
            bare = [p.name for p in signature.parameters.values() if p.annotation is p.empty]
            assert not bare, f"calcml.{name}.{key} lacks types of {bare}"


# Tools


def run(*command: str) -> str:
    found = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return "" if found.returncode == 0 else found.stdout + found.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "--no-cache"),
        ("ruff", "format", "--check", "--no-cache"),
        pytest.param(("mypy",), marks=pytest.mark.long),
        ("codespell_lib", "--toml", "pyproject.toml", "src", "docs", "tests", "README.md"),
    ],
    ids=lambda command: " ".join(command[:2]),
)  # fmt: skip
def test_tool_is_content(command: tuple[str, ...]) -> None:
    assert run(*command) == ""


def test_code_in_pages_is_linted() -> None:
    found = subprocess.run(
        [sys.executable, "docs/_hooks/book", "lint"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_no_path_of_a_machine_and_no_registry() -> None:
    files = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    pattern = re.compile(
        r"(?<![\w.])/(?:home|root|Users|work)/[\w.]+|https?://[\w.-]*(?:pypi|files\.python)"
    )
    for name in files:
        path = ROOT / name
        if path.suffix in {".md", ".py", ".toml", ".yml", ".cff", ".lock", ".ipynb", ""} and (
            path.is_file() and path != Path(__file__)
        ):
            assert not pattern.search(path.read_text("utf-8")), name


# The wheel


def test_wheel_installs_typed_and_imports_with_numpy_alone(tmp_path: Path) -> None:
    problem = run(
        "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), "."
    )
    assert problem == ""
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "calcml/py.typed" in names
    assert {f"calcml/{path.relative_to(SOURCE).as_posix()}" for path in modules().values()} <= {
        *names
    }
    assert not [name for name in names if not name.startswith(("calcml/", "calcml-"))]
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import calcml\n"
        "assert calcml.__file__.startswith(sys.argv[1]), calcml.__file__\n"
        "import calcml.numeric, calcml.geometry, calcml.problems\n"
        "roots = {name.split('.')[0] for name in sys.modules}\n"
        "print(sorted(roots & {'matplotlib', 'scipy', 'torch', 'jax', 'mkdocs'}))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program, str(wheel)], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_the_list_of_pages_is_not_empty() -> None:
    assert len(pages()) >= 2


def points(ranges: str) -> set[int]:
    """The code points in a list like U+41-5A, U+6B."""
    pairs = (part.strip().removeprefix("U+").partition("-") for part in ranges.split(","))
    return {n for a, _, b in pairs for n in range(int(a, 16), int(b or a, 16) + 1)}


def test_fonts_are_loaded_for_the_characters_that_they_have() -> None:
    made = (ROOT / "docs" / "_hooks" / "fonts.sh").read_text("utf-8")
    style = (ROOT / "docs" / "assets" / "stylesheets" / "book.css").read_text("utf-8")
    sets = dict(re.findall(r"^(words|signs|latin)=(\S+)$", made, re.M))
    faces = re.findall(r"@font-face \{[^}]*/([\w-]+)\.woff2[^}]*\}", style)
    held = {
        name: ",".join(sets[part] for part in re.findall(r"\$(\w+)", characters))
        for name, characters in re.findall(r'"\$assets/fonts/(\S+)\.woff2" "([$\w,]+)"', made)
    }
    held |= {  # the script makes both weights in one loop
        name.replace("$face", face): held[name]
        for name in list(held)
        if "$face" in name
        for face in re.findall(r"for face in (.*); do", made)[0].split()
    }
    ranges = dict(re.findall(r"/([\w-]+)\.woff2[^}]*unicode-range:([^;]*);", style))
    assert len(faces) == 8
    assert set(faces) <= set(held)
    for first, second in zip(faces[::2], faces[1::2], strict=True):  # a later face goes before
        assert second == first.replace("basic", "latin") != first
        assert first not in ranges
        assert points(ranges[second]) == points(held[second])
        assert points(held[first]).isdisjoint(points(held[second]))
        assert points(held[first]) | points(held[second]) == points(",".join(sets.values()))


def test_no_character_of_a_formula_is_in_both_halves_of_a_font() -> None:
    style = (ROOT / "docs" / "assets" / "katex" / "katex.css").read_text("utf-8")
    ranges = dict(re.findall(r"/KaTeX_([\w-]+)\.woff2[^}]*unicode-range:([^}]*)\}", style))
    halves = [name for name in ranges if f"{name}-more" in ranges]
    assert len(halves) * 2 == len(ranges) > 0
    for name in halves:
        assert points(ranges[name]).isdisjoint(points(ranges[f"{name}-more"]))
