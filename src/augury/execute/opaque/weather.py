"""What falls: lines over the image."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from augury.execute.opaque import Pixels
from augury.spec import Spec

_SHIFT = 4  # places are in 1/16 of a pixel


def rain(
    image: Pixels,
    spec: Spec,
    *,
    lines: NDArray[np.int32],
    width: NDArray[np.int32],
    opacity: NDArray[np.uint8],
    count: int,
    level: float,
) -> Pixels:
    """Draw the first `count` lines.

    Parameters
    ----------
    lines : (k, 4), x, y of both ends in 1/16 of a pixel from the centre of the first one. width : (k,) in pixels.
    opacity : (k,), 255 hides what lies behind. level : of the lines, in the units of the array.
    """
    cover = _drawn(image.shape, lines[:count], width, opacity)
    return _towards(image.astype(np.float32), cover, level, spec)


def snow(
    image: Pixels,
    spec: Spec,
    *,
    lines: NDArray[np.int32],
    width: NDArray[np.int32],
    opacity: NDArray[np.uint8],
    count: int,
    cover: float,
    level: float,
) -> Pixels:
    """Move what is not dark to `level`, by up to `cover`; then lines as `rain` draws them."""
    f = np.float32
    x = image.astype(f)
    low, high = spec.value_range
    light = np.clip((x - f(low)) * (f(2) / f(high - low)) - f(0.5), f(0), f(1))  # from a quarter to three of the range
    x = x + f(cover) * (light * light * (f(3) - f(2) * light)) * (f(level) - x)
    return _towards(x, _drawn(image.shape, lines[:count], width, opacity), level, spec)


def _drawn(shape: tuple[int, ...], lines: NDArray[np.int32], width: Pixels, opacity: Pixels) -> Pixels:
    """(h, w, 1) float32: how much the lines hide, 0..1."""
    layer = np.zeros(shape[:2], np.uint8)
    for (x0, y0, x1, y1), thickness, value in zip(lines.tolist(), width.tolist(), opacity.tolist(), strict=False):
        cv2.line(layer, (x0, y0), (x1, y1), value, thickness, cv2.LINE_AA, _SHIFT)
    return layer[..., None].astype(np.float32) * (np.float32(1) / np.float32(255))


def _towards(x: Pixels, share: Pixels, level: float, spec: Spec) -> Pixels:
    low, high = (np.float32(end) for end in spec.value_range)
    y = x + share * (np.float32(level) - x)
    return np.clip(np.rint(y) if spec.is_integer else y, low, high).astype(spec.dtype)


FUNCTIONS = {"rain": rain, "snow": snow}
