"""Derivatives from values: accuracy, error estimates, shapes, edges of domains, and every message."""

import math
import warnings

import numpy as np
import pytest
from benchmarks.functions import cases
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln

from calcml import _checks
from calcml.numeric import (
    derivative,
    directional_derivative,
    gradient,
    hessian,
    hvp,
    jacobian,
)
from calcml.numeric._noise import noise_from

REAL = ("central", "forward", "backward", "richardson")
METHODS = (*REAL, "complex")
CASES = cases()
BY_NAME = {case.name: case for case in CASES}


def wave(x):
    return np.sum(np.sin(x) * x)


def wave_gradient(x):
    return np.sin(x) + x * np.cos(x)


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x):
    x = np.asarray(x)
    d = x[1:] - x[:-1] ** 2
    g = np.zeros_like(x)
    g[1:] += 200 * d
    g[:-1] += -400 * d * x[:-1] - 2 * (1 - x[:-1])
    return g


class Counted:
    def __init__(self, f):
        self.f, self.calls = f, 0

    def __call__(self, x):
        self.calls += 1
        return self.f(x)


# Accuracy, evaluations and error estimates on the 26 functions of the benchmark.


@pytest.fixture(scope="module", params=[26, 1])
def measured(request):
    rows = {}
    for case in cases(request.param):
        f = Counted(case.f)
        g, error = gradient(f, case.x, method="richardson", return_error=True)
        rows[case.name] = (case, g, error, f.calls / case.x.size)
    return rows


def relative(case, g):
    return np.max(np.abs(g - case.exact)) / np.max(np.abs(case.exact))


def test_there_are_26_functions_of_which_12_are_core():
    assert len(CASES) == 26
    assert sum(case.core for case in CASES) == 12


def test_richardson_is_accurate_on_all_core_functions_and_25_of_26(measured):
    errors = {name: relative(case, g) for name, (case, g, _, _) in measured.items()}
    core = [errors[name] for name, (case, *_) in measured.items() if case.core]
    assert max(core) <= 1e-8
    assert sum(error <= 1e-8 for error in errors.values()) >= 25
    assert max(errors.values()) <= 1e-5


def test_richardson_needs_about_twelve_evaluations_for_a_component(measured):
    calls = [row[3] for row in measured.values()]
    assert np.mean(calls) <= 13.5
    assert sum(count > 16 for count in calls) <= 5
    assert max(calls) <= 18.5


def test_error_estimate_covers_99_percent_and_is_not_60_times_too_large(measured):
    covered, ratio = [], []
    for case, g, estimate, _ in measured.values():
        exact = np.finfo(float).eps * np.abs(case.exact)
        error = np.abs(g - case.exact)
        covered.extend(error <= estimate + exact)
        ratio.extend(estimate / np.maximum(error, exact + 1e-300))
    assert np.mean(covered) >= 0.99
    assert np.median(ratio) <= 60


@pytest.mark.parametrize("method", ["central", "forward", "backward"])
def test_error_estimates_of_plain_differences_cover(method):
    covered = []
    for case in CASES:
        if case.x.size > 50 or case.name == "Brown, badly scaled":
            continue
        g, estimate = gradient(case.f, case.x, method=method, return_error=True)
        covered.extend(np.abs(g - case.exact) <= estimate + 1e-15 * np.abs(case.exact))
    assert np.mean(covered) >= 0.95


def test_central_is_good_to_1e8_on_the_core_functions():
    errors = [relative(case, gradient(case.f, case.x)) for case in CASES if case.core]
    assert sum(error <= 1e-8 for error in errors) >= 10
    assert max(errors) <= 1e-6


def test_complex_step_is_exact_on_the_core_functions():
    for case in CASES:
        if case.core and case.x.size <= 50:
            assert relative(case, gradient(case.f, case.x, method="complex")) <= 1e-14, case.name


def test_orders_of_convergence():
    def errors(method):
        steps = np.array([1e-2, 5e-3])
        return [abs(derivative(np.exp, 0.3, method=method, h=h) - np.exp(0.3)) for h in steps]

    for method, factor in (("forward", 2), ("backward", 2), ("central", 4)):
        first, second = errors(method)
        assert first / second == pytest.approx(factor, rel=0.02)


def test_central_difference_of_a_quadratic_has_no_truncation_error():
    assert derivative(lambda x: x**2, 3.0, h=0.5) == pytest.approx(6, abs=1e-14)
    # A cubic keeps exactly h**2.
    assert derivative(lambda x: x**3, 0.0, h=0.125) == pytest.approx(0.125**2, abs=1e-16)


def test_noise_is_found_behind_the_dtype():
    def single(x):
        return float(wave(x.astype(np.float32)))

    rng = np.random.default_rng(3)
    covered = []
    for _ in range(40):
        x = rng.standard_normal(5) * 3
        for method in ("central", "richardson"):
            g, error = gradient(single, x, method=method, return_error=True)
            covered.extend(np.abs(g - wave_gradient(x)) <= error)
    assert np.mean(covered) >= 0.93
    g = gradient(single, rng.standard_normal(5), method="richardson")
    assert np.all(np.isfinite(g))


def test_noise_from_separates_noise_from_a_smooth_function():
    rng = np.random.default_rng(0)
    t = np.arange(6.0)
    level, clear = noise_from(1e-6 * rng.standard_normal((6, 200)) + t[:, None], np.full(200, 6.0))
    assert clear
    assert 0.7e-6 < np.median(level) < 1.4e-6
    _, clear = noise_from(np.exp(1e-3 * t), np.array(1.0))
    assert not clear
    _, clear = noise_from(rng.standard_normal(6), np.array(1.0))
    assert not clear


