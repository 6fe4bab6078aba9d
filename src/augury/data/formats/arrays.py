"""Arrays in memory, which are neither copied nor changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augury.data.formats.parts import check_trainable
from augury.data.formats.rows import groups_of, parts_of
from augury.data.table import Table, numbered
from augury.errors import DataError

Pixels = NDArray[Any]
ROOT = "arrays"
_DTYPES = tuple(np.dtype(name) for name in ("uint8", "uint16", "float32"))


def from_arrays(
    images: ArrayLike | Sequence[Pixels],
    labels: ArrayLike,
    classes: Sequence[str] | None = None,
    value_range: tuple[float, float] | None = None,
    groups: ArrayLike | None = None,
    parts: Sequence[str] | None = None,
) -> Table:
    """Make a table of arrays.

    Parameters
    ----------
    images : (n, h, w) or (n, h, w, c), or a sequence of n arrays (h, w) or (h, w, c) that may differ in
        size; uint8, uint16 or float32. What has a shape and a dtype, as a memmap or an HDF5 dataset, is read
        row by row.
    labels : (n,) or (n, 1) whole numbers or names.
    classes : names. Numbers are indices into them; None takes the labels themselves, sorted.
    value_range : black and white of float images, 0..1 unless told; checked when an image is used.
    groups : (n,) whole numbers or names, equal where samples must never be separated.
    parts : n of "train", "val" and "test" where the samples are divided already.

    Raises
    ------
    DataError : if dtypes, shapes, lengths, labels or value range do not fit, or a class lies in another part
        but not in training.
    """
    rows: Any = images
    try:
        count = len(rows)
    except TypeError:
        raise DataError(f"images: {type(rows).__name__} is not an array or a sequence of arrays") from None
    indices, names = _labels(labels, classes)
    if count != len(indices):
        raise DataError(f"images and labels differ in length: {count} images, {len(indices)} labels")
    if count == 0:
        raise DataError("images: is empty; give at least one image")
    dtype = _checked_images(rows)
    grouped, divided = _said(groups, "groups", count), _said(parts, "parts", count)
    given_parts = parts_of(divided, lambda i: f"parts, row {i}") if divided is not None else None
    if given_parts is not None:
        check_trainable(ROOT, indices, names, given_parts)
    return Table(
        ROOT,
        tuple(f"row {i}" for i in range(count)),
        indices,
        names,
        read=lambda i: np.asarray(rows[i]).tobytes(),
        decode=_viewer(rows),
        value_range=_checked_range(value_range, dtype),
        groups=groups_of(grouped, lambda i: f"groups, row {i}") if grouped is not None else None,
        parts=given_parts,
    )


def _viewer(rows: Any) -> Callable[[int], Pixels]:
    """Row -> (h, w, c) without write access, so that nothing downstream can change the caller's array."""

    def view(i: int) -> Pixels:
        image = np.asarray(rows[i])
        image = image[..., None] if image.ndim == 2 else image.view()
        image.flags.writeable = False
        return image

    return view


def _checked_images(rows: Any) -> np.dtype[Any]:
    """Return the dtype of the images; looks at shapes and dtypes only, not at pixels."""
    whole = getattr(rows, "dtype", None)
    if isinstance(whole, np.dtype):
        _check_image("images", rows.shape[1:], whole)
        return whole
    dtypes: list[np.dtype[Any]] = []
    for i in range(len(rows)):
        image = np.asarray(rows[i])
        _check_image(f"images, row {i}", image.shape, image.dtype)
        dtypes.append(image.dtype)
    other = next((i for i, dtype in enumerate(dtypes) if dtype != dtypes[0]), None)
    if other is not None:
        raise DataError(f"images, row {other}: is {dtypes[other]}, row 0 is {dtypes[0]}; convert one of them")
    return dtypes[0]


def _check_image(where: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise DataError(f"{where}: an image of shape {shape}; expected (h, w) or (h, w, c), none of them 0")
    if dtype not in _DTYPES:
        fitting = "float32" if dtype.kind == "f" else "uint16" if dtype.kind == "u" and dtype.itemsize == 2 else "uint8"
        raise DataError(
            f"{where}: dtype {dtype}; expected uint8, uint16 or float32, for instance .astype(np.{fitting})"
        )


def _labels(labels: ArrayLike, classes: Sequence[str] | None) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Turn labels into indices (n,) and class names."""
    given = _array(labels, "labels")
    if given.ndim == 2 and given.shape[1] == 1:  # as Keras has them
        given = given[:, 0]
    if given.ndim != 1:
        raise DataError(f"labels: shape {given.shape}; expected (n,), one for each image (one-hot: labels.argmax(1))")
    if classes is not None and len(set(classes)) < len(classes):
        raise DataError(f"classes: {list(classes)} holds a name twice")
    if given.dtype.kind in "iu":
        return _numbers(given, classes)
    if len(given) and all(isinstance(label, str) for label in given):
        return _names([str(label) for label in given], classes)
    if len(given) == 0:
        return np.zeros(0, np.int64), tuple(classes or ())
    raise DataError(f"labels: dtype {given.dtype}; expected whole numbers or names")


def _said(values: ArrayLike | None, name: str, count: int) -> list[Any] | None:
    """What is said of each image beside its label, if anything."""
    if values is None:
        return None
    given = _array(values, name)
    if given.shape != (count,):
        raise DataError(f"{name}: shape {given.shape}; expected ({count},), one for each image")
    return list(given.tolist())


def _array(values: ArrayLike, name: str) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError:
        raise DataError(f"{name}: rows differ in length; expected (n,), one for each image") from None


def _numbers(given: NDArray[Any], classes: Sequence[str] | None) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if classes is None:
        values, indices = np.unique(given, return_inverse=True)
        return indices.astype(np.int64), tuple(str(value) for value in values)
    wrong = np.flatnonzero((given < 0) | (given >= len(classes)))
    if len(wrong):
        row = wrong[0]
        raise DataError(f"labels, row {row}: {given[row]} is no index into the {len(classes)} classes given")
    return given.astype(np.int64), tuple(classes)


def _names(given: list[str], classes: Sequence[str] | None) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    if classes is None:
        return numbered(given)
    index = {name: k for k, name in enumerate(classes)}
    for row, name in enumerate(given):
        if name not in index:
            raise DataError(f"labels, row {row}: {name!r} is not among the classes {list(classes)}")
    return np.array([index[name] for name in given], np.int64), tuple(classes)


def _checked_range(value_range: tuple[float, float] | None, dtype: np.dtype[Any]) -> tuple[float, float] | None:
    if dtype.kind != "f":
        if value_range is not None:
            raise DataError(f"value_range={value_range!r}: is for float images; these are {dtype}; leave it out")
        return None
    try:
        low, high = (float(value) for value in (value_range or (0.0, 1.0)))
    except (TypeError, ValueError):
        low = high = np.nan
    if not (np.isfinite([low, high]).all() and low < high):
        raise DataError(f"value_range={value_range!r}: expected (black, white), finite, the lower first")
    return low, high
