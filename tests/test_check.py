"""The gradient checker: it catches what is wrong, accuses nothing that is right, and says why."""

import numpy as np
import pytest
from benchmarks import unseen
from benchmarks.gradients import BEYOND, LISTED, Network, situations, spoiled
from hypothesis import given, settings
from hypothesis import strategies as st

from calcml.check import (
    GradientCheck,
    assert_gradient,
    check_gradient,
    check_hessian,
    check_jacobian,
    check_vjp,
)
from calcml.check._report import limits_for

METHODS = ("auto", "richardson")
SITUATIONS = {situation.name: situation for situation in situations()}


def square(x):
    return np.sum(np.sin(x) * x)


def square_gradient(x):
    return np.sin(x) + x * np.cos(x)


# Wrong gradients of a network with 2,410 parameters.


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_right_gradient_is_great_within_70_evaluations(method, seed):
    network = Network(seed)
    check = check_gradient(network.loss, network.gradient, network.parameters, method=method)
    assert sum(a.size for a in network.parameters.values()) == 2410
    assert check
    assert check.verdict == "great"
    assert check.evaluations <= (12 if method == "auto" else 70)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("bug", [*LISTED, *BEYOND])
def test_every_injected_bug_is_caught(bug, seed, method):
    network = Network(seed, bug)
    check = check_gradient(network.loss, network.gradient, network.parameters, method=method)
    assert not check
    assert check.verdict == "wrong"


def test_large_bugs_are_caught_within_70_evaluations():
    for bug in LISTED:
        if bug in ("float32 downcast", "wrong in one component"):
            continue
        network = Network(3, bug)
        check = check_gradient(
            network.loss, network.gradient, network.parameters, method="richardson"
        )
        assert check.evaluations <= 70, bug


