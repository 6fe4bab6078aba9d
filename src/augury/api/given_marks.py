"""What a caller of `Policy.apply` says of one image: checked, and as the rest of Augury holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.api.box_formats import BoxFormat, check_format, to_pixels
from augury.api.given_pixels import Pixels, given_instances
from augury.compile.polygons import bounds
from augury.data.formats.shapes import Shape, Skeleton, with_shapes
from augury.data.table import Objects
from augury.errors import DataError
from augury.kernels import Floats

Size = tuple[int, int]
_SLACK_PIXELS, _SLACK_OF_SIDE = 1e-3, 1e-6  # how far rounding carries an edge beyond the image


@dataclass(frozen=True, eq=False)
class Marks:
    """The marks of one image as its caller gave them; what was not given is None.

    Attributes
    ----------
    boxes ... keypoint_swaps : see `Policy.apply`.
    """

    boxes: Any = None
    labels: Any = None
    keypoints: Any = None
    polygons: Any = None
    quads: Any = None
    instances: Any = None
    format: BoxFormat = "pixels"
    keypoint_swaps: Any = ()

    def count(self) -> int | None:
        """How many objects there are; None where nothing is marked. Raises a DataError where counts differ."""
        names = ("boxes", "keypoints", "polygons", "quads", "instances", "labels")
        counts = {name: _length(name, getattr(self, name)) for name in names if getattr(self, name) is not None}
        if counts.keys() == {"labels"}:
            raise DataError("labels: are of boxes, keypoints, polygons, quads or instances; give one of these, too")
        if len(set(counts.values())) > 1:
            held = ", ".join(f"{count} {name}" for name, count in counts.items())
            raise DataError(f"{next(iter(counts))}: {held}; give one of each for every object")
        return next(iter(counts.values()), None)

    def objects(self, size: Size) -> tuple[Objects | None, Pixels | None]:
        """The objects in pixels of an image (height, width), and their instance masks bool (k, h, w).

        Raises
        ------
        DataError : of one line naming the argument and the object: shapes or counts do not fit, a number is not
            finite, a box reaches outside or has no area, a keypoint lies outside, an object has no place.
        """
        check_format(self.format)
        k = self.count()
        if k is None:
            return None, None
        instances = None if self.instances is None else given_instances(self.instances, size)
        keypoints = None if self.keypoints is None else _keypoints(self.keypoints, size)
        rings = [()] * k if self.polygons is None else _rings(self.polygons)
        quads = None if self.quads is None else _numbers("quads", self.quads, (4, 2)).astype(np.float32)
        boxes = np.zeros((k, 4), np.float32)
        objects = Objects(np.array([0, k]), boxes, np.zeros(k, np.int64), quads=quads)
        shapes = [Shape(rings[i], None if keypoints is None else keypoints[i]) for i in range(k)]
        skeleton = None
        if keypoints is not None:
            skeleton = Skeleton(keypoints.shape[1], (), _swaps(self.keypoint_swaps, keypoints.shape[1]))
        objects = with_shapes(objects, shapes, [f"object {i}" for i in range(k)], skeleton)
        edges = _around(objects, instances) if self.boxes is None else self._boxes(size)
        return replace(objects, boxes=_checked(edges, size, "object" if self.boxes is None else "boxes")), instances

    def _boxes(self, size: Size) -> Floats:
        """(k, 4), left, top, right, bottom in pixels, none of them outside by more than rounding."""
        edges = to_pixels(_numbers("boxes", self.boxes, (4,)), self.format, size)
        outside = np.flatnonzero(_outside(edges.reshape(-1, 2, 2), size).any(axis=1))
        if len(outside):
            raise DataError(
                f"boxes[{outside[0]}]: {_shown(edges[outside[0]])} reaches outside the image of {size[0]}x{size[1]} "
                f"pixels (height x width) ({len(outside)} of {len(edges)} boxes); clip it, or give its format="
            )
        return edges


def _around(objects: Objects, instances: Pixels | None) -> Floats:
    """(k, 4): the smallest boxes around outlines, rotated boxes and instance masks, else around labelled keypoints."""
    k = len(objects.boxes)
    found = np.full((k, 4), np.nan) if objects.polygons is None else bounds(objects.polygons)
    if objects.quads is not None:
        found = _union(found, np.concatenate([objects.quads.min(axis=1), objects.quads.max(axis=1)], axis=1))
    for i, mask in enumerate(() if instances is None else instances):
        down, across = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
        found[i] = _union(found[i], np.array([across[0], down[0], across[-1] + 1, down[-1] + 1], np.float64))
    if objects.keypoints is not None:
        there = objects.keypoints[..., 2:] > 0
        at = np.where(there, objects.keypoints[..., :2], np.inf), np.where(there, objects.keypoints[..., :2], -np.inf)
        pixel = np.concatenate([at[0].min(axis=1) - 0.5, at[1].max(axis=1) + 0.5], axis=1)  # one point has an area
        found = np.where(np.isnan(found), np.where(np.isfinite(pixel), pixel, np.nan), found)
    nowhere = np.flatnonzero(np.isnan(found).any(axis=1))
    if len(nowhere):
        raise DataError(f"object {nowhere[0]}: nothing says where it is; give boxes, too, or leave it out")
    return found


def _union(a: Floats, b: Floats) -> Floats:
    return np.concatenate([np.fmin(a[..., :2], b[..., :2]), np.fmax(a[..., 2:], b[..., 2:])], axis=-1)


def _checked(edges: Floats, size: Size, name: str) -> NDArray[np.float32]:
    """Boxes (k, 4) cut to the image; each has an area there."""
    boxes = np.clip(edges, 0.0, np.array([size[1], size[0]] * 2)).astype(np.float32)
    flat = np.flatnonzero((boxes[:, :2] >= boxes[:, 2:]).any(axis=1))
    if len(flat):
        place = f"boxes[{flat[0]}]" if name == "boxes" else f"object {flat[0]}"
        raise DataError(
            f"{place}: {_shown(edges[flat[0]])} has no area in the image ({len(flat)} of {len(edges)}); leave it out"
        )
    return boxes


def _keypoints(given: Any, size: Size) -> Floats:
    """(k, p, 3): x, y, and 2 where the caller does not say what is labelled."""
    points = _array(given, "keypoints", "(k, p, 2) or (k, p, 3)")
    points = _numbers("keypoints", points, (None, 2 if points.shape[-1] == 2 else 3))
    if points.shape[2] == 2:
        points = np.concatenate([points, np.full((*points.shape[:2], 1), 2.0)], axis=2)
    known = points[..., 2]
    for i, p in np.argwhere(~np.isin(known, (0, 1, 2)))[:1]:
        raise DataError(f"keypoints[{i}, {p}]: visibility {known[i, p]:g}; expected 0 (not labelled), 1 or 2")
    for i, p in np.argwhere(_outside(points[..., :2], size) & (known > 0))[:1]:
        x, y = points[i, p, :2]
        raise DataError(
            f"keypoints[{i}, {p}]: ({x:g}, {y:g}) lies outside the image of {size[0]}x{size[1]} pixels (height x "
            "width); correct it, or say with a third number 0 that it is not labelled"
        )
    points[..., :2] = np.where(known[..., None] > 0, np.clip(points[..., :2], 0.0, size[::-1]), 0.0)
    return points


def _swaps(given: Any, count: int) -> tuple[tuple[int, int], ...]:
    """Pairs of keypoints, each in one pair at most."""
    try:
        pairs = tuple((int(a), int(b)) for a, b in given)
    except (TypeError, ValueError):
        raise DataError(f"keypoint_swaps: {given!r}; expected pairs of numbers such as [(1, 2)]") from None
    every = [k for pair in pairs for k in pair]
    if len(set(every)) < len(every) or not all(0 <= k < count for k in every):
        raise DataError(f"keypoint_swaps: {given!r}; expected pairs of 0..{count - 1}, each number once at most")
    return pairs


def _rings(given: Any) -> list[list[Floats]]:
    """Outlines of every object."""
    return [
        [_ring(ring, f"polygons[{i}][{j}]") for j, ring in enumerate(_items(own, f"polygons[{i}]"))]
        for i, own in enumerate(given)
    ]


def _ring(given: Any, place: str) -> Floats:
    ring = _array(given, place, "(n, 2)")
    if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < 3:
        raise DataError(f"{place}: shape {ring.shape}; expected (n, 2), three points or more")
    return ring


def _numbers(name: str, given: Any, tail: tuple[int | None, ...]) -> Floats:
    """An array (k, *tail) of finite numbers; None in the tail stands for any length."""
    expected = f"({', '.join(['k', *('p' if side is None else str(side) for side in tail)])})"
    array = _array(given, name, expected)
    if array.shape == (0,):
        array = array.reshape(0, *(side or 0 for side in tail))
    fits = array.ndim == len(tail) + 1 and all(a is None or a == b for a, b in zip(tail, array.shape[1:], strict=True))
    if not fits:
        raise DataError(f"{name}: shape {array.shape}; expected {expected}")
    fine = np.abs(array) < np.finfo(np.float32).max
    wrong = np.flatnonzero(~fine.all(axis=tuple(range(1, array.ndim))))
    if len(wrong):
        raise DataError(f"{name}[{wrong[0]}]: holds a number that is not finite; correct it or leave it out")
    return array


def _array(given: Any, place: str, expected: str) -> Floats:
    try:
        return np.array(given, np.float64)
    except (TypeError, ValueError):
        raise DataError(f"{place}: holds no numbers, or rows of several lengths; expected {expected}") from None


def _items(given: Any, place: str) -> Sequence[Any]:
    _length(place, given)
    return given  # type: ignore[no-any-return]


def _length(name: str, given: Any) -> int:
    try:
        return len(given)
    except TypeError:
        raise DataError(f"{name}: {type(given).__name__} has no length; expected one item for each object") from None


def _outside(points: Floats, size: Size) -> NDArray[np.bool_]:
    """Which points (..., 2) lie outside an image by more than rounding."""
    sides = np.array(size[::-1], np.float64)
    slack = np.maximum(_SLACK_PIXELS, _SLACK_OF_SIDE * sides)
    return np.asarray(((points < -slack) | (points > sides + slack)).any(axis=-1))


def _shown(edges: Floats) -> str:
    return f"left, top, right, bottom = {', '.join(f'{edge:g}' for edge in edges)}"
