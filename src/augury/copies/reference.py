"""The four parts of a comparison that take its time, in numpy: slow, obvious, the definition.

`native` has the same functions in C++.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from augury.copies.place import Matrix, overlap, seen_from
from augury.copies.sketch import Floats, Gray

Codes = NDArray[np.uint8]
Spectra = NDArray[np.float32]
Mask = NDArray[np.bool_]
Values = NDArray[np.float64]

SIMILAR = 0.75  # cosine below which two features are no match
NEAR = 3.0  # working pixels within which matches agree
VOTES = 20  # of the likeliest matches each proposes a map
LEAST_OVERLAP = 0.15  # of the target, for an alignment
TRIAL = 4  # steps after which the better of two maps goes on alone
LEAST_SEEN = 0.12  # of the target, for evidence
RIM = 2  # pixels along the border that are left aside
FINE = cv2.getGaussianKernel(7, 0.8).astype(np.float32).ravel()
COARSE = cv2.getGaussianKernel(11, (1.6**2 - 0.8**2) ** 0.5).astype(np.float32).ravel()  # doubles a blur of 0.8 px


class Residual(NamedTuple):
    """What is left of a target after its best prediction from the aligned source.

    Attributes
    ----------
    left, have, foreseen : five numbers each, energy of the residual, the target and the prediction in octaves of
        detail, from above 1/0.8 px to below 1/6.4 px.
    pixels : how many these were measured on.
    coarse : float32 (h, w), the absolute residual blurred by 1.6 px; -1 where nothing is seen.
    """

    left: list[float]
    have: list[float]
    foreseen: list[float]
    pixels: int
    coarse: Floats


# ---- features


def matched(at: Floats, a: Codes, bt: Floats, b: Codes) -> Matrix | None:
    """The map on which most matched features agree.

    Parameters
    ----------
    at, bt : (k, 4), keypoints of target and source, see `Sketch.keypoints`.
    a, b : (k, 128), their codes, see `Sketch.codes`.

    Returns
    -------
    A similarity, or affine where four or more matches agree; None where no feature is matched.
    """
    if not len(a) or not len(b):
        return None
    likeness = a.astype(np.float32) @ b.astype(np.float32).T  # whole numbers below 2^24: exact
    nearest = likeness.argmax(axis=1)
    mutual = likeness.argmax(axis=0)[nearest] == np.arange(len(a))
    best = likeness.max(axis=1)
    rows = np.flatnonzero(mutual & (best > SIMILAR * 255**2))
    if not len(rows):
        return None
    rows = rows[np.argsort(-best[rows], kind="stable")]
    to, of = at[rows].astype(np.float64), bt[nearest[rows]].astype(np.float64)
    maps = _similarities(to[:VOTES], of[:VOTES])
    moved = np.einsum("kij,nj->kni", maps[:, :2, :2], of[:, :2]) + maps[:, None, :2, 2]
    agree = ((moved - to[None, :, :2]) ** 2).sum(axis=-1) < NEAR**2
    elected = int((agree * best[rows].astype(np.float64)).sum(axis=1).argmax())
    return _affine(to[agree[elected], :2], of[agree[elected], :2], maps[elected])


def _similarities(to: Values, of: Values) -> Matrix:
    """(n, 3, 3): each pair of keypoints says where, how much larger and how far turned."""
    size, angle = to[:, 2] / of[:, 2], to[:, 3] - of[:, 3]
    c, s = size * np.cos(angle), size * np.sin(angle)
    maps = np.zeros((len(to), 3, 3))
    maps[:, 0, 0], maps[:, 0, 1], maps[:, 1, 0], maps[:, 1, 1], maps[:, 2, 2] = c, -s, s, c, 1
    maps[:, 0, 2] = to[:, 0] - (c * of[:, 0] - s * of[:, 1])
    maps[:, 1, 2] = to[:, 1] - (s * of[:, 0] + c * of[:, 1])
    return maps


def _affine(to: Values, of: Values, similarity: Matrix) -> Matrix:
    """Least squares over agreeing matches; the similarity itself where these are few or nearly in a line."""
    middle, target = of.mean(axis=0), to.mean(axis=0)
    spread = (of - middle).T @ (of - middle)
    if len(to) < 4 or np.linalg.det(spread) < 0.01 * np.trace(spread) ** 2:
        return similarity
    linear = (to - target).T @ (of - middle) @ np.linalg.inv(spread)
    if not 0.2 < abs(np.linalg.det(linear)) < 5:
        return similarity
    return np.array(
        [[*linear[0], target[0] - linear[0] @ middle], [*linear[1], target[1] - linear[1] @ middle], [0, 0, 1]]
    )


# ---- phase correlation


def white(waves: NDArray[np.complex128]) -> Spectra:
    """(n, 2, s, s), real and imaginary parts of (n, s, s) waves divided by their magnitudes to the power 0.75."""
    root = np.sqrt(np.abs(waves))
    waves = waves / (root * np.sqrt(root) + 1e-3)
    return np.stack([waves.real, waves.imag], axis=1).astype(np.float32)


def phases(spectra: Spectra, image: Floats) -> list[tuple[int, int, int]]:
    """Compare an image with several others at every shift.

    Parameters
    ----------
    spectra : (n, 2, s, s), `white` Fourier transforms of the others.
    image : (s, s).

    Returns
    -------
    (k, y, x) of the two others whose correlation has the highest peaks, and the shifts from the image to them.
    """
    side = len(image)
    own = white(np.fft.fft2(image)[None])[0]
    surfaces = np.fft.ifft2((spectra[:, 0] + 1j * spectra[:, 1]) * (own[0] - 1j * own[1])).real
    found = []
    for k, surface in enumerate(surfaces):
        peak = int(surface.argmax())
        y, x = ((p + side // 2) % side - side // 2 for p in divmod(peak, side))
        found.append((float(surface.flat[peak] / (surface.std() + 1e-12)), k, y, x))
    return [(k, y, x) for _, k, y, x in sorted(found, key=lambda f: -f[0])[:2]]


# ---- Gauss-Newton


def fit(target: Floats, source: Floats, starts: list[Matrix], steps: int, least: float) -> tuple[Matrix, float] | None:
    """Refine the likeliest of some maps by Gauss-Newton steps (inverse compositional).

    The two likeliest are refined by a few steps, and the better one of these by the others.

    Parameters
    ----------
    target, source : (h, w) each, with means near 0.
    starts : maps from source to target.
    steps : at most; at least 4.
    least : correlation that a start must exceed.

    Returns
    -------
    The map and the correlation of the images where they overlap; None where no start is likely or the map ran away.
    """
    if min(*target.shape, *source.shape) < 2:
        return None
    tried = [(c, m) for m in starts if (c := _correlation(target, source, m)) > least]
    likely = [m for _, m in sorted(tried, key=lambda t: -t[0])[:2]]
    if len(likely) == 2:
        refined = [m for start in likely if (m := _refined(target, source, start, TRIAL)) is not None]
        likely = [max(refined, key=lambda m: _correlation(target, source, m))] if refined else []
        steps -= TRIAL
    best = _refined(target, source, likely[0], steps) if likely else None
    return None if best is None else (best, _correlation(target, source, best))


def _correlation(target: Floats, source: Floats, matrix: Matrix) -> float:
    """Pearson's correlation on the overlap without what does not fit; -1 where there is hardly any overlap."""
    shown = overlap(matrix, target.shape, source.shape, 0.5)
    if np.count_nonzero(shown) < LEAST_OVERLAP * shown.size:
        return -1.0
    seen = seen_from(source, matrix, target.shape).astype(np.float64)
    weights = shown / _doubt(_misfit(target, seen, shown), shown)
    a, b = (image - np.average(image, weights=weights) for image in (target, seen))
    return float((weights * a * b).sum() / np.sqrt((weights * a * a).sum() * (weights * b * b).sum() + 1))


