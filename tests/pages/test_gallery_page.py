"""The gallery: every transform is on it, what it says is what the code does, and a browser shows and filters it."""

import base64
import re
import subprocess
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

import augury as ag
from augury.cli import app
from augury.compile.program import compile_policy
from augury.data.prepare import Prepare
from augury.ranges import Unit, ends
from augury.report import gallery_facts, gallery_scenes
from augury.report.gallery_settings import default_of, settings_of, steps_of
from augury.spec import Spec
from augury.transforms.base import range_fields
from augury.transforms.plausible import FAMILIES, NOTES
from browser import CHROMIUM, Elements, in_chromium
from helpers import TRANSFORMS

made_by = import_module("augury.api.gallery")  # `augury.api.gallery` itself is the function
DOCUMENT = Path(__file__).parents[2] / "docs" / "transforms.md"
MOST_BYTES = 6_000_000


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The page, the document, and what the page was made of."""
    seen = {}
    real = made_by.page

    def page(original, entries, credit):
        seen.update(original=original, entries={facts.name: (facts, shots) for facts, shots in entries}, credit=credit)
        return real(original, entries, credit)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made_by, "page", page)
        path = ag.gallery(tmp_path_factory.mktemp("made") / "new" / "folder")
    return {"page": path.read_text(), "path": path, "table": (path.parent / "transforms.md").read_text(), **seen}


def shots(made, name):
    return made["entries"][name][1]


def facts(name):
    return gallery_facts.facts_of(getattr(ag, name))


# ---- all of them are there


def test_every_public_transform_has_a_note_and_no_note_is_of_another():
    names = {cls.__name__ for cls in TRANSFORMS}
    assert set(NOTES) == names
    for name, note in NOTES.items():
        for text in (note.where, note.unless):
            assert text.endswith("."), name
            assert 15 < len(text) < 170, name


def test_the_page_shows_every_transform_once_in_its_family(made):
    sections = re.split(r'<section data-family="', made["page"])[1:]
    found = []
    for section in sections:
        found += [(name, section.split('"')[0]) for name in re.findall(r'class="card" id="(\w+)"', section)]
    assert dict(found) == {cls.__name__: NOTES[cls.__name__].family for cls in TRANSFORMS}
    assert len(found) == len(TRANSFORMS)
    assert [family for _, family in found] == sorted((family for _, family in found), key=FAMILIES.index)


def test_the_document_is_the_one_that_the_code_writes(made):
    # if this fails: augury gallery --out DIR, and copy DIR/transforms.md here
    assert DOCUMENT.read_text() == made["table"]
    for cls in TRANSFORMS:
        (row,) = [line for line in made["table"].splitlines() if line.startswith(f"| **{cls.__name__}**:")]
        assert len(re.findall(r"(?<!\\)\|", row)) == 6
        for field, unit in range_fields(cls).items():
            shown = re.search(rf"`{field}` (\S+) \((.*?)\)(<br>| \|)", row)
            assert shown[2].startswith(unit.name)
            high = float(shown[1].removeprefix("±").rsplit("..", 1)[-1])
            np.testing.assert_allclose(high, ends(default_of(cls, field))[1], rtol=1e-5)
            identity = "" if unit.identity is None else f" identity {unit.identity:g}"
            assert shown[2].partition(";")[2] == identity


# ---- what is said


def test_what_is_said_of_some_known_ones():
    rotate, noise, jpeg, clahe = facts("Rotate"), facts("GaussianNoise"), facts("JpegCompression"), facts("CLAHE")
    assert (rotate.kernel, rotate.fusion, noise.kernel, noise.fusion) == ("Resample", "fused", "Noise", "one pass")
    assert (jpeg.kernel, jpeg.fusion, jpeg.images) == ("Opaque", "barrier", "uint8; 1 or 3 channels")
    assert clahe.images == "uint8, uint16; 1 or 3 or 4 channels"
    assert clahe.source == "Zuiderveld 1994; OpenCV's CLAHE"
    assert facts("Erase").source == 'Zhong et al. 2020, "Random Erasing"'
    assert rotate.source == ""
    assert rotate.sentence == "Rotate about the canvas centre."
    assert rotate.rest == "angle: degrees, counter-clockwise as seen; identity 0."
    assert facts("ResizedCrop").sentence.endswith('"Inception" crops).')
    assert "passes tone" in facts("HorizontalFlip").beside
    assert "passes tone" not in rotate.beside
    assert "table" in facts("Brightness").beside
    assert "step by step" in facts("Hue").beside
    assert facts("GridShuffle").marks == "Masks follow; data with boxes are refused."
    zoom = gallery_facts.FieldFacts("factor", "0.8..1.25", "factor, drawn log-uniformly", "1")
    assert facts("Zoom").fields == (zoom,)
    assert [field.name for field in facts("HorizontalFlip").fields] == ["p"]
    assert [(f.name, f.default, f.unit) for f in facts("GridShuffle").fields] == [("cells", "3", "cells a side")]


@pytest.mark.parametrize("cls", TRANSFORMS, ids=lambda cls: cls.__name__)
def test_what_is_said_of_fusion_is_what_the_compiler_does(cls):
    said = gallery_facts.facts_of(cls)
    one = cls(name="one") if cls.resizes else cls(name="one", p=1.0)

    def kernels(*nodes):
        program = compile_policy(ag.Policy(list(nodes)), Prepare(), Spec.image(64, 96, 3))
        return program.kernels, len(program.segments)

    among_geometry, _ = kernels(ag.Rotate(name="a"), one, ag.Zoom(name="b"))
    among_tone, passes = kernels(ag.Gamma(name="a"), one, ag.Contrast(name="b"))
    if said.kernel == "Resample":
        assert (said.fusion, among_geometry) == ("fused", ["Resample"])
        return
    assert among_geometry == ["Resample", said.kernel, "Resample"]  # geometry behind it is resampled anew
    expected = {
        "fused": (["Resample", "Point"], 1),
        "one pass": (["Resample", "Point", said.kernel, "Point"], 1),
        "barrier": (["Resample", "Point", said.kernel, "Point"], 2),
    }
    assert (among_tone, passes) == expected[said.fusion]


# ---- what is drawn


def test_every_picture_differs_from_the_original_and_from_the_others(made):
    for name, (_, found) in made["entries"].items():
        pictures = [shot.image.tobytes() for shot in (made["original"], *found)]
        least = 2 if NOTES[name].family == "mixing" else len(pictures)  # a mask of one region can only stay or go
        assert len(set(pictures)) >= least, name
        assert len(found) in (1, 3), name


def test_pictures_are_what_a_stream_gives(made):
    shown, original = shots(made, "Brightness"), made["original"].image
    assert [shot.caption for shot in shown] == ["factor 0.8", "factor 1.12", "factor 1.25"]
    for shot in shown:
        factor = float(shot.caption.split()[1])
        expected = np.clip(np.rint(original * np.float32(factor)), 0, 255)
        np.testing.assert_array_equal(shot.image, expected.astype(np.uint8))


def test_box_and_dot_follow_what_moves_and_stay_with_what_stays(made):
    height, width = made["original"].image.shape[:2]
    (left, top, right, bottom), (x, y) = made["original"].boxes[0], made["original"].dots[0]
    (flipped,) = shots(made, "HorizontalFlip")
    np.testing.assert_array_equal(flipped.image, made["original"].image[:, ::-1])
    np.testing.assert_allclose(flipped.boxes, [[width - right, top, width - left, bottom]], atol=1e-3)
    np.testing.assert_allclose(flipped.dots, [[width - x, y]], atol=1e-3)
    moved = shots(made, "Translate")[2]
    np.testing.assert_allclose(moved.dots, [[x + 0.1 * width, y + 0.1 * height]], atol=1e-3)
    assert len(shots(made, "Fog")[0].boxes) == len(shots(made, "GridShuffle")[0].boxes) == 0
    drawn_box = next(rect for rect in Elements(made["page"]).of("rect") if rect["class"] == "box")
    numbers = [float(drawn_box[name]) for name in ("x", "y", "width", "height")]
    np.testing.assert_allclose(numbers, [left, top, right - left, bottom - top], atol=0.06)
    drawn = made["page"].count('class="place"')
    cards = re.findall(r'<article class="card" id="(\w+)".*?</article>', made["page"], re.DOTALL)
    marked = [name for name in cards if made["entries"][name][0].shows_marks]
    assert drawn == len(marked) + sum(len(shot.dots) for name in marked for shot in shots(made, name))


@pytest.mark.parametrize("cls", TRANSFORMS, ids=lambda cls: cls.__name__)
def test_settings_lie_within_the_default_ranges(cls):
    found = settings_of(cls)
    assert len(found) in (1, 3)
    for setting in found:
        assert cls.resizes or setting.transform.p == 1.0
        for field in range_fields(cls):
            (low, high), (least, most) = ends(getattr(setting.transform, field)), ends(default_of(cls, field))
            assert least * (1 - 0.002 * np.sign(least)) <= low <= high <= most * (1 + 0.002 * np.sign(most))


def test_steps_go_away_from_the_identity():
    share = Unit("fraction", 0.0, 1.0, identity=0.0)
    np.testing.assert_allclose(steps_of((0.0, 0.3), share), [0.1, 0.2, 0.3])
    np.testing.assert_allclose(steps_of((0.1, 0.3), share), [0.1, 0.2, 0.3])
    np.testing.assert_allclose(steps_of((0.4, 0.7), Unit("ratio", 0.0, 1.0, identity=1.0)), [0.7, 0.55, 0.4])
    np.testing.assert_allclose(steps_of((40.0, 90.0), Unit("quality", 1.0, 100.0)), [40.0, 65.0, 90.0])
    factor = Unit("factor", 0.01, 100.0, identity=1.0, log=True)
    np.testing.assert_allclose(steps_of((0.25, 4.0), factor), [0.25, 2.0, 4.0])


# ---- other pictures


def test_without_scikit_learn_scenes_are_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery_scenes, "find_spec", lambda name: None)
    scenes, credit = gallery_scenes.built_in()
    assert "drawn by Augury" in credit
    assert len({scene.image.tobytes() for scene in scenes}) == len(scenes) == 4
    for scene in scenes:
        height, width = scene.mask.shape
        x, y = int(scene.dot[0] * width), int(scene.dot[1] * height)
        assert scene.mask[y, x] == 1
        down, across = (np.flatnonzero(scene.mask.any(axis=axis)) for axis in (1, 0))
        around = [across[0] / width, down[0] / height, across[-1] / width, down[-1] / height]
        np.testing.assert_allclose(scene.box, around, atol=0.01)
    page = ag.gallery(tmp_path).read_text()
    assert credit in page
    assert page.count('class="card"') == len(TRANSFORMS)


@pytest.mark.parametrize(("dtype", "level"), [(np.uint8, 153), (np.uint16, 39400)])
def test_a_folder_of_ones_own(tmp_path, dtype, level):
    picture = np.full((90, 120), level, dtype)
    picture[:, :60] = 0
    (tmp_path / "photos").mkdir()
    name = "<i>&.png"
    assert cv2.imwrite(str(tmp_path / "photos" / name), picture)
    result = CliRunner().invoke(app, ["gallery", "--out", str(tmp_path / "out"), "--images", str(tmp_path / "photos")])
    assert result.exit_code == 0, result.output
    page = (tmp_path / "out" / "gallery.html").read_text()
    assert "Shown on &lt;i&gt;&amp;.png; mixed in: " in page
    cards = page.split('class="card"')[1:]
    assert min(card.count("<image") for card in cards) == 1  # a flip that changes nothing is shown, too
    original = next(i for i in Elements(page).of("image") if i.get("id") == "original")
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(original["href"].split(",")[1]), np.uint8), cv2.IMREAD_COLOR)
    assert shown[:, :100].max() < 30
    np.testing.assert_allclose(shown[:, -100:], 153, atol=4)


def test_bad_places_are_one_line_and_leave_nothing(tmp_path):
    (tmp_path / "file").write_text("taken")
    (tmp_path / "empty").mkdir()
    for arguments, words in (
        (["--out", tmp_path / "file"], "file: cannot be written"),
        (["--out", tmp_path / "out", "--images", tmp_path / "nowhere"], "nowhere"),
        (["--out", tmp_path / "out", "--images", tmp_path / "empty"], "empty"),
    ):
        result = CliRunner().invoke(app, ["gallery", *map(str, arguments)])
        assert result.exit_code == 1
        assert words in result.output
        assert len(result.output.strip().splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "file"]
    assert (tmp_path / "file").read_text() == "taken"


# ---- the page


def test_the_page_is_small_and_asks_nothing_of_the_network(made):
    assert made["path"].stat().st_size < MOST_BYTES
    assert "http" not in made["page"]
    assert "url(" not in made["page"]
    assert "<link" not in made["page"]
    elements = Elements(made["page"])
    assert [script for script in elements.of("script") if script] == []
    assert not [name for _, attributes in elements.tags for name in attributes if name.startswith("on")]
    assert all(image["href"].startswith("data:image/webp;base64,") for image in elements.of("image"))


def run_chromium(tmp_path, *arguments):
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--enable-logging=stderr", "--v=0",
             f"--user-data-dir={tmp_path / 'profile'}"]  # fmt: skip
    ran = subprocess.run([CHROMIUM, *flags, *arguments], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert "CONSOLE" not in ran.stderr
    return ran.stdout


@in_chromium
@pytest.mark.parametrize("width", [1200, 390])
def test_a_browser_shows_the_page_without_errors(made, tmp_path, width):
    shot = tmp_path / "shot.png"
    run_chromium(tmp_path, f"--window-size={width},2500", f"--screenshot={shot}", made["path"].as_uri())
    picture = cv2.imread(str(shot))
    assert picture.shape[1] == width
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 500  # the photos are drawn, not only text


@in_chromium
@pytest.mark.parametrize(
    ("act", "cards"),
    [
        ("", lambda one: True),
        ("document.querySelector('[value=noise]').click()", lambda one: one.note.family == "noise"),
        ("document.querySelector('[value=noise]').click(), document.querySelector('[value=tone]').click()",
         lambda one: one.note.family in ("noise", "tone")),
        ("let box = document.querySelector('[type=search]'); box.value = ' Clahe'; "
         "box.dispatchEvent(new Event('input', {bubbles: true}))", lambda one: one.name == "CLAHE"),
    ],
)  # fmt: skip
def test_the_filter_shows_a_family_or_a_word(made, tmp_path, act, cards):
    at_width = "document.title = document.documentElement.scrollWidth > innerWidth ? 'wide' : 'fits'"
    (tmp_path / "acted.html").write_text(made["page"].replace("</html>", f"<script>{act};{at_width}</script></html>"))
    text = run_chromium(tmp_path, "--window-size=390,900", "--dump-dom", (tmp_path / "acted.html").as_uri())
    opened = [a["id"] for a in Elements(text).of("article") if "hidden" not in a]
    assert opened == [name for name, (one, _) in made["entries"].items() if cards(one)]
    families = [s["data-family"] for s in Elements(text).of("section") if "hidden" not in s]
    assert families == list(dict.fromkeys(NOTES[name].family for name in opened))
    assert f"{len(opened)} of {len(TRANSFORMS)}" in text
    assert "<title>fits</title>" in text
