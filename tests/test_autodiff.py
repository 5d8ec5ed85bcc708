"""Automatic differentiation: what a user sees, what breaks naive code, and every error message."""

import gc
import math
import tracemalloc
import weakref
from collections import namedtuple
from collections.abc import Callable

import numpy as np
import pytest
from book.frameworks import QUICK
from hypothesis import given, settings
from hypothesis import strategies as st

from calcml import autodiff as ad
from calcml.autodiff import _elementwise, engine
from calcml.autodiff._adjoints import Product
from calcml.autodiff.engine import Tape, Variable, backward, plain

X = np.array([0.3, -0.7, 1.1])
A = np.array([[1.0, 2.0, 0.5], [-1.0, 0.3, 2.0]])


def loss(parameters, inputs):
    hidden = np.tanh(inputs @ parameters["V"] + parameters["a"])
    return np.mean((hidden @ parameters["w"]) ** 2)


PARAMETERS = {"V": A.T.copy(), "a": np.array([0.1, -0.2]), "w": np.array([1.0, 2.0])}


# ------------------------------------------------------------------------------ what a user calls


def test_gradient_of_a_number():
    g = ad.grad(lambda x: x**3)(2.0)
    assert isinstance(g, np.ndarray)
    assert g.shape == ()
    np.testing.assert_allclose(g, 12.0)


def test_value_and_gradient():
    value, g = ad.value_and_grad(lambda x: np.sum(x**2))(X)
    np.testing.assert_allclose(value, np.sum(X**2))
    np.testing.assert_allclose(g, 2 * X)


def test_several_arguments():
    def f(a, b, c):
        return np.sum(a * b) * c

    np.testing.assert_allclose(ad.grad(f, 1)(X, 2 * X, 3.0), 3 * X)
    a, c = ad.grad(f, (0, -1))(X, 2 * X, 3.0)
    np.testing.assert_allclose(a, 6 * X)
    np.testing.assert_allclose(c, 2 * np.sum(X * X))
    (only,) = ad.grad(f, [0])(X, 2 * X, 3.0)
    np.testing.assert_allclose(only, 6 * X)


def test_other_arguments_may_be_anything():
    def f(x, power, *, name):
        assert name == "anything"
        return np.sum(x ** power["of"])

    np.testing.assert_allclose(ad.grad(f)(X, {"of": 2}, name="anything"), 2 * X)


Pair = namedtuple("Pair", "first second")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda a, b: {"z": a, "a": {"b": b}},
        lambda a, b: [a, (b,)],
        lambda a, b: Pair(a, b),
        lambda a, b: {2: a, "one": b},  # keys that cannot be sorted
    ],
)
def test_structures(wrap):
    def flat(x):
        if isinstance(x, dict):
            return [y for v in x.values() for y in flat(v)]
        return [y for v in x for y in flat(v)] if isinstance(x, (list, tuple)) else [x]

    def f(tree):
        a, b = flat(tree)
        return np.sum(a**2) + 3 * np.sum(b)

    point = wrap(X, A)
    g = ad.grad(f)(point)
    assert type(g) is type(point)
    for part, expected in zip(flat(g), flat(wrap(2 * X, np.full(A.shape, 3.0))), strict=True):
        np.testing.assert_allclose(part, expected)
    tangent = wrap(np.ones(3), A)
    product = ad.hvp(f)(point, tangent)
    for part, expected in zip(flat(product), flat(wrap(2 * np.ones(3), 0 * A)), strict=True):
        np.testing.assert_allclose(part, expected)


def test_parameters_of_a_network():
    g = ad.grad(loss)(PARAMETERS, np.ones((4, 3)))
    assert {k: v.shape for k, v in g.items()} == {k: v.shape for k, v in PARAMETERS.items()}
    assert list(g) == ["V", "a", "w"]
    h = 1e-6
    for name, value in PARAMETERS.items():
        for place in np.ndindex(value.shape):
            up, down = ({k: v.copy() for k, v in PARAMETERS.items()} for _ in range(2))
            up[name][place] += h
            down[name][place] -= h
            slope = (loss(up, np.ones((4, 3))) - loss(down, np.ones((4, 3)))) / (2 * h)
            np.testing.assert_allclose(g[name][place], slope, rtol=1e-6, atol=1e-9)


def test_an_argument_that_is_returned_as_it_is():
    a, b = ad.grad(lambda a, b: a, (0, 1))(2.0, X)
    np.testing.assert_array_equal(a, 1.0)
    np.testing.assert_array_equal(b, np.zeros(3))


def test_auxiliary_results():
    def f(x):
        return np.sum(x**2), {"double": 2 * x, "note": "kept"}

    g, extra = ad.grad(f, has_aux=True)(X)
    np.testing.assert_allclose(g, 2 * X)
    assert extra["note"] == "kept"
    assert type(extra["double"]) is np.ndarray
    (value, _), _ = ad.value_and_grad(f, has_aux=True)(X)
    np.testing.assert_allclose(value, np.sum(X**2))


def test_constant_function():
    np.testing.assert_array_equal(ad.grad(lambda x: 3.0)(X), np.zeros(3))
    np.testing.assert_array_equal(ad.grad(lambda x: np.sum(np.sign(x)))(X), np.zeros(3))
    value, tangent = ad.jvp(lambda x: np.ones(2), X, X)
    np.testing.assert_array_equal(tangent, np.zeros(2))
    np.testing.assert_array_equal(value, np.ones(2))
    np.testing.assert_array_equal(ad.jacobian(lambda x: np.ones(2))(X), np.zeros((2, 3)))
    np.testing.assert_array_equal(ad.hessian(lambda x: np.sum(x))(X), np.zeros((3, 3)))


def test_vjp_is_a_row_times_the_jacobian():
    J = ad.jacobian(lambda x: np.tanh(A @ x))(X)
    assert J.shape == (2, 3)
    value, pullback = ad.vjp(lambda x: np.tanh(A @ x), X)
    np.testing.assert_allclose(value, np.tanh(A @ X))
    for v in (np.array([1.0, 0.0]), np.array([0.3, -2.0])):  # as often as needed
        np.testing.assert_allclose(pullback(v), v @ J)


def test_jvp_is_the_jacobian_times_a_column():
    J = ad.jacobian(lambda x: np.tanh(A @ x))(X)
    v = np.array([1.0, -1.0, 0.5])
    value, tangent = ad.jvp(lambda x: np.tanh(A @ x), X, v)
    np.testing.assert_allclose(tangent, J @ v)
    np.testing.assert_allclose(value, np.tanh(A @ X))


def test_vjp_and_jvp_of_structures():
    def F(p):
        return {"sum": p[0] + p[1], "product": [p[0] * p[1], 5.0]}

    _, pullback = ad.vjp(F, (X, 2 * X))
    v = {"sum": np.ones(3), "product": [np.full(3, 10.0), 1.0]}
    a, b = pullback(v)
    np.testing.assert_allclose(a, 1 + 20 * X)
    np.testing.assert_allclose(b, 1 + 10 * X)
    _, tangent = ad.jvp(F, (X, 2 * X), (np.ones(3), np.zeros(3)))
    np.testing.assert_allclose(tangent["product"][0], 2 * X)
    np.testing.assert_array_equal(tangent["product"][1], 0.0)


def test_jacobian_has_shape_out_plus_in():
    J = ad.jacobian(lambda M: M @ np.ones((3, 4)))(A)
    assert J.shape == (2, 4, 2, 3)
    Ja, Jb = ad.jacobian(lambda a, b: np.outer(a, b), (0, 1))(np.ones(2), np.ones(3))
    assert Ja.shape == (2, 3, 2)
    assert Jb.shape == (2, 3, 3)
    J = ad.jacobian(lambda p: {"y": p["x"] ** 2})({"x": X})
    np.testing.assert_allclose(J["y"]["x"], np.diag(2 * X))


