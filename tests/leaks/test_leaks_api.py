"""Leaks: copies among test images are found with what was done to them, told, counted and saved."""

import csv
import io
import json
import re
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

import augury as ag
from augury.api import leaks as face
from augury.cli import app
from augury.copies.leaks import Accuracy
from pictures import look_alike, picture, rounded, turned

PHOTOS, SIDE = 40, 64
RNG = np.random.default_rng(0)
PLAIN = np.full((SIDE, SIDE), 120, np.uint8)
PLAINEST = rounded(PLAIN + RNG.normal(0, 1, PLAIN.shape))
TINY = RNG.integers(0, 256, (8, 8)).astype(np.uint8)


def toned(image, factor):
    return rounded(image * factor)


def erased(image):
    out = image.copy()
    out[20:40, 15:35] = 0
    return out


def resized(image):
    return cv2.resize(image, (96, 96), interpolation=cv2.INTER_CUBIC)


def noisy(image, sigma=12):
    return rounded(image + np.random.default_rng(1).normal(0, sigma, image.shape))


def moved(image, x, y):
    return cv2.warpAffine(image, np.float32([[1, 0, x], [0, 1, y]]), (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)


# name of the test image -> number of its source, the image, and what is found: kind and effects
COPIES = {
    "bytes.png": (0, lambda i: i, "exact", set()),
    "anew.bmp": (1, lambda i: i, "identical", set()),
    "mirrored.png": (2, lambda i: i[:, ::-1], "identical", {"mirror"}),
    "quarter.png": (3, np.rot90, "identical", {"rotate"}),
    "turned.png": (4, lambda i: turned(i, 40, 1.0, 0), "copy", {"rotate", "shift"}),
    "moved.png": (5, lambda i: moved(i, 9, -5), "copy", {"shift"}),
    "zoomed.png": (6, lambda i: turned(i, 0, 1.3, 0), "copy", {"zoom", "shift"}),
    "darker.png": (7, lambda i: toned(i, 0.7), "copy", {"brightness"}),
    "blurred.png": (8, lambda i: cv2.GaussianBlur(i, (0, 0), 1.0), "copy", {"blur"}),
    "noisy.png": (9, noisy, "copy", {"noise"}),
    "erased.png": (16, erased, "copy", {"erase"}),
    "small.jpg": (11, lambda i: i, "copy", {"jpeg"}),
    "large.png": (12, resized, "copy", {"resize"}),
    "all.png": (13, lambda i: noisy(toned(turned(i[:, ::-1], 20, 1.2, 0), 0.8), 6), "copy",
                {"mirror", "rotate", "zoom", "brightness", "noise"}),
}  # fmt: skip
OTHERS = {
    **{f"other{k}.png": picture(100 + k) for k in range(6)},
    **{f"scene{k}.png": look_alike(20 + k, k) for k in range(4)},
}


def write(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    options = [cv2.IMWRITE_JPEG_QUALITY, 75] if path.suffix == ".jpg" else []
    assert cv2.imwrite(str(path), image, options)


def class_of(k):
    return "cat" if k % 2 else "dog"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """train/ and test/, each with cat/ and dog/."""
    root = tmp_path_factory.mktemp("data")
    for k in range(PHOTOS):
        write(root / "train" / class_of(k) / f"{k:02}.png", picture(k))
    write(root / "train/cat/plain.png", PLAIN)
    write(root / "train/cat/tiny.png", TINY)
    (root / "train/cat/broken.png").write_bytes(b"no image")
    for name, (k, make, _, _) in COPIES.items():
        write(root / "test" / class_of(k) / name, make(picture(k)))
    shutil.copy(root / "train/dog/00.png", root / "test/dog/bytes.png")
    for name, image in OTHERS.items():
        write(root / "test" / "cat" / name, image)
    write(root / "test/dog/plain.bmp", PLAIN)
    write(root / "test/dog/plainest.png", PLAINEST)
    write(root / "test/dog/tiny.png", TINY[::-1])
    write(root / "test/dog/tinier.png", TINY[:7, :7])
    shutil.copy(root / "train/cat/01.png", root / "test/dog/cut.png")
    with (root / "test/dog/cut.png").open("r+b") as file:
        file.truncate(200)
    return root


@pytest.fixture(scope="module")
def leaks(root):
    return ag.find_leaks(ag.open(root))


@pytest.fixture(scope="module")
def by_name(leaks):
    table = leaks.test._table
    return {table.paths[pair.test].rpartition("/")[2]: pair for pair in leaks.pairs}


# ---- what is found


@pytest.mark.parametrize(("name", "expected"), COPIES.items(), ids=COPIES)
def test_a_copy_is_found_with_its_source_and_what_was_done(leaks, by_name, name, expected):
    source, _, kind, effects = expected
    pair = by_name[name]
    assert (pair.kind, pair.leaked) == (kind, True)
    assert leaks.train._table.paths[pair.train] == f"train/{class_of(source)}/{source:02}.png"
    assert {effect.name for effect in pair.effects} >= effects


@pytest.mark.parametrize("name", OTHERS)
def test_other_images_are_no_copies(by_name, name):
    assert by_name[name].kind in ("none", "same scene")


def test_plain_and_tiny_images_are_copies_only_where_their_pixels_are_equal(by_name):
    assert by_name["plain.bmp"].kind == "identical"
    assert by_name["tiny.png"].kind == "identical"
    assert by_name["plainest.png"].kind in ("cannot tell", "none")
    assert by_name["tinier.png"].kind == "cannot tell"


def test_images_that_cannot_be_read_are_listed_and_told(leaks, by_name):
    assert [line.split(":")[0].rpartition("/")[2] for line in leaks.findings.unreadable] == ["broken.png", "cut.png"]
    assert "cut.png" not in by_name
    assert "2 images cannot be read, first: " in leaks.text()


def test_the_leaked_paths_are_those_of_all_copies(leaks, by_name):
    expected = {path for path in leaks.test.paths if path.rpartition("/")[2] in {*COPIES, "plain.bmp", "tiny.png"}}
    assert len(leaks.leaked) == len(COPIES) + 2
    assert set(leaks.leaked) == expected


def test_the_map_carries_the_training_image_onto_the_test_image(by_name):
    np.testing.assert_allclose(by_name["moved.png"].matrix, [[1, 0, 9], [0, 1, -5], [0, 0, 1]], atol=0.2)
    np.testing.assert_allclose(by_name["large.png"].matrix, [[1.5, 0, 0], [0, 1.5, 0], [0, 0, 1]], atol=0.2)
    np.testing.assert_allclose(by_name["mirrored.png"].matrix, np.diag([-1, 1, 1]), atol=1e-6)


# ---- what is compared


def test_two_folders_are_compared_like_the_parts_of_one(root, leaks):
    apart = ag.find_leaks(ag.open(root / "train"), ag.open(root / "test"))
    assert [f"test/{path}" for path in apart.leaked] == leaks.leaked
    assert apart.findings.counts() == leaks.findings.counts()


def test_one_part_alone_is_refused(root):
    data = ag.open(root)
    train = face._given(data)[0]
    with pytest.raises(ag.AuguryError, match=r"this is one part of .*; give the other one too"):
        ag.find_leaks(train)


@pytest.fixture(scope="module")
def inside(tmp_path_factory):
    """A set with three equal files, two turned copies of one photo, and single photos."""
    root = tmp_path_factory.mktemp("set")
    for k in range(12):
        write(root / class_of(k) / f"{k:02}.png", picture(k))
    for name in ("x", "y"):
        shutil.copy(root / "dog/00.png", root / f"dog/{name}.png")
    write(root / "cat/turned.png", turned(picture(1), 30, 1.0, 1))
    write(root / "cat/over.bmp", picture(1)[:, ::-1])
    return root, ag.find_leaks(ag.open(root))


def test_inside_one_set_copies_are_joined_to_families(inside):
    leaks = inside[1]
    assert leaks.inside
    assert leaks.to_document()["families"] == [
        ["cat/01.png", "cat/over.bmp", "cat/turned.png"],
        ["dog/00.png", "dog/x.png", "dog/y.png"],
    ]
    assert leaks.leaked == ["cat/over.bmp", "cat/turned.png", "dog/x.png", "dog/y.png"]
    assert leaks.findings.counts()["exact"] == 2
    assert leaks.text().startswith("4 of 16 images (25.0%) repeat others, in 2 families\n")
    assert "made from another image" in leaks.text()


def test_float_images_in_arrays_are_compared():
    images = np.stack([picture(k) for k in range(8)] + [turned(picture(2), 30, 1.1, 0)]).astype(np.float32) / 255
    train, test = (ag.from_arrays(images[rows], np.arange(len(rows)) % 2) for rows in (np.arange(8), [8, 8]))
    leaks = ag.find_leaks(train, test)
    assert [(pair.kind, pair.train) for pair in leaks.pairs] == [("copy", 2)] * 2


def test_a_side_without_readable_images_is_one_line(tmp_path):
    for k in range(4):
        write(tmp_path / "good" / class_of(k) / f"{k}.png", picture(k))
        write(tmp_path / "bad" / class_of(k) / f"{k}.png", picture(k))
        (tmp_path / "bad" / class_of(k) / f"{k}.png").write_bytes(b"x")
    with pytest.raises(ag.DataError, match=r"bad: none of its images can be read; first: "):
        ag.find_leaks(ag.open(tmp_path / "good"), ag.open(tmp_path / "bad"))


# ---- what they are worth


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_those_of_the_textbook(right, count, low, high):
    """Newcombe, Statistics in Medicine 17 (1998), table I, method 3."""
    np.testing.assert_allclose(Accuracy(right, count).interval, (low, high), atol=5e-5)


def guesses(leaks):
    """Right for all copies, wrong for all others."""
    truth = {path: leaks.test.classes[label] for path, label in zip(leaks.test.paths, leaks.test.labels, strict=True)}
    wrong = {"cat": "dog", "dog": "cat"}
    return {path: name if path in leaks.leaked else wrong[name] for path, name in truth.items()}


@pytest.fixture(scope="module")
def judged(root, leaks, tmp_path_factory):
    """The same search with predictions from a file."""
    path = tmp_path_factory.mktemp("predictions") / "p.csv"
    path.write_text("path,predicted\n" + "".join(f"{k},{v}\n" for k, v in guesses(leaks).items()))
    return ag.find_leaks(ag.open(root), predictions=path)


def test_accuracy_is_told_with_and_without_the_copies(judged):
    copies = len(judged.leaked)
    found = {name: (a.right, a.count) for name, a in judged.accuracy.items()}
    assert found == {
        "all": (copies, len(judged.pairs)), "leaked": (copies, copies), "clean": (0, len(judged.pairs) - copies),
    }  # fmt: skip
    assert (
        f"accuracy of the clean test images: 0.0% (0.0% to 24.2%, 0 of {len(judged.pairs) - copies})" in judged.text()
    )


def unsearched(monkeypatch):
    def searched(*_, **__):
        raise AssertionError("searched, though the question was wrong")

    monkeypatch.setattr(face, "leaks_between", searched)
    monkeypatch.setattr(face, "leaks_inside", searched)


def test_wrong_predictions_are_refused_before_the_search(root, monkeypatch):
    unsearched(monkeypatch)
    with pytest.raises(ag.DataError, match=r"predictions: has no prediction for test/cat/all\.png"):
        ag.find_leaks(ag.open(root), predictions={})
    with pytest.raises(ag.AuguryError, match="has no test part to which predictions could belong; give test too"):
        ag.find_leaks(ag.open(root / "train"), predictions={})
    flat = ag.open(root / "test" / "cat", labelled=False)
    with pytest.raises(ag.DataError, match="predictions need to know the class of each image; open it with its labels"):
        ag.find_leaks(ag.open(root / "train"), flat, predictions={})


def test_a_class_that_only_training_has_may_be_predicted(tmp_path):
    for k in range(6):
        write(tmp_path / "train" / "abc"[k % 3] / f"{k}.png", picture(k))
    for k in range(4):
        write(tmp_path / "test" / "ab"[k % 2] / f"{k}.png", picture(50 + k))
    sides = ag.open(tmp_path / "train"), ag.open(tmp_path / "test")
    leaks = ag.find_leaks(*sides, predictions=dict.fromkeys([f"{k}.png" for k in range(4)], "c"))
    assert leaks.accuracy["all"].value == 0


def test_images_without_one_class_have_none_in_the_table(leaks):
    several = replace(leaks.test, _table=replace(leaks.test._table, mask=lambda i: np.zeros((4, 4), np.uint8)))
    rows = replace(leaks, train=several, test=several).to_document()["pairs"]
    assert {row["test_class"] for row in rows} == {None}
    assert leaks.to_document()["pairs"][0]["test_class"] == "cat"


# ---- what is told


def test_the_text_fits_a_screen(judged, inside):
    for leaks in (judged, inside[1]):
        assert len(leaks.text().splitlines()) < 25
        assert str(leaks) == leaks.text()
    copies, count = len(judged.leaked), len(judged.pairs)
    answer = f"{copies} of {count} test images ({copies / count:.1%}) are copies of training images"
    assert judged.text().splitlines()[0] == answer
    assert repr(judged) == f"<Leaks: {answer}>"


def test_the_text_of_every_effect_at_once_fits_a_screen(leaks):
    every = replace(leaks.pairs[0], kind="copy", effects=tuple(
        replace(leaks.pairs[0].effects[0], name=name) for name in face.leaks_words.EFFECTS
    ))  # fmt: skip
    full = replace(leaks, findings=replace(leaks.findings, pairs=[every] * 100_000))
    assert len(full.text().splitlines()) < 25
    assert max(map(len, full.text().splitlines()[2:-1])) <= 100


def test_without_copies_the_text_says_so(leaks):
    none = replace(leaks, findings=replace(leaks.findings, pairs=[p for p in leaks.pairs if not p.leaked]))
    assert none.text().startswith(f"none of {len(none.pairs)} test images is a copy of a training image\n")
    assert none.leaked == []
    assert "what was done" not in none.text()


def no_constants(text):
    raise AssertionError(f"{text} is no JSON")


def test_json_gives_back_everything(judged, tmp_path):
    judged.save(tmp_path / "leaks.json")
    document = json.loads((tmp_path / "leaks.json").read_text(), parse_constant=no_constants)
    assert document == judged.to_document()
    assert (document["schema"], document["schema_version"]) == ("augury.leaks", 1)
    assert document["copies"] == sum(document["counts"][kind] for kind in ("exact", "identical", "copy"))
    assert document["copies"] == len(judged.leaked)
    assert document["accuracy"]["leaked"]["value"] == 1.0
    by_test = {row["test"]: row for row in document["pairs"]}
    row = by_test["test/cat/moved.png"]
    assert (row["train"], row["kind"], row["effects"][0]["name"]) == ("train/cat/05.png", "copy", "shift")
    assert by_test["test/dog/tinier.png"]["score"] is None


def test_csv_gives_back_every_pair(judged, tmp_path):
    judged.save(tmp_path / "leaks.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "leaks.csv").read_text())))
    pairs = judged.to_document()["pairs"]
    assert [row["test"] for row in rows] == [pair["test"] for pair in pairs]
    for row, pair in zip(rows, pairs, strict=True):
        assert row["train"] == (pair["train"] or "")
        assert row["effects"] == "; ".join(effect["text"] for effect in pair["effects"])
        assert (json.loads(row["matrix"]) if row["matrix"] else None) == pair["matrix"]
        assert (float(row["score"]) if row["score"] else None) == pair["score"]


def test_names_with_commas_quotes_and_markup_survive(tmp_path):
    name = 'a,"b" <b>&\'é日.png'
    for k in range(4):
        write(tmp_path / "train" / f"x,{k % 2}" / f"{k}.png", picture(k))
        write(tmp_path / "test" / f"x,{k % 2}" / f"{k}.png", picture(60 + k))
    shutil.copy(tmp_path / "train/x,0/2.png", tmp_path / "test/x,0" / name)
    leaks = ag.find_leaks(ag.open(tmp_path / "train"), ag.open(tmp_path / "test"))
    for kind in ("csv", "json", "html"):
        leaks.save(tmp_path / f"leaks.{kind}")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "leaks.csv").read_text())))
    row = next(row for row in rows if row["kind"] == "exact")
    assert (row["test"], row["test_class"], row["train"]) == (f"x,0/{name}", "x,0", "x,0/2.png")
    assert "a,&#34;b&#34; &lt;b&gt;&amp;&#39;é日.png" in (tmp_path / "leaks.html").read_text()


