"""YOLO, as Ultralytics reads it: beside each image in `images/` a text file of the same stem in `labels/`.

A line is a class number and a box, x and y of its centre, width and height, in fractions of the image: 0 and
1 are its outer edges. Three or more points, x and y, are an outline instead; its box is the smallest upright
one around it. Where every line that is no box has four points, they are rotated boxes (OBB), unless
data.yaml says `task: segment`. Where data.yaml has kpt_shape, keypoints follow each box: x and y in
fractions, and 0 (not labelled), 1 (hidden) or 2 (visible); without this third number a keypoint is visible,
but not labelled at 0 0 or a negative place.

An image without a label file, or with an empty one, is background. Boxes that reach beyond the image are kept
as they are; streams clip them.

Names of classes come from data.yaml (or the only other .yaml file at the root), else from classes.txt.
Parts are folders called train, val or test above or within `images/`; paths in data.yaml are not followed.
"""

from __future__ import annotations

import numpy as np

from augury.data.formats.marked import (
    Box,
    Boxes,
    by_stem,
    class_names,
    image_table,
    lies_in,
    parts_by_folder,
    read_text,
    refuse,
    shown,
)
from augury.data.formats.shapes import Shape, as_quads
from augury.data.formats.yolo_said import SEGMENT, Said, keypoints_of, said_in
from augury.data.storage import Storage, is_image
from augury.data.table import Table
from augury.errors import DataError

_IMAGES, _LABELS = ("images",), ("labels",)
_CLASSES = "classes.txt"
TOLERANCE = 1e-3  # exporters round, and some divide by width - 1


def recognised(storage: Storage) -> bool:
    """Whether text files lie in `labels/` and images in `images/`."""
    return bool(_label_files(storage)) and any(is_image(name) and lies_in(name, _IMAGES) for name in storage.files)


def table(storage: Storage) -> Table:
    """Read a YOLO dataset.

    Returns
    -------
    Images sorted by path, with their boxes in fractions of width and height.

    Raises
    ------
    DataError : if a label file has no image or a line that is no box, outline or keypoints within the image, an
        image lies outside `images/`, or the names of the classes are missing or too few.
    """
    root = storage.root
    images = [name for name in storage.files if is_image(name)]
    refuse(root, [name for name in images if not lies_in(name, _IMAGES)], "images lie outside images/", "move them")
    image_of = by_stem(root, images, _IMAGES)
    label_of = by_stem(root, _label_files(storage), _LABELS)
    lonely = [path for stem, path in label_of.items() if stem not in image_of]
    refuse(root, lonely, "label files have no image", "add one of the same stem, or remove them")
    said, boxes = _said(storage), Boxes()
    for row, stem in enumerate(image_of):
        if stem in label_of:
            _add_boxes(storage, label_of[stem], row, said, boxes)
    paths = list(image_of.values())
    objects = boxes.objects(len(paths), True, None if said.pose is None else said.pose.skeleton)
    if said.task != SEGMENT and objects.polygons is not None and (np.diff(objects.polygons.rings) == 4).all():
        objects = as_quads(objects)
    parts = parts_by_folder(root, paths)
    return image_table(storage, paths, said.classes, parts, objects=objects, notes=said.notes, layout="yolo")


def _label_files(storage: Storage) -> list[str]:
    texts = [name for name in storage.files if name.lower().endswith(".txt") and lies_in(name, _LABELS)]
    return [name for name in texts if name.split("/")[-1] != _CLASSES]


def _add_boxes(storage: Storage, name: str, row: int, said: Said, boxes: Boxes) -> None:
    for number, line in enumerate(read_text(storage, name).splitlines(), start=1):
        if line.strip():
            place = f"{storage.root}/{name}, line {number}"
            label, box, shape = _parsed(line, said, place)
            boxes.add(row, box, label, place, shape)


def _parsed(line: str, said: Said, place: str) -> tuple[int, Box, Shape]:
    """Class number, box and shape, in fractions, of one line."""
    try:
        label, *values = (float(word) for word in line.split())
    except ValueError:
        raise DataError(f"{place}: {shown(line)}; expected numbers only") from None
    classes = len(said.classes)
    if not 0 <= label < classes or label != int(label):
        raise DataError(f"{place}: class {label:g}; there are {classes} classes, counted from 0")
    keypoints = None
    if said.pose is not None:
        keypoints = keypoints_of(values[4:], said.pose, place)
        values = [*values[:4], *keypoints[:, :2].ravel().tolist()]
    elif len(values) != 4 and (len(values) < 6 or len(values) % 2):
        raise DataError(f"{place}: {len(values) + 1} numbers; expected a class and 4, or the points of a polygon")
    wrong = [value for value in values if not -TOLERANCE <= value <= 1 + TOLERANCE]
    if wrong:
        raise DataError(f"{place}: {wrong[0]:g} lies outside 0..1; write fractions of the image's width and height")
    if said.pose is not None or len(values) == 4:
        x, y, width, height = values[:4]
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        return int(label), box, Shape(keypoints=keypoints)
    ring = np.array(values).reshape(-1, 2)
    return int(label), (*ring.min(axis=0).tolist(), *ring.max(axis=0).tolist()), Shape([ring])


def _said(storage: Storage) -> Said:
    tops = sorted(name for name in storage.files if "/" not in name)
    documents = [name for name in tops if name.lower().endswith((".yaml", ".yml"))]
    documents = [name for name in documents if name.startswith("data.")] or documents
    if len(documents) > 1:
        raise DataError(f"{storage.root}: holds {', '.join(documents)}; call the one with the names data.yaml")
    if documents:
        return said_in(read_text(storage, documents[0]), f"{storage.root}/{documents[0]}")
    texts = [name for name in (_CLASSES, f"labels/{_CLASSES}") if name in storage.files]
    if not texts:
        raise DataError(f"{storage.root}: the names of the classes are missing; add data.yaml, or classes.txt")
    return Said(class_names(storage, texts[0]))
