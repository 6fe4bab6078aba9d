"""The compiled module, where it was built."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType


@cache
def compiled() -> ModuleType | None:
    """The native kernels, or None where they were not built."""
    try:
        return import_module("augury._native")
    except ImportError:
        return None
