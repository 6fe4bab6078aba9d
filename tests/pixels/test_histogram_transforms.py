"""Equalize, AutoContrast and CLAHE against Pillow and OpenCV."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from augury.api import Policy
from augury.errors import PolicyError
from augury.execute import opaque
from augury.ranges import Fixed
from augury.spec import Spec
from augury.transforms import CLAHE, AutoContrast, Equalize
from helpers import assert_same_bytes, random_image, render

SIZES = [(1, 1), (3, 5), (10, 10), (15, 17), (16, 16), (40, 64), (150, 200)]


def one(node, image, **how):
    return render(Policy([node]), [image], **how)[0]


def pictures(channels=3):
    """Flat, two levels, narrow, skewed, and noise, of several sizes."""
    for seed, size in enumerate(SIZES):
        rng = np.random.default_rng(seed)
        shape = (*size, channels)
        yield np.full(shape, 77, np.uint8)
        yield rng.choice([3, 200], shape).astype(np.uint8)
        yield rng.integers(90, 120, shape).astype(np.uint8)
        yield (255 * rng.beta(0.5, 4, shape)).astype(np.uint8)
        yield np.clip(rng.normal(240, 30, shape), 0, 255).astype(np.uint8)
        yield rng.integers(0, 256, shape).astype(np.uint8)


def pillow(function, image, **how):
    mode = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    return np.asarray(function(mode, **how)).reshape(image.shape)


@pytest.mark.parametrize("channels", [1, 3])
def test_equalize_is_pillows(channels):
    changed = 0
    for image in pictures(channels):
        expected = pillow(ImageOps.equalize, image)
        assert_same_bytes(one(Equalize(p=1), image), expected)
        changed += not np.array_equal(expected, image)
    assert changed >= 12


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_equalize_spreads_levels_evenly(dtype):
    rng = np.random.default_rng(0)
    skewed = rng.beta(0.5, 4, (50, 60, 2))
    white = 65535 if dtype == "uint16" else 1
    image = (skewed * white).astype(dtype)
    out = one(Equalize(p=1), image) / white
    for c in range(2):
        order = np.argsort(image[..., c], axis=None)
        made = out[..., c].reshape(-1)[order]
        assert (np.diff(made) >= 0).all()
        np.testing.assert_allclose(made, np.linspace(0, 1, made.size), atol=0.02)
        assert (made[0], made[-1]) == (0, 1)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_a_channel_of_one_level_stays(dtype):
    image = random_image((9, 9, 3), dtype)
    image[..., 1] = 0.123 if dtype == "float32" else 1234
    for node in (Equalize(p=1), AutoContrast()):
        assert_same_bytes(one(node, image)[..., 1], image[..., 1])


@pytest.mark.parametrize("cutoff", [0.0, 0.01, 0.025, 0.29, 0.49])
@pytest.mark.parametrize("channels", [1, 3])
def test_auto_contrast_is_pillows(channels, cutoff):
    for image in pictures(channels):
        expected = pillow(ImageOps.autocontrast, image, cutoff=round(cutoff * 100, 6))
        assert_same_bytes(one(AutoContrast(Fixed(cutoff)), image), expected)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_auto_contrast_stretches_between_the_cut_ends(dtype):
    white = 65535 if dtype == "uint16" else 1
    image = (np.linspace(0.2, 0.7, 1000) * white).astype(dtype)
    np.random.default_rng(0).shuffle(image)
    image = image.reshape(25, 40, 1)
    out = one(AutoContrast(Fixed(0.1)), image)
    low, high = np.sort(image, axis=None)[[100, 899]]
    expected = np.clip((image.astype(float) - low) / (float(high) - low), 0, 1) * white
    np.testing.assert_allclose(out, expected, rtol=0, atol=0.51 if dtype == "uint16" else 1e-6)
    assert ((out == 0).sum(), (out == white).sum()) == (101, 101)


def test_images_of_one_value_range_are_equalized_within_it():
    image = random_image((20, 20, 1), "uint16") // 32  # 11 bits
    spec = Spec.image(20, 20, 1, "uint16", (0.0, 4095.0))
    out = opaque.call("equalize", image, spec, {})
    assert (out.min(), out.max()) == (0, 4095)


# ---- CLAHE


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize(("clip", "tiles"), [(1.0, 8), (2.5, 4), (40.0, 1)])
def test_clahe_of_gray_images_is_opencvs(dtype, clip, tiles):
    for size in SIZES:
        image = random_image((*size, 1), dtype) // 3
        expected = cv2.createCLAHE(clip, (tiles, tiles)).apply(image[..., 0])
        assert_same_bytes(one(CLAHE(Fixed(clip), tiles), image)[..., 0], expected)


def test_clahe_of_colours_acts_on_lightness():
    image = cv2.GaussianBlur(random_image((64, 80, 3)), (0, 0), 2)
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(3.0, (8, 8)).apply(np.ascontiguousarray(lab[..., 0]))
    out = one(CLAHE(Fixed(3.0)), image)
    assert_same_bytes(out, cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))
    assert out.std() > 1.5 * image.std()


def test_clahe_of_16_bits_keeps_colours_and_equalizes_lightness():
    soft = cv2.GaussianBlur(random_image((64, 80, 3), "float32"), (0, 0), 2)
    image = np.rint(soft * 65535).astype(np.uint16)
    out = one(CLAHE(Fixed(2.0), 2), image)
    before, after = (cv2.cvtColor(pixels.astype(np.float32) / 65535, cv2.COLOR_RGB2LAB) for pixels in (image, out))
    inside = ((out > 0) & (out < 65535)).all(2)
    assert inside.mean() > 0.7
    np.testing.assert_allclose(after[inside][:, 1:], before[inside][:, 1:], atol=0.5)  # of OpenCV
    levels = np.rint(before[..., 0] / 100 * 65535).astype(np.uint16)
    expected = cv2.createCLAHE(2.0, (2, 2)).apply(levels) / 65535 * 100
    np.testing.assert_allclose(after[inside][:, 0], expected[inside], atol=0.3)


def test_clahe_does_not_take_floats():
    with pytest.raises(PolicyError, match="CLAHE: is for uint8, uint16, the images are float32"):
        one(CLAHE(), random_image((8, 8, 3), "float32"))


@pytest.mark.parametrize("tiles", [0, 65, 2.5])
def test_tiles_are_a_small_whole_number(tiles):
    with pytest.raises(PolicyError, match=r"CLAHE\.tiles"):
        CLAHE(tiles=tiles)
