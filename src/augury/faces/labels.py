"""What a face gives beside the images: one label for each, the shares of all classes, or their mask."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.errors import AuguryError
from augury.stream.batch import Batch


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


def targets(batch: Batch) -> NDArray[Any]:
    """Labels int64 (n,), or of segmentation data masks int64 (n, h, w).

    Where the policy mixes labels, the shares of all classes, float32 (n, classes).
    """
    if batch.soft is not None:
        return batch.soft
    return batch.label if batch.mask is None else batch.mask.astype(np.int64)
