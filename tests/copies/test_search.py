"""The search: who is a copy of whom, how sure that is, and the same answer however it is run."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from augury.copies.align import Aligner
from augury.copies.calibrate import Calibration, calibrate, margin
from augury.copies.candidates import candidates
from augury.copies.evidence import Evidence, weigh
from augury.copies.match import Compared, best_match, compare, identical_match, judged
from augury.copies.search import copies_between, copies_inside
from augury.copies.sketch import sketch
from pictures import look_alike, picture, rounded, turned


def of(images):
    return [sketch(image[..., None]) for image in images]


PHOTOS = of(picture(k) for k in range(60))


def kinds(found):
    return [match.kind for match in found.matches]


@pytest.fixture(scope="module")
def copied():
    """For each of thirty photos a copy, turned by its own angle."""
    return of(turned(picture(k), 12 * k, 1.1, k) for k in range(30))


def test_copies_are_found_with_their_map(copied):
    found = copies_between(copied, PHOTOS)
    assert kinds(found) == ["copy"] * 30
    assert [match.source for match in found.matches] == list(range(30))
    for k, match in enumerate(found.matches):
        turn = np.degrees(np.arctan2(match.matrix[0, 1] - match.matrix[1, 0], np.trace(match.matrix[:2, :2])))
        assert abs((turn - 12 * k + 180) % 360 - 180) < 1
        assert np.sqrt(np.linalg.det(match.matrix[:2, :2])) == pytest.approx(1.1, abs=0.02)


def test_other_pictures_are_no_copies():
    found = copies_between(of(picture(k) for k in range(100, 130)), PHOTOS)
    assert set(kinds(found)) == {"none"}


def test_other_photos_of_a_scene_are_no_copies():
    found = copies_between(of(look_alike(k, k) for k in range(30)), PHOTOS)
    assert kinds(found).count("copy") == 0
    assert kinds(found).count("same scene") > 15
    right = [match.source == k for k, match in enumerate(found.matches) if match.kind == "same scene"]
    assert np.mean(right) > 0.9


def test_the_result_does_not_depend_on_threads(copied):
    one, four = (copies_between(copied[:10], PHOTOS, threads=threads) for threads in (1, 4))
    assert [(m.source, m.kind, m.evidence) for m in one.matches] == [
        (m.source, m.kind, m.evidence) for m in four.matches
    ]
    assert one.calibration.threshold == four.calibration.threshold


def test_plain_noisy_and_tiny_images_cannot_be_told():
    rng = np.random.default_rng(0)
    plain = [np.full((64, 64), 128 + k, np.uint8) for k in range(3)]
    noise = [rng.integers(0, 256, (64, 64)).astype(np.uint8) for _ in range(3)]
    tiny = [rng.integers(0, 256, (8, 8)).astype(np.uint8) for _ in range(3)]
    found = copies_between(of([*plain, *noise, *tiny]), PHOTOS[:20] + of([np.full((64, 64), 90, np.uint8)]))
    assert set(kinds(found)) <= {"cannot tell", "none"}
    assert kinds(found)[-3:] == ["cannot tell"] * 3


@pytest.mark.parametrize(
    "image", [np.full((64, 64), 90, np.uint8), picture(200), np.arange(64, dtype=np.uint8).reshape(8, 8)]
)
def test_identical_pixels_are_found_even_in_plain_and_tiny_images(image):
    turned_image = np.rot90(image[:, ::-1]).copy()
    found = copies_between(of([turned_image]), [*PHOTOS[:5], *of([image])])
    assert (found.matches[0].kind, found.matches[0].source) == ("identical", 5)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("sx", [1, -1])
def test_the_map_of_identical_pixels_is_their_symmetry(turns, sx):
    image = picture(9)
    copy = np.rot90(image[:, ::sx], turns)
    matrix = identical_match(0, *of([copy]), 0, *of([image])).matrix
    y, x = 10, 50
    moved = matrix @ [x - 31.5, y - 31.5, 1]
    assert copy[round(moved[1] + 31.5), round(moved[0] + 31.5)] == image[y, x]
    assert np.linalg.det(matrix) == sx


def test_a_clean_photo_is_no_copy_of_a_noisy_copy_of_its_look_alike():
    scene, other = picture(0), look_alike(0, 1)
    noisy = rounded(other + np.random.default_rng(0).normal(0, 30, other.shape))
    with_other = copies_between(of([scene]), [*PHOTOS[1:40], *of([noisy, other])])
    assert with_other.matches[0].kind != "copy"


def test_two_noisy_photos_of_a_scene_are_no_copies_but_a_noisy_copy_is():
    rng = np.random.default_rng(0)
    scene = picture(0).astype(np.float32)
    first, second = (rounded(scene + rng.normal(0, 12, scene.shape)) for _ in range(2))
    found = copies_between(of([first]), [*PHOTOS[1:40], *of([second])])
    assert found.matches[0].kind == "same scene"
    assert copies_between(of([first]), PHOTOS[:40]).matches[0].kind == "copy"


def test_inside_a_set_families_are_joined_once():
    images = [
        make(picture(k), k)
        for k in range(6)
        for make in (lambda i, k: i, lambda i, k: turned(i, 30, 1, k), lambda i, k: i[:, ::-1])
    ]
    found = copies_inside(of(images) + PHOTOS[20:50])
    pairs = [(m.query, m.source) for m in found.matches if m.kind in ("copy", "identical")]
    assert len(pairs) == 12
    assert all(i // 3 == j // 3 and i > j for i, j in pairs)


def test_nothing_is_its_own_candidate_and_all_are_distinct():
    likely = candidates(PHOTOS, PHOTOS, 10, 5)
    for row, found in enumerate(likely):
        assert row not in found
        assert len(set(found)) == len(found) >= 10
    assert all(k < 3 for found in candidates(PHOTOS, PHOTOS[:3], 10, 5) for k in found)


def test_candidates_hold_the_source_whatever_the_transform(copied):
    flipped = of(picture(k)[::-1] for k in range(30))
    noisy = of(rounded(picture(k) + np.random.default_rng(k).normal(0, 25, (64, 64))) for k in range(30))
    for queries in (copied, flipped, noisy):
        assert np.mean([k in found for k, found in enumerate(candidates(queries, PHOTOS, 10, 5))]) > 0.96


# ---- calibration


def null(n, exponent=2.0, scale=0.5):
    """Scores whose share below s is (s / scale) ** exponent."""
    return scale * ((np.arange(n) + 0.5) / n) ** (1 / exponent)


@pytest.mark.parametrize("exponent", [1.5, 2.0, 4.0])
def test_the_threshold_keeps_the_share_of_false_calls(exponent):
    made = calibrate(null(2000, exponent, 0.3), np.zeros(50))
    assert made.calibrated
    assert made.false_rate == pytest.approx(0.004, rel=0.3)
    assert np.mean(null(2000, exponent, 0.3) < made.threshold) == pytest.approx(0.004, abs=0.0015)


def test_noise_in_the_images_makes_the_threshold_stricter():
    clean, noisy = (calibrate(null(500, 2.0, 0.3), np.full(50, error)) for error in (0.0, 0.004))
    assert noisy.threshold < clean.threshold
    assert noisy.false_rate <= 0.0041


def test_too_few_look_alikes_are_not_called_calibrated():
    made = calibrate(null(10), np.zeros(10))
    assert not made.calibrated
    assert np.isnan(made.false_rate)
    assert calibrate(np.zeros(0), np.zeros(0)).threshold == 0.02


def test_chance_grows_with_the_score():
    made = calibrate(null(500), np.zeros(50))
    chances = [made.chance(Evidence(score, 0.001, 100, 1, 1)) for score in (0.0, 0.01, 0.05, 0.3)]
    assert chances == sorted(chances)
    assert chances[0] < 0.001
    assert isinstance(made, Calibration)


# ---- judgement


def test_noise_of_their_own_makes_two_photos():
    eye = np.eye(3)
    a, b = of([rounded(picture(0) + np.random.default_rng(k).normal(0, 12, (64, 64))) for k in (1, 2)])
    for noise, kind in ((17.0, "same scene"), (12.0, "copy")):
        compared = Compared(eye, Evidence(0.0, 0.001, 100.0, noise, 1.0))
        assert judged(0, a, 0, b, compared, 0.02).kind == kind
    assert judged(0, a, 0, PHOTOS[0], Compared(eye, Evidence(0.0, 0.001, 100.0, 17.0, 1.0)), 0.02).kind == "copy"


def test_a_noisy_source_belongs_to_whom_it_fits_better():
    scene, other = picture(0), look_alike(0, 1)
    noisy = rounded(other + np.random.default_rng(0).normal(0, 30, other.shape))
    asked, pool = of([scene])[0], of([noisy, other])
    compared = compare(Aligner(asked), pool[0])
    match = judged(0, asked, 0, pool[0], compared, compared.evidence.score + 1)
    assert match.kind == "copy"
    assert best_match(0, asked, [0, 1], pool, compared.evidence.score + 0.01).kind != "copy"
    assert best_match(0, asked, [0], pool, compared.evidence.score + 0.01).kind == "copy"


def test_half_size_look_alikes_are_not_taken_for_noisy_copies():
    def half(image):
        return cv2.resize(image, (48, 48), interpolation=cv2.INTER_AREA)

    for k in range(8):
        scene = picture(k, 96)
        grain = cv2.resize(np.random.default_rng(k).normal(0, 8, (60, 60)), (96, 96), interpolation=cv2.INTER_CUBIC)
        copy, other = of([half(scene), half(rounded(scene + grain))])
        assert margin(weigh(copy, of([scene])[0], np.eye(3) * [0.5, 0.5, 1])) < 0.01
        assert margin(weigh(other, of([scene])[0], np.eye(3) * [0.5, 0.5, 1])) > 0.012


def test_more_noise_than_the_images_have_is_structure():
    noisy = of([rounded(picture(0) + np.random.default_rng(0).normal(0, 10, (64, 64)))])[0]
    honest, forged = (weigh(n, PHOTOS[0], np.eye(3)) for n in (noisy, replace(noisy, noise=0.5)))
    assert abs(honest.score) < 0.03
    assert forged.score > honest.score + 0.03
