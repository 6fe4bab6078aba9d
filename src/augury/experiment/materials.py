"""Materials: the items of a study, decoded once, small enough to be handed to every worker."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.data.prepare import Prepare
from augury.data.table import Table
from augury.errors import DecodeError
from augury.execute.run import default_executor
from augury.shifts import blurred
from augury.stream.cache import Images
from augury.stream.threads import default_threads

Pixels = NDArray[Any]
Ints = NDArray[np.int64]
Progress = Callable[[str, int, int], None]
_FINER = 2  # sources keep at least so many times the study's resolution, for transforms that enlarge
_BLOCK = 64  # images between two reports
_ALL = 1 << 62  # bytes that may be kept: what is kept is smaller than what is in memory already


@dataclass(frozen=True, eq=False)
class Materials:
    """The readable items of a part, reduced by 2^k boxes to little more than what a study looks at.

    Attributes
    ----------
    root : what they come from, as messages name it. paths : n names. classes : names of all classes.
    labels, groups : int64 (n,). digests : uint8 (n, 16), of the contents.
    prepare : the study's size, channels and range. value_range : black and white of float images.
    pixels : (bytes of all images,), one after the other. shapes : int64 (n, 3), height, width, channels.
    left_out : a line for each item that cannot be read.
    """

    root: str
    paths: tuple[str, ...]
    classes: tuple[str, ...]
    labels: Ints
    groups: Ints
    digests: NDArray[np.uint8]
    prepare: Prepare
    value_range: tuple[float, float] | None
    pixels: Pixels
    shapes: Ints
    left_out: tuple[str, ...] = ()
    _cached: dict[float, Images] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.paths)

    @cached_property
    def _starts(self) -> Ints:
        return np.concatenate([[0], np.cumsum(self.shapes.prod(1))])

    def image(self, i: int) -> Pixels:
        """(h, w, c), read-only."""
        image = self.pixels[self._starts[i] : self._starts[i + 1]].reshape(self.shapes[i])
        image.flags.writeable = False
        return image

    def images(self, blur: float = 0.0) -> Images:
        """All of them as streams read them, blurred by a fraction of their shorter side."""
        if blur not in self._cached:
            self._cached[blur] = Images(self._table(blur), self.prepare, budget=_ALL)
        return self._cached[blur]

    def _table(self, blur: float) -> Table:
        return Table(
            self.root,
            self.paths,
            self.labels,
            self.classes,
            read=lambda i: self.image(i).tobytes(),
            decode=(lambda i: blurred(self.image(i), blur)) if blur else self.image,
            value_range=self.value_range,
        )

    def without_pixels(self) -> Materials:
        """All but the images."""
        return replace(self, pixels=np.empty(0), _cached={})

    def save(self, folder: Path) -> None:
        """Write what `load` reads into a new folder."""
        folder.mkdir()
        np.save(folder / "pixels.npy", self.pixels)
        (folder / "header.pickle").write_bytes(pickle.dumps(self.without_pixels()))

    @classmethod
    def load(cls, folder: Path) -> Materials:
        """Read what `save` wrote; the pixels stay in the file until they are used, shared by all who load them."""
        header: Materials = pickle.loads((folder / "header.pickle").read_bytes())
        return replace(header, pixels=np.load(folder / "pixels.npy", mmap_mode="r"), _cached={})


def gather(table: Table, rows: Ints, groups: Ints, prepare: Prepare, progress: Progress | None = None) -> Materials:
    """Decode some rows of a table, cut or pad them as `prepare` says, and reduce them.

    Parameters
    ----------
    groups : int64 (len(table),). prepare : of the study; its size must be given.

    Raises
    ------
    DataError : if images do not fit together (channels, dtypes). Unreadable ones are listed in `left_out`.
    """
    assert prepare.size is not None
    images = Images(table, prepare, budget=0)
    images.source  # noqa: B018  found once, before there are threads
    size = prepare.size

    def one(row: int) -> Pixels | str:
        try:
            (height, width), world = images.world(row)
        except DecodeError as error:
            return str(error)
        world = images.get(row, (0, 0)) if world is None else world
        halvings = _halvings(height, size[0]), _halvings(width, size[1])
        return np.array(world if halvings == (0, 0) else default_executor().reduce_box(world, halvings))

    found: list[Pixels | str] = []
    with ThreadPoolExecutor(max(1, default_threads()), thread_name_prefix="augury") as pool:
        for start in range(0, len(rows), _BLOCK):
            found += pool.map(one, rows[start : start + _BLOCK].tolist())
            if progress:
                progress("decoding", len(found), len(rows))
    kept = [k for k, image in enumerate(found) if not isinstance(image, str)]
    pixels = [image for image in found if not isinstance(image, str)]
    own = rows[kept]
    return Materials(
        table.root,
        tuple(table.paths[row] for row in own),
        table.classes,
        table.labels[own],
        groups[own],
        table.digests[own],
        replace(prepare, fit="stretch"),
        table.value_range,
        np.concatenate([image.ravel() for image in pixels]) if pixels else np.empty(0, np.uint8),
        np.array([image.shape for image in pixels], np.int64).reshape(-1, 3),
        tuple(image for image in found if isinstance(image, str)),
    )


def _halvings(side: int, wanted: int) -> int:
    """How often a side can be halved without falling below what is wanted of it."""
    return max(0, int(np.floor(np.log2(side / (_FINER * wanted)))))
