"""Study: which augmentations help on a dataset, measured."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augury.api.dataset import Dataset
from augury.api.policy import Policy
from augury.api.study_start import (
    Say,
    Wishes,
    arms_of,
    before_arms,
    check_part,
    decided,
    default_workers,
    examined,
    first_plan,
    materials_of,
    truth_of,
)
from augury.errors import AuguryError, DataError, PolicyError
from augury.experiment.arms import BASELINE
from augury.experiment.budget import REPORTING, parse_seconds
from augury.experiment.choice import chosen, composed, reason
from augury.experiment.conduct import Course, conduct
from augury.experiment.design import LearnerName
from augury.experiment.evidence import Evidence, collect
from augury.experiment.materials import Materials
from augury.experiment.pool import Pool
from augury.experiment.results import results
from augury.experiment.store import Store
from augury.experiment.truth import compared
from augury.experiment.words import answer, text
from augury.files import write_whole
from augury.report.study_page import write_page
from augury.survey.progress import shown
from augury.transforms.policies import ChosenOn


@dataclass(frozen=True, eq=False)
class Study:
    """What a study found.

    Attributes
    ----------
    results : plain values, as results.json holds them; docs/study.md says what they are.
    policy : the transforms that help and do no harm, with the reasons and the items on which they were chosen.
    """

    results: dict[str, Any]
    policy: Policy
    _materials: Materials

    def __repr__(self) -> str:
        return f"<Study of {self.results['source']}: {len(self.results['arms'])} arms, policy {self.policy!r}>"

    def __str__(self) -> str:
        return self.text()

    def text(self) -> str:
        """One screen for a terminal."""
        return text(self.results)

    def report(self, path: str | Path) -> Path:
        """Write a page that needs nothing else: charts, pictures and words in one .html file.

        Raises
        ------
        AuguryError : if the name does not end in .html.
        """
        return write_page(self.results, self._materials, Path(path))

    def save(self, folder: str | Path) -> None:
        """Write results.json, report.html and, if a file can hold the policy, policy.yaml into a folder."""
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        write_whole(place / "results.json", json.dumps(self.results, indent=1) + "\n")
        if not self.results["policy"]["note"]:
            self.policy.save(place / "policy.yaml")
        self.report(place / "report.html")


def study(
    part: Dataset,
    budget: float | str = "8m",
    *,
    arms: Iterable[Any] | None = None,
    also: Iterable[Any] = (),
    out: str | Path | None = None,
    size: tuple[int, int] | None = None,
    expect: Sequence[str] = (),
    delta: float = 0.01,
    seed: int = 0,
    folds: int = 5,
    epochs: int | None = None,
    repeats: int | None = None,
    learner: LearnerName = "workshop",
    workers: int | None = None,
    locked: Dataset | str | Path | None = None,
    truth: Dataset | None = None,
    say: Say | None = None,
) -> Study:
    """Try transforms on a small network, each alone, and say which help, with intervals.

    The same part and plan give the same numbers on one machine, whatever the workers, and however often the study was
    stopped and gone on with (`out`).

    Parameters
    ----------
    part : a training part, or a whole dataset that is not divided. Its groups are never separated.
    budget : time to use, in seconds or as text such as "8m"; it decides how often training is repeated.
    arms : transforms and policies to try. None: the transforms that `look` proposes or weighs, with its ranges,
        and TrivialAugment.
    also : further ones to try beside these.
    out : a folder for plan.json, fits.sqlite, results.json, policy.yaml and report.html; a study that was stopped
        goes on there. None keeps nothing.
    size : (height, width) in pixels that the network sees; None is the shape of the images within 32 pixels.
    expect : families of shifts that new items will meet, such as "location" and "lighting" (`augury.shifts.FAMILIES`):
        the robust endpoint is the average over these. Without any it is that over the families other than an arm's own.
    delta : smallest effect that matters, a share of items. seed : of folds, weights, order and draws.
    folds, epochs, repeats : of training; epochs and repeats are fitted to the budget where they are None.
    learner : "workshop", the network of the Edge Impulse workshop, or "linear", ridge regression on frozen features.
    workers : processes of one thread each; None takes the cores of the machine, up to 8.
    locked : a test part that must not be seen, or a file of `split.save`. A part knows the test part of its own
        split, and out/split.json is heeded too.
    truth : a large set of the same kind on which every model is scored as well. It decides nothing, and shows how
        true the verdicts are.
    say : called with lines for people; None writes them to stderr.

    Raises
    ------
    LeakError : if the part is a validation or test part, or shares items with a locked one.
    DataError : if a class cannot be both trained on and tested, or images do not fit together.
    AuguryError : if the budget is too short, or `out` holds another study.
    """
    begun = time.monotonic()
    deadline = begun + parse_seconds(budget)
    say = say or _to_stderr
    wishes = Wishes(
        arms=arms,
        also=also,
        size=size,
        delta=delta,
        seed=seed,
        folds=folds,
        epochs=epochs,
        repeats=repeats,
        learner=learner,
        workers=default_workers() if workers is None else workers,
        expect=(expect,) if isinstance(expect, str) else tuple(expect),
    )
    wishes.check()
    check_part(part, locked, None if out is None else Path(out))
    with _place(out) as place, Pool(place / "work", wishes.workers, learner) as pool, shown() as progress:
        findings = examined(part, progress)
        materials = materials_of(part, findings, wishes, progress)
        for line in materials.left_out:
            say(f"left out  {line}")
        large = truth_of(truth, materials, progress)
        arms = arms_of(wishes, findings, color=bool(materials.shapes[0, 2] == 3))
        plan = first_plan(materials, large, arms, wishes)
        plan = decided(plan, pool, place / "plan.json", deadline - time.monotonic(), wishes, say)
        store = Store(place / "fits.sqlite")
        try:
            end = deadline - REPORTING
            course = conduct(plan, store, pool, end, progress, lambda first: before_arms(plan, first, say))
            if not course.done[BASELINE]:
                raise AuguryError(f"study: the time was over before one repeat was complete; {_again(out)}")
            evidence = collect(plan, store, course.done)
        except KeyboardInterrupt:
            say(f"stopped; {_again(out)}")
            raise
        finally:
            store.close()
    made = _concluded(evidence, course, part, time.monotonic() - begun)
    if out is not None:
        made.save(out)
    return made


def _concluded(evidence: Evidence, course: Course, part: Dataset, seconds: float) -> Study:
    """Results, the policy that follows from them, and the words."""
    found = results(evidence, course, seconds)
    picked = chosen(evidence.arms, found["arms"])
    reasons = {node.label: reason(found["arms"][k]) for k in picked for node in evidence.arms[k].policy.transforms}
    plain = dict(composed([evidence.arms[k] for k in picked]))
    policy = Policy(**{**plain, "reasons": reasons, "chosen_on": ChosenOn.of(part._digests)})
    found["policy"] = {"arms": [evidence.arms[k].name for k in picked], **_written(policy)}
    found["truth"] = compared(evidence, found)
    found["answer"] = answer(found)
    return Study(found, policy, evidence.plan.materials)


def _written(policy: Policy) -> dict[str, str]:
    """The policy as YAML, or a note why there is none."""
    try:
        return {"yaml": policy.to_yaml(), "note": ""}
    except PolicyError as error:
        return {"yaml": "", "note": f"policy.yaml is not written: {error}"}


@contextmanager
def _place(out: str | Path | None) -> Iterator[Path]:
    """The folder of a study, or one that is gone afterwards; work/ in it is empty, and gone in either case."""
    place = Path(tempfile.mkdtemp(prefix="augury-")) if out is None else Path(out)
    try:
        try:
            place.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(place / "work", ignore_errors=True)  # of a study that was killed
            (place / "work").mkdir()
        except OSError as error:
            raise DataError(f"{place}: cannot be the folder of a study ({error.strerror}); choose another") from None
        yield place
    finally:
        shutil.rmtree(place / "work" if out is not None else place, ignore_errors=True)


def _again(out: str | Path | None) -> str:
    if out is None:
        return "nothing is kept without out=; give more time, fewer arms or a smaller size"
    return f"what is done is kept in {out}, and the same call or command goes on there"


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
