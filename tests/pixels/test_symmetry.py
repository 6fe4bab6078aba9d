"""Symmetries and crops: whole pixels, compared with numpy and OpenCV."""

import cv2
import numpy as np
import pytest

from augury.api import Policy
from augury.compile.motion import around, move_points
from augury.data.prepare import Prepare
from augury.errors import PolicyError
from augury.kernels import Resample, rotation
from augury.plan import draw_plan
from augury.ranges import Fixed
from augury.transforms import (
    D4,
    Brightness,
    CenterCrop,
    Crop,
    GaussianNoise,
    HorizontalFlip,
    LongestSide,
    OneOf,
    Pad,
    Resize,
    Rotate,
    Rotate90,
    SafeCrop,
    SafeRotate,
    ShortestSide,
    Translate,
    Transpose,
)
from helpers import address, assert_same_bytes, lowered, move_boxes, movement, random_image, random_images, render

SQUARE = random_image((31, 31, 3))


def test_transpose_mirrors_at_the_diagonal():
    assert_same_bytes(render(Policy([Transpose(p=1.0)]), [SQUARE])[0], SQUARE.transpose(1, 0, 2).copy())


def test_quarter_turns_are_those_of_numpy():
    policy = Policy([Rotate90()])
    turns = draw_plan(policy, 0, address(40)).columns["Rotate90"]["turns"]
    out = render(policy, [SQUARE] * 40)
    for image, turn in zip(out, turns, strict=True):
        assert_same_bytes(image, np.rot90(SQUARE, turn).copy())
    assert set(turns) == {0, 1, 2, 3}


def test_the_eight_symmetries_come_equally_often():
    out = render(Policy([D4()]), [SQUARE[:9, :9].copy()] * 4000)
    eight = [np.rot90(a, k).copy() for a in (SQUARE[:9, :9], SQUARE[:9, :9].transpose(1, 0, 2)) for k in range(4)]
    counts = [sum(np.array_equal(image, one) for image in out) for one in eight]
    assert sum(counts) == 4000
    assert min(counts) > 430
    assert max(counts) < 570


def test_symmetries_of_a_square_pass_tables_and_those_of_other_canvases_do_not():
    nodes = [Rotate(), Brightness(), D4()]
    assert lowered(Policy(nodes), [SQUARE])[0].kernels == ["Resample", "Point"]
    assert lowered(Policy(nodes), random_images([(20, 30)]))[0].kernels == ["Resample", "Point", "Resample"]
    noisy = [Rotate(), GaussianNoise(), D4()]
    assert lowered(Policy(noisy), [SQUARE])[0].kernels == ["Resample", "Noise", "Resample"]


@pytest.mark.parametrize("angle", [10, 45, 90, 133, -20])
def test_a_safe_rotation_keeps_every_corner_in_sight(angle):
    size = (40, 70)
    moved = movement(Policy([SafeRotate(Fixed(angle))]), random_images([size]))
    left, top, right, bottom = move_boxes(moved, np.array([[0, 0, 70, 40]], np.float32), (40, 70))[0]
    np.testing.assert_allclose([left + right, top + bottom], [70, 40], atol=1e-3)
    corners = move_points(moved, np.array([[[0, 0], [70, 0], [70, 40], [0, 40]]], np.float64), size)[0]
    assert corners.min() >= -1e-9
    assert np.all(corners <= np.array([70, 40]) + 1e-9)
    assert np.isclose(corners[:, 0].max(), 70) or np.isclose(corners[:, 1].max(), 40)  # no smaller than it must be


def test_a_crop_is_a_window_of_whole_pixels():
    image = random_image((40, 60, 3))
    policy = Policy([Crop((0.5, 0.75))])
    program, arrays = lowered(policy, [image] * 30)
    assert program.output.shape == (20, 45, 3)
    out = render(policy, [image] * 30)
    windows = {image[y : y + 20, x : x + 45].tobytes(): (y, x) for y in range(21) for x in range(16)}
    places = [windows[one.tobytes()] for one in out]
    assert len(set(places)) > 15
    assert {0, 20} & {y for y, _ in places}
    boxes = move_boxes(arrays[0].resample, np.tile(np.float32([[0, 0, 60, 40]]), (30, 1)), (40, 60))
    assert_same_bytes(boxes, np.tile(np.float32([[0, 0, 45, 20]]), (30, 1)))


