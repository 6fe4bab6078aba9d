"""Expansions: what they hold, that they are the same whatever the threads, and that they open again."""

import json
import os
import shutil
from zipfile import ZIP_STORED, ZipFile

import numpy as np
import pytest
from expansions import FLAT, FOLDERS, POLICY, about, contents, image, leftovers, opened, picture, rows, written

import augury as ag
from augury.api.expand import expand
from augury.data.decode import decode
from augury.errors import AuguryError, DataError, LeakError
from augury.offline.views import Renderer
from augury.ranges import Fixed
from helpers import assert_same_bytes, render
from sources import one_line


def refused(error, message, *arguments, **options):
    with pytest.raises(error) as caught:
        expand(*arguments, **options)
    one_line(caught, message)


# ---- what is written


def test_views_are_those_of_the_policy_and_the_originals_are_copies(tmp_path):
    data = opened(tmp_path / "data")
    made = expand(data, POLICY, 3, tmp_path / "out", seed=5)
    assert (made.sources, made.views, made.images) == (8, 3, 32)
    assert made.bytes == sum(map(len, contents(made.path).values()))
    packed = expand(data, POLICY, 3, tmp_path / "out.zip", seed=5)
    assert packed.bytes == packed.path.stat().st_size
    for k, name in enumerate(FOLDERS):
        assert contents(made.path)[name] == (tmp_path / "data" / name).read_bytes()
        source = decode((tmp_path / "data" / name).read_bytes(), name)
        expected = render(POLICY, [source] * 3, seed=5, ids=[data.ids[k]] * 3, views=[1, 2, 3])
        for view in range(3):
            assert_same_bytes(image(made.path, f"{name[:-4]}_{view + 1}.png"), expected[view])
    assert len(contents(made.path)) == 32 + 2


def test_view_k_is_the_same_however_many_there_are(tmp_path):
    data = opened(tmp_path / "data")
    few, many = expand(data, POLICY, 2, tmp_path / "few"), expand(data, POLICY, 11, tmp_path / "many")
    assert contents(few.path)["cat/0_2.png"] == contents(many.path)["cat/0_02.png"]
    assert contents(many.path)["cat/0_02.png"] != contents(many.path)["cat/0_03.png"]


@pytest.mark.parametrize("names", [FLAT, FOLDERS], ids=["flat", "folders"])
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_threads_change_no_byte_and_the_layout_is_kept(tmp_path, names, packed):
    data = opened(tmp_path / "data", names)
    if packed:
        shutil.make_archive(tmp_path / "data", "zip", tmp_path / "data")
        data = ag.open(tmp_path / "data.zip")
    results = {}
    for threads in (0, 1, 2):
        for end in ("", ".zip"):
            results[threads, end] = expand(data, POLICY, 4, tmp_path / f"out{threads}{end}", threads=threads).path
    for end in ("", ".zip"):
        assert contents(results[1, end]) == contents(results[0, end]) == contents(results[2, end])
    assert results[1, ".zip"].read_bytes() == results[2, ".zip"].read_bytes()
    held = contents(results[1, ""])
    assert held == contents(results[1, ".zip"])
    assert set(names) < set(held)
    assert f"{names[0][:-4]}_4.png" in held
    assert not [name for name in leftovers(tmp_path) if ".part" in name]


def test_a_zip_is_stored_in_order_without_dates(tmp_path):
    made = expand(opened(tmp_path / "data"), POLICY, 1, tmp_path / "out.zip")
    with ZipFile(made.path) as archive:
        infos = archive.infolist()
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)
    assert {(info.date_time, info.compress_type) for info in infos} == {((1980, 1, 1, 0, 0, 0), ZIP_STORED)}


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_each_image_keeps_its_own_size_and_channels(tmp_path, dtype):
    shapes = [(9, 12, 3), (20, 7, 1), (5, 5, 4)] if dtype == "uint8" else [(9, 12, 3), (20, 7, 1)]
    made = expand(opened(tmp_path / "data", shapes=shapes, dtype=dtype), POLICY, 2, tmp_path / "out")
    for k, name in enumerate(FOLDERS):
        view = image(made.path, f"{name[:-4]}_1.png")
        assert (view.shape, view.dtype.name) == (shapes[k % len(shapes)], dtype)


