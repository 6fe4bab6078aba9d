"""Noise: declarations; the pixels are changed in `execute/`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from augury.draws import Draws, key_of
from augury.kernels import Noise
from augury.ranges import NoiseLevel
from augury.spec import Spec
from augury.transforms.base import Params, Transform


class GaussianNoise(Transform):
    """Add normal noise, drawn apart for every pixel and channel (tails cut at 3.7 sigma).

    std: standard deviation as a fraction of the value range; identity 0.
    """

    std: NoiseLevel = (0.0, 0.05)
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The level, and where each sample's pixels find their numbers."""
        key = np.array(key_of(draws.seed, draws.name, "pixels"), np.uint32)
        return {
            **super().draw(draws),
            "key": np.tile(key, (len(draws.address), 1)),
            "counter": draws.address.counters(),
        }

    def lower(self, params: Params, spec: Spec) -> Noise:
        """X + std * z in the units of the array."""
        std = (params["std"] * spec.full_scale).astype(np.float32)
        return Noise(std, params["key"], params["counter"], *spec.value_range)
