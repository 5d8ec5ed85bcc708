"""The theme's files, found without a look at its twelve thousand icons.

MkDocs lists every file of a theme in every build, and then leaves out what stands in folders like
``.icons``. While a page is edited, that is a tenth of the time until it is seen.
"""

from __future__ import annotations

import os
from typing import Any

from jinja2 import Environment, FileSystemLoader


class Visible(FileSystemLoader):
    """Lists no folders whose names begin with a dot; what is in them can be loaded all the same."""

    def list_templates(self) -> list[str]:
        """The paths of all templates, in order."""
        found: set[str] = set()
        for root in self.searchpath:
            for folder, inside, names in os.walk(root):
                inside[:] = [name for name in inside if not name.startswith(".")]
                place = os.path.relpath(folder, root).replace(os.sep, "/")
                found.update(name if place == "." else f"{place}/{name}" for name in names)
        return sorted(found)


def list_quickly(theme: Any) -> None:
    """Have a theme of MkDocs make environments that list what is visible."""
    get_env = theme.get_env

    def get_visible() -> Environment:
        env: Environment = get_env()
        if isinstance(env.loader, FileSystemLoader):
            env.loader = Visible(env.loader.searchpath)
        return env

    theme.get_env = get_visible
