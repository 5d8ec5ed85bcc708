"""The table of kinks: what each library returns where there is no derivative.

The values of PyTorch and JAX are written down here, so that the page needs neither; the tests
measure all of them again, and so tell when a library changes.
"""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from calcml import autodiff, functions


@dataclass(frozen=True)
class Kink:
    """A function at a point where it has no derivative, and what three libraries say there."""

    title: str
    code: str  # in NumPy, of x; JAX runs the same
    torch: str  # the way PyTorch's users write it
    point: tuple[float, ...]
    subgradients: str
    calcml: str
    torch_value: str
    jax_value: str
    row: str = ""  # the row of the reference table, for a function with a name of its own
    jax: str = ""  # the way JAX's users write it, where that is not NumPy's


TORCH, JAX = "2.13.0", "0.10.2"
"""The releases whose values stand below."""

KINKS = [
    Kink("Absolute value at 0", "np.abs(x)", "x.abs()", (0.0,), "$[-1, 1]$", "0", "0", "1"),
    Kink(
        "ReLU as a maximum, at 0",
        "np.maximum(x, 0)",
        "torch.maximum(x, torch.zeros_like(x))",
        (0.0,),
        "$[0, 1]$",
        "0.5",
        "0.5",
        "0.5",
    ),
    Kink(
        "ReLU by its own name, at 0",
        "relu(x)",
        "torch.relu(x)",
        (0.0,),
        "$[0, 1]$",
        "0",
        "0",
        "0",
        row="relu",
        jax="nn.relu(x)",
    ),
    Kink(
        "ReLU6 at 6",
        "relu6(x)",
        "F.relu6(x)",
        (6.0,),
        "$[0, 1]$",
        "0",
        "0",
        "0",
        row="relu6",
        jax="nn.relu6(x)",
    ),
    Kink(
        "Hard tanh at 1",
        "hard_tanh(x)",
        "F.hardtanh(x)",
        (1.0,),
        "$[0, 1]$",
        "0",
        "0",
        "1",
        row="hard-tanh",
        jax="nn.hard_tanh(x)",
    ),
    Kink(
        "Hard sigmoid at 3",
        "hard_sigmoid(x)",
        "F.hardsigmoid(x)",
        (3.0,),
        "$[0, 1/6]$",
        "0",
        "0",
        "0",
        row="hard-sigmoid",
        jax="nn.hard_sigmoid(x)",
    ),
    Kink(
        "Hard swish at 3",
        "hard_swish(x)",
        "F.hardswish(x)",
        (3.0,),
        "$[1, 3/2]$",
        "1",
        "1",
        "1",
        row="hard-swish",
        jax="nn.hard_swish(x)",
    ),
    Kink(
        "SELU at 0",
        "selu(x)",
        "F.selu(x)",
        (0.0,),
        r"$[\lambda, \lambda \alpha]$",
        "1.7581",
        "1.7581",
        "1.7581",
        row="selu",
        jax="nn.selu(x)",
    ),
    Kink(
        "Absolute value as a row, at 0",
        "absolute_value(x)",
        "x.abs()",
        (0.0,),
        "$[-1, 1]$",
        "0",
        "0",
        "1",
        row="absolute-value",
        jax="np.abs(x)",
    ),
    Kink(
        "Euclidean norm as a row, at 0",
        "euclidean_norm(x)",
        "torch.linalg.vector_norm(x)",
        (
            0.0,
            0.0,
        ),
        "the unit disk",
        "0, 0",
        "0, 0",
        "nan, nan",
        row="euclidean-norm",
        jax="np.linalg.norm(x)",
    ),
    Kink(
        "ReLU as a choice, at 0",
        "np.where(x > 0, x, 0)",
        "torch.where(x > 0, x, 0)",
        (0.0,),
        "$[0, 1]$",
        "0",
        "0",
        "0",
    ),
    Kink(
        "ReLU as a clip, at 0",
        "np.clip(x, 0, None)",
        "x.clamp(min=0)",
        (0.0,),
        "$[0, 1]$",
        "0.5",
        "1",
        "0.5",
    ),
    Kink(
        "Clip at its lower bound",
        "np.clip(x, -1, 1)",
        "x.clamp(-1, 1)",
        (-1.0,),
        "$[0, 1]$",
        "0.5",
        "1",
        "0.5",
    ),
    Kink(
        "Clip at its upper bound",
        "np.clip(x, -1, 1)",
        "x.clamp(-1, 1)",
        (1.0,),
        "$[0, 1]$",
        "0.5",
        "1",
        "0.5",
    ),
    Kink(
        "Leaky ReLU at 0",
        "np.where(x > 0, x, 0.01 * x)",
        "F.leaky_relu(x, 0.01)",
        (0.0,),
        "$[0.01, 1]$",
        "0.01",
        "0.01",
        "0.01",
    ),
    Kink(
        "Hinge at its margin",
        "np.maximum(1 - x, 0)",
        "(1 - x).clamp(min=0)",
        (1.0,),
        "$[-1, 0]$",
        "-0.5",
        "-1",
        "-0.5",
    ),
    Kink(
        "Huber's knot, delta 1",
        "np.where(np.abs(x) <= 1, x**2 / 2, np.abs(x) - 0.5)",
        "F.huber_loss(x, torch.zeros_like(x), reduction='none')",
        (1.0,),
        r"$\{1\}$",
        "1",
        "1",
        "1",
    ),
    Kink(
        "Maximum of two, tied",
        "np.maximum(x[0], x[1])",
        "torch.maximum(x[0], x[1])",
        (
            1.0,
            1.0,
        ),
        "$(t, 1 - t)$",
        "0.5, 0.5",
        "0.5, 0.5",
        "0.5, 0.5",
    ),
    Kink(
        "Largest entry, tied",
        "np.max(x)",
        "x.max()",
        (
            1.0,
            2.0,
            2.0,
        ),
        "$(0, t, 1 - t)$",
        "0, 0.5, 0.5",
        "0, 0.5, 0.5",
        "0, 0.5, 0.5",
    ),
    Kink(
        "Largest entry along an axis, tied",
        "np.max(x, axis=0)",
        "x.max(dim=0).values",
        (
            1.0,
            2.0,
            2.0,
        ),
        "$(0, t, 1 - t)$",
        "0, 0.5, 0.5",
        "0, 1, 0",
        "0, 0.5, 0.5",
    ),
    Kink(
        "Smallest of two sorted, tied",
        "np.sort(x)[0]",
        "x.sort().values[0]",
        (
            1.0,
            1.0,
        ),
        "superdifferential: $(t, 1 - t)$",
        "1, 0",
        "1, 0",
        "1, 0",
    ),
    Kink(
        "Max pooling, tied window",
        "np.max(np.stack([x[0::2], x[1::2]]), axis=0)[0]",
        "F.max_pool1d(x[None], 2)[0, 0]",
        (
            3.0,
            3.0,
        ),
        "$(t, 1 - t)$",
        "0.5, 0.5",
        "1, 0",
        "0.5, 0.5",
    ),
    Kink(
        "1-norm at 0",
        "np.linalg.norm(x, 1)",
        "torch.linalg.norm(x, 1)",
        (
            0.0,
            2.0,
        ),
        "$([-1, 1], 1)$",
        "0, 1",
        "0, 1",
        "1, 1",
    ),
    Kink(
        "2-norm at 0",
        "np.linalg.norm(x)",
        "torch.linalg.norm(x)",
        (
            0.0,
            0.0,
        ),
        "the unit disk",
        "0, 0",
        "0, 0",
        "nan, nan",
    ),
    Kink(
        "2-norm written out, at 0",
        "np.sqrt(np.sum(x**2))",
        "(x**2).sum().sqrt()",
        (
            0.0,
            0.0,
        ),
        "the unit disk",
        "nan, nan",
        "nan, nan",
        "nan, nan",
    ),
    Kink(
        "Maximum norm, tied",
        "np.linalg.norm(x, np.inf)",
        "torch.linalg.norm(x, torch.inf)",
        (
            2.0,
            -2.0,
        ),
        "$(t, t - 1)$",
        "0.5, -0.5",
        "0.5, -0.5",
        "0.5, -0.5",
    ),
    Kink(
        "Square root at 0",
        "np.sqrt(x)",
        "x.sqrt()",
        (0.0,),
        "none: the slope is infinite",
        "inf",
        "inf",
        "inf",
    ),
    Kink(
        "Root of a square at 0",
        "np.sqrt(x**2)",
        "(x**2).sqrt()",
        (0.0,),
        "$[-1, 1]$",
        "nan",
        "nan",
        "nan",
    ),
    Kink(
        "x log x at 0",
        "x * np.log(x)",
        "torch.xlogy(x, x)",
        (0.0,),
        "none: the slope is infinite",
        "-inf",
        "nan",
        "nan",
    ),
    Kink(
        "A root behind a choice not taken",
        "np.where(x > 0, np.sqrt(x), 0)",
        "torch.where(x > 0, x.sqrt(), 0)",
        (0.0,),
        "none from the right; 0 is the branch taken",
        "0",
        "nan",
        "nan",
    ),
    Kink(
        "A logarithm behind a choice not taken",
        "np.where(x > 0, np.log(x), 0)",
        "torch.where(x > 0, x.log(), 0)",
        (-1.0,),
        r"$\{0\}$",
        "0",
        "0",
        "0",
    ),
    Kink("Sign at 0", "np.sign(x)", "x.sign()", (0.0,), "none: it jumps", "0", "0", "0"),
    Kink("Rounding down at 1", "np.floor(x)", "x.floor()", (1.0,), "none: it jumps", "0", "0", "0"),
    Kink(
        "Product with one zero",
        "np.prod(x)",
        "x.prod()",
        (
            0.0,
            2.0,
            3.0,
        ),
        r"$\{(6, 0, 0)\}$",
        "6, 0, 0",
        "6, 0, 0",
        "6, 0, 0",
    ),
    Kink("Power with exponent 0, at 0", "x**0.0", "x**0.0", (0.0,), r"$\{0\}$", "0", "0", "nan"),
    Kink(
        "Soft threshold at its bound",
        "np.sign(x) * np.maximum(np.abs(x) - 0.5, 0)",
        "F.softshrink(x, 0.5)",
        (0.5,),
        "$[0, 1]$",
        "0.5",
        "0",
        "0.5",
    ),
    Kink(
        "Log-sum-exp of minus infinities",
        "np.logaddexp(x[0], x[1])",
        "torch.logaddexp(x[0], x[1])",
        (
            -np.inf,
            -np.inf,
        ),
        "none: no mass to divide",
        "0, 0",
        "nan, nan",
        "nan, nan",
    ),
]


