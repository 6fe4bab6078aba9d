"""Align: the affine map, mirrored or not, that carries one image onto another.

Hypotheses come from matched features and from phase correlation of the 8 quarter turns and flips; the likelier ones
are refined by Gauss-Newton steps (inverse compositional, Baker and Matthews 2004) with weights that ignore what does
not fit, first on small stretched images, then on the images themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import cv2
import numpy as np

from augury.binary import compiled
from augury.copies import native, reference
from augury.copies.place import Matrix, overlap, seen_from
from augury.copies.reference import white
from augury.copies.sketch import Floats, Sketch, calm

__all__ = ["LEAST_CORRELATION", "Aligner", "Alignment", "Matrix", "overlap", "seen_from"]

GRID = 48  # sides of the stretched images on which hypotheses are tried
LEAST_CORRELATION = 0.6
_LEAST_TRIED = 0.3
_STEPS, _FINE_STEPS = 10, 4
_WINDOW = np.outer(np.hanning(GRID), np.hanning(GRID)).astype(np.float32)  # looks alike from all sides
_MIRROR = np.diag([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Alignment:
    """A map from source to target, and the correlation of the two images where they overlap."""

    matrix: Matrix
    correlation: float


def default_executor() -> ModuleType:
    """Module `native`, or `reference` where the native kernels were not built."""
    return reference if compiled() is None else native


class Aligner:
    """One target image, prepared once for all the sources that it is compared with.

    Parameters
    ----------
    target : the image.
    executor : module `native` or `reference`; the default is the first that was built.
    """

    def __init__(self, target: Sketch, executor: ModuleType | None = None) -> None:
        self.target = target
        self._run = executor or default_executor()
        self._image = _calm(target, target.noise)
        self._small = _grid(self._image)
        turned = [np.rot90(self._small * _WINDOW, k)[:, ::sx] for sx in (1, -1) for k in range(4)]
        self._spectra = white(np.fft.fft2(np.stack(turned)))
        keypoints, descriptors = target.mirrored()
        self._mirrored = keypoints, np.rint(descriptors * 255).astype(np.uint8)

    def align(self, source: Sketch) -> Alignment | None:
        """Find the best map from the source, or None where nothing fits."""
        noise = max(self.target.noise, source.noise)
        target, image = self._image if noise == self.target.noise else _calm(self.target, noise), _calm(source, noise)
        small, to_grid = _grid(image), _to_grid(target, image)
        starts = [m * to_grid for m in self._from_features(source)] + self._from_phase(small)
        found = self._run.fit(self._small, small, starts, _STEPS, _LEAST_TRIED)
        if found is None or found[1] <= LEAST_CORRELATION:
            return None
        fine = self._run.fit(target, image, [found[0] / to_grid], _FINE_STEPS, -1.0)
        return None if fine is None else Alignment(*fine)

    def _from_features(self, source: Sketch) -> list[Matrix]:
        own = source.keypoints, source.codes
        plain = self._run.matched(self.target.keypoints, self.target.codes, *own)
        mirrored = self._run.matched(*self._mirrored, *own)
        return [m for m in (plain, None if mirrored is None else _MIRROR @ mirrored) if m is not None]

    def _from_phase(self, small: Floats) -> list[Matrix]:
        found = self._run.phases(self._spectra, small * _WINDOW)
        return [_SYMMETRIES[k] @ np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]]) for k, y, x in found]


def _calm(sketch: Sketch, noise: float) -> Floats:
    """The image as smooth as that of a noisier one, because equally smooth images align best; with mean 0."""
    image = calm(sketch.gray, noise)
    return image - np.float32(image.mean())


def _grid(image: Floats) -> Floats:
    return np.asarray(cv2.resize(image, (GRID, GRID), interpolation=cv2.INTER_AREA), np.float32)


def _to_grid(target: Floats, source: Floats) -> Matrix:
    """(3, 3) factors of a map's entries between working pixels and the stretched grid."""
    sides = [np.array([GRID / image.shape[1], GRID / image.shape[0], 1.0]) for image in (target, source)]
    return np.outer(sides[0], 1 / sides[1])


def _symmetry(k: int, sx: int) -> Matrix:
    """What undoes `np.rot90(image, k)[:, ::sx]`, as a matrix on centred points."""
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])  # undoes one quarter turn counter-clockwise, y down
    return np.linalg.matrix_power(quarter, k) @ np.diag([float(sx), 1.0, 1.0])


_SYMMETRIES = [_symmetry(k, sx) for sx in (1, -1) for k in range(4)]