@pytest.mark.parametrize(
    ("bug", "diagnosis"),
    [
        ("missing 1/n", "constant factor: the gradient is 48 times what it should be."),
        ("factor 2", "constant factor: the gradient is 2 times what it should be."),
        ("sign", "sign: W2 has the wrong sign."),
        ("transposed", "transposed: W1 is laid out column by column."),
        (
            "missing broadcast sum",
            "broadcast: a missing sum over axis 0; with it the values are right.",
        ),
        ("off by one row", "shifted: W1 is off by one row, down."),
        ("dropped bias term", "one parameter: only b1 is zero and should not be."),
        ("wrong in one component", "one component: only W1[17, 5] is wrong."),
        ("one component dropped", "one component: only W1[17, 5] is wrong."),
        ("one row wrong", "one row: only row 3 of W1 is wrong."),
        ("permuted columns", "reversed: W2 runs backward along axis 1."),
        ("float32 result", "float32 precision: the gradient was rounded to float32 on the way."),
        ("not a number", "not finite: the gradient contains NaN or infinity."),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_diagnoses_of_a_network(bug, diagnosis, method):
    network = Network(0, bug)
    check = check_gradient(network.loss, network.gradient, network.parameters, method=method)
    assert check.diagnosis[-1] == diagnosis


@pytest.mark.parametrize("method", METHODS)
def test_state_is_diagnosed(method):
    network = Network(0, "accumulates")
    check = check_gradient(network.loss, network.gradient, network.parameters, method=method)
    assert check.diagnosis[0].startswith("accumulation: the second call returned twice the first")
    network = Network(0, "stale cache")
    check = check_gradient(network.loss, network.gradient, network.parameters, method=method)
    assert check.diagnosis[0].startswith("elsewhere: the gradient is right at x")
    network = Network(0, "float32 downcast")
    check = check_gradient(network.loss, network.gradient, network.parameters, method=method)
    assert "float32" in check.diagnosis[0]


def test_bisection_names_the_wrong_component_in_about_2_log2_n_evaluations():
    n = 4096
    x = np.random.default_rng(0).standard_normal(n)
    for k in (0, 1234, n - 1):

        def wrong(x, k=k):
            g = square_gradient(x)
            g[k] += 0.1
            return g

        right = check_gradient(square, square_gradient, x, method="richardson", nearby=False)
        check = check_gradient(square, wrong, x, method="richardson")
        assert check.index == (k,)
        assert check.worst == f"x[{k}]"
        assert check.analytic - check.numerical == pytest.approx(0.1, rel=1e-4)
        # Twelve halvings of two evaluations, two for the diagnosis, and before all that five that
        # listen for noise once more.
        assert check.evaluations - right.evaluations <= 2 * 12 + 4 + 5


@pytest.mark.parametrize("size", [1e-3, 1e-5, 1e-6])
@pytest.mark.parametrize("method", METHODS)
def test_a_relative_error_of_1e6_in_one_of_2410_components_is_seen(size, method):
    network = Network(5)

    def wrong(p):
        g = network.gradient(p)
        g["W2"][4, 2] *= 1 + size
        return g

    check = check_gradient(network.loss, wrong, network.parameters, method=method)
    assert check.verdict == "wrong"
    assert check.worst == "W2[4, 2]"
    assert check.relative_error == pytest.approx(size, rel=0.05)


# Right gradients where checking is hard.


@pytest.mark.parametrize(
    ("name", "method", "strategy"),
    [
        (name, method, strategy)
        for name, case in SITUATIONS.items()
        for method in METHODS
        for strategy in ("directions", "all")
        if not (
            isinstance(case.x, dict) and strategy == "all"
        )  # a network: thousands of components
    ],
)
def test_no_false_alarm_and_no_miss_in_the_hard_situations(name, method, strategy):
    case = SITUATIONS[name]
    check = check_gradient(case.f, case.gradient, case.x, method=method, strategy=strategy)
    if case.kink:
        assert check.verdict == "kink"
        assert not check
        assert check.diagnosis[0].startswith("kink: the slope is")
    else:
        assert check, str(check)
    # What the values of the function themselves hide cannot be seen.
    small = {"float32": 1e-2, "offset 1e8": 1e-3}.get(name, 1e-5)
    for factor in (1.01, 1 + small):
        wrong = spoiled(case, factor)
        check = check_gradient(case.f, wrong, case.x, method=method, strategy=strategy)
        assert not check, str(check)


@pytest.mark.parametrize("method", METHODS)
def test_the_situations_with_other_draws(method):
    for seed in (1, 2, 3):
        for case in situations(seed):
            check = check_gradient(case.f, case.gradient, case.x, method=method)
            assert check or (case.kink and check.verdict == "kink"), (case.name, str(check))
            wrong = check_gradient(case.f, spoiled(case), case.x, method=method)
            assert not wrong, (case.name, str(wrong))


def test_more_right_gradients():
    rng = np.random.default_rng(8)
    A = rng.standard_normal((30, 30))
    A = A @ A.T + np.eye(30)
    cases = {
        "quadratic": (lambda x: 0.5 * x @ A @ x, lambda x: A @ x, rng.standard_normal(30)),
        "at a minimum": (lambda x: np.sum(x**4), lambda x: 4 * x**3, np.zeros(30)),
        "large constant": (lambda x: 3e5 + np.sum(np.exp(x)), np.exp, rng.standard_normal(30)),
        "constant": (lambda x: 7.0, lambda x: np.zeros(30), rng.standard_normal(30)),
        "linear": (lambda x: np.sum(x), lambda x: np.ones(30), rng.standard_normal(30)),
        "norm": (np.linalg.norm, lambda x: x / np.linalg.norm(x), rng.standard_normal(30)),
        "log determinant": (
            lambda x: np.linalg.slogdet(A + np.diag(x))[1],
            lambda x: np.diag(np.linalg.inv(A + np.diag(x))),
            rng.random(30),
        ),
        "max": (np.max, lambda x: (x == x.max()).astype(float), rng.standard_normal(30)),
        "sorted sum": (
            lambda x: np.sum(np.sort(x)[:10]),
            lambda x: (x <= np.sort(x)[9]).astype(float),
            rng.standard_normal(30),
        ),
        "tiny values": (
            lambda x: 1e-200 * square(x),
            lambda x: 1e-200 * square_gradient(x),
            rng.random(30),
        ),
        "huge values": (
            lambda x: 1e150 * square(x),
            lambda x: 1e150 * square_gradient(x),
            rng.random(30),
        ),
        "computed in float32": (
            lambda x: float(square(x.astype(np.float32))),
            lambda x: square_gradient(x.astype(np.float32).astype(float)),
            rng.standard_normal(30),
        ),
        "mixed scales": (
            lambda x: np.sum(np.cos(x * np.logspace(-6, 6, 30))),
            lambda x: -np.sin(x * np.logspace(-6, 6, 30)) * np.logspace(-6, 6, 30),
            rng.uniform(0.5, 1, 30) / np.logspace(-6, 6, 30),
        ),
        "saturated": (
            lambda x: np.sum(np.tanh(x)),
            lambda x: np.cosh(x) ** -2.0,
            30 * rng.standard_normal(30),
        ),
        "dead": (
            lambda x: np.sum(np.maximum(x, 0)),
            lambda x: (x > 0).astype(float),
            -rng.random(30),
        ),
    }
    for name, (f, gradient, x) in cases.items():
        for method in METHODS:
            for strategy in ("all", "directions"):
                check = check_gradient(f, gradient, x, method=method, strategy=strategy)
                assert check, f"{name}, {method}, {strategy}: {check}"


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    n=st.sampled_from([1, 3, 20, 21, 100]),
    how=st.sampled_from(["right", "scaled", "one", "zeroed", "shifted"]),
    amount=st.sampled_from([1e-4, 1e-2, 1.0]),
)
def test_random_gradients_right_and_wrong(seed, n, how, amount):
    rng = np.random.default_rng(seed)
    W, x = rng.standard_normal((7, n)) / np.sqrt(n), rng.standard_normal(n)

    def f(x):
        return np.sum(np.tanh(W @ x) ** 2) + 0.1 * np.sum(np.exp(x / 3))

    k = int(rng.integers(n))

    def gradient(x):
        t = np.tanh(W @ x)
        g = 2 * (t * (1 - t * t)) @ W + np.exp(x / 3) / 30
        if how == "scaled":
            g = g * (1 + amount)
        elif how == "one":
            g[k] += amount * (1 + abs(g[k]))
        elif how == "zeroed":
            g[k] = 0.0
        elif how == "shifted":
            g = g + amount
        return g

    check = check_gradient(f, gradient, x, method="richardson" if seed % 2 else "auto", rng=rng)
    assert bool(check) == (how == "right"), str(check)
    if how in ("one", "zeroed"):
        assert check.index == (k,)


# Gradients that are not in any list.

UNSEEN = [*unseen.models(), *unseen.hard()]
WRONG = [(model, mistake) for model in UNSEEN for mistake in model.wrong]


def ways(model):
    """Method and strategy, all components only where there are not thousands."""
    small = model.name not in ("slopes of all sizes", "one slope among 20,000")
    return [
        (method, strategy)
        for method in METHODS
        for strategy in (("all", "directions") if small else ("directions",))
    ]


def test_there_are_more_than_twenty_of_either_kind():
    assert len(WRONG) >= 20
    assert len(UNSEEN) >= 20


@pytest.mark.parametrize("model", UNSEEN, ids=lambda model: model.name)
def test_no_right_gradient_is_accused(model):
    for method, strategy in ways(model):
        check = check_gradient(model.f, model.gradient, model.x, method=method, strategy=strategy)
        if not (model.coarse and check.verdict == "inconclusive"):
            assert check, f"{method}, {strategy}: {check}"


@pytest.mark.parametrize(
    ("model", "mistake"), WRONG, ids=lambda part: part if isinstance(part, str) else part.name
)
def test_every_mistake_is_caught(model, mistake):
    for method, strategy in ways(model):
        check = check_gradient(
            model.f, model.wrong[mistake], model.x, method=method, strategy=strategy
        )
        assert check.verdict == "wrong", f"{method}, {strategy}: {check}"


@pytest.mark.parametrize("seed", [1])
def test_unseen_gradients_with_other_draws(seed):
    for model in [*unseen.models(seed), *unseen.hard(seed)]:
        check = check_gradient(model.f, model.gradient, model.x)
        assert check or (model.coarse and check.verdict == "inconclusive"), (model.name, str(check))
        for mistake, wrong in model.wrong.items():
            assert check_gradient(model.f, wrong, model.x).verdict == "wrong", mistake


def test_evaluations_of_right_gradients_by_directions():
    counts = []
    for model in UNSEEN:
        if not model.coarse:
            check = check_gradient(
                model.f, model.gradient, model.x, method="richardson", strategy="directions"
            )
            counts.append(check.evaluations)
    assert np.mean(np.array(counts) <= 70) >= 0.9
    assert max(counts) <= 90


# Kinks.


def hinge(x):
    return np.sum(np.maximum(x, 0))


@pytest.mark.parametrize("method", METHODS)
def test_between_the_one_sided_slopes_it_is_a_kink_and_outside_it_is_wrong(method):
    for value, verdict in (
        (0.0, "kink"),
        (0.5, "kink"),
        (1.0, "kink"),
        (1.5, "wrong"),
        (-0.2, "wrong"),
    ):
        check = check_gradient(hinge, np.array([1.0, value]), np.array([2.0, 0.0]), method=method)
        assert check.verdict == verdict
        assert not check


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [1, 3, 40])
def test_a_symmetric_kink_is_a_kink(method, n):
    def unit(x):
        return x / np.linalg.norm(x) if np.any(x) else x

    for f, gradient in (
        (lambda x: np.sum(np.abs(x)), np.sign),
        (np.linalg.norm, unit),
    ):
        check = check_gradient(f, gradient, np.zeros(n), method=method)
        assert check.verdict == "kink", str(check)
        assert "relative error" not in str(check).splitlines()[0]
    assert check_gradient(abs, np.sign, 0.0).verdict == "kink"


