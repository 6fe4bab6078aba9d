"""Mean, deviation and whitening, streamed: memory does not grow with the number of images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.compat.keras_image.problems import ArgumentError
from augury.data.statistics import moments as channel_moments
from augury.data.whitening import products
from augury.stream.cache import quarter_of_free_memory

Floats = NDArray[np.float64]
Batches = Callable[[], Iterable[NDArray[np.floating]]]


@dataclass(frozen=True)
class Moments:
    """Of each channel, shaped to be broadcast over one image. mean, std : (1, 1, c) or (c, 1, 1)."""

    mean: Floats
    std: Floats


def moments(batches: Batches, channel_axis: int) -> Moments:
    """Mean and standard deviation of every channel over all pixels of all images.

    Parameters
    ----------
    batches : gives batches (n, ...) with four axes, as often as it is called.
    channel_axis : 1 or 3.
    """
    seen = False

    def channels_last() -> Iterator[NDArray[Any]]:
        nonlocal seen
        for batch in batches():
            seen = True
            yield np.moveaxis(np.asarray(batch), channel_axis, 3)

    found = channel_moments(channels_last())
    if not seen:
        raise ArgumentError("fit: no images; give the training images")
    shape = [-1 if axis == channel_axis else 1 for axis in range(1, 4)]
    return Moments(*(values.reshape(shape) for values in found))


def whitening(batches: Batches, epsilon: float) -> Floats:
    """The ZCA matrix (d, d) of flattened images of d values: U diag(sqrt(n) / (s + epsilon)) U'.

    U and s are the left singular vectors and singular values of the matrix (d, n) of all images. Up to d
    images these are kept and decomposed; from then on only their products (d, d) are.

    Raises
    ------
    ArgumentError : if matrices of d x d do not fit the memory.
    """
    few: list[NDArray[np.floating]] = []
    n = d = 0
    rest = iter(batches())
    for batch in rest:
        few.append(batch)
        n, d = n + len(batch), int(np.prod(batch.shape[1:]))
        _check_size(d)
        if n > d:
            break
    if n > d:
        n, _, summed = products(chain(few, rest))
        squared, u = np.linalg.eigh(summed)
        s = np.sqrt(np.maximum(squared, 0.0))
    else:
        rows = np.concatenate(few).reshape(n, d).astype(np.float64)
        u, s, _ = np.linalg.svd(rows.T, full_matrices=False)
    return np.asarray((u * (np.sqrt(n) / (s + epsilon))) @ u.T)


def _check_size(d: int) -> None:
    """Products, vectors and the decomposition's own memory are about five such matrices."""
    needed, free = 5 * 8 * d * d, 4 * quarter_of_free_memory()
    if needed > free:
        raise ArgumentError(
            f"zca_whitening: images of {d} values need {needed / 2**30:.0f} GiB, {free / 2**30:.0f} GiB are free; "
            "use smaller images (32x32x3 needs 0.4 GiB)"
        )
