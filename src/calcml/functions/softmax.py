"""The softmax family: from scores to probabilities, and their logarithms."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.identity import Array, Group

row = Group("Softmax family", ROWS)

BOYD = "Boyd and Vandenberghe 2004, "
GOODFELLOW = "Goodfellow, Bengio and Courville 2016, "
BACKPROP = "learn/jacobians-and-backpropagation.md"
WORKED = "appendices/worked-derivations.md"


@row(
    "Softmax",
    z="(..., k)",
    source=GOODFELLOW + "eq. 6.29 and 6.33; Bridle 1990",
    chapter=BACKPROP + "#the-softmax-jacobian",
    stable=True,
    keywords="softmax Jacobian backward diag(p) - p p'",
)
def softmax(z: Array, axis: int = -1) -> Array:
    """Probabilities in proportion to the exponentials; the largest score is subtracted first."""
    e = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


@softmax.rule
def _(g: Array, f: Array, axis: int) -> Array:
    return f * (g - np.sum(f * g, axis=axis, keepdims=True))


@row(
    "Softmax Jacobian",
    z="(k,)",
    source="Bishop 2006, eq. 4.106; Boyd and Vandenberghe 2004, sec. 3.1.5",
    chapter=BACKPROP + "#the-softmax-jacobian",
    scales=(1e-3, 1.0),
    keywords="Jacobian of softmax matrix second derivative of log-sum-exp",
)
def softmax_jacobian(z: Array) -> Array:
    """The Jacobian matrix of softmax, which is also the Hessian of log-sum-exp; its rows sum to zero."""
    p = softmax(z)
    return np.diag(p) - np.outer(p, p)


@softmax_jacobian.rule
def _(g: Array, z: Array) -> Array:
    p = softmax(z)
    c = np.diag(g) - (g + g.T) @ p
    return p * (c - p @ c)


@row(
    "Log-softmax",
    z="(..., k)",
    source=GOODFELLOW + "eq. 6.30",
    stable=True,
    keywords="log_softmax backward",
)
def log_softmax(z: Array) -> Array:
    """Logarithms of the softmax probabilities, which stay finite where the probabilities underflow."""
    s = z - np.max(z, axis=-1, keepdims=True)
    return s - np.log(np.sum(np.exp(s), axis=-1, keepdims=True))


@log_softmax.rule
def _(g: Array, z: Array) -> Array:
    return g - softmax(z) * np.sum(g, axis=-1, keepdims=True)


@row(
    "Log-sum-exp",
    z="(..., k)",
    source=BOYD + "sec. 3.1.5; Blanchard, Higham and Higham 2021, sec. 1",
    chapter=WORKED + "#with-k-classes",
    stable=True,
    formula="np.log(np.sum(np.exp(z), axis=-1))",
    keywords="logsumexp smooth maximum",
)
def log_sum_exp(z: Array) -> Array:
    """A smooth maximum; its gradient is the softmax."""
    m = np.max(z, axis=-1, keepdims=True)
    return np.log(np.sum(np.exp(z - m), axis=-1)) + np.squeeze(m, -1)


@log_sum_exp.rule
def _(g: Array, z: Array) -> Array:
    return g[..., None] * softmax(z)


@row(
    "Softmax with temperature",
    z="(..., k)",
    T="() positive",
    source="Hinton, Vinyals and Dean 2015, eq. 1",
    chapter=WORKED + "#softmax-temperature",
    scales=(1.0, 30.0),
    keywords="temperature derivative distillation sampling",
)
def softmax_temperature(z: Array, T: Array) -> Array:
    """Softmax of z / T: a probability falls with T if its score lies above the mean under p."""
    return softmax(z / T)


@softmax_temperature.rule
def _(g: Array, z: Array, T: Array, f: Array) -> Array:
    d = f * (g - np.sum(f * g, axis=-1, keepdims=True))
    return d / T, -np.sum(d * z) / T**2


@row(
    "Temperature in log-sum-exp",
    z="(k,)",
    T="() positive",
    source="Gao and Pavel 2017",
    formula="T * np.log(np.sum(np.exp(z / T)))",
    scales=(1.0, 30.0),
    keywords="soft maximum free energy",
)
def soft_maximum(z: Array, T: Array) -> Array:
    """T times the log-sum-exp of z / T, which tends to the maximum as T falls to zero. The source writes 1/T."""
    return T * log_sum_exp(z / T)


@soft_maximum.rule
def _(z: Array, T: Array, f: Array) -> Array:
    p = softmax(z / T)
    return p, (f - p @ z) / T


@row(
    "Smooth maximum by softmax weights",
    z="(k,)",
    source="Asadi and Littman 2017",
    stable=True,
    keywords="Boltzmann operator expected score",
)
def boltzmann_maximum(z: Array) -> Array:
    """Mean of the scores under their own softmax; its gradient can be negative."""
    return softmax(z) @ z


@boltzmann_maximum.rule
def _(z: Array, f: Array) -> Array:
    return softmax(z) * (1 + z - f)


@row(
    "Entropy of a softmax",
    z="(k,)",
    source="Mnih et al. 2016, sec. 4",
    stable=True,
    keywords="entropy bonus policy gradient",
)
def softmax_entropy(z: Array) -> Array:
    """Entropy of the probabilities, as a function of the scores: the usual exploration bonus."""
    return -softmax(z) @ log_softmax(z)


@softmax_entropy.rule
def _(z: Array, f: Array) -> Array:
    return -softmax(z) * (log_softmax(z) + f)


@row(
    "Masked softmax",
    z="(..., k)",
    M="(..., k) mask fixed",
    source="Vaswani et al. 2017, sec. 3.2.3",
    chapter="appendices/attention.md#a-mask",
    stable=True,
    keywords="attention mask causal",
)
def masked_softmax(z: Array, M: Array) -> Array:
    """Softmax over the entries where M is true; the others get probability and gradient zero."""
    s = np.where(M, z, -1e9)
    return M * softmax(s)


@masked_softmax.rule
def _(g: Array, f: Array) -> Array:
    return f * (g - np.sum(f * g, axis=-1, keepdims=True))


def support_size(z: Array) -> Array:
    """How many entries of sparsemax are not zero; shape (..., 1)."""
    s = -np.sort(-z, axis=-1)
    k = np.arange(1, z.shape[-1] + 1)
    return np.sum(1 + k * s > np.cumsum(s, axis=-1), axis=-1, keepdims=True)


def support(z: Array) -> Array:
    """Where sparsemax is not zero, as numbers 0 and 1 in the shape of z."""
    s = -np.sort(-z, axis=-1)
    at = support_size(z) - 1
    return (z >= np.take_along_axis(s, at, axis=-1)) + 0 * z.dtype.type(0)


@row(
    "Sparsemax",
    z="(..., k)",
    source="Martins and Astudillo 2016, algorithm 1 and sec. 2.5",
    kinks="Where an entry enters or leaves the support.",
    stable=True,
    keywords="projection onto the simplex",
)
def sparsemax(z: Array) -> Array:
    """Euclidean projection onto the probability simplex; unlike softmax it can give exact zeros."""
    S = support(z)
    tau = (np.sum(S * z, axis=-1, keepdims=True) - 1) / np.sum(S, axis=-1, keepdims=True)
    return S * (z - tau)


@sparsemax.rule
def _(g: Array, z: Array) -> Array:
    S = support(z)
    m = np.sum(S * g, axis=-1, keepdims=True) / np.sum(S, axis=-1, keepdims=True)
    return S * (g - m)


@row(
    "Expected cost under softmax",
    z="(k,)",
    c="(k,) fixed",
    source="Sutton and Barto 2018, sec. 2.8",
    keywords="gradient bandit baseline",
)
def expected_cost(z: Array, c: Array) -> Array:
    """Expected cost of a choice drawn with softmax probabilities: choices dearer than it lose score."""
    return softmax(z) @ c


@expected_cost.rule
def _(z: Array, c: Array, f: Array) -> Array:
    return softmax(z) * (c - f)
