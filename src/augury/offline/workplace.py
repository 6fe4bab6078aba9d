"""Workplace: the folder in which an expansion grows until it is whole. It outlives a kill, and is gone on with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from augury.data.archive import BROKEN
from augury.data.formats.expanded import ABOUT, MANIFEST
from augury.errors import DataError
from augury.files import write_whole

PACKED = "packed.zip"
_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can hold: the same on every day
_BLOCK = 4096  # bytes that the file system loses with each file, at most
_AT_ONCE = 2**20  # bytes of the zip that are copied at once


@dataclass(frozen=True)
class Workplace:
    """A folder beside the result, called after it.

    Attributes
    ----------
    out : the result, a folder or a .zip, which is not there yet.
    """

    out: Path

    @property
    def folder(self) -> Path:
        """Where files are written until all are there."""
        return self.out.with_name(self.out.name + ".part")

    @property
    def is_begun(self) -> bool:
        """Whether that folder is there, or something in its place."""
        return os.path.lexists(self.folder)

    @property
    def is_zip(self) -> bool:
        """Whether the result is a .zip."""
        return self.out.suffix.lower() == ".zip"

    def check_free(self) -> None:
        """Raise a DataError if the result is there already; nothing is ever overwritten."""
        if os.path.lexists(self.out):
            raise DataError(f"{self.out}: exists already; give a place that does not, or remove it")
        if self.is_begun and not os.path.isdir(self.folder):
            raise DataError(f"{self.folder}: is in the way; move it")

    def begin(self, about: str) -> None:
        """Make the folder, or go on in it.

        Raises
        ------
        DataError : if it holds another expansion, or something else.
        """
        known = self.folder / ABOUT
        try:
            if known.exists():
                if known.read_text(encoding="utf-8") != about:
                    raise DataError(
                        f"{self.folder}: holds an expansion that was begun otherwise (of other images, by another "
                        f"policy, seed or version); remove it to begin anew, or give another place than {self.out}"
                    )
                return
            if self.folder.exists() and set(os.listdir(self.folder)) - {f"{ABOUT}.part"}:
                raise DataError(f"{self.folder}: is in the way, and no expansion that was begun; move it")
            self.folder.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            _failed(self.folder, error)
        write_whole(known, about)

    def present(self) -> dict[str, int]:
        """Relative posix path -> bytes of every file that is there; each was written whole."""
        hidden = (PACKED,) if self.is_zip else ()
        return {name: size for name, size in _files(self.folder) if not name.endswith(".part") and name not in hidden}

    def check_space(self, images: int, files: int) -> None:
        """Raise a DataError if the disk has less room than all files need, once more for a zip.

        Parameters
        ----------
        images : bytes of all images, about. files : how many there are.
        """
        needed = (images + files * _BLOCK) * (2 if self.is_zip else 1)
        there = self.present()  # none where there is no folder
        left = needed - sum(size + _BLOCK for size in there.values())
        above = next(place for place in self.out.absolute().parents if os.path.exists(place))
        free = shutil.disk_usage(above).free
        if left > free:
            raise DataError(
                f"{self.out}: about {_gigabytes(left)} GB are needed and {_gigabytes(free)} GB are free; make room, "
                "give another place, or ask for fewer views"
            )

    def write(self, name: str, content: bytes) -> None:
        """Write one file, whole; its folder is made."""
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            _failed(path.parent, error)
        write_whole(path, content)

    def write_pieces(self, name: str, pieces: Iterator[bytes]) -> None:
        """Write one file of any size, whole."""
        path = self.folder / name
        part = path.with_name(path.name + ".part")
        try:
            with part.open("wb") as file:
                file.writelines(pieces)
            part.replace(path)
        except OSError as error:
            _failed(path, error)

    def finish(self, files: Iterable[str], progress: Callable[[str, int, int], None]) -> int:
        """Turn the folder into the result; returns the bytes of its files, or of the zip.

        Parameters
        ----------
        files : relative paths of all images; with the manifest and what is beside it they must be all there is.
        """
        wanted = {*files, MANIFEST, ABOUT}
        present = self.present()
        wrong = sorted(wanted.symmetric_difference(present))
        if wrong:
            raise DataError(f"{self.folder}/{wrong[0]}: came or went meanwhile; put it right, and run again")
        if self.is_zip:
            self.pack(sorted(wanted), progress)
        self.check_free()
        try:
            os.rename(self.folder / PACKED if self.is_zip else self.folder, self.out)
        except OSError as error:
            _failed(self.out, error)
        if not self.is_zip:
            return sum(present.values())
        self._remove()
        return self.out.stat().st_size

    def finish_removal(self, about: str) -> bool:
        """If a kill came after the zip was whole, and before the folder was gone: remove it, and return True."""
        known = self.folder / ABOUT
        if not (self.is_zip and os.path.isfile(self.out) and os.path.isdir(self.folder)):
            return False
        try:
            with ZipFile(self.out) as archive:
                ours = archive.read(ABOUT).decode() == about
            ours &= not os.listdir(self.folder) or known.read_text(encoding="utf-8") == about
        except (*BROKEN, KeyError):
            return False
        if ours:
            self._remove()
        return ours

    def _remove(self) -> None:
        """Remove the folder; what says whose it is goes last."""
        try:
            for entry in list(os.scandir(self.folder)):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                elif entry.name != ABOUT:
                    os.unlink(entry.path)
            (self.folder / ABOUT).unlink(missing_ok=True)
            self.folder.rmdir()
        except OSError as error:
            raise DataError(f"{self.folder}: cannot be removed ({error.strerror}); {self.out} is whole") from None

    def pack(self, names: list[str], progress: Callable[[str, int, int], None]) -> None:
        """One zip in the folder, called `PACKED`, whose bytes depend on the files alone."""
        try:
            with ZipFile(self.folder / PACKED, "w", ZIP_STORED) as archive:
                for done, name in enumerate(names, start=1):
                    info = ZipInfo(name, _DATE)
                    info.create_system, info.external_attr = 3, 0o644 << 16  # as Unix does, whatever this is
                    info.file_size = (self.folder / name).stat().st_size
                    with (self.folder / name).open("rb") as file, archive.open(info, "w") as entry:
                        shutil.copyfileobj(file, entry, _AT_ONCE)
                    progress("packing", done, len(names))
        except OSError as error:
            _failed(self.folder / PACKED, error)


def _files(folder: Path) -> Iterator[tuple[str, int]]:
    for above, _, names in os.walk(folder):
        for name in names:
            path = Path(above, name)
            yield path.relative_to(folder).as_posix(), path.stat().st_size


def _failed(path: Path, error: Exception) -> NoReturn:
    reason = getattr(error, "strerror", None) or error
    raise DataError(f"{path}: cannot be written ({reason}); choose another place") from None


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.3g}"
