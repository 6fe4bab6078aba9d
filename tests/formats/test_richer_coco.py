"""Outlines and keypoints of COCO, as they are read."""

import json

import numpy as np
import pytest

import augury as ag
from annotated_sets import NOSE, coco_set
from augury.data.formats.shapes import swaps_by_name
from augury.data.table import Objects, Polygons
from augury.errors import AuguryError, DataError

PEOPLE = [{"id": 1, "name": "cat", "keypoints": NOSE}, {"id": 2, "name": "dog"}]
BOX = {"bbox": [1, 2, 10, 12]}
TRIANGLE = [1, 2, 11, 2, 5.5, 14]


def objects_of(root):
    return ag.open(root)._table.objects


def test_outlines_may_have_several_rings_or_none(tmp_path):
    square = [2, 3, 4, 3, 4, 5, 2, 5]
    found = objects_of(
        coco_set(tmp_path, [[BOX | {"segmentation": [TRIANGLE, square]}, BOX], [], [BOX | {"segmentation": [square]}]])
    )
    np.testing.assert_array_equal(found.polygons.objects, [0, 2, 2, 3], strict=True)
    np.testing.assert_array_equal(found.polygons.rings, [0, 3, 7, 11], strict=True)
    assert found.polygons.points.dtype == np.float32
    np.testing.assert_array_equal(found.polygons.of(0)[0], np.float32(TRIANGLE).reshape(-1, 2))
    np.testing.assert_array_equal(found.polygons.of(2)[0], np.float32(square).reshape(-1, 2))
    assert found.polygons.of(1) == []


def test_plain_boxes_have_no_shapes(tmp_path):
    found = objects_of(coco_set(tmp_path, [[BOX | {"segmentation": []}, BOX | {"segmentation": [[]]}]]))
    assert (found.polygons, found.keypoints, found.quads, found.keypoint_names) == (None, None, None, ())


def test_keypoints_lie_in_the_middle_of_their_pixels_and_names_say_which_swap(tmp_path):
    thing = BOX | {"keypoints": [3, 4, 2, 0, 0, 0, 5, 6, 1]}
    found = objects_of(coco_set(tmp_path, [[thing, BOX | {"category_id": 2}]], PEOPLE))
    np.testing.assert_array_equal(
        found.keypoints, np.float32([[[3.5, 4.5, 2], [0, 0, 0], [5.5, 6.5, 1]], np.zeros((3, 3))]), strict=True
    )
    assert (found.keypoint_names, found.keypoint_swaps) == (tuple(NOSE), ((1, 2),))


def test_categories_share_keypoints_of_one_name(tmp_path):
    categories = [PEOPLE[0], {"id": 2, "name": "dog", "keypoints": ["tail", "nose"]}]
    things = [
        BOX | {"keypoints": [1, 1, 2, 2, 2, 2, 3, 3, 2]},
        BOX | {"category_id": 2, "keypoints": [7, 7, 1, 8, 8, 2]},
    ]
    found = objects_of(coco_set(tmp_path, [things], categories))
    assert found.keypoint_names == (*NOSE, "tail")
    np.testing.assert_array_equal(found.keypoints[1], [[8.5, 8.5, 2], [0, 0, 0], [0, 0, 0], [7.5, 7.5, 1]])


def test_shapes_follow_their_images_whatever_the_order_of_annotations(tmp_path):
    moved = [np.add(TRIANGLE, k).tolist() for k in range(3)]
    place = coco_set(tmp_path, [[BOX | {"segmentation": [ring]}] for ring in moved])
    file = place / "annotations/instances_train.json"
    document = json.loads(file.read_text())
    document["annotations"].reverse()
    file.write_text(json.dumps(document))
    found = objects_of(place).polygons
    for k, ring in enumerate(moved):
        np.testing.assert_array_equal(found.of(k)[0], np.float32(ring).reshape(-1, 2))


@pytest.mark.parametrize(
    ("names", "swaps"),
    [
        (["Left Eye", "nose", "right eye"], ((0, 2),)),
        (["l_eye", "eye", "r_ear"], ()),
        (["left_right", "right_right", "left_left"], ((1, 2),)),
        (["tail_left"], ()),
    ],
)
def test_keypoints_swap_with_the_one_of_the_other_side(names, swaps):
    assert swaps_by_name(names) == swaps


