"""Dataset.split, load_split and groups, on files and on tables that come with groups and parts."""

import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest

import augury as ag
from augury.api.dataset import Dataset
from augury.data.formats.arrays import from_arrays as table_from_arrays
from augury.data.table import PARTS


def write(path, value):
    """A photo; equal values are equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.random.default_rng(value).integers(0, 256, (6, 8), np.uint8))


@pytest.fixture
def photos(tmp_path):
    """Forty photos: cat and dog, two of each of ten objects."""
    for k in range(40):
        write(tmp_path / "photos" / ("cat", "dog")[k % 2] / f"object{k // 4}_{k}.png", k)
    return tmp_path / "photos"


def table(values, labels=None, groups=None, parts=None):
    """A dataset of one-pixel images; a value is a content."""
    made = table_from_arrays(
        np.asarray(values, np.uint8)[:, None, None], ["cat"] * len(values) if labels is None else labels
    )
    made = replace(
        made,
        paths=tuple(f"{'' if parts is None else parts[k] + '/'}{k}.png" for k in range(len(values))),
        groups=None if groups is None else np.asarray(groups),
        parts=None if parts is None else np.array([PARTS.index(part) for part in parts], np.int8),
    )
    return Dataset(made)


def paths(split):
    return {name: getattr(split, name).paths for name in PARTS}


def sizes(split):
    return [len(getattr(split, name)) for name in PARTS]


# ---- split


def test_split_keeps_the_sizes_it_had(photos):
    split = ag.open(photos).split(groups=None)
    assert sizes(split) == [28, 6, 6]
    assert sizes(ag.open(photos).split(val=0.2, test=0.0)) == [32, 8, 0]


@pytest.mark.parametrize("rule", [r"(object\d+)_", lambda path: path.split("/")[1].split("_")[0]])
def test_name_rule_keeps_objects_together(photos, rule):
    split = ag.open(photos).split(0.2, 0.2, groups=rule)
    objects = [{path.split("/")[1].split("_")[0] for path in own} for own in paths(split).values()]
    assert [len(own) for own in objects] == [6, 2, 2]
    assert len(set.union(*objects)) == 10
    assert split.train.groups.tolist() == [split.train.groups[i - i % 2] for i in range(12)] * 2  # in both classes


def test_values_keep_samples_together():
    numbers = np.arange(40) % 10
    split = table(np.arange(40)).split(0.2, 0.2, groups=numbers)
    found = {name: {int(path.split(".")[0]) % 10 for path in own} for name, own in paths(split).items()}
    assert [len(found[name]) for name in PARTS] == [6, 2, 2]


@pytest.mark.parametrize("groups", ["auto", "near", None, r"(\d)\.png"])
def test_groups_of_the_source_and_twins_always_hold(groups):
    values, source = np.r_[np.arange(60), np.arange(20)], np.r_[np.arange(40), np.arange(20), np.arange(60, 80)]
    split = table(values, groups=source).split(0.2, 0.2, groups=groups if groups != r"(\d)\.png" else r"(.\d)\.png")
    for part in (split.train, split.val, split.test):
        rows = [int(path.split(".")[0]) for path in part.paths]
        for key in (values, source):
            assert not set(key[rows]) & set(np.delete(key, rows))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": "Auto"}, "expected 'auto', 'near'"),
        ({"groups": "saved"}, "expected 'auto', 'near'"),
        ({"groups": r"(x)"}, "finds nothing in any of 40 paths, such as '0.png'"),
        ({"groups": [1, 2]}, r"shape \(2,\); expected \(40,\)"),
        ({"val": "a"}, "val='a'; expected a fraction"),
        ({"val": 1.0}, "val=1.0; expected a fraction"),
        ({"test": 0.9}, "leave nothing to train on"),
        ({"seed": 1.5}, "seed=1.5"),
        ({"leaks": "ignore"}, "leaks='ignore'; expected .* 'raise' or 'drop'"),
    ],
)
def test_wrong_option_is_an_error_before_a_file_is_read(options, message):
    def refuse(row):
        raise AssertionError("read")

    data = table(np.arange(40))
    data = replace(data, _table=replace(data._table, read=refuse))
    with pytest.raises(ag.AuguryError, match=message) as caught:
        data.split(**options)
    assert "\n" not in str(caught.value)


def test_part_of_a_split_is_not_split_again(tmp_path):
    split = table(np.arange(40)).split()
    split.save(tmp_path / "split.json")
    for again in (split.train.split, lambda: split.val.load_split(tmp_path / "split.json")):
        with pytest.raises(ag.AuguryError, match="part of a split already"):
            again()


def test_every_file_is_read_once():
    read = []
    data = table(np.arange(200))
    plain = data._table.read
    data = replace(data, _table=replace(data._table, read=lambda row: read.append(row) or plain(row)))
    split = data.split(groups=r"(\d)\.png")
    split.summary()
    assert sorted(read) == list(range(200))


def test_file_that_cannot_be_read_is_named(photos):
    data = ag.open(photos)
    (photos / "dog" / "object0_1.png").unlink()
    with pytest.raises(ag.DecodeError, match=r"object0_1\.png: cannot be read"):
        data.split()


def test_parts_share_decoded_images(photos, tmp_path):
    data = ag.open(photos).prepare(size=(4, 4), channels=1)
    data.split().save(tmp_path / "split.json")
    for split in (data.split(), data.load_split(tmp_path / "split.json")):
        assert split.train._images is split.test._images is data._images
        assert next(iter(split.test.stream())).image.shape == (6, 4, 4, 1)
        assert next(iter(split.test.prepare(size=(2, 2), channels=1).stream())).image.shape == (6, 2, 2, 1)


def test_empty_part_cannot_be_streamed():
    split = table(np.arange(40)).split(val=0.0)
    with pytest.raises(ag.DataError, match=r"^arrays: the val part is empty; ask for one with split\(val=0\.15\)$"):
        split.val.stream()


# ---- groups


def test_groups_of_a_whole_dataset_are_those_of_its_source():
    np.testing.assert_array_equal(table([5, 5, 6]).groups, [0, 1, 2])
    np.testing.assert_array_equal(table([5, 5, 6], groups=[9, 4, 9]).groups, [0, 1, 0])
    assert table([5, 5, 6]).groups.dtype == np.int64


def test_groups_of_parts_are_comparable():
    split = table(np.arange(40) % 30).split(groups=None)
    together = [part.groups for part in (split.train, split.val, split.test)]
    rows = [np.array([int(path.split(".")[0]) for path in part.paths]) for part in (split.train, split.val, split.test)]
    np.testing.assert_array_equal(np.concatenate(together), np.concatenate(rows) % 30)


# ---- given parts


def test_given_parts_are_taken_as_they_are():
    parts = ["train"] * 5 + ["test"] * 3 + ["val"] * 1
    split = table(np.arange(9), ["cat", "dog"] * 4 + ["ant"], parts=parts).split()
    assert paths(split) == {part: [f"{part}/{k}.png" for k in range(9) if parts[k] == part] for part in PARTS}
    assert split.left_out == ()


def test_part_that_was_not_given_is_empty_or_cut_from_training():
    data = table(np.arange(50), parts=["train"] * 40 + ["test"] * 10)
    assert sizes(data.split()) == [40, 0, 10]
    split = data.split(val=0.2)
    assert sizes(split) == [32, 8, 10]
    assert all(path.startswith("train/") for path in split.val.paths)
    assert sizes(table(np.arange(50), parts=["train"] * 40 + ["val"] * 10).split(test=0.1)) == [36, 10, 4]
    assert sizes(data.split(val=0.0)) == [40, 0, 10]


@pytest.mark.parametrize("fraction", [0.2, 0.0])
def test_fraction_of_a_given_part_is_an_error(fraction):
    data = table(np.arange(50), parts=["train"] * 40 + ["test"] * 10)
    with pytest.raises(ag.DataError, match=rf"has a test part of 10 images already.*leave test={fraction} out"):
        data.split(test=fraction)


def test_nothing_can_be_cut_from_no_training_part():
    with pytest.raises(ag.DataError, match=r"no training images of which val=0\.2"):
        table(np.arange(5), parts=["test"] * 5).split(val=0.2)


def leaking():
    """Row 3 of train is a copy of a test image, row 4 of a validation image; 5 is one object with test's 11."""
    values = [0, 1, 2, 10, 8, 5, 6, 7, 8, 9, 10, 11]
    return table(values, groups=[*range(11), 5], parts=["train"] * 7 + ["val"] * 2 + ["test"] * 3)


