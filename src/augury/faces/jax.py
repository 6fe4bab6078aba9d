"""The JAX face: (n, h, w, c) arrays on the default device and integer labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from augury.errors import MissingExtraError
from augury.faces.labels import check_one_label
from augury.stream.engine import Batch

try:
    import jax
    import jax.numpy as jnp
except ImportError:
    raise MissingExtraError("JAX is not installed; run: python -m pip install 'augury[jax]'") from None


class JaxBatches:
    """Ready batches (x, y), one epoch for each iteration.

    Labels are int32, or int64 where `jax_enable_x64` is set.
    """

    def __init__(self, stream: Any, batches: Callable[[], Iterator[Batch]]) -> None:
        check_one_label(stream, ".jax()")
        self._stream = stream
        self._batches = batches

    def __len__(self) -> int:
        return len(self._stream)

    def __iter__(self) -> Iterator[tuple[jax.Array, jax.Array]]:
        for batch in self._batches():
            yield jnp.asarray(batch.image), jnp.asarray(batch.label)

    def state_dict(self) -> dict[str, Any]:
        """The stream's position."""
        return self._stream.state_dict()  # type: ignore[no-any-return]

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state_dict` stood."""
        self._stream.load_state_dict(state)
