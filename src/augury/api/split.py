"""Parts of a table: how they are made, found again, saved and counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.api.progress import steps
from augury.copies.tables import related_rows
from augury.data.given import Leaks, checked_fractions, make_parts
from augury.data.groups import NOT_IN_A_FILE, Grouping, Groups, described, from_pairs, merge, told, twins
from augury.data.known import Match, known_parts
from augury.data.saved_split import Recipe, SavedSplit
from augury.data.split import Parts, has_labels
from augury.data.table import Table
from augury.errors import AuguryError, DataError
from augury.stream.threads import default_threads


@dataclass(frozen=True, eq=False)
class Division:
    """A table, the rows of each part, what is never separated, and how it was divided."""

    table: Table
    parts: Parts
    groups: Groups
    recipe: Recipe

    @property
    def left_out(self) -> tuple[str, ...]:
        """Paths in no part."""
        out = np.setdiff1d(np.arange(len(self.table)), np.concatenate(list(self.parts.values())))
        return tuple(self.table.paths[row] for row in out)

    def save(self, path: str | Path) -> None:
        """Write what `found_again` reads."""
        SavedSplit.of(self.table, self.parts, self.groups, self.recipe).save(path)

    def summary(self) -> dict[str, Any]:
        """What `Split.summary` says."""
        together = np.unique_counts(self.groups).counts
        return {
            "parts": {name: _counts(self.table, rows) for name, rows in self.parts.items()},
            "left_out": len(self.left_out),
            "grouped_by": self.recipe.groups,
            "groups": int((together > 1).sum()),
            "twins": len(self.table) - len(np.unique(twins(self.table))),
            "seed": self.recipe.seed,
            "val": self.recipe.val,
            "test": self.recipe.test,
        }


def divided(table: Table, val: float | None, test: float | None, seed: int, groups: Grouping, leaks: Leaks) -> Division:
    """Make parts; see `Dataset.split`."""
    if not isinstance(seed, (int, np.integer)) or leaks not in ("raise", "drop"):
        raise AuguryError(f"split: seed={seed!r}, leaks={leaks!r}; expected a whole number and 'raise' or 'drop'")
    val, test = checked_fractions(table, val, test)
    found = _grouped(table, groups)
    parts = make_parts(table, found, val, test, int(seed), leaks)
    return Division(table, parts, found, Recipe(int(seed), val, test, described(groups)))


def found_again(table: Table, path: str | Path, extend: bool, groups: Grouping) -> Division:
    """The parts of a saved split; see `Dataset.load_split`."""
    saved = SavedSplit.load(path)
    match, recipe = Match.of(saved, table), saved.recipe
    if match.difference() and not extend:
        raise DataError(
            f"{path}: {table.root} is not as it was split: {match.difference()}; load_split(..., extend=True) "
            "keeps every known image where it is and adds the new"
        )
    if not match.has_new:
        return Division(table, *known_parts(match), recipe)
    if described(groups) == "saved":
        groups = recipe.groups
        if groups in NOT_IN_A_FILE:
            raise DataError(
                f"{path}: was grouped by a {groups}, which a file cannot hold; "
                "give it again: load_split(..., extend=True, groups=...)"
            )
    recipe = replace(recipe, groups=described(groups))
    return Division(table, *known_parts(match, _grouped(table, groups)), recipe)


def _grouped(table: Table, groups: Grouping) -> Groups:
    """int64 (n,): equal for samples that are never separated."""
    found = told(groups, table)
    if groups is not None:
        with steps() as progress:
            near = described(groups) == "near"
            pairs = related_rows(table, near=near, threads=default_threads(), progress=progress)
        found.append(from_pairs(len(table), pairs))
    return merge(twins(table), *found)


def _counts(table: Table, rows: NDArray[np.int64]) -> dict[str, Any]:
    counts = np.bincount(table.labels[rows], minlength=len(table.classes)).tolist()
    return {"images": len(rows), "classes": dict(zip(table.classes, counts, strict=True)) if has_labels(table) else {}}
