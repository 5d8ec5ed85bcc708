"""Attention and the position encodings inside of it."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.functions.softmax import log_sum_exp, masked_softmax, softmax
from calcml.identity import Array, Group

row = Group("Attention", ROWS)

VASWANI = "Vaswani et al. 2017, "
APPENDIX = "appendices/attention.md"


@row(
    "Scaled dot-product score",
    q="(d,)",
    k="(d,)",
    source=VASWANI + "eq. 1",
    chapter=APPENDIX + "#one-score",
    keywords="attention score query key",
)
def attention_score(q: Array, k: Array) -> Array:
    """One query against one key."""
    return q @ k / len(q) ** 0.5


@attention_score.rule
def _(q: Array, k: Array) -> Array:
    s = len(q) ** 0.5
    return k / s, q / s


@row(
    "Attention",
    Q="(n, d)",
    K="(m, d)",
    V="(m, v)",
    source=VASWANI + "eq. 1; Dao et al. 2022, app. B.2",
    chapter=APPENDIX + "#the-function",
    keywords="scaled dot-product attention gradient dQ dK dV",
)
def attention(Q: Array, K: Array, V: Array) -> Array:
    """Each query mixes the values with softmax weights of its scores."""
    return softmax(Q @ K.T / Q.shape[1] ** 0.5) @ V


@attention.rule
def _(g: Array, Q: Array, K: Array, V: Array) -> Array:
    s = Q.shape[1] ** 0.5
    P = softmax(Q @ K.T / s)
    P_bar = g @ V.T
    S_bar = P * (P_bar - np.sum(P * P_bar, axis=1, keepdims=True))
    return S_bar @ K / s, S_bar.T @ Q / s, P.T @ g


@row(
    "Attention from the log-sum-exp",
    Q="(n, d)",
    K="(m, d)",
    V="(m, v)",
    source="Dao et al. 2022, eq. 4; Dao 2023, algorithm 2",
    chapter=APPENDIX + "#step-4-the-row-sum-without-the-weights",
    scales=(1e-3, 1.0),
    keywords="FlashAttention backward recomputation rowsum",
)
def flash_attention(Q: Array, K: Array, V: Array) -> Array:
    """The same function; its pullback rebuilds P from one number per row and never sums over P."""
    S = Q @ K.T / Q.shape[1] ** 0.5
    return np.exp(S - log_sum_exp(S)[:, None]) @ V


@flash_attention.rule
def _(g: Array, Q: Array, K: Array, V: Array, f: Array) -> Array:
    s = Q.shape[1] ** 0.5
    S = Q @ K.T / s
    P = np.exp(S - log_sum_exp(S)[:, None])
    S_bar = P * (g @ V.T - np.sum(g * f, axis=1, keepdims=True))
    return S_bar @ K / s, S_bar.T @ Q / s, P.T @ g


@row(
    "Masked attention",
    Q="(n, d)",
    K="(m, d)",
    V="(m, v)",
    M="(n, m) mask fixed",
    source=VASWANI + "sec. 3.2.3",
    chapter=APPENDIX + "#a-mask",
    keywords="causal attention mask gradient",
)
def masked_attention(Q: Array, K: Array, V: Array, M: Array) -> Array:
    """Attention only where M is true; masked pairs neither act nor learn."""
    return masked_softmax(Q @ K.T / Q.shape[1] ** 0.5, M) @ V


@masked_attention.rule
def _(g: Array, Q: Array, K: Array, V: Array, M: Array) -> Array:
    s = Q.shape[1] ** 0.5
    P = masked_softmax(Q @ K.T / s, M)
    P_bar = g @ V.T
    S_bar = P * (P_bar - np.sum(P * P_bar, axis=1, keepdims=True))
    return S_bar @ K / s, S_bar.T @ Q / s, P.T @ g


@row(
    "Multi-head attention",
    X="(n, e)",
    W_q="(h, e, d)",
    W_k="(h, e, d)",
    W_v="(h, e, d)",
    W_o="(h, d, e)",
    M="(n, n) mask fixed",
    source=VASWANI + "sec. 3.2.2",
    chapter=APPENDIX + "#the-rows-that-hold-this",
    scales=(1.0,),
    keywords="multi-head self-attention gradient transformer",
)
def multi_head_attention(
    X: Array, W_q: Array, W_k: Array, W_v: Array, W_o: Array, M: Array
) -> Array:
    """Self-attention of h heads with a mask; the outputs of the heads are projected and summed."""
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    P = head_weights(Q @ K.mT / Q.shape[2] ** 0.5, M)
    return np.sum(P @ V @ W_o, axis=0)


def head_weights(S: Array, M: Array) -> Array:
    """Masked softmax of the scores of all heads, (h, n, n), under one mask, (n, n)."""
    e = np.exp(np.where(M, S, -1e9) - np.max(np.where(M, S, -1e9), axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


@multi_head_attention.rule
def _(g: Array, X: Array, W_q: Array, W_k: Array, W_v: Array, W_o: Array, M: Array) -> Array:
    s = W_q.shape[2] ** 0.5
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    P = head_weights(Q @ K.mT / s, M)
    O_bar = g @ W_o.mT
    P_bar = O_bar @ V.mT
    S_bar = P * (P_bar - np.sum(P * P_bar, axis=2, keepdims=True)) / s
    Q_bar, K_bar, V_bar = S_bar @ K, S_bar.mT @ Q, P.mT @ O_bar
    dX = np.sum(Q_bar @ W_q.mT + K_bar @ W_k.mT + V_bar @ W_v.mT, axis=0)
    return dX, X.T @ Q_bar, X.T @ K_bar, X.T @ V_bar, (P @ V).mT @ g


@row(
    "Additive attention score",
    q="(d,)",
    k="(d,)",
    W="(a, d)",
    U="(a, d)",
    v="(a,)",
    source="Bahdanau, Cho and Bengio 2015, app. A.1.2",
    keywords="Bahdanau attention",
)
def additive_score(q: Array, k: Array, W: Array, U: Array, v: Array) -> Array:
    """A score from a small network in the place of an inner product."""
    return v @ np.tanh(W @ q + U @ k)


@additive_score.rule
def _(q: Array, k: Array, W: Array, U: Array, v: Array) -> Array:
    t = np.tanh(W @ q + U @ k)
    a = v * (1 - t**2)
    return W.T @ a, U.T @ a, np.outer(a, q), np.outer(a, k), t


@row(
    "Linear attention",
    Q="(n, d)",
    K="(m, d)",
    V="(m, v)",
    source="Katharopoulos et al. 2020, eq. 6",
    keywords="attention without softmax",
)
def linear_attention(Q: Array, K: Array, V: Array) -> Array:
    """Without the softmax the products associate: K' V is formed first.

    The paper puts Q and K through a positive feature map, and divides each row by its sum.
    """
    return Q @ (K.T @ V)


@linear_attention.rule
def _(g: Array, Q: Array, K: Array, V: Array) -> Array:
    return g @ V.T @ K, V @ g.T @ Q, K @ (Q.T @ g)


def turned(x: Array) -> Array:
    """The pairs (x_i, x_{i+h}) turned by a right angle: (-x_{i+h}, x_i)."""
    h = x.shape[-1] // 2
    return np.concatenate([-x[..., h:], x[..., :h]], axis=-1)


def both(theta: Array) -> Array:
    """One angle for each pair, repeated for both of its members."""
    return np.concatenate([theta, theta], axis=-1)


@row(
    "Rotary embedding",
    x="(n, 2 * h)",
    theta="(n, h) fixed",
    source="Su et al. 2021, eq. 34",
    keywords="RoPE rotary position encoding backward",
)
def rotary_embedding(x: Array, theta: Array) -> Array:
    """Pairs of features rotated by an angle that grows with the position; the pullback turns back.

    A pair has one member in each half of the features, as in most libraries; in the paper it is two neighbors.
    """
    return x * np.cos(both(theta)) + turned(x) * np.sin(both(theta))


@rotary_embedding.rule
def _(g: Array, theta: Array) -> Array:
    return g * np.cos(both(theta)) - turned(g) * np.sin(both(theta))


@row(
    "Logit soft-capping",
    S="(n, m)",
    source="Gemma Team 2024, sec. 2",
    stable=True,
    keywords="tanh cap attention logits",
)
def soft_cap(S: Array, c: float = 30.0) -> Array:
    """Scores held between -c and c by a tanh; far outside they learn no more.

    Gemma 2 takes 30 for the last logits, and 50 for the scores of attention.
    """
    return c * np.tanh(S / c)


@soft_cap.rule
def _(S: Array, c: float) -> Array:
    return 1 - np.tanh(S / c) ** 2
