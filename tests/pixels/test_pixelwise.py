"""Tone and erasing, in numbers."""

import numpy as np
import pytest

from augury.execute import reference
from augury.ranges import Fixed
from augury.transforms import Brightness, Contrast, Erase, Gamma, ResizedCrop
from augury.transforms.policies import Policy
from helpers import DTYPES, FAST, HAS_NATIVE, assert_same_bytes, random_image, random_images, render

EXECUTORS = [reference, FAST] if HAS_NATIVE else [reference]
BY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)


@pytest.fixture(params=EXECUTORS, ids=lambda module: module.__name__.split(".")[-1])
def executor(request):
    return request.param


def ramp(dtype):
    """All values of uint8, or 4,096 steps of the others, (64, n, 1)."""
    if dtype == "uint8":
        return np.arange(256, dtype=np.uint8).reshape(64, 4, 1)
    steps = np.linspace(0, 1, 4096)
    return (steps if dtype == "float32" else np.rint(steps * 65535)).astype(dtype).reshape(64, 64, 1)


def white(dtype):
    return 1.0 if dtype == "float32" else float(np.iinfo(dtype).max)


def one(node, image, executor=FAST):
    return render(Policy([node]), [image], executor=executor)[0]


def assert_tone(node, function, dtype, executor, atol=0.0):
    """Equal to a float64 formula on fractions of the value range, within a rounding."""
    image = ramp(dtype)
    expected = np.clip(function(image.astype(np.float64) / white(dtype)), 0, 1) * white(dtype)
    step = 1e-6 if dtype == "float32" else 0.5 + 1e-9 if dtype == "uint8" else 0.51
    np.testing.assert_allclose(one(node, image, executor), expected, rtol=0, atol=step + atol * white(dtype))


# ---- tone


@BY_DTYPE
@pytest.mark.parametrize("factor", [0.5, 1.25, 3.0])
def test_brightness_multiplies_and_clips(executor, dtype, factor):
    assert_tone(Brightness(Fixed(factor)), lambda x: factor * x, dtype, executor)


@BY_DTYPE
@pytest.mark.parametrize("factor", [0.5, 1.25, 3.0])
def test_contrast_stretches_about_mid_range(executor, dtype, factor):
    assert_tone(Contrast(Fixed(factor)), lambda x: factor * (x - 0.5) + 0.5, dtype, executor)


@BY_DTYPE
@pytest.mark.parametrize("gamma", [0.5, 0.8, 1.25, 4.0])
def test_gamma_is_a_power(executor, dtype, gamma):
    atol = 0.0 if dtype == "uint8" else 1e-4  # other dtypes read a curve of 4,097 knots
    assert_tone(Gamma(Fixed(gamma)), lambda x: x**gamma, dtype, executor, atol)


@pytest.mark.parametrize("node", [Brightness(Fixed(2)), Contrast(Fixed(2)), Gamma(Fixed(2))], ids=str)
def test_tone_acts_on_fractions_of_the_given_value_range(executor, node):
    image = random_image((20, 20, 1), "float32")
    expected = one(node, image, executor) * 4 - 1
    out = render(Policy([node]), [image * 4 - 1], executor=executor, value_range=(-1.0, 3.0))[0]
    np.testing.assert_allclose(out, expected, atol=1e-5)


# ---- erasing


def erased(executor=FAST, size=(40, 80), dtype="uint8", **fields):
    """Rows and columns of the erased rectangle, and its value."""
    image = np.full((*size, 2), 100 if dtype != "float32" else 0.25, dtype)
    out = one(Erase(**{"fill": 1.0, "aspect": Fixed(1), "x": Fixed(0.5), "y": Fixed(0.5), **fields}), image, executor)
    rows, columns = np.nonzero((out != image).all(axis=2))
    assert np.count_nonzero(out != image) == 2 * len(rows)
    if not len(rows):
        return None
    values = np.unique(out[rows, columns])
    assert len(rows) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    return (rows.min(), rows.max() + 1), (columns.min(), columns.max() + 1), values.tolist()


def test_a_quarter_of_the_area_in_the_middle(executor):
    assert erased(executor, area=Fixed(0.25)) == ((10, 30), (20, 60), [255])


def test_aspect_above_1_is_wider(executor):
    assert erased(executor, area=Fixed(0.25), aspect=Fixed(4))[:2] == ((15, 25), (0, 80))


def test_a_side_beyond_the_canvas_is_cut(executor):
    assert erased(executor, area=Fixed(0.5), aspect=Fixed(8))[:2] == ((15, 25), (0, 80))


@pytest.mark.parametrize(("x", "y", "corner"), [(0, 0, (0, 0)), (1, 0, (0, 40)), (0, 1, (20, 0)), (1, 1, (20, 40))])
def test_places_lie_within_the_free_room(executor, x, y, corner):
    rows, columns, _ = erased(executor, area=Fixed(0.25), x=Fixed(x), y=Fixed(y))
    assert (rows[0], columns[0]) == corner


@pytest.mark.parametrize(
    ("dtype", "fill", "value"),
    [("uint8", 0.5, 128), ("uint8", 0.0, 0), ("uint16", 0.5, 32768), ("float32", 0.5, 0.5), ("float32", 1.0, 1.0)],
)
def test_the_fill_is_a_fraction_of_the_value_range(executor, dtype, fill, value):
    assert erased(executor, dtype=dtype, area=Fixed(0.25), fill=fill)[2] == [value]


def test_no_area_erases_nothing(executor):
    assert erased(executor, area=Fixed(0)) is None


def test_the_whole_area_erases_everything(executor):
    assert erased(executor, area=Fixed(1)) == ((0, 40), (0, 80), [255])


def test_erasing_hits_every_place():
    images = [np.full((10, 10, 1), 255, np.uint8)] * 2000
    share = (render(Policy([Erase()]), images) == 0).mean(axis=0)
    assert share.min() > 0
    np.testing.assert_allclose(share.mean(), 0.11, atol=0.01)


# ---- crops, by their sides


def test_aspect_above_1_is_a_wider_crop(executor):
    image = random_images([(16, 16)])[0]
    out = one(ResizedCrop(Fixed(0.5), Fixed(2), Fixed(0), Fixed(0)), image, executor)
    assert_same_bytes(out[0], image[0])  # the top half, whole width
    np.testing.assert_allclose(out[1], (image[0].astype(int) * 3 + image[1]) / 4, atol=0.5)


def test_a_crop_of_everything_is_a_copy(executor):
    image = random_images([(16, 16)])[0]
    assert_same_bytes(one(ResizedCrop(Fixed(1), Fixed(1)), image, executor), image)


@pytest.mark.parametrize("cls", [Brightness, Contrast, Gamma])
@pytest.mark.parametrize("dtype", DTYPES)
def test_tone_leaves_alpha_alone(cls, dtype):
    image = random_image((9, 11, 4), dtype)
    out = render(Policy([cls(Fixed(1.7))]), [image])[0]
    assert_same_bytes(out[..., 3].copy(), image[..., 3].copy())
    assert (out[..., :3] != image[..., :3]).any()
