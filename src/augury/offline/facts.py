"""Facts: what is known of each image before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np

from augury.errors import DataError
from augury.offline.encode import check_encodable, encoded, original
from augury.offline.job import Job, Progress, in_order
from augury.offline.marked import Marks, digest_of_marks, originally, views_of
from augury.offline.writers.masks import mask_file
from augury.spec import Spec

_LONGEST_SIDE = 2**15 - 1  # pixels; kernels count no further
_SAMPLE = 32  # images whose first view is encoded, to know how large all will be


@dataclass(frozen=True)
class Fact:
    """One image, seen once.

    Attributes
    ----------
    digest : of what it is stored from. size : bytes as it is. pixels : of one view. source : see `Renderer.opened`.
    marks_digest : see `digest_of_marks`; "" without annotations.
    marks : of each view; none without boxes. left_out : kind -> how much of the views the format cannot hold.
    """

    digest: str
    size: int
    pixels: int
    source: Spec
    marks_digest: str = ""
    marks: tuple[Marks, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()


def facts(job: Job, progress: Progress) -> list[Fact]:
    """Decode every image once, so that a broken one is known before anything is written.

    Raises
    ------
    DataError : if images cannot be read, or not be written in this format, naming the first and counting them.
    """
    found: list[Fact] = []
    problems: list[DataError] = []
    for fact in in_order(lambda k: _fact(job, k), range(len(job.rows)), job.threads):
        (problems if isinstance(fact, DataError) else found).append(fact)  # type: ignore[arg-type]
        progress("checking", len(found) + len(problems), len(job.rows))
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise type(problems[0])(f"{problems[0]} (the first of {len(problems)} such images)")
    return found


def _fact(job: Job, k: int) -> Fact | DataError:
    i = int(job.rows[k])
    where = job.table.where(i)
    try:
        source, image = job.renderer.opened(i)
        canvas = job.renderer.prepare.canvas(source)
        check_encodable(canvas, job.format, where)
        if max(*job.renderer.prepare.frame(image).shape[:2], *canvas.shape[:2]) > _LONGEST_SIDE:
            raise DataError(f"{where}: has a side of more than {_LONGEST_SIDE} pixels; make it smaller")
        stored = job.table.read(i)
        size = len(stored) if job.is_of_files else len(original(job.table, i, False))
        found = Fact(blake2b(stored, digest_size=16).hexdigest(), size, canvas.height * canvas.width, source)
        return found if job.layout is None else _with_marks(job, k, found)
    except DataError as error:
        return error


def _with_marks(job: Job, k: int, fact: Fact) -> Fact:
    i = int(job.rows[k])
    marks: list[Marks] = []
    lost = Counter[str]()
    if job.table.mask is not None:
        job.renderer.mask(i, fact.source)
    else:
        originally(job, k, fact.source)
        for _, gone, own in views_of(job, k, fact.source):
            marks.append(own)
            lost.update(gone)
    return replace(
        fact,
        marks_digest=digest_of_marks(job.table, i),
        marks=tuple(marks),
        left_out=tuple(sorted(lost.items())),
    )


def bytes_needed(job: Job, known: Sequence[Fact]) -> int:
    """About how many bytes all takes: the first views of some are made, the others follow their pixels."""
    sample = np.unique(np.linspace(0, len(job.rows) - 1, _SAMPLE).astype(int)).tolist()
    made = np.array([_first_view(job, known, k) for k in sample]).sum(axis=0)
    each = made / sum(known[k].pixels for k in sample)  # bytes of images, and of annotations, for each pixel
    shown = sum(fact.pixels for fact in known)
    images = job.views * shown * each[0] + job.originals * sum(fact.size for fact in known)
    return int(images + len(job.shown) * shown * each[1])


def _first_view(job: Job, known: Sequence[Fact], k: int) -> tuple[int, int]:
    """Bytes of the first view of image number k, and of its annotations."""
    i = int(job.rows[k])
    view = next(job.renderer.views(i, 1))
    image = len(encoded(view.image, job.format, job.quality, job.table.where(i)))
    if view.mask is not None:
        height, width = view.mask.shape
        return image, len(mask_file(job.annotated(k, 1, (height, width), mask=view.mask))[1])
    if job.layout is None:
        return image, 0
    marked = next(views_of(job, k, known[k].source))[0]
    return image, sum(len(content) for _, content in job.writer.files([marked], job.legend))
