"""JAX and PyTorch as oracles for the rows of the reference table, where they are installed."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from calcml.identity import Identity

from . import runner

SEED = 5
QUICK = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}
"""For what JAX compiles to run once: the compiler's optimizations cost more than they save."""


def errors(row: Identity) -> dict[str, float]:
    """Worst error of a row against each framework that is installed and has it."""
    found = {}
    if runner.installed("jax"):
        found["JAX"] = jax_error(row)
    if runner.installed("torch"):
        from .torch_rows import TORCH

        if row.name in TORCH:
            found["PyTorch"] = torch_error(row, TORCH[row.name])
    return found


def jax_error(row: Identity) -> float:
    """Error against JAX, which differentiates the very same code with its own NumPy."""
    jax: Any = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    rng = np.random.default_rng(SEED)
    x = row.sample(rng)
    g = rng.standard_normal(np.shape(row(*x)))
    same = row.under(jax.numpy)
    moved = tuple(i for i, a in enumerate(row.arguments) if not a.fixed)
    derive = jax.grad(lambda *a: jax.numpy.sum(g * same(*a)), argnums=moved)
    theirs = jax.jit(derive, compiler_options=QUICK)(*map(jax.numpy.asarray, x))
    return row.error(x, g, _all(row.gradient(*x, upstream=g)), tuple(map(np.asarray, theirs)))


def torch_error(row: Identity, function: Any) -> float:
    """Error of value and gradients against PyTorch's own version, worst over all sizes."""
    torch: Any = importlib.import_module("torch")
    rng = np.random.default_rng(SEED)
    worst = 0.0
    for case in row.cases:
        x = row.sample(rng, case)
        y = row(*x)
        g = rng.standard_normal(np.shape(y))
        tensors = [
            torch.tensor(a, requires_grad=not d.fixed)
            for a, d in zip(x, row.arguments, strict=True)
        ]
        value = function(*tensors)
        value.backward(torch.tensor(g).reshape(value.shape))
        theirs = tuple(t.grad.numpy() for t in tensors if t.requires_grad)
        ours = _all(row.gradient(*x, upstream=g))
        size = max(float(np.max(np.abs(y), initial=0.0)), 1e-300)
        apart = float(np.max(np.abs(y - value.detach().numpy()), initial=0.0))
        worst = max(worst, row.error(x, g, ours, theirs), apart / size)
    return worst


def _all(found: Any) -> tuple[Any, ...]:
    return found if isinstance(found, tuple) else (found,)
