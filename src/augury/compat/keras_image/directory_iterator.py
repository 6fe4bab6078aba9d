"""Batches from a folder for each class."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from augury.compat.keras_image.batches import check_known
from augury.compat.keras_image.file_batches import BatchFromFilesMixin
from augury.compat.keras_image.problems import ArgumentError
from augury.compat.keras_image.utils import pictures_of


class DirectoryIterator(BatchFromFilesMixin):
    """Images of `directory/class/...`, at any depth; see `ImageDataGenerator.flow_from_directory`."""

    allowed_class_modes = ("categorical", "binary", "sparse", "input", None)

    def __init__(
        self,
        directory: str | os.PathLike[str],
        image_data_generator: Any,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: list[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str = "channels_last",
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: DTypeLike | None = "float32",
    ) -> None:
        self.set_processing_attrs(
            image_data_generator,
            target_size,
            color_mode,
            data_format,
            save_to_dir,
            save_prefix,
            save_format,
            subset,
            interpolation,
            keep_aspect_ratio,
        )
        check_known(self.allowed_class_modes, class_mode, "class_mode")
        self.directory, self.class_mode, self.dtype = os.fspath(directory), class_mode, dtype or "float32"
        names = list(classes) if classes else _folders(self.directory)
        self.num_classes = len(names)
        self.class_indices = {name: i for i, name in enumerate(names)}
        self.filenames, self.classes = self._files(names, follow_links)
        self._filepaths = [os.path.join(self.directory, name) for name in self.filenames]
        self.samples = len(self.filenames)
        print(f"Found {self.samples} images belonging to {self.num_classes} classes.")  # noqa: T201
        super().__init__(
            self.samples, batch_size, shuffle, seed, global_random="global_random" in self._arguments().faults
        )

    @property
    def labels(self) -> NDArray[np.int32]:
        """Class numbers (n,)."""
        return self.classes

    def _files(self, names: list[str], follow_links: bool) -> tuple[list[str], NDArray[np.int32]]:
        """Files of this part, relative to the directory, and their class numbers."""
        files: list[str] = []
        classes: list[int] = []
        for number, name in enumerate(names):
            found = list(pictures_of(os.path.join(self.directory, name), self.white_list_formats, follow_links))
            if self.split:
                found = found[int(self.split[0] * len(found)) : int(self.split[1] * len(found))]
            files += [os.path.relpath(path, self.directory) for path in found]
            classes += [number] * len(found)
        return files, np.array(classes, np.int32)


def _folders(directory: str) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    except OSError as error:
        raise ArgumentError(
            f"{directory}: cannot be listed ({error.strerror}); give a folder of class folders"
        ) from None
