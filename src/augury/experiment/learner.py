"""What a study asks of a learner."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Labels = Ints | Floats  # classes (b,), or the share of each class (b, classes)
Epoch = Callable[[int], Iterable[tuple[Pixels, Labels]]]  # number -> batches ((b, c, h, w) float32, labels)
Each = Callable[[int], None]  # told how many epochs are done


class Learner(Protocol):
    """A classifier of images (n, c, h, w) float32, made of their shape, the number of classes and a seed."""

    def train(self, epoch: Epoch, epochs: int, steps: int, rate: float, each: Each) -> None:
        """Train for some epochs of so many steps."""

    def log_probabilities(self, images: Pixels) -> Floats:
        """(n, classes)."""

    def range_test(self, epoch: Epoch, steps: int) -> float:
        """The learning rate to use, found in so many steps; the learner is of no use afterwards."""
