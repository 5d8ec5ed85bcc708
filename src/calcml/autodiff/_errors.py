"""What autodiff refuses, and what to do instead. Each sentence is phrased once, here."""

from __future__ import annotations

from typing import Any

import numpy as np

HOW_TO_LEAVE = "compute it outside of the differentiated function, or from `stop_gradient(x)`"

ALTERNATIVES = {
    "histogram": "It is piecewise constant: replace it with a smooth count",
    "array": "Use np.stack([...]), which keeps the derivative",
    "asarray": "Use the traced array itself",
    "apply_along_axis": "Use indexing and a loop, or broadcasting",
    "vectorize": "Use NumPy functions that act on whole arrays",
    "linalg.qr": "Use np.linalg.cholesky(A.T @ A) or np.linalg.solve",
    "linalg.lstsq": "Use np.linalg.solve(A.T @ A, A.T @ b) or np.linalg.pinv(A) @ b",
    "linalg.eig": "Use np.linalg.eigh, for a symmetric matrix",
    "linalg.eigvals": "Use np.linalg.eigvalsh, for a symmetric matrix",
    "linalg.cond": "Divide the singular values: np.linalg.svd(A, compute_uv=False)",
    "percentile": "Use np.sort and indexing",
    "quantile": "Use np.sort and indexing",
    "block": "Use np.concatenate",
    "interp": "Use np.searchsorted for the interval, and a line within it",
    "convolve": "Write it as a sum of shifted slices",
    "copyto": "Use np.where, which returns a new array",
    "put": "Use np.where, which returns a new array",
    "place": "Use np.where, which returns a new array",
    "putmask": "Use np.where, which returns a new array",
    "fill_diagonal": "Use np.where(np.eye(n, dtype=bool), value, x)",
}


def name_of(function: Any) -> str:
    module = getattr(function, "__module__", None) or "numpy"
    prefix = module.removeprefix("numpy").removeprefix(".")
    name = getattr(function, "__name__", repr(function))
    return f"{prefix}.{name}" if prefix and not prefix.startswith(("_", "lib")) else name


def no_rule(function: Any) -> TypeError:
    name = name_of(function)
    advice = ALTERNATIVES.get(name, f"If its derivative is not needed, {HOW_TO_LEAVE}")
    return TypeError(
        f"Differentiation needs a rule for each function: `np.{name}` has none. {advice}."
    )


def no_method(ufunc: Any, method: str) -> TypeError:
    return TypeError(
        f"Differentiation needs a rule for each function: `np.{name_of(ufunc)}.{method}` has none. "
        "Write it with the function itself, or with np.sum, np.prod, np.max, np.min, np.cumsum."
    )


def keyword(function: Any, names: Any) -> TypeError:
    listed = ", ".join(f"`{name}=`" for name in sorted(names))
    return TypeError(
        f"`np.{name_of(function)}` of a traced array needs its plain form: came {listed}. "
        "Leave it out; np.where selects entries, `x.astype` changes the dtype."
    )


def assignment() -> TypeError:
    return TypeError(
        "A traced array needs to stay as it is: came an assignment `x[...] = value`. Build a new "
        "array instead, with np.where, np.concatenate or np.stack."
    )


class ConversionError(TypeError):
    """Raised where a traced array would have to become an ordinary number or array."""


def conversion(kind: str) -> TypeError:
    return ConversionError(
        f"Differentiation needs NumPy operations: came a conversion of a traced array to {kind}, "
        "which would lose the derivative. Use np.exp rather than math.exp, np.stack rather than "
        "np.array; for a number that needs no derivative, use `stop_gradient(x)`."
    )


def truth(shape: tuple[int, ...]) -> ValueError:
    return ValueError(
        f"A branch needs one truth value: came a traced array of shape {shape}. Use np.where to "
        "choose entry by entry, or np.any or np.all to make one value."
    )


def truth_of_comparison() -> ValueError:
    return ValueError(
        "A branch needs one truth value: came a comparison of arrays with several entries. Use "
        "np.where to choose entry by entry, or np.any or np.all to make one value."
    )


def mutated() -> ValueError:
    return ValueError(
        "The backward pass needs the arrays that the function used as they were: came an in-place "
        "change of one of them. Change a copy of it, `a = a.copy()`."
    )


def mutated_later(shape: tuple[int, ...]) -> ValueError:
    return ValueError(
        "`pullback` needs the arrays that the function used as they were: an array of shape "
        f"{shape} was changed in place since. Call `vjp` again, or change a copy."
    )


def leaked() -> TypeError:
    return TypeError(
        "A traced array needs the call that made it: came one whose derivative is finished. Return "
        "it from the function rather than storing it; `stop_gradient(x)` gives its value."
    )


def not_float(caller: str, where: str, dtype: Any) -> TypeError:
    if np.dtype(dtype).kind == "c":
        return TypeError(
            f"`{caller}` needs real arguments: {where} has dtype {dtype}. Pass real and imaginary "
            "part as two real arrays, and write the function with real arithmetic."
        )
    return TypeError(
        f"`{caller}` needs floating-point arguments: {where} has dtype {dtype}. Convert it, "
        "`x.astype(float)` or 3.0 instead of 3."
    )


def complex_inside(caller: str) -> TypeError:
    return TypeError(
        f"`{caller}` needs real arithmetic: the function computes with complex numbers. Write "
        "real and imaginary part as two real arrays."
    )


def not_array(caller: str, where: str, kind: str) -> TypeError:
    return TypeError(
        f"`{caller}` needs arrays, or dicts, lists and tuples of them: {where} is a {kind}. "
        "Pass what is not an array by an argument outside of `argnums`, or through a closure."
    )


def not_scalar(caller: str, shape: tuple[int, ...]) -> ValueError:
    return ValueError(
        f"`{caller}` needs a scalar function: `f(x)` returned shape {shape}. Reduce it with "
        "np.sum, or use `jacobian`."
    )


def not_scalar_kind(caller: str, kind: str, has_aux: bool) -> TypeError:
    return TypeError(
        f"`{caller}` needs a scalar function: `f(x)` returned a {kind}. Return one number"
        + (
            " and the extra result as a pair."
            if has_aux
            else ", and extra results with has_aux=True."
        )
    )


def not_pair(caller: str, kind: str) -> TypeError:
    return TypeError(
        f"`{caller}` with has_aux=True needs a function that returns a pair, (value, extra): "
        f"`f(x)` returned a {kind}. Return both, or leave has_aux out."
    )


def not_like(caller: str, name: str, expected: Any, came: Any) -> ValueError:
    return ValueError(
        f"`{caller}` needs `{name}` of shape {expected}: came shape {came}. "
        "Give it one entry for each entry of what it belongs to."
    )


def not_structure(caller: str, name: str, expected: str, came: str) -> ValueError:
    return ValueError(
        f"`{caller}` needs `{name}` to have the structure {expected}: came {came}. "
        "Use the same dicts, lists and tuples."
    )


def no_argument(caller: str, argnum: int, count: int) -> ValueError:
    return ValueError(
        f"`{caller}` needs argument {argnum} by position: came {count} positional argument"
        f"{'' if count == 1 else 's'}. Pass it by position, or change `argnums`."
    )


def no_class(classes: int, low: int, high: int) -> ValueError:
    return ValueError(
        f"`cross_entropy` needs classes from 0 to {classes - 1}: came classes from {low} to {high}. "
        "Count classes from 0, and give the logits one entry for each class."
    )
