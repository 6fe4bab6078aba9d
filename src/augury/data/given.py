"""Parts as they are given: taken as the source divides them, and audited for samples that lie on both sides."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from augury.data.groups import Groups, twins
from augury.data.split import Parts, assign_parts, check_fractions
from augury.data.table import PARTS, Table
from augury.errors import DataError, LeakError

Leaks = Literal["raise", "drop"]
USUAL = 0.15  # of each class, for validation and for test
_WORDS = {"train": "training", "val": "validation", "test": "test"}


def checked_fractions(table: Table, val: float | None, test: float | None) -> tuple[float | None, float | None]:
    """Return the fractions to divide by, None for a part that is not to be cut.

    Raises
    ------
    DataError : if one is no fraction, or is asked for a part that was given.
    """
    if table.parts is None:
        val, test = (USUAL if fraction is None else fraction for fraction in (val, test))
    check_fractions(0.0 if val is None else val, 0.0 if test is None else test)
    for part, fraction in (("val", val), ("test", test)):
        given = np.count_nonzero(table.parts == PARTS.index(part)) if table.parts is not None else 0
        if fraction is not None and given:
            raise DataError(
                f"{table.root}: has a {_WORDS[part]} part of {given} images already, which is taken as it is; "
                f"leave {part}={fraction!r} out"
            )
    return val if val is None else float(val), test if test is None else float(test)


def make_parts(
    table: Table, groups: Groups, val: float | None, test: float | None, seed: int, leaks: Leaks = "raise"
) -> Parts:
    """Divide a table, or take the parts it comes with; what it has none for can be cut from its training part.

    Parameters
    ----------
    groups : int64 (n,), equal where samples are never separated, byte-identical ones among them.
    val, test : as `checked_fractions` gives them; where parts are given, of the training part.
    leaks : where a group lies in several given parts, "raise", or "drop" to leave the samples in training
        (or in validation, against test) out.

    Returns
    -------
    {"train", "val", "test"}: int64 row numbers, ascending; rows left out are in none.

    Raises
    ------
    LeakError : with "raise", if a group lies in several parts.
    DataError : as `assign_parts`, or if there is no training part to cut from.
    """
    if table.parts is None:
        return assign_parts(table, val or 0.0, test or 0.0, seed, groups)
    clean = _clean(table.parts, groups)
    if leaks == "raise" and not clean.all():
        raise LeakError(
            f"{table.root}: {_findings(table, table.parts, groups)}; split(leaks='drop') leaves those out of "
            "training (or of validation, against test)"
        )
    parts = {part: np.flatnonzero(clean & (table.parts == k)) for k, part in enumerate(PARTS)}
    if not (val or test):
        return parts
    if not len(parts["train"]):
        raise DataError(f"{table.root}: has no training images of which val={val}, test={test} could be a fraction")
    cut = assign_parts(table, val or 0.0, test or 0.0, seed, groups, parts["train"])
    return {part: cut[part] if part == "train" or len(cut[part]) else parts[part] for part in PARTS}


def _clean(parts: NDArray[np.int8], groups: Groups) -> NDArray[np.bool_]:
    """(n,): False for samples in training or validation whose group is tested on as well."""
    furthest = np.zeros(groups.max() + 1, np.int8)  # in the order train, val, test
    np.maximum.at(furthest, groups, parts)
    return np.equal(parts, furthest[groups])


def _findings(table: Table, parts: NDArray[np.int8], groups: Groups) -> str:
    """What lies on both sides, for each pair of parts: how many, and which first."""
    contents, found = twins(table), []
    for held, other in (("test", "train"), ("test", "val"), ("val", "train")):
        rows, against = (np.flatnonzero(parts == PARTS.index(part)) for part in (held, other))
        copied, shared = (np.isin(numbers[rows], numbers[against]) for numbers in (contents, groups))
        if not shared.any():
            continue
        which, sign, what = (contents, "=", "copies of") if copied.any() else (groups, "and", "in one group with")
        also = " or in one group with" if copied.any() and not copied[shared].all() else ""
        first = rows[np.argmax(np.isin(which[rows], which[against]))]
        partner = against[np.argmax(which[against] == which[first])]
        found.append(
            f"{np.count_nonzero(shared)} of {len(rows)} {_WORDS[held]} images are {what}{also} {_WORDS[other]} images "
            f"(first: {table.paths[first]} {sign} {table.paths[partner]})"
        )
    return "; ".join(found)
