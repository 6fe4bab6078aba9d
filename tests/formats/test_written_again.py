"""Round trips: what is opened, written and opened again marks the same."""

import csv
import json

import cv2
import numpy as np
import pytest

import augury as ag
from annotated_sets import NOSE, assert_same_marks, coco_set, marks, yolo_set
from marked import png, written

PARTS = ("train", "val", "test")
PEOPLE = [{"id": 4, "name": "zebra", "keypoints": NOSE}, {"id": 9, "name": "ant"}]
RINGS = {"segmentation": [[1.1, 2.2, 11.7, 2.2, 5.5, 14.05], [3, 3.3, 4, 3.3, 4, 5]], "bbox": [1.1, 2.2, 10.6, 11.85]}
POINTS = {"keypoints": [3, 4, 2, 0, 0, 0, 5.25, 6, 1]}
OUTLINE = "1 0.1 0.2 0.5 0.2 0.3 0.9"
QUAD = "1 0.51 0.1 0.9 0.53 0.5 0.9 0.1 0.5"
BOX = "0 0.512345 0.5 0.2 0.4"
POSE = "kpt_shape: [3, 3]\nflip_idx: [0, 2, 1]\n"
YOLO = {
    "boxes": ([BOX, f"{BOX}\n1 0.25 0.5 0.5 1", ""], ""),
    "outlines": ([OUTLINE, f"{QUAD}\n{OUTLINE}", ""], ""),
    "outlines of four": ([QUAD, QUAD, ""], "task: segment\n"),
    "rotated": ([QUAD, f"{QUAD}\n{BOX}", ""], ""),
    "poses": ([f"{BOX} 0.1 0.2 2 0 0 0 0.3 0.7 1", f"{BOX} 0 0 2 1 1 1 0 0 0", ""], POSE),
    "named poses": ([f"{BOX} 0.1 0.2 2 0 0 0 0.3 0.7 1", "", ""], "kpt_shape: [3, 3]\nkpt_names: [a, l_b, r_b]\n"),
}


def again(data, out, format, **how):  # noqa: A002
    made = ag.write(data, out, format, **how)
    assert made.path == out
    assert out.exists()
    assert not out.with_name(out.name + ".part").exists()
    return ag.open(out)


# ---- COCO


@pytest.mark.parametrize("parts", [("train",), PARTS])
@pytest.mark.parametrize("fields", [{"bbox": [0, 0, 30, 20]}, {"bbox": [1.1, 2.3, 3.7, 0.1]}, RINGS, RINGS | POINTS])
def test_coco(tmp_path, parts, fields):
    second = {"bbox": [0.1, 0.2, 29.9, 19.8], "category_id": 9}
    things = [[{**fields, "category_id": 4}, second], [], [{**fields, "category_id": 4}], [second]]
    data = ag.open(coco_set(tmp_path / "a", things, PEOPLE, parts))
    back = again(data, tmp_path / "b", "coco")
    assert_same_marks(data, back)
    assert back.classes == ("zebra", "ant")
    assert back._table.objects.keypoint_names == data._table.objects.keypoint_names
    assert_same_marks(data, again(back, tmp_path / "c.zip", "coco"))


def test_coco_numbers_are_those_of_the_source(tmp_path):
    thing = {**RINGS, **POINTS, "category_id": 4}
    data = ag.open(coco_set(tmp_path / "a", [[thing, {"bbox": [0.1, 0.2, 0.3, 7.7], "category_id": 9}]], PEOPLE))
    ag.write(data, tmp_path / "b", "coco")
    document = json.loads((tmp_path / "b/annotations/instances_all.json").read_text())
    one, other = document["annotations"]
    assert one["bbox"] == RINGS["bbox"]
    assert one["segmentation"] == RINGS["segmentation"]
    assert one["keypoints"] == POINTS["keypoints"]
    assert one["num_keypoints"] == 2
    assert other["bbox"] == [0.1, 0.2, 0.3, 7.7]
    assert "keypoints" not in other
    assert other["segmentation"] == []
    assert one["area"] == pytest.approx(10.6 * 11.85 / 2 + 1.7 / 2, rel=1e-6)
    assert [(c["id"], c["name"], c.get("keypoints")) for c in document["categories"]] == [
        (1, "zebra", NOSE),
        (2, "ant", None),
    ]


# ---- YOLO


@pytest.mark.parametrize("parts", [("train",), PARTS])
@pytest.mark.parametrize("kind", YOLO)
def test_yolo(tmp_path, parts, kind):
    data = ag.open(yolo_set(tmp_path / "a", *YOLO[kind], parts))
    back = again(data, tmp_path / "b", "yolo")
    assert_same_marks(data, back)  # to the bit: fractions come back
    for name in ("keypoint_names", "keypoint_swaps"):
        assert getattr(back._table.objects, name) == getattr(data._table.objects, name)
    assert back.classes == ("cat", "dog")


