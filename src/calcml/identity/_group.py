"""Groups of rows and the registry that they are entered in."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

from calcml.identity._identity import SCALES, Function, Identity

__all__ = ["Group", "Registry"]


class Registry(dict[str, Identity]):
    """All rows by name, in the order in which they were written.

    Examples
    --------
    >>> from calcml.functions import get
    >>> get("Layer norm").name
    'layer-norm'
    """

    def add(self, row: Identity) -> None:
        """Enter a row; its name must be new."""
        if row.name in self:
            raise ValueError(
                f"a row needs a name of its own: `{row.name}` is taken by {self[row.name].title}. "
                "Rename the function."
            )
        self[row.name] = row

    def find(self, name: str) -> Identity:
        """Row of that name; spaces and underscores count as hyphens."""
        wanted = name.strip().lower().replace("_", "-").replace(" ", "-")
        if wanted not in self:
            near = difflib.get_close_matches(wanted, self, n=3, cutoff=0.4)
            advice = (
                f"Did you mean {' or '.join(near)}?" if near else "`all_identities` lists them."
            )
            raise ValueError(f"`get` needs the name of a row: came {name!r}. {advice}")
        return self[wanted]


class Group:
    """A group of rows of the table; calling it makes the decorator of one row.

    Parameters
    ----------
    title : str
    registry : Registry
        Where its rows are entered.

    Examples
    --------
    >>> row = Group("Examples", Registry())
    >>> @row("Square", x="(...)", source="Leibniz 1684")
    ... def square(x):
    ...     return x**2
    >>> @square.rule
    ... def _(x):
    ...     return 2 * x
    >>> square.gradient([1.0, 3.0]).tolist()
    [2.0, 6.0]
    """

    def __init__(self, title: str, registry: Registry) -> None:
        self.title, self.registry = title, registry

    def __call__(
        self,
        title: str,
        /,
        *,
        source: str,
        kinks: str = "",
        chapter: str = "",
        keywords: str = "",
        analytic: bool = True,
        stable: bool = False,
        formula: str = "",
        least: Mapping[str, int] | None = None,
        scales: tuple[float, ...] = SCALES,
        **arguments: str,
    ) -> Callable[[Function], Identity]:
        """Return a decorator that turns a function into a row.

        Parameters
        ----------
        title : str
            What the field calls it, as in "Layer norm".
        source : str
            Authors and year of each work, a comma and the place in it, as in "Giles 2008, sec. 2.2";
            works are separated by semicolons.
        kinks : str
            Where there is no derivative, or none on one side, and what is returned there.
        chapter : str
            The page that derives it, as a path in docs.
        keywords : str
            Other names by which it is searched.
        analytic : bool
            Whether the complex step applies.
        stable : bool
            Whether value and gradient stay finite for arguments from 1e-8 to 1e4, as is tested.
        formula : str
            The function as one plain expression, to be shown where the code is written so as not
            to overflow; the tests evaluate it against the function.
        least : mapping of str to int
            The smallest size of a symbol for which the row makes sense.
        scales : tuple of float
            Factors on the arguments at which the row is checked.
        **arguments : str
            Shape and domain of each argument, such as ``x="(n, d)"`` or ``p="(k,) simplex fixed"``.
        """

        def decorate(function: Function) -> Identity:
            row = Identity(
                function,
                title,
                self.title,
                arguments,
                source=source,
                kinks=kinks,
                chapter=chapter,
                keywords=keywords,
                analytic=analytic,
                stable=stable,
                formula=formula,
                least=least,
                scales=scales,
            )
            self.registry.add(row)
            return row

        return decorate
