"""What is still seen of objects when a part of their image is covered."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from augury.compile.annotations import move_objects
from augury.compile.segments import LoweredSegment, Sampling
from augury.data.table import Objects
from augury.kernels import Backward, Floats, Resample
from augury.kernels.matrices import shift

Region = NDArray[np.bool_]  # (h, w)
Size = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Held:
    """The objects of one frame.

    Attributes
    ----------
    objects : of one sample, in pixels of its frame. visible : float64 (m,), which share of each is in sight, 0..1.
    """

    objects: Objects
    visible: Floats

    def rows(self, rows: NDArray[np.int64]) -> Held:
        """Some of them."""
        return Held(replace(self.objects.rows(rows), starts=np.array([0, len(rows)])), self.visible[rows])


def both(first: Held | None, second: Held | None) -> Held | None:
    """The objects of both."""
    if first is None or second is None:
        return first or second
    objects = Objects.joined([first.objects, second.objects])
    objects = replace(objects, starts=objects.starts[[0, -1]])
    return Held(objects, np.concatenate([first.visible, second.visible]))


def inside(held: Held, size: Size) -> Region:
    """The pixels whose middles lie in a box."""
    found = np.zeros(size, bool)
    for left, top, right, bottom in np.rint(np.maximum(held.objects.boxes, 0)).astype(int).tolist():
        found[top:bottom, left:right] = True
    return found


def in_sight(held: Held | None, seen: Region, least: float) -> Held | None:
    """The smallest upright boxes around what is seen of each; those with less than a share of their pixels are gone.

    So a rectangle that covers a full side of a box makes it smaller, and one that covers a corner leaves it.
    """
    if held is None:
        return None
    boxes = held.objects.boxes.copy()
    share = np.zeros(len(boxes))
    for k, (left, top, right, bottom) in enumerate(_pixels(held)):
        rows, columns = np.nonzero(seen[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)])
        if len(rows):
            share[k] = len(rows) / ((bottom - top) * (right - left))
            rows, columns = rows + max(top, 0), columns + max(left, 0)
            boxes[k, :2] = np.maximum(boxes[k, :2], [columns.min(), rows.min()])
            boxes[k, 2:] = np.minimum(boxes[k, 2:], [columns.max() + 1, rows.max() + 1])
    cut = Held(replace(held.objects, boxes=boxes), held.visible * share)
    return cut.rows(np.flatnonzero((share > 0) & (share >= least)))


def through_window(
    held: Held, size: Size, rows: slice, columns: slice, by: tuple[int, int], least: float
) -> tuple[Held, int]:
    """Objects as a window shows them after they were moved, and how many labelled keypoints lie outside of it.

    Parameters
    ----------
    size : (height, width) of the frame. rows, columns : the window. by : pixels down and to the right.
    least : share of its area that an object must show to stay.
    """
    top, bottom, _ = rows.indices(size[0])
    left, right, _ = columns.indices(size[1])
    window = bottom - top, right - left
    cut = _moved_by(size, window, by[0] - top, by[1] - left)
    moved = move_objects(held.objects, (cut, _moved_by(window, size, top, left)), least)
    return Held(moved.objects, held.visible[moved.rows] * moved.visible[moved.rows]), int(moved.keypoints_out.sum())


def with_marks(held: Held | None, marked: Region, before: Region | None = None, least: float = 0.0) -> Held | None:
    """The objects whose boxes hold something marked; with `before` also those that never did, but a share of it."""
    if held is None:
        return None
    kept = np.zeros(len(held.visible), bool)
    for k, (left, top, right, bottom) in enumerate(_pixels(held)):
        here = slice(max(top, 0), max(bottom, 0)), slice(max(left, 0), max(right, 0))
        now = int(marked[here].sum())
        then = now if before is None else int(before[here].sum())
        kept[k] = now >= least * then if now else before is not None and then == 0
    return held.rows(np.flatnonzero(kept))


def _moved_by(reads: Size, size: Size, down: int, across: int) -> LoweredSegment:
    """A frame moved by whole pixels into another."""
    x, y = across + 0.5 * (reads[1] - size[1]), down + 0.5 * (reads[0] - size[0])  # maps are about the middles
    motion = Resample(shift([x], [y]), size=size)
    return LoweredSegment(motion, Backward.of(motion), Sampling(), reads, size)


def _pixels(held: Held) -> list[list[int]]:
    """Left, top, right, bottom of the whole pixels that each box meets."""
    low, high = np.floor(held.objects.boxes[:, :2]), np.ceil(held.objects.boxes[:, 2:])
    found: list[list[int]] = np.concatenate([low, high], axis=1).astype(int).tolist()
    return found
