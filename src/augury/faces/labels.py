"""What a face asks of a dataset: one label for each image, or the shares of all classes where samples are mixed."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from augury.errors import AuguryError
from augury.stream.engine import Batch


def check_one_label(stream: Any, face: str) -> None:
    """Raise an AuguryError for data with boxes or masks, whose labels are zeros that mean nothing."""
    table = stream._images.table
    if table.objects is not None or table.mask is not None:
        raise AuguryError(
            f"{table.root}: {face} gives one label for each image, and these have boxes or masks, which come with a "
            "later version; iterate the stream itself: batch.boxes, batch.mask"
        )


def labels_of(batch: Batch) -> NDArray[Any]:
    """int64 (n,), or float32 (n, classes) where the policy mixes labels."""
    return batch.label if batch.soft is None else batch.soft
