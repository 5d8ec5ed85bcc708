"""The kinds of functions that are called most, recorded without the detours of `apply`.

What these do for one traced array, or for two of the same derivative, is what `Primitive` does in
general, at a fraction of its fixed cost. Everything else they hand on to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from calcml.autodiff.engine import TRACED, Dual, Primitive, Variable, apply, asked, keeper, summed

CONSTANT = frozenset([float, int, np.ndarray, np.float64, np.float32])


def unary(function: Any, partial: Callable[..., Any], name: str | None = None) -> Any:
    """Make an elementwise function of one array, recorded without detours."""
    primitive = Primitive(function, [partial], "elementwise", name)
    keep = keeper(partial, ["y", "x"])
    # What most rules ask for needs no call to pick it.
    only_y, only_x = asked(partial) == ["y"], asked(partial) == ["x"]

    def operation(x: Any) -> Any:
        kind = type(x)
        if kind is not Variable and kind is not Dual:
            return apply(primitive, (x,))
        value, origin = x.value, x.origin
        y = operation(value) if type(value) in TRACED else function(value)
        saved = (y,) if only_y else (value,) if only_x else keep((y, value))
        if kind is Dual:
            return Dual(y, origin, partial(x.tangent, *saved))
        origin.append((x.index, partial, saved))
        return Variable(y, origin, len(origin) - 1)

    return operation


def binary(
    function: Any, left: Any, right: Any, name: str | None = None, kind: str = "elementwise"
) -> Any:
    """Make a function of two arrays, elementwise or linear in each, recorded without detours."""
    primitive = Primitive(function, [left, right], kind, name)
    keep_left, keep_right = (keeper(partial, ["y", "a", "b"]) for partial in (left, right))
    reads_b, reads_a = "b" in asked(left), "a" in asked(right)
    only_b, only_a = asked(left) == ["b"], asked(right) == ["a"]
    elementwise = kind == "elementwise"

    def operation(a: Any, b: Any) -> Any:
        kind_a, kind_b = type(a), type(b)
        if kind_a is Variable:
            if kind_b is Variable and a.origin is b.origin:
                tape, x, z = a.origin, a.value, b.value
                y = operation(x, z) if type(x) in TRACED or type(z) in TRACED else function(x, z)
                to_a, to_b = left, right
                if elementwise and x.shape != z.shape:
                    to_a, to_b = summed(left, x.shape), summed(right, z.shape)
                saved_a = (z,) if only_b else keep_left((y, x, z))
                saved_b = (x,) if only_a else keep_right((y, x, z))
                tape.append(((a.index, to_a, saved_a), (b.index, to_b, saved_b)))
                return Variable(y, tape, len(tape) - 1)
            if kind_b in CONSTANT:
                x = a.value
                y = operation(x, b) if type(x) in TRACED else function(x, b)
                return one_edge(a, y, left, keep_left((y, x, b)), b, reads_b, elementwise)
        elif kind_a in CONSTANT and kind_b is Variable:
            z = b.value
            y = operation(a, z) if type(z) in TRACED else function(a, z)
            return one_edge(b, y, right, keep_right((y, a, z)), a, reads_a, elementwise)
        elif kind_a is Dual and (kind_b in CONSTANT or (kind_b is Dual and a.origin is b.origin)):
            x, z = a.value, b.value if kind_b is Dual else b
            y = operation(x, z)
            known = (y, x, z)
            t = left(a.tangent, *keep_left(known)) if elementwise else operation(a.tangent, z)
            if kind_b is Dual:
                t = t + (right(b.tangent, *keep_right(known)) if elementwise
                         else operation(x, b.tangent))  # fmt: skip
            return Dual(y, a.origin, t if t.shape == y.shape else np.broadcast_to(t, y.shape))
        elif kind_b is Dual and kind_a in CONSTANT:
            z = b.value
            y = operation(a, z)
            t = right(b.tangent, *keep_right((y, a, z))) if elementwise else operation(a, b.tangent)
            return Dual(y, b.origin, t if t.shape == y.shape else np.broadcast_to(t, y.shape))
        elif kind_a in CONSTANT and kind_b in CONSTANT:
            return function(a, b)
        if isinstance(a, (list, tuple)) or isinstance(b, (list, tuple)):
            return operation(
                *(np.asarray(x) if isinstance(x, (list, tuple)) else x for x in (a, b))
            )
        return apply(primitive, (a, b))

    return operation


def one_edge(
    x: Variable, y: Any, partial: Any, saved: Any, constant: Any, reads: bool, elementwise: bool
) -> Variable:
    """Record a function of a traced array and a constant."""
    tape = x.origin
    if type(constant) is np.ndarray:
        if reads and constant.flags.writeable:
            tape.capture(constant)
        if elementwise and constant.ndim and y.shape != x.value.shape:
            partial = summed(partial, x.value.shape)
    tape.append((x.index, partial, saved))
    return Variable(y, tape, len(tape) - 1)
