"""The PyTorch face: (n, c, h, w) float tensors and int64 labels, or masks; for detection lists of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from augury.errors import AuguryError, MissingExtraError
from augury.faces.labels import check_no_objects, targets
from augury.faces.position import Positioned
from augury.stream.batch import Batch

try:
    import torch
    from torch.utils.data import DataLoader, IterableDataset, get_worker_info
except ImportError:
    raise MissingExtraError("PyTorch is not installed; run: python -m pip install 'augury[torch]'") from None

from augury.faces.torch_detection import check_objects, images_and_targets


class TorchBatches(Positioned, IterableDataset[Any]):
    """Ready batches (x, y), one epoch for each iteration; y is float32 (n, classes) where the policy mixes labels.

    In a DataLoader use `batch_size=None, num_workers=0`: decoding and augmenting run on the stream's own
    threads already, without copies of the cache.
    """

    face = ".torch()"

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        if get_worker_info() is not None:
            raise AuguryError("DataLoader: use num_workers=0 with Augury, and stream(threads=...) for more threads")
        for batch in self._batches():
            yield self._pair(batch)

    def _pair(self, batch: Batch) -> tuple[Any, Any]:
        return torch.from_numpy(batch.image), torch.from_numpy(targets(batch))

    def _check(self, stream: Any) -> None:
        check_no_objects(stream, self.face, "use .torch(detection=True), or ")


class DetectionBatches(TorchBatches):
    """Ready batches (images, targets), see `torch_detection.images_and_targets`; one epoch for each iteration."""

    face = ".torch(detection=True)"

    def _pair(self, batch: Batch) -> tuple[Any, Any]:
        return images_and_targets(batch, self._stream.program.policy.mask_fill)

    def _check(self, stream: Any) -> None:
        check_objects(stream)


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
