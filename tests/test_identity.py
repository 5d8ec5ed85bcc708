"""What a row is: its declaration, its calls and their errors, samples, other namespaces, formulas."""

import re

import numpy as np
import pytest

from calcml.identity import Array, Group, Identity, Registry
from calcml.identity._arguments import TESTS, Argument, sample
from calcml.identity._formula import NoFormulaError
from calcml.identity._oracles import ORACLES, relative_error
from calcml.identity._rebase import ANALYTIC
from calcml.identity._symbols import symbol


def make(function, **settings):
    """A row of a registry of its own."""
    settings.setdefault("source", "Leibniz 1684")
    return Group("Test", Registry())("Test", **settings)(function)


def half(x: Array) -> Array:
    return x / 2


def affine(x: Array, A: Array, b: Array, scale: float = 1.0) -> Array:
    return scale * A @ x + b


@pytest.fixture
def layer():
    row = make(affine, x="(n,)", A="(m, n)", b="(m,)")

    @row.rule
    def _(g: Array, x: Array, A: Array, scale: float) -> Array:
        return scale * A.T @ g, scale * np.outer(g, x), g

    return row


# Declarations


@pytest.mark.parametrize(
    "text", ["n, d", "(n, d) reals", "(n) positive simplex", "(n,) labels", "(n,)positive", ""]
)
def test_a_declaration_that_says_nothing_is_refused(text):
    with pytest.raises(
        ValueError, match=r'needs a shape and a domain, as in "\(n, d\) positive fixed"'
    ):
        Argument.read("x", text)


@pytest.mark.parametrize(
    ("text", "shape", "domain", "fixed"),
    [
        ("(n, d)", ("n", "d"), "real", False),
        ("()", (), "real", False),
        ("(..., l + k - 1) positive", ("...", "l + k - 1"), "positive", False),
        ("(n,) labels k", ("n",), "labels", True),
        ("(n, n) spd fixed", ("n", "n"), "spd", True),
    ],
)
def test_declarations_are_read(text, shape, domain, fixed):
    argument = Argument.read("x", text)
    assert (argument.shape, argument.domain, argument.fixed) == (shape, domain, fixed)


def test_shapes_must_be_given_for_the_first_arguments():
    with pytest.raises(
        ValueError, match="needs a shape for each argument, in order: came shapes of"
    ):
        make(affine, A="(m, n)", x="(n,)")


def test_a_rule_takes_the_arguments_of_its_row():
    row = make(half, x="(...)")
    with pytest.raises(
        ValueError, match=r"needs one rule on its own arguments, `f` and `g`: it also takes \['z'\]"
    ):
        row.rule(lambda x, z: x)
    row.rule(lambda x: x)
    with pytest.raises(ValueError, match="it already has one"):
        row.rule(lambda x: x)


def test_a_row_without_rule_says_so():
    with pytest.raises(
        ValueError, match="`half` needs a rule for its gradient: none was registered"
    ):
        make(half, x="(...)").gradient(1.0)


def test_names_are_taken_once():
    group = Group("Test", Registry())
    group("One", x="(...)", source="Leibniz 1684")(half)
    with pytest.raises(ValueError, match="needs a name of its own: `half` is taken by One"):
        group("Two", x="(...)", source="Leibniz 1684")(half)


# Sources


