"""The Keras 3 face, for any backend: one PyDataset for training and for validation.

It ignores the index that Keras asks for and serves the stream's own order. So `fit`'s default shuffling
of indices changes nothing, and no callback is needed. What Keras does around it was read and measured on
3.15: an unbuilt model takes one probe batch before the first epoch; `on_epoch_begin` opens every epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.errors import AuguryError, MissingExtraError
from augury.faces.labels import check_no_objects, targets
from augury.stream.batch import Batch

try:
    from keras.utils import PyDataset
except ImportError:
    raise MissingExtraError(
        "Keras and a backend are not installed; run: python -m pip install 'augury[keras]' torch"
    ) from None


class KerasBatches(PyDataset):
    """Batches (x, y) of (n, h, w, c) floats; one epoch of the stream for each epoch of `fit`.

    An epoch of the stream counts as done once all its batches were served. `evaluate` on a training stream
    counts like an epoch. With `steps_per_epoch` below `len`, every epoch of `fit` opens a new epoch of the
    stream.
    """

    def __init__(self, stream: Any, batches: Callable[[], Iterator[Batch]], onehot: int | None) -> None:
        check_no_objects(stream, ".keras()")
        if onehot is not None and stream._images.table.mask is not None:
            raise AuguryError('keras: labels="onehot" is for one label an image, and these have masks; leave it out')
        super().__init__(workers=1, use_multiprocessing=False)
        self._stream = stream
        self._batches = batches
        self._onehot = onehot
        self._iterator: Iterator[Batch] | None = None
        self._served = 0
        self._open = False  # whether between on_epoch_begin and on_epoch_end

    def __len__(self) -> int:
        return len(self._stream)

    def __getitem__(self, index: int) -> tuple[NDArray[Any], NDArray[Any]]:
        del index  # the stream has its own order
        if self._iterator is None:
            self._iterator = self._batches()
        batch = next(self._iterator, None)
        if batch is None:  # a resumed epoch was shorter than Keras expected: go on with the next one
            self._iterator = self._batches()
            batch = next(self._iterator)
        self._served += 1
        return batch.image, self._labels(batch)

    def on_epoch_begin(self) -> None:
        """Open an epoch of the stream: a new one if the last was used for training, the same after a probe."""
        self._close()
        self._open = True

    def on_epoch_end(self) -> None:
        """End the epoch. Keras also calls this before the first, after TensorFlow took two batches for their spec."""
        self._close()

    def _close(self) -> None:
        cut_short = self._open and 1 < self._served < len(self)
        self._iterator, self._served, self._open = None, 0, False
        if cut_short:
            self._stream.skip_epoch()

    def _labels(self, batch: Batch) -> NDArray[Any]:
        if self._onehot is None or batch.soft is not None:
            return targets(batch)
        return np.asarray(np.eye(self._onehot, dtype=np.float32)[batch.label])
