"""Expansions of detection and segmentation datasets: annotations follow the pixels, in each format."""

import json
import shutil

import cv2
import numpy as np
import pytest
from drawn_objects import CLASSES, POLICY, around, coco, filled, masked, overlap, rotated, scenes, shown
from expansions import about, contents, leftovers, rows
from typer.testing import CliRunner

import augury as ag
from augury.api.expand import expand
from augury.cli import app
from augury.data.opening import open_path
from augury.errors import AuguryError, DataError, LeakError, PolicyError
from marked import encoded
from sources import one_line

BOXES = ["coco", "yolo", "voc", "csv"]


def source(tmp_path, layout, n=6):
    """Rectangles in one of the formats of boxes."""
    coco(tmp_path / "first", scenes(n))
    if layout == "coco":
        return ag.open(tmp_path / "first")
    ag.write(ag.open(tmp_path / "first"), tmp_path / layout, layout)
    return ag.open(tmp_path / layout)


def refused(error, message, *arguments, **options):
    with pytest.raises(error) as caught:
        expand(*arguments, **options)
    one_line(caught, message)


def lit(image, label):
    """Where an object of a class is seen: its own channel is bright, and brighter than the others."""
    others = np.delete(image, label, axis=2).max(axis=2)
    return (image[..., label] > 127) & (others <= 127)


def dots(image):
    """Where white dots hide what they lie on."""
    return np.sort(image, axis=2)[..., 1] > 127


def assert_boxes_hold_their_objects(found, names):
    """Every box is within 2 pixels of the one around what has its colour, and holds it where the frame cuts it.

    A turned rectangle whose corner is cut away may fill less than its box.
    """
    tight = 0
    for path in names:
        image, marks = found[path]
        for label, box in zip(marks.labels, marks.boxes, strict=True):
            pixels, limit = lit(image, label), [image.shape[1], image.shape[0]] * 2
            if pixels.sum() < 30:
                continue
            seen = around(pixels)
            assert (box[:2] - 2 <= seen[:2]).all(), path
            assert (seen[2:] <= box[2:] + 2).all(), path
            if (box > 0).all() and (box < limit).all():
                np.testing.assert_allclose(box, seen, atol=2.0, err_msg=path)
                tight += 1
    assert tight >= len(names) / 2


# ---- what is written, and read again


@pytest.mark.parametrize("layout", BOXES)
@pytest.mark.parametrize("end", ["", ".zip"])
def test_boxes_hold_their_objects_and_originals_are_copies(tmp_path, layout, end):
    data = source(tmp_path, layout)
    made = expand(data, POLICY, 4, tmp_path / f"out{end}", seed=1)
    again = ag.open(made.path)
    assert (made.images, len(again), again._table.layout) == (30, 30, layout)
    assert again.classes == data.classes == (tuple(sorted(CLASSES)) if layout in ("voc", "csv") else CLASSES)
    found, before = shown(again), shown(data)
    channel = [CLASSES.index(name) for name in again.classes]
    for _, marks in (*found.values(), *before.values()):
        marks.labels = np.array([channel[label] for label in marks.labels])
    assert_boxes_hold_their_objects(found, again.paths)
    for line in rows(made.path):
        if line["view"] == "0":
            assert contents(made.path)[line["path"]] == data._table.read(data.paths.index(line["source"]))
            np.testing.assert_array_equal(found[line["path"]][1].boxes, before[line["source"]][1].boxes)


def test_all_formats_hold_the_same_boxes(tmp_path):
    data = source(tmp_path, "coco")
    held = {}
    for layout in BOXES:
        again = ag.open(expand(data, POLICY, 3, tmp_path / f"as {layout}", annotations=layout).path)
        names = again.classes
        held[layout] = {
            path.rpartition("/")[2]: sorted((names[a], *b) for a, b in zip(m.labels, m.boxes.tolist(), strict=True))
            for path, (_, m) in shown(again).items()
        }
    for layout in ("voc", "csv"):
        assert held[layout] == held["coco"]
    for name, objects in held["coco"].items():
        for (label, *box), (other, *same) in zip(objects, held["yolo"][name], strict=True):
            assert label == other
            np.testing.assert_allclose(box, same, rtol=0, atol=1e-4)


