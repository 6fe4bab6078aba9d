"""The PyTorch face for detection: lists of images and of targets, as torchvision's detection models take them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from augury.compile.polygons import areas
from augury.compile.raster import fill
from augury.errors import AuguryError
from augury.stream.batch import Batch

Target = dict[str, Any]


def check_objects(stream: Any) -> None:
    """Raise an AuguryError of one line unless something is marked in the images."""
    table = stream._images.table
    if table.objects is None and table.mask is None:
        raise AuguryError(
            f"{table.root}: .torch(detection=True) needs boxes or masks of instances, and these images have one label "
            "each; leave detection out"
        )


def images_and_targets(batch: Batch, background: int) -> tuple[list[torch.Tensor], list[Target]]:
    """A batch whose images are (n, c, h, w) as n images and n targets.

    Parameters
    ----------
    background : a number of masks that is no object, as 0 is none.

    Returns
    -------
    Images float32 (c, h, w), and of each a dict: boxes float32 (k, 4), left, top, right, bottom in pixels; labels
    int64 (k,), the class plus 1 as 0 stands for background; image_id, the sample's id; area float32 (k,) in pixels;
    iscrowd int64 (k,), zeros; masks uint8 (k, h, w) where the data have outlines or masks of instances, and where some
    objects have no outline that of their box; keypoints float32 (k, p, 3) where the data have some.
    """
    size = (batch.image.shape[2], batch.image.shape[3])
    targets = []
    for i in range(len(batch)):
        if batch.boxes is None:
            assert batch.mask is not None
            found = _of_mask(batch.mask[i], background)
        else:
            found = _of_boxes(batch, i, size)
        found["iscrowd"] = np.zeros(len(found["labels"]), np.int64)
        target: Target = {name: torch.from_numpy(values) for name, values in found.items()}
        targets.append({**target, "image_id": int(batch.id[i])})
    return list(torch.from_numpy(batch.image)), targets


def _of_boxes(batch: Batch, i: int, size: tuple[int, int]) -> dict[str, NDArray[Any]]:
    """The objects of one sample."""
    assert batch.boxes is not None
    assert batch.box_label is not None
    assert batch.box_sample is not None
    rows = np.flatnonzero(batch.box_sample == i)
    boxes = batch.boxes[rows]
    found: dict[str, NDArray[Any]] = {"boxes": boxes, "labels": batch.box_label[rows] + 1, "area": _area(boxes)}
    if batch.keypoints is not None:
        found["keypoints"] = batch.keypoints[rows]
    if batch.polygons is not None:
        outlines = batch.polygons.take(rows)
        drawn = [outlines.of(k) or [box[[[0, 1], [2, 1], [2, 3], [0, 3]]]] for k, box in enumerate(boxes)]
        found["masks"] = np.array([fill(rings, size) for rings in drawn], np.uint8).reshape(-1, *size)
        found["area"] = np.where(np.diff(outlines.objects) > 0, areas(outlines), found["area"]).astype(np.float32)
    return found


def _of_mask(mask: NDArray[Any], background: int) -> dict[str, NDArray[Any]]:
    """The objects of one sample whose mask holds a number for each; nothing says of which class they are."""
    numbers = np.setdiff1d(mask, [0, background])
    masks = mask == numbers[:, None, None]
    down, across = masks.any(axis=2), masks.any(axis=1)
    low = [across.argmax(axis=1), down.argmax(axis=1)]
    high = [side.shape[1] - side[:, ::-1].argmax(axis=1) for side in (across, down)]
    boxes = np.stack([*low, *high], axis=1).astype(np.float32)
    area = masks.sum(axis=(1, 2), dtype=np.float32)
    return {"boxes": boxes, "labels": np.ones(len(boxes), np.int64), "area": area, "masks": masks.astype(np.uint8)}


def _area(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    sides = boxes[:, 2:] - boxes[:, :2]
    return sides[:, 0] * sides[:, 1]
