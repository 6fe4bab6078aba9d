import io
import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest

from augury.data.decode import decode, orientation_of, to_channels
from augury.data.headers import MOST_PIXELS
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


# ---- what a file says of itself

KINDS = [".png", ".jpg", ".bmp", ".webp", ".tif"]
SMOOTH = cv2.GaussianBlur(pixels(120, 160, 3), (0, 0), 5)


def refused(data, message):
    with pytest.raises(DecodeError) as caught:
        decode(bytes(data), "box/cat")
    assert "\n" not in str(caught.value)
    caught.match("^box/cat: " + message)


@pytest.mark.parametrize("ext", KINDS)
@pytest.mark.parametrize("kept", [0.01, 0.3, 0.6, 0.9, 0.99, 1.0])
def test_file_that_was_cut_is_refused(ext, kept):
    data = stored(SMOOTH, ext)
    decode(data, "whole")
    refused(
        data[: min(int(len(data) * kept), len(data) - 2)],
        "cannot be decoded: (cut short or broken|broken inside); replace or remove it",
    )


@pytest.mark.parametrize("ext", [".jpg", ".bmp", ".webp", ".tif"])
def test_cuts_are_seen_without_the_decoders_help(ext, monkeypatch):
    data = stored(SMOOTH, ext)
    monkeypatch.setattr(cv2, "imdecodeWithMetadata", lambda *_: (np.zeros((9, 9), np.uint8), [], []))
    refused(data[: len(data) * 2 // 3], "cannot be decoded: cut short")


@pytest.mark.parametrize("ext", KINDS)
def test_data_behind_the_image_are_no_harm(ext):
    data = stored(SMOOTH, ext)
    np.testing.assert_array_equal(decode(data + bytes(9), "a"), decode(data, "a"))
    np.testing.assert_array_equal(decode(data + stored(SMOOTH, ".jpg")[:500], "a"), decode(data, "a"))


def test_end_of_a_thumbnail_is_not_the_end_of_a_jpeg():
    data = stored(SMOOTH, ".jpg")
    thumbnail = stored(SMOOTH[:9, :9], ".jpg")
    noted = data[:2] + b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail + data[2:]
    np.testing.assert_array_equal(decode(noted, "a"), decode(data, "a"))
    refused(noted[:-500], "cannot be decoded: cut short")


def test_progressive_jpeg_is_read_and_its_cut_is_seen():
    data = stored(SMOOTH, ".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    assert decode(data, "a").shape == SMOOTH.shape
    refused(data[: len(data) // 2], "cannot be decoded: cut short")


def declared(kind, width, height):
    """A small file that declares any size."""
    if kind == "png":
        chunk = b"IHDR" + struct.pack(">II5B", width, height, 8, 2, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n\0\0\0\r" + chunk + struct.pack(">I", zlib.crc32(chunk)) + stored(SMOOTH)[33:]
    if kind == "jpg":
        data = bytearray(stored(SMOOTH, ".jpg"))
        at = data.index(b"\xff\xc0")
        data[at + 5 : at + 9] = struct.pack(">HH", height, width)
        return bytes(data)
    if kind == "bmp":
        data = bytearray(stored(SMOOTH, ".bmp"))
        data[18:26] = struct.pack("<ii", width, -height)
        return bytes(data)
    if kind == "os2 bmp":
        return b"BM" + struct.pack("<IIIIHHHH", 99, 0, 26, 12, width, height, 1, 24) + bytes(73)
    if kind == "webp":
        sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        body = b"WEBPVP8X" + struct.pack("<II", 10, 0) + sides + stored(SMOOTH, ".webp")[12:]
        return b"RIFF" + struct.pack("<I", len(body)) + body
    fields = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (278, height), (279, 8)]
    if kind == "tiles":
        fields = [(256, 8), (257, 8), *fields[2:5], (322, width), (323, height), (324, 8), (325, 8)]
    if kind == "big tiff":
        entries = b"".join(struct.pack("<HHQQ", tag, 4, 1, value) for tag, value in fields)
        return b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, len(fields)) + entries + bytes(8)
    entries = b"".join(struct.pack(">HHII", tag, 4, 1, value) for tag, value in fields)
    return b"MM\0*" + struct.pack(">IH", 8, len(fields)) + entries + bytes(12)


@pytest.mark.parametrize("kind", ["png", "jpg", "bmp", "os2 bmp", "webp", "tiff", "big tiff", "tiles"])
def test_declared_size_beyond_bearing_is_refused_undecoded(kind, monkeypatch):
    monkeypatch.setattr(cv2, "imdecodeWithMetadata", None)
    message = f"cannot be decoded: declares 60000 x 50000 pixels, more than {MOST_PIXELS}; make it smaller"
    refused(declared(kind, 60_000, 50_000), message)


@pytest.mark.parametrize("kind", ["png", "webp", "tiff"])
def test_declared_size_that_is_bearable_goes_to_the_decoder(kind):
    refused(declared(kind, 2000, 2000), "cannot be decoded: (broken inside|cut short)")


@pytest.mark.parametrize("kind", ["VP8 ", "VP8L"])
def test_plain_webp_headers_are_read(kind, monkeypatch):
    data = stored(SMOOTH, ".webp", cv2.IMWRITE_WEBP_QUALITY, 101 if kind == "VP8L" else 80)
    assert data[12:16] == kind.encode()
    monkeypatch.setattr("augury.data.headers.MOST_PIXELS", 120 * 160 - 1)
    refused(data, "cannot be decoded: declares 160 x 120 pixels")


@pytest.mark.parametrize("ext", KINDS)
def test_as_many_pixels_as_allowed_are_decoded(ext, monkeypatch):
    monkeypatch.setattr("augury.data.headers.MOST_PIXELS", 120 * 160)
    assert decode(stored(SMOOTH, ext), "a").shape == SMOOTH.shape


@pytest.mark.parametrize(
    "data", [b"P5 2 2 255\n\0\1\2\3", b"GIF89a" + bytes(20), b"#?RADIANCE\n", b"a text that was renamed", b"\0" * 99]
)
def test_other_formats_are_not_tried(data):
    refused(data, "cannot be decoded: no PNG, JPEG, BMP, WebP or TIFF image; replace or remove it")


@pytest.mark.parametrize("ext", KINDS)
def test_header_alone_is_one_line(ext):
    for length in range(1, 60):
        refused(stored(SMOOTH, ext)[:length], "cannot be decoded: ")


@pytest.mark.parametrize("size", [0, 99])
def test_bmp_that_does_not_say_its_size_is_measured_by_its_rows(size, monkeypatch):
    data = bytearray(stored(SMOOTH, ".bmp"))
    data[2:6] = struct.pack("<I", size)
    np.testing.assert_array_equal(decode(bytes(data), "a"), SMOOTH)
    monkeypatch.setattr(cv2, "imdecodeWithMetadata", lambda *_: (np.zeros((9, 9), np.uint8), [], []))
    refused(data[:-1], "cannot be decoded: cut short")


def test_tiff_with_a_strip_beyond_its_end_is_refused(monkeypatch):
    data = bytearray(declared("tiff", 8, 1))
    monkeypatch.setattr(cv2, "imdecodeWithMetadata", lambda *_: (np.zeros((1, 8), np.uint8), [], []))
    decode(bytes(data), "a")
    at = data.index(struct.pack(">HH", 273, 4))
    data[at + 8 : at + 12] = struct.pack(">I", len(data) - 7)
    refused(data, "cannot be decoded: cut short")


# ---- HEIC


@pytest.fixture
def heif():
    return pytest.importorskip("pillow_heif", reason="pip install augury[heic]")


def heic(heif, image, mode="RGB", **settings):
    file = io.BytesIO()
    heif.from_bytes(mode, image.shape[1::-1], image.tobytes()).save(file, quality=95, **settings)
    return file.getvalue()


def halves(*channels):
    """64 x 96: white above, black below."""
    image = np.zeros((64, 96, *channels), np.uint8)
    image[:32] = 255
    return image


@pytest.mark.parametrize(("mode", "channels"), [("L", ()), ("RGB", (3,)), ("RGBA", (4,))])
def test_heic_is_decoded(heif, mode, channels):
    image = decode(heic(heif, halves(*channels), mode), "a.heic")
    assert (image.dtype, image.flags.c_contiguous, image.flags.writeable) == (np.uint8, True, True)
    np.testing.assert_allclose(image, halves(*channels).reshape(64, 96, -1), atol=8)


def test_heic_is_in_rgb_order(heif):
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 255
    np.testing.assert_allclose(decode(heic(heif, red), "a").mean((0, 1)), [255, 0, 0], atol=4)


def test_heic_is_turned_upright(heif):
    image = decode(heic(heif, halves(3), exif=b"Exif\0\0" + exif(6)), "a")
    assert image.shape == (96, 64, 3)
    np.testing.assert_allclose(image[:, 40:], 255, atol=8)
    np.testing.assert_allclose(image[:, :24], 0, atol=8)


@pytest.mark.parametrize("kept", [12, 100, 400, -3])
def test_broken_heic_is_one_line(heif, kept):
    refused(heic(heif, halves(3))[:kept], "cannot be decoded: broken inside; replace or remove it")


def test_heic_of_too_many_pixels_is_refused(heif, monkeypatch):
    data = heic(heif, halves(3))
    monkeypatch.setattr("augury.data.headers.MOST_PIXELS", 64 * 96 - 1)
    refused(data, "cannot be decoded: declares 96 x 64 pixels")


@pytest.mark.parametrize("brand", [b"heic", b"heif", b"mif1"])
def test_heic_without_its_reader_names_the_extra(brand, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    data = bytes([0, 0, 0, 24]) + b"ftyp" + brand + bytes(40)
    refused(data, r'is a HEIC photo, for which a reader is missing; pip install "augury\[heic\]", or convert it to')


# ---- nothing else


def test_broken_file_writes_nothing_to_stderr(tmp_path):
    path = tmp_path / "cut.tif"
    path.write_bytes(stored(pixels(40, 60, 3), ".tif")[:3000])
    code = (
        "import sys; from augury.data.decode import decode\n"
        "try: decode(open(sys.argv[1], 'rb').read(), 'a')\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("a: cannot be decoded: cut short")
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
