"""Automatic differentiation against hand-derived NumPy, HIPS autograd, PyTorch and JAX.

Ten workloads, the same data for all, float64, one thread. Each function is written once for the
libraries with NumPy's interface, once for PyTorch, and its gradient once by hand. Every gradient is
compared with the hand-derived one before anything is timed.
"""

from __future__ import annotations

import gc
import math
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import autograd as hips
import autograd.numpy as hips_np
import autograd.scipy.special as hips_special
import jax
import jax.numpy as jnp
import numpy as np
import torch
from timing import geometric_mean, medians

from calcml import autodiff as ad

jax.config.update("jax_enable_x64", True)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

# What the functions need besides NumPy itself, in each library's own words.
OURS = SimpleNamespace(
    logsumexp=ad.logsumexp, softmax=ad.softmax, cross_entropy=ad.cross_entropy, sigmoid=ad.sigmoid
)
HIPS = SimpleNamespace(
    logsumexp=hips_special.logsumexp,
    softmax=lambda x: _softmax(hips_np, x),
    cross_entropy=lambda x, y: hips_special.logsumexp(x, axis=1) - x[np.arange(len(y)), y],
    sigmoid=lambda x: 1 / (1 + hips_np.exp(-x)),
)
JAX = SimpleNamespace(
    logsumexp=jax.scipy.special.logsumexp,
    softmax=jax.nn.softmax,
    cross_entropy=lambda x, y: jax.scipy.special.logsumexp(x, axis=1) - x[jnp.arange(len(y)), y],
    sigmoid=jax.nn.sigmoid,
)


def _softmax(np: Any, x: Any) -> Any:
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


@dataclass
class Workload:
    """A scalar function of a tuple of arrays, three times over."""

    name: str
    parameters: tuple[np.ndarray, ...]
    f: Callable[..., Any]  # f(np, library, *parameters)
    f_torch: Callable[..., Any]  # f_torch(*parameters)
    by_hand: Callable[..., Any]  # returns the value and the gradients


def logistic(rows: int = 569, columns: int = 30) -> Workload:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, columns))
    y = (rng.random(rows) < 0.4) * 1.0
    X_torch, y_torch = torch.tensor(X), torch.tensor(y)

    def f(np, library, w):
        z = X @ w
        return np.mean(np.logaddexp(z, 0.0) - y * z)

    def f_torch(w):
        return torch.nn.functional.binary_cross_entropy_with_logits(X_torch @ w, y_torch)

    def by_hand(w):
        z = X @ w
        residual = 1 / (1 + np.exp(-z)) - y
        return np.mean(np.logaddexp(z, 0.0) - y * z), (X.T @ residual / len(y),)

    return Workload(
        f"logistic regression {rows} x {columns}",
        (rng.standard_normal(columns) / 6,), f, f_torch, by_hand,
    )  # fmt: skip


def mlp(batch: int, sizes: tuple[int, int, int] = (64, 32, 10)) -> Workload:
    rng = np.random.default_rng(1)
    inputs, hidden, classes = sizes
    X = rng.standard_normal((batch, inputs))
    y = rng.integers(0, classes, batch)
    X_torch, y_torch = torch.tensor(X), torch.tensor(y)
    parameters = (
        rng.standard_normal((inputs, hidden)) / 8, rng.standard_normal(hidden) / 8,
        rng.standard_normal((hidden, classes)) / 6, rng.standard_normal(classes) / 6,
    )  # fmt: skip

    def f(np, library, V, a, W, b):
        return np.mean(library.cross_entropy(np.tanh(X @ V + a) @ W + b, y))

    def f_torch(V, a, W, b):
        z = torch.tanh(X_torch @ V + a) @ W + b
        return torch.nn.functional.cross_entropy(z, y_torch)

    def by_hand(V, a, W, b):
        h = X @ V
        h += a
        np.tanh(h, out=h)
        z = h @ W
        z += b
        z -= z.max(axis=1, keepdims=True)
        right = z[np.arange(batch), y]
        np.exp(z, out=z)
        total = z.sum(axis=1)
        value = np.mean(np.log(total) - right)
        z /= total[:, None]
        z[np.arange(batch), y] -= 1
        z /= batch
        back = z @ W.T
        gradient_W = h.T @ z
        h *= h
        np.subtract(1, h, out=h)
        back *= h
        return value, (X.T @ back, back.sum(axis=0), gradient_W, z.sum(axis=0))

    return Workload(
        f"MLP {inputs}-{hidden}-{classes}, batch {batch}", parameters, f, f_torch, by_hand
    )


