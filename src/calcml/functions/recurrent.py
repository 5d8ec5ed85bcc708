"""Cells of recurrent networks, one step of each."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.functions.activations import sigmoid
from calcml.identity import Array, Group

row = Group("Recurrent cells", ROWS)


def stacked(*parts: Array) -> Array:
    """Vectors of one length as the rows of a matrix."""
    return np.stack(parts)


@row(
    "Recurrent cell",
    x="(e,)",
    h="(d,)",
    W="(d, e)",
    U="(d, d)",
    b="(d,)",
    source="Elman 1990; Goodfellow, Bengio and Courville 2016, eq. 10.8 and 10.9 and sec. 10.2.2",
    keywords="RNN backpropagation through time",
)
def recurrent_cell(x: Array, h: Array, W: Array, U: Array, b: Array) -> Array:
    """New state from input and old state; through time the factor diag(1 - f²) U repeats."""
    return np.tanh(W @ x + U @ h + b)


@recurrent_cell.rule
def _(g: Array, x: Array, h: Array, W: Array, U: Array, f: Array) -> Array:
    a = g * (1 - f**2)
    return W.T @ a, U.T @ a, np.outer(a, x), np.outer(a, h), a


@row(
    "LSTM cell",
    x="(e,)",
    h="(d,)",
    c="(d,)",
    W="(4, d, e)",
    U="(4, d, d)",
    b="(4, d)",
    source="Zaremba, Sutskever and Vinyals 2014, sec. 3.1; Hochreiter and Schmidhuber 1997; "
    "Gers, Schmidhuber and Cummins 2000, eq. 10 and 11",
    keywords="long short-term memory gates backward",
)
def lstm_cell(x: Array, h: Array, c: Array, W: Array, U: Array, b: Array) -> Array:
    """New state (row 0) and new memory (row 1); gates in the order input, forget, output, candidate.

    The forget gate came in 2000. Both early papers squash with shifted, scaled sigmoids in the place of tanh.
    """
    a = np.einsum("kde,e->kd", W, x) + np.einsum("kde,e->kd", U, h) + b
    c_new = sigmoid(a[1]) * c + sigmoid(a[0]) * np.tanh(a[3])
    return stacked(sigmoid(a[2]) * np.tanh(c_new), c_new)


@lstm_cell.rule
def _(g: Array, x: Array, h: Array, c: Array, W: Array, U: Array, b: Array, f: Array) -> Array:
    a = np.einsum("kde,e->kd", W, x) + np.einsum("kde,e->kd", U, h) + b
    i, r, o, z = sigmoid(a[0]), sigmoid(a[1]), sigmoid(a[2]), np.tanh(a[3])
    t = np.tanh(f[1])
    c_bar = g[1] + g[0] * o * (1 - t**2)
    i_bar = c_bar * z * i * (1 - i)
    r_bar = c_bar * c * r * (1 - r)
    o_bar = g[0] * t * o * (1 - o)
    z_bar = c_bar * i * (1 - z**2)
    a_bar = stacked(i_bar, r_bar, o_bar, z_bar)
    dx, dh = np.einsum("kde,kd->e", W, a_bar), np.einsum("kde,kd->e", U, a_bar)
    dW, dU = np.einsum("kd,e->kde", a_bar, x), np.einsum("kd,e->kde", a_bar, h)
    return dx, dh, c_bar * r, dW, dU, a_bar


@row(
    "GRU cell",
    x="(e,)",
    h="(d,)",
    W="(3, d, e)",
    U="(3, d, d)",
    b="(3, d)",
    source='PyTorch documentation 2026, sec. "GRU"; Cho et al. 2014, eq. 5 to 8',
    keywords="gated recurrent unit backward",
)
def gru_cell(x: Array, h: Array, W: Array, U: Array, b: Array) -> Array:
    """Gates in the order reset, update, candidate; the update gate keeps the old state.

    As in PyTorch the reset gate acts after the matrix; in the paper it acts on the state before it.
    PyTorch has a second bias under the reset gate, which is zero here.
    """
    a, u = np.einsum("kde,e->kd", W, x) + b, np.einsum("kde,e->kd", U, h)
    z = sigmoid(a[1] + u[1])
    n = np.tanh(a[2] + sigmoid(a[0] + u[0]) * u[2])
    return (1 - z) * n + z * h


@gru_cell.rule
def _(g: Array, x: Array, h: Array, W: Array, U: Array, b: Array) -> Array:
    a, u = np.einsum("kde,e->kd", W, x) + b, np.einsum("kde,e->kd", U, h)
    r, z = sigmoid(a[0] + u[0]), sigmoid(a[1] + u[1])
    n = np.tanh(a[2] + r * u[2])
    n_bar = g * (1 - z) * (1 - n**2)
    z_bar = g * (h - n) * z * (1 - z)
    r_bar = n_bar * u[2] * r * (1 - r)
    a_bar, u_bar = stacked(r_bar, z_bar, n_bar), stacked(r_bar, z_bar, n_bar * r)
    dx, dh = np.einsum("kde,kd->e", W, a_bar), np.einsum("kde,kd->e", U, u_bar) + g * z
    dW, dU = np.einsum("kd,e->kde", a_bar, x), np.einsum("kd,e->kde", u_bar, h)
    return dx, dh, dW, dU, a_bar


@row(
    "Highway layer",
    x="(d,)",
    W="(d, d)",
    U="(d, d)",
    source="Srivastava, Greff and Schmidhuber 2015, eq. 3",
    keywords="gated skip connection",
)
def highway_layer(x: Array, W: Array, U: Array) -> Array:
    """A gate decides, feature by feature, between a layer and its input."""
    t = sigmoid(U @ x)
    return t * np.tanh(W @ x) + (1 - t) * x


@highway_layer.rule
def _(g: Array, x: Array, W: Array, U: Array) -> Array:
    t = sigmoid(U @ x)
    h = np.tanh(W @ x)
    a = g * t * (1 - h**2)
    b = g * (h - x) * t * (1 - t)
    return W.T @ a + U.T @ b + g * (1 - t), np.outer(a, x), np.outer(b, x)


@row(
    "Exponential moving average",
    x="(n,)",
    m="()",
    source="Hyndman and Athanasopoulos 2021, sec. 8.1; Kingma and Ba 2015, algorithm 1 and eq. 1",
    keywords="momentum EMA linear recurrence state space",
)
def moving_average(x: Array, m: Array, beta: float = 0.9) -> Array:
    """The last value of m ← beta m + (1 - beta) x: weights fall geometrically into the past."""
    w = decay(x, beta)
    return beta ** len(x) * m + (1 - beta) * (w @ x)


@moving_average.rule
def _(x: Array, beta: float) -> Array:
    return (1 - beta) * decay(x, beta), beta ** len(x)


def decay(x: Array, beta: float) -> Array:
    """Powers of beta, 1 for the last entry of x, in its type."""
    return beta ** np.arange(len(x) - 1, -1, -1).astype(x.dtype)
