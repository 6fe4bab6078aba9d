"""The JAX face: (n, h, w, c) arrays on the default device and integer labels, or masks (n, h, w)."""

from __future__ import annotations

from collections.abc import Iterator

from augury.errors import MissingExtraError
from augury.faces.labels import targets
from augury.faces.position import Positioned

try:
    import jax
    import jax.numpy as jnp
except ImportError:
    raise MissingExtraError("JAX is not installed; run: python -m pip install 'augury[jax]'") from None


class JaxBatches(Positioned):
    """Ready batches (x, y), one epoch for each iteration.

    Labels are int32, or int64 where `jax_enable_x64` is set; float32 (n, classes) where the policy mixes them.
    """

    face = ".jax()"

    def __iter__(self) -> Iterator[tuple[jax.Array, jax.Array]]:
        for batch in self._batches():
            yield jnp.asarray(batch.image), jnp.asarray(targets(batch))
