"""Shapes of COCO: outlines as lists of x and y, keypoints as lists of x, y and visibility.

Outlines count edges from 0, as boxes do. Keypoints count pixels from 0 (their x and y are whole numbers in COCO
itself), so a keypoint lies in the middle of its pixel: 0.5 is added to both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.data.formats.shapes import (
    MOST_KEYPOINTS,
    Ring,
    Skeleton,
    checked_keypoint_names,
    swaps_by_name,
    swaps_of_order,
)
from augury.data.storage import brief
from augury.errors import DataError

_TO_CENTRE = 0.5
_VISIBILITIES = (0.0, 1.0, 2.0)
Columns = list[int]


@dataclass(frozen=True)
class Keypoints:
    """The keypoints of all categories, each name once.

    Attributes
    ----------
    skeleton : None where no category has any. columns : (file, category id) -> place of each of its own keypoints.
    """

    skeleton: Skeleton | None
    columns: dict[tuple[str, Any], Columns]


def keypoints_of_categories(categories: Iterable[tuple[str, str, dict[str, Any]]]) -> Keypoints:
    """Keypoints of all categories.

    Parameters
    ----------
    categories : of each its file, what to call it in messages, and itself.

    Raises
    ------
    DataError : if names are no names or come twice, `flip_idx` pairs nothing, or there are too many in all.
    """
    index: dict[str, int] = {}
    columns: dict[tuple[str, Any], Columns] = {}
    said: set[tuple[int, int]] = set()
    for file, where, category in categories:
        names = checked_keypoint_names(where, category.get("keypoints") or [])
        own = [index.setdefault(name, len(index)) for name in names]
        columns[file, category["id"]] = own
        if "flip_idx" in category:  # as YOLO has it; COCO itself has nothing of the kind
            said |= {(own[a], own[b]) for a, b in swaps_of_order(where, category["flip_idx"], len(own))}
        if len(index) > MOST_KEYPOINTS:
            raise DataError(f"{where}: with it there are more than {MOST_KEYPOINTS} keypoints; leave some out")
    swaps = tuple(sorted({(min(pair), max(pair)) for pair in said})) or swaps_by_name(tuple(index))
    return Keypoints(Skeleton(len(index), tuple(index), swaps) if index else None, columns)


def rings(where: str, segmentation: Any) -> list[Ring] | None:
    """The rings of an object, (n, 2) each; None where they are run lengths (RLE), which are not read."""
    if isinstance(segmentation, dict):
        return None
    if segmentation is None:
        return []
    if not isinstance(segmentation, list):
        raise DataError(f"{where}: segmentation {brief(segmentation)}; expected a list of outlines, or run lengths")
    return [_ring(where, values) for values in segmentation if values != []]


def _ring(where: str, values: Any) -> Ring:
    found = _numbers(values)
    if found is None or len(found) < 6 or len(found) % 2:
        raise DataError(f"{where}: segmentation {brief(values)}; expected x and y of three points or more")
    return found.reshape(-1, 2)


def keypoints(where: str, values: Any, columns: Columns, count: int) -> NDArray[np.float64] | None:
    """The keypoints of an object, (count, 3), with x and y in edges; None where it says nothing of them."""
    if values is None or values == []:
        return None
    found = _numbers(values)
    if found is None or len(found) != 3 * len(columns):
        raise DataError(
            f"{where}: keypoints {brief(values)}; expected x, y and visibility of each of the {len(columns)} of its "
            "category"
        )
    own = found.reshape(-1, 3)
    if not np.isin(own[:, 2], _VISIBILITIES).all():
        raise DataError(f"{where}: keypoints {brief(values)}: a visibility is not 0, 1 or 2; correct it")
    made = np.zeros((count, 3))
    made[columns] = np.where(own[:, 2:] > 0, own + np.array([_TO_CENTRE, _TO_CENTRE, 0]), 0)
    return made


def _numbers(values: Any) -> NDArray[np.float64] | None:
    """A list of numbers; None if it is none."""
    if not isinstance(values, list) or not set(map(type, values)) <= {int, float}:
        return None
    try:
        return np.array(values, np.float64)
    except OverflowError:  # a whole number of hundreds of digits
        return None
