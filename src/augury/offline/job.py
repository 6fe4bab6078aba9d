"""Job: what is to be expanded and how, checked before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from hashlib import blake2b
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from augury.data.prepare import Prepare
from augury.data.table import Table
from augury.errors import DataError
from augury.offline.encode import Format, check_encodable, encoded, original
from augury.offline.places import Places, has_files, placed
from augury.offline.views import Renderer
from augury.stream.engine import ordered
from augury.transforms.base import Transform
from augury.transforms.policies import Policy, walk

Progress = Callable[[str, int, int], None]
A = TypeVar("A")
B = TypeVar("B")
_LONGEST_SIDE = 2**15 - 1  # pixels; kernels count no further
_SAMPLE = 32  # images whose first view is encoded, to know how large all will be
_AHEAD = 4  # tasks for each thread that wait


@dataclass(frozen=True)
class Fact:
    """One image, seen once: the digest of what it is stored from, bytes as it is, pixels of one view."""

    digest: str
    size: int
    pixels: int


@dataclass(frozen=True, eq=False)
class Job:
    """An expansion.

    Attributes
    ----------
    rows : of the table, int64 (n,). groups : of each, int64 (n,).
    renderer : makes the views. originals : whether the images themselves are written, too.
    """

    rows: NDArray[np.int64]
    groups: NDArray[np.int64]
    renderer: Renderer
    places: Places
    views: int
    format: Format
    quality: int | None
    originals: bool
    threads: int

    @classmethod
    def of(
        cls,
        table: Table,
        rows: NDArray[np.int64],
        groups: NDArray[np.int64],
        prepare: Prepare,
        policy: Policy,
        **how: Any,
    ) -> Job:
        """All of it, with the names of the files; `how`: seed, views, format, quality, originals, threads."""
        pixels_only = replace(prepare, normalize=None, dtype=None)  # what is written are pixels, not numbers
        renderer = Renderer(table, pixels_only, policy, how.pop("seed"), rows)
        if any(isinstance(node, Transform) and node.mixes for node in walk(policy)):
            groups = np.zeros_like(groups)  # views hold pixels of two samples and more, which must not part
        places = placed(table, rows.tolist(), how["views"], how["format"])
        return cls(rows, groups, renderer, places, **how)

    @property
    def table(self) -> Table:
        """Where the images are."""
        return self.renderer.table

    @cached_property
    def is_of_files(self) -> bool:
        """Whether the images are files, whose bytes are copied."""
        return has_files(self.table)

    def names(self, k: int) -> list[str]:
        """Relative paths of all files of image number k of the job."""
        itself = [self.places.originals[k]] if self.originals else []
        return [*itself, *(self.places.view(k, v) for v in range(1, self.views + 1))]

    def content(self, k: int) -> Iterator[tuple[str, bytes]]:
        """Relative path and content of each of these files, one after the other."""
        i = int(self.rows[k])
        where = self.table.where(i)
        if self.originals:
            yield self.places.originals[k], original(self.table, i, self.is_of_files)
        for v, image in enumerate(self.renderer.views(i, self.views), start=1):
            yield self.places.view(k, v), encoded(image, self.format, self.quality, where)


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
        canvas, world = job.renderer.canvas(i)
        check_encodable(canvas, job.format, where)
        if max(*world.shape[:2], *canvas.shape[:2]) > _LONGEST_SIDE:
            raise DataError(f"{where}: has a side of more than {_LONGEST_SIDE} pixels; make it smaller")
        stored = job.table.read(i)
        size = len(stored) if job.is_of_files else len(original(job.table, i, False))
    except DataError as error:
        return error
    return Fact(blake2b(stored, digest_size=16).hexdigest(), size, canvas.height * canvas.width)


def bytes_needed(job: Job, known: Sequence[Fact]) -> int:
    """About how many bytes the images take: the first views of some are made, the others follow their pixels."""
    sample = np.unique(np.linspace(0, len(job.rows) - 1, _SAMPLE).astype(int)).tolist()
    made = sum(len(_first_view(job, k)) for k in sample)
    shown = sum(known[k].pixels for k in sample)
    views = job.views * sum(fact.pixels for fact in known) * made / shown
    return int(views + job.originals * sum(fact.size for fact in known))


def _first_view(job: Job, k: int) -> bytes:
    i = int(job.rows[k])
    return encoded(next(job.renderer.views(i, 1)), job.format, job.quality, job.table.where(i))


def in_order(work: Callable[[A], B], items: Iterable[A], threads: int) -> Iterator[B]:
    """Map over items on threads, in order; few are taken ahead, and none is begun after an error."""
    return ordered((partial(work, item) for item in items), threads, _AHEAD * threads)
