"""What `augury expand` wrote: images in any layout, `manifest.csv`, and `augury.json`, which orders the classes.

The manifest must list every image; its groups keep the views of an image, and what belonged to that, together. Where
`augury.json` names a layout, boxes or masks lie beside the images as that layout has them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np

from augury.data.formats import coco, masks, tables, voc, yolo
from augury.data.formats.files import check_images
from augury.data.formats.rows import Rows, groups_of, path_of
from augury.data.formats.tables import csv_rows, listed
from augury.data.storage import Storage, brief, check_name
from augury.data.table import Table
from augury.errors import DataError

MANIFEST, ABOUT = "manifest.csv", "augury.json"
_READERS: dict[str, ModuleType] = {"coco": coco, "yolo": yolo, "voc": voc, "masks": masks, "csv": tables}


def recognised(storage: Storage) -> bool:
    """Whether both files lie at the root."""
    return MANIFEST in storage.files and ABOUT in storage.files


def table(storage: Storage) -> Table:
    """Read an expansion.

    Returns
    -------
    Images in the order of the manifest; classes in the order that they had in the source.

    Raises
    ------
    DataError : if one of the files is broken, or they and the images do not match; see `table_of_rows`.
    """
    about = _about(storage.read(ABOUT), f"{storage.root}/{ABOUT}")
    classes = _classes(about, f"{storage.root}/{ABOUT}")
    images = [name for name in storage.files if name not in (MANIFEST, ABOUT)]
    where = f"{storage.root}/{MANIFEST}"
    if about.get("layout") is None:
        check_images(storage.root, images)
        found = listed(storage, csv_rows(storage.read(MANIFEST), ",", where), images)
    else:
        rows = csv_rows(storage.read(MANIFEST), ",", where)
        found = _annotated(replace(storage, files=tuple(images)), about["layout"], rows)
    unknown = set(found.classes).difference(classes)
    if unknown:
        raise DataError(f"{where}: class {brief(min(unknown))} is not among those of {ABOUT}; correct one of them")
    index = np.array([classes.index(name) for name in found.classes], np.int64)
    if found.objects is not None:
        return replace(found, objects=replace(found.objects, labels=index[found.objects.labels]), classes=classes)
    return replace(found, labels=index[found.labels], classes=classes)


def _annotated(storage: Storage, layout: Any, rows: Rows) -> Table:
    """Images with boxes or masks, in the order of their reader, and the groups that the manifest gives them."""
    if not isinstance(layout, str) or layout not in _READERS:
        raise DataError(
            f"{storage.root}/{ABOUT}: layout {brief(layout)} is none of {', '.join(_READERS)}; expand again"
        )
    found: Table = _READERS[layout].table(storage)
    row_of: dict[str, int] = {}
    for i, value in enumerate(rows.paths):
        path = path_of(value, rows.where(i), anywhere=False)
        if row_of.setdefault(path, i) != i:
            raise DataError(f"{rows.where(i)}: {path!r} is listed already ({rows.where(row_of[path])}); remove one")
    gone = sorted(set(row_of).difference(found.paths))
    if gone:
        raise DataError(f"{rows.where(row_of[gone[0]])}: {gone[0]!r} is not annotated; put it back, or remove the row")
    new = [path for path in found.paths if path not in row_of]
    if new or rows.groups is None:
        what = f"{len(new)} images are not in the table, such as {new[0]!r}" if new else "has no column group"
        raise DataError(f"{rows.source}: {what}; expand again")
    groups = groups_of(rows.groups, rows.where)[[row_of[path] for path in found.paths]]
    return replace(found, groups=groups, parts=None)


def _about(data: bytes, where: str) -> dict[str, Any]:
    try:
        about = json.loads(data)
        about["classes"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise DataError(f"{where}: is no valid JSON with classes ({type(error).__name__}); expand again") from None
    return dict(about)


def _classes(about: dict[str, Any], where: str) -> tuple[str, ...]:
    classes = about["classes"]
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise DataError(f"{where}: its classes are no list of names; expand again")
    if not classes or len(set(classes)) < len(classes):
        raise DataError(f"{where}: lists no classes, or one twice; expand again")
    for name in classes:
        check_name(where, name)
    return tuple(classes)
