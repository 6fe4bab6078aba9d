"""Results: all that a study found, as plain values. Reports read nothing else."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.experiment.arms import BASELINE, Arm
from augury.experiment.conduct import Course
from augury.experiment.design import ENDPOINTS
from augury.experiment.evidence import COUNTED, Evidence
from augury.experiment.fit import CLEAN, SECOND_BORDER
from augury.experiment.inference import (
    LEVEL,
    Effect,
    effect_of,
    interval,
    items_needed,
    joint_level,
    shrunk,
    smallest_effect,
    wilson,
)
from augury.experiment.unsafe import confused_pairs
from augury.experiment.verdict import verdict
from augury.shifts import FAMILIES

Document = dict[str, Any]
NARROW = 0.90
KAPPA = 1.0  # correction of standard errors, until it is measured on real networks


@dataclass(frozen=True, eq=False)
class Family:
    """Effects that are judged together.

    Attributes
    ----------
    wide, narrow : the level of each interval with which all hold at once. shrunk : see `inference.shrunk`.
    """

    effects: list[Effect]
    wide: float
    narrow: float
    shrunk: NDArray[np.float64]

    @classmethod
    def of(cls, effects: list[Effect]) -> Family:
        """Effects of all arms on one endpoint."""
        return cls(effects, joint_level(effects, LEVEL), joint_level(effects, NARROW), shrunk(effects))


def results(evidence: Evidence, course: Course, seconds: float) -> Document:
    """All of it, but for the policy and the words that follow from it."""
    plan, arms = evidence.plan, evidence.arms
    families = {end: Family.of([evidence.endpoint_effect(arm, end) for arm in arms]) for end in ENDPOINTS}
    rows = _matrix(evidence)
    return {
        "schema": "augury.study",
        "schema_version": 1,
        "source": plan.materials.root,
        "data": _data(evidence),
        "estimand": _estimand(evidence),
        "plan": {**plan.to_document(), "digest": plan.digest()},
        "course": {
            "repeats": dict(course.done),
            "dropped": list(course.dropped),
            "why": course.why,
            "fits": sum(found.seconds.size for found in evidence.found.values()),
            "seconds": seconds,
        },
        "baseline": _baseline(evidence),
        "smallest_effect": {end: _smallest(family) for end, family in families.items()},
        "arms": [
            {
                **_arm(evidence, arm, course),
                **{end: _endpoint(evidence, family, k) for end, family in families.items()},
                "families": rows[k],
            }
            for k, arm in enumerate(arms)
        ],
        "items": {"paths": list(plan.materials.paths), "labels": plan.materials.labels.tolist()},
        "provenance": _provenance(evidence),
    }


def _data(evidence: Evidence) -> Document:
    items = evidence.plan.materials
    counts = np.bincount(items.labels, minlength=len(items.classes)).tolist()
    return {
        "items": len(items),
        "groups": len(np.unique(items.groups)),
        "classes": [{"name": name, "items": count} for name, count in zip(items.classes, counts, strict=True)],
        "size": list(items.prepare.size or ()),
        "channels": int(items.shapes[0][2]),
        "left_out": list(items.left_out),
    }


def _matrix(evidence: Evidence) -> list[Document]:
    """A row for each arm. Intervals of matched cells hold for all of these at once, and so do those of the others."""
    cells = {(k, f): evidence.family_effect(arm, f) for k, arm in enumerate(evidence.arms) for f in FAMILIES}
    matched = {(k, f) for k, arm in enumerate(evidence.arms) for f in arm.own}
    levels = {
        own: joint_level([effect for cell, effect in cells.items() if (cell in matched) is own], LEVEL)
        for own in (True, False)
    }
    rows = []
    for k, arm in enumerate(evidence.arms):
        row = {f: {**_cell(cells[k, f], levels[f in arm.own]), "matched": f in arm.own} for f in FAMILIES}
        for f, effect in evidence.second_border_effects(arm).items():
            again = _cell(effect, levels[True])
            row[f]["second_border"] = {"border": SECOND_BORDER, **again, "survives": again["low"] > 0}
        rows.append(row)
    return rows


def _cell(effect: Effect, level: float) -> Document:
    low, high = interval(effect, level, KAPPA)
    return {"effect": effect.mean, "low": low, "high": high}


def _endpoint(evidence: Evidence, family: Family, k: int) -> Document:
    effect, plan = family.effects[k], evidence.plan
    wide, narrow = (interval(effect, level, KAPPA) for level in (family.wide, family.narrow))
    return {
        "effect": effect.mean,
        "error": effect.error,
        "low": wide[0],
        "high": wide[1],
        "low90": narrow[0],
        "high90": narrow[1],
        "shrunk": float(family.shrunk[k]),
        "verdict": verdict(evidence.same(evidence.arms[k]), wide, narrow, plan.delta),
        "items_to_settle": items_needed(effect, len(plan.materials), family.wide, plan.delta, KAPPA),
    }


def _smallest(family: Family) -> float:
    """Of the typical arm: what the study finds four times in five."""
    return float(np.median([smallest_effect(e.believed(KAPPA), e.df, family.wide) for e in family.effects]))


def _arm(evidence: Evidence, arm: Arm, course: Course) -> Document:
    found, sample = evidence.found[arm.name], evidence.sample
    present = np.unique(sample.labels).tolist()
    unsafe, unknown = confused_pairs(
        sample,
        present,
        evidence.cleanly(BASELINE),
        evidence.baseline_views(arm.name),
        evidence.cleanly(arm.name),
        evidence.views(arm.name),
    )
    gained = evidence.differences(arm, CLEAN).mean(0)
    names = evidence.plan.materials.classes
    return {
        "name": arm.name,
        "policy": arm.policy.to_document(),
        "reason": arm.reason,
        "caution": arm.caution,
        "own": list(arm.own),
        "repeats": found.repeats,
        "dropped": arm.name in course.dropped,
        "unsafe": [{**asdict(pair), "classes": [names[c] for c in pair.classes]} for pair in unsafe],
        "pairs_too_small_to_know": unknown,
        "classes": _by_class(evidence, arm),
        "fixed": _most(gained, 1.0),
        "broke": _most(gained, -1.0),
        "score": float((evidence.right(arm.name, CLEAN) * sample.weights).mean()),
        "trained": float(found.trained.mean()),
        "curve": _curve(found.curves),
        "confusion": _confusion(evidence, arm.name),
    }


def _by_class(evidence: Evidence, arm: Arm) -> list[Document]:
    """Effects on clean items of each class; intervals hold for all classes of the arm at once (Šidák 1967)."""
    sample, gained = evidence.sample, evidence.differences(arm, CLEAN)
    present = np.unique(sample.labels).tolist()
    effects = [effect_of(gained[:, sample.labels == c], sample.only(sample.labels == c)) for c in present]
    level = LEVEL ** (1 / len(effects))
    names = evidence.plan.materials.classes
    return [{"name": names[c], **_cell(effect, level)} for c, effect in zip(present, effects, strict=True)]


def _baseline(evidence: Evidence) -> Document:
    found, n = evidence.found[BASELINE], len(evidence.plan.materials)
    right = evidence.right(BASELINE, CLEAN)
    robust = evidence.robust(BASELINE, ())
    return {
        "clean": _share(right, evidence),
        "robust": _share(robust, evidence),
        "errors": float(n - right.mean(0).sum()),
        "families": {family: float(evidence.family(BASELINE, family).mean()) for family in FAMILIES},
        "trained": float(found.trained.mean()),
        "curve": _curve(found.curves),
        "confusion": _confusion(evidence, BASELINE),
    }


def _share(right: NDArray[np.float64], evidence: Evidence) -> Document:
    """A score with the interval of a share of so many items (Wilson)."""
    score = float((right * evidence.sample.weights).mean())
    low, high = wilson(score * right.shape[1], right.shape[1], LEVEL)
    return {"score": score, "low": low, "high": high}


def _most(gained: NDArray[np.float64], sign: float) -> list[int]:
    """Items that changed in most repeats, those that changed most first."""
    rows = np.flatnonzero(sign * gained > 0.5)
    return [int(row) for row in rows[np.argsort(-sign * gained[rows], kind="stable")]]


def _curve(curves: NDArray[np.float64]) -> list[list[float]]:
    """Epoch, share of training items and of held-out items recognised; averages of the folds of repeat 0."""
    return np.asarray(curves.mean(0)).tolist() if curves.size else []


def _confusion(evidence: Evidence, name: str) -> list[list[float]]:
    """Items by true class (rows) and seen class, average of the repeats."""
    labels, seen = evidence.plan.materials.labels, evidence.cleanly(name)
    k = len(evidence.plan.materials.classes)
    counts = np.zeros((k, k))
    for repeat in seen:
        np.add.at(counts, (labels, repeat.astype(np.int64)), 1.0 / len(seen))
    return counts.round(3).tolist()


def _estimand(evidence: Evidence) -> str:
    plan = evidence.plan
    k, n = plan.training.folds, len(plan.materials)
    height, width = plan.materials.prepare.size or (0, 0)
    score = "balanced accuracy" if plan.balanced else "accuracy"
    network = "the workshop's network" if plan.training.learner == "workshop" else "ridge regression"
    return (
        f"Difference in expected {score} on new items from the same source, of {network} at {height}x{width} pixels, "
        f"trained on {n - n // k} items."
    )


def _provenance(evidence: Evidence) -> Document:
    plan = evidence.plan
    return {
        "versions": {name: _version(name) for name in ("augury", "numpy", "torch", "opencv-python-headless", "scipy")},
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "seed": plan.training.seed,
        "arms_declared": len(plan.arms),
        "kappa": KAPPA,
        "level": LEVEL,
        "robust_families": list(COUNTED),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
