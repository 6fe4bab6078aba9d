"""Stream: batches in order, and the faces that hand them to a framework."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from augury.compile.explain import explain
from augury.compile.program import Program, compile_policy
from augury.data.prepare import Prepare
from augury.data.table import Table
from augury.errors import AuguryError, LeakError, PolicyError
from augury.shifts import Shift
from augury.stream.batch import Batch
from augury.stream.cache import Images
from augury.stream.engine import Feed
from augury.stream.order import Order
from augury.stream.state import State, fingerprint
from augury.transforms import document
from augury.transforms.base import Transform
from augury.transforms.policies import Policy, walk


class Stream:
    """Batches in order. Iterating gives the next epoch; `epoch(k)` gives any epoch and changes nothing."""

    def __init__(
        self,
        images: Images,
        rows: NDArray[np.int64],
        prepare: Prepare,
        policy: Policy,
        order: Order,
        settings: dict[str, Any],
        shift: Shift | None = None,
    ) -> None:
        self._images, self._rows, self._prepare = images, rows, prepare
        self._policy = policy if shift is None else shift.policy
        self._order, self._settings, self._shift = order, settings, shift
        self._epoch = self._start = self._delivered = 0
        self._feeds: dict[Prepare, Feed] = {}

    def __len__(self) -> int:
        return self._feed().count()

    def __iter__(self) -> Iterator[Batch]:
        return self._next_epoch(self._prepare, channels_first=False)

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

    def torch(self, *, detection: bool = False, loader: bool = False, **options: Any) -> Any:
        """Batches as PyTorch wants them: (n, c, h, w) float32, 0..1 unless normalised otherwise, int64 labels.

        Where the policy mixes labels they are float32 (n, classes), which `cross_entropy` takes, too.
        Segmentation data give masks int64 (n, h, w) for labels. With detection=True each batch is a list of images and
        a list of targets, as torchvision's models take them, whose labels count the classes from 1; masks of
        segmentation data must hold instances then. With loader=True a DataLoader, to which further options
        (pin_memory, ...) are passed.
        """
        from augury.faces.torch import DetectionBatches, TorchBatches, TorchLoader

        form = DetectionBatches if detection else TorchBatches
        batches = form(self, lambda: self._next_epoch(self._in_unit, channels_first=True))
        return TorchLoader(batches, **options) if loader else batches

    def keras(self, labels: Literal["sparse", "onehot"] = "sparse") -> Any:
        """A PyDataset for Keras 3: (n, h, w, c) floats in the prepared range (0..255 unless normalised).

        A policy that mixes labels needs "onehot", and a loss for that.
        """
        if labels not in ("sparse", "onehot"):
            raise AuguryError(f"keras: labels={labels!r}; expected 'sparse' or 'onehot'")
        if labels == "sparse" and self._shares_labels:
            raise AuguryError("keras: the policy mixes labels, which labels='sparse' cannot hold; use labels='onehot'")
        from augury.faces.keras import KerasBatches

        prepare = self._prepare
        if prepare.normalize is None and prepare.dtype is None:
            prepare = replace(prepare, dtype="float32")
        onehot = len(self._images.table.classes) if labels == "onehot" else None
        return KerasBatches(self, lambda: self._next_epoch(prepare, channels_first=False), onehot)

    def jax(self) -> Any:
        """Batches as JAX wants them: (n, h, w, c) float32, 0..1 unless normalised otherwise, int32 labels.

        Where the policy mixes labels they are float32 (n, classes).
        """
        from augury.faces.jax import JaxBatches

        return JaxBatches(self, lambda: self._next_epoch(self._in_unit, channels_first=False))

    def tf(self) -> Any:
        """A tf.data.Dataset: (n, h, w, c) float32, 0..1 unless normalised otherwise, int64 labels.

        Where the policy mixes labels they are float32 (n, classes). Its cardinality is `len(stream)`; n is known with
        drop_last. `prefetch` and the like come on top, and count batches as delivered once they have fetched them.
        """
        from augury.faces.tf import tf_batches

        feed = self._feed(self._in_unit)
        n = feed.batch_size if feed.drop_last else None
        classes = len(self._images.table.classes) if self._shares_labels else None
        batches = partial(self._next_epoch, self._in_unit, channels_first=False)
        return tf_batches(self, batches, feed.program.output, n, classes)

    @property
    def _shares_labels(self) -> bool:
        table = self._images.table
        return self.program.shares_labels and table.objects is None and table.mask is None

    @property
    def _in_unit(self) -> Prepare:
        """The preparation, with values 0..1 unless it normalises otherwise."""
        return self._prepare if self._prepare.normalize is not None else replace(self._prepare, normalize="unit")

    def _next_epoch(self, prepare: Prepare, channels_first: bool) -> Iterator[Batch]:
        """The rest of the epoch in progress; the number advances once all its batches were delivered."""
        feed = self._feed(prepare)
        if self._start and not feed.count(self._start):  # resumed where drop_last leaves no batch
            self.skip_epoch()
        self._delivered = self._start
        epoch, last = self._epoch, feed.count(self._start)
        for number, batch in enumerate(feed.batches(epoch, self._start, channels_first), start=1):
            self._delivered = min(self._delivered + feed.batch_size * feed.world, len(self._rows))
            if number == last:
                self._epoch, self._start, self._delivered = epoch + 1, 0, 0
            yield batch

    def _feed(self, prepare: Prepare | None = None) -> Feed:
        prepare = prepare or self._prepare
        if prepare not in self._feeds:
            program = compile_policy(self._policy, prepare, self._images.source)
            shift = None if self._shift is None else self._shift.name
            self._feeds[prepare] = Feed(self._images, self._rows, program, self._order, **self._settings, shift=shift)
        return self._feeds[prepare]

    def _identity(self) -> State:
        order, table = self._order, self._images.table
        how: tuple[Any, ...] = (self._prepare.to_document(), order.shuffle, order.balance is None)
        if self._shift is not None:
            how += (self._shift.name, self._shift.blur)
        what = f"{document.identity(self._policy.unannotated)} {how}"
        return State(order.seed, 0, 0, fingerprint(table.ids[self._rows], table.labels[self._rows]), fingerprint(what))


def check_policy(policy: Any, table: Table, role: str, locked: NDArray[np.int64] | None, shift: Shift | None) -> None:
    """Raise an AuguryError of one line if a part cannot be streamed with a policy.

    Parameters
    ----------
    role : "all", "train", "val" or "test". locked : rows of the test part of the same split.
    shift : what the part is under.
    """
    if policy is None:
        return
    if not isinstance(policy, Policy):
        raise AuguryError(f"stream: {policy!r} is no policy; write Policy([...])")
    if table.objects is not None or table.mask is not None:
        _check_followed(policy, table.root)
    if shift is not None:
        raise AuguryError(f"{table.root}: is under the shift {shift.name!r} and takes no policy; leave it out")
    if policy.is_random and role == "all" and table.parts is not None:
        raise LeakError(
            f"{table.root}: comes divided into parts, and a random policy is for training only; "
            "stream data.split().train"
        )
    if policy.is_random and role in ("val", "test"):
        raise LeakError(f"the {role} part cannot be augmented at random: {policy!r}; stream it without a policy")
    if policy.chosen_on is not None and locked is not None:
        met = locked[policy.chosen_on.meets(table.digests[locked])]
        if len(met):
            raise LeakError(
                f"{table.root}: the policy was chosen on {len(met)} of the {len(locked)} images of the test part, such "
                f"as {table.paths[met[0]]}; load_split the split with which it was chosen, or choose it again on this "
                "split's training part"
            )


def _check_followed(policy: Policy, root: str) -> None:
    """Raise if boxes or masks cannot follow a step of the policy."""
    for node in walk(policy):
        if isinstance(node, Transform) and not node.followed and node.p > 0:
            raise PolicyError(
                f"{root}: {node.title} may move pixels, and the boxes or masks cannot follow; leave it out, or "
                "use transforms that they follow"
            )
