"""Tone, preprocessing and scale: tables equal numpy, numpy equals one image at a time."""

import numpy as np
import pytest

from augury.compat.keras_image import ImageDataGenerator, apply_brightness_shift, apply_channel_shift
from augury.compat.keras_image.preprocess import mode_of
from augury.compat.keras_image.render import fuses
from augury.compat.keras_image.steps import brighten, shift_channels
from augury.errors import AuguryError

APPLICATIONS = {"xception": "tf", "resnet50": "caffe", "densenet": "torch", "efficientnet": "none"}


def keras_function(application):
    keras = pytest.importorskip("keras")
    return getattr(keras.applications, application).preprocess_input


@pytest.mark.parametrize(("low", "high"), [(0, 255), (-90, 200), (20, 1000), (0, 1)])
@pytest.mark.parametrize("factor", [0.0, 0.4, 1.0, 1.7])
def test_brightness_of_a_batch_is_that_of_pillow(low, high, factor):
    rng = np.random.default_rng(0)
    for channels in (1, 3, 4):
        batch = rng.uniform(low, high, (5, 9, 8, channels)).astype(np.float32)
        one_by_one = np.stack([apply_brightness_shift(image, factor, scale=False) for image in batch])
        together = brighten(batch.copy(), np.full(5, factor), 3)
        np.testing.assert_allclose(together, one_by_one, atol=(high - low) / 254)  # a level, where a cut is a tie
        assert np.mean(np.abs(together - one_by_one) > 1e-3 * (high - low)) < 0.02


def test_channel_shift_of_a_batch_is_that_of_its_images(photos):
    amounts = np.linspace(-90, 90, len(photos))
    together = shift_channels(photos.astype(np.float32), amounts)
    one_by_one = [apply_channel_shift(x.astype(np.float32), a, 2) for x, a in zip(photos, amounts, strict=True)]
    np.testing.assert_allclose(together, one_by_one, atol=1e-4)


def test_brightness_in_the_table_leaves_alpha(photos):
    images = np.concatenate([photos, photos[..., :1]], axis=3)
    batch = ImageDataGenerator(brightness_range=(0.3, 0.5)).flow(images, shuffle=False, seed=0)[0]
    np.testing.assert_array_equal(batch[..., 3], images[..., 3])
    assert batch[..., :3].max() <= 128


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_brightness_in_the_table_is_that_of_numpy(photos, data_format):
    images = photos if data_format == "channels_last" else photos.transpose(0, 3, 1, 2)
    generator = ImageDataGenerator(brightness_range=(0.3, 2.0), data_format=data_format)
    tables = generator.flow(images, seed=0)[0]
    arithmetic = generator.flow(images.astype(np.float32), seed=0)[0]
    np.testing.assert_array_equal(tables, arithmetic)
    assert np.abs(tables - images[generator.flow(images, seed=0).index_array]).max() > 20


@pytest.mark.parametrize(("application", "mode"), list(APPLICATIONS.items()))
def test_functions_of_keras_become_tables(photos, application, mode):
    function = keras_function(application)
    assert mode_of(function) == mode
    generator = ImageDataGenerator(preprocessing_function=function, rescale=0.5, horizontal_flip=True)
    assert fuses(generator, list(photos))
    batch = generator.flow(photos, seed=0)[0]
    plain = ImageDataGenerator(horizontal_flip=True).flow(photos, seed=0)[0]
    expected = np.stack([function(image.copy()) for image in plain]) * np.float32(0.5)
    np.testing.assert_array_equal(batch, expected)
    assert "at no cost" in generator.explain((24, 36, 3))


def test_other_functions_are_not_taken_for_those_of_keras(photos):
    def preprocess_input(x):
        return x / 127.5 - 1.0

    assert mode_of(preprocess_input) is None
    shapes = []
    generator = ImageDataGenerator(preprocessing_function=lambda x: (shapes.append(x.shape), preprocess_input(x))[1])
    batch = generator.flow(photos, seed=0, shuffle=False)[0]
    assert shapes == [(24, 36, 3)] * 12
    np.testing.assert_allclose(batch, photos / 127.5 - 1.0, atol=1e-6)
    assert "Python, once for each image" in generator.explain((24, 36, 3))


def test_a_function_that_changes_the_shape_is_refused(photos):
    generator = ImageDataGenerator(preprocessing_function=lambda x: x[:5])
    with pytest.raises(AuguryError, match=r"returned shape \(5, 36, 3\) for an image of \(24, 36, 3\)"):
        generator.flow(photos)[0]


def test_a_random_generator_draws_tone_for_every_image(photos):
    images = np.full_like(photos, 128)
    images[:, 0] = 10
    images[:, 1] = 250
    batch = ImageDataGenerator(channel_shift_range=50).flow(images, seed=0)[0]
    assert len(np.unique(batch[:, 5, 5, 0])) == 12
    assert batch.min() == 10
    assert batch.max() == 250


def test_samples_are_centred_and_scaled(photos):
    generator = ImageDataGenerator(samplewise_center=True, samplewise_std_normalization=True)
    batch = generator.flow(photos, seed=0)[0]
    np.testing.assert_allclose(batch.mean(axis=(1, 2, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(batch.std(axis=(1, 2, 3)), 1, atol=1e-4)
    np.testing.assert_allclose(generator.standardize(photos.astype(np.float32)).mean(axis=(1, 2, 3)), 0, atol=1e-4)


def test_methods_of_a_subclass_are_used(photos):
    class Mine(ImageDataGenerator):
        def apply_transform(self, x, transform_parameters):
            return super().apply_transform(x, transform_parameters) * 0 + transform_parameters["theta"]

    generator = Mine(rotation_range=30)
    batch = generator.flow(photos, seed=0)[0]
    assert np.ptp(batch, axis=(1, 2, 3)).max() == 0
    assert len(np.unique(batch)) == 12
    assert "apply_transform is your own" in generator.explain((24, 36, 3))


@pytest.mark.parametrize(
    "wrong",
    [
        {"validation_split": 5}, {"validation_split": -0.1}, {"brightness_range": 0.1}, {"zoom_range": (1, 2, 3)},
        {"zoom_range": "wide"}, {"fill_mode": "mirror"}, {"data_format": "hwc"}, {"rotation_range": "30"},
        {"rotation_range": float("nan")}, {"width_shift_range": -2}, {"height_shift_range": [[1]]},
        {"interpolation_order": 9}, {"faults": ["all"]}, {"cval": None}, {"width_shift_range": "far"},
        {"fill_mode": ["nearest"]},
    ],
)  # fmt: skip
def test_wrong_arguments_are_one_line(wrong):
    with pytest.raises(AuguryError, match=next(iter(wrong))) as caught:
        ImageDataGenerator(**wrong)
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "implied"),
    [
        ("zca_whitening", "featurewise_center"),
        ("featurewise_std_normalization", "featurewise_center"),
        ("samplewise_std_normalization", "samplewise_center"),
    ],
)
def test_what_an_argument_implies_is_said(given, implied):
    with pytest.warns(UserWarning, match=f"{given}=True sets {implied}=True"):
        assert getattr(ImageDataGenerator(**{given: True}), implied) is True
