"""A row of the reference table: a function with its gradient, and all that follows from the two."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from calcml._checks import need_choice
from calcml.identity import _oracles
from calcml.identity._arguments import (
    Argument,
    Array,
    Leading,
    Sizes,
    as_array,
    cases,
    need_domain,
    need_shapes,
    sample,
)
from calcml.identity._formula import Formula, typeset
from calcml.identity._rebase import rebased
from calcml.identity._source import read_source
from calcml.identity._symbols import ndim, symbol

__all__ = ["SCALES", "Function", "Identity"]

Function = Callable[..., Any]

PRIMES = (3, 5, 7, 11, 13, 17, 19)
"""Sizes by which the symbols of a shape can be told apart."""

SCALES = (1e-3, 1.0, 30.0)
"""Factors on the arguments at which a row is checked."""


class Identity:
    """A row of the reference table: a function one can call, with its gradient.

    Made by a `Group`; not by hand. `name`, `title`, `summary`, `group`, `arguments`, `kinks`, `source` and
    `chapter` say what the row is; `citations` are the works of the source, each with the place in it;
    `function` is the bare function, without checks.

    Examples
    --------
    >>> from calcml.functions import quadratic_form
    >>> quadratic_form([1.0, 2.0], [[1.0, 1.0], [0.0, 3.0]]).tolist()
    15.0
    >>> dx, dA = quadratic_form.gradient([1.0, 2.0], [[1.0, 1.0], [0.0, 3.0]])
    >>> dx.tolist()
    [4.0, 13.0]
    >>> max(quadratic_form.check(np.random.default_rng(0)).values()) < 1e-13
    True
    """

    def __init__(
        self,
        function: Function,
        title: str,
        group: str,
        arguments: Mapping[str, str],
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
    ) -> None:
        self.function, self.title, self.group = function, title, group
        self.name = function.__name__.strip("_").replace("_", "-")
        self.arguments = tuple(Argument.read(name, text) for name, text in arguments.items())
        self.source, self.kinks, self.chapter, self.keywords = source, kinks, chapter, keywords
        self.citations = read_source(source, self.name)
        self.analytic, self.stable, self.formula = analytic, stable, formula
        self.least, self.scales = dict(least or {}), scales
        self.signature = inspect.signature(function)
        self.backward: Function | None = None
        self._needs: tuple[str, ...] = ()
        self.summary = " ".join((function.__doc__ or "").split())
        self.__module__ = function.__module__
        self.__name__ = self.__qualname__ = function.__name__
        names = list(self.signature.parameters)
        if names[: len(self.arguments)] != list(arguments):
            raise ValueError(
                f"`{self.name}` needs a shape for each argument, in order: came shapes of "
                f"{list(arguments)} for {names}. Arguments without a shape are options; put them last."
            )
        self.__doc__ = self._documentation()

    def _documentation(self) -> str:
        """Docstring of the row, as ``help`` shows it."""
        lines = [self.summary, "", "Parameters", "----------"]
        for argument in self.arguments:
            kind = "" if argument.domain == "real" else f", {argument.domain}"
            fixed = ", without gradient" if argument.fixed else ""
            lines.append(f"{argument.name} : array_like, shape {argument.text}{kind}{fixed}")
        if self.kinks:
            lines += ["", "Notes", "-----", self.kinks]
        lines += ["", "References", "----------", self.source, "", "Examples", "--------"]
        lines += [
            f">>> from calcml.functions import {self.__name__}",
            f">>> max({self.__name__}.check(np.random.default_rng(0)).values()) < 1e-7",
            "True",
        ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"{self.__name__}{self.signature}"

    def rule(self, backward: Function) -> Function:
        """Register the gradient: the decorator of the function under the row.

        Its parameters are any of the row's, `f` for the value, and `g` for the upstream gradient.
        It returns one array for each argument that is not fixed, in their order. Without `g` it
        returns derivatives of the value entry by entry, which are then multiplied by upstream.

        Parameters
        ----------
        backward : callable

        Returns
        -------
        callable
            `backward` itself.
        """
        self._needs = tuple(inspect.signature(backward).parameters)
        unknown = set(self._needs) - {*self.signature.parameters, "f", "g"}
        if unknown or self.backward is not None:
            reason = f"it also takes {sorted(unknown)}" if unknown else "it already has one"
            raise ValueError(
                f"`{self.name}` needs one rule on its own arguments, `f` and `g`: {reason}. "
                "Write one function that returns all gradients."
            )
        self.backward = backward
        return backward

    # Calls

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Value of the function; shapes and domains of the arguments are checked."""
        return self.function(**self._bound(args, options))

    def gradient(self, *args: Any, upstream: Any = None, **options: Any) -> Any:
        """Gradient of ``sum(upstream * value)``, a vector-Jacobian product.

        Parameters
        ----------
        *args, **options
            As for the function itself.
        upstream : array_like, in the shape of the value, optional
            The gradient of a loss with respect to the value; ones if omitted.

        Returns
        -------
        ndarray or tuple of ndarray
            In the shape of its argument, one for each that is not fixed.
        """
        values = self._bound(args, options)
        y: Any = (
            self.function(**values) if upstream is not None or {"g", "f"} & {*self._needs} else None
        )
        if upstream is None:
            g = None if y is None else np.ones_like(y)
        else:
            g = np.asarray(upstream)
            if g.shape != np.shape(y):
                raise ValueError(
                    f"`{self.__name__}.gradient` needs `upstream` in the shape of the value, "
                    f"{np.shape(y)}: came shape {g.shape}. Give one entry for each entry of the value."
                )
        found = self.pull_back(values, y, g)
        return found if len(found) > 1 else found[0]

    def pull_back(self, values: Mapping[str, Any], y: Any, g: Any) -> tuple[Array, ...]:
        """Gradients by the rule, from values that were checked before."""
        if self.backward is None:
            raise ValueError(
                f"`{self.name}` needs a rule for its gradient: none was registered. "
                f"Write one under @{self.__name__}.rule."
            )
        known = {**values, "f": y, "g": g}
        found = self.backward(*(known[name] for name in self._needs))
        found = found if isinstance(found, tuple) else (found,)
        if "g" not in self._needs and g is not None:
            found = tuple(g * part for part in found)
        like = [values[argument.name] for argument in self.arguments if not argument.fixed]
        return tuple(
            np.asarray(part).astype(np.asarray(x).dtype, copy=False)
            for part, x in zip(found, like, strict=True)
        )

    def _bound(self, args: tuple[Any, ...], options: Mapping[str, Any]) -> dict[str, Any]:
        try:
            bound = self.signature.bind(*args, **options)
        except TypeError as error:
            raise TypeError(
                f"`{self.__name__}` needs arguments as in {self!r}: {error}. Pass them in this order."
            ) from None
        bound.apply_defaults()
        values = dict(bound.arguments)
        declared = {a.name: as_array(values[a.name], a, self.__name__) for a in self.arguments}
        sizes, _ = need_shapes(self.arguments, declared, self.__name__)
        for argument in self.arguments:
            need_domain(argument, declared[argument.name], sizes, self.__name__)
        return {**values, **declared}

    def under(self, namespace: Any) -> Function:
        """Bind the bare function to another library in the place of NumPy, such as ``jax.numpy``."""
        return rebased(self.function, namespace)

    # Formulas

    def formulas(self) -> tuple[list[Formula], list[Formula]]:
        """Typeset the function from its source: its value, and the lines that come before it.

        Returns
        -------
        (list of Formula, list of Formula)
            Each with the TeX of a left and of a right side.
        """
        values, sizes = self.example()
        f = self.function(**values)
        return typeset(self.function, values, sizes, [symbol("f", ndim(f))], self.formula)

    def gradient_formulas(self) -> tuple[list[Formula], list[Formula]]:
        """Typeset the rule from its source: the gradients, and the lines that come before them.

        Returns
        -------
        (list of Formula, list of Formula)
            As `formulas`; each left side is a nabla with its argument.
        """
        values, sizes = self.example()
        assert self.backward is not None
        f = self.function(**values)
        known = {**values, "f": f, "g": np.ones_like(f)}
        moved = [a.name for a in self.arguments if not a.fixed]
        value = symbol("f", ndim(f))
        lefts = [rf"\nabla_{{{symbol(n, ndim(values[n]))}}} {value}" for n in moved]
        known = {name: known[name] for name in [*values, *self._needs]}
        return typeset(self.backward, known, sizes, lefts)

    @property
    def scaled_by_upstream(self) -> bool:
        """Whether the rule gives derivatives that `gradient` multiplies by upstream."""
        return "g" not in self._needs

    def example(self) -> tuple[dict[str, Any], Sizes]:
        """Sample arguments with a distinct size for each symbol, and without leading axes.

        Returns
        -------
        (dict, dict)
            Arguments and options by name; sizes by symbol.
        """
        symbols = dict.fromkeys(s for argument in self.arguments for s in argument.symbols)
        sizes = dict(zip(symbols, PRIMES, strict=False))
        rng = np.random.default_rng(0)
        drawn = [sample(a, rng, sizes, (), 1.0) for a in self.arguments]
        bound = self.signature.bind(*drawn)
        bound.apply_defaults()
        return dict(bound.arguments), sizes

    # Samples and checks

    @property
    def cases(self) -> dict[str, tuple[Sizes, Leading]]:
        """The sizes at which the row is checked, by name: generic, one, batch of one, tall, wide."""
        return cases(self.arguments, self.least)

    def sample(
        self, rng: np.random.Generator, case: str = "generic", scale: float = 1.0
    ) -> tuple[Array, ...]:
        """Random arguments of the declared shapes and domains.

        Parameters
        ----------
        rng : numpy.random.Generator
        case : str
            One of `cases`.
        scale : float
            A factor on the arguments that allow one.

        Returns
        -------
        tuple of ndarray
            One for each argument.
        """
        need_choice(case, self.cases, f"{self.__name__}.sample", "case")
        sizes, leading = self.cases[case]
        return tuple(sample(a, rng, sizes, leading, scale) for a in self.arguments)

    def trials(
        self, rng: np.random.Generator
    ) -> Iterator[tuple[str, tuple[Array, ...], Array, tuple[Array, ...]]]:
        """Yield label, random arguments, upstream and gradients, at every size and scale."""
        runs = [(case, 1.0) for case in self.cases]
        runs += [("generic", scale) for scale in self.scales if abs(scale - 1.0) > 0]
        for case, scale in runs:
            arguments = self.sample(rng, case, scale)
            y = self.function(*arguments)
            g = rng.standard_normal(np.shape(y))
            names = [a.name for a in self.arguments]
            values = self.signature.bind(*arguments)
            values.apply_defaults()
            assert list(values.arguments)[: len(names)] == names
            yield f"{case}, scale {scale:g}", arguments, g, self.pull_back(values.arguments, y, g)

    def check(self, rng: np.random.Generator) -> dict[str, float]:
        """Worst relative error against each oracle, over sizes and scales.

        Parameters
        ----------
        rng : numpy.random.Generator

        Returns
        -------
        dict of str to float
            By oracle: the complex step (or, for rows that are not analytic, extrapolated
            differences) and automatic differentiation.
        """
        worst: dict[str, float] = {}
        for _, arguments, g, ours in self.trials(rng):
            for oracle, derive in _oracles.ORACLES.items():
                theirs = derive(self, arguments, g)
                if theirs is not None:
                    error = self.error(arguments, g, ours, theirs)
                    worst[oracle] = max(worst.get(oracle, 0.0), error)
        return worst

    def error(
        self,
        arguments: tuple[Array, ...],
        g: Array,
        ours: tuple[Array, ...],
        theirs: tuple[Array, ...],
    ) -> float:
        """Worst relative error of one set of gradients against another, over the arguments."""
        value = float(np.sum(np.abs(g * self.function(*arguments))))
        moved = [x for a, x in zip(self.arguments, arguments, strict=True) if not a.fixed]
        worst = 0.0
        for x, a, b in zip(moved, ours, theirs, strict=True):
            if np.shape(a) != np.shape(x):
                return np.inf  # the layout law: a gradient has the shape of its argument
            size = float(np.max(np.abs(x), initial=0.0))
            floor = 1e-3 * value / size if size > 0 and np.isfinite(value) else 0.0
            worst = max(worst, _oracles.relative_error(a, b, floor))
        return worst
