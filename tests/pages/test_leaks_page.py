"""The page about leaks: what it shows is true, it stays small, and a browser shows it without complaint."""

import base64
import html
import re
import subprocess
from dataclasses import replace

import cv2
import numpy as np
import pytest

import augury as ag
from augury.api.leaks import Leaks
from augury.copies.calibrate import Calibration
from augury.copies.effects import Effect
from augury.copies.leaks import Findings, Pair, accuracies
from augury.report import leaks_page as page
from augury.report.families import families
from augury.report.histogram import WIDTH, histogram
from augury.report.leaks_choice import choose, evenly, margin, spread
from augury.report.leaks_pictures import data_url, reduced, rgb, views
from augury.report.leaks_words import how_sure, sureness
from browser import CHROMIUM, in_chromium
from pictures import picture, rounded

SIDE = 64
MIRROR = (Effect("mirror", "mirrored left to right", 0.0),)
HOSTILE = "<script>alert('x')</script> & \"q\""


def coloured(seed):
    """RGB with detail that differs between channels."""
    return np.stack([picture(3 * seed + k) for k in range(3)], axis=-1)


def calibration(count=50):
    return Calibration(0.02, np.geomspace(0.08, 3, count), np.full(10, 0.001))


def pair(test, train, kind="copy", score=0.001, effects=MIRROR, matrix=None, error=0.0005):
    matrix = np.diag([-1.0, 1, 1]) if matrix is None else matrix
    return Pair(test, train, kind, effects, matrix, score, error, 0.0002)


@pytest.fixture
def leaks():
    """Eight pairs of all kinds, made by hand: training photos, and the same ones mirrored."""
    images = np.stack([coloured(k) for k in range(8)])
    classes = ("bolt & nut", HOSTILE)
    train = ag.from_arrays(images, np.arange(8) % 2, classes)
    mirrored = images[:, :, ::-1].copy()
    mirrored[6] = images[6]
    test = ag.from_arrays(mirrored, np.arange(8) % 2, classes)
    kinds = [
        pair(0, 0), pair(1, 1, score=0.018), pair(2, 2, "same scene", 0.03, ()), pair(3, 3, "same scene", 0.9, ()),
        pair(4, 4, "cannot tell", 0.5, ()), pair(5, 5, "identical", 0.0), Pair(6, 6, "exact", (), np.eye(3), 0, 0, 0),
        Pair(7, -1, "none"),
    ]  # fmt: skip
    return Leaks(train, test, Findings(kinds, calibration(), [f"a/{HOSTILE}.png: is empty (0 bytes)"]))


def saved(leaks, path):
    leaks.save(path)
    return path.read_text()


def pictures(text):
    """Captions and pixels of all pictures."""
    found = re.findall(r'<img alt="([^"]*)" src="data:image/\w+;base64,([^"]+)"', text)
    return [(c, cv2.imdecode(np.frombuffer(base64.b64decode(d), np.uint8), cv2.IMREAD_COLOR_RGB)) for c, d in found]


# ---- the page


def test_the_page_says_the_answer_first_and_escapes_what_is_foreign(leaks, tmp_path):
    text = saved(leaks, tmp_path / "l.html")
    assert re.search(r"<h1>(.*)</h1>", text)[1] == "4 of 8 test images (50.0%) are copies of training images"
    assert text.index("<h1>") < text.index("<h2>")
    assert HOSTILE not in text
    assert html.escape(HOSTILE).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in text
    assert "bolt &amp; nut" in text


def test_the_page_asks_nothing_of_the_network(leaks, tmp_path):
    text = saved(leaks, tmp_path / "l.html")
    assert "<script" not in text
    assert re.findall(r"https?:|//\w|@import|url\(", re.sub(r"base64,[^\"]*", "", text)) == []


