"""Views: the images of a dataset as a policy changes them, numbered 1, 2, ..., each size for itself.

Where the policy mixes samples, partners come from the rows of the expansion, and are decoded again for each view.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from augury.compile.annotations import Settled, redraw_seed, settle
from augury.compile.program import Program, compile_policy
from augury.compile.segments import Lowered
from augury.data.decode import to_channels
from augury.data.prepare import Prepare
from augury.data.table import Objects, Table
from augury.draws import Address
from augury.errors import DataError, DecodeError
from augury.execute.opaque.function import StepError
from augury.execute.run import check_mask_fill, default_executor, run
from augury.kernels import Floats
from augury.plan import Plan, draw_plan
from augury.spec import Spec
from augury.stream.engine import named
from augury.stream.mixing import Lender, Mixing, Opened
from augury.stream.objects import around_mask, around_objects, on_canvas
from augury.stream.partners import Partners
from augury.transforms.policies import Policy

Pixels = NDArray[Any]
_TOGETHER = 2**25  # bytes of views that are made at once


class View(NamedTuple):
    """Pixels (height, width, c) of a view, and its mask (height, width) where images have masks."""

    image: Pixels
    mask: Pixels | None


def address_of(ids: NDArray[np.uint64], views: range) -> Address:
    """Where some views of some samples are drawn: len(ids) * len(views) rows, one sample after the other."""
    return Address(np.repeat(ids, len(views)), 0, np.tile(np.array(views, np.uint64), len(ids)))


def plan_of(policy: Policy, seed: int, ids: NDArray[np.uint64], views: int) -> Plan:
    """Draw views 1 to `views` of some samples, see `address_of`."""
    return draw_plan(policy, seed, address_of(ids, range(1, views + 1)))


def drawn_anew(policy: Policy, seed: int, address: Address, attempt: int) -> Plan:
    """The first, second, ... plan that takes the place of one that would drop an object."""
    return draw_plan(policy, redraw_seed(seed, attempt), address)


@dataclass(frozen=True)
class Renderer:
    """Makes the views of one sample after the other, from any thread.

    `prepare` decides the canvas; without a size each image keeps its own. rows : int64 (m,), all that are expanded;
    None stands for the whole table.
    """

    table: Table
    prepare: Prepare
    policy: Policy
    seed: int
    rows: NDArray[np.int64] | None = None

    @cached_property
    def partners(self) -> Partners:
        """Who may be mixed in."""
        return Partners(self.table, np.arange(len(self.table)) if self.rows is None else self.rows)

    def opened(self, i: int) -> tuple[Spec, Pixels]:
        """Sample i as it is, decoded in the prepared channels, with its spec."""
        image = to_channels(self.table.decode(i), self.prepare.channels, self.table.where(i))
        h, w, c = image.shape
        return Spec.image(h, w, c, image.dtype.name, self.table.value_range), image  # type: ignore[arg-type]

    def mask(self, i: int, source: Spec) -> Pixels:
        """The mask of sample i, checked: the policy's label fits, and it is as large as the image."""
        assert self.table.mask is not None
        mask = self.table.mask(i)
        if mask.shape != source.shape[:2]:
            (height, width), (own_height, own_width) = source.shape[:2], mask.shape
            raise DecodeError(
                f"{self.table.where(i)}: is {height}x{width} (height x width), its mask {own_height}x{own_width}; make "
                "them the same"
            )
        check_mask_fill(self.policy.mask_fill, mask.dtype)
        return mask

    def parts(self, source: Spec, views: int) -> Iterator[range]:
        """Views 1 to `views` in parts that are made at once."""
        canvas = self.prepare.canvas(source)
        step = max(1, _TOGETHER // (int(np.prod(canvas.shape)) * np.dtype(canvas.dtype).itemsize))
        step = 1 if self.program(source).mixtures else step  # the worlds of all partners are in memory at once
        return (range(first, min(first + step, views + 1)) for first in range(1, views + 1, step))

    def settled(self, i: int, source: Spec, views: range) -> Settled:
        """How some views of sample i come out, and where its objects then are; no pixel is touched but its mask's.

        Parameters
        ----------
        source : spec of the sample, see `opened`.
        """
        program = self.program(source)
        address = address_of(self.table.ids[i : i + 1], views)
        objects = None if self.table.objects is None else self._objects(i, source, len(views))
        subject = self._subject(i, source, objects) if program.needs_subject else None
        return settle(
            program,
            draw_plan(self.policy, self.seed, address),
            objects,
            None if subject is None else np.broadcast_to(subject, (len(views), 4)),
            lambda attempt, rows: drawn_anew(self.policy, self.seed, address.rows(rows), attempt),
        )

    def views(self, i: int, views: int) -> Iterator[View]:
        """Views 1 to `views` of sample i, a few made at once."""
        source, image = self.opened(i)
        world = self.prepare.frame(image)
        marked = None if self.table.mask is None else self.prepare.frame(self.mask(i, source)[..., None])[..., 0]
        reduced = {(0, 0): world}

        def fetch(row: int, halvings: tuple[int, int]) -> Pixels:
            del row  # all show the same image
            if halvings not in reduced:
                reduced[halvings] = default_executor().reduce_box(world, halvings)
            return reduced[halvings]

        fetch_mask = None if marked is None else partial(_always, marked)
        for some in self.parts(source, views):
            lowered = self.settled(i, source, some).lowered
            worlds = np.tile(world.shape[:2], (len(some), 1))
            mixing = self._mixing(i, source, lowered)
            try:
                made = run(self.program(source), lowered, worlds, fetch, fetch_mask=fetch_mask, mixer=mixing)
            except StepError as error:
                raise named(error, self.table) from error.__cause__
            for k, picture in enumerate(made.image):
                yield View(picture, None if made.mask is None else made.mask[k])

    def _mixing(self, i: int, source: Spec, lowered: Lowered) -> Mixing | None:
        """For one view of sample i, where images have one class."""
        program = self.program(source)
        if not program.mixtures:
            return None
        lender = Lender(program, self.partners)
        own = np.flatnonzero(self.partners.rows == i)
        return Mixing(lender, own, [i], lowered, partial(self._lent, program))

    def _lent(self, program: Program, rows: NDArray[np.int64]) -> Opened:
        """Partners, decoded and reduced at once."""
        shown = self.partners.rows[rows]
        lowered = program.lower(draw_plan(self.policy, self.seed, Address(self.table.ids[shown])))
        first, worlds, ready = lowered[0], np.empty((len(shown), 2), np.int64), []
        for k, i in enumerate(shown.tolist()):
            source, image = self.opened(i)
            canvas = self.prepare.canvas(source)
            if canvas != program.canvas:
                where = self.table.where(i)
                raise DataError(f"{where}: is {canvas} and cannot be mixed with {program.canvas}; prepare all alike")
            world = self.prepare.frame(image)
            worlds[k] = world.shape[:2]
            here = slice(k, k + 1)
            down, across = first.backward.rows(here).halvings(first.reads, worlds[here])[0].tolist()
            ready.append(default_executor().reduce_box(world, (down, across)) if down or across else world)
        return Opened(lowered, shown.tolist(), worlds, lambda k, _: ready[k])

    def program(self, source: Spec) -> Program:
        """The policy for images like this."""
        return _program(self.policy, self.prepare, self.prepare.canvas(source))

    def _objects(self, i: int, source: Spec, count: int) -> Objects:
        """The objects of sample i on the canvas, so many times."""
        assert self.table.objects is not None
        canvas, photo = self.prepare.canvas(source).shape[:2], np.array([source.shape[:2]])
        return on_canvas(self.table.objects.take([i]), photo, self.prepare, canvas).take([0] * count)

    def _subject(self, i: int, source: Spec, objects: Objects | None) -> Floats:
        """What must stay in sight on the canvas; nan where nothing is marked, see `stream.objects.subjects`."""
        if objects is not None:
            return around_objects(objects)[:1]
        if self.table.mask is None:
            return np.full((1, 4), np.nan)
        mask = self.prepare.frame(self.mask(i, source)[..., None])[..., 0]
        return around_mask(mask, self.prepare.canvas(source).shape[:2], self.policy.mask_fill)[None]


def _always(mask: Pixels, row: int) -> Pixels:
    del row  # all show the same image
    return mask


@lru_cache(maxsize=64)
def _program(policy: Policy, prepare: Prepare, canvas: Spec) -> Program:
    return compile_policy(policy, prepare, canvas)
