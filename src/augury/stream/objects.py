"""Boxes of a batch, moved as its images were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.compile.annotations import canvas_map, move_boxes
from augury.compile.program import Lowered, Program
from augury.data.prepare import Prepare
from augury.stream.cache import Images

Boxes = NDArray[np.float32]
Rows = NDArray[np.int64]


def boxes_of_batch(images: Images, shown: Sequence[int], program: Program, lowered: Lowered) -> dict[str, Any]:
    """What `stream.engine.Batch` holds of boxes, by the names of its fields.

    Parameters
    ----------
    shown : rows of the table, one for each row of `lowered`; their images were decoded before.
    """
    objects, samples = images.table.objects, np.array(shown, np.int64)
    assert objects is not None
    program.check_boxes()
    photos = images.photos[samples]
    starts = objects.starts[samples]
    counts = objects.starts[samples + 1] - starts
    sample = np.repeat(np.arange(len(samples)), counts)
    nth = np.arange(len(sample)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = starts[sample] + nth
    boxes = objects.boxes[rows].astype(np.float64)
    if objects.fractions:
        boxes *= _xyxy(photos[sample])
    canvas = program.canvas.shape[:2]
    boxes = _on_canvas(boxes, photos[sample], _worlds(program.prepare, photos)[sample], canvas)
    moved, seen = _moved(boxes, sample, lowered)
    return {
        "boxes": moved[seen],
        "box_label": objects.labels[rows[seen]],
        "box_sample": sample[seen],
        "dropped_boxes": int(np.count_nonzero(~seen)),
    }


def _worlds(prepare: Prepare, photos: Rows) -> Rows:
    """(n, 4): top, left, height, width of each image's world."""
    return np.array([prepare.world(height, width) for height, width in photos.tolist()], np.int64)


def _on_canvas(boxes: NDArray[Any], photos: Rows, worlds: Rows, canvas: tuple[int, int]) -> Boxes:
    """Boxes (m, 4) in pixels of the photo to pixels of the canvas, cut to what the canvas shows of the photo."""
    corner, extent = _xyxy(worlds[:, :2]), _xyxy(worlds[:, 2:])
    seen = np.clip(boxes, np.maximum(corner, 0), np.minimum(corner + extent, _xyxy(photos)))
    on_canvas: Boxes = ((seen - corner) * np.array([canvas[1], canvas[0]] * 2) / extent).astype(np.float32)
    return on_canvas


def _xyxy(down_across: Rows) -> Rows:
    """(m, 2) of y and x, or height and width, to (m, 4): x y x y."""
    return down_across[:, [1, 0, 1, 0]]


def _moved(boxes: Boxes, sample: Rows, lowered: Lowered) -> tuple[Boxes, NDArray[np.bool_]]:
    """Boxes (m, 4) where the program moves them, and (m,) which have an area left.

    The whole map at once gives the tightest boxes. But each segment renders a frame, and what leaves that is
    gone, even where a later segment brings its place back; so boxes are cut to what the frames let through.
    A box that is cut away becomes a line on a rim, to which a later rotation would give an area again.
    """
    moved = move_boxes(canvas_map(lowered), boxes, lowered[0].reads, sample)
    seen = _have_area(boxes) & _have_area(moved)
    if len(lowered) == 1:
        return moved, seen
    for segment in lowered:
        boxes = move_boxes(segment.resample, boxes, segment.reads, sample)
        seen &= _have_area(boxes)
    low, high = np.maximum(moved[:, :2], boxes[:, :2]), np.minimum(moved[:, 2:], boxes[:, 2:])
    moved = np.concatenate([low, high], axis=1)
    return moved, seen & _have_area(moved)


def _have_area(boxes: Boxes) -> NDArray[np.bool_]:
    return np.asarray((boxes[:, :2] < boxes[:, 2:]).all(axis=1))
