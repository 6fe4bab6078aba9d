"""Spec: what an array is, before any data is seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

DTypeName = Literal["uint8", "uint16", "float16", "float32"]


@dataclass(frozen=True)
class Spec:
    """Kind, shape, dtype and value range of one sample.

    Attributes
    ----------
    kind : "image".
    height, width, channels : canvas size in pixels, number of channels.
    dtype : numpy dtype name.
    value_range : the values that mean black and white, in the units of the array.

    Examples
    --------
    >>> Spec.image(96, 96, 1).full_scale
    255.0
    """

    kind: Literal["image"]
    height: int
    width: int
    channels: int
    dtype: DTypeName = "uint8"
    value_range: tuple[float, float] = (0.0, 255.0)

    @classmethod
    def image(
        cls,
        height: int,
        width: int,
        channels: int = 3,
        dtype: DTypeName = "uint8",
        value_range: tuple[float, float] | None = None,
    ) -> Spec:
        """Spec of an image; integers use their full range, floats 0..1 unless told."""
        return cls("image", height, width, channels, dtype, value_range or natural_range(dtype))

    def of_size(self, size: tuple[int, int]) -> Spec:
        """The same with another (height, width)."""
        return replace(self, height=size[0], width=size[1])

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.height, self.width, self.channels

    @property
    def colours(self) -> int:
        """How many of the channels are no alpha: the fourth of four is."""
        return 3 if self.channels == 4 else self.channels

    @property
    def full_scale(self) -> float:
        """White minus black."""
        return self.value_range[1] - self.value_range[0]

    @property
    def is_integer(self) -> bool:
        """True for uint8 and uint16."""
        return self.dtype.startswith("uint")

    def level(self, fraction: float) -> float:
        """Turn a fraction of the value range into a value (integers: to nearest even)."""
        value = self.value_range[0] + fraction * self.full_scale
        return float(np.rint(value)) if self.is_integer else float(value)

    def __str__(self) -> str:
        return f"{self.height}x{self.width}x{self.channels} {self.dtype}"


def natural_range(dtype: str) -> tuple[float, float]:
    """Value range assumed for a dtype: all of an integer's, 0..1 for floats.

    Examples
    --------
    >>> natural_range("uint16")
    (0.0, 65535.0)
    """
    return (0.0, float(np.iinfo(dtype).max)) if dtype.startswith("uint") else (0.0, 1.0)
