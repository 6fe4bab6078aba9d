"""Rows that are boxes: path, label, left, top, right, bottom, in pixels with edges counted from 0.

An image with several boxes has several rows, which agree on its group and part. A row whose label and edges are all
empty says that an image is there, and is background if it has no other row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from augury.data.formats.marked import Box, Boxes, image_table
from augury.data.formats.rows import EDGES, Rows, check_file, groups_of, is_missing, ordered, parts_of, path_of, text_of
from augury.data.storage import Storage, brief
from augury.data.table import Table
from augury.errors import DataError


def table_of_boxes(
    root: str, rows: Rows, read: Callable[[str], bytes], exists: Callable[[str], bool], anywhere: bool
) -> Table:
    """A detection dataset; see `table_of_rows` for the parameters.

    Returns
    -------
    Images in the order of their first rows. Classes are sorted by name, or as numbers where all are whole numbers.

    Raises
    ------
    DataError : naming the row: a path, label or edge is missing or wrong, a file is missing, outside or no image,
        a part is unknown, rows of one image disagree, or a box has no area.
    """
    paths = [path_of(value, rows.where(i), anywhere) for i, value in enumerate(rows.paths)]
    first: dict[str, int] = {}  # row of the table in which an image comes first
    for i, path in enumerate(paths):
        if first.setdefault(path, i) == i:
            check_file(root, path, rows.where(i), exists)
    images = {path: row for row, path in enumerate(first)}
    drawn = [i for i in range(len(paths)) if not _is_background(rows, i)]
    labels, classes = ordered([text_of(rows.labels[i], rows.where(i), "label") for i in drawn])
    boxes = Boxes()
    for label, i in zip(labels.tolist(), drawn, strict=True):
        boxes.add(images[paths[i]], _box(rows, i), label, rows.where(i))

    own = list(first.values())

    def where(k: int) -> str:
        return rows.where(own[k])

    groups = None if rows.groups is None else groups_of(_of_images(rows, rows.groups, paths, first, "group"), where)
    parts = None if rows.parts is None else parts_of(_of_images(rows, rows.parts, paths, first, "part"), where)
    storage = Storage(root, tuple(first), (), read)
    table = image_table(storage, tuple(first), classes, parts, objects=boxes.objects(len(first)), layout="csv")
    return replace(table, groups=groups)


def _is_background(rows: Rows, i: int) -> bool:
    assert rows.edges is not None
    return all(_is_empty(value) for value in (rows.labels[i], *(edge[i] for edge in rows.edges)))


def _is_empty(value: Any) -> bool:
    return is_missing(value) or (isinstance(value, str) and not value.strip())


def _box(rows: Rows, i: int) -> Box:
    assert rows.edges is not None
    left, top, right, bottom = (
        _number(edge[i], f"{rows.where(i)}: {name}") for name, edge in zip(EDGES, rows.edges, strict=True)
    )
    return left, top, right, bottom


def _number(value: Any, where: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"{where} is {brief(value)}; expected a number of pixels") from None


def _of_images(rows: Rows, values: Sequence[Any], paths: Sequence[str], first: dict[str, int], what: str) -> list[Any]:
    """One value for each image, on which all its rows agree."""
    wrong = next((i for i, path in enumerate(paths) if values[i] != values[first[path]]), None)
    if wrong is not None:
        before = first[paths[wrong]]
        raise DataError(
            f"{rows.where(wrong)}: the {what} is {brief(values[wrong])}, but {brief(values[before])} in "
            f"{rows.where(before)}, for the same image; correct one"
        )
    return [values[i] for i in first.values()]
