"""`ag.look`: what it says of datasets whose contents and faults were planted."""

import json
from dataclasses import replace
from importlib import import_module

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

import augury as ag
from augury.cli import app
from augury.survey.quality import assess
from drawn import eight, ellipse, scanned

KEYS = {
    "schema", "schema_version", "source", "answer", "remarks", "images", "unreadable", "classes", "parts", "groups",
    "objects", "repeats", "light", "quality", "subjects", "varies", "proposals", "policy", "map",
}  # fmt: skip


def pictures(count, seed=0, side=20):
    """Small ones, which are compared by equal pixels only, and so quickly."""
    rng = np.random.default_rng(seed)
    return [
        eight(ellipse(*rng.uniform(0.4, 0.6, 2), 0.3, shape=(side, side)) + rng.normal(0, 0.02, (side, side)))
        for _ in range(count)
    ]


def folder(root, **classes):
    """A folder per class; values are lists of images, or of bytes."""
    for name, images in classes.items():
        (root / name).mkdir(parents=True)
        for k, image in enumerate(images):
            data = image if isinstance(image, bytes) else cv2.imencode(".png", image)[1].tobytes()
            (root / name / f"{k:03d}.png").write_bytes(data)
    return root


def codes(document, level=None):
    return {remark["code"] for remark in document["remarks"] if level in (None, remark["level"])}


def remark(document, code):
    (found,) = [remark for remark in document["remarks"] if remark["code"] == code]
    return found


def looked(images, labels, **settings):
    return ag.look(ag.from_arrays(images, labels, **settings)).to_document()


def test_the_document_has_all_keys_and_is_json():
    document = looked(pictures(30), np.arange(30) % 3, classes=["ant", "bee", "cow"])
    assert set(document) == KEYS
    assert (document["schema"], document["schema_version"]) == ("augury.look", 1)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert [(entry["name"], entry["images"]) for entry in document["classes"]] == [
        ("ant", 10),
        ("bee", 10),
        ("cow", 10),
    ]
    assert document["images"]["sizes"] == [{"height": 20, "width": 20, "images": 30}]
    assert document["images"]["formats"] == {"array": 30}
    assert document["images"]["bytes"] == 30 * 400
    assert codes(document, "warning") == set()
    assert document["answer"][1] == "Nothing has to be mended."
    assert len(document["map"]["points"]) == 30


def test_the_same_data_give_the_same_document(monkeypatch):
    images, labels = pictures(12), np.arange(12) % 2
    first = looked(images, labels)
    monkeypatch.setattr(import_module("augury.api.look"), "default_threads", lambda: 1)
    assert looked(images, labels) == first


def test_unreadable_files_are_listed_and_the_rest_is_looked_at(tmp_path):
    whole = cv2.imencode(".png", pictures(1)[0])[1].tobytes()
    place = folder(tmp_path / "data", ant=[*pictures(10), b"", whole[:60]], bee=[*pictures(10, 1), b"text"])
    found = ag.look(ag.open(place))
    document = found.to_document()
    assert [(u["path"], u["reason"].split(": ")[1].split(" (")[0]) for u in document["unreadable"]] == [
        ("ant/010.png", "is empty"), ("ant/011.png", "cannot be decoded"), ("bee/010.png", "cannot be decoded"),
    ]  # fmt: skip
    assert document["images"]["asked"] == 23
    assert document["images"]["readable"] == 20
    assert remark(document, "unreadable")["level"] == "warning"
    assert "3 more cannot be read" in found.text()


def test_with_nothing_readable_the_first_reason_is_said(tmp_path):
    data = ag.open(folder(tmp_path / "data", ant=[b"", b""], bee=[b""]))
    with pytest.raises(ag.DataError, match=r"none of 3 images can be read; the first reason: .*ant/000.png: is empty"):
        ag.look(data)


