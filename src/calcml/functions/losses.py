"""Losses: from predictions and targets to a number; means over the n examples unless said."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.functions.elementwise import sigmoid, softplus
from calcml.functions.softmax import log_softmax, log_sum_exp, softmax
from calcml.identity import Array, Group

row = Group("Losses", ROWS)

BISHOP = "Bishop 2006, "
LOSSES = "learn/losses.md"


def one_hot(y: Array, z: Array) -> Array:
    """Labels of shape (n,) as rows with a single 1, in the shape and type of z, (n, k)."""
    return (np.expand_dims(y, -1) == np.arange(z.shape[-1])) + 0 * z


@row(
    "Mean squared error",
    p="(n,)",
    y="(n,)",
    source=BISHOP + "eq. 3.12",
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
    source=BISHOP + "eq. 3.12 and 3.13",
    chapter="appendices/worked-derivations.md",
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
    source="Koenker and Bassett 1978, sec. 3",
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
    source="Huber 1964, eq. 1.1; sec. 6",
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
    source="Green 1990, sec. 3",
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
    source="Koenker and Bassett 1978, eq. 3.1",
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
    "Logistic loss from logits",
    z="(n,)",
    y="(n,) fraction fixed",
    source=BISHOP + "eq. 4.90",
    chapter=LOSSES,
    stable=True,
    formula="np.mean(np.log(1 + np.exp(z)) - y * z)",
    keywords="binary cross-entropy with logits BCEWithLogits",
)
def binary_cross_entropy(z: Array, y: Array) -> Array:
    """Cross-entropy of the sigmoid of z; probability minus label, whatever the slope of the sigmoid."""
    return np.mean(softplus(z) - y * z)


@binary_cross_entropy.rule
def _(z: Array, y: Array) -> Array:
    return (sigmoid(z) - y) / len(z)


@row(
    "Logistic regression",
    X="(n, d) fixed",
    w="(d,)",
    y="(n,) fraction fixed",
    source=BISHOP + "eq. 4.90 and 4.91",
    chapter="appendices/worked-derivations.md",
    keywords="logistic loss gradient weights",
)
def logistic_regression(X: Array, w: Array, y: Array) -> Array:
    """Mean logistic loss of a linear model: features times probability minus label."""
    z = X @ w
    return np.mean(softplus(z) - y * z)


@logistic_regression.rule
def _(X: Array, w: Array, y: Array) -> Array:
    return X.T @ (sigmoid(X @ w) - y) / len(y)


@row(
    "Logistic loss with margins",
    m="(n,)",
    source="Hastie, Tibshirani and Friedman 2009, eq. 10.18",
    stable=True,
    formula="np.mean(np.log(1 + np.exp(-m)))",
    keywords="margin binomial deviance",
)
def margin_logistic(m: Array) -> Array:
    """The same loss for classes -1 and 1, as a function of the margins, label times score."""
    return np.mean(softplus(-m))


@margin_logistic.rule
def _(m: Array) -> Array:
    return -sigmoid(-m) / len(m)


@row(
    "Binary cross-entropy from probabilities",
    p="(n,) unit",
    y="(n,) fraction fixed",
    source=BISHOP + "eq. 4.90",
    kinks="At $p = 0$ and $p = 1$ it is infinite; start from logits.",
    keywords="BCE log loss",
)
def probability_cross_entropy(p: Array, y: Array) -> Array:
    """Cross-entropy of given probabilities; its gradient explodes near 0 and 1."""
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


@probability_cross_entropy.rule
def _(p: Array, y: Array) -> Array:
    return (p - y) / (p * (1 - p) * len(p))


@row(
    "Softmax cross-entropy",
    z="(n, k)",
    y="(n,) labels k",
    source=BISHOP + "eq. 4.108 and 4.109",
    chapter=LOSSES,
    stable=True,
    keywords="cross entropy loss softmax gradient p minus y mean",
)
def softmax_cross_entropy(z: Array, y: Array) -> Array:
    """Mean negative log-probability of the labels: probabilities minus one-hot labels, over n."""
    return np.mean(log_sum_exp(z) - np.sum(one_hot(y, z) * z, axis=1))


@softmax_cross_entropy.rule
def _(z: Array, y: Array) -> Array:
    return (softmax(z) - one_hot(y, z)) / len(z)


@row(
    "Softmax cross-entropy, summed",
    z="(n, k)",
    y="(n,) labels k",
    source=BISHOP + "eq. 4.108 and 4.109",
    stable=True,
    keywords="cross entropy loss softmax gradient sum",
)
def softmax_cross_entropy_sum(z: Array, y: Array) -> Array:
    """The sum over the examples in the place of the mean: the gradient grows with the batch."""
    return np.sum(log_sum_exp(z) - np.sum(one_hot(y, z) * z, axis=1))


@softmax_cross_entropy_sum.rule
def _(z: Array, y: Array) -> Array:
    return softmax(z) - one_hot(y, z)


@row(
    "Cross-entropy with soft targets",
    z="(n, k)",
    q="(n, k) simplex",
    source="Hinton, Vinyals and Dean 2015, eq. 2",
    stable=True,
    keywords="distillation soft labels",
)
def soft_cross_entropy(z: Array, q: Array) -> Array:
    """Mean cross-entropy against distributions q."""
    return -np.sum(q * log_softmax(z)) / len(z)


@soft_cross_entropy.rule
def _(z: Array, q: Array) -> Array:
    n = len(z)
    return (softmax(z) - q) / n, -log_softmax(z) / n


@row(
    "Label smoothing",
    z="(n, k)",
    y="(n,) labels k",
    source="Szegedy et al. 2016, sec. 7",
    stable=True,
    keywords="smoothed cross entropy",
)
def label_smoothing(z: Array, y: Array, eps: float = 0.1) -> Array:
    """Cross-entropy against labels that are mixed with the uniform distribution."""
    q = (1 - eps) * one_hot(y, z) + eps / z.shape[1]
    return -np.sum(q * log_softmax(z)) / len(z)


@label_smoothing.rule
def _(z: Array, y: Array, eps: float) -> Array:
    q = (1 - eps) * one_hot(y, z) + eps / z.shape[1]
    return (softmax(z) - q) / len(z)


@row(
    "Softmax regression",
    X="(n, d)",
    W="(d, k)",
    y="(n,) labels k",
    source=BISHOP + "eq. 4.108 and 4.109",
    chapter=LOSSES,
    keywords="multinomial logistic regression softmax classifier",
)
def softmax_regression(X: Array, W: Array, y: Array) -> Array:
    """Softmax cross-entropy of a linear model."""
    Z = X @ W
    return np.mean(log_sum_exp(Z) - np.sum(one_hot(y, Z) * Z, axis=1))


@softmax_regression.rule
def _(X: Array, W: Array, y: Array) -> Array:
    Z = X @ W
    D = (softmax(Z) - one_hot(y, Z)) / len(X)
    return D @ W.T, X.T @ D


@row(
    "Cross-entropy with temperature",
    z="(k,)",
    y="() labels k",
    T="() positive",
    source="Guo et al. 2017, eq. 9",
    chapter="appendices/worked-derivations.md",
    scales=(1.0, 30.0),
    keywords="temperature scaling calibration",
)
def temperature_cross_entropy(z: Array, y: Array, T: Array) -> Array:
    """Cross-entropy of softmax(z / T), as calibration minimizes it over T."""
    return log_sum_exp(z / T) - np.sum(one_hot(y, z) * z) / T


@temperature_cross_entropy.rule
def _(z: Array, y: Array, T: Array) -> Array:
    d = softmax(z / T) - one_hot(y, z)
    return d / T, -d @ z / T**2


@row(
    "Focal loss",
    z="(n,)",
    y="(n,) signs fixed",
    source="Lin et al. 2017, eq. 4",
    stable=True,
    keywords="focal loss class imbalance",
    formula="-np.mean((1 - sigmoid(y * z))**gamma * np.log(sigmoid(y * z)))",
)
def focal_loss(z: Array, y: Array, gamma: float = 2.0) -> Array:
    """Logistic loss in which examples that are right already count less."""
    m = y * z
    return np.mean(sigmoid(-m) ** gamma * softplus(-m))


@focal_loss.rule
def _(z: Array, y: Array, gamma: float) -> Array:
    m = y * z
    p = sigmoid(m)
    return -y * sigmoid(-m) ** gamma * (gamma * p * softplus(-m) + sigmoid(-m)) / len(z)


@row(
    "Hinge loss",
    z="(n,)",
    y="(n,) signs fixed",
    source="Cortes and Vapnik 1995, eq. 21",
    stable=True,
    kinks="Where the margin $y_i z_i$ is 1: every slope between 0 and $-y_i$ is a subgradient; 0 is returned.",
    keywords="SVM support vector machine",
)
def hinge_loss(z: Array, y: Array) -> Array:
    """Zero beyond a margin of 1, straight below."""
    return np.mean(np.maximum(1 - y * z, 0))


@hinge_loss.rule
def _(z: Array, y: Array) -> Array:
    return np.where(y * z < 1, -y, 0) / len(z)


@row(
    "Squared hinge loss",
    z="(n,)",
    y="(n,) signs fixed",
    source="Fan et al. 2008, eq. 2",
    stable=True,
    keywords="L2-SVM",
)
def squared_hinge_loss(z: Array, y: Array) -> Array:
    """Hinge loss without a kink."""
    return np.mean(np.maximum(1 - y * z, 0) ** 2)


@squared_hinge_loss.rule
def _(z: Array, y: Array) -> Array:
    return -2 * y * np.maximum(1 - y * z, 0) / len(z)


@row(
    "Multi-class hinge loss",
    z="(n, k)",
    y="(n,) labels k",
    source="Weston and Watkins 1999, eq. 6",
    stable=True,
    kinks="Where a score is exactly 1 below that of the label: 0 is returned.",
    keywords="multiclass SVM cs231n",
)
def multiclass_hinge(z: Array, y: Array) -> Array:
    """Each wrong class is pushed until it scores 1 less than the right one."""
    Y = one_hot(y, z)
    s = np.sum(Y * z, axis=1, keepdims=True)
    return np.sum((1 - Y) * np.maximum(z - s + 1, 0)) / len(z)


@multiclass_hinge.rule
def _(z: Array, y: Array) -> Array:
    Y = one_hot(y, z)
    s = np.sum(Y * z, axis=1, keepdims=True)
    A = z - s + 1 > 0
    return (A - np.sum(A, axis=1, keepdims=True) * Y) / len(z)


@row(
    "Perceptron loss",
    z="(n,)",
    y="(n,) signs fixed",
    source="Rosenblatt 1958; Bishop 2006, eq. 4.54",
    stable=True,
    kinks="Where $z_i = 0$: 0 is returned.",
)
def perceptron_loss(z: Array, y: Array) -> Array:
    """Only mistakes cost, in proportion to how far they are on the wrong side."""
    return np.mean(np.maximum(-y * z, 0))


@perceptron_loss.rule
def _(z: Array, y: Array) -> Array:
    return np.where(y * z < 0, -y, 0) / len(z)


@row(
    "Exponential loss",
    m="(n,)",
    source="Freund and Schapire 1997; Hastie, Tibshirani and Friedman 2009, eq. 10.8",
    keywords="AdaBoost",
    scales=(1e-3, 1.0),
)
def exponential_loss(m: Array) -> Array:
    """The loss that AdaBoost descends, as a function of the margins."""
    return np.mean(np.exp(-m))


@exponential_loss.rule
def _(m: Array) -> Array:
    return -np.exp(-m) / len(m)


@row(
    "Poisson loss",
    z="(n,)",
    y="(n,) counts fixed",
    source="McCullagh and Nelder 1989, sec. 6.2",
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
    source=BISHOP + "eq. 1.54 to 1.56",
    chapter="appendices/worked-derivations.md",
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
    source="Nix and Weigend 1994, eq. 4",
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
    source="McCullagh and Nelder 1989, sec. 8.2",
    scales=(1e-3, 1.0),
    keywords="gamma regression log link",
)
def gamma_loss(z: Array, y: Array) -> Array:
    """Negative log-likelihood of positive targets with mean exp(z), up to a constant and a factor."""
    return np.mean(z + y * np.exp(-z))


@gamma_loss.rule
def _(z: Array, y: Array) -> Array:
    return (1 - y * np.exp(-z)) / len(z)


@row(
    "KL divergence",
    p="(k,) simplex",
    q="(k,) simplex",
    source="Cover and Thomas 2006, eq. 2.26",
    kinks="Infinite where $q_i = 0 < p_i$.",
    keywords="Kullback-Leibler relative entropy",
)
def kl_divergence(p: Array, q: Array) -> Array:
    """Relative entropy, with p and q as free positive numbers: constraints are not built in."""
    return np.sum(p * np.log(p / q))


@kl_divergence.rule
def _(p: Array, q: Array) -> Array:
    return np.log(p / q) + 1, -p / q


@row(
    "Forward KL to a softmax",
    p="(k,) simplex fixed",
    z="(k,)",
    source="Murphy 2023, eq. 5.10",
    stable=True,
    keywords="KL(p || softmax) mean-seeking distillation",
)
def forward_kl(p: Array, z: Array) -> Array:
    """KL(p || softmax z): the gradient is that of cross-entropy, model minus target."""
    return np.sum(p * (np.log(p) - log_softmax(z)))


@forward_kl.rule
def _(p: Array, z: Array) -> Array:
    return softmax(z) - p


@row(
    "Reverse KL to a softmax",
    p="(k,) simplex fixed",
    z="(k,)",
    source="Murphy 2023, eq. 5.11",
    stable=True,
    keywords="KL(softmax || p) mode-seeking variational RLHF",
)
def reverse_kl(p: Array, z: Array) -> Array:
    """KL(softmax z || p): each score is weighed against the mean log-ratio."""
    return softmax(z) @ (log_softmax(z) - np.log(p))


@reverse_kl.rule
def _(p: Array, z: Array, f: Array) -> Array:
    return softmax(z) * (log_softmax(z) - np.log(p) - f)


@row(
    "Jensen-Shannon divergence",
    p="(k,) simplex",
    q="(k,) simplex",
    source="Lin 1991, eq. 4.1",
    keywords="JS divergence GAN",
)
def jensen_shannon(p: Array, q: Array) -> Array:
    """Mean of the divergences of p and q from their midpoint; at most log 2."""
    m = (p + q) / 2
    return np.sum(p * np.log(p / m) + q * np.log(q / m)) / 2


@jensen_shannon.rule
def _(p: Array, q: Array) -> Array:
    m = (p + q) / 2
    return np.log(p / m) / 2, np.log(q / m) / 2


@row(
    "Triplet loss",
    a="(d,)",
    p="(d,)",
    n="(d,)",
    source="Schroff, Kalenichenko and Philbin 2015, eq. 3",
    kinks="Where the margin is met exactly: 0 is returned.",
    keywords="metric learning anchor positive negative",
)
def triplet_loss(a: Array, p: Array, n: Array, margin: float = 5.0) -> Array:
    """An anchor should be nearer to a positive than to a negative, by a margin, in squared distance."""
    return np.maximum((a - p) @ (a - p) - (a - n) @ (a - n) + margin, 0)


@triplet_loss.rule
def _(a: Array, p: Array, n: Array, f: Array) -> Array:
    s = np.where(f > 0, 2.0, 0.0)
    return s * (n - p), s * (p - a), s * (a - n)


@row(
    "Contrastive loss of a pair",
    x="(d,)",
    y="(d,)",
    source="Hadsell, Chopra and LeCun 2006, eq. 4",
    kinks="Where the distance equals the margin the slope is continuous; undefined at distance 0.",
    keywords="siamese dissimilar pair",
)
def contrastive_pair(x: Array, y: Array, margin: float = 4.0) -> Array:
    """Pushes a dissimilar pair apart until its distance exceeds the margin."""
    return np.maximum(margin - np.linalg.norm(x - y), 0) ** 2 / 2


@contrastive_pair.rule
def _(x: Array, y: Array, margin: float) -> Array:
    r = np.linalg.norm(x - y)
    d = np.maximum(margin - r, 0) * (y - x) / r
    return d, -d


@row(
    "InfoNCE",
    X="(n, d)",
    Y="(n, d)",
    source="van den Oord, Li and Vinyals 2018, eq. 4",
    scales=(1e-3, 1.0),
    keywords="contrastive loss CLIP SimCLR NT-Xent",
)
def info_nce(X: Array, Y: Array, tau: float = 0.5) -> Array:
    """Each row of X should score highest with the same row of Y: a cross-entropy over all pairs."""
    S = X @ Y.T / tau
    return np.mean(log_sum_exp(S) - np.diag(S))


@info_nce.rule
def _(X: Array, Y: Array, tau: float) -> Array:
    D = (softmax(X @ Y.T / tau) - np.eye(len(X), dtype=X.dtype)) / (tau * len(X))
    return D @ Y, D.T @ X


@row(
    "Dice loss",
    p="(n,) unit",
    y="(n,) fraction fixed",
    source="Milletari, Navab and Ahmadi 2016, eq. 1",
    keywords="segmentation overlap F1",
)
def dice_loss(p: Array, y: Array) -> Array:
    """One minus the overlap of predicted and true pixels, so that rare classes count."""
    return 1 - 2 * np.sum(p * y) / (np.sum(p**2) + np.sum(y**2))


@dice_loss.rule
def _(p: Array, y: Array) -> Array:
    s = np.sum(p**2) + np.sum(y**2)
    return -2 * y / s + 4 * np.sum(p * y) * p / s**2


@row(
    "Bradley-Terry loss",
    a="(n,)",
    b="(n,)",
    source="Bradley and Terry 1952; Burges et al. 2005, eq. 3",
    stable=True,
    formula="-np.mean(np.log(sigmoid(a - b)))",
    keywords="pairwise ranking reward model preference RankNet",
)
def preference_loss(a: Array, b: Array) -> Array:
    """Score a should exceed score b: the loss of reward models."""
    return np.mean(softplus(b - a))


@preference_loss.rule
def _(a: Array, b: Array) -> Array:
    d = sigmoid(b - a) / len(a)
    return -d, d


@row(
    "Direct preference optimization",
    a="(n,)",
    b="(n,)",
    a_ref="(n,) fixed",
    b_ref="(n,) fixed",
    source="Rafailov et al. 2023, eq. 7",
    stable=True,
    keywords="DPO loss gradient RLHF",
)
def dpo_loss(a: Array, b: Array, a_ref: Array, b_ref: Array, beta: float = 0.1) -> Array:
    """Preference loss on log-probabilities of preferred and rejected answers, relative to a reference."""
    return np.mean(softplus(beta * (b - b_ref - a + a_ref)))


@dpo_loss.rule
def _(a: Array, b: Array, a_ref: Array, b_ref: Array, beta: float) -> Array:
    d = beta * sigmoid(beta * (b - b_ref - a + a_ref)) / len(a)
    return -d, d


@row(
    "Squared error through a sigmoid",
    w="(d,)",
    x="(d,) fixed",
    y="() fixed",
    source="Nielsen 2015, eq. 55",
    chapter=LOSSES,
    keywords="quadratic cost sigmoid neuron slow learning saturation",
)
def sigmoid_squared_error(w: Array, x: Array, y: Array) -> Array:
    """Its gradient carries the slope of the sigmoid, so a neuron that is badly wrong learns slowly."""
    return (sigmoid(w @ x) - y) ** 2 / 2


@sigmoid_squared_error.rule
def _(w: Array, x: Array, y: Array) -> Array:
    s = sigmoid(w @ x)
    return (s - y) * s * (1 - s) * x
