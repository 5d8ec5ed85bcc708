"""Figures: what the artists hold is true, in both themes, and drawn the same twice."""

from __future__ import annotations

import io
import itertools
import os
import re
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")

from book.pictures import in_palettes, published
from matplotlib import pyplot
from matplotlib.colors import to_hex, to_rgb
from matplotlib.quiver import Quiver
from matplotlib.text import Annotation

from calcml import plot
from calcml.geometry import headings, slope
from calcml.problems import line_loss, two_layer_loss

PAGES = {"light": "#ffffff", "dark": "#1e2129"}
each_theme = pytest.mark.parametrize("name", PAGES)


@pytest.fixture(autouse=True)
def _no_figure_left_open():
    pyplot.close("all")
    yield
    pyplot.close("all")


def bowl(p):
    return np.sum(p**2, axis=-1)


def line_labeled(ax, label):
    (line,) = [line for line in ax.lines if line.get_label() == label]
    return line


def annotations(ax):
    return [child for child in ax.get_children() if isinstance(child, Annotation)]


def shafts(ax):
    return [note for note in annotations(ax) if note.arrow_patch is not None]


# Themes


def luminance(color):
    """Relative luminance, WCAG 2.2."""
    c = np.array(to_rgb(color))
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_measured_as_the_standard_says():
    assert np.isclose(contrast("#000000", "#ffffff"), 21.0)
    assert np.isclose(contrast("#777777", "#ffffff"), 4.48, atol=0.005)


@each_theme
def test_everything_stands_out_from_the_page(name):
    with plot.theme(name):
        keys = (
            "text.color",
            "axes.labelcolor",
            "axes.titlecolor",
            "xtick.labelcolor",
            "ytick.labelcolor",
            "legend.labelcolor",
            "grid.color",
            "axes.edgecolor",
            "xtick.color",
            "ytick.color",
        )
        colors = [mpl.rcParams[key] for key in keys]
        colors += mpl.rcParams["axes.prop_cycle"].by_key()["color"]
        assert min(contrast(color, PAGES[name]) for color in colors) >= 4.5
        assert contrast(mpl.rcParams["text.color"], PAGES[name]) >= 12.0


# Machado, Oliveira, Fernandes, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency", IEEE TVCG 15, 2009: severity 1.0, on linear RGB.
VISIONS = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def lab(color, vision):
    c = np.array(to_rgb(color))
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(vision) @ linear, 0.0, 1.0)
    to_xyz = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    t = np.array(to_xyz) @ seen / [0.95047, 1.0, 1.08883]
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16.0 / 116.0)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def closest(colors, vision):
    pairs = itertools.combinations([lab(color, vision) for color in colors], 2)
    return min(float(np.linalg.norm(a - b)) for a, b in pairs)


@pytest.mark.parametrize("vision", VISIONS)
@each_theme
def test_colors_stay_apart_for_every_eye(name, vision):
    with plot.theme(name):
        colors = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
    assert closest(colors[:4], VISIONS[vision]) > 20.0
    assert closest(colors, VISIONS[vision]) > 12.0


def test_the_measure_of_distance_rejects_red_beside_green():
    assert closest(["#c04000", "#6a7000"], VISIONS["normal"]) > 40.0
    assert closest(["#c04000", "#6a7000"], VISIONS["deuteranopia"]) < 20.0


@each_theme
def test_every_color_has_a_line_style_of_its_own(name):
    with plot.theme(name):
        cycle = mpl.rcParams["axes.prop_cycle"].by_key()
        assert len({str(style) for style in cycle["linestyle"]}) == len(cycle["color"]) == 6
        assert to_hex("C2") == cycle["color"][2]


def test_the_colors_of_one_theme_stand_for_those_of_the_other():
    light, dark = (plot.palette(name) for name in PAGES)
    assert list(light) == list(dark)
    for name, colors in zip(PAGES, (light, dark), strict=True):
        assert len(set(colors.values())) == len(colors)
        assert colors["page"] == PAGES[name]
        with plot.theme(name):
            for role in ("C0", "C5"):
                assert to_hex(role) == colors[role]
            assert mpl.rcParams["text.color"] == colors["text"]
            assert mpl.rcParams["grid.color"] == colors["muted"]


