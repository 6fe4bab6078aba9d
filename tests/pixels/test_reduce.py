import cv2
import numpy as np
import pytest

from augury.api import Policy
from augury.data.prepare import Prepare
from augury.execute import reference
from augury.kernels import Backward, Resample, compose, identity, rotation, scaling, shift
from augury.ranges import Fixed
from augury.transforms import Barrier, Rotate, Zoom
from helpers import DTYPES, FAST, HAS_NATIVE, assert_same_bytes, random_image, render

EXECUTORS = [reference, FAST] if HAS_NATIVE else [reference]


def levels(m, canvas, extent):
    return Backward.of(Resample(m)).halvings(canvas, extent)


@pytest.fixture(params=EXECUTORS, ids=lambda module: module.__name__.split(".")[-1])
def executor(request):
    return request.param


# ---- means of boxes


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("halvings", [(0, 0), (1, 0), (0, 1), (1, 1), (2, 3), (3, 2)])
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_boxes_hold_the_mean(executor, dtype, halvings, channels):
    image = random_image((24, 40, channels), dtype)
    by, bx = 2 ** halvings[0], 2 ** halvings[1]
    mean = image.reshape(24 // by, by, 40 // bx, bx, channels).mean(axis=(1, 3), dtype=np.float64)
    expected = mean.astype(dtype) if dtype == "float32" else np.rint(mean).astype(dtype)
    assert_same_bytes(executor.reduce_box(image, halvings), expected)


def test_ties_go_to_the_even_number(executor):
    pairs = np.array([[0, 1, 1, 2, 2, 3, 254, 255]], np.uint8)[..., None]
    np.testing.assert_array_equal(executor.reduce_box(pairs, (0, 1))[0, :, 0], [0, 2, 2, 254])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [(5, 7), (1, 1), (9, 4), (3, 17)])
def test_boxes_over_the_far_edges_average_what_they_hold(executor, dtype, size):
    image = random_image((*size, 3), dtype)
    out = executor.reduce_box(image, (2, 1))
    assert out.shape == (-(-size[0] // 4), -(-size[1] // 2), 3)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            mean = image[4 * y : 4 * y + 4, 2 * x : 2 * x + 2].mean(axis=(0, 1), dtype=np.float64)
            expected = mean.astype(dtype) if dtype == "float32" else np.rint(mean).astype(dtype)
            np.testing.assert_array_equal(out[y, x], expected)


def test_white_stays_white_in_large_boxes(executor):
    image = np.full((300, 300, 1), 65535, np.uint16)
    np.testing.assert_array_equal(executor.reduce_box(image, (8, 8)), 65535)


def test_reducing_twice_is_reducing_further_for_floats_of_few_bits(executor):
    image = (random_image((32, 32, 3)) / np.float32(256)).astype(np.float32)
    twice = executor.reduce_box(executor.reduce_box(image, (1, 1)), (1, 2))
    assert_same_bytes(twice, executor.reduce_box(image, (2, 3)))


# ---- how often


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        (10, 0),
        (96, 0),
        (97, 0),
        (191, 0),
        (192, 1),
        (193, 1),
        (383, 1),
        (384, 2),
        (3000, 4),
        (4000, 5),
        (16384, 7),
    ],
)
def test_levels_of_a_resize_to_96(side, expected):
    found = levels(identity(1), (96, 96), np.array([[side, 96.0]]))
    np.testing.assert_array_equal(found, [[expected, 0]])


def test_the_remaining_scale_lies_above_one_half():
    rng = np.random.default_rng(0)
    zoom, extent = np.exp(rng.uniform(-3, 2, 500)), np.floor(np.exp(rng.uniform(3, 9, (500, 2))))
    found = levels(scaling(zoom, zoom), (96, 64), extent)
    scale = zoom[:, None] * np.array([96, 64]) / extent
    rest = scale * 2.0**found
    assert found.min() == 0
    assert found.max() > 4
    full = 2.0**found > extent / 2  # nothing is left to halve
    assert np.all((rest > 0.5) | full)
    assert np.all((rest <= 1.0 + 1e-6) | (found == 0))


def test_a_scale_of_one_half_is_halved_exactly():
    image = random_image((24, 40, 3))
    out = render(Policy(), [image], prepare=Prepare((12, 20)))
    assert_same_bytes(out[0], reference.reduce_box(image, (1, 1)))


def test_an_angle_does_not_change_the_levels_of_a_square():
    angles = np.linspace(0, 360, 50)
    found = levels(rotation(angles), (96, 96), np.tile([3000.0, 3000.0], (50, 1)))
    np.testing.assert_array_equal(found, np.full((50, 2), 4))


def test_levels_belong_to_the_axes_of_the_source():
    quarter_turn_of_a_wide_picture = levels(rotation([90.0]), (96, 96), np.array([[96.0, 768.0]]))
    np.testing.assert_array_equal(quarter_turn_of_a_wide_picture, [[0, 3]])


