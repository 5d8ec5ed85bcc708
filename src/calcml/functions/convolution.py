"""Convolution and pooling, in one and two dimensions."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.identity import Array, Group

row = Group("Convolution and pooling", ROWS)

GOODFELLOW = "Goodfellow, Bengio and Courville 2016, "


def windows(x: Array, k: int) -> Array:
    """All windows of length k along the last axis: shape (..., l + k - 1) becomes (..., l, k)."""
    return np.stack([x[..., i : x.shape[-1] - int(k) + 1 + i] for i in range(k)], axis=-1)


def windows_2d(x: Array, k: int, q: int) -> Array:
    """All k by q windows of the last two axes: (..., h + k - 1, w + q - 1) to (..., h, w, k, q)."""
    across = windows(x, q)  # (..., h + k - 1, w, q)
    return np.moveaxis(windows(np.moveaxis(across, -3, -1), k), (-1, -2), (-2, -4))


def padded(g: Array, k: int) -> Array:
    """Add k - 1 zeros on both sides of the last axis."""
    zeros = np.zeros_like(np.stack([g[..., 0]] * (int(k) - 1), axis=-1)) if k > 1 else g[..., :0]
    return np.concatenate([zeros, g, zeros], axis=-1)


def padded_2d(g: Array, k: int, q: int) -> Array:
    """Add k - 1 and q - 1 zeros on both sides of the last two axes."""
    return np.swapaxes(padded(np.swapaxes(padded(g, q), -1, -2), k), -1, -2)


def flipped(w: Array) -> Array:
    """Reverse the last axis."""
    return w[..., ::-1]


@row(
    "Convolution in one dimension",
    x="(n, c, l + k - 1)",
    w="(o, c, k)",
    b="(o,)",
    source=GOODFELLOW + "eq. 9.7, 9.11 and 9.13",
    keywords="conv1d backward cross-correlation",
)
def convolution_1d(x: Array, w: Array, b: Array) -> Array:
    """Cross-correlation without padding: each weight sums its gradient over all positions."""
    return np.einsum("ncip,ocp->noi", windows(x, w.shape[2]), w) + b[:, None]


@convolution_1d.rule
def _(g: Array, x: Array, w: Array) -> Array:
    dx = np.einsum("noip,ocp->nci", windows(padded(g, w.shape[2]), w.shape[2]), flipped(w))
    dw = np.einsum("noi,ncip->ocp", g, windows(x, w.shape[2]))
    return dx, dw, np.sum(g, axis=(0, 2))


@row(
    "Convolution in two dimensions",
    x="(n, c, h + k - 1, v + q - 1)",
    w="(o, c, k, q)",
    b="(o,)",
    source=GOODFELLOW + "eq. 9.7, 9.11 and 9.13",
    scales=(1.0,),
    keywords="conv2d backward cross-correlation CNN",
)
def convolution_2d(x: Array, w: Array, b: Array) -> Array:
    """Cross-correlation of images without padding, with stride one."""
    return np.einsum("ncijpr,ocpr->noij", windows_2d(x, w.shape[2], w.shape[3]), w) + per_channel(b)


@convolution_2d.rule
def _(g: Array, x: Array, w: Array) -> Array:
    k, q = w.shape[2], w.shape[3]
    Z = windows_2d(padded_2d(g, k, q), k, q)
    dx = np.einsum("noijpr,ocpr->ncij", Z, w[:, :, ::-1, ::-1])
    dw = np.einsum("noij,ncijpr->ocpr", g, windows_2d(x, k, q))
    return dx, dw, np.sum(g, axis=(0, 2, 3))


def per_channel(b: Array) -> Array:
    """One number for each channel, over all positions of an image."""
    return b[..., None, None]


def blocks(x: Array) -> Array:
    """Blocks of two by two of the last two axes: (..., 2 h, 2 w) becomes (..., h, w, 4)."""
    parts = [x[..., i::2, j::2] for i in range(2) for j in range(2)]
    return np.stack(parts, axis=-1)


def block_sums(x: Array) -> Array:
    """Sums over the blocks of two by two."""
    return np.sum(blocks(x), axis=-1)


def enlarged(g: Array) -> Array:
    """Each entry of the last two axes, repeated to a block of two by two."""
    return np.repeat(np.repeat(g, 2, axis=-1), 2, axis=-2)


@row(
    "Max pooling",
    x="(n, c, 2 * h, 2 * w)",
    source=GOODFELLOW + "sec. 9.3; Scherer, Müller and Behnke 2010",
    kinks="Where a window has its maximum twice: ties share the gradient, as in JAX; PyTorch takes the first.",
    stable=True,
    keywords="max_pool2d backward",
)
def max_pooling(x: Array) -> Array:
    """Largest entry of each window of two by two: the gradient goes where it was found."""
    return np.max(blocks(x), axis=-1)


@max_pooling.rule
def _(g: Array, x: Array, f: Array) -> Array:
    M = x >= enlarged(f)
    return M * enlarged(g / block_sums(M))


@row(
    "Average pooling",
    x="(n, c, 2 * h, 2 * w)",
    source=GOODFELLOW + "sec. 9.3; LeCun et al. 1998, sec. II.A",
    keywords="avg_pool2d backward",
)
def average_pooling(x: Array) -> Array:
    """Mean of each window of two by two: the gradient is spread evenly. LeCun also trains a scale and an offset."""
    return np.mean(blocks(x), axis=-1)


@average_pooling.rule
def _(g: Array) -> Array:
    return enlarged(g) / 4


@row(
    "Global average pooling",
    x="(n, c, h, w)",
    source="Lin, Chen and Yan 2014, sec. 3.2",
)
def global_average_pooling(x: Array) -> Array:
    """Mean of each channel over all positions."""
    return np.mean(x, axis=(2, 3))


@global_average_pooling.rule
def _(g: Array, x: Array) -> Array:
    return over_positions(g, x) / (x.shape[2] * x.shape[3])


def over_positions(g: Array, x: Array) -> Array:
    """One number for each channel, repeated at all positions of x."""
    return g[..., None, None] * np.ones_like(x)
