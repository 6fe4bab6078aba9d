"""Batches from image files: decoded once, kept as bytes while memory allows."""

from __future__ import annotations

import multiprocessing
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.compat.keras_image.batches import Batches, check_known, part_of
from augury.compat.keras_image.order import Indices
from augury.compat.keras_image.utils import INTERPOLATIONS, load_img
from augury.stream.cache import quarter_of_free_memory

Pixels = NDArray[Any]
CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}


class Decoded:
    """Images of some files, resized, (h, w, c), uint8 where the files are.

    What does not fit into a quarter of the free memory is decoded again when asked for. Worker processes keep
    nothing: each would hold everything once more.
    """

    def __init__(self, paths: list[str], options: dict[str, Any]) -> None:
        self.paths, self.options = paths, options
        self.budget = quarter_of_free_memory()
        self._kept: dict[int, Pixels] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {"paths": self.paths, "options": self.options, "budget": 0, "_kept": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def get(self, j: int, keep: bool) -> Pixels:
        """The image of file j; `keep` it if it fits."""
        kept = self._kept.get(j)
        if kept is not None:
            return kept
        image = np.asarray(load_img(self.paths[j], **self.options))
        image = image if image.ndim == 3 else image[..., None]
        image = image if image.dtype == np.uint8 else image.astype(np.float32)
        if keep and multiprocessing.parent_process() is None:
            self._keep(j, image)
        return image

    def _keep(self, j: int, image: Pixels) -> None:
        with self._lock:
            if j not in self._kept and self.budget >= image.nbytes:
                self.budget -= image.nbytes
                self._kept[j] = image


class BatchFromFilesMixin(Batches):
    """Batches (x, y, weights) of image files; subclasses say which files, and `labels`."""

    class_mode: str | None
    class_indices: dict[str, int]
    filenames: list[str]
    _filepaths: list[str]
    _decoded: Decoded | None = None

    def set_processing_attrs(
        self,
        image_data_generator: Any,
        target_size: tuple[int, int],
        color_mode: str,
        data_format: str,
        save_to_dir: str | None,
        save_prefix: str,
        save_format: str,
        subset: str | None,
        interpolation: str,
        keep_aspect_ratio: bool,
    ) -> None:
        """Keep how files are read and saved; see `ImageDataGenerator.flow_from_directory`."""
        check_known(CHANNELS, color_mode, "color_mode")
        check_known(INTERPOLATIONS, interpolation, "interpolation")
        self.image_data_generator, self.subset = image_data_generator, subset
        self.target_size, self.keep_aspect_ratio = (int(target_size[0]), int(target_size[1])), keep_aspect_ratio
        self.color_mode, self.data_format, self.interpolation = color_mode, data_format, interpolation
        self.save_to_dir, self.save_prefix, self.save_format = save_to_dir, save_prefix, save_format
        channels = CHANNELS[color_mode]
        first = data_format == "channels_first"
        self.image_shape = (channels, *self.target_size) if first else (*self.target_size, channels)
        self.split = part_of(subset, image_data_generator)

    @property
    def filepaths(self) -> list[str]:
        """Where the files are."""
        return self._filepaths

    @property
    def labels(self) -> Any:
        """What each file is labelled with. As in keras-preprocessing, whoever extends this mixin gives it."""
        raise NotImplementedError

    @property
    def sample_weight(self) -> Any:
        """One weight for each file, or None."""
        return None

    def _image(self, j: int, keep: bool = True) -> Pixels:
        if self._decoded is None:
            self._decoded = Decoded(self.filepaths, self._options())
        return self._decoded.get(j, keep)

    def _options(self) -> dict[str, Any]:
        return {
            "color_mode": self.color_mode,
            "target_size": self.target_size,
            "interpolation": self.interpolation,
            "keep_aspect_ratio": self.keep_aspect_ratio,
        }

    def _get_batches_of_transformed_samples(self, index_array: Indices, epoch: int = 0) -> Any:
        x = self.images(index_array, epoch) if len(index_array) else np.zeros((0, *self.image_shape), self.dtype)
        if self.class_mode is None:
            return x
        y = x.copy() if self.class_mode == "input" else self._targets_of(index_array)
        weights = self.sample_weight
        return (x, y) if weights is None else (x, y, weights[index_array])

    def _targets_of(self, rows: Indices) -> Any:
        if self.class_mode == "multi_output":
            return [output[rows] for output in self.labels]
        if self.class_mode == "raw":
            return self.labels[rows]
        if self.class_mode == "categorical":
            y = np.zeros((len(rows), len(self.class_indices)), self.dtype)
            for i, j in enumerate(rows.tolist()):
                y[i, self.labels[j]] = 1
            return y
        return np.array([self.labels[j] for j in rows.tolist()], self.dtype)
