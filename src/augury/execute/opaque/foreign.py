"""Steps of other libraries: each call is seeded by its sample, and shares nothing with other threads.

Pixels that a step leaves alone keep their bytes, whatever range of values it works in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.execute.opaque.function import StepError, guarded, whole
from augury.spec import Spec

Pixels = NDArray[Any]
_own = threading.local()  # instances that hold a random state: one of each for every thread


def albumentations(
    image: Pixels, spec: Spec, *, step: str, make: Callable[[], Any], seed: Pixels, sample: np.uint64, label: str
) -> Pixels:
    """A transform of Albumentations: uint8 as it is, floats as fractions of the value range."""

    def work(values: Pixels) -> Pixels:
        transform = _instance(step, make)
        transform.set_random_seed(whole(seed))
        return np.asarray(transform(image=values)["image"])

    return _changed(image, spec, (0.0, 1.0), label, sample, work)


def torchvision(
    image: Pixels, spec: Spec, *, step: Callable[[Any], Any], seed: Pixels, sample: np.uint64, label: str
) -> Pixels:
    """A transform of torchvision on a (c, h, w) tensor: uint8 as it is, floats as fractions of the value range."""

    def work(values: Pixels) -> Pixels:
        import torch

        from augury.execute.opaque.torch_draws import Seeded

        with torch.no_grad(), Seeded(whole(seed)):
            changed = step(torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1))))
        return np.asarray(changed.numpy().transpose(1, 2, 0))

    return _changed(image, spec, (0.0, 1.0), label, sample, work)


def keras(
    image: Pixels,
    spec: Spec,
    *,
    step: str,
    make: Callable[[], Any],
    scale: tuple[float, float],
    seed: Pixels,
    sample: np.uint64,
    label: str,
) -> Pixels:
    """A Keras layer on one (h, w, c) image of floats in the range `scale`."""

    def work(values: Pixels) -> Pixels:
        layer = _instance(step, make)
        for generator in layer._seed_generators:
            generator.state.assign([int(seed[0]) >> 1, 0])  # some backends count in 31 bits
        changed: Pixels = _numpy(layer(values[None], training=True))[0]
        return changed

    return _changed(image, spec, scale, label, sample, work, floats=True)


def _instance(step: str, make: Callable[[], Any]) -> Any:
    """This thread's own instance of a step."""
    held: dict[str, Any] = _own.__dict__.setdefault("held", {})
    if step not in held:
        held[step] = make()
    return held[step]


def _numpy(tensor: Any) -> Any:
    import keras as library

    return library.ops.convert_to_numpy(tensor)


def _changed(
    image: Pixels,
    spec: Spec,
    scale: tuple[float, float],
    label: str,
    sample: np.uint64,
    work: Callable[[Pixels], Pixels],
    floats: bool = False,
) -> Pixels:
    """What a step makes of an image that it sees in the range `scale`, or as it is where it takes integers."""
    if spec.is_integer and not floats:
        return _checked(guarded(label, sample, lambda: work(image.copy())), image, label, sample)
    low, factor = spec.value_range[0], (scale[1] - scale[0]) / spec.full_scale
    given = np.asarray((image.astype(np.float64) - low) * factor + scale[0], np.float32)
    result = guarded(label, sample, lambda: work(given.copy())).astype(np.float32)
    result = _checked(result, given, label, sample)
    back = np.clip((result.astype(np.float64) - scale[0]) / factor + low, *spec.value_range)
    moved = (np.rint(back) if spec.is_integer else back).astype(image.dtype)
    return np.asarray(np.where(result == given, image, moved))


def _checked(result: Pixels, given: Pixels, label: str, sample: np.uint64) -> Pixels:
    """The result with its channels, if it has the given shape and dtype."""
    if result.shape == given.shape[:2] and given.shape[2] == 1:
        result = result[..., None]
    if result.shape != given.shape or result.dtype != given.dtype:
        size = f"{given.dtype} {given.shape}"
        raise StepError(
            f"{label}: gave {result.dtype} {result.shape} for {size}; a step must keep size, channels and dtype, so "
            "leave what resizes or converts to prepare(...)",
            int(sample),
        )
    return np.ascontiguousarray(result)


FUNCTIONS = {"albumentations": albumentations, "torchvision": torchvision, "keras": keras}
