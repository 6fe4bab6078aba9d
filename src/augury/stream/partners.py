"""Partners: whom a sample is mixed with, a function of one number and of the part alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Partners:
    """The samples of a part, each beside those that it may be mixed with.

    Attributes
    ----------
    order : int64 (m,), rows of the part, by kind and id, so that neither the order of files nor that of an epoch
        matters. first, count, place : of each row's kind the first in `order` and how many, and its own place there.
    """

    order: Rows
    first: Rows
    count: Rows
    place: Rows

    @classmethod
    def of(cls, ids: NDArray[np.uint64], kinds: Rows) -> Partners:
        """Only samples of one kind meet: ids (m,) and kinds (m,) of a part."""
        order = np.lexsort((ids, kinds))
        _, first, kind, count = np.unique(kinds[order], return_index=True, return_inverse=True, return_counts=True)
        back = np.argsort(order, kind="stable")
        place = np.arange(len(order)) - first[kind]
        return cls(order, first[kind][back], count[kind][back], place[back])

    def at(self, rows: Rows, u: NDArray[np.float64]) -> Rows:
        """The partners (n, k) of some rows (n,) by numbers u (n, k) in [0, 1): each but the row itself, equally likely.

        Each row's `count` must be at least two.
        """
        found = np.floor(u * (self.count[rows] - 1)[:, None]).astype(np.int64)
        found += found >= self.place[rows][:, None]
        return np.asarray(self.order[self.first[rows][:, None] + found])
