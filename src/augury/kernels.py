"""The executable primitives as data, how each composes, and the coordinates they use.

Coordinates are written here and nowhere else. Pixel i covers [i, i + 1). Matrices act on
*centred canvas* coordinates: x to the right and y down, in pixels, zero at the canvas centre. So a
rotation about the centre is the bare rotation, and a mirrored map gives exactly mirrored numbers.
Matrices map input to output; `Backward` inverts them once, for the executor.

=========  ======================  ==============================================
kernel     reads                   arrays, all with one row for each sample
=========  ======================  ==============================================
Resample   other places            matrix (n, 3, 3)
Point      one pixel               steps: Table, Affine, Curve
Noise      a pixel, its address    level (n,), key and counter of its Philox stream
Rectangle  a pixel, its address    box (n, 4), value (n,)
=========  ======================  ==============================================

Noise and Rectangle are the two Field kernels of this version. Filter, Reduce and Opaque come with
the transforms that need them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augury.elementary import cosd_sind
from augury.spec import Spec

Floats = NDArray[np.float64]
Rows = NDArray[np.bool_] | NDArray[np.int64] | slice

Border = Literal["edge", "symmetric", "mirror", "wrap", "constant", "cut"]
Interpolation = Literal["bilinear", "nearest"]
CURVE_KNOTS = 4097


# ---- matrices: (n, 3, 3) float64 stacks, products written out so that every machine rounds alike


def identity(n: int) -> Floats:
    """Identity matrices, n of them."""
    return np.tile(np.eye(3), (n, 1, 1))


def stack(rows: list[list[ArrayLike]]) -> Floats:
    """3x3 nested list of scalars and (n,) columns -> (n, 3, 3)."""
    n = max(np.size(value) for row in rows for value in row)
    m = np.empty((n, 3, 3))
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            m[:, i, j] = value
    return m


def compose(second: Floats, first: Floats) -> Floats:
    """The map that applies `first`, then `second`."""
    x, y, z = (second[:, :, k, None] * first[:, k, None, :] for k in range(3))
    return np.asarray((x + y) + z)


def invert(m: Floats) -> Floats:
    """Inverse up to scale, by the adjugate, scaled so that the lower right entry is 1."""
    a, b, c, d, e, f, g, h, i = np.moveaxis(m.reshape(-1, 9), 1, 0)
    adjugate = stack(
        [
            [e * i - f * h, c * h - b * i, b * f - c * e],
            [f * g - d * i, a * i - c * g, c * d - a * f],
            [d * h - e * g, b * g - a * h, a * e - b * d],
        ]
    )
    return adjugate / adjugate[:, 2:, 2:]


def rotation(angle: ArrayLike) -> Floats:
    """Counter-clockwise as seen, in degrees."""
    cos, sin = cosd_sind(angle)
    return stack([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])


def scaling(x: ArrayLike, y: ArrayLike) -> Floats:
    """Factors above 1 make the subject larger."""
    return stack([[x, 0.0, 0.0], [0.0, y, 0.0], [0.0, 0.0, 1.0]])


def shift(x: ArrayLike, y: ArrayLike) -> Floats:
    """Pixels to the right and down."""
    return stack([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def shear(x: ArrayLike, y: ArrayLike) -> Floats:
    """Angles in degrees: x leans the upper half to the right, y lifts the right half."""
    (cos_x, sin_x), (cos_y, sin_y) = cosd_sind(x), cosd_sind(y)
    return stack([[1.0, -sin_x / cos_x, 0.0], [-sin_y / cos_y, 1.0, 0.0], [0.0, 0.0, 1.0]])


@dataclass(frozen=True)
class Backward:
    """Resample as the executor reads it: from every output pixel back to its source.

    Attributes
    ----------
    matrix : (n, 3, 3), centred output pixel -> centred input.
    scale : (n, 2), length of an input pixel of the canvas in the output, down and across, at the centre.
    """

    matrix: Floats
    scale: Floats

    @classmethod
    def of(cls, m: Floats) -> Backward:
        """Invert (n, 3, 3) maps from input to output."""
        offset = m[:, :2, 2] / m[:, 2:, 2]
        jacobian = (m[:, :2, :2] - offset[:, :, None] * m[:, 2:, :2]) / m[:, 2:, 2:]
        lengths = np.sqrt(jacobian[:, 0] * jacobian[:, 0] + jacobian[:, 1] * jacobian[:, 1])
        return cls(invert(m), lengths[:, ::-1])

    def rows(self, rows: Rows) -> Backward:
        """The same for some of its samples."""
        return Backward(self.matrix[rows], self.scale[rows])

    def to_source(self, canvas: tuple[int, int], extent: Floats) -> Floats:
        """Centred output pixel -> source pixel index, (n, 3, 3); 0 is the centre of the first source pixel.

        Parameters
        ----------
        canvas : (height, width) of the canvas.
        extent : (n, 2) height and width of the source, in its own pixels.
        """
        step = extent / np.asarray(canvas, np.float64)
        place = self.matrix.copy()
        for row, side in ((0, 1), (1, 0)):
            middle = 0.5 * extent[:, side, None] - 0.5
            place[:, row] = place[:, row] * step[:, side, None] + self.matrix[:, 2] * middle
        return place

    def halvings(self, canvas: tuple[int, int], extent: NDArray[Any]) -> NDArray[np.int64]:
        """How often each axis of the source is halved first, so that the remaining scale exceeds 1/2.

        Parameters are those of `to_source`. Returns (n, 2): halvings of height and of width. A tolerance of
        1e-9 keeps a scale of exactly 1/2 exact; a side of n pixels is halved at most floor(log2 n) times.
        """
        scale = self.scale * np.asarray(canvas, np.float64) / extent
        _, exponent = np.frexp(scale * (1.0 - 1e-9))  # scale in (2**(e-1), 2**e]
        most = np.frexp(extent)[1] - 1
        return np.asarray(np.maximum(np.minimum(-exponent, most), 0), np.int64)


# ---- Resample


@dataclass(frozen=True)
class Resample:
    """Read other places. A run of these means the composed map, resampled once.

    `permutes` marks kernels whose every row only moves whole pixels (flips): they may pass tables.
    """

    matrix: Floats
    permutes: bool = False

    def where(self, on: NDArray[np.bool_]) -> Resample:
        """Rows that are off become the identity."""
        return Resample(np.where(on[:, None, None], self.matrix, np.eye(3)), self.permutes)

    def then(self, other: Resample) -> Resample:
        """This map first, `other` second."""
        return Resample(compose(other.matrix, self.matrix), self.permutes and other.permutes)


# ---- Point


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


# ---- Field


@dataclass(frozen=True)
class Noise:
    """Noise addressed by (y, x, channel), rounded and clipped. level : float32 (n,); 0 leaves the row alone.

    kind : "normal": x + level * z, in the units of the array; z is standard normal.
    "shot": x + level * sqrt(f) * z, where f is x as a fraction of low..high.
    "impulse": of this share of the values, half become `low` and half `high`.
    key : uint32 (n, 2); counter : uint32 (n, 3), see `draws`. Value number (y * width + x) * channels + c
    has 16-bit half number (value % 8) of Philox block value // 8. Its upper 12 bits (signed) are looked up for
    z in `draws.normal_table`. An impulse is where it is below 65536 * level, to `high` where it is even.
    """

    level: NDArray[np.float32]
    key: NDArray[np.uint32]
    counter: NDArray[np.uint32]
    low: float
    high: float
    kind: Literal["normal", "shot", "impulse"] = "normal"

    def where(self, on: NDArray[np.bool_]) -> Noise:
        """Rows that are off become the identity."""
        return replace(self, level=np.where(on, self.level, np.float32(0)))

    def rows(self, rows: Rows) -> Noise:
        """The same kernel for some of its samples."""
        return replace(self, level=self.level[rows], key=self.key[rows], counter=self.counter[rows])


@dataclass(frozen=True)
class Rectangle:
    """Fill a rectangle. box : int32 (n, 4) top, left, bottom, right, half-open; value : float32 (n,)."""

    box: NDArray[np.int32]
    value: NDArray[np.float32]

    def where(self, on: NDArray[np.bool_]) -> Rectangle:
        """Rows that are off become the identity."""
        return Rectangle(np.where(on[:, None], self.box, np.int32(0)), self.value)

    def rows(self, rows: Rows) -> Rectangle:
        """The same kernel for some of its samples."""
        return Rectangle(self.box[rows], self.value[rows])


Kernel = Resample | Point | Noise | Rectangle
