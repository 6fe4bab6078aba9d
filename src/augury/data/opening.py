"""Open a folder or zip: list what it holds, find its layout, and read its files in place."""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

from augury.data.decode import decode
from augury.data.formats.flat import labels_from_names
from augury.data.formats.folder import labels_from_folders
from augury.data.table import Table, numbered
from augury.errors import DataError, DecodeError

# heic and heif cannot be decoded, but the error that says what to do about them is decode's
EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".heic", ".heif")
_IGNORED = ("__MACOSX", "Thumbs.db")


@dataclass(frozen=True)
class Storage:
    """What a folder or zip holds, by relative posix path and without what is ignored."""

    root: str
    files: Sequence[str]
    folders: Sequence[str]
    read: Callable[[str], bytes]


def open_path(path: str | Path) -> Table:
    """Open a labelled image dataset, in place.

    Parameters
    ----------
    path : a folder or .zip file. It holds a folder per class, or images called `label.uid.ext`; either
        may lie within one more folder. Hidden files, __MACOSX and Thumbs.db are ignored.

    Returns
    -------
    The images sorted by path, classes sorted by name.

    Raises
    ------
    DataError : if it is missing, broken, holds no images or anything else than images, or has neither layout.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        storage = _folder(path)
    elif not path.exists():
        raise DataError(f"{path}: does not exist; check the path (the working folder is {Path.cwd()})")
    elif path.suffix.lower() == ".zip":
        storage = _zip(path)
    else:
        raise DataError(f"{path}: is neither a folder nor a .zip file; open the folder that holds the images")
    return _table(_unwrapped(storage, deeper=path.is_dir()))


def _table(storage: Storage) -> Table:
    root, paths = storage.root, tuple(sorted(storage.files))
    _check_extensions(root, paths)
    in_folders = any("/" in name for name in paths)
    names = labels_from_folders(root, paths, storage.folders) if in_folders else labels_from_names(root, paths)
    labels, classes = numbered(names)
    if len(classes) == len(paths) > 1:
        raise DataError(f"{root}: one class per file ({len(paths)} of each); put each class in its own folder")

    def read(i: int) -> bytes:
        return storage.read(paths[i])

    return Table(root, paths, labels, classes, read, lambda i: decode(read(i), f"{root}/{paths[i]}"))


def _check_extensions(root: str, files: Sequence[str]) -> None:
    other = [name for name in files if PurePosixPath(name).suffix.lower() not in EXTENSIONS]
    known = ", ".join(extension[1:] for extension in EXTENSIONS[:-2])
    if len(other) == len(files):
        raise DataError(f"{root}: holds no images ({known}) among its {len(files)} files")
    if other:
        shown = ", ".join(other[:3]) + (", ..." if len(other) > 3 else "")
        raise DataError(f"{root}: {len(other)} files are no images ({known}): {shown}; move them out")


def _unwrapped(storage: Storage, deeper: bool) -> Storage:
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


def _folder(root: Path) -> Storage:
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


def _zip(path: Path) -> Storage:
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
