"""Leaks: copies of training images among test images, or inside one set, as a text, a table and a page."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.api.dataset import Dataset
from augury.api.progress import steps
from augury.copies.leaks import Accuracy, Findings, Pair, accuracies, leaks_between, leaks_inside
from augury.data.formats.predictions import read_predictions
from augury.data.table import PARTS
from augury.data.unlabelled import is_labelled
from augury.errors import AuguryError, DataError
from augury.files import write_whole
from augury.report import leaks_table, leaks_words
from augury.report.leaks_page import leaks_page
from augury.stream.threads import default_threads

_FORMATS = (".csv", ".json", ".html")
Predictions = str | Path | Mapping[Any, Any]
Right = Mapping[int, bool]  # row of the test table -> whether it was predicted right


def find_leaks(train: Dataset, test: Dataset | None = None, predictions: Predictions | None = None) -> Leaks:
    """Which test images are copies of training images, and what was done to them.

    Parameters
    ----------
    train : the training images.
    test : the test images. None compares the parts that `train` came with (train/, test/), or, where it came with
        none, looks for copies inside it.
    predictions : path -> predicted class, or a CSV with columns path and predicted, for every test image: with
        them `Leaks.accuracy` says what the copies are worth.

    Raises
    ------
    DataError : if no image of a side can be read, or the predictions do not fit the test images.

    Examples
    --------
    >>> import augury as ag
    >>> images = np.random.default_rng(0).integers(0, 256, (6, 32, 32), np.uint8)
    >>> ag.find_leaks(ag.from_arrays(images, [0, 0, 0, 1, 1, 1]), ag.from_arrays(images[:3, ::-1], [0, 0, 1]))
    <Leaks: 3 of 3 test images (100.0%) are copies of training images>
    """
    for side in (train, test or train):
        side._check_unshifted()
    inside = test is None and train._table.parts is None
    if test is None:
        train, test = (train, train) if inside else _given(train)
    right = None if predictions is None else _right(train, test, predictions, inside)
    threads = default_threads()
    with steps() as progress:
        if inside:
            found = leaks_inside(train._table, train._indices, threads=threads, progress=progress)
        else:
            sides = train._table, train._indices, test._table, test._indices
            found = leaks_between(*sides, threads=threads, progress=progress)
    return Leaks(train, test, found, inside, None if right is None else _accuracy(found.pairs, right))


@dataclass(frozen=True, eq=False, repr=False)
class Leaks:
    """What was found.

    Attributes
    ----------
    train, test : the two sides; the same dataset twice where copies were looked for inside it.
    findings : the pairs, the calibration of the threshold, and what cannot be read.
    inside : whether copies were looked for inside one set.
    accuracy : of "all" readable test images, the "leaked" and the "clean" ones, with 95 % intervals; None without
        predictions.
    """

    train: Dataset
    test: Dataset
    findings: Findings
    inside: bool = False
    accuracy: Mapping[str, Accuracy] | None = None

    def __repr__(self) -> str:
        return f"<Leaks: {leaks_words.answer(self._told)}>"

    def __str__(self) -> str:
        return self.text()

    @property
    def pairs(self) -> list[Pair]:
        """One for each test image, in their order; inside one set one for each pair that is alike."""
        return self.findings.pairs

    @property
    def leaked(self) -> list[str]:
        """Paths of the images to leave out: test images that are copies; inside one set all but one of each family."""
        if self.inside:
            rows = sorted(row for family in self._told.families for row in family[1:])
        else:
            rows = [pair.test for pair in self.pairs if pair.leaked]
        return [self.test._table.paths[row] for row in rows]

    def to_document(self) -> dict[str, Any]:
        """Everything as plain values, for JSON; None where nothing was measured.

        Returns
        -------
        schema, schema_version : "augury.leaks" and 1, which grows when a key changes its meaning or goes.
        train, test : name and number of images. inside_one_set : whether both are the same set.
        copies : images that are copies. counts : pairs of each kind. by_effect : copies that show each effect.
        calibration : threshold, look_alikes, closest_look_alike, expected_false_share.
        accuracy : of all, leaked and clean test images: value, interval, right, of.
        unreadable : a line each. families : lists of paths, inside one set.
        pairs : test, train, kind, effects (name, text, value), score, error, chance, test_class, train_class, and
            matrix: two rows, from training to test image, pixels counted from the centres.
        """
        return leaks_table.document(self._told)

    def text(self) -> str:
        """One screen for a terminal."""
        return leaks_words.text(self._told)

    def save(self, path: str | Path) -> None:
        """Write the table of pairs as .csv, everything as .json, or a page with pictures as .html.

        Raises
        ------
        AuguryError : if the path ends in something else.
        DataError : if it cannot be written, or for a page an image cannot be read any more.
        """
        path = check_place(path)
        match path.suffix.lower():
            case ".csv":
                content = leaks_table.table(self._told)
            case ".json":
                content = json.dumps(self.to_document(), indent=1)
            case _:
                content = leaks_page(self._told, default_threads())
        write_whole(path, content)

    @property
    def _told(self) -> leaks_words.Told:
        sides = self.train._table, self.test._table, _name(self.train), _name(self.test)
        return leaks_words.Told(self.findings, *sides, len(self.train), self.inside, self.accuracy)


def check_place(path: str | Path) -> Path:
    """Raise an AuguryError unless leaks can be saved there; asked before a long search."""
    path = Path(path)
    if path.suffix.lower() not in _FORMATS:
        raise AuguryError(f"{path}: leaks are saved as {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}")
    if not os.path.isdir(path.parent):  # which no path makes raise
        raise AuguryError(f"{path}: there is no folder {path.parent}; make it, or choose another place")
    return path


def _given(data: Dataset) -> tuple[Dataset, Dataset]:
    """The training part that a dataset came with, and all that is not for training."""
    parts = data._table.parts
    assert parts is not None
    rows = data._indices
    training = parts[rows] == PARTS.index("train")
    if training.all() or not training.any():
        raise AuguryError(f"find_leaks: this is one part of {data._table.root}; give the other one too")
    return replace(data, _rows=rows[training], _role="train"), replace(data, _rows=rows[~training], _role="test")


def _name(data: Dataset) -> str:
    """The root, and which parts of it these are."""
    parts, root = data._table.parts, data._table.root
    if data._role == "all":
        return root
    names = [data._role] if parts is None else [PARTS[k] for k in np.unique(parts[data._indices])]
    return f"{root} ({' and '.join(names)})"


def _right(train: Dataset, test: Dataset, predictions: Predictions, inside: bool) -> Right:
    """Which test images were predicted right."""
    table = test._table
    if inside:
        raise AuguryError(f"find_leaks: {table.root} has no test part to which predictions could belong; give test too")
    if not is_labelled(table):
        raise DataError(f"{table.root}: predictions need to know the class of each image; open it with its labels")
    classes = tuple(dict.fromkeys((*test.classes, *train.classes)))
    predicted = read_predictions(predictions, test.paths, classes)
    truth = [table.classes[label] for label in test.labels]
    return {int(row): guess == name for row, guess, name in zip(test._indices, predicted, truth, strict=True)}


def _accuracy(pairs: list[Pair], right: Right) -> dict[str, Accuracy]:
    leaked: NDArray[np.bool_] = np.array([pair.leaked for pair in pairs], bool)
    return accuracies(leaked, np.array([right[pair.test] for pair in pairs], bool))
