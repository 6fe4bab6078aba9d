"""Batches from arrays in memory."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from augury.compat.keras_image.batches import Batches, part_of
from augury.compat.keras_image.order import Indices
from augury.compat.keras_image.problems import ArgumentError

Pixels = NDArray[Any]


class NumpyArrayIterator(Batches):
    """Images x (n, h, w, c) or (n, c, h, w), with labels, weights and whatever else comes along.

    Parameters
    ----------
    x : the images, or (images, array or list of arrays) whose rows come along unchanged.
    y, sample_weight : n rows each, or None.
    subset : "training" or "validation" takes that part of the rows; the first int(n * validation_split) rows
        are the validation part, and are not augmented.
    ignore_class_split : allow parts that do not hold the same classes.

    The others are those of `ImageDataGenerator.flow`.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str = "channels_last",
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        dtype: DTypeLike = "float32",
    ) -> None:
        images, along = _split_off(x)
        self.image_data_generator, self.subset, self.dtype = image_data_generator, subset, dtype or "float32"
        self.data_format, self.save_to_dir = data_format, save_to_dir
        self.save_prefix, self.save_format = save_prefix, save_format
        for what, rows in (("`y` (labels)", y), ("`sample_weight`", sample_weight)):
            if rows is not None and len(images) != len(rows):
                raise ArgumentError(
                    f"`x` (images tensor) and {what} have different lengths: {len(images)} and {len(rows)}"
                )
        rows = self._rows_of_part(len(images), y, ignore_class_split)
        self._source = self._checked(images)[rows]
        self.x_misc = [part[rows] for part in along]
        self.y = None if y is None else np.asarray(y)[rows]
        self.sample_weight = None if sample_weight is None else np.asarray(sample_weight)[rows]
        super().__init__(
            len(self._source), batch_size, shuffle, seed, global_random="global_random" in self._arguments().faults
        )

    @property
    def x(self) -> Pixels:
        """The images of this part, in the dtype of the batches."""
        return np.asarray(self._source, self.dtype)

    @property
    def value_range(self) -> tuple[float, float]:
        """0..255 for bytes and what looks like them, 0..1 likewise, else the range of all images together."""
        if self._source.dtype == np.uint8 or not self.n:
            return 0.0, 255.0
        low, high = float(np.min(self._source)), float(np.max(self._source))
        if low >= 0 and high <= 255:
            return 0.0, 1.0 if high <= 1 else 255.0
        return low, high

    def _rows_of_part(self, n: int, y: Any, ignore_class_split: bool) -> slice:
        part = part_of(self.subset, self.image_data_generator)
        if part is None:
            return slice(None)
        edge = int(n * self._arguments()._validation_split)
        if y is not None and not ignore_class_split:
            first, rest = np.unique(np.asarray(y)[:edge]), np.unique(np.asarray(y)[edge:])
            if not np.array_equal(first, rest):
                raise ArgumentError(
                    "Training and validation subsets have different number of classes after the split: "
                    f"the first {edge} rows and the rest; shuffle x and y together, or give ignore_class_split=True"
                )
        return slice(0, edge) if self.subset == "validation" else slice(edge, None)

    def _checked(self, images: Any) -> Pixels:
        array = np.asarray(images)
        if array.dtype != np.uint8:
            array = np.asarray(array, self.dtype)
        if array.ndim != 4:
            raise ArgumentError(f"x: expected images with four axes, got shape {array.shape}")
        axis = 1 if self.data_format == "channels_first" else 3
        if array.shape[axis] not in (1, 3, 4):
            warnings.warn(
                f"x has shape {array.shape}, so {array.shape[axis]} channels with data_format="
                f"{self.data_format!r}; images have 1, 3 or 4",
                stacklevel=4,
            )
        return array

    def _image(self, j: int, keep: bool = True) -> Pixels:
        del keep  # all are in memory
        image: Pixels = self._source[j]
        return np.ascontiguousarray(image.transpose(1, 2, 0)) if self.data_format == "channels_first" else image

    def _get_batches_of_transformed_samples(self, index_array: Indices, epoch: int = 0) -> Any:
        images = self.images(index_array, epoch)
        x: Any = [images, *(part[index_array] for part in self.x_misc)] if self.x_misc else images
        if self.y is None:
            return x
        batch = (x, self.y[index_array])
        return batch if self.sample_weight is None else (*batch, self.sample_weight[index_array])


def _split_off(x: Any) -> tuple[Any, list[Pixels]]:
    """Images, and the arrays that come along with them."""
    if not isinstance(x, (tuple, list)):
        return x, []
    images, along = x
    arrays = [np.asarray(part) for part in (along if isinstance(along, list) else [along])]
    for array in arrays:
        if len(array) != len(images):
            raise ArgumentError(
                f"All of the arrays in `x` must have the same length; found {len(images)} and {len(array)}"
            )
    return images, arrays
