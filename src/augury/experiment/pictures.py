"""Pictures of the items of a study, for its page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.compile.program import compile_policy
from augury.experiment.materials import Materials
from augury.shifts import SEED
from augury.stream.engine import Feed
from augury.stream.order import Order
from augury.transforms.policies import Policy

Pixels = NDArray[np.uint8]
_LONGEST = 96  # pixels of the longer side


def pictures(materials: Materials, rows: NDArray[np.int64], policy: Policy | None = None, view: int = 0) -> Pixels:
    """Some items as they are, or as a policy shows them.

    Parameters
    ----------
    rows : int64 (m,). view : another number draws other parameters.

    Returns
    -------
    uint8 (m, h, w, 1 or 3), at most 96 pixels a side; of images with other channels the first one.
    """
    height, width = materials.prepare.size or (1, 1)
    scale = min(_LONGEST, int(materials.shapes[:, :2].max())) / max(height, width)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    prepare = replace(materials.prepare, size=size, normalize=None)
    images = materials.images()
    program = compile_policy(policy or Policy(), prepare, images.source)
    everything = np.arange(len(materials))  # what is mixed in comes from all of it
    order = Order(len(everything), SEED, shuffle=False)
    shown: Any = Feed(images, everything, program, order, len(rows), threads=0, prefetch=0).render(rows, epoch=view)
    image, (low, high) = shown.image, prepare.canvas(images.source).value_range
    image = image[..., :3] if image.shape[-1] in (3, 4) else image[..., :1]
    if image.dtype == np.uint8:
        return np.asarray(image)
    return np.asarray(np.rint((image.astype(np.float64) - low) / (high - low) * 255).clip(0, 255), np.uint8)
