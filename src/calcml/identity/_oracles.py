"""Oracles: ways to the gradient of a row that do not share its derivation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from calcml import numeric
from calcml.identity._arguments import Array
from calcml.identity._rebase import ANALYTIC, rebased

if TYPE_CHECKING:
    from calcml.identity._identity import Identity

__all__ = ["ORACLES", "relative_error"]

Arrays = tuple[Array, ...]


def relative_error(ours: Array, theirs: Array, floor: float) -> float:
    """Largest difference of two arrays, relative to the largest entry of the second one.

    `floor` keeps the quotient meaningful where the gradient is zero: it is the size that the
    gradient has in general, from the size of the value and of the argument.
    """
    if not np.size(theirs):
        return 0.0
    size = max(float(np.max(np.abs(theirs))), floor, np.finfo(float).tiny)
    worst = float(np.max(np.abs(ours - theirs))) / size
    return worst if np.isfinite(worst) else np.inf


def _joined(
    row: Identity, function: Callable[..., Any], arguments: Arrays, upstream: Array
) -> tuple[Callable[[Array], Any], Array]:
    """Inner product of upstream and value, as a function of all differentiable numbers."""
    places = [i for i, a in enumerate(row.arguments) if not a.fixed]
    flat = np.concatenate([np.ravel(arguments[i]) for i in places])
    ends = np.cumsum([np.size(arguments[i]) for i in places]).tolist()
    shapes = [np.shape(arguments[i]) for i in places]
    cuts = list(zip(places, map(slice, [0, *ends], ends), shapes, strict=False))

    def objective(x: Array) -> Any:
        parts = list(arguments)
        for i, cut, shape in cuts:
            parts[i] = x[cut].reshape(shape)
        return np.sum(upstream * function(*parts))

    return objective, flat


def _split(row: Identity, arguments: Arrays, flat: Array) -> Arrays:
    parts, start = [], 0
    for argument, x in zip(row.arguments, arguments, strict=True):
        if not argument.fixed:
            parts.append(flat[start : start + np.size(x)].reshape(np.shape(x)))
            start += np.size(x)
    return tuple(parts)


def complex_step(row: Identity, arguments: Arrays, upstream: Array) -> Arrays | None:
    """Take the complex step on the row's own code, without cancellation; None if it is not analytic."""
    if not row.analytic:
        return None
    objective, flat = _joined(row, rebased(row.function, ANALYTIC), arguments, upstream)
    h = 1e-30 * max(1.0, float(np.max(np.abs(flat), initial=0.0)))
    points = flat + 1j * h * np.eye(len(flat))
    return _split(row, arguments, np.array([np.imag(objective(x)) for x in points]) / h)


def differences(row: Identity, arguments: Arrays, upstream: Array) -> Arrays | None:
    """Central differences of values, extrapolated; for the rows that the complex step cannot do."""
    if row.analytic:
        return None
    objective, flat = _joined(row, row.function, arguments, upstream)
    return _split(row, arguments, numeric.gradient(objective, flat, method="richardson"))


def automatic(row: Identity, arguments: Arrays, upstream: Array) -> Arrays | None:
    """Reverse mode through the row's own code."""
    from calcml import autodiff

    def objective(*parts: Array) -> Any:
        full = list(arguments)
        for i, part in zip(places, parts, strict=True):
            full[i] = part
        return np.sum(upstream * row.function(*full))

    places = [i for i, a in enumerate(row.arguments) if not a.fixed]
    parts: Sequence[Array] = [arguments[i] for i in places]
    return tuple(autodiff.grad(objective, tuple(range(len(places))))(*parts))


ORACLES: dict[str, Callable[[Identity, Arrays, Array], Arrays | None]] = {
    "complex step": complex_step,
    "differences": differences,
    "automatic differentiation": automatic,
}
"""Every oracle: from a row, its arguments and upstream to the gradients, or None."""
