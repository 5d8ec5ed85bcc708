"""Every row of the reference table, against every oracle, and every wrong rule against the check."""

import ast
import functools
import importlib
import inspect
import re
import textwrap
import types
import warnings

import markdown
import numpy as np
import pytest
from book import runner, tables
from book.reader import DOCS
from tex_reader import Eye, evaluate_lines

from calcml import functions
from calcml.functions import all_identities, get
from calcml.functions._registry import Rows
from calcml.identity import Group
from calcml.identity._symbols import ndim, symbol

ROWS = {row.name: row for row in all_identities()}
ANALYTIC, DIFFERENCES, FRAMEWORK = 1e-10, 1e-7, 1e-9
"""Allowed relative errors: the oracles' own rounding, amplified at the largest scale."""

TORCH = importlib.import_module("book.torch_rows").TORCH if runner.installed("torch") else {}

every_row = pytest.mark.parametrize("name", ROWS)


def tolerance(oracle):
    allowed = {"differences": DIFFERENCES, "JAX": FRAMEWORK, "PyTorch": FRAMEWORK}
    return allowed.get(oracle, ANALYTIC)


@every_row
def test_gradient_agrees_with_every_oracle(name):
    """The worst errors over all seeds, which the page shows: measured here, unless the build of the
    site has just measured them with the same code, oracles and releases."""
    errors = tables.measured(ROWS[name])
    expected = 2 + runner.installed("jax") + (runner.installed("torch") and name in TORCH)
    assert len(errors) == expected
    assert {k: e for k, e in errors.items() if not e <= tolerance(k)} == {}


@every_row
def test_layout_law(name):
    """A gradient has the shape of its argument, and its inner product predicts the change."""
    row = ROWS[name]
    rng = np.random.default_rng(2)
    for case in row.cases:
        x = row.sample(rng, case)
        moved = [i for i, a in enumerate(row.arguments) if not a.fixed]
        g = rng.standard_normal(np.shape(row(*x)))
        found = row.gradient(*x, upstream=g)
        found = found if isinstance(found, tuple) else (found,)
        assert [np.shape(d) for d in found] == [np.shape(x[i]) for i in moved]
        h = 1e-6
        steps = {i: rng.standard_normal(np.shape(x[i])) for i in moved}
        ends = [
            np.sum(
                g
                * row.function(
                    *(a + s * h * steps[i] if i in steps else a for i, a in enumerate(x))
                )
            )
            for s in (1, -1)
        ]
        change = (ends[0] - ends[1]) / (2 * h)
        predicted = sum(np.sum(d * steps[i]) for d, i in zip(found, moved, strict=True))
        size = sum(np.sum(np.abs(d * steps[i])) for d, i in zip(found, moved, strict=True))
        assert abs(change - predicted) <= 1e-6 * (1 + size + abs(ends[0]))


@every_row
def test_single_precision_stays_single(name):
    row = ROWS[name]
    x = [
        a.astype(np.float32) if a.dtype.kind == "f" else a
        for a in row.sample(np.random.default_rng(3))
    ]
    y = row(*x)
    assert np.asarray(y).dtype == np.float32
    found = row.gradient(*x, upstream=np.ones_like(y))
    for d in found if isinstance(found, tuple) else (found,):
        assert d.dtype == np.float32
        assert np.all(np.isfinite(d))


@every_row
def test_default_upstream_is_ones(name):
    row = ROWS[name]
    x = row.sample(np.random.default_rng(4))
    ours, ones = row.gradient(*x), row.gradient(*x, upstream=np.ones_like(row(*x)))
    for a, b in (
        zip(np.atleast_1d(ours), np.atleast_1d(ones), strict=True)
        if not isinstance(ours, tuple)
        else zip(ours, ones, strict=True)
    ):
        np.testing.assert_allclose(a, b)


@every_row
def test_row_says_what_it_is(name):
    row = ROWS[name]
    assert row.source
    assert row.summary.endswith(".")
    assert f"{row.arguments[0].name} : array_like, shape" in row.__doc__
    assert getattr(functions, row.__name__) is row
    assert row.__name__ in functions.__all__
    assert any(not a.fixed for a in row.arguments)


