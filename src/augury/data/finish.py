"""What is done to whole images after the last kernel: each by its own mean and deviation, or whitened.

One image is worked on at a time, so that its bytes do not depend on its batch.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from augury.data.whitening import Whitening

FLAT = 1e-6  # added to deviations, as Keras does: an image without contrast becomes 0
Floats32 = NDArray[np.float32]
Finish = Literal["sample"] | Whitening


def finish(how: Finish, batch: Floats32, channels_first: bool) -> None:
    """Replace finished images by what `how` makes of them, in place.

    Parameters
    ----------
    how : "sample", or a whitening for images of this shape.
    batch : (n, h, w, c) of values 0..1, or (n, c, h, w).
    """
    images = np.moveaxis(batch, 1, -1) if channels_first else batch
    for image in images:
        image[...] = _standardized(image) if how == "sample" else _whitened(image, how)


def in_words(how: Finish) -> str:
    """What is done to each image."""
    if how == "sample":
        return f"minus its own mean, divided by its own standard deviation + {FLAT:g}"
    return f"whitened as fitted on {how.shown_shape} images, epsilon {how.epsilon:g}"


def _standardized(image: Floats32) -> NDArray[np.float64]:
    """Sums are taken in index order, so they are the same on every machine.

    The mean of equal float32 values is exact that way, so they become exactly 0.
    """
    values = image.astype(np.float64, order="C")
    values -= _in_order(values) / values.size
    return np.asarray(values / (np.sqrt(_in_order(values * values) / values.size) + FLAT))


def _in_order(values: NDArray[np.float64]) -> np.float64:
    total: np.float64 = np.add.accumulate(values.ravel())[-1]
    return total


def _whitened(image: Floats32, how: Whitening) -> Floats32:
    centred = (image - how.mean).ravel()
    # not BLAS, whose result can depend on how many threads it takes
    return np.asarray(np.einsum("ij,j->i", how.matrix, centred)).reshape(image.shape)
