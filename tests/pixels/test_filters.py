"""Weighted sums of neighbours: native = reference, and the blurs against SciPy, OpenCV and Pillow."""

import cv2
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from PIL import Image, ImageEnhance, ImageFilter
from scipy import ndimage
from scipy.special import j1

from augury.api import Policy
from augury.binary import compiled
from augury.errors import PolicyError
from augury.execute import native, reference
from augury.kernels import Filter
from augury.kernels.taps import disc, gaussian, line, low_pass
from augury.ranges import Fixed
from augury.transforms import (
    DefocusBlur,
    Emboss,
    GaussianBlur,
    Median,
    MotionBlur,
    Ringing,
    Sharpen,
    UnsharpMask,
)
from helpers import DTYPES, HAS_NATIVE, assert_same_bytes, random_image, render

WHITE = {"uint8": 255, "uint16": 65535, "float32": 1.0}
FILTERS = [
    GaussianBlur(Fixed(0.04)),
    MotionBlur(Fixed(0.1), Fixed(30)),
    DefocusBlur(Fixed(0.05)),
    Sharpen(Fixed(2)),
    UnsharpMask(Fixed(0.03), Fixed(1.5)),
    Emboss(Fixed(1), Fixed(30)),
    Ringing(Fixed(0.4)),
]
EACH = pytest.mark.parametrize("one", FILTERS, ids=lambda one: type(one).__name__)
needs_native = pytest.mark.skipif(not HAS_NATIVE, reason="native kernels were not built")


def made_by(one, image, **how):
    return render(Policy([one]), [image], **how)[0]


def photo(side=64, channels=3):
    """Smooth structure and edges, uint8."""
    y, x = np.mgrid[:side, :side] / side
    planes = [127 + 90 * np.sin(9 * x + c) * np.cos(7 * y) + 30 * (x + y > 0.9) for c in range(channels)]
    return np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)


# ---- native = reference


