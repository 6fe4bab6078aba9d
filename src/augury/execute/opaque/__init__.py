"""Functions of whole images, by family; `kernels.Opaque` names them.

Each takes the image (h, w, c), the `Spec` of its values, and its parameters by name, and returns a new image of the
same shape and dtype. It must not change the one that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.errors import AuguryError
from augury.spec import Spec

Pixels = NDArray[Any]

# modules of this folder, each with a dict FUNCTIONS of names
_FAMILIES = ("blur", "compression", "foreign", "function", "histogram", "weather")


def call(name: str, image: Pixels, spec: Spec, given: Mapping[str, Any]) -> Pixels:
    """Run a function on an image, and check what it gives back."""
    result = np.asarray(_functions()[name](image, spec, **given))
    if result.shape != image.shape or result.dtype != image.dtype:
        raise AuguryError(
            f"{name}: gave {result.dtype} {result.shape} for an image of {image.dtype} {image.shape}; "
            "keep its shape and dtype"
        )
    return result


@cache
def _functions() -> dict[str, Callable[..., Pixels]]:
    found: dict[str, Callable[..., Pixels]] = {}
    for family in _FAMILIES:
        found |= import_module(f"augury.execute.opaque.{family}").FUNCTIONS
    return found
