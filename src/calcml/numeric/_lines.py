"""A function along straight lines through a point, which is all that a difference ever sees."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcml._checks import Real, as_values, component, need_callable, need_finite, need_scalar
from calcml.numeric._noise import POINTS, SPACINGS, noise_from

# One batch holds about this many numbers: enough to hide the cost of a call, few enough for a
# level-2 cache.
BATCH = 1 << 14


def length_along(direction: Real, unit: Real) -> float:
    """Return the t at which ``t * direction`` has norm 1, each component measured in its unit."""
    with np.errstate(all="ignore"):
        move = np.abs(direction / unit).ravel()
        largest = float(move.max(initial=0.0))
        if not largest > 0:
            return 1.0
        # Relative to the largest, so that no square overflows.
        return 1.0 / (largest * float(np.linalg.norm(move / largest)))


def few_digits(direction: Real) -> Real:
    """Cut the entries to ten binary digits.

    Times a power of two and added to `x` they need no rounding, unless the step is tiny: so
    the point that is reached lies on the line.
    """
    cut = np.int64(-1) << np.int64(42)
    return (np.ascontiguousarray(direction, dtype=np.float64).view(np.int64) & cut).view(np.float64)


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
    name : str
        The name of `F`, for messages.
    """

    direction = "the direction given"
    """What messages call a line that is not along a coordinate."""
    advice = "Move `x` inside the domain, or pass a smaller h."
    """What messages say to do where there are no values next to the point."""
    grain = 0.0
    """Least noise of the function, if its caller knows some."""

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
        # Shared by all lines through the point: noise belongs to the function.
        self._noise: list[Real] = []
        self._spans: list[tuple[int | None, float]] = []

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
        """Return the parameters really reached, after ``x + t`` was rounded.

        Along several components at once each is rounded in its own way, and it depends on the
        function which of them counts: then it is the parameter itself.
        """
        t = t.astype(self.x.dtype)
        if self.directions is None:
            at = self.x.ravel()[k]
            return ((at + t) - at).astype(self.work)
        reached = t.astype(self.work)
        for place, line in enumerate(k):
            alone = self._moved()[line][0]
            if alone is not None:
                at, along = self.x.ravel()[alone], self.directions[line].ravel()[alone]
                reached[place] = (self.work.type(at + t[place] * along) - at) / along
        return reached

    def grid(self, k: NDArray[np.intp]) -> Real:
        """Distance by which rounding may move the points that lines k reach, shape (p,)."""
        eps = float(np.finfo(self.x.dtype).eps)
        if self.directions is None:
            return eps * np.abs(self.x.ravel()[k]).astype(self.work)
        return np.array([eps * self._moved()[line][1] for line in k], self.work)

    def _moved(self) -> list[tuple[int | None, float]]:
        """For each direction the only component that it moves, if one, and the norm of `x` by its."""
        if not self._spans and self.directions is not None:
            size = float(np.linalg.norm(self.x.ravel()))
            for direction in self.directions.reshape(self.lines, -1):
                length = float(np.linalg.norm(direction))
                alone = (
                    int(np.argmax(np.abs(direction))) if np.count_nonzero(direction) == 1 else None
                )
                self._spans.append((alone, size / length if length > 0 else 0.0))
        return self._spans

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
            values[part.start : part.stop] = np.where(np.isfinite(value), value.imag, np.nan)
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
        try:
            made = self.F(points)
        except (ArithmeticError, ValueError):
            if len(k) > 1:
                # One point outside the domain must not cost the others their values.
                return np.concatenate(
                    [self._batch(k[i : i + 1], t[i : i + 1]) for i in range(len(k))]
                )
            return self._outside()[None]
        values = as_values(made, self.owner, f"{self.name}(x)")
        self._need_shape(values, (len(k), *self.out))
        return values

    def _outside(self) -> Real:
        """Values where the function raised, as math.log does at -1: NaN, as np.log returns."""
        error = sys.exception()
        self.failure = error if isinstance(error, Exception) else None
        return np.full(self.out, np.nan)

    def _one(self, k: int, t: Any) -> Any:
        try:
            value = self.F(self._argument(self._point(k, t, self.x.dtype)))
        except (ArithmeticError, ValueError):
            return self._outside()
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
        """Return what line `k` moves, for messages: ``x[2, 3]``, or `x` along a direction."""
        if self.directions is not None:
            return f"`x` along {self.direction}"
        return f"`{component('x', tuple(int(i) for i in np.unravel_index(k, self.x.shape)))}`"

    def noise(self, k: NDArray[np.intp]) -> Real:
        """Noise of the function on lines k, at least rounding error: shape (p,) + out, measured once.

        Costs five calls, a few more for a function that varies fast.
        """
        if not self._noise:
            self._noise.append(np.maximum(self._rounding(), self._measured(0)))
        return self._spread(self._noise[0], k)

    def louder(self) -> bool:
        """Measure the noise along another line too; whether it is more than was known.

        Six coarsely rounded values may lie on a smooth curve by chance.
        """
        known = self.known_noise()
        self._noise[:] = [np.maximum(known, self._measured(1))]
        return bool(np.any(self._noise[0] > 4 * known))

    def known_noise(self) -> Real:
        """Noise as far as it was measured, rounding error otherwise: shape out."""
        return self._noise[0] if self._noise else self._rounding()

    def _rounding(self) -> Real:
        rounding: Real = np.maximum(self.eps * np.abs(self.value.astype(self.work)), self.grain)
        return rounding

    def _measured(self, seed: int) -> Real:
        rng = np.random.default_rng(seed)
        size = np.abs(self.x)
        unit = np.where(size > 0, np.minimum(size, 1.0), 1.0)
        signs = rng.choice([-1.0, 1.0], size=self.lines) * rng.uniform(0.5, 1.0, self.lines)
        least = np.full(self.value.shape, np.inf, dtype=self.work)
        for spacing in SPACINGS:
            level, clear = self._noise_at(spacing, signs, unit)
            if spacing == SPACINGS[0] and not np.any(level > 0):
                # Equal values: a constant, or rounded so coarsely that it looks like one.
                level, clear = self._noise_at(1000 * spacing, signs, unit)
                return level if clear else np.zeros_like(least)
            # Values that are all equal on a shorter line are rounded, not quiet.
            least = np.fmin(least, np.where((level > 0) | np.isinf(least), level, least))
            if clear:
                break
        return np.where(np.isfinite(least), least, 0.0)

    def _noise_at(self, spacing: float, signs: Real, unit: Real) -> tuple[Real, bool]:
        level, clear, size = self._level(spacing, signs, unit)
        if clear and np.any(level > 100 * self.eps * size):
            # The differences of a kink look like noise, but they grow with the spacing.
            longer, _, _ = self._level(16 * spacing, signs, unit)
            clear = not np.any(longer > 10 * level)
        # A bound that is as low as rounding need not be looked for on a shorter line.
        return level, clear or bool(np.all(level <= 16 * self.eps * size))

    def _level(self, spacing: float, signs: Real, unit: Real) -> tuple[Real, bool, Real]:
        # Bent very little: coarsely rounded values then do not happen to lie on a line, and a smooth
        # function still looks smooth.
        place = np.arange(-2, POINTS - 2)
        t = spacing * (place + 7.7e-4 * place**2)
        values = self._together(signs, t[t != 0], unit)
        values = np.insert(values, 2, self.value, axis=0)
        size = np.abs(values).max(axis=0)
        if not np.all(np.isfinite(values)):
            return np.full(self.value.shape, np.nan), False, size
        return *noise_from(values, size), size

    def _together(self, weights: Real, t: Real, unit: Real) -> Real:
        """Values with all lines moved at once, each in its unit: shape (p,) + out."""
        if self.directions is None:
            mixture = weights.reshape(self.x.shape) * unit
        else:
            mixture = np.tensordot(weights, self.directions, axes=1)
            # Every component by about its unit, as along the coordinates.
            mixture = mixture * length_along(mixture, unit) * np.sqrt(np.count_nonzero(mixture))
        return self.along(mixture)(np.zeros(len(t), dtype=np.intp), t)

    def combined(self, weights: Real) -> Lines:
        """One line along the sum of the directions with these weights, sharing the value at x."""
        if self.directions is None:
            return self.along(weights.reshape(self.x.shape))
        return self.along(np.tensordot(weights, self.directions, axes=1))

    def in_directions(self, directions: Real) -> Lines:
        """Lines along these directions, shape (m,) + s, sharing the value at x and the noise."""
        lines = copy.copy(self)
        lines.directions, lines.lines = directions.astype(self.x.dtype), len(directions)
        lines._spans = []
        return lines

    def share_noise(self, other: Lines) -> None:
        """Take over the noise that was measured at another point: at least the rounding here."""
        self._noise = [np.maximum(noise, self._rounding()) for noise in other._noise]

    def along(self, direction: Real) -> Lines:
        """One line along this direction, shape s."""
        return Lines.in_directions(self, direction[None])

    def _spread(self, noise: Real, k: NDArray[np.intp]) -> Real:
        return np.broadcast_to(noise, (len(k), *self.out))

    def expand(self, a: NDArray[Any]) -> NDArray[Any]:
        """Append axes to an array of shape (m,), so that it broadcasts against values."""
        return a.reshape(-1, *(1,) * len(self.out))
