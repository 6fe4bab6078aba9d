"""Align: the affine map, mirrored or not, that carries one image onto another.

Maps are (3, 3) matrices that take a point of the source image to the point of the target image that shows the same;
centred working pixels, x right, y down. Hypotheses come from matched features and from phase correlation of the 8
quarter turns and flips; the likelier ones are refined by Gauss-Newton steps (inverse compositional, Baker and Matthews
2004) with weights that ignore what does not fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from augury.copies.sketch import Floats, Gray, Sketch, calm

Matrix = NDArray[np.float64]
GRID = 48  # sides of the stretched images on which hypotheses are tried
_REFINED = 2  # hypotheses that are refined
_STEPS, _FINE_STEPS = 10, 4
_LEAST_OVERLAP = 0.15
_LEAST_TRIED, LEAST_CORRELATION = 0.3, 0.6
_SIMILAR = 0.75  # cosine below which two features are no match
_NEAR = 3.0  # working pixels within which matches agree
_WINDOW = np.outer(np.hanning(GRID), np.hanning(GRID)).astype(np.float32)


@dataclass(frozen=True)
class Alignment:
    """A map from source to target, and the correlation of the two images where they overlap."""

    matrix: Matrix
    correlation: float


class Aligner:
    """One target image, prepared once for all the sources that it is compared with."""

    def __init__(self, target: Sketch) -> None:
        self.target = target
        self._large = _Template(calm(target.gray, target.noise))

    @cached_property
    def _small(self) -> _Template:
        return _Template(_grid(self._large.image))

    @cached_property
    def _spectra(self) -> list[tuple[Matrix, NDArray[np.complex64]]]:
        """The target turned back by each of the 8 symmetries, with the symmetry as a matrix."""
        plain = self._small.image
        turned = []
        for sx in (1, -1):
            for k in range(4):
                side = np.rot90(plain, k)[:, ::sx]
                turned.append((_symmetry(k, sx), _spectrum(side)))
        return turned

    def align(self, source: Sketch) -> Alignment | None:
        """Find the best map from the source, or None where nothing fits."""
        image = calm(source.gray, source.noise)
        small = _grid(image)
        to_grid, from_grid = _between(self._large.image.shape, image.shape)
        tried = []
        for matrix in self._hypotheses(source, small, from_grid):
            matrix = to_grid(matrix)
            correlation = self._small.correlation(small, matrix)
            if correlation > _LEAST_TRIED:
                tried.append((correlation, matrix))
        best: Alignment | None = None
        for _, matrix in sorted(tried, key=lambda t: -t[0])[:_REFINED]:
            refined = self._small.refine(small, matrix, _STEPS)
            if refined is None:
                continue
            correlation = self._small.correlation(small, refined)
            if correlation > LEAST_CORRELATION and (best is None or correlation > best.correlation):
                best = Alignment(refined, correlation)
        if best is None:
            return None
        fine = self._large.refine(image, from_grid(best.matrix), _FINE_STEPS)
        return None if fine is None else Alignment(fine, self._large.correlation(image, fine))

    def _hypotheses(self, source: Sketch, small: Floats, from_grid: _Rescale) -> list[Matrix]:
        target = self.target
        found = [_from_features(target.keypoints, target.descriptors, source.keypoints, source.descriptors)]
        mirrored = _from_features(target.keypoints, target.descriptors, *source.mirrored())
        found.append(None if mirrored is None else mirrored @ np.diag([-1.0, 1.0, 1.0]))
        return [m for m in found if m is not None] + [from_grid(m) for m in self._from_phase(small)]

    def _from_phase(self, small: Floats) -> list[Matrix]:
        """The two likeliest of 8 symmetries, each with the shift where phase correlation peaks."""
        spectrum = np.conj(_spectrum(small))
        found = []
        for symmetry, turned in self._spectra:
            cross = turned * spectrum
            surface = np.fft.irfft2(cross / (np.abs(cross) ** 0.7 + 1e-3), (GRID, GRID))
            peak = int(surface.argmax())
            y, x = ((p + GRID // 2) % GRID - GRID // 2 for p in divmod(peak, GRID))
            shift = np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]])
            found.append((float(surface.flat[peak] / (surface.std() + 1e-9)), symmetry @ shift))
        return [matrix for _, matrix in sorted(found, key=lambda f: -f[0])[:2]]


def seen_from(image: Gray | Floats, matrix: Matrix, shape: tuple[int, ...]) -> Floats:
    """The source as the target's frame sees it, float32 `shape`; 0 outside."""
    h, w = shape[:2]
    high, wide = image.shape[:2]
    to_corner = np.array([[1, 0, (w - 1) / 2], [0, 1, (h - 1) / 2], [0, 0, 1]])
    to_centre = np.array([[1, 0, (1 - wide) / 2], [0, 1, (1 - high) / 2], [0, 0, 1]])
    whole = to_corner @ matrix @ to_centre
    return cv2.warpAffine(image.astype(np.float32, copy=False), whole[:2], (w, h), flags=cv2.INTER_LINEAR)


