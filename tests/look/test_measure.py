"""What is measured of one image, against planted light, noise, blur and layout."""

import cv2
import numpy as np
import pytest

from augury.survey.measure import measure
from augury.survey.scan import _format
from drawn import eight, ellipse

RANGES = {"uint8": (0, 255), "uint16": (0, 65535), "float32": (0.0, 1.0)}


def measured(image, value_range=None):
    image = image if image.ndim == 3 else image[..., None]
    return measure(image, value_range or RANGES[image.dtype.name], lambda part: (part, 1.0))


def test_light_is_that_of_the_drawing():
    found = measured(eight(ellipse(size=0.5, ground=0.8, subject=0.2)))
    np.testing.assert_allclose(found.light, 0.8, atol=0.01)
    np.testing.assert_allclose(found.contrast, 0.6, atol=0.01)
    np.testing.assert_allclose(found.brightness, 0.75 * 0.8 + 0.25 * 0.2, atol=0.01)
    np.testing.assert_allclose(found.std, [0.6 * np.sqrt(0.25 * 0.75)], atol=0.01)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_every_dtype_measures_the_same(dtype):
    image = ellipse(0.4, 0.6)
    plain, other = measured(eight(image)), measured((image * RANGES[dtype][1]).astype(dtype))
    for name in ("light", "contrast", "brightness"):
        np.testing.assert_allclose(getattr(other, name), getattr(plain, name), atol=0.005)
    np.testing.assert_allclose([other.subject.x, other.subject.y], [plain.subject.x, plain.subject.y], atol=0.005)
    np.testing.assert_allclose(other.sharpness, plain.sharpness, rtol=0.05)


def test_floats_in_a_range_of_their_own():
    plain, other = measured(ellipse()), measured(ellipse() * 4 - 2, (-2.0, 2.0))
    np.testing.assert_allclose([other.light, other.contrast], [plain.light, plain.contrast], atol=1e-4)


def test_clipped_pixels_are_counted():
    image = np.full((20, 20, 3), 100, np.uint8)
    image[:2] = 0
    image[2:6, :, 1] = 255
    image[6:9, :, 2] = 0  # black in one channel only
    found = measured(image)
    np.testing.assert_allclose([found.black, found.white], [0.1, 0.2])


def test_gray_stored_as_colour_and_alpha_are_seen():
    gray = eight(ellipse())[..., None]
    colour = np.repeat(gray, 3, axis=2)
    assert measured(colour).gray
    assert not measured(np.concatenate([gray, gray, gray // 2], axis=2)).gray
    opaque = np.concatenate([colour, np.full_like(gray, 255)], axis=2)
    assert not measured(opaque).transparent
    opaque[3, 3, 3] = 254
    assert measured(opaque).transparent
    assert len(measured(opaque).mean) == 3


def test_noise_is_that_which_was_added():
    rng = np.random.default_rng(0)
    for level in (4.0, 10.0):
        image = np.clip(128 + rng.normal(0, level, (120, 120)), 0, 255).astype(np.uint8)
        np.testing.assert_allclose(measured(image).noise, level, rtol=0.1)
    assert np.isnan(measured(image[:20, :20]).noise)


def test_blur_lowers_sharpness_the_more_the_stronger():
    image = np.random.default_rng(0).integers(0, 256, (100, 100)).astype(np.uint8)
    sharp = [measured(cv2.GaussianBlur(image, (0, 0), s)).sharpness for s in (0.5, 1, 2, 4)]
    assert sharp == sorted(sharp, reverse=True)
    assert sharp[0] > 50 * sharp[-1]


def test_sharpness_is_that_of_the_textbook():
    image = np.zeros((9, 9), np.uint8)
    image[4, 4] = 10
    laplacian = np.zeros((9, 9))
    laplacian[4, 4], laplacian[3, 4], laplacian[5, 4], laplacian[4, 3], laplacian[4, 5] = -40, 10, 10, 10, 10
    np.testing.assert_allclose(measured(image).sharpness, laplacian.var(), rtol=1e-4)


@pytest.mark.parametrize("dtype", RANGES)
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 4), (1, 700, 3), (700, 2, 1), (5, 4, 2), (9, 9, 5), (300, 400, 3)])
def test_every_size_and_number_of_channels_is_measured(shape, dtype):
    image = (np.random.default_rng(0).random(shape) * RANGES[dtype][1]).astype(dtype)
    found = measured(image)
    assert (found.height, found.width, found.channels) == shape
    assert max(found.thumb.shape[:2]) <= 64
    assert found.thumb.dtype == np.uint8
    assert 0 <= found.light <= 1


def test_formats_are_told_by_content():
    image = eight(ellipse())
    for ending, name in ((".png", "PNG"), (".jpg", "JPEG"), (".bmp", "BMP"), (".webp", "WebP"), (".tif", "TIFF")):
        assert _format(cv2.imencode(ending, image)[1].tobytes(), image.nbytes) == name
    assert _format(image.tobytes(), image.nbytes) == "array"
