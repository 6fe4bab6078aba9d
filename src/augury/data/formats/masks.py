"""Masks: beside each image in `images/` a PNG of the same stem and size that holds a number for each pixel.

Masks lie in the first of these folders that exists: masks, mask, labels, annotations, gt, ground_truth,
SegmentationClass. They are gray PNGs of up to 16 bits, or have a palette: then the numbers are the indices
into it, not its colours. What the numbers mean is known only to whoever drew them: line k of classes.txt or
labels.txt names number k (from 0); without such a file there is one class, "mask".

Parts are folders called train, val or test above or within `images/`.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.data.decode import decode
from augury.data.formats.marked import by_stem, class_names, image_table, lies_in, parts_by_folder, refuse
from augury.data.storage import Storage, is_image
from augury.data.table import Table
from augury.errors import DecodeError

_IMAGES = ("images", "image", "imgs", "jpegimages")
_MASKS = ("masks", "mask", "labels", "annotations", "gt", "ground_truth", "segmentationclass")
_CLASSES = ("classes.txt", "labels.txt")
_PNG = b"\x89PNG\r\n\x1a\n"
_GRAY, _PALETTE = 0, 3
_STEPS = {1: 255, 2: 85, 4: 17}  # gray of so many bits is spread over 0..255
_KEPT_CHUNKS = (b"IDAT", b"eXIf", b"IEND")


def recognised(storage: Storage) -> bool:
    """Whether images lie in a folder for images and PNGs in a folder for masks."""
    return _folder(storage) is not None and any(is_image(name) and lies_in(name, _IMAGES) for name in storage.files)


def table(storage: Storage) -> Table:
    """Read pairs of images and masks. No mask is decoded here; sizes are compared when one is used.

    Returns
    -------
    Images sorted by path.

    Raises
    ------
    DataError : if a mask has no image or is no PNG, or an image has no mask or lies outside `images/`.
    """
    root, own = storage.root, (_folder(storage) or _MASKS[0],)
    pictures = [name for name in storage.files if is_image(name)]
    images = [name for name in pictures if not lies_in(name, own)]
    masks = [name for name in pictures if lies_in(name, own)]
    refuse(root, [name for name in images if not lies_in(name, _IMAGES)], "images lie outside images/", "move them")
    other = [name for name in masks if not name.lower().endswith(".png")]
    refuse(root, other, "masks are no PNGs", "save them as PNG, which keeps every number")
    image_of, mask_of = by_stem(root, images, _IMAGES), by_stem(root, masks, own)
    lonely = [path for stem, path in image_of.items() if stem not in mask_of]
    refuse(root, lonely, "images have no mask", f"add one of the same stem to {own[0]}/")
    lonely = [path for stem, path in mask_of.items() if stem not in image_of]
    refuse(root, lonely, "masks have no image", "add one of the same stem, or remove them")
    paths, places = list(image_of.values()), [mask_of[stem] for stem in image_of]

    def mask(i: int) -> NDArray[Any]:
        return numbers(storage.read(places[i]), f"{root}/{places[i]}")

    names = [name for name in _CLASSES if name in storage.files]
    classes = class_names(storage, names[0]) if names else ("mask",)
    return image_table(storage, paths, classes, parts_by_folder(root, paths), mask=mask, layout="masks")


def numbers(data: bytes, where: str) -> NDArray[Any]:
    """Decode a mask.

    Parameters
    ----------
    data : a whole PNG file: gray of 1 to 16 bits, palette, or RGB of three equal channels.
    where : what to call it in messages.

    Returns
    -------
    (h, w) uint8, or uint16 of 16 bits: the numbers that the file holds, not the shades they stand for, so
    that a 1-bit mask gives 0 and 1.

    Raises
    ------
    DecodeError : if the data is no PNG, broken, in colour, or has an alpha channel.
    """
    if not data.startswith(_PNG):
        raise DecodeError(f"{where}: is no PNG inside; save the mask as PNG, which keeps every number")
    plain, step = _as_gray(data)
    image = decode(plain, where)
    if image.shape[2] != 1 and not (image.shape[2] == 3 and (image == image[..., :1]).all()):
        raise DecodeError(f"{where}: is in colour; a mask holds a number for each pixel: save it as a gray PNG")
    found: NDArray[Any] = np.ascontiguousarray(image[..., 0]) // image.dtype.type(step)
    return found


def _as_gray(data: bytes) -> tuple[bytes, int]:
    """A gray or palette PNG as a plain gray one, and by how much its decoder will multiply the numbers.

    A palette PNG is stored like a gray one, with a table of colours beside it, which decoders apply at once.
    So the colour type is changed, and all that would change numbers (palette, transparency, gamma) left out.
    """
    header = data[12:29]  # "IHDR", width, height, depth, colour type, ...
    if len(header) < 17 or data[29:33] != _checksum(header) or header[13] not in (_GRAY, _PALETTE):
        return data, 1  # in colour, or broken, as the decoder will say
    header = header[:13] + bytes([_GRAY]) + header[14:]
    chunks, at = [_PNG, data[8:12], header, _checksum(header)], 33
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big") + 12
        if data[at + 4 : at + 8] in _KEPT_CHUNKS:
            chunks.append(data[at : at + length])
        at += length
    return b"".join(chunks), _STEPS.get(header[12], 1)


def _checksum(chunk: bytes) -> bytes:
    return zlib.crc32(chunk).to_bytes(4, "big")


def _folder(storage: Storage) -> str | None:
    """The first of the folders for masks that holds a PNG, in lower case."""
    found = (f for f in _MASKS if any(n.lower().endswith(".png") and lies_in(n, (f,)) for n in storage.files))
    return next(found, None)
