"""Light that varies over the canvas: declarations; the pixels are changed in `execute/`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from augury.draws import Draws
from augury.elementary import Floats, cosd_sind, exp
from augury.kernels import Light
from augury.ranges import Direction, LightChange, LightShare, Place, Radius, Softness
from augury.spec import Spec
from augury.transforms.base import Params, Transform

KNOTS = 33  # along each side of a lattice of light
_EDGES = 5  # of a shadow


class Vignette(Transform):
    """Darken towards the corners with the square of the distance (Goldman 2010, "Vignette and exposure calibration").

    strength: fraction of the light that the corners lose, identity 0.
    """

    strength: LightShare = (0.0, 0.6)

    def lower(self, params: Params, spec: Spec) -> Light:
        """Gain 1 - strength * r^2, r the distance from the middle in half sides, 1 in the corners."""
        x, y = from_corner()
        square = 2.0 * (np.square(x - 0.5) + np.square(y - 0.5))
        return lit(spec, 1.0 - _lattices(params["strength"]) * square)


class LinearIllumination(Transform):
    """Light from one side: brighter there and darker on the other, as much, along a straight line.

    strength: fraction of the light gained and lost at the ends, identity 0; angle: degrees, counter-clockwise as seen,
    the direction in which it gets brighter, 0 is to the right.
    """

    strength: LightShare = (0.0, 0.5)
    angle: Direction = (-180.0, 180.0)

    def lower(self, params: Params, spec: Spec) -> Light:
        """Gain 1 + strength * t, t from -1 to 1 between the outermost corners along the direction."""
        x, y = from_middle(spec)
        cos, sin = _directions(params["angle"])
        reach = np.abs(cos) * x.max() + np.abs(sin) * y.max()
        return lit(spec, 1.0 + _lattices(params["strength"]) * ((cos * x - sin * y) / reach))


class CornerIllumination(Transform):
    """Light or shade from one corner, drawn among the four, that ends at the opposite one.

    strength: fraction of the light added in the corner, negative takes it away, identity 0.
    """

    strength: LightChange = (-0.6, 0.6)
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The strength, and which corner."""
        return {**super().draw(draws), "corner": draws.integers("corner", 0, 3)}

    def lower(self, params: Params, spec: Spec) -> Light:
        """Gain 1 + strength * (1 - d), d the distance from the corner in diagonals of the canvas."""
        x, y = from_corner()
        right, low = _lattices(params["corner"] % 2), _lattices(params["corner"] // 2)
        distance = np.sqrt(0.5 * (np.square(x - right) + np.square(y - low)))
        return lit(spec, 1.0 + _lattices(params["strength"]) * (1.0 - distance))


class GaussianIllumination(Transform):
    """A round patch of light or shade.

    strength: fraction of the light added in its middle, negative takes it away, identity 0; x, y: its middle;
    radius: standard deviation of the Gaussian.
    """

    strength: LightChange = (-0.6, 0.6)
    x: Place = (0.0, 1.0)
    y: Place = (0.0, 1.0)
    radius: Radius = (0.15, 0.5)

    def lower(self, params: Params, spec: Spec) -> Light:
        """Gain 1 + strength * exp(-d^2 / (2 radius^2))."""
        falloff = exp(-0.5 * distance_squared(params, spec) / np.square(_lattices(params["radius"])))
        return lit(spec, 1.0 + _lattices(params["strength"]) * falloff)


class Shadow(Transform):
    """The shadow of something beside the camera: a convex shape of five drawn edges, which may leave the canvas.

    strength: fraction of the light it takes, identity 0; x, y: its middle; size: mean distance of its edges from there;
    softness: width of the half-shadow.
    """

    strength: LightShare = (0.2, 0.7)
    x: Place = (0.0, 1.0)
    y: Place = (0.0, 1.0)
    size: Radius = (0.15, 0.6)
    softness: Softness = (0.06, 0.2)
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The fields, and each edge's direction and distance."""
        edges = {field: draws.unit(field, _EDGES) for field in ("turns", "reach")}
        return {**super().draw(draws), **edges}

    def lower(self, params: Params, spec: Spec) -> Light:
        """Gain 1 - strength * s, s rising smoothly across every edge."""
        x, y = away(params, spec)
        outside = np.full(np.broadcast_shapes(x.shape, y.shape), -np.inf)
        for k in range(_EDGES):
            cos, sin = _directions((k + params["turns"][:, k]) * (360.0 / _EDGES))
            reach = _lattices(params["size"] * (0.5 + params["reach"][:, k]))
            outside = np.maximum(outside, (cos * x - sin * y) - reach)
        share = smooth(0.5 - outside / _lattices(params["softness"]))
        return lit(spec, 1.0 - _lattices(params["strength"]) * share)


def lit(spec: Spec, gain: Floats) -> Light:
    """The kernel of a lattice of gains (n, rows, columns)."""
    return Light.of(spec, gain, np.zeros((1, 1, 1)))


def from_corner() -> tuple[Floats, Floats]:
    """Places of the knots in fractions of the sides: x (columns,) to the right and y (rows, 1) down."""
    at = np.arange(KNOTS) / (KNOTS - 1)
    return at, at[:, None]


def from_middle(spec: Spec) -> tuple[Floats, Floats]:
    """The same from the middle of the canvas, in shorter sides of it."""
    x, y = from_corner()
    shorter = min(spec.height, spec.width)
    return (x - 0.5) * (spec.width / shorter), (y - 0.5) * (spec.height / shorter)


def away(params: Params, spec: Spec) -> tuple[Floats, Floats]:
    """Places of the knots from each sample's own x, y, in shorter sides: (n, 1, columns) and (n, rows, 1)."""
    shorter = min(spec.height, spec.width)
    x, y = from_corner()
    across, down = (x - _lattices(params["x"])) * spec.width, (y - _lattices(params["y"])) * spec.height
    return across / shorter, down / shorter


def distance_squared(params: Params, spec: Spec) -> Floats:
    """(n, rows, columns) from each sample's own x, y, in shorter sides."""
    x, y = away(params, spec)
    return np.square(x) + np.square(y)


def smooth(t: Floats) -> Floats:
    """0 up to t = 0, 1 from t = 1 on, and without a kink between."""
    t = np.clip(t, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _lattices(column: Floats) -> Floats:
    return np.asarray(column, np.float64)[:, None, None]


def _directions(angle: Floats) -> tuple[Floats, Floats]:
    cos, sin = cosd_sind(angle)
    return _lattices(cos), _lattices(sin)
