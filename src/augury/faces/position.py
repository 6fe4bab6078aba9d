"""What the faces of PyTorch and JAX have in common: an epoch for each iteration, and the stream's position."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from augury.faces.labels import check_no_objects
from augury.stream.batch import Batch


class Positioned:
    """Batches of a stream that can be saved and gone on with; `face` is what messages call it."""

    face: str

    def __init__(self, stream: Any, batches: Callable[[], Iterator[Batch]]) -> None:
        self._check(stream)
        self._stream = stream
        self._batches = batches

    def _check(self, stream: Any) -> None:
        """Raise an AuguryError of one line if the face cannot give what the stream holds."""
        check_no_objects(stream, self.face)

    def __len__(self) -> int:
        return len(self._stream)

    def state_dict(self) -> dict[str, Any]:
        """The stream's position."""
        return self._stream.state_dict()  # type: ignore[no-any-return]

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state_dict` stood."""
        self._stream.load_state_dict(state)
