"""Arrays that a caller of `Policy.apply` gives: images, label maps, instance masks; and these on their way."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from augury.errors import DataError

Pixels = NDArray[Any]
Size = tuple[int, int]
_HINTS = {"f": "float32", "b": "uint8", "i": "uint8", "u": "uint16"}


def given_images(image: Any) -> list[Pixels]:
    """One image, or several of one size: (h, w, c) each, read-only.

    Raises
    ------
    DataError : if one is no image of uint8, uint16 or float32, or they differ in size.
    """
    several = isinstance(image, (list, tuple))
    given = list(image) if several else [image]
    if not given:
        raise DataError("image: an empty list; give at least one image")
    images = [_image(one, f"image[{i}]" if several else "image") for i, one in enumerate(given)]
    for i, one in enumerate(images):
        if one.shape[:2] != images[0].shape[:2]:
            raise DataError(
                f"image[{i}]: is {one.shape[0]}x{one.shape[1]} (height x width), image[0] "
                f"{images[0].shape[0]}x{images[0].shape[1]}; images with one draw have one size"
            )
    return images


def given_masks(masks: Any, size: Size) -> list[Pixels]:
    """Label maps (h, w) of one image, all uint8 or all uint16: one array, or one or several in a list.

    Raises
    ------
    DataError : if one is of another shape, or a dtype does not fit.
    """
    several = isinstance(masks, (list, tuple))
    given = [np.asarray(mask) for mask in (masks if several else [masks])]
    for i, mask in enumerate(given):
        place = f"masks[{i}]" if several else "masks"
        _check_size(mask, size, place)
        if mask.dtype not in (np.uint8, np.uint16):
            raise DataError(f"{place}: dtype {mask.dtype}; expected uint8 or uint16, for instance .astype(np.uint8)")
        if mask.dtype != given[0].dtype:
            raise DataError(f"{place}: is {mask.dtype}, masks[0] {given[0].dtype}; convert one")
    return given


def given_instances(instances: Any, size: Size) -> Pixels:
    """The masks of k objects: bool (k, h, w).

    Raises
    ------
    DataError : if one is of another shape, holds more than 0 and 1, or marks no pixel.
    """
    found = np.zeros((len(instances), *size), bool)
    for i, given in enumerate(instances):
        mask, place = np.asarray(given), f"instances[{i}]"
        _check_size(mask, size, place)
        if mask.dtype.kind not in "biu" or mask.min() < 0 or mask.max() > 1:
            raise DataError(f"{place}: {mask.dtype}, up to {mask.max()}; expected bool, or whole numbers 0 and 1")
        if not mask.any():
            raise DataError(f"{place}: marks no pixel; leave the object out")
        found[i] = mask
    return found


class Planes(NamedTuple):
    """Label maps and instance masks as one array (h, w, m), so that one pass moves them all; None where m is 0."""

    pixels: Pixels | None
    maps: int
    mark: int

    @classmethod
    def of(cls, maps: list[Pixels], shapes: Pixels | None, outside: int) -> Planes:
        """Instances are marked by a number that is not the label of what lies outside."""
        mark = 2 if outside == 1 else 1
        dtype = maps[0].dtype if maps else np.dtype(np.uint8 if outside < 256 else np.uint16)
        planes = [*maps, *(mask * dtype.type(mark) for mask in (() if shapes is None else shapes))]
        return cls(np.stack(planes, axis=-1) if planes else None, len(maps), mark)

    def parted(self, moved: Pixels | None, size: Size) -> tuple[list[Pixels], NDArray[np.bool_]]:
        """Moved planes (1, h, w, m) as label maps (h, w) and instance masks (k, h, w) of this size."""
        planes = np.zeros((0, *size), np.uint8) if moved is None else np.moveaxis(moved[0], -1, 0)
        return [np.ascontiguousarray(one) for one in planes[: self.maps]], planes[self.maps :] == self.mark


def _image(given: Any, place: str) -> Pixels:
    image = np.asarray(given)
    if image.ndim not in (2, 3) or 0 in image.shape:
        raise DataError(f"{place}: shape {image.shape}; expected (h, w) or (h, w, c), none of them 0")
    if image.dtype not in (np.uint8, np.uint16, np.float32):
        hint = _HINTS.get(image.dtype.kind, "uint8")
        raise DataError(
            f"{place}: dtype {image.dtype}; expected uint8, uint16 or float32, for instance .astype(np.{hint})"
        )
    image = image[..., None] if image.ndim == 2 else image.view()
    image.flags.writeable = False
    return image


def _check_size(mask: Pixels, size: Size, place: str) -> None:
    if mask.shape != size:
        raise DataError(f"{place}: shape {mask.shape}, the image is {size}; give one (h, w) of the same size")
