"""A folder per class: the label of `capacitor/0001.png` is `capacitor`."""

from __future__ import annotations

from collections.abc import Sequence

from augury.data.formats.files import check_images, table_of_files
from augury.data.storage import Storage
from augury.data.table import Table, numbered
from augury.errors import DataError


def recognised(storage: Storage) -> bool:
    """Whether any file lies in a folder."""
    return any("/" in name for name in storage.files)


def table(storage: Storage) -> Table:
    """Read a folder per class; see `labels_from_folders` for the errors."""
    check_images(storage.root, storage.files)
    labels = numbered(labels_from_folders(storage.root, storage.files, storage.folders))
    return table_of_files(storage.root, storage.files, labels, storage.read)


def labels_from_folders(root: str, files: Sequence[str], folders: Sequence[str]) -> list[str]:
    """Labels of image files that lie in one folder per class.

    Parameters
    ----------
    root : what to call the dataset in messages.
    files, folders : relative posix paths of its images and of its folders.

    Returns
    -------
    One label for each file.

    Raises
    ------
    DataError : if images lie beside the class folders or deeper than in them, or if one of them is empty.
    """
    loose = [name for name in files if "/" not in name]
    if loose:
        raise DataError(
            f"{root}: holds class folders and also {len(loose)} images outside them (first: {loose[0]}); "
            "move these into the folders of their classes"
        )
    deep = next((name for name in files if name.count("/") > 1), None)
    if deep:
        raise DataError(
            f"{root}/{deep}: lies deeper than class/image; open the folder that holds the class folders, "
            f"such as {root}/{deep.split('/')[0]}, or move the images of a class straight into its folder"
        )
    labels = [name.split("/")[0] for name in files]
    empty = sorted({name.split("/")[0] for name in folders} - set(labels))
    if empty:
        raise DataError(f"{root}/{empty[0]}: class folder without images; add some or remove the folder")
    return labels
