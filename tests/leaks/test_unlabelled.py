"""Folders of images without classes."""

import pytest

import augury as ag
from augury.data.unlabelled import is_labelled, open_unlabelled
from sources import fill, named_labels, pack, refused

LOOSE = ["0001.png", "0002.png", "more/0003.png", "more/deep/0004.jpg"]


@pytest.mark.parametrize("make", [fill, pack])
def test_all_images_are_taken_in_whatever_depth(tmp_path, make):
    place = tmp_path / ("a.zip" if make is pack else "a")
    table = open_unlabelled(make(place, [*LOOSE, "notes.txt", ".hidden.png"]))
    assert list(table.paths) == LOOSE
    assert (table.classes, table.labels.tolist()) == (("",), [0] * 4)
    assert not is_labelled(table)
    assert table.decode(1)[0, 0, 0] == 1


def test_folder_names_are_classes_where_every_image_lies_in_one_of_several(tmp_path):
    table = open_unlabelled(fill(tmp_path, ["x/cat/1.png", "x/cat/2.png", "x/y/dog/1.png"]))
    assert named_labels(table) == ["cat", "cat", "dog"]
    assert is_labelled(table)


@pytest.mark.parametrize("names", [["images/1.png", "images/2.png"], ["a/1.png", "b/1.png"]])
def test_one_folder_for_all_or_for_each_is_no_class(tmp_path, names):
    assert not is_labelled(open_unlabelled(fill(tmp_path, names)))


def test_a_single_image_is_enough(tmp_path):
    assert len(open_unlabelled(fill(tmp_path, ["only.png"]))) == 1


def test_what_cannot_be_opened_is_one_line(tmp_path):
    refused(tmp_path / "nowhere", "nowhere: does not exist", open_unlabelled)
    refused(fill(tmp_path / "a", ["notes.txt"]), r"a: holds no images \(.*\) among its 1 files", open_unlabelled)
    refused(tmp_path / "a" / "notes.txt", "cannot be opened without labels; give a folder", open_unlabelled)
    (tmp_path / "b.zip").write_bytes(b"PK")
    refused(tmp_path / "b.zip", "is not a readable zip", open_unlabelled)
    refused("a\nb", "holds a control character", open_unlabelled)


def test_ag_open_takes_them_when_told(tmp_path):
    fill(tmp_path, LOOSE)
    with pytest.raises(ag.DataError):
        ag.open(tmp_path)
    data = ag.open(tmp_path, labelled=False)
    assert (data.paths, data.classes) == (LOOSE, ("",))