@pytest.mark.parametrize(
    ("source", "citations"),
    [
        ("Leibniz 1684", [("Leibniz 1684", "")]),
        ("Green 1990; Huber 1964, sec. 2", [("Green 1990", ""), ("Huber 1964", "sec. 2")]),
        (
            "Goodfellow, Bengio and Courville 2016, eq. 9.6 and sec. 9.5",
            [("Goodfellow, Bengio and Courville 2016", "eq. 9.6 and sec. 9.5")],
        ),
        ("LeCun et al. 1998, sec. II.B", [("LeCun et al. 1998", "sec. II.B")]),
        ("Spivak 1965, theorem 2-3", [("Spivak 1965", "theorem 2-3")]),
        ("Magnus 2019a, ch. 9, sec. 14", [("Magnus 2019a", "ch. 9, sec. 14")]),
        ("Gers 2000, eq. 1 to 9 and 12", [("Gers 2000", "eq. 1 to 9 and 12")]),
        ('Li 2015, sec. "The loss, in short"', [("Li 2015", 'sec. "The loss, in short"')]),
    ],
)
def test_sources_are_read(source, citations):
    assert list(make(half, x="(...)", source=source).citations) == citations


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("", ""),
        ("Leibniz", "Leibniz"),
        ("Huber 1964, eq. 1.1; sec. 6", "sec. 6"),
        ("Huber 1964, 1.1", "Huber 1964, 1.1"),
        ("Huber 1964, eq.", "Huber 1964, eq."),
        ("Huber 1964 eq. 1", "Huber 1964 eq. 1"),
        ("Huber 1964, equation 1", "Huber 1964, equation 1"),
        ("Huber 1964, eq. 1, with another sign", "Huber 1964, eq. 1, with another sign"),
        ("gradient: Huber, eq. 1", "gradient: Huber, eq. 1"),
        ("Huber 1964, eq. 1;Green 1990", "Huber 1964, eq. 1;Green 1990"),
    ],
)
def test_a_source_that_cannot_be_read_is_refused(source, part):
    with pytest.raises(
        ValueError,
        match=f'`half` needs a source like "Huber 1964; Bishop 2006, .*": came {re.escape(repr(part))}'
        r"\. Write authors and year, a comma, and the equation",
    ):
        make(half, x="(...)", source=source)


# Calls


def test_lists_and_integers_are_taken(layer):
    assert layer([1, 2], [[1, 0], [0, 1], [1, 1]], [0, 0, 1]).tolist() == [1.0, 2.0, 4.0]
    dx, dA, db = layer.gradient([1, 2], [[1, 0], [0, 1], [1, 1]], [0, 0, 1], upstream=[1, 0, 2])
    assert dx.tolist() == [3.0, 2.0]
    assert dA.tolist() == [[1.0, 2.0], [0.0, 0.0], [2.0, 4.0]]
    assert db.tolist() == [1.0, 0.0, 2.0]


def test_options_reach_the_function_and_the_rule(layer):
    x = np.ones(2), np.ones((3, 2)), np.zeros(3)
    assert layer(*x, scale=3.0).tolist() == [6.0, 6.0, 6.0]
    assert layer.gradient(*x, scale=3.0)[0].tolist() == [9.0, 9.0]


def test_a_wrong_shape_is_named(layer):
    with pytest.raises(
        ValueError,
        match=r"`affine` needs `A` of shape \(m, n\) with n = 2, m = 3: came shape \(3, 4\)\. Reshape it, "
        r"or check the others: `x` is \(2,\), `b` is \(3,\)\.",
    ):
        layer(np.ones(2), np.ones((3, 4)), np.ones(3))
    with pytest.raises(
        ValueError, match=r"needs `b` of shape \(m,\) with m = 3: came shape \(4,\)"
    ):
        layer(np.ones(2), np.ones((3, 2)), np.ones(4))


def test_leading_axes_must_agree():
    row = make(lambda x, y: x * y, x="(..., k)", y="(..., k)")
    assert row(np.ones((2, 3)), np.ones((2, 3))).shape == (2, 3)
    with pytest.raises(
        ValueError, match=r"`y` of shape \(\.\.\., k\) with k = 3, \.\.\. = 2: came shape \(4, 3\)"
    ):
        row(np.ones((2, 3)), np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"`x` of shape \(\.\.\., k\): came shape \(\)"):
        row(1.0, 1.0)


def test_arithmetic_in_shapes_is_solved():
    row = make(lambda x, w: x[: len(x) - len(w) + 1], x="(l + k - 1,)", w="(k,)")
    assert row(np.arange(5.0), np.ones(2)).shape == (4,)
    double = make(lambda x: x, x="(2 * h,)")
    with pytest.raises(ValueError, match=r"needs `x` of shape \(2 \* h,\): came shape \(3,\)"):
        double(np.ones(3))


