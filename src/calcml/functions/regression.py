"""Losses of numbers predicted for numbers; means over the n examples unless said."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.identity import Array, Group

row = Group("Regression losses", ROWS)

GOODFELLOW = "Goodfellow, Bengio and Courville 2016, "
HASTIE = "Hastie, Tibshirani and Friedman 2009, "
WORKED = "appendices/worked-derivations.md"
LOSSES = "learn/losses.md"


@row(
    "Mean squared error",
    p="(n,)",
    y="(n,)",
    source=GOODFELLOW + "eq. 5.4",
    chapter=LOSSES,
    keywords="MSE L2 loss gradient",
)
def mean_squared_error(p: Array, y: Array) -> Array:
    """Mean of the squared residuals."""
    return np.mean((p - y) ** 2)


@mean_squared_error.rule
def _(p: Array, y: Array) -> Array:
    n = len(p)
    return 2 / n * (p - y), 2 / n * (y - p)


@row(
    "Mean squared error of a linear model",
    X="(n, d) fixed",
    w="(d,)",
    y="(n,) fixed",
    source=GOODFELLOW + "eq. 5.6 to 5.12",
    chapter=WORKED + "#mean-squared-error-component-by-component",
    keywords="linear regression MSE gradient weights",
)
def linear_regression(X: Array, w: Array, y: Array) -> Array:
    """Mean squared residual of a linear model; zero gradient means residuals orthogonal to every column."""
    return np.mean((X @ w - y) ** 2)


@linear_regression.rule
def _(X: Array, w: Array, y: Array) -> Array:
    n = len(y)
    return 2 / n * X.T @ (X @ w - y)


@row(
    "Mean absolute error",
    p="(n,)",
    y="(n,) fixed",
    source=HASTIE + "table 10.2",
    stable=True,
    kinks="Where $p_i = y_i$: 0 is returned.",
    keywords="MAE L1 loss gradient",
)
def mean_absolute_error(p: Array, y: Array) -> Array:
    """Mean of the absolute residuals: every example pulls with the same strength."""
    return np.mean(np.abs(p - y))


@mean_absolute_error.rule
def _(p: Array, y: Array) -> Array:
    return np.sign(p - y) / len(p)


@row(
    "Huber loss",
    r="(n,)",
    source=HASTIE + "table 10.2; Huber 1964",
    stable=True,
    kinks=r"The slope is continuous; the second derivative jumps at $\lvert r \rvert = \delta$.",
    keywords="smooth L1 robust",
)
def huber(r: Array, delta: float = 1.0) -> Array:
    """Squared near zero, straight beyond delta: a residual pulls with at most delta."""
    a = np.abs(r)
    return np.mean(np.where(a <= delta, r**2 / 2, delta * (a - delta / 2)))


@huber.rule
def _(r: Array, delta: float) -> Array:
    return np.clip(r, -delta, delta) / len(r)


@row(
    "Log-cosh loss",
    r="(n,)",
    source="Saleh and Saleh 2022",
    stable=True,
    formula="np.mean(np.log(np.cosh(r)))",
    keywords="logcosh smooth robust",
)
def log_cosh(r: Array) -> Array:
    """Smooth relative of Huber's loss; its slope is tanh."""
    return np.mean(np.logaddexp(r, -r) - np.log(2.0).astype(r.dtype))


@log_cosh.rule
def _(r: Array) -> Array:
    return np.tanh(r) / len(r)


@row(
    "Quantile loss",
    p="(n,)",
    y="(n,) fixed",
    source="Koenker and Bassett 1978",
    stable=True,
    kinks="Where $p_i = y_i$: the slope of the left side is returned.",
    keywords="pinball loss quantile regression",
)
def quantile_loss(p: Array, y: Array, tau: float = 0.9) -> Array:
    """Absolute residuals with unlike weights: its minimum is the quantile tau."""
    return np.mean(np.where(y >= p, tau * (y - p), (1 - tau) * (p - y)))


@quantile_loss.rule
def _(p: Array, y: Array, tau: float) -> Array:
    return np.where(y >= p, -tau, 1 - tau) / len(p)


@row(
    "Poisson loss",
    z="(n,)",
    y="(n,) counts fixed",
    source='PyTorch documentation 2026, sec. "PoissonNLLLoss"; McCullagh and Nelder 1989, sec. 6.2',
    scales=(1e-3, 1.0),
    keywords="Poisson regression count log link",
)
def poisson_loss(z: Array, y: Array) -> Array:
    """Negative log-likelihood of counts with mean exp(z), without the term that z does not enter."""
    return np.mean(np.exp(z) - y * z)


@poisson_loss.rule
def _(z: Array, y: Array) -> Array:
    return (np.exp(z) - y) / len(z)


@row(
    "Gaussian negative log-likelihood",
    x="(n,)",
    mu="()",
    var="() positive",
    source="Bishop 2006, eq. 1.54 to 1.56",
    chapter=WORKED + "#gaussian-negative-log-likelihood-mean-and-variance",
    keywords="Gaussian NLL mean variance maximum likelihood",
    scales=(1.0,),
)
def gaussian_nll(x: Array, mu: Array, var: Array) -> Array:
    """Sum over the sample, in mean and variance; both are zero at the sample's own."""
    n = len(x)
    return n / 2 * np.log(2 * np.pi * var) + np.sum((x - mu) ** 2) / (2 * var)


@gaussian_nll.rule
def _(x: Array, mu: Array, var: Array) -> Array:
    r = x - mu
    return r / var, -np.sum(r) / var, len(x) / (2 * var) - np.sum(r**2) / (2 * var**2)


@row(
    "Gaussian loss with predicted variance",
    p="(n,)",
    s="(n,)",
    y="(n,) fixed",
    source="Kendall and Gal 2017, eq. 8; Nix and Weigend 1994",
    scales=(1e-3, 1.0),
    keywords="heteroscedastic uncertainty log variance",
)
def heteroscedastic_loss(p: Array, s: Array, y: Array) -> Array:
    """Negative log-likelihood when the log-variance s of each example is predicted too."""
    return np.mean(s + (y - p) ** 2 * np.exp(-s)) / 2


@heteroscedastic_loss.rule
def _(p: Array, s: Array, y: Array) -> Array:
    n = len(p)
    return (p - y) * np.exp(-s) / n, (1 - (y - p) ** 2 * np.exp(-s)) / (2 * n)


@row(
    "Gamma deviance",
    z="(n,)",
    y="(n,) positive fixed",
    source="McCullagh and Nelder 1989, sec. 8.3",
    scales=(1e-3, 1.0),
    keywords="gamma regression log link",
)
def gamma_loss(z: Array, y: Array) -> Array:
    """Negative log-likelihood of positive targets with mean exp(z), up to a constant and a factor."""
    return np.mean(z + y * np.exp(-z))


@gamma_loss.rule
def _(z: Array, y: Array) -> Array:
    return (1 - y * np.exp(-z)) / len(z)
