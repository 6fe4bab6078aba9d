"""The objects that people hold: Dataset, Split, Policy, Stream. `import augury as ag` hands them out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augury.compile.explain import explain
from augury.compile.program import Program, compile_policy
from augury.data.formats.arrays import from_arrays as table_from_arrays
from augury.data.opening import open_path
from augury.data.prepare import Fit, Normalize, OutputDType, Prepare, PreparedSpec
from augury.data.split import assign_parts
from augury.data.table import Table
from augury.errors import AuguryError, LeakError
from augury.report.contact_sheet import Sheet, write_sheet
from augury.spec import Spec
from augury.stream.cache import Images, parse_bytes, quarter_of_free_memory
from augury.stream.engine import Batch, Feed, OnError, check_settings, default_threads
from augury.stream.order import Order
from augury.stream.state import State, fingerprint
from augury.transforms import document
from augury.transforms import policies as declared

__all__ = ["Dataset", "Policy", "Split", "Stream", "from_arrays", "open", "preview"]

Role = Literal["all", "train", "val", "test"]


class Policy(declared.Policy):
    """Transforms in order, with the one border, fill and interpolation of their resampling.

    Examples
    --------
    >>> import augury as ag
    >>> policy = ag.Policy([ag.Rotate((-30, 30)), ag.HorizontalFlip()], border="edge")
    >>> policy.is_random
    True
    """

    def explain(self, spec: Spec) -> str:
        """What is fused for images of this spec (`data.spec`), what is not, and why."""
        if isinstance(spec, PreparedSpec) and spec.source is not None and spec.prepare is not None:
            return explain(compile_policy(self, spec.prepare, spec.source))
        return explain(compile_policy(self, Prepare(), spec))

    def to_yaml(self) -> str:
        """The policy as YAML."""
        return document.to_yaml(self)

    def to_json(self) -> str:
        """The policy as JSON."""
        return document.to_json(self)

    @classmethod
    def from_yaml(cls, text: str) -> Policy:
        """A policy from YAML or JSON text."""
        return document.from_text(cls, text)

    from_json = from_yaml  # JSON is YAML

    def save(self, path: str | Path) -> None:
        """Write as YAML, or as JSON where the name ends so."""
        text = self.to_json() if str(path).endswith(".json") else self.to_yaml()
        part = Path(f"{path}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)

    @classmethod
    def load(cls, path: str | Path) -> Policy:
        """Read a .yaml or .json file."""
        return document.load(cls, path)

    @staticmethod
    def json_schema() -> dict[str, Any]:
        """JSON Schema of policy files, with units, bounds and identities."""
        return document.json_schema()


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
        policy: declared.Policy | None = None,
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
        if policy is not None and not isinstance(policy, declared.Policy):
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
        return Stream(self, policy or Policy(), self._cached(budget), order, settings)

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


class Stream:
    """Batches in order. Iterating gives the next epoch; `epoch(k)` gives any epoch and changes nothing."""

    def __init__(
        self, data: Dataset, policy: declared.Policy, images: Images, order: Order, settings: dict[str, Any]
    ) -> None:
        self._data, self._policy, self._images = data, policy, images
        self._order, self._settings = order, settings
        self._epoch = self._start = self._delivered = 0
        self._feeds: dict[Prepare, Feed] = {}

    def __len__(self) -> int:
        return self._feed().count()

    def __iter__(self) -> Iterator[Batch]:
        return self._next_epoch(self._data._prepare, channels_first=False)

    @property
    def program(self) -> Program:
        """The compiled policy."""
        return self._feed().program

    @property
    def replaced(self) -> dict[str, int]:
        """With on_error="replace": what could not be read, and how often another image took its place."""
        return dict(self._feed().replaced)

    def explain(self) -> str:
        """What was fused, what was not, and why."""
        return explain(self.program)

    def epoch(self, k: int) -> Iterator[Batch]:
        """Epoch k, whatever was delivered before; the stream does not advance."""
        return self._feed().batches(k)

    def samples(self, rows: Sequence[int] | NDArray[np.int64], epoch: int = 0) -> Batch:
        """Some samples of the part by row, as the stream delivers them in an epoch."""
        return self._feed().render(np.asarray(rows, np.int64), epoch)

    def skip_epoch(self) -> None:
        """Leave the epoch in progress; the next iteration opens a new one."""
        self._epoch, self._start, self._delivered = self._epoch + 1, 0, 0

    def state_dict(self) -> dict[str, Any]:
        """Where the stream stands, as a few plain values; samples count once they were delivered."""
        return replace(self._identity(), epoch=self._epoch, delivered=self._delivered).to_document()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state_dict` stood, with any batch size, threads or world.

        Raises
        ------
        StateError : if the state belongs to other samples, another policy, preparation or seed.
        """
        loaded = State.from_document(state)
        loaded.check_same(self._identity())
        self._epoch, self._start, self._delivered = loaded.epoch, loaded.delivered, loaded.delivered

    def torch(self, *, loader: bool = False, **options: Any) -> Any:
        """Batches as PyTorch wants them: (n, c, h, w) float32, 0..1 unless normalised otherwise, int64 labels.

        With loader=True a DataLoader, to which further options (pin_memory, ...) are passed.
        """
        from augury.faces.torch import TorchBatches, TorchLoader

        prepare = self._data._prepare
        if prepare.normalize is None:
            prepare = replace(prepare, normalize="unit")
        batches = TorchBatches(self, lambda: self._next_epoch(prepare, channels_first=True))
        return TorchLoader(batches, **options) if loader else batches

    def keras(self, labels: Literal["sparse", "onehot"] = "sparse") -> Any:
        """A PyDataset for Keras 3: (n, h, w, c) floats in the prepared range (0..255 unless normalised)."""
        if labels not in ("sparse", "onehot"):
            raise AuguryError(f"keras: labels={labels!r}; expected 'sparse' or 'onehot'")
        from augury.faces.keras import KerasBatches

        prepare = self._data._prepare
        if prepare.normalize is None and prepare.dtype is None:
            prepare = replace(prepare, dtype="float32")
        onehot = len(self._data.classes) if labels == "onehot" else None
        return KerasBatches(self, lambda: self._next_epoch(prepare, channels_first=False), onehot)

    def _next_epoch(self, prepare: Prepare, channels_first: bool) -> Iterator[Batch]:
        """The rest of the epoch in progress; the number advances once all its batches were delivered."""
        feed = self._feed(prepare)
        if self._start and not feed.count(self._start):  # resumed where drop_last leaves no batch
            self.skip_epoch()
        self._delivered = self._start
        epoch, last = self._epoch, feed.count(self._start)
        for number, batch in enumerate(feed.batches(epoch, self._start, channels_first), start=1):
            self._delivered = min(self._delivered + feed.batch_size * feed.world, len(self._data))
            if number == last:
                self._epoch, self._start, self._delivered = epoch + 1, 0, 0
            yield batch

    def _feed(self, prepare: Prepare | None = None) -> Feed:
        prepare = prepare or self._data._prepare
        if prepare not in self._feeds:
            program = compile_policy(self._policy, prepare, self._images.source)
            self._feeds[prepare] = Feed(self._images, self._data._indices, program, self._order, **self._settings)
        return self._feeds[prepare]

    def _identity(self) -> State:
        order = self._order
        how = (self._data._prepare.to_document(), order.shuffle, order.balance is None)
        what = f"{document.to_json(self._policy)} {how}"
        return State(order.seed, 0, 0, fingerprint(self._data.ids, self._data.labels), fingerprint(what))


