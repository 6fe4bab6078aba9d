"""Exports of Edge Impulse: training/ and testing/, with `info.labels` beside them, which has the last word.

`info.labels` is JSON, or one JSON value a line where the export is large. Each file has a path, a category
(training, validation, testing, or split where it is still to be divided) and one label.
"""

from __future__ import annotations

import json
from typing import Any

from augury.data.formats.files import check_images
from augury.data.formats.rows import Rows
from augury.data.formats.tables import listed
from augury.data.storage import Storage, brief
from augury.data.table import Table
from augury.errors import DataError

_INFO = "info.labels"
_UNDIVIDED = "split"


def recognised(storage: Storage) -> bool:
    """Whether `info.labels` lies at the root."""
    return _INFO in storage.files


def table(storage: Storage) -> Table:
    """Read an export for classification.

    Raises
    ------
    DataError : if `info.labels` is not valid, gives a file no label, several, or boxes, or if it and the
        images do not match each other; see `table_of_rows`.
    """
    where = f"{storage.root}/{_INFO}"
    images = [name for name in storage.files if name != _INFO]
    check_images(storage.root, images)
    entries = _entries(storage.read(_INFO), where)
    paths = [_field(entry, "path", f"{where}, file {k}") for k, entry in enumerate(entries)]
    labels = [_label(entry, f"{where}, {brief(path)}") for path, entry in zip(paths, entries, strict=True)]
    categories = [
        _field(entry, "category", f"{where}, {brief(path)}") for path, entry in zip(paths, entries, strict=True)
    ]
    parts = None if set(categories) == {_UNDIVIDED} else categories
    return listed(storage, Rows(paths, labels, None, parts, where, lambda i: f"{where}, file {i}"), images)


def _entries(data: bytes, where: str) -> list[Any]:
    try:
        text = data.decode("utf-8-sig")
        if text.startswith('{"__ndjson"'):
            lines = [json.loads(line) for line in text.split("\n")[1:] if line.strip()]
            files = [line["__item"] for line in lines if line["__key"] == "files"]
        else:
            files = json.loads(text)["files"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise DataError(f"{where}: is no valid list of files ({type(error).__name__}); export it again") from None
    if not isinstance(files, list):
        raise DataError(f"{where}: 'files' is no list; export it again")
    return files


def _field(entry: Any, key: str, where: str) -> str:
    value = entry.get(key) if isinstance(entry, dict) else None
    if not isinstance(value, str):
        raise DataError(f"{where}: has no {key}; export it again")
    return value


def _label(entry: dict[str, Any], where: str) -> str:
    if entry.get("boundingBoxes"):
        raise DataError(f"{where}: has bounding boxes; export the dataset as COCO or YOLO to detect objects")
    label = entry.get("label")
    kind = label.get("type") if isinstance(label, dict) else None
    if kind != "label":
        raise DataError(f"{where}: its label is of type {brief(kind)}; give it one label")
    return _field(label, "label", where)