def overlap(matrix: Matrix, shape: tuple[int, ...], source: tuple[int, ...], margin: float) -> NDArray[np.bool_]:
    """(h, w): target pixels that show something of the source, at least `margin` pixels inside it."""
    h, w = shape[:2]
    back = np.linalg.inv(matrix)
    x, y = np.arange(w) - (w - 1) / 2, np.arange(h)[:, None] - (h - 1) / 2
    u = np.abs(back[0, 0] * x + back[0, 1] * y + back[0, 2])
    v = np.abs(back[1, 0] * x + back[1, 1] * y + back[1, 2])
    return np.asarray((u <= source[1] / 2 - margin) & (v <= source[0] / 2 - margin))


class _Template:
    """A target image with what Gauss-Newton needs of it."""

    def __init__(self, image: Gray | Floats) -> None:
        self.image: Floats = image.astype(np.float32)
        h, w = self.image.shape
        x = ((np.arange(w) - (w - 1) / 2) / (w / 2)).astype(np.float32)
        y = ((np.arange(h) - (h - 1) / 2) / (h / 2)).astype(np.float32)[:, None]
        across = cv2.Scharr(self.image, cv2.CV_32F, 1, 0) / 32
        down = cv2.Scharr(self.image, cv2.CV_32F, 0, 1) / 32
        tone = [self.image / 64, np.ones_like(self.image)]
        columns = [across * x, across * y, across, down * x, down * y, down, *tone]
        self._jacobian = np.stack(columns, axis=-1).reshape(-1, 8)
        self._units = np.array([w / 2, h / 2, 1, w / 2, h / 2, 1])

    def correlation(self, source: Gray | Floats, matrix: Matrix) -> float:
        """Pearson's correlation on the overlap; -1 where there is hardly any."""
        shown = overlap(matrix, self.image.shape, source.shape, 0.5)
        if np.count_nonzero(shown) < _LEAST_OVERLAP * shown.size:
            return -1.0
        a, b = self.image[shown], seen_from(source, matrix, self.image.shape)[shown]
        a, b = a - a.mean(), b - b.mean()
        return float(a @ b / np.sqrt((a @ a) * (b @ b) + 1))

    def refine(self, source: Gray | Floats, matrix: Matrix, steps: int) -> Matrix | None:
        """Improve a map; None where it runs away."""
        source = source.astype(np.float32, copy=False)
        target, size = self.image.ravel(), max(self.image.shape)
        for _ in range(steps):
            shown = overlap(matrix, self.image.shape, source.shape, 0.5).ravel().astype(np.float32)
            count = float(shown.sum())
            if count < _LEAST_OVERLAP * shown.size:
                return None
            residual = _residual(target, seen_from(source, matrix, self.image.shape).ravel(), shown, count)
            spread = 1.9 * float(np.abs(residual).sum()) / count + 1
            weights = shown / (1 + (residual / (2.5 * spread)) ** 2)
            weighted = self._jacobian * weights[:, None]
            normal = (weighted.T @ self._jacobian).astype(np.float64)
            normal[np.diag_indices(8)] *= 1.001
            normal[np.diag_indices(8)] += 1e-3
            step = np.linalg.solve(normal, (weighted.T @ residual).astype(np.float64))[:6]
            change = np.eye(3)
            change[:2] += (step / self._units)[[0, 1, 2, 3, 4, 5]].reshape(2, 3)
            matrix = change @ matrix
            if not np.abs(step).max() < size or not 0.1 < abs(np.linalg.det(matrix[:2, :2])) < 10:
                return None
            if np.abs(step).max() < 0.005:
                break
        return matrix


