"""Point: read one pixel. Its steps act on one channel at a time, or across channels; each rounds and clips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
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
    channels : only the first so many are changed; None for all.
    """

    knots: NDArray[np.float32]
    on: NDArray[np.bool_]
    low: float
    high: float
    channels: int | None = None


@dataclass(frozen=True)
class Pieces:
    """y = clip(gain[s] * x + offset[s]), s = the number of breaks below x, for uint16 and float32 x: steps and folds.

    breaks : float32 (n, k), in ascending order. gain, offset : float32 (n, k + 1). on : bool (n,), else x is kept.
    channels : only the first so many are changed; None for all.
    """

    breaks: NDArray[np.float32]
    gain: NDArray[np.float32]
    offset: NDArray[np.float32]
    on: NDArray[np.bool_]
    low: float
    high: float
    channels: int | None = None


@dataclass(frozen=True)
class ChannelMatrix:
    """y[c] = clip((matrix[c, 0] * x[0] + matrix[c, 1] * x[1] + ...) + offset[c]) across channels, in float32.

    matrix : float32 (n, channels, channels). offset : float32 (n, channels). Rows of the identity keep x.
    """

    matrix: NDArray[np.float32]
    offset: NDArray[np.float32]
    low: float
    high: float

    @property
    def idle(self) -> NDArray[np.bool_]:
        """Rows that keep x, bool (n,)."""
        eye = np.eye(self.matrix.shape[1], dtype=np.float32)
        return np.asarray((self.matrix == eye).all((1, 2)) & (self.offset == 0).all(1))


@dataclass(frozen=True)
class Hue:
    """Turn the hue of the first three channels in the HSV hexcone (Smith 1978); value and saturation stay.

    turn : float32 (n,), in sixths of the circle, -3..3: +2 makes red green. Rows of 0 keep x.
    """

    turn: NDArray[np.float32]
    low: float
    high: float


PointStep = Table | Affine | Curve | Pieces | ChannelMatrix | Hue


@dataclass(frozen=True)
class Point:
    """Read one pixel. Every step rounds and clips; for uint8 the native executor runs the rest as tables.

    Steps across channels (ChannelMatrix, Hue) are no tables: they part the run of the others.
    """

    steps: tuple[PointStep, ...]

    @property
    def across(self) -> bool:
        """Whether a step reads other channels, so that the kernel is more than one table."""
        return any(isinstance(step, (ChannelMatrix, Hue)) for step in self.steps)

    @classmethod
    def affine(cls, spec: Spec, gain: Floats, offset: Floats, channels: int | None = None) -> Point:
        """Map x to gain * x + offset, in fractions of the value range.

        gain, offset : (n,), or (n, channels). channels : only the first so many are changed; None for all.
        """
        low, high = spec.value_range
        shift = low - gain * low + offset * spec.full_scale
        return cls((Affine(_columns(gain, 1.0, spec, channels), _columns(shift, 0.0, spec, channels), low, high),))

    @classmethod
    def curve(
        cls, spec: Spec, function: Callable[[Floats], Floats], on: NDArray[np.bool_], channels: int | None = None
    ) -> Point:
        """Any function of fractions of the value range: (k,) -> (n, k). Rows with on = False keep x.

        channels : only the first so many are changed; None for all.
        """
        if spec.dtype == "uint8":
            values = np.clip(np.rint(function(np.arange(256) / 255.0) * 255.0), 0, 255)
            return cls((_table(values, spec, channels),)).where(on)
        fraction = (np.arange(CURVE_KNOTS) / (CURVE_KNOTS - 1)) ** 2
        low, high = spec.value_range
        knots = np.clip(low + function(fraction) * spec.full_scale, low, high).astype(np.float32)
        return cls((Curve(knots, on, low, high, channels),))

    @classmethod
    def pieces(
        cls,
        spec: Spec,
        breaks: Floats,
        gain: Floats,
        offset: Floats,
        on: NDArray[np.bool_],
        channels: int | None = None,
    ) -> Point:
        """Straight lines between breaks, see `Pieces`; all in the units of the array: (n, k), (n, k + 1) twice."""
        low, high = spec.value_range
        if spec.dtype == "uint8":
            x = np.arange(256.0)
            section = _breaks_below(breaks)
            values = np.take_along_axis(gain, section, 1) * x + np.take_along_axis(offset, section, 1)
            return cls((_table(np.clip(np.rint(values), low, high), spec, channels),)).where(on)
        f = np.float32
        return cls((Pieces(breaks.astype(f), gain.astype(f), offset.astype(f), on, low, high, channels),))

    @classmethod
    def mix(cls, spec: Spec, matrix: Floats, offset: Floats) -> Point:
        """Mix the three colours: matrix (n, 3, 3), offset (n, 3) in fractions of the value range; alpha stays.

        Black maps to black where the offset is 0, whatever number stands for black.
        """
        n, c = len(matrix), spec.channels
        low, high = spec.value_range
        total = (matrix[:, :, 0] + matrix[:, :, 1]) + matrix[:, :, 2]
        whole, shift = np.tile(np.eye(c), (n, 1, 1)), np.zeros((n, c))
        whole[:, :3, :3] = matrix
        shift[:, :3] = (low - total * low) + offset * spec.full_scale
        return cls((ChannelMatrix(whole.astype(np.float32), shift.astype(np.float32), low, high),))

    @classmethod
    def hue(cls, spec: Spec, degrees: Floats) -> Point:
        """Turn the hue of the first three channels by degrees (n,), along red, green, blue."""
        turn = degrees / 60.0
        turn = turn - 6.0 * np.rint(turn / 6.0)
        return cls((Hue(turn.astype(np.float32), *spec.value_range),))

    def where(self, on: NDArray[np.bool_]) -> Point:
        """Rows that are off become the identity."""
        return Point(tuple(_step_where(step, on) for step in self.steps))

    def then(self, other: Point) -> Point:
        """This first, `other` second."""
        return Point(self.steps + other.steps)

    def rows(self, rows: Rows) -> Point:
        """The same kernel for some of its samples."""
        return Point(tuple(_step_rows(step, rows) for step in self.steps))


