"""What array and file iterators share: a generator, a part of the data, pictures saved on the way."""

from __future__ import annotations

import io
import os
from abc import abstractmethod
from collections.abc import Iterator as Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from augury.compat.keras_image.arguments import Arguments
from augury.compat.keras_image.explain import explained
from augury.compat.keras_image.iterator import Iterator
from augury.compat.keras_image.order import Indices
from augury.compat.keras_image.problems import ArgumentError, KindError
from augury.compat.keras_image.render import Job, finish, prepared, render, toned
from augury.compat.keras_image.utils import array_to_img
from augury.files import write_whole

Pixels = NDArray[Any]
SUBSETS = (None, "training", "validation")


class Batches(Iterator):
    """An iterator whose images come from somewhere and go through a generator."""

    image_data_generator: Any
    subset: str | None
    dtype: DTypeLike
    data_format: str
    save_to_dir: str | None
    save_prefix: str
    save_format: str

    @abstractmethod
    def _image(self, j: int, keep: bool = True) -> Pixels:
        """Sample j as (h, w, c), uint8 where its source is; `keep` it for next time if memory allows."""

    @property
    def value_range(self) -> tuple[float, float]:
        """The values that mean black and white in the source."""
        return 0.0, 255.0

    @property
    def augments(self) -> bool:
        """Whether geometry and tone are changed: not those of a validation part, unless that fault was asked for."""
        return self.subset != "validation" or "augmented_validation" in self._arguments().faults

    def explain(self) -> str:
        """How batches are made, what is fused, what is slow and what that costs."""
        image = self._image(0) if self.n else np.zeros((1, 1, 3), np.uint8)
        return explained(self._arguments(), image, augment=self.augments)

    def images(self, indices: Indices, epoch: int) -> Pixels:
        """Finished images (n, h, w, c) or (n, c, h, w); saves them where that was asked for."""
        job = self._job(indices, epoch, self.augments)
        if self.save_to_dir is None:
            return np.asarray(render(job), self.dtype)
        batch = toned(job)
        self._save(batch, indices, epoch)
        return np.asarray(finish(job.arguments, batch), self.dtype)

    def prepared_batches(self, *, augment: bool, rounds: int) -> Iterable[Pixels]:
        """All images in order, `rounds` times, as they are before the statistics that `fit` looks for."""
        for epoch in range(rounds):
            for first in range(0, self.n, 32):
                indices = np.arange(first, min(first + 32, self.n))
                yield prepared(self._arguments(), toned(self._job(indices, epoch, augment, keep=False)))

    def _job(self, indices: Indices, epoch: int, augment: bool, *, keep: bool = True) -> Job:
        images = [self._image(j, keep) for j in indices.tolist()]
        return Job(self._arguments(), images, indices.astype(np.uint64), self.draw_seed, epoch, augment)

    def _arguments(self) -> Arguments:
        generator = self.image_data_generator
        if generator is None:
            return Arguments(data_format=self.data_format, dtype=self.dtype)
        if not isinstance(generator, Arguments):
            raise KindError(f"image_data_generator: expected an ImageDataGenerator, got {type(generator).__name__}")
        return generator

    def _save(self, batch: Pixels, indices: Indices, epoch: int) -> None:
        """Write the batch as pictures, whole files under names that say which sample and epoch."""
        assert self.save_to_dir is not None
        stretch = "stretched_saves" in self._arguments().faults
        low, high = self.value_range
        for image, j in zip(batch, indices.tolist(), strict=True):
            levels = image if stretch else np.clip(np.rint((image - low) * (255 / (high - low))), 0, 255)
            picture = array_to_img(levels, self.data_format, scale=stretch)
            data = io.BytesIO()
            try:
                flat = picture.convert("RGB") if self.save_format in ("jpg", "jpeg") else picture
                flat.save(data, format="jpeg" if self.save_format == "jpg" else self.save_format)
            except (KeyError, OSError, ValueError) as error:
                raise ArgumentError(f"save_format={self.save_format!r}: cannot be written ({error})") from None
            name = f"{self.save_prefix}_{j}_{epoch}.{self.save_format}"
            write_whole(os.path.join(self.save_to_dir, name), data.getvalue())


def part_of(subset: str | None, generator: Arguments | None) -> tuple[float, float] | None:
    """The fractions between which a subset lies: the validation part comes first."""
    if subset not in SUBSETS:
        raise ArgumentError(f"subset={subset!r}; expected 'training', 'validation' or None")
    if subset is None:
        return None
    if generator is None:
        raise ArgumentError(f"subset={subset!r} needs an image_data_generator with validation_split")
    split = generator._validation_split
    return (0.0, split) if subset == "validation" else (split, 1.0)


def check_known(known: Any, value: Any, name: str) -> None:
    """Raise an ArgumentError unless value is one of some."""
    if value not in known:
        raise ArgumentError(f"{name}={value!r}; expected one of {', '.join(sorted(map(str, known)))}")
