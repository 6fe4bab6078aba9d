"""Map: the dataset on two axes, so that images that look alike lie close together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from augury.survey.neighbours import Floats, standardised


@dataclass(frozen=True, eq=False)
class Map:
    """Principal components of small standardised thumbnails.

    Attributes
    ----------
    points : float64 (n, 2), each axis from -1 to 1; 0 where nothing varies.
    explained : share of the pictures' variance along each axis.
    """

    points: NDArray[np.float64]
    explained: tuple[float, float]


def dataset_map(pictures: Floats) -> Map:
    """Place pictures (n, h, w, c) on the two directions in which they vary most; the same input, the same map."""
    flat = standardised(pictures).astype(np.float64)
    centred = flat - flat.mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred)
    variances, directions = np.maximum(variances[::-1], 0), directions[:, ::-1]
    total = variances.sum()
    if total < 1e-9:
        return Map(np.zeros((len(flat), 2)), (0.0, 0.0))
    axes = directions[:, :2]
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.sign(axes[largest, [0, 1]])  # a direction and its opposite are one; take the same each time
    points = centred @ axes
    low, high = points.min(axis=0), points.max(axis=0)
    points = np.where(high - low > 1e-6, 2 * (points - low) / np.maximum(high - low, 1e-9) - 1, 0.0)
    first, second = (variances[:2] / total).tolist()
    return Map(points, (first, second))
