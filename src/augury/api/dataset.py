"""Dataset and Split: what is opened, prepared, divided and streamed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augury.api.stream import Stream
from augury.data.formats.arrays import from_arrays as table_from_arrays
from augury.data.opening import open_path
from augury.data.prepare import Fit, Normalize, OutputDType, Prepare, PreparedSpec
from augury.data.split import assign_parts
from augury.data.table import Table
from augury.errors import AuguryError, LeakError
from augury.stream.cache import Images, parse_bytes, quarter_of_free_memory
from augury.stream.engine import OnError, check_settings, default_threads
from augury.stream.order import Order
from augury.transforms.policies import Policy

Role = Literal["all", "train", "val", "test"]


def open(path: str | Path) -> Dataset:  # noqa: A001  the public name is ag.open
    """Open a folder per class, or a flat folder or zip of `label.uid.ext` files, in place.

    Raises
    ------
    DataError : if the path cannot be read as a labelled dataset; the message says what to do.
    """
    return Dataset(open_path(path))


def from_arrays(
    images: ArrayLike | Sequence[NDArray[Any]],
    labels: ArrayLike,
    classes: Sequence[str] | None = None,
    value_range: tuple[float, float] | None = None,
) -> Dataset:
    """A dataset of arrays in memory, which are neither copied nor changed.

    Parameters
    ----------
    images : (n, h, w) or (n, h, w, c), or n arrays (h, w[, c]); uint8, uint16 or float32.
    labels : n numbers or names.
    value_range : black and white of float images, 0..1 unless told.
    """
    return Dataset(table_from_arrays(images, labels, classes, value_range))


@dataclass(frozen=True)
class Dataset:
    """A labelled dataset, or one part of a split one."""

    _table: Table
    _prepare: Prepare = field(default_factory=Prepare)
    _rows: NDArray[np.int64] | None = None
    _role: Role = "all"
    _images: dict[str, Images] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self._indices)

    def __repr__(self) -> str:
        return f"<Dataset {self._table.root}: {len(self)} images, {len(self.classes)} classes, part {self._role!r}>"

    @property
    def _indices(self) -> NDArray[np.int64]:
        return np.arange(len(self._table)) if self._rows is None else self._rows

    @property
    def paths(self) -> list[str]:
        """Relative paths, in order."""
        return [self._table.paths[i] for i in self._indices]

    @property
    def ids(self) -> NDArray[np.uint64]:
        """uint64 (n,): draw addresses, hashes of the paths."""
        return self._table.ids[self._indices]

    @property
    def labels(self) -> NDArray[np.int64]:
        """int64 (n,): indices into `classes`."""
        return self._table.labels[self._indices]

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names."""
        return self._table.classes

    @property
    def spec(self) -> PreparedSpec:
        """Shape, dtype and value range of a prepared image (reads the first file)."""
        return PreparedSpec.of(self._cached(0).source, self._prepare)

    def prepare(
        self,
        size: tuple[int, int] | None = None,
        fit: Fit = "stretch",
        channels: int | None = None,
        normalize: Normalize | tuple[Any, Any] = None,
        dtype: OutputDType = None,
    ) -> Dataset:
        """What every part shares; see `data.prepare.Prepare`. Never random.

        Parameters
        ----------
        size : (height, width) in pixels. fit : "stretch", "crop" or "pad". channels : 1, 3, 4 or None.
        normalize : None, "unit" (0..1), "symmetric" (-1..1) or (mean, std) of 0..1 values.
        dtype : "float32", "float16" or None.
        """
        return replace(self, _prepare=Prepare(size, fit, channels, normalize, dtype), _images={})

    def split(self, val: float = 0.15, test: float = 0.15, seed: int = 0) -> Split:
        """Stratified parts by content, so that copies of one file stay together.

        Raises
        ------
        DataError : if a class is too small for the parts, naming it.
        """
        if self._role != "all":
            raise AuguryError(f"this is the {self._role} part of a split already; split the whole dataset")
        parts = assign_parts(self._table, val, test, seed)
        train, held, tested = (replace(self, _rows=parts[r], _role=r) for r in ("train", "val", "test"))
        return Split(train, held, tested)

    def stream(
        self,
        policy: Policy | None = None,
        *,
        batch_size: int = 32,
        seed: int = 0,
        threads: int | None = None,
        shuffle: bool | None = None,
        drop_last: bool = False,
        balance: Literal["classes"] | None = None,
        rank: int = 0,
        world: int = 1,
        prefetch: int | str = "256MB",
        cache: int | str = "auto",
        on_error: OnError = "raise",
    ) -> Stream:
        """Batches of this part, augmented by `policy` on the fly; the files are only read.

        Parameters
        ----------
        policy : transforms to apply. A random policy on a validation or test part raises LeakError.
        seed : of all draws and of the order. The same seed gives the same bytes for any batch size and threads.
        threads : decoding and augmenting threads; None takes up to four of the machine's cores, 0 works inline.
        shuffle : None shuffles training parts only.
        drop_last : leave out a last batch that is not full.
        balance : "classes" gives every class the same share of an epoch, as further views of rare samples.
        rank, world : this process's share of every batch; a batch then has world * batch_size samples in all.
        prefetch : bytes of batches made ahead, as a number or text such as "256MB".
        cache : bytes of decoded images kept, likewise; "auto" is a quarter of free memory. All streams of a
            dataset share one cache, and the largest of their budgets holds.
        on_error : "raise", or "replace" to take the next readable image and count it in `stream.replaced`.
        """
        check_settings(batch_size, threads, rank, world, balance, on_error)
        if policy is not None and not isinstance(policy, Policy):
            raise AuguryError(f"stream: {policy!r} is no policy; write Policy([...])")
        if policy is not None and policy.is_random and self._role in ("val", "test"):
            raise LeakError(
                f"the {self._role} part cannot be augmented at random: {policy!r}; stream it without a policy"
            )
        budget = quarter_of_free_memory() if cache == "auto" else parse_bytes(cache, "cache")
        order = Order(
            len(self),
            seed,
            shuffle=self._role in ("all", "train") if shuffle is None else shuffle,
            balance=self.labels if balance == "classes" else None,
        )
        settings = {
            "batch_size": batch_size,
            "threads": default_threads() if threads is None else threads,
            "prefetch": parse_bytes(prefetch, "prefetch"),
            "drop_last": drop_last,
            "rank": rank,
            "world": world,
            "on_error": on_error,
        }
        images = self._cached(budget)
        return Stream(images, self._indices, self._prepare, policy or Policy(), order, settings)

    def _cached(self, budget: int) -> Images:
        """The images of this dataset, decoded once for all its parts and streams."""
        images = self._images.setdefault("images", Images(self._table, self._prepare, budget))
        images.budget = max(images.budget, budget)
        return images


@dataclass(frozen=True)
class Split:
    """The parts of a dataset."""

    train: Dataset
    val: Dataset
    test: Dataset
