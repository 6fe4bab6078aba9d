"""Effects: what was done to a copy is named, with its parameters."""

import cv2
import numpy as np
import pytest

from augury.copies.align import Aligner
from augury.copies.effects import effects
from augury.copies.evidence import weigh
from augury.copies.match import identical_match
from augury.copies.sketch import sketch
from pictures import picture, rounded

SIDE = 96
SEEDS = range(5)
# told falsely at times: JPEG where noise or erasing changes the blocks, sharpening at the rim of what both show
DOUBTFUL = {"jpeg", "sharpen"}


def photo(seed):
    """A picture without black and white, so that no change of tone clips it."""
    return rounded(40 + 0.6 * picture(seed, SIDE))


def moved(image, degrees=0.0, zoom=1.0, shift=(0.0, 0.0)):
    """Turned counter-clockwise about the centre, zoomed, then shifted by x, y pixels."""
    h, w = image.shape
    matrix = cv2.getRotationMatrix2D((w / 2 - 0.5, h / 2 - 0.5), degrees, zoom)
    matrix[:, 2] += shift
    return cv2.warpAffine(image, matrix, (w, h), borderMode=cv2.BORDER_REPLICATE)


def noisy(image, sigma, seed=0):
    return rounded(image + np.random.default_rng(seed).normal(0, sigma, image.shape))


def jpeg(image, quality):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)


def toned(image, curve):
    return rounded(255 * curve(image / 255))


def erased(image, top, left, high, wide):
    out = image.copy()
    out[top : top + high, left : left + wide] = 0
    return out


def found(image, copy):
    """Name -> value of what the pair of images shows."""
    source, target = sketch(image[..., None]), sketch(copy[..., None])
    alignment = Aligner(target).align(source)
    evidence = weigh(target, source, alignment.matrix)
    return {effect.name: effect.value for effect in effects(target, source, alignment.matrix, evidence)}


def sure(told):
    """Names of what was found, but for what is doubtful."""
    return told.keys() - DOUBTFUL


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("degrees", [-150, -33, 5, 90, 120])
def test_a_rotation_is_told_in_degrees_counter_clockwise(seed, degrees):
    image = photo(seed)
    told = found(image, moved(image, degrees))
    assert sure(told) == {"rotate"}
    assert told["rotate"] == pytest.approx(degrees, abs=3)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("x", "y"), [(7, 0), (-12, 5), (3, -20)])
def test_a_shift_is_told_as_a_fraction_right_and_down(seed, x, y):
    image = photo(seed)
    told = found(image, moved(image, shift=(x, y)))
    assert sure(told) == {"shift"}
    np.testing.assert_allclose(np.multiply(told["shift"], SIDE), (x, y), atol=2)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("zoom", [0.75, 1.1, 1.4])
def test_a_zoom_is_told_as_a_factor(seed, zoom):
    image = photo(seed)
    told = found(image, moved(image, zoom=zoom))
    assert "zoom" in told
    assert not told.keys() & {"rotate", "shift", "mirror", "stretch", "crop", "resize"}
    assert told["zoom"] == pytest.approx(zoom, rel=0.03)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("flip", "value"), [(1, 0.0), (0, 1.0)])
def test_a_flip_is_told_with_its_direction(seed, flip, value):
    image = photo(seed)
    assert found(image, noisy(cv2.flip(image, flip), 2))["mirror"] == value


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("sx", [1, -1])
def test_identical_pixels_are_told_by_turn_and_flip_alone(turns, sx):
    image = picture(3, SIDE)
    source, target = (sketch(i[..., None]) for i in (image, np.rot90(image[:, ::sx], turns)))
    told = {e.name: e.value for e in effects(target, source, identical_match(0, target, 0, source).matrix, None)}
    expected = {(0, 1): {}, (0, -1): {"mirror": 0.0}, (2, -1): {"mirror": 1.0}}
    if (turns, sx) in expected:
        assert told == expected[turns, sx]
    else:
        assert told.keys() == ({"rotate"} if sx == 1 else {"mirror", "rotate"})
        assert abs(told["rotate"]) == (180 if turns == 2 else 90)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("height", "width"), [(64, 64), (144, 144), (96, 120)])
def test_another_number_of_pixels_is_told_as_resizing(seed, height, width):
    image = photo(seed)
    told = found(image, cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))
    np.testing.assert_allclose(told["resize"], (width / SIDE, height / SIDE))
    assert not told.keys() & {"rotate", "shift", "mirror", "zoom", "stretch", "crop"}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_part_cut_out_is_told_as_a_crop(seed):
    image = photo(seed)
    told = found(image, image[10:80, 16:90])
    np.testing.assert_allclose(told["crop"], (74 / SIDE, 70 / SIDE))
    assert sure(told) <= {"crop", "shift"}


