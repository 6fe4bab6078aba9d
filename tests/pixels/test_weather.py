"""Fog, sun, rain and snow, in numbers."""

import numpy as np
import pytest

from augury.api import Policy
from augury.ranges import Choice, Fixed
from augury.transforms import Fog, Rain, Snow, SunFlare
from helpers import assert_same_bytes, random_image, render

BLACK = np.zeros((200, 240, 3), np.float32)


def one(node, image=BLACK, ids=None):
    return render(Policy([node]), [image], ids=ids)[0]


# ---- fog


@pytest.mark.parametrize("level", [1.0, 0.6])
def test_fog_over_black_is_its_own_light(level):
    made = one(Fog(Fixed(0.8), level=level))
    np.testing.assert_allclose([made.min(), made.max()], [0.4 * level, 0.8 * level], atol=0.02)


def test_the_thickest_fog_hides_what_lies_behind():
    images = [np.full((66, 66, 1), value, np.float32) for value in (0.0, 1.0)]
    dark, light = (one(Fog(Fixed(1.0), level=0.9), image) for image in images)
    gap = light - dark  # what still comes through
    np.testing.assert_allclose([gap.min(), gap.max()], [0, 0.5], atol=0.04)
    np.testing.assert_allclose(dark / 0.9 + gap, 1, atol=1e-5)


# ---- sun


def test_the_sun_is_brightest_where_it_is():
    for x, y in ((0.25, 0.1), (0.8, 0.4)):
        made = one(SunFlare(Fixed(0.5), Fixed(x), Fixed(y), Fixed(0.1)))[..., 0]
        top, left = np.unravel_index(np.argmax(made), made.shape)
        np.testing.assert_allclose([left / 240, top / 200], [x, y], atol=0.02)
        np.testing.assert_allclose(made.max(), 0.8, atol=0.03)
        at = int(x * 240), int(y * 200 + 0.1 * 200)
        np.testing.assert_allclose(made[at[1], at[0]], 0.4, atol=0.06)  # half, one radius away


def test_reflections_lie_on_the_line_through_the_middle():
    made = one(SunFlare(Fixed(0.5), Fixed(0.0), Fixed(0.5), Fixed(0.01)))[..., 0]
    np.testing.assert_allclose(np.average(np.arange(200) + 0.5, weights=made.sum(axis=1)), 100, atol=2)
    rows = made[100]
    for place in (-0.35, 0.4, 0.9):
        assert rows[int((0.5 + 0.5 * place) * 240)] > 0.08


def test_sunlight_is_warm_in_colour_only_and_opaque_stays_opaque():
    for channels, equal in ((1, True), (3, False), (4, False), (5, True)):
        made = one(SunFlare(Fixed(1.0)), np.zeros((40, 40, channels), np.float32))
        assert np.array_equal(made[..., 0], made[..., -1]) == (equal or channels == 4)
    image = np.ones((40, 40, 4), np.float32)
    np.testing.assert_allclose(one(SunFlare(Fixed(1.0)), image)[..., 3], 1, atol=1e-6)


# ---- rain


def drop(i, **fields):
    """The pixels of a single drop over black: places (k, 2) as x, y, and their values."""
    made = one(Rain(Fixed(1), **fields), ids=[i])[..., 0]
    rows, columns = np.nonzero(made)
    return np.stack([columns, rows], axis=-1), made[rows, columns]


@pytest.mark.parametrize("slant", [-30.0, 0.0, 45.0])
def test_drops_fall_along_their_slant(slant):
    found = 0
    for i in range(10):
        places, _ = drop(i, slant=Fixed(slant), length=Fixed(0.4))
        if len(places) > 60 and places.min() > 0 and np.all(places.max(axis=0) < (239, 199)):
            _, _, axes = np.linalg.svd(places - places.mean(axis=0))
            x, y = axes[0] * np.sign(axes[0][1])  # downwards
            np.testing.assert_allclose(np.rad2deg(np.arctan2(-x, y)), slant, atol=1.5)
            found += 1
    assert found >= 3


