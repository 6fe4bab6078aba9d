"""Proposals: ranges of transforms that cover what was seen to vary, a bit beyond, within safe bounds.

"observed": the range comes from a spread that was measured in the data. "prior": the data say nothing, and a cautious
default stands in. What might turn one class into another, or has nothing to recommend it, is listed and left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from augury.survey.neighbours import Confusion, Neighbours, mirrored, turned, upside_down
from augury.survey.scan import Scan
from augury.survey.variation import Spread, Varying
from augury.transforms import (
    Brightness,
    Contrast,
    Erase,
    Gamma,
    GaussianNoise,
    HorizontalFlip,
    Rotate,
    Transform,
    Translate,
    VerticalFlip,
    Zoom,
)
from augury.transforms.policies import Policy

BEYOND = 1.2  # how much farther a range reaches than the spread
_SHIFTS, _ANGLES, _FACTORS, _NOISES = (0.02, 0.25), (3.0, 90.0), (1.05, 2.0), (0.005, 0.08)
_ANY_ANGLE = 60.0  # reach of angles from which on there is no upright
_HALVINGS = 3


@dataclass(frozen=True)
class Proposal:
    """One transform with a range, and why.

    Attributes
    ----------
    included : whether the proposed policy holds it.
    reason : one sentence with its numbers. caution : another where it may do harm, or "".
    """

    transform: Transform
    basis: Literal["observed", "prior"]
    included: bool
    reason: str
    caution: str = ""


def propose(scan: Scan, varying: Mapping[str, Varying], neighbours: Neighbours | None) -> list[Proposal]:
    """Proposals in the order of a policy: geometry, tone, noise, then what covers.

    Parameters
    ----------
    neighbours : what cautions; None where images have no labels.
    """
    return [
        _horizontal(neighbours),
        _vertical(varying["angle"].within, neighbours),
        _rotate(varying["angle"].within, neighbours),
        _translate(varying["x"].within, varying["y"].within),
        _zoom(varying["size"].within),
        _tone("light", varying["light"].within),
        _tone("contrast", varying["contrast"].within),
        Proposal(Gamma((0.8, 1.25)), "prior", False, "Brightness and contrast cover the light; try it in their place."),
        _noise(scan),
        Proposal(
            Erase((0.02, 0.1), p=0.5),
            "prior",
            False,
            "Nothing in the data shows covered subjects; worth a trial where they will occur.",
        ),
    ]


def policy_of(proposals: list[Proposal]) -> Policy:
    """The policy of what is included."""
    return Policy([proposal.transform for proposal in proposals if proposal.included])


def _horizontal(neighbours: Neighbours | None) -> Proposal:
    confusion = neighbours.confusion(mirrored) if neighbours else None
    if confusion is None or not confusion.tells:
        reason = "The data do not say whether left and right mean something; most photographs can be mirrored."
        return Proposal(HorizontalFlip(), "prior", True, reason, "Leave it out if left and right mean something.")
    if confusion.collides or confusion.strange:
        return Proposal(HorizontalFlip(), "prior", False, "Left and right mean something here.", _caution(confusion))
    reason = "Mirrored images still look like their own class" + (", most of them." if confusion.noticeable else ".")
    return Proposal(HorizontalFlip(), "prior", True, reason, _caution(confusion))


def _vertical(angles: Spread | None, neighbours: Neighbours | None) -> Proposal:
    confusion = neighbours.confusion(upside_down) if neighbours else None
    wrong = confusion is not None and (confusion.collides or confusion.strange)
    if angles and angles.reach >= _ANY_ANGLE:
        reason = f"Subjects lie at all angles (to {angles.reach:.0f}° from their class's mean), so there is no upright."
        return Proposal(VerticalFlip(), "observed", not wrong, reason, _caution(confusion))
    reason = "Nothing in the data shows subjects upside down."
    return Proposal(VerticalFlip(), "prior", False, reason, _caution(confusion))


def _rotate(angles: Spread | None, neighbours: Neighbours | None) -> Proposal:
    if angles:
        end = math.ceil(_within(BEYOND * angles.reach, _ANGLES))
        reason = (
            f"Within classes, {angles.count} elongated subjects turn from {angles.low:+.0f}° to {angles.high:+.0f}° "
            "about their class's mean axis."
        )
    else:
        end, reason = 10, "Subjects are round, unclear or too few to show an angle; a hand-held camera tilts this much."
    caution, confusion = "", None
    for _ in range(_HALVINGS):
        confusion = neighbours.confusion(turned(end), turned(-end)) if neighbours else None
        if confusion is None or not (confusion.collides or confusion.strange):
            break
        caution = caution or f"Cut from ±{end}°: {_caution(confusion)}"
        end = max(math.floor(end / 2), int(_ANGLES[0]))
    caution = caution or _caution(confusion)
    return Proposal(Rotate((-float(end), float(end))), "observed" if angles else "prior", True, reason, caution)


def _translate(x: Spread | None, y: Spread | None) -> Proposal:
    if x is None or y is None:
        reason = "No subject stands out in enough images to show where it lies; a small shift is harmless."
        return Proposal(Translate((-0.08, 0.08), (-0.08, 0.08)), "prior", True, reason)
    ends = [math.ceil(100 * _within(BEYOND * spread.reach, _SHIFTS) - 1e-9) / 100 for spread in (x, y)]
    reason = (
        f"Within classes, {x.count} subjects lie from {x.low:+.2f} to {x.high:+.2f} of the width and from "
        f"{y.low:+.2f} to {y.high:+.2f} of the height about their class's middle."
    )
    return Proposal(Translate(*((-end, end) for end in ends)), "observed", True, reason)


def _zoom(size: Spread | None) -> Proposal:
    if size is None:
        reason = "No subject stands out in enough images to show its size; a small change is harmless."
        return Proposal(Zoom((0.9, 1.11)), "prior", True, reason)
    low, high = math.exp(size.low), math.exp(size.high)
    reason = f"Within classes, {size.count} subjects measure {low:.2f} to {high:.2f} times their class's median size."
    return Proposal(Zoom(_factors(size)), "observed", True, reason)


def _tone(name: Literal["light", "contrast"], spread: Spread | None) -> Proposal:
    transform = Brightness if name == "light" else Contrast
    if spread is None:
        reason = f"The images do not show how the {name} varies; a small change is harmless."
        return Proposal(transform((0.85, 1.18)), "prior", True, reason)
    low, high = math.exp(spread.low), math.exp(spread.high)
    reason = (
        f"Within classes, the {name} of {spread.count} images is {low:.2f} to {high:.2f} times their class's median."
    )
    return Proposal(transform(_factors(spread)), "observed", True, reason)


def _noise(scan: Scan) -> Proposal:
    levels = scan.column("noise")
    levels = levels[np.isfinite(levels)] / 255
    if len(levels) < 5:
        reason = "The images are too small or too few to tell noise from detail; hardly visible noise is harmless."
        return Proposal(GaussianNoise((0.0, 0.02)), "prior", True, reason)
    low, high = (float(v) for v in np.percentile(levels, [5, 95]))
    end = math.ceil(1000 * _within(BEYOND * high, _NOISES) - 1e-9) / 1000
    reason = f"The images carry fine noise of {low:.3f} to {high:.3f} of the value range."
    return Proposal(GaussianNoise((0.0, end)), "observed", True, reason)


def _factors(spread: Spread) -> tuple[float, float]:
    """A pair around 1 whose logarithm reaches a bit beyond a spread of logarithms."""
    high = math.ceil(100 * _within(math.exp(min(BEYOND * spread.reach, 10)), _FACTORS) - 1e-9) / 100
    return math.floor(100 / high) / 100, high


def _within(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])


def _caution(confusion: Confusion | None) -> str:
    """What the neighbours say against a change; nothing where they do not."""
    if confusion is None or not (confusion.noticeable or confusion.collides):
        return ""
    shares = (
        f"changed so, the closest other image is of another class for {confusion.changed:.0%} of {confusion.count} "
        f"images, and for {confusion.plain:.0%} as they are"
    )
    if confusion.collides:
        pair = f", most of all {confusion.pair[0]} with {confusion.pair[1]}" if confusion.pair else ""
        return f"It may turn one class into another{pair}: {shares}."
    if confusion.strange:
        return f"It may make pictures that never occur: {shares}."
    return f"Try it with and without: {shares}."
