import numpy as np
import pytest

from augury.data.formats import yolo
from augury.data.storage import folder
from marked import boxes_of, png, stored, written
from marked import refused as refused_by

NAMES = "names: [cat, dog]\n"


def files(label="1 0.5 0.5 0.2 0.4\n", **more):
    held = {"images/a.png": png(), "labels/a.txt": label, "data.yaml": NAMES, "images/b.png": png(value=1)}
    return held | {name.replace("__", "/").replace("_", "."): data for name, data in more.items()}


def refused(held, message):
    refused_by(yolo.table, held, message)


def named(document):
    return yolo.table(stored(files(data_yaml=document))).classes


# ---- what is read


def test_boxes_are_fractions():
    table = yolo.table(stored(files("1 0.5 0.5 0.2 0.4\n\n0 0.25 0.5 0.5 1\r\n")))
    assert table.paths == ("images/a.png", "images/b.png")
    assert table.objects.fractions
    labels, boxes = zip(*((box[0], box[1:]) for box in boxes_of(table, 0)), strict=True)
    assert labels == ("dog", "cat")
    np.testing.assert_allclose(boxes, [[0.4, 0.3, 0.6, 0.7], [0, 0, 0.5, 1]], atol=1e-7)
    assert boxes_of(table, 1) == []  # no label file: background
    assert (table.parts, table.notes, table.mask) == (None, (), None)
    assert table.decode(1)[0, 0, 0] == 1


def test_an_empty_label_file_is_background():
    assert boxes_of(yolo.table(stored(files("\n"))), 0) == []


def test_a_polygon_gives_the_box_around_it():
    table = yolo.table(stored(files("0 0.1 0.2 0.5 0.1 0.3 0.9 0.2 0.3\n")))
    np.testing.assert_allclose(boxes_of(table, 0)[0][1:], [0.1, 0.1, 0.5, 0.9], atol=1e-7)


def test_boxes_may_reach_beyond_the_image():
    table = yolo.table(stored(files("0 0.05 1.0005 0.2 0.4\n")))
    np.testing.assert_allclose(boxes_of(table, 0)[0][1:], [-0.05, 0.8005, 0.15, 1.2005], atol=1e-7)


@pytest.mark.parametrize("document", ["names: [cat, dog]", "names: {0: cat, 1: dog}", "nc: 2\nnames:\n - cat\n - dog"])
def test_names_are_a_list_or_a_mapping(document):
    assert named(document) == ("cat", "dog")


def test_numbers_are_names():
    assert named("names: [0, 1, 2]") == ("0", "1", "2")


@pytest.mark.parametrize("place", ["classes.txt", "labels/classes.txt"])
def test_names_may_come_from_a_text_file(place):
    held = files()
    del held["data.yaml"]
    assert yolo.table(stored(held | {place: "\ufeffcat\r\nguide dog\r\n\r\n"})).classes == ("cat", "guide dog")


def test_data_yaml_is_taken_before_other_yaml_files():
    assert yolo.table(stored(files(hyp_yaml="lr: 1"))).classes == ("cat", "dog")


@pytest.mark.parametrize("layout", ["images/{}/x.png labels/{}/x.txt", "{}/images/x.png {}/labels/x.txt"])
@pytest.mark.parametrize("words", [("train", "val", "test"), ("train2017", "val2017", "test2017")])
def test_parts_are_given_by_folders(tmp_path, layout, words):
    image, label = layout.split()
    held = {"data.yaml": NAMES}
    for k, word in enumerate(words):
        held |= {image.format(word): png(value=k), label.format(word): f"0 0.5 0.5 0.{k + 1} 0.5"}
    for storage in (stored(held), folder(written(tmp_path, held))):
        assert yolo.recognised(storage)
        table = yolo.table(storage)
        assert [int(table.parts[i]) for i in range(3)] == [int(table.decode(i)[0, 0, 0]) for i in range(3)]
        for i in range(3):
            _, left, _, right, _ = boxes_of(table, i)[0]
            assert right - left == pytest.approx((table.parts[i] + 1) / 10)


def test_one_part_alone_is_no_part():
    held = {"train/images/a.png": png(), "train/labels/a.txt": "", "data.yaml": NAMES}
    assert yolo.table(stored(held)).parts is None


def test_images_beside_given_parts_are_refused():
    held = files() | {"images/train/c.png": png(), "images/val/d.png": png()}
    refused(held, r"2 images belong to none of the parts \(train, val\), first: images/a\.png")


# ---- recognised


