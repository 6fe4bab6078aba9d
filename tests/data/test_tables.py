"""Tables of images: CSV, TSV, Parquet, and pandas and polars frames."""

import os
import sys
from pathlib import Path
from shutil import make_archive
from zipfile import ZipFile

import numpy as np
import pytest

import augury as ag
from augury.data.formats.rows import COLUMNS, ordered
from augury.data.formats.tables import from_frame
from augury.data.opening import open_path
from augury.errors import DataError, DecodeError, MissingExtraError
from sources import fill, named_labels, one_line, pack, png, refused

NAMES = ["a/0.png", "b/1.png", "a/2.png", "3.png"]
ROWS = "path,label\na/0.png,cat\nb/1.png,dog\na/2.png,cat\n3.png,dog\n"


def written(root, text, name="labels.csv", names=NAMES):
    """Images and a table beside them; the table's path."""
    fill(root, names)
    path = root / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# ---- a table by its own path


def test_csv_gives_paths_and_labels_in_the_order_of_its_rows(tmp_path):
    table = open_path(written(tmp_path, ROWS))
    assert table.root == str(tmp_path)
    assert table.paths == tuple(NAMES)
    assert named_labels(table) == ["cat", "dog", "cat", "dog"]
    assert [table.read(i) for i in range(4)] == [png(i) for i in range(4)]
    assert table.decode(3)[0, 0, 0] == 3
    assert (table.groups, table.parts) == (None, None)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (ROWS.replace(",", ";"), "labels.csv"),
        (ROWS.replace(",", "\t"), "labels.csv"),
        (ROWS.replace(",", "\t"), "labels.tsv"),
        (ROWS.replace("\n", "\r\n"), "labels.csv"),
        ("\ufeff" + ROWS, "LABELS.CSV"),
        (ROWS.replace("\n", "\n\n").rstrip(), "labels.csv"),
        (ROWS.replace("cat", '"cat"'), "labels.csv"),
        (ROWS.replace(",", " , "), "labels.csv"),
        (ROWS.replace("/", "\\").replace("3.png", "./3.png"), "labels.csv"),
    ],
)
def test_csv_is_read_as_tools_write_it(tmp_path, text, name):
    table = open_path(written(tmp_path, text, name))
    assert (table.paths, named_labels(table)) == (tuple(NAMES), ["cat", "dog", "cat", "dog"])


@pytest.mark.parametrize("path", COLUMNS["path"])
@pytest.mark.parametrize("label", COLUMNS["label"])
def test_columns_go_by_several_names(tmp_path, path, label):
    text = ROWS.replace("path,label", f"{path.upper()},{label.title()}")
    assert len(open_path(written(tmp_path, text))) == 4


@pytest.mark.parametrize("part", COLUMNS["part"])
def test_groups_and_parts_come_from_columns_and_others_are_left_alone(tmp_path, part):
    text = f"id,{part},Group,label,file\n7,train,s1,cat,a/0.png\n8,Valid,s2,cat,b/1.png\n9,testing,s1,cat,a/2.png\n"
    table = open_path(written(tmp_path, text))
    np.testing.assert_array_equal(table.groups, np.array([0, 1, 0]), strict=True)
    np.testing.assert_array_equal(table.parts, np.array([0, 1, 2], np.int8), strict=True)


def test_rows_that_are_all_for_training_are_not_divided(tmp_path):
    assert open_path(written(tmp_path, "path,label,split\na/0.png,cat,train\n")).parts is None


def test_whole_numbers_are_classes_in_their_order(tmp_path):
    text = "path,label\na/0.png,10\nb/1.png,9\na/2.png,-1\n3.png,9\n"
    table = open_path(written(tmp_path, text))
    assert table.classes == ("-1", "9", "10")
    np.testing.assert_array_equal(table.labels, np.array([2, 1, 0, 1]), strict=True)


def test_numbers_are_ordered_by_value():
    labels, classes = ordered(["100", "9", "10", "9"])
    assert (labels.tolist(), classes) == ([2, 0, 1, 0], ("9", "10", "100"))


def test_numbers_among_names_are_names():
    assert ordered(["10", "9", "x"])[1] == ("10", "9", "x")
    assert ordered(["1" * 19, "2"])[1] == ("1" * 19, "2")
    assert ordered(["01", "1"])[1] == ("01", "1")


