"""Convert: a dataset written in another format, all of it or nothing."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from augury.data.opening import open_path
from augury.data.table import Table
from augury.errors import DataError
from augury.offline.described import described, legend_of, named, part_of
from augury.offline.encode import check_encodable, original
from augury.offline.job import Progress, in_order
from augury.offline.places import has_files
from augury.offline.workplace import PACKED, Workplace
from augury.offline.writers.annotated import SEVERAL, Annotated, Legend, Writer, counted
from augury.offline.writers.known import WRITERS
from augury.spec import Spec


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes
    ----------
    path : the folder or zip. format : how. images, objects : how many. left_out : kind -> how many of it the format
        could not hold. bytes : of all files, or of the zip.
    """

    path: Path
    format: str
    images: int
    objects: int
    left_out: dict[str, int]
    bytes: int


@dataclass(frozen=True, eq=False)
class Conversion:
    """What is to be written; `rows` of the table, and whether these are all. `groups` : of each row, or none."""

    table: Table
    rows: Sequence[int]
    whole: bool
    groups: Sequence[str] | None
    format: str
    lossy: bool
    threads: int

    @property
    def writer(self) -> Writer:
        """The format's own functions."""
        return WRITERS[self.format]

    @cached_property
    def is_of_files(self) -> bool:
        """Whether the images are files, whose bytes are copied."""
        return has_files(self.table)

    @cached_property
    def legend(self) -> Legend:
        """What is the same for all images."""
        return legend_of(self.table)


def convert(job: Conversion, out: Path, progress: Progress) -> Written:
    """Write a dataset to a folder or .zip that is not there yet; see `api.write.write` for the errors.

    The files grow in the folder `out` + ".part", which is opened again as a dataset before it gets its name: what
    would be read as something else is not handed out. After any error nothing is left.
    """
    place = Workplace(out)
    place.check_free()
    if place.is_begun:
        raise DataError(f"{place.folder}: is in the way; remove it, or give another place than {out}")
    parts = [part_of(job.table, i, job.whole) for i in job.rows]
    names = named(job.table, job.rows, parts, job.writer)
    try:
        place.folder.mkdir(parents=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{place.folder}: cannot be written ({reason}); choose another place") from None
    lost, seen = Counter[str](), Counter[str]()
    try:
        with closing(_images(job, place, names, parts, lost, seen, progress)) as images:  # ends its threads
            for name, content in job.writer.files(images, job.legend):
                place.write(name, content)
        _check_read_again(job, place, seen)
        return _finished(job, place, lost, seen, progress)
    finally:
        shutil.rmtree(place.folder, ignore_errors=True)  # gone already where all went well and it is a folder


def _images(
    job: Conversion,
    place: Workplace,
    names: Sequence[str],
    parts: Sequence[str | None],
    lost: Counter[str],
    seen: Counter[str],
    progress: Progress,
) -> Generator[Annotated, None, None]:
    """Images as the format can hold them, once their files are written. Counts what is left out, and classes."""
    work = partial(_one, job, place, names, parts)
    for done, (image, gone) in enumerate(in_order(work, range(len(names)), job.threads), start=1):
        lost.update(gone)
        labels = image.labels.tolist() if image.label is None else [image.label]
        seen.update(job.table.classes[label] for label in labels)
        yield image
        progress("writing", done, len(names))


def _one(
    job: Conversion, place: Workplace, names: Sequence[str], parts: Sequence[str | None], k: int
) -> tuple[Annotated, Counter[str]]:
    """Write the file of image number k; returns it with what is left out."""
    table, i = job.table, job.rows[k]
    columns = {} if job.groups is None else {"group": job.groups[k]}
    image, lost = job.writer.fitted(described(table, i, names[k], parts[k], columns))
    if lost and not job.lossy:
        raise DataError(
            f"{image.where}: {job.format} cannot hold {counted(lost)}; choose another format, or give lossy=True "
            "(--lossy) to leave such things out and count them"
        )
    place.write(job.writer.image_path(image, job.legend), _image_file(job, i))
    return image, lost


def _kinds(lost: Counter[str]) -> dict[str, int]:
    """What is left out, as people are told."""
    return {SEVERAL.get(name, name): count for name, count in sorted(lost.items())}


def _image_file(job: Conversion, i: int) -> bytes:
    """The file of image i as it is, or its array as a PNG."""
    table = job.table
    if not job.is_of_files:
        pixels = table.decode(i)
        height, width, channels = pixels.shape
        dtype: Any = pixels.dtype.name
        check_encodable(Spec.image(height, width, channels, dtype, table.value_range), "png", table.where(i))
    return original(table, i, job.is_of_files)


def _check_read_again(job: Conversion, place: Workplace, seen: Counter[str]) -> None:
    """Raise a DataError unless the folder is read as the images and classes that were written."""
    root = str(place.folder)
    try:
        table = open_path(root)
    except DataError as error:
        raise DataError(f"{place.out}: could not be read again as {job.format} ({error}); choose another") from None
    if len(table) != len(job.rows) or _classes_of(table) != +seen:
        raise DataError(
            f"{place.out}: would be read as {len(table)} images of {len(table.classes)} classes, not as it was "
            f"({len(job.rows)} of {len(job.table.classes)}), as names look like another layout; choose another format"
        )


def _classes_of(table: Table) -> Counter[str]:
    """How often each class is named, by images or boxes; of masks nothing, as no pixel is counted."""
    if table.mask is not None:
        return Counter()
    labels = table.labels if table.objects is None else table.objects.labels
    return Counter(table.classes[label] for label in labels.tolist())


def _finished(job: Conversion, place: Workplace, lost: Counter[str], seen: Counter[str], progress: Progress) -> Written:
    """Give the result its name."""
    files = place.present()
    if place.is_zip:
        place.pack(sorted(files), progress)
    place.check_free()
    made = place.folder / PACKED if place.is_zip else place.folder
    size = made.stat().st_size if place.is_zip else sum(files.values())
    try:
        os.rename(made, place.out)
    except OSError as error:
        raise DataError(f"{place.out}: cannot be written ({error.strerror}); choose another place") from None
    objects = 0 if job.table.objects is None else seen.total()
    return Written(place.out, job.format, len(job.rows), objects, _kinds(lost), size)
