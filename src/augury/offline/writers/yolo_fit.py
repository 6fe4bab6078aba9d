"""Fit images into YOLO: what it has no place for is taken away and counted; see `writers.yolo`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from augury.data.formats.shapes import corners
from augury.data.formats.yolo import TOLERANCE
from augury.offline.writers.annotated import Annotated, Floats, area, held

_FAR = 1.0  # pixels by which a box may be off its shape: other formats round
_SHAPES = ("keypoints", "quads", "polygons")  # a line holds the first that there is


def fitted(image: Annotated) -> tuple[Annotated, Counter[str]]:
    """See `Writer`."""
    shape = next((name for name in _SHAPES if getattr(image, name) is not None), "boxes")
    kept, lost = held(image, frozenset({"boxes", shape}))
    if kept.boxes is None:
        return kept, lost
    size = np.array([image.width, image.height], float)
    outlines = _outlines(kept, lost)
    boxes, outlines, stay = _cut(kept.boxes, outlines, size, lost)
    rows = np.flatnonzero(stay)
    if outlines is not None:
        around = _around(outlines)
        lost["boxes off their outlines"] += int((np.abs(around - boxes)[rows] > _FAR).any(axis=1).sum())
        outlines = [outlines[k] for k in rows]
    kept = replace(kept, boxes=boxes[rows], labels=kept.labels[rows])
    if kept.quads is not None and outlines is not None:
        kept = replace(kept, quads=np.array(outlines).reshape(-1, 4, 2))
    elif outlines is not None:
        kept = replace(kept, polygons=[[ring] for ring in outlines])
    if kept.keypoints is not None:
        kept = replace(kept, keypoints=_keypoints_inside(kept.keypoints[rows], size, lost))
    return kept, +lost


def centred(box: Floats, size: Floats) -> Floats:
    """A box as centre and sides, in fractions of the image's width and height."""
    low, high = box[:2] / size, box[2:] / size
    return np.concatenate([(low + high) / 2, high - low])


def _outlines(image: Annotated, lost: Counter[str]) -> list[Floats] | None:
    """One outline (n, 2) for each object; None where boxes are all there is."""
    assert image.boxes is not None
    if image.quads is None and image.polygons is None:
        return None
    drawn = [[quad] for quad in image.quads] if image.quads is not None else image.polygons or []
    return [_outline(rings, box, lost) for rings, box in zip(drawn, corners(image.boxes), strict=True)]


def _outline(rings: Sequence[Floats], box: Floats, lost: Counter[str]) -> Floats:
    """The ring of most area, or the corners of the box."""
    largest = max(rings, key=area, default=box)
    lost["rings"] += max(0, len(rings) - 1)
    if rings and (largest.min(axis=0) < largest.max(axis=0)).all():
        return largest
    lost["objects without outline"] += 1
    return box


def _cut(
    boxes: Floats, outlines: list[Floats] | None, size: Floats, lost: Counter[str]
) -> tuple[Floats, list[Floats] | None, NDArray[np.bool_]]:
    """Cut objects that a line cannot hold at the edges of the image; also says which have an area left."""
    if outlines is None:
        fine = np.array([_within(centred(box, size)) for box in boxes], bool)
    else:
        fine = np.array([_within(ring / size) for ring in outlines], bool)
        outlines = [ring if ok else np.clip(ring, 0, size) for ring, ok in zip(outlines, fine, strict=True)]
    lost["objects outside"] += int((~fine).sum())
    boxes = np.where(fine[:, None], boxes, np.clip(boxes, 0, np.tile(size, 2)))
    stay = np.asarray((boxes[:, :2] < boxes[:, 2:]).all(axis=1))
    if outlines is not None:
        around = _around(outlines)
        stay &= (around[:, :2] < around[:, 2:]).all(axis=1)
    return boxes, outlines, stay | fine


def _around(outlines: Sequence[Floats]) -> Floats:
    return np.array([[*ring.min(axis=0), *ring.max(axis=0)] for ring in outlines]).reshape(-1, 4)


def _keypoints_inside(keypoints: Floats, size: Floats, lost: Counter[str]) -> Floats:
    """Keypoints, of which those outside the image are not labelled."""
    fractions = keypoints[:, :, :2] / size
    outside = np.asarray(((fractions < -TOLERANCE) | (fractions > 1 + TOLERANCE)).any(axis=2))
    lost["keypoints outside"] += int(outside.sum())
    return np.where(outside[:, :, None], 0, keypoints)


def _within(fractions: Floats) -> bool:
    return bool(((fractions >= -TOLERANCE) & (fractions <= 1 + TOLERANCE)).all())