def test_table_by_its_own_path_decides_alone(tmp_path):
    path = written(tmp_path, "path,label\na/0.png,cat\n")
    (tmp_path / "notes.txt").touch()
    assert open_path(path).paths == ("a/0.png",)


def test_table_by_its_own_path_may_point_elsewhere(tmp_path):
    fill(tmp_path / "far", ["x.png", "y.png"])
    text = f"path,label\n{tmp_path}/far/x.png,cat\n../far/y.png,dog\na/2.png,dog\n"
    table = open_path(written(tmp_path / "here", text))
    assert table.paths == (f"{tmp_path}/far/x.png", "../far/y.png", "a/2.png")
    assert [table.read(i) for i in range(3)] == [png(0), png(1), png(2)]
    (tmp_path / "far" / "x.png").write_bytes(b"")
    with pytest.raises(DecodeError, match=rf"^{tmp_path}/far/x\.png: is empty"):
        table.decode(0)


@pytest.mark.parametrize("again", ["a/0.png", "./a/0.png", "b/../a/0.png", "a//0.png", "a\\0.png", "{root}/a/0.png"])
def test_path_twice_is_an_error_however_it_is_written(tmp_path, again):
    text = ROWS + again.format(root=tmp_path) + ",dog\n"
    refused(written(tmp_path, text), r"labels\.csv, line 6: .* is listed already \(.*labels\.csv, line 2\)")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ROWS + "b/9.png,dog\n", r"line 6: there is no file 'b/9\.png' in .*; correct the row, or add the file"),
        (ROWS + "b,dog\n", r"line 6: 'b' does not end like an image"),
        (ROWS + "notes.txt,dog\n", "line 6: 'notes.txt' does not end like an image"),
        (ROWS + "b/9.png,\n", "line 6: there is no file"),
        (ROWS.replace("png,dog", "png, ", 1), "line 3: the label is empty; add it"),
        (ROWS + ",dog\n", "line 6: the path is empty; add it"),
        (ROWS + "x.png,dog,more\n", "line 6: has 3 fields, the first line 2; correct it"),
        (ROWS + "x.png\n", "line 6: has 1 fields, the first line 2"),
        (ROWS + '"x.png,dog\n', r"line \d: is not valid CSV"),
        (ROWS + '"x"y.png,dog\n', "line 6: is not valid CSV"),
        ('path,label\n\n"a/0\n.png",cat\n', r"line 4: the name 'a/0\\n\.png' holds a control character"),
        (ROWS.replace("dog", "d\x00g"), "line 3: the name 'd.x00g' holds a control character"),
        (ROWS.encode("utf-16"), "labels.csv: is not UTF-8 text; save it as CSV in UTF-8"),
        (b"path,label\na/0.png,caf\xe9\n", "labels.csv: is not UTF-8 text"),
        ("", "labels.csv: no column is the path"),
        ("path,label\n", r"labels\.csv: lists no images; add some"),
        ("a/0.png,cat\nb/1.png,dog\n", r"no column is the path \(path, file, .*\) among 'a/0\.png', 'cat'"),
        ("path,name\na/0.png,cat\n", r"no column is the label \(label, class, .*\) among 'path', 'name'; rename"),
        ("path,image,label\n", "columns 'path', 'image' could each be the path; rename all but one"),
        ("path,Label,LABEL\n", "columns 'Label', 'LABEL' could each be the label"),
        ("path,label,set,split\n", "columns 'set', 'split' could each be the part"),
        ("path,label,part\na/0.png,cat,holdout\n", "line 2: 'holdout' is no part; expected one of train, training"),
        ("path,label,part\na/0.png,cat,\n", "line 2: the part is empty"),
        ("path,label,group\na/0.png,cat,\n", "line 2: the group is empty"),
        (
            "path,label,part\na/0.png,cat,train\n3.png,emu,test\n",
            r"labels\.csv: class 'emu' is in test but has no training images",
        ),
        ("path,label\na/0.png,cat\n3.png,dog\n", r"labels\.csv: one class per file"),
    ],
)
def test_faults_of_a_table_are_one_line_that_names_the_row(tmp_path, text, message):
    refused(written(tmp_path, text), message)


