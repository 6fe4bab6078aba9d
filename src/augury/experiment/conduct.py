"""Conduct: make the fits of a plan, repeat by repeat, until it is done or the time is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from augury.experiment.arms import BASELINE, Arm
from augury.experiment.design import ENDPOINTS, Plan, Task
from augury.experiment.evidence import Evidence, collect
from augury.experiment.inference import enough_repeats, interval
from augury.experiment.pool import OutOfTime, Pool
from augury.experiment.store import Store

_ALL = 2  # repeats in which every arm takes part
_HOPELESS = 0.99  # confidence, of one interval alone, that an arm is below what matters
_RESERVE = 1.15  # a repeat is begun if there is time for so many times what it should take

Tell = Callable[[str, int, int], None]  # stage, fits done, fits to do


@dataclass
class Course:
    """How a study went.

    Attributes
    ----------
    done : arm -> complete repeats. dropped : arms that were left out after two, as they cannot matter.
    why : one sentence why it ended.
    """

    done: dict[str, int] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    why: str = ""


def conduct(
    plan: Plan, store: Store, pool: Pool, deadline: float, tell: Tell, baseline_known: Callable[[Evidence], None]
) -> Course:
    """Make all fits that the store does not have yet.

    What is decided on the way depends on results alone, so a study that was killed and resumed ends as one that was
    not; only the deadline can cut it short, by whole repeats.

    Parameters
    ----------
    deadline : of `time.monotonic`. tell : progress.
    baseline_known : called once the baseline's first repeat is there, before any other arm is trained.
    """
    course = Course(dict.fromkeys(plan.names, 0))
    runner = _Runner(plan, store, pool, deadline, tell)
    try:
        runner.fits(plan.tasks(0, [BASELINE]), len(plan.names) * plan.training.folds * plan.repeats)
        baseline_known(collect(plan, store, {BASELINE: 1}))
        for repeat in range(plan.repeats):
            names = [name for name in plan.names if name not in course.dropped]
            tasks = plan.tasks(repeat, names)
            if repeat and not runner.in_time(tasks):
                raise OutOfTime
            runner.fits(tasks, len(tasks) * (plan.repeats - repeat))
            course.done.update(dict.fromkeys(names, repeat + 1))
            course.why = _enough(plan, store, course)
            if course.why:
                return course
    except OutOfTime:
        complete = course.done[BASELINE]
        course.why = f"the time was over after {complete} of {plan.repeats} repeats; an incomplete one is left out"
        return course
    course.why = f"all {plan.repeats} repeats are done"
    return course


def _enough(plan: Plan, store: Store, course: Course) -> str:
    """Drop the arms that cannot matter; return why nothing more is to be done, or ""."""
    repeats = course.done[BASELINE]
    if repeats < _ALL:
        return ""
    evidence = collect(plan, store, course.done)
    course.dropped = [arm.name for arm in plan.arms if not _may_matter(evidence, arm)]
    left = [arm for arm in plan.arms if arm.name not in course.dropped]
    if not left:
        return f"after {repeats} repeats no arm could matter any more"
    if _ALL < repeats < plan.repeats and all(_settled(evidence, arm) for arm in left):
        return f"after {repeats} repeats more would not help, as what is left varies with the items"
    return ""


@dataclass
class _Runner:
    plan: Plan
    store: Store
    pool: Pool
    deadline: float
    tell: Tell
    made: set[str] = field(default_factory=set)  # keys of all fits that were asked for and are there

    def fits(self, tasks: Sequence[Task], left: int) -> None:
        """Make those that are missing; arms that train in the same way share one.

        `left` is how many fits the study has yet to ask for, these included.
        """
        keys = {self.plan.key(task): task for task in tasks}
        known = self.store.known(keys)
        missing = {task: key for key, task in keys.items() if key not in known}
        total = left + len(self.made - keys.keys())
        self.made |= known
        self.tell("training", len(self.made), total)
        if time.monotonic() > self.deadline and missing:
            raise OutOfTime
        for task, outcome in self.pool.answers(list(missing), self.deadline):
            self.store.add(missing[task], task, outcome)
            self.made.add(missing[task])
            self.tell("training", len(self.made), total)

    def in_time(self, tasks: Sequence[Task]) -> bool:
        """Whether a whole repeat can be made before the deadline."""
        keys = {self.plan.key(task) for task in tasks}
        missing = len(keys) - len(self.store.known(keys))
        return time.monotonic() + _RESERVE * missing * self.store.mean_seconds() / len(self.pool) <= self.deadline


def _may_matter(evidence: Evidence, arm: Arm) -> bool:
    """Whether an arm may still be worth more than the smallest effect that matters, on either endpoint."""
    effects = [evidence.endpoint_effect(arm, endpoint) for endpoint in ENDPOINTS]
    return any(interval(effect, _HOPELESS)[1] > evidence.plan.delta for effect in effects)


def _settled(evidence: Evidence, arm: Arm) -> bool:
    return all(enough_repeats(evidence.differences(arm, endpoint)) for endpoint in ENDPOINTS)
