"""Evidence: is one aligned image made from the other, or does it only show the same thing?

What is left of the target once the aligned source, its tone and its sharpness are fitted, is cut into octaves of
detail. The residual of a copy is white noise, or nothing. That of another photo of the same thing has structure: a
little at the coarsest, which alignment explains, and ever more towards fine detail. So in each octave the energy that
white noise does not explain is divided by what look-alikes leave there. A copy comes out at 0, a look-alike near 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from augury.copies.align import Matrix, overlap, seen_from
from augury.copies.sketch import Floats, Gray, Sketch

Mask = NDArray[np.bool_]
_BLURS = (0.0, 0.8, 1.6, 3.2, 6.4)  # octaves lie between these; the first one measures the noise
# Share of an octave's energy that a good look-alike leaves, from 0.8..1.6 px up to above 6.4 px. Measured on bursts of
# photos of one object (electronic components); only the ratios matter, as the threshold is calibrated on the data.
_LOOK_ALIKE = np.array([0.5, 0.15, 0.05, 0.02])
_FALL = 1.6  # power of the octave's size with which that share falls
_OWN, _SPECKS, _STORED = 1.2, 100.0, 4.0  # noise to expect: of both images, of removed specks, of JPEG and rounding
_TRUST = np.array([1.0, 1.0, 1.0, 0.5])
_FLOOR = 0.05  # error of an octave's share without any noise: interpolation
_FITTED = 12  # parameters of map and tone that follow the noise; their misfit is spread over four octaves
_RIM = 2
_LEAST = 0.12  # of the target must be seen
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


def weigh(target: Sketch, source: Sketch, matrix: Matrix) -> Evidence | None:
    """Evidence that two aligned images are copies; None where they hardly overlap.

    The noisier one is predicted from the other, as noise in the predictor would look like structure; where neither
    is noisier, both ways are tried and the better one counts, because blur cannot be undone.
    """
    noise = _OWN * (target.noise**2 + source.noise**2) + _SPECKS * (target.specks + source.specks) + _STORED
    ways = []
    if source.noise <= 1.3 * target.noise + 1.5:
        ways.append((target.gray, source.gray, matrix))
    if target.noise <= 1.3 * source.noise + 1.5:
        ways.append((source.gray, target.gray, np.linalg.inv(matrix)))
    found = [e for way in ways if (e := _one_way(*way, noise)) is not None]
    return min(found, key=lambda e: e.score + e.error, default=None)


def _one_way(target: Gray, source: Gray, matrix: Matrix, noise: float) -> Evidence | None:
    coarser = min(1.0, float(np.sqrt(abs(np.linalg.det(matrix[:2, :2])))))
    source, matrix = reduced(source, matrix)
    shown = overlap(matrix, target.shape, source.shape, 1.5)
    predictor = seen_from(source, matrix, target.shape)
    found = _measure(target.astype(np.float32), predictor, shown, coarser, noise)
    if found is None:
        return None
    evidence, residual = found
    erased = _erased(target, predictor, residual, shown) if evidence.score > _FLOOR else None
    if erased is None:
        return evidence
    without = _measure(target.astype(np.float32), predictor, shown & ~erased, coarser, noise)
    if without is None or without[0].structure < 0.4 * evidence.structure:
        return evidence  # what is left would prove too little
    kept = without[0]
    return Evidence(kept.score, kept.error, kept.structure, kept.noise, kept.overlap, float(erased.mean()))


def reduced(source: Gray, matrix: Matrix) -> tuple[Gray, Matrix]:
    """Average a source that the map makes smaller, so that it is not read with gaps."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    if scale > 0.8:
        return source, matrix
    h, w = (max(8, round(side * scale)) for side in source.shape)
    small = cv2.resize(source, (w, h), interpolation=cv2.INTER_AREA)
    return small, matrix @ np.diag([source.shape[1] / w, source.shape[0] / h, 1.0])


def _measure(
    target: Floats, predictor: Floats, shown: Mask, coarser: float, noise: float
) -> tuple[Evidence, Floats] | None:
    """Evidence and residual.

    coarser : pixels of the target for each of the source, at most 1: a look-alike's octaves move with it.
    noise : variance that white noise may have; more in the residual is fine structure, not noise.
    """
    inner = shown.copy()
    inner[:_RIM] = inner[-_RIM:] = False
    inner[:, :_RIM] = inner[:, -_RIM:] = False
    count = int(np.count_nonzero(inner))
    if count < _LEAST * inner.size:
        return None
    octaves = _Octaves(shown)
    target = np.where(shown, target, target[shown].mean()).astype(np.float32)
    predictor = np.where(shown, predictor, predictor[shown].mean()).astype(np.float32)
    predicted = _fitted(target, predictor, inner, octaves)
    residual = target - predicted
    left, have, foreseen = (octaves.energies(image, inner) for image in (residual, target, predicted))
    gain, freedom = _white()
    white = min(left[0] / gain[0], noise)
    shared = np.minimum(foreseen, np.maximum(have - gain * white, 0))[1:] + 0.05
    scale = shared * _LOOK_ALIKE * coarser**_FALL
    misfit = _FITTED / 4 * white / count
    share = ((left - gain * white)[1:] - misfit) / scale
    error = (gain * white)[1:] * np.sqrt(2 / np.maximum(count * freedom[1:], 2)) / scale
    weight = _TRUST / (_FLOOR**2 + error**2)
    score = float((weight * share).sum() / weight.sum())
    evidence = Evidence(
        score,
        float(np.sqrt((weight**2 * error**2).sum()) / weight.sum()),
        float(shared[:3].sum()),
        float(np.sqrt(white)),
        count / inner.size,
    )
    return evidence, residual


