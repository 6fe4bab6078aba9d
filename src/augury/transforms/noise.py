"""Noise: declarations; the pixels are changed in `execute/`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from augury.draws import Draws, key_of
from augury.kernels import Noise
from augury.ranges import NoiseLevel, ValueShare
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
        return {**super().draw(draws), **_addresses(draws)}

    def lower(self, params: Params, spec: Spec) -> Noise:
        """X + std * z in the units of the array."""
        std = (params["std"] * spec.full_scale).astype(np.float32)
        return Noise(std, params["key"], params["counter"], *spec.value_range)


class PoissonNoise(Transform):
    """Add the noise of counted light: normal, with the variance of a Poisson count, so that bright pixels have more.

    std: standard deviation of white as a fraction of the value range, 1 / sqrt(count of white); at a fraction f of
    white it is std * sqrt(f); identity 0. Tails are cut at 3.7 sigma, and counts below ten are not modelled well.
    """

    std: NoiseLevel = (0.0, 0.1)
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The level, and where each sample's pixels find their numbers."""
        return {**super().draw(draws), **_addresses(draws)}

    def lower(self, params: Params, spec: Spec) -> Noise:
        """X + std * sqrt(f) * z in the units of the array."""
        std = (params["std"] * spec.full_scale).astype(np.float32)
        return Noise(std, params["key"], params["counter"], *spec.value_range, kind="shot")


class SaltAndPepper(Transform):
    """Turn some values white and as many black, drawn apart for every pixel and channel.

    share: fraction of the values that are changed; identity 0.
    """

    share: ValueShare = (0.0, 0.05)
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The share, and where each sample's pixels find their numbers."""
        return {**super().draw(draws), **_addresses(draws)}

    def lower(self, params: Params, spec: Spec) -> Noise:
        """Low or high instead of x."""
        share = params["share"].astype(np.float32)
        return Noise(share, params["key"], params["counter"], *spec.value_range, kind="impulse")


def _addresses(draws: Draws) -> Params:
    key = np.array(key_of(draws.seed, draws.name, "pixels"), np.uint32)
    return {"key": np.tile(key, (len(draws.address), 1)), "counter": draws.address.counters()}
