"""One flat vector for arrays in dicts, lists and tuples, and the names of its entries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcml._checks import Real, as_point, component

__all__ = ["Block", "Parameters", "ShapeProblem"]


@dataclass(frozen=True)
class Block:
    """One array among the parameters: its name, shape and place in the flat vector."""

    name: str
    shape: tuple[int, ...]
    start: int
    stop: int
    number: bool = False

    def of(self, vector: NDArray[Any]) -> NDArray[Any]:
        """Return the part of a flat vector that belongs to this array, in its shape."""
        return vector[self.start : self.stop].reshape(self.shape)


@dataclass(frozen=True)
class Group:
    """A dict, list or tuple of parameters; `keys` are those of a dict."""

    names: list[str]
    parts: list[Any]
    keys: list[Any] | None
    build: Callable[[list[Any]], Any]


class ShapeProblem(Exception):
    """A gradient whose part for one block has a shape of its own."""

    def __init__(self, block: Block, came: NDArray[Any]) -> None:
        super().__init__(block.name)
        self.block, self.came = block, came


class Parameters:
    """The point of a check as a flat vector, whatever form the caller keeps it in.

    Parameters
    ----------
    x : number, array_like, or a dict, list or tuple of those, nested as one likes
    owner : str
        The public function in whose name errors are raised.
    name : str
        The name of a single array.
    """

    def __init__(self, x: Any, owner: str, name: str = "x") -> None:
        self.owner, self.name = owner, name
        self.blocks: list[Block] = []
        arrays: list[Real] = []
        self.form = self._form(x, "", arrays)
        empty = np.zeros(0, dtype=np.float64)
        self.vector: Real = np.concatenate([a.ravel() for a in arrays]) if arrays else empty

    def _form(self, x: Any, path: str, arrays: list[Real]) -> Group | Block:
        keys: list[Any] | None = None
        build: Callable[[list[Any]], Any] = type(x)
        if isinstance(x, Mapping):
            keys, parts = list(x), list(x.values())
            build = partial(_as_dict, keys)
            names = [self._child(path, key) for key in keys]
        elif _is_group(x):
            parts = list(x)
            fields = getattr(x, "_fields", None)
            if fields:
                build = x._make  # type(x) would take the fields one by one
            names = [self._child(path, key) for key in fields or range(len(parts))]
        else:
            return self._block(x, path or self.name, arrays)
        forms = [self._form(part, name, arrays) for part, name in zip(parts, names, strict=True)]
        return Group(names, forms, keys, build)

    def _block(self, x: Any, name: str, arrays: list[Real]) -> Block:
        a = as_point(x, self.owner, name)
        start = self.blocks[-1].stop if self.blocks else 0
        number = isinstance(x, (int, float, np.generic))
        block = Block(name, a.shape, start, start + a.size, number)
        self.blocks.append(block)
        arrays.append(a)
        return block

    def _child(self, path: str, key: Any) -> str:
        if isinstance(key, str):
            return f"{path}.{key}" if path else key
        return f"{path or self.name}[{key!r}]"

    def unpack(self, vector: NDArray[Any]) -> Any:
        """Return the caller's form of a flat vector, in views of it."""
        return _built(self.form, vector)

    def on_vectors(self, f: Callable[..., Any]) -> Callable[[NDArray[Any]], Any]:
        """Wrap a function of the caller's form as a function of flat vectors, which it may change."""
        return lambda vector: f(self.unpack(vector))

    def pack(self, gradient: Any, call: str = "gradient(x)") -> Real:
        """Flatten what a gradient returned; raise ShapeProblem for a wrong shape."""
        return self.flat(self.parts_of(gradient, call), call)

    def flat(self, parts: Sequence[Any], call: str = "gradient(x)") -> Real:
        """Flatten one array for each block."""
        arrays = []
        for block, part in zip(self.blocks, parts, strict=True):
            a = self._real(part, block, call)
            if a.shape != block.shape:
                raise ShapeProblem(block, a)
            arrays.append(a.ravel())
        if not arrays:
            return np.zeros(0, dtype=np.float64)
        return np.concatenate(arrays).astype(np.result_type(*arrays, np.float64), copy=False)

    def _real(self, part: Any, block: Block, call: str) -> NDArray[Any]:
        try:
            a = np.asarray(part)
        except ValueError:
            a = np.asarray(None)
        if a.dtype.kind not in "fiub":
            kind = f"dtype {a.dtype}" if isinstance(part, np.ndarray) else type(part).__name__
            raise TypeError(
                f"`{self.owner}` needs a gradient of real numbers: `{call}` for "
                f"`{block.name}` returned {kind}. Return an array of real numbers."
            )
        return a

    def parts_of(self, gradient: Any, call: str = "gradient(x)") -> list[Any]:
        """Return the parts of a gradient, in the form of `x`, one for each block."""
        return list(self._matched(self.form, gradient, call))

    def _matched(self, form: Group | Block, gradient: Any, call: str) -> Iterator[Any]:
        if isinstance(form, Block):
            yield gradient
            return
        keys = form.keys
        if (
            keys is not None
            and isinstance(gradient, Mapping)
            and all(key in gradient for key in keys)
        ):
            given = [gradient[key] for key in keys]
        elif isinstance(gradient, (list, tuple)) and len(gradient) == len(form.parts):
            given = list(gradient)
        else:
            raise ValueError(
                f"`{self.owner}` needs one gradient for each parameter ({', '.join(form.names)}): "
                f"`{call}` returned {_described(gradient)}. Return the same form as `x`."
            )
        for part, one in zip(form.parts, given, strict=True):
            yield from self._matched(part, one, call)

    def block_of(self, k: int) -> Block:
        """Return the block that entry k of the flat vector belongs to."""
        return next(block for block in self.blocks if block.start <= k < block.stop)

    def index_of(self, k: int) -> tuple[int, ...]:
        """Return the index of entry k inside its block."""
        block = self.block_of(k)
        return tuple(int(i) for i in np.unravel_index(k - block.start, block.shape))

    def label(self, k: int) -> str:
        """Return the name of entry k as a reader would write it: ``w[2, 3]``."""
        return component(self.block_of(k).name, self.index_of(k))


def _is_group(x: Any) -> bool:
    """Whether a list or tuple holds parameters: anything but numbers and lists of numbers."""
    if not isinstance(x, (list, tuple)):
        return False
    return any(isinstance(part, (np.ndarray, Mapping)) or _is_group(part) for part in x)


def _built(form: Group | Block, vector: NDArray[Any]) -> Any:
    if isinstance(form, Block):
        part = form.of(vector)
        return part[()] if form.number else part
    return form.build([_built(part, vector) for part in form.parts])


def _as_dict(keys: list[Any], values: list[Any]) -> dict[Any, Any]:
    return dict(zip(keys, values, strict=True))


def _described(gradient: Any) -> str:
    came = type(gradient).__name__
    if isinstance(gradient, Mapping):
        return f"{came} with " + (", ".join(map(str, gradient)) or "no entries")
    return f"{came} of length {len(gradient)}" if isinstance(gradient, (list, tuple)) else came
