"""Quality: images that differ from the rest in light or sharpness, and what gives the class away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from augury.data.split import has_labels
from augury.survey.scan import Scan

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
_BLANK, _DARK, _BRIGHT = 0.02, 0.15, 0.9  # contrast, light, and darkest brightness, of the value range
_STRUCTURE = 0.1  # contrast below which a picture is too plain to be called blurred
_LEAST = 8  # images of a class that say how sharp its images are
_DEVIATIONS, _TIMES = 3.5, 4.0  # below the class's median, in robust deviations and as a ratio
_CLEARER = 0.3  # share more of the labels that an attribute guesses
_COMMON = 5  # images with an attribute's value


@dataclass(frozen=True, eq=False)
class Quality:
    """Readable images, worst first.

    Attributes
    ----------
    blank : of hardly more than one colour. dark : 95 % of the pixels below 0.15 of white. bright : above 0.9.
    blurred : far less sharp than the others of their class, contrast taken out.
    """

    blank: Rows
    dark: Rows
    bright: Rows
    blurred: Rows


def assess(scan: Scan) -> Quality:
    """Find what stands out from the rest."""
    light, contrast = scan.column("light"), scan.column("contrast")
    blank = contrast < _BLANK
    return Quality(
        blank=_first(contrast, blank),
        dark=_first(light, light < _DARK),
        bright=_first(contrast - light, light - contrast > _BRIGHT),
        blurred=_blurred(scan, contrast > _STRUCTURE),
    )


def _first(values: Floats, which: NDArray[np.bool_]) -> Rows:
    rows = np.flatnonzero(which)
    return rows[np.argsort(values[rows], kind="stable")]


def _blurred(scan: Scan, usable: NDArray[np.bool_]) -> Rows:
    contrast = np.maximum(scan.column("contrast"), _STRUCTURE)
    sharp = np.log(np.maximum(scan.column("sharpness"), 1e-6) / (255 * contrast) ** 2)
    below = np.zeros(len(scan))
    for label in np.unique(scan.labels):
        rows = np.flatnonzero((scan.labels == label) & usable)
        if len(rows) < _LEAST:
            continue
        away = np.median(sharp[rows]) - sharp[rows]
        deviation = max(1.4826 * float(np.median(np.abs(away))), 1e-6)
        far = (away > _DEVIATIONS * deviation) & (away > np.log(_TIMES))
        below[rows] = np.where(far, away, 0)
    return _first(-below, below > 0)


def gives_away(scan: Scan) -> list[tuple[str, float, float]]:
    """What should not tell the class, but does: the attribute, the share that it guesses, the share guessed without."""
    if not has_labels(scan.table):
        return []
    sizes = [f"{h}x{w}" for h, w in zip(scan.column("height"), scan.column("width"), strict=True)]
    attributes = {
        "file format": scan.formats,
        "image size": sizes,
        "number of channels": scan.column("channels").tolist(),
        "data type": scan.column("dtype").tolist(),
    }
    counts = np.bincount(scan.labels)
    blind = float(counts.max() / len(scan))
    found = []
    for name, values in attributes.items():
        guessed = _guessed(values, scan.labels)
        if guessed > blind + _CLEARER * (1 - blind):
            found.append((name, guessed, blind))
    return found


def _guessed(values: list[str] | list[int], labels: Rows) -> float:
    """Share of labels right when each common value stands for the class it is seen with most often."""
    codes = np.unique(np.array([str(value) for value in values]), return_inverse=True)[1]
    seen = np.zeros((codes.max() + 1, labels.max() + 1), np.int64)
    np.add.at(seen, (codes, labels), 1)
    common = seen.sum(axis=1) >= _COMMON
    rest = seen[~common].sum(axis=0)
    return float((seen[common].max(axis=1).sum() + rest.max(initial=0)) / len(labels))
