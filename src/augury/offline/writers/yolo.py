"""YOLO, as Ultralytics reads it: `labels/PART/` beside `images/PART/`, and data.yaml.

Coordinates are fractions of the image, whose outer edges are 0 and 1, in all digits of a float64: float32 pixels come
back exactly. The task follows from what is marked: keypoints (pose), else rotated boxes (obb), else outlines
(segment), else boxes; data.yaml says it as `task`, which Ultralytics ignores, so that outlines that all have four
points are no rotated boxes when they are read again. Without parts data.yaml has no `val`.
Holds: boxes, keypoints, rotated boxes or outlines, parts. Does not hold: masks, groups, two of these shapes at once;
more than one ring of an object (the largest is kept); an object without outline among others with one (its box becomes
one); a box that is more than a pixel off its shape; and what lies outside the image: shapes and boxes are cut at its
edges, an object that is left without area goes, a keypoint counts as not labelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import yaml

from augury.data.formats.shapes import order_of_swaps
from augury.data.formats.yolo_said import DETECT, OBB, POSE, SEGMENT
from augury.data.table import PARTS
from augury.offline.writers.annotated import Annotated, File, Legend, in_folder, stem
from augury.offline.writers.yolo_fit import centred
from augury.offline.writers.yolo_fit import fitted as fitted

BY_STEM = True


def image_path(image: Annotated, legend: Legend) -> str:
    """`images/part/name`."""
    del legend
    return in_folder("images", image)


def files(images: Iterable[Annotated], legend: Legend) -> Iterator[File]:
    """A text file for each image as it comes, and at the end data.yaml."""
    parts: set[str | None] = set()
    task, count = DETECT, 0
    for image in images:
        parts.add(image.part)
        if image.keypoints is not None:
            task, count = POSE, image.keypoints.shape[1]
        elif image.quads is not None or image.polygons is not None:
            task = OBB if image.polygons is None else SEGMENT
        lines = (_line(image, k) for k in range(len(image.labels)))
        yield f"{stem(in_folder('labels', image))}.txt", "".join(lines).encode()
    folders = {part: f"images/{part}" for part in PARTS if part in parts} or {"train": "images"}
    said = {**folders, "names": dict(enumerate(legend.classes)), "task": task}
    if task == POSE:
        said |= _pose(legend, count)
    yield "data.yaml", yaml.safe_dump(said, allow_unicode=True, sort_keys=False).encode()


def _line(image: Annotated, k: int) -> str:
    assert image.boxes is not None
    size = np.array([image.width, image.height], float)
    numbers: list[float]
    if image.quads is not None:
        numbers = (image.quads[k] / size).ravel().tolist()
    elif image.polygons is not None:
        numbers = (image.polygons[k][0] / size).ravel().tolist()
    else:
        numbers = centred(image.boxes[k], size).tolist()
    if image.keypoints is not None:
        points = [[*(point[:2] / size).tolist(), int(point[2])] for point in image.keypoints[k]]
        numbers += [number for point in points for number in point]
    return " ".join([str(int(image.labels[k])), *map(repr, numbers)]) + "\n"


def _pose(legend: Legend, count: int) -> dict[str, Any]:
    said: dict[str, Any] = {"kpt_shape": [count, 3], "flip_idx": order_of_swaps(legend.keypoint_swaps, count)}
    if legend.keypoint_names:  # a list for each class, each its own: YAML would make aliases of one
        said["kpt_names"] = {k: list(legend.keypoint_names) for k in range(len(legend.classes))}
    return said
