"""Every rule of the automatic differentiation, checked in one generic way.

A case is a function of NumPy-like code and the arrays to call it with. It is differentiated in
reverse and in forward mode, once and twice, and compared with differences of its values, and,
where they can run the same code, with JAX and with PyTorch (through its NumPy namespace).
"""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from book.frameworks import QUICK

from calcml import autodiff as ad
from calcml.autodiff._array import FUNCTIONS
from calcml.autodiff._shortcuts import unary
from calcml.autodiff.engine import Primitive

POSITIVE = "positive"  # entries in [0.5, 2]
UNIT = "unit"  # entries in (-0.9, 0.9)
NORMAL = "normal"  # standard normal, at least 0.1 from 0
ABOVE = "above"  # entries in [1.2, 3]
DEFINITE = "definite"  # symmetric positive definite matrices
SYMMETRIC = "symmetric"  # symmetric matrices with well separated eigenvalues
REGULAR = "regular"  # matrices far from singular


def draw(kind, shape, rng):
    if kind == POSITIVE:
        return rng.uniform(0.5, 2.0, shape)
    if kind == UNIT:
        return rng.uniform(-0.9, 0.9, shape)
    if kind == ABOVE:
        return rng.uniform(1.2, 3.0, shape)
    x = rng.standard_normal(shape)
    x = x + 0.1 * np.sign(x)  # away from the kink of abs and the singularity of cbrt
    if kind == NORMAL:
        return x
    n = shape[-1]
    if kind == REGULAR:
        return x + 3 * np.eye(*shape[-2:])
    if kind == DEFINITE:
        return x @ np.swapaxes(x, -1, -2) + np.eye(n)
    return (x + np.swapaxes(x, -1, -2)) / 2 + 3 * np.diag(np.arange(n))


@dataclass
class Case:
    name: str
    f: object  # called as f(np, *arrays), with np or a namespace that mimics it
    shapes: tuple
    kinds: tuple

    def __str__(self):
        return f"{self.name} {' '.join(map(str, self.shapes))}"


CASES = []


def case(name, f, *arguments, kind=NORMAL):
    """One case for each set of shapes; an argument is a shape, or several alternatives in a list."""
    shapes = list(itertools.product(*[a if isinstance(a, list) else [a] for a in arguments]))
    kinds = kind if isinstance(kind, tuple) else (kind,) * len(arguments)
    CASES.extend(Case(name, f, s, kinds) for s in shapes)


def named(name, **settings):
    module, _, function = name.rpartition(".")

    def f(np, *arrays):
        namespace = getattr(np, module) if module else np
        return getattr(namespace, function)(*arrays, **settings)

    return f


VECTORS = [(), (3,), (2, 3), (2, 0)]

for name in [
    "negative",
    "positive",
    "exp",
    "exp2",
    "expm1",
    "square",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "arctan",
]:
    case(name, named(name), VECTORS)
for name in [
    "arcsinh",
    "absolute",
    "fabs",
    "degrees",
    "rad2deg",
    "radians",
    "deg2rad",
    "conjugate",
    "cbrt",
]:
    case(name, named(name), VECTORS)
for name in ["log", "log2", "log10", "log1p", "sqrt", "reciprocal"]:
    case(name, named(name), VECTORS, kind=POSITIVE)
for name in ["arcsin", "arccos", "arctanh"]:
    case(name, named(name), VECTORS, kind=UNIT)
case("arccosh", named("arccosh"), VECTORS, kind=ABOVE)
case("sinc", named("sinc"), VECTORS)

PAIRS = [((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 3)), ((2, 3), ()), ((0,), (1,))]
for name in [
    "add",
    "subtract",
    "multiply",
    "divide",
    "true_divide",
    "maximum",
    "minimum",
    "fmax",
    "fmin",
    "logaddexp",
    "logaddexp2",
    "arctan2",
    "hypot",
    "power",
    "float_power",
    "copysign",
]:
    for a, b in PAIRS:
        kind = (POSITIVE, NORMAL) if "power" in name else (NORMAL, POSITIVE)
        case(name, named(name), a, b, kind=kind)
for name in ("fmod", "remainder"):
    for a, b in PAIRS[:3]:
        case(name, named(name), a, b, kind=(NORMAL, ABOVE))
