"""What all iterators share: batches by number for Keras, and one after another without end."""

from __future__ import annotations

import inspect
from collections.abc import Iterator as Iterable
from typing import Any

from augury.compat.keras_image.global_draws import global_state
from augury.compat.keras_image.order import AddressedOrder, BatchOrder, GlobalOrder, Indices
from augury.compat.keras_image.problems import ArgumentError
from augury.compat.keras_image.sequence import Alone, join_keras


class Iterator(Alone):
    """Batches of n samples. Subclasses implement `_get_batches_of_transformed_samples`.

    Where Keras is installed this is a `keras.utils.PyDataset`: `model.fit(iterator)` takes it, with any number
    of workers, threads or processes, and gets the same batches. `iterator.workers = 4` sets them.
    """

    white_list_formats = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")

    def __new__(cls, *args: Any, **kwargs: Any) -> Iterator:
        """Join Keras before the first object is made."""
        del args, kwargs
        join_keras(Iterator)
        return super().__new__(cls)

    def __init__(
        self, n: int, batch_size: int, shuffle: bool, seed: int | None, *, global_random: bool = False
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        if batch_size < 0:
            raise ArgumentError(f"batch_size={batch_size}; expected a whole number above 0")
        self.n, self.batch_size, self.shuffle, self.seed = n, batch_size, shuffle, seed
        # without a seed the draws follow np.random.seed and keras.utils.set_random_seed
        self.draw_seed = int(global_state().randint(2**31 - 1)) if seed is None and not global_random else seed or 0
        self._order: BatchOrder
        if global_random:
            self._order = GlobalOrder(n, batch_size, shuffle, seed)
        else:
            self._order = AddressedOrder(n, batch_size, shuffle, self.draw_seed)
        self._takes_epoch = len(inspect.signature(self._get_batches_of_transformed_samples).parameters) > 1

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __getitem__(self, idx: int) -> Any:
        if not 0 <= idx < len(self):
            raise ArgumentError(f"batch {idx} was asked for, and there are {len(self)}, counted from 0")
        return self._batch(*self._order.at(int(idx)))

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        return self.next()

    def next(self) -> Any:
        """The next batch; there is no last one."""
        return self._batch(*self._order.following())

    def reset(self) -> None:
        """Let `next` begin a new pass over the samples."""
        self._order.restart()

    def on_epoch_end(self) -> None:
        """Open a new epoch for `iterator[i]`: another order, other draws."""
        self._order.end_epoch()

    @property
    def index_array(self) -> Indices:
        """Every sample, in the order of the epoch in progress."""
        return self._order.all()

    @property
    def batch_index(self) -> int:
        """Batches that `next` has made in this pass."""
        return self._order.position

    @property
    def index_generator(self) -> Iterable[Indices]:
        """Indices of the batches that `next` would make, one array after another."""
        while True:
            yield self._order.following()[0]

    def _batch(self, indices: Indices, epoch: int) -> Any:
        if self._takes_epoch:
            return self._get_batches_of_transformed_samples(indices, epoch)
        return self._get_batches_of_transformed_samples(indices)  # written for keras-preprocessing

    def _get_batches_of_transformed_samples(self, index_array: Indices, epoch: int = 0) -> Any:
        """Make a batch of the samples at some indices, as they are in an epoch; subclasses of users give it, too."""
        raise NotImplementedError
