"""The lines of a function that acts entry by entry, all of them moved by one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcml._checks import Real, as_values
from calcml.numeric._lines import Lines

__all__ = ["Elementwise"]


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
        return np.where(np.isfinite(value), value.imag, np.nan).astype(self.work).ravel()

    def _together(self, weights: Real, t: Real, unit: Real) -> Real:
        moves = weights * unit.ravel()
        return np.stack([self._all(step * moves).reshape(self.x.shape) for step in t])

    def _spread(self, noise: Real, k: NDArray[np.intp]) -> Real:
        return np.asarray(noise.ravel()[k])

    def _all(self, t: Real) -> Real:
        self.count += 1
        try:
            with np.errstate(all="ignore"):
                value = self.F(self.x + t.reshape(self.x.shape).astype(self.x.dtype))
        except (ArithmeticError, ValueError):
            return np.full(self.lines, self._outside())
        values = as_values(value, self.owner, "f(x)")
        self._need_shape(values, self.x.shape)
        return values.astype(self.work).ravel()
