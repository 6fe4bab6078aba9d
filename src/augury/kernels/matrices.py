"""Matrices of the plane: (n, 3, 3) float64 stacks, products written out so that every machine rounds alike.

They act on *centred canvas* coordinates: x to the right and y down, in pixels, zero at the canvas centre; pixel i
covers [i, i + 1). So a rotation about the centre is the bare rotation, and a mirrored map gives exactly mirrored
numbers. Matrices map input to output; `resample.Backward` inverts them once, for the executor.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augury.elementary import cosd_sind

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_] | NDArray[np.int64] | slice


def identity(n: int) -> Floats:
    """Identity matrices, n of them."""
    return np.tile(np.eye(3), (n, 1, 1))


def stack(rows: list[list[ArrayLike]]) -> Floats:
    """3x3 nested list of scalars and (n,) columns -> (n, 3, 3)."""
    n = max(np.size(value) for row in rows for value in row)
    m = np.empty((n, 3, 3))
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            m[:, i, j] = value
    return m


def compose(second: Floats, first: Floats) -> Floats:
    """The map that applies `first`, then `second`."""
    x, y, z = (second[:, :, k, None] * first[:, k, None, :] for k in range(3))
    return np.asarray((x + y) + z)


def invert(m: Floats) -> Floats:
    """Inverse up to scale, by the adjugate, scaled so that the lower right entry is 1."""
    a, b, c, d, e, f, g, h, i = np.moveaxis(m.reshape(-1, 9), 1, 0)
    adjugate = stack(
        [
            [e * i - f * h, c * h - b * i, b * f - c * e],
            [f * g - d * i, a * i - c * g, c * d - a * f],
            [d * h - e * g, b * g - a * h, a * e - b * d],
        ]
    )
    return adjugate / adjugate[:, 2:, 2:]


def rotation(angle: ArrayLike) -> Floats:
    """Counter-clockwise as seen, in degrees."""
    cos, sin = cosd_sind(angle)
    return stack([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])


def scaling(x: ArrayLike, y: ArrayLike) -> Floats:
    """Factors above 1 make the subject larger."""
    return stack([[x, 0.0, 0.0], [0.0, y, 0.0], [0.0, 0.0, 1.0]])


def shift(x: ArrayLike, y: ArrayLike) -> Floats:
    """Pixels to the right and down."""
    return stack([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def shear(x: ArrayLike, y: ArrayLike) -> Floats:
    """Angles in degrees: x leans the upper half to the right, y lifts the right half."""
    (cos_x, sin_x), (cos_y, sin_y) = cosd_sind(x), cosd_sind(y)
    return stack([[1.0, -sin_x / cos_x, 0.0], [-sin_y / cos_y, 1.0, 0.0], [0.0, 0.0, 1.0]])
