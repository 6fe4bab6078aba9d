"""Views: the images of a dataset as a policy changes them, numbered 1, 2, ..., each size for itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.compile.program import Program, compile_policy
from augury.data.decode import to_channels
from augury.data.prepare import Prepare
from augury.data.table import Table
from augury.draws import Address
from augury.execute.opaque.function import StepError
from augury.execute.run import default_executor, run
from augury.plan import Plan, draw_plan
from augury.spec import Spec
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

    `prepare` decides the canvas; without a size each image keeps its own.
    """

    table: Table
    prepare: Prepare
    policy: Policy
    seed: int

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
        for first in range(0, views, step):
            some = slice(first, min(first + step, views))
            worlds = np.tile(world.shape[:2], (some.stop - some.start, 1))
            try:
                made = run(program, tuple(segment.rows(some) for segment in lowered), worlds, fetch).image
            except StepError as error:
                raise error.on(self.table.where(i)) from error.__cause__
            yield from made


@lru_cache(maxsize=64)
def _program(policy: Policy, prepare: Prepare, canvas: Spec) -> Program:
    return compile_policy(policy, prepare, canvas)
