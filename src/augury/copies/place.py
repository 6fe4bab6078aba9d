"""Place: which pixels of a source fall where in a target.

A map is a (3, 3) matrix that takes a point of the source to the point of the target that shows the same; centred
working pixels, x right, y down.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from augury.copies.sketch import Floats, Gray

Matrix = NDArray[np.float64]
Places = NDArray[np.float64]
_SLACK = 0.01  # pixels: rounding must not decide whether the border of an image turned by 90 degrees is seen


def inverse(matrix: Matrix) -> Matrix:
    """The map from the target to the source."""
    (a, b, c), (d, e, f) = matrix[:2].tolist()
    det = a * e - b * d
    return np.array([[e / det, -b / det, (b * f - c * e) / det], [-d / det, a / det, (c * d - a * f) / det], [0, 0, 1]])


def scale_of(matrix: Matrix) -> float:
    """How much larger the map makes things; the root of its determinant."""
    (a, b), (d, e) = matrix[:2, :2].tolist()
    return float(abs(a * e - b * d) ** 0.5)


def seen_from(image: Gray | Floats, matrix: Matrix, shape: tuple[int, ...]) -> Floats:
    """The source as the target's frame sees it, float32 `shape`, bilinear; outside its edge goes on."""
    high, wide = image.shape
    u, v = _places(matrix, shape)
    x, y = np.clip(u + (wide - 1) / 2, 0, wide - 1), np.clip(v + (high - 1) / 2, 0, high - 1)
    left, top = x.astype(np.int64), y.astype(np.int64)
    right, down = (x - left).astype(np.float32), (y - top).astype(np.float32)
    after, below = np.minimum(left + 1, wide - 1), np.minimum(top + 1, high - 1)
    upper = image[top, left] * (1 - right) + image[top, after] * right
    lower = image[below, left] * (1 - right) + image[below, after] * right
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


def overlap(matrix: Matrix, shape: tuple[int, ...], source: tuple[int, ...], margin: float) -> NDArray[np.bool_]:
    """(h, w): target pixels that show something of the source, at least `margin` pixels inside it."""
    u, v = _places(matrix, shape)
    across, down = source[1] / 2 - margin + _SLACK, source[0] / 2 - margin + _SLACK
    return np.asarray((np.abs(u) <= across) & (np.abs(v) <= down))


def reduced(source: Gray, matrix: Matrix) -> tuple[Gray, Matrix]:
    """Average a source that the map makes smaller, so that it is not read with gaps."""
    scale = scale_of(matrix)
    if scale > 0.8:
        return source, matrix
    h, w = (max(8, round(side * scale)) for side in source.shape)
    small = cv2.resize(source, (w, h), interpolation=cv2.INTER_AREA)
    return small, matrix @ np.diag([source.shape[1] / w, source.shape[0] / h, 1.0])


def _places(matrix: Matrix, shape: tuple[int, ...]) -> tuple[Places, Places]:
    """(h, w) each: where in the source, across and down from its centre, every pixel of the target lies."""
    h, w = shape[:2]
    (a, b, c), (d, e, f) = inverse(matrix)[:2].tolist()
    x, y = np.arange(w) - (w - 1) / 2, np.arange(h)[:, None] - (h - 1) / 2
    return a * x + (b * y + c), d * x + (e * y + f)
