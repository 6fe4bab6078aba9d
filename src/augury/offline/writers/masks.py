"""Masks: beside each image in `images/` a gray PNG of 8 or 16 bits in `masks/`, with a number for each pixel.

`classes.txt` names the numbers, one a line, from 0. With parts both have a folder for each.
Holds: masks of uint8 and uint16, every number of them, and parts. Does not hold: all else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from augury.errors import DataError
from augury.offline.encode import encoded
from augury.offline.writers.annotated import Annotated, File, Legend, held, in_folder, stem

_HOLDS = frozenset({"mask"})
BY_STEM = True


def image_path(image: Annotated, legend: Legend) -> str:
    """`images/part/name`."""
    del legend
    return in_folder("images", image)


def fitted(image: Annotated) -> tuple[Annotated, Counter[str]]:
    """See `Writer`."""
    return held(image, _HOLDS)


def files(images: Iterable[Annotated], legend: Legend) -> Iterator[File]:
    """A PNG for each image as it comes, and at the end the names."""
    for image in images:
        yield mask_file(image)
    yield "classes.txt", "".join(f"{name}\n" for name in legend.classes).encode()


def mask_path(image: Annotated) -> str:
    """`masks/part/name.png`."""
    return f"{stem(in_folder('masks', image))}.png"


def mask_file(image: Annotated) -> File:
    """The PNG beside an image."""
    if image.mask is None or image.mask.shape != (image.height, image.width):
        shape = None if image.mask is None else image.mask.shape
        raise DataError(f"{image.where}: is {image.height}x{image.width}, its mask {shape}; draw it for the image")
    return mask_path(image), encoded(image.mask[..., None], "png", None, image.where)
