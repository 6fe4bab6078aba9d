"""With which arguments a transform is shown: from weak to strong where it has a strength, else as it is drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from augury.ranges import Fixed, Unit, ends, is_fixed
from augury.transforms.base import Transform, range_fields

SHOWN = 3  # pictures beside the original
_GRADED = 2  # fields whose values fit under a picture


@dataclass(frozen=True)
class Setting:
    """One transform to show, and what to write under it; "" where it is drawn."""

    transform: Transform
    caption: str


def settings_of(cls: type[Transform]) -> list[Setting]:
    """Three steps, weaker first; one setting without a caption if its fields are drawn; or the only one there is."""
    varied = {f: unit for f, unit in range_fields(cls).items() if not is_fixed(default_of(cls, f))}
    if any(unit.count for unit in varied.values()):
        return [Setting(_made(cls), "")]
    graded = {f: unit for f, unit in varied.items() if unit.identity is not None} or varied
    if not graded or len(graded) > _GRADED:
        return [Setting(_made(cls), "")]
    steps = {f: steps_of(ends(default_of(cls, f)), unit) for f, unit in graded.items()}
    found = []
    for k in range(SHOWN):
        values = {f: float(f"{step[k]:.3g}") for f, step in steps.items()}
        caption = ", ".join(f"{f} {value:g}{_sign(graded[f])}" for f, value in values.items())
        found.append(Setting(_made(cls, **{f: Fixed(value) for f, value in values.items()}), caption))
    return found


def steps_of(pair: tuple[float, float], unit: Unit) -> Sequence[float]:
    """Three values of a range.

    Beside the identity they go away from it; around it they are the low end, half the way up, and the high end.

    Examples
    --------
    >>> steps_of((-15.0, 15.0), Unit("degrees", -360, 360, identity=0.0))
    [-15.0, 7.5, 15.0]
    >>> steps_of((0.0, 0.75), Unit("fraction", 0, 1, identity=0.0))
    [0.25, 0.5, 0.75]
    """
    if unit.log:
        neutral = None if unit.identity is None else math.log(unit.identity)
        steps = _steps(math.log(pair[0]), math.log(pair[1]), neutral)
        return [min(max(math.exp(step), pair[0]), pair[1]) for step in steps]
    return _steps(*pair, unit.identity)


def default_of(cls: type[Transform], field: str) -> Any:
    """The range that a field has unless told."""
    return cls.model_fields[field].default


def _steps(low: float, high: float, neutral: float | None) -> list[float]:
    if neutral is None:
        return [low, 0.5 * (low + high), high]
    if low < neutral < high:
        return [low, neutral + 0.5 * (high - neutral), high]
    near, far = sorted((low, high), key=lambda end: abs(end - neutral))
    if near == neutral:
        return [near + (far - near) * k / SHOWN for k in range(1, SHOWN)] + [far]
    return [near, 0.5 * (near + far), far]


def _made(cls: type[Transform], **fields: Any) -> Transform:
    return cls(**fields) if cls.resizes else cls(**fields, p=1.0)


def _sign(unit: Unit) -> str:
    return "°" if unit.name == "degrees" else ""
