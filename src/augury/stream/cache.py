"""Decoded images, kept within a byte budget."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.data.decode import check_floats, to_channels
from augury.data.prepare import Prepare
from augury.data.table import Table
from augury.errors import AuguryError, DataError, DecodeError
from augury.execute.run import default_executor
from augury.spec import Spec

Pixels = NDArray[Any]
Halvings = tuple[int, int]
_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def parse_bytes(size: int | str, name: str) -> int:
    """Bytes from a number or a text such as "256MB".

    Examples
    --------
    >>> parse_bytes("1.5 GB", "cache")
    1500000000
    """
    if isinstance(size, int) and not isinstance(size, bool) and size >= 0:
        return size
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]?I?B?)\s*", str(size).upper())
    if not match or match[2] not in _UNITS:
        raise AuguryError(f"{name}={size!r}: expected bytes, as a number or as text like '256MB' or '2GiB'")
    return int(float(match[1]) * _UNITS[match[2]])


def quarter_of_free_memory() -> int:
    """A quarter of the memory that is available now, in bytes; 1 GiB where the system does not tell."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024 // 4
    except OSError:
        pass  # not Linux: ask the next source
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4
    except (AttributeError, ValueError, OSError):
        return 2**30


class Images:
    """The worlds of a table's samples: decoded, in the dataset's channels, cut or padded, reduced by 2^k boxes.

    Masks, where the table has them, are kept whole, as nearest pixels of a reduced mask would be others.
    Thread-safe. What does not fit the budget is decoded again; nothing is evicted, because an epoch
    reads every image once and would throw out each one just before its turn.
    """

    def __init__(self, table: Table, prepare: Prepare, budget: int) -> None:
        self.table = table
        self.prepare = prepare
        self.budget = budget
        self.used = 0
        self.decoded = 0  # how often any image was decoded
        self._kept: dict[tuple[int, Halvings | None], Pixels] = {}  # None: the mask
        self.sizes = np.zeros((len(table), 2), np.int64)  # of the worlds; 0 until a sample was decoded
        self.photos = np.zeros((len(table), 2), np.int64)  # height and width of the decoded images, likewise
        self._lock = threading.Lock()
        self._source: Spec | None = None
        self._model = 0  # the sample that showed it
        self._mask_dtype: np.dtype[Any] | None = None  # likewise

    @property
    def source(self) -> Spec:
        """Spec of the decoded images, as the first readable one shows it (channels as prepared)."""
        if self._source is None:
            self._model, image = self._first_readable()
            h, w, c = image.shape
            self._source = Spec.image(h, w, c, image.dtype.name, self.table.value_range)  # type: ignore[arg-type]
        return self._source

    def _first_readable(self) -> tuple[int, Pixels]:
        errors = []
        for i in range(len(self.table)):
            try:
                image = self._decode(i)
                self._mask_dtype = None if self.table.mask is None else self.table.mask(i).dtype
                return i, image
            except DecodeError as error:
                errors.append(error)  # whoever streams that file is told
        raise errors[0]

    def world(self, i: int) -> tuple[tuple[int, int], Pixels | None]:
        """Height and width of sample i's world, and the world itself where it had to be decoded for that."""
        if self.sizes[i, 0]:
            return (int(self.sizes[i, 0]), int(self.sizes[i, 1])), None
        frame = self._frame(i)
        if self.table.mask is not None:
            self.mask(i)  # a broken one is found here, where another sample can still take its place
        self.sizes[i] = frame.shape[:2]
        return (frame.shape[0], frame.shape[1]), frame

    def get(self, i: int, halvings: Halvings, frame: Pixels | None = None) -> Pixels:
        """Sample i's world, reduced. `frame` is the world, where the caller has it already."""
        kept = self._kept.get((i, halvings))
        if kept is not None:
            return kept
        image = self._frame(i) if frame is None else frame
        if halvings != (0, 0):
            image = default_executor().reduce_box(image, halvings)
        self._keep(i, halvings, image)
        return image

    def mask(self, i: int) -> Pixels:
        """Sample i's mask (h, w), cut to its world, or padded with 0, as bars are no object. See `world` first."""
        kept = self._kept.get((i, None))
        if kept is not None:
            return kept
        assert self.table.mask is not None
        mask, where = self.table.mask(i), self.table.where(i)
        if mask.shape != tuple(self.photos[i]):
            (height, width), (own_height, own_width) = self.photos[i], mask.shape
            raise DecodeError(
                f"{where}: is {height}x{width} (height x width), its mask {own_height}x{own_width}; make them the same"
            )
        if mask.dtype != self._mask_dtype:
            model = self.table.where(self._model)
            raise DataError(f"{where}: its mask is {mask.dtype}, that of {model} {self._mask_dtype}; convert one")
        world = self.prepare.frame(mask[..., None])[..., 0]
        self._keep(i, None, world)
        return world

    def _keep(self, i: int, halvings: Halvings | None, image: Pixels) -> None:
        with self._lock:
            if (i, halvings) in self._kept or self.used + image.nbytes > self.budget:
                return
            self.used += image.nbytes
            whole = image.base if isinstance(image.base, np.ndarray) else image
            # a cropped view would keep the whole photo alive; a row of the user's own array costs nothing
            part_of_photo = whole.nbytes > image.nbytes and whole.ndim <= 3
            self._kept[i, halvings] = image.copy() if part_of_photo else image

    def _decode(self, i: int) -> Pixels:
        self.decoded += 1
        where = self.table.where(i)
        image = to_channels(self.table.decode(i), self.prepare.channels, where)
        if image.dtype == np.float32:
            check_floats(image, self.table.value_range or (0.0, 1.0), where)
        return image

    def _frame(self, i: int) -> Pixels:
        image, source = self._decode(i), self.source
        here, model = self.table.where(i), self.table.where(self._model)
        if image.shape[2] != source.channels:
            raise DataError(
                f"{here}: has {image.shape[2]} channels, {model} has {source.channels}; "
                "use prepare(channels=1) or prepare(channels=3)"
            )
        if image.dtype.name != source.dtype:
            raise DataError(f"{here}: is {image.dtype}, {model} is {source.dtype}; convert one of them")
        if self.prepare.size is None and image.shape[:2] != (source.height, source.width):
            raise DataError(self._mixed_sizes())
        self.photos[i] = image.shape[:2]
        return self.prepare.frame(image)

    def _mixed_sizes(self) -> str:
        shapes = [self._decode(i).shape[:2] for i in range(len(self.table))]
        sizes: NDArray[np.int64]
        sizes, counts = np.unique(shapes, axis=0, return_counts=True)
        common = [f"{counts[k]} of {sizes[k][0]}x{sizes[k][1]}" for k in np.argsort(-counts)[:2]]
        height, width = (int(side) for side in sizes[np.argmax(counts)])
        return (
            f"{self.table.root}: images of {len(sizes)} sizes (height x width: {', '.join(common)}, ...); "
            f"choose one with prepare(size=({height}, {width})), or --size {height}x{width}"
        )