def test_every_pair_is_shown_in_one_section_with_four_pictures(leaks, tmp_path):
    text = saved(leaks, tmp_path / "l.html")
    titles = ["Closest calls", "Copies", "The same scene, another photo", "Cannot tell"]
    parts = re.split("|".join(f"<h2>{title}</h2>" for title in titles), text)
    assert [len(pictures(part)) for part in parts] == [0, 8, 12, 4, 4]
    captions = [caption for caption, _ in pictures(text)][:4]
    assert captions == ["training", "test", "training, carried", "difference x4"]


def test_the_difference_of_a_copy_is_gray(leaks, tmp_path):
    shown = pictures(saved(leaks, tmp_path / "l.html"))
    differences = [image for caption, image in shown if caption.startswith("difference")]
    assert len(differences) == 7
    for image in differences:
        np.testing.assert_array_equal(image, 128)


def test_what_was_not_measured_is_said(leaks):
    few = replace(leaks, findings=replace(leaks.findings, calibration=calibration(12)))
    assert "only 12 look-alikes were found in this data, too few to measure" in sureness(few._told)
    assert "of images that are no copies are called one, which is 0.0 of 4 here" in sureness(leaks._told)


def test_accuracy_stands_on_the_page_where_it_is_known(leaks, tmp_path):
    leaked = np.array([p.leaked for p in leaks.pairs])
    judged = replace(leaks, accuracy=accuracies(leaked, np.array([1, 1, 1, 0, 0, 1, 1, 0], bool)))
    text = saved(judged, tmp_path / "l.html")
    assert "<strong>25.0%</strong>" in text
    assert "on all 8 it is 62.5%" in re.sub(r"\s+", " ", text)
    assert "accuracy" not in saved(leaks, tmp_path / "m.html")


@pytest.mark.parametrize("right", [[], [True]])
def test_the_page_holds_without_any_copy_and_with_nothing_but_copies(leaks, tmp_path, right):
    kept = [p for p in leaks.pairs if p.leaked is bool(right)]
    findings = Findings(kept, Calibration(0.02, np.zeros(0), np.zeros(0)), [])
    judged = replace(
        leaks, findings=findings, accuracy=accuracies(np.full(len(kept), bool(right)), np.ones(len(kept), bool))
    )
    text = saved(judged, tmp_path / "l.html")
    said = "Every test image is a copy" if right else "No test image is a copy, so the accuracy stands as it is"
    assert said in text
    assert "nan" not in re.sub(r"base64,[^\"]*", "", text)


def test_a_set_with_copies_inside_shows_families(tmp_path):
    images = [picture(0), picture(0)[:, ::-1], picture(1), picture(0)[::-1], picture(2)]
    data = ag.from_arrays(np.stack(images), [0, 0, 1, 1, 0])
    pairs = [pair(1, 0, "identical"), pair(3, 1, "copy"), pair(4, 2, "same scene", 0.9, ())]
    leaks = Leaks(data, data, Findings(pairs, calibration(), []), inside=True)
    text = saved(leaks, tmp_path / "l.html")
    shown = pictures(text.split("<h2>Families of copies</h2>")[1].split("<h2>")[0])
    assert [caption for caption, _ in shown] == ["row 0", "row 1", "row 3"]
    for (_, image), k in zip(shown, (0, 1, 3), strict=True):
        np.testing.assert_array_equal(image[..., 0], images[k])
    assert "mirrored left to right, from row 1" in text
    assert leaks.leaked == ["row 1", "row 3"]
    assert "earlier, carried" in text


def test_the_page_stays_small(monkeypatch, tmp_path):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (30, 120, 160, 3)).astype(np.uint8)
    data = ag.from_arrays(noise, np.arange(30) % 2)
    pairs = [pair(k, k, matrix=np.eye(3)) for k in range(30)]
    leaks = Leaks(data, data, Findings(pairs, calibration(), []))
    assert len(saved(leaks, tmp_path / "l.html")) <= page.LARGEST
    monkeypatch.setattr(page, "LARGEST", 500_000)
    text = saved(leaks, tmp_path / "s.html")
    assert 150_000 < len(text) <= 500_000
    assert len(pictures(text)) == 4 * 30