def test_prepare_decides_size_and_channels_and_no_numbers(tmp_path):
    data = opened(tmp_path / "data", shapes=[(9, 12, 3), (20, 7, 3)])
    prepared = data.prepare(size=(8, 10), fit="crop", channels=1, normalize="unit", dtype="float16")
    made = expand(prepared, POLICY, 2, tmp_path / "out")
    plain = data.prepare(size=(8, 10), fit="crop", channels=1)
    view = image(made.path, "cat/1_2.png")
    assert (view.shape, view.dtype) == ((8, 10, 1), np.uint8)
    source = next(Renderer(plain._table, plain._prepare, POLICY, 0).views(1, 1)).image
    assert_same_bytes(image(made.path, "cat/1_1.png"), source)
    assert about(made.path)["prepare"] == {
        "size": [8, 10],
        "fit": "crop",
        "channels": 1,
        "normalize": None,
        "dtype": None,
    }


def test_views_made_in_several_runs_are_the_same(tmp_path, monkeypatch):
    data = opened(tmp_path / "data")
    expand(data, POLICY, 5, tmp_path / "whole")
    monkeypatch.setattr("augury.offline.views._TOGETHER", 9 * 12 * 3 * 2)
    monkeypatch.setattr("augury.offline.manifest._PLANNED", 7)
    expand(data, POLICY, 5, tmp_path / "pieces")
    assert contents(tmp_path / "whole") == contents(tmp_path / "pieces")


@pytest.mark.parametrize(("dtype", "shape"), [("uint8", (6, 7)), ("uint16", (6, 7, 3)), ("uint8", (6, 7, 4))])
def test_arrays_become_pngs_in_folders(tmp_path, dtype, shape):
    images = np.stack([picture(k, shape, dtype) for k in range(12)])
    data = ag.from_arrays(images, np.arange(12) % 3, classes=["c", "a", "b"])
    made = expand(data, POLICY, 2, tmp_path / "out")
    assert_same_bytes(image(made.path, "a/04.png"), images[4].reshape(6, 7, -1))
    again = ag.open(made.path)
    assert again.classes == ("c", "a", "b")
    assert again.labels[again.paths.index("a/04_2.png")] == 1
    assert rows(made.path)[0]["source"] == "row 0"


def test_originals_may_be_left_out(tmp_path):
    made = expand(opened(tmp_path / "data"), POLICY, 2, tmp_path / "out", originals=False)
    assert made.images == 16
    assert not set(FOLDERS) & set(contents(made.path))
    assert len(ag.open(made.path)) == 16


def test_jpg_and_webp_are_smaller_and_of_the_given_quality(tmp_path):
    data = opened(tmp_path / "data", shapes=[(64, 64, 3)])
    sizes = {}
    for end, quality in (("png", None), ("jpg", None), ("jpg", 30), ("webp", None)):
        made = expand(data, POLICY, 1, tmp_path / f"{end}{quality}", format=end, quality=quality)
        sizes[end, quality] = len(contents(made.path)[f"cat/0_1.{end}"])
        assert image(made.path, f"cat/0_1.{end}").shape == (64, 64, 3)
        assert about(made.path)["quality"] == (quality if quality or end == "png" else 95)
    assert sizes["jpg", 30] < sizes["jpg", None] < sizes["png", None] > sizes["webp", None]


# ---- the manifest, and opening again


def test_the_manifest_says_what_was_drawn(tmp_path):
    corners = ag.Perspective((0.0, 0.2), name="corners")
    policy = ag.Policy([ag.OneOf([ag.Rotate((-30, 30)), ag.Rotate(Fixed(90), name="turn")]), corners])
    data = opened(tmp_path / "data")
    made = expand(data, policy, 3, tmp_path / "out", seed=2)
    lines = rows(made.path)
    assert [line["view"] for line in lines[:4]] == ["0", "1", "2", "3"]
    assert {line["part"] for line in lines} == {"train"}
    assert lines[0]["Rotate.angle"] == lines[0]["turn.on"] == ""
    for line in lines:
        if line["view"] != "0":
            assert int(line["Rotate.on"]) + int(line["turn.on"]) == 1
            assert -30 <= float(line["Rotate.angle"]) <= 30
            assert line["turn.angle"] == "90.0"
            assert 0 <= float(line["corners.corners_7"]) <= 0.2
    assert len({line["Rotate.angle"] for line in lines}) == 8 * 3 + 1
    for line in lines[:4]:
        assert line["source"] == "cat/0.png"
        assert line["source_digest"] == data._table.digests[0].tobytes().hex()
    again = ag.Policy.from_json(json.dumps(about(made.path)["policy"]))
    assert again == policy


