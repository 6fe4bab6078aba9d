"""Annotated: one image and all that is marked in it, in the one form that every writer takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from augury.data.formats.shapes import corners

Floats = NDArray[np.float64]
File = tuple[str, bytes]
SEVERAL = {"boxes": "boxes off their outlines", "mask": "masks", "label": "labels", "columns": "groups"}


@dataclass(frozen=True, eq=False)
class Annotated:
    """One image. Lengths are pixels of it, edges counted from 0: pixel 0 spans 0..1, its centre is 0.5.

    Attributes
    ----------
    path : name of the image's file, without folders. where : the image, as messages name it.
    height, width : in pixels.
    label : index into the classes, of an image that shows one class; else None.
    boxes : (k, 4), x0 y0 x1 y1; None where the dataset has no boxes. labels : (k,), index of each.
    keypoints : (k, p, 3), as `Objects` holds them. polygons : the rings of each object, (n, 2) each.
    quads : (k, 4, 2), rotated boxes.
    mask : (height, width) uint8 or uint16.
    part : train, val or test; None where the dataset is not divided.
    columns : what else a table says of it, such as its group.
    """

    path: str
    height: int
    width: int
    where: str = "image"
    label: int | None = None
    boxes: Floats | None = None
    labels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    keypoints: Floats | None = None
    polygons: Sequence[Sequence[Floats]] | None = None
    quads: Floats | None = None
    mask: NDArray[Any] | None = None
    part: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Legend:
    """What is the same for all images of a dataset; see `Objects` for the keypoints."""

    classes: tuple[str, ...]
    keypoint_names: tuple[str, ...] = ()
    keypoint_swaps: tuple[tuple[int, int], ...] = ()


class Writer(Protocol):
    """What every module of this folder offers.

    `BY_STEM` says whether annotations are found by the name of the image without its ending. `image_path` is where the
    image lies. `fitted` gives the image as the format can hold it, and counts what was left out. `files` takes such
    images, and gives annotation files as soon as they are whole.
    """

    @property
    def BY_STEM(self) -> bool: ...  # noqa: D102, N802

    def image_path(self, image: Annotated, legend: Legend) -> str: ...  # noqa: D102

    def fitted(self, image: Annotated) -> tuple[Annotated, Counter[str]]: ...  # noqa: D102

    def files(self, images: Iterable[Annotated], legend: Legend) -> Iterator[File]: ...  # noqa: D102


def held(image: Annotated, fields: frozenset[str]) -> tuple[Annotated, Counter[str]]:
    """The image without what is not among some fields, and how much of each kind that was.

    Keypoints that are not labelled, and rotated boxes that are upright, are no loss.
    """
    boxes = np.zeros((0, 4)) if image.boxes is None else image.boxes
    lost = Counter[str]()
    if image.keypoints is not None:
        lost["keypoints"] = int((image.keypoints[:, :, 2] > 0).any(axis=1).sum())
    if image.polygons is not None:
        lost["polygons"] = sum(bool(rings) for rings in image.polygons)
    if image.quads is not None:
        lost["quads"] = int((image.quads != corners(boxes)).any(axis=(1, 2)).sum())
    lost["mask"] = int(image.mask is not None)
    lost["label"] = int(image.label is not None)
    lost["boxes"] = len(boxes)
    lost["columns"] = len(image.columns)
    absent = set(lost).difference(fields)
    empty: dict[str, Any] = {name: {} if name == "columns" else None for name in absent}
    return replace(image, **empty), Counter({name: lost[name] for name in absent if lost[name]})


def counted(lost: Mapping[str, int]) -> str:
    """What was left out, in words."""
    return ", ".join(f"{count} {SEVERAL.get(name, name)}" for name, count in sorted(lost.items()))


def in_folder(folder: str, image: Annotated) -> str:
    """Path of the image in a folder, and there in the folder of its part."""
    return "/".join(name for name in (folder, image.part, image.path) if name)


def stem(path: str) -> str:
    """A path without its ending."""
    return path.rpartition(".")[0]


def area(ring: Floats) -> float:
    """The area within a ring (n, 2)."""
    x, y = ring[:, 0], ring[:, 1]
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