# ---- what is chosen


def test_at_most_118_pairs_are_chosen_and_none_twice():
    rng = np.random.default_rng(0)
    kinds = rng.choice(["exact", "identical", "copy", "same scene", "cannot tell", "none"], 5000)
    pairs = [
        pair(i, i, kind, score) for i, (kind, score) in enumerate(zip(kinds, rng.exponential(0.02, 5000), strict=True))
    ]
    sections = choose(pairs, 0.02)
    shown = [p.test for section in sections for p in section.pairs]
    assert len(shown) == len(set(shown)) == 16 + 66 + 24 + 12
    assert all(len(section.pairs) <= section.of for section in sections)


def test_the_closest_calls_are_those_nearest_to_the_limit_on_either_side():
    scores = [0.0001, 0.004, 0.006, 0.019, 0.021, 0.07, 0.09, 0.5]
    pairs = [pair(i, i, "copy" if s < 0.02 else "same scene", s, error=0.0) for i, s in enumerate(scores)]
    sections = {section.name: [p.score for p in section.pairs] for section in choose(pairs, 0.02)}
    assert sections["closest"] == [0.006, 0.019, 0.021, 0.07]
    assert sections["copies"] == [0.0001, 0.004]
    assert sections["scenes"] == [0.09, 0.5]


def test_noise_counts_for_how_close_a_call_is():
    assert margin(pair(0, 0, score=0.03, error=0.01)) == pytest.approx(0.01)


def test_of_many_close_calls_the_eight_closest_on_either_side_are_chosen():
    scores = np.geomspace(0.006, 0.07, 40)
    pairs = [pair(i, i, "copy" if s < 0.02 else "same scene", s, error=0.0) for i, s in enumerate(scores)]
    closest = choose(pairs, 0.02)[0]
    limit = np.searchsorted(scores, 0.02)
    assert [p.test for p in closest.pairs] == list(range(limit - 8, limit + 8))
    assert closest.of == 40


def test_the_choice_is_even_over_kinds_and_over_the_set():
    pairs = [pair(i, i) for i in range(100)]
    kinds = ["many"] * 90 + ["some"] * 8 + ["few"] * 2
    chosen = [p.test for p in evenly(pairs, kinds, 12)]
    assert [sum(kinds[k] == kind for k in chosen) for kind in ("many", "some", "few")] == [5, 5, 2]
    assert chosen[:5] == [0, 22, 44, 67, 89]
    assert spread(pairs, 0) == spread([], 3) == []
    assert evenly(pairs, kinds, 1000) == pairs


def test_families_join_through_others():
    pairs = [pair(1, 0), pair(3, 2), pair(3, 1), pair(7, 6, "identical"), pair(5, 4, "same scene"), pair(6, 7)]
    assert families(pairs) == [[0, 1, 2, 3], [6, 7]]


# ---- the pictures


def turned(image, degrees, zoom):
    """The image turned and zoomed about its centre, and the map that does it on centred pixels."""
    h, w = image.shape[:2]
    whole = cv2.getRotationMatrix2D((w / 2 - 0.5, h / 2 - 0.5), degrees, zoom)
    matrix = np.eye(3)
    matrix[:2, :2] = whole[:, :2]
    return cv2.warpAffine(image, whole, (w, h)), matrix


def left(seen):
    """Mean absolute difference where there is something to compare, in levels of the images."""
    striped = np.isin(seen.difference, (150, 118)).all(axis=2)
    return np.abs(seen.difference[~striped].astype(float) - 128).mean() / 4


def test_the_training_image_is_carried_onto_the_test_image():
    image = coloured(1)
    test, matrix = turned(image, 30, 1.2)
    seen = views(image, test, matrix, 144)
    np.testing.assert_array_equal(seen.train, image)
    np.testing.assert_array_equal(seen.test, test)
    assert left(seen) < 1
    assert left(views(coloured(2), test, matrix, 144)) > 10
    assert left(views(image, test, matrix @ np.diag([1.0, -1, 1]), 144)) > 5


