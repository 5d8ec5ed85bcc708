"""calcml: the calculus of machine learning, executed.

A module is loaded when it is first used: ``import calcml`` costs nothing but itself, and
``calcml.plot``, which needs matplotlib, is not missed by those who do not draw.

>>> import calcml
>>> calcml.geometry.unit([3.0, 4.0]).tolist()
[0.6, 0.8]
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calcml import autodiff, functions, geometry, numeric, problems
    from calcml import identity as identity
    from calcml import plot as plot

__all__ = ["autodiff", "functions", "geometry", "numeric", "problems"]

_MODULES = frozenset([*__all__, "check", "identity", "plot"])


def __getattr__(name: str) -> ModuleType:
    if name in _MODULES:
        return import_module(f"calcml.{name}")
    raise AttributeError(f"module 'calcml' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES])
