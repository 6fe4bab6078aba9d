"""Open a path: find the layout of what lies there, and make a table of it."""

from __future__ import annotations

from pathlib import Path

from augury.data.archive import zip_archive
from augury.data.formats import array_files, coco, edge_impulse, expanded, flat, folder, masks, parts, tables, voc, yolo
from augury.data.storage import Storage, brief, check_name, unwrapped
from augury.data.storage import folder as list_folder
from augury.data.table import Table
from augury.errors import DataError

# asked in this order; flat names are what is left
_LAYOUTS = (expanded, edge_impulse, coco, yolo, voc, masks, tables, array_files, parts, folder)
_CAN_OPEN = (
    "a folder or .zip of images (a folder per class, files called label.uid.ext, either in train/ and test/; with "
    "one table of them; annotated as COCO, YOLO, VOC or masks), a table (.csv, .tsv, .parquet), or arrays (.npz)"
)


def open_path(path: str | Path) -> Table:
    """Open a labelled image dataset, in place.

    Parameters
    ----------
    path : a folder or .zip, whose layout is found by the names in it (see `data.formats`); all may lie
        within further folders. Or a .csv, .tsv or .parquet table, or an .npz of arrays. Hidden files,
        __MACOSX, Thumbs.db and desktop.ini are ignored.

    Returns
    -------
    The samples: of a folder or zip sorted by path, else in the order of the rows.

    Raises
    ------
    DataError : if it is missing, broken, hostile, or not one of these; the message says what to do.
    MissingExtraError : for Parquet, if pyarrow is not installed.
    """
    path = _checked(path)
    kind = path.suffix.lower()
    if path.is_dir():
        return _table(unwrapped(list_folder(path)))
    if not path.is_file():
        raise DataError(f"{path}: is neither a folder nor a regular file; give {_CAN_OPEN}")
    if kind == ".zip":
        return _table(unwrapped(zip_archive(path)))
    if kind in tables.EXTENSIONS:
        return tables.open_table(path)
    if kind == ".npz":
        return array_files.open_npz(path)
    if kind == ".npy":
        raise DataError(
            f"{path}: holds one array and no labels; use ag.from_arrays(np.load(path, mmap_mode='r'), labels), "
            "or open a folder that holds x.npy and y.npy"
        )
    raise DataError(f"{path}: cannot be opened; give {_CAN_OPEN}")


def _checked(path: str | Path) -> Path:
    """A path that exists."""
    try:
        found = Path(path).expanduser()
        check_name("path", str(found))
        exists = found.exists()
    except (TypeError, RuntimeError, OSError) as error:
        raise DataError(f"{brief(path)}: cannot be opened ({brief(error)}); check the path") from None
    if not exists:
        raise DataError(f"{found}: does not exist; check the path (the working folder is {Path.cwd()})")
    return found


def _table(storage: Storage) -> Table:
    for layout in _LAYOUTS:
        if layout.recognised(storage):
            found: Table = layout.table(storage)
            return found
    return flat.table(storage)