def mixture(D: int, K: int, N: int = 1000) -> Workload:
    """Log-likelihood of a Gaussian mixture with full covariances (ADBench, Srajer et al. 2018)."""
    rng = np.random.default_rng(2)
    X = rng.standard_normal((N, D))
    X_torch = torch.tensor(X)
    rows, columns = np.tril_indices(D, -1)
    place = np.zeros((D, D), dtype=int)  # where each entry of the triangle is stored
    place[rows, columns] = np.arange(len(rows))
    below = np.tri(D, k=-1)
    eye = np.eye(D)
    place_torch, below_torch, eye_torch = map(torch.tensor, (place, below, eye))
    parameters = (
        rng.standard_normal(K), rng.standard_normal((K, D)), rng.standard_normal((K, D)) / 4,
        rng.standard_normal((K, len(rows))) / 4,
    )  # fmt: skip

    def f(np, library, alpha, means, log_diagonal, triangle):
        Q = triangle[:, place] * below + np.exp(log_diagonal)[:, :, None] * eye  # (K, D, D)
        centered = X - means[:, None, :]  # (K, N, D)
        distance = np.sum((centered @ np.swapaxes(Q, 1, 2)) ** 2, axis=2)  # (K, N)
        weight = alpha + np.sum(log_diagonal, axis=1)
        inside = library.logsumexp(weight[:, None] - 0.5 * distance, axis=0)
        return np.sum(inside) - N * library.logsumexp(alpha)

    def f_torch(alpha, means, log_diagonal, triangle):
        Q = triangle[:, place_torch] * below_torch + torch.exp(log_diagonal)[:, :, None] * eye_torch
        centered = X_torch - means[:, None, :]
        distance = torch.sum((centered @ Q.transpose(1, 2)) ** 2, dim=2)
        weight = alpha + torch.sum(log_diagonal, dim=1)
        inside = torch.logsumexp(weight[:, None] - 0.5 * distance, dim=0)
        return torch.sum(inside) - N * torch.logsumexp(alpha, 0)

    def by_hand(alpha, means, log_diagonal, triangle):
        diagonal = np.exp(log_diagonal)
        Q = triangle[:, place] * below + diagonal[:, :, None] * eye
        centered = X - means[:, None, :]
        white = centered @ np.swapaxes(Q, 1, 2)  # (K, N, D)
        z = np.einsum("knd,knd->kn", white, white)
        z *= -0.5
        z += (alpha + log_diagonal.sum(axis=1))[:, None]
        top = z.max(axis=0)
        z -= top
        np.exp(z, out=z)
        total = z.sum(axis=0)
        shifted = np.exp(alpha - alpha.max())
        value = np.sum(np.log(total) + top) - N * (np.log(shifted.sum()) + alpha.max())
        z /= total  # responsibilities
        count = z.sum(axis=1)
        white *= -z[:, :, None]
        gradient_Q = np.swapaxes(white, 1, 2) @ centered  # (K, D, D)
        gradient_means = -(white.sum(axis=1)[:, None, :] @ Q)[:, 0]
        gradient_diagonal = gradient_Q.diagonal(axis1=1, axis2=2) * diagonal + count[:, None]
        return value, (
            count - N * shifted / shifted.sum(), gradient_means, gradient_diagonal,
            gradient_Q[:, rows, columns],
        )  # fmt: skip

    return Workload(f"Gaussian mixture D={D} K={K}", parameters, f, f_torch, by_hand)