def test_copies_on_both_sides_are_a_leak():
    message = (
        r"^arrays: 2 of 3 test images are copies of or in one group with training images "
        r"\(first: test/10\.png = train/3\.png\); 1 of 2 validation images are copies of training images "
        r"\(first: val/8\.png = train/4\.png\); split\(leaks='drop'\) leaves those out of training"
    )
    with pytest.raises(ag.LeakError, match=message) as caught:
        leaking().split()
    assert "\n" not in str(caught.value)


def test_group_on_both_sides_is_a_leak():
    data = table(np.arange(4), groups=[0, 1, 2, 0], parts=["train", "train", "test", "test"])
    message = r"1 of 2 test images are in one group with training images \(first: test/3\.png and train/0\.png\)"
    with pytest.raises(ag.LeakError, match=message):
        data.split(groups=None)
    with pytest.raises(ag.LeakError, match=r"first: test/2\.png and train/1\.png"):
        table(np.arange(4), parts=["train", "train", "test", "test"]).split(groups=[0, 1, 1, 2])


def test_dropping_leaks_never_touches_what_is_tested():
    split = leaking().split(leaks="drop")
    assert sizes(split) == [4, 2, 3]
    assert split.left_out == ("train/3.png", "train/4.png", "train/5.png")
    assert "3 left out" in repr(split)
    assert split.summary()["left_out"] == 3


