"""The PyTorch face: (n, c, h, w) float tensors and int64 labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from augury.errors import AuguryError, MissingExtraError
from augury.faces.labels import check_one_label
from augury.stream.engine import Batch

try:
    import torch
    from torch.utils.data import DataLoader, IterableDataset, get_worker_info
except ImportError:
    raise MissingExtraError("PyTorch is not installed; run: python -m pip install 'augury[torch]'") from None

Batches = Callable[[], Iterator[Batch]]


class TorchBatches(IterableDataset[Any]):
    """Ready batches (x, y), one epoch for each iteration.

    In a DataLoader use `batch_size=None, num_workers=0`: decoding and augmenting run on the stream's own
    threads already, without copies of the cache.
    """

    def __init__(self, stream: Any, batches: Batches) -> None:
        check_one_label(stream, ".torch()")
        self._stream = stream
        self._batches = batches

    def __len__(self) -> int:
        return len(self._stream)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        if get_worker_info() is not None:
            raise AuguryError("DataLoader: use num_workers=0 with Augury, and stream(threads=...) for more threads")
        for batch in self._batches():
            yield torch.from_numpy(batch.image), torch.from_numpy(batch.label)

    def state_dict(self) -> dict[str, Any]:
        """The stream's position."""
        return self._stream.state_dict()  # type: ignore[no-any-return]

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state_dict` stood."""
        self._stream.load_state_dict(state)


class TorchLoader(DataLoader[Any]):
    """The same as a DataLoader, for Lightning and other code that asks for one."""

    def __init__(self, batches: TorchBatches, **options: Any) -> None:
        super().__init__(batches, batch_size=None, num_workers=0, **options)

    def state_dict(self) -> dict[str, Any]:
        """The stream's position."""
        return self.dataset.state_dict()  # type: ignore[no-any-return]

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state_dict` stood."""
        self.dataset.load_state_dict(state)