@each_theme
def test_background_is_transparent_and_knows_the_page(name):
    with plot.theme(name):
        figure = plot.panels().figure
        assert figure.get_facecolor()[3] == 0.0
        assert to_hex(figure.get_facecolor()) == PAGES[name]


def test_theme_leaves_no_trace():
    before = dict(mpl.rcParams)
    with plot.theme("dark"):
        mpl.rcParams["lines.linewidth"] = 17.0
    assert dict(mpl.rcParams) == before
    with pytest.raises(RuntimeError, match="inside"), plot.theme("dark"):
        raise RuntimeError("inside")
    assert dict(mpl.rcParams) == before


def test_theme_does_not_depend_on_the_reader_settings():
    with plot.theme("light"):
        clean = dict(mpl.rcParams)
    reader = {"axes.grid": True, "lines.marker": "x", "font.family": "serif"}
    with mpl.rc_context(reader), plot.theme("light"):
        assert dict(mpl.rcParams) == clean


def everything():
    """One figure with every function that draws on plain axes."""
    left, middle, right = plot.panels(1, 3, width=12.0, height=4.0)
    plot.contours(line_loss, (0, 5), (2, 9), shade=True, ax=left)
    plot.arrow([2, 5], [1, 0.3], label="downhill", ax=left)
    plot.point([2, 5], label="here", side="left", ax=left)
    plot.path([[0, 2], [1, 3], [2, 5]], label="path", ax=left)
    plot.ellipse(line_loss.hessian([0, 0]), [2.5, 6.5], 0.5, ax=left)
    plot.compass([-10, -3], ax=middle)
    h = np.logspace(-6, 0, 13)
    plot.loglog(h, h**2, label="central", order=2, ax=right)
    return left.figure


def svg(figure):
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


@pytest.mark.parametrize(
    "draw",
    [
        everything,
        lambda: plot.surface(line_loss, (0, 5), (0, 9)).figure,
        lambda: plot.field(two_layer_loss.gradient, (-3, 3), (-3, 3)).figure,
        lambda: plot.heading_curve(*sweep([-10, -3]), label="A").figure,
    ],
    ids=["plain", "surface", "field", "heading_curve"],
)
def test_a_figure_is_byte_identical_when_drawn_twice_and_when_recolored(draw):
    drawn = []
    for name in ("light", "light", "dark"):
        with plot.theme(name):
            drawn.append(svg(draw()))
        pyplot.close("all")
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) < 400_000
    assert "<text" not in drawn[0]  # glyphs are paths: no font of the reader takes part
    pictures = in_palettes(drawn[0], {name: list(plot.palette(name).values()) for name in PAGES})
    assert pictures["light"] == published(drawn[0])
    assert counted(pictures["dark"]) == counted(published(drawn[2])) != counted(pictures["light"])


def counted(picture):
    """A picture whose elements are numbered: Matplotlib names some after their color."""
    names = {}
    return re.sub(
        r"\b[A-Z]?\d*_?\d*_?[mpC][0-9a-f]{10}\b",
        lambda found: names.setdefault(found[0], f"element-{len(names)}"),
        picture,
    )


@each_theme
def test_text_can_be_read_on_a_phone(name):
    with plot.theme(name):
        figure = everything()
        figure.canvas.draw()
        sizes = [text.get_fontsize() for text in figure.findobj(mpl.text.Text) if text.get_text()]
        assert min(sizes) >= 11.0


# Panels and the current axes


def test_panels_have_their_shapes_and_sizes():
    assert isinstance(plot.panels(), mpl.axes.Axes)
    assert plot.panels(1, 2).shape == (2,)
    assert plot.panels(2, 1).shape == (2,)
    axes = plot.panels(2, 3, width=8.0, height=5.0, sharex=True)
    assert axes.shape == (2, 3)
    assert tuple(axes[0, 0].figure.get_size_inches()) == (8.0, 5.0)
    assert axes[0, 0].get_shared_x_axes().joined(axes[0, 0], axes[1, 2])
    assert plot.panels(projection="polar").name == "polar"


