"""Storage: what a folder or zip holds, listed once and read in place."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from augury.errors import DataError, DecodeError

# heic and heif may be undecodable, but the error that says what to do about them is decode's
IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".heic", ".heif")
LARGEST = 2**30  # bytes of one file; no image is larger, and a hostile one may claim anything
_IGNORED = ("__macosx", "thumbs.db", "desktop.ini", "icon\r")
_DEEPEST = 8  # folders within folders: more than any layout with its wrappers; links can lead round for ever
_LONGEST, _SHOWN = 1024, 100  # characters of a path, and of what a message quotes
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # controls, and bytes that are not UTF-8


@dataclass(frozen=True)
class Storage:
    """What a folder or zip holds, by relative posix path and without what is ignored.

    Attributes
    ----------
    root : the folder or zip, as messages show it.
    files, folders : sorted; folders of every level.
    read : path of a file -> its bytes; a DecodeError names a file that cannot be read.
    """

    root: str
    files: Sequence[str]
    folders: Sequence[str]
    read: Callable[[str], bytes]


def is_image(name: str) -> bool:
    """Whether a name ends like an image's."""
    return name.lower().endswith(IMAGES)


def is_ignored(name: str) -> bool:
    """Whether a file or folder is the system's rather than the dataset's: hidden, Thumbs.db and the like."""
    return name.startswith(".") or name.lower() in _IGNORED


def check_name(root: str, name: str) -> None:
    """Raise a DataError for a name that could not be shown in one line, or written to a file in UTF-8."""
    if len(name) > _LONGEST or _UNFIT.search(name):
        fault = f"holds a control character, is not UTF-8, or has more than {_LONGEST} characters"
        raise DataError(f"{root}: the name {brief(name)} {fault}; rename it")


def brief(value: object) -> str:
    """A foreign value, or the text of a foreign error, in a message: on one line and not too long."""
    text = " ".join(str(value).split()) if isinstance(value, Exception) else repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def folder(root: Path) -> Storage:
    """List a folder; links are followed. What cannot be listed, or lies too deep, raises a DataError."""
    base = str(root)
    files: list[str] = []
    folders: list[str] = []
    pending = [""]
    while pending:
        above = pending.pop()
        if above.count("/") > _DEEPEST:
            raise DataError(
                f"{base}/{above[:-1]}: lies more than {_DEEPEST} folders deep; open a folder nearer to the images, "
                "or remove the link that leads back up"
            )
        for entry in _entries(os.path.join(base, above)):
            name = above + entry.name
            check_name(base, name)
            if _is_folder(entry):
                folders.append(name)
                pending.append(name + "/")
            else:
                files.append(name)
    return Storage(base, tuple(sorted(files)), tuple(sorted(folders)), folder_reader(base))


def folder_reader(root: str) -> Callable[[str], bytes]:
    """Name -> bytes of a file below a folder, or of any file by its absolute path."""

    def read(name: str) -> bytes:
        path = os.path.join(root, name)
        try:
            facts = os.stat(path)
            if not stat.S_ISREG(facts.st_mode):  # reading a pipe would wait for ever
                raise DecodeError(f"{path}: cannot be read (not a regular file); replace or remove it")
            if facts.st_size > LARGEST:
                raise DecodeError(f"{path}: cannot be read (larger than {LARGEST} bytes); replace or remove it")
            with open(path, "rb") as file:
                return file.read()
        except OSError as error:
            raise DecodeError(f"{path}: cannot be read ({error.strerror}); replace or remove it") from None

    return read


def unwrapped(storage: Storage) -> Storage:
    """Go into the single folder that holds everything, as archives often have one, and so on.

    A single folder that holds images directly is entered only if their names say more than one class.
    """
    top = ""
    while True:
        below = {name[len(top) :].split("/")[0] for name in (*storage.files, *storage.folders) if name.startswith(top)}
        below.discard("")
        inner = f"{top}{min(below, default='')}/"
        held = [name[len(inner) :] for name in storage.files if name.startswith(inner)]
        if len(below) != 1 or not held or _is_class([name for name in held if "/" not in name]):
            return _within(storage, top)
        top = inner


def _within(storage: Storage, top: str) -> Storage:
    if not top:
        return storage
    read = storage.read
    files, folders = (
        tuple(name[len(top) :] for name in names if name.startswith(top) and name != top)
        for names in (storage.files, storage.folders)
    )
    return Storage(f"{storage.root}/{top[:-1]}", files, folders, lambda name: read(top + name))


def _is_class(names: Sequence[str]) -> bool:
    """Whether these files, all that one folder holds directly, make it a class: no `label.uid.ext` of several."""
    images = bool(names) and all(is_image(name) for name in names)
    return images and (any(name.count(".") < 2 for name in names) or len({name.split(".")[0] for name in names}) == 1)


def _entries(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as found:
            return [entry for entry in found if not is_ignored(entry.name)]
    except OSError as error:
        raise DataError(f"{path}: cannot be listed ({error.strerror}); check its permissions") from None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself: a file, which says so when it is read
        return False
