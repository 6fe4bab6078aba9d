"""Functions of the user's, and how anything brought from outside is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.errors import AuguryError
from augury.spec import Spec

Pixels = NDArray[Any]


class StepError(AuguryError):
    """A step that was brought failed on a sample; `sample` is its id, by which a stream finds its name."""

    def __init__(self, line: str, sample: int) -> None:
        super().__init__(line)
        self.sample = sample

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.sample)


def call(
    image: Pixels,
    _: Spec,
    *,
    function: Callable[..., Any],
    takes_rng: bool,
    seed: Pixels,
    sample: np.uint64,
    label: str,
) -> Pixels:
    """The function on a copy of the image, so that one that changes it in place does no harm."""
    more = {"rng": np.random.default_rng(whole(seed))} if takes_rng else {}
    result = guarded(label, sample, lambda: np.asarray(function(image.copy(), **more)))
    if result.shape != image.shape or result.dtype != image.dtype:
        raise StepError(
            f"{label}: gave {result.dtype} {result.shape} for an image of {image.dtype} {image.shape}; it must keep "
            "shape and dtype",
            int(sample),
        )
    return result


def guarded(label: str, sample: np.uint64, work: Callable[[], Pixels]) -> Pixels:
    """What work gives; what it raises becomes one line that names the step, chained to the original."""
    try:
        return work()
    except Exception as error:
        said = str(error).strip().splitlines()
        line = f"{label}: {type(error).__name__}: {said[0] if said else 'no message'}"
        raise StepError(line, int(sample)) from error


def whole(seed: Pixels) -> int:
    """Two words of 32 bits as one number."""
    return int(seed[0]) | int(seed[1]) << 32


FUNCTIONS = {"function": call}
