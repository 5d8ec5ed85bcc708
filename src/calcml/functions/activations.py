"""Activation functions, entry by entry."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.identity import Array, Group

row = Group("Activations", ROWS)

GOODFELLOW = "Goodfellow, Bengio and Courville 2016, "


@row(
    "Sigmoid",
    x="(...)",
    source="Bishop 2006, eq. 4.59 and 4.88",
    chapter="learn/losses.md",
    stable=True,
    formula="1 / (1 + np.exp(-x))",
    keywords="logistic function derivative",
)
def sigmoid(x: Array) -> Array:
    """Logistic function; its slope is largest, one quarter, at zero."""
    return np.exp(-np.logaddexp(0.0, -x))


@sigmoid.rule
def _(f: Array) -> Array:
    return f * (1 - f)


@row(
    "Log sigmoid",
    x="(...)",
    source=GOODFELLOW + "eq. 3.36 and 3.37",
    stable=True,
    formula="-np.log(1 + np.exp(-x))",
    keywords="logsigmoid",
)
def log_sigmoid(x: Array) -> Array:
    """Logarithm of the sigmoid, without forming the sigmoid."""
    return -np.logaddexp(0.0, -x)


@log_sigmoid.rule
def _(x: Array) -> Array:
    return sigmoid(-x)


@row(
    "Logit",
    p="(...) unit",
    source="Bishop 2006, eq. 4.61",
    kinks="Needs $0 < p < 1$.",
    keywords="log odds inverse sigmoid",
)
def logit(p: Array) -> Array:
    """Log-odds: the inverse of the sigmoid."""
    return np.log(p / (1 - p))


@logit.rule
def _(p: Array) -> Array:
    return 1 / (p * (1 - p))


@row(
    "Hyperbolic tangent",
    x="(...)",
    source="Bishop 2006, eq. 5.59 and 5.60",
    stable=True,
    keywords="tanh derivative",
)
def tanh(x: Array) -> Array:
    """Hyperbolic tangent; its slope at zero is one."""
    return np.tanh(x)


@tanh.rule
def _(f: Array) -> Array:
    return 1 - f**2


@row(
    "ReLU",
    x="(...)",
    source=GOODFELLOW + "eq. 3.32 and sec. 6.3.1; Nair and Hinton 2010",
    chapter="learn/directional-derivatives.md#kinks-two-slopes-where-there-should-be-one",
    kinks=r"At $x = 0$ every value in $[0, 1]$ is a subgradient; 0 is returned, as in PyTorch and JAX.",
    stable=True,
    keywords="rectified linear unit derivative",
)
def relu(x: Array) -> Array:
    """Positive part."""
    return np.maximum(x, 0)


@relu.rule
def _(x: Array) -> Array:
    return np.where(x > 0, 1.0, 0.0)


@row(
    "ReLU6",
    x="(...)",
    source="Sandler et al. 2018, sec. 4",
    kinks="At 0 and 6; 0 is returned at both.",
    stable=True,
)
def relu6(x: Array) -> Array:
    """ReLU that saturates at 6, for arithmetic with few bits."""
    return np.clip(x, 0, 6)


@relu6.rule
def _(x: Array) -> Array:
    return np.where((x > 0) & (x < 6), 1.0, 0.0)


@row(
    "Leaky ReLU",
    x="(...)",
    source="Maas, Hannun and Ng 2013, sec. 2; Goodfellow, Bengio and Courville 2016, sec. 6.3.1",
    kinks=r"At $x = 0$; the slope of the left side, $\alpha$, is returned.",
    stable=True,
)
def leaky_relu(x: Array, alpha: float = 0.01) -> Array:
    """ReLU with a small slope on the left, so that no unit stops learning for good."""
    return np.where(x > 0, x, alpha * x)


@leaky_relu.rule
def _(x: Array, alpha: float) -> Array:
    return np.where(x > 0, 1.0, alpha)


@row(
    "PReLU",
    x="(...)",
    a="()",
    source="He et al. 2015, eq. 1 and 3",
    kinks="At $x = 0$; the slope of the left side, $a$, is returned.",
    keywords="parametric ReLU",
)
def prelu(x: Array, a: Array) -> Array:
    """ReLU whose slope on the left is learned."""
    return np.where(x > 0, x, a * x)


@prelu.rule
def _(g: Array, x: Array, a: Array) -> Array:
    return np.where(x > 0, g, a * g), np.sum(g * np.minimum(x, 0))


@row(
    "ELU",
    x="(...)",
    source="Clevert, Unterthiner and Hochreiter 2016, sec. 3",
    stable=True,
    kinks=r"At $x = 0$ unless $\alpha = 1$; the left slope is returned.",
    keywords="exponential linear unit",
)
def elu(x: Array, alpha: float = 1.0) -> Array:
    """Smooth on the left, where it saturates at minus alpha."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


