"""The definition of every kernel, in slow and obvious numpy. The native executor equals it bit for bit.

Arithmetic is float64 for coordinates, integers for uint8 pixels and float32 for all others, with one
operation for each rounding, so that plain C++ without fused multiply-add gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.execute.values import apply, filtered
from augury.kernels import Bend, Border, Field, Floats, Interpolation, Point

Pixels = NDArray[Any]
__all__ = ["Pass", "apply", "filtered", "reduce_box", "segment", "warp"]

ONE = 65536  # coordinates are integers in 1/65536 of a pixel
WEIGHT = 2048  # weights of uint8 pixels are integers in 1/2048


def reduce_box(image: Pixels, halvings: tuple[int, int]) -> Pixels:
    """Mean over exact 2^k boxes; boxes that reach over the far edges average the pixels they hold.

    Parameters
    ----------
    image : (h, w, c) uint8, uint16 or float32. halvings : k for height and for width.
    """
    exact = image.astype(np.int64 if image.dtype.kind == "u" else np.float64)
    total, held = exact, np.ones((*image.shape[:2], 1), np.int64)
    for axis, side in ((1, 1 << halvings[1]), (0, 1 << halvings[0])):
        total, held = _sum_runs(total, side, axis), _sum_runs(held, side, axis)
    mean = total / held if image.dtype.kind == "f" else _divide_to_even(total, held)
    return np.asarray(mean, image.dtype)


def _sum_runs(values: Pixels, side: int, axis: int) -> Pixels:
    """Sums over runs of `side` values along an axis, one after another: the order matters for floats."""
    starts = np.arange(0, values.shape[axis], side)
    total = np.zeros_like(np.take(values, starts, axis))
    into = np.moveaxis(total, axis, 0)
    for place in range(side):
        there = starts + place
        there = there[there < values.shape[axis]]
        into[: len(there)] += np.moveaxis(values, axis, 0)[there]
    return total


@dataclass(frozen=True)
class Pass:
    """One segment of a program on one batch.

    Attributes
    ----------
    sources : n images (h, w, c) of one dtype, any sizes.
    extents : (n, 2) height and width of the world in source pixels (a fraction where a box was cut).
    matrices : (n, 3, 3) centred output pixel -> source pixel index, see `kernels.Backward.to_source`.
    bends : matrices (n, 3, 3) and displacements that an output pixel meets before `matrices`.
    reads, canvas : (height, width) of what is read and of what comes out. fill : in the units of the sources.
    kernels : what is done to every pixel after the resampling.
    """

    sources: Sequence[Pixels]
    extents: Floats
    matrices: Floats
    reads: tuple[int, int]
    canvas: tuple[int, int]
    border: Border
    fill: float
    interpolation: Interpolation
    bends: Sequence[tuple[Floats, Bend]] = ()
    kernels: Sequence[Point | Field] = ()


def segment(job: Pass, out: Pixels, channels_first: bool) -> None:
    """Run a pass into `out`: (n, height, width, c), or (n, c, height, width) with channels_first."""
    for i in range(len(job.sources)):
        image = warp(job, i)
        for kernel in job.kernels:
            image = apply(kernel, image, i)
        out[i] = image.transpose(2, 0, 1) if channels_first else image


# ---- Resample


def warp(job: Pass, i: int) -> Pixels:
    """Read source i at the place of every canvas pixel: (h, w, c) -> (height, width, c)."""
    source, extent, matrix, border, fill = job.sources[i], job.extents[i], job.matrices[i], job.border, job.fill
    h, w, _ = source.shape
    height, width = job.canvas
    x = (np.arange(width, dtype=np.float64) + 0.5 - 0.5 * width)[None, :]
    y = (np.arange(height, dtype=np.float64) + 0.5 - 0.5 * height)[:, None]
    for before, bend in job.bends:
        x, y = _bent(bend, i, *_project(before[i], x, y))
    u, v = _project(matrix, x, y)

    cover = np.minimum(_cover(u, extent[1], job.reads[1]), _cover(v, extent[0], job.reads[0]))
    column, right = _place(_fold(u, extent[1], job.reads[1], border), w)
    line, down = _place(_fold(v, extent[0], job.reads[0], border), h)
    if job.interpolation == "nearest":
        near = source[line + (down >= ONE // 2), column + (right >= ONE // 2)]
        inside = cover >= (WEIGHT // 2 if border == "constant" else WEIGHT)
        return near if border not in ("constant", "cut") else np.where(inside[..., None], near, source.dtype.type(fill))

    taps = [
        [source[r, c] for c in (column, np.minimum(column + 1, w - 1))] for r in (line, np.minimum(line + 1, h - 1))
    ]
    if border == "cut":
        cover = np.where(cover == WEIGHT, WEIGHT, 0)
    elif border != "constant":
        cover = np.full_like(cover, WEIGHT)
    blend = _blend_uint8 if source.dtype == np.uint8 else _blend_float
    return blend(taps, right[..., None], down[..., None], cover[..., None], fill)


def _project(matrix: Floats, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    row = [m[0] * x + (m[1] * y + m[2]) for m in matrix]
    depth = np.maximum(row[2], 1e-6)
    return row[0] / depth, row[1] / depth


def _bent(bend: Bend, i: int, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Add the displacement of row i at its places; see `kernels.Bend`."""
    if not bend.on[i]:
        return x, y
    shift = bend.shift[i]
    (row, down), (column, right) = (
        _cell(at, side, count, bend.stepped) for at, side, count in zip((y, x), bend.size, shift.shape[:2], strict=True)
    )
    if bend.stepped:
        moves = shift[row, column]
        return x + moves[..., 0], y + moves[..., 1]
    a, b, c, d = (shift[row + p, column + q] for p, q in ((0, 0), (0, 1), (1, 0), (1, 1)))
    top, bottom = a + (b - a) * right[..., None], c + (d - c) * right[..., None]
    moves = top + (bottom - top) * down[..., None]
    return x + moves[..., 0], y + moves[..., 1]


