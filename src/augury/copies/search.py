"""Search: the copies between two sets of images, or inside one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from augury.copies.align import Aligner
from augury.copies.calibrate import Calibration
from augury.copies.candidates import candidates
from augury.copies.examine import calibrated
from augury.copies.match import Compared, Match, best_match, compare, identical_match, judged, too_small
from augury.copies.place import inverse
from augury.copies.sketch import Sketch

Progress = Callable[[int, int], None]
BY_FEATURES, BY_THUMB = 10, 5


@dataclass(frozen=True, eq=False)
class Found:
    """Matches, one for each query or one for each pair inside a set, and the calibration behind them."""

    matches: list[Match]
    calibration: Calibration


def copies_between(
    queries: Sequence[Sketch], pool: Sequence[Sketch], *, threads: int = 1, progress: Progress | None = None
) -> Found:
    """For each query the image of the pool that it is a copy of, or the closest one.

    Parameters
    ----------
    queries, pool : sketches of the two sets, none of them empty.
    threads : that align; the result does not depend on it.
    progress : called with (done, all) queries.
    """
    likely = candidates(queries, pool, BY_FEATURES, BY_THUMB)
    first = {source.exact: j for j, source in reversed(list(enumerate(pool)))}
    with ThreadPoolExecutor(threads) as workers:
        calibration, _ = calibrated(queries, pool, likely, workers)

        def one(i: int) -> Match:
            j = first.get(queries[i].exact)
            if j is not None:
                return identical_match(i, queries[i], j, pool[j])
            return best_match(i, queries[i], likely[i], pool, calibration.threshold)

        matches = []
        for match in workers.map(one, range(len(queries))):
            matches.append(match)
            if progress:
                progress(len(matches), len(queries))
    return Found(matches, calibration)


def copies_inside(sketches: Sequence[Sketch], *, threads: int = 1, progress: Progress | None = None) -> Found:
    """The pairs of one set that are copies or show the same scene; pairs whom others already join are left out.

    A pair is listed once, the later row as its query.
    """
    likely = candidates(sketches, sketches, BY_FEATURES, BY_THUMB)
    family = _Families(len(sketches))
    matches = []
    for i, j in _identical_pairs(sketches):
        family.join(i, j)
        matches.append(identical_match(i, sketches[i], j, sketches[j]))
    with ThreadPoolExecutor(threads) as workers:
        calibration, known = calibrated(sketches, sketches, likely, workers)

        def one(pair: tuple[int, int]) -> Match:
            i, j = pair
            if (j, i) in known:
                compared = _inverse(known[j, i])
            else:
                compared = known[pair] if pair in known else compare(Aligner(sketches[i]), sketches[j])
            return judged(i, sketches[i], j, sketches[j], compared, calibration.threshold)

        rounds = list(_rounds(likely))
        for done, pairs in enumerate(rounds, start=1):
            new = [(i, j) for i, j in pairs if family.of(i) != family.of(j) and not too_small(sketches[i])]
            for match in workers.map(one, new):
                if match.kind == "copy":
                    family.join(match.query, match.source)
                if match.kind in ("copy", "same scene"):
                    matches.append(match)
            if progress:
                progress(done, len(rounds))
    return Found(matches, calibration)


def _inverse(compared: Compared | None) -> Compared | None:
    """The same comparison with query and source exchanged."""
    return None if compared is None else Compared(inverse(compared.matrix), compared.evidence)


class _Families:
    """Union of rows that belong together."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def of(self, i: int) -> int:
        """The lowest row of i's family."""
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def join(self, i: int, j: int) -> None:
        """Make one family of two."""
        low, high = sorted((self.of(i), self.of(j)))
        self._parent[high] = low


def _rounds(likely: Sequence[Sequence[int]]) -> Iterator[list[tuple[int, int]]]:
    """Pairs (later, earlier row), first everybody's best candidate, then the second, ...; each pair once."""
    seen: set[tuple[int, int]] = set()
    for k in range(max((len(c) for c in likely), default=0)):
        pairs = {(max(i, c[k]), min(i, c[k])) for i, c in enumerate(likely) if k < len(c)} - seen
        seen |= pairs
        yield sorted(pairs)


def _identical_pairs(sketches: Sequence[Sketch]) -> list[tuple[int, int]]:
    first: dict[bytes, int] = {}
    return [(i, j) for i, s in enumerate(sketches) if (j := first.setdefault(s.exact, i)) != i]
