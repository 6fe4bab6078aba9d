"""What a format cannot hold, names that collide, places that are taken: one line, and nothing is left."""

import json
import os

import numpy as np
import pytest
from typer.testing import CliRunner

import augury as ag
from annotated_sets import NOSE, coco_set, marks, yolo_set
from augury.cli import app
from marked import png, written

BOX = {"bbox": [1, 2, 10, 12]}
RING = [1, 2, 11, 2, 11, 14]
SQUARE = [1, 2, 3, 2, 3, 4, 1, 4]


def boxes(root, **more):
    return ag.open(coco_set(root, [[BOX | more], [BOX]]))


def refused(data, out, format, message, error=ag.DataError):  # noqa: A002
    before = sorted(os.listdir(out.parent))
    with pytest.raises(error, match=message) as caught:
        ag.write(data, out, format)
    assert len(str(caught.value).splitlines()) == 1
    assert sorted(os.listdir(out.parent)) == before


# ---- what a format cannot hold


@pytest.mark.parametrize("format", ["voc", "csv"])
def test_shapes_are_refused_or_counted(tmp_path, format):  # noqa: A002
    thing = BOX | {"segmentation": [RING], "keypoints": [1, 1, 2, 2, 2, 2, 3, 3, 0]}
    data = ag.open(coco_set(tmp_path / "a", [[thing, BOX], [thing]], [{"id": 1, "name": "cat", "keypoints": NOSE}]))
    refused(data, tmp_path / "b", format, rf"0\.png: {format} cannot hold 1 keypoints, 1 polygons; choose another")
    made = ag.write(data, tmp_path / "b", format, lossy=True)
    assert made.left_out == {"keypoints": 2, "polygons": 2}
    assert (made.images, made.objects) == (2, 3)
    assert made.bytes == sum(file.stat().st_size for file in made.path.rglob("*") if file.is_file())


def test_upright_rotated_boxes_are_boxes(tmp_path):
    upright, turned = "0 0.1 0.2 0.5 0.2 0.5 0.6 0.1 0.6", "0 0.3 0.2 0.5 0.4 0.3 0.6 0.1 0.4"
    assert ag.write(ag.open(yolo_set(tmp_path / "a", [upright])), tmp_path / "b", "voc").left_out == {}
    refused(ag.open(yolo_set(tmp_path / "c", [turned])), tmp_path / "d", "voc", "voc cannot hold 1 quads")


@pytest.mark.parametrize(
    ("more", "lost"),
    [
        ({"segmentation": [RING, SQUARE]}, {"rings": 1}),
        ({"segmentation": []}, {"objects without outline": 1}),
        ({"segmentation": [[1, 2, 4, 2, 4, 14]]}, {"boxes off their outlines": 1}),
        ({"segmentation": [[5, 5, 7, 7, 6, 6, 5, 5]], "bbox": [5, 5, 2, 2]}, {}),
        ({"segmentation": [[5, 5, 5, 7, 5, 6]]}, {"objects without outline": 1}),
        ({"segmentation": [[-5, 2, 11, 2, 11, 14]], "bbox": [-5, 2, 16, 12]}, {"objects outside": 1}),
        ({"segmentation": [[-5, 2, -1, 2, -1, 14]], "bbox": [-5, 2, 4, 12]}, {"objects outside": 1}),
    ],
)
def test_yolo_has_one_ring_within_the_image(tmp_path, more, lost):
    data = ag.open(coco_set(tmp_path / "a", [[BOX | more, BOX | {"segmentation": [RING]}]]))
    if lost:
        refused(data, tmp_path / "b", "yolo", "yolo cannot hold 1 " + min(lost))
    made = ag.write(data, tmp_path / "b", "yolo", lossy=True)
    assert made.left_out == lost
    found = [thing[2][0] for thing in marks(ag.open(made.path))[0][1]]
    assert len(found) == made.objects
    np.testing.assert_allclose(found[-1], np.reshape(RING, (-1, 2)), rtol=1e-6)


def test_the_largest_ring_stays(tmp_path):
    data = ag.open(coco_set(tmp_path / "a", [[BOX | {"segmentation": [SQUARE, RING, SQUARE]}]]))
    assert ag.write(data, tmp_path / "b", "yolo", lossy=True).left_out == {"rings": 2}
    np.testing.assert_allclose(marks(ag.open(tmp_path / "b"))[0][1][0][2][0], np.reshape(RING, (-1, 2)), rtol=1e-6)


def test_boxes_and_keypoints_outside_are_cut_or_go(tmp_path):
    things = [{"bbox": [25, 5, 40, 5]}, {"bbox": [31, 5, 2, 5]}, {"bbox": [25, 5, 7, 5]}]
    points = {"keypoints": [40, 5, 2, 3, 5, 2, 0, 0, 0]}
    named = [{"id": 1, "name": "cat", "keypoints": NOSE}]
    data = ag.open(coco_set(tmp_path / "a", [[thing | points for thing in things]], named))
    refused(
        data, tmp_path / "b", "yolo", "yolo cannot hold 2 keypoints outside, 2 objects outside".replace("2 k", ". k")
    )
    made = ag.write(data, tmp_path / "b", "yolo", lossy=True)
    assert made.left_out["objects outside"] == 2
    things = marks(ag.open(made.path))[0][1]
    np.testing.assert_allclose([thing[1] for thing in things], [[25, 5, 30, 10], [25, 5, 32, 10]], rtol=1e-6)
    np.testing.assert_allclose(things[0][3], [[0, 0, 0], [3.5, 5.5, 2], [0, 0, 0]], rtol=1e-6)


