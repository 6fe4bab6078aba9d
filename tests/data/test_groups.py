from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.data.formats.arrays import from_arrays
from augury.data.groups import described, from_names, from_pairs, from_values, merge, told, twins
from augury.errors import DataError, DecodeError

PATHS = ["cat/p1_a.png", "cat/p2_a.png", "dog/p1_b.png", "dog/x.png", "dog/y.png"]


def closed(n, pairs):
    """The slow definition: spread the lower number along the pairs until nothing changes."""
    numbers = list(range(n))
    changed = True
    while changed:
        changed = False
        for a, b in pairs:
            low = min(numbers[a], numbers[b])
            changed |= numbers[a] != low or numbers[b] != low
            numbers[a] = numbers[b] = low
    return numbers


pair_lists = st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=40)


@given(pair_lists)
def test_pairs_join_through_chains(pairs):
    found = from_pairs(20, np.array(pairs, np.int64).reshape(-1, 2))
    assert found.dtype == np.int64
    assert found.tolist() == closed(20, pairs)


@given(st.lists(st.lists(st.integers(-3, 12), min_size=15, max_size=15), min_size=1, max_size=3))
def test_merge_keeps_together_what_any_grouping_does(groupings):
    pairs = [(i, j) for g in groupings for i in range(15) for j in range(i) if g[i] == g[j]]
    assert merge(*(np.array(g) for g in groupings)).tolist() == closed(15, pairs)


def test_nothing_known_is_a_number_for_each_row():
    np.testing.assert_array_equal(merge(np.arange(5), np.array([9, 7, 5, 3, 1])), np.arange(5))


def test_long_chains_are_quick():
    rows = np.arange(100_000)
    for chain in (rows, rows[::-1], np.random.default_rng(0).permutation(rows)):
        pairs = np.stack([chain[:-1], chain[1:]], axis=1)
        assert from_pairs(100_000, pairs).max() == 0
    assert merge(rows // 2, (rows + 1) // 2).max() == 0


@pytest.mark.parametrize("pair", [(0, 3), (-1, 0)])
def test_pair_that_names_no_row_is_an_error(pair):
    with pytest.raises(DataError, match="there are rows 0 to 2"):
        from_pairs(3, np.array([pair]))


def test_twins_are_byte_identical():
    images = np.array([3, 1, 3, 2], np.uint8)[:, None, None]
    found = twins(from_arrays(images, [0, 1, 1, 0]))
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found[:, None] == found, images[:, 0] == images[:, 0].T)


def test_rule_finds_groups_across_folders_and_leaves_the_rest_alone():
    assert from_names(r"/(p\d)_", PATHS).tolist() == [0, 1, 0, 3, 4]
    assert from_names(lambda path: path[4:6] if "_" in path else None, PATHS).tolist() == [0, 1, 0, 3, 4]


def test_name_that_is_empty_is_no_name():
    assert from_names(r"p(\d*)", ["p.png", "p1", "p.jpg", "p1x"]).tolist() == [0, 1, 2, 1]
    assert from_names(r"(p)?.", ["xp", "p.", "q", "py"]).tolist() == [0, 1, 2, 1]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (r"(z\d)", r"groups='\(z\\\\d\)': finds nothing in any of 5 paths, such as 'cat/p1_a.png'"),
        (lambda path: None, "groups=<lambda>: finds nothing in any of 5 paths"),
        ("Auto", "groups='Auto': expected 'auto', 'near'.*this has 0"),
        ("(a)(b)", "one pair of parentheses.*this has 2"),
        ("(a", "is no regular expression"),
        (len, "groups=len: gives 12 for 'cat/p1_a.png'; expected text"),
    ],
)
def test_rule_that_is_none_is_an_error_of_one_line(rule, message):
    with pytest.raises(DataError, match=message) as caught:
        from_names(rule, PATHS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "values", [[7, 2, 7], ["b", "a", "b"], np.array([0.5, 1.0, 0.5]), [True, False, True], [("x"), 1, ("x")]]
)
def test_values_of_any_kind_are_compared(values):
    assert from_values(values, 3).tolist() == [0, 1, 0]


def test_values_of_a_pandas_column():
    pandas = pytest.importorskip("pandas")
    assert from_values(pandas.Series(["a", "b", "a"], index=[5, 6, 7], dtype="category"), 3).tolist() == [0, 1, 0]
    with pytest.raises(DataError, match=r"groups, row 1: no value \(<NA>\)"):
        from_values(pandas.Series(["a", None, "b"], dtype="string"), 3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, 2], r"shape \(2,\); expected \(3,\)"),
        ([[1], [2], [3]], r"shape \(3, 1\)"),
        (5, r"shape \(\)"),
        ([1.0, float("nan"), 1.0], r"row 1: no value \(nan\)"),
        (["a", "b", None], r"row 2: no value \(None\)"),
        (["a", float("nan"), "b"], r"row 1: no value \(nan\)"),
        ([np.datetime64("NaT"), 1, 2], "row 0: no value"),
        ([[1], [2, 3], [4]], r"row 0: \[1\] is neither"),
        (np.array([{"a": 1}, "b", "c"], object), "row 0: {'a': 1} is neither"),
    ],
)
def test_values_that_do_not_fit_are_an_error(values, message):
    with pytest.raises(DataError, match=message):
        from_values(values, 3)


@pytest.mark.parametrize("text", ["nan", "NaT", "<NA>", ""])
def test_text_is_never_a_missing_value(text):
    assert from_values([text, "x", text], 3).tolist() == [0, 1, 0]


def test_what_is_told_is_the_source_and_then_the_user():
    table = from_arrays(np.arange(3, dtype=np.uint8)[:, None, None], [0, 1, 1])
    assert told("auto", table) == []
    assert [g.tolist() for g in told(r"row (\d)", table)] == [[0, 1, 2]]
    assert [g.tolist() for g in told([4, 4, 5], table)] == [[0, 0, 2]]


def test_grouping_is_described_as_a_file_can_hold_it():
    assert [described(g) for g in (None, "auto", r"(\d)", len, np.arange(3))] == [
        None,
        "auto",
        r"(\d)",
        "function",
        "values",
    ]


def test_digests_are_those_of_each_row():
    table = from_arrays(np.arange(250, dtype=np.uint8)[:, None, None], np.zeros(250, int))
    assert [row.tobytes() for row in table.digests] == [table.digest(i) for i in range(250)]
    assert not table.digests.flags.writeable


def test_first_file_that_cannot_be_read_is_told():
    def read(row):
        if row in (70, 130, 200):
            raise DecodeError(f"row {row}")
        return b""

    table = replace(from_arrays(np.zeros((250, 1, 1), np.uint8), np.zeros(250, int)), read=read)
    with pytest.raises(DecodeError, match="row 70"):
        twins(table)
