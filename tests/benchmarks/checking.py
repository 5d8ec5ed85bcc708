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
from record import record
from scipy.optimize import check_grad
from unseen import hard, models

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


def leaves(x: Any) -> list[Any]:
    """The arrays in nested dicts, in order."""
    if isinstance(x, dict):
        return [leaf for part in x.values() for leaf in leaves(part)]
    return [np.asarray(x)]


class Flat:
    """A function of an array or of named arrays, nested or not, as a function of one vector.

    Not every library takes more than a vector.
    """

    def __init__(self, f: Any, g: Any, x: Any) -> None:
        self.inner, self.outer, self.parts = f, g, x
        self.count = 0
        self.x = np.concatenate([a.ravel() for a in leaves(x)])

    def unpack(self, v: Any) -> Any:
        return self._part(self.parts, v, 0)[0]

    def _part(self, form: Any, v: Any, start: int) -> tuple[Any, int]:
        if not isinstance(form, dict):
            stop = start + np.size(form)
            return np.array(v[start:stop]).reshape(np.shape(form)), stop
        made = {}
        for name, part in form.items():
            made[name], start = self._part(part, v, start)
        return made, start

    def f(self, v: Any) -> Any:
        self.count += 1
        return self.inner(self.unpack(v))

    def g(self, v: Any) -> Any:
        return np.concatenate([a.ravel() for a in leaves(self.outer(self.unpack(v)))])


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


def alarms_and_misses(name: str, checker: Checker) -> tuple[list[str], list[str]]:
    """Right gradients in hard situations that are refused, and wrong ones there that pass."""
    alarms, misses = [], []
    for case in situations():
        fine = passes(checker, Flat(case.f, case.gradient, case.x))
        # At a kink a checker that names it does right not to pass.
        if case.kink and name.startswith("calcml"):
            fine = check_gradient(case.f, case.gradient, case.x).verdict == "kink"
        if not fine:
            alarms.append(case.name)
        if passes(checker, Flat(case.f, spoiled(case), case.x)):
            misses.append(case.name)
    return alarms, misses


def beyond(checker: Checker) -> tuple[list[str], list[str]]:
    """Right gradients that are in no list and are refused, and wrong ones that pass."""
    alarms = []
    misses = [bug for bug in BEYOND if passes(checker, network(bug))]
    for model in [*models(), *hard()]:
        if not passes(checker, Flat(model.f, model.gradient, model.x)):
            alarms.append(model.name)
        for mistake, wrong in model.wrong.items():
            if passes(checker, Flat(model.f, wrong, model.x)):
                misses.append(f"{model.name}: {mistake}")
    return alarms, misses


def main(arguments: list[str]) -> None:
    recording = "--record" in arguments
    numbers = [argument for argument in arguments if argument != "--record"]
    rounds = int(numbers[0]) if numbers else 3
    only = numbers[1:] or list(CHECKERS)
    chosen = {name: checker for name, checker in CHECKERS.items() if name in only}
    wrong = len(BEYOND) + sum(len(model.wrong) for model in models())
    right = len(models()) + len(hard())
    table = {}
    for name, checker in chosen.items():
        case = network()
        good = passes(checker, case)
        count = case.count
        missed = [bug for bug in LISTED if passes(checker, network(bug))]
        alarms, misses = alarms_and_misses(name, checker)
        more_alarms, more_misses = beyond(checker)
        least = smallest(checker)
        table[name] = [
            f"{len(LISTED) - len(missed)}",
            f"{wrong - len(more_misses)}",
            f"{len(alarms)}",
            f"{len(misses)}",
            f"{len(more_alarms)}",
            "none" if np.isnan(least) else f"{least:.0e}",
            f"{count}",
        ]
        print(
            f"{name}: right {good}, bugs {table[name][0]} of {len(LISTED)}, more {table[name][1]} of "
            f"{wrong}, false alarms {len(alarms)} and misses {len(misses)} in {len(situations())}, "
            f"more false alarms {len(more_alarms)} of {right}, smallest error {least:.0e}, "
            f"evaluations {count}"
        )
        for label, names in (
            ("bugs missed", missed),
            ("more missed", more_misses),
            ("false alarms", alarms),
            ("misses", misses),
            ("more false alarms", more_alarms),
        ):
            if names:
                print(f"    {label}: {', '.join(names)}")
    case = network()
    calls = {
        name: (lambda checker=checker: passes(checker, case)) for name, checker in chosen.items()
    }
    result = timing.medians(calls, rounds=rounds, at_least=5e-2)
    base = "torch gradcheck, slow"
    print(f"\nprocessor time for the right gradient of {case.x.size} parameters, {rounds} rounds")
    for name, seconds in result.median.items():
        ratio = f"{result.ratio(name, base):.2g}" if base in result.samples else ""
        table[name].append(ratio)
        print(f"{name:25} {1e3 * seconds:9.2f} ms  {ratio} of {base}")
    if recording and len(chosen) == len(CHECKERS):
        keep(table, wrong, right)


def keep(table: dict[str, list[str]], wrong: int, right: int) -> None:
    """Write the table that chapter 10 shows."""
    count = len(situations())
    record(
        "checking",
        title=(
            "Gradient checkers on the same functions and gradients. The bugs, the evaluations, the "
            "smallest error and the time are those of a network with 2,410 parameters; the hard "
            "situations are tried with the right gradient and with one that is 1 % too large; time is "
            "processor time."
        ),
        columns=[
            "checker",
            f"bugs caught, of {len(LISTED)}",
            f"further ones, of {wrong}",
            f"false alarms, in {count} hard situations",
            f"misses, in the {count}",
            f"false alarms, on {right} further ones",
            "smallest error seen in one component",
            "values of f",
            "time / slow gradcheck",
        ],
        rows=[[name, *cells] for name, cells in table.items()],
        sources=[
            "src/calcml/numeric",
            "src/calcml/check",
            "src/calcml/_checks.py",
            "tests/benchmarks/checking.py",
            "tests/benchmarks/gradients.py",
            "tests/benchmarks/unseen.py",
        ],
        packages={
            "NumPy": "numpy",
            "SciPy": "scipy",
            "PyTorch": "torch",
            "JAX": "jax",
            "autograd": "autograd",
        },
    )


if __name__ == "__main__":
    main(sys.argv[1:])
