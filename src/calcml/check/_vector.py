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
from calcml.check._scalar import Check, check_gradient, generator
from calcml.numeric._first import is_number
from calcml.numeric._lines import Lines, few_digits
from calcml.numeric._second import curvatures, second_derivatives

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
    strategy: str = "auto",
    method: str = "auto",
    rng: np.random.Generator | None = None,
    nearby: bool = True,
) -> GradientCheck:
    """Check a vector-Jacobian product: the gradient of ``<v, F(x)>`` for a fixed `v`.

    Parameters
    ----------
    F : callable
        Maps `x` to an array of shape out.
    vjp : callable
        ``vjp(x, v)`` in the form of `x`: the transposed Jacobian times `v`.
    x : number, array_like, or a dict, list or tuple of those
    v : array_like, shape out, optional
        Random if omitted, so that every output counts.
    strategy, method, rng, nearby
        As in `check_gradient`.

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
    rng = generator(rng, "check_vjp")
    parameters = Parameters(x, "check_vjp")
    value = as_values(F(parameters.unpack(parameters.vector.copy())), "check_vjp", "F(x)")
    if v is None:
        weights: Real = rng.standard_normal(value.shape)
    else:
        weights = as_point(v, "check_vjp", "v")
        if weights.shape != value.shape:
            raise ValueError(
                f"`check_vjp` needs `v` in the shape of `F(x)`, {value.shape}: came shape "
                f"{weights.shape}. Give `v` one entry for each output."
            )
    check = Check(
        lambda x: np.sum(weights * np.asarray(F(x))),
        lambda x: vjp(x, weights),
        x,
        strategy,
        method,
        rng,
        "check_vjp",
        "vjp(x, v)",
    )
    return check.run(nearby=nearby)


def check_jacobian(
    F: Callable[..., Any],
    jacobian: Any,
    x: ArrayLike,
    *,
    strategy: str = "auto",
    method: str = "auto",
    rng: np.random.Generator | None = None,
    nearby: bool = True,
) -> GradientCheck:
    """Check a Jacobian of shape out + in, all outputs at once in a random combination.

    Parameters
    ----------
    F : callable
        Maps shape s to shape out.
    jacobian : callable or values
        Maps shape s to shape out + s; or those values.
    x : array_like, shape s
    strategy, method, rng, nearby
        As in `check_gradient`.

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
    return _check_matrix(F, jacobian, x, rng, _JACOBIAN, strategy, method, nearby)


@dataclass(frozen=True)
class _Matrix:
    """What is checked entry by entry: the names for messages."""

    owner: str
    subject: str
    letter: str
    function: str

    def values(self, claim: Any, x: Any) -> Real:
        """Return the matrix at `x` from a function or from values."""
        name = self.subject.lower()
        made = claim(x) if callable(claim) else claim
        values = as_values(made, self.owner, f"{name}(x)" if callable(claim) else name)
        return values.astype(np.result_type(values, np.float64))

    def said(self, diagnosis: tuple[str, ...]) -> tuple[str, ...]:
        """Sentences about a gradient, or one parameter, as sentences about the matrix."""
        noun = f"the {self.subject}"
        return tuple(
            sentence.replace("the gradient", noun).replace(f": {self.letter} ", f": {noun} ")
            for sentence in diagnosis
        )


_JACOBIAN = _Matrix("check_jacobian", "Jacobian", "J", "F")
_HESSIAN = _Matrix("check_hessian", "Hessian", "H", "gradient")


@np.errstate(all="ignore")
def _check_matrix(
    F: Callable[..., Any],
    claim: Any,
    x: ArrayLike,
    rng: np.random.Generator | None,
    what: _Matrix,
    strategy: str = "auto",
    method: str = "auto",
    nearby: bool = True,
) -> GradientCheck:
    need_callable(F, what.owner, what.function)
    rng = generator(rng, what.owner)
    point = as_point(x, what.owner)
    number = is_number(x)
    call = f"{what.function}(x)"
    value = as_values(F(point[()] if number else point.copy()), what.owner, call)
    v = rng.standard_normal(value.shape)
    came = what.values(claim, point[()] if number else point.copy())
    if came.shape != value.shape + point.shape:
        result = _wrong_shape(came, value.shape + point.shape, what)
        return _or_transposed(result, F, came, point, number, rng, what)

    def claimed(x: Any) -> Any:
        return np.tensordot(v, what.values(claim, x), axes=v.ndim)

    check = Check(
        lambda x: np.sum(v * np.asarray(F(x))),
        claimed if callable(claim) else claimed(point),
        x,
        strategy,
        method,
        rng,
        what.owner,
    )
    result = replace(check.run(nearby=nearby), subject=what.subject)
    if result.index is None:
        return replace(result, diagnosis=what.said(result.diagnosis))
    if result.verdict != "wrong":
        # What was compared is a column, its outputs combined with random weights.
        places = [":"] * value.ndim + [str(i) for i in result.index]
        column = f"{what.letter}[{', '.join(places)}]" if places else what.letter
        return replace(result, worst=column, diagnosis=what.said(result.diagnosis))
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
        diagnosis=(f"shape: the {what.subject} has shape {came.shape}, and out + in is {shape}.",),
        subject=what.subject,
    )


