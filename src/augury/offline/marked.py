"""Marked: what the annotation files of an expansion say of its images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from augury.data.table import Objects, Polygons, Table
from augury.errors import DataError
from augury.offline.described import marks_of
from augury.offline.job import Job
from augury.offline.writers.annotated import Annotated, counted
from augury.spec import Spec


class Marks(NamedTuple):
    """What a view lost: objects, labelled keypoints of the others, and how often it was drawn anew."""

    dropped_boxes: int = 0
    dropped_keypoints: int = 0
    redrawn: int = 0


def originally(job: Job, k: int, source: Spec) -> Annotated:
    """Image number k of a job with boxes, as its format holds it; a DataError if something would be left out."""
    i, size = int(job.rows[k]), source.shape[:2]
    assert job.table.objects is not None
    image = job.annotated(k, 0, size, **marks_of(job.table.objects.take([i]), *size))
    fitted, lost = job.writer.fitted(image)
    if lost:
        raise DataError(
            f"{image.where}: {job.layout} cannot hold {counted(lost)}; choose another format of annotations, as coco"
        )
    return fitted


def views_of(job: Job, k: int, source: Spec) -> Iterator[tuple[Annotated, Counter[str], Marks]]:
    """Views 1, 2, ... of image number k of a job with boxes: as its format holds each, and what was left out."""
    i = int(job.rows[k])
    for some in job.renderer.parts(source, job.views):
        settled = job.renderer.settled(i, source, some)
        moved, size = settled.moved, settled.lowered[-1].size
        assert moved is not None
        before = len(moved.visible) // len(some)
        for row, view in enumerate(some):
            own = moved.objects.take([row])
            image = job.annotated(k, view, size, **marks_of(own, *size))
            marks = Marks(before - len(own.labels), int(moved.keypoints_out[row]), int(settled.redrawn[row]))
            yield *job.writer.fitted(image), marks


def digest_of_marks(table: Table, i: int) -> str:
    """The blake2b of 16 bytes, in hexadecimal, of all that is marked in image i."""
    found = blake2b(digest_size=16)
    arrays = [] if table.objects is None else _arrays(table.objects.take([i]))
    for array in arrays if table.mask is None else [*arrays, table.mask(i)]:
        found.update(f"{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _arrays(objects: Objects) -> list[NDArray[Any]]:
    fields = [getattr(objects, name) for name in ("boxes", "labels", "keypoints", "quads")]
    if isinstance(objects.polygons, Polygons):
        fields += [objects.polygons.points, objects.polygons.rings, objects.polygons.objects]
    return [field for field in fields if field is not None]
