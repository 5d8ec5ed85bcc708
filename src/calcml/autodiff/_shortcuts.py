"""The kinds of functions that are called most, recorded without the detours of `apply`.

What these do for one traced array, or for two of the same derivative, is what `Primitive` does in
general, at a fraction of its fixed cost. Everything else they hand on to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from calcml.autodiff.engine import (
    POINTWISE,
    TRACED,
    Dual,
    Primitive,
    Variable,
    apply,
    asked,
    summed,
)

CONSTANT = frozenset([float, int, np.ndarray, np.float64, np.float32])

# What rules ask for, and how to pick it: calling one of these costs less than anything general.
KEEP: dict[tuple[str, ...], Callable[[Any, Any, Any], tuple[Any, ...]]] = {
    (): lambda y, a, b: (),
    ("y",): lambda y, a, b: (y,),
    ("a",): lambda y, a, b: (a,),
    ("b",): lambda y, a, b: (b,),
    ("a", "b"): lambda y, a, b: (a, b),
    ("y", "a"): lambda y, a, b: (y, a),
    ("y", "b"): lambda y, a, b: (y, b),
    ("y", "a", "b"): lambda y, a, b: (y, a, b),
}


def unary(function: Any, partial: Callable[..., Any], name: str | None = None) -> Any:
    """Make an elementwise function of one array, recorded without detours."""
    primitive = Primitive(function, [partial], "elementwise", name)
    wanted = asked(partial)
    reads_y, reads_x = "y" in wanted, "x" in wanted
    POINTWISE.add(partial)

    def operation(x: Any) -> Any:
        kind = type(x)
        if kind is not Variable and kind is not Dual:
            return apply(primitive, (x,))
        value, origin = x.value, x.origin
        y = operation(value) if type(value) in TRACED else function(value)
        saved = ((y, value) if reads_x else (y,)) if reads_y else (value,) if reads_x else ()
        if kind is Dual:
            return Dual(y, origin, partial(x.tangent, *saved))
        origin.append((x.index, partial, saved))
        return Variable(y, origin, len(origin) - 1)

    return operation


def binary(
    function: Any, left: Any, right: Any, name: str | None = None, kind: str = "elementwise"
) -> Any:
    """Make a function of two arrays, elementwise or linear in each, recorded without detours.

    ``function`` must be one that traced arrays take part in, such as an operator: it is given the
    values as they are, and they may belong to an enclosing derivative.
    """
    primitive = Primitive(function, [left, right], kind, name)
    keep_left, keep_right = KEEP[tuple(asked(left))], KEEP[tuple(asked(right))]
    reads_b, reads_a = "b" in asked(left), "a" in asked(right)
    elementwise = kind == "elementwise"

    def operation(a: Any, b: Any) -> Any:
        kind_a, kind_b = type(a), type(b)
        if kind_a is Variable:
            if kind_b is Variable and a.origin is b.origin:
                tape, x, z = a.origin, a.value, b.value
                y = function(x, z)
                to_a, to_b = left, right
                if elementwise and x.shape != z.shape:
                    to_a, to_b = summed(left, x.shape), summed(right, z.shape)
                tape.append(
                    ((a.index, to_a, keep_left(y, x, z)), (b.index, to_b, keep_right(y, x, z)))
                )
                return Variable(y, tape, len(tape) - 1)
            if kind_b in CONSTANT:
                x = a.value
                y = function(x, b)
                return one_edge(a, y, left, keep_left(y, x, b), b, reads_b, elementwise)
        elif kind_a in CONSTANT:
            if kind_b is Variable:
                z = b.value
                y = function(a, z)
                return one_edge(b, y, right, keep_right(y, a, z), a, reads_a, elementwise)
            if kind_b is Dual:
                z = b.value
                y = function(a, z)
                t = b.tangent
                t = right(t, *keep_right(y, a, z)) if elementwise else function(a, t)
                return Dual(y, b.origin, t if t.shape == y.shape else np.broadcast_to(t, y.shape))
            if kind_b in CONSTANT:
                return function(a, b)
        elif kind_a is Dual and (kind_b in CONSTANT or (kind_b is Dual and a.origin is b.origin)):
            x, z = a.value, b.value if kind_b is Dual else b
            y = function(x, z)
            t = a.tangent
            t = left(t, *keep_left(y, x, z)) if elementwise else function(t, z)
            if kind_b is Dual:
                s = b.tangent
                t = t + (right(s, *keep_right(y, x, z)) if elementwise else function(x, s))
            return Dual(y, a.origin, t if t.shape == y.shape else np.broadcast_to(t, y.shape))
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
