"""The same function with another library in the place of NumPy.

A row is ordinary code that says ``np``. Run with complex arithmetic in which ``abs`` and friends
stay analytic, it gives the complex step; run with ``jax.numpy``, it is checked by JAX. Nothing is
written twice: the very code of the row runs, with the name ``np`` bound to something else.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["ANALYTIC", "rebased"]

Function = Callable[..., Any]


def rebased(
    function: Function, namespace: Any, seen: dict[int, Function] | None = None
) -> Function:
    """Copy a function, and those it calls from the package, with `np` bound to `namespace`."""
    seen = {} if seen is None else seen
    if id(function) in seen:
        return seen[id(function)]
    copy = types.FunctionType(
        function.__code__, {}, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    seen[id(function)] = copy
    used = _names(function.__code__)
    for name, thing in function.__globals__.items():
        inner = getattr(thing, "function", thing)  # a row stands for its function
        if thing is np:
            thing = namespace
        elif (
            isinstance(inner, types.FunctionType)
            and inner.__module__.startswith("calcml.")
            and name in used
        ):
            thing = rebased(inner, namespace, seen)
        copy.__globals__[name] = thing
    return copy


def _names(code: types.CodeType) -> set[str]:
    """Global names that a function uses, those of its inner functions included."""
    inner = (c for c in code.co_consts if isinstance(c, types.CodeType))
    return set(code.co_names).union(*map(_names, inner))


# NumPy for complex arguments near the real axis: each function continues its real one, where NumPy
# has another (abs, norm, sign) or none.


def _real(x: Any) -> Any:
    return np.real(x)


def _abs(x: Any) -> Any:
    return np.where(_real(x) < 0, -1, 1) * x


def _where_larger(a: Any, b: Any) -> Any:
    return np.where(_real(a) >= _real(b), a, b)


def _where_smaller(a: Any, b: Any) -> Any:
    return np.where(_real(a) <= _real(b), a, b)


def _max(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    x = np.asarray(x)
    if axis is None:
        found = x.ravel()[np.argmax(_real(x))]
        return np.reshape(found, (1,) * x.ndim) if keepdims else found
    at = np.expand_dims(np.argmax(_real(x), axis=axis), axis)
    found = np.take_along_axis(x, at, axis)
    return found if keepdims else np.squeeze(found, axis)


def _min(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return -_max(-np.asarray(x), axis, keepdims)


def _norm(
    x: Any,
    ord: Any = None,
    axis: Any = None,
    keepdims: bool = False,
) -> Any:
    x = np.asarray(x)
    if axis is None and x.ndim > 1 and ord not in (None, "fro"):
        raise ValueError(f"the matrix norm of order {ord} has no complex step: use differences.")
    if ord == 1:
        return np.sum(_abs(x), axis=axis, keepdims=keepdims)
    if ord == np.inf:
        return _max(_abs(x), axis, keepdims)
    p = 2 if ord in (None, "fro", 2) else ord
    return np.sum(_abs(x) ** p, axis=axis, keepdims=keepdims) ** (1 / p)


def _slogdet(a: Any) -> Any:
    sign, log = np.linalg.slogdet(a)
    turn = np.where(_real(sign) < 0, -1.0, 1.0)
    return turn, log + 1j * np.angle(sign * turn)


def _log1p(x: Any) -> Any:
    # NumPy's complex log1p loses the imaginary part of tiny arguments; its slope is 1 / (1 + x).
    real = _real(x)
    return np.log1p(real) + 1j * np.imag(x) / (1 + real)


def _arctan2(y: Any, x: Any) -> Any:
    angle = np.arctan2(_real(y), _real(x))
    change = _real(x) * np.imag(y) - _real(y) * np.imag(x)
    return angle + 1j * change / (_real(x) ** 2 + _real(y) ** 2)


class _Analytic:
    """NumPy, with some of its functions replaced by their continuation to complex numbers."""

    def __init__(self, base: Any, **own: Any) -> None:
        self._base, self._own = base, own

    def __getattr__(self, name: str) -> Any:
        own = self._own
        return own[name] if name in own else getattr(self._base, name)


ANALYTIC = _Analytic(
    np,
    abs=_abs,
    sign=lambda x: np.sign(_real(x)),
    maximum=_where_larger,
    minimum=_where_smaller,
    max=_max,
    min=_min,
    clip=lambda x, low, high: _where_smaller(_where_larger(x, low), high),
    log1p=_log1p,
    logaddexp=lambda a, b: _where_larger(a, b) + _log1p(np.exp(-_abs(a - b))),
    arctan2=_arctan2,
    linalg=_Analytic(np.linalg, norm=_norm, slogdet=_slogdet),
)
"""NumPy for the complex step."""
