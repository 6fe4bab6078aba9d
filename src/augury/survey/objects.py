"""Objects: how many are marked in a detection dataset, of which class, where and how large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from augury.survey.scan import Scan

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class BoxFacts:
    """The m boxes of the readable images, in order.

    Attributes
    ----------
    image : int64 (m,), which readable image. labels : int64 (m,).
    x, y : centres, as fractions of the width and the height.
    size : square root of the share of the image that a box covers.
    pixels : square root of its area in source pixels.
    """

    image: Rows
    labels: Rows
    x: Floats
    y: Floats
    size: Floats
    pixels: Floats

    def per_class(self, classes: int) -> Rows:
        """Boxes of each class."""
        return np.bincount(self.labels, minlength=classes)


def box_facts(scan: Scan) -> BoxFacts | None:
    """What is marked in the readable images; None where nothing ever is."""
    objects = scan.table.objects
    if objects is None:
        return None
    counts = objects.starts[scan.rows + 1] - objects.starts[scan.rows]
    image = np.repeat(np.arange(len(scan)), counts)
    nth = np.arange(len(image)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = objects.starts[scan.rows][image] + nth
    sides = np.stack([scan.column("width"), scan.column("height")], axis=1)[image].astype(np.float64)
    boxes = objects.boxes[rows].astype(np.float64)
    if not objects.fractions:
        boxes = boxes / np.concatenate([sides, sides], axis=1)
    boxes = np.clip(boxes, 0, 1)
    centre, extent = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    size = np.sqrt(extent.prod(axis=1))
    pixels = np.sqrt((extent * sides).prod(axis=1))
    return BoxFacts(image, objects.labels[rows], centre[:, 0], centre[:, 1], size, pixels)
