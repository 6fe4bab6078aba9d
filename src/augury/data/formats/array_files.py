"""Arrays in files: an .npz, or a folder of .npy files, whose keys or names say what they are.

Images are `x` or `images`, labels `y` or `labels`; with a part, as in `x_train` or `test_images`, the parts
are given. `groups` and `classes` (names of the classes) may stand beside `x` and `y`. Nothing is unpickled.

What is not compressed is mapped: a row is read when it is asked for, and no checksum is tested. A compressed
array is unpacked into memory at opening.
"""

from __future__ import annotations

import os
import struct
import tokenize
from dataclasses import replace
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from augury.data.archive import BROKEN, opened
from augury.data.formats.arrays import from_arrays
from augury.data.formats.joined import Joined
from augury.data.formats.parts import part_named
from augury.data.storage import Storage, brief, check_name
from augury.data.table import PARTS, Table
from augury.errors import DataError

Array = NDArray[Any]
_ROLES = {
    **dict.fromkeys(("x", "image", "images"), "images"),
    **dict.fromkeys(("y", "label", "labels"), "labels"),
    **dict.fromkeys(("group", "groups"), "groups"),
    **dict.fromkeys(("classes", "class_names"), "classes"),
}
_DIVIDED = ("images", "labels")  # what parts have of their own
_WHOLE = -1  # instead of an index into PARTS, where the data is not divided
_EXPECTED = "expected x and y, or images and labels, or x_train, y_train, x_test, y_test; with groups and classes"
_MOST_MEMORY = 2**32  # bytes of a compressed array
_LOCAL = struct.Struct("<26xHH")  # of a zip entry's own header: lengths of its name and extra field
_FAULTS = (*BROKEN, tokenize.TokenError, TypeError, SyntaxError, LookupError)  # of zipfile, and of parsing a header


def recognised(storage: Storage) -> bool:
    """Whether there are .npy files and nothing else."""
    return bool(storage.files) and all(name.lower().endswith(".npy") for name in storage.files)


def table(storage: Storage) -> Table:
    """Read a folder of .npy files; see `open_npz` for the errors."""
    if not os.path.isdir(storage.root):
        raise DataError(f"{storage.root}: holds arrays; unpack it and open the folder, or call it .npz")
    arrays = {}
    for name in storage.files:
        path = f"{storage.root}/{name}"
        try:
            arrays[name[:-4]] = _mapped(path, 0, os.path.getsize(path))
        except _FAULTS as error:
            raise DataError(f"{path}: is no readable array ({brief(error)}); save it again") from None
    return _table(storage.root, arrays)


def open_npz(path: Path) -> Table:
    """Read an .npz of images and labels.

    Raises
    ------
    DataError : if it is broken, its keys are not understood, an array holds objects or would take too much
        memory, or images and labels do not fit (see `formats.arrays.from_arrays`).
    """
    arrays = {}
    try:
        with opened(path) as archive:
            for info in archive.infolist():
                check_name(str(path), info.filename)
                if info.filename in arrays:
                    raise DataError(f"{path}: holds {info.filename!r} twice; save it again")
                arrays[info.filename] = _member(path, archive, info)
    except _FAULTS as error:
        raise DataError(f"{path}: is no readable .npz ({brief(error)}); save it again") from None
    return _table(str(path), {name.removesuffix(".npy"): array for name, array in arrays.items()})


def _member(path: Path, archive: ZipFile, info: ZipInfo) -> Array:
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED) or info.flag_bits & 1:
        raise ValueError(f"{info.filename!r} is encrypted, or packed by method {info.compress_type}")
    if info.compress_type == ZIP_STORED:
        with open(path, "rb") as file:
            file.seek(info.header_offset)
            header = file.read(_LOCAL.size)
        start = info.header_offset + _LOCAL.size + sum(_LOCAL.unpack(header))
        return _mapped(str(path), start, info.file_size)
    if info.file_size > _MOST_MEMORY:
        raise DataError(
            f"{path}: {info.filename!r} would take {info.file_size} bytes of memory; save it with np.savez, which "
            "does not compress, and it is read in place"
        )
    with archive.open(info) as file:
        dtype, shape, fortran, start = _header(file, info.file_size)
        data = file.read(info.file_size)
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _mapped(path: str, start: int, size: int) -> Array:
    """An array of a file, which is not read but mapped."""
    with open(path, "rb") as file:
        file.seek(start)
        dtype, shape, fortran, header = _header(file, size)
    if 0 in shape:
        return np.empty(shape, dtype)  # there is nothing to map
    return np.memmap(path, dtype, "r", start + header, shape, "F" if fortran else "C")