def _residual(target: Floats, shown: Floats, inside: Floats, count: float) -> Floats:
    """Source minus target where they overlap, once the source has the target's mean and the best gain; 0 elsewhere."""
    mean, mine = float(target @ inside) / count, float(shown @ inside) / count
    a, b = (target - mean) * inside, (shown - mine) * inside
    gain = float(a @ b) / max(float(b @ b), 1e-6)
    return b * np.float32(gain) - a


def _from_features(at: Floats, a: Floats, bt: Floats, b: Floats) -> Matrix | None:
    """The similarity on which most matched features agree, as a map from b to a; affine where four or more do."""
    if not len(a) or not len(b):
        return None
    cosine = a @ b.T
    nearest = cosine.argmax(axis=1)
    mutual = cosine.argmax(axis=0)[nearest] == np.arange(len(a))
    likeness = cosine[np.arange(len(a)), nearest]
    rows = np.flatnonzero(mutual & (likeness > _SIMILAR))
    if not len(rows):
        return None
    rows = rows[np.argsort(-likeness[rows], kind="stable")]
    to, of = at[rows].astype(np.float64), bt[nearest[rows]].astype(np.float64)
    maps = _similarities(to[:20], of[:20])
    moved = np.einsum("kij,nj->kni", maps[:, :2, :2], of[:, :2]) + maps[:, None, :2, 2]
    agree = ((moved - to[None, :, :2]) ** 2).sum(axis=-1) < _NEAR**2
    best = int((agree * likeness[rows]).sum(axis=1).argmax())
    return _affine(to[agree[best]], of[agree[best]], maps[best])


def _similarities(to: NDArray[np.float64], of: NDArray[np.float64]) -> Matrix:
    """(n, 3, 3): each pair of keypoints says where, how much larger and how far turned."""
    size, angle = to[:, 2] / of[:, 2], to[:, 3] - of[:, 3]
    c, s = size * np.cos(angle), size * np.sin(angle)
    maps = np.zeros((len(to), 3, 3))
    maps[:, 0, 0], maps[:, 0, 1], maps[:, 1, 0], maps[:, 1, 1], maps[:, 2, 2] = c, -s, s, c, 1
    maps[:, 0, 2] = to[:, 0] - (c * of[:, 0] - s * of[:, 1])
    maps[:, 1, 2] = to[:, 1] - (s * of[:, 0] + c * of[:, 1])
    return maps


def _affine(to: NDArray[np.float64], of: NDArray[np.float64], similarity: Matrix) -> Matrix:
    """Least squares over agreeing matches; the similarity itself where these are few or nearly in a line."""
    if len(to) < 4:
        return similarity
    fitted = np.linalg.lstsq(np.c_[of[:, :2], np.ones(len(of))], to[:, :2], rcond=None)[0]
    matrix = np.eye(3)
    matrix[:2] = fitted.T
    return matrix if 0.2 < abs(np.linalg.det(matrix[:2, :2])) < 5 else similarity


def _grid(image: Gray | Floats) -> Floats:
    return cv2.resize(image, (GRID, GRID), interpolation=cv2.INTER_AREA).astype(np.float32)


def _spectrum(image: Floats) -> NDArray[np.complex64]:
    return np.fft.rfft2((image - image.mean()) * _WINDOW).astype(np.complex64)


def _symmetry(k: int, sx: int) -> Matrix:
    """What undoes `np.rot90(image, k)[:, ::sx]`, as a matrix on centred points."""
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])  # undoes one quarter turn counter-clockwise, y down
    return np.linalg.matrix_power(quarter, k) @ np.diag([float(sx), 1.0, 1.0])


class _Rescale:
    """Matrices between working pixels and the stretched grid, for one pair of images."""

    def __init__(self, target: Matrix, source: Matrix) -> None:
        self._target, self._source = target, source

    def __call__(self, matrix: Matrix) -> Matrix:
        return self._target @ matrix @ self._source


def _between(target: tuple[int, ...], source: tuple[int, ...]) -> tuple[_Rescale, _Rescale]:
    """To the grid, and from it."""
    small_t = np.diag([GRID / target[1], GRID / target[0], 1.0])
    small_s = np.diag([GRID / source[1], GRID / source[0], 1.0])
    return _Rescale(small_t, np.linalg.inv(small_s)), _Rescale(np.linalg.inv(small_t), small_s)
