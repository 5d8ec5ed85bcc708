"""Geometry: laws that hold for every input, independent oracles, and every error sentence."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import scipy.optimize
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from calcml import geometry
from calcml.problems import late_loss, line_loss, two_layer_loss

EPS = np.finfo(float).eps
seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 8)
entries = st.floats(-1e3, 1e3).filter(lambda t: abs(t) > 1e-3)


def vectors(n):
    return arrays(float, n, elements=entries)


def random_symmetric(seed, n):
    a = np.random.default_rng(seed).normal(size=(n, n))
    return a + a.T


def orthogonal(seed, n):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]


def with_eigenvalues(seed, values):
    q = orthogonal(seed, len(values))
    h = q @ np.diag(values) @ q.T
    return 0.5 * (h + h.T)


# Directions


@given(sizes.flatmap(vectors))
def test_unit_has_length_one_and_keeps_the_direction(v):
    u = geometry.unit(v)
    assert abs(np.linalg.norm(u) - 1.0) < 4 * EPS
    assert np.allclose(u * np.linalg.norm(v), v, rtol=8 * EPS)


@pytest.mark.parametrize("scale", [5e-324, 1e-310, 1e-200, 1.0, 1e200, 3e307])
def test_unit_does_not_overflow_or_underflow(scale):
    v = np.array([3.0, 4.0]) * scale
    assert np.allclose(geometry.unit(v), [0.6, 0.8], rtol=8 * EPS)


def test_unit_of_a_power_of_two_multiple_is_exactly_the_same():
    v = np.random.default_rng(0).normal(size=(50, 3))
    assert np.array_equal(geometry.unit(v * 2.0**600), geometry.unit(v))


def test_unit_takes_many_vectors_at_once():
    v = np.random.default_rng(0).normal(size=(4, 5, 3))
    assert np.array_equal(geometry.unit(v)[2, 3], geometry.unit(v[2, 3]))


@given(seeds, st.integers(2, 6), st.floats(-16.0, 0.0))
def test_angle_recovers_a_known_rotation_to_full_precision(seed, n, exponent):
    theta = np.pi * 10.0**exponent
    a, b = orthogonal(seed, n)[:2]
    turned = np.cos(theta) * a + np.sin(theta) * b
    measured = geometry.angle(3.0 * a, 0.2 * turned, degrees=False)
    # rounding of the two vectors themselves moves the angle by a few units of 1e-16, absolutely
    assert abs(measured - theta) < 20 * EPS


def test_angle_keeps_the_digits_that_the_arc_cosine_loses():
    a, b = np.array([1.0, 0.0]), np.array([1.0, 1e-9])
    assert np.isclose(geometry.angle(a, b, degrees=False), 1e-9, rtol=1e-12)
    cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    assert abs(np.arccos(cosine) - 1e-9) > 0.5e-9  # what the test guards against
    assert np.isclose(geometry.angle(a, -b, degrees=False), np.pi - 1e-9, rtol=1e-15)


@given(st.integers(2, 6).flatmap(lambda n: st.tuples(vectors(n), vectors(n), vectors(n))))
def test_angle_is_a_distance_between_directions(abc):
    a, b, c = abc
    assert np.isclose(geometry.angle(a, b), geometry.angle(b, a), atol=1e-13)
    assert np.isclose(geometry.angle(a, b) + geometry.angle(a, -b), 180.0)
    assert geometry.angle(a, c) <= geometry.angle(a, b) + geometry.angle(b, c) + 1e-9
    assert geometry.angle(a, 7.0 * a) < 1e-13


def test_angle_agrees_with_the_arc_cosine_where_that_is_accurate():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 1000, 5))
    cosine = np.sum(a * b, axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert np.allclose(geometry.angle(a, b), np.degrees(np.arccos(cosine)), atol=1e-10)


def test_headings_at_quarter_turns_are_exact():
    degrees, directions = geometry.headings(8)
    assert np.array_equal(degrees, 45.0 * np.arange(8))
    assert np.array_equal(directions[::2], [[1, 0], [0, 1], [-1, 0], [0, -1]])
    assert not np.any(np.signbit(directions[::2]) & (directions[::2] == 0.0))
    assert np.array_equal(geometry.heading(-270.0), [0.0, 1.0])
    assert np.array_equal(geometry.heading(36000090.0), [0.0, 1.0])


@given(st.floats(-1e4, 1e4))
def test_heading_is_cosine_and_sine(degrees):
    t = np.radians(degrees)
    assert np.allclose(geometry.heading(degrees), [np.cos(t), np.sin(t)], atol=1e-11)
    assert np.allclose(geometry.heading([[degrees]]), [[geometry.heading(degrees)]], rtol=0, atol=0)


@given(st.integers(1, 400))
def test_headings_are_spread_evenly(n):
    degrees, directions = geometry.headings(n)
    assert degrees.shape == (n,)
    assert directions.shape == (n, 2)
    assert np.allclose(directions.sum(axis=0), [1.0, 0.0] if n == 1 else [0.0, 0.0], atol=1e-12)
    if n > 2:
        steps = geometry.angle(directions, np.roll(directions, -1, axis=0))
        assert np.allclose(steps, 360.0 / n, atol=1e-10)


@given(sizes.flatmap(lambda n: st.tuples(vectors(n), vectors(n))))
def test_no_direction_is_steeper_than_the_gradient(gv):
    g, v = gv
    steepest = np.linalg.norm(g)
    assert abs(geometry.slope(g, v)) <= steepest * (1 + 8 * EPS)
    assert np.isclose(geometry.slope(g, geometry.steepest_ascent(g)), steepest)
    assert np.isclose(geometry.slope(g, geometry.steepest_descent(g)), -steepest)
    assert np.isclose(geometry.slope(g, 17.0 * v), geometry.slope(g, v))
    assert np.isclose(geometry.slope(g, -v), -geometry.slope(g, v))


def test_slope_is_the_derivative_along_the_line():
    p = np.array([2.0, 5.0])
    _, directions = geometry.headings(36)
    h = 1e-30
    measured = [late_loss(p + 1j * h * u).imag / h for u in directions]
    assert np.allclose(geometry.slope(late_loss.gradient(p), directions), measured, rtol=1e-13)


@given(st.integers(1, 8).flatmap(vectors))
def test_level_directions_are_a_right_handed_orthonormal_basis_with_the_gradient(g):
    basis = geometry.level_directions(g)
    n = g.size
    assert basis.shape == (n - 1, n)
    frame = np.vstack([g / np.linalg.norm(g), basis])
    assert np.allclose(frame @ frame.T, np.eye(n), atol=1e-14)
    if n > 1:
        assert np.isclose(np.linalg.det(frame), 1.0)
        projector = np.eye(n) - np.outer(g, g) / (g @ g)
        assert np.allclose(basis.T @ basis, projector, atol=1e-14)
        null = scipy.linalg.null_space(g[None])
        assert np.allclose(null @ null.T, projector, atol=1e-13)


@given(st.floats(0.0, 360.0))
def test_the_level_direction_in_the_plane_is_the_gradient_turned_left(degrees):
    turned = geometry.level_directions(5.0 * geometry.heading(degrees))
    assert np.allclose(turned, [geometry.heading(degrees + 90.0)], atol=1e-12)


def test_level_directions_stay_orthogonal_near_an_axis():
    for g in ([1.0, 1e-17, -1e-20], [-1.0, 1e-17, 0.0], [0.0, 0.0, -2.0], [1e-300, 1.0, 1.0]):
        basis = geometry.level_directions(g)
        assert np.allclose(basis @ basis.T, np.eye(2), atol=1e-15)
        assert np.allclose(basis @ np.array(g), 0.0, atol=1e-15)


# Level curves


def test_level_curve_of_a_circle_returns_after_one_turn():
    curve = geometry.trace_level_curve(lambda p: 2 * p, [3.0, 4.0], 10.0 * np.pi, 200)
    assert curve.shape == (201, 2)
    assert np.array_equal(curve[0], [3.0, 4.0])
    assert np.allclose(curve[-1], curve[0], atol=1e-6)
    assert np.allclose(np.hypot(*curve.T), 5.0, atol=1e-7)
    back = geometry.trace_level_curve(lambda p: 2 * p, [3.0, 4.0], -10.0 * np.pi, 200)
    assert np.allclose(back, curve[::-1], atol=1e-5)
    assert curve[1, 0] < 3.0 < back[1, 0]  # the gradient turned left is counterclockwise here


def test_level_curve_converges_with_order_four():
    def end(steps):
        return geometry.trace_level_curve(lambda p: p * [2.0, 4.0], [2.0, 0.0], 5.0, steps)[-1]

    exact = end(2000)
    errors = [np.linalg.norm(end(n) - exact) for n in (20, 40, 80)]
    assert abs(np.log2(errors[0] / errors[1]) - 4.0) < 0.5
    assert abs(np.log2(errors[1] / errors[2]) - 4.0) < 0.3


def test_level_curve_agrees_with_scipy():
    def tangent(_, p):
        a, b = line_loss.gradient(p)
        return np.array([-b, a]) / np.hypot(a, b)

    solution = scipy.integrate.solve_ivp(tangent, (0, 6), [2.0, 5.0], rtol=1e-11, atol=1e-12)
    curve = geometry.trace_level_curve(line_loss.gradient, [2.0, 5.0], 6.0, 600)
    assert np.allclose(curve[-1], solution.y[:, -1], atol=1e-5)


@pytest.mark.parametrize(
    ("problem", "start"),
    [(line_loss, [2.0, 5.0]), (late_loss, [0.0, 0.0]), (two_layer_loss, [2.0, 1.0])],
)
def test_projected_level_curve_stays_on_its_level(problem, start):
    curve = geometry.trace_level_curve(problem.gradient, start, 2.0, 60, f=problem)
    level = problem(start)
    assert np.max(np.abs(problem(curve) - level)) < 64 * EPS * max(1.0, level)
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    assert np.allclose(steps, 2.0 / 60, rtol=0.02)


def test_level_curve_refuses_critical_points():
    with pytest.raises(ValueError, match=r"it is zero at \(0, 0\)"):
        geometry.trace_level_curve(two_layer_loss.gradient, [0.0, 0.0], 1.0, 10)
    with pytest.raises(ValueError, match="turns by more than 60 degrees"):
        geometry.trace_level_curve(lambda p: 2 * p, [0.01, 0.0], 1.0, 10)


# Models


@given(seeds, st.integers(1, 5))
def test_quadratic_model_reproduces_a_quadratic(seed, n):
    rng = np.random.default_rng(seed)
    H, c, a = random_symmetric(seed, n), rng.normal(size=n), rng.normal(size=n)

    def f(p):
        return 1.5 + p @ c + 0.5 * np.einsum("...i,ij,...j", p, H, p)

    model = geometry.quadratic_model(f(a), c + H @ a, H, a)
    points = rng.normal(size=(3, 4, n))
    assert model(points).shape == (3, 4)
    assert np.allclose(model(points), f(points))
    linear = geometry.linear_model(f(a), c + H @ a, a)
    d = points - a
    assert np.allclose(model(points) - linear(points), 0.5 * np.sum((d @ H) * d, axis=-1))


def test_errors_of_the_models_shrink_with_the_square_and_the_cube_of_the_step():
    p, u = np.array([1.0, -3.0]), np.array([0.6, 0.8])
    f, g, H = late_loss(p), late_loss.gradient(p), late_loss.hessian(p)
    linear, quadratic = geometry.linear_model(f, g, p), geometry.quadratic_model(f, g, H, p)
    big, small = p + 0.02 * u, p + 0.01 * u
    for model, order in ((linear, 2), (quadratic, 3)):
        ratio = (model(big) - late_loss(big)) / (model(small) - late_loss(small))
        assert abs(np.log2(ratio) - order) < 0.1


# Curvature


@given(seeds, st.integers(1, 6))
def test_principal_curvatures_are_the_eigenpairs(seed, n):
    H = random_symmetric(seed, n)
    values, vectors = geometry.principal_curvatures(H)
    assert np.all(np.diff(values) >= 0)
    assert np.allclose(H @ vectors, vectors * values, atol=1e-12)
    assert np.allclose(vectors.T @ vectors, np.eye(n), atol=1e-12)
    assert np.allclose(values, np.sort(scipy.linalg.eigvals(H).real))
    lead = vectors[np.argmax(np.abs(vectors), axis=0), np.arange(n)]
    assert np.all((lead > 0) | np.isclose(np.abs(vectors).max(axis=0), -lead) & (n > 1))


def test_sign_of_eigenvectors_does_not_depend_on_rounding():
    a = geometry.principal_curvatures([[0.0, -47.0], [-47.0, 0.0]])[1]
    b = geometry.principal_curvatures([[1e-14, -47.0], [-47.0, -1e-14]])[1]
    assert np.allclose(a, b)
    assert np.all(a[0] > 0)


@given(seeds, st.integers(1, 6))
def test_curvature_lies_between_the_principal_curvatures(seed, n):
    H = random_symmetric(seed, n)
    u = np.random.default_rng(seed + 1).normal(size=(20, n))
    values, vectors = geometry.principal_curvatures(H)
    k = geometry.curvature(H, u)
    assert k.shape == (20,)
    assert np.all(k >= values[0] - 1e-12)
    assert np.all(k <= values[-1] + 1e-12)
    assert np.allclose(geometry.curvature(H, vectors.T), values)
    assert np.allclose(geometry.curvature(H, -9.0 * u), k)


def test_curvature_is_the_second_derivative_along_the_line():
    p, u = np.array([1.0, -3.0]), np.array([0.6, -0.8])
    h = 1e-30
    along = (late_loss.gradient(p + 1j * h * u) @ u).imag / h
    assert np.isclose(geometry.curvature(late_loss.hessian(p), u), along, rtol=1e-13)


@given(seeds, st.integers(1, 6))
def test_condition_number_is_that_of_the_two_norm(seed, n):
    H = random_symmetric(seed, n)
    assume(np.linalg.cond(H) < 1e10)
    assert np.isclose(geometry.condition_number(H), np.linalg.cond(H), rtol=1e-5)


def test_condition_number_of_singular_matrices_is_infinite():
    assert geometry.condition_number([[1.0, 1.0], [1.0, 1.0]]) == np.inf
    assert geometry.condition_number(np.zeros((3, 3))) == np.inf
    assert np.isclose(geometry.condition_number(np.diag([1.0, 1e-12])), 1e12)


@given(
    seeds,
    st.lists(st.sampled_from([-30.0, -1.0, -1e-3, 0.0, 1e-3, 1.0, 30.0]), min_size=1, max_size=5),
    st.sampled_from([1e-150, 1.0, 1e150]),
)
def test_classify_reads_the_signs_at_any_scale(seed, values, scale):
    kind = geometry.classify(with_eigenvalues(seed, values) * scale)
    low, high = min(values), max(values)
    if low < 0 < high:
        assert kind == "saddle"
    elif 0.0 in values:
        assert kind == "inconclusive"
    else:
        assert kind == ("minimum" if low > 0 else "maximum")


@given(seeds, st.integers(1, 5))
def test_minimum_means_that_cholesky_succeeds(seed, n):
    H = random_symmetric(seed, n) + 2.0 * np.eye(n)
    try:
        np.linalg.cholesky(H)
        definite = True
    except np.linalg.LinAlgError:
        definite = False
    assert (geometry.classify(H) == "minimum") is definite


def test_classify_follows_its_documented_tolerances():
    assert geometry.classify(np.diag([1.0, 1e-9])) == "minimum"
    assert geometry.classify(np.diag([1.0, 1e-11])) == "inconclusive"
    assert geometry.classify(np.diag([1.0, -1e-9])) == "saddle"
    assert geometry.classify(np.diag([1.0, 1e-5]), rtol=1e-4) == "inconclusive"
    H = np.diag([2.0, 100.0])
    assert geometry.classify(H, [0.0, 0.9e-6]) == "minimum"
    assert geometry.classify(H, [0.0, 1.1e-6]) == "not critical"
    assert geometry.classify(H, [0.0, 1.1e-6], gtol=1e-7) == "minimum"
    assert geometry.classify(H / 1e6, [0.9e-8, 0.0]) == "minimum"
    assert geometry.classify(H / 1e6, [1.1e-8, 0.0]) == "not critical"


def test_classify_on_the_three_models():
    assert (
        geometry.classify(line_loss.hessian([2.5, 6.5]), line_loss.gradient([2.5, 6.5]))
        == "minimum"
    )
    origin = np.zeros(2)
    assert (
        geometry.classify(two_layer_loss.hessian(origin), two_layer_loss.gradient(origin))
        == "saddle"
    )
    valley = np.array([1.0, 47 / 11])
    assert geometry.classify(two_layer_loss.hessian(valley)) == "inconclusive"
    assert (
        geometry.classify(line_loss.hessian(origin), line_loss.gradient(origin)) == "not critical"
    )


@given(seeds, st.integers(1, 6))
def test_newton_step_reaches_the_critical_point_of_the_model(seed, n):
    H = random_symmetric(seed, n)
    assume(np.linalg.cond(H) < 1e8)
    rng = np.random.default_rng(seed + 1)
    g = rng.normal(size=n)
    step = geometry.newton_step(g, H)
    assert np.allclose(step, -np.linalg.inv(H) @ g, rtol=1e-6, atol=1e-6)
    assert np.allclose(H @ step, -g, atol=1e-6)


def test_newton_step_finds_the_exact_fit_and_the_logistic_fit():
    step = geometry.newton_step(line_loss.gradient([0, 0]), line_loss.hessian([0, 0]))
    assert np.allclose(step, [2.5, 6.5])
    p = np.zeros(2)
    for _ in range(8):
        p = p + geometry.newton_step(late_loss.gradient(p), late_loss.hessian(p))
    found = scipy.optimize.minimize(late_loss, np.zeros(2), jac=late_loss.gradient, tol=1e-10)
    assert np.allclose(p, found.x, atol=1e-6)


def test_newton_step_is_drawn_to_a_saddle():
    p = np.array([0.1, -0.2])
    for _ in range(6):
        p = p + geometry.newton_step(two_layer_loss.gradient(p), two_layer_loss.hessian(p))
    assert np.linalg.norm(p) < 1e-12


# Bad input: the kind of the error and what it says

H2 = np.eye(2)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: geometry.unit([0.0, 0.0]),
            ValueError,
            r"`unit` needs a nonzero vector: `v` is zero",
        ),
        (lambda: geometry.unit([[1.0, 0.0], [0.0, 0.0]]), ValueError, r"`v\[1\]` is zero"),
        (lambda: geometry.unit([1j, 0.0]), TypeError, "real numbers as `v`: came dtype complex128"),
        (lambda: geometry.unit("up"), TypeError, "`unit` needs an array of real numbers"),
        (
            lambda: geometry.unit([np.nan, 0.0]),
            ValueError,
            r"`unit` needs finite numbers: `v\[0\]`",
        ),
        (lambda: geometry.unit(3.0), ValueError, r"n >= 1 components as `v`: came shape \(\)"),
        (lambda: geometry.unit([]), ValueError, r"came shape \(0,\)"),
        (
            lambda: geometry.angle([1, 0], [1, 0, 0]),
            ValueError,
            r"`a` and `b` over the same parameters: came shapes \(2,\) and \(3,\)",
        ),
        (lambda: geometry.angle([1, 0], [0, 0]), ValueError, "`angle` needs a nonzero vector: `b`"),
        (lambda: geometry.angle([0, 0], [1, 0]), ValueError, "`angle` needs a nonzero vector: `a`"),
        (lambda: geometry.heading("north"), TypeError, "`heading` needs"),
        (lambda: geometry.headings(2.5), TypeError, "integer as `n`: came float"),
        (lambda: geometry.headings(True), TypeError, "integer as `n`: came bool"),
        (lambda: geometry.headings(0), ValueError, "`n` >= 1: came 0"),
        (lambda: geometry.slope([1, 0], [0, 0]), ValueError, "`slope` needs a nonzero vector: `v`"),
        (lambda: geometry.slope([1, 0], [1, 0, 0]), ValueError, "`gradient` and `v` over the same"),
        (lambda: geometry.steepest_ascent([0, 0]), ValueError, "critical point no direction"),
        (
            lambda: geometry.steepest_descent([0, 0]),
            ValueError,
            "`steepest_descent` needs a nonzero",
        ),
        (
            lambda: geometry.level_directions([0, 0]),
            ValueError,
            "`level_directions` needs a nonzero",
        ),
        (
            lambda: geometry.level_directions(H2),
            ValueError,
            r"one vector as `gradient`, shape \(n,\)",
        ),
        (lambda: geometry.linear_model([1, 2], [1], [1]), ValueError, "single number as `value`"),
        (lambda: geometry.linear_model(1, [1, 2], [1]), ValueError, "`gradient` and `x` over"),
        (lambda: geometry.linear_model(1, [1, 2], [1, 2])([1.0]), ValueError, "`x` and `p` over"),
        (
            lambda: geometry.quadratic_model(1, [1, 2], np.eye(3), [1, 2]),
            ValueError,
            "`gradient` and `hessian` over",
        ),
        (lambda: geometry.quadratic_model(1, [1, 2], H2, [1, 2])(3.0), ValueError, "as `p`"),
        (lambda: geometry.curvature(H2, [0, 0]), ValueError, "`curvature` needs a nonzero vector"),
        (lambda: geometry.curvature(H2, [1]), ValueError, "`hessian` and `u` over"),
        (
            lambda: geometry.classify([[1, 2], [3, 4]]),
            ValueError,
            "`classify` needs a symmetric matrix as `hessian`: entries differ .* up to 1",
        ),
        (
            lambda: geometry.principal_curvatures([1, 2]),
            ValueError,
            r"square matrix .* shape \(2,\)",
        ),
        (lambda: geometry.condition_number(np.ones((2, 3))), ValueError, r"came shape \(2, 3\)"),
        (lambda: geometry.classify(np.zeros((0, 0))), ValueError, r"came shape \(0, 0\)"),
        (lambda: geometry.classify(H2, [0, 0, 0]), ValueError, "`hessian` and `gradient` over"),
        (
            lambda: geometry.newton_step([1, 2], [[2, 2], [2, 2]]),
            ValueError,
            r"invertible Hessian: its smallest \|eigenvalue\| is .*, its largest 4",
        ),
        (lambda: geometry.newton_step([1, 2, 3], H2), ValueError, "`gradient` and `hessian` over"),
        (
            lambda: geometry.trace_level_curve(3, [1, 2], 1, 2),
            TypeError,
            "needs a function `gradient`",
        ),
        (
            lambda: geometry.trace_level_curve(lambda p: p, [1, 2], 1, 2, f=3),
            TypeError,
            "needs a function `f`",
        ),
        (
            lambda: geometry.trace_level_curve(lambda p: p, [1, 2, 3], 1, 2),
            ValueError,
            "point in the plane",
        ),
        (lambda: geometry.trace_level_curve(lambda p: p, [1, 2], 1, 0), ValueError, "`steps` >= 1"),
        (
            lambda: geometry.trace_level_curve(lambda p: p[:1], [1, 2], 1, 2),
            ValueError,
            r"`x` and `gradient\(x\)` over",
        ),
        (
            lambda: geometry.trace_level_curve(lambda p: p, [1, 2], np.inf, 2),
            ValueError,
            "finite numbers: `length`",
        ),
    ],
)
def test_bad_input_is_refused_with_a_sentence(call, kind, message):
    with pytest.raises(kind, match=message):
        call()
