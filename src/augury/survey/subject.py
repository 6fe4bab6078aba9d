"""Subject: where in an image something stands out from the background, how large it is and how it lies.

The background is a plane of colour fitted to the rim, robustly, since subjects may reach it. What differs from it
is the subject. Where the rim is busy, or the subject covers most of it, the answer is "unclear", not a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.uint8]
Kind = Literal["one", "several", "none", "unclear"]
ELONGATED = 0.2  # below it a subject is round and its angle means nothing; sides of 1.22 to 1
_RIM = 0.06  # width, as a fraction of the side
_SMALLEST_SIDE = 4
_SIGMAS = 4.0  # of the rim's own spread, from which on something stands out
_FAINTEST = 0.06  # of the value range, likewise
_BUSY = 0.03  # spread of a rim that is no plain background
_LEAST, _MOST = 0.002, 0.8  # share of the area that a subject covers
_RIM_COVERED = 0.4  # share of the rim beyond which it is no background
_SECOND = 0.25  # of the largest blob's area, from which on another blob counts


@dataclass(frozen=True)
class Subject:
    """What stands out in one image.

    Attributes
    ----------
    kind : "one" or "several" blobs; "none": the image is plain; "unclear": the background is busy, or the subject
        fills the frame. Of the last two all numbers are nan.
    x, y : centroid, as fractions of the width and the height.
    size : square root of the share of the area that it covers.
    angle : of the longer axis, degrees counter-clockwise as seen, above -90 to 90.
    elongation : 0 round, 1 a line: difference over sum of the variances along both axes.
    """

    kind: Kind
    x: float = np.nan
    y: float = np.nan
    size: float = np.nan
    angle: float = np.nan
    elongation: float = np.nan


def find_subject(image: Floats) -> Subject:
    """Find what stands out from the rim.

    Parameters
    ----------
    image : float32 (h, w, c), fractions of the value range; some 64 pixels a side, or fewer.
    """
    h, w = image.shape[:2]
    if min(h, w) < _SMALLEST_SIDE:
        return Subject("unclear")
    rim = _rim(h, w)
    background, spread = _background(image, rim)
    distance = np.abs(image - background).max(axis=2)
    faintest = max(_SIGMAS * spread, _FAINTEST)
    standing = distance > faintest
    if np.count_nonzero(standing) < max(_LEAST * h * w, 3):
        return Subject("none" if spread < _BUSY else "unclear")
    typical = float(np.median(distance[standing]))
    mask, blobs = _blobs(distance > max(faintest, 0.4 * typical))
    share = np.count_nonzero(mask) / (h * w)
    if share > _MOST or mask[rim].mean() > _RIM_COVERED:
        return Subject("unclear")
    if share < _LEAST:
        return Subject("none" if spread < _BUSY else "unclear")
    return _moments(mask, "one" if blobs == 1 else "several")


def _rim(h: int, w: int) -> NDArray[np.bool_]:
    """(h, w): whether a pixel belongs to the rim."""
    rim = np.ones((h, w), bool)
    dy, dx = (max(1, round(_RIM * side)) for side in (h, w))
    rim[dy:-dy, dx:-dx] = False
    return rim


def _background(image: Floats, rim: NDArray[np.bool_]) -> tuple[Floats, float]:
    """(h, w, c), the plane of colour through the rim, and the spread of the rim about it."""
    h, w = image.shape[:2]
    y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j].astype(np.float32)
    terms = np.stack([np.ones_like(x), x, y], axis=-1)
    on_rim, colours = terms[rim], image[rim]
    plane = np.zeros((3, image.shape[2]), np.float32)
    plane[0] = np.median(colours, axis=0)
    spread = 0.0
    for _ in range(4):
        away = np.abs(colours - on_rim @ plane).max(axis=1)
        spread = 1.4826 * float(np.median(away))
        near = away <= max(2.5 * spread, 1 / 255)
        plane = np.linalg.lstsq(on_rim[near], colours[near], rcond=None)[0].astype(np.float32)
    return terms @ plane, spread


def _blobs(standing: NDArray[np.bool_]) -> tuple[Mask, int]:
    """The mask without specks and holes, and how many large blobs it has."""
    mask = standing.astype(np.uint8)
    if min(mask.shape) >= 24:
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    outlines = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    mask = cv2.drawContours(np.zeros_like(mask), outlines, -1, 1, cv2.FILLED)
    count, names, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = stats[1:count, cv2.CC_STAT_AREA]
    if not len(areas):
        return mask, 0
    large = areas >= _SECOND * areas.max()
    kept = np.concatenate([[0], large]).astype(np.uint8)[names]
    return kept, int(large.sum())


def _moments(mask: Mask, kind: Kind) -> Subject:
    h, w = mask.shape
    ys, xs = np.nonzero(mask)
    x, y = float(xs.mean()), float(ys.mean())
    across, down = xs - x, ys - y
    xx, yy, xy = (float((a * b).mean()) for a, b in ((across, across), (down, down), (across, down)))
    total = xx + yy + 1 / 6  # a pixel is a square with a variance of its own
    difference = float(np.hypot(xx - yy, 2 * xy))
    angle = float(np.degrees(0.5 * np.arctan2(-2 * xy, xx - yy)))  # y runs down
    size = float(np.sqrt(len(xs) / (h * w)))
    return Subject(kind, (x + 0.5) / w, (y + 0.5) / h, size, angle, difference / total)
