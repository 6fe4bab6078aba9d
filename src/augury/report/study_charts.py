"""Drawings on the page of a study: an axis of points, whiskers on it, colours of effects, and learning curves.

Numbers only, in percent of a drawing's sides; the template draws them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]
_RIM = 4.0  # percent of an axis left free at either end
_OUTLIER = 4.0  # an axis ends at so many times the median reach of its whiskers; longer ones end in an arrow
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 25, 50)  # points between ticks
_FAINT, _STRONG = 0.10, 0.55  # opacity behind the smallest and the largest effect
_NOTHING = 0.0005  # effects that are shown as 0.0
_CURVE_WIDTH, _CURVE_HEIGHT = 240, 110


@dataclass(frozen=True)
class Axis:
    """A piece of the line of effects, with 0 on it. low, high : shares of items."""

    low: float
    high: float

    def at(self, share: float) -> float:
        """Percent of the width, within the axis."""
        inside = min(max(share, self.low), self.high)
        return round(_RIM + (100 - 2 * _RIM) * (inside - self.low) / (self.high - self.low), 2)

    def ticks(self, most: int) -> list[Document]:
        """Where to write which points."""
        span = 100 * (self.high - self.low)
        step = next((step for step in _STEPS if span / step <= most), _STEPS[-1])
        first, last = math.ceil(100 * self.low / step - 1e-9), math.floor(100 * self.high / step + 1e-9)
        return [{"at": self.at(k * step / 100), "text": f"{k * step:+g}" if k else "0"} for k in range(first, last + 1)]

    def band(self, delta: float) -> Document:
        """Where effects do not matter, and where 0 is."""
        return {"low": self.at(-delta), "high": self.at(delta), "zero": self.at(0.0)}

    def whisker(self, effect: Document) -> Document:
        """An interval with its effect; `beyond_low` and `beyond_high` tell that it goes on outside the axis."""
        low, high = effect["low"], effect["high"]
        return {
            "low": self.at(low),
            "high": self.at(high),
            "point": self.at(effect["effect"]),
            "beyond_low": low < self.low,
            "beyond_high": high > self.high,
            "sure": is_sure(effect),
        }


def axis_of(effects: Sequence[Document], delta: float) -> Axis:
    """An axis for several intervals, with a little more than the band of what does not matter on it."""
    ends = sorted(max(abs(effect["low"]), abs(effect["high"])) for effect in effects)
    reach = max(_OUTLIER * ends[len(ends) // 2] if ends else 0.0, 2 * delta)
    low = max(min([effect["low"] for effect in effects] + [-1.5 * delta]), -reach)
    high = min(max([effect["high"] for effect in effects] + [1.5 * delta]), reach)
    return Axis(low, high)


def is_sure(effect: Document) -> bool:
    """Whether its interval excludes 0."""
    return bool(effect["low"] > 0 or effect["high"] < 0)


def tint(effect: float, largest: float) -> Document:
    """The colour behind an effect: its direction, and an opacity that grows with the root of its size."""
    if abs(effect) < _NOTHING:
        return {"direction": "", "opacity": 0.0}
    share = math.sqrt(abs(effect) / max(largest, abs(effect)))
    return {"direction": "up" if effect > 0 else "down", "opacity": round(_FAINT + (_STRONG - _FAINT) * share, 3)}


def curves(own: Sequence[Sequence[float]], baseline: Sequence[Sequence[float]]) -> Document | None:
    """Learning curves of an arm and of the baseline as lines, or None where there are no two points.

    Parameters
    ----------
    own, baseline : epoch, share of training items and of held-out items recognised.
    """
    if min(len(own), len(baseline)) < 2:
        return None
    rows = [*own, *baseline]
    last = max(row[0] for row in rows)
    low = min(min(row[1:]) for row in rows)
    low = math.floor(10 * min(low, 0.9)) / 10

    def line(points: Sequence[Sequence[float]], column: int) -> str:
        places = [
            (_CURVE_WIDTH * row[0] / last, _CURVE_HEIGHT * (1 - (row[column] - low) / (1 - low))) for row in points
        ]
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)

    return {
        "width": _CURVE_WIDTH,
        "height": _CURVE_HEIGHT,
        "lines": [
            {"who": who, "what": what, "path": line(points, column)}
            for who, points in (("baseline", baseline), ("arm", own))
            for column, what in ((1, "training"), (2, "held"))
        ],
        "top": "100%",
        "bottom": f"{low:.0%}",
        "last": f"{last:g}",
    }
