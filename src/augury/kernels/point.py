"""Point: read one pixel. Tables, straight lines and curves, which keep every rounding and clip of their steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.kernels.matrices import Floats, Rows
from augury.spec import Spec

CURVE_KNOTS = 4097


@dataclass(frozen=True)
class Table:
    """y = values[x] for uint8 x: (n or 1, channels or 1, 256), uint8, or float32 as the last step of a program."""

    values: NDArray[Any]


@dataclass(frozen=True)
class Affine:
    """y = clip(gain * x + offset) in float32.

    gain, offset : float32 (n or 1, channels or 1). low, high : the clip; infinite for the last step of a
    program, which gives float32. Integers are rounded to nearest even first.
    """

    gain: NDArray[np.float32]
    offset: NDArray[np.float32]
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """y = a curve through knots, for uint16 and float32 x; rows with on = False keep x.

    knots : float32 (n, 4097), values at low + (k / 4096)^2 (high - low), interpolated linearly in k, that
    is in the square root of x: fine steps where powers are steep.
    """

    knots: NDArray[np.float32]
    on: NDArray[np.bool_]
    low: float
    high: float


PointStep = Table | Affine | Curve


@dataclass(frozen=True)
class Point:
    """Read one pixel. Every step rounds and clips; for uint8 the native executor runs them as one table."""

    steps: tuple[PointStep, ...]

    @classmethod
    def affine(cls, spec: Spec, gain: Floats, offset: Floats) -> Point:
        """Map x to gain * x + offset, in fractions of the value range; (n,) columns."""
        low, high = spec.value_range
        shift = low - gain * low + offset * spec.full_scale
        return cls((Affine(_column(gain), _column(shift), low, high),))

    @classmethod
    def curve(cls, spec: Spec, function: Callable[[Floats], Floats], on: NDArray[np.bool_]) -> Point:
        """Any function of fractions of the value range: (k,) -> (n, k). Rows with on = False keep x."""
        if spec.dtype == "uint8":
            values = np.clip(np.rint(function(np.arange(256) / 255.0) * 255.0), 0, 255)
            return cls((Table(values.astype(np.uint8)[:, None, :]),)).where(on)
        fraction = (np.arange(CURVE_KNOTS) / (CURVE_KNOTS - 1)) ** 2
        low, high = spec.value_range
        knots = np.clip(low + function(fraction) * spec.full_scale, low, high).astype(np.float32)
        return cls((Curve(knots, on, low, high),))

    def where(self, on: NDArray[np.bool_]) -> Point:
        """Rows that are off become the identity."""
        return Point(tuple(_step_where(step, on) for step in self.steps))

    def then(self, other: Point) -> Point:
        """This first, `other` second."""
        return Point(self.steps + other.steps)

    def rows(self, rows: Rows) -> Point:
        """The same kernel for some of its samples."""
        return Point(tuple(_step_rows(step, rows) for step in self.steps))


def _column(values: Floats) -> NDArray[np.float32]:
    return values.astype(np.float32)[:, None]


def _step_where(step: PointStep, on: NDArray[np.bool_]) -> PointStep:
    match step:
        case Table(values):
            return Table(np.where(on[:, None, None], values, np.arange(256, dtype=np.uint8)))
        case Affine(gain, offset, low, high):
            one, zero, row = np.float32(1), np.float32(0), on[:, None]
            return Affine(np.where(row, gain, one), np.where(row, offset, zero), low, high)
        case Curve(knots, was_on, low, high):
            return Curve(knots, was_on & on, low, high)


def _step_rows(step: PointStep, rows: Rows) -> PointStep:
    def pick(a: NDArray[Any]) -> NDArray[Any]:
        return a if len(a) == 1 else a[rows]

    match step:
        case Table(values):
            return Table(pick(values))
        case Affine(gain, offset, low, high):
            return Affine(pick(gain), pick(offset), low, high)
        case Curve(knots, on, low, high):
            return Curve(knots[rows], on[rows], low, high)
