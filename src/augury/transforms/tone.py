"""Tone: one curve for all colours, not a straight line; declarations only. Alpha stays as it is."""

from __future__ import annotations

import numpy as np

from augury.elementary import Floats
from augury.kernels import Point
from augury.ranges import Bits, CurveShifts, SolarizeThreshold
from augury.spec import Spec
from augury.transforms.base import Params, Probability, Transform


class Invert(Transform):
    """Swap black and white: a negative. Alpha stays."""

    p: Probability = 0.5

    def lower(self, params: Params, spec: Spec) -> Point:
        """1 - x on fractions of the value range."""
        one = np.ones(len(params["on"]))
        return Point.affine(spec, -one, one, spec.colours)


class Posterize(Transform):
    """Keep the upper bits of 8 of every value. bits: 1 to 8, rounded to whole numbers; identity 8. Alpha stays.

    A value becomes the lower end of one of 2 ** bits equal steps, as wide in every dtype.
    """

    bits: Bits = (4.0, 7.0)

    def lower(self, params: Params, spec: Spec) -> Point:
        """Steps of 2 ** -bits of the levels, or of the value range of floats."""
        bits = np.rint(params["bits"]).astype(np.int64)
        low, high = spec.value_range
        levels = high + 1.0 - low if spec.is_integer else spec.full_scale
        starts = low + np.arange(256) / 256.0 * levels
        section = np.arange(256) // (256 >> bits)[:, None] * (256 >> bits)[:, None]
        below = starts[1:] - 0.5 if spec.is_integer else np.nextafter(starts[1:].astype(np.float32), np.float32(low))
        n = len(bits)
        on = bits < 8
        return Point.pieces(spec, np.tile(below, (n, 1)), np.zeros((n, 256)), starts[section], on, spec.colours)


class Solarize(Transform):
    """Invert what is brighter than a threshold. Alpha stays.

    threshold: fraction of the value range; identity 1, at which nothing is brighter.
    """

    threshold: SolarizeThreshold = (0.5, 1.0)

    def lower(self, params: Params, spec: Spec) -> Point:
        """X up to the threshold, low + high - x above it."""
        low, high = spec.value_range
        threshold = params["threshold"]
        n = len(threshold)
        gain, offset = np.tile([1.0, -1.0], (n, 1)), np.tile([0.0, low + high], (n, 1))
        return Point.pieces(
            spec, low + threshold[:, None] * spec.full_scale, gain, offset, threshold < 1.0, spec.colours
        )


class ToneCurve(Transform):
    """Bend brightness by a smooth curve that rises everywhere (Fritsch and Butland 1984, monotone cubic pieces).

    shifts: how far the curve is moved at 1/4, 1/2 and 3/4, three numbers drawn apart; fraction of the value range;
    identity 0. Black, white and alpha stay.
    """

    shifts: CurveShifts = (-0.1, 0.1)

    def lower(self, params: Params, spec: Spec) -> Point:
        """The curve through the moved points; uint16 and float images read it at 4,097 knots."""
        shifts = params["shifts"]
        points = np.tile(np.linspace(0.0, 1.0, 5), (len(shifts), 1))
        points[:, 1:4] += shifts
        return Point.curve(spec, lambda x: _rising(points, x), (shifts != 0.0).any(1), spec.colours)


def _rising(points: Floats, x: Floats) -> Floats:
    """Monotone cubic curves through points (n, 5) at equal distances of 0..1, read at x (k,): (n, k)."""
    rise = np.diff(points, axis=1)
    total = rise[:, 1:] + rise[:, :-1]
    inner = 2.0 * rise[:, 1:] * rise[:, :-1] / np.where(total > 0.0, total, 1.0)
    first, last = (np.maximum(1.5 * rise[:, a] - 0.5 * rise[:, b], 0.0) for a, b in ((0, 1), (-1, -2)))
    slope = np.concatenate([first[:, None], inner, last[:, None]], axis=1)
    piece = np.minimum((x * 4.0).astype(np.int64), 3)
    t = x * 4.0 - piece
    flat, steep = t * t * (3.0 - 2.0 * t), t * (1.0 - t)
    bend = slope[:, piece] * (1.0 - t) - slope[:, piece + 1] * t
    return np.asarray(points[:, piece] + rise[:, piece] * flat + steep * bend)
