"""Gradient checkers against each other: bugs caught, false alarms, misses, evaluations, time.

Every checker gets the same functions and the same gradients, right and wrong, as NumPy functions
of one vector, wrapped in whatever the library needs.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

import timing  # before NumPy: it sets the number of threads

# isort: split
import autograd.extend
import autograd.test_util
import jax
import numpy as np
import torch
from gradients import BEYOND, LISTED, Network, situations, spoiled
from jax.test_util import check_grads
from scipy.optimize import check_grad

from calcml.check import check_gradient

jax.config.update("jax_enable_x64", True)
torch.set_num_threads(1)

Checker = Callable[[Callable[[Any], Any], Callable[[Any], Any], Any], bool]


def calcml(method: str) -> Checker:
    return lambda f, g, x: bool(check_gradient(f, g, x, method=method))


def torch_gradcheck(*, fast: bool) -> Checker:
    def check(f: Any, g: Any, x: Any) -> bool:
        class Wrapped(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, v: Any) -> Any:
                ctx.save_for_backward(v)
                return torch.tensor(f(v.detach().numpy()), dtype=v.dtype)

            @staticmethod
            def backward(ctx: Any, up: Any) -> Any:
                (v,) = ctx.saved_tensors
                return up * torch.from_numpy(np.array(g(v.detach().numpy()), dtype=x.dtype))

        v = torch.from_numpy(x.copy()).requires_grad_()
        return torch.autograd.gradcheck(Wrapped.apply, (v,), fast_mode=fast, raise_exception=False)

    return check


def scipy_check(direction: str) -> Checker:
    def check(f: Any, g: Any, x: Any) -> bool:
        size = np.linalg.norm(g(x))
        error = check_grad(f, g, x, direction=direction, rng=0)
        return bool(error <= 1e-5 * max(size, 1.0))

    return check


def jax_check(f: Any, g: Any, x: Any) -> bool:
    value = jax.ShapeDtypeStruct((), x.dtype)
    like = jax.ShapeDtypeStruct(x.shape, x.dtype)

    @jax.custom_vjp
    def wrapped(v: Any) -> Any:
        return jax.pure_callback(lambda v: np.asarray(f(np.asarray(v)), dtype=x.dtype), value, v)

    def backward(v: Any, up: Any) -> Any:
        made = jax.pure_callback(lambda v: np.asarray(g(np.asarray(v)), dtype=x.dtype), like, v)
        return (up * made,)

    wrapped.defvjp(lambda v: (wrapped(v), v), backward)
    try:
        check_grads(wrapped, (jax.numpy.asarray(x),), order=1, modes=["rev"])
    except (AssertionError, jax.errors.JaxRuntimeError):
        return False
    return True


def hips_check(f: Any, g: Any, x: Any) -> bool:
    wrapped = autograd.extend.primitive(lambda v: float(f(v)))
    autograd.extend.defvjp(wrapped, lambda value, v: lambda up: up * g(v))
    try:
        autograd.test_util.check_grads(wrapped, modes=["rev"], order=1)(x)
    except AssertionError:
        return False
    return True


def full_loop(f: Any, g: Any, x: Any) -> bool:
    """The loop of the courses: central differences of every component, relative error 1e-5."""
    claimed, numerical, h = g(x), np.empty(x.size), 1e-5
    for k in range(x.size):
        e = np.zeros(x.size)
        e[k] = h
        numerical[k] = (f(x + e) - f(x - e)) / (2 * h)
    size = np.maximum(np.maximum(np.abs(claimed), np.abs(numerical)), 1e-8)
    return bool(np.max(np.abs(claimed - numerical) / size) <= 1e-5)


CHECKERS: dict[str, Checker] = {
    "torch gradcheck, slow": torch_gradcheck(fast=False),
    "torch gradcheck, fast": torch_gradcheck(fast=True),
    "scipy check_grad, all": scipy_check("all"),
    "scipy check_grad, random": scipy_check("random"),
    "jax check_grads": jax_check,
    "autograd check_grads": hips_check,
    "full loop, relative 1e-5": full_loop,
    "calcml": calcml("auto"),
    "calcml, real only": calcml("richardson"),
}


class Flat:
    """A function of named arrays as a function of one vector."""

    def __init__(self, f: Any, g: Any, x: Any) -> None:
        self.inner, self.outer, self.parts = f, g, x
        self.count = 0
        self.x = np.concatenate([np.ravel(a) for a in x.values()]) if isinstance(x, dict) else x

    def unpack(self, v: Any) -> Any:
        if not isinstance(self.parts, dict):
            return np.array(v)
        out, start = {}, 0
        for name, part in self.parts.items():
            out[name] = np.array(v[start : start + part.size]).reshape(part.shape)
            start += part.size
        return out

    def f(self, v: Any) -> Any:
        self.count += 1
        return self.inner(self.unpack(v))

    def g(self, v: Any) -> Any:
        made = self.outer(self.unpack(v))
        if isinstance(made, dict):
            made = np.concatenate([np.ravel(a) for a in made.values()])
        return np.asarray(made)


def passes(checker: Checker, case: Flat) -> bool:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return bool(checker(case.f, case.g, case.x))
        except Exception:
            # A gradient of the wrong shape, for one, raises in every library its own way.
            return False


def network(bug: str = "") -> Flat:
    made = Network(0, bug)
    return Flat(made.loss, made.gradient, made.parameters)


def smallest(checker: Checker) -> float:
    """The smallest relative error in one of 2,410 components that is caught."""
    caught = float("nan")
    for exponent in range(0, -9, -1):
        made = Network(0)

        def wrong(p: Any, made: Any = made, size: float = 10.0**exponent) -> Any:
            g = made.gradient(p)
            g["W1"][17, 5] *= 1 + size
            return g

        if passes(checker, Flat(made.loss, wrong, made.parameters)):
            break
        caught = 10.0**exponent
    return caught


def main(arguments: list[str]) -> None:
    rounds = int(arguments[0]) if arguments else 3
    only = arguments[1:] or list(CHECKERS)
    chosen = {name: checker for name, checker in CHECKERS.items() if name in only}
    cases = situations()
    print(
        f"{'':25}| right | {len(LISTED)} bugs | {len(BEYOND)} more | false alarms / misses in "
        f"{len(cases)} | smallest error | evaluations"
    )
    for name, checker in chosen.items():
        right = network()
        good = passes(checker, right)
        caught = [bug for bug in LISTED if not passes(checker, network(bug))]
        more = [bug for bug in BEYOND if not passes(checker, network(bug))]
        alarms, misses = [], []
        for case in cases:
            fine = passes(checker, Flat(case.f, case.gradient, case.x))
            # At a kink a checker that names it does right not to pass.
            if case.kink and name.startswith("calcml"):
                fine = check_gradient(case.f, case.gradient, case.x).verdict == "kink"
            if not fine:
                alarms.append(case.name)
            if passes(checker, Flat(case.f, spoiled(case), case.x)):
                misses.append(case.name)
        print(
            f"{name:25}| {good!s:5} | {len(caught):7} | {len(more):7} | {len(alarms):7} / {len(misses)}"
            f"{'':18} | {smallest(checker):14.0e} | {right.count:6}"
        )
        for label, names, every in (("bugs missed", caught, LISTED), ("more missed", more, BEYOND)):
            missed = [bug for bug in every if bug not in names]
            if missed:
                print(f"{'':27}{label}: {', '.join(missed)}")
        if alarms or misses:
            print(
                f"{'':27}false alarms: {', '.join(alarms) or '-'}; misses: {', '.join(misses) or '-'}"
            )
    case = network()
    calls = {
        name: (lambda checker=checker: passes(checker, case)) for name, checker in chosen.items()
    }
    result = timing.medians(calls, rounds=rounds, at_least=2e-2)
    print(f"\ntime for the right gradient of 2,410 parameters, medians of {rounds} rounds")
    base = "torch gradcheck, slow"
    for name, seconds in result.median.items():
        ratio = f"{result.ratio(name, base):9.4f} of {base}" if base in result.samples else ""
        print(f"{name:25} {1e3 * seconds:9.2f} ms {ratio}")


if __name__ == "__main__":
    main(sys.argv[1:])
