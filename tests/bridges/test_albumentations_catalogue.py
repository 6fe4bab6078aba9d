"""Translations of Albumentations beyond maps: the same pixels at fixed parameters, the same odds, and the way back."""

from math import pi

import numpy as np
import pytest

import augury as ag
from augury.ranges import Choice, Fixed
from augury.transforms import AlbumentationsStep
from augury.transforms.bridges.albumentations import KEPT, MATCHES
from brought import alone, library, soft, streamed

A = library("albumentations", "albumentations")
MIDDLE = (slice(24, -24), slice(24, -24))
WHOLE = (slice(None), slice(None))
STILL, NEUTRAL = (0.0, 0.0), (1.0, 1.0)

FIXED = [
    (lambda: A.Transpose(p=1), 0, WHOLE),
    (lambda: A.CLAHE((3, 3), (4, 4), p=1), 0, WHOLE),
    (lambda: A.ColorJitter((1.3, 1.3), NEUTRAL, NEUTRAL, STILL, p=1), 1, WHOLE),
    (lambda: A.ColorJitter(NEUTRAL, NEUTRAL, (1.4, 1.4), STILL, p=1), 1, WHOLE),
    (lambda: A.ColorJitter(NEUTRAL, NEUTRAL, NEUTRAL, (0.1, 0.1), p=1), 5, WHOLE),  # its hues are 2 degrees apart
    (lambda: A.Downscale((0.4, 0.4), {"downscale": 3, "upscale": 1}, p=1), 1, WHOLE),
    (lambda: A.GridDropout(0.4, False, holes_number_xy=(5, 5), fill=51, p=1), 0, WHOLE),
    (lambda: A.HueSaturationValue((20, 20), STILL, STILL, p=1), 5, WHOLE),
    (lambda: A.InvertImg(p=1), 0, WHOLE),
    (lambda: A.MultiplicativeNoise((1.2, 1.2), p=1), 1, WHOLE),
    (lambda: A.Posterize((3, 3), p=1), 0, WHOLE),
    (lambda: A.RGBShift((20, 20), (-10, -10), (30, 30), p=1), 1, WHOLE),
    (lambda: A.RingingOvershoot((15, 15), (pi / 3, pi / 3), p=1), 1, MIDDLE),
    (lambda: A.Sharpen((0.2, 0.2), NEUTRAL, p=1), 1, MIDDLE),
    (lambda: A.Solarize((0.5, 0.5), p=1), 0, WHOLE),
    (lambda: A.Solarize((0.2, 0.2), p=1), 0, WHOLE),  # 51 of 255: a level that lies at the threshold
    (lambda: A.ToGray(p=1), 1, WHOLE),
    (lambda: A.ToSepia(p=1), 1, WHOLE),
]


def pictures(n: int = 1) -> np.ndarray:
    """Half smooth, half of single pixels."""
    made = soft(n, (80, 80))
    made[:, :, 40:] = np.random.default_rng(1).integers(0, 256, (n, 80, 40, 3))
    return made


@pytest.mark.parametrize(("make", "tolerance", "where"), FIXED)
def test_what_is_translated_shows_the_same(make, tolerance, where):
    """The largest difference in levels."""
    image = pictures()[0]
    (node,) = ag.from_albumentations(make()).transforms
    assert not isinstance(node, AlbumentationsStep)
    here, there = alone(node, image)[where].astype(int), make()(image=image)["image"][where]
    assert np.abs(here - there).max() <= tolerance
    assert np.abs(here - image[where]).mean() > 3


def test_a_channel_is_lost_as_often():
    images = np.full((300, 4, 4, 3), 200, np.uint8)
    for translate in (True, False):
        seen = streamed(ag.from_albumentations(A.ChannelDropout(fill=51, p=1), translate=translate), images)
        assert set(np.unique(seen)) == {51, 200}
        np.testing.assert_allclose((seen[:, 0, 0] == 51).mean(0), [1 / 3] * 3, atol=0.09)


def test_a_safe_rotation_lies_up_to_a_pixel_aside():
    """Their canvas has whole pixels, of which the rest is cut: compared with ours moved by up to a pixel."""
    images = soft(1, (80, 80))
    make = A.SafeRotate((30, 30), p=1)
    there = make(image=images[0])["image"][MIDDLE].astype(int)
    (node,) = ag.from_albumentations(make).transforms
    assert isinstance(node, ag.SafeRotate)
    moves = [ag.Translate(Fixed(x / 80), Fixed(y / 80)) for x in (-0.5, 0, 0.5) for y in (-0.5, 0, 0.5)]
    nearest = min(
        np.abs(streamed(ag.Policy([node, move], border="constant"), images)[0][MIDDLE].astype(int) - there).mean()
        for move in moves
    )
    assert nearest < 1.5
    assert np.abs(there - images[0][MIDDLE]).mean() > 20


