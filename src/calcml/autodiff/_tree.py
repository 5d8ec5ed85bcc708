"""Structured arguments: dicts, lists and tuples of arrays, such as the parameters of a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


def leaves(tree: Any) -> list[Any]:
    """List the arrays of a structure, dicts in the order of their keys."""
    if type(tree) is np.ndarray:
        return [tree]
    if isinstance(tree, dict):
        return [leaf for key in _keys(tree) for leaf in leaves(tree[key])]
    if isinstance(tree, (list, tuple)):
        return [leaf for item in tree for leaf in leaves(item)]
    return [tree]


def like(tree: Any, new: list[Any]) -> Any:
    """Build the same structure with other leaves, taken in order."""
    return new[0] if type(tree) is np.ndarray else filled(tree, iter(new))


def filled(tree: Any, new: Iterator[Any]) -> Any:
    """Build the same structure, its leaves taken from an iterator."""
    return _build(tree, new.__next__)


def _keys(tree: dict[Any, Any]) -> list[Any]:
    # In sorted order where keys can be sorted, so that two equal dicts give the same leaves.
    try:
        return sorted(tree)
    except TypeError:
        return list(tree)


def _build(tree: Any, take: Callable[[], Any]) -> Any:
    if isinstance(tree, dict):
        built = {key: _build(tree[key], take) for key in _keys(tree)}
        return {key: built[key] for key in tree}
    if isinstance(tree, list):
        return [_build(item, take) for item in tree]
    if isinstance(tree, tuple):
        items = [_build(item, take) for item in tree]
        return type(tree)(*items) if hasattr(tree, "_fields") else tuple(items)
    return take()


def same(a: Any, b: Any) -> bool:
    """Whether two structures agree in everything but their leaves."""
    if isinstance(a, dict):
        return isinstance(b, dict) and _keys(a) == _keys(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        kind = list if isinstance(a, list) else tuple
        return isinstance(b, kind) and len(a) == len(b) and all(map(same, a, b))
    return not isinstance(b, (dict, list, tuple))


def describe(tree: Any) -> str:
    """Describe a structure in one line, with * for each array."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key!r}: {describe(tree[key])}" for key in tree) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(describe(item) for item in tree) + "]"
    if isinstance(tree, tuple):
        return "(" + ", ".join(describe(item) for item in tree) + ")"
    return "*"
