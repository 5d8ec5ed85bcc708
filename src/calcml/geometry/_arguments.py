"""Checks of arguments that several functions of the geometry share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calcml._checks import as_point, component

Array = NDArray[np.float64]


SYMMETRY = 1e-8
"""A Hessian counts as symmetric if no entry differs from its mirror image by more than this
fraction of the largest entry; its symmetric part is used."""


NO_DIRECTION = "The zero vector has no direction; pass another."


CRITICAL = "At a critical point no direction is steepest and all are level; look at the Hessian."


def as_real(value: ArrayLike, owner: str, name: str) -> Array:
    return as_point(value, owner, name).astype(np.float64)


def as_vectors(value: ArrayLike, owner: str, name: str) -> Array:
    array = as_real(value, owner, name)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(
            f"`{owner}` needs vectors with n >= 1 components as `{name}`: came shape "
            f"{array.shape}. Put the components into an array of shape (n,)."
        )
    return array


def as_vector(value: ArrayLike, owner: str, name: str) -> Array:
    array = as_vectors(value, owner, name)
    if array.ndim != 1:
        raise ValueError(
            f"`{owner}` needs one vector as `{name}`, shape (n,): came shape {array.shape}. "
            "Pass one row, or flatten the parameters with np.ravel."
        )
    return array


def as_number(value: ArrayLike, owner: str, name: str) -> float:
    array = as_real(value, owner, name)
    if array.size != 1:
        raise ValueError(
            f"`{owner}` needs a single number as `{name}`: came shape {array.shape}. "
            "Evaluate at one point."
        )
    return float(array.reshape(()))


def need_count(value: int, owner: str, name: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(
            f"`{owner}` needs an integer as `{name}`: came {type(value).__name__}. "
            f"Pass int({name})."
        )
    if value < 1:
        raise ValueError(f"`{owner}` needs `{name}` >= 1: came {value}. Pass a positive integer.")


def need_same_length(owner: str, a: Array, a_name: str, b: Array, b_name: str) -> None:
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(
            f"`{owner}` needs `{a_name}` and `{b_name}` over the same parameters: came shapes "
            f"{a.shape} and {b.shape}. Give both the same last axis."
        )


def as_symmetric(hessian: ArrayLike, owner: str) -> Array:
    array = as_real(hessian, owner, "hessian")
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.size == 0:
        raise ValueError(
            f"`{owner}` needs a square matrix as `hessian`, shape (n, n) with n >= 1: came shape "
            f"{array.shape}. Pass the Hessian at one point."
        )
    skew = float(np.max(np.abs(array - array.T)))
    if skew > SYMMETRY * float(np.max(np.abs(array))):
        raise ValueError(
            f"`{owner}` needs a symmetric matrix as `hessian`: entries differ from their mirror "
            f"image by up to {skew:.3g}. Check the derivation, or if it is rounding, pass "
            "(H + H.T) / 2."
        )
    return 0.5 * (array + array.T)


def normalized(v: Array, owner: str, name: str, advice: str) -> Array:
    largest = np.max(np.abs(v), axis=-1, keepdims=True)
    zero = largest[..., 0] <= 0.0
    if np.any(zero):
        index = tuple(int(i) for i in np.argwhere(zero)[0]) if v.ndim > 1 else ()
        raise ValueError(
            f"`{owner}` needs a nonzero vector: `{component(name, index)}` is zero. {advice}"
        )
    # Squares of the entries themselves may overflow or underflow. Dividing by a power of two is
    # exact, so that (3, 4) gives (0.6, 0.8) to the last digit; in two halves, because 2**1024
    # itself overflows.
    exponent = np.frexp(largest)[1]
    scaled = np.ldexp(np.ldexp(v, -(exponent // 2)), -(exponent - exponent // 2))
    result: Array = scaled / np.linalg.norm(scaled, axis=-1, keepdims=True)
    return result
