"""Outlines, rotated boxes and poses of YOLO, as they are read."""

import numpy as np
import pytest

import augury as ag
from annotated_sets import yolo_set
from augury.errors import DataError

BOX = "0 0.5 0.5 0.2 0.4"
TRIANGLE = "1 0.1 0.2 0.5 0.2 0.3 0.9"
QUAD = "1 0.5 0.1 0.9 0.5 0.5 0.9 0.1 0.5"
POSE = "kpt_shape: [2, 3]\nflip_idx: [1, 0]\n"


def objects_of(root):
    return ag.open(root)._table.objects


def test_outlines_and_boxes(tmp_path):
    found = objects_of(yolo_set(tmp_path, [f"{TRIANGLE}\n{BOX}\n{QUAD}"]))
    np.testing.assert_array_equal(found.polygons.objects, [0, 1, 1, 2], strict=True)
    np.testing.assert_array_equal(found.polygons.of(0)[0], np.float32([[0.1, 0.2], [0.5, 0.2], [0.3, 0.9]]))
    assert (found.quads, found.keypoints, found.fractions) == (None, None, True)


def test_four_points_on_every_line_that_is_no_box_are_rotated_boxes(tmp_path):
    found = objects_of(yolo_set(tmp_path, [f"{QUAD}\n{BOX}", "", QUAD]))
    assert found.polygons is None
    np.testing.assert_array_equal(found.quads[0], np.float32([[0.5, 0.1], [0.9, 0.5], [0.5, 0.9], [0.1, 0.5]]))
    np.testing.assert_allclose(found.quads[1], [[0.4, 0.3], [0.6, 0.3], [0.6, 0.7], [0.4, 0.7]], atol=1e-7)
    np.testing.assert_array_equal(found.boxes[2], np.float32([0.1, 0.1, 0.9, 0.9]))
    assert (found.quads.shape, found.quads.dtype) == ((3, 4, 2), np.float32)


def test_the_task_says_that_four_points_are_an_outline(tmp_path):
    found = objects_of(yolo_set(tmp_path, [QUAD], "task: segment\n"))
    assert found.quads is None
    assert len(found.polygons.of(0)[0]) == 4


def test_poses(tmp_path):
    lines = "0 0.5 0.5 0.2 0.4 0.1 0.2 2 0.3 0.4 1\n1 0.5 0.5 0.2 0.4 0.7 0.8 0 0 0 2.000"
    found = objects_of(yolo_set(tmp_path, [lines], POSE))
    expected = [[[0.1, 0.2, 2], [0.3, 0.4, 1]], [[0, 0, 0], [0, 0, 2]]]
    np.testing.assert_array_equal(found.keypoints, np.float32(expected), strict=True)
    np.testing.assert_array_equal(found.boxes[0], np.float32([0.4, 0.3, 0.6, 0.7]))
    assert (found.keypoint_names, found.keypoint_swaps, found.polygons) == ((), ((0, 1),), None)


def test_poses_of_two_numbers_are_visible_but_at_0_0_or_outside(tmp_path):
    line = "0 0.5 0.5 0.2 0.4 0.1 0.2 0 0 -0.5 0.3 0 0.5"
    found = objects_of(yolo_set(tmp_path, [line], "kpt_shape: [4, 2]\n"))
    np.testing.assert_array_equal(found.keypoints[0], np.float32([[0.1, 0.2, 2], [0, 0, 0], [0, 0, 0], [0, 0.5, 2]]))


@pytest.mark.parametrize("names", ["[l_ear, r_ear]", "{0: [l_ear, r_ear], 1: [l_ear, r_ear]}"])
def test_names_of_keypoints(tmp_path, names):
    found = objects_of(yolo_set(tmp_path, [""], f"kpt_shape: [2, 3]\nkpt_names: {names}\n"))
    assert (found.keypoint_names, found.keypoint_swaps) == (("l_ear", "r_ear"), ((0, 1),))


def test_names_that_differ_by_class_are_noted(tmp_path):
    data = ag.open(yolo_set(tmp_path, [""], "kpt_shape: [1, 3]\nkpt_names: {0: [a], 1: [b]}\n"))
    assert data._table.objects.keypoint_names == ()
    assert "kpt_names differ between classes" in data._table.notes[0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (BOX, "0 numbers behind the box; kpt_shape says 2 keypoints of 3 each"),
        (f"{BOX} 0.1 0.2 2 0.3 0.4", "5 numbers behind the box"),
        ("0 0.5", "0 numbers behind"),
        (f"{BOX} 0.1 0.2 3 0.3 0.4 1", "a visibility is not 0, 1 or 2"),
        (f"{BOX} 0.1 0.2 nan 0.3 0.4 1", "a visibility is not"),
        (f"{BOX} 0.1 1.2 2 0.3 0.4 1", r"1.2 lies outside 0\.\.1"),
        (f"{BOX} nan 0.2 2 0.3 0.4 1", r"nan lies outside"),
    ],
)
def test_a_wrong_pose_is_named(tmp_path, line, message):
    yolo_set(tmp_path, [line], POSE)
    with pytest.raises(DataError, match=rf"labels/train/0\.txt, line 1: .*{message}"):
        ag.open(tmp_path)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("kpt_shape: 3", "kpt_shape is 3"),
        ("kpt_shape: [0, 3]", r"kpt_shape is \[0, 3\]"),
        ("kpt_shape: [2, 4]", "kpt_shape is"),
        ("kpt_shape: [2.0, 3]", "kpt_shape is"),
        ("kpt_shape: [99999999, 3]", "kpt_shape is"),
        ("kpt_shape: [2, 3]\nflip_idx: [0]", "does not pair 2 keypoints"),
        ("kpt_shape: [3, 3]\nflip_idx: [1, 2, 0]", "does not pair 3 keypoints"),
        ("kpt_shape: [2, 3]\nflip_idx: [0, 2]", r"flip_idx is \[0, 2\]; expected 2 numbers"),
        ("kpt_shape: [2, 3]\nflip_idx: yes", "flip_idx is True"),
        ("kpt_shape: [2, 3]\nkpt_names: [a]", "kpt_names names 1 keypoints, kpt_shape says 2"),
        ("kpt_shape: [2, 3]\nkpt_names: {0: 3}", "names of keypoints are 3"),
        ("kpt_shape: [2, 3]\nkpt_names: {}", "names of keypoints are {}"),
    ],
)
def test_wrong_descriptions_of_poses_are_refused(tmp_path, said, message):
    yolo_set(tmp_path, [""], f"{said}\n")
    with pytest.raises(DataError, match=rf"data\.yaml: .*{message}"):
        ag.open(tmp_path)
