"""Divergences of distributions, and losses of pairs, triples and preferences."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.functions.activations import sigmoid, softplus
from calcml.functions.softmax import log_softmax, log_sum_exp, softmax
from calcml.identity import Array, Group

row = Group("Divergences, contrastive and preference losses", ROWS)


@row(
    "KL divergence",
    p="(k,) simplex",
    q="(k,) simplex",
    source="Murphy 2022, sec. 6.2.1; Cover and Thomas 2006, sec. 2.3",
    kinks="Infinite where $q_i = 0 < p_i$.",
    keywords="Kullback-Leibler relative entropy",
)
def kl_divergence(p: Array, q: Array) -> Array:
    """Relative entropy in nats, with p and q as free positive numbers: constraints are not built in."""
    return np.sum(p * np.log(p / q))


@kl_divergence.rule
def _(p: Array, q: Array) -> Array:
    return np.log(p / q) + 1, -p / q


@row(
    "Forward KL to a softmax",
    p="(k,) simplex fixed",
    z="(k,)",
    source="Murphy 2022, sec. 6.2.6",
    chapter="appendices/worked-derivations.md#with-k-classes",
    stable=True,
    keywords="KL(p || softmax) mean-seeking distillation",
)
def forward_kl(p: Array, z: Array) -> Array:
    """KL(p || softmax z): the gradient is that of cross-entropy, model minus target."""
    return np.sum(p * (np.log(p) - log_softmax(z)))


@forward_kl.rule
def _(p: Array, z: Array) -> Array:
    return softmax(z) - p


@row(
    "Reverse KL to a softmax",
    p="(k,) simplex fixed",
    z="(k,)",
    source="Murphy 2022, sec. 6.2.6",
    stable=True,
    keywords="KL(softmax || p) mode-seeking variational RLHF",
)
def reverse_kl(p: Array, z: Array) -> Array:
    """KL(softmax z || p): each score is weighed against the mean log-ratio."""
    return softmax(z) @ (log_softmax(z) - np.log(p))


@reverse_kl.rule
def _(p: Array, z: Array, f: Array) -> Array:
    return softmax(z) * (log_softmax(z) - np.log(p) - f)


@row(
    "Jensen-Shannon divergence",
    p="(k,) simplex",
    q="(k,) simplex",
    source="Lin 1991",
    keywords="JS divergence GAN",
)
def jensen_shannon(p: Array, q: Array) -> Array:
    """Mean of the divergences of p and q from their midpoint; at most log 2, which is one bit."""
    m = (p + q) / 2
    return np.sum(p * np.log(p / m) + q * np.log(q / m)) / 2


@jensen_shannon.rule
def _(p: Array, q: Array) -> Array:
    m = (p + q) / 2
    return np.log(p / m) / 2, np.log(q / m) / 2


@row(
    "Triplet loss",
    a="(d,)",
    p="(d,)",
    n="(d,)",
    source="Schroff, Kalenichenko and Philbin 2015, eq. 3",
    kinks="Where the margin is met exactly: 0 is returned.",
    keywords="metric learning anchor positive negative",
)
def triplet_loss(a: Array, p: Array, n: Array, margin: float = 5.0) -> Array:
    """An anchor should be nearer to a positive than to a negative, by a margin, in squared distance."""
    return np.maximum((a - p) @ (a - p) - (a - n) @ (a - n) + margin, 0)


@triplet_loss.rule
def _(a: Array, p: Array, n: Array, f: Array) -> Array:
    s = np.where(f > 0, 2.0, 0.0)
    return s * (n - p), s * (p - a), s * (a - n)


@row(
    "Contrastive loss of a pair",
    x="(d,)",
    y="(d,)",
    source="Hadsell, Chopra and LeCun 2006, sec. 2.1",
    kinks="Where the distance equals the margin the slope is continuous; undefined at distance 0.",
    keywords="siamese dissimilar pair",
)
def contrastive_pair(x: Array, y: Array, margin: float = 4.0) -> Array:
    """Pushes a dissimilar pair apart until its distance exceeds the margin."""
    return np.maximum(margin - np.linalg.norm(x - y), 0) ** 2 / 2


@contrastive_pair.rule
def _(x: Array, y: Array, margin: float) -> Array:
    r = np.linalg.norm(x - y)
    d = np.maximum(margin - r, 0) * (y - x) / r
    return d, -d


@row(
    "InfoNCE",
    X="(n, d)",
    Y="(n, d)",
    source="van den Oord, Li and Vinyals 2018, eq. 4; He et al. 2020, eq. 1",
    scales=(1e-3, 1.0),
    keywords="contrastive loss CLIP SimCLR NT-Xent",
)
def info_nce(X: Array, Y: Array, tau: float = 0.5) -> Array:
    """Each row of X should score highest with the same row of Y: a cross-entropy over all pairs.

    The score is the inner product over a temperature; the negatives are the other rows of Y.
    """
    S = X @ Y.T / tau
    return np.mean(log_sum_exp(S) - np.diag(S))


@info_nce.rule
def _(X: Array, Y: Array, tau: float) -> Array:
    D = (softmax(X @ Y.T / tau) - np.eye(len(X), dtype=X.dtype)) / (tau * len(X))
    return D @ Y, D.T @ X


@row(
    "Bradley-Terry loss",
    a="(n,)",
    b="(n,)",
    source="Bradley and Terry 1952; Burges et al. 2005, sec. 3; Rafailov et al. 2023, eq. 2",
    stable=True,
    formula="-np.mean(np.log(sigmoid(a - b)))",
    keywords="pairwise ranking reward model preference RankNet",
)
def preference_loss(a: Array, b: Array) -> Array:
    """Score a should exceed score b: the loss of reward models."""
    return np.mean(softplus(b - a))


@preference_loss.rule
def _(a: Array, b: Array) -> Array:
    d = sigmoid(b - a) / len(a)
    return -d, d


@row(
    "Direct preference optimization",
    a="(n,)",
    b="(n,)",
    a_ref="(n,) fixed",
    b_ref="(n,) fixed",
    source="Rafailov et al. 2023, eq. 7",
    stable=True,
    keywords="DPO loss gradient RLHF",
)
def dpo_loss(a: Array, b: Array, a_ref: Array, b_ref: Array, beta: float = 0.1) -> Array:
    """Preference loss on log-probabilities of preferred and rejected answers, relative to a reference."""
    return np.mean(softplus(beta * (b - b_ref - a + a_ref)))


@dpo_loss.rule
def _(a: Array, b: Array, a_ref: Array, b_ref: Array, beta: float) -> Array:
    d = beta * sigmoid(beta * (b - b_ref - a + a_ref)) / len(a)
    return -d, d
