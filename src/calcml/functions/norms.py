"""Norms and distances."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.identity import Array, Group

row = Group("Norms and distances", ROWS)

COOKBOOK = "Petersen and Pedersen 2012, "
BOYD = "Boyd and Vandenberghe 2004, "
ROCKAFELLAR = "Rockafellar 1970, sec. 23"


@row(
    "Euclidean norm",
    x="(n,)",
    source=COOKBOOK + "eq. 129",
    chapter="learn/gradient.md#the-standard-forms",
    kinks=r"At $\mathbf{x} = \mathbf{0}$ every vector of length at most 1 is a subgradient; 0 is returned.",
    stable=True,
    keywords="2-norm L2 norm length",
)
def euclidean_norm(x: Array) -> Array:
    """Length of a vector; its gradient is the unit vector."""
    return np.linalg.norm(x)


@euclidean_norm.rule
def _(x: Array, f: Array) -> Array:
    return x / np.where(f > 0, f, 1)


@row(
    "1-norm",
    x="(n,)",
    source=ROCKAFELLAR,
    kinks=r"Where $x_i = 0$ every value in $[-1, 1]$ is a subgradient; 0 is returned.",
    stable=True,
    keywords="L1 norm lasso",
)
def one_norm(x: Array) -> Array:
    """Sum of the absolute values."""
    return np.linalg.norm(x, 1)


@one_norm.rule
def _(x: Array) -> Array:
    return np.sign(x)


@row(
    "Maximum norm",
    x="(n,)",
    source=ROCKAFELLAR,
    kinks="Where the largest absolute value occurs twice: ties share the gradient. At 0: 0 is returned.",
    stable=True,
    keywords="infinity norm L-infinity adversarial",
)
def maximum_norm(x: Array) -> Array:
    """Largest absolute value; only the entry that attains it receives a gradient."""
    return np.linalg.norm(x, np.inf)


@maximum_norm.rule
def _(x: Array, f: Array) -> Array:
    m = np.abs(x) >= f
    return m * np.sign(x) / np.sum(m)


@row(
    "p-norm",
    x="(n,)",
    source=BOYD + "sec. A.1.3",
    kinks=r"At $\mathbf{x} = \mathbf{0}$, and for $p = 1$ wherever $x_i = 0$.",
    keywords="Lp norm",
)
def p_norm(x: Array, p: float = 3.0) -> Array:
    """The norm of order p > 1; between the 1-norm and the maximum norm."""
    return np.linalg.norm(x, p)


@p_norm.rule
def _(x: Array, f: Array, p: float) -> Array:
    return np.sign(x) * (np.abs(x) / f) ** (p - 1)


@row(
    "Euclidean distance",
    x="(n,)",
    y="(n,)",
    source=COOKBOOK + "eq. 129",
    kinks=r"At $\mathbf{x} = \mathbf{y}$; undefined there.",
)
def euclidean_distance(x: Array, y: Array) -> Array:
    """Distance of two points; the gradients are opposite unit vectors."""
    return np.linalg.norm(x - y)


@euclidean_distance.rule
def _(x: Array, y: Array, f: Array) -> Array:
    return (x - y) / f, (y - x) / f


@row(
    "Unit vector",
    x="(n,)",
    source=COOKBOOK + "eq. 130",
    least={"n": 2},
    kinks=r"Undefined at $\mathbf{x} = \mathbf{0}$.",
    keywords="normalize normalization embedding sphere",
)
def unit_vector(x: Array) -> Array:
    """A vector divided by its length: the gradient keeps only what is orthogonal to x."""
    return x / np.linalg.norm(x)


@unit_vector.rule
def _(g: Array, x: Array, f: Array) -> Array:
    return (g - (g @ f) * f) / np.linalg.norm(x)


@row(
    "Cosine similarity",
    x="(n,)",
    y="(n,)",
    source="Luo et al. 2018; " + COOKBOOK + "eq. 130",
    least={"n": 2},
    kinks="Undefined where x or y is zero.",
    keywords="cosine embedding angle",
)
def cosine_similarity(x: Array, y: Array) -> Array:
    """Cosine of the angle between two vectors; lengthening either changes nothing."""
    return x @ y / (np.linalg.norm(x) * np.linalg.norm(y))


@cosine_similarity.rule
def _(x: Array, y: Array, f: Array) -> Array:
    u = x / np.linalg.norm(x)
    v = y / np.linalg.norm(y)
    return (v - f * u) / np.linalg.norm(x), (u - f * v) / np.linalg.norm(y)


@row(
    "Squared Mahalanobis distance",
    x="(n,)",
    m="(n,)",
    S="(n, n) spd",
    source=COOKBOOK + "eq. 61, 85 and 86",
    kinks="S must be symmetric and positive definite.",
    keywords="Mahalanobis Gaussian",
)
def squared_mahalanobis(x: Array, m: Array, S: Array) -> Array:
    """Squared distance in units of the covariance matrix S."""
    return (x - m) @ np.linalg.inv(S) @ (x - m)


@squared_mahalanobis.rule
def _(x: Array, m: Array, S: Array) -> Array:
    z = np.linalg.solve(S, x - m)
    return 2 * z, -2 * z, -np.outer(z, z)


@row(
    "Mahalanobis distance",
    x="(n,)",
    m="(n,)",
    S="(n, n) spd fixed",
    source=COOKBOOK + "eq. 85 and 86",
    kinks=r"At $\mathbf{x} = \mathbf{m}$; undefined there.",
)
def mahalanobis(x: Array, m: Array, S: Array) -> Array:
    """Distance in units of the covariance matrix S."""
    return np.sqrt((x - m) @ np.linalg.inv(S) @ (x - m))


@mahalanobis.rule
def _(x: Array, m: Array, S: Array, f: Array) -> Array:
    z = np.linalg.solve(S, x - m)
    return z / f, -z / f


@row(
    "Frobenius norm",
    X="(m, n)",
    source=BOYD + "eq. A.2; " + COOKBOOK + "eq. 132",
    kinks="At $X = 0$; undefined there.",
    keywords="matrix norm",
)
def frobenius_norm(X: Array) -> Array:
    """Euclidean norm of all entries.

    The second source differentiates its square.
    """
    return np.linalg.norm(X)


@frobenius_norm.rule
def _(X: Array, f: Array) -> Array:
    return X / f


@row(
    "Sum of row norms",
    X="(m, n)",
    source="Nie et al. 2010",
    kinks="Where a row is zero; undefined there.",
    keywords="L2,1 norm group lasso 2,1-norm",
)
def row_norms(X: Array) -> Array:
    """Euclidean norms of the rows, summed."""
    return np.sum(np.linalg.norm(X, axis=1))


@row_norms.rule
def _(X: Array) -> Array:
    return X / np.linalg.norm(X, axis=1, keepdims=True)


@row(
    "Smoothed absolute value",
    x="(n,)",
    source="Charbonnier et al. 1994; Barron 2019, sec. 1",
    stable=True,
    keywords="pseudo-Huber Charbonnier",
)
def smoothed_absolute(x: Array, eps: float = 0.1) -> Array:
    """A 1-norm without a kink: rounded off within eps of zero.

    The penalties of the sources have another scale, and are zero at zero.
    """
    return np.sum(np.sqrt(x**2 + eps**2))


@smoothed_absolute.rule
def _(x: Array, eps: float) -> Array:
    return x / np.sqrt(x**2 + eps**2)


@row(
    "Squared pairwise distances",
    X="(m, d)",
    Y="(n, d)",
    source="Dokmanić et al. 2015, sec. II; " + COOKBOOK + "eq. 85 and 86",
    keywords="distance matrix k-means kernel",
)
def pairwise_squared_distances(X: Array, Y: Array) -> Array:
    """Squared distance of every row of X to every row of Y, by one matrix product."""
    return np.sum(X**2, axis=1, keepdims=True) - 2 * X @ Y.T + np.sum(Y**2, axis=1)


@pairwise_squared_distances.rule
def _(g: Array, X: Array, Y: Array) -> Array:
    return (
        2 * (np.diag(np.sum(g, axis=1)) @ X - g @ Y),
        2 * (np.diag(np.sum(g, axis=0)) @ Y - g.T @ X),
    )


@row(
    "Gaussian kernel",
    x="(n,)",
    y="(n,)",
    ell="() positive",
    source="Rasmussen and Williams 2006, eq. 4.9",
    scales=(1e-3, 1.0),
    keywords="RBF kernel squared exponential length scale",
)
def gaussian_kernel(x: Array, y: Array, ell: Array) -> Array:
    """Similarity that falls with the squared distance in units of a length scale."""
    return np.exp(-(x - y) @ (x - y) / (2 * ell**2))


@gaussian_kernel.rule
def _(x: Array, y: Array, ell: Array, f: Array) -> Array:
    z = (x - y) / ell**2
    return -f * z, f * z, f * (z @ z) * ell