CHANGES = {
    "brighter": lambda i: rounded(i * 1.2),
    "brighter and clipped": lambda i: rounded(i * 1.8),
    "gamma": lambda i: rounded(255 * (i / 255) ** 0.7),
    "gray": lambda i: cv2.cvtColor(cv2.cvtColor(i, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB),
    "sepia": lambda i: rounded(i @ np.array([[0.4, 0.3, 0.3], [0.7, 0.7, 0.5], [0.2, 0.2, 0.1]])),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_tone_leaves_no_difference(change):
    image = rounded(40 + 0.6 * coloured(4))
    assert left(views(image, change(image), np.eye(3), 144)) < 1


def test_rare_colours_of_equal_images_leave_no_difference():
    image = rounded(200 + np.random.default_rng(0).normal(0, 1, (SIDE, SIDE, 3)))
    image[:3, :5], image[-2:, :2] = (10, 200, 30), (0, 0, 90)
    np.testing.assert_array_equal(views(image, image, np.eye(3), 144).difference, 128)


def test_a_painted_box_is_all_that_differs():
    image = coloured(5)
    test = rounded(image * 0.8)
    test[20:40, 10:30] = 128
    difference = np.abs(views(image, test, np.eye(3), 144).difference.astype(int) - 128)
    assert difference[22:38, 12:28].mean() > 50
    difference[19:41, 9:31] = 0
    assert difference.mean() < 4


def test_nothing_to_compare_is_striped():
    seen = views(coloured(1), coloured(1), np.array([[1.0, 0, 20], [0, 1, 0], [0, 0, 1]]), 144)
    assert set(np.unique(seen.difference[:, :18])) == set(np.unique(seen.carried[:, :18])) == {118, 150}


@pytest.mark.parametrize("factor", [0.2, 3.0])
def test_large_images_and_images_of_different_sizes_are_reduced(factor):
    large = cv2.resize(coloured(1), (600, 400), interpolation=cv2.INTER_CUBIC)
    other = cv2.resize(large, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    seen = views(large, other, np.diag([factor, factor, 1]), 144)
    assert seen.train.shape == (96, 144, 3)
    assert max(seen.test.shape) <= 144
    assert seen.test.shape == seen.carried.shape == seen.difference.shape
    assert left(seen) < 2


@pytest.mark.parametrize("shape", [(8, 8), (1, 1), (2, 300), (1, 9)])
def test_tiny_and_narrow_images_are_shown(shape):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 1)).astype(np.uint8)
    seen = views(image, image, np.eye(3), 144)
    assert max(seen.difference.shape[:2]) <= 144
    assert data_url(seen.difference).startswith("data:image/png;base64,")


def test_other_dtypes_and_channels_are_shown_as_rgb():
    image = picture(0)[..., None]
    np.testing.assert_array_equal(rgb(image), np.repeat(image, 3, axis=2))
    np.testing.assert_array_equal(rgb(np.dstack([coloured(0), image])), coloured(0))
    for deep in (image.astype(np.uint16) * 16, image.astype(np.float32) / 255):
        shown = rgb(deep).astype(float)
        assert (shown.min(), shown.max()) == (0, 255)
        assert np.corrcoef(shown[..., 0].ravel(), image.ravel())[0, 1] > 0.999
    assert rgb(np.zeros((4, 4, 2), np.float32)).shape == (4, 4, 3)


def test_pictures_are_png_where_that_is_small_and_reduced_by_averaging():
    assert data_url(np.full((64, 64, 3), 9, np.uint8)).startswith("data:image/png")
    assert data_url(np.random.default_rng(0).integers(0, 256, (99, 99, 3)).astype(np.uint8)).startswith(
        "data:image/jpeg"
    )
    image = coloured(0)[:40, :30]
    shown = base64.b64decode(data_url(image).partition(",")[2])
    np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(shown, np.uint8), cv2.IMREAD_COLOR_RGB), image)
    small, matrix = reduced(2 * np.arange(16, dtype=np.uint8).reshape(4, 4, 1).repeat(3, 2), 0.5)
    np.testing.assert_array_equal(small[..., 0], [[5, 9], [21, 25]])
    np.testing.assert_array_equal(matrix, np.diag([0.5, 0.5, 1]))