@pytest.mark.parametrize("layout", ["coco", "yolo"])
def test_outlines_are_the_drawn_shapes(tmp_path, layout):
    data = ag.open(coco(tmp_path / "data", scenes(kind="disc"), outlines=True))
    if layout == "yolo":
        ag.write(data, tmp_path / "yolo", "yolo")
        data = ag.open(tmp_path / "yolo")
    again = ag.open(expand(data, POLICY, 4, tmp_path / "out").path)
    found = shown(again)
    assert_boxes_hold_their_objects(found, again.paths)
    compared = 0
    for image, marks in found.values():
        for label, (ring,) in zip(marks.labels, marks.polygons, strict=True):
            if lit(image, label).sum() > 120:
                assert overlap(filled(ring, image.shape[:2]) & ~dots(image), lit(image, label)) > 0.9
                compared += 1
    assert compared > 60


@pytest.mark.parametrize("layout", ["coco", "yolo"])
def test_keypoints_lie_on_their_dots_and_are_counted(tmp_path, layout):
    data = ag.open(coco(tmp_path / "data", scenes(), keypoints=True))
    if layout == "yolo":
        ag.write(data, tmp_path / "yolo", "yolo")
        data = ag.open(tmp_path / "yolo")
    made = expand(data, POLICY, 6, tmp_path / "out")
    again = ag.open(made.path)
    assert again._table.objects.keypoint_names == ("dot", "none")
    labelled = 0
    for image, marks in shown(again).values():
        for x, y, visible in marks.keypoints[:, 0]:
            if visible and 2 < x < image.shape[1] - 2 and 2 < y < image.shape[0] - 2:
                assert image[int(y), int(x)].min() > 100
            labelled += visible > 0
        assert not marks.keypoints[:, 1].any()
    lines = rows(made.path)
    assert made.dropped_keypoints == sum(int(line["dropped_keypoints"]) for line in lines) > 0
    assert labelled == 6 * 7 * 3 - made.dropped_boxes - made.dropped_keypoints


def test_rotated_boxes_stay_around_their_objects(tmp_path):
    data = ag.open(rotated(tmp_path / "data", scenes()))
    assert data._table.objects.quads is not None
    made = expand(data, ag.Policy([ag.Rotate((-25, 25))], border="constant"), 3, tmp_path / "out")
    inside = 0
    for image, marks in shown(ag.open(made.path)).values():
        limit = np.array(image.shape[1::-1])
        for label, quad in zip(marks.labels, marks.quads, strict=True):
            if ((quad > 0) & (quad < limit)).all():
                assert overlap(filled(quad, image.shape[:2]) & ~dots(image), lit(image, label)) > 0.85
                inside += 1
    assert inside > 40
    assert made.left_out.get("objects outside", 0) > 0  # YOLO holds no corner beyond the image: cut, and counted


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_masks_are_the_drawn_shapes_without_loss(tmp_path, dtype):
    data = ag.open(masked(tmp_path / "data", scenes(kind="disc"), dtype))
    made = expand(data, POLICY, 3, tmp_path / "out", format="jpg")
    files = contents(made.path)
    assert {name for name in files if name.startswith("masks/")} == {
        f"masks/{k}{end}.png" for k in range(6) for end in ("", "_1", "_2", "_3")
    }
    for name, data_of in files.items():
        if name.startswith("masks/"):
            assert data_of[25] == 0  # a gray PNG, without a palette
    compared = 0
    first = 1 if dtype == "uint8" else 1001
    for image, marks in shown(ag.open(made.path)).values():
        assert marks.mask.dtype == dtype
        assert set(np.unique(marks.mask)) <= {0, first, first + 1, first + 2}
        for label in range(3):
            if lit(image, label).sum() > 120:
                assert overlap((marks.mask == first + label) & ~dots(image), lit(image, label)) > 0.9
                compared += 1
    assert compared > 40