def test_a_drop_has_its_length_and_opacity():
    lengths, values = [], []
    for i in range(40):
        places, value = drop(i, slant=Fixed(0), length=Fixed(0.2), opacity=Fixed(0.5), level=1.0)
        if len(places) and places[:, 1].min() > 0 and places[:, 1].max() < 199:
            lengths.append(np.ptp(places[:, 1]))
            values.append(value.max())
    assert 15 <= min(lengths) <= max(lengths) <= 43  # 40 % of 40 pixels for the farthest
    assert max(lengths) - min(lengths) > 10
    assert 0.08 <= min(values) <= max(values) <= 0.41  # 0.8 of a pixel wide


def test_more_drops_are_the_same_drops_and_more():
    """Also where more could have been drawn than were."""
    for node in (Rain, Snow):
        some, few, many = (one(node(k)) > 0.001 for k in (Fixed(10), Choice([10, 400], [1, 0]), Fixed(100)))
        np.testing.assert_array_equal(some, few)
        assert many[few].all()
        assert many.sum() > 3 * few.sum() > 0


def test_the_air_between_drops_is_clear():
    image = random_image((200, 240, 3))
    made = one(Rain(Fixed(20)), image)
    changed = (made != image).any(axis=2).mean()
    assert 0 < changed < 0.1


# ---- snow


def test_snow_covers_light_and_spares_dark():
    ramp = np.linspace(0, 1, 101, dtype=np.float32)[None, :, None].repeat(3, axis=0)
    made = one(Snow(Fixed(0), cover=Fixed(0.6)), ramp)[0, :, 0]
    assert_same_bytes(made[:25], ramp[0, :25, 0])
    np.testing.assert_allclose(made[50], 0.5 + 0.6 * 0.5 * 0.5, atol=1e-6)
    np.testing.assert_allclose(made[80], 0.8 + 0.6 * 0.2, atol=1e-6)
    assert (np.diff(made) > 0).all()


def test_snow_takes_colour_to_white():
    image = np.full((4, 4, 3), (1.0, 0.6, 0.5), np.float32)
    made = one(Snow(Fixed(0), cover=Fixed(1.0)), image)
    light = 2 * 0.7 - 0.5
    share = light * light * (3 - 2 * light)
    np.testing.assert_allclose(made, image + share * (1 - image), atol=1e-6)
    clear = np.concatenate([image, np.zeros((4, 4, 1), np.float32)], axis=2)  # alpha has no light
    np.testing.assert_allclose(one(Snow(Fixed(0), cover=Fixed(1.0)), clear)[..., :3], made)


def test_flakes_are_many_small_and_everywhere():
    made = np.stack([one(Snow(Fixed(200), cover=Fixed(0.0)), ids=[i])[..., 0] for i in range(20)])
    assert 0.02 < np.mean(made > 0.2) < 0.2
    quarters = [made[:, a : a + 100, b : b + 120].mean() for a in (0, 100) for b in (0, 120)]
    np.testing.assert_allclose(quarters, np.mean(quarters), rtol=0.15)


def test_a_flake_has_its_size():
    """Half its height is as wide as its radius says, 30 to 100 % of the given one."""
    widths = []
    for i in range(30):
        made = one(Snow(Fixed(1), size=Fixed(0.1), cover=Fixed(0.0)), ids=[i])[..., 0]
        rows, columns = np.nonzero(made > 0.5 * made.max())
        if rows.min() > 0 and columns.min() > 0 and rows.max() < 199 and columns.max() < 239:
            widths.append(np.ptp(columns) + 1)
            assert abs(np.ptp(columns) - np.ptp(rows)) <= 1
    assert 10 <= min(widths) < 22 < max(widths) <= 50


def test_tiny_flakes_fade_instead_of_growing():
    values = [one(Snow(Fixed(400), size=Fixed(s), cover=Fixed(0.0))).mean() for s in (0.0, 0.001, 0.002, 0.004, 0.01)]
    assert values[0] == 0
    assert values == sorted(values)