def test_titles_and_names_are_unique():
    assert len({row.title for row in ROWS.values()}) == len(ROWS)
    assert len({row.name.lower() for row in ROWS.values()}) == len(ROWS)


# Sources


def test_every_work_is_cited_and_no_row_cites_another():
    cited = {citation.work for row in ROWS.values() for citation in row.citations}
    assert cited == set(functions.WORKS)


def test_works_that_may_be_cited_whole_are():
    """The mark on a work whose every citation has a place means nothing."""
    whole = {c.work for row in ROWS.values() for c in row.citations if not c.place}
    assert whole == {work for work, entry in functions.WORKS.items() if entry.whole}


@pytest.mark.parametrize("work", functions.WORKS)
def test_a_reference_bears_the_names_and_the_year_that_it_is_cited_by(work):
    reference, url, _ = functions.WORKS[work]
    names, year = work.rsplit(" ", 1)
    authors, _, title = reference.partition(f" ({year}). ")
    initials = re.findall(r"(?:\w{1,2}\.[ -]?)+", authors.removesuffix("et al."))
    if names.endswith(" et al."):  # more than three
        assert authors.startswith(names.removesuffix(" et al.") + ", ")
        assert len(initials) > 3 or authors.endswith(" et al.")
    else:
        surnames = re.split(", | and ", names)
        assert authors == names or len(initials) == len(surnames)  # a team, or people
        assert re.match(".*".join(map(re.escape, surnames)), authors)
    assert re.fullmatch(r"[A-Z].*\.", title)
    assert re.fullmatch(r"https?://[\w.-]+/\S*", url)
    if "arXiv:" in reference:
        assert url == f"https://arxiv.org/abs/{reference.rpartition(':')[2].removesuffix('.')}"


def test_works_are_in_the_order_of_the_alphabet():
    keys = [work.casefold() for work in functions.WORKS]
    assert keys == sorted(keys)


def test_no_work_is_listed_twice():
    entries = functions.WORKS.values()
    assert len({entry.url for entry in entries}) == len(entries)
    assert len({entry.reference for entry in entries}) == len(entries)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "Bishp 2006, eq. 4.90",
            r"`half` needs a source whose works are listed: came 'Bishp 2006'\. Did you mean Bishop 2006"
            r".* Add the work to `WORKS`",
        ),
        (
            "Leibniz 1684",
            r"`half` needs a source whose works are listed: came 'Leibniz 1684'\. Add the work",
        ),
        (
            "Giles 2008",
            r"`half` needs a place in Giles 2008: came the work alone\. Add the equation",
        ),
        ("Misra 2019; Bishop 2006", r"`half` needs a place in Bishop 2006: came the work alone"),
    ],
)
def test_a_row_is_refused_whose_source_cannot_be_looked_up(source, message):
    def half(x):
        return x / 2

    rows = Rows()
    with pytest.raises(ValueError, match=message):
        Group("Test", rows)("Half", x="(...)", source=source)(half)
    assert not rows
    Group("Test", rows)("Half", x="(...)", source="Misra 2019; Bishop 2006, eq. 4.90")(half)
    assert list(rows) == ["half"]


CHAPTERS = sorted({row.chapter for row in ROWS.values() if row.chapter})


@pytest.mark.parametrize("chapter", [c for c in CHAPTERS if (DOCS / c.partition("#")[0]).is_file()])
def test_chapters_have_the_anchors_that_rows_link_to(chapter):
    path, _, wanted = chapter.partition("#")
    assert not wanted or f'id="{wanted}"' in html_of(path)


@functools.cache
def html_of(path):
    text = (DOCS / path).read_text("utf-8")
    return markdown.markdown(text, extensions=["attr_list", "toc", "pymdownx.superfences"])


# Extremes

STABLE = [row.name for row in ROWS.values() if row.stable]


@pytest.mark.parametrize("name", STABLE)
@pytest.mark.parametrize("scale", [1e-8, 1e4])
def test_nothing_overflows(name, scale):
    row = ROWS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x = row.sample(np.random.default_rng(7), "generic", scale)
        assert np.all(np.isfinite(row(*x)))
        found = row.gradient(*x)
        for d in found if isinstance(found, tuple) else (found,):
            assert np.all(np.isfinite(d))


