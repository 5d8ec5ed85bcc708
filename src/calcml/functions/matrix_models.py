"""Models and statistics built from matrix products."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.identity import Array, Group

row = Group("Models with matrices", ROWS)
COOKBOOK = "Petersen and Pedersen 2012, "


@row(
    "Frobenius loss",
    X="(n, d)",
    W="(d, k)",
    Y="(n, k)",
    source=COOKBOOK + "eq. 119",
    chapter="appendices/worked-derivations.md#the-frobenius-loss",
    keywords="multi-output least squares",
)
def frobenius_loss(X: Array, W: Array, Y: Array) -> Array:
    """Half the squared Frobenius norm of the residuals of a linear model with several outputs.

    The source has no half.
    """
    return np.sum((X @ W - Y) ** 2) / 2


@frobenius_loss.rule
def _(X: Array, W: Array, Y: Array) -> Array:
    R = X @ W - Y
    return R @ W.T, X.T @ R, -R


@row(
    "Matrix factorization",
    U="(m, k)",
    V="(n, k)",
    R="(m, n) fixed",
    M="(m, n) mask fixed",
    source="Koren, Bell and Volinsky 2009, eq. 2",
    keywords="recommender collaborative filtering",
)
def matrix_factorization(U: Array, V: Array, R: Array, M: Array) -> Array:
    """Half the squared error of a low-rank model on the observed entries, those where M is true.

    The source has no half, and adds a penalty.
    """
    return np.sum(M * (U @ V.T - R) ** 2) / 2


@matrix_factorization.rule
def _(U: Array, V: Array, R: Array, M: Array) -> Array:
    E = M * (U @ V.T - R)
    return E @ V, E.T @ U


@row(
    "Low-rank update (LoRA)",
    x="(n, d)",
    W="(k, d) fixed",
    B="(k, r)",
    A="(r, d)",
    source="Hu et al. 2021, eq. 3 and sec. 4.1",
    keywords="LoRA adapter fine-tuning",
)
def low_rank_update(x: Array, W: Array, B: Array, A: Array, alpha: float = 16.0) -> Array:
    """A frozen linear layer plus a trained update B A of rank r, scaled by alpha / r."""
    return x @ (W + alpha / len(A) * B @ A).T


@low_rank_update.rule
def _(g: Array, x: Array, W: Array, B: Array, A: Array, alpha: float) -> Array:
    s = alpha / len(A)
    return g @ (W + s * B @ A), s * g.T @ x @ A.T, s * B.T @ g.T @ x


@row(
    "Gram matrix", X="(n, d)", source=COOKBOOK + "eq. 109", keywords="style loss kernel covariance"
)
def gram(X: Array) -> Array:
    """Inner products of all pairs of rows."""
    return X @ X.T


@gram.rule
def _(g: Array, X: Array) -> Array:
    return (g + g.T) @ X


@row(
    "Covariance matrix",
    X="(n, d)",
    source="Bishop 2006, eq. 12.3; " + COOKBOOK + "eq. 112",
    keywords="empirical covariance",
)
def covariance(X: Array) -> Array:
    """Empirical covariance of the columns, with the factor 1/n."""
    Z = X - np.mean(X, axis=0)
    return Z.T @ Z / len(X)


@covariance.rule
def _(g: Array, X: Array) -> Array:
    Z = X - np.mean(X, axis=0)
    return Z @ (g + g.T) / len(X)


@row(
    "Diagonal scaling",
    d="(n,)",
    X="(n, m)",
    source=COOKBOOK + "eq. 101 and 142",
)
def diagonal_scaling(d: Array, X: Array) -> Array:
    """Each row of X multiplied by its own factor.

    The source writes the gradient in d as a diagonal matrix.
    """
    return np.diag(d) @ X


@diagonal_scaling.rule
def _(g: Array, d: Array, X: Array) -> Array:
    return np.sum(g * X, axis=1), np.diag(d) @ g
