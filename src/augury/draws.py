"""Addressed randomness: every number is a pure function of what it is for.

``u = philox(key, counter)`` with ``key = blake2b(version, seed, name, field)`` and
``counter = (id low 32, id high 16 | view 16, epoch, block)``. Nothing is ever advanced, so a
sample's numbers do not depend on batch size, order, threads or other transforms.

Philox4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.binary import compiled
from augury.elementary import exp, log

VERSION = 1
NORMAL_TABLE_SIZE = 2048
_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (np.uint64(0x9E3779B9), np.uint64(0xBB67AE85))
_LOW = np.uint64(0xFFFFFFFF)

Words = NDArray[np.uint32]
Floats = NDArray[np.float64]


def philox(counter: Words, key: Sequence[int]) -> Words:
    """Philox4x32-10 over many counters at once, natively where the kernels were built.

    Parameters
    ----------
    counter : uint32 (..., 4).
    key : two words below 2**32.

    Returns
    -------
    uint32 (..., 4), four random words per counter.

    Examples
    --------
    >>> [hex(w) for w in philox(np.zeros(4, np.uint32), (0, 0))]
    ['0x6627e8d5', '0xe169c58d', '0xbc57ac4c', '0x9b00dbd8']
    """
    kernels = compiled()
    if kernels is None:
        return philox_reference(counter, key)
    out = np.empty(counter.shape, np.uint32)
    kernels.philox(np.ascontiguousarray(counter), key[0], key[1], out)
    return out


def philox_reference(counter: Words, key: Sequence[int]) -> Words:
    """The definition of `philox`, in numpy."""
    c0, c1, c2, c3 = (counter[..., i].astype(np.uint64) for i in range(4))
    k0, k1 = (np.uint64(k) for k in key)
    for _ in range(10):
        first, second = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c1 = (second >> np.uint64(32)) ^ c1 ^ k0, second & _LOW
        c2, c3 = (first >> np.uint64(32)) ^ c3 ^ k1, first & _LOW
        k0, k1 = (k0 + _WEYL[0]) & _LOW, (k1 + _WEYL[1]) & _LOW
    return np.stack([c0, c1, c2, c3], axis=-1).astype(np.uint32)


def key_of(seed: int, *names: str) -> tuple[int, int]:
    """Two 32-bit key words hashed from the seed and a path of names."""
    text = "\x1f".join((str(VERSION), str(seed), *names)).encode()
    digest = hashlib.blake2b(text, digest_size=8).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")


@dataclass(frozen=True)
class Address:
    """Which samples are drawn for: ids (n,) uint64 below 2**48, one epoch, views (n,)."""

    ids: NDArray[np.uint64]
    epoch: int = 0
    views: NDArray[np.uint64] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, rows: Any) -> Address:
        """Some of the samples, by a slice or an index array."""
        return Address(self.ids[rows], self.epoch, None if self.views is None else self.views[rows])

    def counters(self) -> Words:
        """uint32 (n, 3): the part of the counter that names the sample."""
        views = np.uint64(0) if self.views is None else self.views.astype(np.uint64)
        high = ((self.ids >> np.uint64(32)) << np.uint64(16)) | views
        epoch = np.full(len(self.ids), self.epoch)
        return np.stack([self.ids & _LOW, high, epoch], axis=-1).astype(np.uint32)


@dataclass(frozen=True)
class Draws:
    """The random numbers of one named transform for the samples of one address.

    Every method takes the name of the field it draws for and returns float64 or int64 arrays of
    shape (n,), or (n, count) when `count` is given.
    """

    seed: int
    name: str
    address: Address

    def words(self, field: str, count: int) -> Words:
        """uint32 (n, count) random words."""
        blocks = -(-count // 4)
        counter = np.empty((len(self.address), blocks, 4), np.uint32)
        counter[..., :3] = self.address.counters()[:, None]
        counter[..., 3] = np.arange(blocks)
        return philox(counter, key_of(self.seed, self.name, field)).reshape(len(self.address), -1)[:, :count]

    def unit(self, field: str, count: int | None = None) -> Floats:
        """Uniform on [0, 1), multiples of 2**-32."""
        u = self.words(field, count or 1).astype(np.float64) * 2.0**-32
        return u if count else u[:, 0]

    def uniform(self, field: str, low: float, high: float, count: int | None = None) -> Floats:
        """Uniform on [low, high)."""
        return low + (high - low) * self.unit(field, count)

    def log_uniform(self, field: str, low: float, high: float, count: int | None = None) -> Floats:
        """Uniform in the logarithm on [low, high): for factors around 1."""
        return np.clip(exp(self.uniform(field, float(log(low)), float(log(high)), count)), low, high)

    def integers(self, field: str, low: int, high: int, count: int | None = None) -> NDArray[np.int64]:
        """Integers of [low, high], both ends included (bias below 2**-32 times their number)."""
        span = np.uint64(high - low + 1)
        words = self.words(field, count or 1).astype(np.uint64)
        drawn = low + ((words * span) >> np.uint64(32)).astype(np.int64)
        return drawn if count else drawn[:, 0]

    def choice(self, field: str, weights: Sequence[float], count: int | None = None) -> NDArray[np.int64]:
        """Index into `weights`, drawn in proportion to them."""
        edges = np.cumsum(np.asarray(weights, np.float64))
        u = self.unit(field, count) * edges[-1]
        picked: NDArray[np.int64] = np.searchsorted(edges[:-1], u, side="right")
        return picked

    def bernoulli(self, field: str, p: float) -> NDArray[np.bool_]:
        """True with probability p, decided as u < p."""
        return np.asarray(self.unit(field) < p)

    def permutation(self, field: str, size: int) -> NDArray[np.int64]:
        """(n, size): a random order of range(size) for each sample."""
        return np.argsort(self.words(field, size), axis=1, kind="stable")

    def normal(self, field: str, count: int | None = None) -> Floats:
        """Standard normal, from the same table as pixel noise (tails cut at 3.7 sigma)."""
        z = normal_table()[self.integers(field, -NORMAL_TABLE_SIZE, NORMAL_TABLE_SIZE - 1, count)]
        return z.astype(np.float64)


@cache
def normal_table() -> NDArray[np.float32]:
    """float32 (4096,): inverse normal CDF at the middles of 4,096 equal steps, unit variance.

    Entry k >= 0 is positive and entry k - 4096 its mirror image, so a signed index reads both.
    """
    n = NORMAL_TABLE_SIZE
    upper = np.array([NormalDist().inv_cdf(0.5 + (i + 0.5) / (2 * n)) for i in range(n)])
    upper /= np.sqrt(np.mean(upper * upper))
    return np.concatenate([upper, -upper[::-1]]).astype(np.float32)