@pytest.mark.parametrize(
    "make",
    [
        lambda: A.D4(p=1),
        lambda: A.SquareSymmetry(p=1),
        lambda: A.RandomRotate90(p=1),
        lambda: A.ChannelShuffle(p=1),
        lambda: A.RandomGridShuffle((2, 2), p=1),
    ],
)
def test_what_is_drawn_has_the_same_outcomes_and_odds(make):
    """Of 4 to 24 outcomes, on images of one picture."""
    n = 1200
    images = np.tile(np.random.default_rng(0).integers(0, 256, (1, 6, 6, 3), dtype=np.uint8), (n, 1, 1, 1))
    counts = []
    for translate in (True, False):
        policy = ag.from_albumentations(make(), translate=translate)
        assert isinstance(policy.transforms[0], AlbumentationsStep) != translate
        outcomes, number = np.unique(
            streamed(policy, images, batch_size=300).reshape(n, -1), axis=0, return_counts=True
        )
        assert number.min() > 0.5 * n / len(number)
        assert number.max() < 1.6 * n / len(number)
        counts.append(outcomes)
    np.testing.assert_array_equal(*counts)


def test_as_many_pixels_are_dropped():
    white = np.full((20, 40, 40, 3), 255, np.uint8)
    for translate in (True, False):
        policy = ag.from_albumentations(A.PixelDropout(0.2, drop_value=51, p=1), translate=translate)
        seen = streamed(policy, white)
        assert set(np.unique(seen)) == {51, 255}
        np.testing.assert_allclose((seen == 51).all(-1).mean(), 0.2, atol=0.01)
        np.testing.assert_allclose((seen == 51).any(-1).mean(), 0.2, atol=0.01)


def test_a_special_case_of_affine():
    images = soft(1, (80, 96))
    with pytest.warns(UserWarning, match="special case of Affine"):
        make = A.ShiftScaleRotate((0.125, 0.125), (0.2, 0.2), (20, 20), p=1)
    there = make(image=images[0])["image"][MIDDLE].astype(int)
    ours = ag.from_albumentations(make)
    assert isinstance(ours.transforms[0], ag.Affine)
    assert np.abs(streamed(ours, images)[0][MIDDLE].astype(int) - there).mean() < 1


@pytest.mark.parametrize("channels", [1, 3])
def test_whole_numbers_are_drawn_alike(channels):
    (node,) = ag.from_albumentations(A.Posterize((2, 4), p=1)).transforms
    assert node.bits == Choice([2, 3, 4])
    ramp = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    images = np.tile(ramp, (600, 1, 1, channels))
    for translate in (True, False):
        policy = ag.from_albumentations(A.Posterize((2, 4), p=1), translate=translate)
        levels = np.array([len(np.unique(image)) for image in streamed(policy, images, batch_size=100)])
        np.testing.assert_allclose([(levels == 2**bits).mean() for bits in (2, 3, 4)], [1 / 3] * 3, atol=0.07)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: A.AutoContrast(method="pil"), "its histogram leaves white out"),
        (lambda: A.CLAHE(tile_grid_size=(4, 8)), "as many tiles along both sides"),
        (lambda: A.ChannelDropout((1, 2)), "ours replaces one channel"),
        (lambda: A.ColorJitter(), "contrast is about the mean there, about mid-range here"),
        (lambda: A.ColorJitter(contrast=(1, 1)), "its parts come in a random order there"),
        (lambda: A.ColorJitter(NEUTRAL, NEUTRAL, NEUTRAL, STILL), "it changes nothing"),
        (lambda: A.CoarseDropout(), "ours is one hole"),
        (lambda: A.Downscale(), "ours takes the mean of areas"),
        (lambda: A.Erasing(fill="random"), "its fill is drawn there"),
        (lambda: A.GaussianBlur(), "its lengths are pixels there, fractions of the side here"),
        (lambda: A.GridDropout(), "ours has a number of cells"),
        (lambda: A.GridDropout(holes_number_xy=(3, 3)), "its holes are shifted each for itself"),
        (lambda: A.HueSaturationValue(), "its saturation and value are shifted there"),
        (lambda: A.MultiplicativeNoise(elementwise=True), "its factors are drawn apart"),
        (lambda: A.OpticalDistortion(), "its formula is not ours"),
        (lambda: A.PixelDropout(per_channel=True), "one value to all channels"),
        (lambda: A.Posterize([(1, 2), (3, 4), (5, 6)]), "bits of their own there"),
        (lambda: A.RandomBrightnessContrast(), "its brightness adds there"),
        (lambda: A.RandomGridShuffle((2, 3)), "as many cells along both sides"),
        (lambda: A.RingingOvershoot(), "ours reads 15 x 15 pixels"),
        (lambda: A.Sharpen(), "with lightness 1"),
        (lambda: A.Solarize((0.0, 0.0)), "as it is there."),
        (lambda: A.ToGray(method="max"), "not that of BT.601"),
    ],
)
def test_reasons_say_why_a_step_stays(make, why):
    policy = ag.from_albumentations(make())
    assert isinstance(policy.transforms[0], AlbumentationsStep)
    (reason,) = policy.reasons.values()
    assert "as it is there" in reason
    assert why in reason


