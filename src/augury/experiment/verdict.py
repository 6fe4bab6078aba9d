"""Verdicts: the words that intervals allow."""

from __future__ import annotations

from typing import Literal

Verdict = Literal["negligible", "helps", "hurts", "identical", "cannot tell"]
Interval = tuple[float, float]

UNSAFE_MORE = 0.10  # share of changed items that must look like another class, beyond that of unchanged ones
UNSAFE_ITEMS = 30  # of both classes together; fewer are too few to know


def verdict(same: bool, wide: Interval, narrow: Interval, delta: float) -> Verdict:
    """What an effect may be called.

    Parameters
    ----------
    same : whether the arm's training was the baseline's. wide : simultaneous 95 % interval. narrow : 90 %.
    delta : the smallest effect that matters.

    Examples
    --------
    >>> verdict(False, (0.002, 0.05), (0.006, 0.046), delta=0.01)
    'helps'
    >>> verdict(False, (-0.008, 0.009), (-0.007, 0.008), delta=0.01)
    'negligible'
    """
    if same:
        return "identical"
    if -delta <= narrow[0] and narrow[1] <= delta:
        return "negligible"
    if wide[0] > 0:
        return "helps"
    if wide[1] < 0:
        return "hurts"
    return "cannot tell"
