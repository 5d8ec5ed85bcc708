"""Pictures lose digits that nobody sees, and what is not drawn."""

import io
import re

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from book.pictures import drawn, published
from matplotlib.figure import Figure
from playwright.sync_api import Page


@pytest.mark.parametrize(
    ("svg", "shown"),
    [
        ('<path d="M 46.085006 -0.001 \nL 3 4.5 \nz\n"/>', '<path d="M 46.09 0 L 3 4.5 z "/>'),
        ('<use x="10.00049" y="-7.126"/>', '<use x="10" y="-7.13"/>'),
        (
            '<g transform="translate(37.239693 262.502625) scale(0.015625 -0.12345)"/>',
            '<g transform="translate(37.24 262.5) scale(0.015625 -0.12345)"/>',
        ),
        ('<path style="stroke-width: 0.12345"/>', '<path style="stroke-width: 0.12345"/>'),
        ("<metadata>\n <a/>\n</metadata>\n<g/><!-- text -->\n", "<g/>"),
    ],
)
def test_places_are_rounded_and_scales_are_not(svg: str, shown: str) -> None:
    assert published(svg) == shown


@pytest.mark.parametrize("layout", ["constrained", "tight", None])
def test_a_picture_is_what_matplotlib_would_save(layout: str | None) -> None:
    def figure() -> Figure:
        fig, axes = plt.subplots(1, 2, figsize=(6, 3), layout=layout)
        axes[0].plot([0, 1e4], [0, 1])
        axes[0].set(xlabel="x (min)", ylabel=r"$\partial f / \partial x$", title="A picture")
        axes[1].annotate("here", (0.5, 0.5), xytext=(0.1, 0.9), arrowprops={"arrowstyle": "->"})
        return fig

    stream = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "a"}):
        figure().savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    assert drawn(figure(), "a") == stream.getvalue()
    plt.close("all")


def test_a_picture_looks_the_same(page: Page) -> None:
    """Pixel by pixel, twice as large as on a page."""
    fig, ax = plt.subplots(figsize=(5, 3.5))
    x = np.linspace(0, 7, 300)
    ax.plot(x, np.sin(x), "o-", markersize=3)
    ax.contourf(x, np.linspace(-1, 1, 40), np.cos(x) * np.linspace(-1, 1, 40)[:, None], alpha=0.5)
    ax.set(xlabel="x (min)", ylabel=r"$\partial f / \partial x$", title="A picture")
    stream = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "path"}):
        fig.savefig(stream, format="svg")
    plt.close(fig)
    whole = stream.getvalue()
    light = published(whole)
    assert len(light) < 0.8 * len(whole)
    assert re.findall(r"<(?:path|use|g|text|rect)\b", light) == re.findall(
        r"<(?:path|use|g|text|rect)\b", whole
    )
    drawn = []
    page.set_viewport_size({"width": 1000, "height": 700})
    for svg in (whole, light):
        page.set_content(f"<body style='margin: 0; zoom: 2'>{svg[svg.index('<svg') :]}</body>")
        drawn.append(plt.imread(io.BytesIO(page.screenshot()))[..., :3])
    difference = np.abs(drawn[0] - drawn[1])
    assert drawn[0].std() > 0.1
    assert difference.mean() < 0.002
    assert (difference.max(axis=-1) > 0.25).mean() < 1e-4
