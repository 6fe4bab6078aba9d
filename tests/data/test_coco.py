import json

import numpy as np
import pytest

from augury.data.formats import coco
from augury.data.storage import folder
from augury.errors import DecodeError
from marked import boxes_of, png, stored, written
from marked import refused as refused_by

CATEGORIES = [{"id": 7, "name": "dog"}, {"id": 2, "name": "cat"}]


def image(key, name, **more):
    return {"id": key, "file_name": name, "height": 20, "width": 30, **more}


def annotation(key, image_id, category_id=7, bbox=(1, 2, 3, 4), **more):
    return {"id": key, "image_id": image_id, "category_id": category_id, "bbox": list(bbox), **more}


def document(images, annotations, categories=None, **more):
    categories = [dict(category) for category in categories or CATEGORIES]
    return {"images": images, "annotations": annotations, "categories": categories, **more}


def two():
    return document([image(5, "b.png"), image(9, "a.png")], [annotation(1, 5), annotation(2, 5, 2, (0.5, 0, 10, 20))])


def files(content, *names, at="annotations.json", inside="images/"):
    text = content if isinstance(content, (str, bytes)) else json.dumps(content)
    return {at: text, **{inside + name: png(value=k) for k, name in enumerate(names or ("a.png", "b.png"))}}


def refused(content, message):
    refused_by(coco.table, files(content, at="annotations/instances_all.json"), message)


# ---- what is read


def test_boxes_are_edges_counted_from_0():
    table = coco.table(stored(files(two())))
    assert table.paths == ("images/a.png", "images/b.png")
    assert table.classes == ("cat", "dog")  # by id
    assert boxes_of(table, 0) == []
    assert boxes_of(table, 1) == [("dog", 1, 2, 4, 6), ("cat", 0.5, 0, 10.5, 20)]
    assert (table.objects.boxes.dtype, table.objects.fractions) == (np.float32, False)
    assert table.parts is None
    assert table.notes == ()
    np.testing.assert_array_equal(table.labels, np.zeros(2, np.int64), strict=True)


def test_images_are_decoded_from_their_place(tmp_path):
    table = coco.table(folder(written(tmp_path, files(two()))))
    assert [table.decode(i)[0, 0, 0] for i in range(2)] == [0, 1]
    assert table.read(1) == png(value=1)
    assert table.where(1) == f"{tmp_path}/images/b.png"


def test_crowd_regions_give_no_box_and_are_counted():
    content = two()
    content["annotations"] += [annotation(3, 9, iscrowd=1), annotation(4, 9, iscrowd=0)]
    del content["annotations"][2]["bbox"]
    table = coco.table(stored(files(content)))
    assert boxes_of(table, 0) == [("dog", 1, 2, 4, 6)]
    assert table.notes == ("data/annotations.json: 1 crowd regions give no box",)


def test_images_that_no_file_lists_are_no_samples_and_are_noted():
    table = coco.table(stored(files(two(), "a.png", "b.png", "c.png", "d.png")))
    assert len(table) == 2
    assert table.notes == ("data: 2 images are in no COCO file (first: images/c.png)",)


def test_categories_of_one_name_are_one_class():
    content = document([image(1, "a.png")], [annotation(1, 1, 0), annotation(2, 1, 3)], [])
    content["categories"] = [{"id": 0, "name": "pill", "supercategory": "none"}, {"id": 3, "name": "pill"}]
    table = coco.table(stored(files(content, "a.png")))
    assert table.classes == ("pill",)
    assert len(boxes_of(table, 0)) == 2


def test_ids_may_be_text():
    content = document([image("x", "a.png")], [annotation("n", "x", "c")], [{"id": "c", "name": "cat"}])
    assert boxes_of(coco.table(stored(files(content, "a.png"))), 0) == [("cat", 1, 2, 4, 6)]


def test_boxes_follow_the_sorted_paths():
    names = [f"{k:02}.png" for k in np.random.default_rng(0).permutation(40)]
    content = document(
        [image(k, name) for k, name in enumerate(names)],
        [annotation(j, k, bbox=(k, j, 1, 1)) for j, k in enumerate([*range(40), *range(0, 40, 3)])],
    )
    table = coco.table(stored(files(content, *names)))
    for i, path in enumerate(table.paths):
        k = names.index(path.removeprefix("images/"))
        assert [box[1] for box in boxes_of(table, i)] == [k] * (2 if k % 3 == 0 else 1)
        assert [box[2] for box in boxes_of(table, i)] == sorted(box[2] for box in boxes_of(table, i))


