import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.draws import key_of
from augury.stream.order import Order, permute


@given(st.integers(1, 5000), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_every_sample_comes_once(n, k0, k1):
    assert sorted(permute(np.arange(n), n, (k0, k1)).tolist()) == list(range(n))


def test_positions_can_be_asked_one_by_one():
    whole = permute(np.arange(1000), 1000, (3, 4))
    single = [int(permute(np.array([i]), 1000, (3, 4))[0]) for i in range(0, 1000, 97)]
    np.testing.assert_array_equal(whole[::97], single)


def test_a_million_positions_are_a_permutation_without_trend():
    rows = permute(np.arange(1_000_003), 1_000_003, (1, 2))
    assert len(np.unique(rows)) == 1_000_003
    assert abs(np.corrcoef(np.arange(1_000_003), rows)[0, 1]) < 0.005


def test_every_place_is_equally_likely():
    counts = np.zeros((10, 10))
    for seed in range(2000):
        counts[np.arange(10), permute(np.arange(10), 10, key_of(seed, "order"))] += 1
    chi_square = ((counts - 200) ** 2 / 200).sum()
    assert 45 < chi_square < 130  # 81 degrees of freedom


def test_epochs_and_seeds_give_other_orders():
    order = Order(100, 0, shuffle=True)
    first, second = (order.at(epoch, np.arange(100))[0] for epoch in (0, 1))
    other = Order(100, 1, shuffle=True).at(0, np.arange(100))[0]
    assert (first != second).any()
    assert (first != other).any()


def test_unshuffled_is_the_order_of_the_data():
    np.testing.assert_array_equal(Order(5, 0, shuffle=False).at(3, np.arange(5))[0], np.arange(5))


@pytest.mark.parametrize("shuffle", [False, True])
def test_balance_gives_every_class_its_share_and_repeats_as_new_views(shuffle):
    labels = np.array([0] * 80 + [1] * 15 + [2] * 5)
    rows, views = Order(100, 0, shuffle, balance=labels).at(0, np.arange(100))
    counts = np.bincount(labels[rows])
    assert counts.max() - counts.min() <= 1
    assert len({*zip(rows.tolist(), views.tolist(), strict=True)}) == 100
    assert views[labels[rows] == 0].max() == 0
    assert views[labels[rows] == 2].max() == 6