def test_a_wrong_number_of_arguments_shows_the_signature(layer):
    with pytest.raises(TypeError, match=r"`affine` needs arguments as in affine\(x.*: missing"):
        layer(np.ones(2))


@pytest.mark.parametrize("x", [["a"], [object()]])
def test_a_wrong_kind_is_refused(layer, x):
    with pytest.raises(TypeError, match="`affine` needs real numbers as `x`: came dtype"):
        layer(x, np.ones((3, 1)), np.ones(3))


def test_upstream_has_the_shape_of_the_value(layer):
    x = np.ones(2), np.ones((3, 2)), np.zeros(3)
    with pytest.raises(
        ValueError, match=r"`upstream` in the shape of the value, \(3,\): came shape \(2,\)"
    ):
        layer.gradient(*x, upstream=np.ones(2))


@pytest.mark.parametrize(
    ("domain", "value", "problem"),
    [
        ("positive", [1.0, 0.0], r"needs positive entries as `x`: came 0 at \[1\]"),
        ("unit", [0.5, 1.0], r"needs entries between 0 and 1 as `x`: came 1 at \[1\]"),
        (
            "simplex",
            [0.5, 0.6],
            r"needs probabilities that sum to 1 along the last axis as `x`: came",
        ),
        ("fraction", [0.0, 1.5], r"needs entries from 0 to 1 as `x`: came 1.5 at \[1\]"),
        ("counts", [2.0, -1.0], r"needs entries of at least 0 as `x`: came -1 at \[1\]"),
        ("signs", [1.0, 0.5], r"needs entries -1 or 1 as `x`: came 0.5 at \[1\]"),
        ("mask", [1.0, 0.0], r"needs True or False as `x`: came dtype float64"),
    ],
)
def test_values_outside_of_the_domain_are_refused(domain, value, problem):
    row = make(lambda x: x, x=f"(n,) {domain}")
    with pytest.raises((ValueError, TypeError), match=problem):
        row(value)


def test_a_matrix_that_is_not_symmetric_is_refused():
    row = make(lambda A: A, A="(n, n) symmetric")
    row([[1.0, 2.0], [2.0, 0.0]])
    with pytest.raises(ValueError, match="needs a symmetric matrix as `A`"):
        row([[1.0, 2.0], [3.0, 0.0]])


def test_labels_are_integers_in_range():
    row = make(lambda z, y: z, z="(n, k)", y="(n,) labels k")
    z = np.zeros((2, 3))
    with pytest.raises(TypeError, match="needs integer labels as `y`: came dtype float64"):
        row(z, [0.0, 1.0])
    with pytest.raises(
        ValueError, match="needs labels from 0 to 2 as `y`: came labels from 0 to 3"
    ):
        row(z, [0, 3])


# Samples


@pytest.mark.parametrize("domain", ["real", *TESTS, "invertible", "mask"])
@pytest.mark.parametrize("n", [1, 4])
def test_samples_lie_in_their_domain(domain, n):
    shape = "(n, n)" if domain in {"symmetric", "spd", "invertible"} else "(n,)"
    argument = Argument.read("x", f"{shape} {domain}")
    drawn = sample(argument, np.random.default_rng(0), {"n": n}, (), 1.0)
    assert drawn.shape == argument.dimensions({"n": n}, ())
    if domain in TESTS:
        assert np.all(TESTS[domain][1](drawn))
    if domain == "spd":
        assert np.linalg.eigvalsh(drawn).min() > 0.2
    if domain == "mask":
        assert drawn.dtype == bool
        assert drawn.any()


def test_every_row_is_sampled_at_one_by_one_tall_wide_and_a_batch_of_one(layer):
    assert {"generic", "one", "batch of one", "tall", "wide"} == set(layer.cases)
    for case in layer.cases:
        layer(*layer.sample(np.random.default_rng(0), case))
    shapes = {case: layer.sample(np.random.default_rng(0), case)[1].shape for case in layer.cases}
    assert shapes["one"] == (1, 1)
    assert shapes["tall"][0] < shapes["tall"][1]  # n is the first symbol, and the number of columns
    assert shapes["wide"][0] > shapes["wide"][1]
    with pytest.raises(ValueError, match="needs a known `case`: came 'long'"):
        layer.sample(np.random.default_rng(0), "long")