@pytest.mark.parametrize("inside", ["", "images/", "data/", "train/", "images/train/"])
@pytest.mark.parametrize("at", ["train.json", "annotations/train.json", "annotations/instances_train.json"])
def test_images_lie_in_one_of_several_places(at, inside):
    held = files(two(), at=at, inside=inside)
    assert coco.recognised(stored(held))
    assert coco.table(stored(held)).paths == (f"{inside}a.png", f"{inside}b.png")


def test_file_names_may_hold_folders():
    content = document([image(1, "x/a.png"), image(2, "./x\\b.png")], [])
    assert coco.table(stored(files(content, "x/a.png", "x/b.png"))).paths == ("images/x/a.png", "images/x/b.png")


def test_a_size_that_does_not_fit_is_named_when_the_image_is_decoded():
    content = document([image(1, "a.png", width=31), image(2, "b.png", width=None)], [])
    table = coco.table(stored(files(content)))
    with pytest.raises(DecodeError, match=r"a\.png: is 20x30 \(height x width\), its annotations .* 20x31"):
        table.decode(0)
    assert table.decode(1).shape == (20, 30, 1)


# ---- parts


def parted(*parts, name="annotations/instances_{}2017.json", inside="{}2017/"):
    held = {}
    for k, part in enumerate(parts):
        content = document([image(1, f"{k}.png")], [annotation(1, 1, bbox=(k, 0, 1, 1))])
        held |= files(content, f"{k}.png", at=name.format(part), inside=inside.format(part))
    return held


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("annotations/instances_{}2017.json", "{}2017/"),
        ("annotations/instances_{}.json", "images/{}/"),
        ("{}/_annotations.coco.json", "{}/"),
        ("{}.json", "images/"),
    ],
)
def test_several_files_are_the_given_parts(tmp_path, name, inside):
    held = parted("train", "val", "test", name=name, inside=inside)
    for storage in (stored(held), folder(written(tmp_path, held))):
        assert coco.recognised(storage)
        table = coco.table(storage)
        by_value = {int(boxes_of(table, i)[0][1]): int(table.parts[i]) for i in range(3)}
        assert by_value == {0: 0, 1: 1, 2: 2}
        assert table.parts.dtype == np.int8


def test_other_annotations_of_the_same_images_are_left_alone():
    held = parted("train", "val") | {"annotations/captions_train2017.json": json.dumps(two())}
    assert len(coco.table(stored(held))) == 2


def test_a_single_file_gives_no_parts():
    assert coco.table(stored(parted("train"))).parts is None


def test_a_file_without_the_name_of_a_part_is_refused_beside_others():
    held = parted("train", "extra", name="annotations/{}.json", inside="images/")
    refused_by(coco.table, held, r"extra\.json: one of 2 files, and its name says not which part")


def test_an_image_in_two_files_is_refused():
    held = parted("train", "val", name="{}.json", inside="images/")
    held["val.json"] = held["train.json"]
    refused_by(coco.table, held, r"data/images/0\.png: is listed twice, in train\.json, val\.json")


def test_files_must_agree_on_categories():
    held = parted("train", "val")
    content = document([image(1, "1.png")], [], [{"id": 7, "name": "emu"}])
    held["annotations/instances_val2017.json"] = json.dumps(content)
    refused_by(coco.table, held, r"instances_val2017\.json: category id 7: is 'emu' here and 'dog' before")


# ---- recognised


@pytest.mark.parametrize(
    ("held", "answer"),
    [
        (files(two()), True),
        ({"train/_annotations.coco.json": "", "train/a.png": b""}, True),
        ({"notes.json": json.dumps({"images": 3}), "cat/a.png": b""}, False),
        ({"cat/notes.json": json.dumps(two()), "cat/a.png": b""}, False),
        ({"labels/a.txt": "", "images/a.png": b""}, False),
    ],
)
def test_recognised(held, answer):
    assert coco.recognised(stored(held)) is answer


# ---- hostile and broken


def changed(key, k, **fields):
    content = two()
    content[key][k] |= fields
    return content


