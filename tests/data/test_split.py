from zipfile import ZipFile

import cv2
import numpy as np
import pytest

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
