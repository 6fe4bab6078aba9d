"""One fit: train an arm on all folds but one, and score it on that one, as it is and shifted."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from augury.compile.program import Program, compile_policy
from augury.draws import key_of
from augury.experiment.arms import BASELINE
from augury.experiment.design import LearnerName, Plan, Task
from augury.experiment.learner import Ints, Labels, Learner, Pixels
from augury.experiment.materials import Materials
from augury.kernels import Border
from augury.shifts import FAMILIES, GEOMETRIC, SUITE, shift
from augury.shifts import SEED as SHIFT_SEED
from augury.stream.engine import Feed
from augury.stream.order import Order
from augury.transforms.policies import Policy

CLEAN = "clean"
VIEWS = ("view 1", "view 2")  # held-out items as the arm's own policy shows them
SECOND_BORDER: Border = "symmetric"
_CURVE = 8  # points of a learning curve
_SCORED_AT_ONCE = 256
_TRIAL_STEPS = 120
_TIMED_STEPS = 40


@dataclass(frozen=True)
class Condition:
    """How items are shown to a trained model: changed by a policy, with a seed of its draws, or blurred."""

    name: str
    policy: Policy
    blur: float = 0.0
    seed: int = SHIFT_SEED


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one fit found.

    Attributes
    ----------
    items : int64 (m,), rows of the materials that were held out.
    predicted, log_p : int16 and float32 (conditions, m): predicted class, and log probability of the true one.
    trained : share of training items that are recognised as they are.
    curve : (k, 3), epoch, that share, and the share of held-out items; of repeat 0 only, else (0, 3).
    truth : int16 (its conditions, items of the large set), or (0, 0) without one.
    seconds : how long it took.
    """

    items: Ints
    predicted: NDArray[np.int16]
    log_p: NDArray[np.float32]
    trained: float
    curve: NDArray[np.float64]
    truth: NDArray[np.int16]
    seconds: float


@dataclass(frozen=True)
class Trial:
    """A first fit that is not counted: the learning rate, and seconds for a step and for an image that is scored."""

    rate: float
    step: float
    score: float


def conditions() -> list[Condition]:
    """How held-out items are shown: as they are, then all shifts, then some with a second border."""
    again = [s.with_border(SECOND_BORDER) for s in SUITE if s.family in GEOMETRIC]
    return [
        Condition(CLEAN, Policy()),
        *(Condition(s.name, s.policy, s.blur) for s in SUITE),
        *(Condition(f"{s.name}, {SECOND_BORDER}", s.policy) for s in again),
    ]


def truth_conditions() -> list[Condition]:
    """How the large set is shown: as it is, and under the middle strength of every family that counts."""
    middle = [shift(family) for family in FAMILIES if shift(family).counts]
    return [Condition(CLEAN, Policy()), *(Condition(s.name, s.policy, s.blur) for s in middle)]


def learner_of(name: LearnerName) -> Callable[..., Learner]:
    """The class of a learner; PyTorch is loaded only for the one that needs it."""
    if name == "linear":
        from augury.experiment.linear import Linear

        return Linear
    from augury.experiment.trainer import Workshop

    return Workshop


