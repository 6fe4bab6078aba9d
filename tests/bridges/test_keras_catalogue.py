"""Translations of Keras beyond maps: the same pixels at fixed parameters, and the way back."""

import numpy as np
import pytest

import augury as ag
from augury.ranges import Choice, Fixed
from augury.transforms import KerasStep
from augury.transforms.bridges.keras import KEPT, MATCHES
from brought import library, soft, streamed

keras = library("keras", "keras")
torch = library("torch", "torch")
torch.set_num_threads(1)
layers = keras.layers
pytestmark = pytest.mark.filterwarnings("ignore:Tensor.T is deprecated on 0-D tensors")
MIDDLE = (slice(1, -1), slice(1, -1))
WHOLE = (slice(None), slice(None))

FIXED = [
    (lambda: layers.AutoContrast(), 1, WHOLE),
    (lambda: layers.RandomColorDegeneration((0.4, 0.4)), 1, WHOLE),
    (lambda: layers.RandomGrayscale(1.0), 1, WHOLE),
    (lambda: layers.RandomInvert((1.0, 1.0)), 0, WHOLE),
    (lambda: layers.RandomPosterization((3, 3)), 0, WHOLE),
    (lambda: layers.RandomSharpness((0.9, 0.9)), 1, MIDDLE),
    (lambda: layers.Solarization(), 0, WHOLE),
]


def pictures(n: int = 1) -> np.ndarray:
    """Half smooth, half of single pixels, of little contrast."""
    made = soft(n, (80, 96))
    made[:, :, 48:] = np.random.default_rng(1).integers(0, 256, (n, 80, 48, 3))
    return (30 + made * 0.7).astype(np.uint8)


def _both(layer):
    ours, theirs = ag.from_keras(layer), ag.from_keras(layer, translate=False)
    assert not isinstance(ours.transforms[0], KerasStep)
    assert isinstance(theirs.transforms[0], KerasStep)
    return ours, theirs


@pytest.mark.parametrize(("make", "tolerance", "where"), FIXED)
def test_what_is_translated_shows_the_same(make, tolerance, where):
    """The largest difference in levels."""
    images = pictures()
    here, there = (streamed(policy, images)[0][where].astype(int) for policy in _both(make()))
    assert np.abs(here - there).max() <= tolerance
    assert np.abs(here - images[0][where]).mean() > 3


def test_hues_turn_as_far_either_way():
    """With one factor there are two outcomes, each half of the time."""
    images = np.tile(pictures(1)[:, 30:36, 45:51], (200, 1, 1, 1))
    ours, theirs = _both(layers.RandomHue((0.2, 0.2)))
    outcomes = []
    for policy in (ours, theirs):
        seen, number = np.unique(streamed(policy, images, batch_size=100).reshape(200, -1), axis=0, return_counts=True)
        np.testing.assert_allclose(number / 200, [0.5, 0.5], atol=0.12)
        outcomes.append(seen.astype(int))
    assert np.abs(outcomes[0] - outcomes[1]).max() <= 1


def test_what_they_draw_is_drawn_here():
    colour, hue, bits, sharp, negative, gray = ag.from_keras(
        [
            layers.RandomColorDegeneration((0.2, 0.6)),
            layers.RandomHue(0.25),
            layers.RandomPosterization((3, 6)),
            layers.RandomSharpness((0.25, 0.75)),
            layers.RandomInvert((0.2, 0.4)),
            layers.RandomGrayscale(0.3),
        ]
    ).transforms
    np.testing.assert_allclose(colour.factor, (0.4, 0.8))
    assert (hue.angle, bits.bits, sharp.amount) == ((-45.0, 45.0), Choice([3, 4, 5]), (-0.5, 0.5))
    np.testing.assert_allclose([negative.p, gray.p], [0.3, 0.3])


def test_the_upper_end_of_bits_is_left_out_there_too():
    images = np.tile(np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1), (90, 1, 1, 1))
    for policy in _both(layers.RandomPosterization((3, 6))):
        assert {len(np.unique(image)) for image in streamed(policy, images)} == {8, 16, 32}


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: layers.Equalization(), "it counts the pixels of a level in full"),
        (lambda: layers.RandomBrightness(0.2), "it adds there, multiplies here"),
        (lambda: layers.RandomContrast(0.2), "contrast is about the mean there"),
        (lambda: layers.RandomGaussianBlur(), "its lengths are pixels there"),
        (lambda: layers.RandomHue((0.1, 0.2)), "it leaves small angles out"),
        (lambda: layers.RandomInvert(1.0, value_range=(-1, 1)), "what is black there is not 0"),
        (lambda: layers.RandomSaturation(0.6), "it multiplies the saturation of HSV there"),
        (lambda: layers.RandomShear((0.1, 0.2)), "it is about the top left corner there"),
        (lambda: layers.Solarization(0.1, 0.5), "it adds, or its lowest threshold is in levels"),
    ],
)
def test_reasons_say_why_a_layer_stays(make, why):
    policy = ag.from_keras(make())
    assert isinstance(policy.transforms[0], KerasStep)
    (reason,) = policy.reasons.values()
    assert "as it is there" in reason
    assert why in reason


def test_all_that_have_a_reason_exist():
    assert [title for title in (*MATCHES, *KEPT) if not hasattr(layers, title)] == []
    assert set(MATCHES).isdisjoint(KEPT)


def test_policies_go_there_and_come_back_the_same():
    policy = ag.Policy(
        [
            ag.Grayscale(p=0.1),
            ag.Invert(p=0.2),
            ag.AutoContrast(Fixed(0.0)),
            ag.Posterize(Fixed(3)),
            ag.Posterize(Choice([2, 3, 4]), name="Posterize2"),
            ag.Hue((-45.0, 45.0)),
            ag.Saturation((0.25, 0.75)),
            ag.Sharpen((-0.5, 0.5)),
        ]
    )
    assert ag.from_keras(policy.to_keras()).transforms == policy.transforms


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (ag.AutoContrast(), "it has no cutoff"),
        (ag.Posterize(Choice([7, 8])), "its upper end is left out, and is at most 8"),
        (ag.Hue((-20, 10)), "there angles reach as far to either side"),
        (ag.Saturation((0.5, 1.5)), "there colours fade only"),
        (ag.Sharpen((0.0, 2.0)), "there the amount is at most 1"),
    ],
)
def test_the_first_without_an_equal_is_named(node, message):
    with pytest.raises(ag.PolicyError, match=message) as error:
        ag.Policy([node]).to_keras()
    assert "\n" not in str(error.value)
