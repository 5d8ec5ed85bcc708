"""The rules of elementwise functions, one line for each.

A rule takes g, the derivative of the final number with respect to the result y of the function,
and returns the derivative with respect to one argument. What else it needs, it asks for by name.
It is written with NumPy functions, and so it is differentiable itself.

At a kink the rules return the following. Ties of maximum, minimum, clip, max and min share the
derivative equally. abs, hypot and every norm return 0 at 0. A rule whose local slope is infinite
(sqrt, log, power and division at 0) returns 0 where the derivative that arrives is 0, so that
``np.where(x > 0, np.sqrt(x), 0)`` has the derivative 0 at 0.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from calcml.autodiff import _errors as errors
from calcml.autodiff._batch import Batch
from calcml.autodiff._shortcuts import binary, unary
from calcml.autodiff.engine import Dual, Primitive, Variable, plain


def over(g: Any, d: Any, good: Any = None) -> Any:
    """Return g / d, where 0 / 0 is 0 (and 0 / nan, if ``good`` says so): what is masked spoils nothing."""
    if type(d) in (float, int):
        return g / d
    good = plain(d if good is None else good)
    if np.count_nonzero(good) < good.size:
        lost = np.where(good, False, is_zero(g))
        if np.count_nonzero(lost):
            d = np.where(lost, 1, d)
    return g / d


DOUBLE = np.dtype(float)
ONE = np.array(1.0)  # a Python number has to be converted each time, at half the cost of a product


def complement(t: Any) -> Any:
    """Return 1 - t, in the memory of t: only for a t that nobody else holds."""
    if type(t) is not np.ndarray:
        return 1.0 - t
    return np.subtract(ONE if t.dtype is DOUBLE else 1.0, t, t)


def is_zero(g: Any) -> Any:
    """Where g is 0, entry by entry also in a batch."""
    while isinstance(g, (Variable, Dual)):
        g = g.value
    return Batch(is_zero(g.settled()), g.origin) if type(g) is Batch else g == 0


def over_root(g: Any, d: Any) -> Any:
    return over(g, np.sqrt(np.where(plain(d) > 0, d, 0)))


def above(y: Any) -> Any:
    """Return y, and 0 where it is -inf, since -inf - -inf would be nan."""
    values = plain(y)
    if np.minimum.reduce(values, None, initial=0) > -np.inf:
        return y
    return np.where(values > -np.inf, y, 0)


def times(g: Any, slope: Any) -> Any:
    """Return g * slope, where 0 * inf and 0 * nan are 0."""
    lost = np.where(np.isfinite(plain(slope)), False, is_zero(g))
    return g * (np.where(lost, 0, slope) if np.count_nonzero(lost) else slope)


def divide_right(g: Any, y: Any, b: Any) -> Any:
    """Return -g a / b**2, from y = a / b."""
    safe = np.count_nonzero(plain(b)) == np.size(plain(b))
    return over(-g * y if safe else times(-g, y), b)


def doubled(g: Any) -> Any:
    """Return 2 g; where g repeats itself in memory, as the derivative of a sum does, only once."""
    if type(g) is np.ndarray and 0 in g.strides:
        g = g[tuple([slice(0, 1) if step == 0 else slice(None) for step in g.strides])]
    return g + g


def power_left(g: Any, a: Any, b: Any) -> Any:
    if type(b) in (int, float):
        if b == 2:
            return doubled(g) * a
        if b == 1 or b == 0:
            return g * b
        if b > 1:
            return g * (b * a ** (b - 1))
    if np.all(plain(b) >= 1):
        return g * (b * a ** (b - 1))
    # for b < 1 the slope is infinite at a = 0; for b = 0 it is 0
    return over(g * b, np.where(plain(b) == 0, 1, a) ** (1 - b))


def power_right(g: Any, y: Any, a: Any) -> Any:
    return g * y * np.log(np.where(plain(a) == 0, 1, a))


def share(a: Any, b: Any) -> Any:
    """Return 1 where a > b, 1/2 where they are equal, 0 where a < b."""
    a, b = plain(a), plain(b)
    more, ties = np.greater(a, b), np.equal(a, b)
    return more + ties / np.result_type(a, b).type(2) if np.count_nonzero(ties) else more


def sinc_slope(x: Any) -> Any:
    """Differentiate sin(pi x) / (pi x); near 0 by its series, as the difference would cancel."""
    t = float(np.pi) * x
    near = np.abs(plain(t)) < 1e-2
    far = np.where(near, 1, t)
    series = t * (-1 / 3 + t * t * (1 / 30 - t * t / 840))
    return float(np.pi) * np.where(near, series, (np.cos(far) - np.sin(far) / far) / far)


# ---------------------------------------------------------------------- functions of one array

UNARY: dict[Any, tuple[Any, Any]] = {
    np.negative: (operator.neg, lambda g: -g),
    np.positive: (operator.pos, lambda g: g),
    np.exp: (np.exp, lambda g, y: g * y),
    np.exp2: (np.exp2, lambda g, y: g * (y * np.log(2.0))),
    np.expm1: (np.expm1, lambda g, y: g * (y + 1)),
    np.log: (np.log, lambda g, x: over(g, x)),
    np.log2: (np.log2, lambda g, x: over(g / float(np.log(2.0)), x)),
    np.log10: (np.log10, lambda g, x: over(g / float(np.log(10.0)), x)),
    np.log1p: (np.log1p, lambda g, x: over(g, 1 + x)),
    np.sqrt: (np.sqrt, lambda g, y: over(0.5 * g, y, y > 0)),
    np.cbrt: (np.cbrt, lambda g, y: over(g, 3 * y * y)),
    np.square: (np.square, lambda g, x: doubled(g) * x),
    np.reciprocal: (np.reciprocal, lambda g, y: times(g, -y * y)),
    np.sin: (np.sin, lambda g, x: g * np.cos(x)),
    np.cos: (np.cos, lambda g, x: -g * np.sin(x)),
    np.tan: (np.tan, lambda g, y: g * (1 + y * y)),
    np.arcsin: (np.arcsin, lambda g, x: over_root(g, (1 - x) * (1 + x))),
    np.arccos: (np.arccos, lambda g, x: over_root(-g, (1 - x) * (1 + x))),
    np.arctan: (np.arctan, lambda g, x: g / (1 + x * x)),
    np.sinh: (np.sinh, lambda g, x: g * np.cosh(x)),
    np.cosh: (np.cosh, lambda g, x: g * np.sinh(x)),
    np.tanh: (np.tanh, lambda g, y: g * complement(y * y)),
    np.arcsinh: (np.arcsinh, lambda g, x: g / np.sqrt(1 + x * x)),
    np.arccosh: (np.arccosh, lambda g, x: over_root(g, (x - 1) * (x + 1))),
    np.arctanh: (np.arctanh, lambda g, x: over(g, (1 - x) * (1 + x))),
    np.sinc: (np.sinc, lambda g, x: g * sinc_slope(x)),
    np.absolute: (np.absolute, lambda g, x: g * np.sign(x)),
    np.fabs: (np.fabs, lambda g, x: g * np.sign(x)),
    np.degrees: (np.degrees, lambda g: g * (180 / float(np.pi))),
    np.rad2deg: (np.rad2deg, lambda g: g * (180 / float(np.pi))),
    np.radians: (np.radians, lambda g: g * (float(np.pi) / 180)),
    np.deg2rad: (np.deg2rad, lambda g: g * (float(np.pi) / 180)),
    np.conjugate: (np.conjugate, lambda g: g),
    np.nan_to_num: (np.nan_to_num, lambda g, x: g * np.isfinite(x)),
}

# ---------------------------------------------------------------------- functions of two arrays

BINARY: dict[Any, tuple[Any, Any, Any]] = {
    np.add: (operator.add, lambda g: g, lambda g: g),
    np.subtract: (operator.sub, lambda g: g, lambda g: -g),
    np.multiply: (operator.mul, lambda g, b: g * b, lambda g, a: g * a),
    np.divide: (operator.truediv, lambda g, b: over(g, b), divide_right),
    np.power: (operator.pow, power_left, power_right),
    np.float_power: (np.float_power, power_left, power_right),
    np.maximum: (np.maximum, lambda g, a, b: g * share(a, b), lambda g, a, b: g * share(b, a)),
    np.minimum: (np.minimum, lambda g, a, b: g * share(b, a), lambda g, a, b: g * share(a, b)),
    np.logaddexp: (
        np.logaddexp,
        lambda g, y, a: g * np.exp(a - above(y)),
        lambda g, y, b: g * np.exp(b - above(y)),
    ),
    np.arctan2: (
        np.arctan2,
        lambda g, a, b: over(g * b, a * a + b * b),
        lambda g, a, b: over(-g * a, a * a + b * b),
    ),
    np.logaddexp2: (
        np.logaddexp2,
        lambda g, y, a: g * np.exp2(a - above(y)),
        lambda g, y, b: g * np.exp2(b - above(y)),
    ),
    np.fmax: (np.fmax, lambda g, a, b: g * share(a, b), lambda g, a, b: g * share(b, a)),
    np.fmin: (np.fmin, lambda g, a, b: g * share(b, a), lambda g, a, b: g * share(a, b)),
    np.fmod: (np.fmod, lambda g: g, lambda g, a, b: -g * np.trunc(a / b)),
    np.remainder: (np.remainder, lambda g: g, lambda g, a, b: -g * np.floor(a / b)),
    np.copysign: (np.copysign, lambda g, y, a: g * np.sign(y) * np.sign(a), lambda g: 0 * g),
    np.hypot: (
        np.hypot,
        lambda g, y, a: g * (a / np.where(plain(y) == 0, 1, y)),
        lambda g, y, b: g * (b / np.where(plain(y) == 0, 1, y)),
    ),
}

_where = Primitive(
    lambda c, a, b: np.where(c, a, b),
    [None, lambda g, c: np.where(c, g, 0), lambda g, c: np.where(c, 0, g)],
    "elementwise",
    "where",
)


def where(condition: Any, *choices: Any) -> Any:
    while isinstance(condition, (Variable, Dual)):
        condition = condition.value
    return _where(condition, *choices) if choices else np.where(condition)


def clip(x: Any, a_min: Any = None, a_max: Any = None, **bounds: Any) -> Any:
    low, high = bounds.pop("min", a_min), bounds.pop("max", a_max)
    if bounds:
        raise errors.keyword(np.clip, bounds)
    x = x if low is None else np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


TABLE: dict[Any, Any] = {np.where: where, np.clip: clip}
TABLE |= {f: unary(call, rule, f.__name__) for f, (call, rule) in UNARY.items()}
TABLE |= {f: binary(call, left, right, f.__name__) for f, (call, left, right) in BINARY.items()}
