"""From differences between claims and measured slopes to a verdict."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from calcml._checks import Real
from calcml.check._diagnosis import explain
from calcml.check._evidence import Evidence
from calcml.check._parameters import Parameters
from calcml.check._report import DIRECTION, GradientCheck, Limits

__all__ = ["judge", "precision", "row_sentence", "slice_masks", "verdicts"]

ORDER = ("great", "acceptable", "inconclusive", "kink", "wrong")
"""The verdicts from good to bad; the worst of all comparisons counts."""


def judge(
    evidence: Evidence, claimed: Real, parameters: Parameters, limits: Limits, evaluations: int
) -> tuple[GradientCheck, int | None]:
    """Compare a gradient with the evidence: the result, and the row of the evidence it is about."""
    bad = np.flatnonzero(~np.isfinite(claimed))
    if len(bad):
        return _not_finite(evidence, claimed, int(bad[0]), parameters, evaluations), None
    words = verdicts(evidence, claimed, limits)
    if not words:
        result = GradientCheck(
            verdict="great",
            relative_error=0.0,
            worst="no component",
            index=None,
            analytic=0.0,
            numerical=0.0,
            error=0.0,
            method=evidence.method,
            step=evidence.step,
            evaluations=evaluations,
        )
        return result, None
    difference, size = evidence.differences(claimed), evidence.sizes(claimed)
    relative = difference / size
    # What the error of the numerical value explains does not make a component the worst one.
    explained = difference <= 3 * evidence.error
    rank = np.where(explained, np.minimum(relative, limits.visible), relative)
    verdict = ORDER[max(ORDER.index(word) for word in words)]
    row = int(np.argmax(np.where(np.array(words) == verdict, rank, -1.0)))
    shown = float(np.max(difference) / np.max(size)) if np.all(explained) else float(rank[row])
    diagnosis: tuple[str, ...] = ()
    blur = float(np.max(evidence.error) / np.max(size))
    if verdict == "wrong":
        diagnosis = explain(evidence, claimed, parameters, limits.visible)
        if not diagnosis and evidence.along is None:
            diagnosis = _pattern(evidence, claimed, parameters, limits) or precision(shown)
    elif verdict == "kink":
        diagnosis = (
            f"kink: the slope is {evidence.left[row]:.6g} on one side and "
            f"{evidence.right[row]:.6g} on the other, so there is no derivative to compare with. "
            "Check at a point beside it.",
        )
    elif verdict == "inconclusive" and evidence.error[row] > 100 * evidence.noise[row]:
        diagnosis = (
            "no slope: differences of the function do not settle as the step falls, as at a jump or "
            "at the edge of the domain, so there is nothing to compare with. Check at another "
            "point.",
        )
    elif verdict == "inconclusive" or (np.all(explained) and shown > limits.great):
        diagnosis = (
            "noise: the values of the function are too coarse, or jump too much, to see relative "
            f"errors below {blur:.0e}. Compute it in float64, and without a large constant.",
        )
    place, index = DIRECTION, None
    if evidence.along is None:
        place, index = parameters.label(row), parameters.index_of(row)
    result = GradientCheck(
        verdict=verdict,
        relative_error=shown,
        worst=place,
        index=index,
        analytic=float(evidence.claims(claimed)[row]),
        numerical=float(evidence.slope[row]),
        error=float(evidence.error[row]),
        method=evidence.method,
        step=evidence.step,
        evaluations=evaluations,
        diagnosis=diagnosis,
    )
    return result, row


def verdicts(evidence: Evidence, claimed: Real, limits: Limits) -> list[str]:
    """One verdict for each slope of the evidence."""
    claims, sizes = evidence.claims(claimed), evidence.sizes(claimed)
    # A slope that changes the function by less than its rounding is as good as zero, and so is one
    # that a neighbor of the point may have.
    strongest = float(np.max(sizes, initial=0.0))
    largest = max(strongest, evidence.scale, 10 * evidence.grid / limits.great)
    return [
        _verdict(
            float(claims[i]),
            float(evidence.slope[i]),
            float(evidence.error[i]),
            float(sizes[i]),
            float(evidence.left[i]),
            float(evidence.right[i]),
            strongest,
            largest,
            limits,
        )
        for i in range(len(claims))
    ]


def _verdict(
    claim: float,
    slope: float,
    error: float,
    size: float,
    left: float,
    right: float,
    strongest: float,
    largest: float,
    limits: Limits,
) -> str:
    difference = abs(claim - slope)
    if np.isfinite(left):
        low, high = min(left, right), max(left, right)
        slack = 1e-4 * max(size, high - low) + 5 * error
        return "kink" if low - slack <= claim <= high + slack else "wrong"
    relative = difference / size
    if relative > limits.visible and difference > 5 * error:
        return "wrong"
    if relative > limits.acceptable and difference > 3 * error:
        return "wrong"
    if difference <= 3 * error:
        # As good as the measurement: small beside the others, or not measured at all.
        relative = difference / largest
        if relative > limits.great and error > min(10 * size, strongest) * limits.blind:
            return "inconclusive"
    return "great" if relative <= limits.great else "acceptable"


def _not_finite(
    evidence: Evidence, claimed: Real, k: int, parameters: Parameters, evaluations: int
) -> GradientCheck:
    return GradientCheck(
        verdict="wrong",
        relative_error=float("inf"),
        worst=parameters.label(k),
        index=parameters.index_of(k),
        analytic=float(claimed[k]),
        numerical=float(evidence.slope[k]) if evidence.along is None else float("nan"),
        error=float(evidence.error[k]) if evidence.along is None else float("nan"),
        method=evidence.method,
        step=evidence.step,
        evaluations=evaluations,
        diagnosis=("not finite: the gradient contains NaN or infinity.",),
    )


def precision(relative: float) -> tuple[str, ...]:
    """Say that a small difference everywhere has the size of float32 rounding."""
    if relative > 1e-6:
        return ()
    return (
        "precision: the differences are small but real, of the size of float32 rounding. Look for "
        "something on the way that is computed in float32.",
    )


def _pattern(
    evidence: Evidence, claimed: Real, parameters: Parameters, limits: Limits
) -> tuple[str, ...]:
    """Say where the differences sit, if all components are known: one component, row or parameter."""
    allowed = 10 * evidence.error + limits.visible * evidence.sizes(claimed)
    wrong = ~(evidence.differences(claimed) <= allowed)
    count = int(np.sum(wrong))
    if not count or count == len(wrong):
        return ()
    k = int(np.flatnonzero(wrong)[0])
    for sentence, mask in slice_masks(parameters, k, claimed):
        if not np.any(wrong & ~mask):
            return (sentence,)
    if not np.any(np.abs(claimed[wrong]) > 0):
        return (f"missing term: {count} components are zero and should not be.",)
    return (f"components: {count} of {len(wrong)} are wrong.",)


def slice_masks(
    parameters: Parameters, k: int, claimed: Real
) -> Iterator[tuple[str, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]]:
    """Yield sets of components around entry k, from small to large, each with its sentence."""
    block, index = parameters.block_of(k), parameters.index_of(k)
    alone = np.zeros(len(claimed), dtype=bool)
    alone[k] = True
    yield f"one component: only {parameters.label(k)} is wrong.", alone
    for axis in range(len(block.shape) if len(block.shape) >= 2 else 0):
        inside = np.zeros(block.shape, dtype=bool)
        inside[(slice(None),) * axis + (index[axis],)] = True
        mask = np.zeros(len(claimed), dtype=bool)
        mask[block.start : block.stop] = inside.ravel()
        yield row_sentence(block.name, block.shape, axis, index[axis]), mask
    if len(parameters.blocks) > 1:
        mask = np.zeros(len(claimed), dtype=bool)
        mask[block.start : block.stop] = True
        missing = not np.any(np.abs(claimed[mask]) > 0)
        what = "is zero and should not be" if missing else "is wrong"
        yield f"one parameter: only {block.name} {what}.", mask


def row_sentence(name: str, shape: tuple[int, ...], axis: int, i: int) -> str:
    """Say that one row, column or slice of an array is wrong."""
    if len(shape) == 2:
        word = ("row", "column")[axis]
        return f"one {word}: only {word} {i} of {name} is wrong."
    return f"one slice: only index {i} of axis {axis} of {name} is wrong."