# Steps, scales, dtypes.


@pytest.mark.parametrize("method", ["central", "richardson"])
@pytest.mark.parametrize(
    ("f", "x", "exact"),
    [
        (lambda x: np.sin(x / 1e-8), 1e-8, math.cos(1) / 1e-8),
        (lambda x: np.sin(x / 1e-10), 1e-10, math.cos(1) / 1e-10),
        (lambda x: np.sin(x / 1e10), 1e10, math.cos(1) / 1e10),
        (lambda x: x**2, 1e3, 2e3),
        (np.sin, 1e6, math.cos(1e6)),
        (np.log, 1e-9, 1e9),
        (math.log, 1e-9, 1e9),
        (np.exp, 500.0, math.exp(500)),
        (lambda x: np.tanh(1e4 * x), 1e-5, 1e4 / np.cosh(0.1) ** 2),
        (np.cos, 0.0, 0.0),
        (np.cos, 1e-5, -math.sin(1e-5)),
        (np.abs, 0.0, 0.0),
        (np.abs, 1e-6, 1.0),
        (lambda x: x**2 + 1e3, 1e-3, 2e-3),
    ],
)
def test_step_follows_the_scale(f, x, exact, method):
    value, error = derivative(f, x, method=method, return_error=True)
    tolerance = 2e-3 if method == "central" else 1e-7
    assert value == pytest.approx(exact, rel=tolerance, abs=1e-6)
    assert abs(value - exact) <= error + 1e-14 * abs(exact)


def test_structure_finer_than_the_smallest_step_gives_an_infinite_error():
    for method in ("central", "richardson"):
        _, error = derivative(lambda x: np.sin(1e10 * x), 0.0, method=method, return_error=True)
        assert error > 1e10


def test_a_false_plateau_does_not_fool_the_table():
    # Long steps see a line of slope 1, at every length; the slope at the point is 2.
    x = np.arange(1.0, 6.0) / 7
    g = gradient(lambda x: np.sum(x + 1e-4 * np.sin(1e4 * x)), x, method="richardson")
    np.testing.assert_allclose(g, 1 + np.cos(1e4 * x), atol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_float32_is_kept_and_gets_its_own_step(method):
    x = np.array([1.0, -2.0, 0.5], dtype=np.float32)
    g, error = gradient(wave, x, method=method, return_error=True)
    assert g.dtype == error.dtype == np.float32
    tolerance = 5e-3 if method in ("forward", "backward") else 2e-4
    np.testing.assert_allclose(g, wave_gradient(x.astype(float)), atol=tolerance)


def test_longdouble_keeps_the_precision_that_it_has():
    """On some platforms it is float64 under another name."""
    x, eps = np.array([1.0, -2.0, 0.5], dtype=np.longdouble), np.finfo(np.longdouble).eps
    exact = wave_gradient(x)
    for method, tolerance in (
        ("central", 50 * eps ** (2 / 3)),
        ("richardson", 2e4 * eps),
        ("complex", 10 * eps),
    ):
        g = gradient(wave, x, method=method)
        assert g.dtype == np.longdouble
        assert np.max(np.abs(g - exact)) < tolerance


def test_h_may_be_a_number_or_one_for_each_component():
    x = np.array([1.0, 2.0])
    both = gradient(lambda x: np.sum(x**3), x, h=0.1)
    np.testing.assert_allclose(both, 3 * x**2 + 0.01, rtol=1e-12)
    each = gradient(lambda x: np.sum(x**3), x, h=[0.1, 0.2])
    np.testing.assert_allclose(each, 3 * x**2 + [0.01, 0.04], rtol=1e-12)


def test_evaluations():
    x = np.ones(10)
    for method, expected in (("central", 21), ("forward", 11), ("backward", 11)):
        f = Counted(wave)
        gradient(f, x, method=method)
        assert f.calls == expected
    f = Counted(wave)
    directional_derivative(f, x, x)
    assert f.calls == 3
    f = Counted(wave)
    gradient(f, x, method="complex")
    # One for each component, one at the point, and a comparison with real differences.
    assert f.calls <= 11 + 3 * 10
    g = Counted(wave_gradient)
    hvp(None, x, x, gradient=g)
    assert g.calls == 2
    f = Counted(wave)
    hvp(f, x, x)
    assert f.calls <= 4 * 10 + 2 + 20


# Shapes and arguments.


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (2, 1, 3), (0,), (0, 4)])
@pytest.mark.parametrize("method", METHODS)
def test_gradient_has_the_shape_of_x(shape, method):
    x = np.random.default_rng(0).standard_normal(shape)
    g = gradient(wave, x, method=method)
    assert np.shape(g) == shape
    np.testing.assert_allclose(g, wave_gradient(x), atol=1e-6)


@pytest.mark.parametrize("out", [(), (1,), (2,), (2, 3)])
@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 2), (0,)])
@pytest.mark.parametrize("method", METHODS)
def test_jacobian_has_shape_out_plus_in(out, shape, method):
    rng = np.random.default_rng(1)
    A = rng.standard_normal((*out, *shape))
    x = rng.standard_normal(shape)

    def F(x):
        return np.tensordot(A, x, axes=len(shape)) if len(shape) else A * x

    J, error = jacobian(F, x, method=method, return_error=True)
    assert np.shape(J) == np.shape(error) == out + shape
    np.testing.assert_allclose(J, A, atol=1e-6)