def test_other_files_and_missing_folders_are_refused(leaks, tmp_path):
    for path in ("leaks.txt", "leaks", "leaks.pdf"):
        with pytest.raises(ag.AuguryError, match=r"leaks are saved as \.csv, \.json or \.html"):
            leaks.save(tmp_path / path)
    with pytest.raises(ag.AuguryError, match="there is no folder"):
        leaks.save(tmp_path / "nowhere" / "leaks.csv")
    assert list(tmp_path.iterdir()) == []


# ---- the command


def invoke(*arguments):
    return CliRunner().invoke(app, ["leaks", *map(str, arguments)])


@pytest.fixture
def few(tmp_path):
    """Flat folders without classes, one of them with a copy."""
    for k in range(5):
        write(tmp_path / "train" / f"{k}.png", picture(k))
        write(tmp_path / "test" / f"{k}.png", picture(30 + k))
    write(tmp_path / "test" / "copy.png", picture(3)[::-1])
    return tmp_path


def test_the_command_prints_and_writes(few):
    outs = [few / f"leaks.{kind}" for kind in ("html", "csv", "json")]
    options = [option for out in outs for option in ("--out", out)]
    result = invoke(few / "train", few / "test", "--unlabelled", *options)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("1 of 6 test images (16.7%) is a copy of a training image\n")
    assert all(f"wrote {out}" in result.stdout and out.stat().st_size for out in outs)


