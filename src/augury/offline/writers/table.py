"""Table: `labels.csv` beside `images/`, which spreadsheets and frames read.

For classification a row is an image: path, label, part, and further columns such as group. For detection a row is a
box: path, label, part, width, height, left, top, right, bottom, in pixels with edges counted from 0, in the digits
from which the same float32 is read; an image without boxes has a row whose label and edges are empty.
Holds: classes of images or boxes, parts, groups. Does not hold: outlines, rotated boxes, keypoints, masks, and
classes without objects; classes are read in the order of their names.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator

from augury.data.formats.rows import EDGES
from augury.offline.writers.annotated import Annotated, File, Legend, held
from augury.offline.writers.numbers import plain, short

_HOLDS = frozenset({"boxes", "label", "columns"})
BY_STEM = False


def image_path(image: Annotated, legend: Legend) -> str:
    """`images/name`."""
    del legend
    return f"images/{image.path}"


def fitted(image: Annotated) -> tuple[Annotated, Counter[str]]:
    """See `Writer`."""
    return held(image, _HOLDS)


def files(images: Iterable[Annotated], legend: Legend) -> Iterator[File]:
    """The table, when all images have come."""
    rows: list[dict[str, str]] = []
    for image in images:
        about = {"path": image_path(image, legend), "label": ""}
        more = ({} if image.part is None else {"part": image.part}) | dict(image.columns)
        if image.boxes is None:
            rows.append(about | {"label": legend.classes[image.label or 0]} | more)
            continue
        more |= {"width": str(image.width), "height": str(image.height)}
        rows += [
            about | {"label": legend.classes[label]} | more | _edges(box.tolist())
            for label, box in zip(image.labels.tolist(), image.boxes, strict=True)
        ] or [about | more | dict.fromkeys(EDGES, "")]
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    yield "labels.csv", text.getvalue().encode()


def _edges(box: list[float]) -> dict[str, str]:
    return {name: plain(short(value)) for name, value in zip(EDGES, box, strict=True)}
