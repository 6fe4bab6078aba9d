"""Split: which part a sample belongs to, decided by its content and its group alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from augury.data.groups import Groups, merge, twins
from augury.data.table import PARTS, Table
from augury.errors import DataError

Rows = NDArray[np.int64]
Parts = dict[str, Rows]
_SEARCHED = 10_000  # class sizes tried for the message of what would be enough


@dataclass(frozen=True, eq=False)
class Unit:
    """Samples that are never separated: a group with all that is byte-identical to one of it.

    Attributes
    ----------
    rows : ascending. counts : class -> how many different contents show it. key : the lowest digest.
    """

    rows: list[int]
    counts: dict[int, int]
    key: bytes


def assign_parts(
    table: Table, val: float, test: float, seed: int, groups: Groups | None = None, rows: Rows | None = None
) -> Parts:
    """Stratified parts of whole groups, by content digest.

    Byte-identical samples count once and stay together, in the class of the lowest of their labels. Groups
    are ranked by a keyed hash of their lowest digest. The test part takes each that brings it closer to
    round(test * n) of the n different contents of each class, then the validation part does likewise; the
    rest is for training. So names, order and the kind of storage do not matter, and where no sample has a
    group the sizes are exact.

    Parameters
    ----------
    table : all samples; every file is read once.
    val, test : fractions of each class, 0 for none; together below 1.
    seed : key of the hash.
    groups : int64 (n,), equal where samples are never separated; None where nothing but copies is known.
    rows : which samples to divide; None for all.

    Returns
    -------
    {"train", "val", "test"}: int64 row numbers, ascending, each row in exactly one part.

    Raises
    ------
    DataError : if the fractions do not fit, or a class is too small or lies in too few groups to give every
        asked part and the training part a sample.
    """
    check_fractions(val, test)
    units = units_of(table, np.arange(len(table)) if groups is None else groups, rows)
    return rows_of(divide(table, units, val, test, seed))


def check_fractions(val: float, test: float) -> None:
    """Raise a DataError unless both are fractions that leave something to train on."""
    for name, fraction in (("val", val), ("test", test)):
        if not isinstance(fraction, Real) or not 0 <= fraction < 1:
            raise DataError(f"split: {name}={fraction!r}; expected a fraction of at least 0 and below 1")
    if val + test >= 1:
        raise DataError(f"split: val={val} and test={test} leave nothing to train on; their sum must be below 1")


def units_of(table: Table, groups: Groups, rows: Rows | None = None) -> list[Unit]:
    """The units that some rows (all of them unless given) form."""
    rows = np.arange(len(table)) if rows is None else rows
    contents = twins(table)
    labels = np.full(len(table), np.iinfo(np.int64).max)  # of contents
    np.minimum.at(labels, contents[rows], table.labels[rows])  # the lowest: the first would depend on the order
    members: dict[int, list[int]] = {}
    for first, row in zip(merge(groups, contents)[rows].tolist(), rows.tolist(), strict=True):
        members.setdefault(first, []).append(row)
    content_of, label_of = contents.tolist(), labels.tolist()

    def unit(own: list[int]) -> Unit:
        different = {content_of[row]: row for row in own}
        counts = Counter(label_of[content] for content in different)
        return Unit(own, dict(sorted(counts.items())), table.digests[different[min(different)]].tobytes())

    return [unit(own) for own in members.values()]


def divide(
    table: Table, units: list[Unit], val: float, test: float, seed: int, have: dict[str, Counter[int]] | None = None
) -> dict[str, list[Unit]]:
    """Give every unit a part.

    Parameters
    ----------
    have : part -> class -> different contents that lie there already and stay; they count for the sizes.

    Raises
    ------
    DataError : if a class of these units is too small, or lies in too few of them.
    """
    have = have or {part: Counter() for part in PARTS}
    new = counted(units)
    total = sum(have.values(), new)
    fractions = {"test": test, "val": val}
    asked = [*(part for part in fractions if fractions[part]), "train"]
    for c in sorted(new):
        if not all(have[part][c] for part in asked):
            _check_size(table, c, total[c], val, test)
    left = sorted(units, key=lambda unit: _rank(seed, unit.key))
    parts: dict[str, list[Unit]] = {part: [] for part in PARTS}
    for k, part in enumerate(asked[:-1]):
        aim = {c: round(fractions[part] * total[c]) for c in sorted(new)}  # sorted: rows have no order here
        kept = Counter(c for later in asked[k + 1 :] for c in new if not have[later][c])
        parts[part], left = _fill(left, Counter(have[part]), aim, kept)
    parts["train"] = left
    for part in asked:
        held = have[part] + counted(parts[part])
        for c in sorted(new):
            if not held[c]:
                raise DataError(_too_few_groups(table, units, c, asked))
    return parts


def rows_of(parts: dict[str, list[Unit]]) -> Parts:
    """The rows of units, ascending."""
    return {part: np.array(sorted(row for unit in own for row in unit.rows), np.int64) for part, own in parts.items()}


def counted(units: Iterable[Unit]) -> Counter[int]:
    """Class -> different contents of all units together."""
    counts: Counter[int] = Counter()
    for unit in units:
        for c, count in unit.counts.items():
            counts[c] += count
    return counts


def _fill(
    ranked: list[Unit], held: Counter[int], aim: dict[int, int], kept: Counter[int]
) -> tuple[list[Unit], list[Unit]]:
    """Choose the units of one part; return them and those left over.

    `held` is how many contents of each class the part has already, `aim` how many it should have, `kept` how
    many units with each class must be left over.
    """
    spare = Counter(c for unit in ranked for c in unit.counts)
    spare.subtract(kept)
    taken: list[Unit] = []
    left: list[Unit] = []

    def nearer(unit: Unit) -> float:
        """How much nearer to its aim this unit brings the part, classes weighing the same whatever their size."""
        return sum(
            (abs(held[c] - aim[c]) - abs(held[c] + count - aim[c])) / max(aim[c], 1) for c, count in unit.counts.items()
        )

    def can_go(unit: Unit) -> bool:
        return all(spare[c] > 0 for c in unit.counts)

    def take(unit: Unit) -> None:
        taken.append(unit)
        held.update(unit.counts)
        spare.subtract(unit.counts.keys())

    for unit in ranked:
        if can_go(unit) and nearer(unit) >= 0:
            take(unit)
        else:
            left.append(unit)
    for c in aim:  # groups so large that leaving them out was nearer
        able = [] if held[c] else [unit for unit in left if c in unit.counts and can_go(unit)]
        if able:
            best = max(able, key=nearer)
            left.remove(best)
            take(best)
    return taken, left


def _rank(seed: int, digest: bytes) -> bytes:
    return blake2b(f"split\x1f{seed}\x1f".encode() + digest, digest_size=16).digest()


def _sizes(n: int, val: float, test: float) -> tuple[int, int] | None:
    """Return how many of n are for test and validation, or None if an asked part or training gets none."""
    tested, held = round(test * n), round(val * n)
    if (test and not tested) or (val and not held) or tested + held >= n:
        return None
    return tested, held


def _check_size(table: Table, c: int, n: int, val: float, test: float) -> None:
    if _sizes(n, val, test) is not None:
        return
    needed = next((k for k in range(n + 1, _SEARCHED) if _sizes(k, val, test)), None)
    cure = f"add images until it has {needed}, or " if needed else ""
    raise DataError(
        f"{table.root}: {_named(table, c)} has {n} different images, too few for val={val}, test={test}: "
        f"each asked part and training need at least one; {cure}change the fractions"
    )


def _too_few_groups(table: Table, units: list[Unit], c: int, asked: list[str]) -> str:
    holders = [unit for unit in units if c in unit.counts]
    largest = max(holders, key=lambda unit: len(unit.rows))
    groups = "one group" if len(holders) == 1 else f"{len(holders)} groups"
    each = " and ".join(part for part in PARTS if part in asked)
    return (
        f"{table.root}: {_named(table, c)} lies in {groups} (the largest: {len(largest.rows)} images, such as "
        f"{table.paths[largest.rows[0]]}) and a group is never divided: no way was found for {each} to have one each; "
        "group by something else with groups=..., or ask for fewer parts"
    )


def _named(table: Table, c: int) -> str:
    return f"class {table.classes[c]!r}" if has_labels(table) else "the dataset"


def has_labels(table: Table) -> bool:
    """Whether each image shows one class; an image of detection or segmentation data may show several."""
    return table.objects is None and table.mask is None