@pytest.mark.parametrize("kind", YOLO)
def test_yolo_to_coco_and_back(tmp_path, kind):
    data = ag.open(yolo_set(tmp_path / "a", *YOLO[kind], PARTS))
    between = again(data, tmp_path / "b", "coco")
    assert between._table.objects.keypoint_swaps == data._table.objects.keypoint_swaps
    if kind != "rotated":  # which are outlines in COCO
        assert_same_marks(data, again(between, tmp_path / "c", "yolo"), rtol=2e-7, atol=2e-6)


def test_rotated_boxes_are_outlines_of_four_points_in_coco(tmp_path):
    data = ag.open(yolo_set(tmp_path / "a", [QUAD]))
    back = again(data, tmp_path / "b", "coco")
    np.testing.assert_allclose(marks(back)[0][1][0][2], marks(data)[0][1][0][4][None], rtol=1e-7)


ONE_RING = {**RINGS, "segmentation": RINGS["segmentation"][:1]}


@pytest.mark.parametrize(
    "fields",
    [{"bbox": [0, 0, 30, 20]}, {"bbox": [1.1, 2.3, 3.7, 0.1]}, {"bbox": [1.1, 2.2, 10.6, 11.85], **POINTS}, ONE_RING],
)
def test_coco_to_yolo_and_back(tmp_path, fields):
    names = {} if "keypoints" not in fields else {"keypoints": NOSE}
    categories = [{"id": 4, "name": "zebra", **names}, {"id": 9, "name": "ant", **names}]
    things = [[{**fields, "category_id": 4}], [], [{**fields, "category_id": 9}]]
    data = ag.open(coco_set(tmp_path / "a", things, categories, PARTS))
    between = again(data, tmp_path / "b", "yolo")
    assert between.classes == data.classes
    assert_same_marks(data, again(between, tmp_path / "c", "coco"), rtol=2e-7, atol=2e-6)


def test_pixels_of_float32_can_be_read_exactly_from_yolo(tmp_path):
    rng = np.random.default_rng(0)
    edges = np.sort(rng.uniform(0, [[20], [30]], (400, 2, 2)).astype(np.float32))
    things = [
        {"bbox": [float(x0), float(y0), float(x1) - float(x0), float(y1) - float(y0)]} for (y0, y1), (x0, x1) in edges
    ]
    data = ag.open(coco_set(tmp_path / "a", [things]))
    ag.write(data, tmp_path / "b", "yolo")
    lines = np.loadtxt(tmp_path / "b/labels/0.txt")
    x, y, width, height = lines[:, 1:].T
    found = np.stack([(x - width / 2) * 30, (y - height / 2) * 20, (x + width / 2) * 30, (y + height / 2) * 20], 1)
    np.testing.assert_array_equal(found.astype(np.float32), data._table.objects.boxes, strict=True)


def test_data_yaml_says_what_ultralytics_asks_for(tmp_path):
    data = ag.open(yolo_set(tmp_path / "a", *YOLO["named poses"], PARTS))
    ag.write(data, tmp_path / "b", "yolo")
    text = (tmp_path / "b/data.yaml").read_text()
    for line in ("train: images/train", "val: images/val", "test: images/test", "kpt_shape:\n- 3\n- 3", "0: cat"):
        assert line in text
    assert "&" not in text  # aliases, which readers refuse


# ---- VOC, CSV


@pytest.mark.parametrize("format", ["voc", "csv"])
@pytest.mark.parametrize("parts", [("train",), PARTS])
def test_boxes_in_voc_and_csv(tmp_path, format, parts):  # noqa: A002
    boxes = [[0, 0, 30, 20], [1.1, 2.3, 3.7, 0.1], [-2.5, 3, 40.25, 5]]
    things = [
        [{"bbox": box, "category_id": k % 2 + 1} for k, box in enumerate(boxes)],
        [{"bbox": boxes[1]}],
        [],
        [{"bbox": boxes[0]}],
    ]
    data = ag.open(coco_set(tmp_path / "a", things, parts=parts))
    back = again(data, tmp_path / "b", format)
    assert_same_marks(data, back)
    assert_same_marks(data, again(back, tmp_path / "c.zip", "coco"))


def test_voc_counts_from_1_and_writes_whole_numbers_where_they_are(tmp_path):
    data = ag.open(coco_set(tmp_path / "a", [[{"bbox": [0, 1, 4, 5.5]}]], [{"id": 1, "name": "a & <b>"}]))
    ag.write(data, tmp_path / "b", "voc")
    text = (tmp_path / "b/Annotations/0.xml").read_text()
    assert "<xmin>1</xmin><ymin>2</ymin><xmax>4</xmax><ymax>6.5</ymax>" in text
    assert "a &amp; &lt;b&gt;" in text
    assert ag.open(tmp_path / "b").classes == ("a & <b>",)