def test_layouts_of_memory_do_not_matter():
    base = np.random.default_rng(2).standard_normal((4, 6))
    for x in (np.asfortranarray(base), base[::2, ::-3], base.T, np.broadcast_to(base[0], (3, 6))):
        before = x.copy()
        np.testing.assert_allclose(gradient(wave, x), wave_gradient(x), atol=1e-8)
        np.testing.assert_array_equal(x, before)


def test_read_only_and_integer_points():
    x = np.arange(4)
    x.flags.writeable = False
    g = gradient(wave, x)
    assert g.dtype == np.float64
    np.testing.assert_allclose(g, wave_gradient(x.astype(float)), atol=1e-8)
    assert gradient(lambda x: x**2, 3) == pytest.approx(6)


def test_a_function_that_changes_its_argument_is_harmless():
    def f(x):
        x *= 2
        return np.sum(x)

    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(gradient(f, x), 2)
    np.testing.assert_array_equal(x, [1, 2, 3])


def test_a_number_is_passed_as_a_number_and_an_array_as_an_array():
    seen = []

    def f(x):
        seen.append(type(x))
        return x * 2.0

    derivative(f, 1.0)
    derivative(f, np.float64(1.0))
    assert not any(issubclass(kind, np.ndarray) for kind in seen)
    seen.clear()
    derivative(f, np.array(1.0), method="forward")
    assert all(issubclass(kind, np.ndarray) for kind in seen)


@pytest.mark.parametrize("method", METHODS)
def test_batched_gives_the_same(method):
    x = np.random.default_rng(4).standard_normal((3, 4))

    def f(x):
        return np.sum(np.sin(x) * x, axis=(-1, -2))

    calls = Counted(f)
    g = gradient(calls, x, method=method, batched=True)
    np.testing.assert_allclose(g, gradient(f, x, method=method), atol=1e-12)
    assert calls.calls < 60

    def F(x):
        return np.cos(x).sum(axis=-1)

    J = jacobian(F, x, method=method, batched=True)
    np.testing.assert_allclose(J, jacobian(F, x, method=method), atol=1e-12)


def test_batches_are_cut_into_pieces():
    x = np.ones(300)
    f = Counted(lambda x: np.sum(x**2, axis=-1))
    np.testing.assert_allclose(gradient(f, x, batched=True), 2, atol=1e-7)
    assert 4 <= f.calls <= 20