def _refined(target: Floats, source: Floats, matrix: Matrix, steps: int) -> Matrix | None:
    """Improve a map; None where it runs away."""
    jacobian, (h, w) = _jacobian(target), target.shape
    units = np.array([w / 2, h / 2, 1, w / 2, h / 2, 1])
    weights = np.ones((h, w))
    for _ in range(steps):
        shown = overlap(matrix, target.shape, source.shape, 0.5)
        weights = weights * shown
        if np.count_nonzero(shown) < LEAST_OVERLAP * shown.size or not weights.any():
            return None
        misfit = _misfit(target, seen_from(source, matrix, target.shape).astype(np.float64), weights) * shown
        weights = shown / _doubt(misfit, weights)
        weighted = jacobian * weights.reshape(-1, 1)
        normal = weighted.T @ jacobian
        normal[np.diag_indices(8)] *= 1.001
        normal[np.diag_indices(8)] += 1e-3
        step = np.linalg.solve(normal, weighted.T @ misfit.ravel())[:6]
        matrix = (np.eye(3) + np.append(step / units, [0, 0, 0]).reshape(3, 3)) @ matrix
        if not np.abs(step).max() < max(h, w) or not 0.1 < abs(np.linalg.det(matrix[:2, :2])) < 10:
            return None
        if np.abs(step).max() < 0.005:
            break
    return matrix


def _misfit(target: Floats, seen: Values, weights: Values | Mask) -> Values:
    """Source minus target, once the source has the target's mean and the best gain."""
    a, b = (image - np.average(image, weights=weights) for image in (target, seen))
    return np.asarray(b * ((weights * a * b).sum() / max((weights * b * b).sum(), 1e-6)) - a)


def _doubt(misfit: Values, weights: Values | Mask) -> Values:
    """1 where an image fits, more where it does not: the inverse of a weight (Cauchy's)."""
    spread = 1.9 * float(np.average(np.abs(misfit), weights=weights)) + 1
    return 1 + (misfit / (2.5 * spread)) ** 2


