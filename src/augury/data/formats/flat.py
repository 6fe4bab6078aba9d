"""All files in one place: the label of `capacitor.00bff939.png` is `capacitor`, all before the first dot."""

from __future__ import annotations

from collections.abc import Sequence

from augury.data.formats.files import check_images, table_of_files
from augury.data.storage import Storage
from augury.data.table import Table, numbered
from augury.errors import DataError


def table(storage: Storage) -> Table:
    """Read files that all lie in one place; see `labels_from_names` for the errors."""
    check_images(storage.root, storage.files)
    labels = numbered(labels_from_names(storage.root, storage.files))
    return table_of_files(storage.root, storage.files, labels, storage.read)


def labels_from_names(root: str, files: Sequence[str]) -> list[str]:
    """Labels of image files called `label.uid.ext`.

    Parameters
    ----------
    root : what to call the dataset in messages.
    files : names of its images.

    Returns
    -------
    One label for each file.

    Raises
    ------
    DataError : if a class has no file with a uid: its "label" is then the name of one photo.
    """
    labels = [name.split(".")[0] for name in files]
    labelled = {label for name, label in zip(files, labels, strict=True) if name.count(".") > 1}
    bare = [name for name, label in zip(files, labels, strict=True) if label not in labelled]
    if bare:
        raise DataError(
            f"{root}: {len(bare)} of {len(files)} names hold no label (first: {bare[0]}), which would make "
            "one class per file; put each class in its own folder, or call the files label.uid.ext"
        )
    return labels
