"""The page of a look: all that it shows is in it, bounded, escaped, and drawn by a browser without complaint."""

import base64
import re
import subprocess

import cv2
import numpy as np
import pytest

import augury as ag
from augury.report import look_charts, look_page
from browser import CHROMIUM, Elements, in_chromium

HOSTILE = ["<script>alert(1)</script>", "a \"quoted\" & 'b'", "{{ 7 * 7 }} ünï漢"]


def pictures(count, side=20, channels=3):
    rng = np.random.default_rng(0)
    images = np.full((count, side, side, channels), 200, np.uint8)
    for image in images:
        y, x = rng.integers(2, side // 2, 2)
        image[y : y + side // 3, x : x + side // 2] = rng.integers(0, 120, channels)
    return images + rng.integers(0, 9, images.shape).astype(np.uint8)


def write(data, tmp_path):
    return ag.look(data).report(tmp_path / "look.html").read_text()


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    images = pictures(45)
    images[1] = images[0]  # twins of two classes
    images[10] = images[7]
    data = ag.from_arrays(images, np.arange(45) % 3, classes=HOSTILE)
    return write(data, tmp_path_factory.mktemp("page"))


def test_every_picture_that_is_shown_is_in_the_page_once(page):
    elements = Elements(page)
    held = [image["id"] for image in elements.of("image")]
    used = {use["href"].removeprefix("#") for use in elements.of("use")}
    assert len(held) == len(set(held)) == 45
    assert used == set(held)


def test_pictures_are_those_of_the_dataset(page):
    shown = {image["id"]: image["href"] for image in Elements(page).of("image")}
    for i, image in enumerate(pictures(45)):
        kind, data = shown[f"p{i}"].split(";base64,")
        assert kind == "data:image/png"
        if i not in (1, 10):
            decoded = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR_RGB)
            np.testing.assert_array_equal(decoded, image)


def test_names_are_shown_and_never_obeyed(page):
    elements = Elements(page)
    words = "".join(elements.words)
    assert elements.of("script") == []
    assert all(name in words for name in HOSTILE)
    assert "49 ünï" not in words
    assert not [name for _, attributes in elements.tags for name in attributes if name.startswith("on")]


def test_the_page_asks_nothing_of_the_network(page):
    assert "http" not in page
    assert "url(" not in page
    assert "<link" not in page


def test_links_lead_somewhere_and_sections_are_there(page):
    elements = Elements(page)
    targets = {attributes["id"] for _, attributes in elements.tags if "id" in attributes}
    assert {a["href"].removeprefix("#") for a in elements.of("a")} <= targets
    assert {"remarks", "classes", "repeats", "quality", "varies", "proposed", "map", "files"} <= targets


def test_remarks_ranges_and_the_policy_are_on_it(page):
    words = " ".join("".join(Elements(page).words).split())
    assert "Byte-identical files lie in two classes (1 set)" in words
    assert "45 images of 3 classes, 15 of each, 20x20, colour" in words
    assert "- op: Translate" in words
    assert "observed" in words
    policy = re.search(r"<pre>(.*?)</pre>", page, re.DOTALL)[1]
    assert len(ag.Policy.from_yaml(policy).transforms) >= 5


def test_unreadable_files_are_listed(tmp_path):
    for name, data in (("ant/1<i>.png", b""), ("ant/2.png", None), ("bee/3.png", None)):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", pictures(1)[0])[1].tobytes() if data is None else data)
    text = write(ag.open(tmp_path / "data"), tmp_path)
    assert "<td>ant/1&lt;i&gt;.png</td><td>is empty (0 bytes); replace or remove it</td>" in text


def test_the_page_stays_small_whatever_the_dataset(tmp_path, monkeypatch):
    data = ag.from_arrays(pictures(120, channels=1), np.arange(120) % 4)
    monkeypatch.setattr(look_page, "MOST_PICTURES", 30)
    monkeypatch.setattr(look_page, "_STRIPS", 16)
    monkeypatch.setattr(look_charts, "_DOTS", 60)
    elements = Elements(write(data, tmp_path))
    assert len(elements.of("image")) <= 30
    assert len(elements.of("circle")) + len([s for s in elements.of("span") if s.get("class") == "spot"]) == 60
    assert "60 of 120 images are shown" in " ".join(elements.words)
    strips = re.findall(r'class="strip">(.*?)</div>', (tmp_path / "look.html").read_text(), re.DOTALL)
    assert [strip.count("<use") for strip in strips] == [4, 4, 4, 4]  # evenly over the classes
    monkeypatch.setattr(look_page, "MOST_BYTES", 5000)
    assert sum(len(image["href"]) for image in Elements(write(data, tmp_path)).of("image")) <= 5000


def test_lines_of_the_map_join_copies_only_where_there_are_many(tmp_path, monkeypatch):
    images = pictures(12)
    images[3], images[7] = images[0], images[5][:, ::-1]
    found = ag.look(ag.from_arrays(images, np.arange(12) % 2))
    text = found.report(tmp_path / "look.html").read_text()
    assert text.count('<path d="M') == 2
    assert "Lines join copies and look-alikes." in text
    monkeypatch.setattr(look_charts, "_LINKS", 1)
    text = found.report(tmp_path / "look.html").read_text()
    assert text.count('<path d="M') == 1
    assert "Lines join copies." in text


def test_many_classes_share_the_pictures(tmp_path, monkeypatch):
    monkeypatch.setattr(look_page, "_STRIPS", 10)
    text = write(ag.from_arrays(pictures(60, channels=1), np.arange(60) // 2), tmp_path)
    strips = re.findall(r'class="strip">(.*?)</div>', text, re.DOTALL)
    assert len(strips) == 30
    assert [k for k, strip in enumerate(strips) if "<use" in strip] == [0, 3, 6, 10, 13, 16, 19, 23, 26, 29]


def test_large_photos_are_kept_as_thumbnails(tmp_path):
    image = np.linspace(0, 255, 150 * 200).reshape(150, 200).astype(np.uint8)
    text = write(ag.from_arrays([image, image[::-1].copy()], [0, 1]), tmp_path)
    (first, _) = Elements(text).of("image")
    assert first["href"].startswith("data:image/jpeg")
    assert (first["width"], first["height"]) == ("64", "48")


def test_histograms_hold_all_values_and_marks_lie_inside(tmp_path):
    data = ag.from_arrays(pictures(40), np.arange(40) % 2)
    found = ag.look(data)
    for varying in found._findings.varying.values():
        if varying.classes:
            chart = look_charts.chart_of(found._findings, varying)
            assert all(max(row["bars"]) == 1 for row in chart["rows"])
            assert all(0 <= mark <= 1 for row in chart["rows"] for mark in row["marks"])
            assert all(row["marks"] == sorted(row["marks"]) for row in chart["rows"])


@in_chromium
@pytest.mark.parametrize("width", [1200, 390])
def test_a_browser_shows_the_page_without_errors(page, tmp_path, width):
    out = tmp_path / "look.html"
    out.write_text(page)
    shot = tmp_path / "shot.png"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--enable-logging=stderr", "--v=0",
             f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},2500"]  # fmt: skip
    ran = subprocess.run(
        [CHROMIUM, *flags, f"--screenshot={shot}", out.as_uri()], capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    assert "CONSOLE" not in ran.stderr
    picture = cv2.imread(str(shot))
    assert picture.shape[1] == width
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 500  # the photos are drawn, not only text
