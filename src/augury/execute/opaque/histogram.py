"""Histograms: equalize, stretch, and CLAHE. The fourth of four channels is alpha, and stays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.spec import Spec

Pixels = NDArray[Any]
LEVELS = 65536  # of floats


def equalize(image: Pixels, spec: Spec) -> Pixels:
    """Every channel for itself; one of a single level stays."""
    out = image.copy()
    for c in range(spec.colours):
        out[..., c] = _equalized(np.ascontiguousarray(image[..., c]), spec)
    return out


def _equalized(plane: Pixels, spec: Spec) -> Pixels:
    low, steps, level = spec.value_range[0], int(spec.full_scale), plane
    if not spec.is_integer:
        steps = LEVELS - 1
        fraction = np.clip((plane.astype(np.float64) - low) / spec.full_scale, 0.0, 1.0)
        level = np.rint(fraction * steps).astype(np.uint16)
    counts = np.bincount(level.reshape(-1))
    below = np.cumsum(counts) - counts
    spread = int(below[-1])  # pixels below the brightest level
    if spread == 0 or (spec.dtype == "uint8" and spread < steps):
        return plane
    if spec.dtype == "uint8":
        step = spread // steps  # a whole number, as Pillow has it
        return _looked_up(np.minimum((step // 2 + below) // step, steps), plane)
    table = np.rint(np.minimum(below / spread, 1.0) * steps)
    return np.asarray(low + table[level] * (spec.full_scale / steps), plane.dtype)


def auto_contrast(image: Pixels, spec: Spec, cutoff: float) -> Pixels:
    """Every channel for itself; one whose ends meet stays."""
    out = image.copy()
    cut = int(image.shape[0] * image.shape[1] * float(cutoff) + 1e-9)  # 29 of 100 at 0.29, whose double is less
    for c in range(spec.colours):
        out[..., c] = _stretched(np.ascontiguousarray(image[..., c]), spec, cut)
    return out


def _stretched(plane: Pixels, spec: Spec, cut: int) -> Pixels:
    first, last = _ends(plane, cut)
    if last <= first:
        return plane
    low, high = spec.value_range
    scale = spec.full_scale / (last - first)
    if spec.dtype == "uint8":  # as Pillow: the offset apart, and rounded down
        table = np.clip(np.trunc(np.arange(256) * scale - first * scale), 0, 255)
        return _looked_up(table, plane)
    made = np.clip(low + (plane.astype(np.float64) - first) * scale, low, high)
    return np.asarray(np.rint(made) if spec.is_integer else made, plane.dtype)


def _ends(plane: Pixels, cut: int) -> tuple[float, float]:
    """Smallest and largest value once so many of the smallest and of the largest are cut."""
    if cut == 0:  # ten times faster than sorting
        return float(plane.min()), float(plane.max())
    first, last = np.partition(plane.reshape(-1), (cut, plane.size - 1 - cut))[[cut, plane.size - 1 - cut]].tolist()
    return first, last


def _looked_up(table: NDArray[Any], plane: Pixels) -> Pixels:
    """Values (up to 256,) at uint8 levels; OpenCV is five times faster than indexing."""
    import cv2

    values = np.zeros(256, np.uint8)
    values[: len(table)] = table
    return np.asarray(cv2.LUT(plane, values))


def clahe(image: Pixels, spec: Spec, clip: float, tiles: int) -> Pixels:
    """OpenCV's CLAHE of a gray image, or of the lightness of a coloured one."""
    import cv2

    made = cv2.createCLAHE(float(clip), (tiles, tiles))
    if spec.channels == 1:
        return np.asarray(made.apply(np.ascontiguousarray(image[..., 0])))[..., None]
    out = image.copy()
    colours = np.ascontiguousarray(image[..., :3])
    if spec.dtype == "uint8":
        lab = cv2.cvtColor(colours, cv2.COLOR_RGB2LAB)
        lab[..., 0] = made.apply(np.ascontiguousarray(lab[..., 0]))
        out[..., :3] = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
        return out
    scale = np.float32(spec.full_scale)  # OpenCV converts uint8 and float32 only
    lab = cv2.cvtColor(colours.astype(np.float32) / scale, cv2.COLOR_RGB2LAB)
    lightness = np.rint(lab[..., 0] / np.float32(100) * scale).astype(np.uint16)
    lab[..., 0] = made.apply(lightness).astype(np.float32) / scale * np.float32(100)
    made_colours = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * scale
    out[..., :3] = np.clip(np.rint(made_colours), 0, scale).astype(np.uint16)
    return out


FUNCTIONS = {"equalize": equalize, "auto_contrast": auto_contrast, "clahe": clahe}
