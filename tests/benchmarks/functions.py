"""The 26 functions on which numerical derivatives are measured, each with its exact gradient.

Twelve are what people differentiate in machine learning; fourteen are hard on purpose. The gradient
is written out by hand, or taken by a complex step where the function is analytic; the tests
of the benchmark compare the two where both exist.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A function, where it is differentiated, and its gradient there."""

    name: str
    f: Callable[[Array], Any]
    x: Array
    exact: Array
    core: bool


def analytic_gradient(f: Callable[[Any], Any], x: Array) -> Array:
    """Complex step without guards: these functions are analytic by construction."""
    gradient = np.empty(x.size)
    for k in range(x.size):
        z = x.astype(complex)
        step = 1e-30 * min(1.0, abs(x.flat[k]) or 1.0)
        z.flat[k] += 1j * step
        gradient[k] = f(z).imag / step
    return gradient.reshape(x.shape)


def logsumexp(z: Any) -> Any:
    top = z.real.max(axis=-1, keepdims=True)
    return np.log(np.exp(z - top).sum(axis=-1)) + top[..., 0]


def softplus(z: Any) -> Any:
    # The branch looks at the real part only, so the function stays analytic on each side.
    big = z.real > 0
    return np.where(big, z, 0) + np.log1p(np.exp(np.where(big, -z, z)))


def _core(rng: np.random.Generator) -> dict[str, tuple[Callable[[Any], Any], Array]]:
    design = rng.standard_normal((60, 8))
    label = (rng.random(60) < 0.5).astype(float)
    # Age, income, square meters, counts: as they come, not standardized.
    raw = rng.standard_normal((60, 8)) * np.array([1, 12, 100, 2e4, 0.01, 5, 300, 40.0])
    raw += np.abs(raw).mean(axis=0)
    pixels, digit = rng.random((40, 16)), rng.integers(0, 5, 40)
    target = rng.standard_normal((30, 2))
    ratings = rng.standard_normal((6, 5))
    tokens = rng.standard_normal((5, 4))
    cloud = rng.standard_normal((50, 2)) * 2
    hilbert = 1.0 / (np.arange(6)[:, None] + np.arange(6) + 1.0)

    def rosenbrock(x: Any) -> Any:
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    def beale(x: Any) -> Any:
        a, b = x[0], x[1]
        return (1.5 - a + a * b) ** 2 + (2.25 - a + a * b**2) ** 2 + (2.625 - a + a * b**3) ** 2

    def logistic(features: Array) -> Callable[[Any], Any]:
        def loss(w: Any) -> Any:
            z = features @ w
            return np.mean(softplus(z) - label * z)

        return loss

    def softmax_regression(w: Any) -> Any:
        z = pixels @ w.reshape(16, 5)
        return np.mean(logsumexp(z) - z[np.arange(40), digit]) + 0.01 * np.sum(w**2)

    def mlp(w: Any) -> Any:
        hidden = np.tanh(pixels[:30] @ w[:96].reshape(16, 6) + w[96:102])
        out = hidden @ w[102:114].reshape(6, 2) + w[114:]
        return 0.5 * np.mean(np.sum((out - target) ** 2, axis=1))

    def attention(w: Any) -> Any:
        q, k, v = (tokens @ part for part in w.reshape(3, 4, 4))
        score = q @ k.T * 4.0
        weight = np.exp(score - logsumexp(score)[:, None])
        return np.sum(np.sin(weight @ v))

    def mixture(w: Any) -> Any:
        mean, log_scale, logit = w[:6].reshape(3, 2), w[6:9], w[9:]
        r = np.sum((cloud[:, None] - mean) ** 2, axis=-1)
        term = logit - logsumexp(logit) - 0.5 * r * np.exp(-2 * log_scale) - 2 * log_scale
        return -np.sum(logsumexp(term))

    def factorization(w: Any) -> Any:
        return np.sum((w[:12].reshape(6, 2) @ w[12:].reshape(2, 5) - ratings) ** 2)

    return {
        "Rosenbrock, n = 100": (rosenbrock, rng.uniform(-1.5, 1.5, 100)),
        "Beale": (beale, np.array([1.0, 0.5])),
        "log-sum-exp at a temperature": (
            lambda x: logsumexp(x / 0.01) * 0.01,
            rng.standard_normal(20) * 0.01,
        ),
        "logistic regression": (logistic(design), rng.standard_normal(8)),
        "logistic regression, raw features": (
            logistic(raw),
            rng.standard_normal(8) / np.abs(raw).max(axis=0),
        ),
        "softmax regression": (softmax_regression, rng.standard_normal(80) * 0.3),
        "multilayer perceptron": (mlp, rng.standard_normal(116) * 0.5),
        "attention": (attention, rng.standard_normal(48) * 0.7),
        "Gaussian mixture": (
            mixture,
            np.concatenate(
                [rng.standard_normal(6), rng.uniform(-3, -2, 3), rng.standard_normal(3)]
            ),
        ),
        "matrix factorization": (factorization, rng.standard_normal(22)),
        "Hilbert quadratic": (lambda x: 0.5 * x @ (hilbert @ x), rng.standard_normal(6)),
        "Poisson regression": (
            lambda w: np.mean(np.exp(design @ w) - label * (design @ w)),
            rng.standard_normal(8) * 0.5,
        ),
    }


