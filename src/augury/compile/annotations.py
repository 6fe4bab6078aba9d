"""Boxes and keypoints follow the pixels: the same matrices, applied to points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from augury.compile.program import Lowered
from augury.kernels import Floats, compose


def canvas_map(lowered: Lowered) -> Floats:
    """(n, 3, 3): where the whole program moves a point of the canvas, in centred coordinates."""
    total = lowered[0].matrix
    for segment in lowered[1:]:
        total = compose(segment.matrix, total)
    return total


def move_points(matrix: Floats, points: NDArray[np.float64], canvas: tuple[int, int]) -> Floats:
    """Map points of the canvas.

    Parameters
    ----------
    matrix : (n, 3, 3), centred coordinates. points : (n, k, 2) x and y in pixels, pixel i covering [i, i + 1).
    canvas : (height, width).
    """
    half = np.array([canvas[1], canvas[0]]) / 2
    x, y = np.moveaxis(np.asarray(points, np.float64) - half, -1, 0)
    rows = [(matrix[:, i, 0:1] * x + matrix[:, i, 1:2] * y) + matrix[:, i, 2:3] for i in range(3)]
    return np.stack([rows[0] / rows[2], rows[1] / rows[2]], axis=-1) + half


def move_boxes(matrix: Floats, boxes: NDArray[np.float32], canvas: tuple[int, int]) -> NDArray[np.float32]:
    """Map boxes and clip them once, against the final frame.

    Parameters
    ----------
    boxes : (n, 4) float32, left, top, right, bottom in pixels; row i moves with matrix row i.

    Returns
    -------
    (n, 4) float32: the smallest upright boxes around the moved corners. A box that leaves the frame has no area.
    """
    corners = np.asarray(boxes, np.float64)[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]
    moved = move_points(matrix, corners, canvas)
    low, high = moved.min(axis=1), moved.max(axis=1)
    limit = np.array([canvas[1], canvas[0]], np.float64)
    return np.concatenate([np.clip(low, 0, limit), np.clip(high, 0, limit)], axis=1).astype(np.float32)
