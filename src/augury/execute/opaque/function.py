"""Functions of the user's, and how anything brought from outside is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.errors import AuguryError, first_line
from augury.spec import Spec

Pixels = NDArray[Any]


class StepError(AuguryError):
    """A step that was brought failed on a sample; `sample` is its id, by which a stream finds its name."""

    def __init__(self, line: str, sample: np.uint64) -> None:
        super().__init__(line)
        self.sample = int(sample)

    def on(self, name: str) -> AuguryError:
        """The same with the name of the sample."""
        return AuguryError(f"{self} (on {name})")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.sample)


def call(
    image: Pixels,
    spec: Spec,
    *,
    function: Callable[..., Any],
    takes_rng: bool,
    seed: Pixels,
    sample: np.uint64,
    label: str,
) -> Pixels:
    """The function on a copy of the image, which it may change; floats are clipped to the value range."""
    more = {"rng": np.random.default_rng(whole(seed))} if takes_rng else {}
    result = guarded(label, sample, lambda: np.asarray(function(image.copy(), **more)))
    result = kept(result, image, label, sample)
    return result if spec.is_integer else np.clip(result, *spec.value_range)


def kept(result: Pixels, given: Pixels, label: str, sample: np.uint64) -> Pixels:
    """The result, if it has the shape and dtype of what was given, and is finite."""
    if result.shape != given.shape or result.dtype != given.dtype:
        told = f"gave {result.dtype} {result.shape} for {given.dtype} {given.shape}"
        raise StepError(
            f"{label}: {told}; a step must keep size, channels and dtype, the rest is for prepare(...)", sample
        )
    if given.dtype.kind == "f" and not np.isfinite(result).all():
        raise StepError(f"{label}: gave values that are not finite", sample)
    return np.ascontiguousarray(result)


def guarded(label: str, sample: np.uint64, work: Callable[[], Pixels]) -> Pixels:
    """What work gives; what it raises becomes one line that names the step, chained to the original."""
    try:
        return work()
    except Exception as error:
        raise StepError(f"{label}: {type(error).__name__}: {first_line(error)}", sample) from error


def whole(seed: Pixels) -> int:
    """Two words of 32 bits as one number."""
    return int(seed[0]) | int(seed[1]) << 32


FUNCTIONS = {"function": call}
