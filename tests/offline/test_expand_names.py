"""Names of an expansion: kept, numbered, and never two of one file."""

import os

import numpy as np
import pytest
from expansions import FLAT, FOLDERS, POLICY, contents, leftovers, opened, picture, rows, written

import augury as ag
from augury.api.expand import expand
from augury.errors import DataError
from sources import one_line


def refused(data, message, folder, views=1):
    before = leftovers(folder)
    with pytest.raises(DataError) as caught:
        expand(data, POLICY, views, folder / "out")
    one_line(caught, message)
    assert leftovers(folder) == before


def expanded(folder, names, views=1):
    """Names of the images that came of a dataset of these names, which opens again."""
    made = expand(opened(folder / "data", names), POLICY, views, folder / "out")
    again = ag.open(made.path)
    assert len(again) == len(names) * (views + 1)
    assert len(set(again.groups.tolist())) == len(names)
    return set(contents(made.path)) - set(names) - {"manifest.csv", "augury.json"}


def test_numbers_sort(tmp_path):
    made = expanded(tmp_path, FOLDERS, views=12)
    assert {name for name in made if name.startswith("cat/0")} == {f"cat/0_{k:02d}.png" for k in range(1, 13)}


def test_flat_names_keep_their_label_before_the_first_dot(tmp_path):
    assert "cat.0_1.png" in expanded(tmp_path, FLAT)


def test_two_formats_of_one_name_keep_their_extensions(tmp_path):
    made = expanded(tmp_path, ["cat/a.png", "cat/a.jpg", "cat/b.png", "dog/A.png", "dog/a.jpg", "dog/c.png"])
    assert {name for name in made if name.startswith("cat")} == {"cat/a.png_1.png", "cat/a.jpg_1.png", "cat/b_1.png"}
    assert {name for name in made if name.startswith("dog")} == {"dog/A.png_1.png", "dog/a.jpg_1.png", "dog/c_1.png"}


def test_names_that_end_like_views_move_all_views(tmp_path):
    made = expanded(tmp_path, ["cat/a.png", "cat/A_1.png", "dog/b.png", "dog/c.png"])
    assert made == {"cat/a_view_1.png", "cat/A_1_view_1.png", "dog/b_view_1.png", "dog/c_view_1.png"}


def test_numbers_of_another_length_are_in_nobodys_way(tmp_path):
    assert "cat/a_1.png" in expanded(tmp_path, ["cat/a.png", "cat/a_17.png", "dog/b.png", "dog/b_0.jpg"])


def test_an_expansion_can_be_expanded(tmp_path):
    first = expand(opened(tmp_path / "data"), POLICY, 1, tmp_path / "first")
    second = expand(ag.open(first.path), POLICY, 1, tmp_path / "second")
    again = ag.open(second.path)
    assert len(again) == 8 * 4
    assert len(set(again.groups.tolist())) == 8


def test_all_marks_taken_is_refused(tmp_path):
    names = [*FOLDERS, "cat/0_1.png", "cat/0_view_1.png", "cat/0_augury_view_1.png"]
    refused(opened(tmp_path / "data", names), "rename some", tmp_path)


def test_names_that_differ_by_case_are_refused(tmp_path):
    data = opened(tmp_path / "data", [*FOLDERS, "Cat/0.png", "Cat/9.png"])
    refused(data, "Cat/0.png and cat/0.png .* case", tmp_path)


def test_names_that_differ_by_how_accents_are_composed_are_refused(tmp_path):
    data = opened(tmp_path / "data", [*FOLDERS, "cat/\u00e9.png", "cat/e\u0301.png"])
    refused(data, "one file where case is ignored", tmp_path)


def test_a_folder_may_be_called_as_an_image_is_without_its_extension(tmp_path):
    pd = pytest.importorskip("pandas")
    names = ["a/0.png", "a.png", "b.png", "b/0.png"]
    written(tmp_path / "data", names)
    data = ag.from_frame(pd.DataFrame({"path": names, "label": ["c", "d"] * 2}), tmp_path / "data")
    made = expand(data, POLICY, 1, tmp_path / "out")
    assert {"a_1.png", "a/0_1.png"} < set(contents(made.path))
    (tmp_path / "data" / "a_1.png").mkdir()
    written(tmp_path / "data", ["a_1.png/0.png"])
    frame = pd.DataFrame({"path": [*names, "a_1.png/0.png"], "label": ["c", "d", "c", "d", "d"]})
    made = expand(ag.from_frame(frame, tmp_path / "data"), POLICY, 1, tmp_path / "other")
    assert {"a_view_1.png", "a_1.png/0_view_1.png"} < set(contents(made.path))


@pytest.mark.parametrize("label", ["猫", "a b'c\"d", "#1 %20&+,;", "=1+1", "Ünïcödé"])
def test_unusual_names_open_again(tmp_path, label):
    paths = [f"{label}/0.png", f"{label}/{label}.png", "dog/0.png", "dog/1.png"]
    assert f"{label}/{label}_1.png" in expanded(tmp_path, paths)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (f"cat/{'y' * 247}.png", "more than 240 bytes; shorten it"),
        ("cat /9.png", "begins or ends with a space"),
        ("cat\\x/9.png", "would not be read again"),
        ("c:/9.png", "would not be read again"),
        ("manifest.csv/9.png", "manifest.csv would be a folder and a file"),
    ],
)
def test_names_that_cannot_be_kept_are_refused(tmp_path, name, message):
    written(tmp_path / "data", [*FOLDERS, name])
    refused(ag.open(tmp_path / "data"), message, tmp_path)


@pytest.mark.parametrize("label", ["..", ".", "", "a/b", "a\\b", ".hidden", "a\nb", " a", "Thumbs.db", "manifest.csv"])
def test_classes_of_arrays_must_be_names_of_folders(tmp_path, label):
    images = np.stack([picture(k) for k in range(4)])
    data = ag.from_arrays(images, [0, 0, 1, 1], classes=[label, "b"])
    refused(data, "rename it|rename one|never|not be read", tmp_path)


def test_images_from_anywhere_are_put_below_the_folder_that_they_share(tmp_path):
    pd = pytest.importorskip("pandas")
    written(tmp_path, ["x/cat/0.png", "x/cat/1.png", "y/dog/0.png", "y/1.png"])
    paths = [str(tmp_path / "x/cat/0.png"), "cat/1.png", "../y/dog/0.png", "../y/1.png"]
    data = ag.from_frame(pd.DataFrame({"path": paths, "label": ["c", "c", "d", "d"]}), tmp_path / "x")
    made = expand(data, POLICY, 1, tmp_path / "out")
    assert {"x/cat/0_1.png", "x/cat/1_1.png", "y/dog/0_1.png", "y/1_1.png"} < set(contents(made.path))
    assert {row["source"] for row in rows(made.path)} == set(data.paths)
    again = ag.open(made.path)
    assert [again.classes[k] for k in again.labels] == ["c"] * 4 + ["d"] * 4


def test_the_working_folder_may_hold_the_result_of_a_frame(tmp_path, monkeypatch):
    pd = pytest.importorskip("pandas")
    monkeypatch.chdir(tmp_path)
    written(".", FOLDERS)
    data = ag.from_frame(pd.DataFrame({"path": FOLDERS, "label": ["c", "d"] * 4}))
    assert expand(data, POLICY, 1).path.name == "augmented"
    assert sorted(os.listdir()) == ["augmented", "cat", "dog"]
