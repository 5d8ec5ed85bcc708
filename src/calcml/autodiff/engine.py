"""The engine: traced arrays, the tape, the backward pass and the forward pass.

A *traced array* stands in for a NumPy array while a function runs. Every operation on it computes
the ordinary value, and does one thing more:

- a `Variable` (reverse mode) writes one edge on a `Tape` for each array that went in: a rule that
  turns the derivative with respect to the result into the derivative with respect to that input.
  `backward` then walks the tape from the end to the beginning.
- a `Dual` (forward mode) carries its tangent along, and updates it at once.

What the value of a traced array is made of is again an array: a plain one, or a traced one that
belongs to an enclosing derivative. That is all there is to higher orders. Each derivative in
progress has a level, the innermost one the highest; an operation is handled by the highest level
among its arguments, and computes its value with the levels below.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Sequence
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np

from calcml.autodiff import _errors as errors
from calcml.autodiff._adjoints import WAITING, Product, Scatter, Summed, add

_levels = itertools.count(1)


class Level:
    """A derivative in progress. The innermost, which began last, has the highest level.

    Each kind has a method ``run(p, traced, args, values, settings)`` that calls a primitive:
    ``args[i]`` belong to this level for the i in ``traced``, and ``values`` are what is below.
    """

    __slots__ = ()
    level: Any


def each_result(p: Primitive, y: Any, record: Callable[[Primitive, Any], Any]) -> Any:
    """Have a level record what a primitive returned: one result, or one for each of its parts."""
    if not p.parts:
        return record(p, y)
    return tuple([record(q, z) for q, z in zip(p.parts, y, strict=True)])


class Forward(Level):
    """One forward pass in progress. If only its tangents are wanted, values may wait: `Waiting`."""

    __slots__ = ("level", "tangents_only")

    def __init__(self, tangents_only: bool = False) -> None:
        self.level = next(_levels)
        self.tangents_only = tangents_only

    def run(self, p: Primitive, traced: Any, args: Any, values: Any, settings: Any) -> Any:
        """Call a primitive, and add up the tangents that the arguments contribute to a result."""
        y = apply(p, values, settings)

        def record(p: Primitive, result: Any) -> Any:
            if p.kind == "additive":
                tangents = [
                    args[i].tangent if i in traced else np.zeros_like(x)
                    for i, x in enumerate(values)
                ]
                return Dual(result, self, apply(p, tangents, settings))
            parts = [push(p, i, args[i].tangent, y, result, values, settings) for i in traced]
            parts = [t for t in parts if t is not None]
            return Dual(result, self, functools.reduce(operator.add, parts)) if parts else result

        return each_result(p, y, record)


class Tape(list[Any], Level):
    """One reverse-mode derivative in progress: the edges of its graph, in the order they were made.

    An operation writes an edge ``(child, parent, partial, saved)`` for each traced argument:
    the index of the result, the index of the argument, the rule of the table, and what the rule
    asks for: None, one array, or a tuple. The index of a variable is the place of its last edge. An
    operation can only use results that exist already, so parents come before children and the order
    of the tape is a topological order.
    """

    __slots__ = ("captured", "level")

    def __init__(self) -> None:
        self.level = next(_levels)
        self.captured: dict[int, np.ndarray] = {}

    def variable(self, value: Any) -> Variable:
        """Put an input on the tape: it has a place, but no edge."""
        self.append(None)
        return Variable(value, self, len(self) - 1)

    def run(self, p: Primitive, traced: Any, args: Any, values: Any, settings: Any) -> Any:
        """Call a primitive, write the edges of its results, and make variables of them."""
        y = apply(p, values, settings)

        def record(p: Primitive, result: Any) -> Any:
            edges = []
            for i in traced:
                rule = p.edge(i, y, values, settings)
                if rule is None:
                    continue
                partial, saved = rule
                for k in p.reads[i] if not p.variadic else range(len(args)):
                    if type(args[k]) is np.ndarray and args[k].flags.writeable:
                        self.capture(args[k])
                if p.elementwise and values[i].shape != result.shape:
                    partial = Summed(partial, values[i].shape)
                edges.append((args[i].index, partial, saved))
            if not edges:
                return result
            child = len(self) + len(edges) - 1
            for edge in edges:
                self.append((child, *edge))
            return Variable(result, self, child)

        return each_result(p, y, record)

    def capture(self, array: np.ndarray) -> None:
        """Make a writeable array that the backward pass will read read-only while the function runs.

        Changed in between, it would give a wrong gradient in silence; locked, the assignment that
        would do so raises. A view is locked together with its base, unless someone else locked
        the base: only who holds the base can unlock a view of it.
        """
        base = array.base
        if type(base) is np.ndarray:
            if base.flags.writeable:
                self.capture(base)
            if id(base) not in self.captured:
                return
        array.setflags(write=False)
        self.captured[id(array)] = array

    def finish(self) -> None:
        """Unlock the captured arrays, bases first as they were locked; refuse any further edge."""
        for array in self.captured.values():
            array.setflags(write=True)
        self.__class__ = Finished


class Finished(Tape):
    """A tape after its function has returned: what is left of its variables cannot be used."""

    __slots__ = ()

    def append(self, node: Any) -> None:
        """Refuse."""
        raise errors.leaked()


class FinishedForward(Forward):
    """A forward pass after its function has returned."""

    __slots__ = ()

    def run(self, p: Primitive, traced: Any, args: Any, values: Any, settings: Any) -> Any:
        """Refuse."""
        raise errors.leaked()


class Traced:
    """A stand-in for a NumPy array. `calcml.autodiff._array` gives it NumPy's operators and methods.

    ``value`` is the array it stands for, ``origin`` the derivative in progress that it belongs to.
    """

    __slots__ = ("origin", "value")
    value: Any
    origin: Any

    shape: Any = property(attrgetter("value.shape"), doc="Shape of the array.")
    ndim: Any = property(attrgetter("value.ndim"), doc="Number of axes.")
    size: Any = property(attrgetter("value.size"), doc="Number of entries.")
    dtype: Any = property(attrgetter("value.dtype"), doc="Type of the entries.")


class Variable(Traced):
    """A traced array of reverse mode; ``index`` is the place of its last edge on the tape."""

    __slots__ = ("index",)

    def __init__(self, value: Any, tape: Tape, index: int) -> None:
        self.value = value
        self.origin = tape
        self.index = index


class Dual(Traced):
    """A traced array of forward mode: a value and its tangent, of the same shape."""

    __slots__ = ("tangent",)

    def __init__(self, value: Any, forward: Forward, tangent: Any) -> None:
        self.value = value
        self.origin = forward
        self.tangent = tangent


_slot: Any = Traced.__dict__["value"]


class Waiting(Dual):
    """A dual whose value nobody has asked for yet: asking computes it, and makes it a `Dual`.

    Where only the tangent is wanted, the value of a loss need not be known, only its slope. What
    is added to it, and its mean, then wait as well. Its slot holds what makes the
    value: a function, and what it takes.
    """

    __slots__ = ()

    def __init__(self, forward: Forward, tangent: Any, function: Any, *args: Any) -> None:
        super().__init__((function, *args), forward, tangent)

    @property
    def value(self) -> Any:
        """Compute the value, after those that it is made of: by a list, as these may be many."""
        todo: list[Any] = [self]
        while todo:
            dual = todo[-1]
            waits = type(dual) is Waiting
            if not waits:  # it was made of another one, which has been computed by now
                todo.pop()
                continue
            function, *args = _slot.__get__(dual)
            before = [x for x in args if type(x) is Waiting]
            todo += before
            if not before:
                y = function(*[x.value if type(x) is Dual else x for x in args])
                dual.__class__ = Dual
                dual.value = y
        return self.value

    @value.setter
    def value(self, steps: Any) -> None:
        _slot.__set__(self, steps)

    shape = property(attrgetter("tangent.shape"))
    ndim = property(attrgetter("tangent.ndim"))
    size = property(attrgetter("tangent.size"))
    dtype = property(attrgetter("tangent.dtype"))


TRACED: set[type] = {Variable, Dual, Waiting}
NOTHING: dict[str, Any] = {}


def plain(x: Any) -> Any:
    """Value of x without any tracing, for what has no derivative: comparisons, indices, shapes."""
    while isinstance(x, Traced):
        x = x.value
    return x


# ------------------------------------------------------------------------------------------ rules


class Primitive:
    """A function with its rules, called like the function.

    Parameters
    ----------
    function : callable
        Takes arrays, then settings such as an axis, all by position.
    partials : sequence of callable or None
        One rule for each argument: ``partial(g, ...)`` maps the derivative with respect to the
        result to the derivative with respect to that argument. Its other parameters name what it
        needs, and only that is kept: ``y`` is the result, the other names are those of
        ``function``. None: the argument has no derivative.
    kind : {"general", "linear", "additive", "symmetric"}
        How forward mode gets its rule. "linear": the function is linear in each argument that has
        a rule, so the tangent is the function itself, applied to the tangent. "additive": it is
        linear in all arguments together. "symmetric": the Jacobian is its own transpose, as it is
        for everything elementwise, so the rule for g serves for the tangent. "general": the
        transpose of the rule, see `transpose`.
    variadic : bool
        The function takes any number of arrays and the settings by keyword. There is one rule
        for all of them, which may also name ``i``, the position, and ``args``, the arrays.
    parts : sequence of Primitive
        For a function with several results: the rules of each, where ``y`` is all of them. Each
        result gets a node of its own, and what they contribute to an argument adds up.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        partials: Sequence[Callable[..., Any] | None],
        kind: str = "general",
        name: str | None = None,
        variadic: bool = False,
        parts: Sequence[Primitive] = (),
    ) -> None:
        self.parts = parts
        self.function = function
        self.kind = "symmetric" if kind == "elementwise" else kind
        self.elementwise = kind == "elementwise"
        self.__name__ = name or function.__name__
        self.variadic = variadic
        self.partials: tuple[Any, ...] = tuple(partials)
        names = [] if variadic else ["y", *_parameters(function, len(self.partials))]
        self.reads = [
            [names.index(n) - 1 for n in asked(d) if n != "y"] if d and names else []
            for d in self.partials
        ]
        self.asked = asked(self.partials[0]) if variadic else []
        self.keep: list[Any] = [
            None if d is None or variadic else keeper(d, names) for d in self.partials
        ]

    def __call__(self, *args: Any, **settings: Any) -> Any:
        """Call the function, recorded if an argument is traced."""
        return apply(self, args, settings)

    def edge(self, i: int, y: Any, args: Sequence[Any], settings: dict[str, Any]) -> Any:
        """Return the rule for argument i and what it saves, or None if it has no derivative."""
        if self.variadic:
            known = {"y": y, "i": i, "args": args, **settings}
            return self.partials[0], tuple([known[name] for name in self.asked])
        if i >= len(self.partials) or self.partials[i] is None:
            return None
        return self.partials[i], self.keep[i]((y, *args))


