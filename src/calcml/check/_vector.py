"""Checks of vector-Jacobian products, Jacobians and Hessians, and the assertion for test suites."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from calcml._checks import Real, as_point, as_values, component, need_callable
from calcml.check._evidence import Evidence, slope_along
from calcml.check._judge import judge
from calcml.check._parameters import Parameters
from calcml.check._report import GradientCheck, limits_for
from calcml.check._scalar import Check, check_gradient
from calcml.numeric import hessian as numeric_hessian
from calcml.numeric._first import is_number
from calcml.numeric._lines import Lines
from calcml.numeric._second import curvatures

__all__ = ["assert_gradient", "check_hessian", "check_jacobian", "check_vjp"]

SMALL = 10
"""Up to this many components every entry of a Hessian is compared."""


def assert_gradient(f: Callable[..., Any], gradient: Any, x: Any, **options: Any) -> None:
    """Raise AssertionError with the whole report unless the gradient passes `check_gradient`.

    Parameters
    ----------
    f, gradient, x
        As in `check_gradient`.
    **options
        Passed on to it.

    Returns
    -------
    None
        If the gradient passes.

    Raises
    ------
    AssertionError
        Its message is the report: verdict, worst component, both values, diagnosis.

    Examples
    --------
    >>> from calcml.check import assert_gradient
    >>> assert_gradient(lambda x: x @ x, lambda x: 2 * x, [1.0, 2.0])
    """
    # Keeps pytest from showing this function instead of the line of the test.
    __tracebackhide__ = True
    result = check_gradient(f, gradient, x, **options)
    if not result:
        raise AssertionError(str(result))


def check_vjp(
    F: Callable[..., Any],
    vjp: Callable[..., Any],
    x: Any,
    v: ArrayLike | None = None,
    *,
    rng: np.random.Generator | None = None,
    **options: Any,
) -> GradientCheck:
    """Check a vector-Jacobian product: the gradient of ``<v, F(x)>`` for a fixed `v`.

    Parameters
    ----------
    F : callable
        Maps `x` to an array of shape out.
    vjp : callable
        ``vjp(x, v)`` in the form of `x`: the transposed Jacobian times `v`.
    x : number, array_like, dict, list or tuple of arrays
    v : array_like, shape out, optional
        Random if omitted, so that every output counts.
    rng : numpy.random.Generator, optional
    **options
        Passed on to `check_gradient`.

    Returns
    -------
    GradientCheck

    Examples
    --------
    >>> from calcml.check import check_vjp
    >>> bool(check_vjp(np.sin, lambda x, v: v * np.cos(x), [1.0, 2.0]))
    True
    """
    need_callable(F, "check_vjp", "F")
    need_callable(vjp, "check_vjp", "vjp")
    rng = np.random.default_rng(0) if rng is None else rng
    parameters = Parameters(x, "check_vjp")
    value = as_values(F(parameters.unpack(parameters.vector)), "check_vjp", "F(x)")
    if v is None:
        weights: Real = rng.standard_normal(value.shape)
    else:
        weights = as_point(v, "check_vjp", "v")
        if weights.shape != value.shape:
            raise ValueError(
                f"`check_vjp` needs `v` in the shape of `F(x)`, {value.shape}: came shape "
                f"{weights.shape}. Give `v` one entry for each output."
            )
    return check_gradient(
        lambda x: np.sum(weights * F(x)), lambda x: vjp(x, weights), x, rng=rng, **options
    )


def check_jacobian(
    F: Callable[..., Any],
    jacobian: Any,
    x: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    **options: Any,
) -> GradientCheck:
    """Check a Jacobian of shape out + in, all outputs at once in a random combination.

    Parameters
    ----------
    F : callable
        Maps shape s to shape out.
    jacobian : callable or values
        Maps shape s to shape out + s; or those values.
    x : array_like, shape s
    rng : numpy.random.Generator, optional
    **options
        Passed on to `check_gradient`.

    Returns
    -------
    GradientCheck
        The worst entry is named ``J[i, j]``, output first.

    Examples
    --------
    >>> from calcml.check import check_jacobian
    >>> bool(check_jacobian(np.sin, lambda x: np.diag(np.cos(x)), [1.0, 2.0]))
    True
    """
    rng = np.random.default_rng(0) if rng is None else rng
    return _check_matrix(F, jacobian, x, rng, _JACOBIAN, **options)


@dataclass(frozen=True)
class _Matrix:
    """What is checked entry by entry: the names for messages."""

    owner: str
    noun: str
    letter: str


_JACOBIAN = _Matrix("check_jacobian", "the Jacobian", "J")
_HESSIAN = _Matrix("check_hessian", "the Hessian", "H")


def _check_matrix(
    F: Callable[..., Any],
    jacobian: Any,
    x: ArrayLike,
    rng: np.random.Generator,
    what: _Matrix,
    **options: Any,
) -> GradientCheck:
    need_callable(F, what.owner, "F")
    point = as_point(x, what.owner)
    number = is_number(x)
    value = as_values(F(point[()] if number else point.copy()), what.owner, "F(x)")
    v = rng.standard_normal(value.shape)

    def entries(x: Any) -> Any:
        return np.asarray(jacobian(x) if callable(jacobian) else jacobian, dtype=np.float64)

    came = entries(point[()] if number else point.copy())
    if came.shape != value.shape + point.shape:
        result = _wrong_shape(came, value.shape + point.shape, what)
        return _or_transposed(result, F, came, point, rng, what)

    def claimed(x: Any) -> Any:
        return np.tensordot(v, entries(x), axes=v.ndim)

    result = check_gradient(
        lambda x: np.sum(v * F(x)),
        claimed if callable(jacobian) else claimed(point),
        x,
        rng=rng,
        **options,
    )
    if result.verdict != "wrong" or result.index is None:
        return result
    return _worst_entry(F, came, point, number, result, rng, what)


def _wrong_shape(came: Any, shape: tuple[int, ...], what: _Matrix) -> GradientCheck:
    nan = float("nan")
    return GradientCheck(
        verdict="wrong",
        relative_error=float("inf"),
        worst=what.letter,
        index=None,
        analytic=nan,
        numerical=nan,
        error=nan,
        method="shapes",
        step=0.0,
        evaluations=1,
        diagnosis=(f"shape: {what.noun} has shape {came.shape}, and out + in is {shape}.",),
    )


def _or_transposed(
    result: GradientCheck, F: Any, came: Any, point: Any, rng: np.random.Generator, what: _Matrix
) -> GradientCheck:
    """Add a diagnosis if the transpose would pass."""
    if came.ndim != 2 or (result.diagnosis[:1] and result.diagnosis[0].startswith("transposed")):
        return result
    lines = Lines(what.owner, F, point, scalar=False, name="F")
    u = rng.standard_normal(point.shape)
    slope = slope_along(lines, u)
    if came.T.shape != lines.out + point.shape:
        return result
    if np.linalg.norm(came.T @ u - slope) > 1e-6 * np.linalg.norm(slope):
        return result
    return replace(result, diagnosis=(*result.diagnosis, "transposed: its transpose is right."))


def _worst_entry(
    F: Any,
    came: Any,
    point: Any,
    number: bool,
    result: GradientCheck,
    rng: np.random.Generator,
    what: _Matrix,
) -> GradientCheck:
    """Name the output that differs most in the column of the worst component."""
    assert result.index is not None
    lines = Lines(what.owner, F, point, scalar=False, scalar_input=number, name="F")
    unit = np.zeros(point.shape)
    unit[result.index] = 1.0
    column = slope_along(lines, unit, "extrapolated")
    analytic = came[(..., *result.index)]
    row = tuple(int(i) for i in np.unravel_index(np.argmax(np.abs(column - analytic)), lines.out))
    # Sentences about the form of x would be about columns here.
    keep = ("constant", "sign", "float32", "precision")
    result = replace(
        result,
        worst=component(what.letter, row + result.index),
        index=row + result.index,
        analytic=float(analytic[row]),
        numerical=float(column[row]),
        diagnosis=tuple(
            sentence.replace("the gradient", what.noun).replace(": x ", f": {what.noun} ")
            for sentence in result.diagnosis
            if sentence.startswith(keep)
        ),
    )
    return _or_transposed(result, F, came, point, rng, what) if not result.diagnosis else result


def check_hessian(
    f: Callable[..., Any],
    hessian: Any,
    x: ArrayLike,
    *,
    gradient: Callable[..., Any] | None = None,
    rng: np.random.Generator | None = None,
) -> GradientCheck:
    """Check a Hessian against second differences, or against a gradient that is known to be right.

    Parameters
    ----------
    f : callable
        Maps shape s to a number.
    hessian : callable or values
        Maps shape s to shape s + s; or those values.
    x : array_like, shape s
    gradient : callable, optional
        Maps shape s to shape s; with it the check sees smaller errors.
    rng : numpy.random.Generator, optional
        Draws directions where there are more than 10 components.

    Returns
    -------
    GradientCheck

    Examples
    --------
    >>> from calcml.check import check_hessian
    >>> bool(check_hessian(lambda x: x[0] * x[1], [[0.0, 1.0], [1.0, 0.0]], [3.0, 4.0]))
    True
    """
    owner = "check_hessian"
    need_callable(f, owner)
    rng = np.random.default_rng(0) if rng is None else rng
    point = as_point(x, owner)
    if gradient is not None:
        need_callable(gradient, owner, "gradient")
        return _check_matrix(gradient, hessian, x, rng, _HESSIAN)
    came = np.asarray(hessian(point.copy()) if callable(hessian) else hessian, dtype=np.float64)
    if came.shape != point.shape * 2:
        return _wrong_shape(came, point.shape * 2, _HESSIAN)
    n = point.size
    square = came.reshape(n, n)
    check = Check(f, came, point, "auto", "auto", rng, owner)
    if n <= SMALL:
        value, error = numeric_hessian(check.f, point, method="richardson", return_error=True)
        along, slope, spread = None, value.ravel(), error.ravel()
    else:
        u = rng.choice([-1.0, 1.0], size=(3, n)) * rng.uniform(0.5, 1.0, size=(3, n))
        u *= np.maximum(1.0, np.abs(point.ravel())) / np.sqrt(n) / 8
        slope, spread = curvatures(check.lines.in_directions(u))
        along = np.einsum("ki,kj->kij", u, u).reshape(3, n * n)
    nan = np.full(len(slope), np.nan)
    scale = abs(float(check.lines.value))
    evidence = Evidence(
        along, slope, spread, nan, nan, scale, "extrapolated second differences", 0.125
    )
    names = Parameters(came, owner, "H")
    limits = limits_for(check.lines.eps)
    # Second differences keep about three digits fewer.
    limits = replace(limits, great=1e3 * limits.great, acceptable=1e2 * limits.acceptable)
    result, _ = judge(evidence, came.ravel(), names, limits, check.evaluations)
    if np.max(np.abs(square - square.T), initial=0.0) > 1e-9 * np.max(np.abs(square), initial=0.0):
        result = replace(
            result, verdict="wrong", diagnosis=("not symmetric: a Hessian equals its transpose.",)
        )
    return result