def test_jacobian_in_chunks():
    """More unit vectors than fit into one pass, by rows and by columns."""
    x = np.linspace(-1, 1, 1100)
    J = ad.jacobian(lambda x: x**2)(x)
    np.testing.assert_allclose(J, np.diag(2 * x))
    M = np.random.default_rng(0).standard_normal((1500, 3))
    np.testing.assert_allclose(ad.jacobian(lambda x: M @ x)(X), M)
    np.testing.assert_allclose(ad.jacobian(lambda x: M.T @ x)(M[:, 0]), M.T)


def test_factors_of_a_batch_wait_and_are_not_lost():
    """Multiplications are collected; every other operation, and the result, must see them."""
    c = np.array([2.0, -1.0, 3.0])
    factors = [
        (lambda x: c * (c * x) + c * x, np.diag(c * c + c)),
        (lambda x: A @ (c * (c * x)), A * c * c),
        (lambda x: c * (c * x)[::-1], np.diag(c) @ np.diag(c)[::-1]),
        (lambda x: np.where(c > 0, c * x, x * x) * c, np.diag(np.where(c > 0, c, 2 * X) * c)),
    ]
    for F, expected in factors:
        rows = ad.jacobian(F)(X)
        columns = ad.jacobian(lambda x, F=F: np.stack([F(x)] * 3))(X)[1]
        np.testing.assert_allclose(columns, rows)
        unit = np.stack([ad.jvp(F, X, e)[1] for e in np.eye(3)], axis=-1)
        np.testing.assert_allclose(rows, unit)
        np.testing.assert_allclose(rows, expected)


def test_hessian_of_a_network_is_symmetric():
    H = ad.hessian(lambda V, w: np.sum(np.tanh(X @ V) * w), (0, 1))(A.T.copy(), np.ones(2))
    assert H[0][0].shape == (3, 2, 3, 2)
    assert H[0][1].shape == (3, 2, 2)
    np.testing.assert_allclose(H[0][1], np.moveaxis(H[1][0], 0, -1))
    flat = H[0][0].reshape(6, 6)
    np.testing.assert_allclose(flat, flat.T, atol=1e-15)
    H = ad.hessian(lambda p: np.sum(p["a"] * p["b"]))({"a": X, "b": X})
    np.testing.assert_allclose(H["a"]["b"], np.eye(3))


def test_hessian_vector_product():
    def f(x, scale):
        return np.sum(np.sin(x) * x**2) * scale + x[0] * x[1]

    H = ad.hessian(f)(X, 2.0)
    np.testing.assert_allclose(ad.hvp(f)(X, 2.0, np.ones(3)), H @ np.ones(3))
    np.testing.assert_allclose(ad.hvp(f, 1)(X, 2.0, 1.0), 0.0)


def test_any_order():
    f: Callable = np.sin
    for expected in (np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin, np.cos):
        f = ad.grad(f)
        np.testing.assert_allclose(f(0.7), expected(0.7), rtol=1e-12)

    def slope(g):
        return lambda x: ad.jvp(g, x, 1.0)[1]

    np.testing.assert_allclose(slope(ad.grad(slope(np.sin)))(0.7), -np.cos(0.7))
    np.testing.assert_allclose(slope(slope(slope(np.exp)))(0.7), np.exp(0.7))
    third = ad.jacobian(ad.hessian(lambda x: np.sum(x**4)))(X)
    np.testing.assert_allclose(np.einsum("iii->i", third), 24 * X)


def test_levels_are_kept_apart():
    """Perturbation confusion: the inner derivative must not see the outer variable as its own."""
    np.testing.assert_allclose(ad.grad(lambda x: x * ad.grad(lambda y: x + y)(1.0))(1.0), 1.0)
    np.testing.assert_allclose(ad.grad(lambda x: x * ad.grad(lambda y: x * y)(1.0))(3.0), 6.0)
    tangent = ad.jvp(lambda x: x * ad.jvp(lambda y: x * y, 1.0, 1.0)[1], 3.0, 1.0)[1]
    np.testing.assert_allclose(tangent, 6.0)
    mixed = ad.grad(lambda x: ad.jvp(lambda y: x * y * y, x, 1.0)[1])(3.0)  # (2 x^2)'
    np.testing.assert_allclose(mixed, 12.0)


def test_a_pullback_can_be_differentiated():
    def f(x):
        value, pullback = ad.vjp(lambda y: y**3, x)
        return np.sum(pullback(x) * value)  # 3 x^3 * x^3

    np.testing.assert_allclose(ad.grad(f)(X), 18 * X**5)


def test_loop_whose_length_depends_on_the_input():
    def f(x):
        while x < 100:
            x = x * x + 1.0
        return x

    def slope(x):
        d = 1.0
        while x < 100:
            x, d = x * x + 1.0, 2 * x * d
        return d

    for x in (0.5, 2.0, 8.0):
        np.testing.assert_allclose(ad.grad(f)(x), slope(x))


def test_stop_gradient():
    np.testing.assert_allclose(ad.grad(lambda x: np.sum(x * ad.stop_gradient(x)))(X), X)
    assert ad.stop_gradient(3.0) == 3.0
    kept = []
    ad.grad(lambda x: (kept.append(ad.stop_gradient({"x": x})), np.sum(x))[1])(X)
    assert type(kept[0]["x"]) is np.ndarray
    kept[0]["x"][0] = 5.0  # a copy: free to change


def test_attributes_of_traced_arrays():
    def f(x):
        assert x.shape == (2, 3)
        assert (x.ndim, x.size, len(x), x.dtype) == (2, 6, 2, np.float64)
        assert np.shape(x) == (2, 3)
        assert np.size(x, 1) == 3
        assert repr(x).startswith("Variable(array(")
        assert np.zeros_like(x).shape == np.ones_like(x).shape == (2, 3)
        assert {x: 1}[x] == 1
        assert (x > 0).dtype == bool
        assert np.array_equal(np.floor(x), np.floor(A))
        assert x.any()
        return np.sum(x.copy().real)

    np.testing.assert_array_equal(ad.grad(f)(A), np.ones((2, 3)))


def test_functions_without_derivative_give_values():
    calls = [
        np.sign, np.floor, np.ceil, np.trunc, np.rint, np.round, np.isnan, np.isfinite, np.isinf,
        np.signbit, np.logical_not, np.argmax, np.argmin, np.argsort, np.any, np.all,
        np.count_nonzero, np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.isrealobj,
        np.iscomplexobj, np.zeros_like, np.ones_like, np.linalg.matrix_rank,
        lambda x: np.full_like(x, 2.0), lambda x: np.empty_like(x).shape, lambda x: x // 0.5,
        lambda x: np.heaviside(x, 0.5), lambda x: (x == 1, x != 1, x < 1, x <= 1, x > 1, x >= 1),
        lambda x: np.isclose(x, 1.0), lambda x: np.allclose(x, 1.0), lambda x: np.array_equal(x, A),
        lambda x: np.logical_and(x, True), lambda x: np.logical_or(x, True), lambda x: np.ndim(x),
        lambda x: np.logical_xor(x, True), lambda x: np.searchsorted(x[0], 0.7), np.shape, np.size,
        lambda x: np.result_type(x, np.float32), lambda x: np.argpartition(x, 1), lambda x: np.where(x > 0),
    ]  # fmt: skip
    for call in calls:
        seen = []
        ad.grad(lambda x, call=call, seen=seen: (seen.append(call(x)), np.sum(x))[1])(A)
        for got, expected in zip(np.atleast_1d(seen[0]), np.atleast_1d(call(A)), strict=True):
            np.testing.assert_array_equal(got, expected)


# ------------------------------------------------------------------ the values at kinks, as promised

