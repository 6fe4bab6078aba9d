"""What the migration page says `prepare` equals: the same numbers as the generator's own statistics."""

import numpy as np
import pytest

import augury as ag
from augury.compat.keras_image import ImageDataGenerator

N, SHAPE = 300, (6, 5, 3)


@pytest.fixture
def images():
    """Neighbours resemble each other; with the negatives, each value has the mean of its channel."""
    rng = np.random.default_rng(0)
    rough = rng.normal(128, 40, (N // 2, 2, 1, 3)).repeat(3, axis=1).repeat(5, axis=2)
    half = np.clip(rough + rng.normal(0, 15, (N // 2, *SHAPE)), 0, 255).astype(np.uint8)
    return np.concatenate([half, 255 - half])


def by_generator(images, **arguments):
    generator = ImageDataGenerator(rescale=1 / 255, **arguments)
    if "samplewise_center" not in arguments:
        generator.fit(images)
    return generator.flow(images, batch_size=N, shuffle=False)[0]


def by_prepare(images, find):
    data = ag.from_arrays(images, np.arange(N) % 2)
    return next(iter(data.prepare(normalize=find(data)).stream(batch_size=N, shuffle=False))).image


def test_samplewise(images):
    expected = by_generator(images, samplewise_center=True, samplewise_std_normalization=True)
    np.testing.assert_allclose(by_prepare(images, lambda _: "sample"), expected, atol=1e-5)


def test_featurewise(images):
    expected = by_generator(images, featurewise_center=True, featurewise_std_normalization=True)
    np.testing.assert_allclose(by_prepare(images, ag.statistics), expected, atol=1e-4)


@pytest.mark.parametrize(("epsilon", "apart"), [(1e-12, 1e-4), (1e-6, 5e-3)])
def test_whitening(images, epsilon, apart):
    with pytest.warns(UserWarning, match="zca_whitening"):
        expected = by_generator(images, zca_whitening=True)
    found = by_prepare(images, lambda data: ag.whitening(data, epsilon))
    np.testing.assert_allclose(found, expected, atol=apart)


def test_one_value_that_never_changes_does_not_blow_up_new_images(images):
    """Why the library adds epsilon to variances, and the generator, as its original, to singular values."""
    new = images[:N] // 2 + 64
    images[:, 0, 0] = 128
    with pytest.warns(UserWarning, match="zca_whitening"):
        generator = ImageDataGenerator(rescale=1 / 255, zca_whitening=True)
    generator.fit(images)
    theirs = generator.flow(new, batch_size=N, shuffle=False)[0]
    data = ag.from_arrays(images, np.arange(N) % 2)
    white = ag.from_arrays(new, np.arange(N) % 2).prepare(normalize=ag.whitening(data))
    ours = next(iter(white.stream(batch_size=N, shuffle=False))).image
    assert np.abs(theirs).max() > 1e4 > 1e3 > np.abs(ours).max()
