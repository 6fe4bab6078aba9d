"""Shapes of objects beside their boxes, as readers collect them: outlines, rotated boxes, keypoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.data.storage import brief, check_name
from augury.data.table import Objects, Polygons
from augury.errors import DataError

Ring = NDArray[np.float64]
MOST_KEYPOINTS = 1024  # of an object; faces are drawn with some 500
_MOST_MEMORY = 2**32  # bytes of all keypoints: each object has all of them, labelled or not
_CORNERS = [0, 1, 2, 1, 2, 3, 0, 3]  # of x0 y0 x1 y1: around from left and top


@dataclass(frozen=True, eq=False)
class Shape:
    """What is drawn of one object.

    Attributes
    ----------
    rings : outlines, (n, 2) each. keypoints : (k, 3) as `Objects` holds them, or None where none are labelled.
    """

    rings: Sequence[Ring] = ()
    keypoints: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Skeleton:
    """How many keypoints every object has, and what they are called; see `Objects`."""

    count: int
    names: tuple[str, ...] = ()
    swaps: tuple[tuple[int, int], ...] = ()


def with_shapes(
    objects: Objects, shapes: Sequence[Shape], places: Sequence[str], skeleton: Skeleton | None = None
) -> Objects:
    """Add to m objects what is drawn of each.

    Parameters
    ----------
    places : of each object, as messages name it. skeleton : None where the dataset has no keypoints.

    Raises
    ------
    DataError : if a coordinate is not finite as float32, or all keypoints would take too much memory.
    """
    if skeleton is not None:
        keypoints = _keypoints(shapes, places, skeleton.count)
        names = {"keypoint_names": skeleton.names, "keypoint_swaps": skeleton.swaps}
        objects = replace(objects, keypoints=keypoints, **names)  # type: ignore[arg-type]
    if any(shape.rings for shape in shapes):
        objects = replace(objects, polygons=_polygons(shapes, places))
    return objects


def as_quads(objects: Objects) -> Objects:
    """Rotated boxes instead of outlines, which are all of one ring of four points; what has none keeps its box."""
    if objects.polygons is None:
        return objects
    quads = corners(objects.boxes)
    drawn = np.flatnonzero(np.diff(objects.polygons.objects))
    quads[drawn] = objects.polygons.points.reshape(-1, 4, 2)
    return replace(objects, polygons=None, quads=quads)


def corners(boxes: NDArray[Any]) -> NDArray[Any]:
    """Boxes (m, 4) to their corners (m, 4, 2): left top, right top, right bottom, left bottom."""
    return boxes[:, _CORNERS].reshape(-1, 4, 2)


def swaps_by_name(names: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Pairs of keypoints whose names differ only in left and right, or in l_ and r_ at the front.

    Examples
    --------
    >>> swaps_by_name(["nose", "left_eye", "right_eye", "l_ear", "r_ear"])
    ((1, 2), (3, 4))
    """
    index = {name.lower(): k for k, name in enumerate(names)}
    sided = [name for name in index if _mirrored(_mirrored(name)) == name and _mirrored(name) in index]
    found = {(index[name], index[_mirrored(name)]) for name in sided}
    return tuple(sorted((a, b) for a, b in found if a < b))


def swaps_of_order(where: str, order: Any, count: int) -> tuple[tuple[int, int], ...]:
    """Pairs of keypoints from the order that they have when mirrored (YOLO's flip_idx)."""
    if not isinstance(order, list) or not all(type(k) is int and 0 <= k < count for k in order):
        raise DataError(f"{where}: flip_idx is {brief(order)}; expected {count} numbers, counted from 0")
    if len(order) != count or any(order[other] != k for k, other in enumerate(order)):
        raise DataError(
            f"{where}: flip_idx {brief(order)} does not pair {count} keypoints; mirrored twice, all come back"
        )
    return tuple((k, other) for k, other in enumerate(order) if k < other)


def order_of_swaps(swaps: Sequence[tuple[int, int]], count: int) -> list[int]:
    """The order that keypoints have when mirrored, of which `swaps_of_order` makes the pairs again."""
    order = list(range(count))
    for a, b in swaps:
        order[a], order[b] = b, a
    return order


def checked_keypoint_names(where: str, names: Any) -> tuple[str, ...]:
    """Names of the keypoints of an object; raises a DataError if they are no names, or one comes twice."""
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise DataError(f"{where}: names of keypoints are {brief(names)}; expected a list of text")
    if len(names) > MOST_KEYPOINTS:
        raise DataError(f"{where}: names {len(names)} keypoints, more than {MOST_KEYPOINTS}; leave some out")
    for name in names:
        check_name(where, name)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{where}: two keypoints are called {brief(twice)}; give each a name of its own")
    return tuple(names)


def _mirrored(name: str) -> str:
    """The name of the keypoint on the other side, in lower case; empty where the name has no side."""
    for one, other in (("left", "right"), ("right", "left")):
        if one in name:
            return name.replace(one, other)
    return {"l_": "r_", "r_": "l_"}[name[:2]] + name[2:] if name[:2] in ("l_", "r_") else ""


def _keypoints(shapes: Sequence[Shape], places: Sequence[str], count: int) -> NDArray[np.float32]:
    if len(shapes) * count * 12 > _MOST_MEMORY:
        raise DataError(
            f"{places[0]}: {count} keypoints of {len(shapes)} objects take more than {_MOST_MEMORY} bytes; divide "
            "the dataset, or leave keypoints out"
        )
    made = np.zeros((len(shapes), count, 3), np.float32)
    with np.errstate(over="ignore"):  # what becomes infinite is refused below
        for row, shape in enumerate(shapes):
            if shape.keypoints is not None:
                made[row] = shape.keypoints
    _check_finite(np.asarray(np.isfinite(made).all(axis=(1, 2))), places, "keypoint")
    return made


def _polygons(shapes: Sequence[Shape], places: Sequence[str]) -> Polygons:
    rings = [ring for shape in shapes for ring in shape.rings]
    with np.errstate(over="ignore"):
        points = np.concatenate(rings).astype(np.float32)
    made = Polygons(points, _starts([len(ring) for ring in rings]), _starts([len(shape.rings) for shape in shapes]))
    owner = np.repeat(np.repeat(np.arange(len(shapes)), np.diff(made.objects)), np.diff(made.rings))
    fine = np.ones(len(shapes), bool)
    fine[owner[~np.isfinite(points).all(axis=1)]] = False
    _check_finite(fine, places, "outline")
    return made


def _check_finite(fine: NDArray[np.bool_], places: Sequence[str], what: str) -> None:
    wrong = np.flatnonzero(~fine)
    if len(wrong):
        raise DataError(
            f"{places[wrong[0]]}: its {what} has a coordinate that is not finite ({len(wrong)} of {len(fine)} "
            "objects); correct or remove it"
        )


def _starts(counts: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(np.array(counts, np.int64))]).astype(np.int64)
