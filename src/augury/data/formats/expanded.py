"""What `augury expand` wrote: images in any layout, `manifest.csv`, and `augury.json`, which orders the classes.

The manifest must list every image; its groups keep the views of an image, and what belonged to that, together.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from augury.data.formats.files import check_images
from augury.data.formats.tables import csv_rows, listed
from augury.data.storage import Storage, brief, check_name
from augury.data.table import Table
from augury.errors import DataError

MANIFEST, ABOUT = "manifest.csv", "augury.json"


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
    classes = _classes(storage.read(ABOUT), f"{storage.root}/{ABOUT}")
    images = [name for name in storage.files if name not in (MANIFEST, ABOUT)]
    check_images(storage.root, images)
    where = f"{storage.root}/{MANIFEST}"
    found = listed(storage, csv_rows(storage.read(MANIFEST), ",", where), images)
    unknown = set(found.classes).difference(classes)
    if unknown:
        raise DataError(f"{where}: class {brief(min(unknown))} is not among those of {ABOUT}; correct one of them")
    index = np.array([classes.index(name) for name in found.classes], np.int64)
    return replace(found, labels=index[found.labels], classes=classes)


def _classes(data: bytes, where: str) -> tuple[str, ...]:
    try:
        classes = json.loads(data)["classes"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise DataError(f"{where}: is no valid JSON with classes ({type(error).__name__}); expand again") from None
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in classes):
        raise DataError(f"{where}: its classes are no list of names; expand again")
    if not classes or len(set(classes)) < len(classes):
        raise DataError(f"{where}: lists no classes, or one twice; expand again")
    for name in classes:
        check_name(where, name)
    return tuple(classes)
