"""Layers of networks: linear, convolution, pooling, normalization, embedding, gates."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.functions.elementwise import gelu, sigmoid, silu
from calcml.identity import Array, Group

row = Group("Layers", ROWS)

GOODFELLOW = "Goodfellow, Bengio and Courville 2016, "
WORKED = "appendices/worked-derivations.md"


@row(
    "Linear layer",
    x="(n, d)",
    W="(k, d)",
    b="(k,)",
    source=GOODFELLOW + "sec. 6.5.6",
    chapter="learn/backpropagation.md",
    keywords="dense fully connected nn.Linear backward",
)
def linear_layer(x: Array, W: Array, b: Array) -> Array:
    """A batch of rows through a linear map, with the weight stored as outputs by inputs."""
    return x @ W.T + b


@linear_layer.rule
def _(g: Array, x: Array, W: Array) -> Array:
    return g @ W, g.T @ x, np.sum(g, axis=0)


@row(
    "Sigmoid layer with squared error",
    x="(d,)",
    W="(k, d)",
    b="(k,)",
    y="(k,) fixed",
    source="Rumelhart, Hinton and Williams 1986, eq. 3 to 7",
    chapter=WORKED,
    keywords="one layer backpropagation delta",
)
def sigmoid_layer_loss(x: Array, W: Array, b: Array, y: Array) -> Array:
    """One layer and its loss, with the factor one half that makes the error a - y."""
    a = sigmoid(W @ x + b)
    return (a - y) @ (a - y) / 2


@sigmoid_layer_loss.rule
def _(x: Array, W: Array, b: Array, y: Array) -> Array:
    a = sigmoid(W @ x + b)
    delta = (a - y) * a * (1 - a)
    return W.T @ delta, np.outer(delta, x), delta


@row(
    "Two-layer network",
    x="(d,)",
    W1="(h, d)",
    W2="(k, h)",
    source=GOODFELLOW + "sec. 6.5.4",
    chapter="learn/backpropagation.md",
    keywords="MLP multilayer perceptron tanh",
)
def two_layer_network(x: Array, W1: Array, W2: Array) -> Array:
    """Linear, tanh, linear: the smallest network in which a gradient passes through a layer."""
    return W2 @ np.tanh(W1 @ x)


@two_layer_network.rule
def _(g: Array, x: Array, W1: Array, W2: Array) -> Array:
    h = np.tanh(W1 @ x)
    delta = (W2.T @ g) * (1 - h**2)
    return W1.T @ delta, np.outer(delta, x), np.outer(g, h)


@row(
    "Residual block",
    x="(d,)",
    W="(d, d)",
    source="He et al. 2016, eq. 1 and 5",
    chapter="learn/backpropagation.md",
    keywords="skip connection ResNet",
)
def residual_block(x: Array, W: Array) -> Array:
    """Input plus a layer of it: upstream also arrives without any factor."""
    return x + np.tanh(W @ x)


@residual_block.rule
def _(g: Array, x: Array, W: Array) -> Array:
    delta = g * (1 - np.tanh(W @ x) ** 2)
    return g + W.T @ delta, np.outer(delta, x)


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
    source=GOODFELLOW + "eq. 9.6 and sec. 9.5",
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
    source=GOODFELLOW + "eq. 9.6 and sec. 9.5",
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
    source="Scherer, Müller and Behnke 2010, eq. 2",
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
    source="LeCun et al. 1998, sec. II.B",
    keywords="avg_pool2d backward",
)
def average_pooling(x: Array) -> Array:
    """Mean of each window of two by two: the gradient is spread evenly."""
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
    chapter=WORKED,
    kinks="With a single feature the value is beta and the gradient in x is zero.",
    scales=(1.0, 30.0),
    keywords="layernorm gradient backward LayerNorm",
)
def layer_norm(x: Array, gamma: Array, beta: Array, eps: float = 1e-5) -> Array:
    """Each row standardized over its features; the gradient in x is orthogonal to 1 and nearly to x."""
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
    """Layer norm without centering: each row divided by its root mean square."""
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
    source="Ioffe and Szegedy 2015, sec. 3",
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


def one_hot(t: Array, E: Array) -> Array:
    """Labels t of shape (n,) as rows with a single 1, of the length and in the type of E."""
    return (np.expand_dims(t, -1) == np.arange(len(E))) + 0 * E[:, 0]


@row(
    "Embedding",
    E="(v, d)",
    t="(n,) labels v",
    source="Bengio et al. 2003, sec. 2",
    chapter=WORKED,
    keywords="embedding gradient lookup scatter add sparse token",
)
def embedding(E: Array, t: Array) -> Array:
    """Row t of a table: a token's row collects the gradients of all its occurrences."""
    return E[t]


@embedding.rule
def _(g: Array, E: Array, t: Array) -> Array:
    return one_hot(t, E).T @ g