def _columns(values: Floats, neutral: float, spec: Spec, channels: int | None) -> NDArray[np.float32]:
    """A column for all channels, or one for each where only the first so many are changed."""
    columns = (values[:, None] if values.ndim == 1 else values).astype(np.float32)
    if channels in (None, spec.channels):
        return columns
    whole = np.full((len(values), spec.channels), neutral, np.float32)
    whole[:, :channels] = columns
    return whole


def _table(values: Floats, spec: Spec, channels: int | None) -> Table:
    """A table (n, 256) for the first so many channels of uint8."""
    shared = values.astype(np.uint8)[:, None, :]
    if channels in (None, spec.channels):
        return Table(shared)
    changed = (np.arange(spec.channels) < channels)[:, None]
    return Table(np.where(changed, shared, np.arange(256, dtype=np.uint8)))


def _breaks_below(breaks: Floats) -> NDArray[np.int64]:
    """How many of the breaks (n, k) lie below each of 256 levels: (n, 256)."""
    n = len(breaks)
    first = np.clip(np.floor(breaks) + 1.0, 0, 256).astype(np.int64) + 257 * np.arange(n)[:, None]
    return np.cumsum(np.bincount(first.ravel(), minlength=257 * n).reshape(n, 257)[:, :256], axis=1)


def _step_where(step: PointStep, on: NDArray[np.bool_]) -> PointStep:
    match step:
        case Table(values):
            return Table(np.where(on[:, None, None], values, np.arange(256, dtype=np.uint8)))
        case Affine(gain, offset, low, high):
            one, zero, row = np.float32(1), np.float32(0), on[:, None]
            return Affine(np.where(row, gain, one), np.where(row, offset, zero), low, high)
        case Curve() | Pieces():
            return replace(step, on=step.on & on)
        case ChannelMatrix(matrix, offset, low, high):
            eye = np.eye(matrix.shape[1], dtype=np.float32)
            zero = np.float32(0)
            return ChannelMatrix(
                np.where(on[:, None, None], matrix, eye), np.where(on[:, None], offset, zero), low, high
            )
        case Hue(turn, low, high):
            return Hue(np.where(on, turn, np.float32(0)), low, high)


def _step_rows(step: PointStep, rows: Rows) -> PointStep:
    def pick(a: NDArray[Any]) -> NDArray[Any]:
        return a if len(a) == 1 else a[rows]

    match step:
        case Table(values):
            return Table(pick(values))
        case Affine(gain, offset, low, high):
            return Affine(pick(gain), pick(offset), low, high)
        case Curve(knots, on):
            return replace(step, knots=knots[rows], on=on[rows])
        case Pieces(breaks, gain, offset, on):
            return replace(step, breaks=breaks[rows], gain=gain[rows], offset=offset[rows], on=on[rows])
        case ChannelMatrix(matrix, offset, low, high):
            return ChannelMatrix(matrix[rows], offset[rows], low, high)
        case Hue(turn, low, high):
            return Hue(turn[rows], low, high)
