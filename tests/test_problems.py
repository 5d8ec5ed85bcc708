"""The running example: its derivatives by independent means, and every fact the book relies on."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from book.frameworks import QUICK
from hypothesis import given
from hypothesis import strategies as st

from calcml import problems
from calcml.geometry import angle, condition_number, principal_curvatures
from calcml.problems import distance, late, late_loss, line_loss, time, two_layer_loss

MODELS = {"line": line_loss, "late": late_loss, "two_layer": two_layer_loss}
each_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
coordinates = st.floats(-8.0, 8.0)
points = st.tuples(coordinates, coordinates).map(np.array)


def complex_step(f, p, h=1e-40):
    """Derivatives of f at p in each coordinate, exact to rounding: Im f(p + ih e) / h."""
    return np.stack([f(p + 1j * h * e).imag / h for e in np.eye(p.size)], axis=-1)


@each_model
@given(p=points)
def test_gradient_agrees_with_the_complex_step_of_the_function(model, p):
    scale = max(1.0, float(np.max(np.abs(model.gradient(p)))))
    assert np.allclose(model.gradient(p), complex_step(model, p), rtol=0, atol=2e-13 * scale)


@each_model
@given(p=points)
def test_hessian_agrees_with_the_complex_step_of_the_gradient(model, p):
    scale = max(1.0, float(np.max(np.abs(model.hessian(p)))))
    expected = complex_step(model.gradient, p)
    assert np.allclose(model.hessian(p), expected, rtol=0, atol=2e-13 * scale)


@each_model
@given(p=points)
def test_gradient_agrees_with_central_differences(model, p):
    h = 1e-5
    measured = [(model(p + h * e) - model(p - h * e)) / (2 * h) for e in np.eye(2)]
    scale = max(1.0, float(model(p)))
    assert np.allclose(model.gradient(p), measured, rtol=1e-6, atol=1e-8 * scale)


def losses(cross_entropy):
    """The three losses from their definitions, for the arrays of any framework."""
    return {
        "line": lambda p, x, y, _: 0.5 * ((p[0] * x + p[1] - y) ** 2).mean(),
        "late": lambda p, x, _, label: cross_entropy(p[0] * x + p[1], label),
        "two_layer": lambda p, x, y, _: 0.5 * ((p[0] * p[1] * x - y) ** 2).mean(),
    }


@pytest.mark.parametrize("name", MODELS)
def test_derivatives_agree_with_pytorch(name):
    torch = pytest.importorskip("torch")
    loss = losses(torch.nn.functional.binary_cross_entropy_with_logits)[name]
    data = [torch.tensor(np.array(column)) for column in (distance, time, late)]
    for p in np.random.default_rng(0).uniform(-4, 4, size=(5, 2)):
        q = torch.tensor(p, requires_grad=True)
        value = loss(q, *data)
        (gradient,) = torch.autograd.grad(value, q)
        hessian = torch.autograd.functional.hessian(lambda q: loss(q, *data), q)
        assert np.allclose(MODELS[name](p), value.item(), rtol=1e-12)
        assert np.allclose(MODELS[name].gradient(p), gradient.numpy(), rtol=1e-10)
        assert np.allclose(MODELS[name].hessian(p), hessian.numpy(), rtol=1e-10)


@pytest.mark.parametrize("name", MODELS)
def test_derivatives_agree_with_jax(name):
    jax = pytest.importorskip("jax")

    def cross_entropy(z, label):
        return (jax.nn.softplus(z) - label * z).mean()

    loss = losses(cross_entropy)[name]
    with jax.enable_x64(True):
        data = [jax.numpy.array(column) for column in (distance, time, late)]
        derive = jax.jit(
            lambda p: (loss(p, *data), jax.grad(loss)(p, *data), jax.hessian(loss)(p, *data)),
            compiler_options=QUICK,
        )
        for p in np.random.default_rng(1).uniform(-4, 4, size=(5, 2)):
            value, gradient, hessian = derive(jax.numpy.array(p))
            assert np.allclose(MODELS[name](p), value, rtol=1e-12)
            assert np.allclose(MODELS[name].gradient(p), gradient, rtol=1e-10)
            assert np.allclose(MODELS[name].hessian(p), hessian, rtol=1e-10)


@each_model
def test_one_call_evaluates_a_grid(model):
    grid = np.random.default_rng(0).uniform(-3, 3, size=(4, 5, 2))
    assert model(grid).shape == (4, 5)
    assert model.gradient(grid).shape == (4, 5, 2)
    assert model.hessian(grid).shape == (4, 5, 2, 2)
    assert np.allclose(model(grid)[2, 3], model(grid[2, 3]), rtol=1e-14)
    assert np.allclose(model.gradient(grid)[2, 3], model.gradient(grid[2, 3]), rtol=1e-14)
    assert np.allclose(model.hessian(grid)[2, 3], model.hessian(grid[2, 3]), rtol=1e-14)
    assert np.allclose(model.hessian(grid), np.swapaxes(model.hessian(grid), -1, -2), rtol=0)


@each_model
def test_integers_and_lists_are_points(model):
    assert np.allclose(model([2, 5]), model(np.array([2.0, 5.0])))
    assert np.allclose(model.gradient(np.array([2, 5])), model.gradient([2.0, 5.0]))


def test_logistic_loss_does_not_overflow():
    for p in ([1e4, -3e4], [-1e4, 3e4], [300.0, 300.0]):
        z = np.multiply(p[0], distance) + p[1]
        expected = np.mean(np.where(z > 0, z, 0.0) - late * z)  # far from 0, to rounding
        assert np.isclose(late_loss(p), expected, rtol=1e-3)
        assert np.all(np.isfinite(late_loss.gradient(p)))
        assert np.all(np.isfinite(late_loss.hessian(p)))


def test_nobody_can_change_the_data():
    for column in (distance, time, late):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 7.0


@each_model
def test_axis_labels_are_two_names(model):
    assert len(model.parameters) == 2
    assert all(isinstance(name, str) and name for name in model.parameters)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: line_loss([1.0, 2.0, 3.0]), r"last axis of length 2, \(w, b\): came shape \(3,\)"),
        (lambda: two_layer_loss(1.0), r"last axis of length 2, \(v, w\): came shape \(\)"),
        (lambda: late_loss.gradient(np.zeros((2, 3))), r"came shape \(2, 3\)"),
        (lambda: problems.line([1.0, 2.0], [1.0]), r"`line` needs `x` and `y` of one shape"),
        (lambda: problems.line([], []), r"`line` needs `x` and `y` of one shape"),
        (lambda: problems.two_layer([[1.0]], [[1.0]]), r"`two_layer` needs `x` and `y`"),
        (lambda: problems.logistic([1.0, 2.0], [1.0]), r"`logistic` needs `x` and `label`"),
        (lambda: problems.logistic([1.0, 2.0], [-1.0, 1.0]), "labels between 0 and 1: came .* -1"),
        (
            lambda: problems.line([1.0, np.nan], [1.0, 2.0]),
            r"`line` needs finite numbers: `x\[1\]`",
        ),
    ],
)
def test_bad_input_is_refused_with_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@each_model
def test_methods_of_the_package_agree_with_the_hand_written_gradient(model):
    numeric = importlib.import_module("calcml.numeric")
    p = np.array([0.7, -1.3])
    for method, rtol in (("central", 1e-7), ("complex", 1e-12), ("richardson", 1e-8)):
        measured = numeric.gradient(model, p, method=method)
        assert np.allclose(measured, model.gradient(p), rtol=rtol), method


@each_model
def test_automatic_differentiation_goes_through_the_models(model):
    autodiff = importlib.import_module("calcml.autodiff")
    p = np.array([0.7, -1.3])
    assert np.allclose(autodiff.grad(model)(p), model.gradient(p), rtol=1e-12)
    assert np.allclose(autodiff.hessian(model)(p), model.hessian(p), rtol=1e-12)
    assert np.allclose(autodiff.jacobian(model.gradient)(p), model.hessian(p), rtol=1e-12)


# Facts that pages rely on

BEST = np.array([2.5, 6.5])


def test_line_has_its_exact_best_fit():
    assert np.allclose(line_loss.gradient(BEST), 0.0, atol=1e-14)
    assert np.isclose(line_loss(BEST), 0.15)
    slope, offset = np.polyfit(distance, time, 1)
    assert np.allclose([slope, offset], BEST)


def test_line_has_its_values_and_gradients():
    assert np.isclose(line_loss([0, 0]), 104.4)
    assert np.allclose(line_loss.gradient([0, 0]), [-47, -14])
    assert np.allclose(line_loss.gradient([2, 5]), [-10, -3])
    assert np.allclose([line_loss.gradient([2, b])[0] for b in (5, 6, 7)], [-10, -7, -4])


def test_line_has_an_honest_ravine():
    H = line_loss.hessian([0, 0])
    assert np.allclose(H, [[11, 3], [3, 1]])
    values, _ = principal_curvatures(H)
    assert np.allclose(values, [6 - np.sqrt(34), 6 + np.sqrt(34)])
    assert np.allclose(values, [0.169, 11.83], atol=[5e-4, 5e-3])
    assert round(condition_number(H)) == 70
    assert np.isclose(
        np.linalg.det(H), 2.0
    )  # so that 2 / lambda_max equals lambda_min, by accident
    assert np.isclose(2.0 / values[1], values[0])


def test_units_and_centering_change_the_condition_number():
    centered = problems.line(distance - 3.0, time).hessian([0, 0])
    meters = problems.line(1000.0 * distance, time)
    assert np.isclose(condition_number(centered), 2.0)
    assert 55e6 < condition_number(meters.hessian([0, 0])) < 65e6
    step = meters.gradient([0, 0]) * [1000.0, 1.0]  # back in minutes per km
    assert np.allclose(-step / np.linalg.norm(step), [1.0, 3e-7], atol=1e-7)
    plain = -line_loss.gradient([0, 0])
    assert np.allclose(plain / np.linalg.norm(plain), [0.96, 0.29], atol=0.005)


@pytest.mark.parametrize(("p", "degrees"), [((0, 0), 52), ((2, 12), 75), ((5, 7), 4)])
def test_minus_the_gradient_misses_the_direction_of_the_minimum(p, degrees):
    assert round(float(angle(-line_loss.gradient(p), BEST - p))) == degrees


def test_a_long_gradient_does_not_mean_far():
    lengths = np.linalg.norm(line_loss.gradient([[5, 7], [4, 1.1]]), axis=-1)
    gaps = np.linalg.norm(BEST - [[5, 7], [4, 1.1]], axis=-1)
    assert np.allclose(lengths, [30.1, 0.95], atol=0.05)
    assert np.allclose(gaps, [2.5, 5.6], atol=0.05)


def test_one_knob_at_a_time_and_then_both_is_worse():
    assert np.isclose(line_loss([47 / 11, 0]), 3.99, atol=0.005)
    assert np.isclose(line_loss([0, 14]), 6.4)
    assert np.isclose(line_loss([47 / 11, 14]), 85.4, atol=0.05)


def test_gradients_of_the_single_deliveries_are_votes():
    votes = np.stack([-time * distance, -time], axis=-1)
    assert np.array_equal(votes, [[-9, -9], [-22, -11], [-45, -15], [-64, -16], [-95, -19]])
    assert np.allclose(votes.mean(axis=0), line_loss.gradient([0, 0]))
    single = [problems.line([x], [y]).gradient([0, 0]) for x, y in zip(distance, time, strict=True)]
    assert np.allclose(single, votes)


def test_logistic_model_has_its_fit():
    p = np.zeros(2)
    for _ in range(20):
        p = p - np.linalg.solve(late_loss.hessian(p), late_loss.gradient(p))
    assert np.allclose(p, [1.09, -3.89], atol=0.006)
    assert np.isclose(late_loss(p), 0.484, atol=5e-4)
    assert np.isclose(late_loss([0, 0]), np.log(2.0))


def test_two_layers_have_a_saddle_and_a_hyperbola_of_minima():
    assert np.allclose(two_layer_loss.hessian([0, 0]), [[0, -47], [-47, 0]])
    assert np.allclose(two_layer_loss.gradient([0, 0]), 0.0)
    v = np.array([0.5, 1.0, np.sqrt(47 / 11), 8.0])
    valley = np.stack([v, 47 / 11 / v], axis=-1)
    assert np.allclose(two_layer_loss.gradient(valley), 0.0, atol=1e-12)
    assert np.allclose(two_layer_loss(valley), 3.99, atol=0.005)
    assert np.ptp(two_layer_loss(valley)) < 1e-12
    sharpness = np.linalg.eigvalsh(two_layer_loss.hessian(valley))[:, 1]
    assert np.isclose(sharpness[2], 94.0)  # balanced, the flattest
    assert np.isclose(sharpness[0], 806, atol=0.5)
    assert np.all(sharpness >= 94.0 - 1e-9)


def descend(model, rate, steps, start=(0.0, 0.0)):
    p = np.array(start)
    for _ in range(steps):
        p = p - rate * model.gradient(p)
    return p


def test_descent_has_its_cliff_at_two_over_the_largest_eigenvalue():
    assert line_loss(descend(line_loss, 0.16, 100)) < 0.17
    assert line_loss(descend(line_loss, 0.17, 100)) > 900
    centered = problems.line(distance - 3.0, time)
    assert centered(descend(centered, 0.65, 20)) - 0.15 < 1e-9


def test_a_check_along_the_diagonal_cannot_see_swapped_components():
    g = line_loss.gradient([2, 5])
    u, q = np.ones(2) / np.sqrt(2.0), np.array([0.6, 0.8])
    assert np.isclose(g[::-1] @ u, g @ u)
    assert not np.isclose(g[::-1] @ q, g @ q)


def test_descent_walks_into_the_saddle_unless_moved():
    stuck = descend(two_layer_loss, 0.005, 400, (-1e-3, 1e-3))
    freed = descend(two_layer_loss, 0.005, 400, (-1e-3 + 1e-9, 1e-3))
    assert np.linalg.norm(stuck) < 1e-9
    assert np.isclose(np.prod(freed), 47 / 11, atol=1e-6)
