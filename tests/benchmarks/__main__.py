"""Run the benchmarks by name: ``python tests/benchmarks numeric``. Without a name it lists them."""

from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path

HERE = Path(__file__).parent


def benchmarks() -> dict[str, Path]:
    """Every file of this folder that can be run by itself."""
    return {
        path.stem: path
        for path in sorted(HERE.glob("*.py"))
        if path.name != "__main__.py" and '__name__ == "__main__"' in path.read_text("utf-8")
    }


def main() -> None:
    found = benchmarks()
    if len(sys.argv) < 2:
        print("python tests/benchmarks NAME [...]")
        for name, path in found.items():
            text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
            print(f"  {name:10} {text.partition(chr(10))[0]}")
        return
    name, *rest = sys.argv[1:]
    if name not in found:
        sys.exit(f"no benchmark {name!r}: choose one of {', '.join(found)}")
    sys.argv = [name, *rest]
    sys.path.append(str(HERE.parent))  # what the tests share
    runpy.run_path(str(found[name]), run_name="__main__")


if __name__ == "__main__":
    main()
