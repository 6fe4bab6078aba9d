"""Opening: which layout a path is taken for."""

import json
from zipfile import ZipFile

import numpy as np
import pytest

import augury as ag
from augury.data.check import unreadable
from augury.data.opening import open_path
from marked import encoded, png, written

CAT = (
    "<annotation><object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
    "</object></annotation>"
)
COCO = {
    "images": [{"id": k, "file_name": f"{k}.png", "height": 20, "width": 30} for k in range(2)],
    "annotations": [{"id": k, "image_id": k, "category_id": 1, "bbox": [1, 1, 5, 5]} for k in range(2)],
    "categories": [{"id": 1, "name": "cat"}],
}
EXPORT = {
    "files": [{"path": f"{k}.png", "category": "split", "label": {"type": "label", "label": "cat"}} for k in "01"]
}
IMAGES = {"images/0.png": png(value=0), "images/1.png": png(value=1)}
MASK = encoded(np.zeros((20, 30), np.uint8))
LAYOUTS = {
    "coco": {**IMAGES, "annotations/instances_all.json": json.dumps(COCO)},
    "yolo": {**IMAGES, "labels/0.txt": "0 0.5 0.5 0.2 0.2\n", "labels/1.txt": "", "data.yaml": "names: [cat]\n"},
    "voc": {"JPEGImages/0.png": png(), "JPEGImages/1.png": png(), "Annotations/0.xml": CAT, "Annotations/1.xml": CAT},
    "masks": {**IMAGES, "masks/0.png": MASK, "masks/1.png": MASK, "classes.txt": "cat\n"},
    "edge impulse": {"0.png": png(), "1.png": png(), "info.labels": json.dumps(EXPORT)},
    "table": {**IMAGES, "labels.csv": "path,label\nimages/0.png,cat\nimages/1.png,cat\n"},
    "parts": {"train/cat/0.png": png(), "test/cat/0.png": png()},
    "folders": {"cat/0.png": png(), "cat/1.png": png()},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("wrapper", ["", "a/b/"])
@pytest.mark.parametrize("packed", [False, True])
def test_layout_is_found_by_its_names(tmp_path, layout, wrapper, packed):
    files = {wrapper + name: data for name, data in LAYOUTS[layout].items()}
    path = tmp_path / "data"
    if packed:
        path = tmp_path / "data.zip"
        with ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    else:
        written(path, files)
    table = open_path(path)
    assert len(table) == 2
    assert table.classes == ("cat",)
    assert (table.objects is not None) == (layout in ("coco", "yolo", "voc"))
    assert (table.mask is not None) == (layout == "masks")
    assert (table.parts is not None) == (layout == "parts")
    assert unreadable(table) == []
    assert len(ag.open(path)) == 2