def test_all_that_have_a_reason_exist():
    assert [title for title in (*MATCHES, *KEPT) if not hasattr(A, title)] == []
    assert set(MATCHES).isdisjoint(KEPT)


BACK = [
    ag.Transpose(p=0.3),
    ag.Rotate90(p=0.4),
    ag.D4(),
    ag.GridShuffle(2),
    ag.SafeRotate((-20, 30)),
    ag.Hue((-30, 20)),
    ag.Saturation((0.5, 1.5)),
    ag.ChannelShift((-0.1, 0.2), Fixed(0.002), Fixed(0.0), p=0.5),
    ag.ChannelShuffle(p=0.5),
    ag.ChannelDropout(1.0),
    ag.Grayscale(p=0.1),
    ag.Sepia(Fixed(1.0)),
    ag.Invert(),
    ag.Posterize(Choice([3, 4, 5])),
    ag.Solarize((0.4, 1.0)),
    ag.CLAHE((2.0, 3.0), tiles=4, p=0.5),
    ag.PixelDropout(Fixed(0.1), fill=1.0),
    ag.Sharpen((0.0, 2.6)),
    ag.Ringing((0.25, 0.5)),
    ag.Downscale((0.3, 0.9)),
    ag.GridDropout(Fixed(4), Fixed(0.5), Fixed(0.0), Fixed(0.0), fill=1.0),
]


def test_policies_go_there_and_come_back_the_same():
    back = ag.from_albumentations(ag.Policy(BACK, border="mirror").to_albumentations())
    for there, here in zip(back.transforms, BACK, strict=True):
        assert type(there) is type(here)
        for name, value in here:
            if isinstance(value, (tuple, float)):
                np.testing.assert_allclose(getattr(there, name), value, atol=1e-9)
            else:
                assert getattr(there, name) == value or name == "name" or isinstance(value, Fixed)
            if isinstance(value, Fixed):
                np.testing.assert_allclose(getattr(there, name).value, value.value, atol=1e-9)


def test_they_run_there_and_show_the_same():
    """Where nothing is drawn."""
    image = pictures()[0]
    for node in (ag.Hue(Fixed(40)), ag.Posterize(Fixed(2)), ag.Sepia(Fixed(1.0)), ag.Solarize(Fixed(0.301))):
        there = ag.Policy([node]).to_albumentations()(image=image)["image"]
        assert np.abs(there.astype(int) - alone(node, image)).max() <= 5, node


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (ag.ChannelShuffle(p=0.9), "p is at most 0.833"),
        (ag.Sepia(), "it has no strength"),
        (ag.Posterize(), "it draws whole numbers"),
        (ag.Posterize(Fixed(8)), "there at most 7 bits stay"),
        (ag.Solarize(Fixed(1.0)), "there white is inverted at 1"),
        (ag.Sharpen((-0.5, 0.5)), "there detail is added only"),
        (ag.PixelDropout(), "there share is fixed"),
        (ag.GridDropout(), "it has no x"),
        (ag.GaussianBlur(), "it has none"),
    ],
)
def test_the_first_without_an_equal_is_named(node, message):
    with pytest.raises(ag.PolicyError, match=message) as error:
        ag.Policy([node]).to_albumentations()
    assert "\n" not in str(error.value)
