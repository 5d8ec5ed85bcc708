"""Arguments of a row: their shapes, their domains, checks of both, and random samples.

An argument is declared in one string, such as ``"(n, d)"``, ``"(n,) positive"`` or
``"(n,) labels k fixed"``: a shape, a domain (real numbers if none is named), and "fixed" if the row
has no gradient for it. An entry of a shape is a symbol, a number, or arithmetic on symbols; one
``...`` at the start stands for any leading axes, the same for all arguments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import numpy as np

__all__ = ["Argument", "Array", "cases", "need_shapes", "sample"]

Array = Any
"""An array of numbers, or what takes part in NumPy's protocols in its place: a traced array."""

Sizes = dict[str, int]
Leading = tuple[int, ...]


def _softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _with_one_entry(mask: Array) -> Array:
    mask[..., 0] = True  # a row without any entry has no softmax
    return mask


def _spread(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Square matrices whose singular values lie between 0.5 and 1.5, none of them twice."""
    n = shape[-1]
    left, _ = np.linalg.qr(rng.standard_normal(shape))
    right, _ = np.linalg.qr(rng.standard_normal(shape))
    values = 0.5 + (np.arange(n) + rng.uniform(0.2, 0.8, n)) / n
    return left * values @ right


def _positive_definite(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    root = _spread(rng, shape)
    return root @ np.swapaxes(root, -1, -2)


DRAWS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], Array]] = {
    "real": lambda rng, shape: rng.standard_normal(shape),
    "positive": lambda rng, shape: np.exp(0.5 * rng.standard_normal(shape)),
    "unit": lambda rng, shape: rng.uniform(0.05, 0.95, shape),
    "fraction": lambda rng, shape: rng.uniform(0.0, 1.0, shape),
    "simplex": lambda rng, shape: _softmax(rng.standard_normal(shape)),
    "symmetric": lambda rng, shape: (lambda b: b + np.swapaxes(b, -1, -2))(
        rng.standard_normal(shape)
    ),
    "spd": _positive_definite,
    "invertible": _spread,
    "counts": lambda rng, shape: rng.poisson(2.0, shape).astype(float),
    "signs": lambda rng, shape: rng.choice([-1.0, 1.0], shape),
    "mask": lambda rng, shape: _with_one_entry(rng.random(shape) < 0.7),
}
"""How random arguments of each domain are drawn, besides labels."""

SCALED = {"real", "positive", "symmetric", "spd", "invertible"}
"""Domains that stay what they are when they are multiplied by a positive number."""

TESTS: dict[str, tuple[str, Callable[[Array], Array], str]] = {
    "positive": ("positive entries", lambda a: a > 0, "Shift or clip the values first."),
    "unit": ("entries between 0 and 1", lambda a: (a > 0) & (a < 1), "Pass probabilities."),
    "fraction": (
        "entries from 0 to 1",
        lambda a: (a >= 0) & (a <= 1),
        "Encode the two classes as 0 and 1.",
    ),
    "simplex": (
        "probabilities that sum to 1 along the last axis",
        lambda a: (a >= 0) & (np.abs(a.sum(axis=-1, keepdims=True) - 1) < 1e-5),
        "Normalize them, for instance with softmax.",
    ),
    "counts": ("entries of at least 0", lambda a: a >= 0, "Pass counts."),
    "signs": ("entries -1 or 1", lambda a: np.abs(np.abs(a) - 1) < 1e-12, "Encode classes as ±1."),
}
TESTS["symmetric"] = TESTS["spd"] = (
    "a symmetric matrix",
    lambda a: np.abs(a - np.swapaxes(a, -1, -2)) <= 1e-6 * np.abs(a).max(initial=0.0),
    "Pass (A + A.T) / 2.",
)


@dataclass(frozen=True)
class Argument:
    """One declared argument of a row."""

    name: str
    shape: tuple[str, ...]
    domain: str
    classes: str  # how many labels there are, as an entry of a shape; empty for other domains
    fixed: bool

    @classmethod
    def read(cls, name: str, text: str) -> Argument:
        found = re.fullmatch(r"\(([^()]*)\)((?: [\w*/+-]+)*)", text)
        words = found[2].split() if found else []
        fixed = "fixed" in words
        rest = [word for word in words if word != "fixed"] or ["real"]
        known = (rest[0] in DRAWS and len(rest) == 1) or (rest[0] == "labels" and len(rest) == 2)
        if not found or not known:
            raise ValueError(
                f'an argument needs a shape and a domain, as in "(n, d) positive fixed": came '
                f'{name}="{text}". Choose a domain of {", ".join(DRAWS)}, labels k.'
            )
        shape = tuple(entry.strip() for entry in found[1].split(",") if entry.strip())
        labels = rest[0] == "labels"
        return cls(name, shape, rest[0], rest[1] if labels else "", fixed or labels)

    @property
    def text(self) -> str:
        """The shape as NumPy writes it."""
        return f"({', '.join(self.shape)}{',' if len(self.shape) == 1 else ''})"

    @property
    def symbols(self) -> list[str]:
        return re.findall(r"[A-Za-z]\w*", " ".join([*self.shape, self.classes]))

    def dimensions(self, sizes: Sizes, leading: Leading) -> tuple[int, ...]:
        """Shape in numbers."""
        entries: list[int] = []
        for entry in self.shape:
            entries += leading if entry == "..." else [value(entry, sizes)]
        return tuple(entries)


def value(entry: str, sizes: Mapping[str, int]) -> int:
    """Value of an entry of a shape, such as ``l + k - 1``."""
    return int(eval(entry, {"__builtins__": {}}, dict(sizes)))


# Samples

CASES: dict[str, tuple[tuple[int, ...], Leading]] = {
    "generic": ((3, 4, 2, 5, 6), (3,)),
    "one": ((1,), (1,)),
    "batch of one": ((1, 4, 3, 2, 5), ()),
    "tall": ((7, 2, 3), (2, 3)),
    "wide": ((2, 7, 3), (5,)),
}
"""Sizes for the symbols of a row, in order of appearance, and for the leading axes."""


def cases(
    arguments: Iterable[Argument], least: Mapping[str, int]
) -> dict[str, tuple[Sizes, Leading]]:
    """Sizes at which a row is checked, without repetitions."""
    symbols = list(dict.fromkeys(s for argument in arguments for s in argument.symbols))
    found: dict[str, tuple[Sizes, Leading]] = {}
    for case, (numbers, leading) in CASES.items():
        drawn = zip(symbols, islice(cycle(numbers), len(symbols)), strict=True)
        entry = {s: max(n, least.get(s, 1)) for s, n in drawn}, leading
        if entry not in found.values():
            found[case] = entry
    return found


def sample(
    argument: Argument, rng: np.random.Generator, sizes: Sizes, leading: Leading, scale: float
) -> Array:
    """Draw a random value in the domain and shape of an argument."""
    shape = argument.dimensions(sizes, leading)
    if argument.classes:
        return rng.integers(value(argument.classes, sizes), size=shape)
    drawn = np.asarray(DRAWS[argument.domain](rng, shape))
    return drawn * scale if argument.domain in SCALED and not argument.fixed else drawn


# Checks of what a caller passes


def as_array(x: Any, argument: Argument, owner: str) -> Array:
    """Turn an argument into an array of the right kind; what takes part in NumPy's protocols stays."""
    if hasattr(x, "__array_function__") and not isinstance(x, np.ndarray):
        return x
    a = np.asarray(x)
    if argument.classes:
        if a.dtype.kind not in "iu":
            raise TypeError(
                f"`{owner}` needs integer labels as `{argument.name}`: came dtype {a.dtype}. "
                "Convert them with np.asarray(..., dtype=int)."
            )
        return a
    if a.dtype.kind in "iub" and argument.domain != "mask":
        a = a.astype(float)
    if a.dtype.kind not in ("b" if argument.domain == "mask" else "fc"):
        kind = "True or False" if argument.domain == "mask" else "real numbers"
        raise TypeError(
            f"`{owner}` needs {kind} as `{argument.name}`: came dtype {a.dtype}. "
            f"Convert it with np.asarray(..., dtype={'bool' if kind[0] == 'T' else 'float'})."
        )
    return a


def need_shapes(
    arguments: Iterable[Argument], values: Mapping[str, Array], owner: str
) -> tuple[Sizes, Leading]:
    """Sizes of all symbols; raises ValueError for the first argument that does not fit."""
    arguments = list(arguments)
    shapes = {a.name: tuple(np.shape(values[a.name])) for a in arguments}
    entries = [pair for a in arguments for pair in _entries(a, shapes[a.name])]
    sizes: Sizes = {}
    # Plain symbols first: arithmetic such as l + k - 1 then has one unknown left.
    for entry, size in sorted(entries, key=lambda pair: not pair[0].isidentifier()):
        _bind(entry, size, sizes)
    leading: Leading | None = None
    for argument in arguments:
        shape = shapes[argument.name]
        extra = len(shape) - len(argument.shape)
        fits = extra == 0
        if "..." in argument.shape:
            front = shape[: max(extra + 1, 0)]
            fits = extra >= -1 and leading in (None, front)
            leading = front if leading is None else leading
        if not fits or not all(_fits(*pair, sizes) for pair in _entries(argument, shape)):
            known = [f"{s} = {n}" for s, n in sizes.items() if s in argument.symbols]
            if "..." in argument.shape and leading:
                known.append(f"... = {', '.join(map(str, leading))}")
            among = f" with {', '.join(known)}" if known else ""
            others = ", ".join(f"`{a}` is {s}" for a, s in shapes.items() if a != argument.name)
            raise ValueError(
                f"`{owner}` needs `{argument.name}` of shape {argument.text}{among}: came shape "
                f"{shape}. Reshape it{f', or check the others: {others}' if others else ''}."
            )
    return sizes, leading or ()


def _entries(argument: Argument, shape: tuple[int, ...]) -> list[tuple[str, int]]:
    """Pair declared entries with the sizes that came, from the last axis on; leading axes are left out."""
    declared = [entry for entry in argument.shape if entry != "..."]
    return list(zip(reversed(declared), reversed(shape), strict=False))[::-1]


def _bind(entry: str, size: int, sizes: Sizes) -> None:
    """Learn the one unknown symbol of an entry from the size found there."""
    unknown = {s for s in re.findall(r"[A-Za-z]\w*", entry) if s not in sizes}
    if len(unknown) == 1:
        name = unknown.pop()
        for candidate in range(size + 1):
            if value(entry, {**sizes, name: candidate}) == size:
                sizes[name] = candidate
                return


def _fits(entry: str, size: int, sizes: Sizes) -> bool:
    try:
        return value(entry, sizes) == size
    except NameError:
        return False


def need_domain(argument: Argument, a: Array, sizes: Sizes, owner: str) -> None:
    """Raise ValueError for values outside of the domain; complex and traced arrays pass."""
    if not isinstance(a, np.ndarray) or a.dtype.kind == "c":
        return
    if argument.classes:
        k = value(argument.classes, sizes) if set(argument.symbols) <= sizes.keys() else np.inf
        if a.size and not (a.min() >= 0 and a.max() < k):
            raise ValueError(
                f"`{owner}` needs labels from 0 to {k - 1} as `{argument.name}`: came labels from "
                f"{a.min()} to {a.max()}. Number the classes from 0."
            )
    elif argument.domain in TESTS:
        needs, test, advice = TESTS[argument.domain]
        if not np.all(test(a)):
            raise ValueError(
                f"`{owner}` needs {needs} as `{argument.name}`: came {_first(a, test(a))}. {advice}"
            )


def _first(a: Array, good: Array) -> str:
    index = tuple(int(i) for i in np.argwhere(~np.atleast_1d(good))[0])[: a.ndim]
    where = f" at {list(index)}" if index else ""
    return f"{a[index]:g}{where}"
