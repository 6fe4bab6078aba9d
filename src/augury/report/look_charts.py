"""Drawings on the page of a look: histograms of what varies, and the map. Numbers only; the template draws them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.data.split import has_labels
from augury.survey.examine import Findings
from augury.survey.variation import Varying, mean_axis, wrapped
from augury.survey.words import deviation, short

_CHARTED = 10  # classes with a histogram
_BINS = 24
_DOTS, _LINKS = 2000, 500  # points and lines of the map
_COLOURS = (
    "#4477aa", "#ee6677", "#228833", "#ccaa22", "#66ccee", "#aa3377", "#ee8833", "#999999", "#44bb99", "#9966cc",
)  # fmt: skip
_TITLES = {
    "x": "Place, across", "y": "Place, down", "size": "Size", "angle": "Angle", "light": "Light",
    "contrast": "Contrast", "sharpness": "Sharpness",
}  # fmt: skip


def chart_of(findings: Findings, varying: Varying) -> dict[str, Any]:
    """Histograms of one thing, a row for each class, on one axis."""
    names = ("all",) if varying.labels is None else findings.scan.table.classes
    values = varying.values
    labels = np.zeros(len(values), np.int64) if varying.labels is None else varying.labels
    if varying.kind == "axial":  # about the mean axis, so that no class is cut in two
        axis = mean_axis(values[np.isfinite(values)])
        values = axis + wrapped(values - axis)
    known = np.isfinite(values)
    low, high = (float(v) for v in np.percentile(values[known], [0.5, 99.5]))
    low, high = (low, high) if high - low > 1e-9 else (low - 0.5, high + 0.5)
    order = sorted(varying.classes, key=lambda k: -varying.classes[k].count)
    rows = []
    for k in sorted(order[:_CHARTED]):
        of_class = values[known & (labels == k)]
        counts = np.histogram(np.clip(of_class, low, high), _BINS, (low, high))[0]
        spread = np.percentile(of_class, [5, 50, 95])
        rows.append(
            {
                "name": names[k],
                "bars": (counts / counts.max()).round(3).tolist(),
                "marks": ((np.clip(spread, low, high) - low) / (high - low)).round(4).tolist(),
                "spread": [_short(v, varying.kind) for v in spread],
                "colour": colour(k),
            }
        )
    return {
        "title": _TITLES[varying.name],
        "unit": varying.unit,
        "within": deviation(varying),
        "rows": rows,
        "more": len(order) - len(rows),
        "low": _short(low, varying.kind),
        "high": _short(high, varying.kind),
    }


def _short(value: float, kind: str) -> str:
    return f"{value:.0f}°" if kind == "axial" else short(value)


def map_of(findings: Findings, picture_of: Callable[[int], Any]) -> dict[str, Any]:
    """Points, lines and legend of the map, in percent of its sides.

    Parameters
    ----------
    picture_of : readable image -> its picture, None where it is drawn as a dot.
    """
    scan, places = findings.scan, findings.map
    chosen = over_classes(scan.labels, _DOTS)
    at = (50 + 47 * places.points * [1, -1]).round(2)
    labelled = has_labels(scan.table)
    points = [
        {
            "x": float(at[i, 0]),
            "y": float(at[i, 1]),
            "colour": colour(int(scan.labels[i]) if labelled else 0),
            "picture": picture_of(i),
            "title": f"{scan.table.classes[scan.labels[i]]}: {scan.path(i)}" if labelled else scan.path(i),
        }
        for i in chosen
    ]
    inside = set(chosen)
    pairs, linked = _links(findings)
    links = [[*at[a].tolist(), *at[b].tolist()] for a, b in pairs if {a, b} <= inside]
    present = np.unique(scan.labels).tolist() if labelled else []
    return {
        "points": points,
        "links": links[:_LINKS],
        "linked": linked,
        "explained": [round(100 * share) for share in places.explained],
        "shown": len(chosen),
        "legend": [{"name": scan.table.classes[k], "colour": colour(k)} for k in present],
    }


def _links(findings: Findings) -> tuple[list[list[int]], str]:
    """Pairs of images to join on the map, and what they are; only copies where look-alikes would cover it."""
    pairs: list[list[int]] = findings.repeats.pairs.tolist()
    if len(pairs) <= _LINKS:
        return pairs, "copies and look-alikes"
    family = {i: k for k, cluster in enumerate(findings.repeats.families) for i in cluster}
    return [pair for pair in pairs if family.get(pair[0], -1) == family.get(pair[1], -2)], "copies"


def over_classes(labels: NDArray[np.int64], wanted: int) -> list[int]:
    """At most `wanted` rows, spread evenly over the classes."""
    if len(labels) <= wanted:
        return list(range(len(labels)))
    classes = np.unique(labels)
    each = [evenly(np.flatnonzero(labels == k), max(1, wanted // len(classes))) for k in classes]
    return sorted(i for rows in each for i in rows)[:wanted]


def evenly(rows: NDArray[np.int64], wanted: int) -> list[int]:
    """At most `wanted` of the rows, the first and the last among them."""
    at = np.linspace(0, len(rows) - 1, min(wanted, len(rows))).round().astype(np.int64)
    return [int(row) for row in rows[np.unique(at)]]


def colour(k: int) -> str:
    """The colour of class k, on light and on dark."""
    return _COLOURS[k] if k < len(_COLOURS) else f"hsl({k * 137.5 % 360:.0f} 55% 50%)"