def _header(file: IO[bytes], size: int) -> tuple[np.dtype[Any], tuple[int, ...], bool, int]:
    """dtype, shape, whether in Fortran order, and length of the header itself, of an .npy of `size` bytes."""
    begin = file.tell()
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, fortran, dtype = readers[version](file)
    header = file.tell() - begin
    if dtype.hasobject or dtype.kind not in "biufU" or not dtype.itemsize:
        raise ValueError(f"it holds values of type {dtype}, not numbers or names")
    if header + dtype.itemsize * int(np.prod(np.array(shape, object))) != size or min(shape, default=0) < 0:
        raise ValueError(f"its {size} bytes do not fit shape {shape} of {dtype}")
    return dtype, shape, fortran, header


def _table(root: str, arrays: dict[str, Array]) -> Table:
    found = _found(root, arrays)
    images, labels = found.get("images", {}), found.get("labels", {})
    if not images or images.keys() != labels.keys() or (_WHOLE in images and len(images) > 1):
        raise DataError(f"{root}: holds {', '.join(map(repr, arrays))[:200]}; {_EXPECTED}")
    blocks = sorted(images)
    for part in blocks:
        _check_shapes(root, images[part], labels[part])
    names = [f"{PARTS[part]} " if part >= 0 else "" for part in blocks]
    counts = [len(images[part]) for part in blocks]
    rows: Any = Joined([images[part] for part in blocks])
    try:
        table = from_arrays(
            rows,
            np.concatenate([labels[part].ravel() for part in blocks]),
            _classes(found.get("classes", {}).get(_WHOLE)),
            groups=found.get("groups", {}).get(_WHOLE),
            parts=None if blocks == [_WHOLE] else [PARTS[part] for part in np.repeat(blocks, counts)],
        )
    except DataError as error:
        raise DataError(f"{root}: {error}") from None
    paths = (f"{name}row {i}" for name, count in zip(names, counts, strict=True) for i in range(count))
    return replace(table, root=root, paths=tuple(paths))


def _check_shapes(root: str, x: Array, y: Array) -> None:
    if x.ndim < 3 or x.shape[:1] != y.shape[:1] or (y.ndim > 1 and y.shape[1:] != (1,)):
        raise DataError(
            f"{root}: images of shape {x.shape} and labels of shape {y.shape} do not fit together; expected "
            "(n, h, w[, c]) and (n,), or for one-hot labels their argmax"
        )


def _found(root: str, arrays: dict[str, Array]) -> dict[str, dict[int, Array]]:
    """Role -> part (_WHOLE where none is named) -> array."""
    found: dict[str, dict[int, Array]] = {}
    keys: dict[tuple[str, int], str] = {}
    for key, array in arrays.items():
        role, part = _role(root, key)
        if (role, part) in keys:
            raise DataError(f"{root}: {keys[role, part]!r} and {key!r} could each be the {role}; keep one of them")
        keys[role, part] = key
        found.setdefault(role, {})[part] = array
    return found


def _classes(names: Array | None) -> list[str] | None:
    if names is None:
        return None
    if names.ndim != 1 or names.dtype.kind != "U":
        raise DataError(f"classes: {names.dtype} of shape {names.shape}; expected names, (n,)")
    return [str(name) for name in names]


def _role(root: str, key: str) -> tuple[str, int]:
    """What an array is, and of which part (_WHOLE where none is named)."""
    if key.lower() in _ROLES:
        return _ROLES[key.lower()], _WHOLE
    first, _, second = key.lower().partition("_")
    for word, part in ((first, part_named(second)), (second, part_named(first))):
        if _ROLES.get(word) in _DIVIDED and part is not None:
            return _ROLES[word], part
    raise DataError(f"{root}: {key!r} is not understood; {_EXPECTED}")