def test_the_default_size_grows_with_the_rows_and_a_stack_is_narrow():
    sizes = {
        shape: tuple(np.ravel(plot.panels(*shape))[0].figure.get_size_inches())
        for shape in ((1, 1), (1, 2), (2, 2), (2, 1), (3, 1))
    }
    assert sizes[1, 1] == sizes[1, 2] == (7.0, 3.2)
    assert sizes[2, 2] == (7.0, 6.4)
    assert sizes[2, 1] == (4.8, 6.4)
    assert sizes[3, 1] == pytest.approx((4.8, 9.6))


@each_theme
def test_stacked_panels_keep_their_text_readable_on_a_phone(name):
    with plot.theme(name):
        above, below = plot.panels(2)
        plot.contours(line_loss, (0, 5), (2, 9), ax=above)
        plot.path([[0, 2], [1, 3], [2, 5]], label="path", ax=above)
        plot.heading_curve(*sweep([-10, -3]), label="slope", ax=below)
        above.figure.canvas.draw()
        texts = [text for text in above.figure.findobj(mpl.text.Text) if text.get_text()]
        shrink = 340 / (72 * above.figure.get_figwidth())  # pixels of the phone per point
        assert min(text.get_fontsize() for text in texts) * shrink > 10.0


def test_functions_draw_on_the_axes_given_or_else_the_current_ones():
    first = plot.point([0.0, 0.0])
    assert plot.arrow([0, 0], [1, 1]) is first
    assert len(pyplot.get_fignums()) == 1
    left, right = plot.panels(1, 2)
    assert plot.point([0.0, 0.0], ax=left) is left
    assert plot.point([0.0, 0.0]) is right
    assert len(left.lines) == len(right.lines) == 1


# Level curves


def test_level_curves_lie_on_their_levels():
    ax = plot.contours(line_loss, (0, 5), (2, 10), levels=[1.0, 5.0, 20.0])
    (curves,) = ax.collections
    assert np.allclose(curves.levels, [1.0, 5.0, 20.0])
    for level, path in zip(curves.levels, curves.get_paths(), strict=True):
        assert len(path.vertices) > 20
        # linear interpolation between grid lines misses by a curvature times spacing^2 / 8
        assert np.allclose(line_loss(path.vertices), level, atol=11.9 * 0.05**2 / 4)


def test_every_level_has_its_label_and_axes_are_named():
    ax = plot.contours(line_loss, (0, 5), (2, 10))
    (curves,) = ax.collections
    assert {float(text.get_text()) for text in curves.labelTexts} == set(curves.levels)
    for text in curves.labelTexts:
        assert np.isclose(line_loss(text.get_position()), float(text.get_text()), rtol=0.1)
    assert (ax.get_xlabel(), ax.get_ylabel()) == line_loss.parameters
    assert ax.get_xlim() == (0, 5)
    assert ax.get_aspect() == 1.0
    assert (
        plot.contours(bowl, (-1, 1), (-1, 1), equal=False, ax=plot.panels()).get_aspect() == "auto"
    )


def test_level_curves_can_go_without_labels():
    labeled = plot.contours(line_loss, (0, 5), (2, 10), ax=plot.panels())
    bare = plot.contours(line_loss, (0, 5), (2, 10), labels=False, ax=plot.panels())
    assert labeled.texts
    assert not bare.texts
    assert np.array_equal(bare.collections[0].levels, labeled.collections[0].levels)