@dataclass(frozen=True, eq=False)
class Laboratory:
    """Where fits are made, one after the other."""

    plan: Plan
    _programs: dict[str, Program] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write what `load` reads; pixels once, and apart, so that processes can share them."""
        parts = {"materials": self.plan.materials, "truth": self.plan.truth}
        for name, part in parts.items():
            if part is not None and not (folder / name).exists():
                part.save(folder / name)
        items, truth = self.plan.materials.without_pixels(), self.plan.truth and self.plan.truth.without_pixels()
        (folder / "plan.pickle").write_bytes(pickle.dumps(replace(self.plan, materials=items, truth=truth)))

    @classmethod
    def load(cls, folder: Path) -> Laboratory:
        """Read what `save` wrote."""
        plan: Plan = pickle.loads((folder / "plan.pickle").read_bytes())
        truth = None if plan.truth is None else Materials.load(folder / "truth")
        return cls(replace(plan, materials=Materials.load(folder / "materials"), truth=truth))

    def run(self, task: Task) -> Outcome:
        """Train and score; the result depends on the plan and the task alone."""
        start, training = time.perf_counter(), self.plan.training
        items, fitted, held = self._parts(task)
        clean, labels = self._shown(items, Condition(CLEAN, Policy()), fitted), items.labels[fitted]
        tested, truths = self._shown(items, Condition(CLEAN, Policy()), held), items.labels[held]
        learner, feed = self._learner(task, clean), self._feed(task, fitted)
        curve: list[tuple[float, float, float]] = []
        every = max(1, training.epochs // _CURVE)

        def each(done: int) -> None:
            if task.repeat == 0 and (done % every == 0 or done == training.epochs):
                curve.append((done, _right(learner, clean, labels), _right(learner, tested, truths)))

        learner.train(lambda k: _pairs(feed, k), training.epochs, feed.count(), training.rate, each)
        predicted, log_p = self._scores(learner, items, held, [*conditions(), *self._views(task)])
        truth = np.zeros((0, 0), np.int16)
        if self.plan.truth is not None:
            large = self.plan.truth
            truth = self._scores(learner, large, np.arange(len(large)), truth_conditions())[0]
        trained = _right(learner, clean, labels)
        seconds = time.perf_counter() - start
        return Outcome(held, predicted, log_p, trained, np.array(curve).reshape(-1, 3), truth, seconds)

    def trial(self) -> Trial:
        """Find the learning rate on the first training fold, and how long things take."""
        task = Task(BASELINE, 0, 0)
        items, fitted, held = self._parts(task)
        clean = self._shown(items, Condition(CLEAN, Policy()), fitted)
        learner, feed = self._learner(task, clean), self._feed(task, fitted)
        rate = learner.range_test(lambda k: _pairs(feed, k), _TRIAL_STEPS)
        learner = self._learner(task, clean)
        epochs = -(-_TIMED_STEPS // feed.count())
        start = time.perf_counter()
        learner.train(lambda k: _pairs(feed, k), epochs, feed.count(), rate, _ignore)
        step = (time.perf_counter() - start) / (epochs * feed.count())
        start = time.perf_counter()
        self._scores(learner, items, held, conditions())
        score = (time.perf_counter() - start) / (len(held) * len(conditions()))
        return Trial(rate, step, score)

    def seconds(self, trial: Trial) -> float:
        """How long a fit will take."""
        n, training = len(self.plan.materials), self.plan.training
        truth = 0 if self.plan.truth is None else len(self.plan.truth)
        fitted = n - n // training.folds
        scored = (len(conditions()) + len(VIEWS)) * n / training.folds + 2 * fitted + len(truth_conditions()) * truth
        return training.epochs * max(1, fitted // training.batch) * trial.step + scored * trial.score

    def _parts(self, task: Task) -> tuple[Materials, Ints, Ints]:
        folds = self.plan.folds(task.repeat)
        return self.plan.materials, np.flatnonzero(folds != task.fold), np.flatnonzero(folds == task.fold)

    def _learner(self, task: Task, clean: Pixels) -> Learner:
        seed = key_of(self.plan.training.seed, "weights", str(task.repeat), str(task.fold))[0]
        classes = len(self.plan.materials.classes)
        return learner_of(self.plan.training.learner)(clean.shape[1:], classes, seed, clean)

    def _feed(self, task: Task, rows: Ints) -> Feed:
        """Training batches; the seed is that of the repeat and fold, so arms share order and draws."""
        seed = key_of(self.plan.training.seed, "training", str(task.repeat), str(task.fold))[0]
        program = self._program(Condition(f"train {task.arm}", self.plan.policy(task.arm)))
        batch = min(self.plan.training.batch, len(rows))
        order = Order(len(rows), seed, shuffle=True)
        images = self.plan.materials.images()
        return Feed(images, rows, program, order, batch, threads=0, prefetch=0, drop_last=True)

    def _views(self, task: Task) -> list[Condition]:
        """Held-out items as the arm's own policy shows them; of the baseline as those of all arms do, in order."""
        arms = [arm for arm in self.plan.arms if task.arm in (BASELINE, arm.name)]
        return [
            Condition(f"{name} {arm.name}", arm.always(), seed=SHIFT_SEED + k)
            for arm in arms
            for k, name in enumerate(VIEWS, 1)
        ]

    def _scores(
        self, learner: Learner, items: Materials, rows: Ints, shown: list[Condition]
    ) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
        predicted = np.empty((len(shown), len(rows)), np.int16)
        log_p = np.empty((len(shown), len(rows)), np.float32)
        for k, condition in enumerate(shown):
            for start in range(0, len(rows), _SCORED_AT_ONCE):
                part = slice(start, min(start + _SCORED_AT_ONCE, len(rows)))
                found = learner.log_probabilities(self._shown(items, condition, rows[part]))
                predicted[k, part] = found.argmax(1)
                log_p[k, part] = np.take_along_axis(found, items.labels[rows[part], None], 1)[:, 0]
        return predicted, log_p

    def _shown(self, items: Materials, condition: Condition, rows: Ints) -> Pixels:
        """(m, c, h, w) float32: items under a condition, always the same."""
        order = Order(len(rows), condition.seed, shuffle=False)
        program = self._program(condition)
        feed = Feed(items.images(condition.blur), rows, program, order, len(rows), threads=0, prefetch=0)
        return next(feed.batches(0, channels_first=True)).image

    def _program(self, condition: Condition) -> Program:
        if condition.name not in self._programs:
            items = self.plan.materials
            self._programs[condition.name] = compile_policy(condition.policy, items.prepare, items.images().source)
        return self._programs[condition.name]


def _pairs(feed: Feed, epoch: int) -> Iterator[tuple[Pixels, Labels]]:
    batches = feed.batches(epoch, channels_first=True)
    return ((batch.image, batch.label if batch.soft is None else batch.soft) for batch in batches)


def _ignore(_: int) -> None:
    """Nobody wants to know how far a trial is."""


def _right(learner: Learner, images: Pixels, labels: Ints) -> float:
    return float((learner.log_probabilities(images).argmax(1) == labels).mean())
