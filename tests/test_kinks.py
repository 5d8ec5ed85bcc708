"""The table of kinks, measured: when a library changes what it returns, this is where we learn it."""

import numpy as np
import pytest
from book import kinks, tables

ALL = pytest.mark.parametrize("kink", kinks.KINKS, ids=lambda kink: kink.title)


@ALL
def test_our_value(kink):
    assert kinks.ours(kink) == kink.calcml


@ALL
def test_value_of_pytorch(kink):
    pytest.importorskip("torch")
    assert kinks.pytorch(kink) == kink.torch_value


@ALL
def test_value_of_jax(kink):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    assert kinks.jax(kink) == kink.jax_value


@pytest.mark.parametrize(
    ("code", "point", "low", "high"),
    [("np.abs(x)", 0.0, -1, 1), ("np.maximum(x, 0)", 0.0, 0, 1), ("np.clip(x, -1, 1)", 1.0, 0, 1)],
)
def test_our_value_lies_between_the_slopes_of_both_sides(code, point, low, high):
    def f(x):
        return eval(code, {"np": np, "x": x})

    slopes = [(f(point + h) - f(point)) / h for h in (-1e-6, 1e-6)]
    assert sorted(slopes) == pytest.approx([low, high])
    (kink,) = [k for k in kinks.KINKS if k.code == code and k.point == (point,) and not k.row][:1]
    assert low <= float(kink.calcml) <= high


def test_the_page_shows_every_kink():
    page = tables.kinks_page(kinks.KINKS)
    for kink in kinks.KINKS:
        assert kink.title in page


def test_the_releases_are_those_that_were_measured():
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    assert torch.__version__.partition("+")[0] == kinks.TORCH
    assert jax.__version__ == kinks.JAX
