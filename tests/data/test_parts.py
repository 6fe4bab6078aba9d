"""Given parts: folders called after them, and exports of Edge Impulse."""

import json

import numpy as np
import pytest

from augury.data.formats.parts import part_named
from augury.data.opening import open_path
from augury.data.table import PARTS
from sources import FLAT, FOLDERS, fill, named_labels, pack, png, refused


def divided(**names):
    """Paths below folders that are called after parts."""
    return [f"{part}/{name}" for part, own in names.items() for name in own]


def parts_of(table):
    return {path: PARTS[part] for path, part in zip(table.paths, table.parts, strict=True)}


# ---- folders


@pytest.mark.parametrize(
    ("train", "val", "test"),
    [
        ("train", "val", "test"),
        ("training", "validation", "testing"),
        ("Train", "VALID", "Test"),
        ("TRAINING", "dev", "Testing"),
    ],
)
@pytest.mark.parametrize("names", [FLAT, FOLDERS])
@pytest.mark.parametrize("packed", [False, True])
def test_parts_in_their_usual_spellings(tmp_path, train, val, test, names, packed):
    paths = divided(**{train: names, val: names, test: names})
    table = open_path(pack(tmp_path / "a.zip", paths) if packed else fill(tmp_path / "a", paths))
    assert table.paths == tuple(sorted(paths))
    assert table.parts.dtype == np.int8
    named = {train: "train", val: "val", test: "test"}
    assert parts_of(table) == {path: named[path.split("/")[0]] for path in paths}
    assert table.classes == ("cat", "dog")
    assert named_labels(table) == [path.split("/")[1][:3] for path in table.paths]


def test_images_of_parts_are_read_from_their_place(tmp_path):
    paths = divided(test=FOLDERS, train=FLAT)
    table = open_path(fill(tmp_path, paths))
    for i, path in enumerate(table.paths):
        assert table.read(i) == png(paths.index(path))
        assert table.decode(i)[0, 0, 0] == paths.index(path)


@pytest.mark.parametrize("other", ["val", "test"])
def test_two_parts_are_enough(tmp_path, other):
    table = open_path(fill(tmp_path, divided(train=FOLDERS, **{other: FOLDERS})))
    assert set(parts_of(table).values()) == {"train", other}


def test_parts_may_differ_in_how_labels_are_written(tmp_path):
    table = open_path(fill(tmp_path, divided(train=FOLDERS, test=FLAT)))
    assert named_labels(table) == ["cat"] * 3 + ["dog"] * 3 + ["cat"] * 3 + ["dog"] * 3


def test_parts_within_a_wrapper(tmp_path):
    names = [f"a/b/{name}" for name in divided(train=FOLDERS, test=FOLDERS)]
    table = open_path(fill(tmp_path, names))
    assert table.root == f"{tmp_path}/a/b"
    assert table.parts.tolist() == [2] * 6 + [0] * 6


def test_undivided_data_has_no_parts(tmp_path):
    assert open_path(fill(tmp_path, FOLDERS)).parts is None


def test_class_called_train_among_others_stays_a_class(tmp_path):
    table = open_path(fill(tmp_path, [f"{label}/{k}.png" for label in ("bus", "car", "train") for k in range(2)]))
    assert table.classes == ("bus", "car", "train")
    assert table.parts is None


def test_parts_without_training_are_classes(tmp_path):
    table = open_path(fill(tmp_path, [f"{label}/{k}.png" for label in ("val", "test") for k in range(2)]))
    assert (table.classes, table.parts) == (("test", "val"), None)


def test_training_alone_is_a_wrapper(tmp_path):
    table = open_path(fill(tmp_path, divided(train=FOLDERS)))
    assert (table.root, table.paths, table.parts) == (f"{tmp_path}/train", tuple(FOLDERS), None)


def test_class_missing_in_a_later_part_is_fine(tmp_path):
    fill(tmp_path, divided(train=FOLDERS, test=FOLDERS[:3]))
    (tmp_path / "test" / "dog").mkdir()
    assert open_path(tmp_path).classes == ("cat", "dog")


@pytest.mark.parametrize("part", ["val", "test"])
def test_class_missing_in_training_is_named(tmp_path, part):
    names = divided(train=FOLDERS, **{part: [*FOLDERS, "emu/0.png"]})
    refused(fill(tmp_path, names), rf"class 'emu' is in {part} but has no training images; add some, or remove it$")


def test_empty_class_folder_in_training_is_named(tmp_path):
    fill(tmp_path, divided(train=FOLDERS, test=FOLDERS))
    (tmp_path / "train" / "emu").mkdir()
    refused(tmp_path, "train/emu: class folder without images")


