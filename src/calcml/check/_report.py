"""What a check found, in a form to print, to branch on and to assert on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["DIRECTION", "GradientCheck", "Limits", "limits_for"]

DIRECTION = "a random direction"
"""The `worst` of a check along directions that did not look for a component."""


@dataclass(frozen=True)
class Limits:
    """Relative errors that separate the verdicts, for one number format.

    Up to `great` a gradient is great, up to `acceptable` it is acceptable. A difference above
    `visible` that the error of the numerical derivative cannot explain is wrong, however small. A
    numerical derivative cannot tell if its error is above `blind` times the largest slope, or ten
    times that share of its own.
    """

    great: float
    acceptable: float
    visible: float
    blind: float = 0.01


def limits_for(eps: float) -> Limits:
    """Limits for a machine epsilon: those of float64, float32, longdouble or float16."""
    if eps < 2e-18:
        return Limits(1e-9, 1e-7, 1e-11)
    if eps < 1e-12:
        return Limits(1e-7, 1e-5, 1e-9)
    if eps < 1e-5:
        return Limits(1e-3, 1e-2, 1e-4)
    return Limits(5e-2, 2e-1, 2e-2, 0.1)


@dataclass(frozen=True)
class GradientCheck:
    """The result of a check: true if the gradient passes, and a report when printed.

    Parameters
    ----------
    verdict : {"great", "acceptable", "wrong", "kink", "inconclusive"}
        Great and acceptable pass. At a kink there is no derivative to compare with; inconclusive
        means that the values of the function are too noisy to tell.
    relative_error : float
        The largest difference relative to the size of what was compared: at a component to the
        larger of the two values, so a factor 2 gives 0.5. Many texts divide by their sum (1/3).
    worst : str
        The component that differs most, such as ``w[2, 3]``, or "a random direction".
    index : tuple of int or None
    analytic, numerical : float
        The two values there, or the two slopes along the direction.
    error : float
        Estimated error of the numerical value.
    method : str
        How the numerical values were obtained.
    step : float
        The anchor step of the differences, or the imaginary one.
    evaluations : int
    diagnosis : tuple of str
        What the evidence points to, one sentence each.
    subject : str
        What was checked: "gradient", "Jacobian" or "Hessian".

    Examples
    --------
    >>> from calcml.check import check_gradient
    >>> check = check_gradient(lambda x: x @ x, lambda x: 2 * x, [1.0, 2.0])
    >>> check.verdict, bool(check)
    ('great', True)
    """

    verdict: str
    relative_error: float
    worst: str
    index: tuple[int, ...] | None
    analytic: float
    numerical: float
    error: float
    method: str
    step: float
    evaluations: int
    diagnosis: tuple[str, ...] = ()
    subject: str = "gradient"

    def __bool__(self) -> bool:
        return self.verdict in ("great", "acceptable")

    def __str__(self) -> str:
        lines = [f"{self.subject} check: {self.verdict}"]
        # At a kink there is nothing to be relative to, and a wrong shape has no difference.
        if math.isfinite(self.relative_error) and self.verdict != "kink":
            lines[0] += f", relative error {self.relative_error:.1e}"
        lines.extend(self._values())
        if self.step > 0:
            lines.append(f"  {self.method}, step {self.step:.1e}, {self.evaluations} evaluations")
        return "\n".join([*lines, *(f"  diagnosis: {sentence}" for sentence in self.diagnosis)])

    def _values(self) -> Iterator[str]:
        """Both values, with digits enough to see where they differ."""
        if math.isnan(self.analytic) and math.isnan(self.numerical) and self.index is None:
            return
        digits = 9
        if 0 < self.relative_error < 1 and self.verdict != "great":
            digits = min(15, max(9, 2 - math.floor(math.log10(self.relative_error))))
        place = "along" if self.worst == DIRECTION else "at"
        text = f"  {place} {self.worst}: {self.subject} {self.analytic:.{digits}g}"
        if not math.isnan(self.numerical):
            text += f", numerical {self.numerical:.{digits}g} +- {self.error:.1e}"
        yield text
