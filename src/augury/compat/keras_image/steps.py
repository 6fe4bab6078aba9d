"""What follows the geometry, on whole batches (n, ...) in place: tone, functions, scale, statistics."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.compat.keras_image.arguments import Arguments
from augury.compat.keras_image.preprocess import mode_of
from augury.compat.keras_image.problems import ArgumentError

Pixels = NDArray[Any]
_EACH = (1, 2, 3)


def shift_channels(batch: Pixels, amounts: Pixels) -> Pixels:
    """Add amounts (n,), one an image, and cut to the image's own smallest and largest value."""
    low, high = (end(batch, axis=_EACH, keepdims=True) for end in (np.min, np.max))
    batch += amounts.astype(batch.dtype).reshape(-1, 1, 1, 1)
    return np.clip(batch, low, high, out=batch)


def brighten(batch: Pixels, factors: Pixels, channel_axis: int) -> Pixels:
    """Multiply whole levels by factors (n,), one an image; alpha stays.

    Images with values outside 0..255 are stretched to it and back.
    """
    low, high = (end(batch, axis=_EACH, keepdims=True) for end in (np.min, np.max))
    rows = np.flatnonzero((low < 0) | (high > 255))
    low, span = low[rows], (high - low)[rows]
    if len(rows):
        batch[rows] = (batch[rows] - low) * (255 / np.where(span > 0, span, 1))
    np.floor(batch, out=batch)
    color = np.moveaxis(batch, channel_axis, -1)
    color = color[..., :3] if color.shape[-1] == 4 else color
    color *= factors.astype(batch.dtype).reshape(-1, 1, 1, 1)
    np.minimum(np.floor(color, out=color), 255, out=color)
    if len(rows):
        batch[rows] = batch[rows] / 255 * span + low
    return batch


def preprocess(arguments: Arguments, batch: Pixels) -> Pixels:
    """Call preprocessing_function: Keras's own once for the batch, any other once for each image."""
    function = arguments.preprocessing_function
    if not function or not len(batch):
        return batch
    if mode_of(function) is not None:
        return np.ascontiguousarray(function(batch))
    for i, image in enumerate(batch):
        result = np.asarray(function(image))
        if result.shape != image.shape:
            raise ArgumentError(
                f"preprocessing_function: returned shape {result.shape} for an image of {image.shape}; keep the shape"
            )
        batch[i] = result
    return batch


def rescale(arguments: Arguments, x: Pixels) -> Pixels:
    """Multiply by `rescale`."""
    if arguments.rescale:
        x *= arguments.rescale
    return x


def standardize_samples(arguments: Arguments, x: Pixels) -> Pixels:
    """Centre and scale every image by its own mean and standard deviation; x is one image or a batch."""
    each = (-3, -2, -1)
    if arguments.samplewise_center:
        x -= np.mean(x, axis=each, keepdims=True)
    if arguments.samplewise_std_normalization:
        x /= np.std(x, axis=each, keepdims=True) + 1e-6
    return x


def standardize_features(arguments: Arguments, x: Pixels) -> Pixels:
    """Centre, scale and whiten by what `fit` found; x is one image or a batch. Warns where nothing was fitted."""
    a = arguments
    if a.featurewise_center and _fitted(a.mean, "featurewise_center"):
        x -= a.mean
    if a.featurewise_std_normalization and _fitted(a.std, "featurewise_std_normalization"):
        x /= a.std + 1e-6
    if a.zca_whitening and _fitted(a.zca_whitening_matrix, "zca_whitening"):
        flat = x.reshape(-1, int(np.prod(x.shape[-3:])))
        x = np.asarray(flat @ a.zca_whitening_matrix, x.dtype).reshape(x.shape)
    return x


def _fitted(value: Any, name: str) -> bool:
    if value is None:
        warnings.warn(f"{name}=True, but nothing was fitted; call fit(...) on training images first", stacklevel=4)
    return value is not None
