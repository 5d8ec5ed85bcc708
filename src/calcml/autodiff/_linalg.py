"""The rules of linear algebra. Every function takes a stack of matrices, as in NumPy.

Sources: Giles (2008), "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation"; Murray (2016), "Differentiation of the Cholesky decomposition";
Golub and Pereyra (1973) for the pseudo-inverse.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from calcml.autodiff._array import constant
from calcml.autodiff._elementwise import over, times
from calcml.autodiff._shapes import axes_of, kept, moved
from calcml.autodiff._shortcuts import single
from calcml.autodiff.engine import Primitive, plain

_Eigh: Any = type(np.linalg.eigh(np.eye(1)))
_SVD: Any = type(np.linalg.svd(np.eye(1)))
_Slogdet: Any = type(np.linalg.slogdet(np.eye(1)))


def mT(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def _column(g: Any) -> Any:
    return np.expand_dims(g, -1)


def _on_diagonal(g: Any, n: int) -> Any:
    return _column(g) * np.eye(n, dtype=g.dtype)


_inv = single(np.linalg.inv, lambda g, y: -mT(y) @ g @ mT(y), name="linalg.inv")
_det = single(
    np.linalg.det, lambda g, x: np.expand_dims(g, (-1, -2)) * mT(cofactors(x)), name="linalg.det"
)
_logdet = single(
    lambda x: np.linalg.slogdet(x)[1],
    lambda g, x: np.expand_dims(g, (-1, -2)) * mT(np.linalg.inv(x)),
    name="linalg.slogdet",
)
_solve = Primitive(
    np.linalg.solve,
    [
        lambda g, y, a: -(np.linalg.solve(mT(a), g) @ mT(y)),
        lambda g, a: np.linalg.solve(mT(a), g),
    ],
    name="linalg.solve",
)


def cofactors(x: Any) -> Any:
    """Return the adjugate, det(x) times the inverse, also where there is no inverse.

    From the singular values: ``adj(u s v) = det(u v) v^T adj(s) u^T``, where adj(s) is diagonal and
    its k-th entry is the product of all singular values but the k-th.
    """
    if isinstance(x, np.ndarray):
        u, s, v = np.linalg.svd(x)
        n = s.shape[-1]
        rest = np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(-1)
        return np.linalg.det(u @ v)[..., None, None] * (mT(v) * rest[..., None, :]) @ mT(u)
    return np.expand_dims(np.linalg.det(x), (-1, -2)) * np.linalg.inv(x)


def solve(a: Any, b: Any) -> Any:
    if np.ndim(b) == 1:
        return _solve_stack(a, np.expand_dims(b, -1))[..., 0]
    return _solve_stack(a, b)


def _solve_stack(a: Any, b: Any) -> Any:
    batch = np.broadcast_shapes(np.shape(a)[:-2], np.shape(b)[:-2])
    if np.shape(a)[:-2] != batch:
        a = np.broadcast_to(a, batch + np.shape(a)[-2:])
    if np.shape(b)[:-2] != batch:
        b = np.broadcast_to(b, batch + np.shape(b)[-2:])
    return _solve(a, b)


def slogdet(x: Any) -> Any:
    sign, _ = np.linalg.slogdet(plain(x))
    return _Slogdet(sign, _logdet(x))


def _phi(x: Any) -> Any:
    """Take the lower triangle with half of the diagonal."""
    n = x.shape[-1]
    return x * (np.tri(n, dtype=x.dtype) - np.eye(n, dtype=x.dtype) / 2)


def _cholesky_partial(g: Any, y: Any) -> Any:
    """Symmetric, because only symmetric changes of the matrix make sense."""
    inner = np.linalg.solve(mT(y), _phi(mT(y) @ np.tril(g)))
    s = mT(np.linalg.solve(mT(y), mT(inner)))
    return (s + mT(s)) / 2


_cholesky = single(np.linalg.cholesky, _cholesky_partial, name="linalg.cholesky")


def cholesky(x: Any, *, upper: bool = False) -> Any:
    """NumPy reads one triangle; the derivative is that of the symmetric matrix it stands for."""
    y = _cholesky((x + mT(x)) / 2)
    return mT(y) if upper else y


def _gaps(w: Any) -> Any:
    """Return 1 / (w_j - w_i), and 0 where they are equal."""
    d = np.expand_dims(w, -2) - _column(w)
    equal = plain(d) == 0
    return np.where(equal, 0, 1 / np.where(equal, 1, d))


def _both(x: Any) -> Any:
    return tuple(np.linalg.eigh(x))


_eigh = Primitive(
    _both,
    [],
    parts=[
        Primitive(_both, [lambda g, y: (y[1] * np.expand_dims(g, -2)) @ mT(y[1])]),
        Primitive(_both, [lambda g, y: y[1] @ (_gaps(y[0]) * (mT(y[1]) @ g)) @ mT(y[1])]),
    ],
    name="linalg.eigh",
)


def eigh(x: Any, UPLO: str = "L") -> Any:
    """Eigenvalues and eigenvectors of the symmetric matrix ``(x + x.T) / 2``.

    An eigenvector of a repeated eigenvalue has no derivative; what its rule returns is right
    for functions that do not depend on the choice of the eigenvectors.
    """
    return _Eigh(*_eigh((x + mT(x)) / 2))


def eigvalsh(x: Any, UPLO: str = "L") -> Any:
    return eigh(x)[0]


def _svd_left(g: Any, y: Any) -> Any:
    u, s, vt = y
    inner = _gaps(s * s) * (mT(u) @ g - mT(g) @ u) * np.expand_dims(s, -2)
    h = u @ inner
    if u.shape[-2] > u.shape[-1]:
        h = h + (g - u @ (mT(u) @ g)) / np.expand_dims(s, -2)
    return h @ vt


def _svd_right(g: Any, y: Any) -> Any:
    u, s, vt = y
    inner = _column(s) * (_gaps(s * s) * (vt @ mT(g) - g @ mT(vt)))
    h = inner @ vt
    if vt.shape[-1] > vt.shape[-2]:
        h = h + (g - (g @ mT(vt)) @ vt) / _column(s)
    return u @ h


def _thin(x: Any) -> Any:
    return tuple(np.linalg.svd(x, full_matrices=False))


_svd = Primitive(
    _thin,
    [],
    parts=[
        Primitive(_thin, [_svd_left]),
        Primitive(_thin, [lambda g, y: (y[0] * np.expand_dims(g, -2)) @ y[2]]),
        Primitive(_thin, [_svd_right]),
    ],
    name="linalg.svd",
)


def svd(
    x: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    if not compute_uv:
        return _svd(x)[1]
    if full_matrices and x.shape[-1] != x.shape[-2]:
        raise ValueError(
            "`np.linalg.svd` of a traced array needs full_matrices=False: came a matrix of shape "
            f"{x.shape[-2:]} with full_matrices=True. The vectors beyond the singular values are arbitrary."
        )
    return _SVD(*_svd(x))


def svdvals(x: Any) -> Any:
    return _svd(x)[1]


def _pinv_partial(g: Any, y: Any, x: Any) -> Any:
    """For matrices near x of the same rank (Golub and Pereyra 1973, equation 4.12)."""
    h = -mT(y) @ g @ mT(y)
    m, n = x.shape[-2:]
    h = h + (np.eye(m, dtype=x.dtype) - x @ y) @ mT(g) @ y @ mT(y)
    return h + mT(y) @ y @ mT(g) @ (np.eye(n, dtype=x.dtype) - y @ x)


_pinv = single(lambda x, rcond: np.linalg.pinv(x, rcond), _pinv_partial, name="linalg.pinv")


def pinv(x: Any, rcond: Any = None, hermitian: bool = False) -> Any:
    return _pinv(x, rcond)


# -------------------------------------------------------------------------------------------- norms

_norm2 = single(
    lambda x, axes, keepdims: np.sqrt(np.add.reduce(np.square(x), axes, keepdims=keepdims)),
    lambda g, y, x, axes: _norm2_partial(g, y, x, kept(x.shape, axes)),
    name="linalg.norm",
)


def _norm2_partial(g: Any, y: Any, x: Any, shape: tuple[int, ...]) -> Any:
    """Return g x / |x|; at x = 0 the subgradient 0."""
    y = np.where(plain(y) == 0, 1, y)
    return np.reshape(g / y, shape) * x


def vector_norm(x: Any, order: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if order in (None, 2):
        return _norm2(x, axes, keepdims)
    if order == 1:
        return np.sum(np.abs(x), axes, keepdims=keepdims)
    if order == np.inf:
        return np.max(np.abs(x), axes, keepdims=keepdims)
    if order == -np.inf:
        return np.min(np.abs(x), axes, keepdims=keepdims)
    if order == 0:
        return np.sum(plain(x) != 0, axes, keepdims=keepdims).astype(x.dtype)
    return _norm_p(x, order, axes, keepdims)


_norm_p = single(
    lambda x, order, axes, keepdims: (
        np.add.reduce(np.abs(x) ** order, axes, keepdims=keepdims) ** (1 / order)
    ),
    lambda g, y, x, order, axes: _norm_p_partial(g, y, x, order, kept(x.shape, axes)),
    name="linalg.norm",
)


def _norm_p_partial(g: Any, y: Any, x: Any, order: float, shape: tuple[int, ...]) -> Any:
    """Return g sign(x) (|x| / |x|_p)^(p - 1); at x = 0 the subgradient 0."""
    y = np.reshape(np.where(plain(y) == 0, 1, y), shape)
    ratio = np.abs(x) / y
    slope = (
        ratio ** (order - 1) if order >= 1 else over(np.ones_like(plain(x)), ratio ** (1 - order))
    )
    return times(np.reshape(g, shape) * np.sign(plain(x)), slope)


def matrix_norm(x: Any, order: Any, axes: tuple[int, int], keepdims: bool) -> Any:
    if order in (None, "fro"):
        return _norm2(x, axes, keepdims)
    row, column = axes
    if order in (1, -1, np.inf, -np.inf):
        down = row if order in (1, -1) else column
        sums = np.sum(np.abs(x), down, keepdims=True)
        y = (np.max if order > 0 else np.min)(sums, axes, keepdims=True)
    elif order in (2, -2, "nuc"):
        s = svdvals(np.moveaxis(x, axes, (-2, -1)))
        y = s[..., 0] if order == 2 else s[..., -1] if order == -2 else np.sum(s, -1)
        return np.reshape(y, kept(x.shape, axes)) if keepdims else y
    else:
        raise ValueError(
            "`np.linalg.norm` of a matrix needs ord 'fro', 'nuc', 1, -1, 2, -2, inf or -inf: came "
            f"{order!r}. For a norm of all entries, flatten the matrix first."
        )
    return y if keepdims else np.squeeze(y, axes)


def norm(
    x: Any,
    ord: Any = None,
    axis: Any = None,
    keepdims: bool = False,
) -> Any:
    if axis is None:
        axes = axes_of(None, x.ndim)
        if ord is None:
            return _norm2(x, axes, keepdims)
    else:
        axes = axes_of(axis, x.ndim)
    if len(axes) == 1:
        return vector_norm(x, ord, axes, keepdims)
    return matrix_norm(x, ord, (axes[0], axes[1]), keepdims)


def norm_of_vectors(x: Any, *, axis: Any = None, keepdims: bool = False, **order: Any) -> Any:
    return vector_norm(x, order.get("ord", 2), axes_of(axis, x.ndim), keepdims)


def norm_of_matrices(x: Any, *, keepdims: bool = False, **order: Any) -> Any:
    return matrix_norm(x, order.get("ord", "fro"), (x.ndim - 2, x.ndim - 1), keepdims)


def matrix_power(x: Any, n: int) -> Any:
    if n < 0:
        return matrix_power(np.linalg.inv(x), -n)
    y = np.broadcast_to(np.eye(x.shape[-1], dtype=x.dtype), x.shape)
    while n:
        y = y @ x if n % 2 else y
        n //= 2
        x = x @ x if n else x
    return y


TABLE: dict[Any, Any] = {
    np.linalg.inv: _inv,
    np.linalg.det: _det,
    np.linalg.slogdet: slogdet,
    np.linalg.solve: solve,
    np.linalg.cholesky: cholesky,
    np.linalg.eigh: eigh,
    np.linalg.eigvalsh: eigvalsh,
    np.linalg.svd: svd,
    np.linalg.svdvals: svdvals,
    np.linalg.pinv: pinv,
    np.linalg.norm: norm,
    np.linalg.vector_norm: norm_of_vectors,
    np.linalg.matrix_norm: norm_of_matrices,
    np.linalg.matrix_power: matrix_power,
    np.linalg.multi_dot: lambda arrays: functools.reduce(np.matmul, arrays),
    np.linalg.matrix_rank: constant(np.linalg.matrix_rank),
}
TABLE |= {
    np.linalg.diagonal: moved(np.linalg.diagonal),
    np.linalg.trace: lambda x, *, offset=0: np.sum(np.linalg.diagonal(x, offset=offset), -1),
}