def preview(
    data: Dataset, policy: declared.Policy, out: str | Path, *, samples: int = 8, views: int = 8, seed: int = 0
) -> Path:
    """Write a contact sheet: originals left, then the sample as training gets it in epochs 0, 1, 2, ...

    Parameters
    ----------
    out : .png or .html file. samples, views : rows and columns; samples are spread over the classes.
    """
    shown = replace(data, _prepare=replace(data._prepare, normalize=None, dtype=None))
    rows = _spread(data.labels, samples)
    plain = shown.stream(seed=seed, threads=0)
    stream = shown.stream(policy, seed=seed, threads=0)
    sheet = Sheet(
        originals=plain.samples(rows).image,
        views=np.stack([stream.samples(rows, epoch).image for epoch in range(views)], axis=1),
        names=[data.paths[row] for row in rows],
        labels=[data.classes[data.labels[row]] for row in rows],
        white=shown.spec.value_range[1],
        explanation=stream.explain(),
        title=f"{len(data)} images of {len(data.classes)} classes, seed {seed}",
    )
    return write_sheet(sheet, Path(out))


def _spread(labels: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The first rows of every class in turn, at most `count`."""
    return np.unique(Order(len(labels), seed=0, shuffle=False, balance=labels).at(0, np.arange(count))[0])
