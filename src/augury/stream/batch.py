"""Batch: what a stream delivers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.data.table import Polygons

Pixels = NDArray[Any]


@dataclass(frozen=True)
class Batch:
    """One batch.

    Attributes
    ----------
    image : (n, h, w, c) in the prepared dtype and range (faces may ask for (n, c, h, w)).
    label : int64 (n,); 0 of detection and segmentation data. id : uint64 (n,), draw addresses.
    epoch : which epoch it belongs to.
    boxes : float32 (m, 4), left, top, right, bottom in pixels of `image`, pixel 0 spanning 0..1: the smallest
        upright boxes around the moved outlines, or around the moved boxes where there are none, cut to the image.
        Noise and erasing leave them. None without boxes.
    box_label, box_sample : int64 (m,): indices into the classes, and into this batch (ascending).
    keypoints : float32 (m, k, 3), x, y and 0 = not labelled, 1 = hidden, 2 = visible; left and right have changed
        places where the image is mirrored. polygons : outlines, cut to the image. quads : float32 (m, 4, 2), corners
        of rotated boxes, which may reach beyond it. None where the dataset has none.
    dropped_boxes : how many boxes of these samples, and of those mixed in, show no area, or less of it than the
        policy's `keep` or a mixture's min_visible asks for; their keypoints and outlines went with them.
    dropped_keypoints : labelled ones of the others that lie outside.
    redrawn : how many samples were drawn anew so that no object is dropped.
    soft : float32 (n, classes), the share of each class where samples are mixed; `label` stays the sample's own.
        None where the policy mixes no labels, and for data with boxes or masks.
    mask : (n, h, w) uint8 or uint16, moved to nearest pixels; the policy's mask_fill where a border is constant
        or cut, 0 on the bars of fit="pad". None without masks.
    shift : what the images are under, such as "rotation 2" (see `Dataset.under`). None: nothing.
    """

    image: Pixels
    label: NDArray[np.int64]
    id: NDArray[np.uint64]
    epoch: int
    boxes: NDArray[np.float32] | None = None
    box_label: NDArray[np.int64] | None = None
    box_sample: NDArray[np.int64] | None = None
    keypoints: NDArray[np.float32] | None = None
    polygons: Polygons | None = None
    quads: NDArray[np.float32] | None = None
    dropped_boxes: int = 0
    dropped_keypoints: int = 0
    redrawn: int = 0
    mask: Pixels | None = None
    shift: str | None = None
    soft: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.label)