@pytest.mark.parametrize(
    ("held", "answer"),
    [
        (files(), True),
        ({"images/a.png": b"", "labels/a.png": b"", "labels/classes.txt": ""}, False),
        ({"cat/a.png": b"", "dog/labels.txt": b""}, False),
        ({"labels/a.txt": ""}, False),
        ({}, False),
    ],
)
def test_recognised(held, answer):
    assert yolo.recognised(stored(held)) is answer


# ---- hostile and broken


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0.5 0.5 0.2", "4 numbers; expected a class and 4"),
        ("0 0.5 0.5 0.2 0.2 0.9", "6 numbers"),
        ("0 " + "0.5 " * 7, "8 numbers"),
        ("0", "1 numbers"),
        ("cat 0.5 0.5 0.2 0.2", "expected numbers only"),
        ("2 0.5 0.5 0.2 0.2", "class 2; there are 2 classes"),
        ("-1 0.5 0.5 0.2 0.2", "class -1"),
        ("0.5 0.5 0.5 0.2 0.2", "class 0.5"),
        ("nan 0.5 0.5 0.2 0.2", "class nan"),
        ("inf 0.5 0.5 0.2 0.2", "class inf"),
        ("0 0.5 nan 0.2 0.2", "nan lies outside"),
        ("0 0.5 inf 0.2 0.2", "inf lies outside"),
        ("0 320 240 50 50", r"320 lies outside 0\.\.1; write fractions"),
        ("0 0.5 0.5 1.01 0.2", "1.01 lies outside"),
        ("0 0.5 -0.01 0.2 0.2", "-0.01 lies outside"),
        ("0 0.5 0.5 0 0.2", r"has no area or is not finite \(1 of 2 boxes\)"),
        ("0 0.1 0.1 0.2 0.2 0.3 0.3 0.1 0.1 2 0.5", "2 lies outside"),
        ("0 0.1 0.1 0.2 0.1 0.3 0.1", "has no area"),
    ],
)
def test_a_wrong_line_is_named(line, message):
    refused(files(f"1 0.5 0.5 0.2 0.4\n\n{line}\n"), rf"data/labels/a\.txt, line 3: .*{message}")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("nc: 2", "'names' is None"),
        ("- cat", "holds no 'names'"),
        ("", "holds no 'names'"),
        ("names: cat", "'names' is 'cat'"),
        ("names: []", "holds no names"),
        ("names: [cat, cat]", "2 classes are called 'cat'"),
        ("names: [cat, '']", "1 classes are called ''"),
        ("names: [yes, no]", "name 0 is True, not text; put it in quotes"),
        ("names: [[a], b]", "name 0 is"),
        ("names: {1: cat, 2: dog}", r"keys of 'names' are \[1, 2\]"),
        ("names: {a: cat}", "keys of 'names'"),
        ("names: [cat, dog]\nnc: 3", "nc is 3, but there are 2 names"),
        ("names: [cat, dog]\nkpt_shape: [17, 4]", "kpt_shape is"),
        ('names: [cat, "d\\nog"]', "control character"),
        ("names: [cat", "not valid YAML"),
        ("names: \x00", "not valid YAML"),
        ("when: 2020-99-99", "not valid YAML"),
        ("[" * 5000, "not valid YAML"),
        ("names: !!python/object/apply:os.getcwd []", "not valid YAML"),
        ("a: &a [x, x]\nnames: [*a, *a]", r"uses aliases \(\*name\)"),
        (b"\xff\xfe", "is not UTF-8"),
    ],
)
def test_wrong_names_are_refused(document, message):
    refused(files(data_yaml=document), message)


def test_missing_names_are_refused():
    held = files()
    del held["data.yaml"]
    refused(held, r"names of the classes are missing; add data\.yaml, or classes\.txt")


def test_several_yaml_files_without_data_yaml_are_refused():
    held = files(a_yaml=NAMES, b_yaml=NAMES)
    del held["data.yaml"]
    refused(held, r"holds a\.yaml, b\.yaml; call the one with the names data\.yaml")


def test_a_label_file_without_image_is_refused():
    refused(files(labels__z_txt="", labels__y_txt=""), r"2 label files have no image \(first: labels/y\.txt\)")


def test_images_elsewhere_are_refused():
    held = files(stray_png=png(), labels__a_png=png())
    refused(held, r"2 images lie outside images/ \(first: labels/a\.png\)")


def test_two_images_of_one_stem_are_refused():
    refused(files(images__a_jpg=png()), r"images/a\.jpg and images/a\.png would share their annotations")


def test_labels_that_are_not_text_are_refused():
    refused(files(b"\xff\xfe0 0.5"), r"labels/a\.txt: is not UTF-8 text")


def test_no_images_at_all_is_an_error():
    refused({"data.yaml": NAMES}, "holds annotations but no images")
