"""Open a folder or zip: find its layout, and make a table of what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from augury.data.decode import decode
from augury.data.formats.flat import labels_from_names
from augury.data.formats.folder import labels_from_folders
from augury.data.storage import Storage, folder, unwrapped, zip_archive
from augury.data.table import Table, numbered
from augury.errors import DataError

# heic and heif cannot be decoded, but the error that says what to do about them is decode's
EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".heic", ".heif")


def open_path(path: str | Path) -> Table:
    """Open a labelled image dataset, in place.

    Parameters
    ----------
    path : a folder or .zip file. It holds a folder per class, or images called `label.uid.ext`; either
        may lie within one more folder. Hidden files, __MACOSX and Thumbs.db are ignored.

    Returns
    -------
    The images sorted by path, classes sorted by name.

    Raises
    ------
    DataError : if it is missing, broken, holds no images or anything else than images, or has neither layout.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        storage = folder(path)
    elif not path.exists():
        raise DataError(f"{path}: does not exist; check the path (the working folder is {Path.cwd()})")
    elif path.suffix.lower() == ".zip":
        storage = zip_archive(path)
    else:
        raise DataError(f"{path}: is neither a folder nor a .zip file; open the folder that holds the images")
    return _table(unwrapped(storage, deeper=path.is_dir()))


def _table(storage: Storage) -> Table:
    root, paths = storage.root, tuple(sorted(storage.files))
    _check_extensions(root, paths)
    in_folders = any("/" in name for name in paths)
    names = labels_from_folders(root, paths, storage.folders) if in_folders else labels_from_names(root, paths)
    labels, classes = numbered(names)
    if len(classes) == len(paths) > 1:
        raise DataError(f"{root}: one class per file ({len(paths)} of each); put each class in its own folder")

    def read(i: int) -> bytes:
        return storage.read(paths[i])

    return Table(root, paths, labels, classes, read, lambda i: decode(read(i), f"{root}/{paths[i]}"))


def _check_extensions(root: str, files: Sequence[str]) -> None:
    other = [name for name in files if PurePosixPath(name).suffix.lower() not in EXTENSIONS]
    known = ", ".join(extension[1:] for extension in EXTENSIONS[:-2])
    if len(other) == len(files):
        raise DataError(f"{root}: holds no images ({known}) among its {len(files)} files")
    if other:
        shown = ", ".join(other[:3]) + (", ..." if len(other) > 3 else "")
        raise DataError(f"{root}: {len(other)} files are no images ({known}): {shown}; move them out")
