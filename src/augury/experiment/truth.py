"""Truth: what a study says, beside what a large set shows."""

from __future__ import annotations

from typing import Any

from augury.experiment.arms import BASELINE
from augury.experiment.evidence import COUNTED, Evidence
from augury.experiment.fit import CLEAN
from augury.shifts import shift

Document = dict[str, Any]


def compared(evidence: Evidence, found: Document) -> Document | None:
    """Effects of all arms on a large set, averaged over the models of all folds and repeats; None without one.

    Returns
    -------
    items : of the large set. baseline : its share of right answers.
    arms : name, clean (effect there), inside (whether the study's interval holds it), and families: the effects under
        the middle strength of each, in the `study` and on the `large` set.
    """
    large = evidence.plan.truth
    if large is None:
        return None

    rows = []
    for arm, document in zip(evidence.arms, found["arms"], strict=True):
        repeats = evidence.found[arm.name].repeats
        gain = {
            name: evidence.truth_right(arm.name, name, repeats) - evidence.truth_right(BASELINE, name, repeats)
            for name in (CLEAN, *(shift(family).name for family in COUNTED))
        }
        clean = gain[CLEAN]
        rows.append(
            {
                "name": arm.name,
                "clean": clean,
                "inside": bool(document["clean"]["low"] <= clean <= document["clean"]["high"]),
                "families": {
                    family: {
                        "study": evidence.condition_effect(arm, shift(family).name).mean,
                        "large": gain[shift(family).name],
                    }
                    for family in COUNTED
                },
            }
        )
    return {
        "items": len(large),
        "baseline": evidence.truth_right(BASELINE, CLEAN, evidence.found[BASELINE].repeats),
        "arms": rows,
    }
