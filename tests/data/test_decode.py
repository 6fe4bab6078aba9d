import struct
import subprocess
import sys

import cv2
import numpy as np
import pytest

from augury.data.decode import decode, orientation_of, to_channels
from augury.errors import DataError, DecodeError

RNG = np.random.default_rng(0)
LOSSLESS = [".png", ".bmp", ".tif"]


def pixels(*shape, dtype="uint8"):
    return RNG.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def stored(image, ext=".png", *settings):
    """What OpenCV writes of an array in RGB(A) order."""
    if image.ndim == 3 and image.shape[2] > 2:
        image = image[..., [2, 1, 0, 3][: image.shape[2]]]
    done, data = cv2.imencode(ext, image, settings)
    assert done
    return data.tobytes()


def exif(orientation, order="<"):
    start = b"II*\0" if order == "<" else b"MM\0*"
    other = struct.pack(order + "HHIHH", 0x0100, 3, 1, 60, 0)
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return start + struct.pack(order + "IH", 8, 2) + other + entry + bytes(4)


def with_exif(image, ext, orientation, *settings):
    blocks = [np.frombuffer(exif(orientation), np.uint8)]
    done, data = cv2.imencodeWithMetadata(ext, image, [cv2.IMAGE_METADATA_EXIF], blocks, settings)
    assert done
    return data.tobytes()


# ---- decode


@pytest.mark.parametrize("ext", LOSSLESS)
def test_color_comes_in_rgb_order(ext):
    image = pixels(5, 7, 3)
    np.testing.assert_array_equal(decode(stored(image, ext), "a"), image, strict=True)


@pytest.mark.parametrize("ext", [*LOSSLESS, ".jpg"])
def test_gray_stays_one_channel(ext):
    image = np.full((5, 7), 90, np.uint8)
    np.testing.assert_array_equal(decode(stored(image, ext), "a"), image[..., None], strict=True)


def test_webp_is_decoded():
    image = pixels(5, 7, 3)
    np.testing.assert_array_equal(decode(stored(image, ".webp", cv2.IMWRITE_WEBP_QUALITY, 101), "a"), image)


def test_jpeg_is_in_rgb_order():
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    np.testing.assert_allclose(decode(stored(red, ".jpg"), "a").mean((0, 1)), [255, 0, 0], atol=3)


def test_alpha_is_kept():
    image = pixels(5, 7, 4)
    np.testing.assert_array_equal(decode(stored(image), "a"), image, strict=True)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 4)])
def test_sixteen_bits_are_kept(shape):
    image = pixels(*shape, dtype="uint16")
    np.testing.assert_array_equal(decode(stored(image), "a"), image.reshape(5, 7, -1), strict=True)


def test_float32_tiff_stays_float32():
    image = RNG.random((5, 7, 3), dtype=np.float32)
    np.testing.assert_array_equal(decode(stored(image, ".tif"), "a"), image, strict=True)


def test_float64_tiff_is_an_error_naming_the_dtype():
    with pytest.raises(DecodeError, match=r"^cat\.tif: has float64 pixels; convert"):
        decode(stored(RNG.random((5, 7)), ".tif"), "cat.tif")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_as_opencv_does(orientation):
    image = pixels(4, 6, 3)
    data = with_exif(image, ".png", orientation)
    expected = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_array_equal(decode(data, "a"), expected, strict=True)


@pytest.mark.parametrize(("ext", "settings"), [(".jpg", ()), (".png", ()), (".webp", (cv2.IMWRITE_WEBP_QUALITY, 101))])
def test_orientation_six_turns_the_top_to_the_right(ext, settings):
    image = np.zeros((32, 64, 3), np.uint8)
    image[:16] = 255
    turned = decode(with_exif(image, ext, 6, *settings), "a")
    assert turned.shape == (64, 32, 3)
    np.testing.assert_allclose(turned[:, 20:], 255, atol=8)
    np.testing.assert_allclose(turned[:, :12], 0, atol=8)


def test_orientation_of_an_image_with_alpha_is_applied():
    image = pixels(4, 6, 4)
    data = with_exif(image, ".png", 3)
    np.testing.assert_array_equal(decode(data, "a"), image[::-1, ::-1][..., [2, 1, 0, 3]])


@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation_is_read_in_both_byte_orders(order):
    assert orientation_of(exif(8, order)) == 8
    assert orientation_of(b"Exif\0\0" + exif(7, order)) == 7


@pytest.mark.parametrize("block", [b"", b"II", b"nonsense", exif(6)[:-10], exif(0), exif(9), b"II*\0\xff\xff\xff\xff"])
def test_broken_exif_means_upright(block):
    assert orientation_of(block) == 1


