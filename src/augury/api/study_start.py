"""The beginning of a study: what may be studied, on which items, with which arms, by which plan."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.api.dataset import Dataset, Split
from augury.api.training import check_training
from augury.data.prepare import Prepare
from augury.data.saved_split import SavedSplit
from augury.data.split import has_labels
from augury.data.table import PARTS, among
from augury.errors import AuguryError, DataError, LeakError
from augury.experiment.arms import BASELINE, Arm, arms_from, check_arms
from augury.experiment.budget import fitted_to, forecast, in_words
from augury.experiment.design import LearnerName, Plan, Training
from augury.experiment.evidence import Evidence
from augury.experiment.fit import CLEAN, Laboratory, Trial
from augury.experiment.folds import check_classes
from augury.experiment.inference import LEVEL, foreseen_error, smallest_effect
from augury.experiment.materials import Materials, Progress, gather
from augury.experiment.pool import Pool
from augury.files import write_whole
from augury.shifts import FAMILIES
from augury.stream.threads import cores, default_threads
from augury.survey.examine import Findings, examine
from augury.survey.scan import Scan
from augury.transforms.presets import trivial_augment

Say = Callable[[str], None]
LONGEST, SHORTEST = 32, 16  # pixels of the longer side of what the network sees, unless told
BATCH = 32
_MOST_WORKERS = 8


@dataclass(frozen=True)
class Wishes:
    """What a user asks of a study; see `api.study.study`."""

    arms: Iterable[Any] | None
    also: Iterable[Any]
    size: tuple[int, int] | None
    delta: float
    seed: int
    folds: int
    epochs: int | None
    repeats: int | None
    learner: LearnerName
    workers: int
    expect: tuple[str, ...]

    def check(self) -> None:
        """Raise an AuguryError of one line if one of them is wrong."""
        for name, value, least in (
            ("folds", self.folds, 2), ("workers", self.workers, 1),
            ("epochs", self.epochs, 1), ("repeats", self.repeats, 1),
        ):  # fmt: skip
            if value is not None and (not isinstance(value, int) or value < least):
                raise AuguryError(f"study: {name}={value!r}; expected a whole number of at least {least}")
        if not 0 < self.delta < 1:
            raise AuguryError(f"study: delta={self.delta!r}; expected a share of items between 0 and 1, such as 0.01")
        for family in self.expect:
            if family not in FAMILIES:
                raise AuguryError(f"study: expect={family!r} is none of {', '.join(FAMILIES)}")
        if self.learner not in ("workshop", "linear"):
            raise AuguryError(f"study: learner={self.learner!r}; expected 'workshop' or 'linear'")


def default_workers() -> int:
    """The cores, at most 8: each worker holds a network and its batches."""
    return min(_MOST_WORKERS, cores())


def check_part(part: Dataset, locked: Dataset | str | Path | None, out: Path | None) -> None:
    """Raise unless this is training data that shares no item with a test part that is locked.

    Raises
    ------
    LeakError : if it is a validation or test part, is not divided although it came with parts, or holds locked items.
    DataError : if its images do not show one class each, or it is empty.
    """
    check_training(part, "study")
    root = part._table.root
    if not has_labels(part._table):
        raise DataError(f"{root}: its images have boxes or masks; a study is for classification, one class an image")
    own = None if part._locked is None else part._table.digests[part._locked]
    for where, digests in _locked_items(own, locked, out):
        met = np.flatnonzero(among(part._digests, digests))
        if len(met):
            raise LeakError(
                f"{root}: {len(met)} of the items to study lie in the locked test part of {where}, such as "
                f"{part.paths[met[0]]}; study the training part of that split"
            )


def _locked_items(own: Any, locked: Any, out: Path | None) -> list[tuple[str, NDArray[np.uint8]]]:
    """Where test items are locked, and their digests."""
    found = [] if own is None else [("its own split", own)]
    if isinstance(locked, Dataset):
        found.append(("locked=", locked._digests))
    files = [Path(locked)] if isinstance(locked, (str, Path)) else []
    if out is not None and (out / "split.json").exists():
        files.append(out / "split.json")
    for path in files:
        digests = [bytes.fromhex(item.digest) for item in SavedSplit.load(path).items if item.part == "test"]
        found.append((str(path), np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 16)))
    return found


def locked_split(data: Dataset, folder: Path, test: float, groups: str, say: Say) -> Split:
    """The split in folder/split.json, which is made if it is not there; its test part stays closed.

    Parameters
    ----------
    test : share of each class to lock away, 0 for none. Given test parts are locked as they are.
    groups : as `Dataset.split` takes them, but "none" for None.

    Raises
    ------
    DataError : if a class is too small, or the file does not fit the data.
    """
    path = folder / "split.json"
    if path.exists():
        parts, how = data.load_split(path), "as before"
    else:
        given = data._table.parts is not None and bool(np.any(data._table.parts == PARTS.index("test")))
        parts = data.split(
            val=None if data._table.parts is not None else 0.0,
            test=None if given else test,
            groups=None if groups == "none" else groups,
        )
        folder.mkdir(parents=True, exist_ok=True)
        parts.save(path)
        how = "as given" if given else "by content, copies kept together"
    sizes = f"{len(parts.train)} items to study, {len(parts.test)} locked away"
    say(f"split     {sizes} ({how}): {path}")
    return parts


def examined(part: Dataset, progress: Progress) -> Findings:
    """The stage "look"."""
    return examine(part._table, part._prepare, part._indices, max(1, default_threads()), progress)


def arms_of(wishes: Wishes, findings: Findings, color: bool) -> list[Arm]:
    """What to try: what the user gives, or what `look` speaks of and TrivialAugment. color : the images have it."""
    if wishes.arms is not None:
        arms = arms_from(wishes.arms)
    else:
        arms = [
            replace(arm, reason=proposal.reason, caution=proposal.caution)
            for proposal in findings.proposals
            for arm in arms_from([proposal.transform])
        ]
        reason = "One operation at any strength, for every image: needs no choice, and is hard to beat."
        arms += [replace(arm, reason=reason) for arm in arms_from([trivial_augment(color=color)])]
    arms += arms_from(wishes.also)
    check_arms(arms)
    return arms


def materials_of(part: Dataset, findings: Findings, wishes: Wishes, progress: Progress) -> Materials:
    """The readable items, small; every class can be trained on and tested."""
    scan = findings.scan
    prepare = replace(
        part._prepare, size=_size(part._prepare, scan, wishes.size), channels=_channels(part._prepare, scan)
    )
    prepare = replace(prepare, normalize="unit", dtype=None)
    materials = gather(part._table, scan.rows, part._all_groups, prepare, progress)
    unreadable = tuple(image.reason for image in scan.unreadable)
    check_classes(materials.labels, materials.groups, materials.classes, materials.root)
    return replace(materials, left_out=unreadable)


def truth_of(truth: Dataset | None, materials: Materials, progress: Progress) -> Materials | None:
    """The large set, prepared like the items of the study."""
    if truth is None:
        return None
    if truth.classes != materials.classes:
        raise DataError(
            f"study: truth has the classes {truth.classes}, the part {materials.classes}; they must be equal"
        )
    if among(truth._digests, materials.digests).any():
        raise LeakError("study: truth shares items with the part; give items that the study does not see")
    prepare = replace(materials.prepare, fit=truth._prepare.fit)
    return gather(truth._table, truth._indices, truth._all_groups, prepare, progress)


def first_plan(materials: Materials, truth: Materials | None, arms: list[Arm], wishes: Wishes) -> Plan:
    """The plan before it is known how long anything takes."""
    n = len(materials)
    batch = max(1, min(BATCH, n - -(-n // wishes.folds)))
    training = Training(wishes.learner, 0, batch, 0.0, wishes.folds, wishes.seed)
    return Plan(materials, tuple(arms), training, 0, wishes.delta, wishes.expect, truth)


def decided(plan: Plan, pool: Pool, path: Path, seconds: float, wishes: Wishes, say: Say) -> Plan:
    """The plan that fits the time, or the one that was begun; it is written before the first fit.

    Raises
    ------
    AuguryError : if the time is too short, or the file holds another study.
    """
    if path.exists():
        plan = _begun(plan, path, wishes)
        say(f"resumed   {path.parent}: what is done there is not repeated")
        say(_planned(plan))
    else:
        pool.equip(Laboratory(plan))
        trials = [found for _, found in pool.answers([None] * len(pool))]
        trial = Trial(trials[0].rate, *(max(getattr(t, name) for t in trials) for name in ("step", "score")))
        plan = fitted_to(plan, trial, seconds, len(pool), wishes.epochs, wishes.repeats)
        expected = forecast(plan, trial, len(pool))
        say(_planned(plan))
        say(
            f"time      up to {expected.fits} fits of about {expected.fit:.1f} s on {_workers(len(pool))}: "
            f"{in_words(expected.seconds)}"
        )
        write_whole(path, json.dumps({**plan.to_document(), "digest": plan.digest()}, indent=1) + "\n")
    pool.equip(Laboratory(plan))
    return plan


def before_arms(plan: Plan, first: Evidence, say: Say) -> None:
    """Say what the baseline alone tells: how much there is to gain, and what such a study can show."""
    n, arms = len(plan.materials), len(plan.arms)
    errors = float((1.0 - first.right(BASELINE, CLEAN)).mean())
    df, level = plan.repeats * plan.training.folds - 1, 1.0 - (1.0 - LEVEL) / arms
    smallest = smallest_effect(foreseen_error(errors, n), df, level)
    say(
        f"ceiling   the baseline errs on about {errors * n:.0f} of {n} items, so no transform can add more than "
        f"{100 * errors:.1f} points on clean ones"
    )
    say(
        f"power     about {100 * smallest:.1f} points is the smallest effect on clean items that {n} of them are "
        "likely to show"
    )


def _begun(plan: Plan, path: Path, wishes: Wishes) -> Plan:
    """The plan with what the file decided, if it is of the same study."""
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        training = replace(
            plan.training,
            epochs=wishes.epochs or saved["training"]["epochs"],
            rate=saved["training"]["rate"],
        )
        plan = replace(plan, training=training, repeats=wishes.repeats or saved["repeats"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: cannot be read as the plan of a study ({error}); choose another folder") from None
    now = json.loads(json.dumps({**plan.to_document(), "digest": plan.digest()}))
    if now != saved:
        other = ", ".join(key for key in now if key != "digest" and now[key] != saved.get(key))
        raise AuguryError(
            f"{path.parent}: holds another study (other {other}); choose another folder, or empty this one"
        )
    return plan


def _planned(plan: Plan) -> str:
    height, width = plan.materials.prepare.size or (0, 0)
    return (
        f"plan      {len(plan.arms)} arms and the baseline, {plan.training.folds} folds x {plan.repeats} repeats, "
        f"{plan.training.epochs} epochs each at {height}x{width} pixels, on {len(plan.materials)} items"
    )


def _workers(count: int) -> str:
    return "1 worker" if count == 1 else f"{count} workers"


def _size(prepare: Prepare, scan: Scan, asked: tuple[int, int] | None) -> tuple[int, int]:
    """What the network sees: the shape of what the user prepares, or of the images, within 32 pixels."""
    if asked is not None:
        return asked
    sizes = sorted({(image.height, image.width) for image in scan.images})
    height, width = prepare.size or (sizes[0] if len(sizes) == 1 else (LONGEST, LONGEST))
    scale = min(max(max(height, width), SHORTEST), LONGEST) / max(height, width)
    return max(4, round(height * scale)), max(4, round(width * scale))


def _channels(prepare: Prepare, scan: Scan) -> int | None:
    """As prepared, or as all images have them, or else colour."""
    different = {image.channels for image in scan.images}
    return prepare.channels or (None if len(different) == 1 and different != {4} else 3)
