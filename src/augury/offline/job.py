"""Job: what is to be expanded and how, checked before anything is written."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from augury.data.prepare import Prepare
from augury.data.table import Table
from augury.offline.described import legend_of, named, part_of
from augury.offline.encode import Format, encoded, original
from augury.offline.places import Places, has_files, placed
from augury.offline.views import Renderer
from augury.offline.writers.annotated import Annotated, Legend, Writer
from augury.offline.writers.known import WRITERS
from augury.offline.writers.masks import mask_file, mask_path
from augury.stream.threads import ordered
from augury.transforms.base import Transform
from augury.transforms.policies import Policy, walk

Progress = Callable[[str, int, int], None]
A = TypeVar("A")
B = TypeVar("B")
_AHEAD = 4  # tasks for each thread that wait


@dataclass(frozen=True, eq=False)
class Job:
    """An expansion.

    Attributes
    ----------
    rows : of the table, int64 (n,). groups : of each, int64 (n,).
    renderer : makes the views. originals : whether the images themselves are written, too.
    layout : in which format annotations are written; None where each image shows one class.
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
    layout: str | None = None

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
        """All of it, with the names of the files; `how`: seed, views, format, quality, originals, threads, layout."""
        pixels_only = replace(prepare, normalize=None, dtype=None)  # what is written are pixels, not numbers
        renderer = Renderer(table, pixels_only, policy, how.pop("seed"), rows)
        if any(isinstance(node, Transform) and node.mixes for node in walk(policy)):
            groups = np.zeros_like(groups)  # views hold pixels of two samples and more, which must not part
        annotated = None if how["layout"] is None else _annotated_places(table, rows.tolist(), WRITERS[how["layout"]])
        places = placed(table, rows.tolist(), how["views"], how["format"], annotated)
        return cls(rows, groups, renderer, places, **how)

    @property
    def table(self) -> Table:
        """Where the images are."""
        return self.renderer.table

    @cached_property
    def is_of_files(self) -> bool:
        """Whether the images are files, whose bytes are copied."""
        return has_files(self.table)

    @property
    def writer(self) -> Writer:
        """Of the annotations, if there are any."""
        assert self.layout is not None
        return WRITERS[self.layout]

    @cached_property
    def legend(self) -> Legend:
        """What is the same for all images."""
        return legend_of(self.table)

    def place(self, k: int, view: int) -> str:
        """Relative path of a view of image number k of the job, or of the image itself, which is view 0."""
        return self.places.view(k, view) if view else self.places.originals[k]

    @property
    def shown(self) -> range:
        """The views of each image that are written, 0 among them where that is the image itself."""
        return range(0 if self.originals else 1, self.views + 1)

    def names(self, k: int) -> list[str]:
        """Relative paths of all images of image number k of the job, and of their masks."""
        images = [self.place(k, view) for view in self.shown]
        masks = self.shown if self.table.mask is not None else ()
        return [*images, *(mask_path(self.annotated(k, view, (0, 0))) for view in masks)]

    def content(self, k: int) -> Iterator[tuple[str, bytes]]:
        """Relative path and content of each of these files, one after the other."""
        i = int(self.rows[k])
        where = self.table.where(i)
        if self.originals:
            yield self.place(k, 0), original(self.table, i, self.is_of_files)
            if self.table.mask is not None:
                yield self._mask_file(k, 0, self.table.mask(i))
        for v, view in enumerate(self.renderer.views(i, self.views), start=1):
            yield self.place(k, v), encoded(view.image, self.format, self.quality, where)
            if view.mask is not None:
                yield self._mask_file(k, v, view.mask)

    def annotated(self, k: int, view: int, size: tuple[int, int], **marks: Any) -> Annotated:
        """A view of image number k, (height, width) large, as writers take it."""
        i = int(self.rows[k])
        columns = {"group": str(self.groups[k])} if self.layout == "csv" else {}
        name, part = posixpath.basename(self.place(k, view)), part_of(self.table, i, True)
        return Annotated(name, *size, self.table.where(i), part=part, columns=columns, **marks)

    def _mask_file(self, k: int, view: int, mask: NDArray[Any]) -> tuple[str, bytes]:
        height, width = mask.shape
        return mask_file(self.annotated(k, view, (height, width), mask=mask))


def in_order(work: Callable[[A], B], items: Iterable[A], threads: int) -> Iterator[B]:
    """Map over items on threads, in order; few are taken ahead, and none is begun after an error."""
    return ordered((partial(work, item) for item in items), threads, _AHEAD * threads)


def _annotated_places(table: Table, rows: Sequence[int], writer: Writer) -> list[str]:
    """Where a format has the images, relative to the root of the dataset."""
    parts = [part_of(table, i, True) for i in rows]
    names = named(table, rows, parts, writer)
    return [
        writer.image_path(Annotated(name, 1, 1, part=part), legend_of(table))
        for name, part in zip(names, parts, strict=True)
    ]
