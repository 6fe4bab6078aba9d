"""Choice: which of many pairs are shown, the doubtful ones first and the others evenly."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from augury.copies.calibrate import ERRORS
from augury.copies.leaks import Pair

CLOSE = 4.0  # times the limit, or a part of it, within which a pair is a close call
_CLOSEST, _COPIES, _SCENES, _UNTOLD = 8, 66, 24, 12  # pairs shown; of the closest so many on either side


@dataclass(frozen=True, eq=False)
class Section:
    """Pairs of one sort that are shown. name : "closest", "copies", "scenes" or "untold". of : so many in all."""

    name: str
    pairs: list[Pair]
    of: int


def choose(pairs: Sequence[Pair], limit: float) -> list[Section]:
    """At most 118 pairs; a pair stands in one section.

    Parameters
    ----------
    limit : margins below it are copies.
    """
    by_margin = sorted((p for p in pairs if p.kind in ("copy", "same scene")), key=margin)
    close = [p for p in by_margin if limit / CLOSE < margin(p) < limit * CLOSE]
    closest = [p for p in close if p.leaked][-_CLOSEST:] + [p for p in close if not p.leaked][:_CLOSEST]
    known = set(map(id, closest))
    copies = [p for p in pairs if p.leaked and id(p) not in known]
    scenes = [p for p in by_margin if not p.leaked and id(p) not in known]
    untold = [p for p in pairs if p.kind == "cannot tell" and p.train >= 0]
    kinds = [(p.kind, tuple(effect.name for effect in p.effects)) for p in copies]
    return [
        Section("closest", closest, len(close)),
        Section("copies", evenly(copies, kinds, _COPIES), len(copies)),
        Section("scenes", scenes[:_SCENES], len(scenes)),
        Section("untold", spread(untold, _UNTOLD), len(untold)),
    ]


def margin(pair: Pair) -> float:
    """The score less what noise may add to it."""
    return pair.score - ERRORS * pair.error


def evenly(pairs: Sequence[Pair], kinds: Sequence[Hashable], count: int) -> list[Pair]:
    """At most `count` pairs, as nearly the same number of each kind as there are; the commonest kinds first."""
    groups: dict[Hashable, list[Pair]] = {}
    for pair, kind in zip(pairs, kinds, strict=True):
        groups.setdefault(kind, []).append(pair)
    ordered = sorted(groups.values(), key=len, reverse=True)
    wanted = [0] * len(ordered)
    while sum(wanted) < min(count, len(pairs)):
        for k, group in enumerate(ordered):
            wanted[k] += wanted[k] < len(group) and sum(wanted) < count
    return [pair for group, number in zip(ordered, wanted, strict=True) for pair in spread(group, number)]


def spread(pairs: Sequence[Pair], count: int) -> list[Pair]:
    """At most `count` of them, evenly spaced."""
    if not pairs or not count:
        return []
    rows = np.linspace(0, len(pairs) - 1, min(count, len(pairs))).round().astype(int)
    return [pairs[k] for k in rows.tolist()]
