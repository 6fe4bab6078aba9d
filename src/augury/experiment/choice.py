"""Choice: the policy that follows from the results, and why each transform is in it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from augury.experiment.arms import Arm
from augury.transforms.base import Node
from augury.transforms.policies import Barrier, Policy

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


def composed(arms: Sequence[Arm]) -> Policy:
    """The policies of some arms in a row; where one borders otherwise than the one before it, a barrier says so."""
    if not arms:
        return Policy()
    nodes: list[Node] = list(arms[0].policy.transforms)
    for before, arm in pairwise(arms):
        if _sampling(arm.policy) != _sampling(before.policy):
            nodes.append(Barrier(**_sampling(arm.policy)))
        nodes += arm.policy.transforms
    return Policy(nodes, **_sampling(arms[0].policy))


def _sampling(policy: Policy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in ("border", "fill", "interpolation")}


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
