"""Boxes of a batch, moved as its images were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.compile.annotations import canvas_map, move_boxes
from augury.compile.program import Lowered, Program
from augury.data.prepare import Prepare
from augury.execute.sight import Boxes as BoxesOfOne
from augury.stream.cache import Images

Boxes = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Marks:
    """Boxes of a batch: float32 (m, 4) in pixels; labels and sample int64 (m,), the sample ascending."""

    boxes: Boxes
    labels: Rows
    sample: Rows

    def of(self, i: int) -> BoxesOfOne:
        """Those of sample i."""
        own = self.sample == i
        return BoxesOfOne(self.boxes[own], self.labels[own])

    def with_boxes(self, i: int, own: BoxesOfOne) -> Marks:
        """With other boxes for sample i."""
        start, end = np.searchsorted(self.sample, (i, i + 1))
        return Marks(
            np.concatenate([self.boxes[:start], own.places, self.boxes[end:]]),
            np.concatenate([self.labels[:start], own.labels, self.labels[end:]]),
            np.concatenate([self.sample[:start], np.full(len(own.labels), i), self.sample[end:]]),
        )

    def fields(self, dropped: int) -> dict[str, Any]:
        """What `stream.engine.Batch` holds of boxes, by the names of its fields."""
        names = {"boxes": self.boxes, "box_label": self.labels, "box_sample": self.sample}
        return {**names, "dropped_boxes": dropped}


def boxes_of_batch(images: Images, shown: Sequence[int], program: Program, lowered: Lowered) -> dict[str, Any]:
    """What `stream.engine.Batch` holds of boxes, by the names of its fields; see `marks_on_canvas`."""
    marks, dropped = moved(marks_on_canvas(images, shown, program), lowered)
    return marks.fields(dropped)


def marks_on_canvas(images: Images, shown: Sequence[int], program: Program) -> Marks:
    """The boxes of samples before a program moves them, cut to their worlds.

    Parameters
    ----------
    shown : rows of the table; their images were decoded before.
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
    return Marks(boxes, objects.labels[rows], sample)


def moved(marks: Marks, lowered: Lowered) -> tuple[Marks, int]:
    """Boxes where kernels with a row for each sample move them, and how many are out of sight then."""
    boxes, seen = _moved(marks.boxes, marks.sample, lowered)
    return Marks(boxes[seen], marks.labels[seen], marks.sample[seen]), int(np.count_nonzero(~seen))


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
