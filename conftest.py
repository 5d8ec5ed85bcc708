"""Loads the strict layer over pytest-codeblocks, whatever path pytest is given."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "docs" / "_hooks"))

pytest_plugins = ["book.pytest_plugin"]
collect_ignore = ["tests/conftest.py"]  # it holds fixtures, no examples for doctest
