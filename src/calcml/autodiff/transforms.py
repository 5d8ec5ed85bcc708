"""The functions that a user calls: each runs a function on traced arrays and reads off a result."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from calcml.autodiff import _errors as errors
from calcml.autodiff import _rules
from calcml.autodiff import _tree as tree
from calcml.autodiff._batch import Batch, Batches
from calcml.autodiff.engine import (
    Dual,
    FinishedForward,
    Forward,
    Tape,
    Traced,
    Variable,
    backward,
    plain,
)

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "stop_gradient", "value_and_grad", "vjp"]

_ASSIGNED = ("__name__", "__qualname__", "__module__")

Argnums = int | Sequence[int]


def stop_gradient(x: Any) -> Any:
    """Return the value of x, cut off from differentiation.

    Parameters
    ----------
    x : array_like, or a dict, list or tuple of them
        Traced arrays inside a differentiated function; anything else is returned as it is.

    Returns
    -------
    ndarray or the structure of x
        A copy without tracing: its derivative is zero.

    Examples
    --------
    >>> float(grad(lambda x: x * stop_gradient(x))(3.0))
    3.0
    """
    parts = tree.leaves(x)
    return tree.like(x, [np.copy(plain(p)) if isinstance(p, Traced) else p for p in parts])


def _inputs(caller: str, x: Any, where: int | str) -> list[Any]:
    """List the leaves of an argument as arrays, or name the one that is not."""
    if type(x) is np.ndarray and x.dtype.kind == "f":
        return [x]
    where = f"argument {where}" if isinstance(where, int) else where
    arrays = []
    for leaf in tree.leaves(x):
        if type(leaf) is np.ndarray and leaf.dtype.kind == "f":
            arrays.append(leaf)
            continue
        if not isinstance(leaf, Traced):
            if not isinstance(leaf, (np.ndarray, np.generic, float, int, complex)):
                raise errors.not_array(caller, where, type(leaf).__name__)
            leaf = np.asarray(leaf)
        if leaf.dtype.kind != "f":
            raise errors.not_float(caller, where, leaf.dtype)
        arrays.append(leaf)
    return arrays


def _run(f: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], tape: Tape) -> Any:
    """Call f, and say in our words what NumPy says about locked arrays and branches."""
    try:
        return f(*args, **kwargs)
    except ValueError as error:
        if isinstance(error.__cause__, errors.ConversionError):
            raise error.__cause__ from None  # NumPy's "setting an array element with a sequence"
        if "read-only" in str(error) and tape.captured:
            raise errors.mutated() from error
        if "truth value of an array" in str(error):
            raise errors.truth_of_comparison() from error
        raise
    finally:
        tape.finish()


def _finish(gradients: Sequence[Any], like: Sequence[Any], caller: str) -> list[Any]:
    """Gradients as arrays of their own: dense, writeable, in the dtype of what they belong to."""
    finished = []
    for k, g in enumerate(gradients):
        x = like[k]
        if type(g) is not np.ndarray or g.base is not None or g.dtype is not x.dtype:
            g = _own(g, x, caller)
        finished.append(g)
    if len(finished) > 1:
        seen: set[int] = set()
        for k, g in enumerate(finished):
            if id(g) in seen and type(g) is np.ndarray:
                finished[k] = g.copy()
            seen.add(id(g))
    return finished


def _own(g: Any, x: Any, caller: str) -> Any:
    """Make one gradient an array of its own, in the dtype of x; None stands for zero."""
    if g is None:
        return np.zeros(x.shape, x.dtype)
    if g.dtype.kind == "c":
        raise errors.complex_inside(caller)
    return g if isinstance(g, Traced) else np.array(g, x.dtype)


def _is(y: Any, tape: Any) -> bool:
    return isinstance(y, Traced) and y.origin is tape


def _picked(caller: str, argnums: Argnums, args: Sequence[Any]) -> tuple[int, ...]:
    """List the positions of the arguments to differentiate, counted from the front."""
    count = len(args)
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for n in numbers:
        if not -count <= n < count:
            raise errors.no_argument(caller, n, count)
    return tuple([n % count for n in numbers])


def _variables(caller: str, args: Any, numbers: Any, tape: Tape) -> tuple[list[Any], list[Any]]:
    """List the arrays to differentiate, and the arguments with variables in their place."""
    flat: list[Any] = []
    for n in numbers:  # all are checked before any is locked
        flat += _inputs(caller, args[n], n)
    rest = iter(_record(tape, flat))
    replaced = list(args)
    for n in numbers:
        x = args[n]
        replaced[n] = next(rest) if type(x) is np.ndarray else tree.filled(x, rest)
    return flat, replaced


def _record(tape: Tape, arrays: Sequence[Any]) -> list[Variable]:
    variables = []
    for array in arrays:
        if type(array) is np.ndarray and array.flags.writeable:
            tape.capture(array)
        variables.append(tape.variable(array))
    return variables


def _parts(args: Sequence[Any], numbers: Sequence[int], leaves: list[Any]) -> list[Any]:
    """Group leaves into the structures of those arguments that are differentiated."""
    parts, rest = [], iter(leaves)
    for n in numbers:
        parts.append(next(rest) if type(args[n]) is np.ndarray else tree.filled(args[n], rest))
    return parts


def _replaced(args: Sequence[Any], numbers: Sequence[int], new: Any) -> list[Any]:
    replaced = list(args)
    for n, x in zip(numbers, new, strict=True):
        replaced[n] = x
    return replaced


def value_and_grad(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    _caller: str = "value_and_grad",
) -> Callable[..., Any]:
    """Make a function that returns the value of a scalar function together with its gradient.

    Parameters
    ----------
    f : callable
        Takes arrays, or dicts, lists and tuples of arrays, and returns a number.
    argnums : int or sequence of int
        Which positional arguments to differentiate. The others may be anything.
    has_aux : bool
        ``f`` returns a pair ``(value, extra)``, and only the value is differentiated.

    Returns
    -------
    callable
        Called like ``f``, returns ``(value, gradient)``, or ``((value, extra), gradient)``. The
        gradient has the structure and the shapes of the argument; a tuple of them for several.

    Raises
    ------
    TypeError, ValueError
        If an argument is not made of floating-point arrays, or ``f`` does not return a number.

    Examples
    --------
    >>> value, g = value_and_grad(lambda p: np.sum(p ** 2))(np.array([1.0, 2.0]))
    >>> float(value), g.tolist()
    (5.0, [2.0, 4.0])
    """
    given = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    reach = max(given, default=-1) if min(given, default=0) >= 0 else float("inf")

    @functools.wraps(f, assigned=_ASSIGNED, updated=())
    def with_gradient(*args: Any, **kwargs: Any) -> Any:
        numbers = given if reach < len(args) else _picked(_caller, given, args)
        tape = Tape()
        flat, replaced = _variables(_caller, args, numbers, tape)
        y = _run(f, replaced, kwargs, tape)
        extra = None
        if has_aux:
            if not isinstance(y, tuple) or len(y) != 2:
                raise errors.not_pair(_caller, type(y).__name__)
            y, extra = y
            extra = tree.like(extra, [_untraced(e, tape) for e in tree.leaves(extra)])
        if type(y) is Variable and y.origin is tape:
            value, index = y.value, y.index
            del y
        elif isinstance(y, (Traced, np.ndarray, np.generic, float, int, complex)):
            value, index = y, None
        else:
            raise errors.not_scalar_kind(_caller, type(y).__name__, has_aux)
        if isinstance(value, (Traced, np.ndarray)) and value.shape != ():
            raise errors.not_scalar(_caller, value.shape)
        if index is None:
            gradients = [None] * len(flat)
        elif value.dtype.kind == "c":
            raise errors.complex_inside(_caller)
        else:
            gradients = backward(tape, index, value.dtype.type(1), len(flat), release=True)
        result = _parts(args, numbers, _finish(gradients, flat, _caller))
        gradient = result[0] if isinstance(argnums, int) else tuple(result)
        return ((value, extra), gradient) if has_aux else (value, gradient)

    return with_gradient


def _untraced(x: Any, origin: Any) -> Any:
    return x.value if _is(x, origin) else x


def grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """Make a function that returns the gradient of a scalar function, by reverse mode.

    Parameters
    ----------
    f : callable
        Takes arrays, or dicts, lists and tuples of arrays, and returns a number.
    argnums : int or sequence of int
        Which positional arguments to differentiate. The others may be anything.
    has_aux : bool
        ``f`` returns a pair ``(value, extra)``, and only the value is differentiated.

    Returns
    -------
    callable
        Called like ``f``; returns the gradient, of the structure and the shapes of the argument
        (a tuple of them for several), or ``(gradient, extra)``.

    Raises
    ------
    TypeError, ValueError
        If an argument is not made of floating-point arrays, or ``f`` does not return a number.

    Examples
    --------
    >>> grad(lambda p: np.sum(np.sin(p)))(np.zeros(3)).tolist()
    [1.0, 1.0, 1.0]
    """
    both = value_and_grad(f, argnums, has_aux, "grad")

    @functools.wraps(f, assigned=_ASSIGNED, updated=())
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, g = both(*args, **kwargs)
        return (g, value[1]) if has_aux else g

    return gradient


def vjp(F: Callable[[Any], Any], x: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Return the value of a function, and its pullback: the product of a vector with the Jacobian.

    Parameters
    ----------
    F : callable
        Takes and returns an array, or a dict, list or tuple of arrays.
    x : ndarray, or a dict, list or tuple of them
        Where to differentiate.

    Returns
    -------
    value : ndarray, or a structure of them
    pullback : callable
        ``pullback(v)``, with v of the structure and shapes of the value, is ``v J``, of the
        structure and shapes of x. It may be called as often as needed.

    Raises
    ------
    TypeError, ValueError
        If x is not made of floating-point arrays, if v does not fit the value, or if an array that
        F used was changed in place before the pullback.

    Examples
    --------
    >>> value, pullback = vjp(lambda x: x ** 2, np.array([1.0, 2.0]))
    >>> pullback(np.array([10.0, 100.0])).tolist()
    [20.0, 400.0]
    """
    y, pullback, captured = _vjp(F, x)
    marks = [_mark(a) for a in captured]

    def checked(v: Any) -> Any:
        for a, mark in zip(captured, marks, strict=True):
            if _mark(a) != mark:
                raise errors.mutated_later(a.shape)
        return pullback(v)

    return y, checked


