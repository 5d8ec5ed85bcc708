"""What PyTorch calls the rows that it has: from the arguments of a row to the same value."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

# Imported by name: its types are not those of a package that is always there.
torch: Any = import_module("torch")
F: Any = import_module("torch.nn.functional")


def lstm(x: Any, h: Any, c: Any, W: Any, U: Any, b: Any) -> Any:
    """PyTorch orders the gates input, forget, candidate, output."""
    order = [0, 1, 3, 2]
    W, U, b = W[order].flatten(0, 1), U[order].flatten(0, 1), b[order].flatten()
    new = torch.lstm_cell(x[None], (h[None], c[None]), W, U, b, torch.zeros_like(b))
    return torch.cat(new)


def gru(x: Any, h: Any, W: Any, U: Any, b: Any) -> Any:
    W, U, b = W.flatten(0, 1), U.flatten(0, 1), b.flatten()
    return torch.gru_cell(x[None], h[None], W, U, b, torch.zeros_like(b))[0]


def multi_head(X: Any, W_q: Any, W_k: Any, W_v: Any, W_o: Any, M: Any) -> Any:
    heads = F.scaled_dot_product_attention(X @ W_q, X @ W_k, X @ W_v, M)
    return torch.einsum("hnd,hde->ne", heads, W_o)


TORCH: dict[str, Callable[..., Any]] = {
    "lstm-cell": lstm,
    "gru-cell": gru,
    "multi-head-attention": multi_head,
    "linear-form": torch.dot,
    "affine-form": lambda w, x, b: torch.dot(w, x) + b,
    "total": torch.sum,
    "average": torch.mean,
    "matrix-vector": torch.mv,
    "matrix-product": torch.mm,
    "outer-product": torch.outer,
    "bilinear-form": lambda x, B, y: torch.einsum("i,ij,j->", x, B, y),
    "quadratic-form": lambda x, A: torch.einsum("i,ij,j->", x, A, x),
    "squared-distance": lambda x, c: F.mse_loss(x, c, reduction="sum"),
    "least-squares": lambda A, x, b: F.mse_loss(A @ x, b, reduction="sum"),
    "trace": torch.trace,
    "trace-product": lambda A, X: torch.trace(A @ X),
    "inverse": torch.linalg.inv,
    "linear-solve": torch.linalg.solve,
    "determinant": torch.linalg.det,
    "log-det": lambda A: torch.linalg.slogdet(A)[1],
    "squared-frobenius": lambda X: torch.linalg.matrix_norm(X) ** 2,
    "matrix-cube": lambda X: torch.linalg.matrix_power(X, 3),
    "covariance": lambda X: torch.cov(X.T, correction=0),
    "nuclear-norm": lambda X: torch.linalg.matrix_norm(X, "nuc"),
    "spectral-norm": lambda X: torch.linalg.matrix_norm(X, 2),
    "gram": lambda X: X @ X.T,
    "low-rank-update": lambda x, W, B, A: (
        F.linear(x, W) + 16 / len(A) * F.linear(F.linear(x, A), B)
    ),
    # norms
    "euclidean-norm": torch.linalg.vector_norm,
    "one-norm": lambda x: torch.linalg.vector_norm(x, 1),
    "maximum-norm": lambda x: torch.linalg.vector_norm(x, torch.inf),
    "p-norm": lambda x: torch.linalg.vector_norm(x, 3),
    "euclidean-distance": lambda x, y: torch.dist(x, y),
    "unit-vector": lambda x: F.normalize(x, dim=0),
    "cosine-similarity": lambda x, y: F.cosine_similarity(x, y, dim=0),
    "frobenius-norm": torch.linalg.matrix_norm,
    "pairwise-squared-distances": lambda X, Y: torch.cdist(X, Y) ** 2,
    # elementwise
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "power": torch.pow,
    "reciprocal": torch.reciprocal,
    "sin": torch.sin,
    "cos": torch.cos,
    "absolute-value": torch.abs,
    "x-log-x": lambda x: torch.xlogy(x, x),
    "clip": lambda x: torch.clamp(x, -1, 1),
    "maximum": torch.maximum,
    "sigmoid": torch.sigmoid,
    "log-sigmoid": F.logsigmoid,
    "logit": torch.logit,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "relu6": F.relu6,
    "leaky-relu": F.leaky_relu,
    "prelu": lambda x, a: F.prelu(x, a.reshape(1)),
    "elu": F.elu,
    "selu": F.selu,
    "celu": lambda x: F.celu(x, 2.0),
    "softplus": F.softplus,
    "silu": F.silu,
    "gelu": F.gelu,
    "gelu-tanh": lambda x: F.gelu(x, approximate="tanh"),
    "mish": F.mish,
    "softsign": F.softsign,
    "hard-sigmoid": lambda x: F.relu6(x + 3) / 6,  # F.hardsigmoid has a 1/6 in single precision
    "hard-tanh": F.hardtanh,
    "hard-swish": F.hardswish,
    "soft-threshold": F.softshrink,
    "log-add-exp": torch.logaddexp,
    "angle": torch.atan2,
    "hadamard-product": torch.mul,
    "quotient": torch.div,
    # softmax
    "softmax": lambda z: F.softmax(z, dim=-1),
    "log-softmax": lambda z: F.log_softmax(z, dim=-1),
    "log-sum-exp": lambda z: torch.logsumexp(z, dim=-1),
    "softmax-temperature": lambda z, T: F.softmax(z / T, dim=-1),
    # losses
    "mean-squared-error": F.mse_loss,
    "mean-absolute-error": F.l1_loss,
    "huber": lambda r: F.huber_loss(r, torch.zeros_like(r)),
    "binary-cross-entropy": F.binary_cross_entropy_with_logits,
    "probability-cross-entropy": F.binary_cross_entropy,
    "softmax-cross-entropy": F.cross_entropy,
    "softmax-cross-entropy-sum": lambda z, y: F.cross_entropy(z, y, reduction="sum"),
    "soft-cross-entropy": F.cross_entropy,
    "label-smoothing": lambda z, y: F.cross_entropy(z, y, label_smoothing=0.1),
    "margin-logistic": lambda m: F.soft_margin_loss(m, torch.ones_like(m)),
    "multiclass-hinge": lambda z, y: F.multi_margin_loss(z, y) * z.shape[1],
    "poisson-loss": F.poisson_nll_loss,
    "kl-divergence": lambda p, q: F.kl_div(q.log(), p, reduction="sum"),
    "forward-kl": lambda p, z: F.kl_div(F.log_softmax(z, -1), p, reduction="sum"),
    # layers
    "linear-layer": F.linear,
    "convolution-1d": F.conv1d,
    "convolution-2d": F.conv2d,
    "max-pooling": lambda x: F.max_pool2d(x, 2),
    "average-pooling": lambda x: F.avg_pool2d(x, 2),
    "global-average-pooling": lambda x: F.adaptive_avg_pool2d(x, 1)[:, :, 0, 0],
    "batch-norm": lambda x, a, b: torch.native_batch_norm(x, a, b, None, None, True, 0.1, 1e-5)[0],
    "batch-norm-inference": lambda x, a, b, m, v: F.batch_norm(x, m, v, a, b),
    "layer-norm": lambda x, a, b: F.layer_norm(x, x.shape[-1:], a, b),
    "rms-norm": lambda x, a: F.rms_norm(x, x.shape[-1:], a, 1e-6),
    "embedding": lambda E, t: F.embedding(t, E),
    "tied-embedding": lambda E, t: F.linear(F.embedding(t, E), E),
    # attention
    "attention": F.scaled_dot_product_attention,
    "masked-attention": F.scaled_dot_product_attention,
    "gaussian-nll": lambda x, m, v: torch.distributions.Normal(m, v.sqrt()).log_prob(x).sum().neg(),
    "gaussian-log-density": lambda x, m, v: torch.distributions.Normal(m, v.sqrt()).log_prob(x),
    "laplace-log-density": lambda x, m, b: torch.distributions.Laplace(m, b).log_prob(x),
    "exponential-log-density": lambda x, r: torch.distributions.Exponential(r).log_prob(x),
    "categorical-log-probability": lambda z, y: torch.distributions.Categorical(logits=z).log_prob(
        y
    ),
    "gaussian-kl": lambda m, v, n, w: torch.distributions.kl_divergence(
        torch.distributions.Normal(m, v.sqrt()), torch.distributions.Normal(n, w.sqrt())
    ),
    "variance": lambda x: torch.var(x, correction=0),
    "standard-deviation": lambda x: torch.std(x, correction=0),
    "product-of-entries": torch.prod,
}