KINKS = {  # name: (function, point, ours, PyTorch, JAX)
    "abs at 0": (lambda np, x: np.abs(x), 0.0, 0.0, 0.0, 1.0),
    "maximum(x, 0) at 0": (lambda np, x: np.maximum(x, 0 * x), 0.0, 0.5, 0.5, 0.5),
    "minimum(x, 0) at 0": (lambda np, x: np.minimum(x, 0 * x), 0.0, 0.5, 0.5, 0.5),
    "where(x > 0, x, 0) at 0": (lambda np, x: np.where(x > 0, x, 0 * x), 0.0, 0.0, 0.0, 0.0),
    "max of equal entries": (lambda np, x: np.max(np.stack([x, x + 0, 3 * x])), 0.0, 5 / 3, 5 / 3, 5 / 3),
    "norm at 0": (lambda np, x: np.linalg.norm(np.stack([x, 2 * x])), 0.0, 0.0, 0.0, math.nan),
    "hypot at 0": (lambda np, x: np.hypot(x, x), 0.0, 0.0, math.nan, 1.0),
    "where(x > 0, sqrt(x), 0) at 0": (
        lambda np, x: np.where(x > 0, np.sqrt(x), 0 * x), 0.0, 0.0, math.nan, math.nan,
    ),
    "x ** 2 at 0": (lambda np, x: x**2, 0.0, 0.0, 0.0, 0.0),
    "x ** 0 at 0": (lambda np, x: x**0, 0.0, 0.0, 0.0, 0.0),
    "clip at the bound": (lambda np, x: np.clip(x, 0.0, 1.0), 0.0, 0.5, 1.0, 0.5),
}  # fmt: skip


@pytest.mark.parametrize("name", KINKS)
def test_kinks(name):
    f, x, ours, in_torch, in_jax = KINKS[name]
    np.testing.assert_allclose(ad.grad(lambda x: f(np, x))(x), ours)
    with np.errstate(divide="ignore"):  # forward mode meets the infinite slope before the mask
        np.testing.assert_allclose(ad.jvp(lambda x: f(np, x), x, 1.0)[1], ours)
    torch = pytest.importorskip("torch")
    import torch._numpy as tnp

    leaf = torch.tensor(x, requires_grad=True)
    np.testing.assert_allclose(
        torch.autograd.grad(f(tnp, tnp.asarray(leaf)).tensor, leaf)[0], in_torch
    )
    jax = pytest.importorskip("jax")
    np.testing.assert_allclose(jax.grad(lambda x: f(jax.numpy, x))(x), in_jax, rtol=1e-6)


@pytest.mark.parametrize("order", [1, 2, 3, np.inf, "fro", "nuc"])
def test_norms_at_zero(order):
    zero = np.zeros(3) if order in (1, 2, 3, np.inf) else np.zeros((2, 2))
    g = ad.grad(lambda x: np.linalg.norm(x, order))(zero)
    assert np.all(np.isfinite(g))
    if order in (1, 2, 3, "fro"):
        np.testing.assert_array_equal(g, 0 * zero)


# --------------------------------------------------------------------- cases that break naive code


def test_masked_branch_does_not_spoil_the_other():
    x = np.array([0.0, 4.0])
    np.testing.assert_allclose(
        ad.grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0)))(x), [0, 0.25]
    )
    f = {
        "log": lambda x: np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0),
        "divide": lambda x: np.where(x > 0, 1 / x, 0),
        "power": lambda x: np.where(x > 0, x**0.5, 0),
    }
    with np.errstate(divide="ignore"):
        for function in f.values():
            g = ad.grad(lambda x, function=function: np.sum(function(x)))(x)
            assert np.all(np.isfinite(g))
            assert g[0] == 0
    with np.errstate(invalid="ignore"):  # a warning of the function itself
        g = ad.grad(lambda x: np.sum(np.where(x > 0, np.sqrt(x), x)))(np.array([-1.0, 4.0]))
    np.testing.assert_allclose(g, [1, 0.25])
    # the whole matrix of second derivatives too, where the zeros arrive in a batch
    H = ad.hessian(lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0)))(x)
    np.testing.assert_allclose(H, [[0, 0], [0, -1 / 32]])


def test_an_infinite_slope_is_not_hidden():
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        g = ad.grad(lambda x: np.sqrt(x))(0.0)
    assert np.isinf(g)


@pytest.mark.parametrize(
    "f", [ad.softplus, lambda x: np.logaddexp(0, x), lambda x: np.logaddexp(x, 0)]
)
def test_softplus_at_the_extremes(f):
    x = np.array([-1e4, -800.0, 0.0, 800.0, 1e4])
    np.testing.assert_allclose(ad.grad(lambda x: np.sum(f(x)))(x), [0, 0, 0.5, 1, 1])


def test_naive_softplus_is_loud():
    """The formula overflows, and says so; what it returns cannot be mistaken for a number."""
    with pytest.warns(RuntimeWarning, match="overflow|invalid"):
        g = ad.grad(lambda x: np.log(1 + np.exp(x)))(1000.0)
    assert np.isnan(g)


EXTREMES = [
    [1e4, -1e4, 0.0],
    [-1e4, -1e4, -1e4],
    [1e4, 1e4, 1e4],
    [0.0, -np.inf, 1.0],
    [-np.inf, -np.inf, 2.0],
    [1.0, 1.0, 1.0],
]


@pytest.mark.parametrize("x", EXTREMES)
def test_composites_at_the_extremes(x):
    x = np.array(x)
    e = np.exp(x - np.max(x))
    p = e / e.sum()
    np.testing.assert_allclose(ad.logsumexp(x), np.max(x) + np.log(e.sum()))
    np.testing.assert_allclose(ad.grad(ad.logsumexp)(x), p)
    np.testing.assert_allclose(ad.softmax(x), p)
    np.testing.assert_allclose(ad.jacobian(ad.softmax)(x), np.diag(p) - np.outer(p, p))
    np.testing.assert_allclose(ad.hessian(ad.logsumexp)(x), np.diag(p) - np.outer(p, p))
    for k in range(3):
        np.testing.assert_allclose(
            ad.grad(lambda x, k=k: ad.log_softmax(x)[k])(x), np.eye(3)[k] - p
        )
        np.testing.assert_allclose(
            ad.grad(lambda x, k=k: ad.cross_entropy(x, k))(x), p - np.eye(3)[k]
        )
        soft = ad.grad(lambda x, k=k: ad.cross_entropy(x, np.eye(3)[k]))(x)
        np.testing.assert_allclose(soft, p - np.eye(3)[k])


def test_everything_masked():
    """NaN in PyTorch and in JAX; here the limit: minus infinity, and nothing to gain anywhere."""
    x = np.full(3, -np.inf)
    assert ad.logsumexp(x) == -np.inf
    for g in (ad.grad(ad.logsumexp)(x), ad.softmax(x), ad.grad(lambda x: ad.softmax(x)[0])(x)):
        np.testing.assert_array_equal(g, np.zeros(3))
    np.testing.assert_array_equal(ad.grad(lambda x: np.logaddexp(x, x))(-np.inf), 0.0)
    assert np.all(np.isfinite(ad.grad(lambda x: ad.cross_entropy(x, 0))(x)))
    assert ad.cross_entropy(x, 0) == np.inf


def test_composites_of_nothing():
    empty = np.zeros((0, 3))
    np.testing.assert_array_equal(ad.logsumexp(empty, axis=0), np.full(3, -np.inf))
    assert ad.softmax(empty).shape == ad.log_softmax(empty).shape == (0, 3)
    assert ad.sigmoid(empty).shape == ad.softplus(empty).shape == (0, 3)
    assert ad.cross_entropy(empty, np.zeros(0, int)).shape == (0,)
    assert ad.grad(lambda x: np.sum(ad.softmax(x)))(empty).shape == (0, 3)
    assert ad.grad(lambda x: np.sum(ad.logsumexp(x, 1)))(empty).shape == (0, 3)