for exponent in (2, 3, 1, 0, 0.5, -1.5, np.array([0.0, 1.0, 2.0])):
    case(f"x ** {exponent}", lambda np, x, k=exponent: x**k, [(3,), (2, 3)], kind=POSITIVE)
case("2 ** x", lambda np, x: 2.0**x, VECTORS)
case("power of negative numbers", lambda np, x: (-x) ** 3 + (-x) ** 2, (3,), kind=POSITIVE)
case("operators", lambda np, x, y: -x + 2 * y - 1 / y + (3 - x) / 2 + abs(x) * y, (3,), (2, 3),
     kind=(NORMAL, POSITIVE))  # fmt: skip
case("operators with lists", lambda np, x: x * np.array([1.0, 2.0, 3.0]) - x / 2, [(3,), (2, 3)])
case("mod", lambda np, x: x % 0.7, (3,))
case("where", lambda np, x, y: np.where(x > 0, x * y, y), (2, 3), [(2, 3), (3,), ()])
case("clip", lambda np, x: np.clip(x, -0.5, 0.5), VECTORS)
case(
    "clip between arrays", lambda np, x, a: np.clip(x, -a, a), (2, 3), (3,), kind=(NORMAL, POSITIVE)
)
case("nan_to_num", lambda np, x: np.nan_to_num(x), (3,))

AXES = [(None, False), (0, False), (1, True), (-1, False), ((0, 1), True), ((0, 2), False)]
for name in ["sum", "mean", "var", "std", "max", "min", "prod", "ptp"]:
    for axis, keepdims in AXES:
        case(f"{name} axis={axis} keepdims={keepdims}", named(name, axis=axis, keepdims=keepdims),
             (2, 3, 2))  # fmt: skip
    case(name, named(name), [(), (3,)] if name != "std" else (3,))
case("var ddof", lambda np, x: np.var(x, 0, ddof=1) + np.std(x, ddof=2), (4,))
case("prod with zeros", lambda np, x: np.prod(np.concatenate([x, 0 * x[:1]])), (3,))
case("cumsum", lambda np, x: np.cumsum(x), [(4,), (2, 3)])
case("cumsum axis", lambda np, x: np.cumsum(x, axis=0) + np.cumsum(x, axis=-1), (2, 3))
case("cumprod", lambda np, x: np.cumprod(x, axis=1), (2, 3))
case("average", lambda np, x, w: np.average(x, axis=1, weights=w), (2, 3), (3,),
     kind=(NORMAL, POSITIVE))  # fmt: skip
case("median", lambda np, x: np.median(x, axis=1) + np.median(x), [(2, 3), (3, 4)])
case("sum, methods", lambda np, x: x.sum(0) + x.mean(1)[:2] + x.std() + x.max() + x.prod(), (2, 2))
case("ufunc methods", lambda np, x: np.add.reduce(x) + np.maximum.reduce(x, axis=0), (2, 3))  # fmt: skip
case("multiply.outer", lambda np, x, y: np.multiply.outer(x, y), (2,), (3,))

for a, b in [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((2, 2, 3), (3, 4)),
             ((2, 3), (2, 3, 4)), ((2, 1, 2, 3), (4, 3, 2)), ((2, 2, 3), (3,)), ((3,), (2, 3, 2))]:  # fmt: skip
    case("matmul", lambda np, x, y: x @ y, a, b)
    case("np.matmul", named("matmul"), a, b)
for a, b in [((3,), (3,)), ((2, 3), (3,)), ((2, 3), (3, 2)), ((), (2, 3)), ((2, 3), ()),
             ((2, 3), (2, 3, 2)), ((2, 2, 3), (3,))]:  # fmt: skip
    case("dot", named("dot"), a, b)
for a, b in [((2,), (3,)), ((2, 2), (3,))]:
    case("outer", named("outer"), a, b)
