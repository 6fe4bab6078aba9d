"""Boxes, polygons and keypoints follow the pixels: the same maps, applied to points."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.compile.motion import forward, outline
from augury.compile.segments import Lowered
from augury.kernels import Floats, Resample

Size = tuple[int, int]
Boxes = NDArray[np.float32]


def canvas_map(lowered: Lowered) -> Resample:
    """Where the whole program moves the points of the canvas."""
    return reduce(lambda a, b: a.then(b), [segment.resample for segment in lowered])


def move_points(
    motion: Resample, points: NDArray[Any], canvas: Size, sample: NDArray[np.int64] | None = None
) -> Floats:
    """Map points of the canvas.

    Parameters
    ----------
    motion : of n samples. points : (m, k, 2) x and y in pixels, pixel i covering [i, i + 1).
    canvas : (height, width) of what is moved. sample : int64 (m,), the row of the motion for each row of points; None
        stands for one to one.

    Returns
    -------
    (m, k, 2), in pixels of what comes out.
    """
    rows = np.arange(len(points)) if sample is None else sample
    centred = np.asarray(points, np.float64) - _middle(canvas)
    return forward(motion, centred, rows) + _middle(motion.size or canvas)


def move_boxes(motion: Resample, boxes: Boxes, canvas: Size, sample: NDArray[np.int64] | None = None) -> Boxes:
    """Map boxes and clip them once, against the final frame.

    Parameters
    ----------
    boxes : (m, 4) float32, left, top, right, bottom in pixels. The others are those of `move_points`.

    Returns
    -------
    (m, 4) float32: the smallest upright boxes around the moved edges. A box that leaves the frame has no area.
    """
    moved = move_points(motion, outline(np.asarray(boxes, np.float64), bool(motion.bends)), canvas, sample)
    around = np.concatenate([moved.min(axis=1), moved.max(axis=1)], axis=1)
    return cut(around, motion.size or canvas).astype(np.float32)


def cut(boxes: Floats, frame: Size) -> Floats:
    """Boxes (m, 4) cut to a frame (height, width)."""
    limit = np.array([frame[1], frame[0]] * 2, np.float64)
    return np.clip(boxes, 0, limit)


def _middle(size: Size) -> Floats:
    return np.array([size[1], size[0]]) / 2
