"""Functions of a matrix: traces, determinants, inverses, factorizations, spectral functions."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.identity import Array, Group

row = Group("Matrix functions", ROWS)
COOKBOOK = "Petersen and Pedersen 2012, "
GILES = "Giles 2008, "
BOYD = "Boyd and Vandenberghe 2004, "


@row("Trace", A="(n, n)", source=COOKBOOK + "eq. 99")
def trace(A: Array) -> Array:
    """Sum of the diagonal."""
    return np.trace(A)


@trace.rule
def _(A: Array) -> Array:
    return np.eye(len(A))


@row("Trace of a product", A="(m, n)", X="(n, m)", source=COOKBOOK + "eq. 100")
def trace_product(A: Array, X: Array) -> Array:
    """Inner product of A transposed with X."""
    return np.trace(A @ X)


@trace_product.rule
def _(A: Array, X: Array) -> Array:
    return X.T, A.T


@row(
    "Frobenius inner product",
    A="(m, n)",
    X="(m, n)",
    source=COOKBOOK + "eq. 103",
    keywords="trace of A transposed X",
)
def frobenius_inner_product(A: Array, X: Array) -> Array:
    """Sum of the products of entries."""
    return np.trace(A.T @ X)


@frobenius_inner_product.rule
def _(A: Array, X: Array) -> Array:
    return X, A


@row(
    "Trace of a sandwich",
    A="(k, m) fixed",
    X="(m, n)",
    B="(n, k) fixed",
    source=COOKBOOK + "eq. 101",
)
def trace_sandwich(A: Array, X: Array, B: Array) -> Array:
    """A matrix between two constant ones."""
    return np.trace(A @ X @ B)


@trace_sandwich.rule
def _(A: Array, B: Array) -> Array:
    return A.T @ B.T


@row("Trace of a square", X="(n, n)", source=COOKBOOK + "eq. 106")
def trace_square(X: Array) -> Array:
    """Sum of the squares of the eigenvalues."""
    return np.trace(X @ X)


@trace_square.rule
def _(X: Array) -> Array:
    return 2 * X.T


@row(
    "Trace of a quadratic form",
    X="(n, k)",
    A="(n, n)",
    source=COOKBOOK + "eq. 100 and 108",
    keywords="PCA Laplacian",
)
def trace_quadratic(X: Array, A: Array) -> Array:
    """Quadratic forms of all columns, summed: the objective of PCA and of spectral clustering."""
    return np.trace(X.T @ A @ X)


@trace_quadratic.rule
def _(X: Array, A: Array) -> Array:
    return (A + A.T) @ X, X @ X.T


@row(
    "Trace of a two-sided product",
    A="(m, n) fixed",
    X="(n, k)",
    B="(k, k) fixed",
    C="(n, m) fixed",
    source=COOKBOOK + "eq. 118",
)
def trace_two_sided(A: Array, X: Array, B: Array, C: Array) -> Array:
    """A product in which X occurs twice: each occurrence adds its part."""
    return np.trace(A @ X @ B @ X.T @ C)


@trace_two_sided.rule
def _(A: Array, X: Array, B: Array, C: Array) -> Array:
    return A.T @ C.T @ X @ B.T + C @ A @ X @ B


@row(
    "Trace of the inverse",
    X="(n, n) invertible",
    source=COOKBOOK + "eq. 124",
    kinks="X must be invertible.",
)
def trace_inverse(X: Array) -> Array:
    """Sum of the reciprocal eigenvalues, as in A-optimal design."""
    return np.trace(np.linalg.inv(X))


@trace_inverse.rule
def _(X: Array) -> Array:
    return -(np.linalg.inv(X @ X).T)


@row(
    "Inverse",
    A="(n, n) invertible",
    source=GILES + "sec. 2.2.3; " + COOKBOOK + "eq. 60",
    kinks="A must be invertible.",
    keywords="matrix inverse",
)
def inverse(A: Array) -> Array:
    """Inverse of a matrix."""
    return np.linalg.inv(A)


@inverse.rule
def _(g: Array, f: Array) -> Array:
    return -(f.T @ g @ f.T)


@row(
    "Solution of a linear system",
    A="(n, n) invertible",
    b="(n,)",
    source=GILES + "sec. 2.3.1",
    kinks="A must be invertible.",
    keywords="solve implicit differentiation adjoint",
)
def linear_solve(A: Array, b: Array) -> Array:
    """The x with A x = b; its pullback solves the transposed system once."""
    return np.linalg.solve(A, b)


@linear_solve.rule
def _(g: Array, A: Array, f: Array) -> Array:
    z = np.linalg.solve(A.T, g)
    return -np.outer(z, f), z


@row(
    "Determinant",
    A="(n, n) invertible",
    source=COOKBOOK + "eq. 49",
    kinks="The formula needs an invertible A; the determinant itself is smooth everywhere.",
    keywords="Jacobi formula det",
)
def determinant(A: Array) -> Array:
    """Determinant; its gradient is the cofactor matrix."""
    return np.linalg.det(A)


@determinant.rule
def _(A: Array, f: Array) -> Array:
    return f * np.linalg.inv(A).T


@row(
    "Log determinant",
    A="(n, n) invertible",
    source=COOKBOOK + "eq. 57; " + BOYD + "sec. A.4.1",
    kinks="A must be invertible.",
    keywords="log det logdet slogdet",
)
def log_det(A: Array) -> Array:
    """Logarithm of the absolute determinant, from a factorization that cannot overflow."""
    return np.linalg.slogdet(A)[1]


@log_det.rule
def _(A: Array) -> Array:
    return np.linalg.inv(A).T


@row(
    "Log determinant of a Gram matrix",
    X="(n, k) fixed",
    S="(k, k) spd",
    lam="() positive",
    source=COOKBOOK + "eq. 43; " + BOYD + "sec. A.4.2",
    scales=(1e-3, 1.0),
    keywords="evidence Gaussian process",
)
def log_det_gram(X: Array, S: Array, lam: Array) -> Array:
    """Complexity term of Bayesian linear regression: log det of X S X' + lam I."""
    return np.linalg.slogdet(X @ S @ X.T + lam * np.eye(len(X), dtype=X.dtype))[1]


