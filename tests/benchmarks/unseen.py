"""Wrong and right gradients that are not in the list: models of other kinds, and points that are hard.

`models` holds functions with their gradient and with mistakes that people make in deriving it;
`hard` holds right gradients where a difference is easily misled. They were written after the
checker; some of them led to repairs of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Gradient = Callable[[Any], Any]


@dataclass(frozen=True)
class Model:
    """A function, its gradient, and wrong gradients by the name of the mistake.

    Where it is `coarse` the values of the function cannot confirm some component, so "inconclusive" is
    an answer; "wrong" is not.
    """

    name: str
    f: Callable[[Any], Any]
    gradient: Gradient
    x: Any
    wrong: dict[str, Gradient] = field(default_factory=dict)
    coarse: bool = False


def softmax(z: Any) -> Any:
    e = np.exp(z - z.real.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid(z: Any) -> Any:
    return 0.5 * (1 + np.tanh(z / 2))


def edited(gradient: Gradient, edit: Callable[[Any, Any], Any]) -> Gradient:
    """A gradient whose result is changed afterwards: ``edit(g, x)`` changes or returns it."""

    def wrong(x: Any) -> Any:
        g = np.array(gradient(x), dtype=float)
        made = edit(g, x)
        return g if made is None else made

    return wrong


def layer_norm(rng: np.random.Generator) -> Model:
    v, eps = rng.standard_normal(24), 1e-3

    def f(x: Any) -> Any:
        d = x - x.mean()
        return v @ (d / np.sqrt(np.mean(d * d) + eps))

    def gradient(x: Any, mean: float = 1.0, spread: float = 1.0) -> Any:
        d = x - x.mean()
        s = np.sqrt(np.mean(d * d) + eps)
        return (v - mean * v.mean()) / s - spread * d * np.mean(v * d) / s**3

    return Model(
        "layer norm",
        f,
        gradient,
        rng.standard_normal(24),
        {
            "the mean taken for a constant": lambda x: gradient(x, mean=0.0),
            "the spread taken for a constant": lambda x: gradient(x, spread=0.0),
            "the small constant forgotten": lambda x: (
                gradient(x) * (1 + 0.5 * eps / np.mean((x - x.mean()) ** 2))
            ),
        },
    )


def attention(rng: np.random.Generator) -> Model:
    k, v = rng.standard_normal((7, 6)), rng.standard_normal(7)

    def f(q: Any) -> Any:
        return softmax(k @ q / np.sqrt(6)) @ v

    def gradient(q: Any) -> Any:
        p = softmax(k @ q / np.sqrt(6))
        return k.T @ (p * (v - p @ v)) / np.sqrt(6)

    return Model(
        "attention",
        f,
        gradient,
        rng.standard_normal(6),
        {
            "1 / sqrt(d) forgotten": lambda q: gradient(q) * np.sqrt(6),
            "softmax taken for a sigmoid": lambda q: (
                k.T @ ((p := softmax(k @ q / np.sqrt(6))) * (1 - p) * v) / np.sqrt(6)
            ),
        },
    )


def convolution(rng: np.random.Generator) -> Model:
    signal, target = rng.standard_normal(40), rng.standard_normal(36)

    def f(w: Any) -> Any:
        return 0.5 * np.sum((np.convolve(signal, w, "valid") - target) ** 2)

    def gradient(w: Any) -> Any:
        r = np.convolve(signal, w, "valid") - target
        return np.convolve(signal, r[::-1], "valid")[::-1]

    return Model(
        "convolution",
        f,
        gradient,
        rng.standard_normal(5),
        {"the kernel not flipped": lambda w: gradient(w)[::-1]},
    )


def embedding(rng: np.random.Generator) -> Model:
    index, v = np.array([0, 3, 3, 1, 0, 3]), rng.standard_normal((6, 4))

    def f(table: Any) -> Any:
        return np.sum(np.tanh(table[index]) * v)

    def gradient(table: Any, add: bool = True) -> Any:
        d, g = (1 - np.tanh(table[index]) ** 2) * v, np.zeros_like(table)
        if add:
            np.add.at(g, index, d)
        else:
            g[index] = d
        return g

    return Model(
        "embedding",
        f,
        gradient,
        rng.standard_normal((5, 4)),
        {"repeated indices overwrite": lambda table: gradient(table, add=False)},
    )


def recurrent(rng: np.random.Generator) -> Model:
    inputs = rng.standard_normal((12, 4))

    def states(w: Any) -> Any:
        h = [np.ones(4)]
        for x in inputs:
            h.append(np.tanh(w @ h[-1] + x))
        return h

    def f(w: Any) -> Any:
        return np.sum(states(w)[-1])

    def gradient(w: Any, steps: int = 12) -> Any:
        h, g, back = states(w), np.zeros((4, 4)), np.ones(4)
        for t in range(12, 12 - steps, -1):
            back = back * (1 - h[t] ** 2)
            g += np.outer(back, h[t - 1])
            back = w.T @ back
        return g

    return Model(
        "recurrent network",
        f,
        gradient,
        rng.standard_normal((4, 4)) * 0.4,
        {
            "truncated after one step": lambda w: gradient(w, 1),
            "truncated after eleven steps": lambda w: gradient(w, 11),
        },
    )


def tied(rng: np.random.Generator) -> Model:
    x, y = rng.standard_normal((20, 6)), rng.standard_normal((20, 6))

    def f(w: Any) -> Any:
        return 0.5 * np.mean(np.sum((np.tanh(x @ w) @ w.T - y) ** 2, axis=1))

    def parts(w: Any) -> tuple[Any, Any]:
        h = np.tanh(x @ w)
        r = (h @ w.T - y) / 20
        return r.T @ h, x.T @ ((r @ w) * (1 - h * h))

    return Model(
        "tied weights",
        f,
        lambda w: parts(w)[0] + parts(w)[1],
        rng.standard_normal((6, 6)) * 0.5,
        {
            "one use of the weights forgotten": lambda w: parts(w)[1],
            "one use transposed": lambda w: parts(w)[0].T + parts(w)[1],
        },
    )


def normal_fit(rng: np.random.Generator) -> Model:
    data = 2 + 0.5 * rng.standard_normal(50)

    def f(p: Any) -> Any:
        return np.mean(0.5 * ((data - p["mean"]) / np.exp(p["log_scale"])) ** 2) + p["log_scale"]

    def gradient(p: Any) -> Any:
        z = (data - p["mean"]) / np.exp(p["log_scale"])
        return {"mean": -np.mean(z) / np.exp(p["log_scale"]), "log_scale": 1 - np.mean(z * z)}

    def of_scale(p: Any) -> Any:
        g = gradient(p)
        return {**g, "log_scale": g["log_scale"] / np.exp(p["log_scale"])}

    return Model(
        "fit of a normal",
        f,
        gradient,
        {"mean": 1.5, "log_scale": -0.3},
        {"in the scale, not in its logarithm": of_scale},
    )


def determinant(rng: np.random.Generator) -> Model:
    def f(a: Any) -> Any:
        return np.log(np.linalg.det(a) ** 2) / 2

    return Model(
        "log determinant",
        f,
        lambda a: np.linalg.inv(a).T,
        rng.standard_normal((5, 5)),
        {"the inverse not transposed": np.linalg.inv},
    )


def quadratic(rng: np.random.Generator) -> Model:
    a = rng.standard_normal((30, 30))

    def at(f: Callable[[Any, Any], Any]) -> Gradient:
        return lambda x: f(x, (a + a.T) @ x)

    return Model(
        "quadratic form",
        lambda x: x @ (a @ x),
        at(lambda x, g: g),
        rng.standard_normal(30),
        {
            "2 A x for an A that is not symmetric": lambda x: 2 * a @ x,
            "two components exchanged": at(lambda x, g: g[[1, 0, *range(2, 30)]]),
            "a part in a million added": at(lambda x, g: g + 1e-6),
            "clipped by its norm": at(lambda x, g: g / max(1.0, np.linalg.norm(g) / 5)),
            "stochastic rounding": at(lambda x, g: np.round(g * 1e4) / 1e4),
            "x rounded to float32": at(lambda x, g: (a + a.T) @ x.astype(np.float32).astype(float)),
            "not a gradient: x itself": lambda x: x,
            "only every other component": at(lambda x, g: np.where(np.arange(30) % 2, g, 0)),
        },
    )


def wide(rng: np.random.Generator) -> Model:
    """Slopes between 1e-8 and 1, of 400 components."""
    size = np.logspace(-8, 0, 400)

    def gradient(x: Any) -> Any:
        return size * np.cos(x)

    def largest_argument(g: Any, x: Any) -> None:
        g[np.argmax(x)] *= 0.5

    def smallest_slope(g: Any, x: Any) -> None:
        g[0] *= 2

    def smallest_hundred(g: Any, x: Any) -> None:
        g[:100] *= -1

    return Model(
        "slopes of all sizes",
        lambda x: np.sum(size * np.sin(x)),
        gradient,
        rng.standard_normal(400),
        {
            "half at the largest argument": edited(gradient, largest_argument),
            "twice at the smallest slope": edited(gradient, smallest_slope),
            "sign of the smallest hundred": edited(gradient, smallest_hundred),
        },
    )


def losses(rng: np.random.Generator) -> Model:
    """Smoothed labels, weight decay on everything but the bias, in named parameters."""
    x, label = rng.standard_normal((40, 12)), rng.integers(0, 4, 40)
    target = np.eye(4)[label] * 0.9 + 0.025

    def f(p: Any) -> Any:
        z = x @ p["layer"]["w"] + p["layer"]["b"]
        top = z.real.max(axis=1)
        log_sum = np.log(np.exp(z - top[:, None]).sum(axis=1)) + top
        return np.mean(log_sum - np.sum(target * z, axis=1)) + 0.05 * np.sum(p["layer"]["w"] ** 2)

    def gradient(p: Any, target: Any = target, decay: float = 0.1, bias: float = 0.0) -> Any:
        w, b = p["layer"]["w"], p["layer"]["b"]
        r = (softmax(x @ w + b) - target) / 40
        return {"layer": {"w": x.T @ r + decay * w, "b": r.sum(axis=0) + bias * b}}

    return Model(
        "smoothed labels, penalty",
        f,
        gradient,
        {"layer": {"w": rng.standard_normal((12, 4)), "b": rng.standard_normal(4)}},
        {
            "labels not smoothed": lambda p: gradient(p, target=np.eye(4)[label]),
            "penalty without its factor 2": lambda p: gradient(p, decay=0.05),
            "penalty on the bias too": lambda p: gradient(p, bias=1e-4),
        },
    )


def pooled(rng: np.random.Generator) -> Model:
    w = rng.standard_normal((8, 3))

    def f(x: Any) -> Any:
        return np.sum(np.sort(x.reshape(8, 4), axis=1)[:, -1] ** 2 * w[:, 0])

    def gradient(x: Any, which: int = -1) -> Any:
        rows = x.reshape(8, 4)
        place = np.argsort(rows, axis=1)[:, which]
        g = np.zeros((8, 4))
        g[np.arange(8), place] = 2 * rows[np.arange(8), place] * w[:, 0]
        return g.ravel()

    return Model(
        "largest of four",
        f,
        gradient,
        rng.standard_normal(32),
        {
            "sent to the second largest": lambda x: gradient(x, -2),
            "sent to all four": lambda x: np.repeat(gradient(x).reshape(8, 4).sum(axis=1), 4),
        },
    )


def scan(rng: np.random.Generator) -> Model:
    v = rng.standard_normal(50)

    def gradient(x: Any) -> Any:
        return np.cumsum((v * np.cos(np.cumsum(x)))[::-1])[::-1]

    return Model(
        "running sum",
        lambda x: v @ np.sin(np.cumsum(x)),
        gradient,
        rng.standard_normal(50),
        {
            "summed from the wrong end": lambda x: np.cumsum(v * np.cos(np.cumsum(x))),
            "the last term lost": edited(gradient, lambda g, x: g - np.cos(x.sum()) * v[-1]),
        },
    )


def gated(rng: np.random.Generator) -> Model:
    """A term of relative size 1e-4 through which the gradient was detached."""
    a, mask = rng.standard_normal((9, 60)), (rng.random(60) < 0.5) * 2.0

    def gradient(x: Any, small: float = 1.0, keep: Any = mask) -> Any:
        s = sigmoid(a @ x)
        return a.T @ (s * (1 - s)) + small * 1e-4 * keep * np.cos(x)

    return Model(
        "gates and a small term",
        lambda x: np.sum(sigmoid(a @ x)) + 1e-4 * np.sum(mask * np.sin(x)),
        gradient,
        rng.standard_normal(60) * 0.3,
        {
            "the small term detached": lambda x: gradient(x, small=0.0),
            "the mask without its scale": lambda x: gradient(x, keep=mask / 2),
            "sigmoid's slope of the argument": lambda x: (
                a.T @ (sigmoid(a @ x) * (1 - a @ x)) + 1e-4 * mask * np.cos(x)
            ),
        },
    )


MODELS = (
    layer_norm,
    attention,
    convolution,
    embedding,
    recurrent,
    tied,
    normal_fit,
    determinant,
    quadratic,
    wide,
    losses,
    pooled,
    scan,
    gated,
)


def models(seed: int = 0) -> list[Model]:
    """Functions with their gradients, right and wrong."""
    rng = np.random.default_rng(seed)
    return [make(rng) for make in MODELS]


def hard(seed: int = 0) -> list[Model]:
    """Right gradients where differences are easily misled."""
    rng = np.random.default_rng(seed)
    v, u = rng.standard_normal(30), rng.random(30) + 0.1
    k = np.arange(1.0, 31.0)
    hilbert = 1 / (np.arange(8)[:, None] + np.arange(8) + 1.0)
    inputs = rng.standard_normal((30, 5))
    sparse = np.zeros(20_000)
    sparse[777] = 1.0

    def solved(x: Any) -> Any:
        # Newton's method for y + y**3 = x, stopped early: noise near 1e-11.
        y = np.zeros_like(x)
        for _ in range(60):
            step = (y + y**3 - x) / (1 + 3 * y * y)
            y = y - step
            if np.max(np.abs(step)) < 1e-6:
                break
        return y

    def grown(w: Any) -> Any:
        h = np.ones(5)
        for x in inputs:
            h = w @ h + 0.1 * x
        return np.sum(h)

    def grown_gradient(w: Any) -> Any:
        h = [np.ones(5)]
        for x in inputs:
            h.append(w @ h[-1] + 0.1 * x)
        g, back = np.zeros((5, 5)), np.ones(5)
        for before in h[-2::-1]:
            g, back = g + np.outer(back, before), w.T @ back
        return g

    def mixed(p: Any) -> Any:
        return np.sum(np.sin(p["w"] / 1e-8)) + np.sum(np.cos(p["b"] / 1e8))

    def mixed_gradient(p: Any) -> Any:
        return {"w": np.cos(p["w"] / 1e-8) / 1e-8, "b": -np.sin(p["b"] / 1e8) / 1e8}

    def rosenbrock(x: Any) -> Any:
        d, g = x[1:] - x[:-1] ** 2, np.zeros_like(x)
        g[1:] += 200 * d
        g[:-1] -= 400 * d * x[:-1] + 2 * (1 - x[:-1])
        return g

    def largest(x: Any) -> Any:
        return np.linalg.eigvalsh(np.diag(x) + 1.0)[-1]

    def largest_gradient(x: Any) -> Any:
        return np.linalg.eigh(np.diag(x) + 1.0)[1][:, -1] ** 2

    cases = {
        "logits of 1000": (
            lambda x: np.log(np.sum(np.exp(x - x.real.max()))) + x.real.max(),
            softmax,
            1000 + 3 * v,
        ),
        "frequency 1000": (
            lambda x: np.sum(np.sin(1000 * x)) / 1000,
            lambda x: np.cos(1000 * x),
            v,
        ),
        "next to a minimum": (
            lambda x: np.sum((x - 1) ** 2 * k),
            lambda x: 2 * (x - 1) * k,
            1 + 1e-9 * v,
        ),
        "at a saddle": (
            lambda x: np.sum(x**2 * np.sign(v)),
            lambda x: 2 * x * np.sign(v),
            np.zeros(30),
        ),
        "Rosenbrock's minimum": (
            lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
            rosenbrock,
            np.ones(30),
        ),
        "small slope on a large value": (
            lambda x: 1e6 + 1e-3 * np.sum(np.sin(x)),
            lambda x: 1e-3 * np.cos(x),
            v,
        ),
        "an iteration inside": (
            lambda x: np.sum(solved(x)),
            lambda x: 1 / (1 + 3 * solved(x) ** 2),
            v,
        ),
        "piecewise linear": (
            lambda x: np.sum(np.interp(x, np.arange(-4.0, 5.0), np.arange(9.0) ** 2)),
            lambda x: 2 * np.floor(x + 4) + 1,
            np.clip(v, -3.9, 3.9),
        ),
        "maximum of near ties": (
            np.max,
            lambda x: (x == x.max()).astype(float),
            1 + 1e-6 * np.arange(30.0),
        ),
        "hinges at 1e-8": (
            lambda x: np.sum(np.maximum(x, 0) * k),
            lambda x: (x > 0) * k,
            np.where(k % 3 > 0, v, 1e-8 * v),
        ),
        "determinant of a Hilbert matrix": (
            lambda x: np.log(np.linalg.det(hilbert + np.diag(x))),
            lambda x: np.diag(np.linalg.inv(hilbert + np.diag(x))),
            1e-3 * u[:8],
        ),
        "largest eigenvalue": (largest, largest_gradient, v[:9]),
        "sorted and weighted": (
            lambda x: np.sort(x) @ k,
            lambda x: k[np.argsort(np.argsort(x))],
            v,
        ),
        "one slope among 20,000": (
            lambda x: np.exp(x[777]),
            lambda x: sparse * np.exp(x[777]),
            rng.standard_normal(20_000),
        ),
        "values of 1e130": (lambda x: np.sum(np.cosh(x)), np.sinh, 300 + v),
        "recurrence that grows": (
            grown,
            grown_gradient,
            np.eye(5) * 1.3 + 0.1 * v[:25].reshape(5, 5),
        ),
        "units of 1e-8 and 1e8": (mixed, mixed_gradient, {"w": 1e-8 * v[:9], "b": 1e8 * v[9:]}),
        "shift of a million": (
            lambda x: np.sum((x - 1e6) ** 2),
            lambda x: 2 * (x - 1e6),
            1e6 + v,
        ),
        "flat at the origin": (
            lambda x: np.sum(np.exp(-1 / x**2)),
            lambda x: 2 * np.exp(-1 / x**2) / x**3,
            0.2 * u + 0.05,
        ),
        "steep steps": (
            lambda x: np.sum(np.tanh(1e6 * x)) / 1e6,
            lambda x: 1 / np.cosh(np.clip(1e6 * x, -300, 300)) ** 2,
            1e-6 * v,
        ),
        "rounded to 1e-9": (
            lambda x: np.round(np.sum(np.sin(x)), 9),
            np.cos,
            v,
        ),
        "float32 in one of two parameters": (
            lambda p: np.sum(np.sin(p["w"])) + np.sum(p["b"] ** 2),
            lambda p: {"w": np.cos(p["w"]), "b": 2 * p["b"]},
            {"w": v.astype(np.float32), "b": v},
        ),
        "long heavy tail": (
            lambda x: np.sum(np.log1p((x * k**3) ** 2)),
            lambda x: 2 * x * k**6 / (1 + (x * k**3) ** 2),
            v,
        ),
        "entropy near the edge": (
            lambda x: np.sum(x * np.log(x)),
            lambda x: np.log(x) + 1,
            np.logspace(-12, -0.1, 30),
        ),
        "power next to zero": (
            lambda x: np.sum(x**1.5),
            lambda x: 1.5 * np.sqrt(x),
            np.logspace(-9, 0, 30),
        ),
        "norm far from the origin": (
            np.linalg.norm,
            lambda x: x / np.linalg.norm(x),
            1e-6 * v,
        ),
        "linear": (lambda x: k @ x, lambda x: k, v),
        "quotient near its pole": (
            lambda x: np.sum(1 / (x - 1)),
            lambda x: -1 / (x - 1) ** 2,
            1 + 1e-4 * u,
        ),
    }
    coarse = ("hinges at 1e-8", "power next to zero")
    return [
        Model(name, f, gradient, x, coarse=name in coarse)
        for name, (f, gradient, x) in cases.items()
    ]