def test_each_image_keeps_its_size_unless_one_is_prepared(tmp_path):
    data = source(tmp_path, "coco")
    own = shown(ag.open(expand(data, POLICY, 1, tmp_path / "own").path))
    assert {image.shape[:2] for image, _ in own.values()} == {(60, 90), (84, 72), (66, 66)}
    prepared = data.prepare(size=(50, 50), fit="crop")
    found = shown(ag.open(expand(prepared, POLICY, 2, tmp_path / "out", originals=False).path))
    assert {image.shape[:2] for image, _ in found.values()} == {(50, 50)}
    assert_boxes_hold_their_objects(found, [path for path in found if len(found[path][1].labels)])


def test_a_policy_that_resizes_says_the_new_size(tmp_path):
    made = expand(source(tmp_path, "voc"), ag.Policy([ag.Resize((0.5, 0.5)), ag.HorizontalFlip()]), 2, tmp_path / "out")
    files = contents(made.path)
    assert b"<width>45</width><height>30</height>" in files["Annotations/0_1.xml"]
    channel = [CLASSES.index(name) for name in ag.open(made.path).classes]
    found = shown(ag.open(made.path))
    for _, marks in found.values():
        marks.labels = np.array([channel[label] for label in marks.labels])
    assert_boxes_hold_their_objects(found, found)


def test_threads_change_no_byte(tmp_path):
    for k, data in enumerate((source(tmp_path, "yolo"), ag.open(masked(tmp_path / "masks", scenes(), "uint8")))):
        made = [contents(expand(data, POLICY, 3, tmp_path / f"{k}{t}", threads=t).path) for t in (0, 1, 2)]
        assert made[0] == made[1] == made[2]


def test_views_made_in_several_runs_are_the_same(tmp_path, monkeypatch):
    data = ag.open(coco(tmp_path / "data", scenes(), outlines=True, keypoints=True))
    policy = POLICY.model_copy(update={"keep": ag.transforms.policies.Keep(visible=0.9, redraws=3)})
    expand(data, policy, 5, tmp_path / "whole")
    monkeypatch.setattr("augury.offline.views._TOGETHER", 60 * 90 * 3 * 2)
    monkeypatch.setattr("augury.offline.manifest._PLANNED", 7)
    expand(data, policy, 5, tmp_path / "pieces")
    assert contents(tmp_path / "whole") == contents(tmp_path / "pieces")


# ---- families and parts


@pytest.mark.parametrize("layout", [*BOXES, "masks"])
def test_families_are_never_divided(tmp_path, layout):
    data = ag.open(masked(tmp_path / "m", scenes(12), "uint8")) if layout == "masks" else source(tmp_path, layout, 12)
    again = ag.open(expand(data, POLICY, 3, tmp_path / "out").path)
    split = again.split(val=0.25, test=0.25, groups=None)
    sides = {}
    for name, part in (("train", split.train), ("val", split.val), ("test", split.test)):
        assert len(part)
        for path in part.paths:
            sides.setdefault(path.rpartition("/")[2].split("_")[0].split(".")[0], set()).add(name)
    assert len(sides) == 12
    assert all(len(side) == 1 for side in sides.values())


def test_a_table_of_boxes_keeps_its_groups_by_itself(tmp_path):
    made = expand(source(tmp_path, "csv"), POLICY, 2, tmp_path / "out")
    alone = ag.open(made.path / "labels.csv")
    assert len(np.unique(alone.groups)) == 6


