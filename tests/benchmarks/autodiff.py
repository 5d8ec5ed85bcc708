"""Automatic differentiation against hand-derived NumPy, HIPS autograd, PyTorch and JAX.

Ten workloads, the same data for all, float64, one thread. Each function is written once for the
libraries with NumPy's interface, once for PyTorch, and its gradient once by hand. Every gradient is
compared with the hand-derived one before anything is timed.
"""

from __future__ import annotations

import gc
import math
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import autograd as hips
import autograd.numpy as hips_np
import autograd.scipy.special as hips_special
import jax
import jax.numpy as jnp
import numpy as np
import record
import torch
from timing import clock, geometric_mean, medians

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


Row = list[Any]


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

    def f(np, library, A, B, C, D):
        weights = library.softmax((X @ A) @ (X @ B).T * scale)
        return np.mean((weights @ (X @ C) @ D - target) ** 2)

    def f_torch(A, B, C, D):
        weights = torch.softmax((X_torch @ A) @ (X_torch @ B).T * scale, -1)
        return torch.mean((weights @ (X_torch @ C) @ D - target_torch) ** 2)

    def by_hand(A, B, C, D):
        queries, keys, values = X @ A, X @ B, X @ C
        p = queries @ keys.T
        p *= scale
        p -= p.max(axis=1, keepdims=True)
        np.exp(p, out=p)
        p /= p.sum(axis=1, keepdims=True)
        mixed = p @ values
        r = mixed @ D
        r -= target
        value = np.mean(r * r)
        r *= 2 / r.size
        gradient_D = mixed.T @ r
        r = r @ D.T
        gradient_values = p.T @ r
        back = r @ values.T
        back *= p
        p *= back.sum(axis=1, keepdims=True)
        back -= p
        back *= scale
        return value, (
            X.T @ (back @ keys), X.T @ (back.T @ queries), X.T @ gradient_values, gradient_D,
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


def gradients(rounds: int = 15, only: str = "") -> list[Row]:
    print("\nGradient time / function time, and against the others (calcml / other)")
    print(f"{'workload':36s}{'function':>10s}{'calcml':>8s}{'hand':>7s}{'HIPS':>7s}{'torch':>7s}{'JAX':>7s}"
          f"{'/hand':>8s}{'/HIPS':>7s}{'/torch':>7s}{'/JAX':>7s}")  # fmt: skip
    table, names = [], []
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
        names.append(w.name)
        print(
            f"{w.name:36s}{times.median['function'] * 1e6:8.0f}us"
            + "".join(f"{r:7.2f}" for r in row)
        )
    table.append([geometric_mean(column) for column in zip(*table, strict=True)])
    print(f"{'geometric mean':36s}{'':10s}" + "".join(f"{r:7.2f}" for r in table[-1]))
    return [
        [name, *(f"{r:.2f}" for r in row)]
        for name, row in zip([*names, "geometric mean"], table, strict=True)
    ]


def small_operations(np: Any, n: int = 100) -> Callable[[Any], Any]:
    """4 n operations on arrays of 3 entries: two between arrays, one function, one constant."""

    def f(x: Any) -> Any:
        y = x
        for _ in range(n):
            y = np.tanh(y * x + x) * 0.5
        return y.sum()

    return f


def per_operation(rounds: int = 25, n: int = 100) -> list[Row]:
    x = np.array([0.1, 0.2, 0.3])
    leaf = torch.tensor(x, requires_grad=True)
    f = small_operations(torch, n)

    def pytorch() -> Any:
        y = f(leaf)
        return y.item(), torch.autograd.grad(y, leaf)

    ours, theirs = (
        ad.value_and_grad(small_operations(np, n)),
        hips.value_and_grad(small_operations(hips_np, n)),
    )
    times = medians(
        {"calcml": lambda: ours(x), "PyTorch": pytorch, "HIPS": lambda: theirs(x)}, rounds
    )
    print("\nPer recorded operation on shape (3,), value and gradient")
    for name, seconds in times.median.items():
        print(
            f"  {name:10s}{seconds / (4 * n) * 1e6:7.2f} us   calcml / it {times.ratio('calcml', name):.2f}"
        )
    return [
        ["time of one operation on 3 numbers", name, f"{times.ratio('calcml', name):.2f}"]
        for name in ("PyTorch", "HIPS")
    ]


def chain(length: int = 1_000_000) -> list[Row]:
    """A chain of operations on one number: time and memory, and whether they grow linearly."""

    def f(x: Any) -> Any:
        for _ in range(length):
            x = x * 1.0000001
        return x

    def ours() -> None:
        ad.grad(f)(1.0)

    def pytorch() -> None:
        leaf = torch.tensor(1.0, requires_grad=True)
        f(leaf).backward()

    print(f"\nA chain of {length:,} operations")
    seconds, memory = {}, {}
    for name, call in (("calcml", ours), ("PyTorch", pytorch)):
        start = clock()
        call()
        seconds[name] = clock() - start
        memory[name] = in_own_process(f"chain-{name}", length)
        print(
            f"  {name:10s}{seconds[name] / length * 1e6:7.2f} us {memory[name] / length:7.0f} bytes per operation"
        )
    ratios = [f"{used['calcml'] / used['PyTorch']:.2f}" for used in (seconds, memory)]
    print(f"  calcml / PyTorch: time {ratios[0]}, memory {ratios[1]}")
    return [
        [f"{what} of a chain of {length:,} operations", "PyTorch", ratio]
        for what, ratio in zip(("time", "memory"), ratios, strict=True)
    ]


def gradient_of_gradient(length: int = 3000, rounds: int = 7) -> list[Row]:
    def f(x: Any) -> Any:
        for _ in range(length):
            x = x + 0.001 * x * x
        return x

    def pytorch() -> None:
        leaf = torch.tensor(0.1, requires_grad=True)
        (g,) = torch.autograd.grad(f(leaf), leaf, create_graph=True)
        torch.autograd.grad(g, leaf)

    ours, theirs = ad.grad(ad.grad(f)), hips.grad(hips.grad(f))
    np.testing.assert_allclose(ours(0.1), theirs(0.1), rtol=1e-9)
    times = medians(
        {"calcml": lambda: ours(0.1), "PyTorch": pytorch, "HIPS": lambda: theirs(0.1)}, rounds
    )
    print(f"\nGradient of a gradient through a loop of {length}")
    for name, t in times.median.items():
        print(f"  {name:10s}{t * 1e3:8.1f} ms   calcml / it {times.ratio('calcml', name):.2f}")
    return [
        [f"gradient of a gradient, loop of {length:,}", name, f"{times.ratio('calcml', name):.2f}"]
        for name in ("PyTorch", "HIPS")
    ]


def in_own_process(what: str, argument: int) -> int:
    """Bytes by which a measurement raises the peak memory of a fresh process."""
    command = [sys.executable, __file__, "--memory", what, str(argument)]
    return int(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
    )


def measure_memory(what: str, argument: int) -> None:
    """Runs in a process of its own: warm up on a small case, then see how far the peak rises."""
    kind, library = what.rsplit("-", 1)

    def chain_of(n: int) -> None:
        def f(x: Any) -> Any:
            for _ in range(n):
                x = x * 1.0000001
            return x

        if library == "calcml":
            ad.grad(f)(1.0)
        else:
            f(torch.tensor(1.0, requires_grad=True)).backward()

    def gradient_of(batch: int) -> None:
        callers(mlp(batch))[library]()

    run = chain_of if kind == "chain" else gradient_of
    run(64)
    if kind == "mlp":
        call = callers(mlp(argument))[library]
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from what is in use
    before = resident("VmRSS")
    if kind == "mlp":
        call()
    else:
        run(argument)
    print(resident("VmHWM") - before)


def resident(field: str) -> int:
    """Bytes of memory in use now (VmRSS), or at the peak (VmHWM)."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status[field].split()[0]) * 1024


def memory(batch: int = 16384) -> list[Row]:
    names = ("by hand", "calcml", "PyTorch")
    peaks = {name: in_own_process(f"mlp-{name}", batch) for name in names}
    print(f"\nPeak memory of one gradient, MLP 64-32-10, batch {batch}")
    for name in names:
        print(
            f"  {name:10s}{peaks[name] / 2**20:7.1f} MiB   / by hand {peaks[name] / peaks['by hand']:.2f}"
        )
    return [
        [f"peak memory, MLP, batch {batch:,}", name, f"{peaks['calcml'] / peaks[name]:.2f}"]
        for name in ("by hand", "PyTorch")
    ]


def hessian_vector_products(rounds: int = 15) -> list[Row]:
    rows_of_table: list[Row] = []
    print(
        "\nHessian-vector products: time / gradient, / by hand; PyTorch double backward / by hand"
    )
    for n, rows in ((100, 5000), (1000, 1000)):
        X, y, w = _logistic_data(n, rows)
        v = np.random.default_rng(1).standard_normal(n)
        f, f_torch = _logistic(X, y)
        leaf, v_torch = torch.tensor(w, requires_grad=True), torch.tensor(v)
        gradient, product = ad.grad(f), ad.hvp(f)

        def by_hand(X: Any = X, w: Any = w, v: Any = v, rows: int = rows) -> Any:
            s = 1 / (1 + np.exp(-(X @ w)))
            return X.T @ (s * (1 - s) * (X @ v)) / rows

        def pytorch(f: Any = f_torch, leaf: Any = leaf, v: Any = v_torch) -> Any:
            (g,) = torch.autograd.grad(f(leaf), leaf, create_graph=True)
            return torch.autograd.grad(g, leaf, v)

        np.testing.assert_allclose(product(w, v), by_hand(), rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(pytorch()[0], by_hand(), rtol=1e-8, atol=1e-12)
        calls = {
            "gradient": lambda g=gradient, w=w: g(w), "calcml": lambda p=product, w=w, v=v: p(w, v),
            "by hand": by_hand, "PyTorch": pytorch,
        }  # fmt: skip
        times = medians(calls, rounds)
        print(f"  logistic {rows} x {n}: {times.ratio('calcml', 'gradient'):.2f}, "
              f"{times.ratio('calcml', 'by hand'):.2f}; {times.ratio('PyTorch', 'by hand'):.2f}")  # fmt: skip
        what = f"Hessian times vector, logistic {rows:,} x {n:,}"
        rows_of_table += [
            [what, "one gradient" if name == "gradient" else name,
             f"{times.ratio('calcml', name):.2f}"]
            for name in ("gradient", "by hand", "PyTorch")
        ]  # fmt: skip
    w = mlp(512)
    v = tuple(np.ones_like(p) for p in w.parameters)

    def loss(p: Any) -> Any:
        return w.f(np, OURS, *p)

    gradient, product = ad.grad(loss), ad.hvp(loss)
    leaves = [torch.tensor(p, requires_grad=True) for p in w.parameters]
    v_leaves = [torch.tensor(p) for p in v]

    def pytorch_mlp() -> Any:
        g = torch.autograd.grad(w.f_torch(*leaves), leaves, create_graph=True)
        return torch.autograd.grad(g, leaves, v_leaves)

    for a, b in zip(product(w.parameters, v), pytorch_mlp(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-12)
    times = medians(
        {"gradient": lambda: gradient(w.parameters), "calcml": lambda: product(w.parameters, v),
         "PyTorch": pytorch_mlp, "torch gradient": callers(w)["PyTorch"]}, rounds)  # fmt: skip
    print(f"  {w.name}: {times.ratio('calcml', 'gradient'):.2f} gradients; PyTorch "
          f"{times.ratio('PyTorch', 'torch gradient'):.2f} of its own; calcml / PyTorch "
          f"{times.ratio('calcml', 'PyTorch'):.2f}")  # fmt: skip
    what = f"Hessian times vector, {w.name}"
    return [
        *rows_of_table,
        [what, "one gradient", f"{times.ratio('calcml', 'gradient'):.2f}"],
        [what, "PyTorch", f"{times.ratio('calcml', 'PyTorch'):.2f}"],
    ]


def _logistic_data(n: int, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    X = rng.standard_normal((rows, n))
    return X, (rng.random(rows) < 0.5) * 1.0, rng.standard_normal(n) / math.sqrt(n)


def _logistic(X: np.ndarray, y: np.ndarray) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    X_torch, y_torch = torch.tensor(X), torch.tensor(y)

    def f(w: Any) -> Any:
        z = X @ w
        return np.mean(ad.softplus(z) - y * z)

    def f_torch(w: Any) -> Any:
        return torch.nn.functional.binary_cross_entropy_with_logits(X_torch @ w, y_torch)

    return f, f_torch


def hessians(rounds: int = 5) -> list[Row]:
    rows_of_table: list[Row] = []
    print("\nFull Hessian of logistic regression, time / closed form")
    for n, rows in ((100, 5000), (300, 3000), (1000, 2000), (5000, 1000)):
        X, y, w = _logistic_data(n, rows)
        f, _ = _logistic(X, y)
        full = ad.hessian(f)
        X_jax, y_jax = jnp.asarray(X), jnp.asarray(y)
        jitted = jax.jit(jax.hessian(
            lambda w, X=X_jax, y=y_jax: jnp.mean(jax.nn.softplus(X @ w) - y * (X @ w))))  # fmt: skip
        w_jax = jnp.asarray(w)

        def closed(X: Any = X, w: Any = w, rows: int = rows) -> Any:
            s = 1 / (1 + np.exp(-(X @ w)))
            return X.T @ (X * (s * (1 - s) / rows)[:, None])

        np.testing.assert_allclose(full(w), closed(), rtol=1e-8, atol=1e-12)
        calls = {"closed": closed, "calcml": lambda h=full, w=w: h(w)}
        if n <= 1000:
            calls["JAX"] = lambda h=jitted, w=w_jax: jax.block_until_ready(h(w))
        times = medians(calls, rounds)
        others = f"   JAX jit {times.ratio('JAX', 'closed'):.2f}" if "JAX" in calls else ""
        print(f"  n = {n:4d}: {times.ratio('calcml', 'closed'):.2f}{others}")
        what = f"full Hessian, logistic {rows:,} x {n:,}"
        rows_of_table.append([what, "closed form", f"{times.ratio('calcml', 'closed'):.2f}"])
        if "JAX" in calls:
            rows_of_table.append([what, "JAX jit", f"{times.ratio('calcml', 'JAX'):.2f}"])
    return rows_of_table


PARTS: dict[str, Callable[[], list[Row]]] = {
    "gradients": gradients, "operations": per_operation, "chain": chain, "second": gradient_of_gradient,
    "memory": memory, "hvp": hessian_vector_products, "hessian": hessians,
}  # fmt: skip

ONE_THREAD = {
    "CALCML_ONE_THREAD": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}  # fmt: skip


def keep(rows: dict[str, list[Row]]) -> None:
    """Write the tables that the chapter on automatic differentiation shows."""
    packages = {"NumPy": "numpy", "HIPS autograd": "autograd", "PyTorch": "torch", "JAX": "jax"}
    sources = ["tests/benchmarks/autodiff.py", "tests/benchmarks/timing.py", "src/calcml/autodiff"]
    record.record(
        "autodiff",
        title="Time of the value and the gradient, in runs of the plain NumPy function; then "
        "calcml's time divided by that of another.",
        columns=["workload", "calcml", "by hand", "HIPS", "PyTorch", "JAX jit", "/ by hand", "/ HIPS",
                 "/ PyTorch", "/ JAX jit"],
        rows=rows.pop("gradients"), sources=sources, packages=packages,
    )  # fmt: skip
    record.record(
        "autodiff-more",
        title="What calcml needs, divided by what another needs for the same.",
        columns=["figure", "beside", "calcml / it"],
        rows=[row for part in rows.values() for row in part],
        sources=sources, packages=packages, command="python tests/benchmarks autodiff",
    )  # fmt: skip


def main(arguments: list[str]) -> None:
    """Everything, or the parts that are named: python tests/benchmarks/autodiff.py hvp hessian.

    ``--record`` runs everything and keeps the tables for the chapter.
    """
    if "CALCML_ONE_THREAD" not in os.environ:
        # The libraries read the number of threads when they are loaded, so start again.
        command = [sys.executable, __file__, *arguments]
        os.execve(sys.executable, command, {**os.environ, **ONE_THREAD})
    if arguments[:1] == ["--memory"]:
        measure_memory(arguments[1], int(arguments[2]))
        return
    keeping = "--record" in arguments
    names = list(PARTS) if keeping else arguments or list(PARTS)
    rows = {name: PARTS[name]() for name in names}
    if keeping:
        keep(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