@pytest.mark.parametrize(
    ("f", "xlim"),
    [
        (line_loss, (0, 5)),
        (two_layer_loss, (-4, 4)),
        (bowl, (-3, 3)),
        (lambda p: 1e-9 * bowl(p), (-3, 3)),
        (lambda p: 1e9 + bowl(p), (-3, 3)),
        (lambda p: p[..., 0] * p[..., 1], (-3, 3)),
        (lambda p: -bowl(p) - 5.0, (-3, 3)),
        (lambda p: np.exp(3.0 * p[..., 0]), (-4, 4)),
    ],
)
def test_default_levels_are_few_round_and_spread_over_the_picture(f, xlim):
    (curves,) = plot.contours(f, xlim, (-3, 3)).collections
    levels = curves.levels
    assert 4 <= levels.size <= 9
    labels = {text.get_text() for text in curves.labelTexts}
    assert max(map(len, labels)) <= (6 if np.max(np.abs(levels)) < 1e8 else 10)
    assert labels <= {f"{level:.10g}" for level in levels}
    assert len(labels) >= 4
    grid = np.stack(np.meshgrid(np.linspace(*xlim, 50), np.linspace(-3, 3, 50)), axis=-1)
    share = np.diff(
        np.concatenate([[0.0], np.mean(f(grid) < levels[:, None, None], (1, 2)), [1.0]])
    )
    assert share.max() < 0.6


def test_levels_that_the_picture_does_not_reach_are_passed_over():
    ax = plot.contours(bowl, (-1, 1), (-1, 1), levels=[-3.0, 0.5, 2.0, 50.0])
    (curves,) = ax.collections
    assert [text.get_text() for text in curves.labelTexts] == ["0.5"]


def test_labels_of_level_curves_keep_clear_of_each_other():
    ax = plot.contours(two_layer_loss, (-4, 4), (-4, 4))
    (curves,) = ax.collections
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in curves.labelTexts]
    assert len(boxes) > 8
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_undefined_regions_are_left_blank():
    with np.errstate(invalid="ignore", divide="ignore"):
        ax = plot.contours(lambda p: np.log(p[..., 0]), (-1, 3), (0, 1), levels=[0.0])
    (curves,) = ax.collections
    assert np.allclose(curves.get_paths()[0].vertices[:, 0], 1.0, atol=1e-3)


def test_shading_is_darker_higher_up():
    ax = plot.contours(bowl, (-1, 1), (-1, 1), levels=[0.2, 0.8], shade=True)
    fill, _ = ax.collections
    alpha = fill.get_facecolor()[:, 3]
    assert np.all(np.diff(alpha) > 0)
    assert alpha.max() <= 0.3


def test_surface_holds_the_values_and_its_map():
    ax = plot.surface(line_loss, (0, 5), (0, 9))
    assert ax.name == "3d"
    assert ax.get_xlabel() == line_loss.parameters[0]
    bottom, top = ax.get_zlim()
    assert bottom < 0.15 < top
    assert np.all(ax.get_zticks() >= 0.0)
    assert len(ax.collections) == 2


# Arrows, points, paths


@pytest.mark.parametrize("vector", [[1.0, 0.3], [-2.0, 0.0], [0.0, -3.0], [-1e-3, 1e-3]])
def test_an_arrow_ends_at_start_plus_vector(vector):
    ax = plot.arrow([2.0, 5.0], vector, label="v")
    (shaft,) = shafts(ax)
    assert np.allclose(shaft.xyann, [2.0, 5.0])
    assert np.allclose(shaft.xy, np.add([2.0, 5.0], vector))
    assert shaft.arrow_patch.shrinkA == shaft.arrow_patch.shrinkB == 0.0
    ax.figure.canvas.draw()
    ends = ax.transData.transform([shaft.xyann, shaft.xy])
    drawn = shaft.arrow_patch.get_path().vertices
    drawn = shaft.arrow_patch.get_transform().transform(drawn)
    assert np.allclose(drawn[0], ends[0], atol=0.5)
    assert np.min(np.hypot(*(drawn - ends[1]).T)) < 4.0


@pytest.mark.parametrize("degrees", range(0, 360, 15))
def test_the_label_of_an_arrow_does_not_touch_its_shaft(degrees):
    t = np.radians(degrees)
    v = np.array([np.cos(t), np.sin(t)])
    ax = plot.panels()
    ax.set_xlim(-2, 2)
    ax.set_ylim(-2, 2)
    ax.set_aspect("equal")
    plot.arrow([0, 0], v, label="downhill", ax=ax)
    ax.figure.canvas.draw()
    (text,) = [note for note in annotations(ax) if note.get_text()]
    box = text.get_window_extent()
    tip = ax.transData.transform(v)
    along = ax.transData.transform(np.outer(np.linspace(0, 1, 200), v))
    assert not any(box.contains(*point) for point in along)
    nearest = np.clip(tip, [box.x0, box.y0], [box.x1, box.y1])
    assert np.hypot(*(nearest - tip)) < 20.0