def test_where_there_is_no_slope_at_all_the_check_says_so():
    check = check_gradient(
        lambda x: np.sum(np.sqrt(x)), lambda x: np.where(x > 0, 0.5, 0.0), np.array([0.0, 1.0])
    )
    assert check.verdict == "inconclusive"
    assert check.diagnosis[0].startswith("no slope: differences of the function do not settle")
    # x**1.5 has one, on one side: what cannot be measured well is not called wrong.
    edge = check_gradient(
        lambda x: np.sum(x**1.5), lambda x: 1.5 * np.sqrt(x), np.array([0.0, 1.0])
    )
    assert edge.verdict != "wrong"


@pytest.mark.parametrize("distance", [1e-3, 1e-5, 1e-7, 1e-8])
@pytest.mark.parametrize("side", [1, -1])
def test_a_kink_near_the_point_does_not_disturb(distance, side):
    x = np.array([0.7, side * distance])
    gradient = np.array([1.0, float(side > 0)])
    assert check_gradient(hinge, gradient, x, method="richardson")
    gradient[1] = 0.5
    assert not check_gradient(hinge, gradient, x, method="richardson")


def test_a_wrong_gradient_beside_a_kink_is_wrong():
    check = check_gradient(hinge, lambda x: 1.1 * (x > 0), np.zeros(30) + np.arange(30) % 2)
    assert check.verdict == "wrong"
    check = check_gradient(
        lambda x: np.sum(np.abs(x)) + x[0], lambda x: np.sign(x), np.zeros(3), method="richardson"
    )
    assert check.verdict == "wrong"
    assert check.diagnosis == (
        "beside the kink: at a second point nearby, where there is none, it is wrong.",
    )


# Diagnoses of small problems.