# Wrong rules


def changed(node, parent):
    """What a slip of the pen would have made of an expression: all of its wrong versions."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield "drop the right term", node.left
        yield "drop the left term", node.right
        yield "flip a sign", ast.BinOp(node.left, other, node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        yield "drop the right factor", node.left
        if isinstance(node.op, ast.Mult):
            yield "drop the left factor", node.right
    if isinstance(node, ast.Attribute) and node.attr in {"T", "mT"}:
        yield "forget to transpose", node.value
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "np.mean":
        yield (
            "sum instead of mean",
            ast.Call(ast.parse("np.sum", mode="eval").body, node.args, node.keywords),
        )
        yield "no mean at all", node.args[0]
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "np.sum":
        yield "no sum at all", node.args[0]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "lose a minus", node.operand


class Replace(ast.NodeTransformer):
    def __init__(self, place, new):
        self.place, self.new, self.count = place, new, -1

    def generic_visit(self, node):
        if isinstance(node, ast.expr):
            self.count += 1
            if self.count == self.place:
                return self.new
        return super().generic_visit(node)


class Walk(ast.NodeVisitor):
    """Expressions in the order in which `Replace` counts them."""

    def __init__(self):
        self.found = []

    def generic_visit(self, node):
        if isinstance(node, ast.expr):
            self.found.append(node)
        super().generic_visit(node)


def mutants(rule):
    source = textwrap.dedent(inspect.getsource(rule))
    body = next(n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef))
    body.decorator_list = []
    for argument in body.args.args:
        argument.annotation = None
    body.returns = None
    clean = ast.unparse(body)
    walk = Walk()
    walk.visit(ast.parse(clean))
    for place, node in enumerate(walk.found):
        for label, new in changed(node, None):
            tree = ast.fix_missing_locations(Replace(place, new).visit(ast.parse(clean)))
            scope = {}
            code = next(
                c
                for c in compile(tree, "<mutant>", "exec").co_consts
                if isinstance(c, types.CodeType)
            )
            del scope
            yield (
                f"{label} in `{ast.unparse(node)}`",
                types.FunctionType(code, rule.__globals__, rule.__name__, rule.__defaults__),
            )


def outputs_changed(found):
    """Wrong versions of the results themselves: one argument's at a time."""
    for i, d in enumerate(found):
        others = found[:i], found[i + 1 :]
        yield f"scale result {i}", (*others[0], 1.0005 * d, *others[1])
        yield f"negate result {i}", (*others[0], -d, *others[1])
        if d.ndim == 2 and d.shape[0] == d.shape[1] and not np.allclose(d, d.T):
            yield f"transpose result {i}", (*others[0], d.T, *others[1])
        if d.ndim and len(d) > 1 and np.ptp(d, axis=0).max() > 1e-6 * np.abs(d).max():
            yield f"shift result {i} by a row", (*others[0], np.roll(d, 1, axis=0), *others[1])


def trials_of(row):
    """Arguments, with every option moved off its default: a factor 1 would hide its loss."""
    rng = np.random.default_rng(8)
    runs = [("generic", 1.0), *[("generic", 0.3)] * 5, ("wide", 1.0), ("tall", 0.5)]
    for case, scale in runs:
        if case in row.cases:
            x = row.sample(rng, case, scale)
            bound = row.signature.bind(*x)
            bound.apply_defaults()
            values = dict(bound.arguments)
            for name, value in values.items():
                if isinstance(value, float):
                    values[name] = 1.1 * value
            y = row.function(**values)
            g = rng.standard_normal(np.shape(y))
            yield x, y, g, values, row.pull_back(values, y, g)


def survivors(row):
    """Wrong versions of a rule that are right in every trial all the same; and how many were not."""
    trials = list(trials_of(row))
    worst = {}
    rule = row.backward
    for label, mutant in mutants(rule):
        try:
            row.backward = mutant
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                errors = [
                    row.error(x, g, row.pull_back(values, y, g), right)
                    for x, y, g, values, right in trials
                ]
        except Exception:  # whatever a wrong program does but give a right result
            errors = [np.inf]
        finally:
            row.backward = rule
        worst[label] = max(errors)
    for x, _, g, _, right in trials:
        for label, wrong in outputs_changed(right):
            worst[label] = max(worst.get(label, 0.0), row.error(x, g, wrong, right))
    limit = 100 * tolerance("" if row.analytic else "differences")
    alive = {label for label, error in worst.items() if not error > limit}
    return alive, len(worst) - len(alive)


