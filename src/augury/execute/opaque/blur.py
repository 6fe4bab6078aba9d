"""Blurs that are no weighted sum of the same neighbours everywhere. Channel by channel, so that any number will do."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augury.spec import Spec

Pixels = NDArray[Any]


def median(image: Pixels, spec: Spec, radius: int) -> Pixels:
    """The median of 2 * radius + 1 pixels squared; what lies outside is the nearest pixel."""
    del spec
    return _by_channel(image, lambda plane: cv2.medianBlur(plane, 2 * int(radius) + 1))


def zoom_blur(image: Pixels, spec: Spec, amount: float) -> Pixels:
    """The mean of the image magnified about its centre by 1 to 1 + amount, in steps of at most a pixel at its edges."""
    h, w, _ = image.shape
    steps = math.ceil(amount * max(h, w) / 2) + 1
    factors = 1.0 + amount * (np.arange(steps) + 0.5) / steps

    def mean(plane: Pixels) -> Pixels:
        exact, total = plane.astype(np.float32), np.zeros(plane.shape, np.float32)
        for factor in factors.tolist():
            total += _magnified(exact, factor)
        return total / np.float32(steps)

    return _finish(_by_channel(image, mean), image, spec)


def downscale(image: Pixels, spec: Spec, height: int, width: int) -> Pixels:
    """Reduce to (height, width) by the mean of areas, then enlarge bilinearly."""
    h, w, _ = image.shape

    def coarse(plane: Pixels) -> Pixels:
        small = cv2.resize(plane.astype(np.float32), (int(width), int(height)), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR))

    return _finish(_by_channel(image, coarse), image, spec)


def _magnified(plane: Pixels, factor: float) -> Pixels:
    h, w = plane.shape
    x, y = 0.5 * (w - 1), 0.5 * (h - 1)
    back = np.array([[1 / factor, 0.0, x - x / factor], [0.0, 1 / factor, y - y / factor]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(plane, back, (w, h), flags=how, borderMode=cv2.BORDER_REPLICATE))


def _by_channel(image: Pixels, change: Callable[[Pixels], Pixels]) -> Pixels:
    planes = [change(np.ascontiguousarray(image[..., c])) for c in range(image.shape[2])]
    return np.stack(planes, axis=2)


def _finish(y: Pixels, image: Pixels, spec: Spec) -> Pixels:
    """Round integers to nearest even, then clip."""
    low, high = spec.value_range
    y = np.clip(np.rint(y) if spec.is_integer else y, np.float32(low), np.float32(high))
    return y.astype(image.dtype)


FUNCTIONS = {"median": median, "zoom_blur": zoom_blur, "downscale": downscale}