def test_with_json_the_document_is_all_of_stdout(few):
    result = invoke(few / "train", few / "test", "--unlabelled", "--json", "--out", few / "leaks.csv")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json.loads(json.dumps(_document(few)))
    assert f"wrote {few / 'leaks.csv'}" in result.stderr


def _document(few):
    train, test = (ag.open(few / part, labelled=False) for part in ("train", "test"))
    return ag.find_leaks(train, test).to_document()


def test_without_test_the_command_looks_inside(few):
    shutil.copy(few / "train/1.png", few / "train/again.png")
    result = invoke(few / "train", "--unlabelled")
    assert result.stdout.startswith("1 of 6 images (16.7%) repeats another, in 1 family\n")


WRONG = {
    "a missing folder": (["nowhere"], r"nowhere: does not exist"),
    "no classes": (["train", "test"], r"train: .*; put each class in its own folder"),
    "a wrong ending": (["train", "--unlabelled", "--out", "leaks.doc"], r"leaks\.doc: leaks are saved as"),
    "a missing place": (["train", "--unlabelled", "--out", "no/leaks.csv"], r"there is no folder no"),
    "no predictions": (["train", "test", "--unlabelled", "--predictions", "p.csv"], r"test: predictions need to know"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_one_line_and_exit_code_1_before_the_search(few, monkeypatch, arguments, message):
    monkeypatch.chdir(few)
    unsearched(monkeypatch)
    result = invoke(*arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1
    assert re.search(message, result.stderr)