# ---- kinds that do not go together


def test_kinds_do_not_become_others(tmp_path):
    detection = boxes(tmp_path / "a")
    classes = ag.from_arrays(np.zeros((4, 8, 8), np.uint8), [0, 0, 1, 1])
    refused(detection, tmp_path / "o", "folders", "holds boxes, which folders is not for; choose coco or yolo or voc")
    refused(detection, tmp_path / "o", "masks", "holds boxes")
    refused(classes, tmp_path / "o", "yolo", "holds classes, which yolo is not for; choose folders or csv")
    masks = ag.open(written(tmp_path / "m", {"images/a.png": png(), "masks/a.png": png()}))
    refused(masks, tmp_path / "o", "coco", "holds masks, which coco is not for; choose masks")
    floats = ag.from_arrays(np.zeros((4, 8, 8), np.float32), [0, 0, 1, 1])
    refused(floats, tmp_path / "o", "folders", "has float32 pixels")


@pytest.mark.parametrize(
    ("give", "message"),
    [
        ({"format": "tfrecord"}, "write: format='tfrecord'; expected one of coco, yolo"),
        ({"threads": -1}, "write: threads=-1"),
        ({"out": ""}, "names no folder or .zip"),
        ({"out": "a\nb"}, "control character"),
        ({"data": "here"}, "write: str is no dataset"),
    ],
)
def test_wrong_arguments(tmp_path, give, message):
    with pytest.raises(ag.AuguryError, match=message):
        ag.write(**({"data": boxes(tmp_path / "a"), "out": tmp_path / "b", "format": "voc"} | give))


def test_a_shifted_dataset_is_refused(tmp_path):
    refused(boxes(tmp_path / "a").under("rotation"), tmp_path / "b", "voc", "is shifted", ag.AuguryError)


# ---- places


@pytest.mark.parametrize("name", ["b", "b.zip"])
def test_what_is_there_stays(tmp_path, name):
    data = boxes(tmp_path / "a")
    (tmp_path / name).write_text("mine")
    refused(data, tmp_path / name, "voc", "exists already")
    (tmp_path / "c.part").mkdir()
    refused(data, tmp_path / "c", "voc", r"c\.part: is in the way; remove it")
    assert (tmp_path / name).read_text() == "mine"
    assert (tmp_path / "c.part").is_dir()


def test_a_place_within_the_dataset_or_a_file_is_refused(tmp_path):
    data = boxes(tmp_path / "a")
    refused(data, tmp_path / "a" / "b", "voc", "lies in the dataset")
    (tmp_path / "f").write_text("")
    with pytest.raises(ag.DataError, match="cannot be written"):
        ag.write(data, tmp_path / "f" / "b", "voc")


@pytest.mark.parametrize("threads", [0, 3])
@pytest.mark.parametrize("name", ["b", "b.zip"])
def test_a_broken_image_leaves_nothing(tmp_path, name, threads):
    data = ag.open(coco_set(tmp_path / "a", [[BOX]] * 40))
    (tmp_path / "a/images/train/17.png").write_bytes(png()[:-20])
    with pytest.raises(ag.DecodeError, match=r"17\.png: cannot be decoded"):
        ag.write(data, tmp_path / name, "yolo", threads=threads)
    assert sorted(os.listdir(tmp_path)) == ["a"]


def test_an_interruption_leaves_nothing(tmp_path):
    def stop(stage, done, total):
        if done == 3:
            raise KeyboardInterrupt

    data = ag.open(coco_set(tmp_path / "a", [[BOX]] * 40))
    with pytest.raises(KeyboardInterrupt):
        ag.write(data, tmp_path / "b", "yolo", threads=3, progress=stop)
    assert sorted(os.listdir(tmp_path)) == ["a"]


def test_images_of_another_size_than_said_are_refused(tmp_path):
    data = ag.open(coco_set(tmp_path / "a", [[BOX]], width=31))
    refused(data, tmp_path / "b", "coco", "its annotations were made for 20x31")


def test_bytes_depend_on_the_dataset_alone(tmp_path):
    data = ag.open(coco_set(tmp_path / "a", [[BOX]] * 20, parts=("train", "val")))
    for format in ("coco", "voc", "yolo", "csv"):  # noqa: A001
        first, second = (ag.write(data, tmp_path / f"{format}{n}.zip", format, threads=n).path for n in (0, 3))
        assert first.read_bytes() == second.read_bytes()


# ---- names