def test_only_errors_of_the_data_are_listed():
    data = ag.from_arrays(pictures(4), [0, 0, 1, 1])
    with pytest.raises(ZeroDivisionError):
        ag.look(replace(data, _table=replace(data._table, decode=lambda i: 1 / 0)))


def test_floats_outside_their_range_are_listed():
    images = np.stack(pictures(6)).astype(np.float32) / 255
    images[3, 0, 0] = np.nan
    images[4] *= 255
    document = looked(images, [0, 1] * 3)
    assert [u["path"] for u in document["unreadable"]] == ["row 3", "row 4"]
    assert "value range" in document["unreadable"][1]["reason"]


def test_twins_across_classes_and_parts_are_warnings():
    images = pictures(24)
    images[13] = images[0]  # other class, same part
    images[23] = images[2]  # same class, other part
    labels = np.arange(24) % 2
    parts = ["train"] * 20 + ["test"] * 4
    labels[23] = 0
    document = looked(images, labels, parts=parts)
    assert document["repeats"]["twins"] == [["row 0", "row 13"], ["row 2", "row 23"]]
    assert remark(document, "label_conflict")["paths"] == ["row 0", "row 13"]
    assert remark(document, "copies_across_parts")["paths"] == ["row 2", "row 23"]
    assert codes(document, "warning") == {"label_conflict", "copies_across_parts"}
    assert document["parts"] == {"train": 20, "val": 0, "test": 4}


def test_mirrored_twins_of_two_classes_are_copies_to_check():
    images = pictures(20)
    images[11] = np.ascontiguousarray(images[0][:, ::-1])
    document = looked(images, np.arange(20) % 2)
    assert document["repeats"]["twins"] == []
    assert remark(document, "copies_across_classes")["paths"] == ["row 0", "row 11"]


def test_uneven_tiny_empty_and_single_classes():
    document = looked(pictures(34), [0] * 30 + [1] * 4, classes=["many", "few", "none"])
    assert {"uneven", "tiny_class", "empty_class"} <= codes(document, "warning")
    assert "30 images of many, 4 of few" in remark(document, "uneven")["text"]
    assert "none" in remark(document, "empty_class")["text"]
    assert "one_class" in codes(looked(pictures(12), [0] * 12), "warning")


def test_what_gives_the_class_away_is_a_warning():
    images = pictures(12) + pictures(12, 1, side=22)
    document = looked(images, np.repeat([0, 1], 12))
    assert "image size" in remark(document, "gives_away")["text"]
    assert "100%" in remark(document, "gives_away")["text"]
    assert "gives_away" not in codes(looked(images, np.arange(24) % 2))


def test_odd_images_are_named():
    images = pictures(20, side=64)
    images[3] = np.full((23, 23), 90, np.uint8)
    images[4] = (images[4] * 0.1).astype(np.uint8)
    images[5] = cv2.GaussianBlur(images[5], (0, 0), 2.5)
    images[6] = (images[6] * 0.09 + 232).astype(np.uint8)
    quality = assess(scanned(images, [0] * 15 + [1] * 5))
    assert quality.blank.tolist() == [3]
    assert quality.dark.tolist() == [4]
    assert quality.blurred.tolist() == [5]
    assert quality.bright.tolist() == [6]
    document = looked([cv2.resize(image, (20, 20)) for image in images], [0] * 10 + [1] * 10)
    assert [document["quality"][name] for name in ("blank", "dark")] == [["row 3"], ["row 4"]]
    assert {"blank", "dark"} <= codes(document, "note")


