"""Described: rows of a table as writers take them, and what their files are called."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from augury.data.table import PARTS, Objects, Table
from augury.errors import DataError
from augury.offline.places import check_fit, file_names, folded, has_files
from augury.offline.writers.annotated import Annotated, Legend, Writer, stem


def legend_of(table: Table) -> Legend:
    """What is the same for all images of a table."""
    if table.objects is None:
        return Legend(table.classes)
    return Legend(table.classes, table.objects.keypoint_names, table.objects.keypoint_swaps)


def part_of(table: Table, i: int, whole: bool) -> str | None:
    """The part that image i is given to; None where only one part of the table is written."""
    return PARTS[table.parts[i]] if whole and table.parts is not None else None


def described(table: Table, i: int, name: str, part: str | None, columns: dict[str, str]) -> Annotated:
    """Image i, which is decoded, so that a broken one is known."""
    height, width = table.decode(i).shape[:2]
    marks: dict[str, Any] = {}
    if table.objects is not None:
        marks = marks_of(table.objects.take([i]), height, width)
    if table.mask is not None:
        marks["mask"] = table.mask(i)
    label = int(table.labels[i]) if not marks else None
    return Annotated(name, height, width, table.where(i), label, part=part, columns=columns, **marks)


def marks_of(objects: Objects, height: int, width: int) -> dict[str, Any]:
    """What objects of one image are as fields of `Annotated`, in float64: pixels of fractions are no float32."""
    size = np.array([width, height] if objects.fractions else [1, 1], np.float64)
    marks: dict[str, Any] = {"boxes": objects.boxes * np.tile(size, 2), "labels": objects.labels}
    if objects.keypoints is not None:
        marks["keypoints"] = objects.keypoints * np.append(size, 1)
    if objects.quads is not None:
        marks["quads"] = objects.quads * size
    if objects.polygons is not None:
        rings = [objects.polygons.of(k) for k in range(len(objects.labels))]
        marks["polygons"] = [[ring * size for ring in own] for own in rings]
    return marks


def named(table: Table, rows: Sequence[int], parts: Sequence[str | None], writer: Writer) -> list[str]:
    """Names of the image files, without folders: their own, or numbers of arrays.

    Where two would be one file, all have the names of their folders in front, and where that is not enough, their
    ending before the last dot, too.

    Raises
    ------
    DataError : if two would be one file even so, or a name cannot be written or read back.
    """
    digits = len(str(len(table) - 1))
    own = file_names(table, rows) if has_files(table) else [f"{i:0{digits}d}.png" for i in rows]
    legend, labels = legend_of(table), table.labels[rows].tolist()
    clash = (0, 0)
    for namer in (posixpath.basename, _joined, _with_ending):
        names = [namer(path) for path in own]
        places = [
            writer.image_path(Annotated(name, 1, 1, table.where(i), label, part=part), legend)
            for name, i, label, part in zip(names, rows, labels, parts, strict=True)
        ]
        found = _clash(places, stem if writer.BY_STEM else str)
        if found is None:
            for place in places:
                check_fit(table.root, place)
            return names
        clash = found
    raise DataError(f"{table.root}: {own[clash[0]]} and {own[clash[1]]} would be one file; rename one")


def _joined(path: str) -> str:
    return "_".join(part for part in path.split("/") if part not in ("", ".", ".."))


def _with_ending(path: str) -> str:
    name = _joined(path)
    return f"{stem(name)}_{name.rpartition('.')[2]}.{name.rpartition('.')[2]}"


def _clash(places: Sequence[str], key: Callable[[str], str]) -> tuple[int, int] | None:
    """The first two places that are one, where case is ignored, and maybe the ending."""
    first: dict[str, int] = {}
    for k, place in enumerate(places):
        other = first.setdefault(folded(key(place)), k)
        if other != k:
            return other, k
    return None
