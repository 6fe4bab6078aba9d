"""The definition of every kernel that changes values, in slow and obvious numpy: points, fields and filters.

See `execute.reference`, of which this is the second half.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.draws import normal_table, philox_reference
from augury.kernels import (
    Affine,
    Blend,
    ChannelMatrix,
    Curve,
    Field,
    Filter,
    Hue,
    Light,
    Noise,
    Pieces,
    Point,
    PointStep,
    Rectangle,
    Table,
)

Pixels = NDArray[Any]


def filtered(kernel: Filter, image: Pixels, i: int) -> Pixels:
    """Row i of a filter on one (h, w, c) image: taps in reading order, sums in float32."""
    x = image.astype(np.float32)
    total = _weighted(x, kernel.taps[i])
    if kernel.across is not None:
        total = _weighted(total, kernel.across[i][None])
    if kernel.amount is not None and kernel.threshold is not None:
        detail = x - total
        total = np.where(np.abs(detail) > kernel.threshold[i], x + kernel.amount[i] * detail, x)
    return _finish(total, kernel.low, kernel.high, image.dtype)


def blended(kernel: Blend, image: Pixels, changed: Sequence[Pixels], i: int) -> Pixels:
    """Row i of a blend on one (h, w, c) image, with what its chains gave: sums in float32, in their order."""
    keep = kernel.keep[i]
    total = np.zeros(image.shape, np.float32)
    for weight, one in zip(kernel.weights[i], changed, strict=True):
        total += weight * one.astype(np.float32)
    mixed = keep * image.astype(np.float32) + (np.float32(1) - keep) * total
    return _finish(mixed, kernel.low, kernel.high, image.dtype)


def _weighted(image: Pixels, taps: Pixels) -> Pixels:
    rows, columns = taps.shape
    h, w, _ = image.shape
    sides = [(side // 2, side // 2) for side in (rows, columns)]
    padded = np.pad(image, [*sides, (0, 0)], mode="edge")
    total = np.zeros(image.shape, np.float32)
    for y in range(rows):
        for x in range(columns):
            total += taps[y, x] * padded[y : y + h, x : x + w]
    return total


# ---- Point and Field


def apply(kernel: Point | Field, image: Pixels, i: int) -> Pixels:
    """Row i of a kernel on one (h, w, c) image."""
    match kernel:
        case Point(steps):
            for step in steps:
                image = _point(step, image, i)
            return image
        case Noise():
            return _noise(kernel, image, i)
        case Rectangle(box, value):
            image = image.copy()
            for (top, left, bottom, right), level in zip(box[i], value[i], strict=True):
                image[top:bottom, left:right] = level
            return image
        case Light():
            return _light(kernel, image, i)


def _row(a: Pixels, i: int) -> Pixels:
    row: Pixels = a[i if len(a) > 1 else 0]
    return row


def _point(step: PointStep, image: Pixels, i: int) -> Pixels:
    match step:
        case Table(values):
            table = np.broadcast_to(_row(values, i), (image.shape[2], 256))
            return np.asarray(table[np.arange(image.shape[2]), image])
        case Affine(gain, offset, low, high):
            y = image.astype(np.float32) * _row(gain, i) + _row(offset, i)
            return _finish(y, low, high, image.dtype) if np.isfinite(low) else y
        case Curve(on=on) | Pieces(on=on):
            return _first(step, image, i) if on[i] else image
        case ChannelMatrix():
            return image if step.idle[i] else _mixed(step, image, i)
        case Hue(turn):
            return image if turn[i] == 0 else _hued(step, image, i)


def _first(step: Curve | Pieces, image: Pixels, i: int) -> Pixels:
    """Change the first channels; the others stay."""
    changed = image[..., : step.channels]
    changed = _curved(step, changed, i) if isinstance(step, Curve) else _pieced(step, changed, i)
    return np.concatenate([changed, image[..., changed.shape[2] :]], axis=2)


def _curved(step: Curve, image: Pixels, i: int) -> Pixels:
    f, knots = np.float32, step.knots[i]
    scale = f(1.0) / f(step.high - step.low)
    at = np.sqrt(np.clip((image.astype(f) - f(step.low)) * scale, f(0), f(1))) * f(len(knots) - 1)
    first = np.minimum(at.astype(np.int32), len(knots) - 2)
    t = at - first.astype(f)
    return _finish(knots[first] * (f(1) - t) + knots[first + 1] * t, step.low, step.high, image.dtype)


def _pieced(step: Pieces, image: Pixels, i: int) -> Pixels:
    x = image.astype(np.float32)
    section = np.searchsorted(step.breaks[i], x, side="left")
    return _finish(step.gain[i][section] * x + step.offset[i][section], step.low, step.high, image.dtype)


def _mixed(step: ChannelMatrix, image: Pixels, i: int) -> Pixels:
    x = image.astype(np.float32)
    total = step.matrix[i, :, 0] * x[..., :1]
    for c in range(1, image.shape[2]):
        total = total + step.matrix[i, :, c] * x[..., c : c + 1]
    return _finish(total + step.offset[i], step.low, step.high, image.dtype)


def _hued(step: Hue, image: Pixels, i: int) -> Pixels:
    """Hue in sixths of the circle; each channel lies a part of the chroma below the largest."""
    f = np.float32
    red, green, blue = (image[..., c].astype(f) for c in range(3))
    top = np.maximum(np.maximum(red, green), blue)
    chroma = top - np.minimum(np.minimum(red, green), blue)
    safe = np.where(chroma > 0, chroma, f(1))
    others = np.where(top == green, (blue - red) / safe + f(2), (red - green) / safe + f(4))
    hue = np.where(top == red, (green - blue) / safe, others) + step.turn[i]
    hue = np.where(hue < 0, hue + f(6), hue)
    hue = np.where(hue >= 6, hue - f(6), hue)
    out = image.copy()
    for c, ahead in enumerate((5, 3, 1)):
        place = hue + f(ahead)
        place = np.where(place >= 6, place - f(6), place)
        part = np.clip(np.minimum(place, f(4) - place), f(0), f(1))
        out[..., c] = _finish(top - chroma * part, step.low, step.high, image.dtype)
    return out


def _noise(kernel: Noise, image: Pixels, i: int) -> Pixels:
    level, f = kernel.level[i], np.float32
    if level == 0:
        return image
    values = image[..., :1] if kernel.kind == "dropout" else image
    size = values.size
    blocks = -(-size // 8)
    counter = np.empty((blocks, 4), np.uint32)
    counter[:, :3] = kernel.counter[i]
    counter[:, 3] = np.arange(blocks)
    words = philox_reference(counter, [int(k) for k in kernel.key[i]])
    halves = np.stack([words & 0xFFFF, words >> 16], axis=-1).reshape(-1)[:size]
    halves = halves.astype(np.uint16).reshape(values.shape)
    if kernel.kind == "dropout":
        return np.where(halves < level * f(65536), _second(kernel, i).astype(image.dtype), image)
    if kernel.kind == "impulse":
        low, high = (image.dtype.type(end) for end in (kernel.low, kernel.high))
        return np.where(halves < level * f(65536), np.where(halves % 2 == 0, high, low), image)
    x, z = image.astype(f), normal_table()[halves.view(np.int16) >> 4]
    fraction = np.clip((x - f(kernel.low)) * (f(1) / f(kernel.high - kernel.low)), f(0), f(1))
    if kernel.kind == "shot":
        z = np.sqrt(fraction) * z
    elif kernel.kind == "speckle":
        z = fraction * z
    elif kernel.kind == "sensor":
        read = _second(kernel, i)
        z = np.sqrt(fraction * (f(1) - read) + read) * z
    return _finish(x + level * z, kernel.low, kernel.high, image.dtype)


def _second(kernel: Noise, i: int) -> np.float32:
    assert kernel.second is not None
    return np.float32(kernel.second[i])


def _light(kernel: Light, image: Pixels, i: int) -> Pixels:
    if not kernel.on[i]:
        return image
    height, width, _ = image.shape
    rows, columns = kernel.gain.shape[1:]
    (row, down), (column, right) = _knot(height, rows), _knot(width, columns)

    def between(values: Pixels) -> Pixels:
        """(rows, columns, c) at the knots -> (height, width, c), across first."""
        across = values[:, column] + (values[:, column + 1] - values[:, column]) * right[:, None]
        return np.asarray(across[row] + (across[row + 1] - across[row]) * down[:, None, None])

    low = np.float32(kernel.low)
    gain, offset = between(kernel.gain[i][..., None]), between(kernel.offset[i][..., None] * kernel.tint[i])
    y = image.astype(np.float32) * gain + ((low - low * gain) + offset)
    return _finish(y, kernel.low, kernel.high, image.dtype)


def _knot(side: int, knots: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The knot before the middle of every pixel of a side, and how far behind it that lies, 0..1."""
    place = (np.arange(side) + 0.5) * ((knots - 1) / side)
    first = place.astype(np.int64)
    return first, (place - first).astype(np.float32)


def _finish(y: Pixels, low: float, high: float, dtype: np.dtype[Any]) -> Pixels:
    """Round integers to nearest even, then clip."""
    y = np.clip(np.rint(y) if dtype.kind == "u" else y, np.float32(low), np.float32(high))
    return y.astype(dtype)
