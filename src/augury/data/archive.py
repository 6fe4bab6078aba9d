"""Zip archives: listed into a compact index, read in place, never trusted.

Refused at opening: entries that point outside, links, encrypted entries, names that come twice, sizes beyond
any image, entries that overlap (as in archives that unfold without end), and compressions other than deflate.
Refused when read: what does not inflate to exactly its declared size and checksum.
"""

from __future__ import annotations

import os
import posixpath
import stat
import struct
import threading
import zlib
from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from augury.data.storage import LARGEST, Storage, brief, check_name, is_ignored
from augury.errors import DataError, DecodeError

# a ZipInfo weighs 600 bytes; this is all of it that reading needs
_ENTRY = np.dtype(
    [("offset", "u8"), ("packed", "u8"), ("size", "u8"), ("crc", "u4"), ("method", "u2"), ("flags", "u2")]
)
BROKEN = (BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, OverflowError, RuntimeError)
_METHODS = (ZIP_STORED, ZIP_DEFLATED)  # the others inflate without a bound on memory
_TAIL = 2**16 + 200  # bytes at the end of an archive in which its end records lie
_HEADER = 30  # least bytes of an entry's own header
_ENCRYPTED, _UTF8 = 0x1, 0x800  # flags


def zip_archive(path: Path) -> Storage:
    """List a zip, to be read in place. A broken or hostile one raises a DataError."""
    try:
        archive = opened(path)
    except BROKEN as error:
        raise DataError(f"{path}: is not a readable zip ({brief(error)}); download or pack it again") from None
    root, length = str(path), path.stat().st_size
    found: dict[str, ZipInfo] = {}
    folders: set[str] = set()
    for info in archive.infolist():
        name = _name(root, info)
        if any(map(is_ignored, name.split("/"))):
            continue
        if name.endswith("/"):
            folders.add(name[:-1])
            continue
        _check_entry(f"{root}/{name}", info, length)
        if name in found:
            raise DataError(f"{root}/{name}: is in the archive twice; pack it again")
        found[name] = info
    names = tuple(sorted(found))
    entries = np.array([_entry(found[name]) for name in names], _ENTRY)
    _check_overlaps(root, names, entries)
    stored = tuple(found[name].orig_filename for name in names)
    stored = names if stored == names else stored
    archive.filelist.clear()
    archive.NameToInfo.clear()
    folders.update(_above(names))
    return Storage(root, names, tuple(sorted(folders)), _reader(archive, root, names, stored, entries))


def opened(path: Path) -> ZipFile:
    """An archive that lists as many entries as it declares, as zipfile does not check; else one of BROKEN."""
    archive = ZipFile(path)
    listed, declared = len(archive.infolist()), _declared(path)
    if declared not in (listed, listed % 2**16):  # some programs have 16 bits to count with
        archive.close()
        raise BadZipFile(f"it declares {declared} entries and lists {listed}")
    return archive


def _declared(path: Path) -> int:
    """How many entries the record at the end of an archive, or the larger one before it, says there are."""
    with open(path, "rb") as file:
        file.seek(-min(_TAIL, path.stat().st_size), os.SEEK_END)
        tail = file.read()
    end = tail.rfind(b"PK\5\6")
    kind, at = "<H", end + 10
    if tail[max(end - 20, 0) : end].startswith(b"PK\6\7"):  # which says where the larger record is
        kind, at = "<Q", tail.rfind(b"PK\6\6", 0, end) + 32
    return int(struct.unpack_from(kind, tail, at)[0])


def _name(root: str, info: ZipInfo) -> str:
    """The relative posix path that an entry stands for. One outside the archive raises a DataError."""
    name = info.orig_filename
    if not name.isascii() and not info.flag_bits & _UTF8:
        with suppress(UnicodeError):  # macOS writes UTF-8 without saying so; others' names stand as they are
            name = name.encode("cp437").decode()
    check_name(root, name)
    name = name.replace("\\", "/")  # as some Windows tools write it
    if name[:1] in ("", "/") or name[1:2] == ":" or ".." in name.split("/"):
        raise DataError(f"{root}: entry {brief(name)} points outside the archive; pack it again with relative paths")
    if "./" in name or "//" in name:
        name = posixpath.normpath(name) + "/" * name.endswith("/")
    return name


def _check_entry(where: str, info: ZipInfo, length: int) -> None:
    """Raise a DataError for an entry that is not read; `length` is that of the archive."""
    if stat.S_ISLNK(info.external_attr >> 16):
        raise DataError(f"{where}: is a link; pack the file that it points to instead")
    if info.flag_bits & _ENCRYPTED:
        raise DataError(f"{where}: is encrypted; unpack the archive with its password and open the folder")
    if info.compress_type not in _METHODS:
        raise DataError(f"{where}: is packed by method {info.compress_type}; pack it again, deflated or stored")
    if info.file_size > LARGEST:
        raise DataError(f"{where}: declares {info.file_size} bytes, no image has more than {LARGEST}; remove it")
    if not 0 <= info.header_offset <= info.header_offset + info.compress_size <= length:
        raise DataError(f"{where}: lies beyond the end of the archive; download or pack it again")


def _entry(info: ZipInfo) -> tuple[int, ...]:
    return info.header_offset, info.compress_size, info.file_size, info.CRC, info.compress_type, info.flag_bits


def _check_overlaps(root: str, names: Sequence[str], entries: NDArray[Any]) -> None:
    order = np.argsort(entries["offset"], kind="stable")
    ends = entries["offset"][order] + entries["packed"][order] + np.uint64(_HEADER)
    wrong = np.flatnonzero(ends[:-1] > entries["offset"][order[1:]])
    if len(wrong):
        first, second = (names[order[k]] for k in (wrong[0], wrong[0] + 1))
        raise DataError(f"{root}/{second}: shares its bytes with {first}; pack the archive again")


def _above(names: Sequence[str]) -> set[str]:
    """The folders that hold these sorted names, whether the archive lists them or not."""
    found: set[str] = set()
    for before, name in pairwise(("", *names)):
        folder = name.rpartition("/")[0]
        while folder and not before.startswith(folder + "/"):
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def _reader(
    archive: ZipFile, root: str, names: Sequence[str], stored: Sequence[str], entries: NDArray[Any]
) -> Callable[[str], bytes]:
    """Name -> bytes from one open archive, for any number of threads."""
    lock = threading.Lock()

    def read(name: str) -> bytes:
        row = bisect_left(names, name)
        if names[row : row + 1] != (name,):
            raise DecodeError(f"{root}/{name}: is not in the archive")
        info, size = _info(stored[row], entries[row]), int(entries["size"][row])
        try:
            with lock, archive.open(info) as stream:
                data = stream.read(size + 1)
        except BROKEN as error:
            raise DecodeError(
                f"{root}/{name}: cannot be read from the archive ({brief(error)}); pack it again"
            ) from None
        if len(data) != size:
            raise DecodeError(f"{root}/{name}: does not have the {size} bytes that it declares; pack it again")
        return data

    return read


def _info(stored: str, entry: Any) -> ZipInfo:
    info = ZipInfo(stored)
    info.header_offset, info.compress_size, info.file_size, info.CRC, info.compress_type, info.flag_bits = map(
        int, entry
    )
    info.file_size += 1  # so that a byte too many is seen instead of cut off
    return info
