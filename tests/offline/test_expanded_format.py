"""Opening what an expansion wrote, also when somebody worked on it."""

import json
import shutil

import pytest
from expansions import FLAT, FOLDERS, POLICY, opened

import augury as ag
from augury.api.expand import expand
from augury.data.opening import open_path
from sources import refused


@pytest.fixture
def result(tmp_path):
    return expand(opened(tmp_path / "data"), POLICY, 2, tmp_path / "out").path


@pytest.mark.parametrize("names", [FLAT, FOLDERS], ids=["flat", "folders"])
@pytest.mark.parametrize("end", ["", ".zip"])
def test_groups_and_classes_come_from_the_manifest(tmp_path, names, end):
    data = opened(tmp_path / "data", names)
    again = ag.open(expand(data, POLICY, 2, tmp_path / f"out{end}").path)
    assert again.classes == data.classes
    assert again.paths[:4] == [names[0], f"{names[0][:-4]}_1.png", f"{names[0][:-4]}_2.png", names[1]]
    assert again.groups.tolist() == [3 * (k // 3) for k in range(24)]
    assert again.labels.tolist() == [label for label in data.labels.tolist() for _ in range(3)]
    assert again._table.parts is None


def test_a_packed_or_wrapped_result_opens_as_well(tmp_path, result):
    (tmp_path / "above").mkdir()
    shutil.copytree(result, tmp_path / "above" / "out")
    shutil.make_archive(tmp_path / "all", "zip", tmp_path / "above")
    for path in (tmp_path / "above", tmp_path / "all.zip"):
        assert len(open_path(path)) == 24
        assert open_path(path).groups is not None


def test_images_and_manifest_must_agree(result):
    (result / "cat" / "0_1.png").rename(result / "cat" / "new.png")
    refused(result, r"manifest\.csv, line 3: there is no file 'cat/0_1\.png'")
    manifest = result / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("cat/0_1.png", "cat/new.png"))
    assert len(open_path(result)) == 24
    (result / "cat" / "more.png").write_bytes((result / "cat" / "0.png").read_bytes())
    refused(result, "1 images are not in the table")


def test_a_class_that_is_not_declared_is_refused(result):
    manifest = result / "manifest.csv"
    manifest.write_text(manifest.read_text().replace(",cat,", ",lion,"))
    refused(result, r"class 'lion' is not among those of augury\.json")


BROKEN = ["", "no", "[]", "{}", "3", "\ud800", "[" * 100_000]
BROKEN += [json.dumps({"classes": names}) for names in ("cat", [1], [], ["cat", "cat"], ["cat", "d\nog"])]


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_description_is_one_line(result, text):
    (result / "augury.json").write_bytes(text.encode(errors="surrogatepass"))
    refused(result, r"augury\.json: ")


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"a,b\n1,2\n", b'path,label\n"', b"path,label,group\ncat/0.png\n"])
def test_a_broken_manifest_is_one_line(result, data):
    (result / "manifest.csv").write_bytes(data)
    refused(result, r"manifest\.csv")


def test_a_dataset_with_one_of_the_files_is_what_it_was(tmp_path):
    opened(tmp_path / "data", FLAT)
    lines = "".join(f"{name},{'ab'[k % 2]}\n" for k, name in enumerate(FLAT))
    (tmp_path / "data" / "manifest.csv").write_text(f"path,label\n{lines}")
    assert open_path(tmp_path / "data").classes == ("a", "b")
    (tmp_path / "data" / "augury.json").write_text(json.dumps({"classes": ["b", "a"]}))
    assert open_path(tmp_path / "data").classes == ("b", "a")
