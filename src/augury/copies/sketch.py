"""Sketch: what is kept of an image to find its copies. A few kilobytes, in gray, at most 128 pixels wide or high."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]
Gray = NDArray[np.uint8]
Floats = NDArray[np.float32]
SIDE = 128  # longest side of the working image
THUMB = 12  # sides of the thumbnail
SMALLEST = 24  # below this shorter side only exact comparison says anything
_KEYPOINT_SIDE = 144  # longest side on which keypoints are looked for
_KEYPOINTS = 120
_LAPLACE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)  # blind to linear ramps; variance 36 of noise
_NO_KEYPOINTS = np.zeros((0, 4), np.float32), np.zeros((0, 128), np.uint8)
_SPECK = 40  # levels between a speck and the median around it
# A mirrored patch has the same SIFT descriptor with one spatial axis and the directions reversed.
_MIRRORED = np.arange(128).reshape(4, 4, 8)[::-1][:, :, -np.arange(8) % 8].ravel()


@dataclass(frozen=True, eq=False)
class Sketch:
    """An image as the search sees it.

    Attributes
    ----------
    gray : uint8 (h, w), at most 128 a side, without salt and pepper.
    size : height and width of the source in pixels.
    noise : standard deviation of its fine noise, in levels of 255.
    specks : share of pixels that were salt or pepper.
    keypoints : float32 (k, 4), x, y, diameter, angle in radians; centred working pixels, y down.
    codes : uint8 (k, 128), square roots of their SIFT descriptors, times 255.
    exact : 8 bytes that are equal for equal pixels in any of the 8 quarter turns and flips.
    blocks : how much more neighbours differ across JPEG's 8x8 blocks than inside them, as a share.
    """

    gray: Gray
    size: tuple[int, int]
    noise: float
    specks: float
    keypoints: Floats
    codes: NDArray[np.uint8]
    exact: bytes
    blocks: float

    @property
    def scale(self) -> tuple[float, float]:
        """Working pixels for each source pixel, down and across."""
        return self.gray.shape[0] / self.size[0], self.gray.shape[1] / self.size[1]

    @cached_property
    def thumb(self) -> Floats:
        """(12, 12): the calm image, small."""
        small = cv2.resize(calm(self.gray, self.noise), (THUMB, THUMB), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.float32)

    @property
    def descriptors(self) -> Floats:
        """(k, 128), unit length."""
        return np.asarray(self.codes.astype(np.float32) / np.float32(255))

    def mirrored(self) -> tuple[Floats, Floats]:
        """Keypoints and descriptors of the image flipped left to right."""
        x, y, size, angle = self.keypoints.T
        return np.stack([-x, y, size, np.float32(np.pi) - angle], axis=1), self.descriptors[:, _MIRRORED]


def sketch(image: Pixels) -> Sketch:
    """Sketch a decoded image.

    Parameters
    ----------
    image : (h, w, c) gray, RGB or RGBA; uint8, uint16 or float32. Colour is not used. Other dtypes than uint8
        are scaled to their own brightest pixels.
    """
    gray = _gray8(image)
    exact, blocks = _exact(gray), _blocks(gray)
    size = gray.shape[0], gray.shape[1]
    factor = SIDE / max(size)
    if factor < 1:
        working = (max(1, round(size[1] * factor)), max(1, round(size[0] * factor)))
        gray = cv2.resize(gray, working, interpolation=cv2.INTER_AREA)
    gray, specks = _without_specks(gray)
    noise = noise_of(gray)
    keypoints, codes = _keypoints(calm(gray, noise)) if min(gray.shape) >= SMALLEST else _NO_KEYPOINTS
    return Sketch(gray, size, noise, specks, keypoints, codes, exact, blocks)


def calm(gray: Gray, noise: float) -> Gray:
    """Smooth a noisy image, the more the noisier, as alignment wants it."""
    if noise <= 4:
        return gray
    return np.asarray(cv2.GaussianBlur(gray, (0, 0), min(0.6 + noise / 20, 1.6)))


def noise_of(gray: Gray | Floats) -> float:
    """Estimate the standard deviation of white noise (Immerkaer 1996, with the median of absolute values)."""
    if min(gray.shape) < 3:
        return 0.0
    response = cv2.filter2D(gray.astype(np.float32), -1, _LAPLACE)[1:-1, 1:-1]
    return float(np.median(np.abs(response)) / 0.6745 / 6)


def _gray8(image: Pixels) -> Gray:
    channels = image[..., :3] if image.shape[2] >= 3 else image[..., :1]
    gray = cv2.cvtColor(channels, cv2.COLOR_RGB2GRAY) if channels.shape[2] == 3 else channels[..., 0]
    if gray.dtype == np.uint8:
        return np.ascontiguousarray(gray)
    low, high = float(gray.min()), float(np.quantile(gray, 0.999))
    return np.clip(np.rint((gray - low) * (255 / max(high - low, 1e-9))), 0, 255).astype(np.uint8)


def _exact(gray: Gray) -> bytes:
    turned = [np.rot90(side, k) for side in (gray, gray[:, ::-1]) for k in range(4)]
    return min(blake2b(t.tobytes(), digest_size=8, key=str(t.shape).encode()).digest() for t in turned)


def _blocks(gray: Gray) -> float:
    if min(gray.shape) < 17:
        return 0.0
    level = gray.astype(np.int16)
    steps = np.abs(np.diff(level, axis=1)).mean(axis=0), np.abs(np.diff(level, axis=0)).mean(axis=1)
    across = float(np.mean([s[7::8].mean() for s in steps]))
    inside = float(np.mean([np.delete(s, np.s_[7::8]).mean() for s in steps]))
    return across / max(inside, 0.1) - 1


def _without_specks(gray: Gray) -> tuple[Gray, float]:
    """Replace isolated black and white pixels by the median around them; a share of them, or none at all."""
    if min(gray.shape) < 3:
        return gray, 0.0
    median = cv2.medianBlur(gray, 3)
    hit = ((gray <= 2) | (gray >= 253)) & (cv2.absdiff(gray, median) > _SPECK)
    share = float(hit.mean())
    return (np.where(hit, median, gray), share) if 0.005 < share < 0.3 else (gray, 0.0)


def _keypoints(gray: Gray) -> tuple[Floats, NDArray[np.uint8]]:
    """RootSIFT (Arandjelovic and Zisserman 2012) on the enlarged working image."""
    h, w = gray.shape
    zoom = _KEYPOINT_SIDE / max(h, w)
    large = cv2.resize(gray, (max(1, round(w * zoom)), max(1, round(h * zoom))), interpolation=cv2.INTER_CUBIC)
    sift = cv2.SIFT_create(  # type: ignore[attr-defined]  # missing in OpenCV's stubs
        nfeatures=_KEYPOINTS, contrastThreshold=0.01, edgeThreshold=20
    )
    found, raw = sift.detectAndCompute(large, None)
    if not found:
        return _NO_KEYPOINTS
    place = np.array([(k.pt[0], k.pt[1], k.size, np.radians(k.angle)) for k in found], np.float32)
    place[:, :2] = (place[:, :2] + 0.5) / zoom - np.array([w, h], np.float32) / 2
    place[:, 2] /= zoom
    root = np.sqrt(raw / np.maximum(raw.sum(axis=1, keepdims=True), 1e-6))
    return place, np.rint(root * 255).astype(np.uint8)
