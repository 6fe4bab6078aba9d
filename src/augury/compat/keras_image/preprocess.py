"""Keras's own `preprocess_input` functions, recognised so that they become a table."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Function = Callable[[Any], Any]
_KERAS = re.compile(r"(tf_|tensorflow\.(python\.)?)?keras\.(_tf_keras\.|src\.|api\.)*applications\.")
_TORCH_MEAN, _TORCH_STD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)
_CAFFE_MEAN = np.array([103.939, 116.779, 123.68], np.float32)


def mode_of(function: Function | None) -> str | None:
    """Which of tf, caffe, torch or none (values as they are) a function of keras.applications is; else None.

    A function is recognised by where it comes from, never by what it returns: another one could return the
    same here and something else there.
    """
    name, module = getattr(function, "__name__", ""), getattr(function, "__module__", "")
    if function is None or name != "preprocess_input" or not _KERAS.match(f"{module}."):
        return None
    return _probed(function)


@cache
def _probed(function: Function) -> str | None:
    """The mode whose arithmetic gives what the function gives on all levels in all channels."""
    levels = np.stack([np.roll(np.arange(256, dtype=np.float32), 85 * c) for c in range(3)], axis=-1)
    result = function(levels.reshape(1, 16, 16, 3).copy())
    if not isinstance(result, np.ndarray) or result.shape != (1, 16, 16, 3):
        return None
    for mode in ("tf", "caffe", "torch", "none"):
        if np.array_equal(preprocessed(levels, mode), result.reshape(256, 3)):
            return mode
    return None


def preprocessed(x: NDArray[np.float32], mode: str) -> NDArray[np.float32]:
    """The arithmetic of a mode on (..., 3) levels 0..255 in float32, step by step as Keras rounds it."""
    if mode == "tf":
        return x / np.float32(127.5) - np.float32(1)
    if mode == "torch":
        return (x / np.float32(255) - _TORCH_MEAN) / _TORCH_STD
    if mode == "caffe":
        return x[..., ::-1] - _CAFFE_MEAN
    return x