# ---- words and numbers


def test_bars_count_scores_and_the_limit_stands_between():
    drawn = histogram([-1, 0, 0.0005, 0.001, 0.003], [0.5, 0.5, 2, 99], 0.1)
    assert [bar.height for bar in drawn.copies] == [130, 32.5]
    assert [bar.height for bar in drawn.strangers] == [130, 65, 65]
    assert drawn.copies[0].x == 1
    assert drawn.strangers[-1].x + drawn.strangers[-1].width <= WIDTH
    assert drawn.limit == WIDTH / 2
    assert histogram([], [], 0.02).copies == []


def test_how_sure_a_pair_is_stands_in_words():
    assert how_sure(Pair(0, 0, "exact"), 0.02) == "Certain: the files are equal, byte for byte."
    assert how_sure(pair(0, 0, "identical"), 0.02).startswith("Certain")
    copy = how_sure(pair(0, 0, score=0.0012), 0.02)
    assert copy == (
        "0.12% (± 0.05%) of the detail is unexplained; the limit for a copy is 2.0%. About 1 in 5,000 images has a "
        "look-alike as close."
    )
    noisy = how_sure(pair(0, 0, score=0.07, error=0.03), 0.02)
    assert noisy.startswith("7.0% (± 3.0%) of the detail is unexplained, which noise may explain; the limit")
    assert "Fewer than 1 in 10,000" in how_sure(replace(pair(0, 0), chance=1e-9), 0.02)
    assert "was not measured" in how_sure(replace(pair(0, 0), chance=float("nan")), 0.02)
    assert "the limit for a copy is 2.0%." in how_sure(pair(0, 0, "same scene", 0.3), 0.02)
    assert "a noise of its own" in how_sure(pair(0, 0, "same scene", 0.01), 0.02)
    assert "too little detail" in how_sure(pair(0, 0, "cannot tell", 0.3), 0.02)
    assert "Too few pixels" in how_sure(Pair(0, 0, "cannot tell"), 0.02)


# ---- a browser


def browse(profile, width, *arguments):
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--enable-logging=stderr", "--v=0",
             f"--user-data-dir={profile}", f"--window-size={width},900"]  # fmt: skip
    ran = subprocess.run([CHROMIUM, *flags, *arguments], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert "CONSOLE" not in ran.stderr
    return ran.stdout


@in_chromium
@pytest.mark.parametrize("width", [1200, 390])
def test_a_browser_shows_the_page_within_its_width(leaks, tmp_path, width):
    leaked = np.array([p.leaked for p in leaks.pairs])
    text = saved(replace(leaks, accuracy=accuracies(leaked, leaked)), tmp_path / "l.html")
    frame = tmp_path / "frame.html"  # windows have a least width, frames have none
    frame.write_text(
        f'<iframe width="{width}" height="900" style="border: 0" srcdoc="{html.escape(text)}"></iframe>'
        "<script>onload = () => { document.title = frames[0].document.documentElement.scrollWidth }</script>"
    )
    assert f"<title>{width}</title>" in browse(tmp_path / "p", 1300, "--dump-dom", frame.as_uri())
    shot = tmp_path / "shot.png"
    browse(tmp_path / "p", width, f"--screenshot={shot}", (tmp_path / "l.html").as_uri())
    drawn = cv2.imread(str(shot))
    assert drawn.shape[1] == width
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 100
