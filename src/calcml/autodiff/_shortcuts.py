"""The kinds of functions that are called most, recorded without the detours of `apply`.

What these do for one traced array, or for two of the same derivative, is what `Primitive` does in
general, at a fraction of its fixed cost. Everything else they hand on to it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from calcml.autodiff._adjoints import Summed
from calcml.autodiff.engine import (
    NOTHING,
    POINTWISE,
    TRACED,
    Dual,
    Primitive,
    Variable,
    Waiting,
    apply,
    asked,
    pull,
    push,
)

NUMBERS = frozenset([float, int, np.float64, np.float32])
CONSTANT = NUMBERS | {np.ndarray}

# What rules ask for, and how to pick it: calling one of these costs less than anything general.
KEEP: dict[tuple[str, ...], Callable[[Any, Any, Any], Any]] = {
    (): lambda y, a, b: None,
    ("y",): lambda y, a, b: y,
    ("a",): lambda y, a, b: a,
    ("b",): lambda y, a, b: b,
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
        saved = ((y, value) if reads_x else y) if reads_y else value if reads_x else None
        if kind is Dual:
            return Dual(y, origin, pull(partial, x.tangent, saved))
        child = len(origin)
        origin.append((child, x.index, partial, saved))
        return Variable(y, origin, child)

    return operation


def single(function: Any, partial: Any, kind: str = "general", name: str | None = None) -> Any:
    """Make a function of one array and of settings, by position, recorded without detours."""
    primitive = Primitive(function, [partial], kind, name)
    keep = primitive.keep[0]
    reduces = name in ("sum", "mean")

    def operation(x: Any, *settings: Any) -> Any:
        if type(x) is np.ndarray:
            return function(x, *settings)
        if type(x) is Variable:
            value, tape = x.value, x.origin
            y = (function if type(value) is np.ndarray else operation)(value, *settings)
            child = len(tape)
            tape.append((child, x.index, partial, keep((y, value, *settings))))
            return Variable(y, tape, child)
        if type(x) is Dual and kind != "general":
            value = x.value
            y = (function if type(value) is np.ndarray else operation)(value, *settings)
            if kind == "linear":
                return Dual(y, x.origin, operation(x.tangent, *settings))
            return Dual(y, x.origin, partial(x.tangent, *keep((y, value, *settings))))
        if type(x) is Waiting and reduces:
            return Waiting(x.origin, operation(x.tangent, *settings), operation, x, *settings)
        return apply(primitive, (x, *settings))

    return operation


def leading(
    function: Any, parts: Sequence[Primitive], name: str, slope: Callable[[Any], Any] | None = None
) -> Any:
    """Make the first result of a function of one array and of settings that returns several.

    The others are there because its rule needs them: they are traced by the derivatives that
    enclose this one, but not by this one, where nothing could use them. ``slope`` computes the
    second one alone, for less: where only the tangent is wanted, that will do.
    """
    primitive = Primitive(function, [], name=name, parts=parts)
    first = parts[0]
    partial, keep = first.partials[0], first.keep[0]

    def operation(x: Any, *settings: Any) -> Any:
        kind = type(x)
        if kind is np.ndarray:
            return function(x, *settings)[0]
        if kind is not Variable and kind is not Dual:
            return primitive(x, *settings)[0]
        value, origin = x.value, x.origin
        if kind is Dual and slope is not None and origin.tangents_only:
            return Waiting(origin, partial(x.tangent, (None, slope(value))), operation, x)
        y = (function if type(value) is np.ndarray else primitive)(value, *settings)
        if kind is Dual:
            t = push(first, 0, x.tangent, y, y[0], (value, *settings), NOTHING)
            return Dual(y[0], origin, t)
        child = len(origin)
        origin.append((child, x.index, partial, keep((y, value, *settings))))
        return Variable(y[0], origin, child)

    return operation


def binary(
    function: Any, left: Any, right: Any, name: str | None = None, kind: str = "elementwise"
) -> Any:
    """Make a function of two arrays, elementwise or linear in each, recorded without detours.

    ``function`` must be one that traced arrays take part in, such as an operator: it is given the
    values as they are, and they may belong to an enclosing derivative.
    """
    primitive = Primitive(function, [left, right], kind, name)
    wanted = tuple(asked(left)), tuple(asked(right))
    keep_left, keep_right = KEEP[wanted[0]], KEEP[wanted[1]]
    crossed = wanted == (("b",), ("a",))  # a product: each rule asks for the other factor
    reads_b, reads_a = "b" in wanted[0], "a" in wanted[1]
    # A value that waits can go on waiting unless the rule for it asks for it, or for the result.
    left_waits, right_waits = not {"y", "a"} & {*wanted[0]}, not {"y", "b"} & {*wanted[1]}
    elementwise = kind == "elementwise"
    scales = function is operator.mul

    def operation(a: Any, b: Any) -> Any:
        kind_a, kind_b = type(a), type(b)
        if kind_a is Variable:
            tape, x = a.origin, a.value
            if kind_b is Variable and b.origin is tape:
                z = b.value
                y = function(x, z)
                to_a, to_b = left, right
                if elementwise and x.shape != z.shape:
                    to_a = left if x.shape == y.shape else Summed(left, x.shape)
                    to_b = right if z.shape == y.shape else Summed(right, z.shape)
                child = len(tape) + 1
                tape.append((child, a.index, to_a, z if crossed else keep_left(y, x, z)))
                tape.append((child, b.index, to_b, x if crossed else keep_right(y, x, z)))
                return Variable(y, tape, child)
            if kind_b in CONSTANT:
                if scales and kind_b is float and type(x) is np.ndarray:
                    b = np.array(b, x.dtype)  # NumPy would do so in every product with it
                y = function(x, b)
                partial = left
                if kind_b is np.ndarray:
                    if reads_b and b.flags.writeable:
                        tape.capture(b)
                    if elementwise and y.shape != x.shape:
                        partial = Summed(left, x.shape)
                child = len(tape)
                tape.append((child, a.index, partial, keep_left(y, x, b)))
                return Variable(y, tape, child)
        elif kind_b is Variable and kind_a in CONSTANT:
            # The mirror image, spelled out: to share it would add a call to each operation.
            tape, z = b.origin, b.value
            y = function(a, z)
            partial = right
            if kind_a is np.ndarray:
                if reads_a and a.flags.writeable:
                    tape.capture(a)
                if elementwise and y.shape != z.shape:
                    partial = Summed(right, z.shape)
            child = len(tape)
            tape.append((child, b.index, partial, keep_right(y, a, z)))
            return Variable(y, tape, child)
        return forward(a, b)

    def forward(a: Any, b: Any) -> Any:
        kind_a, kind_b = type(a), type(b)
        if kind_a in CONSTANT:
            if kind_b is Dual:
                z = b.value
                y = function(a, z)
                t = b.tangent
                t = pull(right, t, keep_right(y, a, z)) if elementwise else function(a, t)
                return Dual(y, b.origin, t if t.shape == y.shape else np.broadcast_to(t, y.shape))
            if kind_b in CONSTANT:
                return function(a, b)
        elif kind_a is Dual and (kind_b in CONSTANT or (kind_b is Dual and a.origin is b.origin)):
            x, z = a.value, b.value if kind_b is Dual else b
            y = function(x, z)
            t = a.tangent
            t = pull(left, t, keep_left(y, x, z)) if elementwise else function(t, z)
            if kind_b is Dual:
                s = b.tangent
                t = t + (pull(right, s, keep_right(y, x, z)) if elementwise else function(x, s))
            return Dual(y, a.origin, t if t.shape == y.shape else np.broadcast_to(t, y.shape))
        if isinstance(a, (list, tuple)) or isinstance(b, (list, tuple)):
            return operation(
                *(np.asarray(x) if isinstance(x, (list, tuple)) else x for x in (a, b))
            )
        if kind_a is Waiting or kind_b is Waiting:
            t = tangent(a, b)
            if t is not None:
                return Waiting((a if kind_a is Waiting else b).origin, t, operation, a, b)
        return apply(primitive, (a, b))

    def tangent(a: Any, b: Any) -> Any:
        """Return the tangent of the result, if no rule asks for a value that waits."""
        if isinstance(a, Dual) and isinstance(b, Dual):
            if a.origin is b.origin and wanted == ((), ()):
                return function(a.tangent, b.tangent)
        elif type(b) in NUMBERS and left_waits:
            return pull(left, a.tangent, keep_left(None, None, b))
        elif type(a) in NUMBERS and right_waits:
            return pull(right, b.tangent, keep_right(None, a, None))
        return None

    return operation
