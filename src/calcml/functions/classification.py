"""Losses of classifiers; means over the n examples unless said."""

from __future__ import annotations

import numpy as np

from calcml.functions._helpers import one_hot
from calcml.functions._registry import ROWS
from calcml.functions.activations import sigmoid, softplus
from calcml.functions.softmax import log_softmax, log_sum_exp, softmax
from calcml.identity import Array, Group

row = Group("Classification losses", ROWS)

BISHOP = "Bishop 2006, "
HASTIE = "Hastie, Tibshirani and Friedman 2009, "
NIELSEN = "Nielsen 2015, "
WORKED = "appendices/worked-derivations.md"
LOSSES = "learn/losses.md"


@row(
    "Logistic loss from logits",
    z="(n,)",
    y="(n,) fraction fixed",
    source=BISHOP + "eq. 4.90; Goodfellow, Bengio and Courville 2016, eq. 6.24 to 6.26",
    chapter=WORKED + "#logistic-loss-where-the-slope-of-the-sigmoid-goes",
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
    source=NIELSEN + "eq. 57 and 61; Bishop 2006, eq. 4.90 and 4.91",
    chapter=WORKED + "#logistic-loss-where-the-slope-of-the-sigmoid-goes",
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
    source=HASTIE + "table 12.1; Fan et al. 2008, sec. 2",
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
    source=NIELSEN + "eq. 57; Bishop 2006, eq. 4.90",
    chapter=WORKED + "#logistic-loss-where-the-slope-of-the-sigmoid-goes",
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
    source=HASTIE + "eq. 10.22; Bishop 2006, eq. 4.108 and 4.109",
    chapter=WORKED + "#with-k-classes",
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
    chapter=WORKED + "#with-k-classes",
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
    """Mean cross-entropy against distributions q; Hinton's temperature is one here."""
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
    chapter=WORKED + "#the-loss-has-the-opposite-sign",
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
    source=HASTIE + "table 12.1; Cortes and Vapnik 1995, sec. 3",
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
    source="Fan et al. 2008, sec. 2",
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
    source='Karpathy 2015, sec. "Multiclass Support Vector Machine loss"; Weston and Watkins 1999',
    stable=True,
    kinks="Where a score is exactly 1 below that of the label: 0 is returned.",
    keywords="multiclass SVM cs231n",
)
def multiclass_hinge(z: Array, y: Array) -> Array:
    """Each wrong class is pushed until it scores 1 less than the right one; Weston and Watkins ask for 2."""
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
    source=BISHOP + "eq. 4.54",
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
    source=HASTIE + "eq. 10.8",
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
    "Dice loss",
    p="(n,) unit",
    y="(n,) fraction fixed",
    source="Milletari, Navab and Ahmadi 2016, sec. 3",
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
    "Squared error through a sigmoid",
    w="(d,)",
    x="(d,) fixed",
    y="() fixed",
    source=NIELSEN + "eq. 54 and 55",
    chapter=WORKED + "#logistic-loss-where-the-slope-of-the-sigmoid-goes",
    keywords="quadratic cost sigmoid neuron slow learning saturation",
)
def sigmoid_squared_error(w: Array, x: Array, y: Array) -> Array:
    """Its gradient carries the slope of the sigmoid, so a neuron that is badly wrong learns slowly."""
    return (sigmoid(w @ x) - y) ** 2 / 2


@sigmoid_squared_error.rule
def _(w: Array, x: Array, y: Array) -> Array:
    s = sigmoid(w @ x)
    return (s - y) * s * (1 - s) * x
