"""Log-densities and log-probabilities with their scores, and Fisher information."""

from __future__ import annotations

import numpy as np

from calcml.functions._helpers import one_hot
from calcml.functions._registry import ROWS
from calcml.functions.activations import sigmoid, softplus
from calcml.functions.softmax import log_softmax, log_sum_exp, softmax
from calcml.identity import Array, Group

row = Group("Densities, scores and information", ROWS)

BISHOP = "Bishop 2006, "
MURPHY = "Murphy 2022, "
JOHNSON = "Johnson, Kotz and Balakrishnan 1994, "
WORKED = "appendices/worked-derivations.md"


@row(
    "Gaussian log-density",
    x="()",
    mu="()",
    var="() positive",
    source=BISHOP + "eq. 1.46",
    chapter=WORKED + "#gaussian-negative-log-likelihood-mean-and-variance",
    scales=(1.0, 30.0),
    keywords="normal score function",
)
def gaussian_log_density(x: Array, mu: Array, var: Array) -> Array:
    """Its gradient in x is the score; in mu and variance, what maximum likelihood sets to zero."""
    return -np.log(2 * np.pi * var) / 2 - (x - mu) ** 2 / (2 * var)


@gaussian_log_density.rule
def _(x: Array, mu: Array, var: Array) -> Array:
    z = (x - mu) / var
    return -z, z, (z**2 - 1 / var) / 2


@row(
    "Multivariate Gaussian log-density",
    x="(n,)",
    mu="(n,)",
    S="(n, n) spd",
    source=BISHOP + "eq. 2.43; Petersen and Pedersen 2012, sec. 8.1.1 and 8.4.2",
    scales=(1.0, 30.0),
    keywords="multivariate normal score covariance gradient",
)
def multivariate_gaussian(x: Array, mu: Array, S: Array) -> Array:
    """Log-density with a covariance matrix, whose entries count as independent."""
    r = x - mu
    return (
        -(
            r @ np.linalg.solve(S, r)
            + np.linalg.slogdet(S)[1]
            + len(x) * np.log(2 * np.pi).astype(x.dtype)
        )
        / 2
    )


@multivariate_gaussian.rule
def _(x: Array, mu: Array, S: Array) -> Array:
    z = np.linalg.solve(S, x - mu)
    return -z, z, (np.outer(z, z) - np.linalg.inv(S)) / 2


@row(
    "Laplace log-density",
    x="()",
    mu="()",
    b="() positive",
    source=MURPHY + "sec. 2.7.3; Johnson, Kotz and Balakrishnan 1995, ch. 24",
    kinks=r"At $x = \mu$: 0 is returned.",
    scales=(1.0, 30.0),
)
def laplace_log_density(x: Array, mu: Array, b: Array) -> Array:
    """The density whose negative logarithm is the absolute error."""
    return -np.log(2 * b) - np.abs(x - mu) / b


@laplace_log_density.rule
def _(x: Array, mu: Array, b: Array) -> Array:
    s = np.sign(x - mu) / b
    return -s, s, (np.abs(x - mu) / b - 1) / b


@row(
    "Cauchy log-density",
    x="()",
    mu="()",
    s="() positive",
    source=MURPHY + "sec. 2.7.2; " + JOHNSON + "ch. 16",
    scales=(1.0, 30.0),
)
def cauchy_log_density(x: Array, mu: Array, s: Array) -> Array:
    """Heavy tails: the pull of a far point falls instead of growing."""
    return -np.log(np.pi * s) - np.log(1 + ((x - mu) / s) ** 2)


@cauchy_log_density.rule
def _(x: Array, mu: Array, s: Array) -> Array:
    d = s**2 + (x - mu) ** 2
    return -2 * (x - mu) / d, 2 * (x - mu) / d, 1 / s - 2 * s / d


@row(
    "Student t log-density",
    x="()",
    source=MURPHY + "sec. 2.7.1; Johnson, Kotz and Balakrishnan 1995, ch. 28",
    formula="-(nu + 1) / 2 * np.log(1 + x**2 / nu)",
    keywords="robust heavy tail t-SNE",
)
def student_log_density(x: Array, nu: float = 4.0) -> Array:
    """Up to a constant; between Cauchy (one degree of freedom) and Gaussian (many)."""
    return -(nu + 1) / 2 * np.log1p(x**2 / nu)