def test_a_split_of_what_was_opened_again_keeps_families_together(tmp_path, components_zip):
    data = ag.open(components_zip)
    some = [row for row in range(250) if row % 5 == 0]
    folder = tmp_path / "some"
    folder.mkdir()
    for row in some:
        (folder / data.paths[row]).write_bytes(data._table.read(row))
    made = expand(ag.open(folder), POLICY, 3, tmp_path / "out.zip")
    again = ag.open(made.path)
    assert len(again) == 4 * len(some)
    split = again.split(val=0.2, test=0.2, groups=None)
    sides = {}
    for name, part in (("train", split.train), ("val", split.val), ("test", split.test)):
        assert len(part)
        for path in part.paths:
            sides.setdefault(path.split("_")[0].removesuffix(".png"), set()).add(name)
    assert len(sides) == len(some)
    assert all(len(side) == 1 for side in sides.values())


def test_groups_of_the_source_stay_groups(tmp_path):
    data = ag.from_arrays(np.stack([picture(k) for k in range(8)]), np.arange(8) % 2, groups=[0, 1, 0, 1, 2, 3, 4, 5])
    again = ag.open(expand(data, POLICY, 2, tmp_path / "out").path)
    members = {tuple(np.flatnonzero(again.groups == g) // 3) for g in again.groups}
    assert members == {(0, 0, 0, 2, 2, 2), (1, 1, 1, 3, 3, 3), (4,) * 3, (5,) * 3, (6,) * 3, (7,) * 3}


def test_a_training_part_is_expanded_and_no_other(tmp_path):
    split = opened(tmp_path / "data").split(val=0.25, test=0.25, groups=None)
    made = expand(split.train, POLICY, 1, tmp_path / "out")
    assert sorted({line["source"] for line in rows(made.path)}) == sorted(split.train.paths)
    for part in (split.val, split.test):
        refused(LeakError, "expand is for training data, and this is the ", part, POLICY, 1, tmp_path / "no")


def test_given_parts_must_be_divided_and_a_policy_may_not_know_the_test_part(tmp_path):
    data = opened(tmp_path / "data", [f"{part}/{name}" for part in ("train", "test") for name in FOLDERS])
    refused(LeakError, "comes divided into parts", data, POLICY, 1, tmp_path / "out")
    split = data.split(groups=None)
    chosen = POLICY.model_copy(update={"chosen_on": ag.transforms.policies.ChosenOn.of(split.test._digests)})
    refused(LeakError, "was chosen on", split.train, chosen, 1, tmp_path / "out")
    made = expand(split.train, POLICY, 1, tmp_path / "out")
    assert "train/cat/0_1.png" in contents(made.path)
    assert len(ag.open(made.path)) == 2 * len(split.train)


def test_classes_keep_their_numbers(tmp_path):
    names = [f"{label}/{k}.png" for label in ("1", "10", "2") for k in range(2)]
    data = opened(tmp_path / "data", names)
    again = ag.open(expand(data, POLICY, 1, tmp_path / "out").path)
    assert again.classes == data.classes == ("1", "10", "2")
    assert again.classes[again.labels[again.paths.index("10/0_1.png")]] == "10"


# ---- what is refused, with nothing left behind


def test_a_second_run_into_one_place_is_refused(tmp_path):
    data = opened(tmp_path / "data")
    for name in ("out", "out.zip"):
        made = expand(data, POLICY, 1, tmp_path / name)
        before = contents(made.path)
        refused(DataError, "exists already", data, POLICY, 1, tmp_path / name)
        assert contents(made.path) == before
    (tmp_path / "empty").mkdir()
    refused(DataError, "exists already", data, POLICY, 1, tmp_path / "empty")


@pytest.mark.parametrize("end", ["", ".zip"])
def test_too_small_a_disk_is_refused_with_numbers(tmp_path, monkeypatch, end):
    data = opened(tmp_path / "data")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage._replace(free=100_000))
    message = r"about 0\.000\d+ GB are needed and 0\.0001 GB are free; make room"
    refused(DataError, message, data, POLICY, 10, tmp_path / f"out{end}")
    assert leftovers(tmp_path) == ["data"]
    needed = expand(data, POLICY, 1, tmp_path / "out")
    assert needed.images == 16


def test_unreadable_images_are_refused_before_anything_is_written(tmp_path):
    data = opened(tmp_path / "data")
    (tmp_path / "data/cat/2.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    refused(
        DataError,
        r"cat/2\.png: cannot be decoded: cut short or broken; replace or remove it$",
        data,
        POLICY,
        1,
        tmp_path / "o",
    )
    (tmp_path / "data/dog/1.png").write_bytes(b"")
    refused(DataError, r"cat/2\.png: .* \(the first of 2 such images\)", data, POLICY, 1, tmp_path / "o")
    assert leftovers(tmp_path) == ["data"]


def test_an_image_that_changes_meanwhile_is_refused(tmp_path):
    data = opened(tmp_path / "data")

    def progress(stage, done, total):
        if (stage, done) == ("checking", total):
            written(tmp_path / "data", ["dog/3.png"])

    refused(DataError, r"dog/3\.png: changed while it was expanded", data, POLICY, 1, tmp_path / "o", progress=progress)


@pytest.mark.parametrize(
    ("shape", "dtype", "options", "message"),
    [
        ((6, 7, 3), "float32", {}, "float32 pixels, which no png holds"),
        ((6, 7, 2), "uint8", {}, "2 channels, image files hold 1, 3 or 4; leave some out"),
        ((6, 7, 3), "uint16", {"format": "jpg"}, "uint16 pixels, which jpg does not hold; use format='png'"),
        ((6, 7, 4), "uint8", {"format": "jpg"}, r"4 channels, jpg holds 1 or 3; .*, or format='png'"),
        ((6, 7), "uint8", {"format": "webp"}, "1 channels, webp holds 3"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(tmp_path, shape, dtype, options, message):
    data = ag.from_arrays(np.zeros((6, *shape), dtype), np.arange(6) % 2)
    refused(DataError, message, data, POLICY, 1, tmp_path / "out", **options)
    assert leftovers(tmp_path) == []


def test_wrong_arguments_are_one_line(tmp_path):
    data, out = opened(tmp_path / "data"), tmp_path / "out"
    refused(AuguryError, "views=0", data, POLICY, 0, out)
    refused(AuguryError, "views=65536", data, POLICY, 65536, out)
    refused(AuguryError, "threads=-1", data, POLICY, 1, out, threads=-1)
    refused(AuguryError, "seed='a'", data, POLICY, 1, out, seed="a")
    refused(AuguryError, "format='gif'", data, POLICY, 1, out, format="gif")
    refused(AuguryError, "lossless; leave it out", data, POLICY, 1, out, quality=90)
    refused(AuguryError, "quality=0", data, POLICY, 1, out, format="jpg", quality=0)
    refused(AuguryError, "no policy", data, ag.Rotate(), 1, out)
    refused(AuguryError, "not random", data, ag.Policy([ag.Rotate(Fixed(9))]), 2, out)
    refused(AuguryError, "is shifted", data.under("rotation"), POLICY, 1, out)
    refused(AuguryError, "names no folder", data, POLICY, 1, "/")
    refused(AuguryError, "holds a control character", data, POLICY, 1, tmp_path / "a\nb")
    refused(AuguryError, "cannot be written", data, POLICY, 1, tmp_path / ("x" * 255))
    refused(DataError, "lies in the dataset", data, POLICY, 1, tmp_path / "data" / "cat" / "more")
    refused(DataError, "no class", ag.open(tmp_path / "data" / "cat", labelled=False), POLICY, 1, out)
    assert leftovers(tmp_path) == ["data"]


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    data = opened(tmp_path / "data")
    refused(DataError, "cannot be written|in the way", data, POLICY, 1, tmp_path / "file" / "out")
    os.mkfifo(tmp_path / "out.part")
    refused(DataError, r"out\.part: is in the way; move it|exists already", data, POLICY, 1, tmp_path / "out")


def test_progress_is_told_in_order(tmp_path):
    told = []
    expand(
        opened(tmp_path / "data"), POLICY, 1, tmp_path / "out.zip", threads=2, progress=lambda *now: told.append(now)
    )
    stages = {stage: [now for now in told if now[0] == stage] for stage in ("checking", "expanding", "packing")}
    assert stages["checking"] == [("checking", k, 8) for k in range(1, 9)]
    assert stages["expanding"] == [("expanding", k, 8) for k in range(1, 9)]
    assert stages["packing"][-1] == ("packing", 18, 18)
