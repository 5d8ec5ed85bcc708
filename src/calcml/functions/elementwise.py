"""Elementary functions of one entry at a time."""

from __future__ import annotations

import numpy as np

from calcml.functions._registry import ROWS
from calcml.identity import Array, Group

row = Group("Elementwise functions", ROWS)

CALCULUS = "Strang and Herman 2016, "


@row("Exponential", x="(...)", source=CALCULUS + "sec. 3.9", keywords="exp derivative")
def exp(x: Array) -> Array:
    """The function that is its own derivative."""
    return np.exp(x)


@exp.rule
def _(f: Array) -> Array:
    return f


@row(
    "Logarithm",
    x="(...) positive",
    source=CALCULUS + "sec. 3.9",
    kinks="Needs $x > 0$.",
    keywords="log derivative",
)
def log(x: Array) -> Array:
    """Natural logarithm; its slope grows without bound toward zero."""
    return np.log(x)


@log.rule
def _(x: Array) -> Array:
    return 1 / x


@row(
    "Square root",
    x="(...) positive",
    source=CALCULUS + "sec. 3.7",
    kinks="The slope at 0 is infinite; the function here needs $x > 0$.",
)
def sqrt(x: Array) -> Array:
    """Square root."""
    return np.sqrt(x)


@sqrt.rule
def _(f: Array) -> Array:
    return 1 / (2 * f)


@row(
    "Power",
    x="(...) positive",
    p="() positive",
    source=CALCULUS + "sec. 3.9",
    keywords="x^p power rule",
    scales=(1e-3, 1.0),
)
def power(x: Array, p: Array) -> Array:
    """A real power of a positive number, as a function of base and exponent."""
    return x**p


@power.rule
def _(g: Array, x: Array, p: Array, f: Array) -> Array:
    return g * p * x ** (p - 1), np.sum(g * f * np.log(x))


@row("Reciprocal", x="(...) positive", source=CALCULUS + "sec. 3.3", kinks="Undefined at 0.")
def reciprocal(x: Array) -> Array:
    """One divided by x."""
    return 1 / x


@reciprocal.rule
def _(x: Array) -> Array:
    return -1 / x**2


@row("Sine", x="(...)", source=CALCULUS + "sec. 3.5", keywords="sin positional encoding")
def sin(x: Array) -> Array:
    """Sine, as in sinusoidal position encodings."""
    return np.sin(x)


@sin.rule
def _(x: Array) -> Array:
    return np.cos(x)


@row("Cosine", x="(...)", source=CALCULUS + "sec. 3.5", keywords="cos")
def cos(x: Array) -> Array:
    """Cosine."""
    return np.cos(x)


@cos.rule
def _(x: Array) -> Array:
    return -np.sin(x)


@row(
    "Absolute value",
    x="(...)",
    source="Rockafellar 1970, sec. 23",
    kinks=r"At $x = 0$ every value in $[-1, 1]$ is a subgradient; 0 is returned.",
    stable=True,
    keywords="abs derivative sign",
)
def absolute_value(x: Array) -> Array:
    """Distance from zero."""
    return np.abs(x)


@absolute_value.rule
def _(x: Array) -> Array:
    return np.sign(x)


@row(
    "x log x",
    x="(...) positive",
    source="Boyd and Vandenberghe 2004, sec. 3.1.5",
    kinks="The slope at 0 is minus infinity, although the value has the limit 0.",
    keywords="entropy term xlogx",
)
def x_log_x(x: Array) -> Array:
    """The term that entropies are sums of."""
    return x * np.log(x)


@x_log_x.rule
def _(x: Array) -> Array:
    return np.log(x) + 1


@row(
    "Clip",
    x="(...)",
    source="Schulman et al. 2017, eq. 7",
    kinks="At the two bounds; the slope outside, 0, is returned for both.",
    stable=True,
    keywords="clamp",
)
def clip(x: Array, low: float = -1.0, high: float = 1.0) -> Array:
    """Input held between two bounds; outside of them nothing learns."""
    return np.clip(x, low, high)


@clip.rule
def _(x: Array, low: float, high: float) -> Array:
    return np.where((x > low) & (x < high), 1.0, 0.0)


@row(
    "Maximum of two",
    x="(...)",
    y="(...)",
    source="Rockafellar 1970, sec. 23",
    kinks="Where $x = y$: each gets half, as in JAX and PyTorch.",
    stable=True,
    keywords="elementwise max",
)
def maximum(x: Array, y: Array) -> Array:
    """The larger of two entries; the gradient goes to the winner."""
    return np.maximum(x, y)


@maximum.rule
def _(g: Array, x: Array, y: Array) -> Array:
    s = (1 + np.sign(x - y)) / 2
    return g * s, g * (1 - s)


@row(
    "Angle of a point",
    y="(...)",
    x="(...) positive",
    source=CALCULUS + "sec. 3.7",
    kinks="Undefined at the origin.",
    keywords="arctan2 atan2",
)
def angle(y: Array, x: Array) -> Array:
    """Angle of the point (x, y) with the first axis; for positive x, the arctangent of y / x."""
    return np.arctan2(y, x)


@angle.rule
def _(g: Array, y: Array, x: Array) -> Array:
    return g * x / (x**2 + y**2), -g * y / (x**2 + y**2)


@row(
    "Product of entries",
    x="(...)",
    y="(...)",
    source="Parr and Howard 2018, sec. 4.2; Petersen and Pedersen 2012, eq. 38",
    chapter="reference/rules.md#arrays-move-everything-beside-the-change",
    keywords="Hadamard product gate",
)
def hadamard_product(x: Array, y: Array) -> Array:
    """Entry by entry product: a gate passes the gradient scaled by the other side."""
    return x * y


@hadamard_product.rule
def _(g: Array, x: Array, y: Array) -> Array:
    return g * y, g * x


@row(
    "Quotient of entries",
    x="(...)",
    y="(...) positive",
    source="Parr and Howard 2018, sec. 4.2",
    kinks="Undefined where $y = 0$.",
    keywords="quotient rule",
)
def quotient(x: Array, y: Array) -> Array:
    """Entry by entry quotient."""
    return x / y


@quotient.rule
def _(g: Array, y: Array, f: Array) -> Array:
    return g / y, -g * f / y
