"""Where a stream stands: a few integers, and fingerprints that say whose they are."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.errors import StateError


@dataclass(frozen=True)
class State:
    """A stream's position.

    Attributes
    ----------
    delivered : samples of this epoch handed to the user, on all ranks together.
    data, policy : fingerprints of the samples and of the policy with its preparation.
    """

    seed: int
    epoch: int
    delivered: int
    data: str
    policy: str
    version: int = 1

    def to_document(self) -> dict[str, Any]:
        """As a dict of plain values."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Any) -> State:
        """Read what `to_document` wrote."""
        try:
            return cls(**document)
        except TypeError:
            raise StateError(f"not a state of a stream: {document!r}") from None

    def check_same(self, other: State) -> None:
        """Raise unless both belong to the same samples, policy and seed."""
        for field, what in (
            ("data", "samples"),
            ("policy", "policy or preparation"),
            ("seed", "seed"),
            ("version", "version"),
        ):
            mine, theirs = getattr(self, field), getattr(other, field)
            if mine != theirs:
                raise StateError(
                    f"the state was saved with another {what} ({theirs}, here {mine}); make the stream as it was"
                )


def fingerprint(*parts: str | NDArray[Any]) -> str:
    """Sixteen hex digits of arrays and texts."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else np.ascontiguousarray(part).tobytes())
        digest.update(b"\x1f")
    return digest.hexdigest()