def test_validation_gives_way_to_test_and_training_to_both():
    data = table([5, 5, 5, 1, 2, 3], parts=["train", "val", "test", "train", "val", "test"])
    assert data.split(leaks="drop").left_out == ("train/0.png", "val/1.png")
    with pytest.raises(
        ag.LeakError, match=r"; 1 of 2 test images are copies of validation images .first: test/2\.png ="
    ):
        data.split()
    data = table([5, 5, 5, 1, 2, 3], parts=["test", "val", "train", "train", "val", "test"])
    assert data.split(leaks="drop").left_out == ("val/1.png", "train/2.png")


def test_what_is_cut_from_training_leaves_dropped_copies_out():
    values = np.r_[np.arange(40), np.arange(10)]
    split = table(values, parts=["train"] * 40 + ["test"] * 10).split(val=0.2, leaks="drop")
    assert sizes(split) == [24, 6, 10]
    assert len(split.left_out) == 10


# ---- saved


def test_split_comes_back_from_its_file(photos, tmp_path):
    split = ag.open(photos).split(0.2, 0.2, seed=4, groups=r"(object\d+)_")
    split.save(tmp_path / "split.json")
    again = ag.open(photos).load_split(tmp_path / "split.json")
    assert paths(again) == paths(split)
    np.testing.assert_array_equal(again.test.groups, split.test.groups)
    assert again.summary() == split.summary()
    assert repr(again) == repr(split)


def test_files_may_be_renamed_and_moved(photos, tmp_path):
    ag.open(photos).split().save(tmp_path / "split.json")
    digests = {
        name: {photos.joinpath(p).read_bytes() for p in own} for name, own in paths(ag.open(photos).split()).items()
    }
    for k, path in enumerate(sorted(photos.rglob("*.png"), key=lambda p: p.read_bytes())):
        path.rename(path.with_name(f"{k:02d}.png"))
    found = ag.open(photos).load_split(tmp_path / "split.json")
    assert {name: {photos.joinpath(p).read_bytes() for p in own} for name, own in paths(found).items()} == digests


def test_no_image_is_decoded_for_the_same_images(photos, tmp_path):
    def undecoded():
        return Dataset(replace(ag.open(photos)._table, decode=lambda row: pytest.fail("decoded")))

    ag.open(photos).split().save(tmp_path / "split.json")
    undecoded().load_split(tmp_path / "split.json")
    shutil.move(photos / "cat" / "object0_0.png", tmp_path / "gone.png")
    undecoded().load_split(tmp_path / "split.json", extend=True)


