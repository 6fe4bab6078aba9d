"""Views: the images of a dataset as a policy changes them, numbered 1, 2, ..., each size for itself.

Where the policy mixes samples, partners come from the rows of the expansion, and are decoded again for each view.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.compile.program import Lowered, LoweredSegment, Program, compile_policy
from augury.data.decode import to_channels
from augury.data.prepare import Prepare
from augury.data.table import Table
from augury.draws import Address
from augury.errors import DataError
from augury.execute.run import default_executor, run
from augury.plan import Plan, draw_plan
from augury.spec import Spec
from augury.stream.mixing import Lender, Mixing, Opened
from augury.stream.partners import Partners
from augury.transforms.policies import Policy

Pixels = NDArray[Any]
_TOGETHER = 2**25  # bytes of views that are made at once


def plan_of(policy: Policy, seed: int, ids: NDArray[np.uint64], views: int) -> Plan:
    """Draw views 1 to `views` of some samples: len(ids) * views rows, one sample after the other."""
    numbers = np.tile(np.arange(1, views + 1, dtype=np.uint64), len(ids))
    return draw_plan(policy, seed, Address(np.repeat(ids, views), 0, numbers))


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

    def canvas(self, i: int) -> tuple[Spec, Pixels]:
        """Spec of the views of sample i, and its world: decoded, in the prepared channels, cut or padded."""
        image = to_channels(self.table.decode(i), self.prepare.channels, self.table.where(i))
        h, w, c = image.shape
        spec = Spec.image(h, w, c, image.dtype.name, self.table.value_range)  # type: ignore[arg-type]
        return self.prepare.canvas(spec), self.prepare.frame(image)

    def views(self, i: int, views: int) -> Iterator[Pixels]:
        """Views 1 to `views` of sample i, (height, width, c) each, a few made at once."""
        canvas, world = self.canvas(i)
        program = _program(self.policy, self.prepare, canvas)
        lowered = program.lower(plan_of(self.policy, self.seed, self.table.ids[i : i + 1], views))
        reduced = {(0, 0): world}

        def fetch(row: int, halvings: tuple[int, int]) -> Pixels:
            del row  # all show the same image
            if halvings not in reduced:
                reduced[halvings] = default_executor().reduce_box(world, halvings)
            return reduced[halvings]

        step = max(1, _TOGETHER // (int(np.prod(canvas.shape)) * np.dtype(canvas.dtype).itemsize))
        step = 1 if program.mixes else step  # the worlds of all partners are in memory at once
        for first in range(0, views, step):
            some = slice(first, min(first + step, views))
            worlds = np.tile(world.shape[:2], (some.stop - some.start, 1))
            here = tuple(segment.rows(some) for segment in lowered)
            yield from run(program, here, worlds, fetch, mixer=self._mixing(program, i, here)).image

    def _mixing(self, program: Program, i: int, lowered: Lowered) -> Mixing | None:
        """For one view of sample i."""
        if not program.mixes:
            return None

        def alone(rows: NDArray[np.int64]) -> Lowered:
            return program.lower(draw_plan(self.policy, self.seed, Address(self.table.ids[self.partners.rows[rows]])))

        lender = Lender(program, self.partners, partial(self._opened, program.canvas))
        return Mixing(lender, np.flatnonzero(self.partners.rows == i), [i], lowered, alone)

    def _opened(self, canvas: Spec, rows: NDArray[np.int64], first: LoweredSegment) -> Opened:
        """Partners, decoded and reduced at once."""
        shown = self.partners.rows[rows].tolist()
        worlds = np.empty((len(shown), 2), np.int64)
        ready = []
        for k, i in enumerate(shown):
            own, world = self.canvas(i)
            if own != canvas:
                where = self.table.where(i)
                raise DataError(f"{where}: is {own} and cannot be mixed with {canvas}; prepare all alike")
            worlds[k] = world.shape[:2]
            here = slice(k, k + 1)
            down, across = first.backward.rows(here).halvings(first.reads, worlds[here])[0].tolist()
            ready.append(default_executor().reduce_box(world, (down, across)) if down or across else world)
        return Opened(shown, worlds, lambda k, _: ready[k])


@lru_cache(maxsize=64)
def _program(policy: Policy, prepare: Prepare, canvas: Spec) -> Program:
    return compile_policy(policy, prepare, canvas)
