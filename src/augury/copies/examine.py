"""Examine: gather the look-alikes of some images, on which the threshold is calibrated."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from augury.copies.align import Aligner
from augury.copies.calibrate import Calibration, calibrate, margin
from augury.copies.match import CLEAN, Compared, compare, telling, too_small
from augury.copies.sketch import Sketch

_EXAMINED = 200  # items on which the threshold is calibrated
_PROVISIONAL = 0.02  # margin that makes a family while calibrating


Comparisons = dict[tuple[int, int], Compared | None]


def calibrated(
    queries: Sequence[Sketch], pool: Sequence[Sketch], likely: Sequence[Sequence[int]], workers: ThreadPoolExecutor
) -> tuple[Calibration, Comparisons]:
    """Calibrate on at most 200 queries, evenly spread, and their likely sources in the pool.

    Returns
    -------
    The calibration, and what was compared for it, by query and source.
    """
    rows = [i for i, query in enumerate(queries) if not too_small(query)]
    chosen = [rows[k] for k in _spread(len(rows), _EXAMINED)]
    compared = list(workers.map(lambda i: _compared(queries[i], [pool[k] for k in likely[i]]), chosen))
    known = {(i, k): c for i, row in zip(chosen, compared, strict=True) for k, c in zip(likely[i], row, strict=True)}
    rows_of = zip(chosen, compared, strict=True)
    examined = workers.map(lambda pair: _examine([pool[k] for k in likely[pair[0]]], pair[1]), list(rows_of))
    told = [e for e in examined if e]
    null = [e.stranger for e in told if e.stranger is not None]
    return calibrate(np.array(null), np.array([e.error for e in told])), known


def _compared(query: Sketch, likely: Sequence[Sketch]) -> list[Compared | None]:
    aligner = Aligner(query)
    return [compare(aligner, source) for source in likely]


@dataclass(frozen=True)
class _Examined:
    """The score of an item's closest look-alike (None where there is none), and the error of its scores."""

    stranger: float | None
    error: float


def _examine(likely: Sequence[Sketch], compared: Sequence[Compared | None]) -> _Examined | None:
    """Look at all candidates of one item; None where none of them could be weighed.

    A candidate that fails against the item may still be a copy of the item's closest copy, through two transforms that
    do not undo each other well. It is no stranger.
    """
    weighed = [(c.evidence, source) for c, source in zip(compared, likely, strict=True) if c and telling(c.evidence)]
    if not weighed:
        return None
    weighed.sort(key=lambda w: margin(w[0]))
    bridges = [Aligner(source) for evidence, source in weighed if margin(evidence) < _PROVISIONAL][:2]
    error = float(np.median([evidence.error for evidence, _ in weighed]))
    for evidence, source in weighed:
        strange = margin(evidence) >= _PROVISIONAL and evidence.error < CLEAN
        if strange and not any(_related(bridge, source) for bridge in bridges):
            return _Examined(evidence.score, error)
    return _Examined(None, error)


def _related(bridge: Aligner, source: Sketch) -> bool:
    compared = compare(bridge, source)
    return compared is not None and telling(compared.evidence) and margin(compared.evidence) < _PROVISIONAL


def _spread(count: int, wanted: int) -> NDArray[np.int64]:
    """At most `wanted` of `count` rows, evenly spread."""
    if not count:
        return np.zeros(0, np.int64)
    return np.unique(np.linspace(0, count - 1, min(wanted, count)).round().astype(np.int64))