def test_what_is_not_read_is_counted(tmp_path):
    rle = {"counts": [3, 5], "size": [20, 30]}
    things = [BOX | {"segmentation": rle}, BOX | {"keypoints": [1, 1, 2]}, {"iscrowd": 1, "segmentation": rle}]
    notes = "\n".join(ag.open(coco_set(tmp_path, [things]))._table.notes)
    assert "1 outlines are run lengths (RLE)" in notes
    assert "1 objects have keypoints that their category does not name" in notes
    assert "1 crowd regions" in notes


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"segmentation": "abc"}, "segmentation 'abc'; expected a list"),
        ({"segmentation": [1, 2, 3, 4, 5, 6]}, "segmentation 1; expected x and y"),
        ({"segmentation": [[1, 2, 3, 4]]}, "x and y of three points"),
        ({"segmentation": [[1, 2, 3, 4, 5, 6, 7]]}, "x and y of three points"),
        ({"segmentation": [[1, 2, 3, 4, 5, "6"]]}, "x and y of three points"),
        ({"segmentation": [[1, 2, 3, 4, 5, True]]}, "x and y of three points"),
        ({"segmentation": [[1, 2, 3, 4, 5, 10**400]]}, "x and y of three points"),
        ({"segmentation": [[1, 2, 3, 4, 5, 1e300]]}, r"its outline has a coordinate that is not finite \(1 of 1"),
        ({"segmentation": [[1, 2, 3, 4, 5, float("nan")]]}, "not finite"),
        ({"keypoints": [1, 2, 2]}, "of each of the 3 of its category"),
        ({"keypoints": "abc"}, "of each of the 3"),
        ({"keypoints": [1, 2, 3] * 3}, "a visibility is not 0, 1 or 2"),
        ({"keypoints": [float("inf"), 2, 2] * 3}, "its keypoint has a coordinate that is not finite"),
    ],
)
def test_a_broken_shape_is_named_in_one_line(tmp_path, fields, message):
    coco_set(tmp_path, [[BOX | fields]], PEOPLE)
    with pytest.raises(DataError, match=f"instances_train.json: annotation id 0: .*{message}") as caught:
        ag.open(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("nose", "expected a list of text"),
        (["nose", 3], "expected a list of text"),
        (["nose", ""], "expected a list of text"),
        (["nose", "nose"], "two keypoints are called 'nose'"),
        (["no\nse"], "control character"),
        ([str(k) for k in range(2000)], "names 2000 keypoints, more than 1024"),
    ],
)
def test_broken_names_of_keypoints_are_refused(tmp_path, names, message):
    coco_set(tmp_path, [[BOX]], [{"id": 1, "name": "cat", "keypoints": names}])
    with pytest.raises(DataError, match=message):
        ag.open(tmp_path)


def test_a_few_bytes_cannot_ask_for_all_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("augury.data.formats.shapes._MOST_MEMORY", 100)
    coco_set(tmp_path, [[BOX] * 3], PEOPLE)
    with pytest.raises(DataError, match="3 keypoints of 3 objects take more than 100 bytes"):
        ag.open(tmp_path)


def test_damaged_documents_are_read_or_refused_in_one_line(tmp_path):
    thing = BOX | {"segmentation": [TRIANGLE], "keypoints": [3, 4, 2, 0, 0, 0, 5, 6, 1]}
    place = coco_set(tmp_path, [[thing]], PEOPLE) / "annotations/instances_train.json"
    whole, rng = place.read_text(), np.random.default_rng(0)
    values = ["null", "-1", "1e999", "[]", "{}", '"x"', "true", "NaN", "[[]]", "9" * 400]
    read = 0
    for _ in range(300):
        tokens = [part for part in json.dumps(json.loads(whole)).replace(",", " , ").split(" ") if part]
        tokens[rng.integers(len(tokens))] = str(rng.choice(values))
        place.write_text(" ".join(tokens))
        try:
            read += len(ag.open(tmp_path)) == 1
        except AuguryError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017  many cases in one test
    assert 0 < read < 300


# ---- rows of some samples


def all_fields():
    polygons = Polygons(
        np.arange(28, dtype=np.float32).reshape(-1, 2), np.array([0, 3, 7, 10, 14]), np.array([0, 2, 2, 3, 4])
    )
    boxes = np.arange(16, dtype=np.float32).reshape(4, 4)
    more = {"keypoints": np.arange(24, dtype=np.float32).reshape(4, 2, 3), "quads": np.arange(32.0).reshape(4, 4, 2)}
    names = {"keypoint_names": ("a", "b"), "keypoint_swaps": ((0, 1),)}
    return Objects(np.array([0, 1, 1, 4]), boxes, np.arange(4), True, polygons=polygons, **more, **names)


def test_taking_samples_takes_all_that_is_theirs():
    objects = all_fields()
    taken = objects.take([2, 1, 0, 2])
    rows = [1, 2, 3, 0, 1, 2, 3]
    np.testing.assert_array_equal(taken.starts, [0, 3, 3, 4, 7], strict=True)
    for name in ("boxes", "labels", "keypoints", "quads"):
        np.testing.assert_array_equal(getattr(taken, name), getattr(objects, name)[rows], strict=True)
    for k, row in enumerate(rows):
        own, theirs = taken.polygons.of(k), objects.polygons.of(row)
        assert len(own) == len(theirs)
        for ring, other in zip(own, theirs, strict=True):
            np.testing.assert_array_equal(ring, other, strict=True)
    assert (taken.fractions, taken.keypoint_names, taken.keypoint_swaps) == (True, ("a", "b"), ((0, 1),))


@pytest.mark.parametrize("samples", [[], [1], [1, 1]])
def test_samples_without_objects_give_none(samples):
    taken = all_fields().take(np.array(samples, np.int64))
    np.testing.assert_array_equal(taken.starts, np.zeros(len(samples) + 1, np.int64), strict=True)
    assert (len(taken.boxes), len(taken.polygons.points), taken.polygons.rings.tolist()) == (0, 0, [0])


def test_taking_all_is_the_same():
    taken = all_fields().take(range(3))
    np.testing.assert_array_equal(taken.polygons.points, all_fields().polygons.points, strict=True)
    np.testing.assert_array_equal(taken.polygons.rings, all_fields().polygons.rings, strict=True)
