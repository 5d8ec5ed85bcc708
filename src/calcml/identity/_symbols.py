"""How names and functions are written in formulas."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["FUNCTIONS", "REDUCTIONS", "ndim", "symbol"]

GREEK = {
    "alpha", "beta", "gamma", "delta", "eta", "theta", "kappa", "mu", "nu", "xi", "pi", "rho",
    "sigma", "tau", "phi", "psi", "omega", "varepsilon", "lambda", "ell", "Sigma", "Lambda", "Delta",
}  # fmt: skip
SPELLED = {"lam": "lambda", "eps": "varepsilon", "var": "sigma2"}
ACCENTS = {"hat": r"\hat", "bar": r"\bar", "tilde": r"\tilde"}

FUNCTIONS = {
    "exp": r"\exp", "log": r"\log", "tanh": r"\tanh", "sin": r"\sin", "cos": r"\cos",
    "cosh": r"\cosh", "sinh": r"\sinh", "maximum": r"\max", "minimum": r"\min",
    "trace": r"\operatorname{tr}", "diag": r"\operatorname{diag}", "linalg.det": r"\det",
    "sigmoid": r"\sigma", "normal_cdf": r"\Phi", "normal_pdf": r"\varphi",
}  # fmt: skip
"""Functions whose sign in formulas is not their name."""

REDUCTIONS = {"sum": r"\operatorname{sum}", "mean": r"\operatorname{mean}", "max": r"\max",
              "min": r"\min", "var": r"\operatorname{var}", "prod": r"\operatorname{prod}"}  # fmt: skip


def ndim(value: Any) -> int:
    """Count the axes, 0 for what is a number in the mathematics: a size kept for broadcasting."""
    return np.ndim(value) if np.size(value) > 1 else 0


def symbol(name: str, ndim: int = 0) -> str:
    """TeX of a name: Greek letters, accents and subscripts are written as such, vectors bold."""
    bold = ndim == 1
    if name in {"f", "g"} and ndim > 1:
        name = (
            name.upper()
        )  # the value and the upstream gradient are capital where they are matrices
    base, *rest = name.split("_")
    base = SPELLED.get(base, base)
    if base == "sigma2":
        return r"\sigma^2"
    digits = base[len(base.rstrip("0123456789")) :]
    base = base[: len(base) - len(digits)] or base
    if base in GREEK:
        tex = rf"\boldsymbol{{\{base}}}" if bold else rf"\{base}"
    elif len(base) == 2 and base[1] == "t" and base[0].isupper():
        return rf"{base[0]}^\top"
    elif len(base) > 1:
        tex = rf"\mathrm{{{base}}}"
    else:
        tex = rf"\mathbf{{{base}}}" if bold else base
    below = [digits] if digits else []
    for part in rest:
        if part in ACCENTS:
            tex = f"{ACCENTS[part]}{{{tex}}}"
        else:
            below.append(part if len(part) == 1 else rf"\mathrm{{{part}}}")
    return tex + (f"_{{{','.join(below)}}}" if below else "")
