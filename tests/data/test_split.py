from dataclasses import replace
from zipfile import ZipFile

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.data.formats.arrays import from_arrays
from augury.data.opening import open_path
from augury.data.split import assign_parts
from augury.errors import DataError

PARTS = ("train", "val", "test")


def distinct(n, labels=None):
    """A table of n different images."""
    images = np.zeros((n, 1, 4), np.uint8)
    images.view(np.uint32)[:, 0, 0] = np.arange(n)
    return from_arrays(images, np.zeros(n, int) if labels is None else labels)


def contents(table, rows):
    return {table.digest(i) for i in rows}


def test_every_row_lies_in_exactly_one_part():
    parts = assign_parts(distinct(97), 0.2, 0.3, 0)
    np.testing.assert_array_equal(np.sort(np.concatenate([parts[p] for p in PARTS])), np.arange(97))


def test_rows_ascend_as_int64():
    for rows in assign_parts(distinct(97), 0.2, 0.3, 0).values():
        assert rows.dtype == np.int64
        assert (np.diff(rows) > 0).all()


def test_each_class_gives_its_share():
    labels = np.repeat([0, 1, 2], [20, 50, 13])
    parts = assign_parts(distinct(83, labels), 0.15, 0.1, 0)
    counts = {part: np.bincount(labels[rows], minlength=3).tolist() for part, rows in parts.items()}
    assert counts == {"test": [2, 5, 1], "val": [3, 8, 2], "train": [15, 37, 10]}


def test_part_that_is_not_asked_is_empty():
    parts = assign_parts(distinct(10), 0.0, 0.2, 0)
    assert [len(parts[p]) for p in PARTS] == [8, 0, 2]
    assert parts["val"].dtype == np.int64


