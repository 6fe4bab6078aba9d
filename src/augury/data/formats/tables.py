"""Tables: a CSV, TSV or Parquet file, or a frame, with a column of paths and one of labels.

Columns may be called in several ways (`formats.rows.COLUMNS`), in any case; two more may give the group and
the part. Where there are also left, top, right and bottom, a row is a box (`formats.box_rows`). A table that is
opened by its own path decides alone what the dataset is. One that lies in a folder or zip must list every image
there.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from augury.data.formats.box_rows import table_of_boxes
from augury.data.formats.files import check_images
from augury.data.formats.rows import EDGES, Rows, roles_of, table_of_rows
from augury.data.storage import Storage, brief, folder_reader
from augury.data.table import Table
from augury.errors import DataError, MissingExtraError

EXTENSIONS = (".csv", ".tsv", ".parquet")
_DELIMITERS = (",", ";", "\t")
_MOST_ROWS = 10_000_000  # a few bytes of Parquet can declare any number


def recognised(storage: Storage) -> bool:
    """Whether a table lies beside the images or their folders."""
    return bool(_names(storage))


def table(storage: Storage) -> Table:
    """Read a folder or zip of images with a table that lists all of them; see `table_of_rows` for the errors."""
    names = _names(storage)
    if len(names) > 1:
        raise DataError(f"{storage.root}: holds {len(names)} tables ({', '.join(names[:3])}); open one by its own path")
    images = [name for name in storage.files if name != names[0]]
    check_images(storage.root, images)
    return listed(storage, _parsed(storage.read(names[0]), names[0], f"{storage.root}/{names[0]}"), images)


def listed(storage: Storage, rows: Rows, images: Sequence[str]) -> Table:
    """The table of rows that must list each of these images, of a folder or zip, and no other file."""
    known = set(images)
    found = _table_of(storage.root, rows, storage.read, known.__contains__, anywhere=False)
    left = sorted(known.difference(found.paths))
    if left:
        raise DataError(
            f"{rows.source}: {len(left)} images are not in the table (first: {left[0]}); add them or move them"
        )
    return found


def open_table(path: Path) -> Table:
    """Read a table by its own path. Paths in it are absolute, or relative to its folder.

    Raises
    ------
    DataError : if it cannot be read or parsed, or as `table_of_rows`.
    MissingExtraError : for Parquet, if pyarrow is not installed.
    """
    read = folder_reader(str(path.parent))
    return _anywhere(str(path.parent), _parsed(read(path.name), path.name, str(path)))


def from_frame(frame: Any, root: str | Path = ".") -> Table:
    """Read a pandas or polars frame; paths in it are absolute, or relative to `root`."""
    try:
        len(frame)  # a LazyFrame has no length, and would warn of what comes next
        names = [str(name) for name in frame.columns]
        roles = roles_of(names, "frame")
        columns = {role: list(frame[frame.columns[k]]) for role, k in roles.items()}
    except (AttributeError, TypeError):
        kind = type(frame).__name__
        raise DataError(f"frame: {kind} is no pandas or polars DataFrame (a LazyFrame: collect it first)") from None
    return _anywhere(str(Path(root).expanduser()), _rows(columns, "frame", lambda i: f"frame, row {i}"))


def _anywhere(root: str, rows: Rows) -> Table:
    def exists(name: str) -> bool:
        return os.path.lexists(os.path.join(root, name))

    return _table_of(root, rows, folder_reader(root), exists, anywhere=True)


def _table_of(
    root: str, rows: Rows, read: Callable[[str], bytes], exists: Callable[[str], bool], anywhere: bool
) -> Table:
    of = table_of_rows if rows.edges is None else table_of_boxes
    return of(root, rows, read, exists, anywhere)


def _names(storage: Storage) -> list[str]:
    return [name for name in storage.files if "/" not in name and name.lower().endswith(EXTENSIONS)]


def _parsed(data: bytes, name: str, where: str) -> Rows:
    if name.lower().endswith(".parquet"):
        return _parquet(data, where)
    return csv_rows(data, "\t" if name.lower().endswith(".tsv") else None, where)


def csv_rows(data: bytes, delimiter: str | None, where: str) -> Rows:
    """The rows of a CSV file; a delimiter of None is found in its first line. What cannot be parsed is a DataError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{where}: is not UTF-8 text; save it as CSV in UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or _delimiter(text), strict=True)
    lines: list[int] = []
    values: list[list[str]] = []
    try:
        names = next(reader, [])
        roles = roles_of(names, where)
        for row in reader:
            if not row:
                continue  # an empty line
            if len(row) != len(names):
                raise DataError(
                    f"{where}, line {reader.line_num}: has {len(row)} fields, the first line {len(names)}; correct it"
                )
            values.append([row[k] for k in roles.values()])
            lines.append(reader.line_num)
    except csv.Error as error:
        raise DataError(f"{where}, line {reader.line_num}: is not valid CSV ({brief(error)}); correct it") from None
    columns = dict(zip(roles, zip(*values, strict=True) if values else ((),) * len(roles), strict=True))
    return _rows(columns, where, lambda i: f"{where}, line {lines[i]}")


def _delimiter(text: str) -> str:
    """The one that divides the first line into most columns."""
    first = text.split("\n", 1)[0]
    return max(_DELIMITERS, key=first.count)


def _parquet(data: bytes, where: str) -> Rows:
    try:
        import pyarrow as pa
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise MissingExtraError(f'{where}: Parquet needs pyarrow; pip install "augury[tables]"') from None
    try:
        file = ParquetFile(pa.BufferReader(data))
        schema = file.schema_arrow
        roles = roles_of(schema.names, where)
        for role, k in roles.items():
            if pa.types.is_nested(schema.types[k]):
                raise DataError(
                    f"{where}: the {role} column {brief(schema.names[k])} holds {brief(str(schema.types[k]))}; if "
                    "the images are in the file, load it with Hugging Face datasets and use ag.from_huggingface"
                )
        if file.metadata.num_rows > _MOST_ROWS:
            raise DataError(f"{where}: has {file.metadata.num_rows} rows, more than {_MOST_ROWS}; divide it")
        found = file.read(columns=[schema.names[k] for k in roles.values()])
        columns = {role: found.column(schema.names[k]).to_pylist() for role, k in roles.items()}
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise DataError(f"{where}: is not a readable Parquet file ({brief(error)}); write it again") from None
    return _rows(columns, where, lambda i: f"{where}, row {i}")


def _rows(columns: Mapping[str, Sequence[Any]], source: str, where: Callable[[int], str]) -> Rows:
    edges = tuple(columns[edge] for edge in EDGES) if EDGES[0] in columns else None
    return Rows(columns["path"], columns["label"], columns.get("group"), columns.get("part"), source, where, edges)