def test_least_sizes_are_kept():
    row = make(half, x="(n,)", least={"n": 2})
    assert min(sizes["n"] for sizes, _ in row.cases.values()) == 2


# Oracles


def test_every_oracle_rejects_a_wrong_rule(layer):
    wrong = make(affine, x="(n,)", A="(m, n)", b="(m,)")
    wrong.rule(lambda g, x, A: (A.T @ g, np.outer(g, x), 1.001 * g))
    errors = wrong.check(np.random.default_rng(0))
    assert set(errors) == {"complex step", "automatic differentiation"}
    assert min(errors.values()) > 1e-4
    assert max(layer.check(np.random.default_rng(0)).values()) < 1e-13


def test_differences_stand_in_where_the_complex_step_cannot_go():
    row = make(lambda x: np.sum(np.linalg.svd(x)[1]), x="(n, m)", analytic=False)
    x = (np.diag([3.0, 2.0]),)
    assert ORACLES["complex step"](row, x, np.ones(())) is None
    (d,) = ORACLES["differences"](row, x, np.ones(()))
    np.testing.assert_allclose(d, np.eye(2), atol=1e-9)


def test_a_gradient_of_the_wrong_shape_is_infinitely_wrong():
    row = make(half, x="(n,)")
    assert row.error((np.ones(3),), np.ones(3), (np.ones((3, 1)),), (np.ones(3),)) == np.inf


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_relative_error_is_infinite_for_what_is_no_number(bad):
    assert relative_error(np.array([1.0, bad]), np.ones(2), 0.0) == np.inf


def test_relative_error_is_relative_to_the_largest_entry():
    assert relative_error(np.array([2.0, 100.0]), np.array([1.0, 100.0]), 0.0) == pytest.approx(
        0.01
    )
    assert relative_error(np.array([1e-17]), np.zeros(1), 1.0) == pytest.approx(1e-17)


# Other namespaces


@pytest.mark.parametrize("value", [-2.0, -0.3, 0.4, 3.0])
@pytest.mark.parametrize(
    ("name", "derivative"),
    [
        ("abs", np.sign),
        ("log1p", lambda x: 1 / (1 + x)),
        ("maximum", lambda x: float(x > 0.1)),
        ("minimum", lambda x: float(x < 0.1)),
        ("logaddexp", lambda x: 1 / (1 + np.exp(0.1 - x))),
        ("arctan2", lambda x: 0.1 / (0.01 + x**2)),
        ("sign", lambda x: 0.0),
    ],
)
def test_continued_functions_have_their_real_values_and_slopes(name, derivative, value):
    if name == "log1p" and value < -1:
        value = -0.9
    function = getattr(ANALYTIC, name)
    second = () if name in {"abs", "log1p", "sign"} else (0.1,)
    found = function(value + 1e-30j, *second)
    assert np.real(found) == pytest.approx(getattr(np, name)(value, *second))
    assert np.imag(found) / 1e-30 == pytest.approx(derivative(value))


@pytest.mark.parametrize("order", [None, 1, 2, 3, np.inf])
def test_norms_are_continued(order):
    x, d = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.1, -1.0])
    found = ANALYTIC.linalg.norm(x + 1e-30j * d, order)
    h = 1e-6
    slope = (np.linalg.norm(x + h * d, order) - np.linalg.norm(x - h * d, order)) / (2 * h)
    assert np.imag(found) / 1e-30 == pytest.approx(slope)
    with pytest.raises(
        ValueError, match="the matrix norm of order nuc has no complex step: use differences"
    ):
        ANALYTIC.linalg.norm(np.eye(2), "nuc")