def test_old_opencv_turns_jpegs_too(monkeypatch):
    data = with_exif(np.zeros((4, 6, 3), np.uint8), ".jpg", 6)
    monkeypatch.delattr(cv2, "imdecodeWithMetadata")  # as OpenCV 4.10, which the package allows
    assert decode(data, "a").shape == (6, 4, 3)


def test_result_is_contiguous_and_writable():
    image = decode(with_exif(pixels(4, 6, 3), ".png", 5), "a")
    assert image.flags.c_contiguous
    assert image.flags.writeable


def test_empty_file_is_an_error():
    with pytest.raises(DecodeError, match=r"^box/cat\.png: is empty \(0 bytes\)"):
        decode(b"", "box/cat.png")


@pytest.mark.parametrize("data", [b"hello world" * 9, stored(pixels(9, 9, 3))[:60], stored(pixels(9, 9, 3))[:-20]])
def test_broken_file_is_an_error_of_one_line_naming_it(data):
    with pytest.raises(DecodeError, match=r"^box/cat\.png: cannot be decoded") as caught:
        decode(data, "box/cat.png")
    assert "\n" not in str(caught.value)


def test_size_beyond_opencvs_limit_is_an_error_naming_the_file():
    data = bytearray(stored(pixels(9, 9), ".bmp"))
    data[18:26] = struct.pack("<ii", 40_000, 40_000)
    with pytest.raises(DecodeError, match=r"^a: cannot be decoded"):
        decode(bytes(data), "a")


@pytest.mark.parametrize("brand", [b"heic", b"heif", b"mif1"])
def test_heic_says_convert_it(brand):
    with pytest.raises(DecodeError, match=r"^a: is a HEIC photo.*convert it to JPEG or PNG"):
        decode(bytes([0, 0, 0, 24]) + b"ftyp" + brand + bytes(40), "a")


def test_broken_file_writes_nothing_to_stderr(tmp_path):
    path = tmp_path / "cut.tif"
    path.write_bytes(stored(pixels(40, 60, 3), ".tif")[:3000])
    code = (
        "import sys; from augury.data.decode import decode\n"
        "try: decode(open(sys.argv[1], 'rb').read(), 'a')\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("a: cannot be decoded")
    assert done.stderr == ""


def test_importing_does_not_import_opencv():
    code = "import sys, augury.data.opening, augury.data.split; assert 'cv2' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- channels


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_gray_is_bt601(channels, dtype):
    image = np.zeros((1, 3, channels), dtype)
    white = 1.0 if dtype == "float32" else np.iinfo(dtype).max
    image[0, [0, 1, 2], [0, 1, 2]] = white
    gray = to_channels(image, 1, "a")
    assert gray.shape == (1, 3, 1)
    assert gray.dtype == dtype
    np.testing.assert_allclose(gray[0, :, 0] / white, [0.299, 0.587, 0.114], atol=0.003)


def test_gray_is_repeated():
    gray = pixels(4, 5, 1)
    np.testing.assert_array_equal(to_channels(gray, 3, "a"), np.dstack([gray] * 3), strict=True)


def test_alpha_is_dropped():
    image = pixels(4, 5, 4)
    dropped = to_channels(image, 3, "a")
    np.testing.assert_array_equal(dropped, image[..., :3], strict=True)
    assert dropped.flags.c_contiguous


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("dtype", "opaque"), [("uint8", 255), ("uint16", 65535), ("float32", 1.0)])
def test_added_alpha_is_opaque(channels, dtype, opaque):
    image = np.full((2, 2, channels), 0.5 * opaque).astype(dtype)
    expected = np.concatenate([np.broadcast_to(image, (2, 2, 3)), np.full((2, 2, 1), opaque, dtype)], 2)
    np.testing.assert_array_equal(to_channels(image, 4, "a"), expected, strict=True)


@pytest.mark.parametrize(("have", "channels"), [(3, None), (3, 3), (1, 1), (5, None), (5, 5)])
def test_nothing_to_change_returns_the_input(have, channels):
    image = pixels(4, 5, have)
    assert to_channels(image, channels, "a") is image


@pytest.mark.parametrize(("have", "channels"), [(5, 3), (2, 1), (3, 2)])
def test_impossible_change_is_an_error(have, channels):
    with pytest.raises(DataError, match=rf"^a: has {have} channels and cannot become {channels}"):
        to_channels(pixels(4, 5, have), channels, "a")


def test_read_only_views_are_accepted_and_not_changed():
    image = pixels(8, 9, 3)
    before = image.copy()
    view = image[::2, ::-1]
    view.flags.writeable = False
    np.testing.assert_array_equal(to_channels(view, 1, "a"), to_channels(view.copy(), 1, "a"))
    np.testing.assert_array_equal(image, before)
