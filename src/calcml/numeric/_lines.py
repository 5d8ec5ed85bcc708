"""A function along straight lines through a point, which is all that a difference ever sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcml._checks import Real, as_values, component, need_callable, need_finite, need_scalar

# One batch holds about this many numbers: enough to hide the cost of a call, few enough for a
# level-2 cache.
BATCH = 1 << 15


class Lines:
    """Values of ``F(x + t * d)`` for the coordinate directions, or for directions given.

    Calls `F` on fresh copies (so that it may change its argument), counts the calls, and turns
    leaving the domain (NaN, infinity, an arithmetic error) into NaN.

    Parameters
    ----------
    owner : str
        The public function in whose name errors are raised.
    F : callable
    x : ndarray, shape s
    directions : ndarray, shape (m,) + s, optional
        Without it there is one line along each coordinate.
    batched : bool
        `F` maps shape (p,) + s to shape (p,) + out.
    scalar : bool
        Insist on out = ().
    scalar_input : bool
        `F` is called on a number, not on an array of shape ().
    """

    def __init__(
        self,
        owner: str,
        F: Callable[..., Any],
        x: Real,
        directions: Real | None = None,
        *,
        batched: bool = False,
        scalar: bool = True,
        scalar_input: bool = False,
        name: str = "f",
    ) -> None:
        need_callable(F, owner, name)
        self.owner, self.F, self.x, self.directions = owner, F, x, directions
        self.batched, self.scalar_input, self.name = batched, scalar_input, name
        self.count = 1
        self.scalar = scalar
        self.value = self._at_point()
        self.out = self.value.shape
        self.lines = x.size if directions is None else len(directions)
        # The coarser of the two number formats limits what a difference can resolve.
        self.eps = float(max(np.finfo(x.dtype).eps, np.finfo(self.value.dtype).eps))
        self.work = np.result_type(x.dtype, self.value.dtype, np.float64)
        self.failure: Exception | None = None

    def _at_point(self) -> Real:
        call = f"{self.name}(x)"
        if self.batched:
            value = as_values(self.F(self.x[None].copy()), self.owner, f"{self.name}(x[None])")
            if value.shape[:1] != (1,):
                raise ValueError(
                    f"`{self.owner}` with batched=True needs a function that keeps a leading "
                    f"batch axis: `{self.name}` of shape {(1, *self.x.shape)} returned shape "
                    f"{value.shape}. Reduce over the other axes only, or use batched=False."
                )
            value = value[0]
        else:
            value = as_values(self.F(self._argument(self.x.copy(order="K"))), self.owner, call)
        if self.scalar:
            need_scalar(value, self.owner, call)
        need_finite(value, self.owner, call, "Move `x` into the domain of the function.")
        return value

    def _argument(self, point: NDArray[Any]) -> Any:
        return point[()] if self.scalar_input else point

    def start(self, k: NDArray[np.intp]) -> Real:
        """Values at the point itself, for lines k: shape (p,) + out."""
        return np.broadcast_to(self.value.astype(self.work), (len(k), *self.out))

    def reach(self, k: NDArray[np.intp], t: Real) -> Real:
        """Return the parameters really reached, after ``x + t`` was rounded."""
        if self.directions is not None:
            return t.astype(self.work)
        at = self.x.ravel()[k]
        return ((at + t.astype(at.dtype)) - at).astype(self.work)

    def __call__(self, k: NDArray[np.intp], t: Real) -> Real:
        """Values of shape (p,) + out at parameters t of lines k, both of shape (p,)."""
        t = t.astype(self.x.dtype)
        values = np.empty((len(k), *self.out), dtype=self.work)
        self.count += len(k)
        with np.errstate(all="ignore"):
            if self.batched:
                rows = max(1, BATCH // max(1, self.x.size))
                for start in range(0, len(k), rows):
                    part = slice(start, start + rows)
                    values[part] = self._batch(k[part], t[part])
            else:
                for row, (line, step) in enumerate(zip(k, t, strict=True)):
                    values[row] = self._one(int(line), step)
        return values

    def imaginary(self, h: Real, call: Callable[..., Any]) -> Real:
        """Imaginary parts of ``F(x + i h d)``, shape (m,) + out; `call` turns errors into advice."""
        kind = np.result_type(self.x.dtype, np.complex64)
        values = np.empty((self.lines, *self.out), dtype=self.work)
        self.count += self.lines
        rows = max(1, BATCH // max(1, self.x.size)) if self.batched else 1
        for start in range(0, self.lines, rows):
            part = range(start, min(start + rows, self.lines))
            points = np.stack([self._point(k, kind.type(1j * h[k]), kind) for k in part])
            point = points if self.batched else self._argument(points[0])
            value = np.asarray(call(self.owner, self.F, point))
            self._need_shape(value, (len(part), *self.out) if self.batched else self.out)
            values[part.start : part.stop] = value.imag
        return values

    def _point(self, k: int, t: Any, dtype: Any) -> NDArray[Any]:
        point = self.x.astype(dtype, order="K", copy=True)
        if self.directions is None:
            point[np.unravel_index(k, self.x.shape)] += t
        else:
            point += t * self.directions[k]
        return point

    def _batch(self, k: NDArray[np.intp], t: Real) -> Real:
        points = np.repeat(self.x[None], len(k), axis=0)
        if self.directions is None:
            points.reshape(len(k), -1)[np.arange(len(k)), k] += t
        else:
            points += t.reshape(-1, *(1,) * self.x.ndim) * self.directions[k]
        values = as_values(self.F(points), self.owner, f"{self.name}(x)")
        self._need_shape(values, (len(k), *self.out))
        return values

    def _one(self, k: int, t: Any) -> Any:
        try:
            value = self.F(self._argument(self._point(k, t, self.x.dtype)))
        except (ArithmeticError, ValueError) as error:
            # math.log(-1) raises where np.log(-1) returns NaN: both mean "outside the domain".
            self.failure = error
            return np.nan
        values = as_values(value, self.owner, f"{self.name}(x)")
        self._need_shape(values, self.out)
        return values

    def _need_shape(self, values: NDArray[Any], shape: tuple[int, ...]) -> None:
        if values.shape != shape:
            raise ValueError(
                f"`{self.owner}` needs a function whose result keeps its shape: `{self.name}` "
                f"returned shape {values.shape} near `x`, and {shape} was expected from its value "
                "at `x`. Make the shape independent of the values."
            )

    def label(self, k: int) -> str:
        """Return the name of the component that line `k` moves, for messages."""
        if self.directions is not None:
            return "the direction given"
        return f"`{component('x', tuple(int(i) for i in np.unravel_index(k, self.x.shape)))}`"

    def expand(self, a: NDArray[Any]) -> NDArray[Any]:
        """Append axes to an array of shape (m,), so that it broadcasts against values."""
        return a.reshape(-1, *(1,) * len(self.out))


class Elementwise(Lines):
    """The lines of a function that acts on every entry of an array separately.

    One call moves all entries at once, so a derivative costs as many calls as for one number.
    """

    def __init__(self, owner: str, F: Callable[..., Any], x: Real) -> None:
        super().__init__(owner, F, x, scalar=False)
        if self.value.shape != x.shape:
            raise ValueError(
                f"`{owner}` at an array needs a function that acts entry by entry: `f(x)` of shape "
                f"{x.shape} returned shape {self.value.shape}. Use `gradient` or `jacobian`."
            )
        self.out = ()

    def need_separate(self) -> None:
        """Raise ValueError if moving every other entry changes the values at the rest."""
        if self.lines < 2:
            return
        moved = np.arange(self.lines) % 2 == 0
        t = np.where(moved, 1e-3 * np.maximum(1.0, np.abs(self.x.ravel())), 0.0)
        change = self._all(t) - self.start(np.arange(self.lines))
        size = np.abs(self.value).max(initial=0.0)
        if np.any(np.abs(change[~moved]) > 100 * self.eps * size):
            raise ValueError(
                f"`{self.owner}` at an array needs a function that acts entry by entry: moving some "
                "entries of `x` changed `f(x)` at others. Use `gradient` or `jacobian`."
            )

    def start(self, k: NDArray[np.intp]) -> Real:
        return self.value.astype(self.work).ravel()[k]

    def __call__(self, k: NDArray[np.intp], t: Real) -> Real:
        values = np.empty(len(k), dtype=self.work)
        left = np.arange(len(k))
        while len(left):
            # One call takes at most one parameter for each entry.
            _, place = np.unique(k[left], return_index=True)
            now = left[place]
            step = np.zeros(self.lines, dtype=self.x.dtype)
            step[k[now]] = t[now]
            values[now] = self._all(step)[k[now]]
            left = np.delete(left, place)
        return values

    def imaginary(self, h: Real, call: Callable[..., Any]) -> Real:
        kind = np.result_type(self.x.dtype, np.complex64)
        self.count += 1
        value = np.asarray(
            call(self.owner, self.F, self.x + (1j * h.reshape(self.x.shape)).astype(kind))
        )
        self._need_shape(value, self.x.shape)
        return value.imag.astype(self.work).ravel()

    def _all(self, t: Real) -> Real:
        self.count += 1
        with np.errstate(all="ignore"):
            value = self.F(self.x + t.reshape(self.x.shape).astype(self.x.dtype))
        values = as_values(value, self.owner, "f(x)")
        self._need_shape(values, self.x.shape)
        return values.astype(self.work).ravel()
