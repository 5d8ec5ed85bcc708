"""First derivatives: of numbers, of scalar functions of arrays, along a direction, Jacobians."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from calcml._checks import Real, as_point, as_step, as_tangent, need_choice
from calcml.numeric._complex import complex_step
from calcml.numeric._differences import difference
from calcml.numeric._elementwise import Elementwise
from calcml.numeric._lines import Lines
from calcml.numeric._richardson import richardson

METHODS = ("central", "forward", "backward", "complex", "richardson")
"""The words that `method` may be."""


def slopes(lines: Lines, method: str, h: Real | None, *, want_error: bool) -> tuple[Real, Real]:
    """Slope of every line with its error estimate, by the method of that name."""
    step = None if h is None else np.ravel(h)
    if method == "complex":
        return complex_step(lines, step)
    if method == "richardson":
        return richardson(lines, step)
    return difference(lines, method, step, want_error=want_error)


def is_number(x: object) -> bool:
    """Whether the caller wrote a number, so that the function should be called on one."""
    return isinstance(x, (int, float, np.generic))


def finish(value: Real, error: Real, x: Real, return_error: bool) -> Any:
    """Results in the number format of `x`, as a number where the shape is ()."""
    value, error = value.astype(x.dtype)[()], error.astype(x.dtype)[()]
    return (value, error) if return_error else value


@np.errstate(all="ignore")
def derivative(
    f: Callable[..., Any],
    x: ArrayLike,
    *,
    method: str = "central",
    h: ArrayLike | None = None,
    return_error: bool = False,
) -> Any:
    """Differentiate a function of one variable, at one point or at every point of an array.

    Parameters
    ----------
    f : callable
        At a number `x`: any function of one number, with values of any shape. At an array `x`:
        a function that acts entry by entry, such as ``np.sin``.
    x : number or array_like, shape s
    method : {"central", "forward", "backward", "complex", "richardson"}
    h : number or array_like, shape s, optional
        The step; chosen from the method, `x` and the number format if omitted.
    return_error : bool
        Also return an estimate of the absolute error.

    Returns
    -------
    number or ndarray
        In the shape of ``f(x)``; with `return_error` a pair of those.

    Raises
    ------
    ValueError
        If `f` has no values next to `x`, or mixes the entries of an array.

    Examples
    --------
    >>> from calcml.numeric import derivative
    >>> round(float(derivative(np.exp, 0.0)), 8)
    1.0
    """
    need_choice(method, METHODS, "derivative", "method")
    point = as_point(x, "derivative")
    step = as_step(h, point, "derivative", moves=method != "complex")
    if point.ndim:
        entries = Elementwise("derivative", f, point)
        entries.need_separate()
        value, error = slopes(entries, method, step, want_error=return_error)
        return finish(value.reshape(point.shape), error.reshape(point.shape), point, return_error)
    lines = Lines("derivative", f, point, scalar=False, scalar_input=is_number(x))
    value, error = slopes(lines, method, step, want_error=return_error)
    return finish(value[0], error[0], point, return_error)


@np.errstate(all="ignore")
def gradient(
    f: Callable[..., Any],
    x: ArrayLike,
    *,
    method: str = "central",
    h: ArrayLike | None = None,
    return_error: bool = False,
    batched: bool = False,
) -> Any:
    """Gradient of a scalar function, from its values.

    For each component "central" calls `f` twice, the others once, "richardson" about 13 times.

    Parameters
    ----------
    f : callable
        Maps shape s to a number; with `batched`, shape (p,) + s to shape (p,).
    x : array_like, shape s
    method : {"central", "forward", "backward", "complex", "richardson"}
    h : number or array_like, shape s, optional
        The step: the longest one for "richardson", an imaginary one for "complex". Chosen for each
        component if omitted.
    return_error : bool
        Also return an estimate of the absolute error; infinite where no derivative was found.
    batched : bool

    Returns
    -------
    ndarray, shape s

    Raises
    ------
    ValueError
        If no side of `x` has values, or `f` is not analytic as "complex" needs, and more.

    Examples
    --------
    >>> from calcml.numeric import gradient
    >>> gradient(lambda x: x[0] ** 2 + 3 * x[1], [2.0, 1.0]).round(6).tolist()
    [4.0, 3.0]
    """
    need_choice(method, METHODS, "gradient", "method")
    point = as_point(x, "gradient")
    step = as_step(h, point, "gradient", moves=method != "complex")
    lines = Lines("gradient", f, point, batched=batched, scalar_input=is_number(x))
    value, error = slopes(lines, method, step, want_error=return_error)
    return finish(value.reshape(point.shape), error.reshape(point.shape), point, return_error)


@np.errstate(all="ignore")
def directional_derivative(
    f: Callable[..., Any],
    x: ArrayLike,
    u: ArrayLike,
    *,
    method: str = "central",
    h: float | None = None,
    return_error: bool = False,
) -> Any:
    """Differentiate along a direction: d/dt ``f(x + t * u)`` at 0, which is ``<gradient, u>``.

    Two calls of `f` by central differences, whatever the number of components. `u` is taken as it
    comes: it is a slope per unit of distance only if `u` has length 1, as from `geometry.unit`.

    Parameters
    ----------
    f : callable
        Maps shape s to a number.
    x, u : array_like, shape s
    method : {"central", "forward", "backward", "complex", "richardson"}
    h : float, optional
        The step in t.
    return_error : bool

    Returns
    -------
    number
        With `return_error` a pair, with an estimate of the absolute error.

    Raises
    ------
    TypeError, ValueError
        As `gradient`, and if `u` has another shape than `x`.

    Examples
    --------
    >>> from calcml.numeric import directional_derivative
    >>> round(float(directional_derivative(lambda x: x @ x, [3.0, 4.0], [0.6, 0.8])), 6)
    10.0
    """
    owner = "directional_derivative"
    need_choice(method, METHODS, owner, "method")
    point = as_point(x, owner)
    direction = as_tangent(u, point, owner, "u").astype(point.dtype)
    step = as_step(h, point, owner, direction, moves=method != "complex")
    lines = Lines(owner, f, point, direction[None], scalar_input=is_number(x))
    lines.direction = "`u`"
    value, error = slopes(lines, method, step, want_error=return_error)
    return finish(value[0], error[0], point, return_error)


@np.errstate(all="ignore")
def jacobian(
    F: Callable[..., Any],
    x: ArrayLike,
    *,
    method: str = "central",
    h: ArrayLike | None = None,
    return_error: bool = False,
    batched: bool = False,
) -> Any:
    """Jacobian of a function with array values, from its values.

    Parameters
    ----------
    F : callable
        Maps shape s to shape out; with `batched`, shape (p,) + s to shape (p,) + out.
    x : array_like, shape s
    method, h, return_error, batched
        As in `gradient`.

    Returns
    -------
    ndarray, shape out + s
        Entry [i, j] is the derivative of output i in component j; nothing is squeezed.

    Raises
    ------
    TypeError, ValueError
        As `gradient`.

    Examples
    --------
    >>> from calcml.numeric import jacobian
    >>> jacobian(lambda x: np.array([x[0] * x[1], x[0]]), [2.0, 3.0]).round(6).tolist()
    [[3.0, 2.0], [1.0, 0.0]]
    """
    need_choice(method, METHODS, "jacobian", "method")
    point = as_point(x, "jacobian")
    step = as_step(h, point, "jacobian", moves=method != "complex")
    number = is_number(x)
    lines = Lines(
        "jacobian", F, point, batched=batched, scalar=False, scalar_input=number, name="F"
    )
    value, error = columns(lines, method, step, want_error=return_error)
    return finish(value, error, point, return_error)


def columns(lines: Lines, method: str, h: Real | None, *, want_error: bool) -> tuple[Real, Real]:
    """Slopes of every line and their errors as columns: shape out + in."""
    value, error = slopes(lines, method, h, want_error=want_error)
    shape = (*lines.out, *lines.x.shape)
    return np.moveaxis(value, 0, -1).reshape(shape), np.moveaxis(error, 0, -1).reshape(shape)
