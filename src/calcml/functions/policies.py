"""Objectives of variational inference, policy gradients, score matching and flows."""

from __future__ import annotations

import numpy as np

from calcml.functions._helpers import one_hot
from calcml.functions._registry import ROWS
from calcml.functions.softmax import log_softmax, softmax
from calcml.identity import Array, Group

row = Group("Variational, policy and diffusion objectives", ROWS)


@row(
    "VAE regularizer",
    mu="(d,)",
    s="(d,)",
    source="Kingma and Welling 2014, eq. 10 and app. B",
    scales=(1e-3, 1.0),
    keywords="KL to the standard normal variational autoencoder log variance",
)
def vae_kl(mu: Array, s: Array) -> Array:
    """KL divergence from N(mu, exp(s)) to the standard normal, s being log-variances; the bound subtracts it."""
    return np.sum(mu**2 + np.exp(s) - s - 1) / 2


@vae_kl.rule
def _(mu: Array, s: Array) -> Array:
    return mu, (np.exp(s) - 1) / 2


@row(
    "Reparametrized sample",
    mu="(d,)",
    s="(d,)",
    n="(d,) fixed",
    source="Kingma and Welling 2014, sec. 2.4",
    scales=(1e-3, 1.0),
    keywords="reparameterization trick pathwise gradient ELBO",
)
def reparametrized_sample(mu: Array, s: Array, n: Array) -> Array:
    """A Gaussian draw as a smooth function of its mean and log-variance, with the noise n given."""
    return mu + np.exp(s / 2) * n


@reparametrized_sample.rule
def _(g: Array, s: Array, n: Array) -> Array:
    return g, g * np.exp(s / 2) * n / 2


@row(
    "One-sample ELBO",
    mu="(d,)",
    s="(d,)",
    W="(n, d)",
    x="(n,) fixed",
    n="(d,) fixed",
    source="Kingma and Welling 2014, eq. 10",
    scales=(1e-3, 1.0),
    keywords="evidence lower bound VAE reparametrization gradient",
)
def elbo(mu: Array, s: Array, W: Array, x: Array, n: Array) -> Array:
    """Reconstruction by a linear decoder minus the KL term, at one draw of the noise n.

    The decoder is Gaussian with variance one; its constant is left out.
    """
    r = W @ (mu + np.exp(s / 2) * n) - x
    return -r @ r / 2 - np.sum(mu**2 + np.exp(s) - s - 1) / 2


@elbo.rule
def _(mu: Array, s: Array, W: Array, x: Array, n: Array) -> Array:
    z = mu + np.exp(s / 2) * n
    r = W @ z - x
    d = -W.T @ r
    return d - mu, d * np.exp(s / 2) * n / 2 - (np.exp(s) - 1) / 2, -np.outer(r, z)


@row(
    "REINFORCE surrogate",
    Z="(n, k)",
    y="(n,) labels k",
    R="(n,) fixed",
    source="Williams 1992, sec. 4; Sutton and Barto 2018, eq. 13.8",
    stable=True,
    keywords="policy gradient score function estimator log-derivative trick",
)
def reinforce(Z: Array, y: Array, R: Array) -> Array:
    """Its gradient is the policy gradient estimate: scores of the actions taken, times their returns."""
    return np.mean(R * np.sum(one_hot(y, Z) * log_softmax(Z), axis=1))


@reinforce.rule
def _(Z: Array, y: Array, R: Array) -> Array:
    return R[:, None] * (one_hot(y, Z) - softmax(Z)) / len(Z)


@row(
    "Clipped policy objective",
    a="(n,)",
    b="(n,) fixed",
    A="(n,) fixed",
    source="Schulman et al. 2017, eq. 7",
    kinks="Where a ratio meets its bound.",
    scales=(1e-3, 1.0),
    keywords="PPO proximal policy optimization",
)
def ppo_objective(a: Array, b: Array, A: Array, eps: float = 0.2) -> Array:
    """Advantages times ratios of new to old probability, given as logarithms; clipped from above."""
    r = np.exp(a - b)
    return np.mean(np.minimum(r * A, np.clip(r, 1 - eps, 1 + eps) * A))


@ppo_objective.rule
def _(a: Array, b: Array, A: Array, eps: float) -> Array:
    r = np.exp(a - b)
    return np.where(r * A <= np.clip(r, 1 - eps, 1 + eps) * A, r * A, 0) / len(a)


@row(
    "Expected return of a softmax policy",
    z="(k,)",
    q="(k,) fixed",
    source="Sutton and Barto 2018, sec. 2.8",
    chapter="learn/jacobians-and-backpropagation.md#the-softmax-jacobian",
    stable=True,
    keywords="policy gradient theorem advantage baseline",
)
def policy_value(z: Array, q: Array) -> Array:
    """Exact value of a one-step policy: each action is weighed by its advantage over the mean."""
    return softmax(z) @ q


@policy_value.rule
def _(z: Array, q: Array, f: Array) -> Array:
    return softmax(z) * (q - f)


@row(
    "Score matching objective",
    x="(d,)",
    W="(d, d)",
    b="(d,)",
    source="Hyvärinen 2005, eq. 3 and 4; Murphy 2023, sec. 24.3.1",
    scales=(1e-3, 1.0),
    keywords="Hyvarinen score matching trace of the Jacobian",
)
def score_matching(x: Array, W: Array, b: Array) -> Array:
    """For the linear score model W x + b: trace of its Jacobian plus half its squared length."""
    s = W @ x + b
    return np.trace(W) + s @ s / 2


@score_matching.rule
def _(x: Array, W: Array, b: Array) -> Array:
    s = W @ x + b
    return W.T @ s, np.outer(s, x) + np.eye(len(x), dtype=x.dtype), s


@row(
    "Denoising objective",
    x="(d,) fixed",
    n="(d,) fixed",
    W="(d, d)",
    source="Ho, Jain and Abbeel 2020, eq. 14; Vincent 2011; Murphy 2023, sec. 24.3.2",
    scales=(1e-3, 1.0),
    keywords="diffusion denoising score matching",
)
def denoising_loss(x: Array, n: Array, W: Array, sigma: float = 0.5) -> Array:
    """A linear model predicts the noise n from the noisy point x + sigma n.

    Diffusion also shrinks x. Score matching has the target -n / sigma instead, the score of the noisy point.
    """
    r = W @ (x + sigma * n) - n
    return r @ r


@denoising_loss.rule
def _(x: Array, n: Array, W: Array, sigma: float) -> Array:
    z = x + sigma * n
    return 2 * np.outer(W @ z - n, z)


@row(
    "Planar flow log-determinant",
    x="(d,)",
    u="(d,)",
    w="(d,)",
    b="()",
    source="Rezende and Mohamed 2015, sec. 4.1",
    scales=(1e-3, 0.5),
    kinks="Where the determinant is zero.",
    keywords="normalizing flow change of variables",
)
def planar_flow_log_det(x: Array, u: Array, w: Array, b: Array) -> Array:
    """Log-determinant of the map x + u tanh(w'x + b), by the matrix determinant lemma."""
    return np.log(np.abs(1 + (1 - np.tanh(w @ x + b) ** 2) * (u @ w)))


@planar_flow_log_det.rule
def _(x: Array, u: Array, w: Array, b: Array) -> Array:
    t = np.tanh(w @ x + b)
    s = 1 - t**2
    d = 1 / (1 + s * (u @ w))
    a = -2 * t * s * (u @ w) * d
    return a * w, s * d * w, a * x + s * d * u, a