@row(
    "Tied embedding",
    E="(v, d)",
    t="(n,) labels v",
    source="Press and Wolf 2017, sec. 2",
    keywords="weight tying shared input output embedding",
)
def tied_embedding(E: Array, t: Array) -> Array:
    """One table reads the tokens and scores the next ones: the gradients of both uses add."""
    return E[t] @ E.T


@tied_embedding.rule
def _(g: Array, E: Array, t: Array) -> Array:
    return one_hot(t, E).T @ g @ E + g.T @ E[t]


@row(
    "Dropout with a fixed mask",
    x="(n, d)",
    M="(n, d) mask fixed",
    source="Srivastava et al. 2014, sec. 4 and 10",
    keywords="inverted dropout backward",
)
def dropout(x: Array, M: Array, p: float = 0.3) -> Array:
    """Entries are dropped and the rest scaled up; the same mask meets the gradient."""
    return M * x / (1 - p)


@dropout.rule
def _(g: Array, M: Array, p: float) -> Array:
    return M * g / (1 - p)


@row(
    "Gated linear unit",
    x="(n, d)",
    W="(k, d)",
    V="(k, d)",
    source="Dauphin et al. 2017, eq. 1",
    keywords="GLU gate",
)
def gated_linear_unit(x: Array, W: Array, V: Array) -> Array:
    """A linear map, gated by the sigmoid of another."""
    return x @ W.T * sigmoid(x @ V.T)


@gated_linear_unit.rule
def _(g: Array, x: Array, W: Array, V: Array) -> Array:
    a = x @ W.T
    s = sigmoid(x @ V.T)
    A = g * s
    S = g * a * s * (1 - s)
    return A @ W + S @ V, A.T @ x, S.T @ x


@row(
    "SwiGLU",
    x="(n, d)",
    W="(k, d)",
    V="(k, d)",
    source="Shazeer 2020, eq. 5",
    keywords="swish gated linear unit LLaMA feed-forward",
)
def swiglu(x: Array, W: Array, V: Array) -> Array:
    """A linear map, gated by the SiLU of another: the feed-forward layer of many language models."""
    return silu(x @ W.T) * (x @ V.T)


@swiglu.rule
def _(g: Array, x: Array, W: Array, V: Array) -> Array:
    a = x @ W.T
    s = sigmoid(a)
    A = g * (x @ V.T) * (s + a * s * (1 - s))
    B = g * silu(a)
    return A @ W + B @ V, A.T @ x, B.T @ x


@row(
    "GEGLU",
    x="(n, d)",
    W="(k, d)",
    V="(k, d)",
    source="Shazeer 2020, eq. 5",
    keywords="GELU gated linear unit",
)
def geglu(x: Array, W: Array, V: Array) -> Array:
    """A linear map, gated by the GELU of another."""
    return gelu(x @ W.T) * (x @ V.T)


@geglu.rule
def _(g: Array, x: Array, W: Array, V: Array) -> Array:
    a = x @ W.T
    A = g * (x @ V.T) * (gelu_slope(a))
    B = g * gelu(a)
    return A @ W + B @ V, A.T @ x, B.T @ x


def gelu_slope(a: Array) -> Array:
    """Derivative of GELU, from its own row."""
    return gelu.gradient(a)


@row(
    "Squeeze and excitation",
    x="(c, l)",
    W="(c, c)",
    source="Hu, Shen and Sun 2018, eq. 2 to 4",
    keywords="channel attention gate",
)
def channel_gate(x: Array, W: Array) -> Array:
    """Channels scaled by gates that are computed from their own means."""
    return x * sigmoid(W @ np.mean(x, axis=1))[:, None]


@channel_gate.rule
def _(g: Array, x: Array, W: Array) -> Array:
    m = np.mean(x, axis=1)
    s = sigmoid(W @ m)
    a = np.sum(g * x, axis=1) * s * (1 - s)
    return g * s[:, None] + np.outer(W.T @ a, np.ones_like(x[0])) / x.shape[1], np.outer(a, m)


@row(
    "Mixture of experts",
    x="(d,)",
    W="(e, d)",
    A="(e, k, d)",
    source="Jacobs et al. 1991, eq. 1",
    keywords="MoE gating router softmax",
)
def mixture_of_experts(x: Array, W: Array, A: Array) -> Array:
    """Outputs of linear experts, mixed with softmax weights of the same input."""
    return expert_weights(W @ x) @ np.einsum("ekd,d->ek", A, x)


@mixture_of_experts.rule
def _(g: Array, x: Array, W: Array, A: Array) -> Array:
    p = expert_weights(W @ x)
    Y = np.einsum("ekd,d->ek", A, x)
    a = p * (Y @ g - p @ (Y @ g))
    dx = W.T @ a + np.einsum("e,ekd,k->d", p, A, g)
    return dx, np.outer(a, x), np.einsum("e,k,d->ekd", p, g, x)


def expert_weights(z: Array) -> Array:
    """Softmax over the experts."""
    e = np.exp(z - np.max(z))
    return e / np.sum(e)
