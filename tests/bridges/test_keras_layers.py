"""Keras layers: steps as they are, translations, and the way back."""

import pickle
import random

import numpy as np
import pytest
from pydantic import Field

import augury as ag
from augury.ranges import Fixed
from augury.transforms import KerasStep
from augury.transforms.base import REGISTRY
from augury.transforms.foreign import Step
from brought import alone, library, soft, streamed
from contract import checks_for

keras = library("keras", "keras")
torch = library("torch", "torch")
torch.set_num_threads(1)
layers = keras.layers


# Keras 3.15 on PyTorch 2.13, in its own equalization
pytestmark = pytest.mark.filterwarnings("ignore:Tensor.T is deprecated on 0-D tensors")


class Fading(KerasStep):
    """The contract needs a transform that can be made without arguments."""

    layer: str = "RandomContrast"
    config: Step = Field({"factor": [0.3, 0.6], "seed": 0}, validate_default=True)


REGISTRY.pop("Fading", None)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """The example is known here and nowhere else."""
    monkeypatch.setitem(REGISTRY, "Fading", Fading)


@pytest.mark.parametrize("check", checks_for(Fading), ids=lambda check: check.__name__)
def test_contract(check):
    check(Fading)


STEPS = [
    lambda: layers.RandomRotation(0.1),
    lambda: layers.RandomContrast(0.5),
    lambda: layers.RandomErasing(),
    lambda: layers.RandomColorJitter(brightness_factor=0.2, hue_factor=0.2),
    lambda: layers.RandAugment(),
    lambda: layers.RandomElasticTransform(),
    lambda: layers.GaussianDropout(0.2),
]


@pytest.mark.parametrize("make", STEPS)
def test_bytes_depend_on_the_sample_only(make):
    images, policy = soft(8), ag.Policy([KerasStep.of(make())])
    whole = streamed(policy, images, batch_size=8)
    assert not np.array_equal(whole, images)
    for how in ({"batch_size": 3}, {"batch_size": 2, "threads": 4}):
        np.testing.assert_array_equal(streamed(policy, images, **how), whole)
    assert not np.array_equal(streamed(policy, images, epoch=1), whole)


def test_the_generators_of_the_process_are_left_alone():
    for make in STEPS:
        policy = ag.Policy([KerasStep.of(make())])
        state = random.getstate(), torch.get_rng_state()
        streamed(policy, soft(2))
        assert random.getstate() == state[0], policy
        assert torch.equal(torch.get_rng_state(), state[1]), policy


def test_the_parts_of_a_layer_draw_apart():
    """With one seed for all, brightness and contrast would go up and down together."""
    gray = np.full((200, 8, 8, 3), 128, np.uint8)
    gray[:, ::2] = 64
    policy = ag.Policy([KerasStep.of(layers.RandomColorJitter(brightness_factor=0.2, contrast_factor=0.5))])
    seen = streamed(policy, gray, batch_size=100).reshape(200, -1).astype(float)
    assert abs(np.corrcoef(seen.mean(1), seen.std(1))[0, 1]) < 0.4


def test_it_does_what_the_layer_does():
    image = soft(1)[0]
    for layer in (layers.AutoContrast(), layers.RandomBrightness((0.2, 0.2))):
        expected = np.rint(layer(image[None].astype(np.float32), training=True)[0].numpy())
        np.testing.assert_array_equal(alone(KerasStep.of(layer), image), expected.astype(np.uint8))


def test_images_of_any_dtype_and_range():
    image, step = soft(1)[0], KerasStep.of(layers.RandomBrightness((0.2, 0.2)))
    expected = np.clip(image / 255 + 0.2, 0, 1)
    np.testing.assert_allclose(alone(step, (image.astype(np.uint16) * 257)) / 65535, expected, atol=1e-4)
    data = ag.from_arrays(image[None].astype(np.float32) / 127.5 - 1, [0], value_range=(-1.0, 1.0))
    seen = next(iter(data.stream(ag.Policy([step])))).image[0]
    np.testing.assert_allclose((seen + 1) / 2, expected, atol=1e-5)


def test_its_document_survives_and_is_checked():
    policy = ag.Policy([KerasStep.of(layers.RandomRotation(0.1)), KerasStep.of(layers.RandomHue(0.2))])
    for again in (ag.Policy.from_yaml(policy.to_yaml()), pickle.loads(pickle.dumps(policy))):
        assert again == policy
        assert hash(again) == hash(policy)
    for layer, config, message in (
        ("Forest", {}, "Forest: keras.layers has no layer 'Forest' for images"),
        ("TFSMLayer", {"filepath": "model"}, "keras.layers has no layer 'TFSMLayer' for images"),
        ("RandomRotation", {"angle": 3}, "RandomRotation: Keras cannot make it"),
        ("AugMix", {}, "AugMix: draws from Python's random"),
    ):
        with pytest.raises(ag.PolicyError, match=message) as error:
            alone(KerasStep(layer, config), soft()[0])
        assert "\n" not in str(error.value)


