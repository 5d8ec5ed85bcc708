"""Automatic differentiation of ordinary NumPy code.

`grad`, `value_and_grad`, `jacobian`, `hessian` and `hvp` turn a function into another function;
`vjp` and `jvp` are the two products that they are made of. All of them nest.
"""

from calcml.autodiff.stable import (
    cross_entropy,
    log_softmax,
    logsumexp,
    sigmoid,
    softmax,
    softplus,
)
from calcml.autodiff.transforms import (
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    stop_gradient,
    value_and_grad,
    vjp,
)

__all__ = [
    "cross_entropy",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "log_softmax",
    "logsumexp",
    "sigmoid",
    "softmax",
    "softplus",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