def test_given_parts_keep_their_folders_and_only_training_is_expanded(tmp_path):
    data = source(tmp_path, "yolo", 8)
    for part, names in (("train", range(5)), ("val", range(5, 8))):
        for folder, ending in (("images", "png"), ("labels", "txt")):
            (tmp_path / "parted" / folder / part).mkdir(parents=True)
            for k in names:
                where = f"{folder}/{part}/{k}.{ending}"
                (tmp_path / "parted" / where).write_bytes((tmp_path / "yolo" / folder / f"{k}.{ending}").read_bytes())
    (tmp_path / "parted" / "data.yaml").write_text(f"names: [{', '.join(CLASSES)}]\n")
    refused(LeakError, "comes divided", ag.open(tmp_path / "parted"), POLICY, 1, tmp_path / "out")
    split = ag.open(tmp_path / "parted").split(groups=None)
    refused(LeakError, "expand is for training data", split.val, POLICY, 1, tmp_path / "out")
    made = expand(split.train, POLICY, 1, tmp_path / "out")
    assert {"images/train/0.png", "images/train/0_1.png", "labels/train/4_1.txt"} <= set(contents(made.path))
    assert "images/train" in contents(made.path)["data.yaml"].decode()
    assert len(ag.open(made.path)) == 2 * len(split.train)
    assert len(data) == 8


# ---- what is dropped, drawn anew, kept in sight


def test_dropped_boxes_are_counted_view_by_view(tmp_path):
    policy = ag.Policy([ag.Translate((-0.6, 0.6), (0, 0))], border="constant")
    made = expand(source(tmp_path, "coco"), policy, 5, tmp_path / "out")
    found = shown(ag.open(made.path))
    dropped = 0
    for line in rows(made.path):
        assert int(line["dropped_boxes"]) == 3 - len(found[line["path"]][1].labels)
        dropped += int(line["dropped_boxes"])
    assert made.dropped_boxes == dropped > 0
    assert (made.redrawn, made.dropped_keypoints, made.left_out) == (0, 0, {})


def test_redrawn_views_are_counted_and_the_manifest_says_the_last_draw(tmp_path):
    data = source(tmp_path, "coco")
    policy = ag.Policy([ag.Translate((-0.5, 0.5), (0.0, 0.0))], border="constant")
    keep = policy.model_copy(update={"keep": ag.transforms.policies.Keep(visible=0.5, redraws=20)})
    first, made = (expand(data, p, 4, tmp_path / name) for p, name in ((policy, "plain"), (keep, "out")))
    assert made.redrawn > 5
    assert made.dropped_boxes < first.dropped_boxes
    found, lines = shown(ag.open(made.path)), rows(made.path)
    assert made.redrawn == sum(int(line["redrawn"]) > 0 for line in lines)
    for line, before in zip(lines, rows(first.path), strict=True):
        if line["view"] == "0":
            original = found[line["path"]][1].boxes
            continue
        assert (line["Translate.x"] == before["Translate.x"]) == (line["redrawn"] == "0")
        image, marks = found[line["path"]]
        if line["dropped_boxes"] == "0":
            shift = float(line["Translate.x"]) * image.shape[1]
            expected = np.clip(original[:, [0, 2]] + shift, 0, image.shape[1])
            np.testing.assert_allclose(marks.boxes[:, [0, 2]], expected, atol=1e-3)
            assert (np.diff(expected)[:, 0] / np.diff(original[:, [0, 2]])[:, 0] >= 0.499).all()


@pytest.mark.parametrize("kind", ["boxes", "masks"])
def test_what_is_marked_stays_in_sight_of_a_safe_crop(tmp_path, kind):
    made = scenes(6)
    for scene in made:  # one small object, so that a crop has room around it
        scene.boxes, scene.dots = scene.boxes[:1], scene.dots[:1]
    data = coco(tmp_path / "data", made) if kind == "boxes" else masked(tmp_path / "data", made, "uint8")
    policy = ag.Policy([ag.SafeCrop()])
    found = shown(ag.open(expand(ag.open(data), policy, 6, tmp_path / "out").path))
    assert len(found) == 42
    for path, (image, marks) in found.items():
        original = marks.boxes if kind == "boxes" else [around(marks.mask == 1)]
        scene = made[int(path.rpartition("/")[2][0])]
        left, top, right, bottom = scene.boxes[0]
        (box,) = original
        assert image.shape[:2] == scene.image.shape[:2]
        # a crop enlarges: what is wholly in sight is no smaller than it was
        assert box[2] - box[0] >= right - left - 1
        assert box[3] - box[1] >= bottom - top - 1


