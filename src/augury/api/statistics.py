"""Statistics of a training part, for `prepare(normalize=...)`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from augury.api.dataset import Dataset
from augury.api.training import check_training
from augury.data.statistics import Statistics, moments
from augury.errors import DataError


def statistics(part: Dataset) -> Statistics:
    """Mean and standard deviation of every channel over all pixels of a training part, as it is prepared.

    Every image is read once; only one batch is held. The bars of fit="pad" count. A `normalize` that is set
    already does not change the result. The deviation is that of the population (divided by n).

    Parameters
    ----------
    part : the training part of a split, or a dataset that is not divided.

    Raises
    ------
    AuguryError : for a part under a shift.
    LeakError : for validation and test parts, and for a dataset that comes divided into parts.
    DataError : if an image cannot be read, or a channel has the same value everywhere.

    Examples
    --------
    >>> import augury as ag
    >>> images = np.zeros((4, 2, 2, 1), np.uint8)
    >>> images[:2] = 255
    >>> data = ag.from_arrays(images, [0, 0, 1, 1])
    >>> ag.statistics(data)
    Statistics(mean=(0.5,), std=(0.5,))
    >>> next(iter(data.prepare(normalize=ag.statistics(data)).stream(shuffle=False))).image.ravel()[[0, -1]]
    array([ 1., -1.], dtype=float32)
    """
    check_training(part, "statistics")
    root = part._table.root
    unit = replace(part, _prepare=replace(part._prepare, normalize="unit", dtype=None), _images={})
    mean, std = moments(batch.image for batch in unit.stream(shuffle=False, cache=0))
    for channel in np.flatnonzero(std < 1e-12):  # the rounding of equal values
        raise DataError(f"{root}: channel {channel} is {mean[channel]:g} everywhere; leave it out, or normalize='unit'")
    return Statistics(tuple(mean.tolist()), tuple(std.tolist()))
