"""Functions of the whole image: compression against Pillow, the median against SciPy, zoom and resolution."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from augury.api import Policy
from augury.errors import AuguryError, PolicyError
from augury.execute import opaque
from augury.ranges import Fixed
from augury.spec import Spec
from augury.transforms import Downscale, JpegCompression, Median, WebpCompression, ZoomBlur
from helpers import DTYPES, assert_same_bytes, random_image, render

CODECS = [(JpegCompression, "JPEG", {"subsampling": "4:2:0"}), (WebpCompression, "WEBP", {})]


def made_by(one, image, **how):
    return render(Policy([one]), [image], **how)[0]


def scene(height=48, width=64, channels=3):
    y, x = np.mgrid[:height, :width]
    planes = [128 + 100 * np.sin(x / (5 + c)) * np.cos(y / 6 + c) for c in range(channels)]
    return np.stack(planes, axis=-1).astype(np.uint8)


# ---- compression


@pytest.mark.parametrize(("cls", "suffix", "settings"), CODECS)
@pytest.mark.parametrize("quality", [5, 60, 100])
@pytest.mark.parametrize("channels", [1, 3])
def test_compression_leaves_what_pillow_leaves(cls, suffix, settings, quality, channels):
    image, file = scene(channels=channels), io.BytesIO()
    mode = "RGB" if channels == 3 else "L"
    Image.fromarray(image[..., 0] if channels == 1 else image).save(
        file, suffix, quality=quality, **(settings if channels == 3 else {})
    )
    theirs = np.asarray(Image.open(file).convert(mode)).reshape(image.shape)
    made = made_by(cls(Fixed(quality)), image)
    apart = np.abs(made.astype(int) - theirs)
    assert apart.mean() < 0.6, "of 255; the builds of the encoders may differ"
    lost = np.abs(made.astype(int) - image).mean()
    np.testing.assert_allclose(lost, np.abs(theirs.astype(int) - image).mean(), rtol=0.2, atol=0.2)


@pytest.mark.parametrize("cls", [JpegCompression, WebpCompression])
def test_colours_keep_their_order(cls):
    image = np.zeros((32, 32, 3), np.uint8)
    image[...] = (200, 60, 20)
    np.testing.assert_allclose(made_by(cls(Fixed(95)), image), image, atol=6)


@pytest.mark.parametrize("cls", [JpegCompression, WebpCompression])
def test_less_quality_loses_more(cls):
    image = scene()
    lost = [np.abs(made_by(cls(Fixed(q)), image).astype(int) - image).mean() for q in (95, 50, 5)]
    assert lost[0] < lost[1] < lost[2]


def test_sides_that_webp_cannot_hold_are_refused_in_one_line():
    with pytest.raises(PolicyError, match="WebpCompression: WebP holds sides of at most 16,383 pixels") as caught:
        made_by(WebpCompression(), np.zeros((1, 16384, 1), np.uint8))
    assert "\n" not in str(caught.value)
    assert made_by(WebpCompression(), np.zeros((1, 16383, 1), np.uint8)).shape == (1, 16383, 1)


def test_an_encoder_that_fails_says_so_in_one_line(monkeypatch):
    monkeypatch.setattr(cv2, "imencode", lambda *_: (False, None))
    with pytest.raises(AuguryError, match=r"cannot encode \(48, 64, 3\) pixels as \.jpg; leave") as caught:
        made_by(JpegCompression(), scene())
    assert "\n" not in str(caught.value)


# ---- median


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("share", "pixels"), [(0.05, 2), (0.02, 1), (0.012, 0)])
def test_the_median_is_that_of_scipy(dtype, share, pixels):
    image = random_image((40, 50, 5), dtype)
    side = 2 * pixels + 1
    theirs = ndimage.median_filter(image, (side, side, 1), mode="nearest")
    assert_same_bytes(made_by(Median(Fixed(share)), image), theirs)


def test_a_large_median_is_for_uint8():
    image = random_image((100, 100, 1))
    theirs = ndimage.median_filter(image, (11, 11, 1), mode="nearest")
    assert_same_bytes(made_by(Median(Fixed(0.05)), image), theirs)
    for dtype in ("uint16", "float32"):
        with pytest.raises(PolicyError, match=rf"Median.radius: 5 pixels; images of {dtype} take at most 2, .* 0\.02"):
            made_by(Median(Fixed(0.05)), random_image((100, 100, 1), dtype))


# ---- zoom


def test_zoom_blur_draws_dots_away_from_the_centre():
    image = np.zeros((101, 101, 1), np.float32)
    image[50, 80] = image[50, 50] = 1.0
    made = made_by(ZoomBlur(Fixed(0.3)), image)[..., 0]
    along = made[50, 60:]
    held = np.flatnonzero(along > along.max() / 4) + 60
    np.testing.assert_allclose([held[0], held[-1]], [80, 89], atol=1)
    assert made[:48, 60:].max() == 0
    assert made[50, 50] == made.max()


def test_zoom_blur_is_even_on_all_sides():
    image = random_image((33, 33, 2), "float32")
    made = made_by(ZoomBlur(Fixed(0.2)), image)
    for turned in (np.flipud, np.fliplr, np.rot90):
        again = made_by(ZoomBlur(Fixed(0.2)), np.ascontiguousarray(turned(image)))
        np.testing.assert_allclose(again, turned(made), atol=1e-3)


@pytest.mark.parametrize("one", [ZoomBlur(Fixed(0.2)), Downscale(Fixed(0.3))])
@pytest.mark.parametrize("dtype", DTYPES)
def test_even_images_stay_even_and_ranges_are_kept(one, dtype):
    image = np.full((20, 31, 3), {"uint8": 77, "uint16": 40000, "float32": 0.3}[dtype], dtype)
    np.testing.assert_allclose(made_by(one, image), image, atol=1e-6 if dtype == "float32" else 0)
    wide = (random_image((20, 31, 2), "float32") * 8 - 2).astype(np.float32)
    made = (made_by(one, wide, value_range=(-2.0, 6.0)) + 2) / 8
    np.testing.assert_allclose(made, made_by(one, ((wide + 2) / 8).astype(np.float32)), atol=1e-6)


# ---- resolution


def test_downscale_is_reduce_and_enlarge_of_pillow():
    image = scene(48, 64, 1)
    small = Image.fromarray(image[..., 0].astype(np.float32)).reduce(4)
    theirs = np.asarray(small.resize((64, 48), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(made_by(Downscale(Fixed(0.25)), image)[..., 0], theirs, atol=0.51)


def test_downscale_to_one_pixel_is_the_mean():
    image = random_image((30, 20, 3), "uint16")
    made = made_by(Downscale(Fixed(0.02)), image)
    np.testing.assert_array_equal(made, np.broadcast_to(made[0, 0], image.shape))
    np.testing.assert_allclose(made[0, 0], image.mean((0, 1)), atol=2)


# ---- the family


def test_no_function_changes_the_image_it_is_given():
    image = scene()
    image.flags.writeable = False
    spec = Spec.image(*image.shape)
    for name, given in {
        "median": {"radius": 1},
        "zoom_blur": {"amount": 0.1},
        "downscale": {"height": 9, "width": 9},
        "jpeg": {"quality": 50},
        "webp": {"quality": 50},
    }.items():
        for view in (image, image[::2, ::-1]):
            made = opaque.call(name, view, spec.of_size(view.shape[:2]), given)
            assert not np.shares_memory(made, image)
            assert_same_bytes(made, opaque.call(name, view.copy(), spec.of_size(view.shape[:2]), given))
