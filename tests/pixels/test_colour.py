"""Colour transforms in numbers, and against Pillow and SciPy."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from scipy.interpolate import PchipInterpolator

from augury.api import Policy
from augury.errors import PolicyError
from augury.execute import native, reference
from augury.plan import draw_plan
from augury.ranges import Choice, Fixed
from augury.transforms import (
    AutoContrast,
    Brightness,
    ChannelDropout,
    ChannelShift,
    ChannelShuffle,
    ColorJitter,
    ColorTemperature,
    Contrast,
    Equalize,
    Grayscale,
    Hue,
    Invert,
    PcaLighting,
    Posterize,
    Saturation,
    Sepia,
    Solarize,
    ToneCurve,
)
from helpers import (
    DTYPES,
    FAST,
    HAS_NATIVE,
    TRANSFORMS,
    address,
    assert_same_bytes,
    random_image,
    random_images,
    render,
)

EXECUTORS = [reference, native] if HAS_NATIVE else [reference]
BY_DTYPE = pytest.mark.parametrize("dtype", DTYPES)
WHITE = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}
HALF = {"uint8": 0.501, "uint16": 0.51, "float32": 3e-7}  # a rounding
FAMILIES = ("channels", "tone", "illuminant", "histogram")
COLOURS = [cls for cls in TRANSFORMS if cls.__module__.rsplit(".", 1)[1] in FAMILIES]
BT601 = np.array([0.299, 0.587, 0.114])


@pytest.fixture(params=EXECUTORS, ids=lambda module: module.__name__.split(".")[-1])
def executor(request):
    return request.param


def one(node, image, executor=FAST, **how):
    return render(Policy([node]), [image], executor=executor, **how)[0]


def photo(dtype="uint8", channels=3):
    """Pixels of all colours, and every gray of uint8."""
    image = random_image((40, 64, channels), dtype)
    ramp = np.arange(256).reshape(4, 64, 1) / 255 * WHITE[dtype]
    image[:4] = ramp if dtype == "float32" else np.rint(ramp).astype(dtype)
    return image


def assert_formula(node, function, dtype, executor, more=0.0):
    """Equal to a float64 formula on colours 0..1, within a rounding and `more` of the value range."""
    image = photo(dtype)
    expected = np.clip(function(image / WHITE[dtype]), 0, 1) * WHITE[dtype]
    tolerance = HALF[dtype] + more * WHITE[dtype]
    np.testing.assert_allclose(one(node, image, executor), expected, rtol=0, atol=tolerance)


# ---- all of them


@pytest.mark.parametrize("cls", COLOURS, ids=lambda cls: cls.__name__)
@BY_DTYPE
def test_alpha_stays_and_colours_are_those_without_it(executor, cls, dtype):
    if dtype not in cls.dtypes:
        pytest.skip(f"{cls.__name__} is not for {dtype}")
    images = random_images([(20, 30)] * 4, 4, dtype)
    with_alpha, without = (
        render(Policy([cls(p=1.0)]), pixels, executor=executor)
        for pixels in (images, [np.ascontiguousarray(image[..., :3]) for image in images])
    )
    assert_same_bytes(with_alpha[..., 3], np.stack(images)[..., 3])
    assert_same_bytes(with_alpha[..., :3], without)


@pytest.mark.parametrize("cls", COLOURS, ids=lambda cls: cls.__name__)
def test_the_value_range_changes_nothing_but_the_scale(executor, cls):
    if "float32" not in cls.dtypes:
        pytest.skip(f"{cls.__name__} is not for float32")
    images = random_images([(20, 30)] * 4, 3, "float32")
    plain = render(Policy([cls(p=1.0)]), images, executor=executor)
    scaled = [image * 4 - 1 for image in images]
    made = render(Policy([cls(p=1.0)]), scaled, executor=executor, value_range=(-1.0, 3.0))
    wrong = np.abs((made + 1) / 4 - plain) > 1e-5
    assert wrong.mean() < 1e-3  # values that lie on an edge of a step may fall on its other side


@pytest.mark.parametrize("cls", COLOURS, ids=lambda cls: cls.__name__)
def test_dtypes_agree(cls):
    """Images of 8 bits, of 16 and of floats come out alike, apart from roundings."""
    # the lowest bits are another share of white, and Pillow equalizes 8 bits by whole steps
    if "float32" not in cls.dtypes or cls in (Posterize, Equalize):
        pytest.skip(f"{cls.__name__} differs between dtypes")
    eight = photo()
    results = [
        one(cls(p=1.0), image) / WHITE[image.dtype.name]
        for image in (eight, eight.astype(np.uint16) * 257, (eight / 255).astype(np.float32))
    ]
    np.testing.assert_allclose(results[1], results[2], atol=2e-4)
    tolerance = 0.006 if cls is AutoContrast else 4.5 / 255 if cls is ColorJitter else 1.5 / 255
    np.testing.assert_allclose(results[0], results[2], atol=tolerance)


# ---- channels


@BY_DTYPE
@pytest.mark.parametrize("factor", [0.02, 0.5, 1.3, 4.0])
def test_saturation_blends_with_gray(executor, dtype, factor):
    more = 2e-6 if dtype == "float32" else 0.0
    gray = lambda x: (x @ BT601)[..., None]  # noqa: E731
    assert_formula(Saturation(Fixed(factor)), lambda x: factor * x + (1 - factor) * gray(x), dtype, executor, more)


@pytest.mark.parametrize("factor", [0.02, 0.5, 1.0, 1.3, 4.0])
def test_saturation_is_pillows_color(factor):
    image = photo()
    expected = np.asarray(ImageEnhance.Color(Image.fromarray(image)).enhance(factor)).astype(int)
    # Pillow rounds the gray image, then cuts the sum off
    assert np.abs(one(Saturation(Fixed(factor)), image) - expected).max() <= np.ceil(0.5 * abs(1 - factor) + 1)


@BY_DTYPE
def test_grayscale_is_bt601(executor, dtype):
    assert_formula(Grayscale(p=1), lambda x: np.repeat((x @ BT601)[..., None], 3, 2), dtype, executor)


def test_grayscale_is_pillows():
    image = photo()
    out = one(Grayscale(p=1), image).astype(int)
    expected = np.asarray(ImageOps.grayscale(Image.fromarray(image)))[..., None].astype(int)
    assert np.abs(out - expected).max() <= 1
    assert (out == expected).mean() > 0.99
    np.testing.assert_array_equal(out[:4], image[:4])  # grays stay


@BY_DTYPE
def test_a_turn_by_120_degrees_makes_red_green(executor, dtype):
    image = photo(dtype)
    out = one(Hue(Fixed(120)), image, executor)
    atol = {"uint8": 0, "uint16": 0, "float32": 1e-6}[dtype]
    np.testing.assert_allclose(out, image[..., [2, 0, 1]], rtol=0, atol=atol)


def test_whole_turns_change_nothing():
    image = photo("float32")
    for angle in (-360, 0, 360):
        assert_same_bytes(one(Hue(Fixed(angle)), image), image)


@BY_DTYPE
@pytest.mark.parametrize("channels", [3, 4])
def test_jitter_is_its_four_parts_in_order(executor, dtype, channels):
    images = random_images([(20, 30)], channels, dtype)
    jitter = ColorJitter(Fixed(1.3), Fixed(0.7), Fixed(1.6), Fixed(-35))
    parts = [Brightness(Fixed(1.3)), Contrast(Fixed(0.7)), Saturation(Fixed(1.6)), Hue(Fixed(-35))]
    expected = render(Policy(parts), images, executor=executor)[..., :3]
    assert_same_bytes(render(Policy([jitter]), images, executor=executor)[..., :3], expected)


@BY_DTYPE
def test_channels_are_shifted_apart(executor, dtype):
    node = ChannelShift(Fixed(0.1), Fixed(-0.2), Fixed(0.0))
    assert_formula(node, lambda x: x + np.array([0.1, -0.2, 0.0]), dtype, executor)
    image = photo(dtype)
    assert_same_bytes(one(node, image, executor)[..., 2], image[..., 2])


@BY_DTYPE
def test_shuffled_channels_are_in_one_of_the_five_other_orders(executor, dtype):
    image = random_image((3, 5, 3), dtype)
    made = render(Policy([ChannelShuffle(p=1)]), [image] * 500, executor=executor)
    orders = [(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    found = [next(order for order in orders if np.array_equal(out, image[..., order])) for out in made]
    counts = [found.count(order) for order in orders]
    assert min(counts) > 70
    assert max(counts) < 130


@BY_DTYPE
def test_each_channel_is_dropped_as_often(executor, dtype):
    image = random_image((3, 5, 3), dtype)
    made = render(Policy([ChannelDropout(fill=0.25, p=1)]), [image] * 600, executor=executor)
    fill = {"uint8": 64, "uint16": 16384, "float32": 0.25}[dtype]
    gone = (made == fill).all((1, 2))
    np.testing.assert_array_equal(gone.sum(1), 1)
    np.testing.assert_allclose(gone.mean(0), 1 / 3, atol=0.06)
    kept = np.broadcast_to(image, made.shape)
    np.testing.assert_array_equal(np.where(gone[:, None, None], kept, made), kept)


@BY_DTYPE
def test_sepia_is_a_matrix(executor, dtype):
    sepia = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
    for strength in (0.0, 0.4, 1.0):
        assert_formula(Sepia(Fixed(strength)), lambda x, s=strength: x + s * (x @ sepia.T - x), dtype, executor)


# ---- tone


@BY_DTYPE
def test_invert_is_its_own_inverse(executor, dtype):
    image = photo(dtype)
    assert_formula(Invert(p=1), lambda x: 1 - x, dtype, executor)
    again = render(Policy([Invert(p=1), Invert(p=1, name="again")]), [image], executor=executor)[0]
    np.testing.assert_allclose(again, image, rtol=0, atol=1e-7 if dtype == "float32" else 0)


def test_invert_is_pillows():
    image = photo()
    assert_same_bytes(one(Invert(p=1), image), np.asarray(ImageOps.invert(Image.fromarray(image))))


@pytest.mark.parametrize("bits", range(1, 9))
def test_posterize_is_pillows(executor, bits):
    image = photo()
    expected = np.asarray(ImageOps.posterize(Image.fromarray(image), bits))
    assert_same_bytes(one(Posterize(Fixed(bits)), image, executor), expected)


@pytest.mark.parametrize("bits", range(1, 8))
def test_posterize_keeps_the_upper_bits_of_any_dtype(executor, bits):
    image = np.arange(65536).astype(np.uint16).reshape(256, 256, 1)
    mask = 65536 - (1 << (16 - bits))
    assert_same_bytes(one(Posterize(Fixed(bits)), image, executor), image & np.uint16(mask))
    image = np.concatenate([np.arange(257) / 256, np.nextafter(np.arange(1, 257) / 256, 0, dtype=np.float32)])
    image = image.astype(np.float32).reshape(-1, 1, 1)
    expected = np.minimum(np.floor(image * 2**bits), 2**bits - 1) / 2**bits
    np.testing.assert_array_equal(one(Posterize(Fixed(bits)), image, executor), expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_posterize_to_8_bits_changes_nothing(executor, dtype):
    image = photo(dtype)
    assert_same_bytes(one(Posterize(Choice((7.5, 8.0, 7.9))), image, executor), image)


@pytest.mark.parametrize("threshold", [1, 30, 128, 255])
def test_solarize_is_pillows(executor, threshold):
    image = photo()
    expected = np.asarray(ImageOps.solarize(Image.fromarray(image), threshold))
    assert_same_bytes(one(Solarize(Fixed((threshold - 0.5) / 255)), image, executor), expected)


@BY_DTYPE
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.9])
def test_solarize_inverts_what_is_brighter(executor, dtype, threshold):
    edge = np.float32(threshold) if dtype == "float32" else threshold
    assert_formula(Solarize(Fixed(threshold)), lambda x: np.where(x > edge, 1 - x, x), dtype, executor)


@BY_DTYPE
def test_solarize_at_white_changes_nothing(executor, dtype):
    image = photo(dtype)
    assert_same_bytes(one(Solarize(Fixed(1.0)), image, executor), image)


@BY_DTYPE
def test_a_tone_curve_is_scipys_monotone_curve(executor, dtype):
    node = ToneCurve((-0.125, 0.125))
    image = photo(dtype)
    made = render(Policy([node]), [image] * 8, executor=executor)
    for i, out in enumerate(made):
        shifts = drawn(node, i)["shifts"][0]
        curve = PchipInterpolator(np.linspace(0, 1, 5), np.linspace(0, 1, 5) + np.array([0, *shifts, 0]))
        expected = curve(image / WHITE[dtype]) * WHITE[dtype]
        atol = HALF[dtype] if dtype == "uint8" else 2e-6 * WHITE[dtype] + HALF[dtype]
        np.testing.assert_allclose(out, expected, rtol=0, atol=atol)


@pytest.mark.parametrize("ends", [(-0.125, 0.125), (0.125, 0.125), (-0.125, -0.125)])
def test_a_tone_curve_rises_from_black_to_white(executor, ends):
    ramp = np.arange(65536).astype(np.uint16).reshape(256, 256, 1)
    made = render(Policy([ToneCurve(ends)]), [ramp] * 8, executor=executor).reshape(8, -1).astype(int)
    assert (np.diff(made, axis=1) >= 0).all()
    np.testing.assert_array_equal(made[:, [0, -1]], [[0, 65535]] * 8)


# ---- light


def drawn(node, i):
    return draw_plan(Policy([node]), 0, address(1, ids=[i])).columns[node.label]


# chromaticities of black bodies, CIE 1931, from Planck's law (Wyszecki and Stiles 1982)
LOCUS = {2856: (0.4476, 0.4074), 4000: (0.3805, 0.3768), 5000: (0.3451, 0.3516), 10000: (0.2807, 0.2884)}


def gains(kelvin):
    """Factors of red, green and blue of a dark gray, which do not clip."""
    gray = np.full((1, 1, 3), 0.25, np.float32)
    return one(ColorTemperature(Fixed(kelvin)), gray)[0, 0] / 0.25


@pytest.mark.parametrize("kelvin", LOCUS)
def test_color_temperature_follows_the_black_body(kelvin):
    def linear(x, y):
        matrix = [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
        return np.array(matrix) @ (x / y, 1, (1 - x - y) / y)

    ratio = linear(*LOCUS[kelvin]) / linear(0.3135, 0.3237)  # 6500 K
    expected = (ratio / (ratio @ (0.2126, 0.7152, 0.0722))) ** (1 / 2.2)
    np.testing.assert_allclose(gains(kelvin), expected, atol=0.008)


def test_lower_temperatures_are_redder_and_no_darker():
    found = np.array([gains(kelvin) for kelvin in (2500, 3000, 3999, 4001, 6000, 6500, 7000, 20000)])
    assert (np.diff(found[:, 0]) < 0).all()
    assert (np.diff(found[:, 2]) > 0).all()
    np.testing.assert_array_equal(found[5], 1.0)
    np.testing.assert_allclose(found**2.2 @ (0.2126, 0.7152, 0.0722), 1.0, atol=1e-5)
    np.testing.assert_allclose(found[2], found[3], atol=1e-3)  # where the two cubics meet


def test_a_bare_temperature_is_answered_with_a_range_about_daylight():
    with pytest.raises(PolicyError, match=r"5000 is a bare number; write \(5000, 8450\)"):
        ColorTemperature(5000)


def test_pca_lighting_has_the_spread_of_imagenets_colours(executor):
    gray = np.full((1, 1, 3), 0.5, np.float32)
    added = render(Policy([PcaLighting(Fixed(0.1))]), [gray] * 6000, executor=executor)[:, 0, 0] - 0.5
    vectors = np.array([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])
    expected = vectors @ np.diag((0.1 * np.array([0.2175, 0.0188, 0.0045])) ** 2) @ vectors.T
    np.testing.assert_allclose(np.cov(added.T), expected, rtol=0.06)
    np.testing.assert_allclose(added.mean(0), 0, atol=5e-4)
    along = added @ vectors  # the smaller components, too
    np.testing.assert_allclose(along.std(0), [0.02175, 0.00188, 0.00045], rtol=0.04)


@pytest.mark.parametrize("node", [PcaLighting(Fixed(0.1)), ChannelShuffle(p=1), ChannelDropout(p=1)], ids=str)
def test_what_draws_without_a_range_is_random(node):
    assert Policy([node]).is_random