case("inner", named("inner"), [(3,), (2, 3)], [(3,), (2, 3)])
case("vdot", named("vdot"), (2, 3), (2, 3))
case("vecdot", named("vecdot"), (2, 3), (3,))
case("cross", named("cross"), [(3,), (2, 3)], (2, 3))
case("kron", named("kron"), [(2,), (2, 2)], [(3,), (2, 1)])
case("tensordot", lambda np, x, y: np.tensordot(x, y, 1), (2, 3), (3, 2))
case("tensordot axes", lambda np, x, y: np.tensordot(x, y, ((1, 0), (0, 1))), (2, 3), (3, 2))
case("tensordot product", lambda np, x, y: np.tensordot(x, y, 0), (2,), (3,))
for text, *shapes in [
    ("ij,jk->ik", (2, 3), (3, 2)), ("ij,jk", (2, 3), (3, 2)), ("ii->i", (3, 3)), ("ii", (3, 3)),
    ("ij->", (2, 3)), ("ij->j", (2, 3)), ("i,j->ij", (2,), (3,)), ("i,i->", (3,), (3,)),
    ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)), ("...ij,...j->...i", (2, 2, 3), (2, 3)),
    ("i...,i...->...", (2, 3), (2, 3)), ("ij,jk,kl->il", (2, 3), (3, 2), (2, 2)),
    ("iij,j->i", (2, 2, 3), (3,)), ("ij,k->i", (2, 3), (2,)), ("ij->ji", (2, 3)),
    ("...i->...", (2, 3)), ("...,...", (2, 3), (3,)),
]:  # fmt: skip
    case(f"einsum {text}", lambda np, *x, t=text: np.einsum(t, *x), *shapes)

case("reshape", lambda np, x: np.reshape(x, (3, 2)) + x.reshape(3, -1) + x.reshape((3, 2)), (2, 3))
case("transpose", lambda np, x: np.transpose(x, (2, 0, 1)), (2, 3, 2))
case("transposes", lambda np, x: x.T + x.transpose() + x.transpose(1, 0) + x.swapaxes(0, 1), (2, 3))
case("moveaxis", lambda np, x: np.moveaxis(x, 0, -1) + np.moveaxis(x, [0], [2]), (2, 3, 2))
case(
    "squeeze, expand_dims",
    lambda np, x: np.squeeze(x, 1) + np.squeeze(np.expand_dims(x, 0)),
    (3, 1),
)
case("ravel, flatten", lambda np, x: np.ravel(x) + x.ravel() + x.flatten(), (2, 3))
case("broadcast_to", lambda np, x: np.broadcast_to(x, (2, 2, 3)), [(3,), (2, 1), ()])
case("atleast", lambda np, x: np.atleast_2d(x) + np.atleast_1d(x), [(), (3,)])
case("atleast_3d", lambda np, x: np.atleast_3d(x), [(), (3,), (2, 3)])
case("concatenate", lambda np, x, y: np.concatenate([x, y, x], axis=0), (2, 3), [(1, 3), (0, 3)])
case("concatenate flat", lambda np, x, y: np.concatenate([x, y], axis=None), (2, 3), (2,))
case(
    "stack", lambda np, x, y: np.stack([x, y, x], axis=1) + np.stack([y, x, y], -2), (2, 3), (2, 3)
)
case("stacks", lambda np, x, y: np.vstack([x, y]) + np.hstack([x, y]).reshape(2, -1), (3,), (3,))
case("column_stack", lambda np, x, y: np.column_stack([x, y]), (3,), [(3,), (3, 2)])
case("dstack", lambda np, x, y: np.dstack([x, y]), (2, 3), (2, 3))
case("split", lambda np, x: np.split(x, 3, axis=1)[1] * np.split(x, [1, 2], axis=1)[2], (2, 3))
case("array_split", lambda np, x: np.array_split(x, 2)[0], (3,))
case("hsplit, vsplit", lambda np, x: np.hsplit(x, 2)[0] @ np.vsplit(x, 2)[1], (2, 2))
case("repeat", lambda np, x: np.repeat(x, 2, axis=0), [(3,), (2, 2)])
case("repeat each", lambda np, x: np.repeat(x, np.array([1, 0, 2])), (3,))
case("tile", lambda np, x: np.tile(x, (2, 2)), [(3,), (2, 2)])
case("roll", lambda np, x: np.roll(x, 1, axis=0) * x, (3, 2))
case("flip", lambda np, x: np.flip(x, 0) * np.flipud(x) + np.fliplr(x), (2, 2))
case("rot90", lambda np, x: np.rot90(x) * x, (2, 2))
case("delete", lambda np, x: np.delete(x, 1, axis=0), (3, 2))
for mode in ("constant", "edge", "reflect", "symmetric", "wrap"):
    case(f"pad {mode}", lambda np, x, m=mode: np.pad(x, ((1, 2), (0, 1)), mode=m), (3, 3))  # fmt: skip