def test_sigmoid_at_the_extremes():
    x = np.array([-1e4, -30.0, 0.0, 30.0, 1e4])
    with np.errstate(all="raise", under="ignore"):
        g = ad.grad(lambda x: np.sum(ad.sigmoid(x)))(x)
    np.testing.assert_allclose(g, np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))) ** 2, atol=1e-15)


def test_composites_take_integers_and_lists():
    np.testing.assert_allclose(ad.softmax([0, 0]), [0.5, 0.5])
    np.testing.assert_allclose(
        ad.logsumexp([[0, 0], [0, 0]], axis=1, keepdims=True), [[math.log(2)]] * 2
    )
    np.testing.assert_allclose(ad.sigmoid(0), 0.5)


def test_repeated_indices_add_up():
    places = np.array([0, 0, 2, 0])
    np.testing.assert_allclose(ad.grad(lambda x: np.sum(x[places]))(X), [3, 0, 1])
    np.testing.assert_allclose(ad.grad(lambda x: np.sum(np.take(x, [0, 0, -3])))(X), [3, 0, 0])
    np.testing.assert_allclose(
        ad.grad(lambda x: np.sum(x[places] ** 2 + x[places]))(X), [3 + 6 * 0.3, 0, 3.2]
    )
    # the same rows of a transposed array, whose memory is in another order
    np.testing.assert_allclose(ad.grad(lambda x: np.sum(x.T[places]))(A), [[3, 0, 1]] * 2)


def test_entries_taken_in_several_ways_add_up():
    """Slices, single positions, masks and lists of one array, in the memory of one derivative."""
    mask = np.array([True, False, True])

    def f(x):
        return np.sum(x[:2] * 2) + 3 * x[0] + np.sum(x[mask] ** 2) + np.sum(x[[1, 1]]) + x[-1]

    np.testing.assert_allclose(ad.grad(f)(X), [5 + 0.6, 4, 1 + 2.2])


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((1000, 10), 0),
        ((1000, 10), 1),
        ((1000, 10), None),
        ((10, 1000), 1),
        ((3, 500, 7), 0),
        ((3, 500, 7), 1),
        ((3, 500, 7), 2),
        ((3, 500, 7), (0, 2)),
    ],
)
@pytest.mark.parametrize("keepdims", [False, True])
def test_large_sums_are_those_of_numpy(shape, axis, keepdims):
    rng = np.random.default_rng(0)
    x, c = rng.standard_normal(shape), rng.standard_normal(shape)
    for a, digits in ((x, 12), (np.asfortranarray(x), 12), (x.astype(np.float32), 3)):
        y, pullback = ad.vjp(lambda x: np.sum(x, axis=axis, keepdims=keepdims), a)
        expected = np.sum(a, axis=axis, keepdims=keepdims)
        assert y.shape == expected.shape
        assert y.dtype == a.dtype
        np.testing.assert_allclose(y, expected, rtol=0, atol=10.0**-digits)
        np.testing.assert_array_equal(pullback(np.ones_like(y)), np.ones(shape))
    row = np.zeros([n if k else 1 for k, n in enumerate(shape)])
    g = ad.grad(lambda r: np.sum(c * (x + r)))(row)
    np.testing.assert_allclose(g, np.sum(c, 0, keepdims=True), rtol=1e-12)


def test_a_long_sum_keeps_its_digits():
    """Along a long last axis NumPy adds in pairs, and so does the traced sum: to the last bit."""
    x = np.full((2, 100_000), 0.1, np.float32)
    np.testing.assert_array_equal(ad.vjp(lambda x: np.sum(x, axis=1), x)[0], np.sum(x, axis=1))


@pytest.mark.parametrize("shape", [(1000, 10), (100, 70), (5, 100, 12)])
def test_composites_of_many_rows_are_those_of_each(shape):
    x = np.random.default_rng(0).standard_normal(shape)
    x[..., 0][x[..., 1] > 1] = -np.inf
    x[0] = -np.inf
    for f in (ad.logsumexp, ad.softmax, ad.log_softmax):
        together = f(x, axis=-1)
        np.testing.assert_allclose(together, np.stack([f(row, axis=-1) for row in x]), rtol=1e-13)
    target = np.zeros(shape[:-1], int) + 2
    together = ad.cross_entropy(x[1:], target[1:])
    rows = [ad.cross_entropy(*pair) for pair in zip(x[1:], target[1:], strict=True)]
    np.testing.assert_allclose(together, np.stack(rows), rtol=1e-13)


def test_nothing_leaks_out_of_sum():
    """The derivative of sum is a repeated view inside; outside it is an array of its own."""
    g = ad.grad(np.sum)(X)
    assert g.flags.writeable
    assert g.flags.owndata
    g[0] = 7.0
    np.testing.assert_array_equal(g, [7, 1, 1])
    a, b = ad.grad(lambda a, b: np.sum((a + b) ** 2), (0, 1))(X, X)
    assert not np.shares_memory(a, b)
    v = np.ones(3)
    (g,) = ad.vjp(lambda p: p[0] + 0.0, [X])[1](v)
    assert not np.shares_memory(g, v)
    tangent = ad.jvp(lambda x: x + 0.0, X, v)[1]
    assert not np.shares_memory(tangent, v)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept(dtype):
    seen = set()

    def spy(x):  # an identity whose rule looks at the derivative that passes through
        from calcml.autodiff._shortcuts import unary

        return unary(lambda x: x * 1, lambda g: (seen.add(g.dtype), g * 1)[1])(x)

    def f(x):
        y = spy(np.tanh(x) * 2 + 1 / (x * x + 1))
        y = spy(np.where(y > 0, y, 0) ** 2 - 0.5 * y)
        y = spy(np.maximum(y, 0) + np.clip(y, -1, 1) + np.abs(y) ** 1.5)
        y = spy(np.concatenate([y, y[::-1]]) / np.std(y) + np.mean(y) + np.linalg.norm(y))
        y = spy(ad.softmax(y) + ad.sigmoid(y) + np.logaddexp(y, 0) + ad.softplus(y))
        z = np.max(y) + ad.logsumexp(y) + np.prod(np.cos(y)) + np.sum(np.sort(y)) + np.var(y)
        return z + np.sum(ad.cross_entropy(np.reshape(y, (2, -1)), [0, 1]))

    x = X.astype(dtype)
    value, g = ad.value_and_grad(f)(x)
    assert value.dtype == g.dtype == dtype
    assert seen == {np.dtype(dtype)}
    assert ad.hessian(f)(x).dtype == dtype
    assert ad.jvp(f, x, np.ones(3))[1].dtype == dtype


def test_mean_of_nothing():
    g = ad.grad(lambda x: np.sum(x) + np.sum(np.prod(x, axis=0)))(np.zeros((0, 2)))
    assert g.shape == (0, 2)
    with pytest.warns(RuntimeWarning):
        assert ad.grad(lambda x: np.mean(x))(np.zeros(0)).shape == (0,)


def test_deep_chain():
    """No recursion anywhere: far deeper than Python's stack."""

    def f(x):
        for _ in range(100_000):
            x = x * 1.00001
        return x

    np.testing.assert_allclose(ad.grad(f)(1.0), 1.00001**100_000, rtol=1e-9)
    np.testing.assert_allclose(ad.jvp(f, 1.0, 1.0)[1], 1.00001**100_000, rtol=1e-9)


def test_wide_fan_out():
    def f(x):
        total = 0.0
        for k in range(2000):
            total = total + np.sum(x * k)
        return total

    np.testing.assert_allclose(ad.grad(f)(X), np.full(3, 1999 * 1000.0))


