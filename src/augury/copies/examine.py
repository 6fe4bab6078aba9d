"""Examine: gather the look-alikes of some images, on which the threshold is calibrated."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from augury.copies.align import Aligner
from augury.copies.calibrate import Calibration, calibrate, margin
from augury.copies.match import CLEAN, compare, telling, too_small
from augury.copies.sketch import Sketch

_EXAMINED = 200  # items on which the threshold is calibrated
_PROVISIONAL = 0.02  # margin that makes a family while calibrating


def calibrated(
    queries: Sequence[Sketch], pool: Sequence[Sketch], likely: Sequence[Sequence[int]], workers: ThreadPoolExecutor
) -> Calibration:
    """Calibrate on at most 200 queries, evenly spread, and their likely sources in the pool."""
    rows = [i for i, query in enumerate(queries) if not too_small(query)]
    chosen = [rows[k] for k in _spread(len(rows), _EXAMINED)]
    examined = [e for e in workers.map(lambda i: _examine(queries[i], [pool[k] for k in likely[i]]), chosen) if e]
    null = [e.stranger for e in examined if e.stranger is not None]
    return calibrate(np.array(null), np.array([e.error for e in examined]))


@dataclass(frozen=True)
class _Examined:
    """The score of an item's closest look-alike (None where there is none), and the error of its scores."""

    stranger: float | None
    error: float


def _examine(query: Sketch, likely: Sequence[Sketch]) -> _Examined | None:
    """Look at all candidates of one item; None where none of them could be weighed.

    A candidate that fails against the query may still be a copy of the query's closest copy, through two transforms
    that do not undo each other well. It is no stranger.
    """
    aligner = Aligner(query)
    compared = [(c[1], source) for source in likely if (c := compare(aligner, source)) and telling(c[1])]
    if not compared:
        return None
    compared.sort(key=lambda c: margin(c[0]))
    bridges = [Aligner(source) for evidence, source in compared if margin(evidence) < _PROVISIONAL][:2]
    error = float(np.median([evidence.error for evidence, _ in compared]))
    for evidence, source in compared:
        strange = margin(evidence) >= _PROVISIONAL and evidence.error < CLEAN
        if strange and not any(_related(bridge, source) for bridge in bridges):
            return _Examined(evidence.score, error)
    return _Examined(None, error)


def _related(bridge: Aligner, source: Sketch) -> bool:
    compared = compare(bridge, source)
    return compared is not None and telling(compared[1]) and margin(compared[1]) < _PROVISIONAL


def _spread(count: int, wanted: int) -> NDArray[np.int64]:
    """At most `wanted` of `count` rows, evenly spread."""
    if not count:
        return np.zeros(0, np.int64)
    return np.unique(np.linspace(0, count - 1, min(wanted, count)).round().astype(np.int64))
