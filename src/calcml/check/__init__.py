"""Gradient checking: a verdict, the evidence for it, the worst component, and a diagnosis."""

from calcml.check._report import GradientCheck
from calcml.check._scalar import check_gradient
from calcml.check._vector import assert_gradient, check_hessian, check_jacobian, check_vjp

__all__ = [
    "GradientCheck",
    "assert_gradient",
    "check_gradient",
    "check_hessian",
    "check_jacobian",
    "check_vjp",
]
