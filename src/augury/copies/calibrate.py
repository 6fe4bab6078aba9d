"""Calibrate: where copies end and look-alikes begin, measured on the data at hand.

The null is made of the pairs that look most alike without being copies: for each of some images, the best score among
candidates outside its own family. Its lower tail is extrapolated by a power law (Hill 1975), because the pairs that
pass the threshold are, by definition, no longer in the null. Noise in an image raises what its scores may be, and so
the chance that a look-alike passes; the expected share of false calls counts that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from augury.copies.evidence import Evidence

Floats = NDArray[np.float64]
ERRORS = 2.0  # standard errors that noise is allowed
TARGET = 0.004  # wanted share of items falsely called copies
_LEAST_NULL = 20  # look-alikes that a calibration needs
_FEW = 8  # look-alikes that say at least how close they come
_UNCALIBRATED = 0.02  # what suits bursts of one object
_THRESHOLDS = np.geomspace(0.006, 0.15, 60)
_CLOSEST = 0.002  # scores are not told apart below


def margin(evidence: Evidence) -> float:
    """The score less what noise may add to it."""
    return evidence.score - ERRORS * evidence.error


@dataclass(frozen=True, eq=False)
class Calibration:
    """The threshold and what it costs.

    Attributes
    ----------
    threshold : margins below it are copies.
    null : (n,) ascending, scores of the closest look-alikes that are no copies.
    errors : (m,), standard errors of the scores of the items examined.
    """

    threshold: float
    null: Floats
    errors: Floats

    @property
    def calibrated(self) -> bool:
        """Whether there were look-alikes enough to measure."""
        return len(self.null) >= _LEAST_NULL

    @property
    def false_rate(self) -> float:
        """Expected share of items without a copy that are called one; nan where nothing could be measured."""
        return self._expected(self.threshold) if self.calibrated else float("nan")

    def chance(self, evidence: Evidence) -> float:
        """Share of items whose closest look-alike would pass with a margin as small as this one."""
        if not self.calibrated:
            return float("nan")
        return float(self._below(np.array([max(margin(evidence), 0) + ERRORS * evidence.error]))[0])

    def _expected(self, threshold: float) -> float:
        return float(self._below(threshold + ERRORS * self.errors).mean())

    def _below(self, scores: Floats) -> Floats:
        """Share of the null below each score: counted above its smallest tenth, extrapolated below it."""
        size = max(5, len(self.null) // 10)
        tail = max(float(self.null[size]), 2 * _CLOSEST)
        exponent = 1 / max(float(np.log(tail / np.maximum(self.null[:size], _CLOSEST)).mean()), 1e-3)
        counted = np.searchsorted(self.null, scores, side="right") / len(self.null)
        extrapolated = size / len(self.null) * (np.maximum(scores, _CLOSEST) / tail) ** exponent
        return np.where(scores >= tail, counted, np.minimum(extrapolated, size / len(self.null)))


def calibrate(null: Floats, errors: Floats) -> Calibration:
    """Take the largest threshold whose expected share of false calls stays at 0.4 %.

    Parameters
    ----------
    null : (n,), for each item examined the score of its closest look-alike.
    errors : (m,), standard errors of the items' scores.
    """
    null = np.sort(null)
    default = Calibration(_UNCALIBRATED, null, errors)
    if not default.calibrated:
        fifth = float(null[0]) / 5 if len(null) >= _FEW else _UNCALIBRATED
        return Calibration(float(np.clip(fifth, _THRESHOLDS[0], _THRESHOLDS[-1])), null, errors)
    fitting = [t for t in _THRESHOLDS.tolist() if default._expected(t) <= TARGET]
    return Calibration(max(fitting, default=float(_THRESHOLDS[0])), null, errors)
