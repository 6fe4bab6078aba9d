"""Contact sheets: the same pixels as training, and a page that a browser shows without complaint."""

import base64
import re
import subprocess

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

import augury as ag
from augury.cli import app
from browser import CHROMIUM, in_chromium

POLICY = ag.Policy([ag.Rotate((-30, 30)), ag.HorizontalFlip(), ag.Brightness()])


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(8):
        place = tmp_path / "photos" / ("screw" if i % 2 else "bolt & nut")
        place.mkdir(parents=True, exist_ok=True)
        picture = cv2.resize(rng.integers(0, 256, (6, 6, 3)).astype(np.uint8), (64, 48))
        assert cv2.imwrite(str(place / f"{i}.png"), picture)
    POLICY.save(tmp_path / "policy.yaml")
    return tmp_path


def invoke(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def decode(tile):
    return cv2.imdecode(np.frombuffer(base64.b64decode(tile), np.uint8), cv2.IMREAD_COLOR_RGB)


def test_the_page_holds_the_pixels_that_training_gets(photos):
    out = photos / "sheet.html"
    result = invoke(
        "preview", photos / "photos", "--policy", photos / "policy.yaml", "--out", out, "--samples", 4, "--views", 3
    )
    assert result.exit_code == 0, result.output
    tiles = [decode(t) for t in re.findall(r'src="data:image/png;base64,([^"]+)"', out.read_text())]
    data = ag.open(photos / "photos")
    assert len(tiles) == 4 * (1 + 3)
    shown = {t.tobytes() for t in tiles}
    plain = {i.tobytes() for b in data.stream() for i in b.image}
    training = [{i.tobytes() for b in data.stream(POLICY).epoch(k) for i in b.image} for k in range(3)]
    assert sum(tiles[4 * row].tobytes() in plain for row in range(4)) == 4
    for epoch in range(3):
        assert sum(tiles[4 * row + 1 + epoch].tobytes() in training[epoch] for row in range(4)) == 4
    assert len(shown) > 12


def test_the_picture_holds_the_same_tiles(photos):
    out = ag.preview(
        ag.open(photos / "photos").prepare(size=(96, 96)), POLICY, photos / "sheet.png", samples=2, views=2
    )
    sheet = cv2.imread(str(out), cv2.IMREAD_COLOR_RGB)
    rows = np.array([0, 4])
    view = ag.open(photos / "photos").prepare(size=(96, 96)).stream(POLICY).samples(rows, 1).image
    np.testing.assert_array_equal(sheet[4:100, 4 + 2 * 100 + 8 :][:, :96], view[0])


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_deep_and_gray_images_are_shown_scaled(tmp_path, dtype):
    white = 65535 if dtype == np.uint16 else 1
    images = (np.linspace(0, 1, 6 * 16 * 16).reshape(6, 16, 16) * white).astype(dtype)
    out = ag.preview(ag.from_arrays(images, np.arange(6) % 2), ag.Policy(), tmp_path / "s.html", samples=6, views=1)
    tiles = [decode(t) for t in re.findall(r"base64,([^\"]+)\"", out.read_text())]
    assert max(t.max() for t in tiles) == 255
    assert min(t.min() for t in tiles) == 0


def test_other_file_types_are_refused_and_nothing_is_left(photos):
    result = invoke("preview", photos / "photos", "--policy", photos / "policy.yaml", "--out", photos / "sheet.jpg")
    assert result.exit_code == 1
    assert ".png or .html" in result.output
    assert not list(photos.glob("sheet*"))


def test_a_bad_policy_file_is_one_line(photos):
    (photos / "bad.yaml").write_text("op: Policy\ntransforms:\n- op: Rotate\n  angel: [1, 2]\n")
    result = invoke("preview", photos / "photos", "--policy", photos / "bad.yaml")
    assert result.exit_code == 1
    assert len(result.output.strip().splitlines()) == 1
    assert "bad.yaml" in result.output
    assert "angel" in result.output


@in_chromium
@pytest.mark.parametrize("width", [1200, 390])
def test_a_browser_shows_the_page_without_errors(photos, tmp_path, width):
    out = ag.preview(ag.open(photos / "photos"), POLICY, tmp_path / "sheet.html", samples=4, views=3)
    shot = tmp_path / "shot.png"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--enable-logging=stderr", "--v=0",
             f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},900"]  # fmt: skip
    ran = subprocess.run(
        [CHROMIUM, *flags, f"--screenshot={shot}", out.as_uri()], capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    assert "CONSOLE" not in ran.stderr
    picture = cv2.imread(str(shot))
    assert picture.shape[1] == width
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 500  # the photos are drawn, not only text


def test_the_page_asks_nothing_of_the_network(photos, tmp_path):
    text = ag.preview(ag.open(photos / "photos"), POLICY, tmp_path / "sheet.html").read_text()
    assert "http" not in text
    assert "<script" not in text
    assert "bolt &amp; nut" in text