def _vjp(F: Callable[[Any], Any], x: Any) -> tuple[Any, Callable[[Any], Any], list[np.ndarray]]:
    """Return what `vjp` does, and the arrays that must not change before the pullback."""
    flat = _inputs("vjp", x, "`x`")
    tape = Tape()
    y = _run(F, [tree.like(x, _record(tape, flat))], {}, tape)
    captured = list(tape.captured.values())
    outputs = tree.leaves(y)
    values = [_untraced(o, tape) for o in outputs]
    places = [o.index if _is(o, tape) else None for o in outputs]
    for value in values:
        if not isinstance(value, Traced) and np.asarray(value).dtype.kind == "c":
            raise errors.complex_inside("vjp")
    y = tree.like(y, values)

    def pullback(v: Any) -> Any:
        if not tree.same(y, v):
            raise errors.not_structure("pullback", "v", tree.describe(y), tree.describe(v))
        totals: list[Any] = [None] * len(flat)
        for value, place, seed in zip(values, places, tree.leaves(v), strict=True):
            if not isinstance(seed, Traced):
                seed = np.asarray(seed, dtype=np.asarray(plain(value)).dtype)
            if seed.shape != np.shape(value):
                raise errors.not_like("pullback", "v", np.shape(value), seed.shape)
            if place is None:
                continue
            for k, g in enumerate(backward(tape, place, seed, len(flat))):
                if g is not None:
                    totals[k] = g if totals[k] is None else totals[k] + g
        seeds = {id(s) for s in tree.leaves(v)}
        totals = [
            np.array(g) if id(g) in seeds and not isinstance(g, Traced) else g for g in totals
        ]
        return tree.like(x, _finish(totals, flat, "vjp"))

    return y, pullback, captured


