"""Check: decode everything once, and list what cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from augury.data.table import Table
from augury.errors import DataError

_THREADS, _BLOCK = 4, 64  # decoders at once, and samples between two reports


def unreadable(table: Table, progress: Callable[[int, int], None] | None = None) -> list[tuple[int, str]]:
    """Decode every sample, and its mask where there are masks; nothing is kept.

    Parameters
    ----------
    progress : called with how many samples are done, and of how many.

    Returns
    -------
    Row and one-line reason of each sample that cannot be read, in order.
    """
    found: list[tuple[int, str]] = []
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="augury") as pool:
        for start in range(0, len(table), _BLOCK):
            rows = range(start, min(start + _BLOCK, len(table)))
            reasons = pool.map(lambda i: _reason(table, i), rows)
            found += [(row, reason) for row, reason in zip(rows, reasons, strict=True) if reason]
            if progress:
                progress(rows.stop, len(table))
    return found


def _reason(table: Table, i: int) -> str | None:
    try:
        table.decode(i)
        if table.mask is not None:
            table.mask(i)
    except DataError as error:
        return str(error)
    return None
