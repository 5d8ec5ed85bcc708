"""Penalties on weights, activations and outputs."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.functions.softmax import log_sum_exp, softmax
from calcml.identity import Array, Group

row = Group("Regularizers", ROWS)


@row(
    "L2 penalty",
    w="(d,)",
    source="Goodfellow, Bengio and Courville 2016, eq. 7.2 and 7.3",
    chapter="learn/losses.md",
    keywords="weight decay ridge",
)
def l2_penalty(w: Array, lam: float = 0.1) -> Array:
    """Half the squared length: a gradient step shrinks every weight by the same factor."""
    return lam / 2 * (w @ w)


@l2_penalty.rule
def _(w: Array, lam: float) -> Array:
    return lam * w


@row(
    "L1 penalty",
    w="(d,)",
    source="Goodfellow, Bengio and Courville 2016, eq. 7.20; Tibshirani 1996, eq. 1",
    kinks=r"Where $w_i = 0$ every value in $[-\lambda, \lambda]$ is a subgradient; 0 is returned.",
    stable=True,
    keywords="lasso sparsity",
)
def l1_penalty(w: Array, lam: float = 0.1) -> Array:
    """Every weight is pulled to zero with the same strength, however small it is.

    The second source bounds the norm instead of penalizing it.
    """
    return lam * np.sum(np.abs(w))


@l1_penalty.rule
def _(w: Array, lam: float) -> Array:
    return lam * np.sign(w)


@row(
    "Elastic net",
    w="(d,)",
    source="Zou and Hastie 2005, sec. 2.1",
    kinks="Where $w_i = 0$, as the L1 penalty.",
)
def elastic_net(w: Array, alpha: float = 0.1, beta: float = 0.2) -> Array:
    """L1 and L2 penalty together.

    The source has no half in the second.
    """
    return alpha * np.sum(np.abs(w)) + beta / 2 * (w @ w)


@elastic_net.rule
def _(w: Array, alpha: float, beta: float) -> Array:
    return alpha * np.sign(w) + beta * w


@row(
    "Group lasso",
    W="(m, n)",
    source="Yuan and Lin 2006, eq. 2.1",
    kinks="Where a row is zero; undefined there.",
    keywords="structured sparsity pruning",
)
def group_lasso(W: Array, lam: float = 0.1) -> Array:
    """Row norms times the root of the group size: whole rows become zero."""
    return lam * W.shape[1] ** 0.5 * np.sum(np.linalg.norm(W, axis=1))


@group_lasso.rule
def _(W: Array, lam: float) -> Array:
    return lam * W.shape[1] ** 0.5 * W / np.linalg.norm(W, axis=1, keepdims=True)


@row(
    "Entropy",
    p="(k,) simplex",
    source="Cover and Thomas 2006, eq. 2.1; Boyd and Vandenberghe 2004, sec. 3.1.5",
    kinks="The slope is infinite where $p_i = 0$.",
    keywords="Shannon entropy maximum entropy",
)
def entropy(p: Array) -> Array:
    """Entropy of a distribution, in nats, with p as free positive numbers."""
    return -np.sum(p * np.log(p))


@entropy.rule
def _(p: Array) -> Array:
    return -(np.log(p) + 1)


@row(
    "Binary entropy",
    p="(...) unit",
    source="Cover and Thomas 2006, eq. 2.5",
    kinks="The slope is infinite at 0 and 1.",
)
def binary_entropy(p: Array) -> Array:
    """Entropy of a coin, in nats; its slope is minus the logit."""
    return -p * np.log(p) - (1 - p) * np.log(1 - p)


@binary_entropy.rule
def _(p: Array) -> Array:
    return np.log((1 - p) / p)


def steps(x: Array) -> Array:
    """Differences of neighbors along the last axis."""
    return x[..., 1:] - x[..., :-1]


def steps_back(d: Array) -> Array:
    """Transpose of `steps`: what each entry receives from the two differences it is in."""
    zero = 0 * d[..., :1]
    return np.concatenate([zero, d], axis=-1) - np.concatenate([d, zero], axis=-1)


@row(
    "Total variation",
    x="(n,)",
    source="Boyd and Vandenberghe 2004, sec. 6.3.3; Rudin, Osher and Fatemi 1992; Tibshirani et al. 2005",
    kinks="Where neighbors are equal: 0 is returned.",
    least={"n": 2},
    stable=True,
    keywords="fused lasso TV denoising",
)
def total_variation(x: Array) -> Array:
    """Sum of the absolute steps between neighbors."""
    return np.sum(np.abs(steps(x)))


@total_variation.rule
def _(x: Array) -> Array:
    return steps_back(np.sign(steps(x)))


@row(
    "Smoothness penalty",
    x="(n,)",
    source="Boyd and Vandenberghe 2004, sec. 6.3.3",
    least={"n": 2},
    keywords="Dirichlet energy graph Laplacian",
)
def smoothness(x: Array) -> Array:
    """Half the sum of squared steps between neighbors; the gradient is the Laplacian of a chain.

    The source has no half.
    """
    return steps(x) @ steps(x) / 2


@smoothness.rule
def _(x: Array) -> Array:
    return steps_back(steps(x))


@row(
    "Orthogonality penalty",
    W="(m, n)",
    source="Bansal, Chen and Wang 2018",
    scales=(1e-3, 1.0),
    keywords="orthogonal regularization",
)
def orthogonality(W: Array) -> Array:
    """A quarter of the squared distance of the Gram matrix of the columns from the identity.

    The source leaves the factor free.
    """
    E = W.T @ W - np.eye(W.shape[1], dtype=W.dtype)
    return np.sum(E**2) / 4


@orthogonality.rule
def _(W: Array) -> Array:
    E = W.T @ W - np.eye(W.shape[1], dtype=W.dtype)
    return W @ E


@row(
    "z-loss",
    z="(n, k)",
    source="Chowdhery et al. 2022, sec. 5",
    stable=True,
    keywords="PaLM softmax normalizer",
)
def z_loss(z: Array) -> Array:
    """Keeps the normalizer of the softmax near one.

    The source adds it with the weight 1e-4.
    """
    return np.mean(log_sum_exp(z) ** 2)


@z_loss.rule
def _(z: Array) -> Array:
    return 2 / len(z) * softmax(z) * log_sum_exp(z)[:, None]


@row(
    "Sparsity penalty",
    p="(n,) unit",
    source="Ng 2011, sec. 3",
    keywords="sparse autoencoder KL activation",
)
def sparsity(p: Array, rho: float = 0.05) -> Array:
    """KL divergence of mean activations p from a small target."""
    return np.sum(rho * np.log(rho / p) + (1 - rho) * np.log((1 - rho) / (1 - p)))


@sparsity.rule
def _(p: Array, rho: float) -> Array:
    return (p - rho) / (p * (1 - p))


@row(
    "Path norm of two layers",
    V="(k, m)",
    W="(m, n)",
    source="Neyshabur, Salakhutdinov and Srebro 2015",
    scales=(1e-3, 1.0),
)
def path_norm(V: Array, W: Array) -> Array:
    """Sum over all paths of the squared product of weights; rescaling a hidden unit changes nothing.

    The source takes the root.
    """
    return np.sum(V**2 @ W**2)


@path_norm.rule
def _(V: Array, W: Array) -> Array:
    return 2 * V * np.sum(W**2, axis=1), 2 * np.sum(V**2, axis=0)[:, None] * W