def test_maxima_and_determinants_are_continued():
    x = np.array([[1.0, 5.0], [2.0, -3.0]]) + 1e-30j * np.array([[1.0, 2.0], [3.0, 4.0]])
    assert np.imag(ANALYTIC.max(x)) == pytest.approx(2e-30)
    np.testing.assert_allclose(np.imag(ANALYTIC.max(x, axis=0)), [3e-30, 2e-30])
    assert ANALYTIC.min(x, axis=1, keepdims=True).shape == (2, 1)
    assert ANALYTIC.max(x, keepdims=True).shape == (1, 1)
    sign, log = ANALYTIC.linalg.slogdet(x)
    assert sign == pytest.approx(-1.0)
    slope = np.trace(np.linalg.inv(x.real) @ x.imag)
    assert np.imag(log) == pytest.approx(slope)
    assert ANALYTIC.clip(np.array([0.5 + 1e-30j, 3 + 1e-30j]), 0, 1).imag.tolist() == [1e-30, 0.0]


# Formulas


def formula(function, rule=None, **settings):
    row = make(function, **settings)
    return str(row.formulas()[0][0])


def two_norms(x: Array, A: Array) -> Array:
    return np.linalg.norm(x, 1) + np.linalg.norm(A)


def of_rows(X: Array) -> Array:
    return X - np.mean(X, axis=-1, keepdims=True)


def in_cases(x: Array, delta: float = 1.0) -> Array:
    return np.where(np.abs(x) <= delta, x**2 / 2, delta * np.abs(x))


def left_of_a_matrix(x: Array, A: Array) -> Array:
    return x @ A


def sandwich(x: Array, A: Array) -> Array:
    return (x + 1) @ A @ x


def with_a_loop(x: Array) -> Array:
    for _ in range(2):
        x = x * x
    return x


def in_indices(A: Array, x: Array) -> Array:
    return np.einsum("ij,j->i", A, x)


@pytest.mark.parametrize(
    ("function", "shapes", "tex"),
    [
        (
            two_norms,
            {"x": "(n,)", "A": "(n, m)"},
            r"f = \lVert \mathbf{x} \rVert_{1} + \lVert A \rVert_{F}",
        ),
        (of_rows, {"X": "(n, d)"}, r"F = X - \operatorname{mean}_{d}(X)"),
        (
            in_cases,
            {"x": "(...)"},
            r"f = \begin{cases} \frac{x^{2}}{2} & \text{if } \lvert x \rvert \le \delta \\ "
            r"\delta \lvert x \rvert & \text{otherwise} \end{cases}",
        ),
        (left_of_a_matrix, {"x": "(n,)", "A": "(n, m)"}, r"\mathbf{f} = A^\top \mathbf{x}"),
        (sandwich, {"x": "(n,)", "A": "(n, n)"}, r"f = (\mathbf{x} + 1)^\top A \mathbf{x}"),
        (
            in_indices,
            {"A": "(m, n)", "x": "(n,)"},
            r"\mathbf{f} = \left[\sum_{j} {A}_{i j} {\mathbf{x}}_{j}\right]_{i}",
        ),
    ],
)
def test_code_is_typeset(function, shapes, tex):
    assert formula(function, **shapes) == tex


def test_code_without_a_formula_is_refused():
    with pytest.raises(NoFormulaError, match="a For has no formula"):
        formula(with_a_loop, x="(n,)")


@pytest.mark.parametrize(
    ("name", "ndim", "tex"),
    [
        ("x", 0, "x"), ("x", 1, r"\mathbf{x}"), ("gamma", 1, r"\boldsymbol{\gamma}"), ("x_hat", 1, r"\hat{\mathbf{x}}"),
        ("W_q", 2, "W_{q}"), ("beta1", 0, r"\beta_{1}"), ("g", 2, "G"), ("h_new", 1, r"\mathbf{h}_{\mathrm{new}}"),
        ("lam", 0, r"\lambda"), ("mean", 0, r"\mathrm{mean}"), ("Vt", 2, r"V^\top"),
    ],
)  # fmt: skip
def test_names_are_typeset(name, ndim, tex):
    assert symbol(name, ndim) == tex


def test_a_row_shows_its_signature():
    assert repr(make(affine, x="(n,)", A="(m, n)", b="(m,)")).startswith("affine(x")
    assert isinstance(make(half, x="(...)"), Identity)
