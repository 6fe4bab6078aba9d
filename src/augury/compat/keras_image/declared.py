"""Transforms that keras-preprocessing has and Augury's own set says otherwise. Names begin with Keras."""

# ruff: noqa: ARG002 -- `lower` has one signature, whatever it needs

from __future__ import annotations

from typing import Annotated

import numpy as np

from augury.elementary import cosd_sind
from augury.kernels import Floats, Point, Resample, Table, scaling, shift, stack
from augury.ranges import Fixed, Range, Unit
from augury.spec import Spec
from augury.transforms.base import Params, Transform

Pixels = Annotated[Range, Unit("pixels", -16384.0, 16384.0, identity=0.0)]
Lean = Annotated[Range, Unit("degrees", -89.0, 89.0, identity=0.0)]
Reduction = Annotated[Range, Unit("factor", -100.0, 100.0, identity=1.0)]
Factor = Annotated[Range, Unit("factor", 0.0, 1000.0, identity=1.0)]
Levels = Annotated[Range, Unit("levels of 255", -1e6, 1e6, identity=0.0)]
_LEAST = 1e-6  # a factor of 0 would show one point of the image everywhere, and has no inverse


class KerasShift(Transform):
    """Shift by pixels. x: to the right; y: down; identity 0."""

    x: Pixels = (-10.0, 10.0)
    y: Pixels = (-10.0, 10.0)

    def lower(self, params: Params, spec: Spec) -> Resample:
        """One shift a sample."""
        return Resample(shift(params["x"], params["y"]))


class KerasShear(Transform):
    """Slant and stretch: the bottom moves right by tan(angle) of its height, which grows by 1 / cos(angle).

    angle: degrees; identity 0.
    """

    angle: Lean = (-10.0, 10.0)

    def lower(self, params: Params, spec: Spec) -> Resample:
        """The inverse of the map (1, -sin; 0, cos) from output to input."""
        cos, sin = cosd_sind(params["angle"])
        return Resample(stack([[1.0, sin / cos, 0.0], [0.0, 1.0 / cos, 0.0], [0.0, 0.0, 1.0]]))


class KerasZoom(Transform):
    """Reduce both axes, each by a factor of its own. x, y: above 1 the subject is smaller; identity 1."""

    x: Reduction = (0.9, 1.1)
    y: Reduction = (0.9, 1.1)

    def lower(self, params: Params, spec: Spec) -> Resample:
        """One scaling a sample."""
        x, y = (_away_from_zero(params[side]) for side in "xy")
        return Resample(scaling(1.0 / x, 1.0 / y))


class KerasChannelShift(Transform):
    """Add one number to all channels. amount: in levels of 255, cut to the value range; identity 0."""

    amount: Levels = (-10.0, 10.0)

    def lower(self, params: Params, spec: Spec) -> Point:
        """X + amount. ImageDataGenerator cuts to the values of each image instead."""
        return Point.affine(spec, np.ones_like(params["amount"]), params["amount"] / 255.0)


class KerasBrightness(Transform):
    """Multiply by a factor, drawn uniformly. factor: identity 1. Alpha stays; levels are cut to whole ones."""

    factor: Factor = (0.9, 1.1)

    def lower(self, params: Params, spec: Spec) -> Point:
        """Floor(factor * x) for uint8, as Pillow does it; no rounding for other dtypes."""
        if spec.dtype != "uint8":
            return Point.affine(spec, params["factor"], np.zeros_like(params["factor"]))
        levels = np.arange(256, dtype=np.float32)
        changed = np.minimum(np.floor(params["factor"].astype(np.float32)[:, None] * levels), 255)
        values = np.repeat(changed.astype(np.uint8)[:, None], spec.channels, axis=1)
        if spec.channels == 4:
            values[:, 3] = levels.astype(np.uint8)
        return Point((Table(values),))


def either_way(most: float) -> Range:
    """Within ±most, or always 0."""
    return (-abs(most), abs(most)) if most else Fixed(0.0)


def _away_from_zero(factor: Floats) -> Floats:
    return np.where(np.abs(factor) < _LEAST, _LEAST, factor)
