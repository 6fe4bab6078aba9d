"""Given parts: folders called train, val and test, each with class folders or `label.uid.ext` names.

They are recognised only where every top folder is called after a part, one of them after training and
another not: among `train`, `bus` and `car`, train is a class.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from augury.data.formats.files import check_images, table_of_files
from augury.data.formats.flat import labels_from_names
from augury.data.formats.folder import labels_from_folders
from augury.data.storage import Storage
from augury.data.table import PARTS, Table, numbered
from augury.errors import DataError

_SPELLINGS = {
    **dict.fromkeys(("train", "training"), 0),
    **dict.fromkeys(("val", "valid", "validation", "dev"), 1),
    **dict.fromkeys(("test", "testing"), 2),
}
SPELLED = ", ".join(_SPELLINGS)


def part_named(name: str) -> int | None:
    """Index into PARTS of what a folder, column or key calls a part; None for another word.

    Examples
    --------
    >>> part_named("Validation"), part_named("bus")
    (1, None)
    """
    return _SPELLINGS.get(name.strip().lower())


def recognised(storage: Storage) -> bool:
    """Whether all top folders are called after parts, training and another one among them."""
    found = {part_named(top) for top in _tops(storage)}
    return None not in found and 0 in found and len(found) > 1


def table(storage: Storage) -> Table:
    """Read a dataset that is divided already.

    Returns
    -------
    Images sorted by path; classes, the union over the parts, sorted by name.

    Raises
    ------
    DataError : if a part is there under two names or without images, images lie outside the parts, a class
        has none in training, or a part has the faults that a dataset of its own could have.
    """
    root, files = storage.root, storage.files
    check_images(root, files)
    loose = [name for name in files if "/" not in name]
    if loose:
        raise DataError(f"{root}: {len(loose)} images lie outside the parts (first: {loose[0]}); move them into one")
    paths: list[str] = []
    names: list[str] = []
    parts: list[int] = []
    for part, top in sorted(_unique(root, _tops(storage)).items()):
        inside = _inside(files, top)
        names += _names(f"{root}/{top}", inside, _inside(storage.folders, top), part)
        paths += [f"{top}/{name}" for name in inside]
        parts += [part] * len(inside)
    order = sorted(range(len(paths)), key=paths.__getitem__)
    labels = numbered([names[k] for k in order])
    divided = np.array(parts, np.int8)[order]
    check_trainable(root, *labels, divided)
    return table_of_files(root, [paths[k] for k in order], labels, storage.read, parts=divided)


def check_trainable(root: str, labels: NDArray[np.int64], classes: Sequence[str], parts: NDArray[np.int8]) -> None:
    """Raise a DataError if a class lies in another part but not in training."""
    trained = np.bincount(labels[parts == 0], minlength=len(classes))
    for row in np.flatnonzero(trained[labels] == 0)[:1]:
        raise DataError(
            f"{root}: class {classes[labels[row]]!r} is in {PARTS[parts[row]]} but has no training images; "
            "add some, or remove it"
        )


def _tops(storage: Storage) -> set[str]:
    return {name.split("/")[0] for name in storage.folders}


def _unique(root: str, tops: set[str]) -> dict[int, str]:
    """Part -> the folder called after it."""
    found: dict[int, str] = {}
    for top in sorted(tops):
        part = _SPELLINGS[top.strip().lower()]
        if part in found:
            raise DataError(f"{root}: {found[part]} and {top} are the same part; put them into one folder")
        found[part] = top
    return found


def _inside(names: Sequence[str], top: str) -> list[str]:
    return [name[len(top) + 1 :] for name in names if name.startswith(top + "/")]


def _names(where: str, files: Sequence[str], folders: Sequence[str], part: int) -> list[str]:
    """Labels of the files of one part. Only training must have images of every class."""
    if not files:
        raise DataError(f"{where}: is a part without images; add some, or remove the folder")
    if any("/" in name for name in files):
        return labels_from_folders(where, files, folders if part == 0 else ())
    return labels_from_names(where, files)
