"""Datasets whose objects are drawn in colours of their own, and what a view of one must then show."""

import json
from types import SimpleNamespace

import cv2
import numpy as np

import augury as ag
from augury.offline.described import marks_of
from marked import encoded, written

CLASSES = ("red", "green", "blue")  # channel k shows class k
SIZES = [(60, 90), (84, 72), (66, 66)]
POLICY = ag.Policy(
    [ag.Rotate((-25, 25)), ag.Translate((-0.2, 0.2), (-0.2, 0.2)), ag.Zoom((0.8, 1.3)), ag.HorizontalFlip()],
    border="constant",
    mask_fill=0,
)


def ring_of(kind, box):
    """The outline of a rectangle, or of a disc of 40 corners, that fills a box."""
    left, top, right, bottom = box
    if kind == "rectangle":
        return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float)
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    middle, half = np.array([left + right, top + bottom]) / 2, np.array([right - left, bottom - top]) / 2
    return middle + half * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def filled(ring, size):
    """Which pixels lie mostly within a ring, whose edges are counted from 0: `fillPoly` alone adds its rim."""
    fine = np.zeros((size[0] * 8, size[1] * 8), np.float32)
    cv2.fillPoly(fine, [np.rint((ring * 8 - 0.5) * 256).astype(np.int32)], 1, shift=8)
    return cv2.resize(fine, size[::-1], interpolation=cv2.INTER_AREA) > 0.5


def scenes(n=6, kind="rectangle", seed=0):
    """Images with one object of each class, none on another, and a white dot in each."""
    rng, made = np.random.default_rng(seed), []
    for k in range(n):
        height, width = SIZES[k % len(SIZES)]
        image = np.zeros((height, width, 3), np.uint8)
        boxes, dots = [], []
        for j in range(3):
            w, h = rng.integers(14, width // 3 - 3), rng.integers(14, 25)
            left, top = j * (width // 3) + 2, rng.integers(3, height - h - 3)
            boxes.append((int(left), int(top), int(left + w), int(top + h)))
            ring = ring_of(kind, boxes[-1])
            image[filled(ring, (height, width)), j] = 255
            dots.append((int(left + w // 2), int(top + h // 2)))
            image[dots[-1][1] - 1 : dots[-1][1] + 2, dots[-1][0] - 1 : dots[-1][0] + 2] = 255
        made.append(SimpleNamespace(image=image, boxes=boxes, dots=dots, kind=kind, name=f"{k}.png"))
    return made


def coco(root, made, outlines=False, keypoints=False):
    """The scenes as COCO."""
    categories = [{"id": k + 1, "name": name} for k, name in enumerate(CLASSES)]
    if keypoints:
        categories = [{**category, "keypoints": ["dot", "none"]} for category in categories]
    images, annotations, files = [], [], {}
    for k, scene in enumerate(made):
        height, width = scene.image.shape[:2]
        images.append({"id": k, "file_name": scene.name, "height": height, "width": width})
        files[f"images/{scene.name}"] = encoded(scene.image[..., ::-1])
        for j, ((left, top, right, bottom), dot) in enumerate(zip(scene.boxes, scene.dots, strict=True)):
            own = {"id": len(annotations), "image_id": k, "category_id": j + 1}
            own["bbox"] = [left, top, right - left, bottom - top]
            if outlines:
                own["segmentation"] = [ring_of(scene.kind, scene.boxes[j]).ravel().tolist()]
            if keypoints:
                own["keypoints"] = [*dot, 2, 0, 0, 0]
            annotations.append(own)
    document = {"images": images, "annotations": annotations, "categories": categories}
    return written(root, {"annotations/instances_all.json": json.dumps(document), **files})


def rotated(root, made):
    """The scenes as YOLO with rotated boxes, which stand upright."""
    files = {"data.yaml": f"names: [{', '.join(CLASSES)}]\n"}
    for scene in made:
        size = np.array(scene.image.shape[1::-1])
        lines = [
            f"{j} {' '.join(map(repr, (ring_of('rectangle', box) / size).ravel().tolist()))}\n"
            for j, box in enumerate(scene.boxes)
        ]
        stem = scene.name[:-4]
        files |= {f"images/{stem}.png": encoded(scene.image[..., ::-1]), f"labels/{stem}.txt": "".join(lines)}
    return written(root, files)


def masked(root, made, dtype):
    """The scenes beside masks of the numbers 1, 2, 3, or 1001, 1002, 1003."""
    first = 1 if dtype == "uint8" else 1001
    files = {}
    for scene in made:
        mask = np.zeros(scene.image.shape[:2], dtype)
        for j, box in enumerate(scene.boxes):
            mask[filled(ring_of(scene.kind, box), mask.shape)] = first + j
        files |= {f"images/{scene.name}": encoded(scene.image[..., ::-1]), f"masks/{scene.name}": encoded(mask)}
    return written(root, files)


def shown(data):
    """Path -> image (h, w, 3) and what is marked in it, in pixels, as `Annotated` has it."""
    table = data._table
    found = {}
    for i, path in enumerate(table.paths):
        image = table.decode(i)
        marks = {} if table.objects is None else marks_of(table.objects.take([i]), *image.shape[:2])
        mask = None if table.mask is None else table.mask(i)
        names = ("boxes", "labels", "polygons", "keypoints", "quads")
        found[path] = image, SimpleNamespace(mask=mask, **{name: marks.get(name) for name in names})
    return found


def around(pixels):
    """The box around what is true."""
    down, across = np.nonzero(pixels)
    return np.array([across.min(), down.min(), across.max() + 1, down.max() + 1])


def overlap(first, second):
    """Intersection over union of two areas (h, w)."""
    return (first & second).sum() / (first | second).sum()