@elu.rule
def _(x: Array, alpha: float) -> Array:
    return np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0)))


@row(
    "SELU",
    x="(...)",
    source="Klambauer et al. 2017, eq. 2",
    stable=True,
    kinks=r"At $x = 0$; the left slope, $\lambda \alpha$, is returned.",
    keywords="scaled exponential linear unit",
)
def selu(x: Array, alpha: float = 1.6732632423543772, lam: float = 1.0507009873554805) -> Array:
    """ELU, scaled so that layers keep mean zero and variance one."""
    return lam * np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


@selu.rule
def _(x: Array, alpha: float, lam: float) -> Array:
    return lam * np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0)))


@row(
    "CELU",
    x="(...)",
    source="Barron 2017",
    stable=True,
    keywords="continuously differentiable ELU",
)
def celu(x: Array, alpha: float = 2.0) -> Array:
    """ELU in a form with slope one on both sides of zero, for every alpha."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))


@celu.rule
def _(x: Array, alpha: float) -> Array:
    return np.exp(np.minimum(x, 0) / alpha)


@row(
    "Softplus",
    x="(...)",
    source=GOODFELLOW + "eq. 3.31 and 3.37, sec. 6.3.3",
    stable=True,
    formula="np.log(1 + np.exp(x))",
    keywords="smooth ReLU",
)
def softplus(x: Array) -> Array:
    """Smooth version of ReLU; its derivative is the sigmoid."""
    return np.logaddexp(0.0, x)


@softplus.rule
def _(x: Array) -> Array:
    return sigmoid(x)


@row(
    "Softplus with sharpness",
    x="(...)",
    beta="() positive",
    source='PyTorch documentation 2026, sec. "Softplus"',
    formula="np.log(1 + np.exp(beta * x)) / beta",
    scales=(1e-3, 1.0),
)
def sharp_softplus(x: Array, beta: Array) -> Array:
    """Softplus that approaches ReLU as beta grows."""
    return np.logaddexp(0.0, beta * x) / beta


@sharp_softplus.rule
def _(g: Array, x: Array, beta: Array, f: Array) -> Array:
    s = sigmoid(beta * x)
    return g * s, np.sum(g * (x * s - f)) / beta


@row(
    "SiLU",
    x="(...)",
    source="Elfwing, Uchibe and Doya 2018; Hendrycks and Gimpel 2016, sec. 2",
    stable=True,
    keywords="swish derivative",
)
def silu(x: Array) -> Array:
    """Input times its sigmoid; not monotone, with a minimum near -1.28."""
    return x * sigmoid(x)


@silu.rule
def _(x: Array) -> Array:
    s = sigmoid(x)
    return s + x * s * (1 - s)


@row("Swish", x="(...)", beta="() positive", source="Ramachandran, Zoph and Le 2017, sec. 4")
def swish(x: Array, beta: Array) -> Array:
    """SiLU with a trainable sharpness."""
    return x * sigmoid(beta * x)


@swish.rule
def _(g: Array, x: Array, beta: Array) -> Array:
    s = sigmoid(beta * x)
    return g * (s + beta * x * s * (1 - s)), np.sum(g * x**2 * s * (1 - s))


NODES, WEIGHTS = (a / 2 for a in np.polynomial.legendre.leggauss(48))
NODES = NODES + 0.5


def normal_pdf(x: Array) -> Array:
    """Density of the standard normal distribution."""
    return np.exp(-(x**2) / 2) / (2 * np.pi) ** 0.5


def normal_cdf(x: Array) -> Array:
    """Distribution function of the standard normal: the integral of the density from 0 to x.

    NumPy has no error function. Gauss-Legendre quadrature with 48 nodes has an absolute error below
    3e-16 up to 9, beyond which the value is 0 or 1 to machine precision.
    """
    z = np.clip(x, -9, 9)
    t = np.expand_dims(z, -1) * NODES.astype(x.dtype)
    return 0.5 + z * np.sum(WEIGHTS.astype(x.dtype) * normal_pdf(t), axis=-1)


@row(
    "GELU",
    x="(...)",
    source="Hendrycks and Gimpel 2016, sec. 2",
    stable=True,
    keywords="Gaussian error linear unit exact erf",
)
def gelu(x: Array) -> Array:
    """Input times the probability that a standard normal number lies below it."""
    return x * normal_cdf(x)


@gelu.rule
def _(x: Array) -> Array:
    return normal_cdf(x) + x * normal_pdf(x)


@row(
    "GELU, tanh form",
    x="(...)",
    source="Hendrycks and Gimpel 2016, sec. 2",
    stable=True,
    keywords="GELU approximation",
)
def gelu_tanh(x: Array) -> Array:
    """The approximation that GPT-2 uses; it differs from GELU by less than 0.0005."""
    u = (2 / np.pi) ** 0.5 * (x + 0.044715 * x**3)
    return x * (1 + np.tanh(u)) / 2


@gelu_tanh.rule
def _(x: Array) -> Array:
    t = np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3))
    return (1 + t) / 2 + x * (1 - t**2) / 2 * (2 / np.pi) ** 0.5 * (1 + 0.134145 * x**2)


@row("Mish", x="(...)", source="Misra 2019", stable=True)
def mish(x: Array) -> Array:
    """Input times the tanh of its softplus."""
    return x * np.tanh(softplus(x))


@mish.rule
def _(x: Array) -> Array:
    t = np.tanh(softplus(x))
    return t + x * (1 - t**2) * sigmoid(x)


@row("Softsign", x="(...)", source="Glorot and Bengio 2010, sec. 2.3", stable=True)
def softsign(x: Array) -> Array:
    """Saturates like tanh, but with tails that fall like a power."""
    return x / (1 + np.abs(x))


@softsign.rule
def _(x: Array) -> Array:
    return 1 / (1 + np.abs(x)) ** 2


@row(
    "Hard sigmoid",
    x="(...)",
    source="Howard et al. 2019, sec. 5.2",
    kinks="At ±3; 0 is returned.",
    stable=True,
)
def hard_sigmoid(x: Array) -> Array:
    """Three straight pieces in the place of a sigmoid."""
    return np.clip(x + 3, 0, 6) / 6


@hard_sigmoid.rule
def _(x: Array) -> Array:
    return np.where(np.abs(x) < 3, 1 / 6, 0.0)


@row(
    "Hard tanh",
    x="(...)",
    source=GOODFELLOW + "sec. 6.3.3",
    kinks="At ±1; 0 is returned.",
    stable=True,
    keywords="hardtanh",
)
def hard_tanh(x: Array) -> Array:
    """Three straight pieces in the place of a tanh."""
    return np.clip(x, -1, 1)


@hard_tanh.rule
def _(x: Array) -> Array:
    return np.where(np.abs(x) < 1, 1.0, 0.0)


@row(
    "Hard swish",
    x="(...)",
    source="Howard et al. 2019, sec. 5.2",
    kinks="At ±3; the slope of the outer side is returned.",
    stable=True,
)
def hard_swish(x: Array) -> Array:
    """Input times its hard sigmoid."""
    return x * np.clip(x + 3, 0, 6) / 6


@hard_swish.rule
def _(x: Array) -> Array:
    return np.where(x <= -3, 0.0, np.where(x >= 3, 1.0, (2 * x + 3) / 6))


@row(
    "Soft threshold",
    x="(...)",
    source="Donoho 1995; Goodfellow, Bengio and Courville 2016, eq. 7.23",
    kinks=r"At $\pm\lambda$; 0 is returned.",
    stable=True,
    keywords="softshrink proximal operator of L1 ISTA",
)
def soft_threshold(x: Array, lam: float = 0.5) -> Array:
    """The proximal step of an L1 penalty: small entries become exactly zero."""
    return np.sign(x) * np.maximum(np.abs(x) - lam, 0)


@soft_threshold.rule
def _(x: Array, lam: float) -> Array:
    return np.where(np.abs(x) > lam, 1.0, 0.0)


@row(
    "Log add exp",
    x="(...)",
    y="(...)",
    source="Blanchard, Higham and Higham 2021, sec. 1",
    stable=True,
    formula="np.log(np.exp(x) + np.exp(y))",
    keywords="logaddexp",
)
def log_add_exp(x: Array, y: Array) -> Array:
    """Sum of two numbers that are given by their logarithms."""
    return np.logaddexp(x, y)


@log_add_exp.rule
def _(g: Array, x: Array, y: Array) -> Array:
    return g * sigmoid(x - y), g * sigmoid(y - x)