@student_log_density.rule
def _(x: Array, nu: float) -> Array:
    return -(nu + 1) * x / (nu + x**2)


@row(
    "Exponential log-density",
    x="() positive",
    lam="() positive",
    source=MURPHY + "sec. 2.7.5; " + JOHNSON + "ch. 19",
    scales=(1.0, 30.0),
)
def exponential_log_density(x: Array, lam: Array) -> Array:
    """Waiting time with a rate."""
    return np.log(lam) - lam * x


@exponential_log_density.rule
def _(x: Array, lam: Array) -> Array:
    return -lam, 1 / lam - x


@row(
    "Gamma log-density",
    x="() positive",
    beta="() positive",
    source=MURPHY + "sec. 2.7.5; " + JOHNSON + "ch. 17",
    scales=(1.0, 30.0),
)
def gamma_log_density(x: Array, beta: Array, alpha: float = 2.5) -> Array:
    """With shape alpha and rate beta, without the constant that holds neither x nor beta."""
    return alpha * np.log(beta) + (alpha - 1) * np.log(x) - beta * x


@gamma_log_density.rule
def _(x: Array, beta: Array, alpha: float) -> Array:
    return (alpha - 1) / x - beta, alpha / beta - x


@row(
    "Beta log-density",
    x="(...) unit",
    source=BISHOP + "eq. 2.13; Johnson, Kotz and Balakrishnan 1995, ch. 25",
)
def beta_log_density(x: Array, alpha: float = 2.0, beta: float = 3.5) -> Array:
    """Up to a constant."""
    return (alpha - 1) * np.log(x) + (beta - 1) * np.log(1 - x)


@beta_log_density.rule
def _(x: Array, alpha: float, beta: float) -> Array:
    return (alpha - 1) / x - (beta - 1) / (1 - x)


@row(
    "Log-normal log-density",
    x="() positive",
    mu="()",
    var="() positive",
    source=JOHNSON + "ch. 14",
    scales=(1.0, 30.0),
)
def log_normal_log_density(x: Array, mu: Array, var: Array) -> Array:
    """A positive number whose logarithm is Gaussian."""
    return -np.log(x) - np.log(2 * np.pi * var) / 2 - (np.log(x) - mu) ** 2 / (2 * var)


@log_normal_log_density.rule
def _(x: Array, mu: Array, var: Array) -> Array:
    z = (np.log(x) - mu) / var
    return -(1 + z) / x, z, (z**2 - 1 / var) / 2


@row("Von Mises log-density", x="()", mu="()", source=BISHOP + "eq. 2.179")
def von_mises_log_density(x: Array, mu: Array, kappa: float = 2.0) -> Array:
    """A Gaussian on the circle, up to a constant."""
    return kappa * np.cos(x - mu)


@von_mises_log_density.rule
def _(x: Array, mu: Array, kappa: float) -> Array:
    return -kappa * np.sin(x - mu), kappa * np.sin(x - mu)


@row(
    "Bernoulli log-probability",
    z="(...)",
    y="(...) fraction fixed",
    source=BISHOP + "eq. 2.198 and 2.200",
    chapter=WORKED + "#logistic-loss-where-the-slope-of-the-sigmoid-goes",
    stable=True,
    keywords="Bernoulli score logit",
)
def bernoulli_log_probability(z: Array, y: Array) -> Array:
    """From the logit: outcome minus probability, the pattern of all exponential families."""
    return y * z - softplus(z)


@bernoulli_log_probability.rule
def _(z: Array, y: Array) -> Array:
    return y - sigmoid(z)


@row(
    "Categorical log-probability",
    z="(k,)",
    y="() labels k",
    source=BISHOP + "eq. 2.26 and 4.104",
    chapter=WORKED + "#with-k-classes",
    stable=True,
    keywords="categorical score one-hot minus probabilities log_prob",
)
def categorical_log_probability(z: Array, y: Array) -> Array:
    """Log-probability of one class under a softmax: one-hot minus probabilities."""
    return np.sum(one_hot(y, z) * z) - log_sum_exp(z)


