"""Displacements: the same map as OpenCV's remap, points that come back, and cells that move whole."""

import cv2
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from augury.api import Policy
from augury.compile.motion import move_points
from augury.data.prepare import Prepare
from augury.execute import native, reference
from augury.kernels import Resample, rotation, shift
from augury.plan import draw_plan
from augury.ranges import Fixed
from augury.transforms import (
    Elastic,
    GridDistortion,
    GridShuffle,
    OpticalDistortion,
    PiecewiseAffine,
    Rotate,
    ThinPlateSpline,
    Translate,
)
from helpers import (
    HAS_NATIVE,
    address,
    assert_same_bytes,
    lowered,
    move_boxes,
    moved_masks,
    movement,
    random_image,
    random_images,
    render,
)

SIZE = (60, 90)
SMOOTH = [
    Elastic(Fixed(0.3)),
    ThinPlateSpline(Fixed(0.12)),
    OpticalDistortion(Fixed(0.25)),
    OpticalDistortion(Fixed(-0.2)),
]
ALL = [*SMOOTH, PiecewiseAffine(Fixed(0.3)), GridDistortion(Fixed(0.4))]


def photo(seed=0):
    """Smooth enough that the interpolations of two libraries agree."""
    return cv2.GaussianBlur(random_image((*SIZE, 3), seed=seed), (0, 0), 3)


def places(motion, i=0):
    """Where each output pixel reads its input, as index coordinates: (h, w, 2)."""
    x, y = np.meshgrid(np.arange(SIZE[1]) + 0.5, np.arange(SIZE[0]) + 0.5)
    return read_at(motion, x, y, i) - 0.5


def read_at(motion, x, y, i=0):
    """Where outputs at x and y read the input, by the definition of a bend."""
    h, w = SIZE
    ((bend, _),) = motion.bends
    rows, columns = bend.shift.shape[1:3]
    at = [y / h * (rows - 1), x / w * (columns - 1)]
    move = [map_coordinates(bend.shift[i, ..., k], at, order=1, mode="nearest") for k in (0, 1)]
    return np.stack([x + move[0], y + move[1]], axis=-1)