def _mark(array: np.ndarray) -> int:
    """Checksum of an array's contents, which tells whether it was changed."""
    return zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data) if array.size else 0


def jvp(F: Callable[[Any], Any], x: Any, v: Any) -> tuple[Any, Any]:
    """Return the value of a function, and its Jacobian times a vector, by forward mode.

    Parameters
    ----------
    F : callable
        Takes and returns an array, or a dict, list or tuple of arrays.
    x : ndarray, or a dict, list or tuple of them
        Where to differentiate.
    v : the structure and shapes of x
        The tangent: the velocity with which x moves.

    Returns
    -------
    value, tangent : ndarray, or a structure of them
        ``F(x)``, and ``J v``, the velocity with which it moves.

    Raises
    ------
    TypeError, ValueError
        If x is not made of floating-point arrays, or v does not fit x.

    Examples
    --------
    >>> value, tangent = jvp(lambda x: x ** 2, np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    >>> tangent.tolist()
    [2.0, 0.0]
    """
    forward = Forward()
    y = _pushed("jvp", F, x, v, forward)
    values = [_untraced(o, forward) for o in tree.leaves(y)]
    for value in values:
        _real("jvp", value)
    return tree.like(y, values), tree.like(y, _tangents("jvp", y, forward))


def _pushed(caller: str, F: Callable[[Any], Any], x: Any, v: Any, forward: Forward) -> Any:
    """Call F on duals."""
    flat = _inputs(caller, x, "`x`")
    if not tree.same(x, v):
        raise errors.not_structure(caller, "v", tree.describe(x), tree.describe(v))
    duals = []
    for a, t in zip(flat, tree.leaves(v), strict=True):
        if not isinstance(t, Traced):
            t = np.asarray(t, dtype=a.dtype)
        if t.shape != a.shape:
            raise errors.not_like(caller, "v", a.shape, t.shape)
        duals.append(Dual(a, forward, t))
    y = F(tree.like(x, duals))
    forward.__class__ = FinishedForward
    return y