@st.composite
def filters(draw, dtype):
    """One random filter, with zeros inside and at the rim."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows, columns, across = (2 * draw(st.integers(0, 6)) + 1 for _ in range(3))
    taps = rng.normal(size=(1, rows, columns)) * (rng.random((1, rows, columns)) < draw(st.sampled_from([0, 0.3, 1])))
    taps[:, : draw(st.integers(0, rows))] = 0
    unsharp = draw(st.booleans())
    return Filter(
        (taps / max(1.0, np.abs(taps).sum() / 2)).astype(np.float32),
        np.ones(1, bool),
        0.0,
        float(WHITE[dtype]),
        rng.dirichlet(np.ones(across), 1).astype(np.float32) if draw(st.booleans()) else None,
        np.float32([draw(st.sampled_from([-1, 0.5, 3]))]) if unsharp else None,
        np.float32([draw(st.sampled_from([0, 0.1])) * WHITE[dtype]]) if unsharp else None,
    )


@needs_native
@pytest.mark.parametrize("name", compiled().isa_names() if HAS_NATIVE else [])
@given(st.data(), st.sampled_from(DTYPES), st.integers(1, 40), st.integers(1, 40), st.integers(1, 5))
def test_native_sums_are_the_reference(name, data, dtype, height, width, channels):
    kernel, image = data.draw(filters(dtype)), random_image((height, width, channels), dtype)
    expected, library = reference.filtered(kernel, image, 0), compiled()
    before = library.isa()
    library.use_isa(name)
    try:
        for view in (image, np.asfortranarray(image), np.tile(image, (2, 2, 1))[:height, :width]):
            assert_same_bytes(native.filtered(kernel, view, 0), expected)
    finally:
        library.use_isa(before)


@needs_native
def test_what_the_kernels_cannot_read_is_refused():
    taps, image = np.ones((3, 3), np.float32), random_image((5, 6, 3))
    sums = compiled().filtered
    with pytest.raises(ValueError, match="odd"):
        sums(image, taps[:2].copy(), None, None, 0.0, 255.0, image.copy())
    with pytest.raises(ValueError, match="odd"):
        sums(image, taps, taps[0, :2].copy(), None, 0.0, 255.0, image.copy())
    with pytest.raises(ValueError, match="wrong shape or dtype"):
        sums(image, taps, None, None, 0.0, 255.0, image[1:].copy())


def test_a_row_does_not_depend_on_the_others():
    """Taps are made as wide as the widest of a batch."""
    images = [random_image((40, 40, 3), seed=k) for k in range(3)]
    for cls, field in ((GaussianBlur, "sigma"), (MotionBlur, "length"), (DefocusBlur, "radius")):
        policy = Policy([cls(**{field: (0.0, 0.05)})])
        together = render(policy, images)
        for i, image in enumerate(images):
            assert_same_bytes(render(policy, [image], ids=[i])[0], together[i])


# ---- what all have in common


@EACH
@pytest.mark.parametrize("dtype", DTYPES)
def test_an_even_image_stays_even(one, dtype):
    for fraction in (0.0, 0.3, 1.0):
        image = np.full((40, 50, 3), fraction * WHITE[dtype]).astype(dtype)
        np.testing.assert_allclose(made_by(one, image), image, rtol=0, atol=1e-6 if dtype == "float32" else 0)


@EACH
def test_a_value_range_of_its_own_makes_no_difference(one):
    image = random_image((40, 50, 2), "float32")
    wide = (image * 8 - 2).astype(np.float32)
    made = made_by(one, wide, value_range=(-2.0, 6.0))
    np.testing.assert_allclose((made + 2) / 8, made_by(one, image), atol=2e-6)


@EACH
def test_integers_are_the_rounded_floats(one):
    image = photo()
    exact = made_by(one, (image / np.float32(255)).astype(np.float32)) * 255
    np.testing.assert_allclose(made_by(one, image), exact, atol=0.501)
    wide = image.astype(np.uint16) * 257
    np.testing.assert_allclose(made_by(one, wide) / 257, exact, atol=0.01)


# ---- each


@pytest.mark.parametrize("pixels", [0.5, 1.0, 2.0, 3.2])
def test_gaussian_blur_is_that_of_scipy_and_opencv(pixels):
    image = photo().astype(np.float32) / 255
    made = made_by(GaussianBlur(Fixed(pixels / 64)), image)
    radius = int(np.ceil(3 * pixels))
    theirs = ndimage.gaussian_filter(image, (pixels, pixels, 0), mode="nearest", radius=(radius, radius, 0))
    np.testing.assert_allclose(made, theirs, atol=1e-6)
    sides = (2 * radius + 1, 2 * radius + 1)
    theirs = cv2.GaussianBlur(photo(), sides, pixels, borderType=cv2.BORDER_REPLICATE)
    made = made_by(GaussianBlur(Fixed(pixels / 64)), photo())
    assert np.abs(made.astype(int) - theirs).max() <= 1


def test_gaussian_taps():
    rows = gaussian(np.array([0.0, 0.05, 1.0, 2.0]))
    assert rows.shape == (4, 13)
    np.testing.assert_array_equal(rows[:2], np.eye(13, dtype=np.float32)[[6, 6]])
    np.testing.assert_allclose(rows.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(rows[2, 3:10], cv2.getGaussianKernel(7, 1.0)[:, 0], atol=1e-7)
    assert (rows[2, [0, 1, 2, 10, 11, 12]] == 0).all()


def test_a_motion_spreads_a_dot_along_its_path():
    taps = line(np.array([4.0, 4.0, 0.0]), np.array([0.0, 90.0, 45.0]))
    np.testing.assert_allclose(taps[0, 2], [0.125, 0.25, 0.25, 0.25, 0.125], atol=1e-6)
    np.testing.assert_allclose(taps[1], taps[0].T, atol=1e-6)
    np.testing.assert_array_equal(taps[2], np.pad(np.ones((1, 1)), 2))
    image = np.zeros((81, 81, 1), np.float32)
    image[40, 40] = 1
    y, x, _ = np.nonzero(made_by(MotionBlur(Fixed(0.2), Fixed(30)), image))
    slope = np.polyfit(x - 40.0, y - 40.0, 1)[0]  # rows run down, so counter-clockwise is negative
    np.testing.assert_allclose(np.rad2deg(np.arctan(-slope)), 30, atol=2)
    assert 12 <= x.max() - x.min() <= 16  # 16.2 pixels long


def test_a_disc_holds_its_area():
    taps = disc(np.array([0.5, 2.0, 10.0]))
    np.testing.assert_array_equal(taps[0], np.pad(np.ones((1, 1)), 10))
    np.testing.assert_allclose(taps.sum((1, 2)), 1, atol=1e-6)
    np.testing.assert_allclose(1 / taps.max((1, 2))[1:], np.pi * np.array([2.0, 10.0]) ** 2, rtol=0.05)
    np.testing.assert_array_equal(taps, taps.transpose(0, 2, 1))


@pytest.mark.parametrize("amount", [-1.0, -0.5, 0.4, 1.0, 3.0])
def test_sharpen_is_the_sharpness_of_pillow(amount):
    image = photo()
    theirs = np.asarray(ImageEnhance.Sharpness(Image.fromarray(image)).enhance(1 + amount))
    made = made_by(Sharpen(Fixed(amount)), image)
    inner = np.s_[1:-1, 1:-1]
    # Pillow rounds the smooth image, whose half a level is multiplied, and cuts the sum off
    assert np.abs(made[inner].astype(int) - theirs[inner]).max() <= np.ceil(0.5 * abs(amount) + 1)


@pytest.mark.parametrize("threshold", [0.0, 0.03])
def test_unsharp_mask_adds_what_a_blur_took(threshold):
    image = photo().astype(np.float32) / 255
    blurred = ndimage.gaussian_filter(image, (1.6, 1.6, 0), mode="nearest", radius=(5, 5, 0))
    detail = image - blurred
    expected = np.clip(np.where(np.abs(detail) > threshold, image + 1.5 * detail, image), 0, 1)
    made = made_by(UnsharpMask(Fixed(0.025), Fixed(1.5), Fixed(threshold)), image)
    near = np.abs(np.abs(detail) - threshold) < 1e-5
    np.testing.assert_allclose(made[~near], expected[~near], atol=3e-6)
    assert 0.01 < np.mean(made != image) < (0.5 if threshold else 1.01)


def test_unsharp_mask_is_close_to_that_of_pillow():
    theirs = np.asarray(Image.fromarray(photo()).filter(ImageFilter.UnsharpMask(radius=2, percent=100, threshold=0)))
    made = made_by(UnsharpMask(Fixed(2 / 64), Fixed(1), Fixed(0)), photo())
    apart = np.abs(made[8:-8, 8:-8].astype(int) - theirs[8:-8, 8:-8])
    assert apart.mean() < 1  # Pillow's blur is a row of boxes
    assert apart.max() <= 8


def test_emboss_lights_what_rises_towards_the_angle():
    ramp = np.tile(np.linspace(0.2, 0.6, 33, dtype=np.float32)[None, :, None], (33, 1, 1))
    step = 2 * (ramp[0, 1, 0] - ramp[0, 0, 0])
    inner = np.s_[1:-1, 1:-1]
    for angle, slope in ((0, 1.0), (180, -1.0), (90, 0.0), (60, 0.5)):
        made = made_by(Emboss(Fixed(0.5), Fixed(angle)), ramp)
        np.testing.assert_allclose((made - ramp)[inner], 0.5 * slope * step, atol=1e-6)
        turned = made_by(Emboss(Fixed(0.5), Fixed(angle + 90)), np.ascontiguousarray(np.rot90(ramp)))
        np.testing.assert_allclose(turned, np.rot90(made), atol=1e-6)


def test_emboss_towards_the_lower_right_is_the_common_filter():
    theirs = cv2.filter2D(photo(), -1, np.array([[-1, -1, 0], [-1, 1, 1], [0, 1, 1]]), borderType=cv2.BORDER_REPLICATE)
    made = made_by(Emboss(Fixed(np.sqrt(8)), Fixed(-45)), photo())
    assert np.abs(made.astype(int) - theirs).max() <= 1


def test_ringing_is_the_circular_low_pass():
    for cutoff in (0.2, 0.5, 1.0):
        y, x = np.mgrid[-7:8, -7:8]
        r, w = np.hypot(x, y), cutoff * np.pi
        with np.errstate(invalid="ignore"):
            weights = np.where(r > 0, w * j1(w * r) / (2 * np.pi * r), w * w / (4 * np.pi))
        np.testing.assert_allclose(low_pass(np.array([cutoff]), 7)[0], weights / weights.sum(), atol=1e-7)


def test_a_ringing_edge_overshoots():
    image = np.full((40, 40, 1), 0.3, np.float32)
    image[:, 20:] = 0.7
    made = made_by(Ringing(Fixed(0.35)), image)
    assert made.min() < 0.29
    assert made.max() > 0.71


# ---- how far they may reach


@pytest.mark.parametrize(
    "one", [GaussianBlur(Fixed(0.05)), MotionBlur((0, 0.2)), DefocusBlur((0, 0.05)), UnsharpMask((0, 0.05)), Median()]
)
def test_a_reach_that_would_take_forever_is_refused_in_one_line(one):
    image = np.zeros((2000, 2000, 1), np.uint8)
    with pytest.raises(
        PolicyError, match=rf"{one.label}\.\w+: 0\.\d+ of a side of 2000 pixels .*give at most 0\."
    ) as e:
        made_by(one, image)
    assert "\n" not in str(e.value)