def test_other_images_are_told_and_added_when_asked(photos, tmp_path):
    data = ag.open(photos)
    before = data.split(0.2, 0.2)
    before.save(tmp_path / "split.json")
    changed, gone = before.test.paths[0], before.train.paths[0]
    write(photos / changed, 1000)
    (photos / gone).unlink()
    for k in range(20):
        write(photos / "cat" / f"new{k}.png", 2000 + k)
    message = (
        rf"split\.json: .*photos is not as it was split: 1 changed \(first: {changed}\), "
        rf"1 missing \(first: '{gone}'\), 20 new \(first: cat/new0\.png\); load_split\(\.\.\., extend=True\) keeps"
    )
    with pytest.raises(ag.DataError, match=message) as caught:
        ag.open(photos).load_split(tmp_path / "split.json")
    assert "\n" not in str(caught.value)
    after = ag.open(photos).load_split(tmp_path / "split.json", extend=True)
    for name in PARTS:
        assert set(paths(before)[name]) - {gone} <= set(paths(after)[name])
    assert sizes(after) == [35, 12, 12]
    after.save(tmp_path / "split.json")
    assert paths(ag.open(photos).load_split(tmp_path / "split.json")) == paths(after)


def test_missing_image_alone_is_told(photos, tmp_path):
    ag.open(photos).split().save(tmp_path / "split.json")
    (photos / "dog" / "object0_1.png").unlink()
    with pytest.raises(ag.DataError, match=r"is not as it was split: 1 missing \(first: 'dog/object0_1\.png'\); load"):
        ag.open(photos).load_split(tmp_path / "split.json")


def test_saved_name_rule_holds_for_new_images(photos, tmp_path):
    before = ag.open(photos).split(0.2, 0.2, groups=r"(object\d+)_")
    before.save(tmp_path / "split.json")
    for k in range(10):
        write(photos / "cat" / f"object{k}_new.png", 2000 + k)
    after = ag.open(photos).load_split(tmp_path / "split.json", extend=True)
    assert sizes(after) == [30, 10, 10]
    for name in PARTS:
        objects = [{path.split("/")[1].split("_")[0] for path in paths(split)[name]} for split in (before, after)]
        assert objects[0] == objects[1]


@pytest.mark.parametrize(("groups", "kind"), [(lambda path: path.split("_")[0][-1], "function"), ("values", "values")])
def test_grouping_that_a_file_cannot_hold_is_asked_for_again(photos, tmp_path, groups, kind):
    data = ag.open(photos)
    data.split(0.2, 0.2, groups=[path[10] for path in data.paths] if groups == "values" else groups).save(
        tmp_path / "split.json"
    )
    ag.open(photos).load_split(tmp_path / "split.json")
    write(photos / "cat" / "object3_new.png", 2000)
    with pytest.raises(ag.DataError, match=rf"grouped by a {kind}, which a file cannot hold; give it again"):
        ag.open(photos).load_split(tmp_path / "split.json", extend=True)
    after = ag.open(photos).load_split(tmp_path / "split.json", extend=True, groups=r"object(\d)_")
    assert after.summary()["grouped_by"] == r"object(\d)_"
    assert after.summary()["groups"] == 10
    again = ag.open(photos).load_split(tmp_path / "split.json", extend=True, groups=None)
    assert sum(sizes(again)) == 41


def test_what_was_left_out_stays_out(tmp_path):
    split = leaking().split(leaks="drop")
    split.save(tmp_path / "split.json")
    again = leaking().load_split(tmp_path / "split.json")
    assert (paths(again), again.left_out) == (paths(split), split.left_out)


# ---- in words


def test_summary_is_plain():
    split = table(np.r_[np.arange(30), np.arange(10)], ["cat", "dog"] * 20, groups=np.arange(40) % 39).split(
        0.2, 0.2, seed=2
    )
    summary = split.summary()
    assert sum(own["images"] for own in summary["parts"].values()) == 40
    assert [sum(summary["parts"][part]["classes"].values()) for part in PARTS] == sizes(split)
    del summary["parts"]
    assert summary == {
        "left_out": 0, "grouped_by": "auto", "groups": 9, "twins": 10, "seed": 2, "val": 0.2, "test": 0.2,
    }  # fmt: skip


def test_images_that_show_several_classes_are_not_counted_by_class():
    data = table(np.arange(40))
    data = replace(data, _table=replace(data._table, mask=lambda row: np.zeros((1, 1), np.uint8)))
    assert data.split().summary()["parts"]["test"] == {"images": 6, "classes": {}}


def test_repr_tells_sizes():
    assert repr(table(np.arange(40)).split()) == "<Split of arrays: 28 train, 6 val, 6 test; groups='auto'>"
