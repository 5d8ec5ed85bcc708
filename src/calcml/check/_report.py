"""What a check found, in a form to print, to branch on and to assert on."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GradientCheck", "Limits", "limits_for"]


@dataclass(frozen=True)
class Limits:
    """Relative errors that separate the verdicts, for one number format.

    Up to `great` a gradient is great, up to `acceptable` it is acceptable. A difference above
    `visible` that the error of the numerical derivative cannot explain is wrong, however small.
    """

    great: float
    acceptable: float
    visible: float


def limits_for(eps: float) -> Limits:
    """Limits for a machine epsilon: those of float64, float32, longdouble or float16."""
    if eps < 2e-18:
        return Limits(1e-9, 1e-7, 1e-11)
    if eps < 1e-12:
        return Limits(1e-7, 1e-5, 1e-9)
    if eps < 1e-5:
        return Limits(1e-3, 1e-2, 1e-4)
    return Limits(5e-2, 2e-1, 2e-2)


@dataclass(frozen=True)
class GradientCheck:
    """The result of a check: true if the gradient passes, and a report when printed.

    Parameters
    ----------
    verdict : {"great", "acceptable", "wrong", "kink", "inconclusive"}
        Great and acceptable pass. At a kink there is no derivative to compare with; inconclusive
        means that the values of the function are too noisy to tell.
    relative_error : float
        The largest difference relative to the size of what was compared.
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

    def __bool__(self) -> bool:
        return self.verdict in ("great", "acceptable")

    def __str__(self) -> str:
        lines = [
            f"gradient check: {self.verdict}, relative error {self.relative_error:.1e}",
            f"  at {self.worst}: gradient {self.analytic:.9g}, "
            f"numerical {self.numerical:.9g} +- {self.error:.1e}",
            f"  {self.method}, step {self.step:.1e}, {self.evaluations} evaluations",
        ]
        return "\n".join([*lines, *(f"  diagnosis: {sentence}" for sentence in self.diagnosis)])
