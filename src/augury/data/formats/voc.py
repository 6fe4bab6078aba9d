"""Pascal VOC: an XML file for each image, with boxes in pixels counted from 1, both ends included.

So left = xmin - 1 and right = xmax, in edges counted from 0. Image and XML file have the same stem and lie
side by side (LabelImg, Roboflow), or in `JPEGImages/` (`images/`) and `Annotations/`; the file name within
the XML is not used, as renaming a file does not change it. All objects count, difficult ones too; parts of
objects do not, nor do masks. An XML file without objects makes its image background.

Where `ImageSets/Main/` holds train.txt, val.txt or test.txt, these list the samples, and other images are
noted; several of them are the given parts. Without lists, parts are folders called train, val or test.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from augury.data.formats.marked import (
    Box,
    Boxes,
    Size,
    as_parts,
    by_stem,
    image_table,
    lies_in,
    parts_by_folder,
    read_text,
    shown,
)
from augury.data.storage import Storage, check_name, is_image
from augury.data.table import PARTS, Table, numbered
from augury.errors import DataError

_IMAGES, _ANNOTATIONS = ("jpegimages", "images"), ("annotations",)
_MASKS = ("segmentationclass", "segmentationobject")
_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_LISTS = {f"ImageSets/Main/{part}.txt": k for k, part in enumerate(PARTS)}
_Marks = list[tuple[str, Box, str]]


def recognised(storage: Storage) -> bool:
    """Whether XML files lie in `Annotations/` or beside images of the same stem."""
    documents = _documents(storage)
    if not documents or not any(is_image(name) for name in storage.files):
        return False
    beside = {name.rpartition(".")[0] for name in storage.files if is_image(name)}
    return any(lies_in(name, _ANNOTATIONS) or name.rpartition(".")[0] in beside for name in documents)


def table(storage: Storage) -> Table:
    """Read a Pascal VOC dataset.

    Returns
    -------
    Images sorted by path, with their boxes in pixels; classes sorted by name.

    Raises
    ------
    DataError : if an XML file is not valid, declares a DTD or entities, or has no image; if an image or a
        listed stem has none; if an object has no name or no box of four numbers with an area.
    """
    root = storage.root
    images = [name for name in storage.files if is_image(name) and not lies_in(name, _MASKS)]
    image_of = by_stem(root, images, _IMAGES)
    document_of = by_stem(root, _documents(storage), _ANNOTATIONS)
    listed = _listed(storage)
    stems = [stem for stem in image_of if not listed or stem in listed]
    _check_pairs(root, set(listed) or image_of.keys() | document_of.keys(), image_of, document_of)
    paths = [image_of[stem] for stem in stems]
    read = [_read(storage, document_of[stem]) for stem in stems]
    _, classes = numbered([name for marks, _ in read for name, _, _ in marks])
    label_of, boxes = {name: label for label, name in enumerate(classes)}, Boxes()
    for row, (marks, _) in enumerate(read):
        for name, box, place in marks:
            boxes.add(row, box, label_of[name], place)
    by_list = [listed.get(stem) for stem in stems]
    parts = as_parts(root, paths, by_list) if listed else parts_by_folder(root, paths)
    sizes, notes = [size for _, size in read], _unlisted(root, len(image_of) - len(paths))
    fields: dict[str, Any] = {"objects": boxes.objects(len(paths)), "sizes": sizes, "notes": notes, "layout": "voc"}
    return image_table(storage, paths, classes, parts, **fields)


def _documents(storage: Storage) -> list[str]:
    return [name for name in storage.files if name.lower().endswith(".xml")]


def _listed(storage: Storage) -> dict[str, int]:
    """Stem -> part, of the lists in ImageSets/Main."""
    found: dict[str, int] = {}
    for name, part in _LISTS.items():
        if name not in storage.files:
            continue
        for stem in read_text(storage, name).split():
            if found.setdefault(stem, part) != part:
                first = PARTS[found[stem]]
                raise DataError(f"{storage.root}/{name}: {shown(stem)} is in {first}.txt, too; list it in one part")
    return found


def _check_pairs(root: str, stems: Sequence[str] | set[str], images: dict[str, str], documents: dict[str, str]) -> None:
    for have, what in ((images, "image"), (documents, "XML file")):
        lacking = sorted(stem for stem in stems if stem not in have)
        if lacking:
            other = documents.get(lacking[0]) or images.get(lacking[0]) or shown(lacking[0])
            raise DataError(
                f"{root}: {other} has no {what} ({len(lacking)} of {len(stems)} have none); add it, or remove these"
            )


def _unlisted(root: str, count: int) -> list[str]:
    return [f"{root}: {count} images are in no list of ImageSets/Main"] if count else []


def _read(storage: Storage, name: str) -> tuple[_Marks, Size | None]:
    """Objects of an XML file, each with its place in messages, and the size of the image."""
    where = f"{storage.root}/{name}"
    root = _parsed(storage.read(name), where)
    if root.tag != "annotation":
        raise DataError(f"{where}: begins with <{shown(root.tag)}>, not <annotation>; export it as Pascal VOC")
    marks: _Marks = []
    for number, thing in enumerate(root.findall("object"), start=1):
        place = f"{where}, object {number}"
        label = (thing.findtext("name") or "").strip()
        if not label:
            raise DataError(f"{place}: has no name; add it")
        check_name(place, label)
        left, top, right, bottom = (_number(thing, f"bndbox/{corner}", place) for corner in _CORNERS)
        marks.append((label, (left - 1, top - 1, right, bottom), place))
    return marks, _size(root, where)


def _size(root: Element, where: str) -> Size | None:
    """(height, width) that the image is said to have; some tools write nothing or 0."""
    if root.find("size") is None:
        return None
    height, width = (_number(root, f"size/{side}", where) for side in ("height", "width"))
    return (int(height), int(width)) if 0 < height < 2**31 and 0 < width < 2**31 else None


def _number(element: Element, path: str, where: str) -> float:
    text = element.findtext(path)
    try:
        return float(text or "")
    except ValueError:
        raise DataError(f"{where}: {path} is {shown(text)}; expected a number") from None


def _parsed(data: bytes, where: str) -> Element:
    """The root of an XML file. A DTD is refused before any entity can be declared, let alone expanded."""
    builder, parser = TreeBuilder(), expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise DataError(f"{where}: declares a document type (DTD), which is not read; remove <!DOCTYPE ...>")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise DataError(f"{where}: is not valid XML ({error}); export it again") from None
    return builder.close()
