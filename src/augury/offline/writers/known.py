"""Known: the formats by their names."""

from __future__ import annotations

from collections.abc import Mapping

from augury.offline.writers import coco, folders, masks, table, voc, yolo
from augury.offline.writers.annotated import Writer

WRITERS: Mapping[str, Writer] = {
    "coco": coco, "yolo": yolo, "voc": voc, "masks": masks, "csv": table, "folders": folders
}  # fmt: skip
