"""Computation graphs and matrix products: every node, edge and shape is where it belongs."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

from matplotlib import pyplot
from matplotlib.patches import FancyArrowPatch, Rectangle

from calcml import plot

NODES = {"a": (0.0, 0.0), "m": (2.0, 0.0), "s": (2.0, 1.0)}


@pytest.fixture(autouse=True)
def _no_figure_left_open():
    pyplot.close("all")
    yield
    pyplot.close("all")


def edges(ax):
    return [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]


def written(ax):
    return {text.get_text(): text.xy for text in ax.texts}


def test_every_node_and_edge_is_drawn():
    ax = plot.graph(NODES, [("a", "m", "3"), ("m", "s", "1"), ("a", "s", "")])
    assert len(edges(ax)) == 3
    assert [line.get_xydata()[0].tolist() for line in ax.lines] == [list(p) for p in NODES.values()]
    assert set(written(ax)) == {"a", "m", "s", "3", "1"}


def test_an_edge_runs_from_tail_to_head():
    (edge,) = edges(plot.graph(NODES, [("a", "s", "")]))
    bend = edge.get_connectionstyle()((0.0, 0.0), (2.0, 1.0), shrinkA=0.0, shrinkB=0.0)
    assert np.allclose(bend.vertices[[0, -1]], [[0.0, 0.0], [2.0, 1.0]])


@pytest.mark.parametrize("at", [0.3, 0.5])
def test_labels_of_parallel_edges_lie_on_their_curves(at):
    ax = plot.graph(NODES, [("a", "m", "x"), ("a", "m", "y"), ("a", "m", "z")], at=at)
    places = [written(ax)[label] for label in "xyz"]
    for edge, place in zip(edges(ax), places, strict=True):
        start, control, end = edge.get_connectionstyle()(
            NODES["a"], NODES["m"], shrinkA=0.0, shrinkB=0.0
        ).vertices
        expected = (1 - at) ** 2 * start + 2 * at * (1 - at) * control + at**2 * end
        assert np.allclose(place, expected)
    assert len({round(y, 6) for _, y in places}) == 3


@pytest.mark.parametrize(("head", "side"), [("m", (0.0, 9.0)), ("s", (-4.024922, 8.049845))])
def test_labels_stand_above_their_edge_at_right_angles(head, side):
    for pair in (("a", head), (head, "a")):
        ax = plot.graph(NODES, [(*pair, "x")])
        (label,) = [text for text in ax.texts if text.get_text() == "x"]
        assert np.allclose(label.get_position(), side)
        pyplot.close()


def test_circles_have_room_and_a_second_call_keeps_it():
    ax = plot.graph(NODES, [])
    limits = ax.get_xlim(), ax.get_ylim()
    assert np.allclose(limits, ((-0.35, 2.35), (-0.35, 1.35)))
    plot.graph({"m": NODES["m"], "s": NODES["s"]}, [("m", "s", "")], color="C1", ax=ax)
    assert np.allclose((ax.get_xlim(), ax.get_ylim()), limits)


def test_labels_replace_names_and_other_names_stay():
    ax = plot.graph(NODES, [], labels={"a": "a = 3"})
    assert set(written(ax)) == {"a = 3", "m", "s"}


def test_a_second_call_marks_a_part_in_another_line_style():
    with plot.theme("light"):
        ax = plot.graph(NODES, [("a", "m", "")])
        plot.graph({"a": NODES["a"], "m": NODES["m"]}, [("a", "m", "")], color="C1", ax=ax)
        first, second = edges(ax)
    assert first.get_linestyle() != second.get_linestyle()
    assert first.get_edgecolor() != second.get_edgecolor()


def test_nodes_are_filled_with_the_color_of_the_page():
    with plot.theme("dark"):
        ax = plot.graph({"a": (0.0, 0.0)}, [])
        assert ax.lines[0].get_markerfacecolor() == "#1e2129"


@pytest.mark.parametrize(
    ("nodes", "links", "message"),
    [
        ({}, [], "`graph` needs at least one node: came none. Give each a name and a place."),
        (
            {"a": (0, 0), "b": (1, 0)},
            [("a", "z", "")],
            "`graph` needs edges between two different nodes: came 'a' to 'z' among a, b. Name both "
            "ends as in `nodes`.",
        ),
        (
            {"a": (0, 0), "b": (1, 0)},
            [("b", "b", "")],
            "`graph` needs edges between two different nodes: came 'b' to 'b' among a, b. Name both "
            "ends as in `nodes`.",
        ),
        (
            {"a": (0, 0, 0)},
            [],
            "`graph` needs a pair as `nodes['a']`, shape (2,): came shape (3,). Draw a slice of the "
            "parameters, two at a time.",
        ),
    ],
)
def test_graph_says_what_it_needs(nodes, links, message):
    with pytest.raises(ValueError) as error:
        plot.graph(nodes, links)
    assert str(error.value) == message


def boxes(ax):
    return [p for p in ax.patches if isinstance(p, Rectangle) and not p.get_fill()]


def test_matrices_are_to_scale_in_order_and_apart():
    ax = plot.matrix_product([("B", (40, 40)), ("A", (40, 20))])
    first, second = boxes(ax)
    assert np.isclose(first.get_width() / second.get_width(), 2.0)
    assert np.isclose(first.get_height(), second.get_height())
    assert second.get_x() > first.get_x() + first.get_width()
    assert {"40 × 40", "40 × 20", "A", "B"} == set(written(ax))


def test_a_very_short_side_is_thickened():
    row, _ = boxes(plot.matrix_product([("v", (1, 1000)), ("B", (1000, 1000))]))
    assert np.isclose(row.get_height(), 0.05)


@pytest.mark.parametrize("thin", [(1, 40), (40, 1)])
def test_a_thin_matrix_has_its_name_above_it(thin):
    other = (40, 40)
    pair = [("v", thin), ("B", other)] if thin[1] == 40 else [("B", other), ("v", thin)]
    ax = plot.matrix_product(pair)
    by_shape = {round(p.get_width() / p.get_height(), 6): p for p in boxes(ax)}
    square = by_shape.pop(1.0)
    (short,) = by_shape.values()
    middle, height = written(ax)["v"]
    assert np.isclose(middle, short.get_x() + short.get_width() / 2.0)
    assert short.get_y() + short.get_height() < height < ax.get_ylim()[1]
    assert square.get_y() < written(ax)["B"][1] < square.get_y() + square.get_height()


def test_brackets_stand_between_their_matrices():
    ax = plot.matrix_product(["(", ("v", (1, 4)), ("B", (4, 4)), ")", ("A", (4, 2))])
    v, b, a = boxes(ax)
    assert written(ax)["("][0] < v.get_x()
    assert b.get_x() + b.get_width() < written(ax)[")"][0] < a.get_x()


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        (
            ["(", ")"],
            "`matrix_product` needs at least one matrix: came none. Give pairs (name, shape).",
        ),
        (
            [("A", (2, 3)), ("B", (2, 3))],
            "`matrix_product` needs the columns of each factor to be the rows of the next: came "
            "(2, 3) times (2, 3). Transpose one, or change the order.",
        ),
    ],
)
def test_matrix_product_says_what_it_needs(factors, message):
    with pytest.raises(ValueError) as error:
        plot.matrix_product(factors)
    assert str(error.value) == message
