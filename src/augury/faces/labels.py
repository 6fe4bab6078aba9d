"""What a face gives beside the images: one label for each, or their mask."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.errors import AuguryError
from augury.stream.engine import Batch


def check_no_objects(stream: Any, face: str, instead: str = "") -> None:
    """Raise an AuguryError for data with boxes, whose labels are zeros that mean nothing.

    Parameters
    ----------
    instead : a way that this face has for such data.
    """
    table = stream._images.table
    if table.objects is not None:
        raise AuguryError(
            f"{table.root}: {face} gives one label or mask for each image, and these have boxes; {instead}"
            "iterate the stream itself: batch.boxes, batch.box_label, batch.box_sample"
        )


def targets(batch: Batch) -> NDArray[np.int64]:
    """Labels (n,), or of segmentation data masks (n, h, w)."""
    return batch.label if batch.mask is None else batch.mask.astype(np.int64)