def test_image_that_vanished_is_an_error_when_read(tmp_path):
    table = open_path(written(tmp_path, ROWS))
    (tmp_path / "3.png").unlink()
    with pytest.raises(DecodeError, match=r"/3\.png: cannot be read"):
        table.decode(3)


def test_a_pipe_in_a_table_is_an_error_when_read(tmp_path):
    path = written(tmp_path, ROWS + "pipe.png,dog\n")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(DecodeError, match=r"pipe\.png: cannot be read \(not a regular file\)"):
        open_path(path).read(4)


# ---- a table with its images in a folder or zip


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("wrapper", ["", "export/"])
def test_table_beside_its_images_is_found(tmp_path, packed, wrapper):
    written(tmp_path / "a", ROWS, f"{wrapper}labels.csv", [wrapper + name for name in NAMES])
    path = tmp_path / "a"
    if packed:
        path = Path(make_archive(str(tmp_path / "b"), "zip", path))
    table = open_path(path)
    assert (table.paths, named_labels(table)) == (tuple(NAMES), ["cat", "dog", "cat", "dog"])
    assert table.root == f"{path}/{wrapper}".rstrip("/")
    assert table.read(2) == png(2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ROWS.replace("3.png,dog\n", ""), r"1 images are not in the table \(first: 3\.png\); add them or move them$"),
        (ROWS + "../x.png,dog\n", r"labels\.csv, line 6: '\.\./x\.png' points outside"),
        (ROWS + "a/../../x.png,dog\n", "line 6: .* points outside"),
        (ROWS + "/etc/x.png,dog\n", "line 6: '/etc/x.png' points outside"),
        (ROWS + "C:/x.png,dog\n", "line 6: 'C:/x.png' points outside"),
        (ROWS + "gone.png,dog\n", "line 6: there is no file 'gone.png'"),
        ("a,b\n", "labels.csv: no column is the path .*or move the table out if it is something else"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_faults_of_a_table_beside_its_images_are_one_line(tmp_path, text, message, packed):
    if packed:
        pack(tmp_path / "a.zip", NAMES)
        with ZipFile(tmp_path / "a.zip", "a") as archive:
            archive.writestr("labels.csv", text)
        refused(tmp_path / "a.zip", message)
    else:
        refused(written(tmp_path, text).parent, message)


def test_two_tables_are_an_error_that_names_both(tmp_path):
    written(tmp_path, ROWS)
    (tmp_path / "train.tsv").touch()
    refused(tmp_path, r"holds 2 tables \(labels\.csv, train\.tsv\); open one by its own path")


def test_other_files_beside_a_table_are_an_error(tmp_path):
    written(tmp_path, ROWS)
    (tmp_path / "a" / "notes.txt").touch()
    refused(tmp_path, r"1 files are no images .*: a/notes\.txt")


# ---- Parquet


def parquet(place, columns):
    pa = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    from pyarrow.parquet import write_table

    write_table(pa.table(columns), place)
    return place


def test_parquet_is_read(tmp_path):
    fill(tmp_path, NAMES)
    columns = {"FILE": NAMES, "split": ["train"] * 3 + ["val"], "label": [10, 9, 10, 9], "x": [[1]] * 4}
    path = parquet(tmp_path / "l.parquet", columns)
    for table in (open_path(path), open_path(tmp_path)):
        assert (table.paths, named_labels(table)) == (tuple(NAMES), ["10", "9", "10", "9"])
        assert table.classes == ("9", "10")
        assert table.parts.tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"path": ["a/0.png", None], "label": ["x", "y"]}, r"l\.parquet, row 1: the path is missing"),
        ({"path": ["a/0.png", "3.png"], "label": ["x", None]}, "row 1: the label is missing"),
        ({"path": ["a/0.png", "3.png"], "label": [0.5, 1.5]}, "row 0: the label is 0.5; expected text or a whole"),
        ({"image": [{"bytes": b"x", "path": "y"}], "label": [0]}, "path column 'image' holds .*ag.from_huggingface"),
    ],
)
def test_faults_of_parquet_are_one_line(tmp_path, columns, message):
    fill(tmp_path, NAMES)
    refused(parquet(tmp_path / "l.parquet", columns), message)


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" * 100])
def test_broken_parquet_is_one_line(tmp_path, data):
    pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")
    (tmp_path / "l.parquet").write_bytes(data)
    refused(tmp_path / "l.parquet", r"l\.parquet: is not a readable Parquet file")


