"""Field: read a pixel and its address. Noise, rectangles, and light."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from augury.kernels.matrices import Floats, Rows
from augury.spec import Spec


@dataclass(frozen=True)
class Noise:
    """Noise addressed by (y, x, channel), rounded and clipped. level : float32 (n,); 0 leaves the row alone.

    kind : "normal": x + level * z, in the units of the array; z is standard normal.
    "shot": x + level * sqrt(f) * z, where f is x as a fraction of low..high.
    "speckle": x + level * f * z. "sensor": x + level * sqrt(f * (1 - second) + second) * z.
    "impulse": of this share of the values, half become `low` and half `high`.
    "dropout": of this share of the pixels, all channels become `second`; its numbers are those of pixels.
    second : float32 (n,), for the two kinds that name it.
    key : uint32 (n, 2); counter : uint32 (n, 3), see `draws`. Value number (y * width + x) * channels + c
    has 16-bit half number (value % 8) of Philox block value // 8. Its upper 12 bits (signed) are looked up for
    z in `draws.normal_table`. An impulse is where it is below 65536 * level, to `high` where it is even. Pixel
    number y * width + x is dropped where its half number is below that.
    """

    level: NDArray[np.float32]
    key: NDArray[np.uint32]
    counter: NDArray[np.uint32]
    low: float
    high: float
    kind: Literal["normal", "shot", "speckle", "sensor", "impulse", "dropout"] = "normal"
    second: NDArray[np.float32] | None = None

    def where(self, on: NDArray[np.bool_]) -> Noise:
        """Rows that are off become the identity."""
        return replace(self, level=np.where(on, self.level, np.float32(0)))

    def rows(self, rows: Rows) -> Noise:
        """The same kernel for some of its samples."""
        second = None if self.second is None else self.second[rows]
        return replace(self, level=self.level[rows], key=self.key[rows], counter=self.counter[rows], second=second)


@dataclass(frozen=True)
class Rectangle:
    """Fill rectangles, one after the other.

    box : int32 (n, k, 4) top, left, bottom, right, half-open, inside the canvas; an empty one draws nothing.
    value : float32 (n, k).
    """

    box: NDArray[np.int32]
    value: NDArray[np.float32]

    def where(self, on: NDArray[np.bool_]) -> Rectangle:
        """Rows that are off become the identity."""
        return Rectangle(np.where(on[:, None, None], self.box, np.int32(0)), self.value)

    def rows(self, rows: Rows) -> Rectangle:
        """The same kernel for some of its samples."""
        return Rectangle(self.box[rows], self.value[rows])


@dataclass(frozen=True)
class Light:
    """Light that varies over the canvas: y = low + gain * (x - low) + offset * tint, rounded and clipped.

    Attributes
    ----------
    gain, offset : float32 (n, rows, columns), at least 2 x 2 knots of a lattice over the canvas, the outer ones on its
        edges; linear between knots, first across and then down. The offset is in the units of the array.
    tint : float32 (n, channels), the share of the offset that each channel gets.
    on : bool (n,); rows that are off keep their values.
    """

    gain: NDArray[np.float32]
    offset: NDArray[np.float32]
    tint: NDArray[np.float32]
    on: NDArray[np.bool_]
    low: float
    high: float

    @classmethod
    def of(cls, spec: Spec, gain: Floats, offset: Floats, tint: tuple[float, ...] | None = None) -> Light:
        """Of lattices (n, rows, columns) in fractions of the value range; rows that change nothing are off."""
        gain, offset = np.broadcast_arrays(gain, offset)
        on = np.any((gain != 1.0) | (offset != 0.0), axis=(1, 2))
        shares = np.ones(spec.channels) if tint is None else np.asarray(tint)
        return cls(
            gain.astype(np.float32),
            (offset * spec.full_scale).astype(np.float32),
            np.tile(shares.astype(np.float32), (len(gain), 1)),
            on,
            *spec.value_range,
        )

    def where(self, on: NDArray[np.bool_]) -> Light:
        """Rows that are off become the identity."""
        return replace(self, on=self.on & on)

    def rows(self, rows: Rows) -> Light:
        """The same kernel for some of its samples."""
        return replace(self, gain=self.gain[rows], offset=self.offset[rows], tint=self.tint[rows], on=self.on[rows])
