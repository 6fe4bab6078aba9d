"""Expand: all of a job, from the first check to the last rename."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path

from augury.data.formats.expanded import MANIFEST
from augury.errors import DataError
from augury.offline.job import Fact, Job, Progress, bytes_needed, facts, in_order
from augury.offline.manifest import about, digest_of, manifest
from augury.offline.workplace import Workplace


@dataclass(frozen=True)
class Expansion:
    """What was written.

    Attributes
    ----------
    path : the folder or zip. sources : images that were expanded. views : of each.
    images : files in all. bytes : of all files with the manifest, or of the zip.
    """

    path: Path
    sources: int
    views: int
    images: int
    bytes: int


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
    count = len(job.rows) * (job.views + job.originals)
    if place.finish_removal(said):
        return Expansion(out, len(job.rows), job.views, count, out.stat().st_size)
    place.check_free()
    place.check_space(bytes_needed(job, known), count)
    place.begin(said)
    present = frozenset(place.present())
    work = partial(_one, job, place, known, present)
    for done, _ in enumerate(in_order(work, range(len(job.rows)), job.threads), start=1):
        progress("expanding", done, len(job.rows))
    place.write_pieces(MANIFEST, manifest(job, known))
    names = (name for k in range(len(job.rows)) for name in job.names(k))
    size = place.finish(names, progress)
    return Expansion(out, len(job.rows), job.views, count, size)


def _one(job: Job, place: Workplace, known: list[Fact], present: frozenset[str], k: int) -> None:
    """Write all files of image number k that are not there."""
    if present.issuperset(job.names(k)):
        return
    i = int(job.rows[k])
    if blake2b(job.table.read(i), digest_size=16).hexdigest() != known[k].digest:
        raise DataError(f"{job.table.where(i)}: changed while it was expanded; begin anew")
    for name, content in job.content(k):
        if name not in present:
            place.write(name, content)
