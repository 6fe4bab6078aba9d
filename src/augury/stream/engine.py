"""The batch engine: positions in, batches out, in order, within a byte budget, on threads."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from augury.compile.annotations import Moved, move_objects, redraw_seed, settle
from augury.compile.program import Program
from augury.compile.segments import Lowered, LoweredSegment
from augury.data.table import Table
from augury.draws import Address
from augury.errors import AuguryError, DecodeError
from augury.execute.opaque.function import StepError
from augury.execute.run import run
from augury.plan import Plan, draw_plan
from augury.shifts import SEED as SHIFT_SEED
from augury.stream.batch import Batch
from augury.stream.buffers import Buffers
from augury.stream.cache import Halvings, Images
from augury.stream.mixing import Lender, Mixing, Opened, check_mixtures
from augury.stream.objects import columns_of, objects_of, subjects
from augury.stream.order import Order
from augury.stream.partners import Partners
from augury.stream.threads import ordered

Pixels = NDArray[Any]
Rows = NDArray[np.int64]
Sizes = NDArray[np.int64]
OnError = Literal["raise", "replace"]
PLAN_BLOCK = 1024  # fewer ids would pay numpy's call overhead several times over


@dataclass(frozen=True)
class Feed:
    """All that batches are made of. `rows` picks this part's samples from the table.

    With a `shift` every sample is drawn alike in all epochs, orders and views.
    """

    images: Images
    rows: Rows
    program: Program
    order: Order
    batch_size: int
    threads: int
    prefetch: int
    drop_last: bool = False
    rank: int = 0
    world: int = 1
    on_error: OnError = "raise"
    shift: str | None = None
    replaced: Counter[str] = field(default_factory=Counter)
    buffers: Buffers = field(default_factory=Buffers)

    def __post_init__(self) -> None:
        check_mixtures(self.program, self.images.table)
        rest = len(self.rows) % (self.batch_size * self.world)
        if 0 < rest < self.world and not self.drop_last:
            raise AuguryError(
                f"the last batch has {rest} samples for {self.world} ranks, so some ranks would wait forever; "
                "use drop_last=True"
            )

    def count(self, start: int = 0) -> int:
        """Batches of an epoch from position `start` on."""
        left, together = len(self.rows) - start, self.batch_size * self.world
        return left // together if self.drop_last else -(-left // together)

    def positions(self, first: int, count: int) -> Rows:
        """This rank's next `count` positions from a global position on."""
        mine = first + self.rank + self.world * np.arange(count)
        return mine[mine < len(self.rows)]

    def batches(self, epoch: int, start: int = 0, channels_first: bool = False) -> Iterator[Batch]:
        """Yield the batches of an epoch from a global position on, in order."""
        blocks = self._blocks(epoch, start)
        jobs = (partial(self._job, blocks, b, channels_first) for b in range(self.count(start)))
        return ordered(jobs, self.threads, max(self.threads, self._depth()))

    def render(self, rows: Rows, epoch: int) -> Batch:
        """Some rows of the part as the stream delivers them in an epoch."""
        return self._assemble(Block(self, epoch, rows, np.zeros_like(rows)), slice(0, len(rows)), False)

    def _blocks(self, epoch: int, start: int) -> Callable[[int], Block]:
        """Block number -> Block, each planned once; blocks hold whole batches."""
        size = self.batch_size * -(-PLAN_BLOCK // self.batch_size)
        made: dict[int, Block] = {}
        lock = threading.Lock()

        def block(number: int) -> Block:
            with lock:
                if number not in made:
                    for old in [k for k in made if k < number - 3]:  # long delivered
                        del made[old]
                    positions = self.positions(start + number * size * self.world, size)
                    made[number] = Block(self, epoch, *self.order.at(epoch, positions))
                return made[number]

        return block

    def _job(self, blocks: Callable[[int], Block], b: int, channels_first: bool) -> Batch:
        per_block = -(-PLAN_BLOCK // self.batch_size)
        first = b % per_block * self.batch_size
        return self._assemble(blocks(b // per_block), slice(first, first + self.batch_size), channels_first)

    def _assemble(self, block: Block, part: slice, channels_first: bool) -> Batch:
        opened, marks = self._settle(block, part)
        mixing = self._mixing(block, part, opened)
        try:
            image, mask = run(
                self.program,
                opened.lowered,
                opened.worlds,
                opened.fetch,
                fetch_mask=opened.fetch_mask,
                channels_first=channels_first,
                empty=self.buffers.empty,
                mixer=mixing,
            )
        except StepError as error:
            raise named(error, self.images.table) from error.__cause__
        table, shown = self.images.table, opened.shown
        marks = marks if mixing is None else mixing.fields()
        return Batch(image, table.labels[shown], table.ids[shown], block.epoch, mask=mask, shift=self.shift, **marks)

    def _settle(self, block: Block, part: slice) -> tuple[Opened, dict[str, Any]]:
        """What is to be rendered, and what is marked there, unless a mixture decides that."""
        table, canvas = self.images.table, self.program.canvas.shape[:2]
        followed = table.objects is not None and not self.program.mixtures
        if block.lowered is not None:
            lowered = tuple(segment.rows(part) for segment in block.lowered)
            shown, worlds, ready = self._open(block.rows[part], lowered[0])
            opened = self._opened(lowered, shown, worlds, ready)
            if not followed:
                return opened, {}
            self.program.check_boxes()
            moved = move_objects(objects_of(self.images, shown, canvas), lowered, self.program.policy.keep.visible)
            return opened, _marks(moved)
        shown = [self._open_one(row)[0] for row in block.rows[part].tolist()]  # from here on their sizes are known
        objects = objects_of(self.images, shown, canvas) if followed else None
        subject = None
        if self.program.needs_subject:
            subject = subjects(self.images, shown, canvas, self.program.policy.mask_fill)
        found = settle(
            self.program, block.plan.rows(part), objects, subject, lambda k, rows: block.redrawn(part, k, rows)
        )
        marks = {} if found.moved is None else {**_marks(found.moved), "redrawn": int((found.redrawn > 0).sum())}
        return self._opened(found.lowered, shown, self.images.sizes[shown], {}), marks

    def _opened(self, lowered: Lowered, shown: list[int], worlds: Sizes, ready: dict[int, Pixels]) -> Opened:
        def fetch(k: int, halvings: Halvings) -> Pixels:
            return ready.pop(k) if k in ready else self.images.get(shown[k], halvings)

        fetch_mask = None if self.images.table.mask is None else lambda k: self.images.mask(shown[k])
        return Opened(lowered, shown, worlds, fetch, fetch_mask)

    def _mixing(self, block: Block, part: slice, opened: Opened) -> Mixing | None:
        if not self.program.mixtures:
            return None

        def lent(rows: Rows) -> Opened:
            alone = Block(self, block.epoch, rows, np.zeros_like(rows))
            return self._settle(alone, slice(0, len(rows)))[0]

        return Mixing(self._lender, block.rows[part], opened.shown, opened.lowered, lent)

    @cached_property
    def _lender(self) -> Lender:
        table, canvas = self.images.table, self.program.canvas.shape[:2]
        objects = None if table.objects is None else lambda shown: objects_of(self.images, shown, canvas)
        return Lender(self.program, Partners(table, self.rows), objects)

    def _open(self, rows: Rows, first: LoweredSegment) -> tuple[list[int], NDArray[np.int64], dict[int, Pixels]]:
        """The samples to show, the sizes of their worlds, and the images that were decoded to know these.

        Each is reduced at once: a batch of whole photos would not fit any budget.
        """
        samples = self.rows[rows]
        shown, worlds = samples.tolist(), self.images.sizes[samples]
        ready = {}
        for k in np.flatnonzero(worlds[:, 0] == 0).tolist():
            shown[k], worlds[k], frame = self._open_one(int(rows[k]))
            here = slice(k, k + 1)
            down, across = first.backward.rows(here).halvings(first.reads, worlds[here])[0].tolist()
            ready[k] = self.images.get(shown[k], (down, across), frame)
        return shown, worlds, ready

    def _open_one(self, row: int) -> tuple[int, tuple[int, int], Pixels | None]:
        """The sample at a row, or with on_error="replace" the next one that can be read."""
        for step in range(len(self.rows)):
            sample = int(self.rows[(row + step) % len(self.rows)])
            try:
                return sample, *self.images.world(sample)
            except DecodeError as error:
                if self.on_error == "raise":
                    raise
                self.replaced[str(error)] += 1
        raise DecodeError(f"{self.images.table.root}: no image of this part can be read")

    def _depth(self) -> int:
        """Batches that may be in flight within the prefetch budget."""
        output = self.program.output
        return self.prefetch // max(1, self.batch_size * int(np.prod(output.shape)) * np.dtype(output.dtype).itemsize)


def _marks(moved: Moved) -> dict[str, Any]:
    """What a batch holds of its objects, by the names of its fields."""
    return {
        **columns_of(moved.objects),
        "dropped_boxes": len(moved.visible) - len(moved.rows),
        "dropped_keypoints": int(moved.keypoints_out.sum()),
    }


def named(error: StepError, table: Table) -> AuguryError:
    """The error with the name of its sample."""
    rows = np.flatnonzero(table.ids == error.sample)
    return error.on(table.where(int(rows[0]))) if len(rows) else error


class Block:
    """Samples whose parameters are drawn together, and lowered together unless that depends on what is marked."""

    def __init__(self, feed: Feed, epoch: int, rows: Rows, views: Rows) -> None:
        self.epoch, self.rows = epoch, rows
        ids = feed.images.table.ids[feed.rows[rows]]
        if feed.shift is None:
            self._seed, self._address = feed.order.seed, Address(ids, epoch, views.astype(np.uint64))
        else:
            self._seed, self._address = SHIFT_SEED, Address(ids)
        self._policy = feed.program.policy
        self.plan = draw_plan(self._policy, self._seed, self._address)
        self.lowered: Lowered | None = None if feed.program.reads_marks else feed.program.lower(self.plan)

    def redrawn(self, part: slice, attempt: int, rows: Rows) -> Plan:
        """The plan of some rows of a part of the block, drawn anew for the first, second, ... time."""
        return draw_plan(self._policy, redraw_seed(self._seed, attempt), self._address.rows(part).rows(rows))


def check_settings(
    batch_size: int, threads: int | None, rank: int, world: int, balance: str | None, on_error: str
) -> None:
    """Raise an AuguryError of one line if an option of `stream` is wrong."""
    for name, value, least in (("batch_size", batch_size, 1), ("threads", threads or 0, 0), ("world", world, 1)):
        if not isinstance(value, (int, np.integer)) or value < least:
            raise AuguryError(f"stream: {name}={value!r}; expected a whole number of at least {least}")
    if not 0 <= rank < world:
        raise AuguryError(f"stream: rank={rank} must lie within 0..{world - 1} (world={world})")
    if balance not in (None, "classes"):
        raise AuguryError(f"stream: balance={balance!r}; expected 'classes' or None")
    if on_error not in ("raise", "replace"):
        raise AuguryError(f"stream: on_error={on_error!r}; expected 'raise' or 'replace'")
