"""Expand: all of a job, from the first check to the last rename."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from pathlib import Path

import numpy as np

from augury.data.formats.expanded import MANIFEST
from augury.data.opening import open_path
from augury.errors import DataError
from augury.offline.facts import Fact, bytes_needed, facts
from augury.offline.job import Job, Progress, in_order
from augury.offline.manifest import about, digest_of, manifest
from augury.offline.marked import digest_of_marks, originally, views_of
from augury.offline.workplace import Workplace
from augury.offline.writers.annotated import Annotated


@dataclass(frozen=True)
class Expansion:
    """What was written.

    Attributes
    ----------
    path : the folder or zip. sources : images that were expanded. views : of each.
    images : files in all. bytes : of all files with the manifest, or of the zip.
    dropped_boxes, dropped_keypoints, redrawn : of all views, see `Batch`; redrawn counts views.
    left_out : kind -> how many things in views the format of the annotations could not hold.
    """

    path: Path
    sources: int
    views: int
    images: int
    bytes: int
    dropped_boxes: int = 0
    dropped_keypoints: int = 0
    redrawn: int = 0
    left_out: dict[str, int] = field(default_factory=dict)


def expand(job: Job, out: Path, progress: Progress) -> Expansion:
    """Write a job to a folder or .zip that is not there yet; what an earlier run left half done is gone on with.

    The bytes depend on the job alone, not on threads, nor on how often it was stopped.

    Raises
    ------
    DataError : if an image cannot be read, the place is taken, another expansion was begun there, or there is
        not enough room; then nothing is there that was not before.
    """
    place = Workplace(out)
    if not place.is_begun:
        place.check_free()  # at once, and not after all images were read
    known = facts(job, progress)
    said = about(job, digest_of(manifest(job, known)))
    if place.finish_removal(said):
        return _made(job, known, out, out.stat().st_size)
    place.check_free()
    place.check_space(bytes_needed(job, known), len(job.rows) * len(job.shown) * (1 if job.layout is None else 2))
    place.begin(said)
    present = frozenset(place.present())
    work = partial(_one, job, place, known, present)
    for done, _ in enumerate(in_order(work, range(len(job.rows)), job.threads), start=1):
        progress("expanding", done, len(job.rows))
    place.write_pieces(MANIFEST, manifest(job, known))
    names = {name for k in range(len(job.rows)) for name in job.names(k)}
    if job.layout is not None:
        names |= _annotate(job, place, known, progress)
    return _made(job, known, out, place.finish(names, progress))


def _made(job: Job, known: list[Fact], out: Path, size: int) -> Expansion:
    marks = np.array([own for fact in known for own in fact.marks], np.int64).reshape(-1, 3)
    boxes, keypoints, redrawn = marks[:, 0].sum(), marks[:, 1].sum(), (marks[:, 2] > 0).sum()
    lost = Counter[str]()
    for fact in known:
        lost.update(dict(fact.left_out))
    counts = (int(boxes), int(keypoints), int(redrawn), dict(sorted(lost.items())))
    return Expansion(out, len(job.rows), job.views, len(job.rows) * len(job.shown), size, *counts)


def _one(job: Job, place: Workplace, known: list[Fact], present: frozenset[str], k: int) -> None:
    """Write all files of image number k that are not there."""
    if present.issuperset(job.names(k)):
        return
    i = int(job.rows[k])
    fact, read = known[k], blake2b(job.table.read(i), digest_size=16).hexdigest()
    if read != fact.digest or (fact.marks_digest and digest_of_marks(job.table, i) != fact.marks_digest):
        raise DataError(f"{job.table.where(i)}: changed while it was expanded; begin anew")
    for name, content in job.content(k):
        if name not in present:
            place.write(name, content)


def _annotate(job: Job, place: Workplace, known: list[Fact], progress: Progress) -> set[str]:
    """Write all annotation files but masks, which lie beside the images already; returns their names.

    They are written anew even where they are there: their content takes no pixel.
    """
    names: set[str] = set()
    seen = Counter[str]()
    with closing(_images(job, known, seen, progress)) as images:  # ends its threads
        for name, content in job.writer.files(images, job.legend):
            place.write(name, content)
            names.add(name)
    again = open_path(place.folder)
    objects = 0 if again.objects is None else len(again.objects.labels)
    if (len(again), objects) != (len(job.rows) * len(job.shown), seen["objects"]):
        raise DataError(
            f"{place.folder}: is read as {len(again)} images with {objects} objects, and was written otherwise; choose "
            "another format of annotations"
        )
    return names


def _images(job: Job, known: list[Fact], seen: Counter[str], progress: Progress) -> Generator[Annotated, None, None]:
    """Every image of a job with boxes as its format holds it, in order. Counts objects."""
    if job.table.objects is None:
        return
    for done, images in enumerate(in_order(partial(_marked, job, known), range(len(job.rows)), job.threads), start=1):
        for image in images:
            seen["objects"] += len(image.labels)
            yield image
        progress("annotating", done, len(job.rows))


def _marked(job: Job, known: list[Fact], k: int) -> list[Annotated]:
    """Image number k and its views."""
    source = known[k].source
    itself = [originally(job, k, source)] if job.originals else []
    return [*itself, *(image for image, _, _ in views_of(job, k, source))]
