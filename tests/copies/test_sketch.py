"""Sketches: small, upright, without specks, and honest about noise."""

import cv2
import numpy as np
import pytest

from augury.copies.sketch import SIDE, SMALLEST, sketch
from pictures import picture, rounded


def of(image):
    return sketch(image[..., None] if image.ndim == 2 else image)


def test_large_images_are_averaged_to_the_working_size():
    made = of(np.repeat(np.repeat(picture(0), 5, axis=0), 6, axis=1))
    assert made.size == (320, 384)
    assert made.gray.shape == (107, SIDE)
    np.testing.assert_allclose(made.scale, (107 / 320, 128 / 384))


@pytest.mark.parametrize("sigma", [6, 12, 25])
def test_noise_is_measured(sigma):
    noisy = rounded(picture(1) + np.random.default_rng(0).normal(0, sigma, (64, 64)))
    assert of(noisy).noise == pytest.approx(sigma, rel=0.25)
    assert of(picture(1)).noise < 3


def test_salt_and_pepper_is_measured_and_removed():
    image = picture(2)
    where = np.random.default_rng(0).random(image.shape) < 0.04
    made = of(np.where(where, 255 * (np.arange(64) % 2).astype(np.uint8), image))
    assert made.specks == pytest.approx(0.04, abs=0.012)
    assert np.abs(made.gray.astype(int) - image)[where].mean() < 12


def test_images_without_specks_are_not_changed():
    np.testing.assert_array_equal(of(picture(3)).gray, picture(3))
    assert of(picture(3)).specks == 0


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
def test_quarter_turns_and_flips_are_exactly_equal_and_nothing_else(turns, mirrored):
    image = picture(4)[:50]
    other = np.rot90(image[:, ::-1] if mirrored else image, turns)
    assert of(other).exact == of(image).exact
    changed = other.copy()
    changed[0, 0] ^= 1
    assert of(changed).exact != of(image).exact


def test_mirrored_features_are_those_of_the_mirrored_image():
    image = picture(5)
    places, descriptors = of(image).mirrored()
    other = of(np.ascontiguousarray(image[:, ::-1]))
    likeness = descriptors @ other.descriptors.T
    best = likeness.argmax(axis=1)
    near = np.hypot(*(places[:, :2] - other.keypoints[best, :2]).T) < 1.5
    assert np.mean((likeness.max(axis=1) > 0.97) & near) > 0.8


@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (8, 8), (SMALLEST - 1, 60)])
def test_tiny_images_have_no_features(shape):
    assert len(of(np.zeros(shape, np.uint8)).keypoints) == 0


@pytest.mark.parametrize(("dtype", "white"), [(np.uint16, 4095), (np.float32, 0.3)])
def test_deep_images_use_their_own_range(dtype, white):
    made = of((picture(6) / 255 * white).astype(dtype))
    assert made.gray.max() == 255
    assert made.noise < 4


def test_colour_is_not_used():
    gray = picture(7)
    colour = cv2.merge([gray, gray, gray, np.full_like(gray, 7)])
    assert of(colour).exact == of(gray).exact


def test_blocks_show_jpeg():
    image = picture(8)
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 25])
    assert of(cv2.imdecode(data, 0)).blocks > of(image).blocks + 0.2
