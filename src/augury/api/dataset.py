"""Dataset and Split: what is opened, prepared, divided and streamed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from augury.api.split import Division, divided, found_again
from augury.api.stream import Stream, check_policy
from augury.data.decode import check_floats
from augury.data.given import Leaks
from augury.data.groups import Grouping, merge
from augury.data.prepare import Fit, Normalize, OutputDType, Prepare, PreparedSpec
from augury.data.split import has_labels
from augury.data.table import Table
from augury.errors import AuguryError, DataError
from augury.shifts import Shift, blurred
from augury.shifts import shift as shift_of_suite
from augury.stream.cache import Images, parse_bytes, quarter_of_free_memory
from augury.stream.engine import OnError, check_settings
from augury.stream.order import Order
from augury.stream.threads import default_threads
from augury.transforms.policies import Policy

Role = Literal["all", "train", "val", "test"]


@dataclass(frozen=True)
class Dataset:
    """A labelled dataset, or one part of a split one."""

    _table: Table
    _prepare: Prepare = field(default_factory=Prepare)
    _rows: NDArray[np.int64] | None = None
    _role: Role = "all"
    _groups: NDArray[np.int64] | None = None
    _locked: NDArray[np.int64] | None = None  # rows of the test part of this part's split
    _shift: Shift | None = None
    _images: dict[float, Images] = field(default_factory=dict, compare=False, repr=False)  # by how blurred they are

    def __len__(self) -> int:
        return len(self._indices)

    def __repr__(self) -> str:
        shift = f", under {self._shift.name!r}" if self._shift else ""
        held = f"{len(self)} images, {len(self.classes)} classes, part {self._role!r}{shift}"
        return f"<Dataset {self._table.root}: {held}>"

    @property
    def _indices(self) -> NDArray[np.int64]:
        return np.arange(len(self._table)) if self._rows is None else self._rows

    @property
    def _digests(self) -> NDArray[np.uint8]:
        """uint8 (n, 16): of the contents; reads every file of the table, once."""
        return self._table.digests[self._indices]

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
    def groups(self) -> NDArray[np.int64]:
        """int64 (n,): equal for samples, of any part, that are never separated.

        Of a part they are those by which it was split; of a whole dataset what its source says.
        """
        return self._all_groups[self._indices]

    @property
    def _all_groups(self) -> NDArray[np.int64]:
        if self._groups is not None:
            return self._groups
        return np.arange(len(self._table)) if self._table.groups is None else merge(self._table.groups)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names."""
        return self._table.classes

    @property
    def notes(self) -> tuple[str, ...]:
        """What lies in the source and gave no sample or no box, one line each."""
        return self._table.notes

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
        normalize : None, "unit" (0..1), "symmetric" (-1..1), (mean, std) of 0..1 values (see `ag.statistics`),
            "sample" (each image by its own mean and deviation) or what `ag.whitening` gives.
        dtype : "float32", "float16" or None.
        """
        return replace(self, _prepare=Prepare(size, fit, channels, normalize, dtype), _images={})

    def split(
        self,
        val: float | None = None,
        test: float | None = None,
        seed: int = 0,
        groups: Grouping = "auto",
        leaks: Leaks = "raise",
    ) -> Split:
        r"""Stratified parts of whole groups, by content: names and order do not matter, copies stay together.

        Given parts (folders train/ and test/, a column) are taken as they are.

        Parameters
        ----------
        val, test : fractions of each class, 0 for none. None is 0.15; where parts are given, a part that is
            not stays empty unless a fraction of the training part is asked.
        groups : what else is never separated. "auto": what the source says (a column, a manifest), and copies
            found in the pixels. "near": near-duplicates too. None: only what the source says. Or, beside
            "auto": a regular expression with one pair of parentheses such as r"(p\d+)_" or a function of the
            path, giving the name of the group, or n values.
        leaks : if given parts share a group, "raise", or "drop" to leave those samples out of training (or of
            validation, against test); `Split.left_out` lists them.

        Raises
        ------
        DataError : if a class is too small for the parts or lies in too few groups, naming it.
        LeakError : if given parts share a group, naming the first.
        """
        return self._parted(divided(self._whole(), val, test, seed, groups, leaks))

    def load_split(self, path: str | Path, extend: bool = False, groups: Grouping = "saved") -> Split:
        """The parts that `split.save` wrote; content decides, so files may have been renamed or moved.

        Parameters
        ----------
        extend : whether images may have come, gone or changed. Every known one keeps its part, new ones follow
            what they are never separated from, a changed file stays in its part, and all others bring each part
            nearer to its share.
        groups : how groups of new images are found, see `split`; "saved" for as they were.

        Raises
        ------
        DataError : if the file is broken, or without `extend` the images are not those that were split.
        LeakError : if new images join known ones of two parts.
        """
        return self._parted(found_again(self._whole(), path, extend, groups))

    def _check_unshifted(self) -> None:
        """Raise for what must see images as they are."""
        if self._shift is not None:
            raise AuguryError(f"this is shifted ({self._shift.name!r}) for evaluation; take the dataset as it is")

    def _whole(self) -> Table:
        self._check_unshifted()
        if self._role != "all":
            raise AuguryError(f"this is the {self._role} part of a split already; split the whole dataset")
        return self._table

    def _parted(self, made: Division) -> Split:
        train, val, test = (
            replace(self, _rows=made.parts[role], _role=role, _groups=made.groups, _locked=made.parts["test"])
            for role in ("train", "val", "test")
        )
        return Split(train, val, test, made.left_out, made)

    def under(self, shift: Shift | str, strength: int = 2) -> Dataset:
        """The same images, shifted, to see how a trained model does on images unlike those collected.

        This is an evaluation, not an augmentation, so every part may be shifted. Each image is always shifted alike:
        in every epoch, whatever the seed, the order, batch size and threads. Batches are marked by `Batch.shift`.

        Parameters
        ----------
        shift : a family such as "rotation", "lighting" or "blur" (an error lists them all), or a `shifts.Shift`.
        strength : 1, 2 or 3, of a family that is given by name.

        Raises
        ------
        AuguryError : if there is no such shift, or the images are shifted already.
        """
        if self._shift is not None:
            raise AuguryError(f"under: the images are shifted already ({self._shift.name!r}); shift the original part")
        if not isinstance(shift, (Shift, str)):
            raise AuguryError(f"under: {shift!r} is no shift; give the name of a family, such as 'rotation'")
        return replace(self, _shift=shift_of_suite(shift, strength) if isinstance(shift, str) else shift)

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
        policy : transforms to apply; none to shifted images.
        seed : of all draws and of the order. The same seed gives the same bytes for any batch size and threads.
        threads : decoding and augmenting threads; None takes up to four of the machine's cores, 0 works inline.
        shuffle : None shuffles training parts only, and nothing that is shifted.
        drop_last : leave out a last batch that is not full.
        balance : "classes" gives every class the same share of an epoch, as further views of rare samples.
        rank, world : this process's share of every batch; a batch then has world * batch_size samples in all.
        prefetch : bytes of batches made ahead, as a number or text such as "256MB".
        cache : bytes of decoded images kept, likewise; "auto" is a quarter of free memory. All streams of a
            dataset share one cache, and the largest of their budgets holds.
        on_error : "raise", or "replace" to take the next readable image and count it in `stream.replaced`.

        Raises
        ------
        LeakError : if a random policy would change a validation or test part, or the test part of this split holds
            images on which the policy was chosen.
        """
        check_settings(batch_size, threads, rank, world, balance, on_error)
        if not len(self):
            cure = f"; ask for one with split({self._role}=0.15)" if self._role in ("val", "test") else ""
            raise DataError(f"{self._table.root}: the {self._role} part is empty{cure}")
        check_policy(policy, self._table, self._role, self._locked, self._shift)
        if balance == "classes" and not has_labels(self._table):
            raise DataError(f"{self._table.root}: its images have no class each; leave balance out")
        budget = quarter_of_free_memory() if cache == "auto" else parse_bytes(cache, "cache")
        order = Order(
            len(self),
            seed,
            shuffle=self._role in ("all", "train") and self._shift is None if shuffle is None else shuffle,
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
        return Stream(images, self._indices, self._prepare, policy or Policy(), order, settings, self._shift)

    def _cached(self, budget: int) -> Images:
        """The images of this dataset, decoded once for all its parts and streams; those of a blur by themselves."""
        blur = 0.0 if self._shift is None else self._shift.blur
        table = _blurred(self._table, blur) if blur else self._table
        images = self._images.setdefault(blur, Images(table, self._prepare, budget))
        images.budget = max(images.budget, budget)
        return images


def _blurred(table: Table, sigma_fraction: float) -> Table:
    def decode(i: int) -> NDArray[Any]:
        image = table.decode(i)
        if image.dtype == np.float32:
            check_floats(image, table.value_range or (0.0, 1.0), table.where(i))  # blurred ones may pass the check
        return blurred(image, sigma_fraction)

    return replace(table, decode=decode)


@dataclass(frozen=True, repr=False)
class Split:
    """The parts of a dataset.

    Attributes
    ----------
    left_out : paths in no part, as they share a group with what is tested (`split(leaks="drop")`).
    """

    train: Dataset
    val: Dataset
    test: Dataset
    left_out: tuple[str, ...]
    _division: Division

    def __repr__(self) -> str:
        parts = {"train": self.train, "val": self.val, "test": self.test}
        sizes = ", ".join(f"{len(part)} {name}" for name, part in parts.items())
        out = f", {len(self.left_out)} left out" if self.left_out else ""
        return f"<Split of {self.train._table.root}: {sizes}{out}; groups={self._division.recipe.groups!r}>"

    def save(self, path: str | Path) -> None:
        """Write what `Dataset.load_split` reads: JSON, an image a line, with content digests.

        Raises
        ------
        DataError : if it cannot be written.
        """
        self._division.save(path)

    def summary(self) -> dict[str, Any]:
        """Plain values: images of each part and, where each shows one, class; what was kept together and how.

        "groups" counts those of several images, "twins" images that are byte-identical to an earlier one.
        """
        return self._division.summary()
