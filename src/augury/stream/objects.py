"""Objects of a batch on the canvas, before a program moves them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.compile.annotations import owners
from augury.compile.polygons import clip
from augury.data.prepare import Prepare
from augury.data.table import Objects
from augury.stream.cache import Images

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]


def objects_of(images: Images, shown: Sequence[int], canvas: tuple[int, int]) -> Objects:
    """The objects of some samples of a detection dataset, whose images were decoded before, in pixels of the canvas."""
    assert images.table.objects is not None
    return on_canvas(images.table.objects.take(shown), images.photos[np.array(shown)], images.prepare, canvas)


def on_canvas(objects: Objects, photos: Rows, prepare: Prepare, canvas: tuple[int, int]) -> Objects:
    """Objects in pixels of the canvas, cut to what it shows of their photos.

    Parameters
    ----------
    objects : of n samples. photos : int64 (n, 2), height and width of each. canvas : (height, width).
    """
    sample = owners(objects.starts)
    unit = photos[:, ::-1] if objects.fractions else np.ones((len(photos), 2), np.int64)
    worlds = np.array([prepare.world(height, width) for height, width in photos.tolist()], np.int64).reshape(-1, 4)
    corner, extent = worlds[:, 1::-1], worlds[:, :1:-1]
    scale = np.array([canvas[1], canvas[0]]) / extent

    def placed(points: NDArray[Any], rows: Rows) -> Floats:
        """Points (m, k, 2) of the samples at rows (m,)."""
        at = points.astype(np.float64) * unit[rows][:, None]
        return np.asarray((at - corner[rows][:, None]) * scale[rows][:, None])

    low = (np.maximum(corner, 0) - corner) * scale
    high = (np.minimum(corner + extent, photos[:, ::-1]) - corner) * scale
    boxes = placed(objects.boxes.reshape(-1, 2, 2), sample)
    boxes = np.clip(boxes, low[sample][:, None], high[sample][:, None])
    moved: dict[str, Any] = {"boxes": boxes.reshape(-1, 4).astype(np.float32)}
    if objects.quads is not None:
        moved["quads"] = placed(objects.quads, sample).astype(np.float32)
    if objects.keypoints is not None:
        at, known = placed(objects.keypoints[..., :2], sample), objects.keypoints[..., 2]
        inside = np.all((at >= low[sample][:, None]) & (at <= high[sample][:, None]), axis=-1) & (known > 0)
        points = np.where(inside[..., None], at, 0.0)
        moved["keypoints"] = np.concatenate([points, np.where(inside, known, 0)[..., None]], axis=-1).astype(np.float32)
    if objects.polygons is not None:
        rows = sample[owners(objects.polygons.objects)[owners(objects.polygons.rings)]]
        points = placed(objects.polygons.points[:, None], rows)[:, 0].astype(np.float32)
        moved["polygons"] = clip(replace(objects.polygons, points=points), canvas)
        drawn, left = (np.diff(polygons.objects) > 0 for polygons in (objects.polygons, moved["polygons"]))
        moved["boxes"][drawn & ~left] = 0.0  # only a corner of the box, where nothing is, reaches into the canvas
    return replace(objects, fractions=False, **moved)


def columns_of(objects: Objects) -> dict[str, Any]:
    """What a batch holds of its objects, by the names of its fields."""
    return {
        "boxes": objects.boxes,
        "box_label": objects.labels,
        "box_sample": owners(objects.starts),
        "keypoints": objects.keypoints,
        "polygons": objects.polygons,
        "quads": objects.quads,
    }


def subjects(images: Images, shown: Sequence[int], canvas: tuple[int, int], background: int) -> Floats:
    """(n, 4): around all boxes of each sample, or all that its mask marks, on the canvas; nan where nothing is marked.

    Parameters
    ----------
    background : a label of masks that marks nothing, as 0 does.
    """
    if images.table.objects is not None:
        return around_objects(objects_of(images, shown, canvas))
    found = np.full((len(shown), 4), np.nan)
    if images.table.mask is not None:
        for k, i in enumerate(shown):
            found[k] = around_mask(images.mask(i), canvas, background)
    return found


def around_objects(objects: Objects) -> Floats:
    """(n, 4): around all boxes of each of n samples that have an area; nan where there are none."""
    found = np.full((len(objects.starts) - 1, 4), np.nan)
    real = np.flatnonzero((objects.boxes[:, :2] < objects.boxes[:, 2:]).all(axis=1))
    sample, boxes = owners(objects.starts)[real], objects.boxes[real].astype(np.float64)
    np.fmin.at(found[:, :2], sample, boxes[:, :2])
    np.fmax.at(found[:, 2:], sample, boxes[:, 2:])
    return found


def around_mask(mask: NDArray[Any], canvas: tuple[int, int], background: int) -> Floats:
    """(4,): around the pixels of a mask that are marked, see `subjects`; the mask fills the canvas."""
    marked = (mask != 0) & (mask != background)
    down, across = (np.flatnonzero(marked.any(axis=axis)) for axis in (1, 0))
    if not len(down):
        return np.full(4, np.nan)
    scale = np.array([canvas[1] / mask.shape[1], canvas[0] / mask.shape[0]] * 2)
    return np.asarray(np.array([across[0], down[0], across[-1] + 1, down[-1] + 1]) * scale)