def test_sums_in_place_change_nothing_else():
    """A derivative that has gone on to two parents must not change when one of them adds to it."""

    def f(a, b):
        s = a + b  # both parents receive the same array
        return np.sum(s * s) + np.sum(a * 2) + np.sum(a * 3) + np.sum(a * 4) + np.sum(b[0] + b[1:])

    a, b = ad.grad(f, (0, 1))(X, A[0])
    np.testing.assert_allclose(a, 2 * (X + A[0]) + 9)
    np.testing.assert_allclose(b, 2 * (X + A[0]) + [2, 1, 1])


def test_order_of_the_tape():
    """The smallest graph on which a walk that is not in topological order goes wrong."""

    def f(a):
        b = a + a
        return b + b

    np.testing.assert_allclose(ad.grad(f)(1.0), 4.0)


# ------------------------------------------------------------ what is not computed until it is asked


MATRIX = np.random.default_rng(3).standard_normal((6, 3))
LABELS = np.array([1.0, 0.0, 0.0, 1.0, 1.0, 0.0])


def logistic(w, end=np.mean):
    z = MATRIX @ w
    return end(ad.softplus(z) - LABELS * z)


def hessian_of_logistic(end):
    s = ad.sigmoid(MATRIX @ X)
    scale = 6 if end is np.mean else 1
    return MATRIX.T @ (MATRIX * (s * (1 - s) / scale)[:, None])


@pytest.mark.parametrize("end", [np.mean, np.sum])
def test_a_product_with_the_hessian_leaves_the_loss_undone(end):
    kinds = []

    def f(w):
        y = logistic(w, end)
        kinds.append(type(y))
        return y

    np.testing.assert_allclose(ad.hvp(f)(X, X), hessian_of_logistic(end) @ X, rtol=1e-13)
    assert kinds == [engine.Waiting]
    ad.jvp(f, X, X)
    ad.grad(f)(X)
    ad.jvp(ad.grad(f), X, X)
    assert engine.Waiting not in kinds[1:]


@pytest.mark.parametrize(
    ("use", "waits"),
    [
        (lambda y: y + 2, True),
        (lambda y: 2 - y, True),
        (lambda y: -(3.0 * y), False),
        (lambda y: 3.0 * y / 7, True),
        (lambda y: y - np.float64(1), True),
        (lambda y: 1 / y, False),
        (lambda y: y**2, False),
        (lambda y: np.exp(y) * y, False),
        (lambda y: y * np.arange(6.0), False),
        (lambda y: y + np.arange(6.0), False),
        (lambda y: np.sum(y) + np.mean(y**3), True),
        (lambda y: y - np.mean(y, keepdims=True), True),
        (lambda y: np.where(y > 0.5, y, y * y), False),
        (lambda y: y * y if y[0] > 100 else y * 2, False),
        (lambda y: y.reshape(2, 3), False),
        (lambda y: y[1:] * y[:-1], False),
    ],
)
def test_a_value_that_waits_is_there_when_asked_for(use, waits):
    ends = []

    def f(w):
        y = use(ad.softplus(MATRIX @ w))
        ends.append((type(y), y.shape, y.ndim, y.size, y.dtype))
        return np.sum(y)

    product = ad.hvp(f)(X, A[0])
    np.testing.assert_allclose(product, ad.hessian(f)(X) @ A[0], rtol=1e-11, atol=1e-13)
    assert (ends[0][0] is engine.Waiting) == waits
    assert ends[0][1:] == ends[1][1:]


def test_a_value_that_waits_is_computed_once_and_kept():
    seen = []

    def f(w):
        y = logistic(w)
        seen.extend([float(plain(y)), type(y), float(plain(y))])
        return y

    ad.hvp(f)(X, X)
    assert seen[0] == pytest.approx(logistic(X), rel=1e-15)
    assert seen[1:] == [engine.Dual, seen[0]]


def test_many_values_that_wait_for_each_other():
    """Asked for at the end, and never: neither may go as deep as the chain is long."""
    for asked in (True, False):

        def f(w, asked=asked):
            y = start = ad.softplus(w)
            for _ in range(20_000):
                y = y + start
            return np.sum(y * y) if asked else np.sum(y)

        s, n = ad.sigmoid(X), 20_001
        expected = n * s * (1 - s)
        if asked:
            expected = 2 * n**2 * (s * s + ad.softplus(X) * s * (1 - s))
        np.testing.assert_allclose(ad.hvp(f)(X, np.ones(3)), expected, rtol=1e-10)


def test_values_that_wait_keep_nested_derivatives_apart():
    def f(w):
        return logistic(w) * np.sum(w)

    outer = ad.hvp(lambda w: np.sum(ad.hvp(f)(w, X) * A[0]))(X, A[1])
    by_jvp = ad.jvp(ad.grad(lambda w: np.sum(ad.jvp(ad.grad(f), w, X)[1] * A[0])), X, A[1])[1]
    np.testing.assert_allclose(outer, by_jvp, rtol=1e-11)


def test_a_complex_constant_is_refused_by_hvp():
    with pytest.raises(TypeError, match="complex"):
        ad.hvp(lambda x: 1j)(X, X)


# What only the sum of its rows is asked of is never multiplied out.


@pytest.fixture
def multiplied(monkeypatch):
    """Record which products were carried out."""
    shapes, dense = [], Product.dense

    def recorded(self):
        shapes.append(self.shape)
        return dense(self)

    monkeypatch.setattr(Product, "dense", recorded)
    return shapes


def summed(whole, shape):
    """Sum over the axes along which an array of this shape was repeated."""
    total = whole.sum(axis=tuple(range(whole.ndim - len(shape))))
    axes = tuple(k for k, n in enumerate(shape) if n != total.shape[k])
    return total.sum(axis=axes, keepdims=True)


OFFSETS = [(7,), (1, 7), (1, 1), (), (900, 7), (900, 1)]


@pytest.mark.parametrize(
    ("stack", "shape"),
    [((), s) for s in OFFSETS] + [((4,), s) for s in [*OFFSETS, (4, 1, 7), (4, 900, 7)]],
)
def test_the_derivative_of_an_offset_before_a_product(stack, shape, multiplied):
    rng = np.random.default_rng(4)
    data, w, c = (rng.standard_normal((*stack, *s)) for s in ((900, 7), (7, 6), (900, 6)))
    m = rng.standard_normal(shape)
    g = ad.grad(lambda m: np.sum(c * ((data - m) @ w)))(m)
    assert multiplied == ([(*stack, 900, 7)] if 900 in shape else [])
    np.testing.assert_allclose(g, summed(-(c @ np.swapaxes(w, -1, -2)), shape), rtol=1e-10)


def test_a_product_is_carried_out_once_for_all_that_need_it(multiplied):
    rng = np.random.default_rng(5)
    h, w, c = (rng.standard_normal(s) for s in ((900, 7), (7, 6), (900, 6)))
    m, k = rng.standard_normal((2, 7))
    whole = c @ w.T

    def f(h, m, k):
        return np.sum(c * ((k * (h - m)) @ w))

    by_h, by_m, by_k = ad.grad(f, (0, 1, 2))(h, m, k)
    assert multiplied == [(900, 7)]
    np.testing.assert_allclose(by_h, whole * k, rtol=1e-10)
    np.testing.assert_allclose(by_m, -(whole * k).sum(0), rtol=1e-10)
    np.testing.assert_allclose(by_k, (whole * (h - m)).sum(0), rtol=1e-10)
    # An input of its own; and added to an array, from either side.
    for f, expected in (
        (lambda h: np.sum(c * (h @ w)), whole),
        (lambda h: np.sum(c * (h @ w)) + np.sum(h * h), whole + 2 * h),
        (lambda h: np.sum(h * h) + np.sum(c * (h @ w)), whole + 2 * h),
        (lambda h: np.sum(c * (h @ w)) + np.sum(c * (h @ w)), 2 * whole),
        (lambda h: np.sum(c * (h @ w)) + h[0, 0], whole + np.eye(900, 7) * np.eye(7)[0]),
    ):
        np.testing.assert_allclose(ad.grad(f)(h), expected, rtol=1e-10)

    # Added to what belongs to an enclosing derivative, which begins with the other or with it.
    for sign in (1, -1):

        def f(h, x, sign=sign):
            parts = [np.sum(h * h) * x, np.sum(c * (h @ w))]
            return sum(parts[::sign])

        outer = ad.grad(lambda x, f=f: np.sum(ad.grad(f)(h, x) * h))(0.5)
        np.testing.assert_allclose(outer, 2 * np.sum(h * h), rtol=1e-10)


