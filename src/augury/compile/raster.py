"""Outlines to pixels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def fill(rings: Iterable[NDArray[Any]], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A mask of all pixels whose middle lies in a ring, by the even-odd rule; several rings are joined.

    OpenCV's fillPoly draws the rim, too, which makes an object of 10 pixels one of 11; here outlines that share an
    edge share no pixel.

    Parameters
    ----------
    rings : (n, 2) each, x and y in pixels, pixel 0 spanning 0..1; what lies outside is cut. size : (height, width).

    Returns
    -------
    uint8 (height, width) of 0 and 1.
    """
    inside = np.zeros(size, bool)
    for ring in rings:
        inside |= _inside(np.asarray(ring, np.float64), size)
    return inside.astype(np.uint8)


def _inside(ring: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Row by row: how often the outline was crossed on the way from the left."""
    height, width = size
    x, y = ring.T
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    middle = np.arange(height)[:, None] + 0.5
    row, edge = np.nonzero((y <= middle) != (next_y <= middle))
    along = (middle[row, 0] - y[edge]) / (next_y[edge] - y[edge])
    column = np.ceil(x[edge] + (next_x[edge] - x[edge]) * along - 0.5)
    crossed = np.zeros((height, width + 1), np.int64)
    np.add.at(crossed, (row, np.clip(column, 0, width).astype(np.int64)), 1)
    return np.asarray(np.cumsum(crossed, axis=1)[:, :width] % 2 == 1)
