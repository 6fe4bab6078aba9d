"""How people write boxes down: the edges in pixels or fractions, and the ways of COCO, YOLO and Pascal VOC."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from augury.errors import DataError
from augury.kernels import Floats

BoxFormat = Literal["pixels", "fractions", "coco", "yolo", "voc"]
Size = tuple[int, int]


def check_format(name: Any) -> None:
    """Raise a DataError of one line unless this is a format of boxes."""
    if name not in get_args(BoxFormat):
        raise DataError(f"format={name!r}; expected one of {', '.join(get_args(BoxFormat))}")


def to_pixels(boxes: Floats, name: BoxFormat, size: Size) -> Floats:
    """Boxes as a format holds them to left, top, right, bottom in pixels, pixel 0 spanning 0..1.

    Parameters
    ----------
    boxes : (k, 4). name : "pixels" as they come out; "fractions", the same over width and height; "coco", left, top,
        width, height in pixels; "yolo", middle x, middle y, width, height as fractions; "voc", "pixels" with the left
        and top pixel counted from 1, as its files have them.
    size : (height, width) of the image.
    """
    first, second = boxes[:, :2], boxes[:, 2:]
    if name == "coco":
        second = first + second
    elif name == "yolo":
        first, second = first - second / 2, first + second / 2
    elif name == "voc":
        first = first - 1
    edges = np.concatenate([first, second], axis=1)
    return edges * _sides(size) if name in ("fractions", "yolo") else edges


def from_pixels(boxes: NDArray[np.float32], name: BoxFormat, size: Size) -> NDArray[np.float32]:
    """The way back from `to_pixels`; float32, rounded once."""
    edges = boxes.astype(np.float64) / (_sides(size) if name in ("fractions", "yolo") else 1.0)
    first, second = edges[:, :2], edges[:, 2:]
    if name == "coco":
        second = second - first
    elif name == "yolo":
        first, second = (first + second) / 2, second - first
    elif name == "voc":
        first = first + 1
    return np.concatenate([first, second], axis=1).astype(np.float32)


def _sides(size: Size) -> Floats:
    return np.array([size[1], size[0]] * 2, np.float64)
