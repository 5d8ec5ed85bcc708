"""One flat vector for an array, a dict, a list or a tuple of arrays, and the names of its entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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

    def of(self, vector: NDArray[Any]) -> NDArray[Any]:
        """Return the part of a flat vector that belongs to this array, in its shape."""
        return vector[self.start : self.stop].reshape(self.shape)


class ShapeProblem(Exception):
    """A gradient whose part for one block has a shape of its own."""

    def __init__(self, block: Block, came: NDArray[Any]) -> None:
        super().__init__(block.name)
        self.block, self.came = block, came


class Parameters:
    """The point of a check as a flat vector, whatever form the caller keeps it in.

    Parameters
    ----------
    x : number, array_like, dict, list or tuple of array_like
    owner : str
        The public function in whose name errors are raised.
    name : str
        The name of a single array.
    """

    def __init__(self, x: Any, owner: str, name: str = "x") -> None:
        self.owner = owner
        self.keys: list[Any] | None = None
        self.build: Callable[[list[Any]], Any] | None = None
        if isinstance(x, Mapping):
            self.keys, self.build = list(x), self._as_dict
            parts, names = list(x.values()), [str(key) for key in x]
        elif isinstance(x, (list, tuple)) and any(isinstance(part, np.ndarray) for part in x):
            self.keys, self.build = list(range(len(x))), type(x)
            parts, names = list(x), [f"x[{i}]" for i in range(len(x))]
            if hasattr(x, "_fields"):
                self.build, names = lambda values: type(x)(*values), list(x._fields)
        else:
            parts, names = [x], [name]
        self.number = isinstance(x, (int, float, np.generic))
        arrays = [as_point(part, owner, name) for part, name in zip(parts, names, strict=True)]
        stops = np.cumsum([0, *(a.size for a in arrays)]).tolist()
        self.blocks = [
            Block(name, a.shape, start, stop)
            for name, a, start, stop in zip(names, arrays, stops[:-1], stops[1:], strict=True)
        ]
        empty = np.zeros(0, dtype=np.float64)
        self.vector: Real = np.concatenate([a.ravel() for a in arrays]) if arrays else empty

    def _as_dict(self, values: list[Any]) -> dict[Any, Any]:
        return dict(zip(self.keys or [], values, strict=True))

    def unpack(self, vector: NDArray[Any]) -> Any:
        """Return the caller's form of a flat vector, in fresh arrays."""
        parts: list[Any] = [block.of(vector).copy() for block in self.blocks]
        if self.build is not None:
            return self.build(parts)
        return parts[0][()] if self.number else parts[0]

    def on_vectors(self, f: Callable[..., Any]) -> Callable[[NDArray[Any]], Any]:
        """Wrap a function of the caller's form as a function of flat vectors."""
        return lambda vector: f(self.unpack(vector))

    def pack(self, gradient: Any, call: str = "gradient(x)") -> Real:
        """Flatten what a gradient returned; raise ShapeProblem for a wrong shape."""
        parts = self._parts(gradient, call)
        vector = np.zeros(self.vector.size, dtype=np.float64)
        wide = []
        for block, part in zip(self.blocks, parts, strict=True):
            a = np.asarray(part)
            if a.dtype.kind not in "fiub":
                raise TypeError(
                    f"`{self.owner}` needs a gradient of real numbers: `{call}` for "
                    f"`{block.name}` returned {_kind(part, a)}. Return an array of real numbers."
                )
            if a.shape != block.shape:
                raise ShapeProblem(block, a)
            wide.append(a.ravel())
            vector[block.start : block.stop] = a.ravel()
        return vector if not wide else np.concatenate(wide).astype(self._wide(wide))

    @staticmethod
    def _wide(parts: list[NDArray[Any]]) -> Any:
        return np.result_type(*parts, np.float64)

    def replaced(self, gradient: Any, block: Block, values: NDArray[Any]) -> Any:
        """Return the gradient in the caller's form with the part of one block exchanged."""
        parts = self._parts(gradient, "gradient(x)")
        parts[self.blocks.index(block)] = values
        return parts if self.keys is not None else parts[0]

    def _parts(self, gradient: Any, call: str) -> list[Any]:
        if self.keys is None:
            return [gradient]
        if isinstance(gradient, Mapping) and all(key in gradient for key in self.keys):
            return [gradient[key] for key in self.keys]
        if isinstance(gradient, (list, tuple)) and len(gradient) == len(self.keys):
            return list(gradient)
        names = ", ".join(block.name for block in self.blocks)
        came = type(gradient).__name__
        if isinstance(gradient, Mapping):
            came += " with " + (", ".join(map(str, gradient)) or "no entries")
        elif isinstance(gradient, (list, tuple)):
            came += f" of length {len(gradient)}"
        raise ValueError(
            f"`{self.owner}` needs one gradient for each parameter ({names}): `{call}` returned "
            f"{came}. Return the same form as `x`."
        )

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


def _kind(part: Any, a: NDArray[Any]) -> str:
    return f"dtype {a.dtype}" if isinstance(part, np.ndarray) else type(part).__name__