def attention(T: int = 128, d: int = 64) -> Workload:
    rng = np.random.default_rng(3)
    X, target = rng.standard_normal((T, d)), rng.standard_normal((T, d))
    X_torch, target_torch = torch.tensor(X), torch.tensor(target)
    parameters = tuple(rng.standard_normal((d, d)) / 8 for _ in range(4))
    scale = 1 / math.sqrt(d)

    def f(np, library, A, B, C, O):
        weights = library.softmax((X @ A) @ (X @ B).T * scale)
        return np.mean((weights @ (X @ C) @ O - target) ** 2)

    def f_torch(A, B, C, O):
        weights = torch.softmax((X_torch @ A) @ (X_torch @ B).T * scale, -1)
        return torch.mean((weights @ (X_torch @ C) @ O - target_torch) ** 2)

    def by_hand(A, B, C, O):
        queries, keys, values = X @ A, X @ B, X @ C
        p = queries @ keys.T
        p *= scale
        p -= p.max(axis=1, keepdims=True)
        np.exp(p, out=p)
        p /= p.sum(axis=1, keepdims=True)
        mixed = p @ values
        r = mixed @ O
        r -= target
        value = np.mean(r * r)
        r *= 2 / r.size
        gradient_O = mixed.T @ r
        r = r @ O.T
        gradient_values = p.T @ r
        back = r @ values.T
        back *= p
        p *= back.sum(axis=1, keepdims=True)
        back -= p
        back *= scale
        return value, (
            X.T @ (back @ keys), X.T @ (back.T @ queries), X.T @ gradient_values, gradient_O,
        )  # fmt: skip

    return Workload(f"attention T={T} d={d}", parameters, f, f_torch, by_hand)


def lstm(T: int = 50, batch: int = 16, hidden: int = 64) -> Workload:
    rng = np.random.default_rng(4)
    X = rng.standard_normal((T, batch, hidden))
    X_torch = torch.tensor(X)
    H = hidden
    parameters = (
        rng.standard_normal((H, 4 * H)) / 8, rng.standard_normal((H, 4 * H)) / 8,
        rng.standard_normal(4 * H) / 8,
    )  # fmt: skip
    zero = np.zeros((batch, hidden))

    def f(np, library, U, W, b):
        h = c = zero
        for t in range(T):
            z = X[t] @ U + h @ W + b
            gates = library.sigmoid(z[:, : 3 * H])
            c = gates[:, :H] * c + gates[:, H : 2 * H] * np.tanh(z[:, 3 * H :])
            h = gates[:, 2 * H :] * np.tanh(c)
        return np.mean(h**2)

    def f_torch(U, W, b):
        h = c = torch.zeros(batch, hidden)
        for t in range(T):
            z = X_torch[t] @ U + h @ W + b
            gates = torch.sigmoid(z[:, : 3 * H])
            c = gates[:, :H] * c + gates[:, H : 2 * H] * torch.tanh(z[:, 3 * H :])
            h = gates[:, 2 * H :] * torch.tanh(c)
        return torch.mean(h**2)

    def by_hand(U, W, b):
        h = c = zero
        steps = []
        for t in range(T):
            z = X[t] @ U
            z += h @ W
            z += b
            g = z[:, : 3 * H]
            np.negative(g, out=g)
            np.exp(g, out=g)
            g += 1
            np.divide(1, g, out=g)
            np.tanh(z[:, 3 * H :], out=z[:, 3 * H :])
            before, h_before = c, h
            c = z[:, :H] * c + z[:, H : 2 * H] * z[:, 3 * H :]
            tanh_c = np.tanh(c)
            h = z[:, 2 * H : 3 * H] * tanh_c
            steps.append((z, before, tanh_c, h_before))
        value = np.mean(h * h)
        back_h = h * (2 / h.size)
        back_c = np.zeros_like(c)
        gradient_U, gradient_W, gradient_b = np.zeros_like(U), np.zeros_like(W), np.zeros_like(b)
        for t in reversed(range(T)):
            z, before, tanh_c, h_before = steps[t]
            f, i, o, n = z[:, :H], z[:, H : 2 * H], z[:, 2 * H : 3 * H], z[:, 3 * H :]
            back_c = back_c + back_h * o * (1 - tanh_c * tanh_c)
            back_z = np.empty_like(z)
            back_z[:, :H] = back_c * before
            back_z[:, H : 2 * H] = back_c * n
            back_z[:, 2 * H : 3 * H] = back_h * tanh_c
            back_z[:, : 3 * H] *= z[:, : 3 * H] * (1 - z[:, : 3 * H])
            back_z[:, 3 * H :] = back_c * i * (1 - n * n)
            gradient_U += X[t].T @ back_z
            gradient_W += h_before.T @ back_z
            gradient_b += back_z.sum(axis=0)
            back_h = back_z @ W.T
            back_c = back_c * f
        return value, (gradient_U, gradient_W, gradient_b)

    return Workload(f"LSTM T={T}, batch {batch}, hidden {hidden}", parameters, f, f_torch, by_hand)


