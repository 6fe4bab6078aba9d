"""Which samples stand in which batch, and of which epoch."""

from __future__ import annotations

import threading
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from augury.compat.keras_image.global_draws import global_state
from augury.stream.order import Order

Indices = NDArray[np.int64]


class BatchOrder(Protocol):
    """Samples of a batch, and the epoch by which their draws are addressed."""

    position: int  # batches of the pass that `following` has handed out

    def all(self) -> Indices:
        """Every sample, in the order of the epoch in progress."""

    def at(self, batch: int) -> tuple[Indices, int]:
        """Batch number `batch` of the epoch in progress, as `iterator[batch]` and Keras ask."""

    def following(self) -> tuple[Indices, int]:
        """The next batch, without end, as `next(iterator)` asks."""

    def end_epoch(self) -> None:
        """What is asked by number from now on belongs to a new epoch."""

    def restart(self) -> None:
        """`following` begins a new pass."""


class _Locked:
    """Holds a lock, and leaves it behind when it travels to a worker process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()


class AddressedOrder(_Locked):
    """A pure function of seed, epoch and position, so that workers may ask in any order."""

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int) -> None:
        super().__init__()
        self.n, self.batch_size = n, batch_size
        self.epoch, self.passes, self.position = 0, -1, 0
        self._order = Order(n, seed, bool(shuffle))

    def all(self) -> Indices:
        """See `BatchOrder`."""
        return self._order.at(self.epoch, np.arange(self.n))[0]

    def at(self, batch: int) -> tuple[Indices, int]:
        """See `BatchOrder`."""
        return self._indices(self.epoch, batch), self.epoch

    def following(self) -> tuple[Indices, int]:
        """See `BatchOrder`; the first pass is epoch 0."""
        with self._lock:
            if self.position == 0:
                self.passes += 1
            batch, epoch = self.position, self.passes
            more = (batch + 1) * self.batch_size < self.n
            self.position = batch + 1 if more else 0
        return self._indices(epoch, batch), epoch

    def end_epoch(self) -> None:
        """See `BatchOrder`."""
        self.epoch += 1

    def restart(self) -> None:
        """See `BatchOrder`."""
        self.position = 0

    def _indices(self, epoch: int, batch: int) -> Indices:
        first = batch * self.batch_size
        return self._order.at(epoch, np.arange(first, min(first + self.batch_size, self.n)))[0]


class GlobalOrder(_Locked):
    """The fault `global_random`: numpy's generator is seeded anew for every batch and everything drawn from it."""

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None) -> None:
        super().__init__()
        self.n, self.batch_size, self.shuffle, self.seed = n, batch_size, shuffle, seed
        self.position = self.seen = 0
        self._order: Indices | None = None

    def all(self) -> Indices:
        """See `BatchOrder`."""
        if self._order is None:
            self.end_epoch()
        assert self._order is not None
        return self._order

    def at(self, batch: int) -> tuple[Indices, int]:
        """See `BatchOrder`."""
        self._reseed()
        return self.all()[batch * self.batch_size : (batch + 1) * self.batch_size], 0

    def following(self) -> tuple[Indices, int]:
        """See `BatchOrder`."""
        with self._lock:
            self._reseed()
            if self.position == 0:
                self.end_epoch()
            first = self.position * self.batch_size
            self.position = self.position + 1 if first + self.batch_size < self.n else 0
            return self.all()[first : first + self.batch_size], 0

    def end_epoch(self) -> None:
        """See `BatchOrder`."""
        self._order = np.asarray(global_state().permutation(self.n)) if self.shuffle else np.arange(self.n)

    def restart(self) -> None:
        """See `BatchOrder`."""
        self.position = 0

    def _reseed(self) -> None:
        if self.seed is not None:
            global_state().seed(self.seed + self.seen)
        self.seen += 1
