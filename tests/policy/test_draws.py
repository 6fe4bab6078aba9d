import numpy as np
import pytest

from augury import elementary
from augury.binary import compiled
from augury.draws import Address, Draws, key_of, normal_table, philox
from helpers import HAS_NATIVE, address

N = 20_000
KS = 1.95 / np.sqrt(N)  # exceeded once in a thousand; seeds are fixed

KNOWN_ANSWERS = [  # Random123 1.14, kat_vectors, philox4x32 10
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text):
    return np.array([int(word, 16) for word in text.split()], np.uint32)


def draws(seed=0, name="Rotate", ids=None, epoch=0, views=None, n=N):
    return Draws(seed, name, address(n, epoch, ids, views))


def distance_to_uniform(u):
    """Kolmogorov-Smirnov distance."""
    u = np.sort(u)
    steps = np.arange(len(u) + 1) / len(u)
    return max(np.max(steps[1:] - u), np.max(u - steps[:-1]))


# ---- philox


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
def test_philox_gives_the_known_answers_of_random123(counter, key, expected):
    np.testing.assert_array_equal(philox(words(counter), words(key).tolist()), words(expected))


@pytest.mark.skipif(not HAS_NATIVE, reason="native kernels were not built")
@pytest.mark.parametrize("isa", compiled().isa_names() if HAS_NATIVE else [])
@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
def test_native_philox_gives_the_known_answers_of_random123(counter, key, expected, isa):
    library = compiled()
    before, out = library.isa(), np.empty(4, np.uint32)
    library.use_isa(isa)
    try:
        library.philox(words(counter), *words(key).tolist(), out)
    finally:
        library.use_isa(before)
    np.testing.assert_array_equal(out, words(expected))


@pytest.mark.skipif(not HAS_NATIVE, reason="native kernels were not built")
@pytest.mark.parametrize("count", [1, 15, 16, 17, 1000])
def test_native_philox_equals_numpy(count):
    counter = np.random.default_rng(0).integers(0, 2**32, (count, 4), dtype=np.uint32)
    out = np.empty_like(counter)
    compiled().philox(counter, 0xDEADBEEF, 0x12345678, out)
    np.testing.assert_array_equal(out, philox(counter, (0xDEADBEEF, 0x12345678)))


# ---- addresses


def test_draws_are_pinned():  # change VERSION when this changes: saved runs would not repeat
    np.testing.assert_array_equal(
        draws(seed=7, ids=[0, 1, 2**47 + 5], epoch=3, views=[0, 1, 2]).words("angle", 2),
        [[2472904340, 1683942948], [2028994794, 3634343092], [75253090, 3277151762]],
    )


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"name": "Shear"},
        {"epoch": 1},
        {"ids": np.arange(100) + 100},
        {"ids": np.arange(100) + 2**32},
        {"ids": np.arange(100) + 2**47},
        {"views": np.ones(100)},
        {"views": np.full(100, 65535)},
    ],
    ids=str,
)
def test_every_part_of_the_address_changes_the_numbers(other):
    first, second = draws(n=100).words("angle", 8), draws(n=100, **other).words("angle", 8)
    assert not np.any(first == second)


def test_fields_have_numbers_of_their_own():
    assert not np.any(draws(n=100).words("x", 8) == draws(n=100).words("y", 8))


def test_the_high_half_of_an_id_is_not_taken_for_a_view():
    high = draws(ids=[1 << 32]).words("x", 4)
    view = draws(ids=[0], views=[1]).words("x", 4)
    assert not np.any(high == view)


def test_numbers_of_one_sample_differ():
    row = draws(n=1).words("corners", 1000)[0]
    assert len(np.unique(row)) > 995


def test_fewer_numbers_are_the_first_of_more():
    np.testing.assert_array_equal(draws(n=10).words("x", 3), draws(n=10).words("x", 11)[:, :3])


def test_names_cannot_run_into_fields():
    assert key_of(0, "ab", "c") != key_of(0, "a", "bc")


# ---- distributions


@pytest.mark.parametrize("field", ["a", "b", "c"])
def test_unit_is_uniform(field):
    u = draws().unit(field)
    assert u.min() >= 0.0
    assert u.max() < 1.0
    assert distance_to_uniform(u) < KS


def test_neighbouring_ids_are_uncorrelated():
    u = draws().unit("a")
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 4 / np.sqrt(N)


def test_uniform_fills_its_range():
    x = draws().uniform("a", -3.0, 5.0)
    assert distance_to_uniform((x + 3.0) / 8.0) < KS


def test_log_uniform_is_uniform_in_the_logarithm():
    x = draws().log_uniform("a", 0.25, 8.0)
    assert distance_to_uniform((np.log2(x) + 2.0) / 5.0) < KS


