"""YOLO, as Ultralytics reads it: beside each image in `images/` a text file of the same stem in `labels/`.

A line is a class number and a box, x and y of its centre, width and height, in fractions of the image. A
line with three or more points, x and y, is the polygon of a segmentation dataset or an oriented box: its
box is the smallest upright one around it. An image without a label file, or with an empty one, is
background. Boxes that reach beyond the image are kept as they are; streams clip them.

Names of classes come from data.yaml (or the only other .yaml file at the root), else from classes.txt.
Parts are folders called train, val or test above or within `images/`; paths in data.yaml are not followed.
"""

from __future__ import annotations

from typing import Any

import yaml

from augury.data.formats.marked import (
    Box,
    Boxes,
    by_stem,
    checked_names,
    class_names,
    image_table,
    lies_in,
    parts_by_folder,
    read_text,
    refuse,
    shown,
)
from augury.data.storage import Storage, is_image
from augury.data.table import Table
from augury.errors import DataError

_IMAGES, _LABELS = ("images",), ("labels",)
_CLASSES = "classes.txt"
_TOLERANCE = 1e-3  # exporters round, and some divide by width - 1


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
    DataError : if a label file has no image or a line that is no box or polygon within the image, an image
        lies outside `images/`, or the names of the classes are missing or too few.
    """
    root = storage.root
    images = [name for name in storage.files if is_image(name)]
    refuse(root, [name for name in images if not lies_in(name, _IMAGES)], "images lie outside images/", "move them")
    image_of = by_stem(root, images, _IMAGES)
    label_of = by_stem(root, _label_files(storage), _LABELS)
    lonely = [path for stem, path in label_of.items() if stem not in image_of]
    refuse(root, lonely, "label files have no image", "add one of the same stem, or remove them")
    classes, boxes = _classes(storage), Boxes()
    for row, stem in enumerate(image_of):
        if stem in label_of:
            _add_boxes(storage, label_of[stem], row, len(classes), boxes)
    paths = list(image_of.values())
    objects = boxes.objects(len(paths), fractions=True)
    return image_table(storage, paths, classes, parts_by_folder(root, paths), objects=objects)


def _label_files(storage: Storage) -> list[str]:
    texts = [name for name in storage.files if name.lower().endswith(".txt") and lies_in(name, _LABELS)]
    return [name for name in texts if name.split("/")[-1] != _CLASSES]


def _add_boxes(storage: Storage, name: str, row: int, classes: int, boxes: Boxes) -> None:
    for number, line in enumerate(read_text(storage, name).splitlines(), start=1):
        if line.strip():
            place = f"{storage.root}/{name}, line {number}"
            label, box = _parsed(line, classes, place)
            boxes.add(row, box, label, place)


def _parsed(line: str, classes: int, place: str) -> tuple[int, Box]:
    """Class number and box, in fractions, of one line."""
    try:
        label, *values = (float(word) for word in line.split())
    except ValueError:
        raise DataError(f"{place}: {shown(line)}; expected numbers only") from None
    if not 0 <= label < classes or label != int(label):
        raise DataError(f"{place}: class {label:g}; there are {classes} classes, counted from 0")
    if len(values) != 4 and (len(values) < 6 or len(values) % 2):
        raise DataError(f"{place}: {len(values) + 1} numbers; expected a class and 4, or the points of a polygon")
    wrong = [value for value in values if not -_TOLERANCE <= value <= 1 + _TOLERANCE]
    if wrong:
        raise DataError(f"{place}: {wrong[0]:g} lies outside 0..1; write fractions of the image's width and height")
    if len(values) == 4:
        x, y, width, height = values
        return int(label), (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    across, down = values[::2], values[1::2]
    return int(label), (min(across), min(down), max(across), max(down))


def _classes(storage: Storage) -> tuple[str, ...]:
    tops = sorted(name for name in storage.files if "/" not in name)
    documents = [name for name in tops if name.lower().endswith((".yaml", ".yml"))]
    documents = [name for name in documents if name.startswith("data.")] or documents
    if len(documents) > 1:
        raise DataError(f"{storage.root}: holds {', '.join(documents)}; call the one with the names data.yaml")
    if documents:
        return _yaml_names(storage, documents[0])
    texts = [name for name in (_CLASSES, f"labels/{_CLASSES}") if name in storage.files]
    if not texts:
        raise DataError(f"{storage.root}: the names of the classes are missing; add data.yaml, or classes.txt")
    return class_names(storage, texts[0])


def _yaml_names(storage: Storage, name: str) -> tuple[str, ...]:
    where = f"{storage.root}/{name}"
    document = _yaml(read_text(storage, name), where)
    if not isinstance(document, dict):
        raise DataError(f"{where}: holds no 'names'; list the names of the classes there")
    if "kpt_shape" in document:
        raise DataError(f"{where}: labels of poses (kpt_shape) cannot be read; export the dataset for detection")
    names = document.get("names")
    if isinstance(names, dict):
        if list(names) and sorted(names, key=str) != sorted(range(len(names)), key=str):
            raise DataError(f"{where}: the keys of 'names' are {shown(list(names))}; expected 0, 1, 2, ...")
        names = [names[k] for k in range(len(names))]
    if not isinstance(names, list):
        raise DataError(f"{where}: 'names' is {shown(names)}; expected a list, or a mapping from 0, 1, 2, ...")
    wrong = next((k for k, value in enumerate(names) if type(value) not in (str, int)), None)
    if wrong is not None:  # YAML reads no, yes, off as truth values
        raise DataError(f"{where}: name {wrong} is {shown(names[wrong])}, not text; put it in quotes")
    if document.get("nc", len(names)) != len(names):
        raise DataError(f"{where}: nc is {shown(document['nc'])}, but there are {len(names)} names; correct one")
    return checked_names(where, [str(value) for value in names])


def _yaml(text: str, where: str) -> Any:
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, yaml.SafeLoader)):
            raise DataError(f"{where}: uses aliases (*name), with which a small file grows without end; write it out")
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "too deep, or a wrong date"
        raise DataError(f"{where}: is not valid YAML ({shown(reason)}); correct it") from None