@pytest.mark.parametrize(
    ("wrong", "diagnosis"),
    [
        (lambda g: -g, "sign: the gradient has the wrong sign."),
        (lambda g: 2 * g, "constant factor: the gradient is 2 times what it should be."),
        (lambda g: g / 3, "constant factor: the gradient is 1/3 times what it should be."),
        (lambda g: 1.5 * g, "constant factor: the gradient is 3/2 times what it should be."),
        (lambda g: 0.123 * g, "constant factor: the gradient is 0.123 times what it should be."),
        (lambda g: g.T, "transposed: x is the transpose of the gradient."),
        (lambda g: np.roll(g, -1, axis=0), "shifted: x is off by one row, up."),
        (lambda g: np.roll(g, 1, axis=1), "shifted: x is off by one column, down."),
        (lambda g: g[::-1], "reversed: x runs backward along axis 0."),
        (
            lambda g: np.where(np.arange(3)[:, None] == 1, 0.5 * g, g),
            "one row: only row 1 of x is wrong.",
        ),
        (
            lambda g: np.where(np.arange(3) == 2, 0.5 * g, g),
            "one column: only column 2 of x is wrong.",
        ),
        (
            lambda g: np.where(np.eye(3) > 0, 0.0, g),
            "missing term: 3 components are zero and should not be.",
        ),
        (lambda g: np.where(np.eye(3) > 0, 3 * g, g), "components: 3 of 9 are wrong."),
    ],
)
@pytest.mark.parametrize("strategy", ["all", "directions"])
def test_diagnoses_of_a_matrix(wrong, diagnosis, strategy):
    x = np.random.default_rng(1).standard_normal((3, 3))
    check = check_gradient(square, lambda x: wrong(square_gradient(x)), x, strategy=strategy)
    assert check.verdict == "wrong"
    if strategy == "all" or diagnosis.split(":")[0] not in ("missing term", "components"):
        assert check.diagnosis == (diagnosis,)


def test_diagnosis_of_a_slice():
    x = np.random.default_rng(1).standard_normal((2, 3, 2))

    def wrong(x):
        g = square_gradient(x)
        g[:, 1, :] = 0.3
        return g

    check = check_gradient(square, wrong, x)
    assert check.diagnosis == ("one slice: only index 1 of axis 1 of x is wrong.",)


def test_a_broadcast_sum_that_keeps_the_shape():
    data = np.random.default_rng(0).standard_normal((6, 4))

    def f(b):
        return np.sum((data + b) ** 2)

    def lacking(b):
        return (2 * (data + b))[:1]

    x = np.ones((1, 4))
    assert check_gradient(f, lambda b: 2 * (data + b).sum(axis=0, keepdims=True), x)
    assert not check_gradient(f, lacking, x)
    check = check_gradient(f, lambda b: 2 * (data + b), x)
    assert check.diagnosis == (
        "shape: the gradient of x has shape (6, 4), x itself has (1, 4).",
        "broadcast: a missing sum over axis 0; with it the values are right.",
    )
    check = check_gradient(lambda b: f(b) / 6, lambda b: 2 * (data + b), x)
    assert (
        check.diagnosis[-1]
        == "broadcast: a missing mean over axis 0; with it the values are right."
    )
    W = np.ones((3, 3))
    V = np.random.default_rng(2).standard_normal((3, 3))
    broad = check_gradient(
        lambda w: np.sum(w * V), lambda w: np.where(np.eye(3, dtype=bool), V.sum(axis=0) / 3, V), W
    )
    assert not broad


@pytest.mark.parametrize(
    ("reshape", "sentence"),
    [
        (lambda g: g.T, "transposed: its transpose is right."),
        (lambda g: g.ravel(), "reshaped: with the right shape the values are right."),
        (
            lambda g: np.stack([g, 0 * g]),
            "broadcast: a missing sum over axis 0; with it the values are right.",
        ),
    ],
)
def test_a_gradient_of_another_shape_is_wrong_and_explained(reshape, sentence):
    x = np.random.default_rng(1).standard_normal((2, 3))
    check = check_gradient(square, lambda x: reshape(square_gradient(x)), x)
    assert check.verdict == "wrong"
    assert check.worst == "x"
    assert check.diagnosis[0].startswith("shape: the gradient of x has shape")
    assert check.diagnosis[1] == sentence
    check = check_gradient(square, lambda x: reshape(7 * square_gradient(x)), x)
    assert len(check.diagnosis) == 1


def test_stochastic_functions_are_inconclusive():
    rng = np.random.default_rng(0)

    def dropout(x):
        return np.sum(x * (rng.random(x.shape) < 0.5))

    check = check_gradient(dropout, lambda x: 0.5 * np.ones_like(x), np.ones(30))
    assert check.verdict == "inconclusive"
    assert not check
    assert check.diagnosis[0].startswith("stochastic: two evaluations at the same point differ by")


def test_a_random_gradient_is_wrong():
    rng = np.random.default_rng(0)
    check = check_gradient(
        square, lambda x: square_gradient(x) * (1 + 1e-3 * (rng.random() - 0.5)), np.ones(3)
    )
    assert check.verdict == "wrong"
    calls = []

    def second_time_other(x):
        calls.append(1)
        return square_gradient(x) * (1 if len(calls) == 1 else 1.3)

    check = check_gradient(square, second_time_other, np.ones(3))
    assert check.diagnosis[0].startswith("state: a second call at the same point returned another")


