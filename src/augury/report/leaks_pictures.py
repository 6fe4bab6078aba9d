"""Pictures of a pair: both images, the training image carried onto the test image, and what still differs."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]
Rgb = NDArray[np.uint8]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Matrix = NDArray[np.float64]
AMPLIFIED = 4  # times that a difference is shown
_GRAY = 128  # no difference
_LIGHT, _DARK, _STRIPE = 150, 118, 4  # levels and width of the stripes where there is nothing to compare
_LEAST = 32  # pixels on which a tone can be fitted
_FITS = 6.0  # levels within which a pixel is always taken to fit
_PNG = 6000  # bytes from which on a picture is compressed as JPEG
_QUALITY = 85


@dataclass(frozen=True, eq=False)
class Views:
    """uint8 (h, w, 3) each; `carried` and `difference` in the frame of `test`, striped where nothing is known."""

    train: Rgb
    test: Rgb
    carried: Rgb
    difference: Rgb


def views(train: Pixels, test: Pixels, matrix: Matrix, side: int) -> Views:
    """Draw a pair.

    Parameters
    ----------
    train, test : (h, w, c) as decoded. matrix : (3, 3), training to test image, centred pixels.
    side : longest side of the pictures; smaller images are not enlarged.
    """
    train, test = rgb(train), rgb(test)
    target, to_target = reduced(test, side / max(test.shape[:2]))
    matrix = to_target @ matrix
    source, to_source = reduced(train, float(np.sqrt(abs(np.linalg.det(matrix[:2, :2])))))
    matrix = matrix @ np.linalg.inv(to_source)
    seen, shown = _carried(source, matrix, target.shape)
    fitted = _toned(seen, target, shown)
    difference = _GRAY + AMPLIFIED * (target.astype(np.float32) - fitted)
    small = reduced(train, side / max(train.shape[:2]))[0]
    return Views(small, target, _striped(fitted, shown), _striped(difference, shown))


def rgb(image: Pixels) -> Rgb:
    """As 8-bit RGB; other dtypes than uint8 are scaled to the image's own darkest and brightest pixels."""
    image = image[..., :3] if image.shape[2] >= 3 else np.repeat(image[..., :1], 3, axis=2)
    if image.dtype == np.uint8:
        return np.ascontiguousarray(image)
    low, high = float(image.min()), float(np.quantile(image, 0.999))
    return _rounded((image.astype(np.float32) - low) * (255 / max(high - low, 1e-9)))


def reduced(image: Rgb, factor: float) -> tuple[Rgb, Matrix]:
    """Average an image to a fraction of its size, and the map from its centred pixels to those of the result."""
    if factor >= 1:
        return image, np.eye(3)
    high, wide = image.shape[:2]
    h, w = max(1, round(high * factor)), max(1, round(wide * factor))
    small = cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), np.diag([w / wide, h / high, 1.0])


def data_url(image: Rgb) -> str:
    """A picture for a page: PNG where that is small, else JPEG."""
    plain = image[..., 0] if (image == image[..., :1]).all() else image[..., ::-1]
    data = cv2.imencode(".png", plain)[1].tobytes()
    kind = "png"
    if len(data) > _PNG:
        data, kind = cv2.imencode(".jpg", plain, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes(), "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _carried(source: Rgb, matrix: Matrix, shape: tuple[int, ...]) -> tuple[Floats, Mask]:
    """The source in the frame of the target, and where that frame shows it."""
    whole = _about_centre(shape, 1) @ matrix @ _about_centre(source.shape, -1)
    size = (shape[1], shape[0])
    seen = cv2.warpAffine(source.astype(np.float32), whole[:2], size, flags=cv2.INTER_LINEAR)
    inside = cv2.warpAffine(np.ones(source.shape[:2], np.float32), whole[:2], size, flags=cv2.INTER_LINEAR)
    return np.asarray(seen, np.float32), np.asarray(inside > 0.99)


def _about_centre(shape: tuple[int, ...], sign: int) -> Matrix:
    """From centred pixels to those counted from the corner (sign 1), or back (sign -1)."""
    return np.array([[1.0, 0, sign * (shape[1] - 1) / 2], [0, 1, sign * (shape[0] - 1) / 2], [0, 0, 1]])


def _toned(seen: Floats, target: Rgb, shown: Mask) -> Floats:
    """The source with the tone of the target, by polynomials of its channels.

    They take all channels, so that a photo made gray, or of other colours, is explained too. The change is fitted,
    not the tone, so that colours too rare to tell stay as they are.
    """
    fair = shown & ((target > 2) & (target < 253)).all(axis=2)  # what was clipped fits no curve
    fair = fair if np.count_nonzero(fair) >= _LEAST else shown
    if np.count_nonzero(fair) < _LEAST:
        return seen
    terms, change = _terms(seen[fair]), target[fair] - seen[fair]
    kept = np.ones(len(change), bool)
    for _ in range(3):  # again without what fits worst: something painted over, say
        weights = np.linalg.lstsq(terms[kept], change[kept], rcond=1e-5)[0]
        away = np.abs(terms @ weights - change).max(axis=1)
        kept = away <= max(3 * float(np.median(away)), _FITS)
    out = seen.copy()
    out[shown] = np.clip(seen[shown] + _terms(seen[shown]) @ weights, 0, 255)
    return out


def _terms(colours: Floats) -> NDArray[np.float64]:
    """(n, 3) -> (n, 10): a constant, and the first three powers of each channel."""
    x = colours.astype(np.float64) / 255
    return np.concatenate([np.ones((len(x), 1)), x, x**2, x**3], axis=1)


def _striped(image: Floats, shown: Mask) -> Rgb:
    h, w = shown.shape
    stripes = (np.arange(h)[:, None] + np.arange(w)) // _STRIPE % 2
    blank = np.where(stripes, _LIGHT, _DARK)
    return _rounded(np.where(shown[..., None], image, blank[..., None]))


def _rounded(image: NDArray[Any]) -> Rgb:
    return np.asarray(np.clip(np.rint(image), 0, 255), np.uint8)
