"""Noise: declarations; the pixels are changed in `execute/`."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from augury.draws import Draws, key_of
from augury.kernels import Noise
from augury.ranges import NoiseLevel, PixelShare, ValueShare
from augury.spec import Spec
from augury.transforms.base import Params, Transform


class _PixelNoise(Transform):
    """Noise that is drawn apart for every pixel."""

    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The ranges, and where each sample's pixels find their numbers."""
        key = np.array(key_of(draws.seed, draws.name, "pixels"), np.uint32)
        where = {"key": np.tile(key, (len(draws.address), 1)), "counter": draws.address.counters()}
        return {**super().draw(draws), **where}


class GaussianNoise(_PixelNoise):
    """Add normal noise, drawn apart for every pixel and channel (tails cut at 3.7 sigma).

    std: standard deviation as a fraction of the value range; identity 0.
    """

    std: NoiseLevel = (0.0, 0.05)

    def lower(self, params: Params, spec: Spec) -> Noise:
        """X + std * z in the units of the array."""
        std = (params["std"] * spec.full_scale).astype(np.float32)
        return Noise(std, params["key"], params["counter"], *spec.value_range)


class PoissonNoise(_PixelNoise):
    """Add the noise of counted light: normal, with the variance of a Poisson count, so that bright pixels have more.

    std: standard deviation of white as a fraction of the value range, 1 / sqrt(count of white); at a fraction f of
    white it is std * sqrt(f); identity 0. Tails are cut at 3.7 sigma, and counts below ten are not modelled well.
    """

    std: NoiseLevel = (0.0, 0.1)

    def lower(self, params: Params, spec: Spec) -> Noise:
        """X + std * sqrt(f) * z in the units of the array."""
        std = (params["std"] * spec.full_scale).astype(np.float32)
        return Noise(std, params["key"], params["counter"], *spec.value_range, kind="shot")


class SaltAndPepper(_PixelNoise):
    """Turn some values white and as many black, drawn apart for every pixel and channel.

    share: fraction of the values that are changed; identity 0.
    """

    share: ValueShare = (0.0, 0.05)

    def lower(self, params: Params, spec: Spec) -> Noise:
        """Low or high instead of x."""
        share = params["share"].astype(np.float32)
        return Noise(share, params["key"], params["counter"], *spec.value_range, kind="impulse")


class SpeckleNoise(_PixelNoise):
    """Add normal noise in proportion to the light, x + std * f * z, as coherent light makes it (radar, ultrasound).

    std: standard deviation at white as a fraction of the value range; at a fraction f of white it is std * f;
    identity 0. Drawn apart for every pixel and channel; tails are cut at 3.7 sigma.
    """

    std: NoiseLevel = (0.0, 0.15)

    def lower(self, params: Params, spec: Spec) -> Noise:
        """X + std * f * z in the units of the array."""
        std = (params["std"] * spec.full_scale).astype(np.float32)
        return Noise(std, params["key"], params["counter"], *spec.value_range, kind="speckle")


class IsoNoise(_PixelNoise):
    """Add the noise of a camera's sensor: counted light, and reading that light out. The variance is a * f + b^2.

    photon: standard deviation of counted light at white, sqrt(a), as in `PoissonNoise`; read: that of reading, b, the
    same everywhere; both as fractions of the value range, identity 0. Foi et al. 2008, "Practical Poissonian-Gaussian
    Noise Modeling and Fitting for Single-Image Raw-Data".
    """

    photon: NoiseLevel = (0.0, 0.08)
    read: NoiseLevel = (0.0, 0.03)

    def lower(self, params: Params, spec: Spec) -> Noise:
        """The level at white, and the share of its variance that is there in the dark."""
        dark = params["read"] * params["read"]
        white = params["photon"] * params["photon"] + dark
        level = (np.sqrt(white) * spec.full_scale).astype(np.float32)
        share = (dark / np.where(white > 0, white, 1.0)).astype(np.float32)
        return Noise(level, params["key"], params["counter"], *spec.value_range, kind="sensor", second=share)


class PixelDropout(_PixelNoise):
    """Lose some pixels, all their channels alike.

    share: fraction of the pixels, identity 0; fill: what they become, fraction of the value range.
    """

    share: PixelShare = (0.0, 0.05)
    fill: Annotated[float, Field(ge=0.0, le=1.0, json_schema_extra={"unit": "fraction of the value range"})] = 0.0

    def lower(self, params: Params, spec: Spec) -> Noise:
        """The fill instead of x."""
        share = params["share"].astype(np.float32)
        fill = np.full(len(share), spec.level(self.fill), np.float32)
        return Noise(share, params["key"], params["counter"], *spec.value_range, kind="dropout", second=fill)