def test_values_that_were_kept():
    x = np.array([0.5, 1.0])
    stored = square_gradient(x)
    assert check_gradient(square, stored, x)
    check = check_gradient(square, lambda x: stored, x)
    assert check.verdict == "wrong"
    assert check.diagnosis[0].startswith("stale cache: the gradient is right at x, and the same")
    assert check_gradient(square, lambda x: stored, x, nearby=False)


def test_a_cache_of_the_last_forward_pass():
    last = {}

    def f(x):
        last["x"] = np.array(x.real)
        return square(x)

    check = check_gradient(
        f, lambda x: square_gradient(last["x"]), np.ones(30), method="richardson"
    )
    assert check.verdict == "wrong"


def test_noise_is_named():
    def f(x):
        return 1e8 + np.sum(np.sin(x))

    check = check_gradient(f, np.cos, np.linspace(0, 1, 30), method="richardson")
    assert check
    if check.verdict == "acceptable":
        assert check.diagnosis[0].startswith("noise: the values of the function are too coarse")
    x = np.linspace(0, 1, 5)
    rough = check_gradient(lambda x: np.round(np.sum(x), 1), lambda x: np.ones(5), x)
    assert rough.verdict in ("inconclusive", "wrong")
    assert not rough


# Forms of parameters and reports.


def test_named_parameters_in_every_form():
    p = {"w": np.array([[1.0, 2.0]]), "b": np.array(0.5), "scale": 2.0}

    def f(p):
        w, b, scale = p.values() if isinstance(p, dict) else p
        return np.sum(np.tanh(w * scale + b))

    def gradient(p):
        w, b, scale = p.values() if isinstance(p, dict) else p
        d = 1 - np.tanh(w * scale + b) ** 2
        return d * scale, np.sum(d), np.sum(d * w)

    assert check_gradient(f, lambda p: dict(zip(p, gradient(p), strict=True)), p)
    assert check_gradient(f, gradient, p)
    assert check_gradient(f, gradient, list(p.values()))
    assert check_gradient(f, lambda p: list(gradient(p)), tuple(p.values()))
    wrong = check_gradient(f, lambda p: (gradient(p)[0], 3 * gradient(p)[1], gradient(p)[2]), p)
    assert wrong.worst == "b"
    assert wrong.index == ()
    assert wrong.diagnosis == ("constant factor: b is 3 times what it should be.",)
    wrong = check_gradient(f, lambda p: (gradient(p)[0], gradient(p)[1], 0.0), list(p.values()))
    assert wrong.worst == "x[2]"


def test_nested_parameters():
    rng = np.random.default_rng(0)
    layers = [{"w": rng.standard_normal((2, 2)), "b": rng.standard_normal(2)} for _ in range(2)]
    x = np.array([0.3, -0.7])

    def f(p):
        h = x
        for layer in p["layers"]:
            h = np.tanh(h @ layer["w"] + layer["b"])
        return p["scale"] * np.sum(h)

    def gradient(p):
        first, second = p["layers"]
        h = np.tanh(x @ first["w"] + first["b"])
        out = np.tanh(h @ second["w"] + second["b"])
        top = p["scale"] * (1 - out**2)
        below = (top @ second["w"].T) * (1 - h**2)
        made = [{"w": np.outer(x, below), "b": below}, {"w": np.outer(h, top), "b": top}]
        return {"layers": made, "scale": np.sum(out)}

    p = {"layers": layers, "scale": 3.0}
    assert check_gradient(f, gradient, p)

    def wrong(p):
        g = gradient(p)
        g["layers"][1]["w"] = g["layers"][1]["w"].T
        return g

    check = check_gradient(f, wrong, p)
    assert check.worst.startswith("layers[1].w[")
    assert check.diagnosis[0] == "transposed: layers[1].w is the transpose of the gradient."
    pairs = [(np.ones(2), np.ones(1)), (np.zeros(3), np.array(2.0))]

    def of_pairs(p):
        return sum(square(w) * square(b) for w, b in p)

    def of_pairs_gradient(p):
        return [(square_gradient(w) * square(b), square(w) * square_gradient(b)) for w, b in p]

    assert check_gradient(of_pairs, of_pairs_gradient, pairs)
    wrong = check_gradient(of_pairs, lambda p: [(w, 3 * b) for w, b in of_pairs_gradient(p)], pairs)
    assert wrong.worst == "x[0][1][0]"
    keyed = check_gradient(
        lambda p: square(p[7]), lambda p: {7: 2 * square_gradient(p[7])}, {7: np.ones(2)}
    )
    assert keyed.worst == "x[7][0]"


def test_nondeterminism_of_the_size_of_rounding_is_noise():
    rng = np.random.default_rng(0)

    def f(x):
        return np.sum(rng.permutation(np.sin(x) * x))

    x = np.random.default_rng(1).standard_normal(50)
    assert check_gradient(f, square_gradient, x)
    assert not check_gradient(f, lambda x: 1.001 * square_gradient(x), x)


def test_a_point_with_components_of_very_different_size_is_reached_exactly():
    # Rounding 1 + t must not be taken for a slope where 1e-9 + t is exact.
    x = np.array([1e-9, 1.0])
    for method in METHODS:
        assert check_gradient(lambda x: np.sum(np.log(x)), lambda x: 1 / x, x, method=method)


