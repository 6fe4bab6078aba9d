"""Pascal VOC: an XML file for each image, with boxes in pixels counted from 1, both ends included.

So xmin = left + 1 and xmax = right, of edges counted from 0. Boxes on whole pixels are written as whole numbers, as
VOC has them; others with a fraction, which most readers take. Images lie in `JPEGImages/`, XML files in
`Annotations/`, and parts are lists in `ImageSets/Main/`.
Holds: boxes and parts. Does not hold: outlines, rotated boxes, keypoints, masks, groups, and classes without objects;
classes are read in the order of their names.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

import numpy as np

from augury.offline.writers.annotated import Annotated, File, Floats, Legend, held, stem
from augury.offline.writers.numbers import moved, plain, short

_HOLDS = frozenset({"boxes"})
BY_STEM = True


def image_path(image: Annotated, legend: Legend) -> str:
    """`JPEGImages/name`; lists of parts divide names at spaces, so these become `_` there."""
    del legend
    return f"JPEGImages/{_name(image)}"


def fitted(image: Annotated) -> tuple[Annotated, Counter[str]]:
    """See `Writer`."""
    return held(image, _HOLDS)


def files(images: Iterable[Annotated], legend: Legend) -> Iterator[File]:
    """An XML file for each image as it comes, and at the end the lists of the parts."""
    listed: dict[str, list[str]] = defaultdict(list)
    for image in images:
        if image.part is not None:
            listed[image.part].append(stem(_name(image)))
        yield f"Annotations/{stem(_name(image))}.xml", _document(image, legend).encode()
    for part, stems in listed.items():
        yield f"ImageSets/Main/{part}.txt", "".join(f"{name}\n" for name in stems).encode()


def _name(image: Annotated) -> str:
    return image.path if image.part is None else "_".join(image.path.split())


def _document(image: Annotated, legend: Legend) -> str:
    boxes = np.zeros((0, 4)) if image.boxes is None else image.boxes
    objects = (_object(legend.classes[label], box) for label, box in zip(image.labels, boxes, strict=True))
    return (
        "<annotation>\n"
        "  <folder>JPEGImages</folder>\n"
        f"  <filename>{escape(_name(image))}</filename>\n"
        f"  <size><width>{image.width}</width><height>{image.height}</height></size>\n"
        f"{''.join(objects)}"
        "</annotation>\n"
    )


def _object(name: str, box: Floats) -> str:
    left, top, right, bottom = box
    edges = {"xmin": moved(left, 1), "ymin": moved(top, 1), "xmax": short(right), "ymax": short(bottom)}
    inside = "".join(f"<{edge}>{plain(value)}</{edge}>" for edge, value in edges.items())
    return f"  <object><name>{escape(name)}</name><difficult>0</difficult><bndbox>{inside}</bndbox></object>\n"
