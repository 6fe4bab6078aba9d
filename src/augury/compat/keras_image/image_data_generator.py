"""ImageDataGenerator: the arguments, the iterators they make, and one image at a time."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augury.compat.keras_image.affine_transformations import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    flip_axis,
)
from augury.compat.keras_image.arguments import Arguments
from augury.compat.keras_image.batches import Batches
from augury.compat.keras_image.dataframe_iterator import DataFrameIterator
from augury.compat.keras_image.directory_iterator import DirectoryIterator
from augury.compat.keras_image.explain import explained
from augury.compat.keras_image.global_draws import drawn, global_state
from augury.compat.keras_image.numpy_array_iterator import NumpyArrayIterator
from augury.compat.keras_image.policy import policy_of
from augury.compat.keras_image.statistics import moments, whitening
from augury.compat.keras_image.steps import rescale, standardize_features, standardize_samples
from augury.errors import LeakError
from augury.transforms.policies import Policy

Pixels = NDArray[Any]
_HOOKS = ("apply_transform", "get_random_transform", "random_transform", "standardize")


class ImageDataGenerator(Arguments):
    """keras-preprocessing's generator on Augury's engine; docs/migration.md has every argument.

    Examples
    --------
    >>> generator = ImageDataGenerator(rotation_range=30, horizontal_flip=True, rescale=1 / 255)
    >>> batches = generator.flow(np.zeros((8, 16, 16, 3), np.uint8), batch_size=4, seed=0)
    >>> len(batches), next(batches).shape
    (2, (4, 16, 16, 3))
    """

    @property
    def policy(self) -> Policy:
        """The policy that draws and moves the same."""
        return policy_of(self)

    @property
    def overridden(self) -> tuple[str, ...]:
        """The methods that a subclass has made its own; batches then go through them, image by image."""
        return tuple(name for name in _HOOKS if getattr(type(self), name) is not getattr(ImageDataGenerator, name))

    def explain(self, shape: tuple[int, int, int] = (256, 256, 3)) -> str:
        """How training batches of uint8 images (h, w, c) are made, what is slow, and measured times."""
        gradient = np.linspace(0, 255, int(np.prod(shape))).astype(np.uint8).reshape(shape)
        return explained(self, gradient, augment=True)

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
    ) -> NumpyArrayIterator:
        """Batches of images in memory.

        Parameters
        ----------
        x : (n, h, w, c), or (images, arrays) of which the arrays come along unchanged. uint8 is fastest.
        y, sample_weight : n rows, or None.
        seed : of order and draws; without one they follow `np.random.seed`.
        save_to_dir : augmented images are saved there as pictures, named prefix_sample_epoch.format.
        subset : "training" or "validation" of validation_split; validation is not augmented.
        """
        return NumpyArrayIterator(
            x,
            y,
            self,
            batch_size=batch_size,
            shuffle=shuffle,
            sample_weight=sample_weight,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            ignore_class_split=ignore_class_split,
            dtype=self.dtype,
        )

    def flow_from_directory(
        self,
        directory: str | os.PathLike[str],
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: list[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:
        """Batches of the images in a folder for each class; sub-folders of a class belong to it.

        Parameters
        ----------
        target_size : (height, width) in pixels. interpolation, keep_aspect_ratio : see `utils.load_img`.
        classes : names of class folders, in the order of their numbers; None takes all, sorted.
        class_mode : "categorical" one-hot, "binary" or "sparse" numbers, "input" the images, None no labels.
        subset : the first int(n * validation_split) files of each class are "validation", which is not augmented.

        The others are those of `flow`.
        """
        return DirectoryIterator(
            directory,
            self,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            follow_links=follow_links,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            dtype=self.dtype,
        )

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: str | os.PathLike[str] | None = None,
        x_col: str = "filename",
        y_col: str | list[str] = "class",
        weight_col: str | None = None,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: list[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        keep_aspect_ratio: bool = False,
        **kwargs: Any,
    ) -> DataFrameIterator:
        """Batches of the images named in a column of a pandas frame.

        Parameters
        ----------
        directory : where relative names lie. x_col : the column of names. weight_col : the column of weights.
        y_col : the column of labels; a list of columns for class_mode "multi_output" and "raw".
        class_mode : as for `flow_from_directory`, and "raw" (values), "multi_output" (one array for each column);
            "categorical" takes lists of labels, too.
        validate_filenames : rows without an image file are left out, with a warning that counts them.

        The others are those of `flow_from_directory`.
        """
        return DataFrameIterator(
            dataframe,
            directory,
            self,
            x_col=x_col,
            y_col=y_col,
            weight_col=weight_col,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=_without_old_spellings(class_mode, kwargs),
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            dtype=self.dtype,
            validate_filenames=validate_filenames,
        )

    def standardize(self, x: Pixels) -> Pixels:
        """Preprocess, rescale, centre, scale and whiten one image or a batch, in place where that can be."""
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        return standardize_features(self, standardize_samples(self, rescale(self, x)))

    def get_random_transform(self, img_shape: tuple[int, ...], seed: int | None = None) -> dict[str, Any]:
        """Parameters for one image of a shape, from `np.random`, or from a generator of this seed alone.

        Returns
        -------
        theta, shear in degrees; tx, ty in pixels (positive: content moves left and up); zx, zy factors (above 1:
        the subject is smaller); flip_horizontal, flip_vertical; channel_shift_intensity and brightness or None.
        """
        state = global_state() if seed is None else np.random.RandomState(seed)
        return drawn(self, self.size_of(img_shape), state)

    def apply_transform(self, x: Pixels, transform_parameters: dict[str, Any]) -> Pixels:
        """Change one image by parameters as `get_random_transform` gives them; missing ones change nothing."""
        given = transform_parameters
        row, column, channel = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        moves = {name: given[name] for name in ("theta", "tx", "ty", "shear", "zx", "zy") if name in given}
        border = {"fill_mode": self.fill_mode, "cval": self.cval, "order": self.interpolation_order}
        x = apply_affine_transform(x, row_axis=row, col_axis=column, channel_axis=channel, **border, **moves)
        if given.get("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, given["channel_shift_intensity"], channel)
        if given.get("flip_horizontal", False):
            x = flip_axis(x, column)
        if given.get("flip_vertical", False):
            x = flip_axis(x, row)
        if given.get("brightness") is not None:
            x = self._brightened(x, given["brightness"])
        return x

    def _brightened(self, x: Pixels, factor: float) -> Pixels:
        if not self.channels_first:
            return apply_brightness_shift(x, factor, False)
        return apply_brightness_shift(x.transpose(1, 2, 0), factor, False).transpose(2, 0, 1)

    def random_transform(self, x: Pixels, seed: int | None = None) -> Pixels:
        """`apply_transform` with `get_random_transform`."""
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Find mean, deviation and whitening of training images, as batches will show them.

        Parameters
        ----------
        x : images (n, h, w, c), or an iterator of this generator, which is streamed and never held whole.
            With validation_split, only the training rows of an array are read.
        augment, rounds : look at augmented images, so many times. seed : of their draws.

        Raises
        ------
        LeakError : if x is an iterator that holds validation images.
        """
        images = x if isinstance(x, Batches) else self._training_rows(x, seed)
        keeps_fault = "fitted_validation" in self.faults
        whole = images.subset is None and bool(self._validation_split) and isinstance(x, Batches)
        if not keeps_fault and (images.subset == "validation" or whole):
            raise LeakError("fit: this iterator holds validation images; make it with subset='training'")

        def streamed() -> Any:
            return images.prepared_batches(augment=augment, rounds=rounds)

        if self.featurewise_center or self.featurewise_std_normalization:
            found = moments(streamed, self.channel_axis)
            self.mean = found.mean.astype(self.dtype)
            self.std = found.std.astype(self.dtype) if self.featurewise_std_normalization else self.std
        if self.zca_whitening:
            matrix = whitening(lambda: (batch - self.mean for batch in streamed()), self.zca_epsilon)
            self.zca_whitening_matrix = matrix.astype(self.dtype)

    def _training_rows(self, x: ArrayLike, seed: int | None) -> NumpyArrayIterator:
        subset = "training" if self._validation_split and "fitted_validation" not in self.faults else None
        return NumpyArrayIterator(
            x, None, self, seed=seed, subset=subset, data_format=self.data_format, dtype=self.dtype
        )


def _without_old_spellings(class_mode: str | None, old: dict[str, Any]) -> str | None:
    """The class mode as it is spelled now; arguments of old versions are named in a warning."""
    said = {
        "has_ext": "names must have their extension",
        "sort": "without shuffle, batches follow the rows",
        "drop_duplicates": "use DataFrame.drop_duplicates",
    }
    for name in old:
        if name not in said:
            raise TypeError(f"flow_from_dataframe() got an unexpected keyword argument {name!r}")
        warnings.warn(f"{name} is not used any more: {said[name]}", DeprecationWarning, stacklevel=3)
    if class_mode == "other":
        warnings.warn('class_mode="other" is an old spelling of "raw"', DeprecationWarning, stacklevel=3)
        return "raw"
    return class_mode
