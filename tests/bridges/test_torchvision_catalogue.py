"""Translations of torchvision beyond maps: the same pixels at fixed parameters, and the way back."""

import numpy as np
import pytest

import augury as ag
from augury.ranges import Fixed
from augury.transforms import TorchvisionStep
from augury.transforms.bridges.torchvision import KEPT, MATCHES
from brought import alone, library, soft, streamed

torch = library("torch", "torch")
library("torchvision", "torchvision")
v2 = library("torchvision.transforms.v2", "torchvision")
torch.set_num_threads(1)
MIDDLE = (slice(1, -1), slice(1, -1))
WHOLE = (slice(None), slice(None))
SHUFFLED = 5 / 6

FIXED = [
    (v2.ColorJitter(saturation=(1.4, 1.4)), 1, WHOLE),
    (v2.ColorJitter(hue=(0.1, 0.1)), 1, WHOLE),
    (v2.RandomAdjustSharpness(2.5, 1), 1, MIDDLE),
    (v2.RandomAdjustSharpness(0.0, 1), 1, MIDDLE),
    (v2.RandomAutocontrast(1), 1, WHOLE),
    (v2.RandomEqualize(1), 0, WHOLE),
    (v2.RandomGrayscale(1), 1, WHOLE),
    (v2.RandomInvert(1), 0, WHOLE),
    (v2.RandomPosterize(3, 1), 0, WHOLE),
    (v2.RandomSolarize(128, 1), 0, WHOLE),
    (v2.RandomSolarize(77.5, 1), 0, WHOLE),
]


def pictures() -> np.ndarray:
    """Half smooth, half of single pixels, of little contrast."""
    made = soft(1, (80, 96))
    made[:, :, 48:] = np.random.default_rng(1).integers(0, 256, (1, 80, 48, 3))
    return (30 + made * 0.7).astype(np.uint8)


@pytest.mark.parametrize(("step", "tolerance", "where"), FIXED, ids=lambda value: str(value)[:40])
def test_what_is_translated_shows_the_same(step, tolerance, where):
    """The largest difference in levels."""
    images = pictures()
    ours, theirs = ag.from_torchvision(step), ag.from_torchvision(step, translate=False)
    assert not isinstance(ours.transforms[0], TorchvisionStep)
    here, there = (streamed(policy, images)[0][where].astype(int) for policy in (ours, theirs))
    assert np.abs(here - there).max() <= tolerance
    assert np.abs(here - images[0][where]).mean() > 3


def test_floats_are_changed_alike():
    """But for Solarize, whose threshold is in values of bytes there."""
    image = pictures()[0].astype(np.float32) / 255
    for step in (v2.RandomInvert(1), v2.RandomGrayscale(1), v2.RandomPosterize(3, 1), v2.RandomAutocontrast(1)):
        here, there = (alone(policy, image) for policy in _both(step))
        np.testing.assert_allclose(here, there, atol=1e-3)


def _both(step):
    return [ag.from_torchvision(step, translate=translate).transforms[0] for translate in (True, False)]


def test_orders_of_colours_are_drawn_alike():
    images = np.tile(np.array([10, 20, 30], np.uint8), (1200, 2, 2, 1))
    for translate in (True, False):
        policy = ag.from_torchvision(v2.RandomChannelPermutation(), translate=translate)
        orders, number = np.unique(streamed(policy, images, batch_size=300)[:, 0, 0], axis=0, return_counts=True)
        assert len(orders) == 6
        np.testing.assert_allclose(number / 1200, [1 / 6] * 6, atol=0.05)


