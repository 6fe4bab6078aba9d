"""Subjects: found where they were drawn, and not found where there are none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.survey.subject import find_subject
from drawn import ellipse


@given(
    x=st.floats(0.3, 0.7),
    y=st.floats(0.3, 0.7),
    size=st.floats(0.1, 0.4),
    subject=st.sampled_from([0.0, 0.3, 1.0]),
)
def test_place_and_size_are_those_that_were_drawn(x, y, size, subject):
    found = find_subject(ellipse(x, y, size, subject=subject)[..., None])
    assert found.kind == "one"
    np.testing.assert_allclose([found.x, found.y], [x, y], atol=0.01)
    np.testing.assert_allclose(found.size, size, rtol=0.12)
    assert found.elongation < 0.1


@given(angle=st.floats(-89, 90), ratio=st.floats(2, 4))
def test_angle_and_elongation_are_those_that_were_drawn(angle, ratio):
    found = find_subject(ellipse(size=0.25, angle=angle, ratio=ratio)[..., None])
    assert abs((found.angle - angle + 90) % 180 - 90) < 2.5
    np.testing.assert_allclose(found.elongation, (ratio**2 - 1) / (ratio**2 + 1), atol=0.08)


def test_angles_run_counter_clockwise_as_seen():
    image = np.zeros((64, 64, 1), np.float32)
    for k in range(12, 52):  # from the lower left to the upper right
        image[63 - k, k - 3 : k + 4] = 1
    np.testing.assert_allclose(find_subject(image).angle, 45, atol=2)


def test_fractions_are_of_each_side_of_a_wide_image():
    found = find_subject(ellipse(0.25, 0.6, 0.2, shape=(32, 64))[..., None])
    np.testing.assert_allclose([found.x, found.y], [0.25, 0.6], atol=0.01)
    np.testing.assert_allclose(found.size, 0.2, rtol=0.1)


def test_colour_alone_makes_a_subject():
    cover = ellipse(0.4, 0.5, 0.3, ground=0, subject=1)[..., None]
    red, green = np.array([0.6, 0.2, 0.2], np.float32), np.array([0.2, 0.404, 0.2], np.float32)
    found = find_subject(red * cover + green * (1 - cover))
    np.testing.assert_allclose([found.x, found.y], [0.4, 0.5], atol=0.02)


def test_a_gradient_of_light_and_noise_are_background():
    slope = np.linspace(-0.2, 0.2, 64, dtype=np.float32)
    noise = np.random.default_rng(0).normal(0, 0.01, (64, 64)).astype(np.float32)
    ground = (0.5 + slope[None] + 0.5 * slope[:, None] + noise)[..., None]
    assert find_subject(ground).kind == "none"
    found = find_subject(ground + ellipse(0.6, 0.4, 0.3, ground=0, subject=0.3)[..., None])
    assert found.kind == "one"
    np.testing.assert_allclose([found.x, found.y, found.size], [0.6, 0.4, 0.3], atol=0.02)


def test_a_subject_that_reaches_the_rim_is_still_found():
    image = ellipse(0.5, 0.5, 0.3)
    image[31:33, :32] = 0.3  # a lead to the left edge, which is part of it: 42 pixels beside 369
    found = find_subject(image[..., None])
    assert found.kind == "one"
    np.testing.assert_allclose([found.x, found.y], [0.466, 0.5], atol=0.01)


def test_two_blobs_are_several_and_a_speck_is_none():
    two = ellipse(0.25, 0.5, 0.2) + ellipse(0.75, 0.5, 0.2) - 0.7
    found = find_subject(two[..., None])
    assert found.kind == "several"
    np.testing.assert_allclose([found.x, found.y], [0.5, 0.5], atol=0.01)
    speck = np.full((64, 64, 1), 0.5, np.float32)
    speck[20, 20] = 1
    assert find_subject(speck).kind == "none"


@pytest.mark.parametrize("name", ["noise", "stripes", "frame filled"])
def test_busy_backgrounds_are_unclear(name):
    rng = np.random.default_rng(0)
    stripes = 0.5 + 0.4 * np.sin(np.arange(64) / 2, dtype=np.float32)[None].repeat(64, 0)
    image = {
        "noise": rng.random((64, 64)).astype(np.float32),
        "stripes": stripes,
        "frame filled": ellipse(size=0.97),
    }[name]
    found = find_subject(image[..., None].astype(np.float32))
    assert found.kind == "unclear"
    assert np.isnan([found.x, found.y, found.size, found.angle]).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (3, 9), (4, 4), (5, 64), (8, 8)])
def test_tiny_images_are_answered(shape):
    for value in (np.zeros, np.ones):
        assert find_subject(value((*shape, 1), np.float32)).kind in ("none", "unclear")


def test_a_bright_dot_on_eight_pixels_is_found():
    image = np.zeros((8, 8, 1), np.float32)
    image[2:5, 3:6] = 1
    found = find_subject(image)
    np.testing.assert_allclose([found.x, found.y, found.size], [4.5 / 8, 3.5 / 8, 3 / 8])
