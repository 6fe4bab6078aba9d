"""Preview: pictures of what training gets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from augury.api.dataset import Dataset
from augury.report.contact_sheet import Sheet, write_sheet
from augury.stream.order import Order
from augury.transforms.policies import Policy


def preview(data: Dataset, policy: Policy, out: str | Path, *, samples: int = 8, views: int = 8, seed: int = 0) -> Path:
    """Write a contact sheet: originals left, then the sample as training gets it in epochs 0, 1, 2, ...

    Parameters
    ----------
    out : .png or .html file. samples, views : rows and columns; samples are spread over the classes.
    """
    shown = replace(data, _prepare=replace(data._prepare, normalize=None, dtype=None))
    rows = _spread(data.labels, samples)
    plain = shown.stream(seed=seed, threads=0)
    stream = shown.stream(policy, seed=seed, threads=0)
    sheet = Sheet(
        originals=plain.samples(rows).image,
        views=np.stack([stream.samples(rows, epoch).image for epoch in range(views)], axis=1),
        names=[data.paths[row] for row in rows],
        labels=[data.classes[data.labels[row]] for row in rows],
        white=shown.spec.value_range[1],
        explanation=stream.explain(),
        title=f"{len(data)} images of {len(data.classes)} classes, seed {seed}",
    )
    return write_sheet(sheet, Path(out))


def _spread(labels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The first rows of every class in turn, at most `count`."""
    return np.unique(Order(len(labels), seed=0, shuffle=False, balance=labels).at(0, np.arange(count))[0])
