"""What a dataset is opened from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike, NDArray

from augury.api.dataset import Dataset
from augury.data.formats.arrays import from_arrays as table_from_arrays
from augury.data.formats.huggingface import from_huggingface as table_from_huggingface
from augury.data.formats.tables import from_frame as table_from_frame
from augury.data.opening import open_path
from augury.data.unlabelled import open_unlabelled


def open(path: str | Path, labelled: bool = True) -> Dataset:  # noqa: A001  the public name is ag.open
    """Open a labelled image dataset, in place; which layout it has is found by the names in it.

    Parameters
    ----------
    path : a folder or .zip, with a folder per class or files called `label.uid.ext`; either may be divided
        into train/, val/ and test/. Or one with a table of its images (see `from_frame` for the columns), an
        Edge Impulse export, COCO, YOLO, Pascal VOC, or masks beside images. Or a table by its own path
        (.csv, .tsv, .parquet), whose paths are absolute or relative to its folder. Or arrays: an .npz, or a
        folder of .npy files, called x and y, or x_train, y_train, x_test, y_test.
    labelled : False takes all images of a folder or .zip, in whatever depth, and no parts; folder names are
        the classes only where every image lies in one of several.

    Raises
    ------
    DataError : if the path cannot be read as a labelled dataset; the message says what to do.
    """
    return Dataset(open_path(path) if labelled else open_unlabelled(path))


def from_frame(frame: Any, root: str | Path = ".") -> Dataset:
    """A dataset of image files that a pandas or polars frame lists.

    Parameters
    ----------
    frame : with columns path (or file, filename, image, ...) and label (or class, category, target), and
        maybe group, and part (or split, set, subset: train, val or test).
    root : the folder to which paths are relative; they may be absolute.

    Raises
    ------
    DataError : if a column is missing or ambiguous, or a row is wrong, naming it.
    """
    return Dataset(table_from_frame(frame, root))


def from_huggingface(dataset: Any, image: str = "image", label: str = "label", group: str | None = None) -> Dataset:
    """A dataset of Hugging Face's `datasets`; no image is decoded at opening.

    Parameters
    ----------
    dataset : a Dataset, or a DatasetDict whose keys (train, validation, test) are the given parts.
    image, label, group : names of columns.

    Raises
    ------
    DataError : if a column, a label or the key of a part does not fit.
    """
    return Dataset(table_from_huggingface(dataset, image, label, group))


def from_arrays(
    images: ArrayLike | Sequence[NDArray[Any]],
    labels: ArrayLike,
    classes: Sequence[str] | None = None,
    value_range: tuple[float, float] | None = None,
    groups: ArrayLike | None = None,
    parts: Sequence[str] | None = None,
) -> Dataset:
    """A dataset of arrays, which are neither copied nor changed; a memmap is read row by row.

    Parameters
    ----------
    images : (n, h, w) or (n, h, w, c), or n arrays (h, w[, c]); uint8, uint16 or float32.
    labels : n numbers or names.
    value_range : black and white of float images, 0..1 unless told.
    groups : n numbers or names, equal where samples must never be separated.
    parts : n of "train", "val" and "test", where the samples are divided already.
    """
    return Dataset(table_from_arrays(images, labels, classes, value_range, groups, parts))
