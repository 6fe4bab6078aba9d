import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augury.data.formats.arrays import from_arrays
from augury.data.groups import merge, twins
from augury.data.known import Match, known_parts
from augury.data.saved_split import Recipe, SavedSplit, fingerprint
from augury.data.split import assign_parts
from augury.data.table import PARTS
from augury.errors import DataError, LeakError

RECIPE = Recipe(3, 0.2, 0.2, "auto")


def pictures(values, labels="cat", paths=None, parts=None):
    """A table of one-pixel images; a value is a content."""
    values = np.asarray(values)
    images = np.zeros((len(values), 1, 4), np.uint8)
    images.view(np.uint32)[:, 0, 0] = values
    labels = [labels] * len(values) if isinstance(labels, str) else labels
    table = from_arrays(images, labels)
    return replace(
        table,
        paths=tuple(f"{value}.png" for value in values) if paths is None else tuple(paths),
        parts=None if parts is None else np.array([PARTS.index(part) for part in parts], np.int8),
    )


def split(table, groups=None, recipe=RECIPE):
    groups = merge(np.arange(len(table)) if groups is None else np.asarray(groups), twins(table))
    parts = assign_parts(table, recipe.val, recipe.test, recipe.seed, groups)
    return SavedSplit.of(table, parts, groups, recipe)


def saved_as(path, table, groups=None, recipe=RECIPE):
    split(table, groups, recipe).save(path)
    return SavedSplit.load(path)


def by_hand(*items, recipe=RECIPE):
    """A saved split of (value, part) or (value, part, group); groups of their own unless told."""
    table = pictures([item[0] for item in items])
    groups = np.array([item[2] if len(item) > 2 else 1000 + k for k, item in enumerate(items)])
    parts = {part: np.array([k for k, i in enumerate(items) if i[1] == part], int) for part in PARTS}
    return SavedSplit.of(table, parts, groups, recipe)


def sides(saved, table, groups=None):
    """(n,): the part of each row; "out" for those in none."""
    parts, _ = known_parts(Match.of(saved, table), None if groups is None else np.asarray(groups))
    found = np.full(len(table), "out", "U5")
    for part, rows in parts.items():
        assert rows.dtype == np.int64
        assert (found[rows] == "out").all()
        found[rows] = part
    return found


def part_of(saved):
    return {item.digest: item.part for item in saved.items}


# ---- the file


