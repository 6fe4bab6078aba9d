"""Split: which part a sample belongs to, decided by its content alone."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from augury.data.table import Table
from augury.errors import DataError

_SEARCHED = 10_000  # class sizes tried for the message of what would be enough


def assign_parts(table: Table, val: float, test: float, seed: int) -> dict[str, NDArray[np.int64]]:
    """Stratified parts by content digest.

    Byte-identical samples count once and stay together, in the stratum of the lowest of their labels. In
    each stratum of n different contents, ranked by a keyed hash, the first round(test * n) are the test
    part, the next round(val * n) the validation part, the rest is for training. So names, order and the
    kind of storage do not matter.

    Parameters
    ----------
    table : all samples; every file is read once.
    val, test : fractions of each class, 0 for none; together below 1.
    seed : key of the hash.

    Returns
    -------
    {"train", "val", "test"}: int64 row numbers, ascending, each row in exactly one part.

    Raises
    ------
    DataError : if the fractions do not fit, or a class is too small to give every asked part and the
        training part a sample.
    """
    for name, fraction in (("val", val), ("test", test)):
        if not 0 <= fraction < 1:
            raise DataError(f"split: {name}={fraction!r}; expected a fraction of at least 0 and below 1")
    if val + test >= 1:
        raise DataError(f"split: val={val} and test={test} leave nothing to train on; their sum must be below 1")
    copies: dict[bytes, list[int]] = {}
    for i in range(len(table)):
        copies.setdefault(table.digest(i), []).append(i)
    parts: dict[str, list[int]] = {"train": [], "val": [], "test": []}
    for label, digests in _strata(table, copies).items():
        ranked = sorted(digests, key=lambda digest: _rank(seed, digest))
        sizes = _checked_sizes(table, label, len(ranked), val, test)
        edges = np.cumsum(sizes)
        for part, own in zip(("test", "val", "train"), np.split(np.arange(len(ranked)), edges), strict=True):
            parts[part] += [row for k in own for row in copies[ranked[k]]]
    return {part: np.array(sorted(rows), np.int64) for part, rows in parts.items()}


def _strata(table: Table, copies: dict[bytes, list[int]]) -> dict[int, list[bytes]]:
    """Label -> different contents. The lowest label, not the first, or the order of files would matter."""
    strata: dict[int, list[bytes]] = {}
    for digest, rows in copies.items():
        strata.setdefault(int(table.labels[rows].min()), []).append(digest)
    return strata


def _rank(seed: int, digest: bytes) -> bytes:
    return blake2b(f"split\x1f{seed}\x1f".encode() + digest, digest_size=16).digest()


def _sizes(n: int, val: float, test: float) -> tuple[int, int] | None:
    """Return how many of n are for test and validation, or None if an asked part or training gets none."""
    tested, held = round(test * n), round(val * n)
    if (test and not tested) or (val and not held) or tested + held >= n:
        return None
    return tested, held


def _checked_sizes(table: Table, label: int, n: int, val: float, test: float) -> tuple[int, int]:
    sizes = _sizes(n, val, test)
    if sizes is not None:
        return sizes
    needed = next((k for k in range(n + 1, _SEARCHED) if _sizes(k, val, test)), None)
    cure = f"add images until it has {needed}, or " if needed else ""
    raise DataError(
        f"{table.root}: class {table.classes[label]!r} has {n} different images, too few for val={val}, "
        f"test={test}: each asked part and training need at least one; {cure}change the fractions"
    )