def shown(gradient: Any) -> str:
    """A gradient as the table prints it."""
    return ", ".join(f"{v + 0.0:g}" for v in np.ravel(np.asarray(gradient, dtype=float)))


def ours(kink: Kink) -> str:
    """What `calcml.autodiff` returns."""
    if kink.row:
        return shown(functions.get(kink.row).gradient(np.array(kink.point)))
    scope = {"np": np}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        value = autodiff.grad(lambda x: np.sum(eval(kink.code, {**scope, "x": x})))
        return shown(value(np.array(kink.point)))


def pytorch(kink: Kink) -> str:
    """What PyTorch returns."""
    torch = importlib.import_module("torch")
    scope = {"torch": torch, "F": importlib.import_module("torch.nn.functional")}
    x = torch.tensor(kink.point, dtype=torch.float64, requires_grad=True)
    eval(kink.torch, {**scope, "x": x}).sum().backward()
    return shown(x.grad)


def jax(kink: Kink) -> str:
    """What JAX returns."""
    library = importlib.import_module("jax")
    scope = {"np": library.numpy, "nn": library.nn}
    code = kink.jax or kink.code
    gradient = library.grad(lambda x: library.numpy.sum(eval(code, {**scope, "x": x})))
    return shown(gradient(library.numpy.asarray(np.array(kink.point))))
