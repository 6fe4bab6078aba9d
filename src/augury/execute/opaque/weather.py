"""What falls: lines and discs over the image."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from augury.execute.opaque import Pixels
from augury.spec import Spec

_SHIFT = 4  # OpenCV is given places in 1/16 of a pixel from the centre of the first one
_RINGS = ((1.4, 0.4), (0.9, 1.0))  # of a soft disc: radius and opacity, the middle last


def rain(
    image: Pixels,
    spec: Spec,
    *,
    lines: NDArray[np.int32],
    opacity: NDArray[np.uint8],
    count: int,
    width: int,
    level: float,
) -> Pixels:
    """Draw the first `count` lines.

    Parameters
    ----------
    lines : (k, 4), x, y of both ends in 1/16 of a pixel. opacity : (k,), 255 hides what lies behind.
    width : in pixels. level : of the lines, in the units of the array.
    """
    layer = np.zeros(image.shape[:2], np.uint8)
    for (x0, y0, x1, y1), value in zip(lines[:count].tolist(), opacity[:count].tolist(), strict=True):
        cv2.line(layer, (x0, y0), (x1, y1), value, width, cv2.LINE_AA, _SHIFT)
    return _towards(image.astype(np.float32), layer, level, spec)


def snow(
    image: Pixels,
    spec: Spec,
    *,
    places: NDArray[np.int32],
    radius: NDArray[np.int32],
    opacity: NDArray[np.uint8],
    count: int,
    cover: float,
    level: float,
) -> Pixels:
    """Move pixels that are not dark to `level`, by up to `cover`; then draw the first `count` discs, soft at the rim.

    Parameters
    ----------
    places : (k, 2), x, y in 1/16 of a pixel. radius : (k,), in the same. opacity, level : see `rain`.
    """
    f, (low, high) = np.float32, spec.value_range
    x = image.astype(f)
    colour = x[..., :3] if spec.channels == 4 else x
    light = (np.mean(colour, axis=2, keepdims=True) - f(low)) * f(1.0 / (high - low))
    light = np.clip(f(2) * light - f(0.5), f(0), f(1))  # from a quarter of the range to three
    x = x + f(cover) * (light * light * (f(3) - f(2) * light)) * (f(level) - x)
    layer = np.zeros(image.shape[:2], np.uint8)
    for wide, share in _RINGS:
        for (x0, y0), size, value in zip(
            places[:count].tolist(), radius[:count].tolist(), opacity[:count].tolist(), strict=True
        ):
            cv2.circle(layer, (x0, y0), round(size * wide), round(value * share), cv2.FILLED, cv2.LINE_AA, _SHIFT)
    return _towards(x, layer, level, spec)


def _towards(x: Pixels, layer: NDArray[np.uint8], level: float, spec: Spec) -> Pixels:
    """Blend (h, w, c) float32 with a level; `layer` (h, w) says how much of it, 255 is all."""
    low, high = (np.float32(end) for end in spec.value_range)
    share = layer[..., None].astype(np.float32) * (np.float32(1) / np.float32(255))
    y = x + share * (np.float32(level) - x)
    return np.asarray(np.clip(np.rint(y) if spec.is_integer else y, low, high), spec.dtype)


FUNCTIONS = {"rain": rain, "snow": snow}
