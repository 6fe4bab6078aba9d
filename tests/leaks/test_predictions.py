"""Predictions: whose they are is never guessed, and what is wrong with them is one line."""

import numpy as np
import pytest

from augury.data.formats.predictions import read_predictions
from augury.errors import DataError

PATHS = ["cat/1.png", "cat/2.png", "dog/3.png"]
CLASSES = ("cat", "dog")
GUESSES = ["cat", "dog", "dog"]


def csv_file(tmp_path, text, encoding="utf-8", name="p.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def refused(predictions, message, paths=PATHS):
    with pytest.raises(DataError, match=message) as caught:
        read_predictions(predictions, paths, CLASSES)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 500


GOOD = {
    "plain": "path,predicted\ncat/1.png,cat\ncat/2.png,dog\ndog/3.png,dog\n",
    "other order and columns": "p,Prediction,n,FILENAME\n.9,dog,1,dog/3.png\n.8,cat,2,cat/1.png\n.7,dog,3,cat/2.png\n",
    "file names": "file,pred\n1.png,cat\n2.png,dog\n3.png,dog\n",
    "folders in front": "image,pred\n/home/me/test/cat/1.png,cat\n/home/me/test/cat/2.png,dog\ntest/dog/3.png,dog\n",
    "Windows": "path;predicted\r\nC:\\test\\cat\\1.png;cat\r\n.\\cat\\2.png; dog \r\ndog\\3.png;dog\r\n",
    "tabs": "path\tpredicted\ncat/1.png\tcat\ncat/2.png\tdog\ndog/3.png\tdog",
    "quotes and blank lines": '"path","predicted"\n"cat/1.png","cat"\n\n"cat/2.png","dog"\n"dog/3.png","dog"\n\n',
    "further images": "path,predicted\ncat/1.png,cat\ncat/2.png,dog\ndog/3.png,dog\nbird/9.png,bird\nbird/8.png,\n",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_table_is_read(tmp_path, text, encoding):
    assert read_predictions(csv_file(tmp_path, text, encoding), PATHS, CLASSES) == GUESSES


def test_a_mapping_is_read_and_classes_may_be_numbers():
    given = {"cat/1.png": "cat", "2.png": np.str_("dog"), "x/dog/3.png": "dog"}
    assert read_predictions(given, PATHS, CLASSES) == GUESSES
    assert read_predictions({"a.png": np.int64(7), "b.png": 9.0}, ["a.png", "b.png"], ("7", "9")) == ["7", "9"]


def test_names_with_commas_quotes_lines_and_other_scripts_survive(tmp_path):
    paths = ['a,"b".png', "zwei\nZeilen.png", "日本.png"]
    text = 'path,predicted\n"a,""b"".png","c,1"\n"zwei\nZeilen.png",é\n日本.png,"c,1"\n'
    assert read_predictions({paths[0]: "c,1", paths[1]: "é", paths[2]: "c,1"}, paths, ("c,1", "é")) == [
        "c,1",
        "é",
        "c,1",
    ]
    kept = [paths[0], paths[2]]
    assert read_predictions(csv_file(tmp_path, text.replace("zwei\nZeilen", "x")), kept, ("c,1", "é")) == ["c,1", "c,1"]


def test_an_exact_path_wins_over_one_that_only_ends_alike():
    given = {"1.png": "dog", "cat/1.png": "cat", "x/cat/1.png": "dog"}
    assert read_predictions(given, ["cat/1.png"], CLASSES) == ["cat"]


def test_the_same_file_name_in_two_folders_is_never_guessed():
    refused(
        {"1.png": "cat"},
        r"1\.png could be cat/1\.png or dog/1\.png; give the dataset's paths",
        ["cat/1.png", "dog/1.png"],
    )
    refused({"a/1.png": "cat", "b/1.png": "dog"}, r"a/1\.png and b/1\.png could both be 1\.png", ["1.png"])
    refused({"dog/1.png": "dog"}, r"has no prediction for cat/1\.png", ["cat/1.png"])
    refused({"xcat/1.png": "dog"}, r"has no prediction for cat/1\.png", ["cat/1.png"])


ROWS = "cat/1.png,cat\ncat/2.png,dog\ndog/3.png,dog\n"
BAD = {
    "no column of paths": ("name,predicted\n" + ROWS, r"p\.csv: no column is the path \(path, file"),
    "no column of predictions": ("path,label\n" + ROWS, r"p\.csv: no column is the prediction \(predicted"),
    "two columns": ("path,pred,predicted\n", r"p\.csv: 2 columns could be the prediction"),
    "empty": ("", r"p\.csv: no column is the path"),
    "no rows": ("path,predicted\n", r"p\.csv: has no prediction for cat/1\.png; add a row for every test image"),
    "one missing": ("path,predicted\ncat/1.png,cat\ndog/3.png,dog\n", r"has no prediction for cat/2\.png"),
    "twice": (
        "path,predicted\n" + ROWS + "./cat//1.png,dog\n",
        r"line 5: './cat//1\.png' is there twice \(see .*line 2\)",
    ),
    "too many fields": ("path,predicted\ncat/1.png,cat,0.9\n", r"p\.csv, line 2: has 3 fields, the first line 2"),
    "too few fields": ("path,predicted\ncat/1.png\n", r"p\.csv, line 2: has 1 fields, the first line 2"),
    "no class": ("path,predicted\ncat/1.png,\n" + ROWS[14:], r"line 2: the predicted class is empty; add it"),
    "no path": ("path,predicted\n,cat\n", r"p\.csv, line 2: the path is empty; add it"),
    "unknown class": (
        "path,predicted\ncat/1.png,cow\n" + ROWS[14:],
        r"line 2: cat/1\.png is predicted as 'cow', which is none",
    ),
    "open quote": ('path,predicted\n"cat/1.png,cat\n', r"p\.csv, line 2: is not valid CSV"),
    "huge field": ("path,predicted\n" + "x" * 200_000 + ",cat\n", r"p\.csv, line 2: is not valid CSV \(field larger"),
    "control characters": (
        "path,predicted\na\x00b.png,cat\n",
        r"p\.csv, line 2: the name 'a\\x00b\.png' holds a control",
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_a_bad_table_is_one_line_that_names_the_place(tmp_path, text, message):
    refused(csv_file(tmp_path, text), message)


def test_a_file_that_is_no_text_or_not_there_is_one_line(tmp_path):
    (tmp_path / "p.csv").write_bytes(b"path,predicted\n\xff\xfe,cat\n")
    refused(tmp_path / "p.csv", r"p\.csv: is not UTF-8 text; save it as CSV in UTF-8")
    refused(tmp_path / "none.csv", r"none\.csv: cannot be read \(No such file or directory\)")
    refused(tmp_path, r"cannot be read \(not a regular file\)")


def test_a_prediction_in_a_mapping_that_is_no_class_is_named():
    refused({"cat/1.png": None}, r"predictions\['cat/1\.png'\]: the predicted class is missing", ["cat/1.png"])
    refused({"cat/1.png": [0.1, 0.9]}, "expected text or a whole number", ["cat/1.png"])
    refused({}, r"predictions: has no prediction for cat/1\.png")


def test_many_images_of_one_name_do_not_take_long():
    paths = [f"{k}/image.png" for k in range(20_000)]
    assert read_predictions({f"test/{path}": "cat" for path in paths}, paths, CLASSES) == ["cat"] * 20_000