TONES = {
    "brighter": (lambda x: 1.3 * x, "brightness", 1.3, 0.05),
    "darker": (lambda x: 0.6 * x, "brightness", 0.6, 0.05),
    "lighter by a tenth": (lambda x: x + 0.1, "brightness", 0.1, 0.2),
    "more contrast": (lambda x: 0.5 + 1.4 * (x - 0.5), "contrast", 1.4, 0.05),
    "less contrast": (lambda x: 0.5 + 0.7 * (x - 0.5), "contrast", 0.7, 0.05),
    "gamma up": (lambda x: x**1.6, "gamma", 1.6, 0.05),
    "gamma down": (lambda x: x**0.6, "gamma", 0.6, 0.05),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("curve", "name", "value", "within"), TONES.values(), ids=TONES)
def test_a_tone_is_told_by_its_kind_and_factor(seed, curve, name, value, within):
    image = photo(seed)
    told = found(image, toned(image, curve))
    assert sure(told) == {name}
    assert told[name] == pytest.approx(value, rel=within)


def test_contrast_about_mid_range_is_told_without_brightness():
    image = photo(0)
    source, target = (sketch(i[..., None]) for i in (image, toned(image, lambda x: 0.5 + 0.7 * (x - 0.5))))
    alignment = Aligner(target).align(source)
    told = effects(target, source, alignment.matrix, weigh(target, source, alignment.matrix))
    assert [effect.text for effect in told] == ["contrast x0.70"]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("sigma", [8, 15, 25])
def test_noise_is_told_in_levels(seed, sigma):
    image = photo(seed)
    told = found(image, noisy(image, sigma))
    assert sure(told) == {"noise"}
    assert told["noise"] == pytest.approx(sigma, rel=0.2)


@pytest.mark.parametrize("seed", SEEDS)
def test_noise_of_the_source_is_told_as_the_others(seed):
    image = photo(seed)
    source, target = sketch(noisy(image, 15)[..., None]), sketch(image[..., None])
    alignment = Aligner(target).align(source)
    told = effects(target, source, alignment.matrix, weigh(target, source, alignment.matrix))
    assert ["the other one with noise" in effect.text for effect in told if effect.name == "noise"] == [True]


@pytest.mark.parametrize("seed", SEEDS)
def test_salt_and_pepper_is_told_as_a_share(seed):
    image, where = photo(seed), np.random.default_rng(seed).random((SIDE, SIDE))
    told = found(image, np.where(where < 0.02, 0, np.where(where > 0.98, 255, image)).astype(np.uint8))
    assert sure(told) == {"specks"}
    assert told["specks"] == pytest.approx(0.04, abs=0.012)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("sigma", [1.0, 1.8])
def test_blur_is_told_in_pixels(seed, sigma):
    image = photo(seed)
    told = found(image, cv2.GaussianBlur(image, (0, 0), sigma))
    assert sure(told) == {"blur"}
    assert 0.55 * sigma < told["blur"] < 1.2 * sigma


@pytest.mark.parametrize("seed", SEEDS)
def test_sharpening_is_told(seed):
    image = photo(seed).astype(np.float32)
    assert "sharpen" in found(rounded(image), rounded(image + 1.5 * (image - cv2.GaussianBlur(image, (0, 0), 1.5))))


@pytest.mark.parametrize("seed", SEEDS)
def test_an_erased_box_is_told_as_a_share(seed):
    image = photo(seed)
    told = found(image, erased(image, 30, 20, 30, 28))
    assert sure(told) == {"erase"}
    assert 30 * 28 / SIDE**2 <= told["erase"] < 2.6 * 30 * 28 / SIDE**2


@pytest.mark.parametrize("seed", SEEDS)
def test_compression_is_told(seed):
    image = photo(seed)
    assert found(image, jpeg(image, 30)).keys() == {"jpeg"}
    assert found(image, jpeg(image, 100)) == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_several_things_done_are_all_told(seed):
    image = photo(seed)
    told = found(image, noisy(toned(moved(image[:, ::-1], 25, 1.2, (4, -6)), lambda x: 0.8 * x), 8))
    assert sure(told) == {"mirror", "rotate", "zoom", "shift", "brightness", "noise"}
    assert told["rotate"] == pytest.approx(25, abs=3)
    assert told["zoom"] == pytest.approx(1.2, rel=0.03)
    assert told["brightness"] == pytest.approx(0.8, rel=0.05)
    assert told["noise"] == pytest.approx(8, rel=0.2)
    np.testing.assert_allclose(np.multiply(told["shift"], SIDE), (4, -6), atol=2)
