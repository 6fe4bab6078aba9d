"""Budget: how much training fits into the time there is."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

from augury.errors import AuguryError
from augury.experiment.design import Plan
from augury.experiment.fit import Laboratory, Trial

EPOCHS, FEWEST_EPOCHS = 60, 20
MOST_REPEATS, FEWEST_REPEATS = 5, 2
_USED = 0.88  # of the time; the rest is for what was not foreseen
REPORTING = 5.0  # seconds for results and the page
_UNITS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}


def parse_seconds(budget: float | str) -> float:
    """Seconds from a number or a text such as "8m".

    Examples
    --------
    >>> parse_seconds("8m"), parse_seconds("1.5h"), parse_seconds(90)
    (480.0, 5400.0, 90.0)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", str(budget).lower())
    if not match or match[2] not in _UNITS or float(match[1]) == 0:
        raise AuguryError(f"budget={budget!r}: expected seconds, as a number or as text like '90s', '8m' or '1h'")
    return float(match[1]) * _UNITS[match[2]]


def in_words(seconds: float) -> str:
    """A duration for people.

    Examples
    --------
    >>> in_words(42.4), in_words(95), in_words(7260)
    ('42 s', '1 min 35 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


@dataclass(frozen=True)
class Forecast:
    """What a plan will take. fits : at most. fit : seconds of one. seconds : of all, on so many workers."""

    fits: int
    fit: float
    seconds: float
    workers: int


def forecast(plan: Plan, trial: Trial, workers: int) -> Forecast:
    """What a plan takes if no arm is dropped."""
    fit = Laboratory(plan).seconds(trial)
    fits = plan.repeats * plan.training.folds * (len(plan.arms) + 1)
    return Forecast(fits, fit, math.ceil(fits / workers) * fit, workers)


def fitted_to(plan: Plan, trial: Trial, seconds: float, workers: int, epochs: int | None, repeats: int | None) -> Plan:
    """The plan with as many repeats, and if need be as few epochs, as the time allows.

    Parameters
    ----------
    seconds : that are left. epochs, repeats : what the user asks for, whatever the time; None where it decides.

    Raises
    ------
    AuguryError : if not even two repeats of short training fit, with what would be enough.
    """
    usable = _USED * seconds - REPORTING

    def needed(epochs: int, repeats: int) -> float:
        tried = replace(plan, training=replace(plan.training, epochs=epochs), repeats=repeats)
        return forecast(tried, trial, workers).seconds

    fewest = repeats or FEWEST_REPEATS
    if epochs is None:
        epochs = next((e for e in range(EPOCHS, FEWEST_EPOCHS - 1, -1) if needed(e, fewest) <= usable), None)
        if epochs is None:
            enough = math.ceil((needed(FEWEST_EPOCHS, fewest) + REPORTING) / _USED)
            raise AuguryError(
                f"study: the budget is too short: {len(plan.arms)} arms and the baseline need about {in_words(enough)} "
                f"from here, and {in_words(max(seconds, 0.0))} are left; give more, or fewer arms, or a smaller size"
            )
    if repeats is None:
        repeats = next((r for r in range(MOST_REPEATS, FEWEST_REPEATS, -1) if needed(epochs, r) <= usable), fewest)
    return replace(plan, training=replace(plan.training, epochs=epochs, rate=trial.rate), repeats=repeats)
