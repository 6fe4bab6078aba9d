"""Partners: whom a sample is mixed with, a function of one number and of the part alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from augury.data.table import Table
from augury.errors import AuguryError
from augury.kernels import Mix

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Circles:
    """The samples of a part, each among those that it may be mixed with.

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
    def of(cls, ids: NDArray[np.uint64], kinds: Rows) -> Circles:
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


@dataclass(frozen=True, eq=False)
class Partners:
    """Chooses partners within one part. rows : int64 (m,), of the table."""

    table: Table
    rows: Rows

    def of(self, kernel: Mix, rows: Rows) -> Rows:
        """Of each row of the part that the kernel's rows stand for: (n, k).

        Raises
        ------
        AuguryError : if the part, or with within_class a class of it, has only one sample.
        """
        if not kernel.partners:
            return np.empty((len(rows), 0), np.int64)
        return (self._within_class if kernel.within_class else self._within_part).at(rows, kernel.partner)

    @cached_property
    def _within_part(self) -> Circles:
        if len(self.rows) < 2:
            raise AuguryError(
                f"{self.table.root}: the policy mixes samples, and this part has only one; leave out what mixes"
            )
        return Circles.of(self.table.ids[self.rows], np.zeros(len(self.rows), np.int64))

    @cached_property
    def _within_class(self) -> Circles:
        labels = self.table.labels[self.rows]
        found = Circles.of(self.table.ids[self.rows], labels)
        if (found.count < 2).any():
            name = self.table.classes[labels[np.argmin(found.count)]]
            raise AuguryError(
                f"{self.table.root}: class {name!r} has only one sample in this part, which within_class=True can mix "
                "with no other; add one, or leave it out"
            )
        return found