def test_layouts_of_pixels_are_remarked():
    gray = np.stack(pictures(12))
    labels = np.arange(12) % 2
    document = looked(np.repeat(gray[..., None], 3, axis=3), labels)
    assert document["images"]["gray_as_color"] == 12
    assert remark(document, "gray_as_color")["text"].endswith("prepare(channels=1) loses nothing.")
    alpha = np.concatenate([np.repeat(gray[..., None], 3, axis=3), gray[..., None]], axis=3)
    assert "transparent" in codes(looked(alpha, labels), "warning")
    dark = looked(gray.astype(np.uint16) * 16, labels)  # 12 bits in 16
    assert "of 65535" in remark(dark, "unused_range")["text"]
    mixed = [image if k else np.repeat(image[..., None], 3, axis=2) for k, image in enumerate(gray)]
    assert "channels_differ" in codes(looked(mixed, labels), "warning")


def test_sizes_that_differ_or_are_too_small_are_remarked():
    data = ag.from_arrays(pictures(8) + pictures(8, side=22), np.arange(16) % 2)
    assert "sizes_differ" in codes(ag.look(data).to_document())
    document = ag.look(data.prepare(size=(21, 21))).to_document()
    assert "sizes_differ" not in codes(document)
    assert remark(document, "enlarged")["text"].startswith("8 images are smaller than 21x21")


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(8, 8), (1, 1), (5, 3, 3), (9, 9, 5), (30, 2)])
def test_tiny_sets_of_tiny_images_are_looked_at(shape, dtype):
    top = 1.0 if dtype == "float32" else np.iinfo(dtype).max
    images = (np.random.default_rng(0).random((4, *shape)) * top).astype(dtype)
    found = ag.look(ag.from_arrays(images, [0, 0, 1, 1]))
    assert found.to_document()["images"]["readable"] == 4
    assert "4 images of 2 classes" in found.text()
    assert all(p["basis"] == "prior" for p in found.to_document()["proposals"])
    assert len(found.policy().transforms) >= 5


def test_one_image_is_looked_at():
    document = looked(pictures(1), [0])
    assert document["images"]["readable"] == 1


def test_a_part_of_a_split_is_looked_at_alone():
    parts = ag.from_arrays(pictures(40), np.arange(40) % 2).split(val=0.2, test=0.2)
    document = ag.look(parts.test).to_document()
    assert document["images"]["readable"] == 8
    assert {point["path"] for point in document["map"]["points"]} == set(parts.test.paths)


def test_handwritten_digits():
    datasets = pytest.importorskip("sklearn.datasets")
    images, labels = datasets.load_digits(return_X_y=True)
    document = looked((images.reshape(-1, 8, 8)[:600] * 15).astype(np.uint8), labels[:600])
    ops = {p["transform"]["op"]: p for p in document["proposals"]}
    assert not ops["HorizontalFlip"]["included"]
    assert not ops["VerticalFlip"]["included"]
    assert "of 600 images" in ops["HorizontalFlip"]["caution"]
    assert ops["Translate"]["basis"] == "observed"
    assert document["subjects"]["one"] > 590


def test_detection_counts_objects_and_measures_boxes(tmp_path):
    rng = np.random.default_rng(0)
    for k in range(10):
        for name, data in (
            (f"images/{k}.png", cv2.imencode(".png", rng.integers(0, 256, (20, 40), np.uint8))[1].tobytes()),
            (f"labels/{k}.txt", f"1 {0.3 + 0.04 * k} 0.5 0.2 0.2\n0 0.5 0.5 0.01 0.01\n".encode() if k < 8 else b""),
        ):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(data)
    (tmp_path / "data.yaml").write_text("names: [cat, dog]\n")
    found = ag.look(ag.open(tmp_path))
    document = found.to_document()
    assert [(c["name"], c["objects"], c["images"]) for c in document["classes"]] == [("cat", 8, 8), ("dog", 8, 8)]
    assert document["objects"]["count"] == 16
    assert document["objects"]["images_without"] == 2
    np.testing.assert_allclose(document["objects"]["size"]["max"], 0.2, rtol=1e-5)
    np.testing.assert_allclose(document["objects"]["pixels"]["max"], np.sqrt(8 * 4), rtol=1e-5)
    np.testing.assert_allclose(document["varies"]["x"]["classes"]["dog"]["middle"], 0.44, atol=1e-5)
    assert list(document["varies"]["light"]["classes"]) == ["all"]
    assert {"no_objects", "small_boxes"} <= codes(document, "note")
    assert "study" not in found.text() + " ".join(document["answer"])
    found.report(tmp_path / "page.html")


