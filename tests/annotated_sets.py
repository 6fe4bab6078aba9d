"""Datasets with boxes, outlines, keypoints and rotated boxes, and what they mark, for the tests of formats."""

import json

import numpy as np

from marked import png, written

HEIGHT, WIDTH = 20, 30
NOSE = ["nose", "left_eye", "right_eye"]


def coco_set(root, objects, categories=None, parts=("train",), **image):
    """A COCO dataset: `objects` of each image as annotations without ids; images take turns through the parts."""
    categories = categories or [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    files = {}
    for p, part in enumerate(parts):
        own = [k for k in range(len(objects)) if k % len(parts) == p]
        images = [{"id": k, "file_name": f"{k}.png", "height": HEIGHT, "width": WIDTH, **image} for k in own]
        annotations = [{"image_id": k, "category_id": 1, **thing} for k in own for thing in objects[k]]
        annotations = [{"id": n, **annotation} for n, annotation in enumerate(annotations)]
        document = {"images": images, "annotations": annotations, "categories": categories}
        files[f"annotations/instances_{part}.json"] = json.dumps(document)
        files |= {f"images/{part}/{k}.png": png(HEIGHT, WIDTH, k) for k in own}
    return written(root, files)


def yolo_set(root, labels, data_yaml="", parts=("train",)):
    """A YOLO dataset: `labels` are the texts of the label files."""
    files = {"data.yaml": f"names: [cat, dog]\n{data_yaml}"}
    for k, text in enumerate(labels):
        part = parts[k % len(parts)]
        files |= {f"images/{part}/{k}.png": png(HEIGHT, WIDTH, k), f"labels/{part}/{k}.txt": text}
    return written(root, files)


def marks(data):
    """What is marked in each image of a dataset, in pixels: its own gray value -> part and objects, as plain values.

    An object is its class, box, rings, keypoints and rotated box.
    """
    table, found = data._table, {}
    objects = table.objects
    for i in range(len(table)):
        image = table.decode(i)
        size = np.array(image.shape[1::-1] if objects.fractions else (1, 1), float)
        part = None if table.parts is None else int(table.parts[i])
        things = []
        for k in range(objects.starts[i], objects.starts[i + 1]):
            rings = [] if objects.polygons is None else [ring * size for ring in objects.polygons.of(k)]
            keypoints = None if objects.keypoints is None else objects.keypoints[k] * np.append(size, 1)
            quad = None if objects.quads is None else objects.quads[k] * size
            box = objects.boxes[k] * np.tile(size, 2)
            things.append((table.classes[objects.labels[k]], box, rings, keypoints, quad))
        found[int(image[0, 0, 0])] = (part, things)
    return found


def assert_same_marks(first, second, rtol=0.0, atol=0.0):
    """Both datasets mark the same, to within the tolerances (0: to the bit)."""
    first, second = marks(first), marks(second)
    assert first.keys() == second.keys()
    for key, (part, things) in first.items():
        assert part == second[key][0]
        assert len(things) == len(second[key][1])
        for one, other in zip(things, second[key][1], strict=True):
            assert one[0] == other[0]
            assert (len(one[2]), one[3] is None, one[4] is None) == (len(other[2]), other[3] is None, other[4] is None)
            pairs = [(one[1], other[1]), *zip(one[2], other[2], strict=True), (one[3], other[3]), (one[4], other[4])]
            for a, b in pairs:
                if a is not None:
                    assert a.shape == b.shape
                    np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)
