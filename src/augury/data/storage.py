"""Storage: what a folder or zip holds, listed once and read in place."""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

from augury.errors import DataError, DecodeError

_IGNORED = ("__MACOSX", "Thumbs.db")


@dataclass(frozen=True)
class Storage:
    """What a folder or zip holds, by relative posix path and without what is ignored."""

    root: str
    files: Sequence[str]
    folders: Sequence[str]
    read: Callable[[str], bytes]


def unwrapped(storage: Storage, deeper: bool) -> Storage:
    """Go into the single folder that holds everything, as archives often have one.

    With `deeper` only if that folder holds no files itself: it could be the only class.
    """
    tops = {name.split("/")[0] for name in (*storage.files, *storage.folders)}
    least = 2 if deeper else 1
    if len(tops) != 1 or not storage.files or any(name.count("/") < least for name in storage.files):
        return storage
    top = tops.pop()

    def inside(names: Sequence[str]) -> list[str]:
        return [name[len(top) + 1 :] for name in names if name != top]

    return Storage(
        f"{storage.root}/{top}",
        inside(storage.files),
        inside(storage.folders),
        lambda name: storage.read(f"{top}/{name}"),
    )


def _visible(name: str) -> bool:
    return not any(part.startswith(".") or part in _IGNORED for part in name.split("/"))


def folder(root: Path) -> Storage:
    """List a folder. A folder or file that cannot be listed, or lies too deep, raises a DataError."""
    files: list[str] = []
    folders: list[str] = []
    for place, inner, names in os.walk(root, onerror=_refuse, followlinks=True):
        here = Path(place).relative_to(root)
        if len(here.parts) > 2:  # no layout is so deep; going on could circle through links for ever
            raise DataError(f"{place}: lies deeper than class/image; open the folder that holds the class folders")
        inner[:] = [name for name in inner if _visible(name)]
        folders += [(here / name).as_posix() for name in inner]
        files += [(here / name).as_posix() for name in names if _visible(name)]

    def read(name: str) -> bytes:
        try:
            return (root / name).read_bytes()
        except OSError as error:
            raise DecodeError(f"{root}/{name}: cannot be read ({error.strerror})") from None

    return Storage(str(root), files, folders, read)


def _refuse(error: OSError) -> None:
    raise DataError(f"{error.filename}: cannot be listed ({error.strerror}); check its permissions") from None


def zip_archive(path: Path) -> Storage:
    """List a zip, to be read in place. A broken or hostile one raises a DataError."""
    try:
        with ZipFile(path) as archive:
            entries = archive.infolist()
    except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"{path}: is not a readable zip ({error}); download or pack it again") from None
    infos: dict[str, ZipInfo] = {}
    folders: list[str] = []
    for info in entries:
        name = info.filename.replace("\\", "/")  # as some Windows tools write it
        _check_entry(path, info, name)
        plain = PurePosixPath(name).as_posix()  # without "./"
        if name.endswith("/"):
            folders.append(plain)
        elif plain in infos:
            raise DataError(f"{path}/{plain}: is in the archive twice; pack it again")
        else:
            infos[plain] = info
    files = [name for name in infos if _visible(name)]
    return Storage(str(path), files, [name for name in folders if _visible(name)], _zip_reader(path, infos))


def _check_entry(path: Path, info: ZipInfo, name: str) -> None:
    if name.startswith("/") or name[1:2] == ":" or ".." in name.split("/"):
        raise DataError(
            f"{path}: entry {info.filename!r} points outside the archive; pack it again with relative paths"
        )
    if info.flag_bits & 1:
        raise DataError(f"{path}/{name}: is encrypted; unpack the archive with its password and open the folder")


def _zip_reader(path: Path, infos: dict[str, ZipInfo]) -> Callable[[str], bytes]:
    """Name -> bytes from one open archive, for any number of threads."""
    archive, lock = ZipFile(path), threading.Lock()

    def read(name: str) -> bytes:
        try:
            with lock:
                return archive.read(infos[name])
        except (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise DecodeError(f"{path}/{name}: cannot be read from the archive ({error}); pack it again") from None

    return read