def test_a_point_is_where_it_says_and_its_label_on_the_side_asked_for():
    ax = plot.panels()
    ax.set_xlim(-1, 1)
    ax.set_ylim(-1, 1)
    for side in ("left", "right", "above", "below", "upper left", "lower right"):
        plot.point([0.25, -0.5], label=side, side=side, ax=ax)
    ax.figure.canvas.draw()
    x, y = ax.transData.transform([0.25, -0.5])
    for note in annotations(ax):
        box, side = note.get_window_extent(), note.get_text()
        assert bool(box.x1 < x) is side.endswith("left")
        assert bool(box.x0 > x) is side.endswith("right")
        assert bool(box.y0 > y) is (side.startswith("upper") or side == "above")
        assert bool(box.y1 < y) is (side.startswith("lower") or side == "below")
    assert all(np.array_equal(line.get_xydata(), [[0.25, -0.5]]) for line in ax.lines)


def test_a_path_holds_its_points_and_marks_its_start():
    way = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 1.0]])
    with plot.theme("light"):
        ax = plot.path(way, label="descent", color="C1")
        line, start = ax.lines
        assert np.array_equal(line.get_xydata(), way)
        assert np.array_equal(start.get_xydata(), way[:1])
        assert start.get_markerfacecolor() == "none"
        assert line.get_linestyle() == "--"
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["descent"]


def test_a_field_keeps_all_lengths_in_one_proportion():
    ax = plot.field(two_layer_loss.gradient, (-3, 3), (-2, 2), n=7)
    (quiver,) = [child for child in ax.get_children() if isinstance(child, Quiver)]
    vectors = np.stack([quiver.U, quiver.V], axis=-1)
    assert np.allclose(vectors, two_layer_loss.gradient(quiver.XY))
    assert (quiver.angles, quiver.scale_units) == ("xy", "xy")
    drawn = vectors / quiver.scale
    assert np.isclose(np.max(np.hypot(drawn[:, 0] / (6 / 7), drawn[:, 1] / (4 / 7))), 1.0)
    assert ax.get_xlim() == (-3.0, 3.0)


def test_a_field_on_a_map_leaves_its_limits_alone():
    ax = plot.contours(bowl, (-1, 1), (-1, 1))
    plot.field(lambda p: 2 * p, (-0.5, 0.5), (-0.5, 0.5))
    assert ax.get_xlim() == (-1.0, 1.0)


def test_a_field_of_zeros_draws():
    ax = plot.field(lambda p: 0.0 * p, (-1, 1), (-1, 1))
    ax.figure.canvas.draw()


# Slopes against headings


def sweep(gradient, n=361):
    degrees = np.linspace(0.0, 360.0, n)
    t = np.radians(degrees)
    return degrees, slope(gradient, np.stack([np.cos(t), np.sin(t)], axis=-1))


def test_a_heading_curve_has_quarter_turn_ticks():
    degrees, slopes = sweep([-10.0, -3.0])
    ax = plot.heading_curve(degrees, slopes, label="at (2, 5)")
    assert np.array_equal(ax.get_xticks(), [0, 90, 180, 270, 360])
    line = line_labeled(ax, "at (2, 5)")
    assert np.array_equal(line.get_xydata(), np.stack([degrees, slopes], axis=-1))
    plot.heading_curve(degrees[::30], slopes[::30], label="measured", marker="o", ax=ax)
    dots = line_labeled(ax, "measured")
    assert dots.get_linestyle() == "None"
    assert dots.get_marker() == "o"
    assert dots.get_color() != line.get_color()


