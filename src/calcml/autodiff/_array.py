"""How traced arrays take part in NumPy code: the protocols, the operators and the methods.

NumPy hands a call over to any argument that defines ``__array_ufunc__`` (for ``np.exp`` and its
kind) or ``__array_function__`` (for the others). Both look the function up in a table that
`calcml.autodiff.rules` fills. Operators and methods go to the same functions without that detour.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from calcml.autodiff import _errors as errors
from calcml.autodiff.engine import Traced, plain

FUNCTIONS: dict[Any, Callable[..., Any]] = {}
"""Which function differentiates a NumPy function; None stands for a derivative of zero."""

METHODS: dict[tuple[Any, str], Any] = {
    (np.add, "reduce"): np.sum,
    (np.multiply, "reduce"): np.prod,
    (np.maximum, "reduce"): np.max,
    (np.minimum, "reduce"): np.min,
    (np.add, "accumulate"): np.cumsum,
    (np.multiply, "accumulate"): np.cumprod,
    (np.multiply, "outer"): np.multiply.outer,
}


def deep_plain(x: Any) -> Any:
    """Values without tracing, also inside of lists, tuples and dicts of arguments."""
    if isinstance(x, (list, tuple)):
        return type(x)(map(deep_plain, x))
    if isinstance(x, dict):
        return {key: deep_plain(value) for key, value in x.items()}
    return plain(x)


ABSENT = object()


def array_ufunc(
    self: Any, ufunc: Any, method: str, a: Any, b: Any = ABSENT, *others: Any, **settings: Any
) -> Any:
    if method == "__call__" and not settings:
        operation = FUNCTIONS.get(ufunc)
        if operation is not None:
            return operation(a) if b is ABSENT else operation(a, b, *others)
    return unusual(ufunc, method, (a,) if b is ABSENT else (a, b, *others), settings)


def unusual(ufunc: Any, method: str, inputs: Any, settings: Any) -> Any:
    """Call another method of a ufunc, such as np.add.reduce; refuse what has no rule."""
    if method == "__call__":
        raise errors.keyword(ufunc, settings) if ufunc in FUNCTIONS else errors.no_rule(ufunc)
    if method == "outer":
        a, b = inputs
        return ufunc(np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b, **settings)
    function = METHODS.get((ufunc, method))
    if function is None:
        raise errors.no_method(ufunc, method)
    settings.setdefault("axis", 0)
    return FUNCTIONS[function](*inputs, **settings)


def array_function(self: Any, function: Any, types: Any, args: Any, settings: Any) -> Any:
    operation = FUNCTIONS.get(function)
    if operation is None:
        raise errors.no_rule(function)
    try:
        return operation(*args, **settings)
    except TypeError:
        check_settings(function, operation, settings)
        raise


def check_settings(function: Any, operation: Callable[..., Any], settings: Any) -> None:
    """Name the settings that an operation does not know, as in np.sum(x, dtype=...)."""
    known = inspect.signature(operation).parameters.values()
    extra = set(settings) - {p.name for p in known}
    if extra and not any(p.kind is p.VAR_KEYWORD for p in known):
        raise errors.keyword(function, extra) from None


def guarded(function: Any, operation: Callable[..., Any]) -> Callable[..., Any]:
    """Have a method name the settings that it does not know."""

    def method(*args: Any, **settings: Any) -> Any:
        try:
            return operation(*args, **settings)
        except TypeError:
            check_settings(function, operation, settings)
            raise

    return method


def constant(function: Callable[..., Any]) -> Callable[..., Any]:
    """Leave the value of a function untraced: its derivative is zero wherever it has one."""

    def operation(*args: Any, **settings: Any) -> Any:
        return function(*deep_plain(args), **deep_plain(settings))

    return operation


def refuse_assignment(self: Any, index: Any, value: Any) -> None:
    raise errors.assignment()


def refuse_conversion(kind: str) -> Callable[..., Any]:
    def operation(self: Any, *args: Any, **settings: Any) -> Any:
        raise errors.conversion(kind)

    return operation


def truth(self: Any) -> bool:
    value = plain(self)
    if value.size != 1:
        raise errors.truth(value.shape)
    return bool(value)


def length(self: Any) -> int:
    return len(plain(self))


def iterate(self: Any) -> Any:
    return (self[i] for i in range(len(self)))


def representation(self: Any) -> str:
    return f"{type(self).__name__}({plain(self)!r})"


def reflected(operation: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: operation(b, a)


def gathering(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Make a method that takes a shape in one piece or in several: x.reshape(2, 3)."""

    def method(self: Any, *args: Any, **settings: Any) -> Any:
        if len(args) > 1 or (args and isinstance(args[0], int)):
            args = (args,)
        return operation(self, *args, **settings)

    return method


def install(operators: dict[str, Callable[..., Any]]) -> None:
    """Give `Traced` its members, those of ndarray that make sense for it."""
    members: dict[str, Any] = dict(operators)
    members |= {
        "__array_ufunc__": array_ufunc,
        "__array_function__": array_function,
        "__setitem__": refuse_assignment,
        "__bool__": truth,
        "__len__": length,
        "__iter__": iterate,
        "__repr__": representation,
        "__hash__": object.__hash__,
        "__array__": refuse_conversion("a plain array"),
        "tolist": refuse_conversion("a list"),
        "item": refuse_conversion("a Python number"),
        "__float__": refuse_conversion("a Python float"),
        "__int__": refuse_conversion("a Python int"),
        "__index__": refuse_conversion("an index"),
        "__complex__": refuse_conversion("a Python complex"),
    }
    members |= {name: guarded(getattr(np, name), FUNCTIONS[getattr(np, name)]) for name in (
        "sum", "mean", "var", "std", "max", "min", "prod", "cumsum", "cumprod", "all", "any",
        "argmax", "argmin", "argsort", "dot", "trace", "diagonal", "repeat", "take", "ravel",
        "squeeze", "swapaxes", "clip", "copy", "round", "nonzero", "searchsorted",
    )}  # fmt: skip
    members |= {
        "reshape": gathering(FUNCTIONS[np.reshape]),
        "transpose": gathering(FUNCTIONS[np.transpose]),
        "flatten": FUNCTIONS[np.ravel],
        "conj": FUNCTIONS[np.conjugate],
        "T": property(FUNCTIONS[np.transpose]),
        "mT": property(FUNCTIONS[np.matrix_transpose]),
        "real": property(FUNCTIONS[np.real]),
    }
    for name, member in members.items():
        setattr(Traced, name, member)