case("diag", lambda np, x: np.diag(x) + np.diag(x[:-1], 1) + np.diag(x[1:], -1), (3,))
case("diag of a matrix", lambda np, x: np.diag(x) + np.diagonal(x), (3, 3))
case("trace", lambda np, x: np.trace(x) + x.trace(), [(3, 3), (2, 3)])
case("tril, triu", lambda np, x: np.tril(x) * np.triu(x, 1) + np.tril(x, -1), [(3, 3), (2, 2, 3)])
case("diff", lambda np, x: np.diff(x, axis=0), (3, 2))
case("diff twice", lambda np, x: np.diff(x, n=2), (4,))
case("sort", lambda np, x: np.sort(x), [(4,), (2, 3)])
case("sort axis", lambda np, x: np.sort(x, axis=0) + np.sort(x, axis=None).reshape(2, 3), (2, 3))
case("take", lambda np, x: np.take(x, np.array([0, 2, 0]), axis=1), (2, 3))
case("take flat", lambda np, x: np.take(x, np.array([[0, 2], [0, 5]])), (2, 3))
case("take_along_axis", lambda np, x: np.take_along_axis(x, np.array([[0], [2]]), 1), (2, 3))
case(
    "index",
    lambda np, x: x[1] + x[0, 1] + x[-1, ::2].sum() + x[..., 0].sum() + x[:, None][0, 0],
    (2, 3),
)
case("index by arrays", lambda np, x: x[np.array([0, 2, 0])], [(3,), (3, 2)])
case("index by pairs", lambda np, x: x[np.array([0, 1, 0]), np.array([1, 2, 1])], (2, 3))
case("index by a mask", lambda np, x: x[np.array([True, False, True])], [(3,), (3, 2)])
case("iteration", lambda np, x: sum(row * k for k, row in enumerate(x)), (3, 2))

MATRICES = [(1, 1), (3, 3), (2, 2, 2)]
for name in ["inv", "det"]:
    case(name, named(f"linalg.{name}"), MATRICES, kind=REGULAR)
case("slogdet", lambda np, x: np.linalg.slogdet(x)[1], MATRICES, kind=REGULAR)
for b in [(3,), (3, 2), (2, 3, 1)]:
    case("solve", named("linalg.solve"), (3, 3), b, kind=(REGULAR, NORMAL))
case("solve stacks", named("linalg.solve"), (2, 3, 3), (2, 3, 2), kind=(REGULAR, NORMAL))


def symmetric(np, x):
    return (x + np.swapaxes(x, -1, -2)) / 2


case("cholesky", lambda np, x: np.linalg.cholesky(symmetric(np, x)), MATRICES, kind=DEFINITE)
case("eigvalsh", lambda np, x: np.linalg.eigvalsh(symmetric(np, x)), MATRICES, kind=SYMMETRIC)
case("eigh", lambda np, x: np.linalg.eigh(symmetric(np, x))[1] ** 2, MATRICES, kind=SYMMETRIC)
case("eigh, both", lambda np, x: np.linalg.eigh(symmetric(np, x))[1] ** 2 @ np.linalg.eigh(symmetric(np, x))[0],
     (3, 3), kind=SYMMETRIC)  # fmt: skip
case(
    "singular values",
    lambda np, x: np.linalg.svd(x, compute_uv=False),
    [(3, 3), (2, 3), (3, 2), (2, 3, 2)],
)
case("svdvals", named("linalg.svdvals"), (2, 3))


def svd_vectors(np, x):
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    return np.concatenate([np.ravel(u * u), np.ravel(vt * vt), s, np.ravel(u @ vt)])


