"""Predictions: the class that somebody's model gave to each image, from a table or a mapping."""

from __future__ import annotations

import csv
import io
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from augury.data.formats.rows import COLUMNS, text_of
from augury.data.storage import brief, folder_reader
from augury.errors import DataError

_WORDS = {
    "path": COLUMNS["path"],
    "prediction": ("predicted", "prediction", "pred", "predicted_class", "predicted_label", "y_pred"),
}
_DELIMITERS = (",", ";", "\t")


def read_predictions(
    predictions: str | Path | Mapping[Any, Any], paths: Sequence[str], classes: Sequence[str]
) -> list[str]:
    """Predicted classes of some images.

    Parameters
    ----------
    predictions : path -> class name, or a CSV or TSV file with columns path and predicted. A path may have folders
        more or fewer in front than the dataset's, or be a bare file name, where only one image fits.
    paths : of the images asked for. There may be predictions for others.
    classes : that a prediction may name.

    Returns
    -------
    A class for each path.

    Raises
    ------
    DataError : if the file cannot be read, an image has no prediction or two, or a prediction is no class.
    """
    is_file = not isinstance(predictions, Mapping)
    source = str(predictions) if is_file else "predictions"
    given = _of_file(Path(predictions)) if not isinstance(predictions, Mapping) else _of_mapping(predictions)
    known = {name.strip(): name for name in classes}
    found = []
    for path, key in zip(paths, _keys(source, paths, given), strict=True):
        where, value = given[key]
        predicted = text_of(value, where, "predicted class")
        if predicted not in known:
            raise DataError(f"{where}: {path} is predicted as {brief(predicted)}, which is none of {brief([*known])}")
        found.append(known[predicted])
    return found


_Given = dict[str, tuple[str, Any]]  # normal path -> where this is said, and the predicted class


def _keys(source: str, paths: Sequence[str], given: _Given) -> Iterator[str]:
    """The given path that stands for each path: the same, or the only one of which either is the end."""
    longer: dict[str, list[str]] = {}
    for key in given:
        for end in _ends(key):
            longer.setdefault(end, []).append(key)
    taken: dict[str, str] = {}
    for path in paths:
        normal = _normal(path)
        fitting = [normal] if normal in given else [e for e in _ends(normal) if e in given] + longer.get(normal, [])
        if not fitting:
            raise DataError(f"{source}: has no prediction for {path}; add a row for every test image")
        if len(fitting) > 1:
            raise DataError(f"{source}: {fitting[0]} and {fitting[1]} could both be {path}; give the dataset's paths")
        other = taken.setdefault(fitting[0], path)
        if other != path:
            raise DataError(f"{source}: {fitting[0]} could be {other} or {path}; give the dataset's paths")
        yield fitting[0]


def _ends(path: str) -> list[str]:
    """What is left of a path without its first folder, its first two folders, ..."""
    parts = path.split("/")
    return ["/".join(parts[k:]) for k in range(1, len(parts))]


def _normal(path: str) -> str:
    return posixpath.normpath(path.replace("\\", "/"))


def _of_mapping(predictions: Mapping[Any, Any]) -> _Given:
    given: _Given = {}
    for key, value in predictions.items():
        _add(given, str(key), f"predictions[{brief(str(key))}]", value)
    return given


def _of_file(path: Path) -> _Given:
    try:
        text = folder_reader(str(path.parent))(path.name).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: is not UTF-8 text; save it as CSV in UTF-8") from None
    delimiter = max(_DELIMITERS, key=text.split("\n", 1)[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    given: _Given = {}
    try:
        names = next(reader, [])
        at, value = (_column(names, role, path) for role in _WORDS)
        for row in filter(None, reader):
            where = f"{path}, line {reader.line_num}"
            if len(row) != len(names):
                raise DataError(f"{where}: has {len(row)} fields, the first line {len(names)}; correct it")
            _add(given, text_of(row[at], where, "path"), where, row[value])
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: is not valid CSV ({brief(error)}); correct it") from None
    return given


def _column(names: Sequence[str], role: str, path: Path) -> int:
    found = [k for k, name in enumerate(names) if name.strip().lower() in _WORDS[role]]
    if len(found) != 1:
        fault = "no column is" if not found else f"{len(found)} columns could be"
        raise DataError(f"{path}: {fault} the {role} ({', '.join(_WORDS[role])}) among {brief(names)}; rename one")
    return found[0]


def _add(given: _Given, path: str, where: str, value: Any) -> None:
    key = _normal(path)
    if key in given:
        raise DataError(f"{where}: {brief(path)} is there twice (see {given[key][0]}); keep one of them")
    given[key] = (where, value)