def _cell(at: Floats, side: int, count: int, stepped: bool) -> tuple[NDArray[np.int64], Floats]:
    """Cell of a lattice at centred places, and how far in it, 0..1."""
    cells = count if stepped else count - 1
    place = np.clip(at * (cells / side) + 0.5 * cells, 0.0, float(cells))
    first = np.minimum(np.floor(place).astype(np.int64), cells - 1)
    return first, place - first


def _fold(index: Floats, extent: float, canvas: int, border: Border) -> Floats:
    """Bring places back into the world, which reaches from -1/2 to extent - 1/2; what is inside stays as it is."""
    if border in ("edge", "constant", "cut"):
        return index  # _place clamps
    u = index + 0.5
    if border == "wrap":
        folded = u - extent * np.floor(u / extent)
        return np.where((u >= 0) & (u <= extent), index, folded - 0.5)
    rim = 0.0 if border == "symmetric" else 0.5 * extent / canvas  # mirror folds about the first pixel's centre
    period = 2.0 * (extent - 2.0 * rim)
    if period <= 0.0:
        return np.full_like(u, rim - 0.5)
    t = u - rim
    t = t - period * np.floor(t / period)
    return np.where((u >= rim) & (u <= extent - rim), index, (np.minimum(t, period - t) + rim) - 0.5)


def _cover(index: Floats, extent: float, canvas: int) -> NDArray[np.int64]:
    """How much of a canvas pixel at this place lies in the world, in 1/2048: 1 from the first pixel's centre on."""
    at = (index + 0.5) * (canvas / extent)
    inside = np.minimum(at, canvas - at) + 0.5
    return np.rint(np.clip(inside, 0.0, 1.0) * WEIGHT).astype(np.int64)


def _place(index: Floats, size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First tap and distance from it in 1/65536; clamped, so that the second tap exists for size > 1."""
    at = np.rint(np.clip(index, 0.0, float(size - 1)) * ONE).astype(np.int64)
    first = np.minimum(at // ONE, max(size - 2, 0))
    return first, at - first * ONE


def _blend_uint8(taps: list[list[Pixels]], right: Pixels, down: Pixels, cover: Pixels, fill: float) -> Pixels:
    """11-bit weights, one rounding."""
    x, y = right >> 5, down >> 5
    (a, b), (c, d) = ([tap.astype(np.int64) for tap in pair] for pair in taps)
    top, bottom = a * (WEIGHT - x) + b * x, c * (WEIGHT - x) + d * x
    value = top * (WEIGHT - y) + bottom * y
    blended = (value >> 11) * cover + int(fill) * WEIGHT * (WEIGHT - cover)
    return _divide_to_even(np.where(cover == WEIGHT, value, blended), WEIGHT * WEIGHT).astype(np.uint8)


def _blend_float(taps: list[list[Pixels]], right: Pixels, down: Pixels, cover: Pixels, fill: float) -> Pixels:
    """16-bit weights in float32; uint16 is rounded to nearest even once, at the end."""
    f = np.float32
    x, y, z = right.astype(f) / f(ONE), down.astype(f) / f(ONE), cover.astype(f) / f(WEIGHT)
    (a, b), (c, d) = ([tap.astype(f) for tap in pair] for pair in taps)
    top, bottom = a * (f(1) - x) + b * x, c * (f(1) - x) + d * x
    value = top * (f(1) - y) + bottom * y
    value = np.where(cover == WEIGHT, value, value * z + f(fill) * (f(1) - z))
    dtype = taps[0][0].dtype
    return np.asarray(np.rint(value) if dtype.kind == "u" else value, dtype)


def _divide_to_even(total: Pixels, count: Any) -> Pixels:
    """Total / count in integers, to nearest, ties to even."""
    quotient, rest = np.divmod(total, count)
    twice = 2 * rest
    up: Pixels = (twice > count) | ((twice == count) & (quotient % 2 == 1))
    return np.asarray(quotient + up)
