"""What the readers of detection and segmentation datasets share: stems, given parts, boxes, the table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.data.decode import decode
from augury.data.formats.files import KNOWN
from augury.data.formats.parts import part_named
from augury.data.formats.shapes import Shape, Skeleton, with_shapes
from augury.data.storage import Storage, check_name
from augury.data.table import PARTS, Objects, Table
from augury.errors import DataError, DecodeError

Box = tuple[float, float, float, float]
Size = tuple[int, int]
_PLAIN = Shape()


class Boxes:
    """Collects boxes in any order, and checks them all at once."""

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._boxes: list[Box] = []
        self._labels: list[int] = []
        self._places: list[str] = []
        self._shapes: list[Shape] = []

    def add(self, row: int, box: Box, label: int, place: str, shape: Shape = _PLAIN) -> None:
        """One box, x0 y0 x1 y1, of the sample at a row; `place` names it in messages."""
        self._rows.append(row)
        self._boxes.append(box)
        self._labels.append(label)
        self._places.append(place)
        self._shapes.append(shape)

    def objects(self, n: int, fractions: bool = False, skeleton: Skeleton | None = None) -> Objects:
        """The boxes of n samples, with their shapes; without a skeleton they have no keypoints.

        One that is not finite, or a box that has no area, raises a DataError that counts them.
        """
        with np.errstate(over="ignore"):  # what becomes infinite is refused below
            boxes = np.array(self._boxes, np.float64).reshape(-1, 4).astype(np.float32)
        wrong = np.flatnonzero(~np.isfinite(boxes).all(axis=1) | (boxes[:, :2] >= boxes[:, 2:]).any(axis=1))
        if len(wrong):
            edges = ", ".join(f"{edge:g}" for edge in self._boxes[wrong[0]])
            raise DataError(
                f"{self._places[wrong[0]]}: box (left, top, right, bottom = {edges}) has no area or is not finite "
                f"({len(wrong)} of {len(boxes)} boxes); correct or remove it"
            )
        rows = np.array(self._rows, np.int64)
        order = np.argsort(rows, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))]).astype(np.int64)
        found = Objects(starts, boxes[order], np.array(self._labels, np.int64)[order], fractions)
        shapes, places = [self._shapes[k] for k in order], [self._places[k] for k in order]
        return with_shapes(found, shapes, places, skeleton)


def lies_in(path: str, folders: Sequence[str]) -> bool:
    """Whether one of the folders on the path has one of these names, which are lower case."""
    return any(folder in folders for folder in path.lower().split("/")[:-1])


def stem(path: str, folders: Sequence[str]) -> str:
    """The path without its ending and without the last folder of one of these names.

    Examples
    --------
    >>> stem("train/images/17.jpg", ["images"]), stem("labels/train/17.txt", ["labels"])
    ('train/17', 'train/17')
    """
    *above, name = path.split("/")
    own = [k for k, folder in enumerate(above) if folder.lower() in folders]
    if own:
        del above[own[-1]]
    return "/".join([*above, name.rpartition(".")[0] or name])


def by_stem(root: str, paths: Sequence[str], folders: Sequence[str]) -> dict[str, str]:
    """Stem -> path, sorted by path. Two files of one stem raise a DataError."""
    found: dict[str, str] = {}
    for path in sorted(paths):
        key = stem(path, folders)
        if key in found:
            raise DataError(f"{root}: {found[key]} and {path} would share their annotations; rename one of them")
        found[key] = path
    return found


def refuse(root: str, paths: Sequence[str], what: str, cure: str) -> None:
    """Raise a DataError that counts the paths and names the first, if there are any."""
    if paths:
        raise DataError(f"{root}: {len(paths)} {what} (first: {min(paths)}); {cure}")


def part_within(name: str) -> int | None:
    """Index into PARTS of the one part that is a word of a name, if there is just one.

    Examples
    --------
    >>> part_within("instances_val2017.json"), part_within("valid"), part_within("trainval")
    (1, 1, None)
    """
    found = {part_named(word) for word in re.split(r"[^a-z]+", name.lower())} - {None}
    return found.pop() if len(found) == 1 else None


def parts_by_folder(root: str, paths: Sequence[str]) -> NDArray[np.int8] | None:
    """Given parts by the first folder of each path that is called after one; see `as_parts`."""
    part: dict[str, int | None] = {}
    for folder in {path.rpartition("/")[0] for path in paths}:
        part[folder] = next((p for p in map(part_within, folder.split("/")) if p is not None), None)
    return as_parts(root, paths, [part[path.rpartition("/")[0]] for path in paths])


def as_parts(root: str, paths: Sequence[str], parts: Sequence[int | None]) -> NDArray[np.int8] | None:
    """Parts (n,) as `Table` holds them; None where all samples lie in one part or in none.

    Raises
    ------
    DataError : if some samples lie in a part and others in none.
    """
    if len(set(parts)) < 2:
        return None
    if None in parts:
        names = ", ".join(PARTS[part] for part in sorted({part for part in parts if part is not None}))
        raise DataError(
            f"{root}: {list(parts).count(None)} images belong to none of the parts ({names}), first: "
            f"{paths[list(parts).index(None)]}; move them into one"
        )
    return np.array(parts, np.int8)


def image_table(
    storage: Storage,
    paths: Sequence[str],
    classes: Sequence[str],
    parts: NDArray[np.int8] | None,
    *,
    objects: Objects | None = None,
    sizes: Sequence[Size | None] | None = None,
    mask: Callable[[int], NDArray[Any]] | None = None,
    notes: Sequence[str] = (),
    layout: str,
) -> Table:
    """A table of images with boxes or masks.

    Parameters
    ----------
    sizes : (height, width) of each image for which its boxes were made, where that is known; an image of
        another size raises a DecodeError when it is decoded.
    layout : see `Table`.
    """
    root = storage.root
    if not paths:
        raise DataError(f"{root}: holds annotations but no images ({KNOWN})")
    if not classes:
        raise DataError(f"{root}: no annotation file names a class; open a dataset with objects in it")

    def read(i: int) -> bytes:
        return storage.read(paths[i])

    def decoded(i: int) -> NDArray[Any]:
        where = f"{root}/{paths[i]}"
        image = decode(read(i), where)
        size = sizes[i] if sizes is not None else None
        if size is not None and image.shape[:2] != size:
            raise DecodeError(
                f"{where}: is {image.shape[0]}x{image.shape[1]} (height x width), its annotations were made for "
                f"{size[0]}x{size[1]}; annotate the image as it is"
            )
        return image

    labels = np.zeros(len(paths), np.int64)  # no image has one label
    fields: dict[str, Any] = {"parts": parts, "objects": objects, "mask": mask, "notes": tuple(notes), "layout": layout}
    return Table(root, tuple(paths), labels, tuple(classes), read, decoded, **fields)


def read_text(storage: Storage, name: str) -> str:
    """A text file in UTF-8, with or without a byte order mark; another encoding raises a DataError."""
    try:
        return storage.read(name).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{storage.root}/{name}: is not UTF-8 text; save it as UTF-8") from None


def class_names(storage: Storage, name: str) -> tuple[str, ...]:
    """Names of classes, one a line, as text files list them."""
    names = [line.strip() for line in read_text(storage, name).rstrip().splitlines()]
    return checked_names(f"{storage.root}/{name}", names)


def checked_names(where: str, names: Sequence[str]) -> tuple[str, ...]:
    """The names; raises a DataError if there are none, one is empty or not fit to be shown, or one comes twice."""
    if not names:
        raise DataError(f"{where}: holds no names of classes; list them")
    for name, count in Counter(names).items():
        check_name(where, name)
        if count > 1 or not name:
            raise DataError(f"{where}: {count} classes are called {shown(name)}; give each a name of its own")
    return tuple(names)


def shown(value: Any) -> str:
    """A foreign value in a message: on one line, cut to 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
