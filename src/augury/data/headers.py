"""What an image file says of itself, read before any pixel is decoded.

Two things are checked, as decoders do not reliably do it. No file may declare more than 2**28 pixels: a few
bytes can declare any number, and the memory is taken before the lack of data shows. And a file must reach its
end, or the rest of the image would be gray:

- PNG: chunk follows chunk up to IEND.
- JPEG: an end-of-image marker follows the start of the first scan; phones append data behind it.
- WebP: as many bytes as the RIFF header says.
- BMP: as many bytes as the header says, and as many as the rows take where they are not compressed.
- TIFF: every strip or tile of the first page lies within the file.

Bits that flipped inside compressed data show only where the format has checksums (PNG).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from augury.errors import DecodeError

MOST_PIXELS = 2**28
Size = tuple[int, int]
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff]")
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers without a segment
_JPEG_END, _JPEG_SCAN = 0xD9, 0xDA
_BMP_PLAIN, _BMP_RUNS = (0, 3, 6), (1, 2)
_TIFF_TYPES = {3: "H", 4: "I", 16: "Q"}
_TIFF_DATA = ((273, 279), (324, 325))  # strips, tiles: where and how many bytes
_TIFF_SIDES = ((256, 257), (322, 323))  # the page, its tiles: width and height
_TIFF_TAGS = {tag for pair in (*_TIFF_DATA, *_TIFF_SIDES) for tag in pair}


def check_header(data: bytes, where: str) -> None:
    """Raise a DecodeError unless the data begin like an image of bearable size and reach its end.

    Parameters
    ----------
    data : the whole file.
    where : what to call it in messages.
    """
    reader = next((reader for begins, reader in _KINDS if begins.match(data)), None)
    if reader is None:
        raise DecodeError(f"{where}: cannot be decoded: no PNG, JPEG, BMP, WebP or TIFF image; replace or remove it")
    try:
        (height, width), whole = reader(data)
    except (struct.error, IndexError):  # it ends within its own header
        whole, height, width = False, 0, 0
    check_size(height, width, where)
    if not whole:
        raise DecodeError(f"{where}: cannot be decoded: cut short or broken; replace or remove it")


def check_size(height: int, width: int, where: str) -> None:
    """Raise a DecodeError for an image of too many pixels."""
    if height * width > MOST_PIXELS:
        raise DecodeError(
            f"{where}: cannot be decoded: declares {width} x {height} pixels, more than {MOST_PIXELS}; "
            "make it smaller, or remove it"
        )


def _png(data: bytes) -> tuple[Size, bool]:
    width, height = struct.unpack_from(">II", data, 16)
    at = 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        at += 12 + length
        if kind == b"IEND":
            return (height, width), at <= len(data)
    return (height, width), False


def _jpeg(data: bytes) -> tuple[Size, bool]:
    size, at = None, 2
    while found := _JPEG_MARKER.search(data, at):
        marker, at = data[found.end() - 1], found.end()
        if marker in _JPEG_ALONE:
            continue
        if marker == _JPEG_END:
            break
        if marker in _JPEG_FRAMES and size is None:
            size = struct.unpack_from(">HH", data, at + 3)
        if marker == _JPEG_SCAN:
            return size or (0, 0), data.find(b"\xff\xd9", at) >= 0
        at += max(2, *struct.unpack_from(">H", data, at))
    return size or (0, 0), False


def _webp(data: bytes) -> tuple[Size, bool]:
    (length,) = struct.unpack_from("<I", data, 4)
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    return (height, width), 8 + length <= len(data)


def _bmp(data: bytes) -> tuple[Size, bool]:
    declared, start, header = struct.unpack_from("<I4xII", data, 2)
    if header == 12:  # as OS/2 wrote it
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        packing, packed = 0, 0
    else:
        width, height, _, bits, packing, packed = struct.unpack_from("<iiHHII", data, 18)
    width, height = abs(width), abs(height)  # a negative height: rows from the top
    needed = 0
    if packing in _BMP_PLAIN:
        needed = (width * bits + 31) // 32 * 4 * height
    elif packing in _BMP_RUNS:
        needed = packed
    return (height, width), declared <= len(data) and start + needed <= len(data)


def _tiff(data: bytes) -> tuple[Size, bool]:
    fields = _tiff_fields(data)
    sizes = [(fields[h][0], fields[w][0]) for w, h in _TIFF_SIDES if w in fields and h in fields]
    whole = bool(sizes)
    for places, counts in _TIFF_DATA:
        pairs = zip(fields.get(places, ()), fields.get(counts, ()), strict=False)  # old files lack the counts
        whole &= all(at + count <= len(data) for at, count in pairs)
    return max(sizes, default=(0, 0), key=lambda size: size[0] * size[1]), whole


def _tiff_fields(data: bytes) -> dict[int, tuple[int, ...]]:
    """Tag -> whole numbers, at least one, of the first page. A field beyond the end raises a struct.error."""
    order = "<" if data.startswith(b"II") else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    address, count_of, inside = ("Q", "Q", 8) if big else ("I", "H", 4)
    (start,) = struct.unpack_from(order + address, data, 8 if big else 4)
    (count,) = struct.unpack_from(order + count_of, data, start)
    first, step = start + struct.calcsize(count_of), 4 + 2 * inside
    fields = {}
    for at in range(first, first + min(count, 65535) * step, step):
        tag, kind, n = struct.unpack_from(f"{order}HH{address}", data, at)
        if tag not in _TIFF_TAGS or kind not in _TIFF_TYPES or not 0 < n <= len(data):
            continue
        values, place = f"{order}{n}{_TIFF_TYPES[kind]}", at + step - inside
        if struct.calcsize(values) > inside:
            (place,) = struct.unpack_from(order + address, data, place)
        fields[tag] = struct.unpack_from(values, data, place)
    return fields


_KINDS: tuple[tuple[re.Pattern[bytes], Callable[[bytes], tuple[Size, bool]]], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), _png),
    (re.compile(rb"\xff\xd8\xff"), _jpeg),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), _webp),
    (re.compile(rb"BM"), _bmp),
    (re.compile(rb"II[*+]\0|MM\0[*+]"), _tiff),
)