# -------------------------------------------------------------------------------- memory and leaks


# Long enough for pointwise rules to work piece by piece, and no multiple of a piece.
LONG = 5 * engine.PIECE + 3


@pytest.fixture
def in_pieces(monkeypatch):
    """Record which rules were applied piece by piece, in the memory of g."""
    used, apply_in_pieces = [], engine.in_pieces

    def recorded(partial, g, saved):
        h = apply_in_pieces(partial, g, saved)
        if h is g:
            used.append(partial)
        return h

    monkeypatch.setattr(engine, "in_pieces", recorded)
    return used


@pytest.mark.parametrize("function", _elementwise.UNARY, ids=lambda function: function.__name__)
def test_a_rule_in_pieces_is_the_rule(function, in_pieces):
    rng = np.random.default_rng(0)
    x = rng.uniform(0.1, 0.9, LONG) + (function is np.arccosh)
    c, before = rng.standard_normal(LONG), x.copy()

    def f(x, c):
        return np.sum(c * function(x))

    g = ad.grad(f)(x, c)
    assert in_pieces == [_elementwise.UNARY[function][1]]
    parts = [ad.grad(f)(x[k : k + 1000], c[k : k + 1000]) for k in range(0, LONG, 1000)]
    np.testing.assert_allclose(g, np.concatenate(parts), rtol=1e-13, atol=1e-300)
    np.testing.assert_array_equal(x, before)
    assert len(in_pieces) == 1  # the short ones were not


def test_only_a_derivative_that_nobody_else_holds_is_overwritten(in_pieces):
    rng = np.random.default_rng(1)
    x, c, d = rng.standard_normal((3, LONG))
    kept = [a.copy() for a in (x, c, d)]

    # The sum hands one array on to both tanh and sin, and x gets four contributions.
    def f(x):
        u = np.tanh(d * x)
        return np.sum(c * (np.tanh(x) + np.sin(x)) + u * u + x)

    u = np.tanh(d * x)
    expected = c * (1 - np.tanh(x) ** 2 + np.cos(x)) + 2 * u * (1 - u * u) * d + 1
    np.testing.assert_allclose(ad.grad(f)(x), expected, rtol=1e-12, atol=1e-12)
    assert in_pieces  # but not tanh(x) and sin(x)
    for a, before in zip((x, c, d), kept, strict=True):
        np.testing.assert_array_equal(a, before)


def test_in_pieces_changes_neither_the_seed_nor_the_tape(in_pieces):
    rng = np.random.default_rng(2)
    x, v = rng.standard_normal((2, LONG))
    y, pullback = ad.vjp(lambda x: np.exp(np.tanh(2.0 * np.sin(x))), x)
    value, seed = y.copy(), v.copy()
    first = pullback(v)
    np.testing.assert_array_equal(pullback(v), first)
    assert in_pieces
    np.testing.assert_array_equal(v, seed)
    np.testing.assert_array_equal(y, value)
    t = np.tanh(2 * np.sin(x))
    np.testing.assert_allclose(first, v * y * (1 - t * t) * 2 * np.cos(x), rtol=1e-12, atol=1e-12)


def test_in_pieces_at_second_order_and_in_single_precision(in_pieces):
    rng = np.random.default_rng(3)
    x, v = rng.standard_normal((2, LONG))

    def f(x):
        return np.sum(np.tanh(x) ** 3)

    t = np.tanh(x)
    slope = 1 - t * t
    second = 6 * t * slope**2 - 6 * t**3 * slope
    np.testing.assert_allclose(ad.hvp(f)(x, v), second * v, rtol=1e-10, atol=1e-12)
    twice = ad.grad(lambda x: np.sum(ad.grad(f)(x) * v))(x)
    np.testing.assert_allclose(twice, second * v, rtol=1e-10, atol=1e-12)
    assert in_pieces
    single = ad.grad(f)(x.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, 3 * t**2 * slope, rtol=1e-4, atol=1e-5)


