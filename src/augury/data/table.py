"""Table: the samples of a dataset, before anything is decoded."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

PARTS = ("train", "val", "test")
_THREADS, _BLOCK = 4, 64  # for digests: files read at once, and files handed to a thread at once


@dataclass(frozen=True, eq=False)
class Polygons:
    """Outlines of objects; object i owns rings objects[i] to objects[i + 1], none or several.

    Attributes
    ----------
    points : float32 (p, 2), x and y in the unit of the boxes. A ring is closed without repeating its first point.
    rings : int64 (r + 1,), ascending from 0 to p: ring j owns points rings[j] to rings[j + 1].
    objects : int64 (m + 1,), ascending from 0 to r.
    """

    points: NDArray[np.float32]
    rings: NDArray[np.int64]
    objects: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64]) -> Polygons:
        """The outlines of some objects, in their order."""
        objects, rings = _gathered(self.objects, rows)
        starts, points = _gathered(self.rings, rings)
        return Polygons(self.points[points], starts, objects)

    @classmethod
    def joined(cls, several: Sequence[Polygons]) -> Polygons:
        """The outlines of all, one after the other."""
        points = np.concatenate([one.points for one in several])
        return cls(points, _after([one.rings for one in several]), _after([one.objects for one in several]))

    def of(self, row: int) -> list[NDArray[np.float32]]:
        """The rings of one object, (n, 2) each."""
        numbers = range(self.objects[row], self.objects[row + 1])
        return [self.points[self.rings[j] : self.rings[j + 1]] for j in numbers]


@dataclass(frozen=True, eq=False)
class Objects:
    """What is marked in the images of a detection dataset; sample i owns rows starts[i] to starts[i + 1].

    Attributes
    ----------
    starts : int64 (n + 1,), ascending from 0 to m.
    boxes : float32 (m, 4), x0 y0 x1 y1 in source pixels, edges (pixel 0 spans 0..1), or as fractions of
        the image's width and height where `fractions` says so.
    labels : int64 (m,), indices into the table's classes.
    fractions : whether lengths are fractions of the image.
    keypoints : float32 (m, k, 3): x and y in the same unit (the centre of pixel 0 is 0.5), and 0 = not labelled
        (then x and y are 0), 1 = hidden, 2 = visible.
    keypoint_names : k names; none where the source has none.
    keypoint_swaps : pairs of keypoints that change places when the image is mirrored.
    polygons : outlines; boxes are the source's own, or the upright ones around them.
    quads : float32 (m, 4, 2), corners of rotated boxes, in order around; boxes are the upright ones around them.
    """

    starts: NDArray[np.int64]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    fractions: bool = False
    keypoints: NDArray[np.float32] | None = None
    keypoint_names: tuple[str, ...] = ()
    keypoint_swaps: tuple[tuple[int, int], ...] = ()
    polygons: Polygons | None = None
    quads: NDArray[np.float32] | None = None

    @classmethod
    def joined(cls, several: Sequence[Objects]) -> Objects:
        """The samples of all, one after the other; what is marked must be of the same kinds and unit."""

        def column(name: str) -> Any:
            columns = [getattr(one, name) for one in several]
            return None if columns[0] is None else np.concatenate(columns)

        outlines = [one.polygons for one in several if one.polygons is not None]
        return replace(
            several[0],
            starts=_after([one.starts for one in several]),
            polygons=Polygons.joined(outlines) if outlines else None,
            **{name: column(name) for name in ("boxes", "labels", "keypoints", "quads")},
        )

    def take(self, samples: Sequence[int] | NDArray[np.int64]) -> Objects:
        """The objects of some samples, in the order of these, which may come twice."""
        starts, rows = _gathered(self.starts, np.asarray(samples, np.int64))
        return replace(self.rows(rows), starts=starts)

    def rows(self, rows: NDArray[np.int64]) -> Objects:
        """Some objects, in their order; `starts` is left as it is, and must be given anew."""
        return replace(
            self,
            boxes=self.boxes[rows],
            labels=self.labels[rows],
            keypoints=None if self.keypoints is None else self.keypoints[rows],
            polygons=None if self.polygons is None else self.polygons.take(rows),
            quads=None if self.quads is None else self.quads[rows],
        )


@dataclass(frozen=True, eq=False)
class Table:
    """Samples in a fixed order: what each is called, what it shows, and where it is read from.

    Attributes
    ----------
    root : the folder, zip or array, as messages show it.
    paths : relative posix paths, or "row 17" of arrays.
    labels : int64 (n,), indices into `classes`. Of detection and segmentation data 0, as no image has one label.
    classes : names.
    read : row -> encoded bytes of the file, or raw bytes of the array; digests are made of them.
    decode : row -> (h, w, c), RGB order, own or read-only memory.
    value_range : black and white of float arrays; None for files and integers.
    groups : int64 (n,), equal where the source itself says that samples belong together (a column, a
        manifest); None where it says nothing.
    parts : int8 (n,), indices into PARTS where the source is divided already; None where it is not.
    objects : boxes of a detection dataset, whose names are in `classes`.
    mask : row -> (h, w) uint8 or uint16, class or instance numbers, of a segmentation dataset.
    notes : one line for each kind of thing that lies in the source and gave no sample or no box.
    layout : the annotations that were read: coco, yolo, voc, masks or csv; None where there are none.
    """

    root: str
    paths: Sequence[str]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    read: Callable[[int], bytes]
    decode: Callable[[int], NDArray[Any]]
    value_range: tuple[float, float] | None = None
    groups: NDArray[np.int64] | None = None
    parts: NDArray[np.int8] | None = None
    objects: Objects | None = None
    mask: Callable[[int], NDArray[Any]] | None = None
    notes: tuple[str, ...] = ()
    layout: str | None = None

    def __len__(self) -> int:
        return len(self.paths)

    @cached_property
    def ids(self) -> NDArray[np.uint64]:
        """uint64 (n,) below 2**48: draw addresses, hashed from the paths."""
        return np.array([_address(path) for path in self.paths], np.uint64)

    @cached_property
    def digests(self) -> NDArray[np.uint8]:
        """uint8 (n, 16), read-only: the digest of every sample; reads every file, once."""
        blocks = [range(i, min(i + _BLOCK, len(self))) for i in range(0, len(self), _BLOCK)]
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="augury") as pool:
            found = pool.map(lambda block: b"".join(self.digest(i) for i in block), blocks)
            return np.frombuffer(b"".join(found), np.uint8).reshape(-1, 16)

    def digest(self, i: int) -> bytes:
        """16 bytes that are equal for equal content; reads the file."""
        return blake2b(self.read(i), digest_size=16).digest()

    def where(self, i: int) -> str:
        """Sample i, as messages name it."""
        return posixpath.join(self.root, self.paths[i])  # paths of a table may be absolute


def among(digests: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which of some digests, uint8 (n, k), are among others, uint8 (m, k): bool (n,)."""
    width = digests.shape[1]
    given, held = (np.ascontiguousarray(rows).reshape(-1).view(f"S{width}") for rows in (digests, others))
    return np.isin(given, held)


def numbered(names: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Class names of samples -> indices int64 (n,) and the sorted names they point into.

    Examples
    --------
    >>> numbered(["dog", "cat", "dog"])
    (array([1, 0, 1]), ('cat', 'dog'))
    """
    classes = tuple(sorted(set(names)))
    index = {name: k for k, name in enumerate(classes)}
    return np.array([index[name] for name in names], np.int64), classes


def _gathered(starts: NDArray[np.int64], which: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Some blocks of rows, in another order: where each now starts, and all their rows, one after the other."""
    counts = starts[which + 1] - starts[which]
    ends = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return ends, np.repeat(starts[which] - ends[:-1], counts) + np.arange(ends[-1])


def _after(starts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Starts of blocks (n + 1,), each beginning where the one before it ends."""
    counts = np.concatenate([np.diff(own) for own in starts])
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _address(path: str) -> int:
    # surrogates stand for bytes of a file name that are not UTF-8
    data = path.encode(errors="surrogateescape")
    return int.from_bytes(blake2b(data, digest_size=6).digest(), "little")
