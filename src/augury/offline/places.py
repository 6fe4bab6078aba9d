"""Places: what the files of an expansion are called, so that no two are one file on any system."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from augury.data.formats.expanded import ABOUT, MANIFEST
from augury.data.storage import check_name, is_ignored, is_image
from augury.data.table import Table
from augury.errors import DataError

_MARKS = ("_", "_view_", "_augury_view_")  # the first that makes no name which is taken
_LONGEST = 240  # bytes of a name: file systems hold 255, and it is longer while it is written


@dataclass(frozen=True)
class Places:
    """Relative posix paths.

    Attributes
    ----------
    originals : of the images themselves. stems : of each, to which the views add `mark`, number and extension.
    """

    originals: Sequence[str]
    stems: Sequence[str]
    mark: str
    digits: int
    extension: str

    def view(self, i: int, k: int) -> str:
        """Path of view k (1, 2, ...) of image i."""
        return f"{self.stems[i]}{self.mark}{k:0{self.digits}d}.{self.extension}"


def has_files(table: Table) -> bool:
    """Whether the images are files, whose names and bytes are kept."""
    return all(map(is_image, table.paths))


def placed(
    table: Table, rows: Sequence[int], views: int, extension: str, annotated: Sequence[str] | None = None
) -> Places:
    """Choose the names: those of the source where it has files, else `class/row.png`; numbers are added to them.

    Parameters
    ----------
    rows : the images to expand. views : of each. annotated : where a layout with annotations has these images; some
        layouts find annotations by the name without its ending, so no two names may differ in that alone.

    Raises
    ------
    DataError : if two names would be one file where case is ignored, or a name cannot be written or read back.
    """
    originals = annotated or (file_names(table, rows) if has_files(table) else _row_names(table, rows))
    stems = _stems(originals)
    _check_different(table.root, originals)
    _check_different(table.root, stems)
    files, folders = ({folded(name) for name in names} for names in (originals, _folders(originals)))
    if both := folders & {*files, MANIFEST, ABOUT}:
        raise DataError(f"{table.root}: {min(both)} would be a folder and a file; rename one")
    taken = files | folders
    if annotated is not None:
        taken |= {f"{posixpath.splitext(name)[0]}.{extension}" for name in files}
    digits = len(str(views))
    mark = next((mark for mark in _MARKS if not _any_taken(taken, stems, mark, digits, extension)), None)
    if mark is None:
        raise DataError(f"{table.root}: holds names such as a_1, a_view_1 and a_augury_view_1 beside a; rename some")
    made = Places(originals, stems, mark, digits, extension)
    for i, original in enumerate(originals):
        check_fit(table.root, original)
        check_fit(table.root, made.view(i, views))
    for label in table.classes:
        _check_text(table.root, label)
    return made


def file_names(table: Table, rows: Sequence[int]) -> list[str]:
    """The paths of files; where some lie outside the root, all relative to the folder that they share."""
    if not any(path.startswith(("/", "../")) for path in table.paths):
        return [table.paths[i] for i in rows]
    full = [posixpath.normpath(posixpath.join(posixpath.abspath(table.root), path)) for path in table.paths]
    above = posixpath.commonpath([posixpath.dirname(path) for path in full])
    return [posixpath.relpath(full[i], above) for i in rows]


def _row_names(table: Table, rows: Sequence[int]) -> list[str]:
    for label in table.classes:
        if "/" in label or "\\" in label or label in ("", ".", ".."):
            raise DataError(f"{table.root}: the class {label!r} cannot be the name of a folder; rename it")
    digits = len(str(len(table) - 1))
    return [f"{table.classes[table.labels[i]]}/{i:0{digits}d}.png" for i in rows]


def _stems(originals: Sequence[str]) -> list[str]:
    """Without extension, but with it where a.png and a.jpg would give views of one name."""
    short = [posixpath.splitext(name)[0] for name in originals]
    count = Counter(map(folded, short))
    return [stem if count[folded(stem)] == 1 else name for stem, name in zip(short, originals, strict=True)]


def folded(name: str) -> str:
    """What file systems that ignore case, or how accents are composed, take a name for."""
    return unicodedata.normalize("NFC", name).casefold()


def _folders(names: Sequence[str]) -> Iterator[str]:
    for name in set(map(posixpath.dirname, names)):
        while name:
            yield name
            name = posixpath.dirname(name)


def _any_taken(taken: set[str], stems: Sequence[str], mark: str, digits: int, extension: str) -> bool:
    """Whether a view would have a name that is there already."""
    known = {folded(stem) for stem in stems}
    view = re.compile(rf"(.*){mark}[0-9]{{{digits}}}\.{extension}", re.DOTALL)
    return any((found := view.fullmatch(name)) and found[1] in known for name in taken)


def _check_different(root: str, names: Sequence[str]) -> None:
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(folded(name), name)
        if other is not name:
            raise DataError(
                f"{root}: {other} and {name} (or their views) would be one file where case is ignored; rename one"
            )


def check_fit(root: str, name: str) -> None:
    """Raise a DataError for a name that cannot be written, or would not be found again by the manifest."""
    check_name(root, name)
    _check_text(root, name)
    parts = name.split("/")
    if any(map(is_ignored, parts)) or "\\" in name or name[1:2] == ":" or posixpath.normpath(name) != name:
        raise DataError(f"{root}: {name!r} would not be read again; rename it, without \\, a drive or a dot in front")
    if max(len(part.encode()) for part in parts) > _LONGEST:
        raise DataError(f"{root}: the name {name[:80]!r}... has more than {_LONGEST} bytes; shorten it")


def _check_text(root: str, text: str) -> None:
    check_name(root, text)
    if not text or text != text.strip():
        raise DataError(f"{root}: {text!r} is empty, or begins or ends with a space, which tables lose; rename it")