def test_derivative_of_a_curve_has_the_shape_of_the_value():
    d = derivative(lambda t: np.array([np.cos(t), np.sin(t)]), 0.5)
    np.testing.assert_allclose(d, [-np.sin(0.5), np.cos(0.5)], atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_derivative_acts_entry_by_entry_on_arrays(method):
    x = np.linspace(-3, 3, 12).reshape(3, 4)
    f = Counted(np.sin)
    d, error = derivative(f, x, method=method, return_error=True)
    assert d.shape == error.shape == (3, 4)
    np.testing.assert_allclose(d, np.cos(x), atol=1e-7)
    assert np.all(np.abs(d - np.cos(x)) <= error + 1e-15)
    assert f.calls < 50
    assert derivative(np.sin, np.zeros((0, 2)), method=method).shape == (0, 2)


def test_directional_derivative_is_linear_in_u():
    x, u = np.array([1.0, 2.0]), np.array([3.0, -1.0])
    once = directional_derivative(wave, x, u)
    assert once == pytest.approx(wave_gradient(x) @ u, rel=1e-9)
    assert directional_derivative(wave, x, 2 * u) == pytest.approx(2 * once, rel=1e-8)
    assert directional_derivative(wave, x, 1e8 * u) == pytest.approx(1e8 * once, rel=1e-8)
    assert directional_derivative(wave, x, 0 * u) == pytest.approx(0, abs=1e-12)
    for method in METHODS:
        d, error = directional_derivative(wave, x, u, method=method, return_error=True)
        assert abs(d - wave_gradient(x) @ u) <= error + 1e-14
    assert directional_derivative(wave, x, u, h=1e-4) == pytest.approx(once, rel=1e-6)


# The edge of the domain.


@pytest.mark.parametrize("method", REAL)
def test_logarithm_near_its_edge(method):
    x = np.array([1e-9 if method in ("central", "richardson") else 1e-6, 1e-4, 1.0])
    g, error = gradient(lambda x: np.sum(np.log(x)), x, method=method, return_error=True)
    np.testing.assert_allclose(g, 1 / x, rtol=0.05 if method in ("forward", "backward") else 1e-4)
    assert np.all(np.abs(g - 1 / x) <= error)


@pytest.mark.parametrize("method", REAL)
def test_one_sided_at_an_edge_with_a_finite_derivative(method):
    value, error = derivative(
        lambda x: np.where(x >= 0, np.exp(x), np.nan), 0.0, method=method, return_error=True
    )
    assert abs(value - 1) <= error < 1e-5


@pytest.mark.parametrize("method", ["central", "richardson"])
def test_a_derivative_that_does_not_exist_has_an_infinite_error(method):
    value, error = derivative(np.sqrt, 0.0, method=method, return_error=True)
    assert value > 100
    assert np.isinf(error)
    value, error = derivative(lambda x: x * np.sqrt(x), 0.0, method=method, return_error=True)
    assert abs(value) <= error < 1e-2


def test_exceptions_of_the_function_count_as_outside_and_its_warnings_are_kept_quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert derivative(math.sqrt, 1e-12) == pytest.approx(0.5e6, rel=1e-4)
        assert derivative(np.arcsin, 1 - 1e-9) == pytest.approx(22360.68, rel=1e-3)


def test_no_side_raises_and_names_the_component():
    def f(x):
        return np.where(np.all(x[:, 1] == 2.0), np.sum(x), np.nan)

    with pytest.raises(
        ValueError, match=r"`gradient` needs values next to `x`: moving `x\[0, 1\]`"
    ):
        gradient(f, [[1.0, 2.0]])

    def g(x):
        if x != 1.0:
            raise ValueError("only at 1")
        return x

    with pytest.raises(ValueError, match=r"moving `x` either way") as caught:
        derivative(g, 1.0)
    assert "only at 1" in str(caught.value.__cause__)
    with pytest.raises(ValueError, match="moving `x` along `u` either way"):
        directional_derivative(lambda x: np.where(x[0] == 1, 1.0, np.nan), [1.0], [1.0])


def test_errors_of_the_function_at_the_point_are_its_own():
    def f(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        gradient(f, [1.0])


# The complex step.


def buffer(x):
    out = np.zeros(x.shape)
    out[...] = x
    return out.sum()


def buffer_by_entry(x):
    out = np.zeros(x.size)
    for i, value in enumerate(x):
        out[i] = value**2
    return out.sum()


NOT_ANALYTIC = {
    "abs": lambda x: np.sum(np.abs(x)),
    "abs squared": lambda x: np.sum(np.abs(x) ** 2),
    "norm": np.linalg.norm,
    "vdot": lambda x: np.vdot(x, x),
    "conj": lambda x: np.sum(x * np.conj(x)),
    "real": lambda x: np.sum(np.real(x)),
    "real of a part": lambda x: np.real(x[0]) * x[1] + x[2],
    "real buffer": buffer,
    "real buffer by entry": buffer_by_entry,
    "float": lambda x: float(x[0]) ** 2,
    "astype": lambda x: np.sum(x.astype(float)),
    "std": np.std,
    "singular values": lambda x: np.linalg.svd(np.outer(x, x) + np.eye(4))[1].sum(),
    "one of many": lambda x: np.sum(x[:-1] ** 2) + np.abs(x[-1]),
    "a small part of a large value": lambda x: 1e6 * x[0] ** 2 + 1e-3 * np.abs(x[1]),
    "maximum of absolute values": lambda x: np.max(np.abs(x)),
    "Frobenius loss": lambda x: np.linalg.norm(np.outer(x, x) - np.eye(4)) ** 2,
    "a branch on abs": lambda x: np.sum(np.where(np.abs(x) > 0.1, np.abs(x), x**2)),
    "gammaln": lambda x: np.sum(gammaln(x + 5)),
    "logaddexp": lambda x: np.sum(np.logaddexp(x, 0)),
    "arctan2": lambda x: np.arctan2(x[0], x[1]),
    "math": lambda x: math.sin(x[0]),
}


@pytest.mark.parametrize("name", NOT_ANALYTIC)
def test_complex_step_refuses_what_drops_the_imaginary_part(name):
    x = np.array([0.3, -0.7, 1.1, 0.4])
    with pytest.raises(ValueError, match=r'method="complex"\) needs|method="central"') as caught:
        gradient(NOT_ANALYTIC[name], x, method="complex")
    assert "needs an analytic function" in str(caught.value)
    np.testing.assert_allclose(
        gradient(NOT_ANALYTIC[name], x),
        gradient(NOT_ANALYTIC[name], x, method="richardson"),
        rtol=1e-4,
        atol=1e-4,
    )


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: np.maximum(x, 0).sum(), [0.0, 1.0]),
        (lambda x: np.max(x), [1.0, 1.0]),
        (lambda x: np.sum(np.where(x > 0, x, 0)) + np.sum(np.abs(x)), [0.5, 0.25]),
    ],
)
def test_complex_step_refuses_ties_and_kinks(f, x):
    with pytest.raises(ValueError, match="needs an analytic function"):
        gradient(f, x, method="complex")


@pytest.mark.parametrize("dropping", range(7))
def test_complex_step_finds_one_dropped_term_of_any_size(dropping):
    size = 10.0 ** np.arange(-6, 1)

    def f(x):
        value = size * np.sin(x)
        return np.sum(np.where(np.arange(7) == dropping, value.real, value))

    with pytest.raises(ValueError, match="needs an analytic function"):
        gradient(f, np.linspace(0.1, 1, 7), method="complex")


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: 3.0, [0, 0, 0, 0]),
        (lambda x: 7, [0, 0, 0, 0]),
        (lambda x: x[0] ** 3, [0.27, 0, 0, 0]),
        (lambda x: np.sum(np.maximum(x, 0)), [1, 0, 1, 1]),
        (lambda x: np.sum(np.where(x > 0, x, 0)), [1, 0, 1, 1]),
        (lambda x: np.max(x), [0, 0, 1, 0]),
        (lambda x: np.sum(np.clip(x, -0.5, 0.5)), [1, 0, 0, 1]),
        (lambda x: np.sum(np.sort(x)[:2]), [1, 1, 0, 0]),
        (lambda x: x[2] if x[0] > 0 else x[1], [0, 0, 1, 0]),
        (lambda x: 1e8 + x[1], [0, 1, 0, 0]),
    ],
)
def test_complex_step_accepts_zero_derivatives_and_branches(f, expected):
    x = [0.3, -0.7, 1.1, 0.4]
    np.testing.assert_allclose(gradient(f, x, method="complex"), expected, atol=1e-13)


def test_complex_step_has_full_precision_under_cancellation_and_at_zero():
    for x in (1e-9, 1e-5, 0.0, 1e-200, 3.0):
        d = derivative(lambda x: 1 - np.cos(x), x, method="complex")
        assert d == pytest.approx(math.sin(x), rel=1e-15, abs=0)


