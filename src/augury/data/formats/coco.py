"""COCO: a JSON file lists images, categories and boxes.

Boxes are x, y, width, height in pixels whose edges are counted from 0, so right = x + width. Crowd regions
(iscrowd) stand for many objects and give no box; outlines as run lengths (RLE) are not read; the table's
notes count both. Outlines as points and keypoints are read as `formats.coco_shapes` says. Categories of one
name are one class; classes stand in the order of their lowest ids. Images without annotations stay, as
background. The JSON files say which images are samples; others are noted.

Found are `_annotations.coco.json` in the folder of each part, as Roboflow writes it, else the files called
`annotations/instances_*.json`, else JSON files at the root or in `annotations/` that look like COCO.
Several files are the given parts, by the words train, val or test in their paths.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from augury.data.formats.coco_shapes import Keypoints, keypoints, keypoints_of_categories, rings
from augury.data.formats.marked import Boxes, Size, as_parts, image_table, part_within, read_text, shown
from augury.data.formats.shapes import Shape, Skeleton
from augury.data.storage import Storage, check_name, is_image
from augury.data.table import PARTS, Table
from augury.errors import DataError

Entries = list[dict[str, Any]]
_ROBOFLOW = "_annotations.coco.json"
_KEYS = ("images", "annotations", "categories")


@dataclass(frozen=True)
class _Document:
    """A parsed JSON file. `where` names it in messages."""

    name: str
    where: str
    images: Entries
    annotations: Entries
    categories: Entries


def recognised(storage: Storage) -> bool:
    """Whether there are COCO files; opens JSON files at the root and in `annotations/` only."""
    return bool(_names(storage))


def table(storage: Storage) -> Table:
    """Read a COCO dataset.

    Returns
    -------
    Images sorted by path, with their boxes in pixels.

    Raises
    ------
    DataError : if a file is not valid, an image is missing, listed twice or has no unique id, an annotation
        belongs to an unknown image or category, a box is not finite or has no area, or an outline or keypoints
        are no such numbers.
    """
    documents = [_parsed(storage, name) for name in _names(storage)]
    classes, labels = _classes(documents)
    files = set(storage.files)
    located = [_located(document, files) for document in documents]
    paths = sorted(path for places in located for path in places.values())
    twice = next((a for a, b in pairwise(paths) if a == b), None)
    if twice is not None:
        raise DataError(f"{storage.root}/{twice}: is listed twice, in {_list(documents)}; list it once")
    rows = {path: row for row, path in enumerate(paths)}
    drawn = keypoints_of_categories(
        (document.name, *entry)
        for document in documents
        for entry in _entries(document, "category", document.categories)
    )
    boxes, notes = Boxes(), _unlisted(storage, rows)
    sizes: list[Size | None] = [None] * len(paths)
    parts: list[int | None] = [None] * len(paths)
    for document, places in zip(documents, located, strict=True):
        part = _part(document, len(documents))
        for image in document.images:
            row = rows[places[image["id"]]]
            sizes[row], parts[row] = _size(document, image), part
        notes += _add_boxes(document, {image: rows[path] for image, path in places.items()}, labels, boxes, drawn)
    objects, given = boxes.objects(len(paths), skeleton=drawn.skeleton), as_parts(storage.root, paths, parts)
    return image_table(storage, paths, classes, given, objects=objects, sizes=sizes, notes=notes, layout="coco")


def _names(storage: Storage) -> list[str]:
    names = sorted(name for name in storage.files if name.lower().endswith(".json"))
    found = [name for name in names if name.split("/")[-1] == _ROBOFLOW]
    found = found or [name for name in names if name.startswith("annotations/instances_")]
    return found or [
        name for name in names if name.rpartition("/")[0] in ("", "annotations") and _looks_right(storage.read(name))
    ]


def _looks_right(data: bytes) -> bool:
    return b'"images"' in data and b'"annotations"' in data


def _parsed(storage: Storage, name: str) -> _Document:
    where = f"{storage.root}/{name}"
    try:
        document = json.loads(read_text(storage, name))
    except (ValueError, RecursionError) as error:  # too many digits or brackets, too
        raise DataError(f"{where}: is not valid JSON ({shown(str(error))}); export it again") from None
    for key in _KEYS:
        entries = document.get(key) if isinstance(document, dict) else None
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise DataError(f"{where}: holds no list of objects called {key!r}; export it again as COCO")
    return _Document(name, where, *(document[key] for key in _KEYS))


def _classes(documents: Sequence[_Document]) -> tuple[list[str], dict[Any, int]]:
    """Class names, and category id -> label. All files must agree on their ids."""
    names: dict[Any, str] = {}
    for document in documents:
        for where, category in _entries(document, "category", document.categories):
            key, name = category["id"], category.get("name")
            if not isinstance(name, str) or not name:
                raise DataError(f"{where}: name {shown(name)}; expected text")
            check_name(where, name)
            if names.setdefault(key, name) != name:
                raise DataError(f"{where}: is {shown(name)} here and {shown(names[key])} before; give each its own id")
    ids = sorted(names, key=lambda key: (isinstance(key, str), key))
    classes = list(dict.fromkeys(names[key] for key in ids))
    index = {name: label for label, name in enumerate(classes)}
    return classes, {key: index[names[key]] for key in ids}


def _located(document: _Document, files: set[str]) -> dict[Any, str]:
    """Image id -> path of its file."""
    names: dict[Any, str] = {}
    for where, image in _entries(document, "image", document.images):
        if image["id"] in names:
            raise DataError(f"{where}: two images have this id; give each its own")
        names[image["id"]] = _file_name(where, image.get("file_name"))

    def present(folder: str) -> int:
        return sum(folder + name in files for name in names.values())

    folder = max(_folders(document.name), key=present)  # the first of equals
    missing = [key for key, name in names.items() if folder + name not in files]
    if missing:
        raise DataError(
            f"{document.where}: image id {shown(missing[0])}: {shown(names[missing[0]])} is not there "
            f"({len(missing)} of {len(names)} images are missing); add the images or remove them from the file"
        )
    return {key: folder + name for key, name in names.items()}


def _file_name(where: str, name: Any) -> str:
    parts = name.replace("\\", "/").split("/") if isinstance(name, str) else [""]
    plain = [part for part in parts if part != "."]
    if "" in plain or ".." in plain or plain[0].endswith(":"):
        raise DataError(f"{where}: file_name {shown(name)}; expected a relative path within the dataset")
    return "/".join(plain)


def _folders(name: str) -> list[str]:
    """Where the images of an annotation file may lie, as prefixes of paths; likelier places first."""
    own, _, last = name.rpartition("/")
    tail = last.rpartition(".")[0].removeprefix("instances_")
    part = part_within(name)
    inner = [tail, f"images/{tail}"] + ([] if part is None else [PARTS[part], f"images/{PARTS[part]}"])
    return [f"{folder}/" if folder else "" for folder in (own, *inner, "", "images", "data")]


def _part(document: _Document, of: int) -> int | None:
    """The part that one of several files holds."""
    part = part_within(document.name)
    if of > 1 and part is None:
        raise DataError(f"{document.where}: one of {of} files, and its name says not which part; call it train.json")
    return part if of > 1 else None


def _size(document: _Document, image: dict[str, Any]) -> Size | None:
    """(height, width) that an image is said to have."""
    height, width = image.get("height"), image.get("width")
    if height is None or width is None:
        return None
    if not all(type(side) in (int, float) and 0 < side < 2**31 and side == int(side) for side in (height, width)):
        raise DataError(
            f"{document.where}: image id {shown(image['id'])}: height {shown(height)} and width {shown(width)}; "
            "expected whole pixels"
        )
    return int(height), int(width)


def _add_boxes(
    document: _Document, rows: dict[Any, int], labels: dict[Any, int], boxes: Boxes, drawn: Keypoints
) -> list[str]:
    """Collect the objects of a file. Returns notes on what was left out."""
    left: Counter[str] = Counter()
    for k, annotation in enumerate(document.annotations):
        where = f"{document.where}: annotation {_called(annotation, k)}"
        row = _looked_up(where, annotation, "image_id", rows)
        label = _looked_up(where, annotation, "category_id", labels)
        if annotation.get("iscrowd", 0) not in (0, 1):
            raise DataError(f"{where}: iscrowd {shown(annotation['iscrowd'])}; expected 0 or 1")
        if annotation.get("iscrowd"):
            left["crowd regions give no box"] += 1
            continue
        x, y, width, height = _numbers(where, annotation.get("bbox"))
        columns = drawn.columns[document.name, annotation["category_id"]]
        shape = _shape(where, annotation, columns, drawn.skeleton, left)
        boxes.add(row, (x, y, x + width, y + height), label, where, shape)
    return [f"{document.where}: {count} {what}" for what, count in left.items()]


def _shape(
    where: str, annotation: dict[str, Any], columns: list[int], skeleton: Skeleton | None, left: Counter[str]
) -> Shape:
    """What is drawn of an object; counts what is not read."""
    outline = rings(where, annotation.get("segmentation"))
    if outline is None:
        left["outlines are run lengths (RLE), which are not read; their boxes are"] += 1
    points = annotation.get("keypoints")
    if points and not columns:
        left["objects have keypoints that their category does not name; these are not read"] += 1
        points = None
    found = None if skeleton is None else keypoints(where, points, columns, skeleton.count)
    return Shape(outline or (), found)


def _called(entry: dict[str, Any], k: int) -> str:
    return f"id {shown(entry['id'])}" if "id" in entry else f"number {k}"


def _looked_up(where: str, annotation: dict[str, Any], key: str, known: dict[Any, int]) -> int:
    value = annotation.get(key)
    if type(value) not in (int, str) or value not in known:
        raise DataError(f"{where}: {key} {shown(value)} is not in the file; correct or remove the annotation")
    return known[value]


def _numbers(where: str, bbox: Any) -> list[float]:
    try:
        if isinstance(bbox, list) and len(bbox) == 4 and all(type(value) in (int, float) for value in bbox):
            return [float(value) for value in bbox]
    except OverflowError:
        pass  # a whole number of hundreds of digits
    raise DataError(f"{where}: bbox {shown(bbox)}; expected four numbers: x, y, width, height")


def _entries(document: _Document, kind: str, entries: Entries) -> Iterator[tuple[str, dict[str, Any]]]:
    """Entries with their names in messages, once their ids are known to be usable."""
    for k, entry in enumerate(entries):
        where = f"{document.where}: {kind} {_called(entry, k)}"
        if type(entry.get("id")) not in (int, str):
            raise DataError(f"{where}: has no id that is a whole number or text; give it one")
        yield where, entry


def _unlisted(storage: Storage, rows: dict[str, int]) -> list[str]:
    others = sorted(name for name in storage.files if is_image(name) and name not in rows)
    return [f"{storage.root}: {len(others)} images are in no COCO file (first: {others[0]})"] if others else []


def _list(documents: Sequence[_Document]) -> str:
    return ", ".join(document.name for document in documents)
