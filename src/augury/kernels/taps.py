"""Weights of filters: one row for each sample, lengths in pixels, each row a function of its own numbers alone.

A row is cut at its own radius, not at the largest one: the native executor passes over zeros.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from augury.elementary import cosd_sind, exp
from augury.kernels.matrices import Floats

Taps = NDArray[np.float32]
_PLACES = 128  # along the path of a motion
_ANGLES = 24  # midpoints of the integral that is a Bessel function, enough for arguments up to 60
SOBEL = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])


def gaussian(sigma: Floats) -> Taps:
    """(n,) -> (n, k): exp(-x^2 / (2 sigma^2)), cut at three sigma."""
    x = _steps(3.0 * sigma)
    row = np.maximum(sigma, 0.05)[:, None]  # below, only the middle is left
    weights = np.where(np.abs(x) <= np.ceil(3.0 * row), exp(-0.5 * (x / row) ** 2), 0.0)
    return _to_one(weights, 1)


def line(length: Floats, angle: Floats) -> Taps:
    """(n,), (n,) -> (n, k, k): how long a point that moves evenly stays near each pixel, bilinearly.

    The path is centred; angle: in degrees, counter-clockwise as seen.
    """
    n, radius = len(length), math.ceil(float(np.max(0.5 * length, initial=0.0)))
    side = 2 * radius + 2  # a place between two pixels counts for both, so one more on the far side
    cos, sin = cosd_sind(angle)
    way = ((np.arange(_PLACES) + 0.5) / _PLACES - 0.5) * length[:, None]
    x, y = way * cos[:, None] + radius, -way * sin[:, None] + radius
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    weights = np.zeros((n, side, side))
    row = np.arange(n)[:, None]
    for down in (0, 1):
        for right in (0, 1):
            share = (1.0 - np.abs(x - left - right)) * (1.0 - np.abs(y - top - down))
            np.add.at(weights, (row, top + down, left + right), share / _PLACES)
    return weights[:, :-1, :-1].astype(np.float32)


def disc(radius: Floats) -> Taps:
    """(n,) -> (n, k, k): an even disc; a pixel at the rim counts by how much of it lies inside, to first order."""
    distance = np.sqrt(_squares(_steps(radius)))
    weights = np.clip(radius[:, None, None] + 0.5 - distance, 0.0, 1.0)
    return _to_one(weights, (1, 2))


def low_pass(cutoff: Floats, radius: int) -> Taps:
    """(n,) -> (n, k, k): passes frequencies below cutoff * pi alike in all directions, so that edges ring.

    cutoff * J1(pi * cutoff * r) / (2 * r) at the distance r, J1 the Bessel function, cut to a square.
    """
    squares = _squares(_steps(np.array([float(radius)])))[0]
    found, place = np.unique(squares, return_inverse=True)
    x = math.pi * cutoff[:, None] * np.sqrt(found)
    weights = (cutoff[:, None] ** 2 * _bessel_over_x(x))[:, place.reshape(squares.shape)]
    return _to_one(weights, (1, 2))


def _bessel_over_x(x: Floats) -> Floats:
    """J1(x) / x: the mean over angles t of sin(t) * sin(x * sin(t)) / x, by its integral."""
    _, sine = cosd_sind((np.arange(_ANGLES) + 0.5) * (90.0 / _ANGLES))
    total = np.zeros_like(x)
    for s in sine:
        _, wave = cosd_sind(x * s * (180.0 / math.pi))
        total += np.where(x > 0, s * wave / np.where(x > 0, x, 1.0), s * s)
    return total / _ANGLES


def _to_one(weights: Floats, axis: int | tuple[int, int]) -> Taps:
    return np.asarray(weights / weights.sum(axis, keepdims=True), np.float32)


def _steps(radius: Floats) -> Floats:
    """Whole numbers from minus to plus the largest radius."""
    most = math.ceil(float(np.max(radius, initial=0.0)))
    return np.arange(-most, most + 1, dtype=np.float64)


def _squares(x: Floats) -> Floats:
    """(k,) -> (1, k, k): squared distances."""
    return (x[:, None] ** 2 + x**2)[None]
