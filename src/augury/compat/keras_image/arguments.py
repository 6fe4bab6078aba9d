"""The constructor's arguments, checked once; everything else reads them from here."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from augury.compat.keras_image.problems import ArgumentError
from augury.compat.keras_image.utils import FORMATS
from augury.kernels import Border

FILL_MODES: dict[str, Border] = {"nearest": "edge", "reflect": "symmetric", "wrap": "wrap", "constant": "cut"}
FAULTS = {
    "swapped_shifts": "width_shift_range moves up and down, height_shift_range left and right",
    "augmented_validation": "subset='validation' is augmented like the training part",
    "global_random": "draws come from np.random, so workers may repeat them",
    "stretched_saves": "saved images are stretched, each to its own smallest and largest value",
    "fitted_validation": "fit reads validation images as well",
}


@dataclass(frozen=True)
class Shift:
    """A shift range. choices : lengths to choose from, with a random sign; without any, uniform within ±most.

    fraction : lengths are fractions of the side; else pixels.
    """

    most: float
    choices: tuple[float, ...]
    fraction: bool

    @classmethod
    def of(cls, value: Any, name: str) -> Shift | None:
        """A whole number n: one of 0..n-1 pixels. A list: one of these. Below 1: of the side. None: no shift."""
        values = _numbers(value)
        if values is None:
            raise ArgumentError(f"{name}={value!r}; expected a number or a list of numbers")
        if values.size == 0 or (values.ndim == 0 and value == 0):
            return None
        if values.ndim == 1:
            return cls(float(np.abs(values).max()), tuple(values.tolist()), bool(values.max() < 1))
        if isinstance(value, Integral):
            if values < 0:
                raise ArgumentError(f"{name}={value}; expected a whole number of pixels above 0")
            return cls(float(values - 1), tuple(float(n) for n in range(int(values))), False)
        return cls(abs(float(values)), (), bool(values < 1))


class Arguments:
    """What an ImageDataGenerator was asked for. See docs/migration.md for every argument.

    `faults` names what keras-preprocessing gets wrong and you want as it was; see `FAULTS`.
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: tuple[float, float] | list[float] | None = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[Any], Any] | None = None,
        data_format: str | None = "channels_last",
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: DTypeLike | None = "float32",
        *,
        faults: Collection[str] = (),
    ) -> None:
        self.featurewise_center = featurewise_center
        self.samplewise_center = samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening = zca_whitening
        self.zca_epsilon = zca_epsilon
        self.rotation_range = rotation_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.brightness_range = _pair_or_none("brightness_range", brightness_range)
        self.shear_range = shear_range
        self.zoom_range = _zoom(zoom_range)
        self.channel_shift_range = channel_shift_range
        self.fill_mode = _one_of("fill_mode", fill_mode, FILL_MODES)
        self.cval = cval
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.rescale = rescale
        self.preprocessing_function = preprocessing_function
        self.data_format = _one_of("data_format", data_format or "channels_last", FORMATS)
        self.interpolation_order = _one_of("interpolation_order", interpolation_order, range(6))
        self.dtype = dtype or "float32"
        self.faults = frozenset(_one_of("faults", fault, FAULTS) for fault in faults)
        self._validation_split = _fraction("validation_split", validation_split)
        first = self.data_format == "channels_first"
        self.channel_axis, self.row_axis, self.col_axis = (1, 2, 3) if first else (3, 1, 2)
        self.mean: Any = None
        self.std: Any = None
        self.zca_whitening_matrix: Any = None
        for name in ("rotation_range", "shear_range", "channel_shift_range", "cval", "zca_epsilon"):
            _number(name, getattr(self, name))
        Shift.of(width_shift_range, "width_shift_range")
        Shift.of(height_shift_range, "height_shift_range")
        self._imply()

    def _imply(self) -> None:
        """Switch on what other arguments need, and say so."""
        if self.zca_whitening:
            self._set("featurewise_center", True, "zca_whitening")
            self._set("featurewise_std_normalization", False, "zca_whitening")
        if self.featurewise_std_normalization:
            self._set("featurewise_center", True, "featurewise_std_normalization")
        if self.samplewise_std_normalization:
            self._set("samplewise_center", True, "samplewise_std_normalization")

    def _set(self, name: str, value: bool, because: str) -> None:
        if getattr(self, name) != value:
            setattr(self, name, value)
            warnings.warn(f"{because}=True sets {name}={value}", stacklevel=5)

    @property
    def width_shift(self) -> Shift | None:
        """`width_shift_range`, understood."""
        return Shift.of(self.width_shift_range, "width_shift_range")

    @property
    def height_shift(self) -> Shift | None:
        """`height_shift_range`, understood."""
        return Shift.of(self.height_shift_range, "height_shift_range")

    @property
    def channels_first(self) -> bool:
        """Whether images are (c, h, w)."""
        return bool(self.data_format == "channels_first")

    def size_of(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """(height, width) of one image's shape."""
        return shape[self.row_axis - 1], shape[self.col_axis - 1]


def _numbers(value: Any) -> NDArray[np.float64] | None:
    """Finite numbers, one or a row of them; None for anything else."""
    try:
        values = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        return None
    return values if values.ndim <= 1 and np.isfinite(values).all() else None


def _number(name: str, value: Any) -> None:
    if not isinstance(value, Real) or not np.isfinite(float(value)):
        raise ArgumentError(f"{name}={value!r}; expected a finite number")


def _one_of(name: str, value: Any, known: Collection[Any]) -> Any:
    if value not in list(known):
        raise ArgumentError(f"{name}={value!r}; expected one of {', '.join(str(k) for k in known)}")
    return value


def _fraction(name: str, value: float) -> float:
    if value and not 0 < value < 1:
        raise ArgumentError(f"{name}={value!r}; expected a number between 0 and 1, both excluded")
    return value


def _pair_or_none(name: str, value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ArgumentError(f"{name}={value!r}; expected two numbers (low, high) or None")
    for end in value:
        _number(name, end)
    return value[0], value[1]


def _zoom(value: Any) -> list[float]:
    if isinstance(value, Real):
        value = (1 - value, 1 + value)
    if np.size(value) != 2 or not all(isinstance(end, Real) for end in value):
        raise ArgumentError(f"zoom_range={value!r}; expected a number or two numbers (low, high)")
    return [value[0], value[1]]
