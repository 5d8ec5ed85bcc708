"""Derivatives from values of a function: differences, the complex step, with error estimates."""

from calcml.numeric._first import derivative, directional_derivative, gradient, jacobian
from calcml.numeric._second import hessian, hvp

__all__ = ["derivative", "directional_derivative", "gradient", "hessian", "hvp", "jacobian"]
