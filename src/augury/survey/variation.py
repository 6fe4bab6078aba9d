"""Variation: how far images of one class differ in place, size, angle, light and sharpness of their subject.

A spread is the 5th to the 95th percentile. What a transform should cover is the spread *within* classes, as
deviations from each class's own middle: classes may differ in size or place for reasons that are not chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from augury.data.split import has_labels
from augury.survey.objects import BoxFacts
from augury.survey.scan import Scan
from augury.survey.subject import ELONGATED

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Kind = Literal["linear", "factor", "axial"]
LEAST = 5  # values that make a spread
_SHARE = 0.5  # of a class's images must have a value
_FAINT, _FULL = 0.1, 0.98  # contrast below which its size means nothing, and from which on it cannot grow


@dataclass(frozen=True)
class Spread:
    """5th percentile, median (of angles the mean axis) and 95th percentile of `count` values."""

    count: int
    low: float
    middle: float
    high: float

    @property
    def reach(self) -> float:
        """How far the ends lie from 0, at most: of deviations, what a symmetric range must cover."""
        return max(abs(self.low), abs(self.high))


@dataclass(frozen=True, eq=False)
class Varying:
    """One thing that varies.

    Attributes
    ----------
    name, unit : what it is.
    kind : "linear" deviates by differences, "factor" by logarithms of ratios, "axial" by degrees of a half turn.
    values : (m,), nan where an image (or box) has none.
    labels : int64 (m,), indices into the classes; None where all count as one.
    overall : of all values. classes : of each class that has enough. within : of deviations from class middles.
    """

    name: str
    unit: str
    kind: Kind
    values: Floats
    labels: Rows | None
    overall: Spread | None
    classes: dict[int, Spread]
    within: Spread | None


def what_varies(scan: Scan, boxes: BoxFacts | None) -> dict[str, Varying]:
    """Spreads by name: x, y, size, angle, light, contrast, sharpness.

    Parameters
    ----------
    boxes : of detection data, whose places and sizes then count instead of what stands out.
    """
    labels = scan.labels if has_labels(scan.table) else None
    if boxes is None:
        x, y, size = (scan.of_subjects(name) for name in ("x", "y", "size"))
        subjects = labels
    else:
        x, y, size, subjects = boxes.x, boxes.y, boxes.size, boxes.labels
    contrast, light = scan.column("contrast"), scan.column("light")
    relative = contrast / np.maximum(light, 1e-6)
    relative = np.where((contrast > _FAINT) & (relative < _FULL), relative, np.nan)
    found = [
        _varying("x", "fraction of the width", "linear", x, subjects),
        _varying("y", "fraction of the height", "linear", y, subjects),
        _varying("size", "fraction of the side", "factor", size, subjects),
        _varying("angle", "degrees counter-clockwise", "axial", _angles(scan), labels),
        _varying("light", "fraction of white", "factor", light, labels),
        _varying("contrast", "fraction of the light", "factor", relative, labels),
        _varying("sharpness", "variance of the Laplacian", "factor", scan.column("sharpness"), labels),
    ]
    return {varying.name: varying for varying in found}


def _angles(scan: Scan) -> Floats:
    """(n,): angles of single, elongated subjects; nan for others."""
    single = scan.of_subjects("kind") == "one"
    angles: Floats = np.where(single & (scan.of_subjects("elongation") > ELONGATED), scan.of_subjects("angle"), np.nan)
    return angles


def _varying(name: str, unit: str, kind: Kind, values: Floats, labels: Rows | None) -> Varying:
    values = values.astype(np.float64)
    if kind == "factor":
        values = np.where(values > 0, values, np.nan)
    classes: dict[int, Spread] = {}
    deviations = []
    of_class = np.zeros(len(values), np.int64) if labels is None else labels
    for label in np.unique(of_class).tolist():
        known = values[of_class == label]
        share = np.isfinite(known).mean()
        spread = _SPREAD[kind](known[np.isfinite(known)]) if share >= _SHARE else None
        if spread:
            classes[label] = spread
            deviations.append(_deviations(known[np.isfinite(known)], spread.middle, kind))
    known = values[np.isfinite(values)]
    overall = _SPREAD[kind](known) if classes else None
    within = _linear(np.concatenate(deviations)) if deviations else None
    return Varying(name, unit, kind, values, labels, overall, classes, within)


def _deviations(values: Floats, middle: float, kind: Kind) -> Floats:
    if kind == "factor":
        return np.log(values / middle)
    return wrapped(values - middle) if kind == "axial" else values - middle


def wrapped(degrees: Floats) -> Floats:
    """Degrees of an axis, which is the same after a half turn, to -90..90.

    Examples
    --------
    >>> wrapped(np.array([100.0, -95.0, 10.0])).tolist()
    [-80.0, 85.0, 10.0]
    """
    return (degrees + 90) % 180 - 90


def mean_axis(degrees: Floats) -> float:
    """Mean of angles that are the same after a half turn (Mardia and Jupp 2000: double, average, halve).

    Examples
    --------
    >>> round(mean_axis(np.array([80.0, -80.0])), 6)  # both are nearly upright
    90.0
    """
    doubled = np.radians(2 * degrees)
    return float(np.degrees(np.arctan2(np.sin(doubled).mean(), np.cos(doubled).mean())) / 2)


def _linear(values: Floats) -> Spread | None:
    if len(values) < LEAST:
        return None
    low, middle, high = (float(v) for v in np.percentile(values, [5, 50, 95]))
    return Spread(len(values), low, middle, high)


def _axial(values: Floats) -> Spread | None:
    if len(values) < LEAST:
        return None
    middle = mean_axis(values)
    low, high = (float(v) for v in np.percentile(wrapped(values - middle), [5, 95]))
    return Spread(len(values), middle + low, middle, middle + high)


_SPREAD: dict[Kind, Callable[[Floats], Spread | None]] = {"linear": _linear, "factor": _linear, "axial": _axial}
