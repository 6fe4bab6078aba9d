"""Design: what a study will do, written down before it is done."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from hashlib import blake2b
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from augury.experiment.arms import BASELINE, Arm
from augury.experiment.folds import folds
from augury.experiment.inference import LEVEL
from augury.experiment.materials import Materials
from augury.transforms.policies import Policy

Ints = NDArray[np.int64]
LearnerName = Literal["workshop", "linear"]
FORMAT = 1  # of what a fit stores; grows when a fit of an older study must not be taken for a new one
IMBALANCE = 1.5  # largest class over smallest, above which accuracy is balanced
ENDPOINTS = ("clean", "robust")


@dataclass(frozen=True)
class Training:
    """How every fit is trained and scored.

    Attributes
    ----------
    learner : "workshop", the network, or "linear", ridge regression on frozen features.
    epochs, batch : passes over the training items, and items a step; the same for every arm.
    rate : peak of the learning rate. folds : of each repeat. seed : of folds, weights, order and draws.
    """

    learner: LearnerName
    epochs: int
    batch: int
    rate: float
    folds: int
    seed: int


@dataclass(frozen=True)
class Task:
    """One training run: an arm, and which fold of which repeat is held out."""

    arm: str
    repeat: int
    fold: int


@dataclass(frozen=True, eq=False)
class Plan:
    """All that is decided before the first fit.

    Attributes
    ----------
    arms : under trial, without the baseline. materials : the items.
    repeats : at most; after the first two only arms go on that may still matter.
    delta : smallest effect that matters, a fraction of items.
    expected : families of shifts that new items will meet; they alone make the robust endpoint then.
    truth : a large set on which every model is scored too, or None; it decides nothing.
    """

    materials: Materials
    arms: tuple[Arm, ...]
    training: Training
    repeats: int
    delta: float
    expected: tuple[str, ...] = ()
    truth: Materials | None = None

    @property
    def names(self) -> list[str]:
        """The baseline and the arms, in order."""
        return [BASELINE, *(arm.name for arm in self.arms)]

    @property
    def balanced(self) -> bool:
        """Whether classes are so uneven that each must weigh the same."""
        counts = np.bincount(self.materials.labels)
        counts = counts[counts > 0]
        return bool(counts.max() > IMBALANCE * counts.min())

    def policy(self, name: str) -> Policy:
        """The policy of the baseline or of an arm."""
        return next((arm.policy for arm in self.arms if arm.name == name), Policy())

    def folds(self, repeat: int) -> Ints:
        """(n,), which fold of a repeat holds each item out."""
        return self._folds(repeat)

    @cached_property
    def _folds(self) -> Callable[[int], Ints]:
        items, count, seed = self.materials, self.training.folds, self.training.seed
        return cache(lambda repeat: folds(items.labels, items.groups, items.digests, count, repeat, seed))

    def tasks(self, repeat: int, names: Sequence[str]) -> list[Task]:
        """The fits of a repeat, fold by fold, so that arms that are compared are trained at the same time."""
        return [Task(name, repeat, fold) for fold in range(self.training.folds) for name in names]

    def key(self, task: Task) -> str:
        """What a fit depends on, as one hash; equal fits need not be repeated."""
        what = {
            "items": self._digests,
            "prepare": self.materials.prepare.to_document(),
            "training": asdict(self.training),
            "policy": _bare(self.policy(task.arm)),
            "views": [_bare(arm.policy) for arm in self.arms if task.arm in (BASELINE, arm.name)],
            "task": [task.repeat, task.fold],
            "format": FORMAT,
        }
        return _hashed(what)

    def to_document(self) -> dict[str, Any]:
        """As plan.json holds it."""
        items = self.materials
        families = " and ".join(self.expected) or "the families of shifts other than the arm's own"
        return {
            "schema": "augury.plan",
            "schema_version": 1,
            "items": {"count": len(items), "groups": len(np.unique(items.groups)), "digest": self._digests[0]},
            "truth": None if self.truth is None else {"count": len(self.truth), "digest": self._digests[1]},
            "classes": list(items.classes),
            "prepare": {**items.prepare.to_document(), "size": list(items.prepare.size or ())},
            "arms": [{"name": arm.name, "policy": arm.policy.to_document(), "own": list(arm.own)} for arm in self.arms],
            "training": asdict(self.training),
            "repeats": self.repeats,
            "endpoints": {
                "clean": "balanced accuracy" if self.balanced else "accuracy",
                "robust": f"the same on shifted items, averaged over {families}",
            },
            "delta": self.delta,
            "level": LEVEL,
        }

    def digest(self) -> str:
        """Hash of the document."""
        return _hashed(self.to_document())

    @cached_property
    def _digests(self) -> tuple[str, str | None]:
        """Of the items, and of the large set."""
        return _digest_of(self.materials), None if self.truth is None else _digest_of(self.truth)


def _digest_of(items: Materials) -> str:
    """Hash of contents, names (draws are addressed by them), labels and groups, whatever the order."""
    ids = items.images().table.ids
    rows = np.lexsort((ids, *items.digests.T))
    _, first, group = np.unique(items.groups[rows], return_index=True, return_inverse=True)
    columns = (items.digests[rows], ids[rows], items.labels[rows], first[group])
    return blake2b(b"".join(column.tobytes() for column in columns), digest_size=16).hexdigest()


def _bare(policy: Policy) -> dict[str, Any]:
    """What a policy does; its own name changes nothing."""
    return policy.model_copy(update={"name": ""}).to_document()


def _hashed(document: dict[str, Any]) -> str:
    return blake2b(json.dumps(document, sort_keys=True).encode(), digest_size=16).hexdigest()