def test_numbers_lists_and_empty_points():
    assert check_gradient(np.sin, np.cos, 1.0)
    assert not check_gradient(np.sin, np.sin, 1.0)
    assert check_gradient(lambda x: x[0] * x[1], lambda x: np.array([x[1], x[0]]), [2, 3])
    empty = check_gradient(square, square_gradient, np.zeros((0, 3)))
    assert empty
    assert empty.worst == "no component"
    assert check_gradient(lambda x: 1.0, lambda x: np.zeros(()), 2.0)


def test_the_callers_arrays_are_not_changed():
    x = np.ones(4)
    x.flags.writeable = False

    def f(y):
        y *= 2
        return np.sum(y)

    assert check_gradient(f, lambda x: 2 * np.ones(4), x)
    np.testing.assert_array_equal(x, 1)


def test_the_report():
    check = check_gradient(lambda x: x @ x, lambda x: np.array([2 * x[0], x[1]]), [1.0, 2.0])
    assert isinstance(check, GradientCheck)
    assert str(check).splitlines() == [
        "gradient check: wrong, relative error 5.0e-01",
        f"  at x[1]: gradient 2, numerical 4 +- {check.error:.1e}",
        f"  complex step, step 1.0e-20, {check.evaluations} evaluations",
        "  diagnosis: one component: only x[1] is wrong.",
    ]
    assert (check.analytic, check.numerical) == pytest.approx((2.0, 4.0))
    real = check_gradient(lambda x: x @ x, lambda x: 2 * x, [1.0, 2.0], method="richardson")
    assert "extrapolated differences, step 1.5e-05" in str(real)


def test_the_report_reads_well_without_values_and_for_small_differences():
    shape = check_gradient(square, lambda x: square_gradient(x)[:, None], np.ones(3))
    assert str(shape).splitlines() == [
        "gradient check: wrong",
        f"  complex step, step 1.0e-20, {shape.evaluations} evaluations",
        "  diagnosis: shape: the gradient of x has shape (3, 1), x itself has (3,).",
        "  diagnosis: reshaped: with the right shape the values are right.",
    ]
    missing = check_gradient(square, lambda x: np.nan * x, np.ones(3))
    first, second, *_ = str(missing).splitlines()
    assert first == "gradient check: wrong"
    assert second.startswith("  at x[0]: gradient nan, numerical 1.3817")
    small = check_gradient(lambda x: x * x, lambda x: 2 * x * (1 + 3e-12), 1.0, method="complex")
    assert "gradient 2, numerical 2 " in str(small)
    slight = check_gradient(lambda x: x * x, lambda x: 2 * x * (1 + 3e-8), 1.0)
    assert "at x: gradient 2.00000006, numerical 2 +-" in str(slight)
    many = check_gradient(square, square_gradient, np.ones(40))
    assert "  along a random direction: gradient " in str(many)
    jacobian = check_jacobian(layer, lambda x: -layer_jacobian(x), np.ones(4))
    assert str(jacobian).startswith("Jacobian check: wrong, relative error 2.0e+00\n  at J[")
    assert ": Jacobian " in str(jacobian)
    assert (
        str(check_jacobian(layer, layer_jacobian, np.ones(4)))
        .splitlines()[1]
        .startswith("  at J[:, ")
    )
    hessian = check_hessian(bowl, lambda x: 2 * bowl_hessian(x), np.ones(30))
    assert str(hessian).startswith("Hessian check: wrong")
    assert hessian.diagnosis == ("constant factor: the Hessian is 2 times what it should be.",)


def test_half_precision_is_named():
    x = np.random.default_rng(0).standard_normal(5)
    check = check_gradient(square, lambda x: square_gradient(x).astype(np.float16), x)
    assert check.diagnosis == (
        "float16 precision: the gradient was rounded to float16 on the way.",
    )


def test_limits_depend_on_the_number_format():
    assert (limits_for(2.2e-16).great, limits_for(2.2e-16).acceptable) == (1e-7, 1e-5)
    assert limits_for(1.2e-7).great > 1e-5
    assert limits_for(1e-19).great < 1e-7
    assert limits_for(1e-3).acceptable > 0.1


def test_the_number_of_evaluations_is_that_of_the_function():
    calls = []

    def f(x):
        calls.append(1)
        return square(x)

    check = check_gradient(f, square_gradient, np.ones(40), method="richardson")
    assert check.evaluations == len(calls)


def test_same_generator_same_result():
    one = check_gradient(square, square_gradient, np.ones(40), rng=np.random.default_rng(4))
    two = check_gradient(square, square_gradient, np.ones(40), rng=np.random.default_rng(4))
    assert one == two


# Assertion, products, Jacobians, Hessians.


def test_assert_gradient():
    assert_gradient(square, square_gradient, np.ones(3))
    with pytest.raises(
        AssertionError, match="diagnosis: sign: the gradient has the wrong sign"
    ) as caught:
        assert_gradient(square, lambda x: -square_gradient(x), np.ones(3))
    assert str(caught.value).startswith("gradient check: wrong")
    # The failure points at the line of the test, not into the checker.
    assert caught.traceback.filter(caught)[-1].path.name == "test_check.py"


A = np.random.default_rng(3).standard_normal((3, 4))