def without(key, k, field):
    content = two()
    del content[key][k][field]
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "holds no list of objects called 'images'"),
        ("[1]", "holds no list of objects called 'images'"),
        (document([], [], [])["images"], "no list"),
        ({"images": [], "annotations": []}, "called 'categories'"),
        (document([3], []), "called 'images'"),
        ('{"images": [', "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ('{"images": [' + "9" * 5000 + "]}", "is not valid JSON"),
        (b'{"images": "\xff"}', "is not UTF-8"),
        (without("images", 0, "id"), "image number 0: has no id"),
        (changed("images", 0, id=1.5), "image id 1.5: has no id that is a whole number"),
        (changed("images", 0, id=[1]), r"image id \[1\]: has no id"),
        (changed("images", 1, id=5), "image id 5: two images have this id"),
        (without("images", 0, "file_name"), "image id 5: file_name None"),
        (changed("images", 0, file_name="../b.png"), r"file_name '../b\.png'; expected a relative path"),
        (changed("images", 0, file_name="x/../../b.png"), "expected a relative path"),
        (changed("images", 0, file_name="/etc/passwd"), "expected a relative path"),
        (changed("images", 0, file_name="c:/b.png"), "expected a relative path"),
        (changed("images", 0, file_name=""), "expected a relative path"),
        (changed("images", 0, file_name=["b.png"]), "expected a relative path"),
        (changed("images", 0, file_name="z.png"), r"image id 5: 'z\.png' is not there \(1 of 2 images are missing\)"),
        (changed("images", 1, file_name="b.png"), r"images/b\.png: is listed twice"),
        (changed("images", 0, height=-1), "image id 5: height -1 and width 30; expected whole pixels"),
        (changed("images", 0, width="30"), "width '30'"),
        (changed("images", 0, width=1e400), "width inf"),
        (without("categories", 0, "id"), "category number 0: has no id"),
        (without("categories", 0, "name"), "category id 7: name None"),
        (changed("categories", 0, name="a\nb"), r"the name 'a\\nb' holds a control character"),
        (changed("categories", 1, id=7), "category id 7: is 'cat' here and 'dog' before"),
        (without("annotations", 0, "image_id"), "annotation id 1: image_id None is not in the file"),
        (changed("annotations", 0, image_id=77), "annotation id 1: image_id 77 is not in the file"),
        (changed("annotations", 0, image_id=[5]), r"image_id \[5\] is not"),
        (changed("annotations", 0, category_id=10**400), "category_id 1000"),
        (changed("annotations", 0, iscrowd=2), "annotation id 1: iscrowd 2"),
        (changed("annotations", 0, iscrowd=[]), r"iscrowd \[\]"),
        (without("annotations", 0, "bbox"), "annotation id 1: bbox None"),
        (changed("annotations", 0, bbox=[1, 2, 3]), "expected four numbers"),
        (changed("annotations", 0, bbox=[1, 2, 3, "4"]), "expected four numbers"),
        (changed("annotations", 0, bbox=[1, 2, 3, True]), "expected four numbers"),
        (changed("annotations", 0, bbox=[1, 2, 10**400, 4]), "expected four numbers"),
        (changed("annotations", 0, bbox=[1, 2, 0, 4]), r"annotation id 1: box .* = 1, 2, 1, 6\) has no area .*1 of 2"),
        (changed("annotations", 1, bbox=[1, 2, 3, -4]), "annotation id 2: box .* has no area"),
        (changed("annotations", 0, bbox=[1, 2, float("nan"), 4]), "annotation id 1: box .* not finite"),
        (changed("annotations", 0, bbox=[1, 2, float("inf"), 4]), "annotation id 1: box .* not finite"),
        (changed("annotations", 0, bbox=[1e300, 2, 1e301, 4]), "annotation id 1: box .* not finite"),
        (changed("annotations", 0, bbox=[1e9, 2, 1e-3, 4]), "annotation id 1: box .* has no area"),
        (document([], []), "no images"),
        ({**two(), "categories": [], "annotations": []}, "names a class"),
    ],
)
def test_what_is_broken_is_named_in_one_line(content, message):
    refused(content, message)


def test_an_annotation_without_id_is_named_by_its_number():
    content = changed("annotations", 1, bbox=None)
    del content["annotations"][1]["id"]
    refused(content, "annotation number 1: bbox None")
