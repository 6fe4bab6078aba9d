"""What Keras asks of a dataset, with and without Keras."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any


class Alone:
    """Stands where Keras's PyDataset stands once Keras can be imported; takes and keeps the same settings."""

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def on_epoch_begin(self) -> None:
        """Called before an epoch."""

    @property
    def num_batches(self) -> int:
        """Batches of an epoch."""
        return len(self)  # type: ignore[arg-type]


def join_keras(cls: Any) -> None:
    """Make a class that derives from Alone a PyDataset, so that `model.fit` takes its objects.

    Done when the first iterator is made, not on import: importing Keras takes seconds, and its backend is
    chosen by whoever imports it first.
    """
    if cls.__bases__ == (Alone,):
        base = _py_dataset()
        if base is not None:
            cls.__bases__ = (base,)


def _py_dataset() -> Any:
    """Keras's PyDataset, or None where Keras or its backend is missing."""
    if "keras" not in sys.modules and importlib.util.find_spec("keras") is None:
        return None
    try:
        from keras.utils import PyDataset
    except ImportError:  # its backend is missing; a later `import keras` with another one finds nothing of this left
        return None
    return PyDataset
