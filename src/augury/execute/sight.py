"""What is still seen of boxes when a part of their image is covered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Region = NDArray[np.bool_]  # (h, w)


class Boxes(NamedTuple):
    """Boxes of one image: places float32 (m, 4), left, top, right, bottom in its pixels; labels int64 (m,)."""

    places: NDArray[np.float32]
    labels: NDArray[np.int64]


def both(first: Boxes | None, second: Boxes | None) -> Boxes | None:
    """The boxes of both."""
    if first is None or second is None:
        return first or second
    places = np.concatenate([first.places, second.places])
    return Boxes(places, np.concatenate([first.labels, second.labels]))


def inside(boxes: Boxes, size: tuple[int, int]) -> Region:
    """The pixels whose middles lie in a box."""
    found = np.zeros(size, bool)
    for left, top, right, bottom in np.rint(np.maximum(boxes.places, 0)).astype(int).tolist():
        found[top:bottom, left:right] = True
    return found


def in_sight(boxes: Boxes | None, seen: Region, least: float) -> Boxes | None:
    """The smallest upright boxes around what is seen of each; those with less than a share of their pixels are gone.

    So a rectangle that covers a full side of a box makes it smaller, and one that covers a corner leaves it.
    """
    if boxes is None:
        return None
    places = boxes.places.copy()
    kept = np.zeros(len(places), bool)
    for k, (left, top, right, bottom) in enumerate(_pixels(boxes)):
        rows, columns = np.nonzero(seen[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)])
        kept[k] = len(rows) > 0 and len(rows) >= least * (bottom - top) * (right - left)
        if kept[k]:
            rows, columns = rows + max(top, 0), columns + max(left, 0)
            places[k, :2] = np.maximum(places[k, :2], [columns.min(), rows.min()])
            places[k, 2:] = np.minimum(places[k, 2:], [columns.max() + 1, rows.max() + 1])
    return Boxes(places[kept], boxes.labels[kept])


def with_marks(boxes: Boxes | None, marked: Region, before: Region | None = None, least: float = 0.0) -> Boxes | None:
    """The boxes that hold something marked; with `before` also those that never did, but at least a share of it."""
    if boxes is None:
        return None
    kept = np.zeros(len(boxes.labels), bool)
    for k, (left, top, right, bottom) in enumerate(_pixels(boxes)):
        here = slice(max(top, 0), max(bottom, 0)), slice(max(left, 0), max(right, 0))
        now = int(marked[here].sum())
        then = now if before is None else int(before[here].sum())
        kept[k] = now >= least * then if now else before is not None and then == 0
    return Boxes(boxes.places[kept], boxes.labels[kept])


def _pixels(boxes: Boxes) -> list[list[int]]:
    """Left, top, right, bottom of the whole pixels that each box meets."""
    low, high = np.floor(boxes.places[:, :2]), np.ceil(boxes.places[:, 2:])
    found: list[list[int]] = np.concatenate([low, high], axis=1).astype(int).tolist()
    return found
