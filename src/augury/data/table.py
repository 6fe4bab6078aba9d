"""Table: the samples of a dataset, before anything is decoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Table:
    """Samples in a fixed order: what each is called, what it shows, and where it is read from.

    Attributes
    ----------
    root : the folder, zip or array, as messages show it.
    paths : relative posix paths, or "row 17" of arrays.
    labels : int64 (n,), indices into `classes`.
    classes : names.
    read : row -> encoded bytes of the file, or raw bytes of the array; digests are made of them.
    decode : row -> (h, w, c), RGB order, own or read-only memory.
    value_range : black and white of float arrays; None for files and integers.
    """

    root: str
    paths: tuple[str, ...]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    read: Callable[[int], bytes]
    decode: Callable[[int], NDArray[Any]]
    value_range: tuple[float, float] | None = None

    def __len__(self) -> int:
        return len(self.paths)

    @cached_property
    def ids(self) -> NDArray[np.uint64]:
        """uint64 (n,) below 2**48: draw addresses, hashed from the paths."""
        return np.array([_address(path) for path in self.paths], np.uint64)

    def digest(self, i: int) -> bytes:
        """16 bytes that are equal for equal content; reads the file."""
        return blake2b(self.read(i), digest_size=16).digest()

    def where(self, i: int) -> str:
        """Sample i, as messages name it."""
        return f"{self.root}/{self.paths[i]}"


def numbered(names: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Class names of samples -> indices int64 (n,) and the sorted names they point into.

    Examples
    --------
    >>> numbered(["dog", "cat", "dog"])
    (array([1, 0, 1]), ('cat', 'dog'))
    """
    classes = tuple(sorted(set(names)))
    index = {name: k for k, name in enumerate(classes)}
    return np.array([index[name] for name in names], np.int64), classes


def _address(path: str) -> int:
    # surrogates stand for bytes of a file name that are not UTF-8
    data = path.encode(errors="surrogateescape")
    return int.from_bytes(blake2b(data, digest_size=6).digest(), "little")
