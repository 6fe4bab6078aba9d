"""Write: a dataset in one of the field's formats."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import numpy as np

from augury.api.dataset import Dataset
from augury.api.expand import place_of, silent
from augury.data.table import Table
from augury.data.unlabelled import is_labelled
from augury.errors import AuguryError, DataError
from augury.offline.convert import Conversion, Written, convert
from augury.offline.job import Progress
from augury.stream.threads import default_threads

WriteFormat = Literal["coco", "yolo", "voc", "masks", "csv", "folders"]
_FORMATS = {"boxes": ("coco", "yolo", "voc", "csv"), "masks": ("masks",), "classes": ("folders", "csv")}


def write(
    data: Dataset,
    out: str | Path,
    format: WriteFormat = "coco",  # noqa: A002  the word that people look for
    lossy: bool = False,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Written:
    """Write a dataset, as it was opened, in another format; `ag.open` reads it again. Nothing is augmented.

    Image files are copied byte for byte and keep their names, without folders; where two would be one file, all have
    the names of their folders in front. Arrays become PNG. `docs/formats.md` says how each format counts coordinates,
    and what it cannot hold.

    Parameters
    ----------
    data : all of it is written, with the parts that it came with. A part of a split is written by itself. What
        `prepare` says is for training, and does nothing here.
    out : a folder, or a file that ends in .zip; neither may be there.
    format : "coco", "yolo", "voc" or "csv" of boxes, "masks" of masks, "folders" or "csv" of classes.
    lossy : whether what the format cannot hold is left out, and counted in the result, instead of refused.
    threads : None takes up to four of the machine's cores, 0 works inline.
    progress : called with ("writing" or "packing", done, of how many).

    Returns
    -------
    path, format, images, objects, left_out (kind -> how many), bytes.

    Raises
    ------
    DataError : if an image cannot be read, the format cannot hold what is there, names collide, the result would be
        read as something else, `out` is there or lies in the dataset. Then nothing is left at `out`.
    """
    if not isinstance(data, Dataset):
        raise AuguryError(
            f"write: {type(data).__name__} is no dataset; give what ag.open returns, or a part of a split"
        )
    if format not in get_args(WriteFormat):
        raise AuguryError(f"write: format={format!r}; expected one of {', '.join(get_args(WriteFormat))}")
    if threads is not None and (not isinstance(threads, (int, np.integer)) or not 0 <= threads <= 1024):
        raise AuguryError(f"write: threads={threads!r}; expected a whole number from 0 to 1024")
    data._check_unshifted()
    table, rows = data._table, data._indices
    _check_format(table, format)
    if not len(rows):
        raise DataError(f"{table.root}: the {data._role} part is empty; there is nothing to write")
    job = Conversion(
        table,
        rows.tolist(),
        data._role == "all",
        _groups(table, rows.tolist()),
        format,
        bool(lossy),
        default_threads() if threads is None else int(threads),
    )
    return convert(job, place_of("write", out, table.root), progress or silent)


def _check_format(table: Table, format: WriteFormat) -> None:  # noqa: A002
    kind = "boxes" if table.objects is not None else "masks" if table.mask is not None else "classes"
    if kind == "classes" and not is_labelled(table):
        raise DataError(f"{table.root}: its images have no class, so there is nothing to write; open them with labels")
    if format not in _FORMATS[kind]:
        raise DataError(f"{table.root}: holds {kind}, which {format} is not for; choose {' or '.join(_FORMATS[kind])}")


def _groups(table: Table, rows: list[int]) -> list[str] | None:
    """The group of each row, if the source says that any images belong together."""
    if table.groups is None or len(np.unique(table.groups[rows])) == len(rows):
        return None
    return [str(group) for group in table.groups[rows]]
