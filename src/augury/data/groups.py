"""Groups: which samples are never separated. int64 (n,), equal where samples belong together."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augury.data.table import Table
from augury.errors import DataError

Groups = NDArray[np.int64]
NameRule = str | Callable[[str], str | None]
Grouping = NameRule | ArrayLike | None  # as a user asks for it
NOT_IN_A_FILE = ("function", "values")


def merge(*groups: Groups) -> Groups:
    """Join groupings of the same samples: what one of them keeps together stays together, through chains too.

    Returns
    -------
    int64 (n,): the first row of each row's group; so arange(n) where nothing belongs together.

    Examples
    --------
    >>> merge(np.array([0, 1, 1, 2]), np.array([5, 5, 6, 7]))
    array([0, 0, 0, 3])
    """
    return from_pairs(len(groups[0]), np.concatenate([_links(one) for one in groups]))


def from_pairs(n: int, pairs: NDArray[np.int64]) -> Groups:
    """Groups of n samples from pairs (k, 2) of rows that belong together, numbered as `merge` does.

    Examples
    --------
    >>> from_pairs(5, np.array([[4, 2], [2, 1]]))
    array([0, 1, 1, 3, 1])
    """
    if len(pairs) and (pairs.min() < 0 or pairs.max() >= n):
        raise DataError(f"groups: pairs name rows {pairs.min()} to {pairs.max()}; there are rows 0 to {n - 1}")
    above = list(range(n))  # a row of the same group, never a later one

    def first(row: int) -> int:
        while above[row] != row:
            above[row] = above[above[row]]  # shortens the way for the next who asks
            row = above[row]
        return row

    for a, b in pairs.tolist():
        a, b = first(a), first(b)
        above[max(a, b)] = min(a, b)
    return np.array([first(row) for row in range(n)], np.int64)


def _links(groups: Groups) -> NDArray[np.int64]:
    """(k, 2): the first row of each group with each other row of it."""
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    start = first[inverse]
    others = np.flatnonzero(start != np.arange(len(groups)))
    return np.stack([start[others], others], axis=1)


def alike(keys: Sequence[Hashable]) -> Groups:
    """Groups of equal keys, numbered as `merge` does; None is equal to nothing.

    Examples
    --------
    >>> alike(["a", None, "a", None])
    array([0, 1, 0, 3])
    """
    first: dict[Hashable, int] = {}
    return np.array([row if key is None else first.setdefault(key, row) for row, key in enumerate(keys)], np.int64)


def twins(table: Table) -> Groups:
    """int64 (n,): equal for byte-identical samples, ascending by their digest; reads every file once."""
    return np.unique(table.digests.view("V16")[:, 0], return_inverse=True)[1].astype(np.int64)


def described(grouping: Grouping) -> str | None:
    """A grouping as a file can hold it; one of NOT_IN_A_FILE where it cannot."""
    if grouping is None or isinstance(grouping, str):
        return grouping
    return "function" if callable(grouping) else "values"


def told(grouping: Grouping, table: Table) -> list[Groups]:
    """Groups that need no look at the images: what the source says, and what a name rule or values say."""
    said = [] if table.groups is None else [table.groups]
    if grouping is None or (isinstance(grouping, str) and grouping in ("auto", "near")):
        return said
    if isinstance(grouping, str) or callable(grouping):
        return [*said, from_names(grouping, table.paths)]
    return [*said, from_values(grouping, len(table))]


def from_names(rule: NameRule, paths: Sequence[str]) -> Groups:
    r"""Groups by what a rule finds in each path; a path in which it finds nothing is a group of its own.

    Parameters
    ----------
    rule : a regular expression with one pair of parentheses, searched in the path, or a function that
        returns text or, for nothing, None.

    Raises
    ------
    DataError : if the rule is none, or finds nothing in any path.

    Examples
    --------
    >>> from_names(r"/p(\d+)_", ["cat/p1_a.png", "cat/p2_a.png", "dog/p1_b.png", "dog/x.png"])
    array([0, 1, 0, 3])
    """
    find = _searcher(rule) if isinstance(rule, str) else _caller(rule)
    names = [find(path) or None for path in paths]
    if not any(names):
        raise DataError(
            f"{_shown(rule)}: finds nothing in any of {len(paths)} paths, such as {paths[0]!r}; "
            "give a rule that finds what the names of a group have in common"
        )
    return alike(names)


def _searcher(rule: str) -> Callable[[str], str | None]:
    try:
        pattern = re.compile(rule)
    except re.error as error:
        raise DataError(f"{_shown(rule)}: is no regular expression ({error}); correct it") from None
    if pattern.groups != 1:
        raise DataError(
            f"{_shown(rule)}: expected 'auto', 'near', None, n values, a function of the path, or a regular "
            rf"expression with one pair of parentheses around the name of the group, such as r'(\d+)_'; "
            f"this has {pattern.groups}"
        )

    def find(path: str) -> str | None:
        match = pattern.search(path)
        return match[1] if match else None

    return find


def _caller(rule: Callable[[str], str | None]) -> Callable[[str], str | None]:
    def find(path: str) -> str | None:
        name = rule(path)
        if name is not None and not isinstance(name, str):
            raise DataError(f"{_shown(rule)}: gives {name!r} for {path!r}; expected text, or None for no group")
        return name

    return find


def _shown(rule: NameRule) -> str:
    return f"groups={rule!r}" if isinstance(rule, str) else f"groups={getattr(rule, '__name__', 'function')}"


def from_values(values: ArrayLike | Iterable[Any], n: int) -> Groups:
    """Groups of n samples from a value each: numbers or names, equal where samples belong together.

    Raises
    ------
    DataError : if they are not n, or one is missing.

    Examples
    --------
    >>> from_values(["anna", "ben", "anna"], 3)
    array([0, 1, 0])
    """
    given = np.asarray(values, object)  # a dtype of its own would turn a missing value among names into text
    if given.shape != (n,):
        raise DataError(f"groups: shape {given.shape}; expected ({n},), a value for each sample, in the order of paths")
    for row, value in enumerate(given.tolist()):
        if _missing(value):
            raise DataError(f"groups, row {row}: no value ({value}); give a sample that stands alone one of its own")
        if not isinstance(value, Hashable):
            raise DataError(f"groups, row {row}: {value!r} is neither a number nor a name")
    return alike(given.tolist())


def _missing(value: Any) -> bool:
    # pandas.NA has no truth value and pandas is not imported here, so ask for the name
    return value is None or (not isinstance(value, str) and str(value) in ("nan", "NaT", "<NA>"))
