import numpy as np
import pytest

from augury.api import Policy
from augury.data.prepare import Prepare
from augury.execute import reference
from augury.ranges import Fixed
from augury.transforms import Rotate, Translate, Zoom
from helpers import BORDERS, DTYPES, FAST, HAS_NATIVE, assert_same_bytes, random_image, random_images, render

PAD = {
    "edge": "edge",
    "symmetric": "symmetric",
    "mirror": "reflect",
    "wrap": "wrap",
    "constant": "constant",
    "cut": "constant",
}
EXECUTORS = [reference, FAST] if HAS_NATIVE else [reference]
H, W = 12, 20
FILL = 0.4


@pytest.fixture(params=EXECUTORS, ids=lambda module: module.__name__.split(".")[-1])
def executor(request):
    return request.param


def level(dtype):
    return np.rint(FILL * np.iinfo(dtype).max) if dtype != "float32" else np.float32(FILL)


def moved(image, right, down, border):
    """By np.pad."""
    far = 2 * max(H, W)
    how = {"constant_values": level(image.dtype.name)} if PAD[border] == "constant" else {}
    padded = np.pad(image, [(far, far), (far, far), (0, 0)], mode=PAD[border], **how)
    return padded[far - down : far - down + H, far - right : far - right + W]


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize(
    ("right", "down"), [(3, 0), (-3, 0), (0, 5), (0, -5), (7, -11), (-19, 11), (20, 12), (-20, -12)]
)
def test_a_shift_by_whole_pixels_equals_np_pad(executor, border, dtype, interpolation, right, down):
    image = random_image((H, W, 3), dtype)
    shift = Translate(Fixed(right / W), Fixed(down / H))
    policy = Policy([shift], border=border, fill=FILL, interpolation=interpolation)
    assert_same_bytes(render(policy, [image], executor=executor)[0], moved(image, right, down, border))


@pytest.mark.parametrize("border", BORDERS)
def test_a_shift_by_more_than_the_image_equals_np_pad(executor, border):
    image = random_image((H, W, 1))
    shifts = [Translate(Fixed(1), Fixed(-1)), Translate(Fixed(0.75), Fixed(-0.25), name="more")]
    policy = Policy(shifts, border=border, fill=FILL)
    assert_same_bytes(render(policy, [image], executor=executor)[0], moved(image, 35, -15, border))


def half_a_pixel(border, executor, interpolation="bilinear", fill=1.0):
    """A gray image, shifted by half a pixel to the right."""
    image = np.full((H, W, 1), 100, np.uint8)
    policy = Policy([Translate(Fixed(0.5 / W), Fixed(0))], border=border, fill=fill, interpolation=interpolation)
    return render(policy, [image], executor=executor)[0][..., 0]


def test_constant_blends_with_the_fill_at_the_rim(executor):
    out = half_a_pixel("constant", executor)
    np.testing.assert_array_equal(out[:, 0], 178)  # (100 + 255) / 2, to even
    np.testing.assert_array_equal(out[:, 1:], 100)


def test_cut_is_hard(executor):
    out = half_a_pixel("cut", executor)
    np.testing.assert_array_equal(out[:, 0], 255)
    np.testing.assert_array_equal(out[:, 1:], 100)


@pytest.mark.parametrize("border", ["edge", "symmetric", "mirror", "wrap"])
def test_other_borders_show_no_fill(executor, border):
    np.testing.assert_array_equal(half_a_pixel(border, executor), 100)


def test_cut_never_mixes_pixels_with_the_fill(executor):
    image = np.full((31, 31, 3), 200, np.uint8)
    out = render(Policy([Rotate((-45, 45))], border="cut"), [image] * 20, executor=executor)
    assert set(np.unique(out)) == {0, 200}


def test_constant_mixes_pixels_with_the_fill_when_rotated(executor):
    image = np.full((31, 31, 3), 200, np.uint8)
    out = render(Policy([Rotate(Fixed(30))], border="constant"), [image], executor=executor)
    assert len(np.unique(out)) > 10


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("size", [(7, 11), (12, 40), (5, 90), (50, 3), (1, 1), (13, 21)])
def test_a_resize_without_geometry_knows_no_border(executor, border, dtype, interpolation, size):
    images = random_images([(H, W), (1, 1), (33, 5)], dtype=dtype)
    prepare = Prepare(size)
    out, edge = (
        render(
            Policy(border=b, fill=FILL, interpolation=interpolation),
            images,
            prepare=prepare,
            executor=executor,
        )
        for b in (border, "edge")
    )
    assert_same_bytes(out, edge)


@pytest.mark.parametrize("border", BORDERS)
def test_zooming_in_knows_no_border(executor, border):
    images = random_images([(H, W)])
    nodes = [Zoom(Fixed(1.5))]
    out, edge = (render(Policy(nodes, border=b, fill=FILL), images, executor=executor) for b in (border, "edge"))
    assert_same_bytes(out, edge)


@pytest.mark.parametrize(("border", "expected"), [("wrap", 3), ("symmetric", 3), ("mirror", 3)])
def test_zooming_out_repeats_the_image(executor, border, expected):
    image = np.zeros((12, 12, 1), np.uint8)
    image[5:7, 5:7] = 255
    out = render(Policy([Zoom(Fixed(1 / 3))], border=border), [image], executor=executor)[0][..., 0]
    bright = (out > out.max() // 2).any(axis=0)
    assert np.sum(np.diff(bright.astype(int)) == 1) == expected


@pytest.mark.parametrize("fill", [0.0, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_fill_is_a_fraction_of_the_value_range(executor, fill, dtype):
    image = random_image((H, W, 1), dtype)
    out = render(Policy([Translate(Fixed(1), Fixed(0))], border="constant", fill=fill), [image], executor=executor)
    white = 1 if dtype == "float32" else np.iinfo(dtype).max
    np.testing.assert_array_equal(out, np.array(fill * white).round() if dtype != "float32" else np.float32(fill))


def test_fill_is_a_fraction_of_a_given_value_range(executor):
    image = random_image((H, W, 1), "float32")
    policy = Policy([Translate(Fixed(1), Fixed(0))], border="cut", fill=0.25)
    out = render(policy, [image], executor=executor, value_range=(-1.0, 3.0))
    np.testing.assert_array_equal(out, np.float32(0.0))


def test_a_border_never_shows_what_prepare_cut_off(executor):
    image = np.zeros((10, 30, 1), np.uint8)
    image[:, :10] = image[:, 20:] = 255  # outside the centred square
    for border in BORDERS:
        policy = Policy([Zoom(Fixed(0.5)), Rotate(Fixed(30))], border=border)
        out = render(policy, [image], prepare=Prepare((10, 10), fit="crop"), executor=executor)
        np.testing.assert_array_equal(out, 0)
