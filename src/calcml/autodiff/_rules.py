"""All rules together, the functions without a derivative, and the operators of traced arrays.

The tables are in `_elementwise`, `_reductions`, `_shapes`, `_products` and `_linalg`. A rule takes g,
the derivative of the final number with respect to the result y of the function, and returns the
derivative with respect to one argument. What else it needs, it asks for by the name of its
parameter, and only that is kept. It is written with NumPy functions, so it is differentiable itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from calcml.autodiff import _elementwise, _linalg, _products, _reductions, _shapes
from calcml.autodiff._array import FUNCTIONS, constant, install, reflected

for _module in (_elementwise, _reductions, _shapes, _products, _linalg):
    FUNCTIONS.update(_module.TABLE)
for _name in ("matmul", "outer", "tensordot", "vecdot", "cross", "matrix_transpose"):
    FUNCTIONS[getattr(np.linalg, _name)] = FUNCTIONS[getattr(np, _name)]

for _function in (
    np.sign, np.floor, np.ceil, np.trunc, np.rint, np.round, np.floor_divide, np.heaviside,
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.isnan,
    np.isfinite, np.isinf, np.isclose, np.allclose, np.array_equal, np.signbit, np.logical_and,
    np.logical_or, np.logical_not, np.logical_xor, np.argmax, np.argmin, np.argsort, np.any,
    np.all,
    np.count_nonzero, np.nonzero, np.searchsorted, np.result_type, np.iscomplexobj,
    np.isrealobj, np.flatnonzero, np.argwhere, np.unique, np.argpartition,
):  # fmt: skip
    FUNCTIONS[_function] = constant(_function)

_OPERATORS = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide, "pow": np.power, "mod": np.remainder,
    "matmul": np.matmul,
}  # fmt: skip
_members: dict[str, Any] = {f"__{name}__": FUNCTIONS[f] for name, f in _OPERATORS.items()}
_members |= {f"__r{name}__": reflected(FUNCTIONS[f]) for name, f in _OPERATORS.items()}
_members |= {"__radd__": FUNCTIONS[np.add], "__rmul__": FUNCTIONS[np.multiply]}  # they commute
_members |= {
    f"__{name}__": FUNCTIONS[f]
    for name, f in {
        "neg": np.negative, "pos": np.positive, "abs": np.absolute, "lt": np.less, "gt": np.greater,
        "le": np.less_equal, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
        "floordiv": np.floor_divide,
    }.items()
}  # fmt: skip
install(_members | {"__getitem__": _shapes.getitem})
