"""Gradients to check: a network with 2,410 parameters, wrong ones of every kind, hard right ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

SAMPLES, INPUTS, HIDDEN, CLASSES = 48, 64, 32, 10


class Network:
    """64-32-10, tanh or ReLU, mean cross-entropy, with a gradient that can be made wrong.

    `bug` names a mistake to inject; "" is the right gradient.
    """

    def __init__(self, seed: int = 0, bug: str = "", activation: str = "tanh") -> None:
        rng = np.random.default_rng(seed)
        self.bug, self.activation = bug, activation
        self.x = rng.standard_normal((SAMPLES, INPUTS))
        self.y = rng.integers(0, CLASSES, SAMPLES)
        self.parameters = {
            "W1": rng.standard_normal((INPUTS, HIDDEN)) * 0.2,
            "b1": rng.standard_normal(HIDDEN) * 0.1,
            "W2": rng.standard_normal((HIDDEN, CLASSES)) * 0.3,
            "b2": rng.standard_normal(CLASSES) * 0.1,
        }
        self.kept: Any = None
        self.sum: dict[str, Any] | None = None

    def hidden(self, p: dict[str, Any]) -> Any:
        z = self.x @ p["W1"] + p["b1"]
        return np.tanh(z) if self.activation == "tanh" else np.where(z.real > 0, z, 0)

    def loss(self, p: dict[str, Any]) -> Any:
        out = self.hidden(p) @ p["W2"] + p["b2"]
        out = out - out.real.max(axis=1, keepdims=True)
        return np.mean(np.log(np.exp(out).sum(axis=1)) - out[np.arange(SAMPLES), self.y])

    def gradient(self, p: dict[str, Any]) -> dict[str, Any]:
        bug = self.bug
        z = self.x @ p["W1"] + p["b1"]
        h = self.hidden(p)
        if bug == "stale cache":
            h = self.kept = h if self.kept is None else self.kept
        if bug == "float32 downcast":
            h = h.astype(np.float32).astype(float)
        slope = 1 - h * h if self.activation == "tanh" else (z > 0).astype(float)
        if bug == "wrong where saturated":
            slope = np.where(np.abs(h) > 0.99, 0.0, slope)
        if bug == "wrong for negative inputs":
            slope = np.where(z < 0, 0.9 * slope, slope)
        out = h @ p["W2"] + p["b2"]
        d = np.exp(out - out.max(axis=1, keepdims=True))
        d /= d.sum(axis=1, keepdims=True)
        hot = np.eye(CLASSES)[self.y]
        d = d * hot - hot if bug == "softmax without cross terms" else d - hot
        if bug != "missing 1/n":
            d = d / SAMPLES
        back = (d @ p["W2"].T) * slope
        g = {"W1": self.x.T @ back, "b1": back.sum(axis=0), "W2": h.T @ d, "b2": d.sum(axis=0)}
        return self.spoil(g, back)

    def spoil(self, g: dict[str, Any], back: Any) -> dict[str, Any]:
        bug = self.bug
        if bug == "sign":
            g["W2"] = -g["W2"]
        elif bug == "transposed":
            g["W1"] = g["W1"].T.reshape(g["W1"].shape)
        elif bug == "missing broadcast sum":
            g["b1"] = back
        elif bug == "first sample only":
            g["b1"] = back[0]
        elif bug == "off by one row":
            g["W1"] = np.roll(g["W1"], 1, axis=0)
        elif bug == "dropped bias term":
            g["b1"] = np.zeros_like(g["b1"])
        elif bug == "wrong in one component":
            g["W1"][17, 5] *= 1 + 1e-6
        elif bug == "one component dropped":
            g["W1"][17, 5] = 0.0
        elif bug == "factor 2":
            g = {name: 2 * a for name, a in g.items()}
        elif bug == "one row wrong":
            g["W1"][3] *= 0.5
        elif bug == "not a number":
            g["W1"][2, 1] = np.nan
        elif bug == "float32 result":
            g = {name: a.astype(np.float32) for name, a in g.items()}
        elif bug == "accumulates":
            if self.sum is not None:
                g = {name: a + self.sum[name] for name, a in g.items()}
            self.sum = g
        elif bug == "permuted columns":
            g["W2"] = g["W2"][:, ::-1]
        elif bug == "clipped":
            g = {name: np.clip(a, -0.05, 0.05) for name, a in g.items()}
        elif bug == "weight decay in the gradient only":
            g["W1"] = g["W1"] + 1e-4 * self.parameters["W1"]
        elif bug == "tiny noise":
            rng = np.random.default_rng(0)
            g = {name: a * (1 + 1e-7 * rng.standard_normal(a.shape)) for name, a in g.items()}
        return g


LISTED = (
    "missing 1/n",
    "transposed",
    "sign",
    "missing broadcast sum",
    "off by one row",
    "wrong where saturated",
    "softmax without cross terms",
    "dropped bias term",
    "float32 downcast",
    "stale cache",
    "wrong in one component",
    "wrong for negative inputs",
)
"""The twelve mistakes of the benchmark."""

BEYOND = (
    "first sample only",
    "one component dropped",
    "factor 2",
    "one row wrong",
    "not a number",
    "float32 result",
    "accumulates",
    "permuted columns",
    "clipped",
    "weight decay in the gradient only",
    "tiny noise",
)
"""More mistakes, which the checker was not tuned on."""


@dataclass(frozen=True)
class Situation:
    """A function with a right gradient, at a point where checking is hard."""

    name: str
    f: Callable[[Any], Any]
    gradient: Callable[[Any], Any]
    x: Any
    kink: bool = False


def situations(seed: int = 0) -> list[Situation]:
    """The thirteen of the benchmark."""
    rng = np.random.default_rng(seed)
    relu = Network(activation="relu", seed=seed)
    a, b = rng.standard_normal((20, 30)), rng.standard_normal(20)

    def hinge(w: Any) -> Any:
        return np.sum(np.maximum(a @ w - b, 0) ** 1) / 20

    def hinge_gradient(w: Any) -> Any:
        return a.T @ (a @ w - b > 0) / 20

    w = rng.standard_normal(30)
    at_zero = w - a[0] * (a[0] @ w - b[0]) / (a[0] @ a[0])
    # Rounding leaves a residual of either sign: put the kink exactly there.
    b[0] = a[0] @ at_zero
    near_zero = at_zero + 1e-7 * a[0] / (a[0] @ a[0])
    raw = rng.standard_normal((60, 8)) * np.array([1, 10, 100, 1000, 0.01, 5, 300, 40.0])
    label = (rng.random(60) < 0.5).astype(float)

    def logistic(w: Any) -> Any:
        z = raw @ w
        big = z.real > 0
        soft = np.where(big, z, 0) + np.log1p(np.exp(np.where(big, -z, z)))
        return np.mean(soft - label * z)

    def logistic_gradient(w: Any) -> Any:
        z = raw @ w
        return raw.T @ (0.5 * (1 + np.tanh(z / 2)) - label) / 60

    v = rng.standard_normal(30)
    single = rng.standard_normal(30).astype(np.float32)
    k = np.arange(1.0, 31.0)
    return [
        Situation("ReLU", relu.loss, relu.gradient, relu.parameters),
        Situation("ReLU at 0", hinge, hinge_gradient, at_zero, kink=True),
        Situation("ReLU near 0", hinge, hinge_gradient, near_zero),
        Situation(
            "abs at 0",
            lambda x: np.sum(np.abs(x) * k),
            lambda x: np.sign(x) * k,
            np.where(k > 28, 0.0, v),
            kink=True,
        ),
        Situation(
            "float32", lambda x: np.sum(np.sin(x) * x), lambda x: np.sin(x) + x * np.cos(x), single
        ),
        Situation("offset 1e8", lambda x: 1e8 + np.sum(np.sin(x)), np.cos, v),
        Situation(
            "scale 1e-10",
            lambda x: np.sum(np.sin(x / 1e-10)),
            lambda x: np.cos(x / 1e-10) / 1e-10,
            v * 1e-10,
        ),
        Situation(
            "scale 1e10",
            lambda x: np.sum(np.sin(x / 1e10)),
            lambda x: np.cos(x / 1e10) / 1e10,
            v * 1e10,
        ),
        Situation("raw features", logistic, logistic_gradient, rng.standard_normal(8) * 0.01),
        Situation("x near 1e6", lambda x: np.sum(np.sin(x)), np.cos, 1e6 + v),
        Situation("x = 0", lambda x: np.sum(np.sin(x) * k), lambda x: np.cos(x) * k, np.zeros(30)),
        Situation(
            "stiffness 1e4",
            lambda x: np.sum(np.tanh(1e4 * x)),
            lambda x: 1e4 / np.cosh(np.clip(1e4 * x, -300, 300)) ** 2,
            v * 1e-4,
        ),
        Situation(
            "edge of a logarithm",
            lambda x: np.sum(np.log(x)),
            lambda x: 1 / x,
            np.abs(v) * np.logspace(-9, 0, 30),
        ),
    ]


def spoiled(situation: Situation, factor: float = 1.01) -> Callable[[Any], Any]:
    """A wrong gradient for a situation: everything too large by one percent."""

    def wrong(x: Any) -> Any:
        g = situation.gradient(x)
        if isinstance(g, dict):
            return {name: factor * part for name, part in g.items()}
        return factor * g

    return wrong
