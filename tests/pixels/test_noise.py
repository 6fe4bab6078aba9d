import numpy as np
import pytest

from augury.api import Policy
from augury.data.prepare import Prepare
from augury.draws import key_of, normal_table, philox
from augury.execute import reference
from augury.ranges import Fixed
from augury.transforms import Brightness, GaussianNoise, HorizontalFlip, Rotate
from helpers import DTYPES, FAST, HAS_NATIVE, assert_same_bytes, random_images, render

EXECUTORS = [reference, FAST] if HAS_NATIVE else [reference]
STD = 0.0625
NOISE = Policy([GaussianNoise(Fixed(STD))])


@pytest.fixture(params=EXECUTORS, ids=lambda module: module.__name__.split(".")[-1])
def executor(request):
    return request.param


def gray(shape=(64, 64, 3), dtype="float32"):
    return np.full(shape, 0.5 if dtype == "float32" else (np.iinfo(dtype).max + 1) // 2, dtype)


def noise(n=1, policy=NOISE, shape=(64, 64, 3), **how):
    """(n, h, w, c) standard normal numbers."""
    return (render(policy, [gray(shape)] * n, **how).astype(np.float64) - 0.5) / STD


def correlation(a, b):
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


# ---- distribution


def test_noise_has_mean_0_and_the_given_deviation(executor):
    z = noise(4, executor=executor)
    np.testing.assert_allclose(z.mean(), 0, atol=4 / np.sqrt(z.size))
    np.testing.assert_allclose(z.std(), 1, atol=4 / np.sqrt(2 * z.size))


def test_noise_is_normal():
    z = np.sort(noise(8).ravel())
    expected = np.sort(normal_table().astype(np.float64))
    levels = np.linspace(0, 1, 41)[1:-1]
    np.testing.assert_allclose(np.quantile(z, levels), np.quantile(expected, levels), atol=0.03)
    assert z.max() < 3.75
    assert z.max() > 3.4


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_integers_are_rounded(executor, dtype):
    image = gray(dtype=dtype)
    z = noise(executor=executor)[0]
    white = np.iinfo(dtype).max
    out = render(NOISE, [image], executor=executor)[0].astype(np.float64)
    np.testing.assert_allclose(out, image + z * STD * white, atol=0.51)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("white", [False, True])
def test_noise_is_clipped_to_the_value_range(executor, dtype, white):
    top = 1 if dtype == "float32" else np.iinfo(dtype).max
    image = np.full((32, 32, 1), top if white else 0, dtype)
    out = render(Policy([GaussianNoise(Fixed(0.5))]), [image], executor=executor)
    assert (out.min(), out.max()) == pytest.approx((0, top), abs=1e-3 * top) or np.ptp(out) > 0.9 * top
    np.testing.assert_allclose(np.mean(out == (top if white else 0)), 0.5, atol=0.06)


def test_neighbours_are_independent():
    z = noise(2)
    bound = 4.5 / np.sqrt(z.size)
    assert abs(correlation(z[:, :, :-1], z[:, :, 1:])) < bound
    assert abs(correlation(z[:, :-1], z[:, 1:])) < bound
    assert abs(correlation(z[..., 0], z[..., 1])) < 2 * bound


# ---- address


def test_the_first_values_are_those_of_philox(executor):
    z = noise(1, shape=(5, 7, 3), executor=executor, seed=11, epoch=3, ids=[2**33 + 9], views=[4])[0].ravel()
    counter = np.array([[9, (2 << 16) | 4, 3, block] for block in range(14)], np.uint32)
    words = philox(counter, key_of(11, "GaussianNoise", "pixels"))
    halves = np.stack([words & 0xFFFF, words >> 16], axis=-1).ravel()[: z.size]
    expected = normal_table()[(halves >> 4).astype(int)]  # entry k - 4096 is entry k: a signed index reads both
    np.testing.assert_allclose(z, expected, atol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_noise_does_not_depend_on_the_layout(executor, dtype):
    images = random_images([(9, 13)] * 3, 3, dtype)
    last = render(NOISE, images, executor=executor)
    first = render(NOISE, images, executor=executor, channels_first=True)
    assert_same_bytes(np.ascontiguousarray(first.transpose(0, 2, 3, 1)), last)


def test_noise_does_not_depend_on_what_follows():
    images = random_images([(9, 13)] * 3)
    plain = render(NOISE, images)
    unit = render(NOISE, images, prepare=Prepare(normalize="unit"))
    np.testing.assert_array_equal(unit, (plain / 255).astype(np.float32))


def test_noise_does_not_depend_on_the_batch():
    whole = noise(5)
    np.testing.assert_array_equal(noise(2, ids=[4, 1]), whole[[4, 1]])


@pytest.mark.parametrize(
    "other",
    [{"ids": [1]}, {"ids": [2**32]}, {"epoch": 1}, {"views": [1]}, {"seed": 1}],
    ids=["sample", "high id", "epoch", "view", "seed"],
)
def test_noise_differs_between(other):
    z, w = noise(ids=[0]), noise(**{"ids": [0], **other})
    assert np.mean(z == w) < 0.01
    assert abs(correlation(z, w)) < 4 / np.sqrt(z.size)


def test_two_noises_of_a_policy_differ():
    second = noise(policy=Policy([GaussianNoise(Fixed(STD), name="second")]))
    assert abs(correlation(noise(), second)) < 4 / np.sqrt(second.size)


def test_noise_stands_still_while_the_image_moves():
    images = [gray()] * 4
    moved = render(Policy([Rotate(), HorizontalFlip(), GaussianNoise(Fixed(STD))]), images)
    np.testing.assert_array_equal(moved, render(NOISE, images))


def test_noise_before_a_flip_is_flipped():
    images = [gray()] * 2
    flipped = render(Policy([GaussianNoise(Fixed(STD)), HorizontalFlip(1.0)]), images)
    assert_same_bytes(flipped, np.ascontiguousarray(render(NOISE, images)[:, :, ::-1]))


def test_rows_that_are_off_have_no_noise():
    out = render(Policy([GaussianNoise(Fixed(STD), p=0.5)]), [gray()] * 40)
    quiet = (out == 0.5).all(axis=(1, 2, 3))
    assert 10 < quiet.sum() < 30


def test_noise_acts_after_a_table_as_it_stands_in_the_policy():
    image = [gray(dtype="uint8")]
    out = render(Policy([Brightness(Fixed(1.5)), GaussianNoise(Fixed(STD))]), image)[0]
    brighter = np.full_like(image[0], 192)
    assert_same_bytes(out, render(NOISE, [brighter])[0])