# ---- what is refused, before anything is written


def test_boxes_that_cannot_follow_are_refused(tmp_path):
    data = source(tmp_path, "coco")
    refused(PolicyError, "would cut boxes into pieces", data, ag.Policy([ag.GridShuffle()]), 1, tmp_path / "out")
    masks = ag.open(masked(tmp_path / "masks", scenes(), "uint8"))
    assert expand(masks, ag.Policy([ag.GridShuffle()]), 1, tmp_path / "shuffled").images == 12
    assert leftovers(tmp_path) == ["first", "masks", "shuffled"]


def test_what_a_format_cannot_hold_is_refused(tmp_path):
    data = ag.open(coco(tmp_path / "data", scenes(), outlines=True))
    refused(
        DataError, r"voc cannot hold 3 polygons; choose another .* \(the first of 6 such", data, POLICY, 1,
        tmp_path / "out", annotations="voc",
    )  # fmt: skip
    for wrong in ("masks", "folders", "json"):
        refused(AuguryError, "holds boxes; expected coco or", data, POLICY, 1, tmp_path / "out", annotations=wrong)
    masks = ag.open(masked(tmp_path / "masks", scenes(), "uint8"))
    refused(AuguryError, "holds masks; expected masks", masks, POLICY, 1, tmp_path / "out", annotations="coco")
    assert leftovers(tmp_path) == ["data", "masks"]


def test_masks_that_do_not_fit_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("augury.offline.facts._SAMPLE", 1)  # all are looked at, not only those that are tried out
    root = masked(tmp_path / "data", scenes(), "uint8")
    refused(AuguryError, "mask_fill=300 does not fit", ag.open(root), ag.Policy(mask_fill=300), 1, tmp_path / "out")
    (root / "masks/4.png").write_bytes(encoded(np.zeros((5, 6), np.uint8)))
    refused(DataError, r"4\.png: is 84x72 .*its mask 5x6", ag.open(root), POLICY, 1, tmp_path / "out")
    assert leftovers(tmp_path) == ["data"]


@pytest.mark.parametrize("kind", ["boxes", "masks"])
def test_too_small_a_disk_is_refused(tmp_path, monkeypatch, kind):
    root = coco(tmp_path / "data", scenes()) if kind == "boxes" else masked(tmp_path / "data", scenes(), "uint8")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage._replace(free=100_000))
    refused(DataError, "are needed and .* are free; make room", ag.open(root), POLICY, 5, tmp_path / "out")
    assert leftovers(tmp_path) == ["data"]


def test_a_second_run_is_refused_and_other_annotations_are_another_expansion(tmp_path):
    data = source(tmp_path, "coco")

    def stop(stage, done, total):
        if (stage, done) == ("annotating", 3):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        expand(data, POLICY, 2, tmp_path / "out", progress=stop, threads=0)
    before = contents(tmp_path / "out.part")
    document = tmp_path / "first/annotations/instances_all.json"
    text = document.read_text()
    document.write_text(text.replace('"bbox": [2,', '"bbox": [3,'))
    assert document.read_text() != text
    refused(DataError, "begun otherwise", ag.open(tmp_path / "first"), POLICY, 2, tmp_path / "out")
    refused(DataError, "begun otherwise", data, POLICY, 2, tmp_path / "out", annotations="yolo")
    assert contents(tmp_path / "out.part") == before
    document.write_text(text)
    made = expand(data, POLICY, 2, tmp_path / "out")
    assert contents(made.path) == contents(expand(data, POLICY, 2, tmp_path / "whole").path)
    refused(DataError, "exists already", data, POLICY, 2, tmp_path / "out")


