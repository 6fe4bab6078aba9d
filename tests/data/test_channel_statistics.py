"""Statistics of a training part: those of all its pixels, and of no other's."""

import cv2
import numpy as np
import pytest

import augury as ag
from augury import statistics
from augury.data.statistics import moments


def pictures(n=70, channels=3, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.uniform(0, 255, (n, 9, 7, channels)) * np.linspace(0.3, 1.0, channels)).astype(np.uint8)


def assert_moments(found, images, full=255.0):
    values = images.astype(np.float64).reshape(-1, images.shape[-1]) / full
    np.testing.assert_allclose(found.mean, values.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(found.std, values.std(axis=0), rtol=1e-6)


def test_they_are_those_of_the_training_images_and_no_others():
    images = pictures()
    images[50:] //= 4
    parts = ["train"] * 50 + ["val"] * 10 + ["test"] * 10
    data = ag.from_arrays(images, np.arange(70) % 2, parts=parts)
    assert_moments(statistics(data.split().train), images[:50])


@pytest.mark.parametrize(("dtype", "full"), [(np.uint8, 255.0), (np.uint16, 65535.0), (np.float32, 1.0)])
def test_of_any_dtype_they_are_of_values_0_to_1(dtype, full):
    images = (pictures() / 255.0 * full).astype(dtype)
    assert_moments(statistics(ag.from_arrays(images, np.arange(70) % 2)), images, full)


@pytest.mark.parametrize("channels", [1, 3])
def test_normalised_with_them_images_have_mean_0_and_deviation_1(channels):
    data = ag.from_arrays(pictures(channels=channels), np.arange(70) % 2).prepare(size=(6, 6))
    found = statistics(data)
    prepared = data.prepare(size=(6, 6), normalize=found)
    images = np.concatenate([batch.image for batch in prepared.stream()]).astype(np.float64)
    np.testing.assert_allclose(images.mean(axis=(0, 1, 2)), np.zeros(channels), atol=1e-6)
    np.testing.assert_allclose(images.std(axis=(0, 1, 2)), np.ones(channels), atol=1e-6)
    assert statistics(prepared) == found


def test_of_files_as_they_are_prepared(tmp_path):
    images = pictures(12)
    for k, image in enumerate(images):
        path = tmp_path / "ab"[k % 2] / f"{k}.png"
        path.parent.mkdir(exist_ok=True)
        assert cv2.imwrite(str(path), image[..., ::-1])
    data = ag.open(tmp_path)
    assert_moments(statistics(data), images)
    with_bars = statistics(data.prepare(size=(18, 18), fit="pad"))
    assert all(a < 0.85 * b for a, b in zip(with_bars.mean, statistics(data).mean, strict=True))


def test_a_small_deviation_far_from_0_is_not_lost():
    x = 1e6 + np.random.default_rng(0).normal(0, 1e-2, (8, 5, 5, 2))
    mean, std = moments(iter(x[:, None]))
    np.testing.assert_allclose(mean, x.mean(axis=(0, 1, 2)), rtol=1e-14)
    np.testing.assert_allclose(std, x.std(axis=(0, 1, 2)), rtol=1e-6)


def refused(part, error, message):
    with pytest.raises(error, match=message) as caught:
        statistics(part)
    assert "\n" not in str(caught.value)


def test_other_parts_are_refused():
    parts = ["train"] * 50 + ["val"] * 10 + ["test"] * 10
    data = ag.from_arrays(pictures(), np.arange(70) % 2, parts=parts)
    refused(data.split().val, ag.LeakError, "statistics is for training data, and this is the val part")
    refused(data.split().test, ag.LeakError, "statistics is for training data, and this is the test part")
    refused(data, ag.LeakError, r"data\.split\(\)\.train")
    refused(data.split(), ag.AuguryError, "give split.train")
    refused(data.split().train.under("blur"), ag.AuguryError, "take the dataset as it is")


def test_a_channel_without_contrast_is_named():
    images = pictures()
    images[..., 1] = 51
    refused(ag.from_arrays(images, np.arange(70) % 2), ag.DataError, "channel 1 is 0.2 everywhere")


def test_an_image_that_cannot_be_read_is_named(tmp_path):
    for k, image in enumerate(pictures(6)):
        path = tmp_path / "ab"[k % 2] / f"{k}.png"
        path.parent.mkdir(exist_ok=True)
        assert cv2.imwrite(str(path), image)
    path.write_bytes(path.read_bytes()[:60])
    refused(ag.open(tmp_path), ag.DecodeError, r"b/5\.png")
