"""Encode: pixels to the bytes of an image file."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from augury.data.table import Table
from augury.errors import AuguryError, DataError
from augury.spec import Spec

Format = Literal["png", "jpg", "webp"]
_CHANNELS = {"png": (1, 3, 4), "jpg": (1, 3), "webp": (3,)}


def check_format(format: str, quality: int | None) -> None:  # noqa: A002  the public option is called so
    """Raise an AuguryError of one line for an unknown format, or a quality that it cannot have."""
    if format not in get_args(Format):
        raise AuguryError(f"expand: format={format!r}; expected png (lossless), jpg or webp")
    if quality is None:
        return
    if format == "png":
        raise AuguryError(f"expand: quality={quality!r} with format='png', which is lossless; leave it out")
    if not isinstance(quality, int) or isinstance(quality, bool) or not 1 <= quality <= 100:
        raise AuguryError(f"expand: quality={quality!r}; expected a whole number from 1 to 100")


def check_encodable(spec: Spec, format: Format, where: str) -> None:  # noqa: A002
    """Raise a DataError if a format cannot hold such images; `where` names one."""
    if spec.dtype not in ("uint8", "uint16"):
        raise DataError(f"{where}: has {spec.dtype} pixels, which no {format} holds; convert them to uint8 or uint16")
    if spec.channels not in _CHANNELS["png"]:
        raise DataError(f"{where}: has {spec.channels} channels, image files hold 1, 3 or 4; leave some out")
    if spec.channels not in _CHANNELS[format]:
        held = " or ".join(map(str, _CHANNELS[format]))
        raise DataError(
            f"{where}: has {spec.channels} channels, {format} holds {held}; use prepare(channels={held[-1]}), "
            "or format='png'"
        )
    if spec.dtype == "uint16" and format != "png":
        raise DataError(f"{where}: has uint16 pixels, which {format} does not hold; use format='png'")


def encoded(image: NDArray[Any], format: Format, quality: int | None, where: str) -> bytes:  # noqa: A002
    """Encode (h, w, c) uint8 or uint16 pixels in RGB order.

    Parameters
    ----------
    quality : 1 to 100 of a jpg or webp. None: png is lossless.
    where : what to call it in messages.

    Raises
    ------
    DataError : if the encoder refuses, as with sides that the format cannot have.
    """
    import cv2

    options = []
    if quality is not None:
        options = [cv2.IMWRITE_JPEG_QUALITY if format == "jpg" else cv2.IMWRITE_WEBP_QUALITY, quality]
    codes = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
    code = codes.get(image.shape[2])
    try:
        done, data = cv2.imencode(f".{format}", image if code is None else cv2.cvtColor(image, code), options)
    except cv2.error:
        done, data = False, np.empty(0, np.uint8)
    if not done:
        raise DataError(f"{where}: {image.shape[1]} x {image.shape[0]} pixels cannot be stored as {format}; use png")
    return bytes(data)


def original(table: Table, i: int, is_file: bool) -> bytes:
    """Image i as it is: the bytes of its file, or its array as a PNG."""
    return table.read(i) if is_file else encoded(table.decode(i), "png", None, table.where(i))
