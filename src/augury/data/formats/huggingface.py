"""Datasets of Hugging Face's `datasets`: labels are read at opening, images only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.data.decode import decode
from augury.data.formats.files import Labels
from augury.data.formats.joined import Joined
from augury.data.formats.parts import SPELLED, check_trainable, part_named
from augury.data.formats.rows import groups_of, is_missing, ordered, text_of
from augury.data.storage import folder_reader
from augury.data.table import PARTS, Table
from augury.errors import DataError, DecodeError, MissingExtraError

ROOT = "huggingface"


def from_huggingface(dataset: Any, image: str = "image", label: str = "label", group: str | None = None) -> Table:
    """Read a `Dataset` or `DatasetDict`.

    Parameters
    ----------
    dataset : whose keys, if it is a dict of several, are the given parts.
    image, label, group : columns. Labels are of ClassLabel, or names, or whole numbers.

    Returns
    -------
    Rows in order, part after part. Classes as ClassLabel has them; else sorted by name, or as numbers.

    Raises
    ------
    DataError : if it is something else, a column is missing, a label or group is, a key is no part, or a
        class has no training images.
    MissingExtraError : if `datasets` is not installed.
    """
    divided = _divided(dataset)
    blocks = [_checked(block, image, [label, *([group] if group else [])]) for block in divided.values()]
    places = [(f"{PARTS[part]} " if len(divided) > 1 else "", k) for k, part in enumerate(divided)]
    paths = tuple(f"{name}row {i}" for name, k in places for i in range(len(blocks[k])))
    if not paths:
        raise DataError(f"{ROOT}: the dataset is empty; give at least one image")

    def where(i: int) -> str:
        return f"{ROOT}/{paths[i]}"

    labels, classes = _labels(blocks, label, where)
    parts = np.repeat(np.array(list(divided), np.int8), [len(block) for block in blocks]) if len(divided) > 1 else None
    if parts is not None:
        check_trainable(ROOT, labels, classes, parts)
    groups = None if group is None else groups_of(_column(blocks, group), where)
    pictures = Joined([_undecoded(block, image) for block in blocks])

    def read(i: int) -> bytes:
        return _bytes(pictures[i][image], where(i))

    def decoded(i: int) -> NDArray[Any]:
        return decode(read(i), where(i))

    return Table(ROOT, paths, labels, classes, read, decoded, groups=groups, parts=parts)


def _divided(dataset: Any) -> dict[int, Any]:
    """Part -> dataset, in the order of PARTS; one part alone is a dataset that is not divided."""
    datasets = _library()
    if isinstance(dataset, datasets.Dataset):
        return {0: dataset}
    if not isinstance(dataset, datasets.DatasetDict):
        kind = type(dataset).__name__
        raise DataError(f"{ROOT}: {kind} is no datasets.Dataset or DatasetDict; load it without streaming")
    if len(dataset) == 1:
        return {0: next(iter(dataset.values()))}
    found: dict[int, Any] = {}
    for key, part in dataset.items():
        k = part_named(str(key))
        if k is None or k in found:
            raise DataError(
                f"{ROOT}: key {key!r} is no part, or one that is there already; give a DatasetDict of {SPELLED}"
            )
        found[k] = part
    return dict(sorted(found.items()))


def _checked(block: Any, image: str, columns: Sequence[str]) -> Any:
    for name in (image, *columns):
        if name not in block.features:
            raise DataError(
                f"{ROOT}: there is no column {name!r} among {', '.join(block.features)[:200]}; name another"
            )
    if not isinstance(block.features[image], _library().Image):
        kind = type(block.features[image]).__name__
        raise DataError(f"{ROOT}: column {image!r} is of type {kind}; cast it with cast_column({image!r}, Image())")
    return block


def _column(blocks: Sequence[Any], name: str) -> list[Any]:
    return [value for block in blocks for value in block.with_format(None)[name][:]]


def _labels(blocks: Sequence[Any], name: str, where: Callable[[int], str]) -> Labels:
    values = _column(blocks, name)
    features = [block.features[name] for block in blocks]
    if not isinstance(features[0], _library().ClassLabel):
        return ordered([text_of(value, where(i), "label") for i, value in enumerate(values)])
    classes = tuple(features[0].names)
    if any(getattr(feature, "names", None) != features[0].names for feature in features):
        raise DataError(f"{ROOT}: the parts differ in the names of their classes; cast {name!r} to one ClassLabel")
    for i, value in enumerate(values):
        if is_missing(value) or not 0 <= value < len(classes):
            raise DataError(f"{where(i)}: the label is {value}; give it one of the {len(classes)} classes")
    return np.array(values, np.int64), classes


def _undecoded(block: Any, image: str) -> Any:
    """The column of images alone, whose rows come as encoded bytes or the path of a file."""
    kept = block.with_format(None).select_columns([image])
    return kept.cast_column(image, _library().Image(decode=False))


def _bytes(picture: Any, where: str) -> bytes:
    if isinstance(picture, dict) and picture.get("bytes") is not None:
        return bytes(picture["bytes"])
    if not isinstance(picture, dict) or not picture.get("path"):
        raise DecodeError(f"{where}: holds neither bytes nor a path; replace or remove it")
    try:
        return folder_reader("")(picture["path"])
    except DecodeError as error:
        raise DecodeError(f"{where}: {error}") from None


def _library() -> Any:
    try:
        import datasets
    except ImportError:
        raise MissingExtraError('from_huggingface needs datasets; pip install "augury[huggingface]"') from None
    return datasets
