"""What several groups of rows use and that is no row itself."""

from __future__ import annotations

import numpy as np

from calcml.identity import Array


def one_hot(y: Array, z: Array) -> Array:
    """Labels as rows with a single 1, in the length of the last axis of z and in its type."""
    return (np.expand_dims(y, -1) == np.arange(z.shape[-1])) + 0 * z
