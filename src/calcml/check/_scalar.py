"""The check of a gradient against slopes of the function itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcml._checks import Real, need_callable, need_choice
from calcml.check._diagnosis import explain_shape
from calcml.check._evidence import IMAGINARY, Evidence, directions, measure, slope_along
from calcml.check._judge import judge, precision, slice_masks, verdicts
from calcml.check._parameters import Parameters, ShapeProblem
from calcml.check._report import DIRECTION, GradientCheck, limits_for
from calcml.numeric._lines import Lines

__all__ = ["Check", "check_gradient"]

STRATEGIES = ("auto", "all", "directions")
METHODS = ("auto", "complex", "richardson")

SMALL = 20
"""Up to this many components all of them are compared, one by one."""

ROUNDING = 64
"""Two values at one point that differ by fewer units of rounding are not called stochastic."""

DIRECTIONS = 3
"""Random directions otherwise: about a dozen evaluations each, one by the complex step.

Without it two of them are used.
"""


def check_gradient(
    f: Callable[..., Any],
    gradient: Any,
    x: Any,
    *,
    strategy: str = "auto",
    method: str = "auto",
    rng: np.random.Generator | None = None,
    nearby: bool = True,
) -> GradientCheck:
    """Compare a gradient with slopes that are computed from values of the function alone.

    Parameters
    ----------
    f : callable
        Maps `x` to a number.
    gradient : callable or values
        Maps `x` to the gradient, in the form of `x`; or that gradient itself.
    x : number, array_like, or a dict, list or tuple of those, nested or not
        In the form that `f` and `gradient` take; the report uses the keys as names.
    strategy : {"auto", "all", "directions"}
        Compare all components (default up to 20), or slopes along random directions, in which no
        component can hide (default above; about 10 evaluations by the complex step, about 50 without
        it, and rarely more than 70 if the gradient is right).
    method : {"auto", "complex", "richardson"}
        The numerical derivative; "auto" takes the complex step if the function allows it.
    rng : numpy.random.Generator, optional
        Draws the directions; seeded with 0 if omitted.
    nearby : bool
        Also compare at one more point, which shows values that were computed once and kept.

    Returns
    -------
    GradientCheck
        True if the gradient passes; prints as a report with the worst component and a diagnosis.

    Examples
    --------
    >>> from calcml.check import check_gradient
    >>> check_gradient(lambda x: x @ x, lambda x: x, [1.0, 2.0]).diagnosis
    ('constant factor: the gradient is 1/2 times what it should be.',)
    """
    return Check(f, gradient, x, strategy, method, rng).run(nearby=nearby)


class Check:
    """One check: the function counted and flattened, the gradient called and compared."""

    def __init__(
        self,
        f: Callable[..., Any],
        gradient: Any,
        x: Any,
        strategy: str,
        method: str,
        rng: np.random.Generator | None,
        owner: str = "check_gradient",
        call: str = "gradient(x)",
    ) -> None:
        need_callable(f, owner)
        need_choice(strategy, STRATEGIES, owner, "strategy")
        need_choice(method, METHODS, owner, "method")
        self.owner, self.gradient, self.method = owner, gradient, method
        self.rng, self.call = generator(rng, owner), call
        self.parameters = Parameters(x, owner)
        self.x = self.parameters.vector
        self.all = strategy == "all" or (strategy == "auto" and self.x.size <= SMALL)
        self.evaluations = 0
        flat = self.parameters.on_vectors(f)

        def counted(vector: NDArray[Any]) -> Any:
            self.evaluations += 1
            return flat(vector)

        self.f = counted
        self.lines = self.through(self.x)
        self.limits = limits_for(self.lines.eps)

    def through(self, point: Real) -> Lines:
        """Lines through a flat point, with the words of a check for messages."""
        lines = Lines(self.owner, self.f, point)
        lines.direction, lines.advice = DIRECTION, "Check at a point inside the domain."
        return lines

    def call_gradient(self, vector: Real) -> Any:
        """Return what the gradient returns at a point, in the caller's form."""
        if callable(self.gradient):
            return self.gradient(self.parameters.unpack(vector.copy()))
        return self.gradient

    @np.errstate(all="ignore")
    def run(self, *, nearby: bool) -> GradientCheck:
        """Measure, compare, and ask for repeatability and a second point."""
        value = float(self.lines.value)
        spread = abs(float(np.asarray(self.f(self.x.copy()))) - value)
        if spread <= ROUNDING * self.lines.eps * abs(value):
            # Sums in another order, as on several threads: noise like any other.
            self.lines.grain, spread = spread, 0.0
        raw = self.call_gradient(self.x)
        try:
            claimed = self.parameters.pack(raw, self.call)
        except ShapeProblem as problem:
            return self.wrong_shape(problem, raw)
        evidence = self.measure(claimed, allow_complex=not spread > 0)
        result, row = judge(evidence, claimed, self.parameters, self.limits, self.evaluations)
        doubted = result.verdict in ("wrong", "kink") and evidence.step > IMAGINARY
        if doubted and self.lines.louder():
            evidence = self.measure(claimed, allow_complex=False)
            result, row = judge(evidence, claimed, self.parameters, self.limits, self.evaluations)
        if spread > 0:
            return _stochastic(result, spread)
        if result.verdict == "wrong" and evidence.along is not None and row is not None:
            result = self.locate(result, evidence, claimed, row)
        result = self.repeated(result, claimed)
        passes = result or result.verdict == "kink"
        if passes and nearby and callable(self.gradient) and self.x.size:
            result = self.elsewhere(result, claimed)
        return replace(result, evaluations=self.evaluations)

    def measure(self, claimed: Real, *, allow_complex: bool = True) -> Evidence:
        """Collect slopes along all components, or along random directions."""
        lines = self.lines
        if not self.all:
            lines = lines.in_directions(directions(self.x, claimed, DIRECTIONS, self.rng))
        return measure(
            lines,
            allow_complex=allow_complex and self.method != "richardson",
            allow_real=self.method != "complex",
        )

    def locate(
        self, result: GradientCheck, evidence: Evidence, claimed: Real, row: int
    ) -> GradientCheck:
        """Find the component behind a wrong direction by bisection, 2 log2 n evaluations."""
        assert evidence.along is not None
        u = evidence.along[row]
        known = float(evidence.slope[row])
        gap = float(u @ claimed) - known
        left = np.flatnonzero(u)
        how = _how(evidence, result.relative_error)
        while len(left) > 1:
            half, rest = left[: len(left) // 2], left[len(left) // 2 :]
            weights = np.zeros_like(u)
            weights[half] = u[half]
            slope = float(slope_along(self.lines, weights, how))
            mine = float(weights @ claimed) - slope
            if abs(mine) >= abs(gap - mine):
                left, gap, known = half, mine, slope
            else:
                left, gap, known = rest, gap - mine, known - slope
        k = int(left[0])
        analytic, numerical = float(claimed[k]), float(claimed[k]) - gap / float(u[k])
        size = max(abs(analytic), abs(numerical), np.finfo(float).tiny)
        return replace(
            result,
            relative_error=abs(analytic - numerical) / size,
            worst=self.parameters.label(k),
            index=self.parameters.index_of(k),
            analytic=analytic,
            numerical=numerical,
            error=abs(float(evidence.error[row] / u[k])),
            diagnosis=result.diagnosis
            or self.around(evidence, claimed, row, k)
            or precision(result.relative_error),
        )

    def around(self, evidence: Evidence, claimed: Real, row: int, k: int) -> tuple[str, ...]:
        """Say whether the gradient is right but for one component, row or parameter."""
        assert evidence.along is not None
        u = evidence.along[row]
        gap = abs(float(evidence.claims(claimed)[row] - evidence.slope[row]))
        how = _how(evidence, gap / float(evidence.sizes(claimed)[row]))
        for sentence, mask in slice_masks(self.parameters, k, claimed):
            rest = np.where(mask, 0.0, u)
            slope = float(slope_along(self.lines, rest, how))
            if abs(slope - float(rest @ claimed)) <= 0.05 * gap:
                return (sentence,)
        return ()

    def wrong_shape(self, problem: ShapeProblem, raw: Any) -> GradientCheck:
        """Report a gradient of another shape as wrong, and try what would bring it right."""
        evidence = self.measure(np.ones(self.x.size))
        nan = float("nan")
        return GradientCheck(
            verdict="wrong",
            relative_error=float("inf"),
            worst=problem.block.name,
            index=None,
            analytic=nan,
            numerical=nan,
            error=nan,
            method=evidence.method,
            step=evidence.step,
            evaluations=self.evaluations,
            diagnosis=explain_shape(problem, raw, evidence, self.parameters, self.limits.visible),
        )

    def repeated(self, result: GradientCheck, claimed: Real) -> GradientCheck:
        """Call the gradient again, after the function was evaluated elsewhere."""
        if not callable(self.gradient):
            return result
        try:
            again = self.parameters.pack(self.call_gradient(self.x), self.call)
        except (ShapeProblem, TypeError, ValueError):
            again = np.full_like(claimed, np.nan)
        size = max(float(np.linalg.norm(claimed)), np.finfo(float).tiny)
        tolerance = 10 * self.limits.visible * size
        if np.linalg.norm(again - claimed) <= tolerance or not np.all(np.isfinite(claimed)):
            return result
        if np.linalg.norm(again - 2 * claimed) <= tolerance:
            sentence = (
                "accumulation: the second call returned twice the first, so calls add up. Reset "
                "the gradient to zero before each call."
            )
        else:
            sentence = (
                "state: a second call at the same point returned another gradient, after the "
                "function was evaluated elsewhere. Look for a stale cache, or for randomness."
            )
        return replace(result, verdict="wrong", diagnosis=(sentence,))

    def elsewhere(self, result: GradientCheck, claimed: Real) -> GradientCheck:
        """Compare along one direction at a second point, which shows values that were kept."""
        unit = np.minimum(np.where(np.abs(self.x) > 0, np.abs(self.x), 1.0), 1.0)
        for distance in (0.05, 1e-3):
            shift = distance * unit * self.rng.uniform(-1, 1, self.x.size)
            x = (self.x + shift).astype(self.x.dtype)
            try:
                lines = self.through(x)
                moved = self.parameters.pack(self.call_gradient(x), self.call)
            except (ArithmeticError, ValueError, ShapeProblem):
                continue
            if np.all(np.isfinite(moved)):
                break
        else:
            return result
        lines.grain = self.lines.grain
        lines.share_noise(self.lines)
        # An accusation takes two directions that agree, in different units.
        for count in (1, 3):
            along = directions(x, moved, count, self.rng)[count // 2]
            line, imaginary = lines.in_directions(along[None]), result.step <= IMAGINARY
            evidence = measure(line, allow_complex=imaginary, allow_real=True)
            if verdicts(evidence, moved, self.limits) == ["wrong"] and not imaginary:
                evidence = (
                    measure(line, allow_complex=False, allow_real=True)
                    if line.louder()
                    else evidence
                )
            if verdicts(evidence, moved, self.limits) != ["wrong"]:
                return result
        there, _ = judge(evidence, moved, self.parameters, self.limits, self.evaluations)
        if np.all(np.abs(moved - claimed) <= 0):
            sentence = (
                "stale cache: the gradient is right at x, and the same at a second point, where "
                "the slopes are others. If these are stored values, pass the values themselves."
            )
        elif result.verdict == "kink":
            sentence = (
                "beside the kink: at a second point nearby, where there is none, it is wrong."
            )
        else:
            sentence = (
                "elsewhere: the gradient is right at x, and wrong at a second point nearby. Look "
                "for values that are kept from an earlier call."
            )
        return replace(there, diagnosis=(sentence,))


def generator(rng: Any, owner: str) -> np.random.Generator:
    """Return the generator that the caller passed, or one with seed 0."""
    if rng is None:
        return np.random.default_rng(0)
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"`{owner}` needs a numpy.random.Generator as `rng`: came {type(rng).__name__}. "
            "Pass np.random.default_rng(seed)."
        )
    return rng


def _how(evidence: Evidence, relative: float) -> str:
    """Choose the cheapest measurement that sees a relative difference of this size."""
    if evidence.step <= IMAGINARY:
        return "complex"
    return "pair" if relative > 1e-5 else "extrapolated"


def _stochastic(result: GradientCheck, spread: float) -> GradientCheck:
    sentence = (
        f"stochastic: two evaluations at the same point differ by {spread:.1e}. Fix the seed, or "
        "switch dropout off, and check again."
    )
    return replace(result, verdict="inconclusive", diagnosis=(sentence,))
