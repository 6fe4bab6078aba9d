"""Evidence: what all fits of a study found, as arrays over items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from augury.experiment.arms import BASELINE, Arm
from augury.experiment.design import Plan
from augury.experiment.fit import CLEAN, SECOND_BORDER, VIEWS, conditions, truth_conditions
from augury.experiment.inference import Effect, Sample, effect_of
from augury.experiment.store import Store
from augury.shifts import FAMILIES, GEOMETRIC, SUITE

Floats = NDArray[np.float64]
COUNTED = tuple(name for name in FAMILIES if any(s.family == name and s.counts for s in SUITE))
_ROW = {condition.name: k for k, condition in enumerate(conditions())}
_TRUTH_ROW = {condition.name: k for k, condition in enumerate(truth_conditions())}


@dataclass(frozen=True, eq=False)
class Found:
    """One arm's fits.

    Attributes
    ----------
    predicted : int16 (R, conditions, n), of the repeats that are complete.
    trained : (R, folds), share of training items recognised. curves : (folds, points, 3), see `fit.Outcome`.
    truth : int16 (R, folds, conditions, items of the large set), or None. seconds : (R, folds).
    """

    predicted: NDArray[np.int16]
    trained: Floats
    curves: Floats
    truth: NDArray[np.int16] | None
    seconds: Floats

    @property
    def repeats(self) -> int:
        """How many are complete."""
        return len(self.predicted)


@dataclass(frozen=True, eq=False)
class Evidence:
    """All fits of complete repeats, by arm; the baseline has as many repeats as the arm with most."""

    plan: Plan
    found: dict[str, Found]

    @cached_property
    def sample(self) -> Sample:
        """The items, and the run in which each was scored."""
        items, count = self.plan.materials, self.plan.training.folds
        runs = [repeat * count + self.plan.folds(repeat) for repeat in range(self.found[BASELINE].repeats)]
        return Sample(items.labels, items.groups, np.array(runs), self.plan.balanced)

    @property
    def arms(self) -> list[Arm]:
        """Those that were tried at all, in order."""
        return [arm for arm in self.plan.arms if arm.name in self.found]

    def right(self, name: str, condition: str) -> Floats:
        """(R, n): 1 where an arm was right under a condition, else 0."""
        predicted = self.found[name].predicted[:, _ROW[condition]]
        return np.asarray(predicted == self.plan.materials.labels, np.float64)

    def family(self, name: str, family: str, border: str = "") -> Floats:
        """(R, n): share of the strengths of a family of shifts under which an arm was right."""
        own = [s.name + (f", {border}" if border else "") for s in SUITE if s.family == family]
        return np.asarray(np.mean([self.right(name, condition) for condition in own], axis=0))

    def robust(self, name: str, without: Sequence[str]) -> Floats:
        """(R, n): average over the families that are expected; if none are told, over all that count but some."""
        families = self.plan.expected or [family for family in COUNTED if family not in without]
        return np.asarray(np.mean([self.family(name, family) for family in families], axis=0))

    def same(self, arm: Arm) -> bool:
        """Whether its models see in every item, whatever the condition, what the baseline's see."""
        own, baseline = self.found[arm.name].predicted, self.found[BASELINE].predicted
        return bool(np.array_equal(own[:, : len(_ROW)], baseline[: len(own), : len(_ROW)]))

    def endpoint_effect(self, arm: Arm, endpoint: str) -> Effect:
        """On "clean" items, or on "robust": shifted ones, see `robust`."""
        return effect_of(self.differences(arm, endpoint), self.sample)

    def condition_effect(self, arm: Arm, condition: str) -> Effect:
        """Under one condition."""
        return self._effect(self.right(arm.name, condition), self.right(BASELINE, condition))

    def family_effect(self, arm: Arm, family: str, border: str = "") -> Effect:
        """On items under one family of shifts."""
        return self._effect(self.family(arm.name, family, border), self.family(BASELINE, family, border))

    def second_border_effects(self, arm: Arm) -> dict[str, Effect]:
        """Of its own families that depend on the border, drawn with another."""
        own = [family for family in arm.own if family in GEOMETRIC]
        return {family: self.family_effect(arm, family, SECOND_BORDER) for family in own}

    def views(self, name: str) -> NDArray[np.int16]:
        """(R, views, n), classes that an arm's models see in items as its own policy shows them."""
        return self.found[name].predicted[:, len(_ROW) :]

    def baseline_views(self, name: str) -> NDArray[np.int16]:
        """(R, views, n), classes that the baseline's models see in the same."""
        start = len(_ROW) + len(VIEWS) * [arm.name for arm in self.plan.arms].index(name)
        return self.found[BASELINE].predicted[:, start : start + len(VIEWS)]

    def cleanly(self, name: str) -> NDArray[np.int16]:
        """(R, n), predicted classes of items as they are."""
        return self.found[name].predicted[:, _ROW[CLEAN]]

    def truth_right(self, name: str, condition: str, repeats: int) -> float:
        """Share of the large set that an arm's models of the first repeats recognise under a condition, on average."""
        large, seen = self.plan.truth, self.found[name].truth
        assert large is not None
        assert seen is not None
        return float((seen[:repeats, :, _TRUTH_ROW[condition]] == large.labels).mean())

    def differences(self, arm: Arm, endpoint: str) -> Floats:
        """(R, n), arm minus baseline on "clean" or "robust"."""
        if endpoint == CLEAN:
            return _minus(self.right(arm.name, CLEAN), self.right(BASELINE, CLEAN))
        return _minus(self.robust(arm.name, arm.own), self.robust(BASELINE, arm.own))

    def _effect(self, arm: Floats, baseline: Floats) -> Effect:
        return effect_of(_minus(arm, baseline), self.sample)


def collect(plan: Plan, store: Store, done: dict[str, int]) -> Evidence:
    """Read the complete repeats of every arm.

    Parameters
    ----------
    done : arm -> how many repeats are complete; those without any are left out.
    """
    return Evidence(plan, {name: _found(plan, store, name, repeats) for name, repeats in done.items() if repeats})


def _found(plan: Plan, store: Store, name: str, repeats: int) -> Found:
    n, count = len(plan.materials), plan.training.folds
    outcomes = {task: store.get(plan.key(task)) for r in range(repeats) for task in plan.tasks(r, [name])}
    rows = len(next(iter(outcomes.values())).predicted)
    predicted = np.empty((repeats, rows, n), np.int16)
    trained, seconds = np.empty((repeats, count)), np.empty((repeats, count))
    for task, outcome in outcomes.items():
        predicted[task.repeat][:, outcome.items] = outcome.predicted
        trained[task.repeat, task.fold], seconds[task.repeat, task.fold] = outcome.trained, outcome.seconds
    curves = [outcome.curve for task, outcome in outcomes.items() if task.repeat == 0]
    truths = [outcome.truth for outcome in outcomes.values()]
    truth = np.array(truths).reshape(repeats, count, *truths[0].shape) if truths[0].size else None
    return Found(predicted, trained, np.array(curves), truth, seconds)


def _minus(arm: Floats, baseline: Floats) -> Floats:
    return np.asarray(arm - baseline[: len(arm)])