def test_masks_are_looked_at_without_classes(tmp_path):
    for k, image in enumerate(pictures(8)):
        for place, data in (("images", image), ("masks", (image > 128).astype(np.uint8))):
            (tmp_path / place).mkdir(exist_ok=True)
            (tmp_path / place / f"{k}.png").write_bytes(cv2.imencode(".png", data)[1].tobytes())
    (tmp_path / "masks" / "3.png").write_bytes(b"broken")
    found = ag.look(ag.open(tmp_path))
    assert "7 images with masks" in found.text()
    assert [u["path"] for u in found.to_document()["unreadable"]] == ["images/3.png"]
    found.report(tmp_path / "page.html")


def test_progress_is_told():
    told = []
    ag.look(ag.from_arrays(pictures(70), np.arange(70) % 2), progress=lambda *step: told.append(step))
    assert told[:2] == [("reading", 64, 70), ("reading", 70, 70)]
    assert {stage for stage, _, _ in told} == {"reading", "comparing"}


def test_text_fits_a_screen_and_obeys_no_names():
    names = ["red\x1b[31m\nline", "\u202eother"]
    text = ag.look(ag.from_arrays(pictures(20), np.arange(20) % 2, classes=names)).text()
    assert len(text.splitlines()) <= 40
    assert max(map(len, text.splitlines())) <= 110
    assert "\x1b" not in text
    assert "\u202e" not in text


# ---- the command


def invoke(*arguments):
    return CliRunner().invoke(app, ["look", *map(str, arguments)])


def test_the_command_prints_one_screen_and_writes_the_page(tmp_path):
    place = folder(tmp_path / "data", ant=pictures(10), bee=pictures(10, 1))
    result = invoke(place, "--out", tmp_path / "look.html")
    assert result.exit_code == 0, result.output
    assert "20 images of 2 classes, 10 of each, 20x20, gray" in result.stdout
    assert f"wrote {tmp_path / 'look.html'}" in result.stdout
    assert (tmp_path / "look.html").read_text().startswith("<!doctype html>")


def test_json_is_alone_on_stdout(tmp_path):
    place = folder(tmp_path / "data", ant=pictures(6), bee=pictures(6, 1))
    result = invoke(place, "--json", "--size", "10x10", "--out", tmp_path / "look.html")
    assert set(json.loads(result.stdout)) == KEYS
    assert "wrote" in result.stderr


def test_bad_places_are_refused_before_anything_is_read(tmp_path):
    result = invoke(tmp_path / "nowhere", "--out", tmp_path / "look.png")
    assert result.exit_code == 1
    assert result.stderr.strip() == f"augury: {tmp_path / 'look.png'}: a report is an .html file"
    assert invoke(tmp_path / "nowhere").exit_code == 1


def test_plain_lines_tell_progress_where_there_is_no_terminal(capsys, monkeypatch):
    from augury.survey import progress

    clock = iter([0.0, 1.0, 2.5, 9.0, 13.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock, 20.0))
    with progress.shown() as told:
        for done in (10, 20, 30, 40):
            told("reading", done, 40)
    assert capsys.readouterr().err.splitlines() == ["reading: 50%", "reading: 100%"]


def test_plain_lines_tell_how_long_it_will_take(capsys, monkeypatch):
    from augury.survey import progress

    clock = iter([0.0, 1.0, 31.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with progress.shown() as told:
        told("training", 40, 100)  # of an earlier session: they took no time in this one
        told("training", 60, 100)
    assert capsys.readouterr().err.splitlines() == ["training: 60%, 60 s left"]
