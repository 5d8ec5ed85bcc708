"""What kind of mistake explains a wrong gradient.

Every kind is a hypothesis with a corrected gradient: half of it, its transpose, the next row, and
so on. A hypothesis is believed if its correction agrees with all the slopes that were measured
anyway, so diagnosing costs no further evaluation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calcml._checks import Real
from calcml.check._evidence import Evidence
from calcml.check._parameters import Block, Parameters, ShapeProblem

__all__ = ["explain", "explain_shape", "rounded_to"]


def explain(
    evidence: Evidence, gradient: Real, parameters: Parameters, visible: float
) -> tuple[str, ...]:
    """Sentences for the first hypothesis that explains all slopes, or nothing."""
    coarse = rounded_to(evidence, gradient)
    if coarse:
        return (f"{coarse} precision: the gradient was rounded to {coarse} on the way.",)
    # Small differences would be fitted by factors near 1 on anything.
    largest = float(np.max(evidence.differences(gradient) / evidence.sizes(gradient), initial=0.0))
    if largest < 1e-5:
        return ()
    visible = max(visible, 1e-4 * largest)
    if np.all(np.isfinite(gradient)):
        whole = Block("the gradient", gradient.shape, 0, gradient.size)
        factor = _factor(evidence, gradient, whole)
        if factor is not None and evidence.agrees(factor * gradient, visible):
            return (_factor_sentence(factor, "the gradient"),)
        for block in parameters.blocks:
            for sentence, corrected in _hypotheses(evidence, gradient, block):
                if evidence.agrees(corrected, visible):
                    return (sentence,)
    return ()


def rounded_to(evidence: Evidence, gradient: Real) -> str:
    """Return the number format that the gradient was rounded to, if that explains the differences.

    All entries are numbers of that format, and the differences have the size of its rounding.
    """
    largest = float(np.max(evidence.differences(gradient) / evidence.sizes(gradient), initial=0.0))
    for coarse in (np.float16, np.float32):
        rounding = float(np.finfo(coarse).eps)
        if rounding / 100 < largest < 16 * rounding and np.all(
            gradient.astype(coarse).astype(gradient.dtype) == gradient
        ):
            return np.dtype(coarse).name
    return ""


def _factor(evidence: Evidence, gradient: Real, block: Block) -> float | None:
    """Factor on one block that fits the slopes best, if the block takes part in them."""
    part = np.zeros_like(gradient)
    part[block.start : block.stop] = gradient[block.start : block.stop]
    mine = evidence.claims(part)
    rest = evidence.claims(gradient - part)
    size = evidence.sizes(gradient)
    weight = np.max(size) / np.maximum(size, 1e-9 * np.max(size))
    square = float(np.sum((weight * mine) ** 2))
    if not square > 0:
        return None
    factor = float(np.sum(weight**2 * mine * (evidence.slope - rest)) / square)
    return factor if abs(factor) > 1e-9 else None


def _factor_sentence(factor: float, name: str) -> str:
    if abs(factor + 1) < 1e-6:
        return f"sign: {name} has the wrong sign."
    return f"constant factor: {name} is {_ratio(1 / factor)} times what it should be."


def _ratio(value: float) -> str:
    for bottom in (1, 2, 3, 4):
        top = value * bottom
        if 1 <= round(abs(top)) < 1e6 and abs(top - round(top)) < 1e-6 * abs(top):
            return f"{round(top)}" if bottom == 1 else f"{round(top)}/{bottom}"
    inverse = 1 / value
    if abs(inverse - round(inverse)) < 1e-6 * abs(inverse):
        return f"1/{round(inverse)}"
    return f"{value:.6g}"


def _hypotheses(evidence: Evidence, gradient: Real, block: Block) -> Iterator[tuple[str, Real]]:
    """Corrected gradients that change one block, each with the sentence that it would prove."""
    part = block.of(gradient)

    def corrected(values: NDArray[Any]) -> Real:
        changed = gradient.copy()
        changed[block.start : block.stop] = values.ravel()
        return changed

    name = block.name
    factor = _factor(evidence, gradient, block)
    if factor is not None:
        yield _factor_sentence(factor, name), corrected(factor * part)
    if part.ndim == 2:
        if part.shape[0] == part.shape[1]:
            yield f"transposed: {name} is the transpose of the gradient.", corrected(part.T)
        other = part.ravel().reshape(part.shape[::-1]).T
        yield f"transposed: {name} is laid out column by column.", corrected(other)
    for axis in range(part.ndim):
        what = ("row", "column")[axis] if part.ndim == 2 else f"index of axis {axis}"
        for shift in (1, -1):
            rolled = np.roll(part, shift, axis=axis)
            where = "up" if shift > 0 else "down"
            yield f"shifted: {name} is off by one {what}, {where}.", corrected(rolled)
        if part.shape[axis] > 1:
            yield (
                f"reversed: {name} runs backward along axis {axis}.",
                corrected(np.flip(part, axis)),
            )
    if part.ndim and part.size:
        for axis in range(part.ndim):
            total = np.broadcast_to(part.sum(axis=axis, keepdims=True), part.shape)
            yield (
                f"broadcast: {name} lacks a sum over axis {axis}, along which it is constant.",
                corrected(total),
            )


def explain_shape(
    problem: ShapeProblem, raw: Any, evidence: Evidence, parameters: Parameters, visible: float
) -> tuple[str, ...]:
    """Sentences for a gradient that came in another shape than its parameter."""
    block, came = problem.block, problem.came
    sentences = [
        f"shape: the gradient of {block.name} has shape {came.shape}, {block.name} itself has "
        f"{block.shape}."
    ]
    for sentence, values in _reductions(came, block.shape):
        try:
            parts = parameters.parts_of(raw)
            parts[parameters.blocks.index(block)] = values
            vector = parameters.flat(parts)
        except ShapeProblem:
            break
        if evidence.agrees(vector, visible):
            sentences.append(sentence)
            break
    return tuple(sentences)


def _reductions(came: NDArray[Any], shape: tuple[int, ...]) -> Iterator[tuple[str, NDArray[Any]]]:
    """Ways to bring a gradient to the shape of its parameter."""
    if came.shape[::-1] == shape:
        yield "transposed: its transpose is right.", came.T
    for sum_or_mean, function in (("sum", np.sum), ("mean", np.mean)):
        extra = came.ndim - len(shape)
        if extra < 0:
            continue
        wide = came.shape[extra:]
        stretched = [
            extra + i for i, (a, b) in enumerate(zip(wide, shape, strict=True)) if a != b and b == 1
        ]
        axes = (*range(extra), *stretched)
        if not any(came.shape[axis] > 1 for axis in axes):
            continue
        reduced = np.asarray(function(came, axis=axes, keepdims=True))
        if reduced.size == int(np.prod(shape)):
            names = ", ".join(map(str, axes))
            yield (
                f"broadcast: a missing {sum_or_mean} over axis {names}; with it the values are "
                "right.",
                reduced.reshape(shape),
            )
    if came.size == int(np.prod(shape)):
        yield "reshaped: with the right shape the values are right.", came.reshape(shape)