@categorical_log_probability.rule
def _(z: Array, y: Array) -> Array:
    return one_hot(y, z) - softmax(z)


@row(
    "Poisson log-probability",
    lam="() positive",
    y="() counts fixed",
    source="Murphy 2023, sec. 2.2.1; Johnson, Kemp and Kotz 2005, ch. 4",
    keywords="Poisson score rate",
)
def poisson_log_probability(lam: Array, y: Array) -> Array:
    """Of a count, in the rate, without the factorial."""
    return y * np.log(lam) - lam


@poisson_log_probability.rule
def _(lam: Array, y: Array) -> Array:
    return y / lam - 1


@row(
    "Geometric log-probability",
    p="() unit",
    y="() counts fixed",
    source="Johnson, Kemp and Kotz 2005, sec. 5.2",
)
def geometric_log_probability(p: Array, y: Array) -> Array:
    """Of y failures before the first success."""
    return np.log(p) + y * np.log(1 - p)


@geometric_log_probability.rule
def _(p: Array, y: Array) -> Array:
    return 1 / p - y / (1 - p)


@row(
    "Gaussian mixture log-likelihood",
    x="(d,)",
    z="(k,)",
    M="(k, d)",
    source=BISHOP + "eq. 9.14 and 9.16; Petersen and Pedersen 2012, sec. 8.4.2",
    scales=(1.0,),
    keywords="GMM responsibilities",
)
def gaussian_mixture(x: Array, z: Array, M: Array) -> Array:
    """Mixture of unit Gaussians with means M and softmax weights: responsibilities weigh the pulls."""
    return log_sum_exp(log_softmax(z) - np.sum((x - M) ** 2, axis=1) / 2)


@gaussian_mixture.rule
def _(x: Array, z: Array, M: Array) -> Array:
    r = softmax(log_softmax(z) - np.sum((x - M) ** 2, axis=1) / 2)
    return r @ M - x, r - softmax(z), np.diag(r) @ (x - M)


@row(
    "Fisher information of a Bernoulli",
    z="(...)",
    source="Murphy 2023, sec. 3.3.4; Cover and Thomas 2006, sec. 11.10",
    stable=True,
    keywords="Fisher information variance of the score",
)
def bernoulli_fisher(z: Array) -> Array:
    """Variance of the score in the logit, which is the variance of the outcome."""
    return sigmoid(z) * sigmoid(-z)


@bernoulli_fisher.rule
def _(z: Array, f: Array) -> Array:
    return f * (1 - 2 * sigmoid(z))


@row(
    "Fisher quadratic form of a softmax",
    z="(k,)",
    v="(k,)",
    source="Murphy 2023, sec. 3.3.4 and 5.1.9; Martens 2020, sec. 5",
    scales=(1e-3, 1.0),
    keywords="natural gradient Fisher-vector product Gauss-Newton",
)
def softmax_fisher(z: Array, v: Array) -> Array:
    """Variance of v under the softmax, half of which is the KL divergence of a small step v."""
    p = softmax(z)
    return p @ v**2 - (p @ v) ** 2


@softmax_fisher.rule
def _(z: Array, v: Array, f: Array) -> Array:
    p = softmax(z)
    c = v - p @ v
    return p * (c**2 - f), 2 * p * c


@row(
    "KL divergence of two Gaussians",
    m="()",
    v="() positive",
    mu="()",
    var="() positive",
    source=MURPHY + "sec. 6.2.3; " + BISHOP + "ex. 1.30",
    scales=(1.0,),
    keywords="KL normal closed form",
)
def gaussian_kl(m: Array, v: Array, mu: Array, var: Array) -> Array:
    """From N(m, v) to N(mu, var)."""
    return (np.log(var / v) + (v + (m - mu) ** 2) / var - 1) / 2


@gaussian_kl.rule
def _(m: Array, v: Array, mu: Array, var: Array) -> Array:
    d = (m - mu) / var
    return d, (1 / var - 1 / v) / 2, -d, ((1 - v / var) / var - d**2) / 2