def test_parquet_of_too_many_rows_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr("augury.data.formats.tables._MOST_ROWS", 3)
    refused(parquet(tmp_path / "l.parquet", {"path": NAMES, "label": [0] * 4}), "has 4 rows, more than 3")


def test_parquet_without_pyarrow_names_the_extra(tmp_path, monkeypatch):
    (tmp_path / "l.parquet").touch()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError) as caught:
        open_path(tmp_path / "l.parquet")
    one_line(caught, r'Parquet needs pyarrow; pip install "augury\[tables\]"')


# ---- frames


@pytest.fixture(params=["pandas", "polars"])
def frame_of(request):
    """Make a frame of columns."""
    return pytest.importorskip(request.param, reason=f"frames of {request.param}").DataFrame


def test_frame_says_what_the_table_says(tmp_path, frame_of):
    frame = frame_of({"Filename": NAMES, "target": ["cat", "dog", "cat", "dog"], "set": ["train"] * 3 + ["test"]})
    fill(tmp_path, NAMES)
    table = from_frame(frame, tmp_path)
    assert (table.paths, named_labels(table)) == (tuple(NAMES), ["cat", "dog", "cat", "dog"])
    assert table.parts.tolist() == [0, 0, 0, 2]
    assert table.read(3) == png(3)


def test_frame_of_numbers(tmp_path, frame_of):
    fill(tmp_path, NAMES)
    table = from_frame(frame_of({"path": NAMES, "label": [10, 9, 10, 9], "group": [5, 5, 7, 7]}), tmp_path)
    assert (table.classes, table.labels.tolist()) == (("9", "10"), [1, 0, 1, 0])
    assert table.groups.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_missing_labels_are_named(tmp_path, frame_of, missing):
    fill(tmp_path, NAMES)
    with pytest.raises(DataError) as caught:
        from_frame(frame_of({"path": NAMES, "label": [1.0, 0.0, missing, 1.0]}), tmp_path)
    one_line(caught, r"^frame, row 2: the label is missing; add it$")


def test_pandas_says_missing_in_several_ways(tmp_path):
    pd = pytest.importorskip("pandas", reason="frames of pandas")
    fill(tmp_path, NAMES)
    for kind in ("string", "Int64", "category", object):
        labels = pd.Series([1, None, 1, 0], dtype="Int64").astype(kind)
        with pytest.raises(DataError, match="frame, row 1: the label is missing"):
            from_frame(pd.DataFrame({"path": NAMES, "label": labels}), tmp_path)


def test_pandas_kinds_of_labels(tmp_path):
    pd = pytest.importorskip("pandas", reason="frames of pandas")
    fill(tmp_path, NAMES)
    paths = [tmp_path / name for name in NAMES]
    for labels, classes in [
        (pd.Categorical(["b", "a", "b", "a"]), ("a", "b")),
        ([True, False, True, False], ("False", "True")),
        ([1.0, 0.0, 1.0, 0.0], ("0", "1")),
        (np.array([300, 2, 300, 2], np.uint16), ("2", "300")),
    ]:
        table = from_frame(pd.DataFrame({"path": paths, "label": labels}, index=[9, 8, 7, 6]))
        assert (table.classes, table.labels.tolist()) == (classes, [1, 0, 1, 0])


@pytest.mark.parametrize("other", [7, "labels.csv", {"path": []}, None, [1, 2]])
def test_other_things_are_no_frames(other):
    with pytest.raises(DataError) as caught:
        from_frame(other)
    one_line(caught, rf"^frame: {type(other).__name__} is no pandas or polars DataFrame")


def test_lazy_frame_says_collect():
    pl = pytest.importorskip("polars", reason="frames of polars")
    with pytest.raises(DataError, match="LazyFrame: collect it first"):
        from_frame(pl.DataFrame({"path": ["a"], "label": ["b"]}).lazy())


def test_public_face(tmp_path, frame_of):
    fill(tmp_path, NAMES)
    data = ag.from_frame(frame_of({"path": NAMES, "label": ["cat", "dog", "cat", "dog"]}), root=tmp_path)
    assert (len(data), data.classes, data.spec.shape) == (4, ("cat", "dog"), (4, 5, 1))
    assert len(next(iter(data.stream())).label) == 4
