"""COCO: `annotations/instances_PART.json` (`instances_all.json` without parts) beside `images/PART/`.

Boxes are x, y, width, height, with edges counted from 0; outlines count edges, too. Keypoints count pixels, so 0.5
is taken away from x and y; those that are not labelled are 0, 0, 0. Numbers have the digits from which the same
float32 is read, except that what lies within 1e-9 of 0 may lose some. Rotated boxes become outlines of four points.
Categories are numbered from 1 in the order of the classes. Keypoints without names are called keypoint_1, ...; pairs
that names do not show stand in `flip_idx` of the category, which is no part of COCO.
Holds: boxes, outlines of any number of rings, keypoints, parts. Does not hold: masks and groups.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from augury.data.formats.shapes import order_of_swaps, swaps_by_name
from augury.offline.writers.annotated import Annotated, File, Legend, area, held, in_folder
from augury.offline.writers.numbers import moved, short, start_and_length

_HOLDS = frozenset({"boxes", "polygons", "quads", "keypoints"})
BY_STEM = False


def image_path(image: Annotated, legend: Legend) -> str:
    """`images/part/name`."""
    del legend
    return in_folder("images", image)


def fitted(image: Annotated) -> tuple[Annotated, Counter[str]]:
    """See `Writer`. Of outlines and rotated boxes of one object, outlines stay."""
    kept, lost = held(image, _HOLDS if image.polygons is None else _HOLDS - {"quads"})
    if kept.quads is not None:
        kept = replace(kept, quads=None, polygons=[[quad] for quad in kept.quads])
    return kept, lost


def files(images: Iterable[Annotated], legend: Legend) -> Iterator[File]:
    """The JSON files, when all images have come."""
    listed: dict[str, list[dict[str, Any]]] = defaultdict(list)
    objects: dict[str, list[dict[str, Any]]] = defaultdict(list)
    drawn: set[int] = set()
    count = 0
    for image in images:
        part = image.part or "all"
        own = {"id": len(listed[part]) + 1, "file_name": image.path, "height": image.height, "width": image.width}
        listed[part].append(own)
        made = [_annotation(image, k) for k in range(len(image.labels))]
        objects[part] += [{"id": len(objects[part]) + 1 + k, "image_id": own["id"], **a} for k, a in enumerate(made)]
        if image.keypoints is not None:
            count = image.keypoints.shape[1]
            drawn.update(image.labels[(image.keypoints[:, :, 2] > 0).any(axis=1)].tolist())
    categories = _categories(legend, drawn, count)
    for part, entries in listed.items():
        document = {"images": entries, "annotations": _told(objects[part], drawn, count), "categories": categories}
        yield f"annotations/instances_{part}.json", json.dumps(document, ensure_ascii=False).encode()


def _annotation(image: Annotated, k: int) -> dict[str, Any]:
    assert image.boxes is not None
    (x, width), (y, height) = (start_and_length(image.boxes[k][axis], image.boxes[k][axis + 2]) for axis in (0, 1))
    rings = [] if image.polygons is None else image.polygons[k]
    made: dict[str, Any] = {
        "category_id": int(image.labels[k]) + 1,
        "bbox": [x, y, width, height],
        "area": sum(map(area, rings)) if rings else width * height,
        "iscrowd": 0,
        "segmentation": [[short(value) for value in ring.ravel()] for ring in rings],
    }
    if image.keypoints is not None:
        made["keypoints"] = [number for point in image.keypoints[k].tolist() for number in _keypoint(*point)]
        made["num_keypoints"] = int((image.keypoints[k][:, 2] > 0).sum())
    return made


def _keypoint(x: float, y: float, visibility: float) -> tuple[float, float, int]:
    return (moved(x, -0.5), moved(y, -0.5), int(visibility)) if visibility else (0, 0, 0)


def _told(annotations: list[dict[str, Any]], drawn: set[int], count: int) -> list[dict[str, Any]]:
    """Annotations without the keypoints of categories that have none."""
    for annotation in annotations if count and drawn else ():
        if annotation["category_id"] - 1 not in drawn:
            del annotation["keypoints"], annotation["num_keypoints"]
    return annotations


def _categories(legend: Legend, drawn: set[int], count: int) -> list[dict[str, Any]]:
    """The categories. Those of which keypoints are labelled have their names, or all where none are."""
    names = legend.keypoint_names or tuple(f"keypoint_{k + 1}" for k in range(count))
    more: dict[str, Any] = {"keypoints": names, "skeleton": []}
    if legend.keypoint_swaps != swaps_by_name(names):
        more["flip_idx"] = order_of_swaps(legend.keypoint_swaps, count)
    return [
        {"id": k + 1, "name": name, "supercategory": ""} | (more if count and (k in drawn or not drawn) else {})
        for k, name in enumerate(legend.classes)
    ]
