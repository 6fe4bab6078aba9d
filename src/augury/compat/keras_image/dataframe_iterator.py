"""Batches from the rows of a pandas frame."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from augury.compat.keras_image.batches import check_known
from augury.compat.keras_image.file_batches import BatchFromFilesMixin
from augury.compat.keras_image.problems import ArgumentError, KindError
from augury.compat.keras_image.utils import validate_filename

_CLASSLESS = ("input", "multi_output", "raw", None)


class DataFrameIterator(BatchFromFilesMixin):
    """Images of the files named in a column; see `ImageDataGenerator.flow_from_dataframe`."""

    allowed_class_modes = ("binary", "categorical", "input", "multi_output", "raw", "sparse", None)

    def __init__(
        self,
        dataframe: Any,
        directory: str | os.PathLike[str] | None = None,
        image_data_generator: Any = None,
        x_col: str = "filename",
        y_col: str | list[str] = "class",
        weight_col: str | None = None,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: list[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str = "channels_last",
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: DTypeLike | None = "float32",
        validate_filenames: bool = True,
    ) -> None:
        self.set_processing_attrs(
            image_data_generator,
            target_size,
            color_mode,
            data_format,
            save_to_dir,
            save_prefix,
            save_format,
            subset,
            interpolation,
            keep_aspect_ratio,
        )
        check_known(self.allowed_class_modes, class_mode, "class_mode")
        self.directory, self.class_mode, self.dtype = os.fspath(directory or ""), class_mode, dtype or "float32"
        self._check(dataframe, x_col, y_col, weight_col, classes)
        frame = self._with_files(dataframe, x_col) if validate_filenames else dataframe
        self._take(frame, x_col, y_col, weight_col, classes)
        validated = "validated" if validate_filenames else "non-validated"
        of_classes = "" if class_mode in _CLASSLESS else f" belonging to {len(self.class_indices)} classes"
        print(f"Found {self.samples} {validated} image filenames{of_classes}.")  # noqa: T201
        super().__init__(
            self.samples, batch_size, shuffle, seed, global_random="global_random" in self._arguments().faults
        )

    @property
    def labels(self) -> Any:
        """Class numbers, lists of them, or the values of the label columns."""
        return self._targets if self.class_mode in ("multi_output", "raw") else self.classes

    @property
    def sample_weight(self) -> Any:
        """Weights (n,), or None."""
        return self._sample_weight

    def _take(self, frame: Any, x_col: str, y_col: Any, weight_col: str | None, classes: list[str] | None) -> None:
        """Keep this part's rows as plain lists and arrays."""
        labels = None
        if self.class_mode not in _CLASSLESS:
            frame, labels, names = _labelled(frame, y_col, classes)
            self.class_indices = {name: i for i, name in enumerate(names)}
        rows = slice(None)
        if self.split:
            rows = slice(int(self.split[0] * len(frame)), int(self.split[1] * len(frame)))
        frame = frame.iloc[rows]
        if labels is not None:
            self.classes = [self._number(label) for label in labels[rows]]
        if self.class_mode == "multi_output":
            self._targets: Any = [np.array(frame[column].tolist()) for column in y_col]
        if self.class_mode == "raw":
            self._targets = frame[y_col].to_numpy()
        self.filenames = frame[x_col].tolist()
        self._sample_weight = frame[weight_col].to_numpy() if weight_col else None
        self._filepaths = [os.path.join(self.directory, name) for name in self.filenames]
        self.samples = len(self.filenames)

    def _number(self, label: Any) -> Any:
        if isinstance(label, (list, tuple)):
            return [self.class_indices[one] for one in label]
        return self.class_indices[label]

    def _with_files(self, frame: Any, x_col: str) -> Any:
        """Rows whose file exists and is an image by its name; the others are counted and named in a warning."""
        good = np.array(
            [validate_filename(os.path.join(self.directory, name), self.white_list_formats) for name in frame[x_col]],
            bool,
        )
        if not good.all():
            first = frame[x_col].iloc[int(np.flatnonzero(~good)[0])]
            warnings.warn(
                f"{int((~good).sum())} of {len(frame)} files in column {x_col!r} are missing or no images, "
                f"the first is {first!r}; their rows are left out",
                stacklevel=4,
            )
        return frame[good]

    def _check(self, frame: Any, x_col: str, y_col: Any, weight_col: str | None, classes: Any) -> None:
        """Raise a KindError or ArgumentError where a column does not suit the class mode."""
        mode = self.class_mode
        columns = [x_col, *([weight_col] if weight_col else [])]
        columns += [] if mode in ("input", None) else y_col if isinstance(y_col, list) else [y_col]
        missing = [column for column in columns if column not in frame.columns]
        if missing:
            raise ArgumentError(f"the frame has no column {missing[0]!r}; it has {', '.join(map(str, frame.columns))}")
        _check_kinds(frame, x_col, str, "names of files")
        if mode == "multi_output" and not isinstance(y_col, list):
            raise KindError(f"y_col={y_col!r}; class_mode='multi_output' needs a list of columns")
        if mode in ("binary", "sparse"):
            _check_kinds(frame, y_col, str, f"text for class_mode={mode!r}")
        if mode == "categorical":
            _check_kinds(frame, y_col, (str, list, tuple), "text, or lists of it")
        if mode == "binary" and (count := len(set(classes)) if classes else frame[y_col].nunique()) != 2:
            raise ArgumentError(f"class_mode='binary' needs 2 classes, and there are {count}")
        if classes and mode in _CLASSLESS:
            warnings.warn(f"classes are not used with class_mode={mode!r}", stacklevel=4)
        if weight_col and frame[weight_col].dtype.kind not in "iuf":
            raise KindError(f"column {weight_col!r} holds {frame[weight_col].dtype}; weights must be numbers")


def _check_kinds(frame: Any, column: str, kinds: Any, what: str) -> None:
    for row, value in enumerate(frame[column]):
        if not isinstance(value, kinds):
            raise KindError(f"column {column!r}, row {row}: {value!r}; expected {what}")


def _labelled(frame: Any, y_col: str, classes: list[str] | None) -> tuple[Any, list[Any], list[str]]:
    """Rows with at least one label among the classes, these labels, and the classes in order."""
    values = frame[y_col].tolist()
    if not classes:
        found = {one for value in values for one in (value if isinstance(value, (list, tuple)) else [value])}
        return frame, values, sorted(found)
    names = list(dict.fromkeys(classes))
    kept = [[one for one in v if one in names] if isinstance(v, (list, tuple)) else v for v in values]
    good = [bool(v) if isinstance(v, list) else v in names for v in kept]
    return frame[np.array(good, bool)], [v for v, keep in zip(kept, good, strict=True) if keep], names