FIXED = [
    lambda: layers.RandomRotation((20 / 360, 20 / 360)),
    lambda: layers.RandomRotation((-0.1, -0.1), fill_mode="nearest"),
    lambda: layers.RandomTranslation((0.1, 0.1), (-0.125, -0.125)),
    lambda: layers.RandomZoom((0.2, 0.2)),
    lambda: layers.RandomZoom((-0.2, -0.2)),
]


@pytest.mark.parametrize("make", FIXED)
def test_what_is_translated_shows_the_same(make):
    """The mean difference in levels, at the rim too where nothing is constant."""
    images = soft(1, (80, 96))
    ours, theirs = ag.from_keras(make()), ag.from_keras(make(), translate=False)
    assert not isinstance(ours.transforms[0], KerasStep)
    assert isinstance(theirs.transforms[0], KerasStep)
    here, there = (streamed(policy, images)[0].astype(int) for policy in (ours, theirs))
    assert np.abs(here - there).mean() <= 0.5
    assert np.abs(here - images[0]).mean() > 3


def test_structure_reasons_and_what_is_left_out():
    model = keras.Sequential(
        [
            layers.Resizing(24, 24),
            layers.Rescaling(1 / 255),
            layers.RandomFlip(),
            layers.RandomZoom(0.1),
            layers.RandomZoom(0.1, 0.2),
            layers.GaussianNoise(0.1),
        ]
    )
    with pytest.warns(UserWarning, match="left out Resizing, Rescaling of Keras"):
        policy = ag.from_keras(model)
    across, down, zoom, both, noise = policy.transforms
    assert (across, down) == (ag.HorizontalFlip(), ag.VerticalFlip())
    np.testing.assert_allclose(zoom.factor, (1 / 1.1, 1 / 0.9))
    assert "drawn uniformly there, log-uniformly here" in policy.reasons["Zoom"]
    assert (both.layer, noise.layer) == ("RandomZoom", "GaussianNoise")
    assert noise.value_range == (0.0, 1.0)  # as it stands behind the Rescaling
    seen = alone(noise, np.full((64, 64, 3), 128, np.uint8)).astype(float)
    np.testing.assert_allclose(seen.std(), 25.5, rtol=0.05)
    assert policy.border == "symmetric"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: layers.RandomCrop(9, 9), "RandomCrop changes the size"),
        (lambda: layers.MixUp(), "MixUp mixes images of a batch"),
        (lambda: "RandomFlip", "'RandomFlip' is no Keras layer"),
    ],
)
def test_what_cannot_be_brought_is_one_line(wrong, message):
    with pytest.raises(ag.PolicyError, match=message) as error:
        ag.from_keras([wrong()])
    assert "\n" not in str(error.value)


def test_policies_go_there_and_come_back_the_same():
    moves = [ag.Rotate((-36, 18)), ag.Translate((-0.1, 0.2), (0.0, 0.1)), ag.Zoom((0.8, 1.25))]
    policy = ag.Policy([ag.HorizontalFlip(), *moves, KerasStep.of(layers.RandomContrast(0.2))], border="edge")
    back = ag.from_keras(policy.to_keras())
    assert [node.label for node in back.transforms] == [node.label for node in policy.transforms]
    assert back.border == "edge"
    for there, here in zip(back.transforms[1:4], moves, strict=True):
        for name in here.to_document().keys() - {"op"}:
            np.testing.assert_allclose(getattr(there, name), getattr(here, name), atol=1e-12)


def test_layers_from_a_policy_run():
    image = soft(1, (80, 96))
    there = ag.Policy([ag.Rotate(Fixed(20))], border="symmetric").to_keras()
    seen = there(image.astype(np.float32), training=True)[0].numpy()
    assert np.abs(seen - alone(ag.Rotate(Fixed(20)), image[0], border="symmetric")).mean() < 0.6


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (ag.Brightness(), r"Brightness\(\): no equal in Keras"),
        (ag.Rotate(p=0.5), "its layers have no p and no choices"),
        (ag.HorizontalFlip(p=1), r"its flips have p = 0.5"),
        (ag.OneOf([ag.Rotate()]), "no p and no choices"),
    ],
)
def test_the_first_without_an_equal_is_named(node, message):
    with pytest.raises(ag.PolicyError, match=message):
        ag.Policy([ag.VerticalFlip(), node]).to_keras()
    with pytest.raises(ag.PolicyError, match="border='mirror' has no equal in Keras"):
        ag.Policy(border="mirror").to_keras()
