"""What data.yaml of a YOLO dataset says: names of the classes, and of poses how many keypoints there are.

Beside `names` and `nc` these are read: `kpt_shape` (how many keypoints, and how many numbers each: 2 or 3),
`flip_idx` (where each keypoint is found when mirrored), `kpt_names` (their names, for each class), and `task`,
as `ag.write` puts it there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from augury.data.formats.marked import checked_names, shown
from augury.data.formats.shapes import (
    MOST_KEYPOINTS,
    Skeleton,
    checked_keypoint_names,
    swaps_by_name,
    swaps_of_order,
)
from augury.errors import DataError

DETECT, SEGMENT, OBB, POSE = "detect", "segment", "obb", "pose"  # tasks
_VISIBILITIES = (0.0, 1.0, 2.0)


@dataclass(frozen=True)
class Pose:
    """What follows each box: `numbers` (2 or 3) for every keypoint of the skeleton."""

    skeleton: Skeleton
    numbers: int


@dataclass(frozen=True)
class Said:
    """Classes; keypoints, if there are any; the task, if it is told; notes on what is not read."""

    classes: tuple[str, ...]
    pose: Pose | None = None
    task: str | None = None
    notes: tuple[str, ...] = ()


def said_in(text: str, where: str) -> Said:
    """Read data.yaml; raises a DataError if it is not valid, or what it says does not fit together."""
    document = _yaml(text, where)
    if not isinstance(document, dict):
        raise DataError(f"{where}: holds no 'names'; list the names of the classes there")
    classes, task = _class_names(document, where), document.get("task")
    named = task if isinstance(task, str) else None
    if "kpt_shape" not in document:
        return Said(classes, None, named)
    count, numbers = _kpt_shape(document["kpt_shape"], where)
    names, notes = _kpt_names(document.get("kpt_names"), count, where)
    order = document.get("flip_idx")
    swaps = swaps_by_name(names) if order is None else swaps_of_order(where, order, count)
    return Said(classes, Pose(Skeleton(count, names, swaps), numbers), named, notes)


def keypoints_of(values: list[float], pose: Pose, place: str) -> NDArray[np.float64]:
    """Keypoints (k, 3), as `Objects` holds them, of the numbers behind a box."""
    count = pose.skeleton.count
    if len(values) != count * pose.numbers:
        raise DataError(
            f"{place}: {len(values)} numbers behind the box; kpt_shape says {count} keypoints of {pose.numbers} each"
        )
    found = np.array(values).reshape(count, pose.numbers)
    if pose.numbers == 2:
        labelled = ~((found == 0).all(axis=1) | (found < 0).any(axis=1))
        found = np.column_stack([found, np.where(labelled, 2.0, 0.0)])
    if not np.isin(found[:, 2], _VISIBILITIES).all():
        raise DataError(f"{place}: a visibility is not 0, 1 or 2; write 0 where a keypoint is not labelled")
    made: NDArray[np.float64] = np.where(found[:, 2:] > 0, found, 0.0)
    return made


def _kpt_shape(shape: Any, where: str) -> tuple[int, int]:
    fits = isinstance(shape, list) and len(shape) == 2 and all(type(side) is int for side in shape)
    if not fits or not 0 < shape[0] <= MOST_KEYPOINTS or shape[1] not in (2, 3):
        raise DataError(f"{where}: kpt_shape is {shown(shape)}; expected [how many keypoints, 2 or 3]")
    return shape[0], shape[1]


def _kpt_names(names: Any, count: int, where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of keypoints, and notes."""
    if names is None:
        return (), ()
    lists = list(names.values()) if isinstance(names, dict) and names else [names]
    found = [checked_keypoint_names(where, own) for own in lists]
    wrong = next((own for own in found if len(own) != count), None)
    if wrong is not None:
        raise DataError(f"{where}: kpt_names names {len(wrong)} keypoints, kpt_shape says {count}; correct one")
    if len(set(found)) > 1:
        return (), (f"{where}: kpt_names differ between classes, so keypoints have no names",)
    return found[0], ()


def _class_names(document: dict[Any, Any], where: str) -> tuple[str, ...]:
    names = document.get("names")
    if isinstance(names, dict):
        if list(names) and sorted(names, key=str) != sorted(range(len(names)), key=str):
            raise DataError(f"{where}: the keys of 'names' are {shown(list(names))}; expected 0, 1, 2, ...")
        names = [names[k] for k in range(len(names))]
    if not isinstance(names, list):
        raise DataError(f"{where}: 'names' is {shown(names)}; expected a list, or a mapping from 0, 1, 2, ...")
    wrong = next((k for k, value in enumerate(names) if type(value) not in (str, int)), None)
    if wrong is not None:  # YAML reads no, yes, off as truth values
        raise DataError(f"{where}: name {wrong} is {shown(names[wrong])}, not text; put it in quotes")
    if document.get("nc", len(names)) != len(names):
        raise DataError(f"{where}: nc is {shown(document['nc'])}, but there are {len(names)} names; correct one")
    return checked_names(where, [str(value) for value in names])


def _yaml(text: str, where: str) -> Any:
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, yaml.SafeLoader)):
            raise DataError(f"{where}: uses aliases (*name), with which a small file grows without end; write it out")
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "too deep, or a wrong date"
        raise DataError(f"{where}: is not valid YAML ({shown(reason)}); correct it") from None
