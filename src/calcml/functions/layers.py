"""Layers of networks: linear, residual, embedding, dropout, gates, experts."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.functions.activations import gelu, sigmoid, silu
from calcml.functions.softmax import softmax
from calcml.identity import Array, Group

row = Group("Layers", ROWS)

GOODFELLOW = "Goodfellow, Bengio and Courville 2016, "
WORKED = "appendices/worked-derivations.md"
BACKPROP = "learn/jacobians-and-backpropagation.md"


@row(
    "Linear layer",
    x="(n, d)",
    W="(k, d)",
    b="(k,)",
    source=GOODFELLOW + "sec. 6.5.6",
    chapter=BACKPROP + "#a-batch-examples-in-rows",
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
    source="Rumelhart, Hinton and Williams 1986, eq. 1 to 7",
    chapter=WORKED + "#the-gradient-tape-one-layer-by-hand",
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
    chapter=BACKPROP + "#worked-example-two-layers-three-ways",
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
    source="He et al. 2016, eq. 3 and 5",
    chapter=BACKPROP + "#on-a-real-model-deep-chains",
    keywords="skip connection ResNet",
)
def residual_block(x: Array, W: Array) -> Array:
    """Input plus a layer of it: upstream also arrives without any factor."""
    return x + np.tanh(W @ x)


@residual_block.rule
def _(g: Array, x: Array, W: Array) -> Array:
    delta = g * (1 - np.tanh(W @ x) ** 2)
    return g + W.T @ delta, np.outer(delta, x)


def one_hot(t: Array, E: Array) -> Array:
    """Labels t of shape (n,) as rows with a single 1, of the length and in the type of E."""
    return (np.expand_dims(t, -1) == np.arange(len(E))) + 0 * E[:, 0]


@row(
    "Embedding",
    E="(v, d)",
    t="(n,) labels v",
    source="Bengio et al. 2003, sec. 2",
    chapter=WORKED + "#embedding-lookup-repeated-tokens-add",
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
    source="Press and Wolf 2017, sec. 3",
    chapter=WORKED + "#tied-weights-the-other-use-is-dense",
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
    """A share p is dropped and the rest scaled up (in the source p is the share kept); the same mask meets the gradient."""
    return M * x / (1 - p)


@dropout.rule
def _(g: Array, M: Array, p: float) -> Array:
    return M * g / (1 - p)


@row(
    "Gated linear unit",
    x="(n, d)",
    W="(k, d)",
    V="(k, d)",
    source="Dauphin et al. 2017, eq. 1; Shazeer 2020, eq. 4",
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
    """A linear map, gated by the SiLU of another: the feed-forward layer of many language models, without biases."""
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
    """A linear map, gated by the GELU of another, without biases."""
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
    """Channels scaled by gates computed from their means, by one matrix; the source has two and a ReLU between."""
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
    source="Shazeer et al. 2017, eq. 1 and 2; Jacobs et al. 1991",
    keywords="MoE gating router softmax",
)
def mixture_of_experts(x: Array, W: Array, A: Array) -> Array:
    """Outputs of linear experts, mixed with softmax weights of the same input."""
    return softmax(W @ x) @ np.einsum("ekd,d->ek", A, x)


@mixture_of_experts.rule
def _(g: Array, x: Array, W: Array, A: Array) -> Array:
    p = softmax(W @ x)
    Y = np.einsum("ekd,d->ek", A, x)
    a = p * (Y @ g - p @ (Y @ g))
    dx = W.T @ a + np.einsum("e,ekd,k->d", p, A, g)
    return dx, np.outer(a, x), np.einsum("e,k,d->ekd", p, g, x)
