"""Whitening of a training part, for `prepare(normalize=...)`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from augury.api.dataset import Dataset
from augury.api.training import check_training
from augury.data.whitening import MOST_VALUES, Whitening, checked_epsilon, covariance, whitening_matrix
from augury.errors import DataError


def whitening(part: Dataset, epsilon: float = 1e-6) -> Whitening:
    """ZCA whitening of a training part, as it is prepared: to mean 0, variance 1 and no correlation of its values.

    Every image is read once; memory grows with the values of an image, not with the number of images. A `normalize`
    that is set already does not change the result.

    Parameters
    ----------
    part : the training part of a split, or a dataset that is not divided.
    epsilon : added to the variances, of values 0..1. Directions in which training images hardly vary are multiplied
        by up to 1 / sqrt(epsilon), in other images too; with fewer images than values an image, try 0.01 to 0.1.

    Raises
    ------
    AuguryError : for a part under a shift.
    LeakError : for validation and test parts, and for a dataset that comes divided into parts.
    DataError : if an image cannot be read, has more than 4096 values, or all are the same.

    Examples
    --------
    >>> import augury as ag
    >>> images = np.random.default_rng(0).integers(0, 256, (100, 4, 4, 1), np.uint8)
    >>> data = ag.from_arrays(images, np.arange(100) % 2)
    >>> white = data.prepare(normalize=ag.whitening(data))
    >>> flat = next(iter(white.stream(batch_size=100))).image.reshape(100, 16)
    >>> np.allclose(np.cov(flat.T, bias=True), np.eye(16), atol=1e-3)
    True
    """
    check_training(part, "whitening")
    epsilon, root = checked_epsilon(epsilon), part._table.root
    unit = replace(part, _prepare=replace(part._prepare, normalize="unit", dtype=None), _images={})
    shape = unit.spec.shape
    values, shown = int(np.prod(shape)), "x".join(map(str, shape))
    if values > MOST_VALUES:
        raise DataError(
            f"{root}: whitening {shown} images takes a matrix of {8 * values**2 / 2**30:.1f} GiB; it can be done for "
            f"at most {MOST_VALUES} values an image, use prepare(size=(32, 32))"
        )
    mean, spread = covariance(batch.image for batch in unit.stream(shuffle=False, cache=0))
    if np.trace(spread) < 1e-12 * values:  # the rounding of equal values
        raise DataError(f"{root}: all images are the same, so there is nothing to whiten; give images that differ")
    matrix = whitening_matrix(spread, epsilon)
    return Whitening(mean.reshape(shape).astype(np.float32), matrix.astype(np.float32), epsilon)