def test_a_squeeze_after_a_quarter_turn_halves_the_axis_that_is_squeezed():
    turned = compose(scaling([0.25], 1.0), rotation([90.0]))  # what was height becomes width
    np.testing.assert_array_equal(levels(turned, (96, 96), np.array([[96.0, 96.0]])), [[2, 0]])


def test_levels_of_a_perspective_are_those_of_the_source_centre():
    tilt = np.array([[[1.0, 0, 0], [0, 1.0, 0], [0.02, 0, 1.0]]])
    m = compose(tilt, shift([-30.0], 0.0))  # depth 0.4 there: magnified 6.25 times along x and 2.5 times along y
    np.testing.assert_array_equal(levels(m, (96, 96), np.array([[96.0 * 16, 96.0 * 16]])), [[2, 1]])


def test_a_side_is_not_halved_below_one_pixel():
    out = levels(scaling([0.05], 0.05), (4, 4), np.array([[3.0, 1.0]]))
    np.testing.assert_array_equal(out, [[1, 0]])


def test_magnifying_needs_no_halving():
    np.testing.assert_array_equal(levels(scaling([3.0], 3.0), (96, 96), np.array([[100.0, 200.0]])), [[0, 0]])


def test_a_later_segment_is_anti_aliased_too(executor):
    stripes = np.zeros((64, 64, 1), np.uint8)
    stripes[:, ::2] = 254
    policy = Policy([Barrier(), Zoom(Fixed(0.25))], border="wrap")
    np.testing.assert_array_equal(render(policy, [stripes], executor=executor), 127)


def test_zooming_out_is_anti_aliased(executor):
    stripes = np.zeros((64, 64, 1), np.uint8)
    stripes[:, ::2] = 254
    np.testing.assert_array_equal(render(Policy([Zoom(Fixed(0.25))]), [stripes], executor=executor), 127)


# ---- photographs of 12 megapixels

SHIFT = 3


@pytest.fixture(scope="module")
def scene():
    """A larger picture from which photos are cut: noise in octaves, as in nature, and edges."""
    rng = np.random.default_rng(0)
    height, width = 3000 + SHIFT, 4000 + SHIFT
    picture = np.zeros((height, width, 3), np.float32)
    for octave in range(1, 11):
        cells = rng.normal(size=(max(2, 3 << octave) * 3 // 4, 3 << octave, 3)).astype(np.float32)
        picture += cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC) * (40 / octave)
    for _ in range(60):
        x, y, r = (int(v) for v in rng.integers(0, (width, height, 300)))
        color = tuple(float(v) for v in rng.uniform(-120, 120, 3))
        if rng.random() < 0.5:
            cv2.rectangle(picture, (x, y), (x + r, y + r // 2), color, -1)
        else:
            cv2.circle(picture, (x, y), r // 2, color, -1)
    return np.clip(picture + 128, 0, 255).astype(np.uint8)


def photo(scene, x=0, y=0):
    return scene[y : y + 3000, x : x + 4000]


def thumbnail(image, nodes=()):
    return render(Policy(nodes), [image], prepare=Prepare((96, 96)))[0].astype(np.float64)


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a - b) ** 2))


@pytest.mark.skipif(not HAS_NATIVE, reason="takes minutes without the native kernels")
def test_a_thumbnail_is_close_to_the_mean_over_areas(scene):
    expected = cv2.resize(photo(scene), (96, 96), interpolation=cv2.INTER_AREA)
    quality = psnr(thumbnail(photo(scene)), expected)
    assert expected.std() > 30
    assert quality > 35, f"{quality:.1f} dB"


@pytest.mark.skipif(not HAS_NATIVE, reason="takes minutes without the native kernels")
@pytest.mark.parametrize("nodes", [(), (Rotate(Fixed(20)),)], ids=["resize", "rotate"])
def test_a_thumbnail_hardly_changes_when_the_camera_moves(scene, nodes):
    change = np.abs(thumbnail(photo(scene, SHIFT, SHIFT), nodes) - thumbnail(photo(scene), nodes))
    assert change.mean() < 2.5, f"{change.mean():.2f} levels on average, {change.max():.0f} at most"


def test_without_reduction_a_thumbnail_would_change_much_more(scene):
    """The scene is one on which sampling every 31st pixel fails."""
    sampled = [
        cv2.resize(photo(scene, d, d), (96, 96), interpolation=cv2.INTER_LINEAR).astype(float) for d in (0, SHIFT)
    ]
    assert np.abs(sampled[0] - sampled[1]).mean() > 5


@pytest.mark.skipif(not HAS_NATIVE, reason="the native kernels were not built")
def test_floats_are_summed_in_the_same_order():
    image = np.exp(np.random.default_rng(0).uniform(-60, 0, (70, 90, 3))).astype(np.float32)
    for halvings in ((1, 1), (3, 2), (5, 6)):
        assert_same_bytes(FAST.reduce_box(image, halvings), reference.reduce_box(image, halvings))