def layer(x):
    return np.tanh(A @ x)


def layer_jacobian(x):
    return (1 - np.tanh(A @ x) ** 2)[:, None] * A


def test_check_vjp():
    x = np.array([0.1, -0.3, 0.5, 0.2])
    assert check_vjp(layer, lambda x, v: v @ layer_jacobian(x), x)
    assert check_vjp(layer, lambda x, v: v @ layer_jacobian(x), x, v=[1.0, 0.0, 0.0])
    wrong = check_vjp(layer, lambda x, v: -v @ layer_jacobian(x), x)
    assert wrong.diagnosis == ("sign: the gradient has the wrong sign.",)
    p = {"w": A, "x": x}

    def pulled(p, v):
        t = v * (1 - np.tanh(p["w"] @ p["x"]) ** 2)
        return {"w": np.outer(t, p["x"]), "x": t @ p["w"]}

    assert check_vjp(lambda p: np.tanh(p["w"] @ p["x"]), pulled, p)


@pytest.mark.parametrize("method", METHODS)
def test_check_jacobian(method):
    x = np.array([0.1, -0.3, 0.5, 0.2])
    assert check_jacobian(layer, layer_jacobian, x, method=method)
    assert check_jacobian(layer, layer_jacobian(x), x, method=method)

    def one_wrong(x):
        J = layer_jacobian(x)
        J[2, 1] += 0.1
        return J

    wrong = check_jacobian(layer, one_wrong, x, method=method)
    assert wrong.worst == "J[2, 1]"
    assert wrong.index == (2, 1)
    assert wrong.analytic - wrong.numerical == pytest.approx(0.1, rel=1e-5)
    twice = check_jacobian(layer, lambda x: 2 * layer_jacobian(x), x, method=method)
    assert twice.diagnosis == ("constant factor: the Jacobian is 2 times what it should be.",)
    assert check_jacobian(np.sin, np.cos, 0.3)
    assert check_jacobian(lambda t: np.array([t, t**2]), lambda t: np.array([1.0, 2 * t]), 0.3)


def test_transposed_jacobians():
    x = np.array([0.1, -0.3, 0.5, 0.2])
    wide = check_jacobian(layer, lambda x: layer_jacobian(x).T, x)
    assert wide.diagnosis == (
        "shape: the Jacobian has shape (4, 3), and out + in is (3, 4).",
        "transposed: its transpose is right.",
    )
    S = np.arange(9.0).reshape(3, 3)
    square_one = check_jacobian(lambda x: S @ x, lambda x: S.T, np.ones(3))
    assert square_one.diagnosis == ("transposed: its transpose is right.",)


def bowl(x):
    return np.sum(np.exp(0.3 * x)) + 0.5 * np.sum(x) ** 2


def bowl_gradient(x):
    return 0.3 * np.exp(0.3 * x) + np.sum(x)


def bowl_hessian(x):
    return np.diag(0.09 * np.exp(0.3 * x)) + 1.0


@pytest.mark.parametrize("n", [1, 5, 30])
@pytest.mark.parametrize("gradient", [None, bowl_gradient])
def test_check_hessian(n, gradient):
    x = np.linspace(-1, 1, n)
    assert check_hessian(bowl, bowl_hessian, x, gradient=gradient)
    assert check_hessian(bowl, bowl_hessian(x), x, gradient=gradient)

    def wrong(x):
        H = bowl_hessian(x)
        H[0, 0] += 0.1
        return H

    check = check_hessian(bowl, wrong, x, gradient=gradient)
    assert check.verdict == "wrong"
    if n <= 10 or gradient is not None:
        assert check.worst == "H[0, 0]"
    shape = check_hessian(bowl, lambda x: np.ones(n), x, gradient=gradient)
    assert shape.diagnosis[0] == f"shape: the Hessian has shape ({n},), and out + in is ({n}, {n})."


def test_hessians_and_jacobians_of_numbers_and_near_an_edge():
    assert check_hessian(np.exp, np.exp, 1.0)
    wrong = check_hessian(np.exp, np.sin, 1.0)
    assert wrong.worst == "H"
    assert check_hessian(lambda x: np.sum(np.log(x)), lambda x: np.diag(-1 / x**2), [1e-3, 2.0])
    kink = check_hessian(lambda x: np.sum(np.abs(x)), np.zeros((2, 2)), [0.0, 1.0])
    assert kink.verdict == "inconclusive"
    for gradient in (None, bowl_gradient):
        bad = check_hessian(bowl, lambda x: np.nan * bowl_hessian(x), np.ones(3), gradient=gradient)
        assert bad.diagnosis == ("not finite: the Hessian contains NaN or infinity.",)


def test_a_hessian_that_is_not_symmetric():
    def skew(x):
        H = bowl_hessian(x)
        H[0, 1] += 0.1
        H[1, 0] -= 0.1
        return H

    check = check_hessian(bowl, skew, np.zeros(30))
    assert check.diagnosis == ("not symmetric: a Hessian equals its transpose.",)
    assert not check


