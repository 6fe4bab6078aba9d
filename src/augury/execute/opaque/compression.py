"""What lossy image formats leave of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augury.errors import AuguryError
from augury.spec import Spec

Pixels = NDArray[Any]


def jpeg(image: Pixels, spec: Spec, quality: int) -> Pixels:
    """Through JPEG with 4:2:0 colour. image : (h, w, 1 or 3) uint8, RGB. quality : 1 to 100."""
    del spec
    sampling = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420)
    return _through(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(quality), *sampling])


def webp(image: Pixels, spec: Spec, quality: int) -> Pixels:
    """Through lossy WebP. image : (h, w, 1 or 3) uint8, RGB. quality : 1 to 100."""
    del spec
    return _through(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, int(quality)])


def _through(suffix: str, image: Pixels, settings: Sequence[int]) -> Pixels:
    gray = image.shape[2] == 1
    stored = np.ascontiguousarray(image[..., ::-1])  # OpenCV's order is BGR
    done, data = cv2.imencode(suffix, stored, settings)
    if not done:
        raise AuguryError(f"OpenCV cannot encode {image.shape} pixels as {suffix}; leave this transform out")
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR))
    return decoded[..., None] if gray else np.ascontiguousarray(decoded[..., ::-1])


FUNCTIONS = {"jpeg": jpeg, "webp": webp}