@log_det_gram.rule
def _(X: Array, S: Array, lam: Array) -> Array:
    K = X @ S @ X.T + lam * np.eye(len(X), dtype=X.dtype)
    return X.T @ np.linalg.inv(K) @ X, np.trace(np.linalg.inv(K))


@row(
    "Quadratic form of the inverse",
    x="(n,)",
    A="(n, n) invertible",
    source=COOKBOOK + "eq. 61 and 81",
    kinks="A must be invertible.",
    keywords="Mahalanobis precision",
)
def inverse_quadratic(x: Array, A: Array) -> Array:
    """The term of a Gaussian log-density that couples a point to a covariance matrix."""
    return x @ np.linalg.inv(A) @ x


@inverse_quadratic.rule
def _(x: Array, A: Array) -> Array:
    B = np.linalg.inv(A)
    return (B + B.T) @ x, -np.outer(B.T @ x, B @ x)


@row(
    "Squared Frobenius norm",
    X="(m, n)",
    source=COOKBOOK + "eq. 132",
    chapter="appendices/worked-derivations.md#the-frobenius-loss",
    keywords="L2 penalty of a matrix",
)
def squared_frobenius(X: Array) -> Array:
    """Sum of the squares of all entries."""
    return np.sum(X**2)


@squared_frobenius.rule
def _(X: Array) -> Array:
    return 2 * X


@row("Third power", X="(n, n)", source=COOKBOOK + "eq. 90 and 91", keywords="matrix power")
def matrix_cube(X: Array) -> Array:
    """X three times: each occurrence adds a term, the other factors transposed around upstream."""
    return X @ X @ X


@matrix_cube.rule
def _(g: Array, X: Array) -> Array:
    return g @ (X @ X).T + X.T @ g @ X.T + (X @ X).T @ g


@row(
    "Nuclear norm",
    X="(m, n)",
    source="Watson 1992; " + BOYD + "sec. A.1.6",
    kinks="Where a singular value is zero; a subgradient is returned there.",
    analytic=False,
    keywords="trace norm low rank",
)
def nuclear_norm(X: Array) -> Array:
    """Sum of the singular values."""
    return np.linalg.norm(X, "nuc")


@nuclear_norm.rule
def _(X: Array) -> Array:
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    return U @ Vt


@row(
    "Spectral norm",
    X="(m, n)",
    source="Watson 1992; " + BOYD + "sec. A.1.5",
    kinks="Where the largest singular value is repeated, and at zero.",
    analytic=False,
    keywords="largest singular value spectral normalization",
)
def spectral_norm(X: Array) -> Array:
    """Largest singular value: the factor by which X can lengthen a vector."""
    return np.linalg.norm(X, 2)


@spectral_norm.rule
def _(X: Array) -> Array:
    U, s, Vt = np.linalg.svd(X, full_matrices=False)
    u, v = U[:, 0], Vt[0]
    return np.outer(u, v)


@row(
    "Largest eigenvalue",
    A="(n, n) symmetric",
    source=COOKBOOK + "eq. 67; Magnus 1985",
    kinks="Where the largest eigenvalue is repeated.",
    analytic=False,
    keywords="eigenvalue derivative sharpness",
)
def largest_eigenvalue(A: Array) -> Array:
    """Largest eigenvalue of a symmetric matrix; for any A, of its symmetric part."""
    return np.max(np.linalg.eigvalsh((A + A.T) / 2))


@largest_eigenvalue.rule
def _(A: Array) -> Array:
    w, Q = np.linalg.eigh(A)
    q = Q[:, -1]
    return np.outer(q, q)
