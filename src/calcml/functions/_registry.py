"""The one list of rows that the groups fill, and the works that they may cite."""

from __future__ import annotations

import difflib

from calcml.functions._works import WORKS
from calcml.identity import Identity, Registry


class Rows(Registry):
    """Rows whose sources are in the bibliography."""

    def add(self, row: Identity) -> None:
        """Enter a row; its name must be new, and the works of its source must be known."""
        for work, place in row.citations:
            if work not in WORKS:
                near = difflib.get_close_matches(work, WORKS, n=2, cutoff=0.6)
                raise ValueError(
                    f"`{row.name}` needs a source whose works are listed: came {work!r}. "
                    + (f"Did you mean {' or '.join(near)}? " if near else "")
                    + "Add the work to `WORKS` in calcml/functions/_works.py."
                )
            if not place and not WORKS[work].whole:
                raise ValueError(
                    f"`{row.name}` needs a place in {work}: came the work alone. "
                    "Add the equation or section. Only a paper on this one thing is cited whole; "
                    "its entry in `WORKS` says so."
                )
        super().add(row)


ROWS = Rows()
