"""Unsafe: whether a transform makes one class look like another, so that its labels are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from augury.experiment.inference import LEVEL, Effect, Sample, effect_of, interval
from augury.experiment.verdict import UNSAFE_ITEMS, UNSAFE_MORE

Seen = NDArray[np.int16]


@dataclass(frozen=True)
class Confused:
    """Two classes that a transform makes alike; shares of the items of both together.

    Attributes
    ----------
    classes : both. items : of both together.
    looks, looks_low : how many more changed items than unchanged ones a model that never saw the transform takes for
        the other class, and the lower bound of that.
    remains, remains_low : how many more the models that were trained with it confuse than that one did, likewise.
    """

    classes: tuple[int, int]
    items: int
    looks: float
    looks_low: float
    remains: float
    remains_low: float


def confused_pairs(
    sample: Sample, classes: Sequence[int], plain: Seen, plain_views: Seen, own: Seen, own_views: Seen
) -> tuple[list[Confused], int]:
    """Pairs of classes that are unsafe, and how many pairs have too few items to know.

    A pair is unsafe if changed items of one look like the other to a model that never saw the transform, and training
    with it does not resolve that: confusion is left that was not there before. The first alone proves nothing, as
    such a model is wrong about many views that are merely new to it. Both directions count together: a half turn takes
    6 for 9 and 9 for 6, and items are scarce.

    Parameters
    ----------
    classes : those present. plain, own : (R, n), classes seen in items as they are, by the baseline's models and by
        those trained with the transform. plain_views, own_views : (R, views, n), the same of items that it changed.
    """
    pairs = list(combinations(classes, 2))
    repeats, alike, unknown = len(own), [], 0
    for a, b in pairs:
        chosen = (sample.labels == a) | (sample.labels == b)
        if chosen.sum() < UNSAFE_ITEMS:
            unknown += 1
            continue
        other, part = np.where(sample.labels[chosen] == a, b, a), sample.only(chosen)
        before = (plain[:repeats, chosen] == other).astype(np.float64)
        looks = effect_of((plain_views[:repeats][:, :, chosen] == other).mean(1) - before, part)
        if _low(looks, len(pairs)) > UNSAFE_MORE:
            trained = np.concatenate([own[:, None], own_views], axis=1)[:, :, chosen]
            alike.append(((a, b), looks, effect_of((trained == other).mean(1) - before, part), int(chosen.sum())))
    found = [
        Confused(pair, n, looks.mean, _low(looks, len(pairs)), remains.mean, _low(remains, len(alike)))
        for pair, looks, remains, n in alike
        if _low(remains, len(alike)) > 0
    ]
    return sorted(found, key=lambda pair: -pair.remains), unknown


def _low(effect: Effect, tests: int) -> float:
    """Lower bound that holds for so many tests at once (Bonferroni)."""
    return interval(effect, 1.0 - 2.0 * (1.0 - LEVEL) / tests)[0]
