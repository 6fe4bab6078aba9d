"""Noise of light and sensors, salt and pepper, lost pixels: how much, where, and that both executors agree."""

import numpy as np
import pytest

from augury.api import Policy
from augury.execute import native, reference
from augury.ranges import Fixed
from augury.transforms import (
    GaussianNoise,
    IsoNoise,
    PixelDropout,
    PoissonNoise,
    SaltAndPepper,
    SpeckleNoise,
)
from helpers import BORDERS, DTYPES, FAST, HAS_NATIVE, assert_same_bytes, random_images, render

EXECUTORS = [reference, FAST] if HAS_NATIVE else [reference]
WHITE = {"uint8": 255, "uint16": 65535, "float32": 1.0}


@pytest.fixture(params=EXECUTORS, ids=lambda module: module.__name__.split(".")[-1])
def executor(request):
    return request.param


def plain(fraction, dtype="float32", side=128):
    value = fraction * WHITE[dtype]
    return np.full((side, side, 1), value if dtype == "float32" else round(value), dtype)


@pytest.mark.parametrize("kind", [PoissonNoise, SaltAndPepper, SpeckleNoise, IsoNoise, PixelDropout])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("border", BORDERS[:2])
@pytest.mark.skipif(not HAS_NATIVE, reason="native kernels were not built")
def test_native_noise_is_the_reference(kind, dtype, border):
    sizes = [(1, 1), (3, 5), (16, 16), (33, 64), (129, 31)]
    for field in (Fixed(0.0), Fixed(1e-5), Fixed(0.3), Fixed(1.0), (0.0, 1.0)):
        policy = Policy([kind(field, p=0.8)], border=border)
        for image in random_images(sizes, 3, dtype):
            made = [render(policy, [image] * 3, executor=module) for module in (native, reference)]
            assert_same_bytes(*made)


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.4, 0.8])
@pytest.mark.parametrize("dtype", DTYPES)
def test_poisson_noise_grows_with_the_root_of_light(executor, fraction, dtype):
    image = plain(fraction, dtype)
    made = render(Policy([PoissonNoise(Fixed(0.05))]), [image], executor=executor)[0] / WHITE[dtype]
    np.testing.assert_allclose(made.std(), 0.05 * np.sqrt(fraction), atol=0.0012)
    np.testing.assert_allclose(made.mean(), image.mean() / WHITE[dtype], atol=0.0015)


def test_poisson_noise_of_white_is_gaussian_noise(executor):
    image = np.full((32, 32, 3), 200, np.uint8)
    names = {"name": "same"}
    shot = render(Policy([PoissonNoise(Fixed(0.1), **names)]), [image], executor=executor)
    flat = render(Policy([GaussianNoise(Fixed(0.1 * np.sqrt(200 / 255)), **names)]), [image], executor=executor)
    assert np.abs(shot.astype(int) - flat).max() <= 1


@pytest.mark.parametrize("share", [0.001, 0.05, 0.5, 1.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_salt_and_pepper_come_in_equal_shares(executor, share, dtype):
    image = plain(0.3, dtype)
    made = render(Policy([SaltAndPepper(Fixed(share))]), [image], executor=executor)[0]
    salt, pepper = np.mean(made == WHITE[dtype]), np.mean(made == 0)
    spread = 4 * np.sqrt(share / 2 / image.size) + 1e-12
    np.testing.assert_allclose([salt, pepper], share / 2, atol=spread)
    np.testing.assert_array_equal(made[(made != 0) & (made != WHITE[dtype])], image.flat[0])


def test_specks_fall_on_channels_and_places_alike(executor):
    made = render(Policy([SaltAndPepper(Fixed(0.2))]), [np.full((64, 64, 3), 100, np.uint8)] * 2, executor=executor)
    changed = made != 100
    assert not np.array_equal(changed[0], changed[1])
    np.testing.assert_allclose(changed.mean((0, 1, 2)), 0.2, atol=0.02)
    np.testing.assert_allclose(changed.mean((0, 2, 3)), 0.2, atol=0.1)


def test_noise_of_a_float_image_keeps_to_its_value_range(executor):
    image = np.random.default_rng(0).uniform(-2, 6, (32, 32, 1)).astype(np.float32)
    for kind in (PoissonNoise, SaltAndPepper, SpeckleNoise, IsoNoise):
        made = render(Policy([kind(Fixed(0.4))]), [image], value_range=(-2.0, 6.0), executor=executor)
        assert (made.min(), made.max()) == (-2.0, 6.0)


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.4, 0.8])
@pytest.mark.parametrize("dtype", DTYPES)
def test_speckle_grows_with_the_light(executor, fraction, dtype):
    image = plain(fraction, dtype)
    made = render(Policy([SpeckleNoise(Fixed(0.05))]), [image], executor=executor)[0] / WHITE[dtype]
    np.testing.assert_allclose(made.std(), 0.05 * fraction, atol=0.0012)
    np.testing.assert_allclose(made.mean(), image.mean() / WHITE[dtype], atol=0.0015)


@pytest.mark.parametrize("fraction", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_variance_of_a_sensor_is_that_of_light_and_of_reading(executor, fraction, dtype):
    one = IsoNoise(photon=Fixed(0.06), read=Fixed(0.03))
    made = render(Policy([one]), [plain(fraction, dtype)], executor=executor)[0] / WHITE[dtype]
    np.testing.assert_allclose(made.std(), np.sqrt(0.06**2 * fraction + 0.03**2), rtol=0.02)


def test_a_sensor_without_one_of_its_noises_has_the_other(executor):
    image = np.random.default_rng(0).random((32, 32, 3)).astype(np.float32)
    for sensor, other in (
        (IsoNoise(Fixed(0), Fixed(0.1), name="same"), GaussianNoise(Fixed(0.1), name="same")),
        (IsoNoise(Fixed(0.1), Fixed(0), name="same"), PoissonNoise(Fixed(0.1), name="same")),
    ):
        made, expected = (render(Policy([one]), [image], executor=executor) for one in (sensor, other))
        np.testing.assert_allclose(made, expected, atol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fill", [0.0, 0.5, 1.0])
def test_lost_pixels_lose_all_channels(executor, dtype, fill):
    image = np.repeat(plain(0.3, dtype), 3, axis=2)
    image[..., 1] //= 2
    made = render(Policy([PixelDropout(Fixed(0.1), fill=fill)]), [image] * 2, executor=executor)
    lost = np.any(made != image, axis=-1)
    np.testing.assert_array_equal(made[~lost], np.stack([image] * 2)[~lost])
    value = np.rint(fill * WHITE[dtype]) if dtype != "float32" else fill
    np.testing.assert_array_equal(made[lost], np.full((lost.sum(), 3), value, dtype))
    np.testing.assert_allclose(lost.mean((1, 2)), 0.1, atol=4 * np.sqrt(0.09 / lost[0].size))
    np.testing.assert_allclose(lost[0].mean(0), 0.1, atol=0.12)
    assert not np.array_equal(lost[0], lost[1])


def test_lost_pixels_do_not_depend_on_the_number_of_channels(executor):
    policy = Policy([PixelDropout(Fixed(0.2))])
    lost = [render(policy, [np.full((40, 41, c), 200, np.uint8)], executor=executor)[0][..., 0] == 0 for c in (1, 2, 5)]
    np.testing.assert_array_equal(lost[0], lost[1])
    np.testing.assert_array_equal(lost[0], lost[2])
