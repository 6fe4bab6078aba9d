"""Measure: what is kept of one image once it was decoded. A few dozen numbers, a thumbnail and a sketch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augury.copies.sketch import SMALLEST, Sketch, noise_of, sketch
from augury.survey.subject import Subject, find_subject

Pixels = NDArray[Any]
Floats = NDArray[np.float32]
Reframe = Callable[[Pixels], tuple[Pixels, float]]
THUMB = 64  # longest side of what pages show
_SAMPLED = 256  # pixels of a side that are counted for colours and clipping
_WORKING = 128  # longest side on which light and sharpness are measured
_SUBJECT = 64  # and on which the subject is looked for
_GRAY = 2 / 255  # colour channels closer than this show gray


@dataclass(frozen=True, eq=False)
class Measured:
    """One readable image; colours and light are fractions of the value range.

    Attributes
    ----------
    height, width, channels, dtype : as decoded.
    peak : largest value, in the array's own units.
    gray : whether there is no colour in it. transparent : whether an alpha channel hides something.
    mean, std : of each colour channel, 1 or 3.
    black, white : shares of pixels that are clipped in every channel, or in any.
    light : the 95th percentile of brightness. contrast : from there down to the 5th.
    sharpness : variance of the Laplacian, in levels of 255 squared, at 128 pixels a side.
    noise : standard deviation of fine noise, likewise; nan for images too small to tell.
    subject : where something stands out.
    thumb : uint8 (h, w, 1 or 3), at most 64 pixels a side.
    sketch : what copies are found by.
    """

    height: int
    width: int
    channels: int
    dtype: str
    peak: float
    gray: bool
    transparent: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]
    black: float
    white: float
    light: float
    contrast: float
    sharpness: float
    noise: float
    subject: Subject
    thumb: NDArray[np.uint8]
    sketch: Sketch

    @property
    def brightness(self) -> float:
        """Mean brightness."""
        return float(luma(np.array(self.mean, np.float32)[None, None]).mean())


def measure(image: Pixels, value_range: tuple[float, float], reframe: Reframe) -> Measured:
    """Measure one decoded image.

    Parameters
    ----------
    image : (h, w, c) uint8, uint16 or float32. One channel, or the first three, are looked at.
    value_range : what means black and white.
    reframe : image -> the part that training sees, and by how much that is made wider than high.
    """
    h, w, channels = image.shape
    shown = image[..., :3] if channels >= 3 else image[..., :1]
    low, scale = value_range[0], value_range[1] - value_range[0]
    step = -(-max(h, w) // _SAMPLED)
    sampled = ((shown[::step, ::step] - np.float32(low)) / np.float32(scale)).reshape(-1, shown.shape[2])
    working = np.clip((_shrunk(shown, _WORKING) - np.float32(low)) / np.float32(scale), 0, 1)
    bright = luma(working)
    dark, light = (float(v) for v in np.percentile(bright, [5, 95]))
    part, stretch = reframe(shown)
    small = np.clip((_shrunk(part, _SUBJECT, stretch) - np.float32(low)) / np.float32(scale), 0, 1)
    return Measured(
        height=h,
        width=w,
        channels=channels,
        dtype=image.dtype.name,
        peak=float(image.max()),
        gray=shown.shape[2] == 1 or bool((np.ptp(sampled, axis=1) <= _GRAY).all()),
        transparent=channels == 4 and float(image[..., 3].min()) < _opaque(image.dtype),
        mean=tuple(sampled.mean(axis=0, dtype=np.float64).tolist()),
        std=tuple(sampled.std(axis=0, dtype=np.float64).tolist()),
        black=float((sampled <= 0).all(axis=1).mean()),
        white=float((sampled >= 1).any(axis=1).mean()),
        light=light,
        contrast=light - dark,
        sharpness=float(cv2.Laplacian(bright * 255, cv2.CV_32F).var()),
        noise=noise_of(bright * 255) if min(bright.shape) >= SMALLEST else float("nan"),
        subject=find_subject(small),
        thumb=_thumb(working),
        sketch=sketch(image),
    )


def luma(image: Floats) -> Floats:
    """Brightness (h, w) of an image of 1 or 3 channels (BT.601)."""
    if image.shape[2] == 1:
        return image[..., 0]
    return image @ np.array([0.299, 0.587, 0.114], np.float32)


def _shrunk(image: Pixels, side: int, stretch: float = 1.0) -> Floats:
    """(h, w, c) of at most `side` pixels a side, made wider by `stretch`; never enlarged beyond that."""
    h, w = image.shape[0], image.shape[1] * stretch
    factor = min(1.0, side / max(h, w))
    size = (max(1, round(w * factor)), max(1, round(h * factor)))
    if size == (image.shape[1], image.shape[0]):
        return image.astype(np.float32)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small if small.ndim == 3 else small[..., None], np.float32)


def _thumb(working: Floats) -> NDArray[np.uint8]:
    return np.rint(_shrunk(working, THUMB) * 255).astype(np.uint8)


def _opaque(dtype: np.dtype[Any]) -> float:
    return float(np.iinfo(dtype).max) if dtype.kind == "u" else 1.0
