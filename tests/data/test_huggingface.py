"""Datasets of Hugging Face, built in memory."""

import os

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"

import sys

import cv2
import numpy as np
import pytest

import augury as ag
from augury.data.formats.huggingface import from_huggingface
from augury.errors import DataError, DecodeError, MissingExtraError
from sources import named_labels, one_line, png

CLASSES = ["dog", "cat"]


@pytest.fixture
def hf():
    return pytest.importorskip("datasets", reason="pip install augury[huggingface]")


def made(hf, labels, first=0, kind=None, **columns):
    """A dataset whose image i is gray of value first + i."""
    pictures = [{"bytes": png(first + i), "path": None} for i in range(len(labels))]
    features = {"image": hf.Image(), "label": kind or hf.ClassLabel(names=CLASSES)}
    features |= {name: hf.Value("string") for name in columns}
    return hf.Dataset.from_dict({"image": pictures, "label": labels, **columns}, features=hf.Features(features))


def refused(message, *args, **options):
    with pytest.raises(DataError) as caught:
        from_huggingface(*args, **options)
    one_line(caught, message)


def test_dataset_is_read(hf):
    table = from_huggingface(made(hf, [0, 1, 1]))
    assert (table.root, table.paths) == ("huggingface", ("row 0", "row 1", "row 2"))
    assert (table.classes, table.labels.tolist(), table.parts, table.groups) == (("dog", "cat"), [0, 1, 1], None, None)
    assert table.labels.dtype == np.int64
    assert table.read(2) == png(2)
    np.testing.assert_array_equal(table.decode(2), np.full((4, 5, 1), 2, np.uint8), strict=True)


def test_nothing_is_decoded_at_opening(hf, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("decoded")

    dataset = made(hf, [0, 1])
    monkeypatch.setattr(hf.Image, "decode_example", refuse)
    monkeypatch.setattr(cv2, "imdecodeWithMetadata", refuse)
    assert from_huggingface(dataset).read(1) == png(1)


def test_keys_of_a_dict_are_the_parts(hf):
    parts = hf.DatasetDict({"test": made(hf, [1], 10), "train": made(hf, [0, 1]), "validation": made(hf, [0], 20)})
    table = from_huggingface(parts)
    assert table.paths == ("train row 0", "train row 1", "val row 0", "test row 0")
    assert table.parts.tolist() == [0, 0, 1, 2]
    assert table.parts.dtype == np.int8
    assert named_labels(table) == ["dog", "cat", "dog", "cat"]
    assert [table.decode(i)[0, 0, 0] for i in range(4)] == [0, 1, 20, 10]
    assert table.where(3) == "huggingface/test row 0"


def test_dict_of_one_is_not_divided(hf):
    table = from_huggingface(hf.DatasetDict({"train": made(hf, [0, 1])}))
    assert (table.paths, table.parts) == (("row 0", "row 1"), None)


@pytest.mark.parametrize(
    ("kind", "labels", "classes"),
    [("string", ["b", "a", "b"], ("a", "b")), ("int64", [10, 9, 10], ("9", "10"))],
)
def test_labels_without_names(hf, kind, labels, classes):
    table = from_huggingface(made(hf, labels, kind=hf.Value(kind)))
    assert (table.classes, table.labels.tolist()) == (classes, [1, 0, 1])


def test_columns_may_be_named_and_groups_given(hf):
    dataset = made(hf, [0, 1, 1], patient=["p2", "p1", "p2"]).rename_columns({"image": "img", "label": "fine"})
    table = from_huggingface(dataset, image="img", label="fine", group="patient")
    np.testing.assert_array_equal(table.groups, np.array([1, 0, 1]), strict=True)
    assert table.read(1) == png(1)


def test_shuffled_and_formatted_views_are_followed(hf):
    dataset = made(hf, [0, 1, 0, 1]).select([3, 0, 2]).with_format("numpy")
    table = from_huggingface(dataset)
    assert table.labels.tolist() == [1, 0, 0]
    assert [table.read(i) for i in range(3)] == [png(3), png(0), png(2)]
    assert dataset.features["image"].decode  # the caller's dataset is as it was


def test_images_by_path_are_read_from_disk(hf, tmp_path):
    (tmp_path / "a.png").write_bytes(png(9))
    paths = [str(tmp_path / "a.png"), str(tmp_path / "gone.png")]
    dataset = hf.Dataset.from_dict({"image": paths, "label": ["a", "a"]}).cast_column("image", hf.Image())
    table = from_huggingface(dataset)
    assert table.read(0) == png(9)
    with pytest.raises(DecodeError) as caught:
        table.read(1)
    one_line(caught, rf"^huggingface/row 1: {tmp_path}/gone\.png: cannot be read")


def test_row_without_an_image_is_an_error_when_read(hf):
    dataset = hf.Dataset.from_dict(
        {"image": [None, {"bytes": b"text", "path": None}], "label": ["a", "a"]},
        features=hf.Features({"image": hf.Image(), "label": hf.Value("string")}),
    )
    table = from_huggingface(dataset)
    for row, reason in ((0, "holds neither bytes nor a path"), (1, "cannot be decoded")):
        with pytest.raises(DecodeError) as caught:
            table.decode(row)
        one_line(caught, f"^huggingface/row {row}: {reason}")


def test_faults_are_one_line(hf):
    good = made(hf, [0, 1])
    refused("there is no column 'picture' among image, label; name another", good, image="picture")
    refused("there is no column 'y'", good, label="y")
    refused("there is no column 'g'", good, group="g")
    refused("column 'label' is of type ClassLabel; cast it", good, image="label")
    refused("is empty", made(hf, []))
    refused("key 'extra' is no part", hf.DatasetDict({"train": good, "extra": good}))
    refused("key 'dev' is no part, or one that is there", hf.DatasetDict({"train": good, "val": good, "dev": good}))
    refused("class 'cat' is in test but has no training", hf.DatasetDict({"train": made(hf, [0, 0]), "test": good}))
    refused("^huggingface/row 1: the label is None; give it one of the 2 classes", made(hf, [0, None]))
    refused("^huggingface/row 1: the label is -1", made(hf, [0, -1]))
    refused("^huggingface/row 0: the label is missing", made(hf, [None, "a"], kind=hf.Value("string")))
    refused("^huggingface/row 0: the group is missing", made(hf, [0, 1], patient=[None, "a"]), group="patient")
    other = made(hf, [0, 0], kind=hf.ClassLabel(names=["x"]))
    refused("the parts differ in the names of their classes", hf.DatasetDict({"train": good, "test": other}))
    refused("IterableDataset is no datasets.Dataset or DatasetDict; load it without", good.to_iterable_dataset())
    refused("list is no datasets.Dataset", [1])


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError) as caught:
        from_huggingface([])
    one_line(caught, r'from_huggingface needs datasets; pip install "augury\[huggingface\]"')


def test_public_face(hf):
    data = ag.from_huggingface(made(hf, [0, 1, 0, 1]))
    assert (len(data), data.classes, data.spec.shape) == (4, ("dog", "cat"), (4, 5, 1))
    assert sorted(next(iter(data.stream())).image[:, 0, 0, 0].tolist()) == [0, 1, 2, 3]
