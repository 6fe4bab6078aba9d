"""Choice: the policy that follows from the results, and why each transform is in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from augury.experiment.arms import Arm

Document = dict[str, Any]


def chosen(arms: Sequence[Arm], found: Sequence[Document]) -> list[int]:
    """Which arms make the policy: single transforms that help and do no harm, in order.

    A transform is in if on clean or on shifted items it helps, on neither it hurts, and it is not unsafe; of two with
    one name (another range) the better. Where no single one is, the composed arm (TrivialAugment, a policy of the
    user's) that helps most stands alone.
    """
    good = sorted((k for k, arm in enumerate(found) if _helps(arm)), key=lambda k: -_worth(found[k]))
    best: dict[str, int] = {}
    for k in good:
        transform = arms[k].single
        if transform is not None:
            best.setdefault(transform.label, k)
    return sorted(best.values()) or good[:1]


def reason(found: Document) -> str:
    """Why an arm is in the policy, one sentence with its numbers."""
    parts = [f"{_points(found[end])} on {what}" for end, what in (("clean", "clean"), ("robust", "shifted"))]
    return f"Measured alone: {' and '.join(parts)} items, in points."


def _helps(arm: Document) -> bool:
    words = {arm["clean"]["verdict"], arm["robust"]["verdict"]}
    return "helps" in words and "hurts" not in words and not arm["unsafe"]


def _worth(arm: Document) -> float:
    return float(arm["clean"]["shrunk"] + arm["robust"]["shrunk"])


def _points(endpoint: Document) -> str:
    low, high = (f"{100 * endpoint[end]:+.1f}" for end in ("low", "high"))
    return f"{100 * endpoint['effect']:+.1f} [{low}, {high}] ({endpoint['verdict']})"