def workloads() -> list[Workload]:
    return [
        logistic(), mlp(64), mlp(512), mlp(1797), mixture(10, 5), mixture(10, 25), mixture(20, 5),
        mixture(20, 25), attention(), lstm(),
    ]  # fmt: skip


def callers(w: Workload) -> dict[str, Callable[[], Any]]:
    """The function, and its value and gradient in each library, ready to call."""
    count = len(w.parameters)
    every = tuple(range(count))
    in_torch = [torch.tensor(p, requires_grad=True) for p in w.parameters]
    in_jax = [jnp.asarray(p) for p in w.parameters]
    ours = ad.value_and_grad(lambda *p: w.f(np, OURS, *p), every)
    theirs = hips.value_and_grad(lambda p: w.f(hips_np, HIPS, *p))
    jitted = jax.jit(jax.value_and_grad(lambda *p: w.f(jnp, JAX, *p), every))

    def pytorch() -> Any:
        value = w.f_torch(*in_torch)
        return value.item(), torch.autograd.grad(value, in_torch)

    return {
        "function": lambda: w.f(np, OURS, *w.parameters),
        "by hand": lambda: w.by_hand(*w.parameters),
        "calcml": lambda: ours(*w.parameters),
        "HIPS": lambda: theirs(tuple(w.parameters)),
        "PyTorch": pytorch,
        "JAX jit": lambda: jax.block_until_ready(jitted(*in_jax)),
    }


def agree(w: Workload) -> None:
    """Stop if any library disagrees with the gradient derived by hand."""
    value, gradients = w.by_hand(*w.parameters)
    for name, call in callers(w).items():
        if name in ("function", "by hand"):
            continue
        other_value, others = call()
        np.testing.assert_allclose(other_value, value, rtol=1e-9, err_msg=f"{w.name}: {name}")
        for a, b in zip(others, gradients, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9, err_msg=f"{w.name}: {name}")


def gradients(rounds: int = 15, only: str = "") -> None:
    print("\nGradient time / function time, and against the others (calcml / other)")
    print(f"{'workload':36s}{'function':>10s}{'calcml':>8s}{'hand':>7s}{'HIPS':>7s}{'torch':>7s}{'JAX':>7s}"
          f"{'/hand':>8s}{'/HIPS':>7s}{'/torch':>7s}{'/JAX':>7s}")  # fmt: skip
    table = []
    for w in workloads():
        if only not in w.name:
            continue
        agree(w)
        times = medians(callers(w), rounds)
        row = [
            times.ratio(name, "function")
            for name in ("calcml", "by hand", "HIPS", "PyTorch", "JAX jit")
        ]
        row += [times.ratio("calcml", name) for name in ("by hand", "HIPS", "PyTorch", "JAX jit")]
        table.append(row)
        print(
            f"{w.name:36s}{times.median['function'] * 1e6:8.0f}us"
            + "".join(f"{r:7.2f}" for r in row)
        )
    print(
        f"{'geometric mean':36s}{'':10s}"
        + "".join(f"{geometric_mean(c):7.2f}" for c in zip(*table, strict=True))
    )


def main(arguments: list[str]) -> None:
    gradients(only=arguments[0] if arguments else "")


if __name__ == "__main__":
    main(sys.argv[1:])
