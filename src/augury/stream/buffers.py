"""Batch buffers that come back by themselves when nobody holds a view of them any more."""

from __future__ import annotations

import threading
import weakref
from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KEEP = 8  # free buffers of one size; more would only hold memory


class Buffers:
    """Arrays without the page faults of fresh memory.

    An array is a view of a bytearray, which numpy never merges into the views made from it: tensors and
    slices keep the *array* alive, and only its death gives the memory back. So a buffer cannot be
    handed out twice while somebody reads it.
    """

    def __init__(self) -> None:
        self._free: dict[int, list[bytearray]] = defaultdict(list)
        self._lock = threading.Lock()

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """An array of any content."""
        size = int(np.prod(shape)) * dtype.itemsize
        with self._lock:
            memory = self._free[size].pop() if self._free[size] else None
        memory = bytearray(size) if memory is None else memory
        array = np.frombuffer(memory, dtype).reshape(shape)
        owner = array.base if isinstance(array.base, np.ndarray) else array
        weakref.finalize(owner, self._give_back, memory).atexit = False
        return array

    def _give_back(self, memory: bytearray) -> None:
        with self._lock:
            if len(self._free[len(memory)]) < _KEEP:
                self._free[len(memory)].append(memory)
