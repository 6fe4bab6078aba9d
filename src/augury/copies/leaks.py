"""Leaks: which test images are copies of training images, and what that does to an accuracy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from augury.copies.calibrate import Calibration
from augury.copies.effects import Effect, effects, in_pixels
from augury.copies.match import Match
from augury.copies.search import copies_between, copies_inside
from augury.copies.sketch import Sketch
from augury.copies.tables import Rows, Steps, quiet, sketch_table
from augury.data.table import Table
from augury.errors import DataError

Kind = Literal["exact", "identical", "copy", "same scene", "cannot tell", "none"]
LEAKED = ("exact", "identical", "copy")
KINDS: dict[Kind, str] = {
    "exact": "the same file",
    "identical": "the same pixels, turned, mirrored or stored anew",
    "copy": "made from a training image",
    "same scene": "another photo of the same scene",
    "cannot tell": "too plain, too small or too noisy to say",
    "none": "nothing alike was found",
}
_Z = 1.959964  # of a 95 % interval


@dataclass(frozen=True, eq=False)
class Pair:
    """One test image and the training image that it comes from, or that is most like it.

    Attributes
    ----------
    test, train : rows of the two tables; train is -1 where nothing was alike.
    kind : see KINDS. matrix : (3, 3), training to test image, centred pixels of each; None where not aligned.
    effects : what was done to the training image, in order.
    score, error : 0 for a copy, near 1 for a good look-alike, with its standard error; nan where not compared.
    chance : share of images whose closest look-alike passes with a score as low; nan where not calibrated.
    """

    test: int
    train: int
    kind: Kind
    effects: tuple[Effect, ...] = ()
    matrix: NDArray[np.float64] | None = None
    score: float = float("nan")
    error: float = float("nan")
    chance: float = float("nan")

    @property
    def leaked(self) -> bool:
        """Whether it is a copy."""
        return self.kind in LEAKED


@dataclass(frozen=True, eq=False)
class Findings:
    """All pairs, one for each readable test image, and what stands behind them."""

    pairs: list[Pair]
    calibration: Calibration
    unreadable: list[str]

    def counts(self) -> dict[Kind, int]:
        """Test images of each kind."""
        found = Counter(pair.kind for pair in self.pairs)
        return {kind: found[kind] for kind in KINDS}

    def by_effect(self) -> dict[str, int]:
        """How many leaked images show each effect; "unchanged" for those without any."""
        names = (name for pair in self.pairs if pair.leaked for name in {e.name for e in pair.effects} or {"unchanged"})
        return dict(Counter(names).most_common())


def leaks_between(
    train: Table,
    train_rows: Rows,
    test: Table,
    test_rows: Rows,
    *,
    threads: int = 1,
    progress: Steps = quiet,
) -> Findings:
    """Look for every test image among the training images.

    Parameters
    ----------
    progress : see `copies.tables.Steps`.
    """
    pool, broken = sketch_table(train, train_rows, threads=threads, progress=progress("reading training images"))
    queries, also = sketch_table(test, test_rows, threads=threads, progress=progress("reading test images"))
    if not pool or not queries:
        raise DataError(
            f"{(train if not pool else test).root}: none of its images can be read; first: {(broken + also)[0]}"
        )
    sources, asked = list(pool.values()), list(queries.values())
    found = copies_between(asked, sources, threads=threads, progress=progress("comparing"))
    of_test, of_train = list(queries), list(pool)
    pairs = [
        _pair(
            match,
            of_test[match.query],
            asked,
            of_train[match.source] if match.source >= 0 else -1,
            sources,
            found.calibration,
        )
        for match in found.matches
    ]
    return Findings(_exact_too(pairs, train, of_train, test), found.calibration, broken + also)


def leaks_inside(table: Table, rows: Rows, *, threads: int = 1, progress: Steps = quiet) -> Findings:
    """The copies and near-duplicates inside one set: a pair for each, "test" and "train" both rows of the table."""
    known, broken = sketch_table(table, rows, threads=threads, progress=progress("reading images"))
    if not known:
        raise DataError(f"{table.root}: none of its images can be read; first: {broken[0]}")
    sketches, of = list(known.values()), list(known)
    found = copies_inside(sketches, threads=threads, progress=progress("comparing"))
    pairs = [_pair(m, of[m.query], sketches, of[m.source], sketches, found.calibration) for m in found.matches]
    same = [
        Pair(p.test, p.train, "exact") if p.kind == "identical" and table.digest(p.test) == table.digest(p.train) else p
        for p in pairs
    ]
    return Findings(same, found.calibration, broken)


def _pair(
    match: Match, test: int, queries: Sequence[Sketch], train: int, pool: Sequence[Sketch], calibration: Calibration
) -> Pair:
    if match.matrix is None or match.kind == "none":
        return Pair(test, train if match.matrix is not None else -1, match.kind)
    copy, source, evidence = queries[match.query], pool[match.source], match.evidence
    steps = effects(copy, source, match.matrix, evidence) if match.kind in LEAKED else []
    matrix = in_pixels(copy, source, match.matrix)
    if evidence is None:
        return Pair(test, train, match.kind, tuple(steps), matrix, 0.0, 0.0, 0.0)
    chance = calibration.chance(evidence)
    return Pair(test, train, match.kind, tuple(steps), matrix, evidence.score, evidence.error, chance)


def _exact_too(pairs: list[Pair], train: Table, train_rows: Sequence[int], test: Table) -> list[Pair]:
    """Say which identical pixels are identical files."""
    if not any(pair.kind == "identical" for pair in pairs):
        return pairs
    known: dict[bytes, int] = {}
    for row in train_rows:
        known.setdefault(train.digest(row), row)
    exact = []
    for pair in pairs:
        twin = known.get(test.digest(pair.test)) if pair.kind == "identical" else None
        exact.append(pair if twin is None else Pair(pair.test, twin, "exact", (), np.eye(3), 0.0, 0.0, 0.0))
    return exact


@dataclass(frozen=True)
class Accuracy:
    """A share of right predictions with its 95 % interval (Wilson 1927); images are taken as independent."""

    right: int
    count: int

    @property
    def value(self) -> float:
        """The share; nan of nothing."""
        return self.right / self.count if self.count else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound."""
        n, p = self.count, self.value
        if not n:
            return 0.0, 1.0
        middle = p + _Z**2 / (2 * n)
        half = _Z * sqrt(p * (1 - p) / n + _Z**2 / (4 * n * n))
        return max(0.0, (middle - half) / (1 + _Z**2 / n)), min(1.0, (middle + half) / (1 + _Z**2 / n))

    def __str__(self) -> str:
        if isnan(self.value):
            return "no images"
        low, high = self.interval
        return f"{self.value:.1%} ({low:.1%} to {high:.1%}, {self.right} of {self.count})"


def accuracies(leaked: NDArray[np.bool_], right: NDArray[np.bool_]) -> dict[str, Accuracy]:
    """Accuracy of all images (n,), of the leaked ones and of the others."""
    some = {"all": np.ones_like(leaked), "leaked": leaked, "clean": ~leaked}
    return {name: Accuracy(int(right[rows].sum()), int(rows.sum())) for name, rows in some.items()}


def plain(value: Any) -> Any:
    """What JSON can hold: None for nan."""
    return None if isinstance(value, float) and isnan(value) else value