case("svd", svd_vectors, [(3, 3), (2, 3), (3, 2)])
case("pinv", named("linalg.pinv"), [(3, 3), (2, 3), (3, 2), (2, 3, 2)])
for order in (None, 1, 2, 3, 1.5, np.inf, -np.inf):
    case(f"norm {order}", lambda np, x, p=order: np.linalg.norm(x, p), [(1,), (4,)])
    case(f"norm {order} axis", lambda np, x, p=order: np.linalg.norm(x, p, axis=1), (2, 3))
for order in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
    case(f"matrix norm {order}", lambda np, x, p=order: np.linalg.norm(x, p), [(3, 3), (2, 3)])  # fmt: skip
    case(f"matrix norm {order} axes", lambda np, x, p=order: np.linalg.norm(x, p, axis=(0, 2)), (2, 2, 3))  # fmt: skip
case("matrix_norm", lambda np, x: np.linalg.matrix_norm(x, keepdims=True), (2, 2, 3))
case("vector_norm", lambda np, x: np.linalg.vector_norm(x, axis=0, ord=3), (2, 3))
case("vector_norm of all", lambda np, x: np.linalg.vector_norm(x, ord=1), (2, 3))
case(
    "matrix_power",
    lambda np, x: np.linalg.matrix_power(x, 3) + np.linalg.matrix_power(x, 0),
    (2, 2),
)
case("matrix_power -2", lambda np, x: np.linalg.matrix_power(x, -2), (2, 2), kind=REGULAR)
case("multi_dot", lambda np, x, y: np.linalg.multi_dot([x, y, x]), (2, 3), (3, 2))

for name in ["amax", "amin", "copy", "real", "matrix_transpose"]:
    case(name, named(name), (2, 3))
for name in ["matrix_transpose", "diagonal", "trace"]:
    case(f"linalg.{name}", named(f"linalg.{name}"), (2, 2, 3))
case("permute_dims", lambda np, x: np.permute_dims(x, (1, 0)), (2, 3))
case("linalg.matmul", named("linalg.matmul"), (2, 3), (3, 2))
case("linalg.outer", named("linalg.outer"), (2,), (3,))
case("linalg.cross", named("linalg.cross"), (2, 3), (2, 3))
case("linalg.vecdot", named("linalg.vecdot"), (2, 3), (2, 3))
case("linalg.tensordot", named("linalg.tensordot"), (2, 3, 2), (3, 2))
case("resize", lambda np, x: np.resize(x, (2, 4)), (3,))


def stable(name, **settings):
    """The stable composites are functions of ours; JAX and PyTorch have them under other names."""

    def f(np, *arrays):
        if np.__name__ == "numpy":
            return getattr(ad, name)(*arrays, **settings)
        if np.__name__ == "torch._numpy":
            return in_torch(name, settings, *arrays)
        import jax

        namespace = jax.scipy.special if name == "logsumexp" else jax.nn
        return getattr(namespace, name)(*arrays, **settings)

    return f


def in_torch(name, settings, x):
    import torch
    import torch._numpy as tnp

    if name in ("sigmoid", "softplus"):
        return tnp.asarray(getattr(torch.nn.functional, name)(x.tensor))
    axis, keepdims = settings["axis"], settings.get("keepdims", False)
    axes = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    total = torch.logsumexp(x.tensor, axes, keepdim=keepdims or name != "logsumexp")
    if name == "logsumexp":
        return tnp.asarray(total)
    return tnp.asarray(x.tensor - total if name == "log_softmax" else torch.exp(x.tensor - total))


def losses(np, x, target, axis=-1):
    """Cross-entropy in the words of the framework at hand."""
    if np.__name__ == "numpy":
        return ad.cross_entropy(x, target, axis)
    x = np.swapaxes(x, axis, -1)
    if np.__name__ == "torch._numpy":
        import torch

        return np.asarray(
            torch.nn.functional.cross_entropy(x.tensor, torch.tensor(target), reduction="none")
        )
    import jax

    logs = jax.nn.log_softmax(x)
    if np.ndim(np.asarray(target)) == 2:
        return -np.sum(logs * np.asarray(target), axis=-1)
    return -logs[np.arange(len(target)), np.asarray(target)]


