"""Families: rows of one set that are copies of each other, directly or through others."""

from __future__ import annotations

from collections.abc import Sequence

from augury.copies.leaks import Pair


def families(pairs: Sequence[Pair]) -> list[list[int]]:
    """Join the leaked pairs of one set.

    Returns
    -------
    Ascending rows, two or more a family; the largest family first.
    """
    family_of: dict[int, list[int]] = {}
    for pair in pairs:
        if not pair.leaked:
            continue
        first, second = (family_of.setdefault(row, [row]) for row in (pair.train, pair.test))
        if first is not second:
            first += second
            family_of.update(dict.fromkeys(second, first))
    found = {id(family): sorted(family) for family in family_of.values()}
    return sorted(found.values(), key=lambda family: (-len(family), family))