def test_complex_step_says_why():
    with pytest.raises(ValueError, match="discards the imaginary part, in a real array"):
        gradient(buffer, [1.0], method="complex")
    with pytest.raises(ValueError, match="it raised TypeError"):
        gradient(lambda x: np.sum(np.logaddexp(x, 0)), [1.0], method="complex")

    def without_complex_version(x):
        """As PyTorch does: a RuntimeError for a sort, and a subclass of it for a softplus."""
        if np.iscomplexobj(x):
            raise RuntimeError("Sort does not support complex dtypes")
        return np.sum(np.sort(x)[:1])

    with pytest.raises(ValueError, match="it raised RuntimeError: Sort does not support"):
        gradient(without_complex_version, [1.0], method="complex")
    with pytest.raises(ValueError, match="by real differences and 0 by the complex step"):
        gradient(lambda x: np.sum(np.abs(x)), [1.0], method="complex")
    with pytest.raises(ValueError, match=r"an imaginary step in `x\[0\]` gave nan"):
        gradient(lambda x: x[0] + (np.nan if np.iscomplexobj(x) else 0), [1.0], method="complex")
    with pytest.raises(ValueError, match="at a complex point it returned NoneType"):
        gradient(lambda x: None if np.iscomplexobj(x) else 1.0, [1.0], method="complex")
    with pytest.raises(ValueError, match=r"`derivative` with method=\"complex\""):
        derivative(np.abs, [1.0, 2.0], method="complex")


@pytest.mark.parametrize("h", [1e-3, 1e-10, 1e-20, 1e-30])
def test_an_imaginary_step_may_be_given_and_as_small_as_one_likes(h):
    x = np.array([1.0, -2.0, 300.0])
    value, error = gradient(wave, x, method="complex", h=h, return_error=True)
    assert np.all(np.abs(value - wave_gradient(x)) <= error + 1e-15)
    assert np.max(np.abs(value - wave_gradient(x))) < 1e-3
    along = directional_derivative(wave, x, x, method="complex", h=h)
    assert along == pytest.approx(wave_gradient(x) @ x, rel=2e-2 if h > 1e-4 else 1e-13)
    assert hvp(None, [2.0], [1.0], lambda x: x**3, method="complex", h=h) == pytest.approx(
        12, rel=1e-6
    )


@pytest.mark.parametrize(
    "f",
    [np.abs, lambda x: np.sqrt(x * x), lambda x: np.abs(x) + x],
    ids=["abs", "sqrt of a square", "ramp"],
)
def test_complex_step_refuses_a_kink_even_where_both_slopes_agree_on_average(f):
    with pytest.raises(ValueError, match="needs an analytic function"):
        derivative(f, 0.0, method="complex")
    with pytest.raises(ValueError, match="needs an analytic function"):
        gradient(lambda x: np.sum(f(x)), np.zeros((2, 2)), method="complex")


@pytest.mark.parametrize("f", [np.sqrt, lambda x: x**1.5])
def test_complex_step_refuses_the_edge_of_a_domain(f):
    with pytest.raises(ValueError, match="`x` is at the edge of its domain, with values on one"):
        derivative(f, 0.0, method="complex")


@pytest.mark.parametrize(
    ("call", "place"),
    [
        (lambda: derivative(np.abs, 3.0, method="complex"), "moving `x`, its slope is 1 by"),
        (lambda: derivative(np.abs, [3.0], method="complex"), "moving `x[0]`, its slope is 1 by"),
        (
            lambda: gradient(lambda x: x[0] ** 2 + 7 * np.abs(x[1]), [1.0, -2.0], method="complex"),
            "moving `x[1]`, its slope is -7 by",
        ),
        (
            lambda: gradient(
                lambda x: x[0, 0] ** 2 + np.abs(x[1, 0]), np.ones((2, 2)), method="complex"
            ),
            "moving `x[1, 0]`, its slope is 1 by",
        ),
        (
            lambda: directional_derivative(
                lambda x: np.sum(np.abs(x)), [1.0, 2.0], [1.0, 1.0], method="complex"
            ),
            "moving `x` along `u`, its slope is 2 by",
        ),
        (
            lambda: hvp(None, [1.0, 2.0], [0.0, 1.0], np.abs, method="complex"),
            "moving `x` along `v`, its slope is 1 by",
        ),
        (
            lambda: gradient(lambda x: np.sum(np.abs(x)), np.ones(60), method="complex"),
            "along a mixture of all components, its slope is",
        ),
    ],
)
def test_complex_step_names_the_component_whose_imaginary_part_is_lost(call, place):
    with pytest.raises(ValueError, match="needs an analytic function") as caught:
        call()
    assert place in str(caught.value)
    assert "real differences and 0 by the complex step" in str(caught.value)


def test_complex_step_of_given_size_has_an_error_in_its_square():
    value, error = derivative(np.exp, 0.0, method="complex", h=1e-3, return_error=True)
    assert 1e-8 < abs(value - 1) <= error < 1e-5


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(-3, 3), min_size=1, max_size=4),
    st.sampled_from([np.sin, np.exp, np.tanh, np.arctan, np.square]),
    st.sampled_from([np.cos, np.sinh, np.cbrt, np.expm1]),
)
def test_methods_agree_on_composed_functions(x, inner, outer):
    def f(x):
        return np.sum(outer(inner(x) + 2.0))

    x = np.array(x)
    g, error = gradient(f, x, method="richardson", return_error=True)
    plain, plain_error = gradient(f, x, return_error=True)
    assert np.all(np.abs(g - plain) <= error + plain_error)
    if outer is not np.cbrt:
        exact = gradient(f, x, method="complex")
        assert np.all(np.abs(g - exact) <= error + 1e-13 * np.abs(exact) + 1e-300)