@pytest.mark.parametrize("gradient", [[-10.0, -3.0], [0.0, 2.0], [1e-8, 1e-8]])
def test_compass_radii_are_the_sizes_of_the_slopes(gradient):
    ax = plot.compass(gradient)
    g = np.array(gradient)
    for name, sign in (("rises", 1.0), ("falls", -1.0)):
        (lobe,) = [line for line in ax.lines if str(line.get_label()).startswith(name)]
        points = lobe.get_xydata()
        radius = np.hypot(*points.T)
        inner = radius > 1e-9 * radius.max()
        slopes = slope(g, points[inner])
        assert inner.sum() >= 119
        assert np.allclose(radius[inner], np.abs(slopes), rtol=1e-9)
        assert np.all(sign * slopes > 0)
        assert np.isclose(radius.max(), np.hypot(*g))
    (shaft,) = shafts(ax)
    assert np.allclose(shaft.xy, g)
    dotted = [line for line in ax.lines if line.get_linestyle() == ":"]
    assert len(dotted) == 2
    tips = np.array([line.get_xydata()[1] for line in dotted])
    assert np.allclose(tips @ g, 0.0, atol=1e-12 * (g @ g))
    assert np.allclose(tips[0], -tips[1])


def test_the_lobes_of_a_compass_differ_by_more_than_color():
    with plot.theme("dark"):
        ax = plot.compass([-10.0, -3.0])
        rises, falls = (
            next(line for line in ax.lines if str(line.get_label()).startswith(name))
            for name in ("rises", "falls")
        )
        assert rises.get_linestyle() != falls.get_linestyle()
        assert rises.get_marker() != falls.get_marker()
        assert rises.get_markerfacecolor() != "none" == falls.get_markerfacecolor()


# Ellipses and orders


def test_an_ellipse_is_the_level_set_and_shows_its_half_axes():
    H, c = line_loss.hessian([0, 0]), np.array([2.5, 6.5])
    ax = plot.ellipse(H, c, 0.7)
    curve, *axes = (line.get_xydata() for line in ax.lines)
    d = curve - c
    assert np.allclose(0.5 * np.sum(d @ H * d, axis=1), 0.7)
    assert np.allclose(line_loss(curve), 0.15 + 0.7)
    lengths = [np.linalg.norm(line[1] - line[0]) for line in axes]
    assert np.allclose(lengths, np.sqrt(1.4 / np.linalg.eigvalsh(H)))
    for line, value in zip(axes, np.linalg.eigvalsh(H), strict=True):
        assert np.allclose(H @ (line[1] - line[0]), value * (line[1] - line[0]))
    texts = " ".join(note.get_text() for note in annotations(ax))
    for number in ("0.169", "11.8", f"{lengths[0]:.3g}", f"{lengths[1]:.3g}"):
        assert number in texts


@pytest.mark.parametrize("order", [-1.0, 0.0, 1.0, 2.0])
def test_the_guide_has_its_order_and_lies_where_the_data_has_it(order):
    h = np.logspace(-12, 0, 49)
    error = h**2 + 1e-16 / h if order in (2.0, -1.0) else np.maximum(h, 1e-6)
    ax = plot.loglog(h, error, label="error", order=order)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    data, guide = ax.lines
    assert np.allclose(data.get_xydata(), np.stack([h, error], axis=-1))
    x, y = np.log10(guide.get_xydata()).T
    assert np.isclose((y[1] - y[0]) / (x[1] - x[0]), order)
    ratio = guide.get_ydata() / np.interp(guide.get_xdata(), h, error)
    assert np.all((ratio > 1.5) & (ratio < 5.0))
    assert x[1] - x[0] > 3.0
    assert any(note.get_text() == f"order {order:g}" for note in annotations(ax))


# Bad input


