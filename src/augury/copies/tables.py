"""Sketches of whole tables, and what is unreadable in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from augury.copies.search import Progress, copies_inside
from augury.copies.sketch import Sketch, sketch
from augury.data.table import Table
from augury.errors import DecodeError

Rows = Sequence[int] | NDArray[np.int64]
Steps = Callable[[str], Progress]  # name of a step -> what is called with (done, all)


def quiet(_name: str) -> Progress:
    """Steps that tell nobody."""
    return lambda _done, _all: None


def sketch_table(
    table: Table, rows: Rows, *, threads: int = 1, progress: Progress | None = None
) -> tuple[dict[int, Sketch], list[str]]:
    """Sketch some rows of a table; images are decoded one by one and not kept.

    Parameters
    ----------
    progress : called with (done, all) images.

    Returns
    -------
    Row -> sketch, in the order of the rows; and one line for each image that cannot be read.
    """

    def one(row: int) -> Sketch | str:
        try:
            return sketch(table.decode(row))
        except DecodeError as error:
            return str(error)

    sketches: dict[int, Sketch] = {}
    unreadable = []
    with ThreadPoolExecutor(threads) as workers:
        for done, (row, made) in enumerate(zip(rows, workers.map(one, rows), strict=True), start=1):
            if isinstance(made, Sketch):
                sketches[int(row)] = made
            else:
                unreadable.append(made)
            if progress:
                progress(done, len(rows))
    return sketches, unreadable


def related_rows(table: Table, *, near: bool, threads: int = 1, progress: Steps = quiet) -> NDArray[np.int64]:
    """Pairs of rows that are copies of each other, by their pixels.

    Parameters
    ----------
    near : whether other photos of the same scene count too.
    progress : see Steps.

    Returns
    -------
    int64 (k, 2). Images that cannot be read are related to none.
    """
    sketches, _ = sketch_table(table, range(len(table)), threads=threads, progress=progress("reading images"))
    rows = np.array(list(sketches), np.int64)
    if len(rows) < 2:
        return np.zeros((0, 2), np.int64)
    found = copies_inside(list(sketches.values()), threads=threads, progress=progress("comparing"))
    kinds = ("identical", "copy", "same scene") if near else ("identical", "copy")
    pairs = [(m.query, m.source) for m in found.matches if m.kind in kinds]
    return rows[np.array(pairs, np.int64).reshape(-1, 2)]