def test_names_with_spaces_stay_apart_in_lists_of_voc(tmp_path):
    place = coco_set(tmp_path / "a", [[{"bbox": [0, 1, 4, 5]}], [{"bbox": [0, 1, 4, 6]}]], parts=PARTS[:2])
    for k, part in enumerate(PARTS[:2]):
        (place / f"images/{part}/{k}.png").rename(place / f"images/{part}/my {k}.png")
        file = place / f"annotations/instances_{part}.json"
        file.write_text(file.read_text().replace(f'"{k}.png"', f'"my {k}.png"'))
    data = ag.open(place)
    assert_same_marks(data, again(data, tmp_path / "b", "voc"))
    assert (tmp_path / "b/JPEGImages/my_1.png").exists()


def test_csv_of_boxes(tmp_path):
    data = ag.open(coco_set(tmp_path / "a", [[{"bbox": [0, 1.5, 4, 5]}], []]))
    ag.write(data, tmp_path / "b", "csv")
    with open(tmp_path / "b/labels.csv") as file:
        rows = list(csv.DictReader(file))
    first = {"path": "images/0.png", "label": "cat", "left": "0", "top": "1.5", "right": "4", "bottom": "6.5"}
    assert rows[0] == first | {"width": "30", "height": "20"}
    assert {rows[1][name] for name in ("label", "left", "top", "right", "bottom")} == {""}


# ---- masks


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_masks(tmp_path, dtype):
    rng = np.random.default_rng(0)
    files = {"classes.txt": "sky\nroad\n"}
    for k, part in enumerate(PARTS):
        mask = rng.integers(0, np.iinfo(dtype).max, (20, 30), dtype, endpoint=True)
        _, data = cv2.imencode(".png", mask)
        files |= {f"images/{part}/{k}.png": png(value=k), f"masks/{part}/{k}.png": data.tobytes()}
    data = ag.open(written(tmp_path / "a", files))
    back = again(data, tmp_path / "b", "masks")
    assert back.classes == ("sky", "road")
    for i in range(3):
        np.testing.assert_array_equal(back._table.mask(i), data._table.mask(i), strict=True)
        assert back._table.parts[i] == data._table.parts[i]
        assert back._table.read(i) == data._table.read(i)


# ---- classes


def classes_of(data):
    table = data._table
    return {
        int(table.decode(i)[0, 0, 0]): (
            table.classes[table.labels[i]],
            None if table.parts is None else int(table.parts[i]),
            table.read(i),
        )
        for i in range(len(table))
    }


@pytest.mark.parametrize("format", ["folders", "csv"])
@pytest.mark.parametrize("parts", [[""], ["train/", "val/", "test/"]])
def test_classes(tmp_path, format, parts):  # noqa: A002
    names = [f"{part}{label}/{k}.png" for part in parts for label in ("cat", "dog") for k in range(3)]
    data = ag.open(written(tmp_path / "a", {name: png(value=k) for k, name in enumerate(names)}))
    back = again(data, tmp_path / "b", format)
    assert classes_of(back) == classes_of(data)
    assert classes_of(again(back, tmp_path / "c.zip", "folders")) == classes_of(data)


def test_arrays_become_png(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 65536, (12, 8, 9, 3)).astype(np.uint16)
    data = ag.from_arrays(pictures, np.arange(12) % 3, classes=["a", "b", "c"])
    back = again(data, tmp_path / "b", "folders")
    for i, path in enumerate(back.paths):
        np.testing.assert_array_equal(back._table.decode(i), pictures[int(path[2:4])], strict=True)
        assert path[0] == "abc"[int(path[2:4]) % 3]


def test_groups_are_columns(tmp_path):
    text = "path,label,group\n" + "".join(f"{k}.png,{'ab'[k % 2]},{k // 2}\n" for k in range(6))
    data = ag.open(written(tmp_path / "a", {"t.csv": text, **{f"{k}.png": png(value=k) for k in range(6)}}))
    np.testing.assert_array_equal(again(data, tmp_path / "b", "csv").groups, data.groups)
    with pytest.raises(ag.DataError, match="folders cannot hold 1 groups"):
        ag.write(data, tmp_path / "c", "folders")
    assert ag.write(data, tmp_path / "c", "folders", lossy=True).left_out == {"groups": 6}


def test_a_part_is_written_by_itself(tmp_path):
    data = ag.open(coco_set(tmp_path / "a", [[{"bbox": [k, 0, 1, 2]}] for k in range(9)], parts=PARTS))
    part = data.split().val
    back = again(part, tmp_path / "b", "yolo")
    assert sorted(marks(back)) == [1, 4, 7]
    assert back._table.parts is None
    assert (tmp_path / "b/images/4.png").exists()