def flat():
    return plot.panels()


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: plot.palette("sepia"), ValueError, "known `name`: came 'sepia'. Choose"),
        (lambda: plot.theme("sepia").__enter__(), ValueError, "known `name`: came 'sepia'. Choose"),
        (lambda: plot.contours(3, (0, 1), (0, 1)), TypeError, "`contours` needs a function `f`"),
        (
            lambda: plot.contours(lambda p: p, (0, 1), (0, 1)),
            ValueError,
            r"`f\(p\)` returned shape \(161, 161, 2\) for p of shape \(161, 161, 2\)",
        ),
        (lambda: plot.contours(lambda p: 1j * bowl(p), (0, 1), (0, 1)), TypeError, "complex128"),
        (
            lambda: plot.contours(lambda p: np.nan * bowl(p), (0, 1), (0, 1)),
            ValueError,
            "all are NaN or infinite",
        ),
        (lambda: plot.contours(bowl, (1, 0), (0, 1)), ValueError, r"low < high: came \(1, 0\)"),
        (lambda: plot.contours(bowl, (0, 1), 3), ValueError, "pair as `ylim`"),
        (
            lambda: plot.contours(bowl, (0, 1), (0, 1), levels=[7.0]),
            ValueError,
            r"a level between 0 and 2, .* came \[7.0\]",
        ),
        (
            lambda: plot.contours(lambda p: 0 * bowl(p), (0, 1), (0, 1)),
            ValueError,
            "a level between",
        ),
        (lambda: plot.surface(bowl, (0, 1), (0, 1), ax=flat()), ValueError, "3-D axes: came rect"),
        (lambda: plot.arrow([0, 0], [0, 0]), ValueError, "`arrow` needs a nonzero vector"),
        (lambda: plot.arrow([0, 0, 0], [1, 0, 0]), ValueError, r"as `start`, shape \(2,\): came"),
        (lambda: plot.arrow([0, 0], [np.inf, 0]), ValueError, "finite numbers as `vector`"),
        (lambda: plot.arrow([0, 0], ["a", "b"]), TypeError, "real numbers as `vector`"),
        (lambda: plot.point([0, 0], side="north"), ValueError, "known `side`: came 'north'"),
        (lambda: plot.path([1.0, 2.0]), ValueError, r"shape \(m, 2\): came shape \(2,\)"),
        (lambda: plot.path([[1.0, 2.0], [np.nan, 0.0]]), ValueError, "row 1 is not"),
        (
            lambda: plot.field(bowl, (0, 1), (0, 1)),
            ValueError,
            r"`gradient\(p\)` returned shape \(9, 9\)",
        ),
        (lambda: plot.field(lambda p: p, (0, 1), (0, 1), n=1), ValueError, "`n` >= 2: came 1"),
        (lambda: plot.field(lambda p: np.nan * p, (0, 1), (0, 1)), ValueError, "finite vectors"),
        (
            lambda: plot.heading_curve([0, 90], [1]),
            ValueError,
            "`degrees` and `slopes` of one shape",
        ),
        (lambda: plot.compass([0, 0]), ValueError, "`compass` needs a nonzero gradient"),
        (
            lambda: plot.compass([1, 0], ax=plot.panels(projection="polar")),
            ValueError,
            "plain axes",
        ),
        (
            lambda: plot.ellipse([[1, 0], [0, -1]], [0, 0], 1.0),
            ValueError,
            "positive definite Hessian",
        ),
        (lambda: plot.ellipse(np.eye(3), [0, 0], 1.0), ValueError, r"came \(3, 3\)"),
        (lambda: plot.ellipse(np.eye(2), [0, 0], -1.0), ValueError, "positive value: came -1"),
        (lambda: plot.loglog([1, 2], [0, 1]), ValueError, "1 of the 2 in `y` are not"),
        (lambda: plot.loglog([1, -2], [1, 1]), ValueError, "1 of the 2 in `x` are not"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


# The package without matplotlib


def run(code):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "MPLBACKEND": "Agg"},
        check=True,
    ).stdout


def test_importing_the_package_does_not_import_matplotlib():
    assert run(
        "import sys, calcml; calcml.geometry.unit([1.0]); print('matplotlib' in sys.modules)"
    ) == ("False\n")
    assert (
        run("import sys, calcml; calcml.plot.theme; print('matplotlib' in sys.modules)") == "True\n"
    )


def test_the_package_names_what_it_does_not_have():
    import calcml

    with pytest.raises(AttributeError, match="'calcml' has no attribute 'plots'"):
        _ = calcml.plots
    assert {"geometry", "plot", "problems"} <= set(dir(calcml))
    assert calcml.geometry.headings is headings
