import io
import struct
import zlib

import numpy as np
import pytest

from augury.data.formats import masks
from augury.data.storage import folder
from augury.errors import DecodeError
from marked import encoded, png, stored, written
from marked import refused as refused_by

RNG = np.random.default_rng(0)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def plain_png(values, bits, color, *chunks):
    """A PNG as the specification says, of one sample a pixel."""
    rows = values.astype(">u2").view(np.uint8).reshape(*values.shape, 2)
    width = values.shape[1] * bits
    packed = [np.unpackbits(row, axis=1)[:, 16 - bits :].reshape(width) for row in rows]
    data = b"".join(b"\0" + np.packbits(row).tobytes() for row in packed)
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], bits, color, 0, 0, 0)
    inside = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(data)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(inside)


def values_of(bits, shape=(7, 13)):
    return RNG.integers(0, 2**bits, shape).astype(np.uint16 if bits == 16 else np.uint8)


def colors(bits):
    return chunk(b"PLTE", RNG.integers(0, 256, 3 * 2**bits).astype(np.uint8).tobytes())


def pair(image="images/a.png", mask="masks/a.png", data=None):
    return {image: png(value=9), mask: png(value=3) if data is None else data}


def refused(held, message):
    refused_by(masks.table, held, message)


# ---- numbers


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_gray_gives_the_numbers_stored(bits):
    values = values_of(bits)
    np.testing.assert_array_equal(masks.numbers(plain_png(values, bits, 0), "m"), values, strict=True)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_gives_indices_not_colors(bits):
    values, clear = values_of(bits), chunk(b"tRNS", b"\0")
    for data in (plain_png(values, bits, 3, colors(bits)), plain_png(values, bits, 3, colors(bits), clear)):
        np.testing.assert_array_equal(masks.numbers(data, "m"), values, strict=True)


def test_transparency_and_gamma_change_no_number():
    values = values_of(8)
    extra = [chunk(b"gAMA", struct.pack(">I", 45455)), chunk(b"tRNS", struct.pack(">H", int(values[0, 0])))]
    np.testing.assert_array_equal(masks.numbers(plain_png(values, 8, 0, *extra), "m"), values, strict=True)


@pytest.mark.parametrize("mode", ["P", "L", "1", "I;16"])
def test_masks_of_another_writer(mode):
    pillow = pytest.importorskip("PIL.Image")
    values = values_of({"1": 1, "I;16": 16}.get(mode, 8))
    image = pillow.fromarray(values.astype(bool) if mode == "1" else values)
    if mode == "P":
        image.putpalette(RNG.integers(0, 256, 768).astype(np.uint8).tobytes())
    assert image.mode == mode
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    np.testing.assert_array_equal(masks.numbers(file.getvalue(), "m"), values, strict=True)


def test_rgb_of_equal_channels_is_gray():
    values = values_of(8)
    np.testing.assert_array_equal(masks.numbers(encoded(np.dstack([values] * 3)), "m"), values, strict=True)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (encoded(RNG.integers(0, 256, (4, 5, 3)).astype(np.uint8)), "is in colour"),
        (encoded(np.full((4, 5, 4), 7, np.uint8)), "is in colour"),
        (encoded(np.zeros((4, 5), np.uint8), ".jpg"), "is no PNG inside"),
        (b"", "is no PNG inside"),
        (b"\x89PNG\r\n\x1a\n", "cannot be decoded"),
        (plain_png(values_of(8), 8, 3, colors(8))[:60], "cannot be decoded"),
        (plain_png(values_of(8), 8, 0).replace(b"\x08\0\0\0\0", b"\x08\3\0\0\0"), "cannot be decoded"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 5, 4, 0, 0, 0, 0, 0)), "cannot be decoded"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 3, 0, 0, 0)), "cannot"),
    ],
)
def test_what_is_no_mask_is_named(data, message, capfd):
    with pytest.raises(DecodeError, match=f"^m: {message}") as caught:
        masks.numbers(data, "m")
    assert "\n" not in str(caught.value)


# ---- pairs


@pytest.mark.parametrize("of_masks", ["masks", "mask", "labels", "annotations", "gt", "ground_truth", "Masks"])
@pytest.mark.parametrize("of_images", ["images", "imgs", "JPEGImages"])
def test_folders(tmp_path, of_images, of_masks):
    held = pair(f"{of_images}/a.jpg", f"{of_masks}/a.png")
    for storage in (stored(held), folder(written(tmp_path, held))):
        assert masks.recognised(storage)
        table = masks.table(storage)
        assert (table.paths, table.classes, table.objects) == ((f"{of_images}/a.jpg",), ("mask",), None)
        assert table.decode(0)[0, 0, 0] == 9
        np.testing.assert_array_equal(table.mask(0), np.full((20, 30), 3, np.uint8), strict=True)
        np.testing.assert_array_equal(table.labels, np.zeros(1, np.int64), strict=True)


def test_pairs_have_equal_stems_and_stand_in_order():
    held = {}
    for k in range(5):
        held |= pair(f"images/{4 - k}.bmp", f"masks/{4 - k}.png", png(value=k))
    table = masks.table(stored(held))
    assert table.paths == tuple(f"images/{k}.bmp" for k in range(5))
    assert [int(table.mask(i)[0, 0]) for i in range(5)] == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("layout", ["{}/images/x.png {}/masks/x.png", "images/{}/x.png masks/{}/x.png"])
def test_given_parts(layout):
    held = {}
    for k, part in enumerate(["train", "val", "test"]):
        held |= pair(*layout.format(part, part).split(), png(value=k))
    table = masks.table(stored(held))
    assert [int(table.mask(i)[0, 0]) for i in range(3)] == table.parts.tolist()


@pytest.mark.parametrize("name", ["classes.txt", "labels.txt"])
def test_names_of_numbers(name):
    assert masks.table(stored(pair() | {name: "sky\nroad\n"})).classes == ("sky", "road")


def test_no_mask_is_decoded_when_the_dataset_is_opened():
    table = masks.table(stored(pair(data=b"nonsense")))
    with pytest.raises(DecodeError, match=r"^data/masks/a\.png: is no PNG"):
        table.mask(0)


@pytest.mark.parametrize(
    ("held", "answer"),
    [
        (pair(), True),
        ({"images/a.png": b"", "labels/a.txt": ""}, False),
        ({"images/a.png": b"", "annotations/a.xml": ""}, False),
        ({"cat/a.png": b"", "dog/a.png": b""}, False),
        ({"masks/a.png": b""}, False),
    ],
)
def test_recognised(held, answer):
    assert masks.recognised(stored(held)) is answer


@pytest.mark.parametrize(
    ("held", "message"),
    [
        (pair() | {"images/b.png": png()}, r"1 images have no mask \(first: images/b\.png\); .* to masks/$"),
        (pair() | {"masks/b.png": png()}, r"1 masks have no image \(first: masks/b\.png\)"),
        (pair() | {"masks/a.jpg": png()}, r"1 masks are no PNGs \(first: masks/a\.jpg\)"),
        (pair() | {"b.png": png()}, r"1 images lie outside images/ \(first: b\.png\)"),
        (pair() | {"images/a.jpg": png()}, r"images/a\.jpg and images/a\.png would share"),
        (pair() | {"classes.txt": "\nroad"}, "1 classes are called ''"),
        (pair() | {"classes.txt": ""}, "holds no names"),
        ({}, "holds annotations but no images"),
    ],
)
def test_what_does_not_fit_is_named_in_one_line(held, message):
    refused(held, message)
