"""Cloudy light, by diamond and square: declarations; the pixels are changed in `execute/`."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from augury.draws import Draws
from augury.elementary import Floats
from augury.kernels import Light
from augury.ranges import CloudCover, LightShare, Roughness, ValueChange
from augury.spec import Spec
from augury.transforms.base import Params, Transform
from augury.transforms.light import KNOTS, lit, smooth


class _Plasma(Transform):
    """What the three share: a cloud for each sample."""

    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The fields, and a number for every knot of the cloud."""
        return {**super().draw(draws), "cloud": knots(draws)}


class PlasmaBrightness(_Plasma):
    """Make clouds of brighter and of darker (Nicolaou et al. 2022, "TorMentor").

    strength: the most that is added and taken away, identity 0; roughness: 0 smooth, 1 ragged.
    """

    strength: ValueChange = (0.1, 0.4)
    roughness: Roughness = (0.3, 0.7)

    def lower(self, params: Params, spec: Spec) -> Light:
        """X + strength * (2 cloud - 1)."""
        return Light.of(spec, np.ones((1, 1, 1)), _swing(params))


class PlasmaContrast(_Plasma):
    """Make clouds of more and of less contrast about mid-range (Nicolaou et al. 2022).

    strength: the most by which the factor leaves 1, identity 0; roughness: 0 smooth, 1 ragged.
    """

    strength: LightShare = (0.2, 0.7)
    roughness: Roughness = (0.3, 0.7)

    def lower(self, params: Params, spec: Spec) -> Light:
        """Factor * (x - 1/2) + 1/2 with the factor 1 + strength * (2 cloud - 1)."""
        swing = _swing(params)
        return Light.of(spec, 1.0 + swing, -0.5 * swing)


class PlasmaShadow(_Plasma):
    """Shadows as of clouds and leaves (Nicolaou et al. 2022).

    strength: fraction of the light they take, identity 0; cover: how high in the cloud shadow lies, half of the canvas
    at 0.5 and all of it at 1, identity 0; roughness: 0 smooth, 1 ragged.
    """

    strength: LightShare = (0.2, 0.7)
    cover: CloudCover = (0.3, 0.6)
    roughness: Roughness = (0.3, 0.7)

    def lower(self, params: Params, spec: Spec) -> Light:
        """Gain 1 - strength where the cloud is low, with an edge that is a fifth of its height wide."""
        cloud = plasma(params["cloud"], params["roughness"])
        share = smooth(6.0 * params["cover"][:, None, None] - 5.0 * cloud)
        return lit(spec, 1.0 - params["strength"][:, None, None] * share)


def knots(draws: Draws) -> NDArray[np.float32]:
    """(n, KNOTS * KNOTS) uniform numbers for `plasma`; float32, as plans keep them."""
    return draws.unit("cloud", KNOTS * KNOTS).astype(np.float32)


def plasma(numbers: NDArray[Any], roughness: Floats) -> Floats:
    """Clouds by midpoint displacement (Fournier, Fussell, Carpenter 1982, in diamonds and squares).

    Parameters
    ----------
    numbers : (n, KNOTS * KNOTS), see `knots`. roughness : (n,), the displacement left when the step is halved.

    Returns
    -------
    float64 (n, KNOTS, KNOTS), from 0 to 1 in each.
    """
    moves = numbers.reshape(-1, KNOTS, KNOTS).astype(np.float64) - 0.5
    z, step, amplitude = moves.copy(), KNOTS - 1, np.ones((len(moves), 1, 1))
    while step > 1:
        half, amplitude = step // 2, amplitude * roughness[:, None, None]
        corners = z[:, ::step, ::step]
        edge = corners[:, 1:] + corners[:, :-1]
        z[:, half::step, half::step] = 0.25 * (edge[:, :, 1:] + edge[:, :, :-1])
        z[:, half::step, half::step] += amplitude * moves[:, half::step, half::step]
        _between(z, moves, step, amplitude)
        _between(z.swapaxes(1, 2), moves.swapaxes(1, 2), step, amplitude)
        step = half
    low, high = z.min(axis=(1, 2), keepdims=True), z.max(axis=(1, 2), keepdims=True)
    return np.asarray((z - low) / np.maximum(high - low, 1e-9))


def _between(z: Floats, moves: Floats, step: int, amplitude: Floats) -> None:
    """Set the knots between two corners of a row from these and from the middles above and below."""
    half = step // 2
    corners, middles = z[:, ::step, ::step], z[:, half::step, half::step]
    total = corners[:, :, 1:] + corners[:, :, :-1]
    total[:, 1:] += middles
    total[:, :-1] += middles
    count = np.full((total.shape[1], 1), 4.0)
    count[[0, -1]] = 3.0
    z[:, ::step, half::step] = total / count + amplitude * moves[:, ::step, half::step]


def _swing(params: Params) -> Floats:
    """Strength * (2 cloud - 1), (n, KNOTS, KNOTS)."""
    return params["strength"][:, None, None] * (2.0 * plasma(params["cloud"], params["roughness"]) - 1.0)