for axis in (None, 0, -1, (0, 1)):
    case(f"logsumexp axis={axis}", stable("logsumexp", axis=axis), (2, 3))
    case(f"softmax axis={axis}", stable("softmax", axis=axis), (2, 3))
    case(f"log_softmax axis={axis}", stable("log_softmax", axis=axis), (2, 3))
case("logsumexp keepdims", stable("logsumexp", axis=1, keepdims=True), (2, 3))
case("sigmoid", stable("sigmoid"), VECTORS)
case("softplus", stable("softplus"), VECTORS)
case("cross_entropy", lambda np, x: losses(np, x, [2, 0]), (2, 3))
case("cross_entropy axis", lambda np, x: losses(np, x, [1, 0, 1], axis=0), (2, 3))
case("cross_entropy soft", lambda np, x: losses(np, x, [[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]]), (2, 3))

RTOL, ATOL = 2e-7, 2e-8


def jacobian_by_differences(f, arrays, k):
    """Jacobian with respect to argument k, from two central differences (error of order h**4)."""
    x = arrays[k]
    h = 1e-3
    columns = []
    for i in range(x.size):
        step = np.zeros(x.size)
        step[i] = h
        step = step.reshape(x.shape)

        def at(t, step=step):
            return np.asarray(f(*arrays[:k], x + t * step, *arrays[k + 1 :]))

        near, far = (at(0.5) - at(-0.5)) / h, (at(1.0) - at(-1.0)) / (2 * h)
        columns.append((4 * near - far) / 3)
    shape = np.shape(f(*arrays))
    if not columns:
        return np.zeros(shape + x.shape)
    return np.stack(columns, axis=-1).reshape(shape + x.shape)


def check(f, arrays, rng):
    """Compare reverse and forward mode, to first and second order, with differences."""
    value = f(*arrays)
    # numbers that a wrong axis, a wrong order or a lost term would change
    weight = rng.uniform(0.5, 1.5, np.shape(value))
    tangents = [rng.uniform(0.5, 1.5, x.shape) for x in arrays]

    def scalar(*x):
        return np.sum(f(*x) * weight)

    traced, pullback = ad.vjp(lambda x: f(*x), tuple(arrays))
    np.testing.assert_allclose(traced, value, rtol=1e-13, atol=1e-13)
    cotangents = pullback(weight)
    pushed = ad.jvp(lambda x: f(*x), tuple(arrays), tuple(tangents))[1]
    everything = tuple(range(len(arrays)))
    by_rows = ad.jacobian(f, everything)(*arrays)
    # more outputs than inputs: the Jacobian is made of columns, by forward mode
    tall = 2 * sum(x.size for x in arrays) // max(1, np.size(value)) + 1
    by_columns = ad.jacobian(lambda *x: np.stack([f(*x)] * tall), everything)(*arrays)
    expected = np.zeros(np.shape(value))
    for k, (x, t) in enumerate(zip(arrays, tangents, strict=True)):
        J = jacobian_by_differences(f, arrays, k)
        scale = 1 + np.max(np.abs(J), initial=0)
        np.testing.assert_allclose(
            cotangents[k], np.tensordot(weight, J, weight.ndim), rtol=RTOL, atol=ATOL * scale
        )
        assert cotangents[k].shape == x.shape
        np.testing.assert_allclose(by_rows[k], J, rtol=RTOL, atol=ATOL * scale)
        np.testing.assert_allclose(by_columns[k][0], J, rtol=RTOL, atol=ATOL * scale)
        expected = expected + np.tensordot(J, t, t.ndim)
    np.testing.assert_allclose(
        pushed, expected, rtol=RTOL, atol=ATOL * (1 + np.max(np.abs(expected), initial=0))
    )
    gradient = ad.grad(scalar, everything)

    def slope(*x):  # derivative along the tangents, by forward mode
        return ad.jvp(lambda x: scalar(*x), x, tuple(tangents))[1]

    def slope_by_reverse(*x):
        return sum(np.sum(g * t) for g, t in zip(gradient(*x), tangents, strict=True))

    def moved(s):
        return gradient(*(x + s * t for x, t in zip(arrays, tangents, strict=True)))

    h = 1e-3
    expected = [
        (4 * (a - b) / h - (c - d) / (2 * h)) / 3
        for a, b, c, d in zip(moved(h / 2), moved(-h / 2), moved(h), moved(-h), strict=True)
    ]
    found = {
        "forward over reverse": ad.jvp(lambda x: gradient(*x), tuple(arrays), tuple(tangents))[1],
        "reverse over forward": ad.grad(slope, everything)(*arrays),
        "reverse over reverse": ad.grad(slope_by_reverse, everything)(*arrays),
    }
    if len(arrays) == 1 and arrays[0].size:
        H = ad.hessian(scalar)(*arrays)
        found["whole Hessian"] = [np.tensordot(H, tangents[0], arrays[0].ndim)]
    for order, products in found.items():
        for a, b in zip(products, expected, strict=True):
            scale = 1 + np.max(np.abs(b), initial=0)
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7 * scale, err_msg=order)