def _or_transposed(
    result: GradientCheck,
    F: Any,
    came: Any,
    point: Any,
    number: bool,
    rng: np.random.Generator,
    what: _Matrix,
) -> GradientCheck:
    """Add a diagnosis if the transpose would pass."""
    if came.ndim != 2:
        return result
    lines = Lines(what.owner, F, point, scalar=False, scalar_input=number, name=what.function)
    u = rng.standard_normal(point.shape)
    slope = slope_along(lines, u)
    if came.T.shape != lines.out + point.shape:
        return result
    if not np.linalg.norm(came.T @ u - slope) <= 1e-6 * np.linalg.norm(slope):
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
    lines = Lines(what.owner, F, point, scalar=False, scalar_input=number, name=what.function)
    unit = np.zeros(point.shape)
    unit[result.index] = 1.0
    column = slope_along(lines, unit, "extrapolated")
    analytic = came[(..., *result.index)]
    row = tuple(int(i) for i in np.unravel_index(np.argmax(np.abs(column - analytic)), lines.out))
    # Sentences about the form of x would be about columns here.
    keep = ("constant", "sign", "float", "precision", "not finite", "stale", "state", "accumul")
    result = replace(
        result,
        worst=component(what.letter, row + result.index),
        index=row + result.index,
        analytic=float(analytic[row]),
        numerical=float(column[row]),
        diagnosis=tuple(
            sentence.replace(": x ", f": the {what.subject} ")
            for sentence in what.said(result.diagnosis)
            if sentence.startswith(keep)
        ),
    )
    if result.diagnosis:
        return result
    return _or_transposed(result, F, came, point, number, rng, what)


@np.errstate(all="ignore")
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
    rng = generator(rng, owner)
    point = as_point(x, owner)
    if gradient is not None:
        return _check_matrix(gradient, hessian, x, rng, _HESSIAN)
    came = _HESSIAN.values(hessian, point[()] if is_number(x) else point.copy())
    if came.shape != point.shape * 2:
        return _wrong_shape(came, point.shape * 2, _HESSIAN)
    n = point.size
    square = came.reshape(n, n)
    check = Check(f, came, x, "auto", "auto", rng, owner)
    if n <= SMALL:
        value, error = second_derivatives(check.lines, "richardson", None, want_error=True)
        along, slope, spread = None, value.ravel(), error.ravel()
    else:
        u = rng.choice([-1.0, 1.0], size=(3, n)) * rng.uniform(0.5, 1.0, size=(3, n))
        u *= np.maximum(1.0, np.abs(point.ravel())) / np.sqrt(n) / 8
        exact = few_digits(u)
        slope, spread = curvatures(check.lines.in_directions(exact))
        along = np.einsum("ki,kj->kij", exact, exact).reshape(3, n * n)
    nan: Real = np.full(len(slope), np.nan)
    scale = abs(float(check.lines.value))
    # The last differences of a table have steps of 1/64 of the first ones.
    noise = np.full(len(slope), check.lines.eps * scale * 8.0**2 * 64.0**2)
    evidence = Evidence(
        along, slope, spread, nan, nan, noise, scale, 0.0, "extrapolated second differences", 0.125
    )
    names = Parameters(np.zeros(came.shape), owner, "H")
    limits = limits_for(check.lines.eps)
    # Second differences keep about three digits fewer.
    limits = replace(limits, great=1e3 * limits.great, acceptable=1e2 * limits.acceptable)
    result, _ = judge(evidence, came.ravel(), names, limits, check.evaluations)
    result = replace(result, subject=_HESSIAN.subject, diagnosis=_HESSIAN.said(result.diagnosis))
    if np.max(np.abs(square - square.T), initial=0.0) > 1e-9 * np.max(np.abs(square), initial=0.0):
        result = replace(
            result, verdict="wrong", diagnosis=("not symmetric: a Hessian equals its transpose.",)
        )
    return result
