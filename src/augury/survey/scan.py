"""Scan: read and decode every image once, and keep what was measured."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from augury.data.decode import check_floats
from augury.data.prepare import Prepare
from augury.data.table import Table
from augury.errors import DataError
from augury.spec import natural_range
from augury.survey.measure import Measured, measure

Progress = Callable[[Literal["reading", "comparing"], int, int], None]
Rows = NDArray[np.int64]
_BLOCK = 64  # images between two reports
_BEGINNINGS = (
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"RIFF", "WebP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
)


@dataclass(frozen=True)
class Unreadable:
    """A sample that cannot be read: its row in the table, and one line that says why."""

    row: int
    reason: str


@dataclass(frozen=True, eq=False)
class Scan:
    """All that was measured of the samples of a dataset, or of a part of one.

    Attributes
    ----------
    table, prepare : what was read, and how training will see it.
    asked : int64 (m,): rows of the table that were read.
    rows : int64 (n,): those that could be, in the same order. images, formats, file_bytes, digests : one of each.
    unreadable : the others.
    """

    table: Table
    prepare: Prepare
    asked: Rows
    rows: Rows
    images: list[Measured]
    formats: list[str]
    file_bytes: NDArray[np.int64]
    digests: list[bytes]
    unreadable: list[Unreadable]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def labels(self) -> Rows:
        """int64 (n,): class of each readable image."""
        return self.table.labels[self.rows]

    def path(self, i: int) -> str:
        """Of readable image i."""
        return self.table.paths[int(self.rows[i])]

    def column(self, name: str) -> NDArray[Any]:
        """(n,): one measured number of every image."""
        return np.array([getattr(image, name) for image in self.images])

    def of_subjects(self, name: str) -> NDArray[Any]:
        """(n,): one number of every image's subject."""
        return np.array([getattr(image.subject, name) for image in self.images])


def scan(table: Table, prepare: Prepare, rows: Rows, threads: int, progress: Progress | None = None) -> Scan:
    """Read and measure some rows of a table; only what `Measured` holds is kept of an image.

    Raises
    ------
    DataError : if no image at all can be read, with the first reason.
    """
    read: list[tuple[int, str, int, bytes, Measured]] = []
    unreadable: list[Unreadable] = []
    with ThreadPoolExecutor(threads, thread_name_prefix="augury") as pool:
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK].tolist()
            for found in pool.map(lambda row: _one(table, prepare, row), block):
                if isinstance(found, Unreadable):
                    unreadable.append(found)
                else:
                    read.append(found)
            if progress:
                progress("reading", start + len(block), len(rows))
    if not read:
        why = f"; the first reason: {unreadable[0].reason}" if unreadable else ""
        raise DataError(f"{table.root}: none of {len(rows)} images can be read{why}")
    ok, formats, sizes, digests, images = (list(column) for column in zip(*read, strict=True))
    return Scan(
        table, prepare, rows, np.array(ok, np.int64), images, formats, np.array(sizes, np.int64), digests, unreadable
    )


def _one(table: Table, prepare: Prepare, row: int) -> tuple[int, str, int, bytes, Measured] | Unreadable:
    try:
        data = table.read(row)
        image = table.decode(row)
        value_range = table.value_range or natural_range(image.dtype.name)
        if image.dtype.kind == "f":
            check_floats(image, value_range, table.where(row))
        if table.mask is not None:
            table.mask(row)
    except DataError as error:  # of this image alone: it is listed, and the others are looked at
        return Unreadable(row, str(error))
    digest = blake2b(data, digest_size=16).digest()
    measured = measure(image, value_range, lambda shown: _as_trained(shown, prepare))
    return row, _format(data, image.nbytes), len(data), digest, measured


def _as_trained(image: NDArray[Any], prepare: Prepare) -> tuple[NDArray[Any], float]:
    """The part of an image that training sees, without bars, and how much wider it is made there."""
    if prepare.size is None or prepare.fit == "pad":
        return image, 1.0
    part = prepare.frame(image)
    height, width = prepare.size
    return part, width / height * part.shape[0] / part.shape[1]


def _format(data: bytes, raw: int) -> str:
    """What a file begins like; arrays are as long as their pixels are."""
    name = next((name for begins, name in _BEGINNINGS if data.startswith(begins)), None)
    if name is None and len(data) == raw:
        return "array"
    return name or ("BMP" if data.startswith(b"BM") else "HEIC" if data[4:8] == b"ftyp" else "other")