def test_part_without_images_is_named(tmp_path):
    fill(tmp_path, divided(train=FOLDERS))
    (tmp_path / "test").mkdir()
    refused(tmp_path, "test: is a part without images; add some, or remove the folder")


def test_part_under_two_names_is_an_error(tmp_path):
    names = divided(train=FOLDERS, val=FOLDERS, validation=FOLDERS)
    refused(fill(tmp_path, names), "val and validation are the same part")


def test_images_outside_the_parts_are_an_error(tmp_path):
    names = [*divided(train=FOLDERS, test=FOLDERS), "stray.png"]
    refused(fill(tmp_path, names), r"1 images lie outside the parts \(first: stray\.png\)")


def test_unlabelled_test_part_is_an_error_naming_it(tmp_path):
    refused(fill(tmp_path, divided(train=FOLDERS, test=["1.png", "2.png"])), r"/test: 2 of 2 names hold no label")


def test_other_files_among_parts_are_an_error(tmp_path):
    refused(fill(tmp_path, [*divided(train=FOLDERS, test=FOLDERS), "README.md"]), r"1 files are no images.*README\.md")


def test_part_names_are_exact():
    assert [part_named(name) for name in ("train", "dev", "TEST", "trains", "", "tests")] == [0, 1, 2, None, None, None]


# ---- Edge Impulse

EXPORT = ["training/cat.1.png", "training/dog.x.png", "training/cat.2.png", "testing/photo.7.png"]
LABELS = ["cat", "dog", "cat", "dog"]  # the last name says something else


def entry(path, label, category=None):
    category = category or path.split("/")[0]
    return {"path": path, "name": "n", "category": category, "label": {"type": "label", "label": label}}


def export(root, entries, ndjson=False):
    fill(root, EXPORT)
    lines = ['{"__ndjson":true,"version":1}', *(json.dumps({"__key": "files", "__item": e}) for e in entries)]
    text = "\n".join(lines) + "\n" if ndjson else json.dumps({"version": 1, "files": entries})
    (root / "info.labels").write_text(text)
    return root


@pytest.mark.parametrize("ndjson", [False, True])
def test_export_takes_labels_and_parts_from_its_list(tmp_path, ndjson):
    table = open_path(
        export(tmp_path, map(entry, EXPORT, LABELS) if ndjson else list(map(entry, EXPORT, LABELS)), ndjson)
    )
    assert table.paths == tuple(EXPORT)
    assert named_labels(table) == LABELS
    assert table.parts.tolist() == [0, 0, 0, 2]
    assert table.read(3) == png(3)


def test_export_without_a_list_is_given_parts(tmp_path):
    names = ["training/cat.1.png", "training/dog.x.png", "training/dog.y.png", "testing/dog.7.png"]
    table = open_path(fill(tmp_path, names))
    assert (named_labels(table), table.parts.tolist()) == (["dog", "cat", "dog", "dog"], [2, 0, 0, 0])


def test_export_that_is_still_to_be_divided_has_no_parts(tmp_path):
    entries = [entry(path, label, "split") for path, label in zip(EXPORT, LABELS, strict=True)]
    assert open_path(export(tmp_path, entries)).parts is None


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([entry(EXPORT[0], "cat")], r"3 images are not in the table \(first: testing/photo\.7\.png\)"),
        ([entry("training/gone.png", "cat")], r"info\.labels, file 0: there is no file 'training/gone\.png'"),
        ([entry("../cat.png", "cat")], r"file 0: '\.\./cat\.png' points outside"),
        ([entry(EXPORT[0], "cat", "post-processing")], "file 0: 'post-processing' is no part"),
        ([{**entry(EXPORT[0], "x"), "label": {"type": "unlabeled"}}], "cat.1.png': its label is of type 'unlabeled'"),
        ([{**entry(EXPORT[0], "x"), "label": {"type": "multi-label", "labels": []}}], "of type 'multi-label'"),
        ([{**entry(EXPORT[0], "x"), "label": None}], "its label is of type None"),
        ([{**entry(EXPORT[0], "x"), "boundingBoxes": [{}]}], "has bounding boxes; export the dataset as COCO"),
        ([{"path": 7}], "file 0: has no path"),
        ([[]], "file 0: has no path"),
        ([{"path": "training/cat.1.png", "label": {"type": "label", "label": "cat"}}], "has no category"),
        ({}, "'files' is no list"),
    ],
)
def test_faults_of_an_export_are_one_line(tmp_path, entries, message):
    refused(export(tmp_path, entries), message)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '{"__ndjson":true}\n[]', "[" * 100_000, "\udcff"])
def test_broken_list_of_an_export_is_one_line(tmp_path, text):
    export(tmp_path, [])
    (tmp_path / "info.labels").write_bytes(text.encode(errors="surrogateescape"))
    refused(tmp_path, r"info\.labels: is no valid list of files")
