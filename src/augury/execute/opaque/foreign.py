"""Steps of other libraries: each call is seeded by its sample, and shares nothing with other threads.

Pixels that a step leaves alone keep their bytes, whatever range of values it works in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.execute.opaque.function import guarded, kept, whole
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
        import keras as library

        layer = _instance(step, make)
        for part in layer._flatten_layers():
            for generator in part._seed_generators:
                generator.state.assign([int(seed[0]) >> 1, 0])  # some backends hold 31 bits
        with _seeded(library.config.backend(), whole(seed)):
            changed = layer(values[None], training=True)[0]
        return np.asarray(changed.detach().cpu() if hasattr(changed, "detach") else changed)

    return _changed(image, spec, scale, label, sample, work, floats=True)


def _instance(step: str, make: Callable[[], Any]) -> Any:
    """This thread's own instance of a step."""
    held: dict[str, Any] = _own.__dict__.setdefault("held", {})
    if step not in held:
        held[step] = make()
    return held[step]


def _seeded(backend: str, seed: int) -> AbstractContextManager[Any]:
    """On PyTorch some layers draw from its global generator, whatever seed they were given."""
    if backend != "torch":
        return nullcontext()
    from augury.execute.opaque.torch_draws import Seeded

    return Seeded(seed)


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
    flat = result.shape == given.shape[:2] and given.shape[2] == 1
    return kept(result[..., None] if flat else result, given, label, sample)


FUNCTIONS = {"albumentations": albumentations, "torchvision": torchvision, "keras": keras}