def sample(case, rng):
    return [draw(kind, shape, rng) for kind, shape in zip(case.kinds, case.shapes, strict=True)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    rng = np.random.default_rng(7)
    arrays = sample(case, rng)
    check(lambda *x: case.f(np, *x), arrays, rng)


# What a framework does not have, or gets wrong: it cannot be asked there.
NOT_IN_JAX = {
    "repeat each", "index by a mask",  # shapes that depend on values
    "ufunc methods", "delete",
}  # fmt: skip
NOT_IN_TORCH = {
    "matrix_transpose",
    "cbrt",  # nan for negative numbers
    "prod axis=(0, 1) keepdims=True", "prod axis=(0, 2) keepdims=False", "ufunc methods",
    "multiply.outer", "outer", "vecdot", "cross", "delete", "pad edge", "pad reflect",
    "pad symmetric", "pad wrap", "permute_dims", "linalg.matrix_transpose", "linalg.diagonal",
    "linalg.trace", "linalg.matmul", "linalg.outer", "linalg.cross", "linalg.vecdot",
    "linalg.tensordot", "svdvals", "matrix_norm", "vector_norm", "vector_norm of all",
}  # fmt: skip
# The last of the shapes of each case; without the empty ones.
ONE_OF_EACH = list({c.name: c for c in CASES if all(np.prod(s) for s in c.shapes)}.values())


def first_and_second(case, rng):
    """Our gradient and Hessian-vector product of a weighted sum, and what is needed to repeat it."""
    arrays = sample(case, rng)
    weight = rng.uniform(0.5, 1.5, np.shape(case.f(np, *arrays)))
    tangents = tuple(rng.uniform(0.5, 1.5, x.shape) for x in arrays)
    everything = tuple(range(len(arrays)))

    def scalar(*x):
        return np.sum(case.f(np, *x) * weight)

    gradient = ad.grad(scalar, everything)
    found = ad.jvp(lambda x: gradient(*x), tuple(arrays), tangents)
    return arrays, weight, tangents, [*found[0], *found[1]]


JAX_CASES = [c for c in ONE_OF_EACH if c.name not in NOT_IN_JAX]


@pytest.mark.parametrize("start", range(0, len(JAX_CASES), 16))
def test_agrees_with_jax(start):
    """In groups, because most of the time is JAX's start of a compilation."""
    jax = pytest.importorskip("jax")
    group = JAX_CASES[start : start + 16]
    rng = np.random.default_rng(8)
    prepared = [first_and_second(case, rng) for case in group]

    def in_jax(every):
        results = []
        for case, (_, weight, tangents, _), arrays in zip(group, prepared, every, strict=True):

            def scalar(*x, case=case, weight=weight):
                return jax.numpy.sum(case.f(jax.numpy, *x) * weight)

            gradient = jax.grad(scalar, tuple(range(len(arrays))))
            first, second = jax.jvp(gradient, tuple(arrays), tangents)
            results.append([*first, *second])
        return results

    with jax.enable_x64(True):
        compiled = jax.jit(in_jax, compiler_options=QUICK)
        expected = compiled([arrays for arrays, *_ in prepared])
    for case, (*_, found), theirs in zip(group, prepared, expected, strict=True):
        for a, b in zip(found, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-9, err_msg=case.name)


@pytest.mark.parametrize("case", [c for c in ONE_OF_EACH if c.name not in NOT_IN_TORCH], ids=str)
def test_agrees_with_pytorch(case):
    torch = pytest.importorskip("torch")
    import torch._numpy as tnp  # PyTorch's own NumPy interface, differentiated by PyTorch

    arrays, weight, tangents, found = first_and_second(case, np.random.default_rng(9))
    leaves = [torch.tensor(x, requires_grad=True) for x in arrays]
    y = case.f(tnp, *map(tnp.asarray, leaves)).tensor
    first = torch.autograd.grad(
        (y * torch.tensor(weight)).sum(), leaves, create_graph=True, materialize_grads=True
    )
    slope = sum((g * torch.tensor(t)).sum() for g, t in zip(first, tangents, strict=True))
    if slope.requires_grad:
        second = torch.autograd.grad(slope, leaves, materialize_grads=True)
    else:
        second = [torch.zeros(x.shape) for x in arrays]
    for a, b in zip(found, [*first, *second], strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(force=True), rtol=1e-8, atol=1e-9)


def test_skipped_names_exist():
    names = {case.name for case in CASES}
    assert names >= NOT_IN_JAX
    assert names >= NOT_IN_TORCH


def test_every_function_has_a_case(monkeypatch):
    """Each function in the table is called by at least one of the cases, or has no derivative."""
    called = set()

    def spy(function, operation):
        def observed(*args, **settings):
            called.add(function)
            return operation(*args, **settings)

        return observed

    for function, operation in list(FUNCTIONS.items()):
        monkeypatch.setitem(FUNCTIONS, function, spy(function, operation))
    rng = np.random.default_rng(7)
    for case in CASES:
        arrays = sample(case, rng)
        # through NumPy's functions only: methods and operators skip the table
        ad.vjp(lambda x, case=case: case.f(np, *x), tuple(arrays))
    missing = {
        function.__name__ for function in FUNCTIONS
        if function not in called and callable(function) and function.__name__ not in WITHOUT
    }  # fmt: skip
    assert sorted(missing) == []


# Functions whose derivative is zero or whose result has no values; tested in test_autodiff.py.
WITHOUT = {
    "sign",
    "floor",
    "ceil",
    "trunc",
    "rint",
    "round",
    "floor_divide",
    "heaviside",
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "isnan",
    "isfinite",
    "isinf",
    "isclose",
    "allclose",
    "array_equal",
    "signbit",
    "logical_and",
    "logical_or",
    "logical_not",
    "logical_xor",
    "argmax",
    "argmin",
    "argsort",
    "any",
    "all",
    "zeros_like",
    "ones_like",
    "full_like",
    "empty_like",
    "count_nonzero",
    "nonzero",
    "searchsorted",
    "result_type",
    "iscomplexobj",
    "isrealobj",
    "flatnonzero",
    "argwhere",
    "unique",
    "argpartition",
    "matrix_rank",
    "shape",
    "ndim",
    "size",
}


@pytest.mark.parametrize("factor", [1.0005, 0.9995])
@pytest.mark.parametrize("order", ["reverse", "forward and reverse"])
def test_a_wrong_rule_is_caught(factor, order):
    """The generic check must reject a rule that is 0.05 % off."""
    if order == "reverse":
        wrong = Primitive(np.exp, [lambda g, y: factor * g * y], "general")
    else:
        wrong = unary(np.exp, lambda g, y: factor * g * y)
    right = unary(np.exp, lambda g, y: g * y)
    x = np.array([0.3, -0.7, 1.1])
    check(right, [x], np.random.default_rng(1))
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check(wrong, [x], np.random.default_rng(1))


def test_a_wrong_second_derivative_is_caught():
    """A rule may be right and have a wrong derivative itself: here it treats y as a constant."""
    frozen = unary(np.exp, lambda g, y: g * ad.stop_gradient(y))
    with pytest.raises(AssertionError, match="over"):
        check(frozen, [np.array([0.3, -0.7])], np.random.default_rng(1))


def test_a_rule_wrong_in_one_entry_is_caught():
    def partial(g, y):
        return g * y * np.array([1.0, 1.0005, 1.0])

    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check(unary(np.exp, partial), [np.array([0.3, -0.7, 1.1])], np.random.default_rng(1))