def test_training_and_validation_crops_have_one_size():
    image = random_image((41, 61, 3))
    train, val = (lowered(Policy([crop((0.7, 0.7))]), [image])[0].output for crop in (Crop, CenterCrop))
    assert train == val
    assert not Policy([CenterCrop()]).is_random
    assert_same_bytes(render(Policy([CenterCrop((0.5, 0.5))]), [image[:40, :60]])[0], image[10:30, 15:45].copy())


def test_transforms_after_a_crop_act_on_the_small_canvas():
    image = random_image((40, 60, 3))
    policy = Policy([CenterCrop((0.5, 0.5)), Translate(Fixed(0.1), Fixed(0.0))], border="constant")
    out = render(policy, [image])[0]
    assert_same_bytes(out, image[10:30, 12:42].copy())  # a tenth of 30; what the crop left out comes back


def test_padding_is_filled_by_the_border():
    image = random_image((20, 30, 3))
    out = render(Policy([Pad((2.0, 1.0))], border="constant", fill=1.0), [image])[0]
    assert out.shape == (40, 30, 3)
    assert_same_bytes(out[10:30], image)
    assert (out[:9] == 255).all()
    mirrored = render(Policy([Pad((2.0, 1.0))], border="symmetric"), [image])[0]
    assert_same_bytes(mirrored, cv2.copyMakeBorder(image, 10, 10, 0, 0, cv2.BORDER_REFLECT))


@pytest.mark.parametrize(("node", "size"), [(LongestSide(length=30), (20, 30)), (ShortestSide(length=30), (30, 45))])
def test_sides_keep_the_aspect(node, size):
    assert lowered(Policy([node]), random_images([(40, 60)]))[0].size == size


def test_enlarging_is_bilinear_as_opencv_does_it():
    image = cv2.GaussianBlur(random_image((20, 30, 3)), (0, 0), 1)
    out = render(Policy([Resize((2.0, 2.0))]), [image])[0]
    expected = cv2.resize(image, (60, 40), interpolation=cv2.INTER_LINEAR)
    assert np.abs(out.astype(int) - expected).max() <= 1


def test_halving_is_the_mean_of_four_pixels():
    image = random_image((20, 30, 3))
    out = render(Policy([Resize((0.5, 0.5))]), [image])[0]
    assert np.abs(out.astype(int) - cv2.resize(image, (15, 10), interpolation=cv2.INTER_AREA)).max() <= 1


def test_a_size_may_not_depend_on_chance():
    with pytest.raises(PolicyError, match="two sizes"):
        Crop(p=0.5)
    with pytest.raises(PolicyError, match="changes the size"):
        Policy([OneOf([Crop(), HorizontalFlip()])])


def subjects(n, seed=0):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 0.7, (n, 2))
    return np.concatenate([corner, corner + rng.uniform(0.02, 0.29, (n, 2))], axis=1) * [90, 60, 90, 60]


def test_a_safe_crop_holds_the_subject_wherever_it_moved():
    program, _ = lowered(Policy([Rotate((-20, 20)), SafeCrop((0.05, 0.6))]), random_images([(60, 90)]))
    assert program.needs_subject
    boxes, plan = subjects(500), draw_plan(program.policy, 0, address(500))
    motion = program.lower(plan, boxes)[0].resample
    turned = Resample(rotation(plan.columns["Rotate"]["angle"]))
    could = within_the_canvas(around(turned, boxes, (60, 90)))
    assert within_the_canvas(around(motion, boxes, (60, 90)))[could].all()
    assert could.sum() > 300
    zoom = np.sqrt(np.abs(np.linalg.det(motion.matrix[:, :2, :2])))
    assert zoom.max() > 2.5
    assert zoom.min() < 1.35


def within_the_canvas(boxes):
    return np.all((boxes[:, :2] >= -1e-6) & (boxes[:, 2:] <= np.array([90, 60]) + 1e-6), axis=1)


def test_without_a_subject_any_part_is_shown():
    policy = Policy([SafeCrop(Fixed(0.25))])
    zoom = movement(policy, random_images([(60, 90)] * 5), prepare=Prepare()).matrix[:, 0, 0]
    np.testing.assert_allclose(zoom, 2.0)