# Second derivatives.

POINT = np.array([0.3, -0.7, 1.2, 0.5])


def rosenbrock_hessian():
    return jacobian(rosenbrock_gradient, POINT, method="complex")


@pytest.mark.parametrize(("method", "tolerance"), [("central", 1e-7), ("richardson", 1e-12)])
def test_hessian_from_values(method, tolerance):
    H = rosenbrock_hessian()
    value, error = hessian(rosenbrock, POINT, method=method, return_error=True)
    np.testing.assert_allclose(value, value.T, atol=0)
    assert np.max(np.abs(value - H)) <= tolerance * np.max(np.abs(H))
    assert np.all(np.abs(value - H) <= error + 1e-12)


@pytest.mark.parametrize(("method", "tolerance"), [("central", 1e-9), ("complex", 1e-15)])
def test_hessian_from_the_gradient(method, tolerance):
    H = rosenbrock_hessian()
    calls = Counted(rosenbrock_gradient)
    value = hessian(None, POINT, gradient=calls, method=method)
    assert np.max(np.abs(value - H)) <= tolerance * np.max(np.abs(H))


def test_hessian_shapes_scales_and_batches():
    assert hessian(np.exp, 1.0) == pytest.approx(math.e, rel=1e-7)
    assert hessian(lambda x: np.sum(x @ x.T), np.ones((2, 3))).shape == (2, 3, 2, 3)
    assert hessian(wave, np.zeros((0,))).shape == (0, 0)
    x = np.array([1.0, 100.0, 1e-3])
    np.testing.assert_allclose(
        hessian(lambda x: np.sum(x**4, axis=-1), x, batched=True), np.diag(12 * x**2), atol=1e-3
    )
    np.testing.assert_allclose(
        hessian(lambda x: np.sum(np.log(x)), [1e-9, 2.0]),
        np.diag([-1e18, -0.25]),
        rtol=1e-5,
        atol=1e-3,
    )
    step = hessian(lambda x: np.sum(x**4), [1.0], h=0.1)
    np.testing.assert_allclose(step, [[12 + 0.02]], rtol=1e-10)
    single = hessian(wave, np.ones(2, dtype=np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, (2 * np.cos(1) - np.sin(1)) * np.eye(2), atol=5e-3)


@pytest.mark.parametrize("method", ["central", "richardson"])
def test_hessian_needs_both_sides(method):
    with pytest.raises(ValueError, match=r"needs values on both sides of `x`: moving `x\[0\]`"):
        hessian(lambda x: np.sum(np.sqrt(x)), [0.0, 1.0], method=method)


def test_hvp():
    v = np.array([1.0, 2.0, -1.0, 0.5])
    expected = rosenbrock_hessian() @ v
    np.testing.assert_allclose(hvp(None, POINT, v, rosenbrock_gradient), expected, rtol=1e-8)
    np.testing.assert_allclose(
        hvp(rosenbrock, POINT, v, rosenbrock_gradient, method="complex"),
        expected,
        rtol=1e-13,
        atol=1e-12,
    )
    np.testing.assert_allclose(hvp(rosenbrock, POINT, v), expected, rtol=1e-5)
    long = hvp(None, POINT, 1e9 * v, rosenbrock_gradient)
    np.testing.assert_allclose(long, 1e9 * expected, rtol=1e-8)
    assert hvp(np.exp, 0.0, 2.0) == pytest.approx(2.0, rel=1e-6)
    np.testing.assert_allclose(
        hvp(None, [1e-9, 1.0], [1.0, 1.0], lambda x: np.log(x), h=None), [1e9, 1.0], rtol=1e-3
    )
    given_step = hvp(None, [1.0], [1.0], lambda x: x**3, h=0.1)
    np.testing.assert_allclose(given_step, [3.01])


def test_second_derivatives_near_an_edge_and_at_a_kink():
    x, exact = [1e-3, 2.0], np.diag([-1e6, -0.25])
    value, error = hessian(lambda x: np.sum(np.log(x)), x, method="richardson", return_error=True)
    np.testing.assert_allclose(value, exact, rtol=1e-9, atol=1e-9)
    value, error = hessian(lambda x: np.sum(np.log(x)), x, return_error=True)
    assert np.all(np.abs(value - exact) <= error)
    for method in ("central", "richardson"):
        _, error = hessian(
            lambda x: np.sum(np.abs(x)), [0.0, 1.0], method=method, return_error=True
        )
        assert error[0, 0] > 10
        assert error[1, 1] < 1e-6


def test_products_with_very_long_and_very_short_vectors():
    v = np.array([1.0, 2.0, -1.0, 0.5])
    expected = rosenbrock_hessian() @ v
    for scale in (1e200, 1e-200):
        value = hvp(None, POINT, scale * v, rosenbrock_gradient)
        np.testing.assert_allclose(value, scale * expected, rtol=1e-8)


def test_batches_survive_a_function_that_raises_outside_its_domain():
    def f(points):
        return np.array([sum(math.log(entry) for entry in point) for point in points])

    x = np.array([1e-9, 1.0, 2.0])
    for method in ("central", "richardson"):
        np.testing.assert_allclose(gradient(f, x, method=method, batched=True), 1 / x, rtol=1e-4)
    np.testing.assert_allclose(derivative(np.vectorize(math.log), x), 1 / x, rtol=1e-4)


def test_forward_differences_that_span_the_scale_of_the_function_have_an_infinite_error():
    for method in ("forward", "backward"):
        for x in (1e-9, 1e-8, 3e-8, 1e-7, 1e-5):
            value, error = derivative(np.log, x, method=method, return_error=True)
            assert abs(value - 1 / x) <= error


def test_settings_of_the_caller_for_floating_point_errors_do_not_matter():
    with np.errstate(all="raise"):
        for method in METHODS:
            g = gradient(wave, np.array([1e-300, 1.0, 50.0]), method=method)
            np.testing.assert_allclose(g[1:], wave_gradient(np.array([1.0, 50.0])), rtol=1e-6)
        assert hessian(wave, [0.0, 1.0]).shape == (2, 2)
        assert hvp(wave, [0.0, 1.0], [0.0, 0.0]).shape == (2,)


# Messages: what needs what, what came, what to do.


def fine(x):
    return np.sum(x)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: gradient(3.0, [1.0]),
            TypeError,
            "`gradient` needs a function `f`: came float. Pass the function itself, not its value.",
        ),
        (
            lambda: jacobian(None, [1.0]),
            TypeError,
            "`jacobian` needs a function `F`: came NoneType. "
            "Pass the function itself, not its value.",
        ),
        (
            lambda: gradient(lambda x: x, np.ones(3)),
            ValueError,
            "`gradient` needs a scalar function: "
            "`f(x)` returned shape (3,). Reduce it with np.sum, or use `jacobian`.",
        ),
        (
            lambda: gradient(lambda x: x, [1.0]),
            ValueError,
            "`gradient` needs a scalar function: "
            "`f(x)` returned shape (1,). Reduce it with np.sum, or use `jacobian`.",
        ),
        (
            lambda: directional_derivative(lambda x: x, [1.0], [1.0]),
            ValueError,
            "`directional_derivative` needs a scalar function: `f(x)` returned shape (1,). "
            "Reduce it with np.sum, or use `jacobian`.",
        ),
        (
            lambda: hessian(lambda x: x, [1.0]),
            ValueError,
            "`hessian` needs a scalar function: "
            "`f(x)` returned shape (1,). Reduce it with np.sum, or use `jacobian`.",
        ),
        (
            lambda: gradient(fine, [1j]),
            TypeError,
            "`gradient` needs an array of real numbers as `x`: "
            "came dtype complex128. Convert it with np.asarray(..., dtype=float).",
        ),
        (
            lambda: gradient(fine, [True]),
            TypeError,
            "`gradient` needs an array of real numbers as "
            "`x`: came dtype bool. Convert it with np.asarray(..., dtype=float).",
        ),
        (
            lambda: gradient(fine, "a"),
            TypeError,
            "`gradient` needs an array of real numbers as `x`: "
            "came dtype <U1. Convert it with np.asarray(..., dtype=float).",
        ),
        (
            lambda: gradient(fine, [np.ones(2), np.ones(3)]),
            TypeError,
            "`gradient` needs an array of "
            "real numbers as `x`: came list that NumPy cannot turn into an array. Flatten the parts "
            "into one array.",
        ),
        (
            lambda: gradient(fine, [[1.0, np.nan]]),
            ValueError,
            "`gradient` needs finite numbers: `x[0, 1]` is nan. Replace it by a finite number.",
        ),
        (
            lambda: derivative(np.sin, np.inf),
            ValueError,
            "`derivative` needs finite numbers: `x` is inf. Replace it by a finite number.",
        ),
        (
            lambda: gradient(lambda x: 1j, [1.0]),
            TypeError,
            "`gradient` needs a function with real "
            "values: `f(x)` returned complex numbers. Return a number or a NumPy array of real "
            "numbers.",
        ),
        (
            lambda: gradient(lambda x: None, [1.0]),
            TypeError,
            "`gradient` needs a function with real "
            "values: `f(x)` returned NoneType. Return a number or a NumPy array of real numbers.",
        ),
        (
            lambda: gradient(lambda x: np.log(x[0] - 1), [1.0]),
            ValueError,
            "`gradient` needs finite "
            "numbers: `f(x)` is -inf. Move `x` into the domain of the function.",
        ),
        (
            lambda: jacobian(lambda x: 1 / x, [1.0, 0.0]),
            ValueError,
            "`jacobian` needs finite "
            "numbers: `F(x)[1]` is inf. Move `x` into the domain of the function.",
        ),
        (
            lambda: gradient(fine, [1.0], method="ridders"),
            ValueError,
            "`gradient` needs a known "
            '`method`: came \'ridders\'. Choose one of "central", "forward", "backward", '
            '"complex", "richardson".',
        ),
        (
            lambda: hessian(fine, [1.0], method="forward"),
            ValueError,
            "`hessian` needs a known "
            '`method`: came \'forward\'. Choose one of "central", "complex", "richardson".',
        ),
        (
            lambda: directional_derivative(fine, [1.0, 2.0], [1.0]),
            ValueError,
            "`directional_derivative` needs `u` in the shape of `x`, (2,): came shape (1,). "
            "Give `u` one entry for each component of `x`.",
        ),
        (
            lambda: hvp(fine, [1.0, 2.0], 1.0),
            ValueError,
            "`hvp` needs `v` in the shape of `x`, (2,): "
            "came shape (). Give `v` one entry for each component of `x`.",
        ),
        (
            lambda: gradient(fine, [1.0, 2.0], h=[1.0, 1.0, 1.0]),
            ValueError,
            "`gradient` needs `h` as "
            "a number or in the shape of `x`, (2,): came shape (3,). Give one step for all "
            "components, or one for each.",
        ),
        (
            lambda: hvp(None, [1.0, 2.0], [1.0, 1.0], fine, h=[1e-3]),
            ValueError,
            "`hvp` needs `h` as one number: came shape (1,). The step is the same for all components "
            "along a direction.",
        ),
        (
            lambda: directional_derivative(fine, [1.0, 2.0], [1.0, 1.0], h=1e-20),
            ValueError,
            "`directional_derivative` needs a step that changes `x`: h = 1e-20 times the direction is "
            "rounded away in float64. Use a larger h, or h=None for the automatic step.",
        ),
        (
            lambda: gradient(fine, None),
            TypeError,
            "`gradient` needs an array of real numbers as `x`: came NoneType. Convert it with "
            "np.asarray(..., dtype=float).",
        ),
        (
            lambda: gradient(lambda x: [[1.0], [1.0, 2.0]], [1.0]),
            TypeError,
            "`gradient` needs a function with real values: `f(x)` returned a list that NumPy cannot "
            "turn into an array. Return a number or a NumPy array of real numbers.",
        ),
        (
            lambda: derivative(lambda x: 1 / math.log(1) if x != 1 else 0.0, 1.0),
            ValueError,
            "`derivative` needs values next to `x`: moving `x` either way left the domain of the "
            "function, which raised ZeroDivisionError. Move `x` inside the domain, or pass a smaller "
            "h.",
        ),
        (
            lambda: hvp(lambda x: 1.0 if np.all(x == 1) else np.nan, np.ones(3), np.ones(3)),
            ValueError,
            "`hvp` needs values on both sides of `x`: moving `x` along `v` left the domain of the "
            "function. Move `x` inside the domain, or pass a smaller h.",
        ),
        (
            lambda: hessian(None, [1.0], method="complex", gradient=np.abs),
            ValueError,
            '`hessian` with method="complex" needs an analytic function of complex arrays: moving '
            "`x[0]`, its slope is 1 by real differences and 0 by the complex step, so it drops or "
            "changes the imaginary part, or has a kink there. Replace abs, norm, maximum, conj and "
            'real buffers, or use method="central".',
        ),
        (
            lambda: gradient(fine, [1.0], h=0.0),
            ValueError,
            "`gradient` needs a positive step: `h` "
            "contains 0. Pass h > 0, or h=None for the automatic step.",
        ),
        (
            lambda: gradient(fine, [1.0, 1e9], h=1e-9),
            ValueError,
            "`gradient` needs a step that "
            "changes `x`: `x[1]` = 1e+09 plus h = 1e-09 rounds to itself in float64. Use a larger h, "
            "or h=None for the automatic step.",
        ),
        (
            lambda: gradient(lambda x: np.sum(x), np.ones(3), batched=True),
            ValueError,
            "`gradient` "
            "with batched=True needs a function that keeps a leading batch axis: `f` of shape (1, 3) "
            "returned shape (). Reduce over the other axes only, or use batched=False.",
        ),
        (
            lambda: jacobian(lambda x: x[x >= 1.0], [1.0, 2.0]),
            ValueError,
            "`jacobian` needs a "
            "function whose result keeps its shape: `F` returned shape (1,) near `x`, and (2,) was "
            "expected from its value at `x`. Make the shape independent of the values.",
        ),
        (
            lambda: derivative(np.sum, [1.0, 2.0]),
            ValueError,
            "`derivative` at an array needs a "
            "function that acts entry by entry: `f(x)` of shape (2,) returned shape (). Use "
            "`gradient` or `jacobian`.",
        ),
        (
            lambda: derivative(lambda x: x - x.mean(), [1.0, 2.0]),
            ValueError,
            "`derivative` at an "
            "array needs a function that acts entry by entry: moving some entries of `x` changed "
            "`f(x)` at others. Use `gradient` or `jacobian`.",
        ),
        (
            lambda: hessian(fine, [1.0], method="complex"),
            ValueError,
            "`hessian` with "
            'method="complex" needs the gradient as a function: came gradient=None. Pass `gradient`, '
            'or use method="central" or "richardson".',
        ),
        (
            lambda: hvp(fine, [1.0], [1.0], method="complex"),
            ValueError,
            "`hvp` with "
            'method="complex" needs the gradient as a function: came gradient=None. Pass `gradient`, '
            'or use method="central".',
        ),
        (
            lambda: hessian(None, [1.0, 2.0], gradient=fine),
            ValueError,
            "`hessian` needs `gradient` "
            "to return the shape of `x`, (2,): came shape (). Return one entry for each component of "
            "`x`.",
        ),
        (
            lambda: hvp(None, [1.0, 2.0], [1.0, 0.0], fine),
            ValueError,
            "`hvp` needs `gradient` to "
            "return the shape of `x`, (2,): came shape (). Return one entry for each component of "
            "`x`.",
        ),
        (
            lambda: hvp(None, [1.0, 2.0], [1.0, 0.0], fine, method="complex"),
            ValueError,
            "`hvp` needs "
            "`gradient` to return the shape of `x`, (2,): came shape (). Return one entry for each "
            "component of `x`.",
        ),
        (
            lambda: hvp(None, [0.0], [1.0], np.sqrt),
            ValueError,
            "`hvp` needs finite numbers: "
            "`gradient(x + t * v)[0]` is nan. Move `x` inside the domain, or pass `h`.",
        ),
        (
            lambda: hvp(None, [1.0], [1.0]),
            TypeError,
            "`hvp` needs a function `f`: came NoneType. Pass the function itself, not its value.",
        ),
    ],
)
def test_messages(call, kind, message):
    with pytest.raises(kind) as caught, np.errstate(all="ignore"):
        call()
    assert str(caught.value) == message


def test_component_names():
    assert _checks.component("x", ()) == "x"
    assert _checks.component("x", (2, 3)) == "x[2, 3]"
