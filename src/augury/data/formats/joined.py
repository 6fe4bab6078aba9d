"""Several sequences of rows as one: the parts of a dataset that is divided already."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any


class Joined:
    """Blocks one after the other, by row; nothing is copied, and no row is read before it is asked for."""

    def __init__(self, blocks: Sequence[Any]) -> None:
        self._blocks = blocks
        self._ends = list(accumulate(len(block) for block in blocks))

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, i: int) -> Any:
        k = bisect_right(self._ends, i)
        return self._blocks[k][i - (self._ends[k - 1] if k else 0)]
