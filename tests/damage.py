"""Valid images, archives and tables, and ways to damage them, for tests/fuzz.py."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np

Random = np.random.Generator
NAMES = [f"{label}.{k}" for label in ("cat", "dog") for k in range(3)]
NUMBERS = (0, 1, 2, 7, 8, 127, 128, 255, 256, 1000, 32767, 32768, 65535, 2**24 - 1, 2**31 - 1, 2**31, 2**32 - 1)
PNG = b"\x89PNG\r\n\x1a\n"


# ---- valid files


def _picture(k: int, channels: int, dtype: str = "uint8") -> np.ndarray:
    noise = np.random.default_rng(k).integers(0, 256, (20 + k, 30, channels), dtype=np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2).reshape(noise.shape)
    return smooth.astype(dtype) * (257 if dtype == "uint16" else 1)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _palette(k: int) -> bytes:
    image = _picture(k, 1)[..., 0] // 4
    rows = b"".join(b"\0" + row.tobytes() for row in image)
    header = struct.pack(">II5B", image.shape[1], image.shape[0], 8, 3, 0, 0, 0)
    colors, alphas = bytes(range(192)), bytes(range(9))
    chunks = [(b"IHDR", header), (b"PLTE", colors), (b"tRNS", alphas), (b"tEXt", b"Title\0x")]
    chunks += [(b"IDAT", zlib.compress(rows)[:90]), (b"IDAT", zlib.compress(rows)[90:]), (b"IEND", b"")]
    return PNG + b"".join(_chunk(*chunk) for chunk in chunks)


def _written(ext: str, k: int, channels: int, dtype: str = "uint8", settings: tuple[int, ...] = ()) -> bytes:
    return bytes(cv2.imencode(ext, _picture(k, channels, dtype), settings)[1].tobytes())


def _with_exif(k: int) -> bytes:
    exif = b"II*\0" + struct.pack("<IHHHIHH", 8, 1, 0x0112, 3, 1, 6, 0) + bytes(4)
    kinds, blocks = [cv2.IMAGE_METADATA_EXIF], [np.frombuffer(exif, np.uint8)]
    return bytes(cv2.imencodeWithMetadata(".jpg", _picture(k, 3), kinds, blocks)[1].tobytes())


IMAGES: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "png gray": (".png", lambda k: _written(".png", k, 1)),
    "png rgb": (".png", lambda k: _written(".png", k, 3)),
    "png rgba 16": (".png", lambda k: _written(".png", k, 4, "uint16")),
    "png palette": (".png", _palette),
    "jpeg exif": (".jpg", _with_exif),
    "jpeg gray": (".jpg", lambda k: _written(".jpg", k, 1)),
    "jpeg progressive": (".jpg", lambda k: _written(".jpg", k, 3, settings=(cv2.IMWRITE_JPEG_PROGRESSIVE, 1))),
    "bmp": (".bmp", lambda k: _written(".bmp", k, 3)),
    "bmp gray": (".bmp", lambda k: _written(".bmp", k, 1)),
    "webp": (".webp", lambda k: _written(".webp", k, 3)),
    "webp lossless": (".webp", lambda k: _written(".webp", k, 4, settings=(cv2.IMWRITE_WEBP_QUALITY, 101))),
    "tiff": (".tif", lambda k: _written(".tif", k, 3, settings=(cv2.IMWRITE_TIFF_COMPRESSION, 1))),
    "tiff lzw": (".tif", lambda k: _written(".tif", k, 3)),
    "tiff 16": (".tif", lambda k: _written(".tif", k, 1, "uint16")),
    "tiff jpeg": (".tif", lambda k: _written(".tif", k, 3, settings=(cv2.IMWRITE_TIFF_COMPRESSION, 7))),
}


@cache
def image(kind: str, k: int) -> bytes:
    """One of a few valid files of a kind."""
    return IMAGES[kind][1](k)


def _zipped(entries: dict[str, bytes], compression: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


def _pictures(end: str, folders: bool) -> dict[str, bytes]:
    names = [name.replace(".", "/", 1) if folders else name for name in NAMES]
    return {name + end: image("png gray", k) for k, name in enumerate(names)}


def _rows(names: list[str]) -> bytes:
    lines = ["path,label,group,part", *(f"{name},{name[:3]},g{k % 2},train" for k, name in enumerate(names))]
    return "\n".join(lines).encode()


def _npz(compressed: bool) -> bytes:
    file = io.BytesIO()
    x, y = np.arange(6 * 5 * 4, dtype=np.uint8).reshape(6, 5, 4), np.array([0, 1] * 3)
    (np.savez_compressed if compressed else np.savez)(file, x_train=x, y_train=y, x_test=x, y_test=y)
    return file.getvalue()


def _export() -> dict[str, bytes]:
    pictures = {f"training/{name}.png": image("png gray", k) for k, name in enumerate(NAMES)}
    files = [{"path": p, "category": "training", "label": {"type": "label", "label": p[9:12]}} for p in pictures]
    return {**pictures, "info.labels": json.dumps({"version": 1, "files": files}).encode()}


STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
ARCHIVES: dict[str, Callable[[], bytes]] = {
    "zip of folders": lambda: _zipped(_pictures(".png", folders=True), STORED),
    "zip of folders, deflated": lambda: _zipped(_pictures(".png", folders=True), DEFLATED),
    "zip of flat names": lambda: _zipped(_pictures(".png", folders=False), STORED),
    "zip with a table": lambda: _zipped(
        {**(own := _pictures(".png", folders=True)), "labels.csv": _rows(list(own))}, DEFLATED
    ),
    "zip of an export": lambda: _zipped(_export(), STORED),
    "npz": lambda: _npz(compressed=False),
    "npz, deflated": lambda: _npz(compressed=True),
}
TABLES = ("csv", "csv in a zip", "export in a zip")
KINDS = (*IMAGES, *ARCHIVES, *TABLES)


# ---- damage


def _number(data: bytearray, at: int, rng: Random) -> None:
    """Overwrite what may be a field with a number that programs trip over."""
    size, order = int(rng.choice([1, 2, 4, 8])), ["little", "big"][rng.integers(2)]
    value = int(rng.choice(NUMBERS)) if rng.random() < 0.7 else int(rng.integers(2**32))
    data[at : at + size] = (value % 256**size).to_bytes(size, order)


def _span(data: bytes | bytearray, rng: Random) -> tuple[int, int]:
    start = int(rng.integers(len(data)))
    return start, min(len(data), start + 1 + int(rng.integers(64)))


def flip(data: bytearray, rng: Random) -> bytes:
    """Some bits."""
    for _ in range(int(rng.choice([1, 1, 2, 8, 40]))):
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
    return bytes(data)


def cut(data: bytearray, rng: Random) -> bytes:
    """The end is missing."""
    return bytes(data[: int(rng.integers(len(data)))])


def remove(data: bytearray, rng: Random) -> bytes:
    """A few bytes are missing."""
    start, end = _span(data, rng)
    return bytes(data[:start] + data[end:])


def repeat(data: bytearray, rng: Random) -> bytes:
    """A few bytes come twice."""
    start, end = _span(data, rng)
    return bytes(data[:end] + data[start:])


def blank(data: bytearray, rng: Random) -> bytes:
    """A few bytes are all the same."""
    start, end = _span(data, rng)
    data[start:end] = bytes([int(rng.choice([0, 255, 32, 10]))]) * (end - start)
    return bytes(data)


def insert(data: bytearray, rng: Random) -> bytes:
    """Noise is put in."""
    at = int(rng.integers(len(data)))
    return bytes(data[:at] + rng.bytes(int(rng.integers(1, 40))) + data[at:])


def fields(data: bytearray, rng: Random) -> bytes:
    """Numbers in the header, or after a signature of a zip entry or chunk."""
    marks = [0, *(at for mark in (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"IHDR", b"IDAT") if (at := data.find(mark)) >= 0)]
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.choice(marks)) + int(rng.integers(64))
        if at + 8 <= len(data):
            _number(data, at, rng)
    return bytes(data)


def anywhere(data: bytearray, rng: Random) -> bytes:
    """A number somewhere."""
    _number(data, int(rng.integers(max(1, len(data) - 8))), rng)
    return bytes(data)


def _parsed_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Chunks of a valid PNG."""
    found, at = [], 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return found


