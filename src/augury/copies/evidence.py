"""Evidence: what sets a copy apart from another photo of the same scene.

What is left of the target once the aligned source, its tone and its sharpness are fitted, is cut into octaves of
detail. The residual of a copy is white noise, or nothing. That of another photo of the same thing has structure: a
little at the coarsest, which alignment explains, and ever more towards fine detail. So in each octave the energy that
white noise does not explain is divided by what look-alikes leave there. A copy comes out at 0, a look-alike near 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import ModuleType

import cv2
import numpy as np
from numpy.typing import NDArray

from augury.copies.align import default_executor
from augury.copies.place import Matrix, inverse, reduced, seen_from
from augury.copies.reference import COARSE, FINE, Residual
from augury.copies.sketch import Floats, Gray, Sketch

__all__ = ["Evidence", "reduced", "weigh"]

Mask = NDArray[np.bool_]
# Share of an octave's energy that a good look-alike leaves, from 0.8..1.6 px up to above 6.4 px. Measured on bursts of
# photos of one object (electronic components); only the ratios matter, as the threshold is calibrated on the data.
_LOOK_ALIKE = (0.5, 0.15, 0.05, 0.02)
_FALL = 1.6  # power of the octave's size with which that share falls
_OWN, _SPECKS, _STORED = 1.2, 100.0, 4.0  # noise to expect: of both images, of removed specks, of JPEG and rounding
_TRUST = (1.0, 1.0, 1.0, 0.5)
_FLOOR = 0.05  # error of an octave's share without any noise: interpolation
_CLEAR = 0.003  # score that the other way need not improve
_FITTED = 12  # parameters of map and tone that follow the noise; their misfit is spread over four octaves
_LARGEST_ERASED, _SMALLEST_ERASED = 0.4, 0.01


@dataclass(frozen=True)
class Evidence:
    """What the residual says.

    Attributes
    ----------
    score : 0 for a copy, about 1 for another photo of the same scene, more for something else.
    error : standard error of the score that noise and interpolation cause.
    structure : energy (levels squared) of the detail that both images share; plain images have hardly any.
    noise : standard deviation of the residual's white part, in levels of 255.
    overlap : share of the target's pixels that show the source.
    erased : share of the target or source that is blanked out and was left aside.
    """

    score: float
    error: float
    structure: float
    noise: float
    overlap: float
    erased: float = 0.0


def weigh(target: Sketch, source: Sketch, matrix: Matrix, executor: ModuleType | None = None) -> Evidence | None:
    """Evidence that two aligned images are copies; None where they hardly overlap.

    The noisier one is predicted from the other, as noise in the predictor would look like structure; where neither
    is noisier, both ways are tried and the better one counts, because blur cannot be undone; the second one only where
    the first leaves anything.
    """
    run = executor or default_executor()
    noise = _OWN * (target.noise**2 + source.noise**2) + _SPECKS * (target.specks + source.specks) + _STORED
    ways = []
    if source.noise <= 1.3 * target.noise + 1.5:
        ways.append((target.gray, source.gray, matrix))
    if target.noise <= 1.3 * source.noise + 1.5:
        ways.append((source.gray, target.gray, inverse(matrix)))
    best: Evidence | None = None
    for way in ways:
        found = _one_way(run, *way, noise)
        if best is None or (found is not None and found.score + found.error < best.score + best.error):
            best = found
        if best is not None and best.score + best.error < _CLEAR:
            break
    return best


def _one_way(run: ModuleType, target: Gray, source: Gray, matrix: Matrix, noise: float) -> Evidence | None:
    coarser = min(1.0, float(abs(np.linalg.det(matrix[:2, :2])) ** 0.5))
    expected = _Expected(coarser**_FALL, noise)
    source, matrix = reduced(source, matrix)
    residual = run.residual(target, source, matrix, None)
    if residual is None:
        return None
    evidence = _evidence(residual, target.size, expected)
    erased = _erased(target, source, matrix, residual.coarse) if evidence.score > _FLOOR else None
    without = None if erased is None else run.residual(target, source, matrix, erased)
    if without is None or erased is None:
        return evidence
    kept = _evidence(without, target.size, expected, float(erased.mean()))
    return evidence if kept.structure < 0.4 * evidence.structure else kept  # what is left may prove too little


@dataclass(frozen=True)
class _Expected:
    """What a look-alike leaves, beside a target as fine as the source; and the variance that white noise may have.

    More than that in the residual is fine structure, not noise.
    """

    look_alike: float
    noise: float


def _evidence(residual: Residual, size: int, expected: _Expected, erased: float = 0.0) -> Evidence:
    gain, freedom = _white()
    left, have, foreseen, count, _ = residual
    white = min(left[0] / gain[0], expected.noise)
    score = error = weights = structure = 0.0
    for k, look_alike, trust in zip((1, 2, 3, 4), _LOOK_ALIKE, _TRUST, strict=True):
        noise = gain[k] * white
        shared = min(foreseen[k], max(have[k] - noise, 0.0)) + 0.05
        scale = shared * look_alike * expected.look_alike
        unsure = noise * (2 / max(count * freedom[k], 2.0)) ** 0.5 / scale
        weight = trust / (_FLOOR**2 + unsure**2)
        score += weight * (left[k] - noise - _FITTED / 4 * white / count) / scale
        error += (weight * unsure) ** 2
        weights += weight
        structure += shared if k < 4 else 0.0
    return Evidence(score / weights, error**0.5 / weights, structure, white**0.5, count / size, erased)


@cache
def _white() -> tuple[list[float], list[float]]:
    """Energy of unit white noise in every octave, and its independent samples for each pixel."""
    level = np.zeros((193, 193))
    level[96, 96] = 1
    gains, freedom = [], []
    for kernel, apart, sampled in ((FINE, 1, 1), (COARSE, 1, 1), (COARSE, 2, 2), (COARSE, 4, 4), (None, 4, 4)):
        wide = np.zeros(1 if kernel is None else (len(kernel) - 1) * apart + 1)
        wide[::apart] = 0 if kernel is None else kernel
        blurred = cv2.sepFilter2D(level, -1, wide, wide, borderType=cv2.BORDER_CONSTANT)
        octave, level = level - blurred, blurred
        power = np.abs(np.fft.fft2(octave)) ** 2
        likeness = np.fft.ifft2(power).real / power.mean()
        n = np.fft.fftfreq(193, 1 / 193).round().astype(int) % sampled == 0
        gains.append(float((octave**2).sum()))
        freedom.append(float(1 / (likeness[np.ix_(n, n)] ** 2).sum()) / sampled**2)
    return gains, freedom


def _erased(target: Gray, source: Gray, matrix: Matrix, coarse: Floats) -> Mask | None:
    """Blank boxes of either image that do not fit: where something was erased, not where the scene differs."""
    limit = _limit(coarse)
    if limit is None:
        return None
    wrong = cv2.morphologyEx((coarse > limit).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, _, boxes, _ = cv2.connectedComponentsWithStats(wrong, connectivity=4)
    predictor = seen_from(source, matrix, target.shape)
    out = np.zeros(target.shape, np.bool_)
    for x, y, w, h, area in boxes[1:count].tolist():
        if area < max(_SMALLEST_ERASED * out.size, 0.6 * w * h) or min(w, h) < 4:
            continue
        inside = np.s_[y + 2 : y + h - 2, x + 2 : x + w - 2] if min(w, h) > 7 else np.s_[y : y + h, x : x + w]
        if min(_spread(target[inside]), _spread(predictor[inside])) < 3:
            out[max(y - 4, 0) : y + h + 4, max(x - 4, 0) : x + w + 4] = True
    return out if 0 < out.mean() < _LARGEST_ERASED else None


def _limit(coarse: Floats) -> float | None:
    """What sets apart the little that does not fit from the rest; None where misfit is all over the image."""
    some = coarse[::2, ::2]
    some = some[some >= 0]
    limit = max(6.0, 6 * float(np.partition(some, len(some) // 2)[len(some) // 2]))
    wrong = some[some > limit]
    return None if len(wrong) < _SMALLEST_ERASED * len(some) else limit


def _spread(patch: Gray | Floats) -> float:
    """Standard deviation of a patch's coarse part: low where it is one colour, or noise."""
    return float(cv2.GaussianBlur(patch.astype(np.float32), (0, 0), 2).std())
