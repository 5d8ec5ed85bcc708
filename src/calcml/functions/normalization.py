"""Batch, layer and RMS norm, and their relatives."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.identity import Array, Group

row = Group("Normalization", ROWS)

WORKED = "appendices/worked-derivations.md"


@row(
    "Batch norm, training",
    x="(n, d)",
    gamma="(d,)",
    beta="(d,)",
    source="Ioffe and Szegedy 2015, algorithm 1 and sec. 3",
    kinks="With a batch of one the value is beta and the gradient in x is zero.",
    scales=(1.0, 30.0),
    keywords="batchnorm gradient backward BatchNorm1d",
)
def batch_norm(x: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> Array:
    """Each feature standardized over the batch: one example's gradient depends on all others."""
    mu = np.mean(x, axis=0)
    s = np.sqrt(np.mean((x - mu) ** 2, axis=0) + eps)
    return gamma * (x - mu) / s + beta


@batch_norm.rule
def _(g: Array, x: Array, gamma: Array, eps: float) -> Array:
    mu = np.mean(x, axis=0)
    s = np.sqrt(np.mean((x - mu) ** 2, axis=0) + eps)
    x_hat = (x - mu) / s
    d = gamma * g
    dx = (d - np.mean(d, axis=0) - x_hat * np.mean(d * x_hat, axis=0)) / s
    return dx, np.sum(g * x_hat, axis=0), np.sum(g, axis=0)


@row(
    "Batch norm, inference",
    x="(n, d)",
    gamma="(d,)",
    beta="(d,)",
    mu="(d,) fixed",
    var="(d,) positive fixed",
    source="Ioffe and Szegedy 2015, algorithm 2",
    keywords="batchnorm eval running statistics",
)
def batch_norm_inference(
    x: Array, gamma: Array, beta: Array, mu: Array, var: Array, eps: float = 1e-5
) -> Array:
    """With running statistics it is an affine map of each feature: examples do not interact."""
    return gamma * (x - mu) / np.sqrt(var + eps) + beta


@batch_norm_inference.rule
def _(g: Array, x: Array, gamma: Array, mu: Array, var: Array, eps: float) -> Array:
    s = np.sqrt(var + eps)
    return g * gamma / s, np.sum(g * (x - mu) / s, axis=0), np.sum(g, axis=0)


@row(
    "Layer norm",
    x="(n, d)",
    gamma="(d,)",
    beta="(d,)",
    source="Ba, Kiros and Hinton 2016, eq. 4",
    chapter=WORKED + "#layer-norm-gradients-of-gain-and-shift",
    kinks="With a single feature the value is beta and the gradient in x is zero.",
    scales=(1.0, 30.0),
    keywords="layernorm gradient backward LayerNorm",
)
def layer_norm(x: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> Array:
    """Each row standardized over its features; the gradient in x is orthogonal to 1 and nearly to x.

    The paper has no eps under the root.
    """
    mu = np.mean(x, axis=1, keepdims=True)
    s = np.sqrt(np.mean((x - mu) ** 2, axis=1, keepdims=True) + eps)
    return gamma * (x - mu) / s + beta


@layer_norm.rule
def _(g: Array, x: Array, gamma: Array, eps: float) -> Array:
    mu = np.mean(x, axis=1, keepdims=True)
    s = np.sqrt(np.mean((x - mu) ** 2, axis=1, keepdims=True) + eps)
    x_hat = (x - mu) / s
    d = gamma * g
    dx = (
        d - np.mean(d, axis=1, keepdims=True) - x_hat * np.mean(d * x_hat, axis=1, keepdims=True)
    ) / s
    return dx, np.sum(g * x_hat, axis=0), np.sum(g, axis=0)


@row(
    "RMS norm",
    x="(n, d)",
    gamma="(d,)",
    source="Zhang and Sennrich 2019, eq. 4",
    scales=(1.0, 30.0),
    keywords="rmsnorm gradient backward LLaMA",
)
def rms_norm(x: Array, gamma: Array, eps: float = 1e-6) -> Array:
    """Layer norm without centering: each row divided by its root mean square.

    The equation of the paper has no eps under the root.
    """
    return gamma * x / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + eps)


@rms_norm.rule
def _(g: Array, x: Array, gamma: Array, eps: float) -> Array:
    s = np.sqrt(np.mean(x**2, axis=1, keepdims=True) + eps)
    d = gamma * g
    dx = (d - x / s**2 * np.mean(d * x, axis=1, keepdims=True)) / s
    return dx, np.sum(g * x / s, axis=0)


@row(
    "Standardization",
    x="(d,)",
    source="Ioffe and Szegedy 2015, algorithm 1",
    chapter=WORKED + "#layer-norm-the-gradient-of-the-input",
    least={"d": 3},
    scales=(1.0, 30.0),
    keywords="z-score normalization whitening",
)
def standardize(x: Array, eps: float = 1e-5) -> Array:
    """Mean zero and variance one: the step that batch and layer norm share."""
    z = x - np.mean(x)
    return z / np.sqrt(np.mean(z**2) + eps)


@standardize.rule
def _(g: Array, x: Array, f: Array, eps: float) -> Array:
    z = x - np.mean(x)
    return (g - np.mean(g) - f * np.mean(g * f)) / np.sqrt(np.mean(z**2) + eps)


@row(
    "Weight normalization",
    v="(d,)",
    s="()",
    source="Salimans and Kingma 2016, eq. 2 and 3",
    kinks="Undefined at $v = 0$.",
    least={"d": 2},
)
def weight_normalization(v: Array, s: Array) -> Array:
    """A weight vector given by its length and, separately, its direction."""
    return s * v / np.linalg.norm(v)


@weight_normalization.rule
def _(g: Array, v: Array, s: Array) -> Array:
    u = v / np.linalg.norm(v)
    return s / np.linalg.norm(v) * (g - (g @ u) * u), g @ u