def test_their_p_counts():
    shuffled, gray = ag.from_torchvision(
        [v2.RandomApply([v2.RandomChannelPermutation()], 0.5), v2.RandomGrayscale(0.2)]
    ).transforms
    assert (shuffled.p, shuffled.transforms[0].p, gray.p) == (0.5, SHUFFLED, 0.2)


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (v2.ColorJitter(0.2, 0.2), "contrast is about the mean there, about mid-range here"),
        (v2.ColorJitter(0.2, hue=0.1), "its parts come in a random order there"),
        (v2.ColorJitter(), "it changes nothing"),
        (v2.GaussianBlur(5), "its lengths are pixels there, fractions of the side here"),
        (v2.GaussianNoise(mean=0.1), "ours has mean 0"),
        (v2.RandomErasing(value="random"), "its value is drawn for each pixel"),
        (v2.RandomSolarize(0.5), "its threshold is one of floats"),
        (v2.RandAugment(), "contrast is about the mean there and shears about a corner; ag.rand_augment()"),
        (v2.TrivialAugmentWide(), "ag.trivial_augment() is close to it"),
        (v2.AutoAugment(), "ag.auto_augment() is close to it"),
        (v2.ElasticTransform(), "its formula is not ours"),
    ],
)
def test_reasons_say_why_a_step_stays(step, why):
    policy = ag.from_torchvision(step)
    assert isinstance(policy.transforms[0], TorchvisionStep)
    (reason,) = policy.reasons.values()
    assert "as it is there" in reason
    assert why in reason


@pytest.mark.parametrize(("name", "kind"), [("Contrast", ag.Contrast), ("ShearX", ag.Shear)])
def test_policies_of_operations_do_not_mean_the_same(name, kind):
    """Which is why RandAugment and its like stay: here what two of the operations do to a dark image."""
    images = soft(1, (80, 96)) // 3
    tensor = torch.from_numpy(images[0].transpose(2, 0, 1).copy())
    bilinear = v2.InterpolationMode.BILINEAR
    there = v2.RandAugment()._apply_image_or_video_transform(tensor, name, 0.5, bilinear, {}).numpy()
    node = kind(Fixed(1.5)) if kind is ag.Contrast else kind(Fixed(np.degrees(np.arctan(0.5))))
    here = alone(node, images[0], border="constant").transpose(2, 0, 1)
    assert np.abs(here.astype(int) - there).mean() > 3


def test_all_that_have_a_reason_exist():
    assert [title for title in (*MATCHES, *KEPT) if not hasattr(v2, title)] == []
    assert set(MATCHES).isdisjoint(KEPT)


def test_policies_go_there_and_come_back_the_same():
    policy = ag.Policy(
        [
            ag.Saturation((0.5, 1.5)),
            ag.Hue((-36, 18)),
            ag.Grayscale(p=0.1),
            ag.Invert(p=0.2),
            ag.Equalize(),
            ag.AutoContrast(Fixed(0.0), p=0.3),
            ag.Posterize(Fixed(3), p=0.5),
            ag.Solarize(Fixed(127.5 / 255), p=0.5),
            ag.Sharpen(Fixed(0.5), p=0.4),
            ag.ChannelShuffle(p=SHUFFLED),
        ]
    )
    assert ag.from_torchvision(policy.to_torchvision()).transforms == policy.transforms


def test_a_threshold_there_is_the_next_level():
    """Whatever stands at it is inverted there."""
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    for threshold in (0.1, 0.2, 0.5, 0.99):
        node = ag.Solarize(Fixed(threshold))
        there = ag.Policy([node]).to_torchvision()(torch.from_numpy(ramp.transpose(2, 0, 1).copy())).numpy()
        np.testing.assert_array_equal(there.transpose(1, 2, 0), alone(node, ramp))


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (ag.AutoContrast(), "it has no cutoff"),
        (ag.ChannelShuffle(p=0.9), "p is at most 0.833"),
        (ag.Hue((-200, 0)), "there hues turn by up to 180 degrees"),
        (ag.Posterize(), "there bits is fixed"),
        (ag.Sharpen(), "there amount is fixed"),
        (ag.Solarize(Fixed(1.0)), "there bytes have a threshold of 2 to 255"),
    ],
)
def test_the_first_without_an_equal_is_named(node, message):
    with pytest.raises(ag.PolicyError, match=message) as error:
        ag.Policy([node]).to_torchvision()
    assert "\n" not in str(error.value)
