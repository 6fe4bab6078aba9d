"""Folders: one for each class, and around them one for each part.

Holds: the class of each image, and parts. Does not hold: boxes, shapes, masks, groups.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from augury.errors import DataError
from augury.offline.writers.annotated import Annotated, File, Legend, held

_HOLDS = frozenset({"label"})
BY_STEM = False


def image_path(image: Annotated, legend: Legend) -> str:
    """`part/class/name`; a class that cannot be the name of a folder is refused."""
    name = legend.classes[image.label or 0]
    if set(name) & {"/", "\\"} or name.startswith(".") or name != name.strip():
        raise DataError(f"{image.where}: its class {name!r} cannot be the name of a folder; rename it, or write csv")
    return "/".join(part for part in (image.part, name, image.path) if part)


def fitted(image: Annotated) -> tuple[Annotated, Counter[str]]:
    """See `Writer`."""
    return held(image, _HOLDS)


def files(images: Iterable[Annotated], legend: Legend) -> Iterator[File]:
    """Nothing beside the images: their places say all."""
    del legend
    for _ in images:
        pass
    return iter(())