def _tangents(caller: str, y: Any, forward: Forward) -> list[Any]:
    """List the tangents of the arrays of y, as arrays of their own."""
    tangents = []
    for o in tree.leaves(y):
        t = o.tangent if _is(o, forward) else np.zeros(np.shape(o), np.asarray(plain(o)).dtype)
        _real(caller, t)
        tangents.append(t if isinstance(t, Traced) else np.array(t))
    return tangents


def _real(caller: str, value: Any) -> None:
    if not isinstance(value, Traced) and np.asarray(value).dtype.kind == "c":
        raise errors.complex_inside(caller)


def hvp(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """Make a function that multiplies the Hessian of a scalar function with a vector.

    The slope in the direction v is a number, and its gradient is the Hessian times v: reverse mode
    over forward mode. It costs a small multiple of a gradient, and the matrix is never formed.
    Forward over reverse, ``jvp(grad(f), x, v)``, does the same with less memory (Pearlmutter 1994),
    but carries along a gradient that nobody asked for. Nor is the value of f computed, where it is
    a softplus that no rule asks for.

    Parameters
    ----------
    f : callable
        Takes arrays, or dicts, lists and tuples of arrays, and returns a number.
    argnums : int
        Which positional argument to differentiate.

    Returns
    -------
    callable
        ``hvp(f)(x, v)``, with v of the structure and shapes of x, is ``H v``, which has them too.
        With more arguments of f: ``hvp(f)(*args, v)``.

    Examples
    --------
    >>> hvp(lambda p: p[0] ** 2 * p[1])(np.array([1.0, 3.0]), np.array([1.0, 0.0])).tolist()
    [6.0, 2.0]
    """

    def slope(x: Any, along: Callable[[Any], Any], v: Any) -> Any:
        forward = Forward(tangents_only=True)
        y = _pushed("hvp", along, x, v, forward)
        return tree.like(y, _tangents("hvp", y, forward))

    both = value_and_grad(slope, _caller="hvp")

    def product(*args: Any, **kwargs: Any) -> Any:
        *point, v = args
        (n,) = _picked("hvp", argnums, point)
        return both(point[n], lambda x: f(*_replaced(point, [n], [x]), **kwargs), v)[1]

    return product


def jacobian(F: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Make a function that returns the Jacobian, of shape ``out + in``.

    Parameters
    ----------
    F : callable
        Takes and returns an array, or a dict, list or tuple of arrays.
    argnums : int or sequence of int
        Which positional arguments to differentiate.

    Returns
    -------
    callable
        Called like ``F``; returns for each array of the result the structure of the argument,
        with Jacobians of shape ``out.shape + in.shape`` as its arrays.

    Examples
    --------
    >>> jacobian(lambda x: np.array([[1.0, 2.0], [3.0, 4.0]]) @ x)(np.zeros(2)).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """

    def matrices(*args: Any, **kwargs: Any) -> Any:
        numbers = _picked("jacobian", argnums, args)
        x = tuple(args[n] for n in numbers)
        flat = _inputs("jacobian", x, "the argument")

        def of(x: Any) -> Any:
            return F(*_replaced(args, numbers, x), **kwargs)

        y, pullback, _ = _vjp(of, x)  # used at once: nothing can change in between
        outputs = tree.leaves(y)
        zeros = [np.zeros(np.shape(o), np.asarray(plain(o)).dtype) for o in outputs]
        size = sum(a.size for a in flat)
        rows = []
        for k, zero in enumerate(zeros):
            if zero.size > 2 * size:
                rows.append(_by_columns(of, x, flat, k, zero))
            else:
                rows.append(_by_rows(pullback, y, zeros, k, flat))
        blocks = [tree.like(x, row) for row in rows]
        return tree.like(y, [block[0] if isinstance(argnums, int) else block for block in blocks])

    return matrices


_CHUNK = 512  # unit vectors in one pass: enough for speed, and bounds the memory


def _units(zero: np.ndarray) -> Any:
    """Yield the unit vectors of the shape of ``zero`` in batches, and where each begins."""
    for start in range(0, zero.size, _CHUNK):
        stop = min(start + _CHUNK, zero.size)
        identity = np.zeros((stop - start, zero.size), zero.dtype)
        identity[np.arange(stop - start), np.arange(start, stop)] = 1
        units = slice(start, stop) if zero.ndim == 1 else None
        yield start, Batch(identity.reshape(-1, *zero.shape), Batches(stop - start), units)


def _by_rows(pullback: Any, y: Any, zeros: Any, k: int, flat: Any) -> list[Any]:
    """Jacobians of output k: a pullback of each of its unit vectors."""
    zero = zeros[k]
    jacobians = [np.zeros((zero.size, *x.shape), x.dtype) for x in flat]
    for start, unit in _units(zero):
        v = tree.like(y, [*zeros[:k], unit, *zeros[k + 1 :]])
        for j, g in enumerate(tree.leaves(pullback(v))):
            if isinstance(g, Batch) and g.origin is unit.origin:
                jacobians[j] = _filled_rows(jacobians[j], start, g.settled())
    return [np.reshape(J, zero.shape + x.shape) for J, x in zip(jacobians, flat, strict=True)]


def _filled_rows(J: Any, start: int, rows: Any) -> Any:
    """Put rows into a matrix of zeros, without copying where they are all of it."""
    stop = start + rows.shape[0]
    if rows.shape == J.shape:
        return rows
    if isinstance(J, Traced) or isinstance(rows, Traced):
        return np.concatenate([J[:start], rows, J[stop:]])
    J[start:stop] = rows
    return J


def _by_columns(F: Any, x: Any, flat: Any, k: int, zero: np.ndarray) -> list[Any]:
    """Jacobians of output k: a pushforward of each unit vector of the inputs."""
    jacobians = []
    zeros = [np.zeros(a.shape, a.dtype) for a in flat]
    for j, a in enumerate(flat):
        columns = np.zeros((a.size, *zero.shape), zero.dtype)
        for start, unit in _units(zeros[j]):
            v = tree.like(x, [*zeros[:j], unit, *zeros[j + 1 :]])
            t = tree.leaves(jvp(F, x, v)[1])[k]
            if isinstance(t, Batch) and t.origin is unit.origin:
                columns = _filled_rows(columns, start, t.settled())
        jacobians.append(np.reshape(np.moveaxis(columns, 0, -1), zero.shape + a.shape))
    return jacobians


def hessian(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Make a function that returns the Hessian of a scalar function, of shape ``in + in``.

    Parameters
    ----------
    f : callable
        Takes arrays, or dicts, lists and tuples of arrays, and returns a number.
    argnums : int or sequence of int
        Which positional arguments to differentiate.

    Returns
    -------
    callable
        Called like ``f``; returns an array of shape ``x.shape + x.shape``, or for a structured
        argument the structure of structures.

    Examples
    --------
    >>> hessian(lambda p: p[0] ** 2 * p[1])(np.array([1.0, 3.0])).tolist()
    [[6.0, 2.0], [2.0, 0.0]]
    """
    return jacobian(grad(f, argnums), argnums)


_ = _rules  # the rules register themselves when they are imported
