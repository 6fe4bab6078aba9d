"""Rows that name an image file and its label: checked once, whether they come from a table, frame or manifest."""

from __future__ import annotations

import numbers
import os
import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.data.formats.files import KNOWN, Labels, table_of_files
from augury.data.formats.parts import SPELLED, check_trainable, part_named
from augury.data.storage import brief, check_name, is_image
from augury.data.table import Table, numbered
from augury.errors import DataError

COLUMNS = {
    "path": ("path", "file", "filename", "file_name", "image", "image_path"),
    "label": ("label", "class", "category", "target"),
    "group": ("group",),
    "part": ("part", "split", "set", "subset"),
}
EDGES = ("left", "top", "right", "bottom")  # where all four are there, a row is a box
_NUMBER = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True, eq=False)
class Rows:
    """What is said of each image.

    Attributes
    ----------
    paths, labels : n values each. groups, parts : n values, or None where nothing is said.
    source : the table, as messages name it. where : number of a row -> the row, as messages name it.
    edges : n values each of left, top, right and bottom, where a row is a box; else None.
    """

    paths: Sequence[Any]
    labels: Sequence[Any]
    groups: Sequence[Any] | None
    parts: Sequence[Any] | None
    source: str
    where: Callable[[int], str]
    edges: tuple[Sequence[Any], ...] | None = None


def roles_of(names: Sequence[str], where: str) -> dict[str, int]:
    """Which column is which.

    Parameters
    ----------
    names : of the columns, in any case. where : what to call the table in messages.

    Returns
    -------
    "path" and "label", and "group", "part" and the four `EDGES` where they are there -> number of the column.

    Raises
    ------
    DataError : if two columns could be the same one, or the path or the label is missing.
    """
    roles: dict[str, int] = {}
    for role, words in COLUMNS.items():
        found = [k for k, name in enumerate(names) if name.strip().lower() in words]
        if len(found) > 1:
            shown = ", ".join(repr(names[k]) for k in found)
            raise DataError(f"{where}: columns {shown} could each be the {role}; rename all but one of them")
        if found:
            roles[role] = found[0]
    for role in ("path", "label"):
        if role not in roles:
            shown = ", ".join(brief(name) for name in names[:8]) + (", ..." if len(names) > 8 else "")
            raise DataError(
                f"{where}: no column is the {role} ({', '.join(COLUMNS[role])}) among {shown}; rename one, "
                "or move the table out if it is something else"
            )
    lower = [name.strip().lower() for name in names]
    if all(lower.count(edge) == 1 for edge in EDGES):
        roles |= {edge: lower.index(edge) for edge in EDGES}
    return roles


def table_of_rows(
    root: str, rows: Rows, read: Callable[[str], bytes], exists: Callable[[str], bool], anywhere: bool
) -> Table:
    """A table of image files.

    Parameters
    ----------
    root : the folder or zip to which paths are relative.
    read, exists : path -> its bytes, and whether there is such a file.
    anywhere : whether files may lie outside the root.

    Returns
    -------
    Images in the order of the rows. Classes are sorted by name, or as numbers where all are whole numbers.

    Raises
    ------
    DataError : naming the row: a path or label is empty, a file is missing, outside, no image or listed
        twice, a part is unknown, or a class has no training images.
    """
    paths = [path_of(value, rows.where(i), anywhere) for i, value in enumerate(rows.paths)]
    _check_paths(root, paths, rows.where, exists)
    labels = ordered([text_of(value, rows.where(i), "label") for i, value in enumerate(rows.labels)])
    groups = None if rows.groups is None else groups_of(rows.groups, rows.where)
    parts = None if rows.parts is None else parts_of(rows.parts, rows.where)
    if parts is not None:
        check_trainable(rows.source, *labels, parts)
    return table_of_files(root, paths, labels, read, groups, parts, rows.source)


def _check_paths(root: str, paths: Sequence[str], where: Callable[[int], str], exists: Callable[[str], bool]) -> None:
    above, seen = os.path.abspath(root), dict[str, int]()
    for i, path in enumerate(paths):
        check_file(root, path, where(i), exists)
        first = seen.setdefault(posixpath.normpath(posixpath.join(above, path)), i)
        if first != i:
            raise DataError(f"{where(i)}: {path!r} is listed already ({where(first)}); remove one of them")


def check_file(root: str, path: str, where: str, exists: Callable[[str], bool]) -> None:
    """Raise a DataError unless a path is that of an image that is there."""
    if not is_image(path):
        raise DataError(f"{where}: {path!r} does not end like an image ({KNOWN}); correct the row")
    if not exists(path):
        raise DataError(f"{where}: there is no file {path!r} in {root}; correct the row, or add the file")


def ordered(names: Sequence[str]) -> Labels:
    """Class names of samples -> indices (n,) and classes, sorted as numbers where all are whole numbers.

    Examples
    --------
    >>> ordered(["10", "9", "10"])
    (array([1, 0, 1]), ('9', '10'))
    """
    indices, classes = numbered(names)
    if not all(_NUMBER.fullmatch(name) for name in classes):
        return indices, classes
    order = sorted(range(len(classes)), key=lambda k: (int(classes[k]), classes[k]))
    return np.argsort(order)[indices].astype(np.int64), tuple(classes[k] for k in order)


def groups_of(values: Sequence[Any], where: Callable[[int], str]) -> NDArray[np.int64]:
    """Groups (n,) as `Table` holds them, from their names; a missing one raises a DataError."""
    return numbered([text_of(value, where(i), "group") for i, value in enumerate(values)])[0]


def parts_of(values: Sequence[Any], where: Callable[[int], str]) -> NDArray[np.int8] | None:
    """Parts (n,) as `Table` holds them, from their names; None where all rows are for training.

    Raises
    ------
    DataError : naming the row, if a part is missing or unknown.
    """
    parts = np.empty(len(values), np.int8)
    for i, value in enumerate(values):
        part = part_named(text_of(value, where(i), "part"))
        if part is None:
            raise DataError(f"{where(i)}: {brief(value)} is no part; expected one of {SPELLED}")
        parts[i] = part
    return parts if parts.any() else None


def is_missing(value: Any) -> bool:
    """Whether a frame says that there is no value: None, NaN, NaT, NA."""
    try:
        return value is None or bool(value != value)
    except (TypeError, ValueError):  # pandas.NA is neither equal nor different
        return True


def path_of(value: Any, where: str, anywhere: bool) -> str:
    """The path of a row; one that is missing, or points outside where that may not be, raises a DataError."""
    text = text_of(str(value) if isinstance(value, os.PathLike) else value, where, "path")
    path = posixpath.normpath(text.replace("\\", "/"))
    if not anywhere and (path.startswith(("/", "../")) or path[1:2] == ":"):
        raise DataError(f"{where}: {brief(text)} points outside; use paths below the folder of the table")
    return path


def text_of(value: Any, where: str, what: str) -> str:
    """Names and whole numbers as text, without spaces around."""
    if is_missing(value):
        raise DataError(f"{where}: the {what} is missing; add it")
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        value = int(value)  # a column of whole numbers in which one was missing once
    if not isinstance(value, (str, bool, np.bool_, numbers.Integral)):
        raise DataError(f"{where}: the {what} is {brief(value)}; expected text or a whole number")
    text = str(value).strip()
    if not text:
        raise DataError(f"{where}: the {what} is empty; add it")
    check_name(where, text)
    return text