def asked(partial: Any) -> list[str]:
    """List what a rule asks for: the names of its parameters but the first."""
    code = partial.__code__
    return list(code.co_varnames[1 : code.co_argcount])


def _parameters(function: Any, count: int) -> list[str]:
    if isinstance(function, np.ufunc) or not hasattr(function, "__code__"):
        return ["x"] if count == 1 else ["a", "b", "c"][:count]
    code = function.__code__
    return list(code.co_varnames[: code.co_argcount])


def keeper(partial: Callable[..., Any], names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return a function that picks, out of all that is known, what a rule asks for by name."""
    places = [list(names).index(name) for name in asked(partial)]
    if len(places) > 1:
        return itemgetter(*places)
    return itemgetter(slice(places[0], places[0] + 1) if places else slice(0, 0))


def apply(p: Primitive, args: Sequence[Any], settings: dict[str, Any] = NOTHING) -> Any:
    """Call a primitive, and have the highest level among its arguments record the call."""
    traced = [i for i, x in enumerate(args) if type(x) in TRACED]
    if not traced:
        return p.function(*args, **settings)
    top = args[traced[0]].origin
    if len(traced) > 1:
        top = max((args[i].origin for i in traced), key=lambda origin: origin.level)
        traced = [i for i in traced if args[i].origin is top]
    values = list(args)
    for i in traced:
        values[i] = args[i].value
    return top.run(p, traced, args, values, settings)


def pull(partial: Callable[..., Any], g: Any, saved: Any) -> Any:
    """Reverse mode: apply a rule to g and what an edge saved for it."""
    if saved is None:
        return partial(g)
    return partial(g, *saved) if type(saved) is tuple else partial(g, saved)


def push(
    p: Primitive, i: int, t: Any, y: Any, result: Any, args: Sequence[Any], settings: Any
) -> Any:
    """Forward mode: the tangent that argument i contributes to the result."""
    rule = p.edge(i, y, args, settings)
    if rule is None:
        return None
    if p.kind == "linear":
        return apply(p, [*args[:i], t, *args[i + 1 :]], settings)
    partial, saved = rule
    if p.kind == "symmetric":
        t = partial(t, *saved)
        return t if t.shape == result.shape else np.broadcast_to(t, result.shape)
    return transpose(lambda g: partial(g, *saved), result, t)


def transpose(pull: Callable[[Any], Any], like: Any, t: Any) -> Any:
    """Form J t, from a rule that only knows how to form g J.

    ``g J`` is linear in g, and ``<g J, t> = <g, J t>``: so J t is the gradient of the left-hand
    side with respect to g, at any g (Townsend 2017, "A new trick for calculating Jacobian vector
    products").
    """
    tape = Tape()
    g = tape.variable(np.zeros(like.shape, like.dtype))
    h = pull(g)
    if not (isinstance(h, Variable) and h.origin is tape):
        return None
    return backward(tape, h.index, t, 1)[0]


# ------------------------------------------------------------------------------------ reverse mode


POINTWISE: set[Any] = set()
"""The rules of functions that take one array, entry by entry."""

PIECE = 8192  # entries: small enough for what a rule computes on the way to stay in the cache
LARGE = 4 * PIECE


def in_pieces(partial: Any, g: np.ndarray, saved: Any) -> Any:
    """Apply a pointwise rule to a large g, one piece after the other, in the memory of g.

    Only for a g that nobody else holds. It spares the result and every intermediate array of its
    size, which is what a gradient needs more memory for than one written by hand.
    """
    arrays = [g, *(saved if type(saved) is tuple else () if saved is None else (saved,))]
    for x in arrays:
        alike = type(x) is np.ndarray and x.shape == g.shape and x.dtype == g.dtype
        if not (alike and x.flags.c_contiguous):
            return pull(partial, g, saved)
    rows = [x.reshape(-1) for x in arrays]
    for start in range(0, g.size, PIECE):
        piece = [x[start : start + PIECE] for x in rows]
        piece[0][:] = partial(*piece)
    return g


def backward(tape: Tape, index: int, seed: Any, inputs: int, release: bool = False) -> list[Any]:
    """Differentiate <seed, variable at index> with respect to the first variables of the tape.

    From the end of the tape to the beginning, each variable hands its derivative on to its parents.
    All its children come later on the tape, so when its turn comes its derivative is complete.
    """
    edges = tape[inputs : index + 1]
    if release:
        del tape[inputs:]
    grads: list[Any] = [None] * max(inputs, index + 1)
    grads[index] = seed
    # Where the derivative so far is an array of its own, or will be, so that adding to it in place
    # is safe: a rule returns a new array, or g itself, or a view of g.
    owned = bytearray(len(grads))
    turn, g, special = -1, None, False
    while edges:
        child, parent, partial, saved = edges.pop()
        if child != turn:
            turn, g, grads[child] = child, grads[child], None
            special = owned[child] and (type(g) is Product or g.size > LARGE)
        if g is None:
            continue
        if special:
            if type(g) is Product and not (type(partial) is Summed and partial.first):
                g = g.dense()
            h = (in_pieces if partial in POINTWISE else pull)(partial, g, saved)
        elif type(saved) is np.ndarray:  # `pull`, without the cost of another call
            h = partial(g, saved)
        elif saved is None:
            h = partial(g)
        else:
            h = partial(g, *saved) if type(saved) is tuple else partial(g, saved)
        total = grads[parent]
        if total is None:
            if type(h) is np.ndarray:
                owned[parent] = h is not g and h.base is None
            elif type(h) in WAITING:
                owned[parent] = True
                if type(h) is Scatter or parent < inputs:
                    h = h.dense()
            grads[parent] = h
        elif owned[parent] and type(h) is np.ndarray:
            total += h
            grads[parent] = total
        else:
            grads[parent] = add(total, h, owned[parent])
            owned[parent] = True
    return grads[:inputs]
