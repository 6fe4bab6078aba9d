"""Histogram: shares of detail left unexplained, copies against look-alikes, on a logarithmic axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

WIDTH, HEIGHT = 480, 150  # of the drawing, without the labels below
_LOW, _HIGH = -3.0, 1.0  # powers of ten; what lies outside counts in the outermost bars
_BINS = 24
_GAP = 2.0


@dataclass(frozen=True)
class Bar:
    """A bar that stands at the bottom of the drawing."""

    x: float
    width: float
    height: float


@dataclass(frozen=True)
class Histogram:
    """Bars of two groups, side by side in each bin; each group is drawn to its own highest bar.

    Attributes
    ----------
    ticks : (x, label). limit : x of the threshold.
    """

    copies: Sequence[Bar]
    strangers: Sequence[Bar]
    ticks: Sequence[tuple[float, str]]
    limit: float


def histogram(copies: ArrayLike, strangers: ArrayLike, limit: float) -> Histogram:
    """Draw two groups of scores and the limit between them."""
    ticks = [(_x(share), label) for share, label in ((0.001, "0.1%"), (0.01, "1%"), (0.1, "10%"), (1, "100%"))]
    half = (WIDTH / _BINS - _GAP) / 2
    return Histogram(_bars(copies, 0, half), _bars(strangers, half, half), ticks, _x(limit))


def _bars(scores: ArrayLike, offset: float, width: float) -> list[Bar]:
    powers = np.log10(np.maximum(np.asarray(scores, np.float64), 10**_LOW))
    counts = np.histogram(np.clip(powers, _LOW, _HIGH), _BINS, (_LOW, _HIGH))[0]
    heights: NDArray[np.float64] = (HEIGHT - 20) * counts / max(counts.max(), 1)
    step = WIDTH / _BINS
    return [
        Bar(round(k * step + _GAP / 2 + offset, 1), round(width, 1), round(max(height, 2), 1))
        for k, height in enumerate(heights.tolist())
        if height
    ]


def _x(share: float) -> float:
    return round(WIDTH * (float(np.clip(np.log10(share), _LOW, _HIGH)) - _LOW) / (_HIGH - _LOW), 1)
