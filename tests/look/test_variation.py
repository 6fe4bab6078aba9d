"""Spreads are those that were planted, within classes and over all."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from augury.data.prepare import Prepare
from augury.survey.variation import mean_axis, what_varies, wrapped
from drawn import eight, ellipse, scanned

UNIFORM = np.linspace(-1, 1, 21)  # whose 5th and 95th percentile are -0.9 and 0.9


def varied(images, labels=None, **settings):
    return what_varies(scanned([eight(image) for image in images], labels, **settings), None)


def ends(spread):
    return [spread.low, spread.high]


def test_place_size_and_angle():
    found = varied([ellipse(0.5 + 0.1 * u, 0.4 - 0.2 * u, 0.2) for u in UNIFORM])
    np.testing.assert_allclose(ends(found["x"].within), [-0.09, 0.09], atol=0.004)
    np.testing.assert_allclose(ends(found["y"].within), [-0.18, 0.18], atol=0.004)
    np.testing.assert_allclose(ends(found["x"].classes[0]), [0.41, 0.59], atol=0.004)
    assert found["angle"].within is None  # circles have none
    found = varied([ellipse(size=0.25 * 1.5**u) for u in UNIFORM])
    np.testing.assert_allclose(np.exp(ends(found["size"].within)), [1.5**-0.9, 1.5**0.9], rtol=0.05)
    found = varied([ellipse(size=0.3, angle=80 + 25 * u, ratio=2.5) for u in UNIFORM])
    np.testing.assert_allclose(ends(found["angle"].within), [-22.5, 22.5], atol=1.5)
    np.testing.assert_allclose(wrapped(np.array(found["angle"].classes[0].middle - 80)), 0, atol=1.5)


def test_light_contrast_and_sharpness():
    found = varied([0.6 * ellipse() * 1.3**u for u in UNIFORM])
    np.testing.assert_allclose(np.exp(ends(found["light"].within)), [1.3**-0.9, 1.3**0.9], rtol=0.02)
    np.testing.assert_allclose(ends(found["contrast"].within), [0, 0], atol=0.02)  # light explains it
    found = varied([0.5 + (ellipse(ground=0.8, subject=0.2) - 0.5) * (1 + 0.3 * u) for u in UNIFORM])
    relative = [(0.6 * (1 + 0.3 * u)) / (0.5 + 0.3 * (1 + 0.3 * u)) for u in (-0.9, 0, 0.9)]
    np.testing.assert_allclose(
        np.exp(ends(found["contrast"].within)), [relative[0] / relative[1], relative[2] / relative[1]], rtol=0.03
    )


def test_differences_between_classes_are_no_spread_within_them():
    labels = np.arange(42) % 2
    found = varied([ellipse(0.3 + 0.4 * k, 0.5, 0.15 + 0.15 * k) for k in labels], labels)
    np.testing.assert_allclose(ends(found["x"].within), [0, 0], atol=0.001)
    np.testing.assert_allclose(ends(found["size"].within), [0, 0], atol=0.001)
    np.testing.assert_allclose(ends(found["x"].overall), [0.3, 0.7], atol=0.005)
    np.testing.assert_allclose([found["x"].classes[k].middle for k in (0, 1)], [0.3, 0.7], atol=0.005)


def test_classes_without_subjects_are_left_aside():
    plain = [np.full((64, 64), 0.5)] * 10
    found = varied([*plain, *(ellipse(0.5 + 0.1 * u) for u in UNIFORM)], np.repeat([0, 1], [10, 21]))
    assert list(found["x"].classes) == [1]
    assert list(found["light"].classes) == [0, 1]
    assert varied(plain)["x"].overall is None


def test_too_few_images_say_nothing():
    found = varied([ellipse(0.4), ellipse(0.6)] * 2, [0, 0, 1, 1])
    assert all(varying.within is None and varying.overall is None for varying in found.values())


def test_places_are_fractions_of_what_training_sees():
    images = [ellipse(0.5 + 0.1 * u, 0.5, 0.2, shape=(64, 128)) for u in UNIFORM]
    whole = varied(images)["x"].within
    cropped = varied(images, prepare=Prepare((32, 32), "crop"))["x"].within
    np.testing.assert_allclose(ends(cropped), [2 * whole.low, 2 * whole.high], atol=0.01)
    tilted = [ellipse(size=0.25, angle=45, ratio=3, shape=(64, 128))] * 6
    stretched = varied(tilted, prepare=Prepare((64, 64)))["angle"].overall
    np.testing.assert_allclose(stretched.middle, np.degrees(np.arctan(2)), atol=6)  # steeper once squeezed
    square = [ellipse(size=0.25, angle=45, ratio=3)] * 6
    flat = varied(square, prepare=Prepare((32, 64)))["angle"].overall
    np.testing.assert_allclose(flat.middle, np.degrees(np.arctan(1 / 2)), atol=6)


@given(st.floats(-90, 90), st.floats(1, 40))
def test_the_mean_axis_does_not_care_where_the_circle_is_cut(middle, spread):
    angles = wrapped(middle + spread * UNIFORM)
    np.testing.assert_allclose(wrapped(np.array(mean_axis(angles) - middle)), 0, atol=1e-6)
