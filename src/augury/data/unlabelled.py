"""Unlabelled: the images of a folder or zip, when it does not matter, or is not known, what they show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from augury.data.archive import zip_archive
from augury.data.formats.files import KNOWN, table_of_files
from augury.data.split import has_labels
from augury.data.storage import check_name, folder, is_image, unwrapped
from augury.data.table import Table, numbered
from augury.errors import DataError

NO_CLASS = ""


def open_unlabelled(path: str | Path) -> Table:
    """Open all images of a folder or zip, in whatever depth; other files are left alone.

    Returns
    -------
    The images, sorted by path. Their classes are the names of the folders that hold them, where every image lies in
    one of several; else all have one class without a name.

    Raises
    ------
    DataError : if it is neither a folder nor a zip, cannot be listed, or holds no images.
    """
    path = Path(path).expanduser()
    check_name("path", str(path))
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except OSError as error:
        raise DataError(f"{path}: cannot be opened ({error.strerror}); check the path") from None
    if not exists:
        raise DataError(f"{path}: does not exist; check the path (the working folder is {Path.cwd()})")
    if not is_folder and path.suffix.lower() != ".zip":
        raise DataError(f"{path}: cannot be opened without labels; give a folder or .zip of images")
    storage = unwrapped(folder(path) if is_folder else zip_archive(path))
    images = [name for name in storage.files if is_image(name)]
    if not images:
        raise DataError(f"{storage.root}: holds no images ({KNOWN}) among its {len(storage.files)} files")
    return table_of_files(storage.root, images, numbered(_folders(images)), storage.read)


def is_labelled(table: Table) -> bool:
    """Whether each image shows one class, and that has a name."""
    return has_labels(table) and table.classes != (NO_CLASS,)


def _folders(images: Sequence[str]) -> list[str]:
    """The folder of each image, where these can be classes: several, of several images."""
    above = [name.rpartition("/")[0].rpartition("/")[2] for name in images]
    return above if all(above) and 1 < len(set(above)) < len(images) else [NO_CLASS] * len(images)