def _hard(
    rng: np.random.Generator,
) -> dict[str, tuple[Callable[[Any], Any], Array, Callable[[Array], Array] | None]]:
    d = np.arange(1.0, 6.0)

    near = np.array([1e-4, -2e-3, 0.3, -0.5])
    edge = np.array([1e-9, 1e-6, 1e-3, 1.0])
    return {
        "scale 1e-10": (lambda x: np.sum(np.sin(x / 1e-10)), d * 1e-10, None),
        "scale 1e10": (lambda x: np.sum(np.sin(x / 1e10)), d * 1e10, None),
        "offset 1e8": (lambda x: 1e8 + np.sum(np.sin(x)), d, None),
        "argument near 1e6": (lambda x: np.sum(np.sin(x)), 1e6 + d, None),
        "at zero": (lambda x: np.sum(np.sin(x) * d) + np.prod(1 + x), np.zeros(5), None),
        "stiff, 1e4": (lambda x: np.sum(np.tanh(1e4 * x)), d * 1e-5, None),
        "edge of a logarithm": (lambda x: np.sum(np.log(x)), edge, None),
        "Powell, badly scaled": (
            lambda x: (1e4 * x[0] * x[1] - 1) ** 2 + (np.exp(-x[0]) + np.exp(-x[1]) - 1.0001) ** 2,
            np.array([2e-5, 5.5]),
            None,
        ),
        "Brown, badly scaled": (
            lambda x: (x[0] - 1e6) ** 2 + (x[1] - 2e-6) ** 2 + (x[0] * x[1] - 2) ** 2,
            np.array([1.1e6, 3e-6]),
            None,
        ),
        "sharp softplus": (lambda x: np.sum(softplus(1e3 * x)) / 1e3, near * 3, None),
        "smoothed absolute value": (lambda x: np.sum(np.sqrt(x * x + 1e-8)), near, None),
        "near a kink": (lambda x: np.sum(np.abs(x) * d[:4]), near, lambda x: np.sign(x) * d[:4]),
        "ripple on a line": (lambda x: np.sum(x + 1e-4 * np.sin(1e4 * x)), d / 7, None),
        "near a pole": (lambda x: np.sum(d / (1.0 + 1e-3 * d - x)), np.ones(5), None),
    }


def cases(seed: int = 26) -> list[Case]:
    """The 26 functions, always the same for one seed."""
    rng = np.random.default_rng(seed)
    found = [
        Case(name, f, x, analytic_gradient(f, x), core=True) for name, (f, x) in _core(rng).items()
    ]
    for name, (f, x, gradient) in _hard(rng).items():
        exact = analytic_gradient(f, x) if gradient is None else gradient(x)
        found.append(Case(name, f, x, exact, core=False))
    return found