def test_log_uniform_stays_within_its_ends():
    x = draws().log_uniform("a", 0.3, 0.3000001)
    assert x.min() >= 0.3
    assert x.max() <= 0.3000001


def test_integers_are_equally_likely_with_both_ends():
    counts = np.bincount(draws().integers("a", -2, 4) + 2, minlength=7)
    assert len(counts) == 7
    assert np.sum((counts - N / 7) ** 2 / (N / 7)) < 22.5  # chi squared, 6 degrees, 1 in 1000


def test_choice_follows_its_weights():
    weights = np.array([1.0, 0.0, 3.0, 4.0, 0.0])
    counts = np.bincount(draws().choice("a", weights), minlength=5)
    expected = N * weights[[0, 2, 3]] / 8
    np.testing.assert_array_equal(counts[[1, 4]], 0)
    assert np.sum((counts[[0, 2, 3]] - expected) ** 2 / expected) < 13.8  # 2 degrees, 1 in 1000


class AtZero(Draws):
    def unit(self, field, count=None):
        return np.zeros(len(self.address))


def test_the_smallest_number_does_not_choose_a_weight_of_0():
    np.testing.assert_array_equal(AtZero(0, "a", address(3)).choice("a", [0.0, 0.0, 2.0, 1.0]), 2)


@pytest.mark.parametrize("p", [0.0, 0.03, 0.5, 1.0])
def test_bernoulli_is_true_with_probability_p(p):
    np.testing.assert_allclose(draws().bernoulli("p", p).mean(), p, atol=3.3 * np.sqrt(p * (1 - p) / N))


def test_a_larger_p_takes_the_same_samples_and_more():
    few, many = draws().bernoulli("p", 0.2), draws().bernoulli("p", 0.6)
    assert np.all(many[few])


def test_permutations_hold_every_number_once():
    order = draws(n=500).permutation("a", 9)
    np.testing.assert_array_equal(np.sort(order, axis=1), np.tile(np.arange(9), (500, 1)))


def test_permutations_put_every_number_everywhere():
    order = draws().permutation("a", 4)
    counts = np.array([np.bincount(order[:, k], minlength=4) for k in range(4)])
    np.testing.assert_allclose(counts / N, 0.25, atol=4 * np.sqrt(0.25 * 0.75 / N))


def test_normal_has_mean_0_and_variance_1():
    z = draws().normal("a", 8)
    np.testing.assert_allclose(z.mean(), 0.0, atol=4 / np.sqrt(z.size))
    np.testing.assert_allclose(z.var(), 1.0, atol=4 * np.sqrt(2 / z.size))


def test_normal_table_is_odd_and_of_unit_variance():
    table = normal_table().astype(np.float64)
    np.testing.assert_array_equal(table[2048:], -table[2047::-1])
    np.testing.assert_allclose(np.mean(table**2), 1.0, rtol=1e-6)


def test_an_address_knows_its_length():
    assert len(Address(np.arange(5, dtype=np.uint64))) == 5


# ---- elementary functions


def test_exp_within_4_ulp():
    x = np.linspace(-30, 30, 20_001)
    np.testing.assert_array_max_ulp(elementary.exp(x), np.exp(x), maxulp=4)


def test_log_within_4_ulp():
    x = np.exp2(np.linspace(-40, 40, 20_002))
    np.testing.assert_array_max_ulp(elementary.log(x), np.log(x), maxulp=4)


def test_log_of_1_is_0():
    assert float(elementary.log(1.0)) == 0.0


def test_sine_and_cosine_within_4_ulp():
    degrees = np.linspace(-45, 45, 20_000)
    cos, sin = elementary.cosd_sind(degrees)
    np.testing.assert_array_max_ulp(sin, np.sin(np.deg2rad(degrees)), maxulp=4)
    np.testing.assert_array_max_ulp(cos, np.cos(np.deg2rad(degrees)), maxulp=4)


def test_sine_and_cosine_of_all_quadrants():
    degrees = np.linspace(-720, 720, 10_000)
    cos, sin = elementary.cosd_sind(degrees)
    np.testing.assert_allclose(cos, np.cos(np.deg2rad(degrees)), atol=2e-15)
    np.testing.assert_allclose(sin, np.sin(np.deg2rad(degrees)), atol=2e-15)


@pytest.mark.parametrize("turns", range(-9, 10))
def test_quarter_turns_are_exact(turns):
    expected = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)][turns % 4]
    cos, sin = elementary.cosd_sind(90.0 * turns)
    assert (str(float(cos)), str(float(sin))) == tuple(map(str, expected))  # no -0.0
