"""The rules of differentiation, each on functions simple enough to see the rule at work."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.functions.activations import sigmoid
from calcml.identity import Array, Group

row = Group("Rules of differentiation and composed forms", ROWS)

MAGNUS = "Magnus and Neudecker 2019, ch. 8, sec. 2"
BOYD = "Boyd and Vandenberghe 2004, "
JACOBIANS = "learn/jacobians-and-backpropagation.md#"
RULES = "reference/rules.md#"


@row(
    "Sum rule",
    x="(n,)",
    a="(n,) fixed",
    A="(n, n) symmetric fixed",
    source=MAGNUS,
    chapter=JACOBIANS + "all-the-other-rules-are-this-one",
)
def sum_rule(x: Array, a: Array, A: Array) -> Array:
    """A linear and a quadratic form: the gradient of a sum is the sum of the gradients."""
    return a @ x + x @ A @ x


@sum_rule.rule
def _(x: Array, a: Array, A: Array) -> Array:
    return a + 2 * A @ x


@row(
    "Product rule",
    x="(n,)",
    a="(n,) fixed",
    b="(n,) fixed",
    source=MAGNUS,
    chapter=JACOBIANS + "all-the-other-rules-are-this-one",
)
def product_rule(x: Array, a: Array, b: Array) -> Array:
    """Two linear forms multiplied: each factor multiplies the gradient of the other."""
    return (a @ x) * (b @ x)


@product_rule.rule
def _(x: Array, a: Array, b: Array) -> Array:
    return (a @ x) * b + (b @ x) * a


@row(
    "Quotient rule",
    x="(n,) positive",
    a="(n,) fixed",
    b="(n,) positive fixed",
    source=MAGNUS,
    chapter=JACOBIANS + "all-the-other-rules-are-this-one",
    kinks=r"Needs $\mathbf{b}^\top \mathbf{x} \ne 0$.",
)
def quotient_rule(x: Array, a: Array, b: Array) -> Array:
    """One linear form divided by another."""
    return (a @ x) / (b @ x)


@quotient_rule.rule
def _(x: Array, a: Array, b: Array) -> Array:
    return ((b @ x) * a - (a @ x) * b) / (b @ x) ** 2


@row(
    "Chain rule, scalar outside",
    x="(n,)",
    A="(n, n) symmetric fixed",
    source=BOYD + "eq. A.6",
    chapter=JACOBIANS + "the-chain-rule",
    scales=(1e-3, 1.0),
    keywords="composition exp of a quadratic",
)
def chain_rule_scalar(x: Array, A: Array) -> Array:
    """A function of one number after a quadratic form: outer slope times inner gradient."""
    return np.exp(-(x @ A @ x) / 2)


@chain_rule_scalar.rule
def _(x: Array, A: Array, f: Array) -> Array:
    return -f * (A @ x)


@row(
    "Chain rule, Jacobian inside",
    x="(n,)",
    A="(m, n)",
    b="(m,)",
    source=BOYD + "sec. A.4.2; Spivak 1965, theorem 2-2",
    chapter=JACOBIANS + "the-chain-rule",
    keywords="f(Ax + b) gradient affine substitution",
)
def chain_rule_affine(x: Array, A: Array, b: Array) -> Array:
    """Any function of A x + b, here a sum of tanh: the transposed Jacobian meets the outer gradient."""
    return np.sum(np.tanh(A @ x + b))


@chain_rule_affine.rule
def _(x: Array, A: Array, b: Array) -> Array:
    d = 1 - np.tanh(A @ x + b) ** 2
    return A.T @ d, np.outer(d, x), d


@row(
    "Chain rule of a neuron",
    w="(n,)",
    x="(n,)",
    source=BOYD + "eq. A.6; Bishop 2006, eq. 4.88",
    keywords="sigmoid of a linear form",
)
def neuron(w: Array, x: Array) -> Array:
    """The sigmoid of a linear form."""
    return sigmoid(w @ x)


@neuron.rule
def _(w: Array, x: Array, f: Array) -> Array:
    return f * (1 - f) * x, f * (1 - f) * w


@row(
    "Total derivative along a path",
    t="()",
    a="(n,) fixed",
    b="(n,) fixed",
    A="(n, n) symmetric fixed",
    source=BOYD + "sec. A.4.2",
    chapter=JACOBIANS + "all-the-other-rules-are-this-one",
    keywords="mixed chain rule df/dt",
)
def along_a_path(t: Array, a: Array, b: Array, A: Array) -> Array:
    """A quadratic form on the straight path a + t b: gradient times velocity."""
    return (a + t * b) @ A @ (a + t * b)


@along_a_path.rule
def _(t: Array, a: Array, b: Array, A: Array) -> Array:
    return 2 * ((A @ (a + t * b)) @ b)


@row(
    "Shared parameter",
    w="()",
    X="(n, k) fixed",
    y="(n,) fixed",
    source="Goodfellow, Bengio and Courville 2016, sec. 7.9 and 10.2.2",
    keywords="weight sharing accumulate gradients sum over uses",
)
def shared_parameter(w: Array, X: Array, y: Array) -> Array:
    """One number used at many places: the gradients of all its uses add."""
    r = w * np.sum(X, axis=1) - y
    return r @ r


@shared_parameter.rule
def _(w: Array, X: Array, y: Array) -> Array:
    s = np.sum(X, axis=1)
    return 2 * ((w * s - y) @ s)


@row(
    "Broadcast addition",
    X="(n, d)",
    b="(d,)",
    source="Goodfellow, Bengio and Courville 2016, sec. 2.1; Parr and Howard 2018, sec. 4.3",
    chapter=RULES + "arrays-move-everything-beside-the-change",
    keywords="bias gradient unbroadcast sum over the batch",
)
def broadcast_add(X: Array, b: Array) -> Array:
    """A vector added to every row: it receives the sum over the rows."""
    return X + b


@broadcast_add.rule
def _(g: Array, X: Array, b: Array) -> Array:
    return g, np.sum(g, axis=0)


@row(
    "Broadcast product",
    X="(n, d)",
    s="(d,)",
    source="Parr and Howard 2018, sec. 4.3",
    chapter=RULES + "arrays-move-everything-beside-the-change",
    keywords="scale gamma gradient",
)
def broadcast_multiply(X: Array, s: Array) -> Array:
    """Every row scaled by one vector."""
    return X * s


@broadcast_multiply.rule
def _(g: Array, X: Array, s: Array) -> Array:
    return g * s, np.sum(g * X, axis=0)


@row(
    "Log of one plus a squared length",
    x="(n,)",
    source="Barron 2019, sec. 1",
    formula="np.log(1 + x @ x)",
    keywords="robust Lorentzian",
)
def log_one_plus_square(x: Array) -> Array:
    """Grows slower than any power: far points pull less.

    The Cauchy loss of the length; the scale c of the source is the root of one half here.
    """
    return np.log1p(x @ x)


@log_one_plus_square.rule
def _(x: Array) -> Array:
    return 2 * x / (1 + x @ x)


@row(
    "Gaussian bump",
    x="(n,)",
    scales=(1e-3, 1.0),
    source=BOYD + "eq. A.6",
    keywords="exp of minus squared norm",
)
def gaussian_bump(x: Array) -> Array:
    """Steepest one standard deviation from the top, flat at the top and far away."""
    return np.exp(-(x @ x))


@gaussian_bump.rule
def _(x: Array, f: Array) -> Array:
    return -2 * f * x


@row(
    "Rosenbrock function",
    x="()",
    y="()",
    source="Rosenbrock 1960",
    scales=(1e-3, 1.0),
    keywords="banana valley test function",
)
def rosenbrock(x: Array, y: Array) -> Array:
    """The curved valley on which optimizers are compared; its minimum is at (1, 1)."""
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


@rosenbrock.rule
def _(x: Array, y: Array) -> Array:
    return -2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)


@row(
    "Geometric mean",
    x="(n,) positive",
    source="Boyd and Vandenberghe 2004, sec. 3.1.5",
    formula="np.prod(x) ** (1 / n)",
    scales=(1.0,),
)
def geometric_mean(x: Array) -> Array:
    """The exponential of the mean logarithm."""
    return np.exp(np.mean(np.log(x)))


@geometric_mean.rule
def _(x: Array, f: Array) -> Array:
    return f / (len(x) * x)


@row(
    "Harmonic mean",
    x="(n,) positive",
    source="Boyd and Vandenberghe 2004, ex. 3.17",
    keywords="F1 score",
)
def harmonic_mean(x: Array) -> Array:
    """The reciprocal of the mean reciprocal.

    The source has one n-th of it.
    """
    return 1 / np.mean(1 / x)


@harmonic_mean.rule
def _(x: Array, f: Array) -> Array:
    return f**2 / (len(x) * x**2)


@row(
    "Variance",
    x="(n,)",
    source="Ioffe and Szegedy 2015, sec. 3",
    least={"n": 2},
    keywords="var gradient",
)
def variance(x: Array) -> Array:
    """With the factor 1/n: the derivative through the mean cancels."""
    return np.mean((x - np.mean(x)) ** 2)


@variance.rule
def _(x: Array) -> Array:
    return 2 / len(x) * (x - np.mean(x))


@row(
    "Standard deviation",
    x="(n,)",
    source="Ioffe and Szegedy 2015, sec. 3",
    least={"n": 2},
    kinks="Where all entries are equal; undefined there.",
    keywords="std gradient",
)
def standard_deviation(x: Array) -> Array:
    """Root of the variance; it shares the infinite slope of the root at zero."""
    return np.sqrt(np.mean((x - np.mean(x)) ** 2))


@standard_deviation.rule
def _(x: Array, f: Array) -> Array:
    return (x - np.mean(x)) / (len(x) * f)


@row(
    "Correlation",
    x="(n,)",
    y="(n,)",
    source="Luo et al. 2018; Petersen and Pedersen 2012, eq. 130",
    least={"n": 3},
    kinks="Undefined where one of them is constant.",
    keywords="Pearson correlation loss",
)
def correlation(x: Array, y: Array) -> Array:
    """Cosine similarity of the centered vectors."""
    a, b = x - np.mean(x), y - np.mean(y)
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


@correlation.rule
def _(x: Array, y: Array, f: Array) -> Array:
    a, b = x - np.mean(x), y - np.mean(y)
    u, v = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return (v - f * u) / np.linalg.norm(a), (u - f * v) / np.linalg.norm(b)


@row(
    "Product of entries of a vector",
    x="(n,) positive",
    source=MAGNUS,
    scales=(1.0,),
    keywords="prod gradient",
    kinks="The formula divides by $x_i$; where an entry is zero, multiply the others.",
)
def product_of_entries(x: Array) -> Array:
    """Product of all entries: in each entry, the product of the others."""
    return np.prod(x)


@product_of_entries.rule
def _(x: Array, f: Array) -> Array:
    return f / x


@row(
    "Polynomial",
    x="(...)",
    source="Strang and Herman 2016, sec. 3.3",
    scales=(1e-3, 1.0),
    keywords="power rule cubic",
)
def cubic(x: Array, a: float = 0.5, b: float = -1.5, c: float = 2.0) -> Array:
    """A cubic, term by term."""
    return a * x**3 + b * x**2 + c * x


@cubic.rule
def _(x: Array, a: float, b: float, c: float) -> Array:
    return 3 * a * x**2 + 2 * b * x + c
