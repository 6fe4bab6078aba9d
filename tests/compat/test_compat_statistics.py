"""`fit`: what it finds equals the formulas on all images at once, and never holds them all."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from augury.compat.keras_image import ImageDataGenerator
from augury.compat.keras_image.statistics import moments, whitening
from augury.errors import AuguryError, LeakError


def in_parts(x, size):
    return lambda: (x[i : i + size] for i in range(0, len(x), size))


@pytest.mark.parametrize("channel_axis", [1, 3])
@pytest.mark.parametrize("size", [1, 5, 100])
def test_moments_are_those_of_all_images(channel_axis, size):
    x = np.random.default_rng(0).normal(1e4, 3, (37, 5, 4, 3))
    others = tuple({0, 1, 2, 3} - {channel_axis})
    found = moments(in_parts(x, size), channel_axis)
    np.testing.assert_allclose(found.mean, x.mean(axis=others, keepdims=True)[0], rtol=1e-12)
    np.testing.assert_allclose(found.std, x.std(axis=others, keepdims=True)[0], rtol=1e-9)


@pytest.mark.parametrize("n", [1, 7, 12, 13, 60])
def test_whitening_is_that_of_all_images(n):
    x = np.random.default_rng(0).normal(0, 1, (n, 2, 2, 3))
    u, s, _ = np.linalg.svd(x.reshape(n, -1).T, full_matrices=False)
    expected = (u * (np.sqrt(n) / (s + 1e-6))) @ u.T
    for size in (1, 5, 100):
        np.testing.assert_allclose(whitening(in_parts(x, size), 1e-6), expected, rtol=1e-6, atol=1e-6)


def test_whitened_images_have_unit_covariance():
    x = np.random.default_rng(0).uniform(0, 1, (400, 3, 3, 1)).astype(np.float32)
    with pytest.warns(UserWarning, match="zca_whitening"):
        generator = ImageDataGenerator(zca_whitening=True)
    generator.fit(x)
    flat = generator.flow(x, batch_size=400)[0].reshape(400, -1)
    np.testing.assert_allclose(flat.T @ flat / 400, np.eye(9), atol=1e-3)


def test_whitening_that_cannot_fit_says_what_would(monkeypatch):
    monkeypatch.setattr("augury.compat.keras_image.statistics.quarter_of_free_memory", lambda: 2**28)
    with pytest.raises(AuguryError, match=r"images of 67500 values need 170 GiB, 1 GiB are free"):
        whitening(in_parts(np.zeros((2, 150, 150, 3), np.float32), 2), 1e-6)


def centred(**arguments):
    return ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True, **arguments)


def test_a_folder_gives_what_its_array_gives(folder):
    generator, from_array = centred(rescale=1 / 255), centred(rescale=1 / 255)
    iterator = generator.flow_from_directory(folder, target_size=(16, 20), shuffle=False, batch_size=40)
    generator.fit(iterator)
    raw = ImageDataGenerator().flow_from_directory(folder, target_size=(16, 20), shuffle=False, batch_size=40)
    from_array.fit(raw[0][0])
    np.testing.assert_allclose(generator.mean, from_array.mean, rtol=1e-5)
    np.testing.assert_allclose(generator.std, from_array.std, rtol=1e-5)
    x = iterator[0][0]
    np.testing.assert_allclose(x.mean(axis=(0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(x.std(axis=(0, 1, 2)), 1, atol=1e-3)


def test_fit_sees_what_the_statistics_are_applied_to(photos):
    generator = centred(preprocessing_function=lambda x: x / 127.5 - 1, rescale=3.0)
    generator.fit(photos)
    batch = generator.flow(photos, batch_size=12)[0]
    np.testing.assert_allclose(batch.mean(axis=(0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(batch.std(axis=(0, 1, 2)), 1, atol=1e-3)


@pytest.mark.parametrize("faults", [[], ["fitted_validation"]])
def test_only_the_training_rows_of_an_array_are_read(photos, faults):
    images = photos.copy()
    images[:3] = 255
    generator = centred(validation_split=0.25, faults=faults)
    generator.fit(images)
    rows = images if faults else images[3:]
    np.testing.assert_allclose(generator.mean[0, 0], rows.mean(axis=(0, 1, 2)), rtol=1e-5)


def test_validation_images_are_refused(folder):
    generator = centred(validation_split=0.25)
    for subset in ("validation", None):
        with pytest.raises(LeakError, match="subset='training'"):
            generator.fit(generator.flow_from_directory(folder, subset=subset))
    training = generator.flow_from_directory(
        folder, subset="training", target_size=(8, 8), batch_size=30, shuffle=False
    )
    generator.fit(training)
    assert abs(training[0][0].mean()) < 1e-4


def test_augmented_rounds(photos):
    plain, turned, again = centred(), centred(rotation_range=90, fill_mode="constant"), None
    plain.fit(photos)
    turned.fit(photos, augment=True, rounds=3, seed=1)
    again = centred(rotation_range=90, fill_mode="constant")
    again.fit(photos, augment=True, rounds=3, seed=1)
    assert np.all(turned.mean < 0.95 * plain.mean)
    np.testing.assert_array_equal(turned.mean, again.mean)


def test_fit_of_nothing(tmp_path):
    (tmp_path / "class").mkdir()
    generator = centred()
    with pytest.raises(AuguryError, match="no images"):
        generator.fit(generator.flow_from_directory(tmp_path))


def test_what_was_not_fitted_is_said(photos):
    with pytest.warns(UserWarning, match="nothing was fitted"):
        centred().flow(photos)[0]


def test_fit_does_not_hold_all_images(tmp_path):
    (tmp_path / "class").mkdir()
    rng = np.random.default_rng(0)
    for k in range(600):
        Image.fromarray(rng.integers(0, 256, (16, 16, 3)).astype(np.uint8)).save(tmp_path / "class" / f"{k}.png")
    generator = centred()
    iterator = generator.flow_from_directory(tmp_path, target_size=(64, 64))
    generator.fit(generator.flow_from_directory(tmp_path, target_size=(8, 8)))  # imports and first calls
    tracemalloc.start()
    generator.fit(iterator)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 600 * 64 * 64 * 3 * 4 / 2
