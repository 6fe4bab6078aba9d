"""Binds the C++ kernels; same functions, arguments and bytes as `reference`."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from augury.binary import compiled
from augury.draws import normal_table
from augury.execute.reference import Pass
from augury.kernels import (
    Affine,
    Bend,
    Border,
    ChannelMatrix,
    Curve,
    Field,
    Filter,
    Floats,
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
_BORDERS = {name: code for code, name in enumerate(get_args(Border))}


def reduce_box(image: Pixels, halvings: tuple[int, int]) -> Pixels:
    """See `reference.reduce_box`."""
    sides = [-(-side // (1 << k)) for side, k in zip(image.shape, halvings, strict=False)]
    out = np.empty((*sides, image.shape[2]), image.dtype)
    _loaded().reduce_box(_side_by_side(image), *halvings, out)
    return out


def segment(job: Pass, out: Pixels, channels_first: bool) -> None:
    """See `reference.segment`."""
    images = [_side_by_side(source) for source in job.sources]
    steps = [step for kernel in job.kernels for step in _steps(kernel)]
    nearest = job.interpolation == "nearest"
    border = _BORDERS[job.border]
    bends = [_bend(before, bend) for before, bend in job.bends if bend.on.any()]
    places = {"extents": job.extents, "matrices": job.matrices, "bends": bends, "reads": job.reads}
    _loaded().segment(images, places, job.canvas, border, job.fill, nearest, steps, out, channels_first)


def filtered(kernel: Filter, image: Pixels, i: int) -> Pixels:
    """See `reference.filtered`."""
    out = np.empty(image.shape, image.dtype)
    across = None if kernel.across is None else _dense(kernel.across[i])
    unsharp = None
    if kernel.amount is not None and kernel.threshold is not None:
        unsharp = (float(kernel.amount[i]), float(kernel.threshold[i]))
    _loaded().filtered(_side_by_side(image), _dense(kernel.taps[i]), across, unsharp, kernel.low, kernel.high, out)
    return out


@cache
def _loaded() -> Any:
    module = compiled()
    assert module is not None
    module.set_normal_table(normal_table())
    return module


def _side_by_side(image: Pixels) -> Pixels:
    """The image itself where its rows can be read in place, else a copy."""
    c = image.shape[2]
    inside = image.strides[1:] == (c * image.itemsize, image.itemsize) and image.strides[0] > 0
    return image if inside else np.ascontiguousarray(image)


def _bend(before: Floats, bend: Bend) -> dict[str, Any]:
    height, width = bend.size
    return {
        "before": _dense(before),
        "shift": _dense(bend.shift),
        "on": _dense(bend.on),
        "height": height,
        "width": width,
        "stepped": bend.stepped,
    }


def _steps(kernel: Point | Field) -> list[dict[str, Any]]:
    """A kernel as the dicts of arrays that the C++ reads."""
    match kernel:
        case Point(steps):
            return [_point(step) for step in steps]
        case Noise(level, key, counter, low, high, kind, second):
            how = {"kind": kind, "low": low, "high": high, "b": None if second is None else _dense(second)}
            return [{"a": _dense(level), "key": _dense(key), "counter": _dense(counter), **how}]
        case Rectangle(box, value):
            return [{"kind": "rectangle", "a": _dense(box), "b": _dense(value)}]
        case Light(gain, offset, tint, on, low, high):
            lattices = {"a": _dense(gain), "b": _dense(offset), "tint": _dense(tint), "on": _dense(on)}
            return [{"kind": "light", **lattices, "low": low, "high": high}]


def _point(step: PointStep) -> dict[str, Any]:
    match step:
        case Table(values):
            return {"kind": "table", "a": _dense(values)}
        case Affine(gain, offset, low, high):
            clip = {"low": low, "high": high, "to_float": not np.isfinite(low)}
            return {"kind": "affine", "a": _dense(gain), "b": _dense(offset), **clip}
        case Curve(knots, on, low, high, channels):
            rest = {"on": _dense(on), "low": low, "high": high, "channels": channels or 0}
            return {"kind": "curve", "a": _dense(knots), **rest}
        case Pieces(breaks, gain, offset, on, low, high, channels):
            rest = {"on": _dense(on), "low": low, "high": high, "channels": channels or 0}
            return {"kind": "pieces", "a": _dense(gain), "b": _dense(offset), "breaks": _dense(breaks), **rest}
        case ChannelMatrix(matrix, offset, low, high):
            rest = {"on": ~step.idle, "low": low, "high": high}
            return {"kind": "mix", "a": _dense(matrix), "b": _dense(offset), **rest}
        case Hue(turn, low, high):
            return {"kind": "hue", "a": _dense(turn), "low": low, "high": high}


def _dense(a: Pixels) -> Pixels:
    return np.ascontiguousarray(a)