def test_names_that_collide_get_their_folders_in_front(tmp_path):
    files = {f"{label}/{k}.png": png(value=10 * n + k) for n, label in enumerate(("cat", "dog")) for k in range(2)}
    data = ag.open(written(tmp_path / "a", files))
    assert ag.open(ag.write(data, tmp_path / "b", "csv").path).paths == [f"images/{n.replace('/', '_')}" for n in files]
    assert sorted(ag.open(ag.write(data, tmp_path / "c", "folders").path).paths) == sorted(files)


def test_names_of_one_stem_keep_their_endings(tmp_path):
    document = json.loads((coco_set(tmp_path / "a", [[BOX], [BOX]]) / "annotations/instances_train.json").read_text())
    for image, name in zip(document["images"], ("x.png", "X.PNG"), strict=True):
        (tmp_path / f"a/images/train/{image['file_name']}").rename(tmp_path / f"a/images/train/{name}")
        image["file_name"] = name
    (tmp_path / "a/annotations/instances_train.json").write_text(json.dumps(document))
    data = ag.open(tmp_path / "a")
    refused(data, tmp_path / "b", "yolo", r"X\.PNG and images/train/x\.png would be one file; rename one")
    (tmp_path / "a/images/train/X.PNG").rename(tmp_path / "a/images/train/x.bmp")
    (tmp_path / "a/annotations/instances_train.json").write_text(json.dumps(document).replace("X.PNG", "x.bmp"))
    assert ag.write(ag.open(tmp_path / "a"), tmp_path / "b", "yolo").images == 2
    assert sorted(os.listdir(tmp_path / "b/labels")) == ["images_train_x_bmp.txt", "images_train_x_png.txt"]


@pytest.mark.parametrize("label", ["a/b", "a\\b", ".hidden", ".."])
def test_classes_that_are_no_folders_are_refused(tmp_path, label):
    data = ag.from_arrays(np.zeros((4, 8, 8), np.uint8), [0, 0, 1, 1], classes=["ok", label])
    refused(data, tmp_path / "b", "folders", "cannot be the name of a folder; rename it, or write csv")


def test_what_would_be_read_as_something_else_is_refused(tmp_path):
    data = ag.from_arrays(np.zeros((6, 8, 8), np.uint8), np.arange(6) // 2, classes=["train", "val", "test"])
    refused(data, tmp_path / "b", "folders", "could not be read again|would be read as")


# ---- tables of boxes

HEAD = "path,label,left,top,right,bottom,part\n"


def table_of(root, rows):
    return written(root, {"t.csv": HEAD + rows, **{f"{k}.png": png(value=k) for k in range(2)}})


def test_a_table_of_boxes_is_read(tmp_path):
    data = ag.open(table_of(tmp_path, "1.png,b,1,2,3.5,4,train\n0.png,,,,,,val\n1.png,a,0,0,30,20,train\n"))
    found = marks(data)
    assert (found[0], data.classes, data.paths) == ((1, []), ("a", "b"), ["1.png", "0.png"])
    assert [(thing[0], thing[1].tolist()) for thing in found[1][1]] == [("b", [1, 2, 3.5, 4]), ("a", [0, 0, 30, 20])]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("0.png,a,1,2,3,x,val", "line 3: bottom is 'x'; expected a number"),
        ("0.png,a,1,2,3,,val", "line 3: bottom is ''"),
        ("0.png,,1,2,3,4,val", "line 3: the label is empty"),
        ("0.png,a,1,2,1,4,val", "line 3: box .* has no area"),
        ("0.png,a,1,2,nan,4,val", "line 3: box .* not finite"),
        ("7.png,a,1,2,3,4,val", "line 3: there is no file '7.png'"),
        ("0.txt,a,1,2,3,4,val", "line 3: '0.txt' does not end like an image"),
        ("../0.png,a,1,2,3,4,val", "line 3: '../0.png' points outside"),
        ("0.png,a,1,2,3,4,dev2", "line 3: 'dev2' is no part"),
        (
            "1.png,a,1,2,3,4,val\n0.png,,,,,,val",
            "line 3: the part is 'val', but 'train' in .*line 2, for the same image",
        ),
    ],
)
def test_a_wrong_row_of_a_table_of_boxes_is_named(tmp_path, row, message):
    with pytest.raises(ag.DataError, match=message):
        ag.open(table_of(tmp_path, f"1.png,b,1,2,3,4,train\n{row}\n"))


# ---- the command


def test_the_command(tmp_path):
    coco_set(tmp_path / "a", [[BOX | {"segmentation": [RING]}]])
    run = CliRunner().invoke
    failed = run(app, ["convert", str(tmp_path / "a"), "--to", "voc", "--out", str(tmp_path / "b")])
    assert failed.exit_code == 1
    assert "voc cannot hold 1 polygons" in failed.output
    done = run(app, ["convert", str(tmp_path / "a"), "--to", "voc", "--out", str(tmp_path / "b"), "--lossy"])
    assert (done.exit_code, done.output) == (0, f"wrote {tmp_path / 'b'}: 1 images, 1 objects; left out: 1 polygons\n")
    told = run(app, ["convert", str(tmp_path / "a"), "--to", "yolo", "--out", str(tmp_path / "c.zip"), "--json"])
    assert json.loads(told.output)["objects"] == 1
    assert len(ag.open(tmp_path / "c.zip")) == 1