def _fitted(target: Floats, predictor: Floats, inner: Mask, octaves: _Octaves) -> Floats:
    """The source as a cubic tone curve and a change of sharpness make it most like the target.

    Fitted on slightly blurred images, so that noise in the predictor hardly weakens it.
    """
    y = (predictor - 128) / 64
    curve = np.stack([y, y * y, y**3, octaves.blurred(y, 0.8), octaves.blurred(y, 1.6)])
    smooth = np.stack([octaves.blurred(c, 0.8)[inner] for c in curve] + [np.ones(np.count_nonzero(inner))])
    smooth = smooth.astype(np.float64)
    normal = smooth @ smooth.T
    normal[np.diag_indices(6)] += 1e-6 * np.trace(normal) / 6
    weights = np.linalg.solve(normal, smooth @ octaves.blurred(target, 0.8)[inner])
    return np.asarray(np.tensordot(weights[:5].astype(np.float32), curve, 1) + np.float32(weights[5]), np.float32)


class _Octaves:
    """Differences of Gaussian blurs that look at the shown pixels only."""

    def __init__(self, shown: Mask) -> None:
        self._shown = shown.astype(np.float32)
        self._all = bool(shown.all())
        self._reach: dict[float, Floats] = {}

    def blurred(self, image: Floats, sigma: float) -> Floats:
        if self._all:
            return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma))
        if sigma not in self._reach:
            self._reach[sigma] = np.maximum(cv2.GaussianBlur(self._shown, (0, 0), sigma), 1e-3)
        return np.asarray(cv2.GaussianBlur(image * self._shown, (0, 0), sigma) / self._reach[sigma])

    def energies(self, image: Floats, inner: Mask) -> NDArray[np.float64]:
        """(5,): mean square of each octave, from fine to coarse; of the last one the variance."""
        levels = [image if sigma == 0 else self.blurred(image, sigma) for sigma in _BLURS]
        fine = [(a - b)[inner] for a, b in zip(levels[:-1], levels[1:], strict=True)]
        return np.array([*(float(d @ d) / len(d) for d in fine), float(levels[-1][inner].var())])


@cache
def _white() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(5,) each: energy of unit white noise in every octave, and its independent samples for each pixel."""
    point = np.zeros((129, 129))
    point[64, 64] = 1
    levels = [point if s == 0 else cv2.GaussianBlur(point, (0, 0), s) for s in _BLURS]
    kernels = [a - b for a, b in zip(levels[:-1], levels[1:], strict=True)] + [levels[-1]]
    gains, freedom = [], []
    for kernel in kernels:
        power = np.abs(np.fft.fft2(kernel)) ** 2
        likeness = np.fft.ifft2(power).real / power.mean()
        gains.append(float((kernel**2).sum()))
        freedom.append(float(1 / (likeness**2).sum()))
    return np.array(gains), np.array(freedom)


def _erased(target: Gray, predictor: Floats, residual: Floats, shown: Mask) -> Mask | None:
    """Blank boxes of either image that do not fit: where something was erased, not where the scene differs."""
    coarse = np.abs(cv2.GaussianBlur(np.where(shown, residual, 0).astype(np.float32), (0, 0), 1.6))
    wrong = (coarse > max(6.0, 6 * float(np.median(coarse[shown])))) & shown
    wrong = cv2.morphologyEx(wrong.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, _, boxes, _ = cv2.connectedComponentsWithStats(wrong, connectivity=4)
    out = np.zeros(shown.shape, np.bool_)
    for x, y, w, h, area in boxes[1:count].tolist():
        if area < max(_SMALLEST_ERASED * out.size, 0.6 * w * h) or min(w, h) < 4:
            continue
        inside = np.s_[y + 2 : y + h - 2, x + 2 : x + w - 2] if min(w, h) > 7 else np.s_[y : y + h, x : x + w]
        if min(_spread(target[inside]), _spread(predictor[inside])) < 3:
            out[max(y - 4, 0) : y + h + 4, max(x - 4, 0) : x + w + 4] = True
    return out if 0 < out.mean() < _LARGEST_ERASED else None


def _spread(patch: Gray | Floats) -> float:
    """Standard deviation of a patch's coarse part: low where it is one colour, or noise."""
    return float(cv2.GaussianBlur(patch.astype(np.float32), (0, 0), 2).std())
