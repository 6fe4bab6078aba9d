"""Colour: what one channel has to do with the others; declarations only. Alpha stays as it is."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from augury.draws import Draws
from augury.elementary import Floats
from augury.kernels import Point
from augury.ranges import ChannelAmount, Degrees, Gain, Strength
from augury.spec import Spec
from augury.transforms.base import Params, Probability, Transform

COLOUR = (3, 4)  # numbers of channels of the transforms that need red, green and blue
_GRAY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
_ORDERS = np.array([(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])


class Saturation(Transform):
    """Blend with the gray image (BT.601). factor: above 1 more colourful, drawn log-uniformly; identity 1."""

    factor: Gain = (0.7, 1.4)
    channels: ClassVar[tuple[int, ...] | None] = COLOUR

    def lower(self, params: Params, spec: Spec) -> Point:
        """Factor * x + (1 - factor) * gray."""
        return _saturated(params["factor"], spec)


class Hue(Transform):
    """Turn all hues in the HSV hexcone; value and saturation stay (Smith 1978, "Color gamut transform pairs").

    angle: degrees, 120 makes red green and green blue; identity 0.
    """

    angle: Degrees = (-20.0, 20.0)
    channels: ClassVar[tuple[int, ...] | None] = COLOUR

    def lower(self, params: Params, spec: Spec) -> Point:
        """One turn a sample."""
        return Point.hue(spec, params["angle"])


class ColorJitter(Transform):
    """Brightness, contrast about mid-range, saturation and hue, in this order, each rounded as if alone.

    brightness, contrast, saturation: factors, drawn log-uniformly, identity 1; hue: degrees, identity 0.
    """

    brightness: Gain = (0.8, 1.25)
    contrast: Gain = (0.8, 1.25)
    saturation: Gain = (0.8, 1.25)
    hue: Degrees = (-10.0, 10.0)
    channels: ClassVar[tuple[int, ...] | None] = COLOUR

    def lower(self, params: Params, spec: Spec) -> Point:
        """Four steps of one kernel."""
        brightness, contrast = params["brightness"], params["contrast"]
        lit = Point.affine(spec, brightness, np.zeros_like(brightness), spec.colours)
        stretched = Point.affine(spec, contrast, 0.5 - 0.5 * contrast, spec.colours)
        return lit.then(stretched).then(_saturated(params["saturation"], spec)).then(Point.hue(spec, params["hue"]))


class ChannelShift(Transform):
    """Add a constant to each colour. red, green, blue: fractions of the value range; identity 0."""

    red: ChannelAmount = (-0.1, 0.1)
    green: ChannelAmount = (-0.1, 0.1)
    blue: ChannelAmount = (-0.1, 0.1)
    channels: ClassVar[tuple[int, ...] | None] = COLOUR

    def lower(self, params: Params, spec: Spec) -> Point:
        """X + amount, clipped."""
        amount = np.stack([params["red"], params["green"], params["blue"]], axis=1)
        return Point.affine(spec, np.ones_like(amount), amount, 3)


class ChannelShuffle(Transform):
    """Give red, green and blue to each other: one of the five other orders, equally likely."""

    p: Probability = 0.5
    channels: ClassVar[tuple[int, ...] | None] = COLOUR
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """Number of the order."""
        return {"order": draws.integers("order", 0, len(_ORDERS) - 1)}

    def lower(self, params: Params, spec: Spec) -> Point:
        """A permutation matrix a sample, so that values stay exact."""
        matrix = np.eye(3)[_ORDERS[params["order"]]]
        return Point.mix(spec, matrix, np.zeros((len(matrix), 3)))


class ChannelDropout(Transform):
    """Replace one of red, green and blue, equally likely, by one value. fill: fraction of the value range."""

    fill: Annotated[float, Field(ge=0.0, le=1.0, json_schema_extra={"unit": "fraction of the value range"})] = 0.0
    p: Probability = 0.5
    channels: ClassVar[tuple[int, ...] | None] = COLOUR
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """Number of the channel."""
        return {"channel": draws.integers("channel", 0, 2)}

    def lower(self, params: Params, spec: Spec) -> Point:
        """Gain 0 and the fill for that channel."""
        lost = params["channel"][:, None] == np.arange(3)
        return Point.affine(spec, np.where(lost, 0.0, 1.0), np.where(lost, self.fill, 0.0), 3)


class Grayscale(Transform):
    """Give all three colours the same value, 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601)."""

    p: Probability = 0.5
    channels: ClassVar[tuple[int, ...] | None] = COLOUR

    def lower(self, params: Params, spec: Spec) -> Point:
        """The gray image in every colour."""
        n = len(params["on"])
        return Point.mix(spec, np.tile(_GRAY, (n, 3, 1)), np.zeros((n, 3)))


class Sepia(Transform):
    """Tint brown, as an old photograph, by the matrix of `sepia()` in W3C's Filter Effects.

    strength: fraction of the way from the image to its tinted form; identity 0.
    """

    strength: Strength = (0.0, 1.0)
    channels: ClassVar[tuple[int, ...] | None] = COLOUR

    def lower(self, params: Params, spec: Spec) -> Point:
        """X + strength * (sepia - x), clipped."""
        strength = params["strength"][:, None, None]
        return Point.mix(spec, np.eye(3) + strength * (_SEPIA - np.eye(3)), np.zeros((len(strength), 3)))


def _saturated(factor: Floats, spec: Spec) -> Point:
    factor = factor[:, None, None]
    return Point.mix(spec, factor * np.eye(3) + (1.0 - factor) * _GRAY, np.zeros((len(factor), 3)))