def test_a_gradient_by_hand_and_by_grad_need_the_same_memory():
    x = np.random.default_rng(4).standard_normal(40 * LONG)
    gradient = ad.grad(lambda x: np.sum(np.tanh(2.0 * x) * x))
    gradient(x)
    tracemalloc.start()
    gradient(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # tanh(2x), the product and one derivative for each factor, and nothing for what is on the way.
    assert peak < 4.2 * x.nbytes


def test_memory_is_released():
    """With the garbage collector off: no cycles keep what the tape has saved."""
    alive = []

    def f(x):
        y = np.exp(x)
        alive.append(weakref.ref(plain(y)))
        return np.sum(y * np.tanh(y))

    gc.disable()
    try:
        ad.grad(f)(X)
        ad.jvp(f, X, X)
        ad.hvp(f)(X, X)
        ad.hessian(f)(X)
        _, pullback = ad.vjp(f, X)
        pullback(np.float64(1))
        del pullback
        with pytest.raises(ValueError, match="scalar"):
            ad.grad(lambda x: (f(x), x)[1])(X)
        assert len(alive) >= 6
        assert all(ref() is None for ref in alive)
    finally:
        gc.enable()


def test_backward_frees_as_it_goes():
    tape = Tape()
    x = tape.variable(X)
    y = x
    alive = []
    for _ in range(10):
        y = np.exp(np.sin(y))
        alive.append(weakref.ref(y.value))
    index = y.index
    del y
    assert sum(ref() is not None for ref in alive) == 10
    counts = []

    def partial(g):
        counts.append(sum(ref() is not None for ref in alive))
        return g

    child, parent, original, saved = tape[10]
    tape[10] = (child, parent, lambda g, *arrays: original(partial(g), *arrays), saved)
    del saved
    backward(tape, index, np.ones(3), 1, release=True)
    assert counts[0] <= 6
    assert len(tape) == 1


def test_saves_only_what_is_needed():
    """An addition needs neither of its arguments; tanh needs its result, not its argument."""
    alive = {}

    def f(x):
        a = x * 2.0
        b = a + 1.0
        c = np.tanh(b)
        alive.update(a=weakref.ref(a.value), b=weakref.ref(b.value), c=weakref.ref(c.value))
        return np.sum(c)

    _, pullback = ad.vjp(f, X)
    assert alive["a"]() is None
    assert alive["b"]() is None
    assert alive["c"]() is not None
    del pullback
    assert alive["c"]() is None


# --------------------------------------------------------------------------- captured arrays change


def test_a_captured_array_that_changes_is_refused():
    buffer = np.ones(3)

    def f(x):
        total = 0.0
        for k in range(3):
            buffer[:] = k
            total = total + np.sum(x * buffer)
        return total

    for call in (ad.grad(f), ad.value_and_grad(f), ad.hessian(f), lambda x: ad.vjp(f, x)):
        with pytest.raises(
            ValueError,
            match=r"needs the arrays that the function used as they were: came an in-place change",
        ):
            call(X)
        assert buffer.flags.writeable


def test_a_captured_view_that_changes_is_refused():
    buffer = np.ones(6)

    def f(x):
        y = x * buffer[::2]
        buffer[0] = 2.0
        return np.sum(y)

    with pytest.raises(ValueError, match="in-place change"):
        ad.grad(f)(X)
    assert buffer.flags.writeable
    buffer[0] = 5.0


def test_arrays_are_unlocked_afterwards():
    data, scale = np.ones((4, 3)), np.ones(3)
    view = data[1:]

    def f(x):
        inner = ad.grad(lambda y: np.sum((data @ y) * np.sum(view @ y)) + np.sum(y * scale))(x)
        return np.sum(inner * scale) + np.sum(data @ x)

    ad.grad(f)(X)
    ad.hvp(f)(X, X)
    for array in (data, scale, view, X):
        assert array.flags.writeable
    with pytest.raises(ZeroDivisionError):
        ad.grad(lambda x: np.sum(x * scale) / (1 // 0))(X)
    assert scale.flags.writeable
    with pytest.raises(TypeError, match="argument 1"):
        ad.grad(lambda a, b: np.sum(a) * b, (0, 1))(X, 3)
    assert X.flags.writeable
    fixed = np.ones(3)
    fixed.flags.writeable = False
    ad.grad(lambda x: np.sum(x * fixed))(X)
    assert not fixed.flags.writeable


def test_an_array_that_changes_before_the_pullback_is_refused():
    weights, x = np.ones(3), X.copy()
    _, pullback = ad.vjp(lambda x: x * x * weights, x)
    np.testing.assert_allclose(pullback(np.ones(3)), 2 * X)
    weights[1] = 5.0
    with pytest.raises(
        ValueError,
        match=r"`pullback` needs .* an array of shape \(3,\) was changed in place since. Call `vjp` again",
    ):
        pullback(np.ones(3))
    weights[1] = 1.0
    pullback(np.ones(3))
    x[0] = 9.0
    with pytest.raises(ValueError, match="changed in place"):
        pullback(np.ones(3))


def test_rebinding_is_not_mutation():
    def f(x):
        y = x
        y += 1.0
        y *= x
        return np.sum(y)

    np.testing.assert_allclose(ad.grad(f)(X), 2 * X + 1)


# ------------------------------------------------------------------------------------------- errors

T = TypeError
V = ValueError

REFUSED = [
    # functions without a rule, with what to do instead
    (lambda x: np.histogram(x)[0], T, r"needs a rule for each function: `np.histogram` has none. It is piecewise constant"),
    (lambda x: np.linalg.qr(x)[1], T, r"`np.linalg.qr` has none. Use np.linalg.cholesky"),
    (lambda x: np.percentile(x, 50), T, r"`np.percentile` has none. Use np.sort and indexing"),
    (lambda x: np.unwrap(x), T, r"`np.unwrap` has none. If its derivative is not needed, compute it outside of the differentiated function, or from `stop_gradient\(x\)`"),
    (lambda x: np.fft.fft(x), T, r"`np.fft.fft` has none"),
    (lambda x: np.frexp(x)[0], T, r"`np.frexp` has none"),
    (lambda x: np.nextafter(x, 1.0), T, r"`np.nextafter` has none"),
    (lambda x: np.multiply.reduceat(x, [0]), T, r"`np.multiply.reduceat` has none. Write it with the function itself"),
    (lambda x: np.logaddexp.reduce(x), T, r"`np.logaddexp.reduce` has none"),
    # forms of a function that are not supported
    (lambda x: np.exp(x, out=np.empty(3)), T, r"`np.exp` of a traced array needs its plain form: came `out=`. Leave it out"),
    (lambda x: np.add(x, 1.0, where=[True, False, True]), T, r"came `where=`"),
    (lambda x: np.sum(x, dtype=np.float32), T, r"`np.sum` of a traced array needs its plain form: came `dtype=`"),
    (lambda x: np.nan_to_num(x, nan=3.0), T, r"`np.nan_to_num` .*came `nan=`"),
    (lambda x: np.pad(x, 1, mode="linear_ramp"), T, r"`np.pad` .*came `mode=`"),
    (lambda x: np.einsum(x, [0], [0]), T, r"`np.einsum` .*came `sublist=`"),
    # assignment, conversion, branches
    (lambda x: x.__setitem__(0, 1.0), T, r"A traced array needs to stay as it is: came an assignment `x\[...\] = value`. Build a new array"),
    (lambda x: math.exp(x[0]), T, r"came a conversion of a traced array to a Python float, .*Use np.exp rather than math.exp"),
    (lambda x: float(x[0]), T, r"to a Python float"),
    (lambda x: int(x[0]), T, r"to a Python int"),
    (lambda x: complex(x[0]), T, r"to a Python complex"),
    (lambda x: [1, 2, 3][x[0]], T, r"to an index"),
    (lambda x: x.item(), T, r"to a Python number"),
    (lambda x: x.tolist(), T, r"to a list"),
    (lambda x: np.asarray(x), T, r"to a plain array"),
    (lambda x: np.array([x[0], x[1]]), T, r"conversion of a traced array .*np.stack rather than np.array"),
    (lambda x: np.zeros(3).__setitem__(0, x[0]), T, r"conversion of a traced array"),
    (lambda x: x if x else -x, V, r"A branch needs one truth value: came a traced array of shape \(3,\). Use np.where"),
    (lambda x: x if x > 0 else -x, V, r"A branch needs one truth value: came a comparison of arrays with several entries"),
    # complex numbers
    (lambda x: np.abs(np.sum(x * 1j)), T, r"needs real arithmetic: the function computes with complex numbers"),
    (lambda x: np.sum(x * 1j), T, r"needs real arithmetic"),
    # wrong shapes and values
    (lambda x: np.cross(np.stack([x, x])[:, :2], x[:2]), V, r"`np.cross` needs vectors of three entries: came shapes \(2, 2\) and \(2,\)"),
    (lambda x: np.linalg.norm(np.outer(x, x), 3), V, r"`np.linalg.norm` of a matrix needs ord .*: came 3"),
    (lambda x: np.linalg.svd(np.stack([x, x]))[0], V, r"`np.linalg.svd` of a traced array needs full_matrices=False: came a matrix of shape \(2, 3\)"),
    (lambda x: ad.cross_entropy(x, 3), V, r"`cross_entropy` needs classes from 0 to 2: came classes from 3 to 3"),
    (lambda x: ad.cross_entropy(x, [0, 1]), V, r"`cross_entropy` needs `target` of shape \(\): came shape \(2,\)"),
    (lambda x: ad.cross_entropy(x, [0.5, 0.5]), V, r"`cross_entropy` needs `target` of shape \(3,\): came shape \(2,\)"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "kind", "message"), REFUSED)
def test_refusals(f, kind, message):
    with pytest.raises(kind, match=message):
        ad.grad(lambda x: np.sum(f(x)))(X)


CALLS = [
    (lambda: ad.grad(lambda x: x**2)(X), V, r"`grad` needs a scalar function: `f\(x\)` returned shape \(3,\). Reduce it with np.sum, or use `jacobian`."),
    (lambda: ad.value_and_grad(lambda x: x**2)(X), V, r"`value_and_grad` needs a scalar function"),
    (lambda: ad.grad(lambda x: X)(X), V, r"returned shape \(3,\)"),
    (lambda: ad.grad(lambda x: (x, x))(2.0), T, r"`grad` needs a scalar function: `f\(x\)` returned a tuple. Return one number, and extra results with has_aux=True."),
    (lambda: ad.grad(lambda x: None)(2.0), T, r"returned a NoneType"),
    (lambda: ad.grad(lambda x: ([x], x), has_aux=True)(2.0), T, r"returned a list. Return one number and the extra result as a pair"),
    (lambda: ad.grad(lambda x: x, has_aux=True)(2.0), T, r"`grad` with has_aux=True needs a function that returns a pair, \(value, extra\): `f\(x\)` returned a Variable"),
    (lambda: ad.grad(np.sum)(np.array([1, 2])), T, r"`grad` needs floating-point arguments: argument 0 has dtype int64. Convert it, `x.astype\(float\)` or 3.0 instead of 3."),
    (lambda: ad.grad(lambda x: x)(3), T, r"argument 0 has dtype int64"),
    (lambda: ad.grad(lambda a, b: b, 1)(1.0, True), T, r"argument 1 has dtype bool"),
    (lambda: ad.grad(np.sum)(X * 1j), T, r"`grad` needs real arguments: argument 0 has dtype complex128. Pass real and imaginary part"),
    (lambda: ad.grad(np.sum)("text"), T, r"`grad` needs arrays, or dicts, lists and tuples of them: argument 0 is a str"),
    (lambda: ad.grad(np.sum)({"a": None}), T, r"argument 0 is a NoneType"),
    (lambda: ad.grad(lambda x: x, 1)(1.0), V, r"`grad` needs argument 1 by position: came 1 positional argument. Pass it by position, or change `argnums`."),
    (lambda: ad.hvp(lambda x: x)(1.0), V, r"`hvp` needs argument 0 by position: came 0 positional arguments"),
    (lambda: ad.jacobian(lambda x: x)(3), T, r"`jacobian` needs floating-point arguments"),
    (lambda: ad.vjp(lambda x: x, 3), T, r"`vjp` needs floating-point arguments: `x` has dtype int64"),
    (lambda: ad.vjp(lambda x: x * 1j, X), T, r"`vjp` needs real arithmetic"),
    (lambda: ad.jvp(lambda x: x * 1j, X, X), T, r"`jvp` needs real arithmetic"),
    (lambda: ad.vjp(lambda x: x, X)[1](np.ones(2)), V, r"`pullback` needs `v` of shape \(3,\): came shape \(2,\)"),
    (lambda: ad.vjp(lambda x: [x], X)[1](X), V, r"`pullback` needs `v` to have the structure \[\*\]: came \*. Use the same dicts, lists and tuples."),
    (lambda: ad.jvp(lambda x: x, X, np.ones(2)), V, r"`jvp` needs `v` of shape \(3,\): came shape \(2,\)"),
    (lambda: ad.jvp(lambda p: p["a"], {"a": X}, (X,)), V, r"`jvp` needs `v` to have the structure \{'a': \*\}: came \(\*\)"),
    (lambda: ad.hvp(np.sum)(X, np.ones(2)), V, r"`hvp` needs `v` of shape \(3,\): came shape \(2,\)"),
    (lambda: ad.jvp(lambda x: x, 3, 1), T, r"`jvp` needs floating-point arguments"),
    (lambda: ad.cross_entropy(np.zeros((2, 3)), [0, -1]), V, r"came classes from -1 to 0"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), CALLS)
def test_refused_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_a_traced_array_that_escapes_is_refused():
    kept = []
    ad.grad(lambda x: (kept.append(x), np.sum(x))[1])(X)
    with pytest.raises(
        TypeError,
        match=r"A traced array needs the call that made it: came one whose derivative is finished",
    ):
        ad.grad(lambda y: np.sum(y * kept[0]))(X)
    with pytest.raises(TypeError, match="derivative is finished"):
        np.sin(kept[0])


def test_errors_of_the_function_itself_pass_through():
    with pytest.raises(KeyError, match="mine"):
        ad.grad(lambda x: {}["mine"])(X)
    with pytest.raises(ValueError, match="mine"):
        ad.grad(lambda x: (_ for _ in ()).throw(ValueError("mine")))(X)
    with pytest.raises(ValueError, match="matmul"):
        ad.grad(lambda x: np.sum(x @ np.ones((2, 2))))(X)
    with pytest.raises(ValueError, match="axis"):
        ad.grad(lambda x: np.sum(x, axis=3))(X)
    with pytest.raises(ValueError, match="same shape"):
        ad.grad(lambda x: np.sum(np.stack([x, x[:1]])))(X)
    with pytest.raises(ValueError, match="equal division"):
        ad.grad(lambda x: np.sum(np.split(x, 2)[0]))(X)


# -------------------------------------------------------------------- random expressions against JAX

UNARY = {
    "sin": lambda np, x: np.sin(x),
    "tanh": lambda np, x: np.tanh(x),
    "exp": lambda np, x: np.exp(-(x**2)),
    "log1p": lambda np, x: np.log1p(x**2),
    "sqrt": lambda np, x: np.sqrt(x * x + 1),
    "half": lambda np, x: 0.5 - x,
    "cumsum": lambda np, x: np.cumsum(x, axis=-1),
    "flip": lambda np, x: np.flip(x, axis=-1),
    "mean": lambda np, x: np.mean(x, axis=-1, keepdims=True) + x,
    "softmax": lambda np, x: np.exp(x - np.max(x)) / np.sum(np.exp(x - np.max(x))),
    "sort": lambda np, x: np.sort(x, axis=-1),
    "slice": lambda np, x: np.concatenate([x[..., 1:], x[..., :1]], axis=-1),
    "gather": lambda np, x: x[..., np.array([0, 2, 0])],
    "where": lambda np, x: np.where(x > 0.1, x, 0.2 * x),
    "norm": lambda np, x: x / np.linalg.norm(x),
    "square": lambda np, x: x**2 / (1 + abs(x)),
}
BINARY = {
    "add": lambda np, x, y: x + y,
    "multiply": lambda np, x, y: x * y,
    "divide": lambda np, x, y: x / (1 + y * y),
    "maximum": lambda np, x, y: np.maximum(x, y + 0.123),
    "matmul": lambda np, x, y: (x[..., None] * y[..., None, :]) @ x.reshape(-1)[:3],
    "einsum": lambda np, x, y: np.einsum("...i,...j->...i", x, y),
    "logaddexp": lambda np, x, y: np.logaddexp(x, y),
}
expressions = st.recursive(
    st.sampled_from(["x", "y"]),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(sorted(UNARY)), inner),
        st.tuples(st.sampled_from(sorted(BINARY)), inner, inner),
    ),
    max_leaves=5,
)


def evaluate(expression, np, x, y):
    if isinstance(expression, str):
        return {"x": x, "y": y}[expression]
    name, *inner = expression
    parts = [evaluate(e, np, x, y) for e in inner]
    return (UNARY if len(parts) == 1 else BINARY)[name](np, *parts)


@settings(max_examples=40)
@given(expressions, st.integers(0, 2**32 - 1))
def test_random_expressions_agree_with_jax(expression, seed):
    jax = pytest.importorskip("jax")
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal(3), rng.standard_normal((2, 3))
    v = (rng.standard_normal(3), rng.standard_normal((2, 3)))

    def f(np):
        return lambda x, y: np.sum(np.sin(evaluate(expression, np, x, y)))

    gradient = ad.grad(f(np), (0, 1))
    ours = ad.jvp(lambda p: gradient(*p), (x, y), v)
    with jax.enable_x64(True), np.errstate(all="ignore"):
        compiled = jax.jit(
            lambda x, y: jax.jvp(jax.grad(f(jax.numpy), (0, 1)), (x, y), v),
            compiler_options=QUICK,
        )
        theirs = compiled(x, y)
    for order, ours_of, theirs_of in zip(("first", "second"), ours, theirs, strict=True):
        for a, b in zip(ours_of, theirs_of, strict=True):
            scale = 1 + np.max(np.abs(b))
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-8 * scale, err_msg=order)


def test_variables_have_no_dictionary():
    """A million of them may be alive at once."""
    assert not hasattr(Variable(X, Tape(), 0), "__dict__")