def chunks(data: bytearray, rng: Random) -> bytes:
    """Chunks of a PNG come twice, are missing, swapped or changed, with right checksums."""
    parts = _parsed_chunks(bytes(data))
    k, other = (int(rng.integers(len(parts))) for _ in range(2))
    way = int(rng.integers(5))
    if way == 0:
        parts.insert(other, parts[k])
    elif way == 1:
        del parts[k]
    elif way == 2:
        parts[k], parts[other] = parts[other], parts[k]
    elif parts[k][1]:
        change = fields if way == 3 else flip
        parts[k] = (parts[k][0], change(bytearray(parts[k][1]), rng))
    return PNG + b"".join(_chunk(*part) for part in parts)


def segments(data: bytearray, rng: Random) -> bytes:
    """Segments of a JPEG come twice, are missing, or declare another length."""
    starts, at = [], 2
    while data[at] == 0xFF and data[at + 1] != 0xDA:
        starts.append((at, at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")))
        at = starts[-1][1]
    start, end = starts[int(rng.integers(len(starts)))]
    way = int(rng.integers(4))
    if way == 0:
        return bytes(data[:end] + data[start:])
    if way == 1:
        return bytes(data[:start] + data[end:])
    _number(data, start + 2 if way == 2 else int(rng.integers(start, end)), rng)
    return bytes(data)


WAYS = (flip, flip, cut, remove, repeat, blank, insert, fields, fields, anywhere)


def damaged(data: bytes, other: bytes, rng: Random) -> bytes:
    """The data with one thing damaged; `other` is a valid file of the same kind."""
    ways: list[Callable[[bytearray, Random], bytes]] = list(WAYS)
    ways += [chunks] * 4 if data.startswith(PNG) else [segments] * 4 if data.startswith(b"\xff\xd8") else []
    choice = int(rng.integers(len(ways) + 1))
    if choice == len(ways):
        at = int(rng.integers(min(len(data), len(other))))
        return data[:at] + other[at:]
    return ways[choice](bytearray(data), rng)


# ---- sources


def write(kind: str, rng: Random, place: Path) -> tuple[Path, int]:
    """Write a source with one damaged thing into an empty folder; its path, and how many samples were put in."""
    if kind in IMAGES:
        return _write_folder(kind, rng, place), len(NAMES)
    if kind in ARCHIVES:
        path = place / ("a.npz" if kind.startswith("npz") else "a.zip")
        whole = ARCHIVES[kind]()
        path.write_bytes(damaged(whole, whole[len(whole) // 3 :], rng))
        return path, 12 if kind.startswith("npz") else len(NAMES)
    pictures = _pictures(".png", folders=True)
    text = _rows(list(pictures))
    if kind == "csv":
        for name, data in pictures.items():
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_bytes(data)
        (place / "labels.csv").write_bytes(damaged(text, text[50:], rng))
        return place / "labels.csv", len(NAMES)
    name, entries = (
        ("labels.csv", {**pictures, "labels.csv": text}) if kind == TABLES[1] else ("info.labels", _export())
    )
    entries[name] = damaged(entries[name], entries[name][50:], rng)
    (place / "a.zip").write_bytes(_zipped(entries, STORED))
    return place / "a.zip", len(NAMES)


def _write_folder(kind: str, rng: Random, place: Path) -> Path:
    """Valid images, and one that is not; labels by their folders."""
    end = IMAGES[kind][0]
    for k, name in enumerate(NAMES):
        label, uid = name.split(".")
        (place / "photos" / label).mkdir(parents=True, exist_ok=True)
        data = image(kind, k)
        if k == 2:
            data = damaged(data, image(kind, 3), rng)
        (place / "photos" / label / f"{uid}{end}").write_bytes(data)
    return place / "photos"