def test_file_gives_back_what_was_written(tmp_path):
    table = pictures(np.arange(20), ["cat", "dog"] * 10)
    wanted = split(table, np.arange(20) // 2)
    wanted.save(tmp_path / "split.json")
    assert SavedSplit.load(tmp_path / "split.json") == wanted
    assert [item.path for item in wanted.items] == list(table.paths)
    assert {item.part for item in wanted.items} == set(PARTS)


def test_file_is_json_with_an_image_a_line(tmp_path):
    split(pictures(np.arange(20))).save(tmp_path / "split.json")
    lines = (tmp_path / "split.json").read_text().splitlines()
    assert len(lines) == 22
    assert json.loads(lines[5].rstrip(",")) == {
        "digest": pictures([4]).digest(0).hex(),
        "path": "4.png",
        "class": "cat",
        "group": 4,
        "part": part_of(split(pictures(np.arange(20))))[pictures([4]).digest(0).hex()],
    }
    document = json.loads("\n".join(lines))
    assert {name: document[name] for name in ("augury_split", "seed", "val", "test", "groups")} == {
        "augury_split": 1, "seed": 3, "val": 0.2, "test": 0.2, "groups": "auto",
    }  # fmt: skip


def test_paths_of_any_bytes_survive(tmp_path):
    paths = [f"photo {k}\udcff\n\u2028é.png" for k in range(20)]
    saved = saved_as(tmp_path / "split.json", pictures(np.arange(20), paths=paths))
    assert [item.path for item in saved.items] == paths
    assert len((tmp_path / "split.json").read_bytes().splitlines()) == 22


def test_nothing_is_left_behind_when_writing_fails(tmp_path):
    (tmp_path / "split.json").mkdir()
    with pytest.raises(DataError, match=r"split\.json: the split cannot be written \(.*\); choose"):
        split(pictures(np.arange(20))).save(tmp_path / "split.json")
    with pytest.raises(DataError, match="cannot be written"):
        split(pictures(np.arange(20))).save(tmp_path / "missing" / "split.json")
    assert [path.name for path in tmp_path.iterdir()] == ["split.json"]


def test_fingerprint_is_of_contents_and_classes_alone():
    table = pictures(np.arange(6), ["cat", "dog"] * 3)
    order = np.array([3, 1, 5, 0, 2, 4])
    moved = pictures(order, np.array(["cat", "dog"] * 3)[order], paths=[f"new/{k}" for k in range(6)])
    prints = [
        fingerprint(SavedSplit.of(t, {}, np.arange(6), RECIPE).items)
        for t in (
            table,
            moved,
            pictures(np.arange(6), ["cat", "bird"] * 3),
            pictures(np.arange(1, 7), ["cat", "dog"] * 3),
        )
    ]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


def item(number, **fields):
    """A change of one item of the document."""
    return lambda document: document["items"][number].update(fields)


BAD = {
    "not json": (lambda d: "{", r"cannot be read as a saved split \(Expecting"),
    "deep": (lambda d: "[" * 100_000, "cannot be read as a saved split"),
    "a list": (lambda d: [d], "is no saved split"),
    "other json": (lambda d: {"op": "Policy"}, "is no saved split"),
    "newer": (lambda d: d | {"augury_split": 2}, "has version 2; this Augury reads version 1"),
    "long version": (lambda d: d | {"augury_split": "x" * 10**6}, r"has version 'x+\.\.\.; this"),
    "true version": (lambda d: d | {"augury_split": True}, "header, 'augury_split': True is not int"),
    "no seed": (lambda d: {k: v for k, v in d.items() if k != "seed"}, "header: 'seed' is missing"),
    "seed": (lambda d: d | {"seed": "0"}, "header, 'seed': '0' is not int"),
    "val": (lambda d: d | {"val": -1}, "val=-1; expected a fraction"),
    "nan": (lambda d: d | {"val": float("nan")}, "val=nan; expected a fraction"),
    "sum": (lambda d: d | {"val": 0.9}, "leave nothing to train on"),
    "groups": (lambda d: d | {"groups": 5}, "header, 'groups': 5 is not str or null"),
    "items": (lambda d: d | {"items": {}}, "header, 'items': {} is not list"),
    "item": (lambda d: d["items"].__setitem__(2, "x"), "item 2: 'x' is no object with digest, path"),
    "no part": (
        lambda d: d["items"].__setitem__(3, {"digest": "", "path": "", "class": "", "group": 0}),
        "item 3: 'part'",
    ),
    "part": (item(3, part="tets"), "item 3, 'part': 'tets' is none of train, val, test and null"),
    "part list": (item(3, part=["test"]), "item 3, 'part': .* is not str or null"),
    "digest": (item(3, digest="../x"), "item 3, 'digest': '../x' is not 32 hex digits"),
    "digest of two lines": (item(3, digest="0" * 32 + "\n"), "is not 32 hex digits"),
    "group": (item(3, group=1.5), "item 3, 'group': 1.5 is not int"),
    "class": (item(3, **{"class": None}), "item 3, 'class': None is not str"),
    "renamed class": (item(3, **{"class": "dog"}), "its fingerprint does not fit its items"),
    "cut short": (lambda d: d["items"].__delitem__(-1), "its fingerprint does not fit its items"),
    "one content": (
        item(5, digest=pictures([0]).digest(0).hex()),
        "'0.png' in train and '5.png' in test are of one content",
    ),
    "one group": (item(5, group=0), "'0.png' in train and '5.png' in test are of one group"),
}


@pytest.mark.parametrize(("change", "message"), BAD.values(), ids=BAD)
def test_broken_file_is_an_error_of_one_line(change, message, tmp_path):
    path = tmp_path / "split.json"
    split(pictures(np.arange(20))).save(path)
    document = json.loads(path.read_text())
    document["items"][0]["part"], document["items"][5]["part"] = "train", "test"
    changed = change(document) or document
    path.write_text(changed if isinstance(changed, str) else json.dumps(changed))
    with pytest.raises(DataError, match=message) as caught:
        SavedSplit.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 250


@pytest.mark.parametrize("data", [b"", b"\xff\xfe{}", b"1" * 5000, b'{"augury_split": 1, "items": [null]}'])
def test_bytes_that_are_no_split_are_an_error(data, tmp_path):
    (tmp_path / "split.json").write_bytes(data)
    with pytest.raises(DataError, match=r"split\.json: "):
        SavedSplit.load(tmp_path / "split.json")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.json: cannot be read as a saved split \(No such file"):
        SavedSplit.load(tmp_path / "none.json")


# ---- the same images


def test_same_images_in_other_places_get_the_same_parts(tmp_path):
    table = pictures(np.arange(40), ["cat", "dog"] * 20)
    saved = saved_as(tmp_path / "split.json", table)
    order = np.random.default_rng(0).permutation(40)
    moved = pictures(order, np.array(["cat", "dog"] * 20)[order], paths=[f"elsewhere/{k}.jpg" for k in range(40)])
    match = Match.of(saved, moved)
    assert (match.difference(), match.has_new) == ("", False)
    np.testing.assert_array_equal(sides(saved, moved), sides(saved, table)[order])
    assert set(sides(saved, table)) == set(PARTS)


def test_groups_are_those_of_the_file(tmp_path):
    groups = np.arange(40) // 3
    table = pictures(np.r_[np.arange(39), 0])
    saved = saved_as(tmp_path / "split.json", table, groups)
    _, found = known_parts(Match.of(saved, table))
    np.testing.assert_array_equal(found, merge(groups, twins(table)))


def test_what_was_left_out_stays_out():
    saved = by_hand((1, "train"), (2, None), (3, "test"))
    assert sides(saved, pictures([3, 2, 1])).tolist() == ["test", "out", "train"]


@pytest.mark.parametrize("paths", [["test/a", "train/b"], ["x/b", "x/a"]])
def test_of_twins_one_may_be_left_out(paths):
    table = pictures([5, 5, 6], paths=["test/a", "train/b", "train/c"])
    parts = {"train": np.array([2]), "val": np.array([], int), "test": np.array([0])}
    saved = SavedSplit.of(table, parts, np.array([0, 0, 2]), RECIPE)
    found = sides(saved, pictures([5, 5, 6], paths=[*paths, "c"]))
    assert found.tolist() == ["test", "out", "train"]


def test_of_twins_the_one_in_a_part_remains():
    saved = by_hand((5, None, 0), (5, "test", 0), (6, "train"))
    assert sides(saved, pictures([5, 6], paths=["renamed", "6.png"])).tolist() == ["test", "train"]


DIFFERENCES = {
    "new": ({"values": [1, 2, 3, 9]}, "1 new (first: 9.png)"),
    "missing": ({"values": [1, 3]}, "1 missing (first: '2.png')"),
    "changed": ({"values": [1, 9, 3], "paths": ["1.png", "2.png", "3.png"]}, "1 changed (first: 2.png)"),
    "relabelled": (
        {"values": [1, 2, 3], "labels": ["cat", "dog", "dog"]},
        "2 in another class (first: 2.png, was 'cat', is 'dog')",
    ),
    "copied": ({"values": [1, 2, 3, 3], "paths": ["1.png", "2.png", "3.png", "copy"]}, "1 new (first: copy)"),
    "all": (
        {"values": [7, 1, 8], "labels": ["cat", "dog", "cat"], "paths": ["2.png", "1.png", "8.png"]},
        "1 changed (first: 2.png), 1 in another class (first: 1.png, was 'cat', is 'dog'), "
        "1 missing (first: '3.png'), 1 new (first: 8.png)",
    ),
}


@pytest.mark.parametrize(("now", "words"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_difference_is_told(now, words):
    saved = by_hand((1, "train"), (2, "val"), (3, "test"))
    assert Match.of(saved, pictures(**now)).difference() == words


def test_only_new_contents_need_groups():
    saved = by_hand((1, "train"), (2, "val"), (3, "test"))
    needs = {name: Match.of(saved, pictures(**now)).has_new for name, (now, _) in DIFFERENCES.items()}
    assert needs == {"new": True, "missing": False, "changed": True, "relabelled": False, "copied": True, "all": True}


# ---- new images


def test_known_images_keep_their_parts_and_new_ones_bring_each_nearer():
    before, after = pictures(np.arange(40)), pictures(np.arange(100))
    saved = split(before)
    found = sides(saved, after, np.arange(100))
    np.testing.assert_array_equal(found[:40], sides(saved, before))
    assert [np.count_nonzero(found == part) for part in PARTS] == [60, 20, 20]


def test_part_that_has_more_than_its_share_gets_nothing():
    saved = by_hand(*((k, "test") for k in range(10)), (10, "val"), (11, "train"))
    found = sides(saved, pictures(np.arange(30)), np.arange(30))
    assert [np.count_nonzero(found == part) for part in PARTS] == [14, 6, 10]


def test_new_class_gets_its_share_and_one_too_small_is_named():
    saved = split(pictures(np.arange(20)))
    found = sides(saved, pictures(np.arange(30), ["cat"] * 20 + ["dog"] * 10), np.arange(30))
    assert [np.count_nonzero(found[20:] == part) for part in PARTS] == [6, 2, 2]
    with pytest.raises(DataError, match="class 'dog' has 2 different images, too few"):
        sides(saved, pictures(np.arange(22), ["cat"] * 20 + ["dog"] * 2), np.arange(22))


def test_new_class_falls_where_the_same_seed_puts_it():
    saved = split(pictures(np.arange(20)))
    found = sides(saved, pictures(np.arange(60), ["cat"] * 20 + ["dog"] * 40), np.arange(60))
    alone = assign_parts(pictures(np.arange(20, 60)), RECIPE.val, RECIPE.test, RECIPE.seed)
    for part in PARTS:
        np.testing.assert_array_equal(np.flatnonzero(found[20:] == part), alone[part])


def test_class_that_is_in_every_part_is_never_too_small():
    saved = by_hand((1, "train"), (2, "val"), (3, "test"), recipe=Recipe(0, 0.1, 0.1, None))
    assert sides(saved, pictures([1, 2, 3, 4]), np.arange(4)).tolist() == ["train", "val", "test", "train"]


def test_class_that_a_part_has_lost_is_given_to_it_again():
    saved = by_hand(*((k, "train") for k in range(10)), (10, "val"), (11, "test"))
    found = sides(saved, pictures([*range(11), 50]), np.arange(12))
    assert found[11] == "test"


def test_new_image_follows_what_it_is_never_separated_from():
    saved = by_hand((1, "train"), (2, "val"), (3, "test", 7), (4, "test", 7))
    table = pictures([1, 2, 3, 4, 20, 21, 22], paths=["1", "2", "3", "4", "a", "b", "c"])
    for known, part in enumerate(["train", "val", "test", "test"]):
        groups = np.arange(7)
        groups[4] = groups[known]
        groups[5] = groups[4]  # through a chain
        assert sides(saved, table, groups)[4:6].tolist() == [part, part]


def test_new_copy_follows_its_twin():
    saved = by_hand((1, "train"), (2, "val"), (3, "test"))
    table = pictures([1, 2, 3, 3, 2, 1], paths=list("abcdef"))
    assert sides(saved, table, np.arange(6)).tolist() == ["train", "val", "test", "test", "val", "train"]


def test_saved_groups_hold_where_they_are_not_found_again():
    saved = by_hand((1, "train", 5), (2, "train", 5), (3, "test"))
    _, groups = known_parts(Match.of(saved, pictures([1, 2, 3, 4])), np.arange(4))
    assert groups.tolist() == [0, 0, 2, 3]


def test_changed_image_stays_in_the_part_of_its_path():
    saved = by_hand((1, "train"), (2, "val"), (3, "test"))
    paths = ["1.png", "2.png", "3.png"]
    assert sides(saved, pictures([7, 8, 9], paths=paths), np.arange(3)).tolist() == ["train", "val", "test"]


def test_image_changed_to_a_copy_of_another_follows_that():
    saved = by_hand((1, "train"), (2, "val"), (3, "test"))
    table = pictures([3, 2, 3], paths=["1.png", "2.png", "3.png"])
    assert sides(saved, table, np.arange(3)).tolist() == ["test", "val", "test"]


def test_image_changed_to_a_copy_of_what_was_left_out_stays():
    saved = by_hand((1, "train"), (2, None), (3, "test"))
    table = pictures([2, 2, 3], paths=["1.png", "2.png", "3.png"])
    assert sides(saved, table, np.arange(3)).tolist() == ["train", "out", "test"]


def test_relabelled_image_keeps_its_part():
    saved = by_hand((1, "train"), (2, "val"), (3, "test"))
    table = pictures([1, 2, 3], ["dog", "dog", "dog"])
    assert sides(saved, table).tolist() == ["train", "val", "test"]


def test_new_image_that_joins_two_parts_is_a_leak_that_names_both():
    saved = by_hand((1, "train"), (2, "val"), (3, "test"))
    with pytest.raises(LeakError, match=r"4\.png is new and belongs with 1\.png \(train\) and 3\.png \(test\), which"):
        sides(saved, pictures([1, 2, 3, 4]), [0, 1, 0, 0])
    with pytest.raises(LeakError, match=r"arrays: 1\.png \(train\) and 2\.png \(val\) belong together, which"):
        sides(saved, pictures([1, 2, 3, 4]), [0, 0, 0, 2])


def test_new_image_may_join_two_groups_of_one_part():
    saved = by_hand((1, "train"), (2, "train"), (3, "test"))
    assert sides(saved, pictures([1, 2, 3, 4]), [0, 0, 1, 0]).tolist() == ["train", "train", "test", "train"]


@st.composite
def growth(draw):
    """Groups of a dataset, of what it becomes, and whether images went."""
    groups = np.array(draw(st.lists(st.integers(0, 30), min_size=25, max_size=60)))
    return groups, draw(st.integers(15, len(groups))), draw(st.sets(st.integers(0, 14), max_size=5))


@given(growth(), st.randoms())
def test_growing_leaves_every_known_image_alone(data, random):
    groups, n, gone = data
    try:
        saved = split(pictures(np.arange(n)), groups[:n])
    except DataError:
        return
    values = np.array([k for k in range(len(groups)) if k not in gone])
    found = sides(saved, pictures(values), groups[values])
    before = part_of(saved)
    for value, part, digest in zip(values, found, (d.tobytes().hex() for d in pictures(values).digests), strict=True):
        assert part == before.get(digest, part), value
    for group in set(groups[values]):
        assert len(set(found[groups[values] == group])) == 1
    order = np.array(random.sample(range(len(values)), len(values)))
    np.testing.assert_array_equal(sides(saved, pictures(values[order]), groups[values[order]]), found[order])


def test_growing_twice_and_saving_between_keeps_all(tmp_path):
    saved, seen = saved_as(tmp_path / "split.json", pictures(np.arange(30))), {}
    for n in (45, 80):
        table = pictures(np.arange(n))
        parts, groups = known_parts(Match.of(saved, table), np.arange(n))
        SavedSplit.of(table, parts, groups, saved.recipe).save(tmp_path / "split.json")
        saved = SavedSplit.load(tmp_path / "split.json")
        assert part_of(saved).items() >= seen.items()
        seen = part_of(saved)
    assert sorted(part_of(saved).values()) == ["test"] * 16 + ["train"] * 48 + ["val"] * 16


# ---- given parts


def test_new_image_lies_where_the_source_puts_it():
    saved = by_hand((1, "train"), (2, "test"), recipe=Recipe(0, None, None, "auto"))
    table = pictures([1, 2, 3, 4, 5], parts=["test", "test", "train", "val", "test"])
    assert sides(saved, table, np.arange(5)).tolist() == ["train", "test", "train", "val", "test"]


def test_only_the_training_part_is_cut():
    recipe = Recipe(0, 0.25, None, "auto")
    saved = by_hand(*((k, "train") for k in range(6)), (6, "val"), (7, "val"), (8, "test"), recipe=recipe)
    table = pictures(np.arange(20), parts=["train"] * 8 + ["test"] + ["train"] * 8 + ["test"] * 3)
    found = sides(saved, table, np.arange(20))
    assert [np.count_nonzero(found == part) for part in PARTS] == [12, 4, 4]  # a quarter of 16
    assert set(found[17:]) == {"test"}


def test_given_part_of_a_new_copy_may_not_contradict():
    saved = by_hand((1, "train"), (2, "test"), recipe=Recipe(0, None, None, "auto"))
    table = pictures([1, 2, 2], paths=["train/1", "test/2", "train/2"], parts=["train", "test", "train"])
    with pytest.raises(LeakError, match=r"test/2 \(test\) and train/2 \(train\) belong together"):
        sides(saved, table, np.arange(3))


def test_without_given_parts_new_images_of_a_given_split_are_for_training():
    saved = by_hand((1, "train"), (2, "test"), recipe=Recipe(0, None, None, "auto"))
    assert sides(saved, pictures([1, 2, 3]), np.arange(3)).tolist() == ["train", "test", "train"]
