"""A learner without PyTorch: frozen random features and ridge regression. It fits in milliseconds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from augury.experiment.learner import Each, Epoch, Pixels

_SIDE = 8  # images are averaged to at most so many cells a side
_FEATURES = 256
_RIDGE = 1.0


class Linear:
    """Ridge regression to one-hot classes on pixels and rectified random projections of them.

    The projections are drawn once and are the same for every fit, so that nothing but the data differs.
    Parameters are those of `trainer.Workshop`.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, seed: int, clean: Pixels) -> None:
        del shape, seed
        cells = cell_means(clean)
        self._mean, self._scale = cells.mean(0), max(float(cells.std()), 1e-6)
        self._project = np.random.default_rng(0).standard_normal((cells.shape[1], _FEATURES)) / np.sqrt(cells.shape[1])
        self._classes = classes
        self._weights = np.zeros((cells.shape[1] + _FEATURES + 1, classes))

    def train(self, epoch: Epoch, epochs: int, steps: int, rate: float, each: Each) -> None:
        """Solve for all batches of all epochs at once; shares of classes are targets like any."""
        del steps, rate
        size = len(self._weights)
        gram, target = np.zeros((size, size)), np.zeros((size, self._classes))
        count = 0
        for k in range(epochs):
            for x, y in epoch(k):
                features = self._features(x)
                gram += features.T @ features
                target += features.T @ (np.eye(self._classes)[y] if y.ndim == 1 else y)
                count += len(y)
        self._weights = np.linalg.solve(gram / count + _RIDGE / size * np.eye(size), target / count)
        each(epochs)

    def log_probabilities(self, images: Pixels) -> NDArray[np.float32]:
        """(n, c, h, w) float32 -> (n, classes)."""
        logits = 8.0 * (self._features(images) @ self._weights)
        logits -= logits.max(1, keepdims=True)
        return np.asarray(logits - np.log(np.exp(logits).sum(1, keepdims=True)), np.float32)

    def range_test(self, epoch: Epoch, steps: int) -> float:
        """No rate is needed."""
        del epoch, steps
        return 1.0

    def _features(self, images: Pixels) -> NDArray[np.float64]:
        cells = (cell_means(images) - self._mean) / self._scale
        return np.hstack([cells, np.maximum(cells @ self._project, 0.0), np.ones((len(cells), 1))])


def cell_means(images: Pixels) -> NDArray[np.float64]:
    """(n, c, h, w) -> (n, c * cells): averages of equal blocks; what does not fill a block is left out."""
    n, c, h, w = images.shape
    down, across = max(1, h // _SIDE), max(1, w // _SIDE)
    rows, columns = h // down, w // across
    blocks = images[:, :, : rows * down, : columns * across].reshape(n, c, rows, down, columns, across)
    return np.asarray(blocks.mean((3, 5), dtype=np.float64).reshape(n, -1))
