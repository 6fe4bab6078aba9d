"""Known images: what a saved split says of the images of a table, and where new ones go."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from augury.data.groups import Groups, alike, merge, twins
from augury.data.saved_split import Item, SavedSplit, items_of
from augury.data.split import Parts, Unit, counted, divide, rows_of, units_of
from augury.data.table import PARTS, Table
from augury.errors import LeakError

# what a saved item and a row may have in common, the surest first
_COMMON: tuple[Callable[[Item], Hashable], ...] = (
    lambda item: (item.digest, item.label, item.path),
    lambda item: (item.digest, item.label),
    lambda item: item.digest,
    lambda item: item.path,
)
_RELABELLED, _CHANGED, _NEW = 2, 3, 4


@dataclass(frozen=True)
class Match:
    """The rows of a table, found again among the items of a saved split.

    Attributes
    ----------
    items : the item of each row; None for a new image.
    how : int8 (n,), the place in _COMMON of what they have in common, or _NEW.
    missing : items that are no row.
    """

    saved: SavedSplit
    table: Table
    items: list[Item | None]
    how: NDArray[np.int8]
    missing: list[Item]

    @classmethod
    def of(cls, saved: SavedSplit, table: Table) -> Match:
        """Content decides, then the class; the path tells copies apart, and a changed image from a new one."""
        here = items_of(table, np.arange(len(table)), [None] * len(table))
        items: list[Item | None] = [None] * len(table)
        how = np.full(len(table), _NEW, np.int8)
        left = sorted(saved.items, key=lambda item: item.part is None)  # of copies, those in a part come first
        for step, common in enumerate(_COMMON):
            waiting: dict[Hashable, deque[Item]] = {}
            for item in left:
                waiting.setdefault(common(item), deque()).append(item)
            for row in np.flatnonzero(how == _NEW).tolist():
                same = waiting.get(common(here[row]))
                if same:
                    items[row], how[row] = same.popleft(), step
            left = [item for same in waiting.values() for item in same]
        return cls(saved, table, items, how, left)

    @property
    def has_new(self) -> bool:
        """Whether there are contents that the split does not know, or more copies of one than it knows."""
        return bool((self.how >= _CHANGED).any())

    def difference(self) -> str:
        """What is not as it was when the split was saved, in words; empty if nothing."""
        changed, relabelled, new = (np.flatnonzero(self.how == k).tolist() for k in (_CHANGED, _RELABELLED, _NEW))
        paths, found = self.table.paths, []
        if changed:
            found.append(f"{len(changed)} changed (first: {paths[changed[0]]})")
        if relabelled:
            row = relabelled[0]
            before, now = self.items[row], self.table.classes[self.table.labels[row]]
            was = before.label if before else ""
            found.append(f"{len(relabelled)} in another class (first: {paths[row]}, was {was!r}, is {now!r})")
        if self.missing:
            found.append(f"{len(self.missing)} missing (first: {self.missing[0].path!r})")
        if new:
            found.append(f"{len(new)} new (first: {paths[new[0]]})")
        return ", ".join(found)


def known_parts(match: Match, fresh: Groups | None = None) -> tuple[Parts, Groups]:
    """The parts of a table by a saved split.

    A known image keeps its part, and what was left out stays out. A new one follows the images that it is
    never separated from; a changed one stays in the part of its path; all others bring each part nearer to
    its share of the whole.

    Parameters
    ----------
    fresh : int64 (n,), groups of all rows as they are now; needed if there are new images.

    Returns
    -------
    {"train", "val", "test"}: int64 row numbers, ascending; and the groups, int64 (n,).

    Raises
    ------
    LeakError : if images in two parts are never to be separated now.
    DataError : if a class is new and too small to give every part an image.
    """
    table, recipe = match.table, match.saved.recipe
    groups = merge(alike([item and item.group for item in match.items]), twins(table))
    groups = groups if fresh is None else merge(groups, fresh)
    fixed = _fixed_parts(match)
    stays_out = np.array([item is not None and item.part is None for item in match.items])
    units: dict[str | None, list[Unit]] = {part: [] for part in (*PARTS, None)}
    for unit in units_of(table, groups, np.flatnonzero(~stays_out)):
        units[_only_part(match, unit, fixed)].append(unit)
    cut = {"train": True, "val": recipe.val is not None, "test": recipe.test is not None}  # others were given
    have = {part: counted(units[part] if cut[part] else []) for part in PARTS}
    new = divide(table, units[None], recipe.val or 0.0, recipe.test or 0.0, recipe.seed, have)
    return rows_of({part: units[part] + new[part] for part in PARTS}), groups


def _fixed_parts(match: Match) -> list[str | None]:
    """The part of each row where a saved item or the source itself decides it."""
    table, recipe = match.table, match.saved.recipe
    known = {item.digest for item in match.saved.items if item.part}
    given: list[str | None] = [None] * len(table)
    if table.parts is not None:
        to_cut = "train" if recipe.val or recipe.test else None
        given = [PARTS[k] if PARTS[k] != to_cut else None for k in table.parts.tolist()]
    fixed = [part if item is None else item.part for item, part in zip(match.items, given, strict=True)]
    for row in np.flatnonzero(match.how == _CHANGED).tolist():
        if table.digests[row].tobytes().hex() in known:
            fixed[row] = None  # it follows its twin, whose content decides
    return fixed


def _only_part(match: Match, unit: Unit, fixed: list[str | None]) -> str | None:
    """The part in which the decided rows of a unit are; None if there are none."""
    decided = [row for row in unit.rows if fixed[row]]
    other = next((row for row in decided if fixed[row] != fixed[decided[0]]), None)
    if other is None:
        return fixed[decided[0]] if decided else None
    paths = match.table.paths
    held = f"{paths[decided[0]]} ({fixed[decided[0]]}) and {paths[other]} ({fixed[other]})"
    joining = [row for row in unit.rows if match.how[row] >= _CHANGED and row not in (decided[0], other)]
    what = f"{paths[joining[0]]} is new and belongs with {held}" if joining else f"{held} belong together"
    raise LeakError(
        f"{match.table.root}: {what}, which the saved split holds apart; take one of them out, or split again"
    )