def test_seed_decides():
    table = distinct(60)
    first, again, other = (assign_parts(table, 0.2, 0.2, seed)["test"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert first.tolist() != other.tolist()


def test_split_keeps_its_value():
    # a saved result would compare other photos
    assert assign_parts(distinct(12), 0.2, 0.2, 7)["test"].tolist() == [0, 11]


def test_twins_stay_together_and_count_once():
    images = np.repeat(np.arange(40, dtype=np.uint8), 3)[:, None, None]
    parts = assign_parts(from_arrays(images, np.zeros(120, int)), 0.25, 0.25, 0)
    assert [len(parts[p]) for p in PARTS] == [60, 30, 30]
    sides = [set(images[parts[p], 0, 0].tolist()) for p in PARTS]
    assert [len(side) for side in sides] == [20, 10, 10]


@pytest.mark.parametrize("seed", range(5))
def test_twins_with_two_labels_stay_together_in_any_order(seed):
    values = np.r_[np.arange(20), np.arange(30)].astype(np.uint8)
    labels = np.repeat([0, 1], [20, 30])
    parts = []
    for order in (np.arange(50), np.arange(50)[::-1]):
        rows = assign_parts(from_arrays(values[order, None, None], labels[order]), 0.2, 0.2, seed)
        parts.append([set(values[order][rows[p]].tolist()) for p in PARTS])
    assert parts[0] == parts[1]
    assert sum(len(side) for side in parts[0]) == 30


def test_order_of_rows_does_not_matter():
    images = np.arange(50, dtype=np.uint8)[:, None, None]
    labels = np.arange(50) % 2
    order = np.random.default_rng(0).permutation(50)
    plain = assign_parts(from_arrays(images, labels), 0.2, 0.2, 3)
    mixed = assign_parts(from_arrays(images[order], labels[order]), 0.2, 0.2, 3)
    for part in PARTS:
        np.testing.assert_array_equal(np.sort(order[mixed[part]]), plain[part])


def test_folder_and_flat_zip_fall_on_the_same_sides(tmp_path):
    with ZipFile(tmp_path / "flat.zip", "w") as archive:
        for k in range(40):
            data = cv2.imencode(".png", np.full((3, 3), k, np.uint8))[1].tobytes()
            label = ("cat", "dog")[k % 2]
            archive.writestr(f"{label}.{97 * k % 40:02d}.png", data)  # other names, so another order
            folder = tmp_path / "data" / label
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"photo {k}.png").write_bytes(data)
    tables = open_path(tmp_path / "flat.zip"), open_path(tmp_path / "data")
    flat, folder = (assign_parts(table, 0.2, 0.2, 0) for table in tables)
    for part in PARTS:
        assert contents(tables[0], flat[part]) == contents(tables[1], folder[part])


def test_more_data_in_one_class_leaves_the_others_alone():
    labels = np.repeat([0, 1], [20, 20])
    small = assign_parts(distinct(40, labels), 0.2, 0.2, 0)
    large = assign_parts(distinct(70, np.r_[labels, np.ones(30, int)]), 0.2, 0.2, 0)
    for part in PARTS:
        np.testing.assert_array_equal(small[part][small[part] < 20], large[part][large[part] < 20])


def test_real_zip_splits_evenly(components_zip):
    table = open_path(components_zip)
    parts = assign_parts(table, 0.15, 0.15, 0)
    assert not contents(table, parts["train"]) & contents(table, np.r_[parts["val"], parts["test"]])
    np.testing.assert_allclose(np.bincount(table.labels[parts["test"]]), [8] * 5, atol=1)


@pytest.mark.parametrize(
    ("val", "test", "message"),
    [
        (-0.1, 0.2, r"val=-0\.1; expected a fraction"),
        (0.2, 1.0, r"test=1\.0; expected a fraction"),
        (float("nan"), 0.2, "val=nan; expected a fraction"),
        (15, 0.2, "val=15; expected a fraction"),
        (0.5, 0.5, "leave nothing to train on"),
    ],
)
def test_fractions_that_do_not_fit_are_an_error(val, test, message):
    with pytest.raises(DataError, match=message):
        assign_parts(distinct(50), val, test, 0)


@pytest.mark.parametrize(
    ("n", "val", "test", "needed"),
    [(3, 0.15, 0.15, 4), (1, 0.0, 0.3, 2), (5, 0.01, 0.2, 51), (2, 0.45, 0.45, 3)],
)
def test_class_too_small_is_named_with_what_is_needed(n, val, test, needed):
    labels = ["cat"] * 100 + ["dog"] * n
    with pytest.raises(DataError, match=rf"class 'dog' has {n} different images.*until it has {needed}, or"):
        assign_parts(distinct(100 + n, labels), val, test, 0)
    assign_parts(distinct(100 + needed, ["cat"] * 100 + ["dog"] * needed), val, test, 0)


def test_hopeless_fraction_does_not_search_for_ever():
    with pytest.raises(DataError, match="need at least one; change the fractions"):
        assign_parts(distinct(9), 1e-12, 0.2, 0)


# ---- groups


def sides(table, groups, val=0.2, test=0.2, seed=0):
    """(n,): the part of every row."""
    found = np.full(len(table), "", "U5")
    for part, rows in assign_parts(table, val, test, seed, np.asarray(groups)).items():
        assert (found[rows] == "").all()
        found[rows] = part
    assert (found != "").all()
    return found


@st.composite
def grouped(draw):
    """Images of a few contents, their labels, and groups that may hold several classes."""
    n = draw(st.integers(1, 60))
    numbers = st.lists(st.integers(0, draw(st.integers(1, 40))), min_size=n, max_size=n)
    contents, groups = np.array(draw(numbers)), np.array(draw(numbers))
    labels = (contents if draw(st.booleans()) else groups) % draw(st.integers(1, 4))
    return contents.astype(np.uint8)[:, None, None], labels, groups


FRACTIONS = st.sampled_from([(0.2, 0.2), (0.0, 0.3), (0.15, 0.0), (0.4, 0.5)])


@given(grouped(), FRACTIONS, st.integers(0, 9))
def test_no_group_and_no_content_lies_in_two_parts(data, fractions, seed):
    images, labels, groups = data
    try:
        found = sides(from_arrays(images, labels), groups, *fractions, seed)
    except DataError:
        return
    for key in (groups, images[:, 0, 0]):
        for value in np.unique(key):
            assert len(set(found[key == value])) == 1
    asked = {"train", *(["val"] if fractions[0] else []), *(["test"] if fractions[1] else [])}
    assert set(found) == asked


@given(grouped(), FRACTIONS, st.integers(0, 9), st.randoms())
def test_order_and_group_numbers_do_not_matter(data, fractions, seed, random):
    images, labels, groups = data
    order = np.array(random.sample(range(len(labels)), len(labels)))
    found = []
    for rows, numbers in ((np.arange(len(labels)), groups), (order, 1000 - 7 * groups)):
        try:
            found.append(sides(from_arrays(images[rows], labels[rows]), numbers[rows], *fractions, seed))
        except DataError as error:
            found.append(str(error).split("(the largest")[0])  # which names the first path
    if isinstance(found[0], str):
        assert found[0] == found[1]
    else:
        np.testing.assert_array_equal(found[1], found[0][order])


@given(st.lists(st.lists(st.integers(1, 6), min_size=3, max_size=30), min_size=1, max_size=4), FRACTIONS, st.data())
def test_each_class_comes_within_a_group_of_its_share(sizes, fractions, data):
    """Sizes of the groups of each class; where every class is large enough, the split must exist."""
    labels = np.concatenate([np.full(sum(own), c) for c, own in enumerate(sizes)])
    groups = np.repeat(np.arange(sum(map(len, sizes))), np.concatenate(sizes))
    try:
        found = sides(distinct(len(labels), labels), groups, *fractions, data.draw(st.integers(0, 5)))
    except DataError as error:
        why = str(error)
    else:
        why = ""
    assert why == "" or "too few for" in why
    for c, own in enumerate(sizes if not why else []):
        for part, fraction in (("val", fractions[0]), ("test", fractions[1])):
            count = np.count_nonzero(found[labels == c] == part)
            aim = round(fraction * sum(own))
            if (
                len(own) > 6 and max(fractions) < 0.4
            ):  # otherwise the groups kept for other parts may be the only fitting
                assert abs(count - aim) <= max(own) / 2, (own, part)


def test_groups_that_hold_several_classes_are_balanced_for_all():
    speakers, digits = np.repeat(np.arange(40), 30), np.tile(np.repeat(np.arange(10), 3), 40)
    found = sides(distinct(1200, digits), speakers, 0.15, 0.15)
    for part in ("val", "test"):
        np.testing.assert_array_equal(np.bincount(digits[found == part]), np.full(10, 18))


def test_small_class_weighs_as_much_as_a_large_one():
    patients = np.repeat(np.arange(100), 11)
    labels = np.where((np.arange(1100) % 11 == 0) & (patients % 10 == 0), "rare", "common")
    for seed in range(10):
        found = sides(distinct(1100, labels), patients, 0.2, 0.2, seed)
        assert [np.count_nonzero(found[labels == "rare"] == part) for part in PARTS] == [6, 2, 2]


def test_group_counts_its_different_contents():
    images = np.r_[np.zeros(50), np.arange(1, 20)].astype(np.uint8)[:, None, None]
    table = from_arrays(images, np.zeros(69, int))
    parts = assign_parts(table, 0.0, 0.25, 0, np.r_[np.zeros(50), np.arange(1, 20)].astype(int))
    assert len({table.digest(i) for i in parts["test"]}) == 5


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("sizes", [(100, 1, 1), (40, 40, 40), (60, 20, 20), (1, 1, 300)])
def test_every_part_gets_a_group_however_large(sizes, seed):
    groups = np.repeat(np.arange(3), sizes)
    assert set(sides(distinct(sum(sizes)), groups, 0.15, 0.15, seed)) == set(PARTS)


def test_part_that_no_group_fits_gets_the_nearest():
    groups = np.repeat(np.arange(4), (60, 90, 120, 150))  # 420 images, 21 are asked
    for seed in range(5):
        assert np.count_nonzero(sides(distinct(420), groups, 0.0, 0.05, seed) == "test") == 60


def of_groups(*counts):
    """Labels and groups from the images of each class in each group."""
    labels = np.concatenate([np.repeat(list(own), list(own.values())) for own in counts])
    return labels, np.repeat(np.arange(len(counts)), [sum(own.values()) for own in counts])


def test_nearest_group_is_the_same_in_any_order_of_rows():
    # for A the nearest group holds B as well, for B it does not: which class is served first makes a difference
    labels, groups = of_groups(*[{"A": 10, "B": 6}] * 5, *[{"B": 10}] * 5)
    plain = assign_parts(distinct(130, labels), 0.0, 0.04, 0, groups)["test"]
    images = np.zeros((130, 1, 4), np.uint8)
    images.view(np.uint32)[:, 0, 0] = np.arange(130)[::-1]
    turned = assign_parts(from_arrays(images, labels[::-1]), 0.0, 0.04, 0, groups[::-1])["test"]
    np.testing.assert_array_equal(np.sort(129 - turned), plain)


def test_nearest_group_is_left_where_another_part_needs_it():
    labels, groups = of_groups({"A": 60, "B": 1}, {"B": 10}, {"B": 189}, *[{"A": 100}] * 5)
    for seed in range(5):
        found = sides(distinct(len(labels), labels), groups, 0.05, 0.05, seed)
        assert [set(labels[found == part]) for part in PARTS] == [{"A", "B"}] * 3


def test_label_of_a_group_of_twins_is_the_lowest_for_the_sizes():
    images = np.repeat(np.arange(10, dtype=np.uint8), 2)[:, None, None]
    table = from_arrays(images, ["a", "b"] * 10)  # each content twice, labelled a and b
    assert len(assign_parts(table, 0.0, 0.2, 0)["test"]) == 4


def test_some_rows_only_are_divided_among_themselves():
    table, rows = distinct(100), np.arange(0, 100, 2)
    parts = assign_parts(table, 0.2, 0.2, 0, rows=rows)
    np.testing.assert_array_equal(np.sort(np.concatenate(list(parts.values()))), rows)
    assert [len(parts[part]) for part in PARTS] == [30, 10, 10]


@pytest.mark.parametrize(("held", "words"), [(1, "one group"), (2, "2 groups")])
def test_class_in_too_few_groups_is_named_with_its_group(held, words):
    labels = np.repeat(["cat", "dog"], 30)
    groups = np.r_[np.arange(30), 100 + np.arange(30) % held]
    message = (
        rf"^arrays: class 'dog' lies in {words} \(the largest: {30 // held} images, such as row 30\) .*groups=\.\.\."
    )
    with pytest.raises(DataError, match=message) as caught:
        sides(distinct(60, labels), groups)
    assert "\n" not in str(caught.value)
    assert set(sides(distinct(60, labels), groups, 0.0, 0.0 if held == 1 else 0.3)) <= set(PARTS)


def test_images_with_objects_are_one_class_in_messages():
    table = replace(distinct(3), mask=lambda i: np.zeros((1, 4), np.uint8))
    with pytest.raises(DataError, match="arrays: the dataset has 3 different images, too few"):
        assign_parts(table, 0.15, 0.15, 0)


def test_group_that_is_as_near_with_as_without_is_taken():
    # five pairs, three images asked: two and four are as near
    assert np.count_nonzero(sides(distinct(10), np.arange(10) // 2, 0.0, 0.3) == "test") == 4