@pytest.mark.parametrize("one", ALL, ids=repr)
def test_pixels_are_those_of_opencv_remap(one):
    image = photo()
    motion = movement(Policy([one]), [image])
    expected = cv2.remap(
        image, places(motion).astype(np.float32), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    out = render(Policy([one]), [image])[0]
    difference = np.abs(out.astype(int) - expected.astype(int))
    assert difference.max() <= 2  # remap counts places in 1/32 of a pixel
    assert difference.mean() < 0.2
    assert not np.array_equal(out, image)


@pytest.mark.parametrize("one", ALL, ids=repr)
def test_points_go_where_the_displacement_says(one):
    """Forward by Newton's method, then back by the definition."""
    h, w = SIZE
    motion = movement(Policy([one]), [photo()] * 5)
    at = np.random.default_rng(0).uniform(0.15, 0.85, (5, 40, 2)) * (w, h)
    there = move_points(motion, at, SIZE)
    for i in range(5):
        inside = np.all((there[i] > 1) & (there[i] < [w - 1, h - 1]), axis=1)
        back = read_at(motion, *there[i][inside].T, i)
        np.testing.assert_allclose(back, at[i][inside], atol=1e-6)
        assert inside.sum() > 25


def test_bends_and_matrices_are_read_one_after_the_other():
    """A bend between rotations is not the sum of its parts: against each step rendered by itself."""
    image = photo()
    policy = [Rotate(Fixed(20)), Elastic(Fixed(0.3)), Translate(Fixed(0.1), Fixed(0.05)), OpticalDistortion(Fixed(0.2))]
    program, arrays = lowered(Policy(policy), [image])
    assert program.kernels == ["Resample"]
    assert len(arrays[0].resample.bends) == 2
    fused = render(Policy(policy), [image])[0].astype(int)
    stepwise = render(Policy(policy), [image], fuse=False)[0].astype(int)
    assert np.abs(fused - stepwise)[8:-8, 8:-8].mean() < 2.5
    wrong = render(Policy(policy[::-1]), [image])[0].astype(int)
    assert np.abs(fused - wrong)[8:-8, 8:-8].mean() > 4


def test_rows_that_are_off_are_the_bytes_of_the_policy_without_the_bend():
    images = random_images([SIZE] * 8)
    plain = [Rotate((-30, 30)), Translate()]
    some = render(Policy([plain[0], Elastic(p=0.5), plain[1]]), images)
    without = render(Policy(plain), images)
    same = [np.array_equal(a, b) for a, b in zip(some, without, strict=True)]
    on = lowered(Policy([plain[0], Elastic(p=0.5), plain[1]]), images)[1][0].resample.bends[0][0].on
    assert same == (~on).tolist()
    assert 0 < sum(same) < 8


@pytest.mark.skipif(not HAS_NATIVE, reason="native kernels were not built")
@pytest.mark.parametrize("border", ["edge", "symmetric", "wrap", "constant", "cut"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_native_equals_reference_with_many_bends(dtype, border):
    images = random_images([(33, 41), (7, 5), (64, 64)], 3, dtype)
    policy = Policy(
        [Rotate((-90, 90)), Elastic((0.1, 0.4)), GridShuffle(p=0.5), ThinPlateSpline(), Translate()],
        border=border,
        fill=0.3,
    )

    how = {"prepare": Prepare((29, 50))}
    assert_same_bytes(*(render(policy, images, executor=executor, **how) for executor in (native, reference)))


def test_a_shuffled_grid_holds_the_same_cells():
    image = random_image((60, 90, 3))
    out = render(Policy([GridShuffle(cells=3)]), [image])[0]
    cut = [{c.tobytes() for r in np.split(a, 3) for c in np.split(r, 3, axis=1)} for a in (image, out)]
    assert cut[0] == cut[1]
    assert not np.array_equal(out, image)


def test_points_go_with_their_cell():
    image = np.zeros((60, 90, 1), np.uint8)
    image[25, 40] = 255
    for i in range(6):
        policy = Policy([GridShuffle(cells=3)])
        at = move_points(movement(policy, [image], ids=[i]), np.array([[[40.5, 25.5]]]), SIZE)[0, 0]
        assert render(policy, [image], ids=[i])[0, int(at[1]), int(at[0]), 0] == 255


def test_masks_follow_a_bend_with_nearest_pixels():
    images = [np.repeat(random_image((*SIZE, 1)), 3, axis=2)] * 4
    policy = Policy([Elastic(), Rotate()], interpolation="nearest")
    assert_same_bytes(moved_masks(policy, images, [image[..., 0] for image in images]), render(policy, images)[..., 0])


def test_a_box_in_a_bent_image_follows_its_edges_not_its_corners():
    barrel = OpticalDistortion(Fixed(0.3))
    image = photo()
    box = np.array([[20, 5, 70, 55]], np.float32)
    moved = move_boxes(movement(Policy([barrel]), [image]), box, SIZE)[0]
    corners = move_points(
        movement(Policy([barrel]), [image]), np.array([[[20, 5], [70, 5], [70, 55], [20, 55]]]), SIZE
    )[0]
    assert moved[0] < corners[:, 0].min() - 0.5  # the middle of an edge reaches farther out


def test_composition_is_associative():
    rng = np.random.default_rng(0)
    bend = Resample.bend(rng.normal(0, 2, (3, 4, 5, 2)), SIZE).where(np.array([True, False, True]))
    maps = [Resample(rotation(rng.uniform(-40, 40, 3))), bend, Resample(shift([3.0, 4.0, 5.0], 1.0)), bend]
    left = maps[0].then(maps[1]).then(maps[2]).then(maps[3])
    right = maps[0].then(maps[1].then(maps[2].then(maps[3])))
    points = rng.uniform(10, 50, (3, 7, 2))
    np.testing.assert_allclose(move_points(left, points, SIZE), move_points(right, points, SIZE), atol=1e-9)
    np.testing.assert_array_equal(left.bends[0][1][1], np.eye(3))  # of a row that is off


def test_the_plate_goes_through_its_pushes():
    motion = movement(Policy([ThinPlateSpline(Fixed(0.1))]), [photo()])
    ((bend, _),) = motion.bends
    drawn = draw_plan(Policy([ThinPlateSpline(Fixed(0.1))]), 0, address(1)).columns["ThinPlateSpline"]["points"]
    expected = drawn.reshape(3, 3, 2) * 0.1 * np.array([45, 30])
    np.testing.assert_allclose(bend.shift[0][::12, ::12], expected, atol=1e-6)


def test_a_point_does_not_depend_on_the_others():
    motion = movement(Policy([GridDistortion(Fixed(0.45)), Elastic(Fixed(0.4))]), [photo()])
    points = np.random.default_rng(1).uniform(5, 55, (1, 400, 2))
    together = move_points(motion, points, SIZE)
    alone = np.concatenate([move_points(motion, points[:, [k]], SIZE) for k in range(400)], axis=1)
    np.testing.assert_array_equal(together, alone)
