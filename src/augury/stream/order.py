"""Order: a pure function from (epoch, position) to a sample, with no state and no memory.

A keyed Feistel network on a rectangle a * b that just holds range(n), walked until it lands below n:
the generalised Feistel cipher of Black and Rogaway, "Ciphers with arbitrary finite domains", 2002.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from augury.draws import key_of

Positions = NDArray[np.int64]
_ROUNDS = 8


def permute(positions: Positions, n: int, key: tuple[int, int]) -> Positions:
    """A keyed permutation of range(n), at some positions.

    Examples
    --------
    >>> sorted(permute(np.arange(5), 5, (1, 2)).tolist())
    [0, 1, 2, 3, 4]
    """
    x = _feistel(np.asarray(positions, np.uint64), n, key)
    while len(outside := np.flatnonzero(x >= n)):
        x[outside] = _feistel(x[outside], n, key)
    return x.astype(np.int64)


def _feistel(x: NDArray[np.uint64], n: int, key: tuple[int, int]) -> NDArray[np.uint64]:
    rows = math.isqrt(max(n - 1, 0)) + 1
    columns = -(-n // rows)
    left, right = x // np.uint64(columns), x % np.uint64(columns)
    for r in range(_ROUNDS):
        tweak = np.uint64(key[r % 2] + r * 0x9E3779B9)
        if r % 2 == 0:
            left = (left + _mix(right + tweak)) % np.uint64(rows)
        else:
            right = (right + _mix(left + tweak)) % np.uint64(columns)
    return left * np.uint64(columns) + right


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Avalanche of 64 bits (the finaliser of splitmix64, Steele et al. 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@dataclass(frozen=True)
class Order:
    """Which sample stands at each position of an epoch.

    Attributes
    ----------
    n : samples in the part; an epoch has as many positions.
    balance : class of each sample (n,), to give every class the same number of positions; else None.
    """

    n: int
    seed: int
    shuffle: bool
    balance: Positions | None = None
    _members: list[Positions] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        labels = self.balance
        members = [] if labels is None else [np.flatnonzero(labels == c) for c in np.unique(labels)]
        object.__setattr__(self, "_members", members)

    def at(self, epoch: int, positions: Positions) -> tuple[Positions, Positions]:
        """Rows of the part and views, for some positions.

        A balanced epoch repeats samples of rare classes; each repetition is a view of its own.
        """
        rows = self._shuffled(epoch, positions, self.n, "order")
        if not self._members:
            return rows, np.zeros_like(rows)
        which, turn = rows % len(self._members), rows // len(self._members)
        views = np.zeros_like(rows)
        for c, members in enumerate(self._members):
            mine = which == c
            views[mine] = turn[mine] // len(members)
            rows[mine] = members[self._shuffled(epoch, turn[mine] % len(members), len(members), f"class {c}")]
        return rows, views

    def _shuffled(self, epoch: int, positions: Positions, n: int, name: str) -> Positions:
        if not self.shuffle:
            return np.array(positions, np.int64)
        return permute(positions, n, key_of(self.seed, name, str(epoch)))