def _jacobian(image: Floats) -> Values:
    """(h w, 8): how each pixel changes with an affine map's six numbers, a gain and an offset."""
    h, w = image.shape
    x, y = (np.arange(w) - (w - 1) / 2) / (w / 2), (np.arange(h)[:, None] - (h - 1) / 2) / (h / 2)
    across, down = cv2.Scharr(image, cv2.CV_32F, 1, 0) / 32, cv2.Scharr(image, cv2.CV_32F, 0, 1) / 32
    moves = [across * x, across * y, across, down * x, down * y, down]
    return np.stack([*moves, image / 64, np.ones_like(image)], axis=-1).reshape(-1, 8)


# ---- residual


def residual(target: Gray, source: Gray, matrix: Matrix, left_out: Mask | None) -> Residual | None:
    """Predict the target from the aligned source, and measure what is left; None where too little is seen.

    Parameters
    ----------
    target, source : (h, w) each.
    matrix : source to target.
    left_out : (h, w) target pixels to leave aside.
    """
    shown = overlap(matrix, target.shape, source.shape, 1.5)
    if left_out is not None:
        shown &= ~left_out
    inner = shown.copy()
    inner[:RIM] = inner[-RIM:] = inner[:, :RIM] = inner[:, -RIM:] = False
    inners = inner, inner, inner[::2, ::2], inner[::4, ::4]
    if np.count_nonzero(inner) < LEAST_SEEN * inner.size or not inners[-1].any():
        return None
    image, seen = (_centred(plane, inner) for plane in (target, seen_from(source, matrix, target.shape)))
    predicted = _predicted(image, seen, shown, inner)
    have, foreseen = _levels(image, shown), _levels(predicted, shown)
    left = [(a - c, b - d) for (a, b), (c, d) in zip(have, foreseen, strict=True)]
    coarse = np.where(shown, np.abs(left[1][1]), np.float32(-1))
    remains, had, predicts = (_energies(levels, inners) for levels in (left, have, foreseen))
    return Residual(remains, had, predicts, int(np.count_nonzero(inner)), coarse)


def _centred(image: Gray | Floats, inner: Mask) -> Floats:
    return image - np.float32(image[inner].mean(dtype=np.float64))


def _predicted(target: Floats, source: Floats, shown: Mask, inner: Mask) -> Floats:
    """The source as a cubic tone curve and a change of sharpness make it most like the target.

    Fitted on slightly blurred images, so that noise in the source hardly weakens it, and twice, so that what does not
    fit has little weight.
    """
    y: Floats = source / np.float32(64)
    terms: list[Floats]
    smooth: Values
    details = [before - after for before, after in _levels(y, shown)[:2]]
    terms = [y, y * y, y**3, *details]
    blurred = [_levels(term, shown)[0][1][inner].astype(np.float64) for term in terms]
    smooth = np.stack([*blurred, np.ones(np.count_nonzero(inner))])
    wanted = _levels(target, shown)[0][1][inner]
    trust = np.ones(len(wanted))
    for _ in range(2):
        normal = (smooth * trust) @ smooth.T
        normal[np.diag_indices(6)] += 1e-6 * np.trace(normal) / 6
        factors = np.linalg.solve(normal, (smooth * trust) @ wanted)
        trust = 1 / _doubt(factors @ smooth - wanted, trust)
    predicted = np.tensordot(factors[:5], np.stack(terms), 1) + factors[5]
    return np.asarray(predicted.astype(np.float32))


def _levels(image: Floats, shown: Mask) -> list[tuple[Floats, Floats]]:
    """The image before and after each of four blurs, that add up to 0.8, 1.6, 3.2 and 6.4 px.

    The last two take every second, then every fourth pixel. What is not shown has no weight.
    """
    weight = shown.astype(np.float32)
    total, level = image * weight, image
    levels: list[tuple[Floats, Floats]] = []
    for kernel, stride in ((FINE, 1), (COARSE, 1), (COARSE, 2), (COARSE, 2)):
        total, weight, level = (plane[::stride, ::stride] for plane in (total, weight, level))
        total, weight = _blurred(total, kernel), _blurred(weight, kernel)
        before, level = level, np.asarray(total / np.maximum(weight, np.float32(1e-3)), np.float32)
        levels.append((before, level))
    return levels


def _blurred(image: Floats, kernel: Floats) -> Floats:
    """Convolve along both axes; zeros outside."""
    return np.asarray(cv2.sepFilter2D(image, -1, kernel, kernel, borderType=cv2.BORDER_CONSTANT))


def _energies(levels: list[tuple[Floats, Floats]], inners: tuple[Mask, ...]) -> list[float]:
    """Mean square of what each blur takes away, and the variance of what is left."""
    taken = [(a - b)[inner] for (a, b), inner in zip(levels, inners, strict=True)]
    rest = levels[-1][1][inners[-1]].astype(np.float64)
    return [*(float((t.astype(np.float64) ** 2).mean()) for t in taken), float(rest.var())]
