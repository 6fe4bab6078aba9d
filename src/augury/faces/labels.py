"""What a face asks of a dataset: one label for each image."""

from __future__ import annotations

from typing import Any

from augury.errors import AuguryError


def check_one_label(stream: Any, face: str) -> None:
    """Raise an AuguryError for data with boxes or masks, whose labels are zeros that mean nothing."""
    table = stream._images.table
    if table.objects is not None or table.mask is not None:
        raise AuguryError(
            f"{table.root}: {face} gives one label for each image, and these have boxes or masks, which come with a "
            "later version; iterate the stream itself: batch.boxes, batch.mask"
        )