EQUIVALENT = {
    # Ties have probability zero; the table of kinks tests them.
    "maximum-norm": {"drop the right factor in `m * np.sign(x) / np.sum(m)`"},
    "max-pooling": {"drop the right factor in `g / block_sums(M)`"},
}
"""Changes that are no mistake at random arguments, because the value stays the same."""


@every_row
def test_no_wrong_rule_survives(name):
    alive, dead = survivors(ROWS[name])
    assert alive == EQUIVALENT.get(name, set())
    assert dead >= 2


# Formulas


def environment(row):
    """Sample arguments, sizes, and the value of everything a formula of the row can mention."""
    values, sizes = row.example()
    f = row.function(**values)
    g = np.random.default_rng(9).standard_normal(np.shape(f))
    names = {symbol(key, ndim(value)): value for key, value in values.items()}
    names = {key: size for key, size in sizes.items() if key not in names} | names
    return values, sizes, names | {symbol("f", ndim(f)): f, symbol("g", ndim(f)): g}


def finder(row):
    def find(wanted):
        for place in (row.function.__globals__, vars(np), vars(np.linalg)):
            if wanted in place:
                return getattr(place[wanted], "function", place[wanted])
        raise KeyError(wanted)

    return find


def compare(row, values, sizes, names, results, where):
    """Evaluate the formulas of the gradients, and assert that they are what the rule returns."""
    f = row.function(**values)
    found = evaluate_lines(where, results, names, sizes, finder(row))
    g = None if row.scaled_by_upstream else names[symbol("g", ndim(f))]
    for a, b in zip(found, row.pull_back(values, f, g), strict=True):
        a, b = np.squeeze(a.like(b) if isinstance(a, Eye) else a), np.squeeze(b)
        np.testing.assert_allclose(a + 0 * b, b, rtol=1e-10, atol=1e-12)


@every_row
def test_formulas_are_read_back(name):
    """The TeX, read by a program of its own and evaluated, gives the value and the gradients."""
    row = ROWS[name]
    values, sizes, names = environment(row)
    f = row.function(**values)
    own = {symbol("f", ndim(f)), symbol("g", ndim(f))}
    results, where = row.formulas()
    arguments = {key: value for key, value in names.items() if key not in own}
    (value,) = evaluate_lines(where, results, arguments, sizes, finder(row))
    np.testing.assert_allclose(np.squeeze(value), np.squeeze(f), rtol=1e-10, atol=1e-12)
    results, where = row.gradient_formulas()
    compare(row, values, sizes, names, results, where)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("quadratic-form", "A + A", "A - A"),
        ("matrix-product", r"A^\top", r"2 A^\top"),
        ("sigmoid", "1 - f", "1 + f"),
        ("softmax-cross-entropy", r"\frac{1}{n}", ""),
        ("layer-norm", r"\operatorname{mean}_{d}(d)", "0"),
        ("attention", r"\bar{S}^\top Q", r"\bar{S}^\top K"),
    ],
)
def test_the_reader_sees_a_wrong_formula(name, right, wrong):
    row = ROWS[name]
    values, sizes, names = environment(row)
    results, where = row.gradient_formulas()
    assert any(right in line.right for line in [*results, *where])
    results, where = (
        [type(line)(line.left, line.right.replace(right, wrong)) for line in lines]
        for lines in (results, where)
    )
    with pytest.raises((AssertionError, ValueError)):  # a wrong value, or shapes that do not fit
        compare(row, values, sizes, names, results, where)


# Names


def test_get_finds_a_row_however_it_is_spelled():
    assert get("quadratic-form") is get("Quadratic form") is get("quadratic_form")


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ValueError, match=r"came 'quadratic-from'\. Did you mean quadratic-form"):
        get("quadratic-from")
    with pytest.raises(ValueError, match="`all_identities` lists them"):
        get("zzzz")
