"""Numerical derivatives against SciPy, numdifftools and jacobi: accuracy, evaluations, time.

Every method differentiates the same 26 functions at the same points. The error of a function is
the largest absolute error of a component relative to the largest component of its gradient.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

import timing  # before NumPy: it sets the number of threads

# isort: split
import jacobi
import numdifftools
import numpy as np
from functions import Case, cases
from record import record
from scipy.differentiate import jacobian as scipy_jacobian
from scipy.optimize import approx_fprime

from calcml.numeric import gradient

Method = Callable[[Callable[[Any], Any], Any], tuple[Any, Any]]


def ours(method: str) -> Method:
    return lambda f, x: gradient(f, x, method=method, return_error=True)


def only_values(method: str) -> Method:
    return lambda f, x: (gradient(f, x, method=method), None)


def textbook(f: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """Central differences in five lines, with the cube-root step scaled by max(1, abs x)."""
    g = np.empty(x.size)
    for k in range(x.size):
        e = np.zeros(x.size)
        e[k] = np.finfo(float).eps ** (1 / 3) * max(1.0, abs(x[k]))
        g[k] = (f(x + e) - f(x - e)) / (2 * e[k])
    return g, None


def scipy_adaptive(f: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    def batched(points: Any) -> Any:
        return np.apply_along_axis(f, 0, points)

    result = scipy_jacobian(batched, x)
    return result.df, result.error


def numdiff(f: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    result = numdifftools.Gradient(f, full_output=True)(x)
    return np.reshape(result.estimate, x.shape), np.reshape(result.error_estimate, x.shape)


def jacobi_method(f: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    value, error = jacobi.jacobi(f, x)
    return np.reshape(value, x.shape), np.reshape(error, x.shape)


METHODS: dict[str, Method] = {
    "scipy approx_fprime (forward)": lambda f, x: (approx_fprime(x, f), None),
    "textbook central": textbook,
    "scipy.differentiate": scipy_adaptive,
    "numdifftools": numdiff,
    "jacobi": jacobi_method,
    "calcml forward": only_values("forward"),
    "calcml central": only_values("central"),
    "calcml central, with error": ours("central"),
    "calcml richardson": ours("richardson"),
    "calcml complex": ours("complex"),
}


class Row:
    """What one method does on all functions."""

    def __init__(self, method: Method, functions: list[Case]) -> None:
        self.errors: dict[str, float] = {}
        self.calls: dict[str, float] = {}
        self.covered: list[bool] = []
        self.ratio: list[float] = []
        for case in functions:
            self.run(method, case)

    def run(self, method: Method, case: Case) -> None:
        count = 0

        def f(x: Any) -> Any:
            nonlocal count
            count += 1
            return case.f(x)

        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                value, estimate = method(f, case.x.copy())
            except (ValueError, TypeError):
                # The complex step refuses what is not analytic.
                return
        error = np.abs(value - case.exact)
        worst = float(np.max(error) / np.max(np.abs(case.exact)))
        self.errors[case.name] = worst if np.isfinite(worst) else np.inf
        self.calls[case.name] = count / case.x.size
        if estimate is not None:
            exact = np.finfo(float).eps * np.abs(case.exact)
            self.covered.extend(error <= estimate + exact)
            self.ratio.extend(estimate / np.maximum(error, exact + 1e-300))


def accuracy(functions: list[Case]) -> dict[str, Row]:
    rows = {name: Row(method, functions) for name, method in METHODS.items()}
    core = [case.name for case in functions if case.core]
    print(
        f"{'':31}| evaluations / n  | <= 1e-8 of {len(core)} / {len(functions)} | > 1e-3 | worst core | covered | too large"
    )
    for name, row in rows.items():
        calls = list(row.calls.values())
        good = sum(row.errors.get(case, np.inf) <= 1e-8 for case in core)
        every = sum(error <= 1e-8 for error in row.errors.values())
        bad = sum(error > 1e-3 for error in row.errors.values())
        refused = len(functions) - len(row.errors)
        worst = max(row.errors.get(case, np.inf) for case in core)
        cover = f"{100 * np.mean(row.covered):6.1f} %" if row.covered else "       -"
        large = f"{np.nanmedian(row.ratio):9.1f}" if row.ratio else "        -"
        note = f"  ({refused} refused)" if refused else ""
        print(
            f"{name:31}| {np.mean(calls):5.1f} (max {max(calls):4.1f}) | {good:7} / {every:5} "
            f"| {bad:6} | {worst:10.1e} | {cover}| {large}{note}"
        )
    return rows


def details(rows: dict[str, Row], functions: list[Case]) -> None:
    names = ["jacobi", "numdifftools", "scipy.differentiate", "calcml central", "calcml richardson"]
    print(f"\n{'error (evaluations / n)':36}" + "".join(f"{name:>22}" for name in names))
    for case in functions:
        cells = (
            f"{rows[name].errors.get(case.name, np.inf):12.1e} ({rows[name].calls.get(case.name, 0):5.1f})"
            for name in names
        )
        print(f"{case.name:36}" + "".join(f"{cell:>22}" for cell in cells))


def times(functions: list[Case], rounds: int) -> dict[str, float]:
    """Time on the core functions, each method in every round; relative to ours."""
    core = [case for case in functions if case.core and case.x.size <= 120]
    totals: dict[str, float] = dict.fromkeys(METHODS, 0.0)
    for case in core:
        calls = {
            name: (lambda method=method, case=case: method(case.f, case.x))
            for name, method in METHODS.items()
        }
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            result = timing.medians(calls, rounds=rounds, at_least=0.0)
        for name, seconds in result.median.items():
            totals[name] += seconds
    print(f"\nprocessor time for the {len(core)} core functions, medians of {rounds} rounds")
    base = totals["calcml richardson"]
    for name, seconds in totals.items():
        print(f"{name:31} {1e3 * seconds:9.1f} ms   {seconds / base:6.2f} of calcml richardson")
    return {name: seconds / base for name, seconds in totals.items()}


def keep(rows: dict[str, Row], functions: list[Case], relative: dict[str, float]) -> None:
    """Write the table that chapter 10 shows."""
    core = [case.name for case in functions if case.core]
    table = []
    for name, row in rows.items():
        worst = max(row.errors.get(case, np.inf) for case in core)
        large = np.nanmedian(row.ratio) if row.ratio else np.nan
        table.append(
            [
                name,
                f"{np.mean(list(row.calls.values())):.1f}",
                f"{sum(row.errors.get(case, np.inf) <= 1e-8 for case in core)}",
                f"{worst:.0e}",
                f"{sum(error <= 1e-8 for error in row.errors.values())}",
                f"{sum(error > 1e-3 for error in row.errors.values())}",
                f"{100 * np.mean(row.covered):.1f} %" if row.covered else "no estimate",
                f"{large:.1f}" if row.ratio else "",
                f"{relative[name]:.2f}",
            ]
        )
    record(
        "numeric",
        title=(
            f"Gradients of {len(functions)} functions from their values, {len(core)} of them from machine "
            "learning. Errors are relative to the largest component; an estimate covers if it is at "
            "least as large as the error; time is processor time."
        ),
        columns=[
            "method",
            "values of f per component",
            f"to 1e-8, of the {len(core)}",
            f"worst of the {len(core)}",
            f"to 1e-8, of all {len(functions)}",
            "worse than 1e-3",
            "error estimate covers",
            "too large by (median)",
            "time / richardson",
        ],
        rows=table,
        sources=[
            "src/calcml/numeric",
            "src/calcml/_checks.py",
            "tests/benchmarks/numeric.py",
            "tests/benchmarks/functions.py",
        ],
        packages={
            "NumPy": "numpy",
            "SciPy": "scipy",
            "numdifftools": "numdifftools",
            "jacobi": "jacobi",
        },
    )


def batches(rounds: int) -> None:
    """The loop against batched calls, which must not be slower."""
    rng = np.random.default_rng(0)
    W = rng.standard_normal((64, 16))

    def wave(x: Any) -> Any:
        return np.sum(np.sin(x) * x, axis=-1)

    def layer(x: Any) -> Any:
        return np.sum(np.tanh(x @ W) ** 2, axis=-1)

    def layered(x: Any) -> Any:
        return layer(x.reshape(*x.shape[:-1], -1, 64)).sum(axis=-1)

    print("\nbatched / loop")
    for name, f, n in (
        ("sum of 100", wave, 100),
        ("sum of 3000", wave, 3000),
        ("layer of 640", layered, 640),
    ):
        x = rng.standard_normal(n)
        for method in ("central", "richardson"):
            calls = {
                "loop": lambda f=f, x=x, method=method: gradient(f, x, method=method),
                "batched": lambda f=f, x=x, method=method: gradient(
                    f, x, method=method, batched=True
                ),
            }
            result = timing.medians(calls, rounds=rounds, at_least=0.0)
            print(f"{name:14} {method:11} {result.ratio('batched', 'loop'):.2f}")


def main(arguments: list[str]) -> None:
    recording = "--record" in arguments
    numbers = [argument for argument in arguments if argument != "--record"]
    rounds = int(numbers[0]) if numbers else 5
    functions = cases()
    rows = accuracy(functions)
    details(rows, functions)
    relative = times(functions, rounds)
    batches(rounds)
    if recording:
        keep(rows, functions, relative)


if __name__ == "__main__":
    main(sys.argv[1:])
