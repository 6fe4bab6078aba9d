"""Decode: the bytes of an image file to an array in RGB order, upright."""

from __future__ import annotations

import io
import os
import struct
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.data.headers import check_header, check_size
from augury.errors import DataError, DecodeError

Pixels = NDArray[Any]
DTYPES = ("uint8", "uint16", "float32")
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"heif", b"mif1", b"msf1")
_ORIENTATION_TAG = 0x0112


def decode(data: bytes, where: str) -> Pixels:
    """Decode an image file.

    Parameters
    ----------
    data : the whole file: PNG, JPEG, BMP, WebP or TIFF (the first page), or HEIC where pillow-heif is installed
        (in 8 bits). The first bytes say which, not the name.
    where : what to call it in messages.

    Returns
    -------
    (h, w, c) uint8, uint16 or float32 of its own memory: gray (c=1), RGB (3) or RGBA (4), turned upright as
    EXIF says.

    Raises
    ------
    DecodeError : if the data is empty, broken, cut short, of too many pixels (see `data.headers`), of an
        unknown format or of another dtype; or if it is HEIC and pillow-heif is not installed.
    """
    if not data:
        raise DecodeError(f"{where}: is empty (0 bytes); replace or remove it")
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        return _heic(data, where)
    check_header(data, where)
    cv2 = _opencv()
    try:
        image, orientation = _stored(data)
    except cv2.error:
        image, orientation = None, 1
    if image is None:
        raise _broken(where)
    if image.dtype.name not in DTYPES:
        raise DecodeError(f"{where}: has {image.dtype} pixels; convert it to 8 or 16 bits without sign, or float32")
    if image.ndim == 3 and image.shape[2] > 1:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB if image.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
    return upright(image if image.ndim == 3 else image[..., None], orientation)


def to_channels(image: Pixels, channels: int | None, where: str) -> Pixels:
    """Change the number of channels.

    Parameters
    ----------
    image : (h, w, c) uint8, uint16 or float32, RGB order; not changed.
    channels : 1 (gray by BT.601), 3 (gray repeated; alpha dropped), 4 (opaque alpha added: the largest
        integer, or 1.0), or None to keep what there is.
    where : what to call the image in messages.

    Returns
    -------
    (h, w, channels), same dtype; the input itself where nothing changes.

    Raises
    ------
    DataError : if the image has neither 1, 3, 4 nor the asked number of channels.
    """
    have = image.shape[2]
    if channels is None or have == channels:
        return image
    if have not in (1, 3, 4) or channels not in (1, 3, 4):
        raise DataError(f"{where}: has {have} channels and cannot become {channels}; use channels=None to keep them")
    if channels == 1:
        cv2 = _opencv()
        gray: Pixels = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY if have == 3 else cv2.COLOR_RGBA2GRAY)
        return gray[..., None]
    color = np.repeat(image, 3, axis=2) if have == 1 else image[..., :3]
    if channels == 3:
        return np.ascontiguousarray(color)
    opaque = np.iinfo(image.dtype).max if image.dtype.kind == "u" else 1.0
    return np.concatenate([color, np.full((*image.shape[:2], 1), opaque, image.dtype)], axis=2)


def check_floats(image: Pixels, value_range: tuple[float, float], where: str) -> None:
    """Raise a DataError unless a float image is finite and within its declared range."""
    low, high = float(image.min()), float(image.max())
    if not (value_range[0] <= low and high <= value_range[1]):
        raise DataError(
            f"{where}: values from {low:g} to {high:g} lie outside the value range "
            f"{value_range[0]:g}..{value_range[1]:g}; give value_range=(low, high)"
        )


def upright(image: Pixels, orientation: int) -> Pixels:
    """Undo an EXIF orientation (1 to 8): (h, w, c) to (h, w, c), or to (w, h, c) from 5 on."""
    if orientation >= 5:
        image = image.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return np.ascontiguousarray(image)


def orientation_of(exif: bytes) -> int:
    """Orientation in an EXIF block; 1, upright, where it holds none or cannot be parsed."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for k in range(count):
            tag, _, _, value = struct.unpack_from(order + "HHIH", tiff, start + 2 + 12 * k)
            if tag == _ORIENTATION_TAG:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        pass  # cut short: a photo with broken notes is still a photo
    return 1


def _stored(data: bytes) -> tuple[Pixels | None, int]:
    """Pixels as OpenCV gives them, BGR and as stored, and the orientation still to be undone."""
    cv2 = _opencv()
    buffer = np.frombuffer(data, np.uint8)
    if hasattr(cv2, "imdecodeWithMetadata"):
        image, kinds, blocks = cv2.imdecodeWithMetadata(buffer, cv2.IMREAD_UNCHANGED)
        exif = [block.tobytes() for kind, block in zip(kinds, blocks, strict=True) if kind == cv2.IMAGE_METADATA_EXIF]
        return image, orientation_of(exif[0]) if exif else 1
    if data.startswith(b"\xff\xd8"):  # a JPEG has no alpha to lose, and this flag turns it upright
        return cv2.imdecode(buffer, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH), 1
    return cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED), 1


def _heic(data: bytes, where: str) -> Pixels:
    """A HEIC photo, which its reader turns upright itself. A DecodeError, so that a stream can go on without it."""
    try:
        import pillow_heif
    except ImportError:
        raise DecodeError(
            f'{where}: is a HEIC photo, for which a reader is missing; pip install "augury[heic]", '
            "or convert it to JPEG or PNG"
        ) from None
    try:
        photo = pillow_heif.open_heif(io.BytesIO(data))
        check_size(photo.size[1], photo.size[0], where)
        image = np.array(photo)
    except (ValueError, LookupError, EOFError, SyntaxError, RuntimeError, OSError):
        raise _broken(where) from None
    return image if image.ndim == 3 else image[..., None]


def _broken(where: str) -> DecodeError:
    return DecodeError(f"{where}: cannot be decoded: broken inside; replace or remove it")


@cache
def _opencv() -> Any:
    """OpenCV, imported when first needed; broken files are our errors to report, not lines on stderr."""
    import cv2

    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return cv2
