"""Mean and deviation of every channel over images that come in batches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Statistics(NamedTuple):
    """What `prepare(normalize=...)` takes: numbers for each channel, of values 0..1."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


def moments(batches: Iterable[NDArray[Any]]) -> tuple[Floats, Floats]:
    """Mean and standard deviation of every channel, each (c,), over batches (n, h, w, c).

    Without any batch both are (1,) and 0.

    Batches are merged as by Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983.
    """
    count, mean, squares = 0, np.zeros(1), np.zeros(1)
    for batch in batches:
        x = batch.reshape(-1, batch.shape[-1]).astype(np.float64)
        n, here = len(x), x.mean(axis=0)
        step = here - mean
        squares = squares + ((x - here) ** 2).sum(axis=0) + step * step * (count * n / (count + n))
        mean = mean + step * (n / (count + n))
        count += n
    return mean, np.sqrt(squares / max(count, 1))