# Messages.


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: check_gradient(1.0, np.cos, 1.0),
            TypeError,
            "`check_gradient` needs a function `f`: "
            "came float. Pass the function itself, not its value.",
        ),
        (
            lambda: check_gradient(np.sin, np.cos, np.ones(2)),
            ValueError,
            "`check_gradient` needs a "
            "scalar function: `f(x)` returned shape (2,). Reduce it with np.sum, or use "
            "`check_jacobian`.",
        ),
        (
            lambda: check_gradient(square, square, 1.0, strategy="some"),
            ValueError,
            "`check_gradient` "
            'needs a known `strategy`: came \'some\'. Choose one of "auto", "all", "directions".',
        ),
        (
            lambda: check_gradient(square, square, 1.0, method="central"),
            ValueError,
            "`check_gradient` "
            'needs a known `method`: came \'central\'. Choose one of "auto", "complex", '
            '"richardson".',
        ),
        (
            lambda: check_gradient(square, lambda x: None, 1.0),
            TypeError,
            "`check_gradient` needs a "
            "gradient of real numbers: `gradient(x)` for `x` returned NoneType. Return an array of real "
            "numbers.",
        ),
        (
            lambda: check_gradient(square, lambda x: np.array([1j]), [1.0]),
            TypeError,
            "`check_gradient` "
            "needs a gradient of real numbers: `gradient(x)` for `x` returned dtype complex128. Return "
            "an array of real numbers.",
        ),
        (
            lambda: check_gradient(lambda p: p["a"], lambda p: {"b": 1.0}, {"a": 1.0}),
            ValueError,
            "`check_gradient` needs one gradient for each parameter (a): `gradient(x)` returned dict "
            "with b. Return the same form as `x`.",
        ),
        (
            lambda: check_gradient(lambda p: p["a"], lambda p: {}, {"a": 1.0}),
            ValueError,
            "`check_gradient` needs one gradient for each parameter (a): `gradient(x)` returned dict "
            "with no entries. Return the same form as `x`.",
        ),
        (
            lambda: check_gradient(lambda p: p["a"], lambda p: [1.0, 2.0], {"a": 1.0}),
            ValueError,
            "`check_gradient` needs one gradient for each parameter (a): `gradient(x)` returned list of "
            "length 2. Return the same form as `x`.",
        ),
        (
            lambda: check_gradient(lambda p: p["a"], lambda p: 1.0, {"a": 1.0}),
            ValueError,
            "`check_gradient` needs one gradient for each parameter (a): `gradient(x)` returned float. "
            "Return the same form as `x`.",
        ),
        (
            lambda: check_gradient(square, square_gradient, np.ones(2), rng=3),
            TypeError,
            "`check_gradient` needs a numpy.random.Generator as `rng`: came int. Pass "
            "np.random.default_rng(seed).",
        ),
        (
            lambda: check_gradient(square, square_gradient, {"a": None}),
            TypeError,
            "`check_gradient` needs an array of real numbers as `a`: came NoneType. Convert it with "
            "np.asarray(..., dtype=float).",
        ),
        (
            lambda: check_gradient(
                lambda x: 1.0 if np.all(x == 1) else np.nan, square_gradient, np.ones(2)
            ),
            ValueError,
            "`check_gradient` needs values next to `x`: moving `x[0]` either way left the domain of "
            "the function. Check at a point inside the domain.",
        ),
        (
            lambda: check_vjp(layer, lambda x, v: None, np.ones(4)),
            TypeError,
            "`check_vjp` needs a gradient of real numbers: `vjp(x, v)` for `x` returned NoneType. "
            "Return an array of real numbers.",
        ),
        (
            lambda: check_jacobian(layer, lambda x: 1j * layer_jacobian(x), np.ones(4)),
            TypeError,
            "`check_jacobian` needs a function with real values: `jacobian(x)` returned complex "
            "numbers. Return a number or a NumPy array of real numbers.",
        ),
        (
            lambda: check_vjp(layer, lambda x, v: x, np.ones(4), v=[1.0]),
            ValueError,
            "`check_vjp` needs "
            "`v` in the shape of `F(x)`, (3,): came shape (1,). Give `v` one entry for each output.",
        ),
        (
            lambda: check_vjp(layer, 1.0, np.ones(4)),
            TypeError,
            "`check_vjp` needs a function `vjp`: "
            "came float. Pass the function itself, not its value.",
        ),
        (
            lambda: check_vjp(1.0, layer, np.ones(4)),
            TypeError,
            "`check_vjp` needs a function `F`: "
            "came float. Pass the function itself, not its value.",
        ),
        (
            lambda: check_jacobian(1.0, layer, np.ones(4)),
            TypeError,
            "`check_jacobian` needs a "
            "function `F`: came float. Pass the function itself, not its value.",
        ),
        (
            lambda: check_hessian(None, layer, np.ones(4)),
            TypeError,
            "`check_hessian` needs a "
            "function `f`: came NoneType. Pass the function itself, not its value.",
        ),
        (
            lambda: check_hessian(bowl, bowl_hessian, np.ones(4), gradient=1.0),
            TypeError,
            "`check_hessian` needs a function `gradient`: came float. Pass the function itself, not its "
            "value.",
        ),
    ],
)
def test_messages(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value) == message


def test_a_complex_step_that_was_asked_for_must_be_possible():
    with pytest.raises(ValueError, match="needs an analytic function of complex arrays"):
        check_gradient(lambda x: np.sum(np.abs(x)), np.sign, np.ones(3), method="complex")
    assert check_gradient(square, square_gradient, np.ones(3), method="complex")