# ---- names, and reading again what somebody changed


def test_names_that_would_share_annotations_get_others(tmp_path):
    made = scenes(3)
    for scene, name in zip(made, ("a.png", "a_1.png", "b.png"), strict=True):
        scene.name = name
    coco(tmp_path / "data", made)
    for old, new in (("a_1.png", "a_1.jpg"),):
        image = cv2.imread(str(tmp_path / "data/images" / old))
        (tmp_path / "data/images" / old).unlink()
        cv2.imwrite(str(tmp_path / "data/images" / new), image)
        document = tmp_path / "data/annotations/instances_all.json"
        document.write_text(document.read_text().replace(old, new))
    out = expand(ag.open(tmp_path / "data"), POLICY, 1, tmp_path / "out", annotations="yolo")
    files = contents(out.path)
    assert {"images/a_1.jpg", "images/a_view_1.png", "labels/a_view_1.txt"} <= set(files)
    assert len(ag.open(out.path)) == 6


def test_an_expansion_is_expanded_again(tmp_path):
    made = expand(source(tmp_path, "yolo"), POLICY, 1, tmp_path / "out")
    twice = expand(ag.open(made.path), POLICY, 1, tmp_path / "twice")
    assert about(twice.path)["layout"] == "yolo"
    again = ag.open(twice.path)
    assert (len(again), len(np.unique(again.groups))) == (24, 6)


def broken_about(folder, **changes):
    (folder / "augury.json").write_text(json.dumps({**about(folder), **changes}))


def test_images_manifest_and_annotations_must_agree(tmp_path):
    folder = expand(source(tmp_path, "yolo"), POLICY, 1, tmp_path / "out").path
    whole, manifest = about(folder), (folder / "manifest.csv").read_text()

    def one_fault(message):
        with pytest.raises(DataError) as caught:
            open_path(folder)
        one_line(caught, message)

    for layout in ("sheep", 3, ["coco"], {"a": 1}):
        broken_about(folder, layout=layout)
        one_fault("is none of coco, yolo, voc, masks, csv")
    broken_about(folder, layout="coco")
    one_fault("out")
    broken_about(folder, layout="yolo", classes=["red", "green"])
    one_fault("class 'blue' is not among")
    (folder / "augury.json").write_text(json.dumps(whole))
    (folder / "manifest.csv").write_text(manifest.replace("images/0_1.png", "images/0_9.png"))
    one_fault("is not annotated")
    (folder / "manifest.csv").write_text(manifest.replace("images/0_1.png", "images/0.png"))
    one_fault("is listed already")
    lines = manifest.splitlines(keepends=True)
    (folder / "manifest.csv").write_text("".join(lines[:-1]))
    one_fault("1 images are not in the table")
    (folder / "manifest.csv").write_text(manifest.replace(",group,", ",family,"))
    one_fault("has no column group")
    (folder / "manifest.csv").write_text(manifest)
    assert len(open_path(folder)) == 12


def test_the_command_counts_what_was_dropped(tmp_path):
    source(tmp_path, "coco")
    policy = ag.Policy([ag.Translate((-0.6, 0.6), (0, 0))], border="constant")
    policy.save(tmp_path / "p.yaml")
    command = ["expand", str(tmp_path / "first"), "--policy", str(tmp_path / "p.yaml"), "--no-split", "--views", "3"]
    result = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "out"), "--annotations", "voc"])
    dropped = sum(int(line["dropped_boxes"]) for line in rows(tmp_path / "out"))
    last = result.output.strip().splitlines()[-1]
    assert last.endswith(f"24 images, 3 views of each of 6; {dropped} dropped boxes")
    assert (tmp_path / "out/Annotations/0_3.xml").is_file()
