"""Geometry: declarations; the pixels are moved in `execute/`."""

from __future__ import annotations

import numpy as np

from augury.elementary import Floats, cosd_sind
from augury.kernels import Resample, compose, rotation, scaling, shear, shift, stack
from augury.ranges import (
    AspectRatio,
    CornerShifts,
    Degrees,
    Fixed,
    Magnification,
    ShearDegrees,
    Shift,
)
from augury.spec import Spec
from augury.transforms.base import Params, Transform


class Rotate(Transform):
    """Rotate about the canvas centre. angle: degrees, counter-clockwise as seen; identity 0."""

    angle: Degrees = (-15.0, 15.0)

    def lower(self, params: Params, spec: Spec) -> Resample:
        """One rotation matrix a sample."""
        return Resample(rotation(params["angle"]))


class SafeRotate(Transform):
    """Rotate about the canvas centre and shrink, so that the whole canvas stays in sight.

    angle: degrees, counter-clockwise as seen; identity 0.
    """

    angle: Degrees = (-15.0, 15.0)

    def lower(self, params: Params, spec: Spec) -> Resample:
        """A rotation, and the largest scale at which the turned corners lie inside."""
        cos, sin = (np.abs(part) for part in cosd_sind(params["angle"]))
        across = spec.width / (spec.width * cos + spec.height * sin)
        down = spec.height / (spec.width * sin + spec.height * cos)
        scale = np.minimum(across, down)
        return Resample(compose(scaling(scale, scale), rotation(params["angle"])))


class Translate(Transform):
    """Shift. x: fraction of the width, to the right; y: fraction of the height, down; identity 0."""

    x: Shift = (-0.1, 0.1)
    y: Shift = (-0.1, 0.1)

    def lower(self, params: Params, spec: Spec) -> Resample:
        """One shift a sample, in pixels of the canvas."""
        return Resample(shift(params["x"] * spec.width, params["y"] * spec.height))


class Zoom(Transform):
    """Magnify about the canvas centre. factor: above 1 the subject is larger; drawn log-uniformly; identity 1."""

    factor: Magnification = (0.8, 1.25)

    def lower(self, params: Params, spec: Spec) -> Resample:
        """One isotropic scaling a sample."""
        return Resample(scaling(params["factor"], params["factor"]))


class Shear(Transform):
    """Slant about the canvas centre. x: degrees, the top leans right; y: degrees, the right side rises; identity 0."""

    x: ShearDegrees = (-10.0, 10.0)
    y: ShearDegrees = Fixed(0.0)

    def lower(self, params: Params, spec: Spec) -> Resample:
        """One shear a sample, x and y at once."""
        return Resample(shear(params["x"], params["y"]))


class Affine(Transform):
    """Shear, then zoom, then rotate, then shift, about the canvas centre, in one map.

    angle: degrees, counter-clockwise; zoom: factor, larger above 1; aspect: extra width / height;
    shear_x, shear_y: degrees; x, y: fractions of the side. Identity: 0 for angles and shifts, 1 for factors.
    """

    angle: Degrees = (-15.0, 15.0)
    zoom: Magnification = (0.9, 1.1)
    x: Shift = (-0.1, 0.1)
    y: Shift = (-0.1, 0.1)
    shear_x: ShearDegrees = (-5.0, 5.0)
    shear_y: ShearDegrees = Fixed(0.0)
    aspect: AspectRatio = Fixed(1.0)

    def lower(self, params: Params, spec: Spec) -> Resample:
        """The product of the four maps."""
        side = np.sqrt(params["aspect"])
        m = compose(scaling(params["zoom"] * side, params["zoom"] / side), shear(params["shear_x"], params["shear_y"]))
        m = compose(rotation(params["angle"]), m)
        return Resample(compose(shift(params["x"] * spec.width, params["y"] * spec.height), m))


class Perspective(Transform):
    """Look from another side: every corner of the canvas moves inwards by its own random amount.

    corners: fraction of half the side, x and y of four corners drawn apart; identity 0.
    """

    corners: CornerShifts = (0.0, 0.2)

    def lower(self, params: Params, spec: Spec) -> Resample:
        """The map that takes the canvas corners to the drawn ones."""
        half = np.array([spec.width, spec.height]) / 2
        signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        corners = signs * (1.0 - params["corners"].reshape(-1, 4, 2)) * half
        moved = _square_to(corners)
        return Resample(compose(moved, scaling(1.0 / half[0], np.full(len(corners), 1.0 / half[1]))))


def _square_to(corners: Floats) -> Floats:
    """Map the corners (-1, -1), (1, -1), (1, 1), (-1, 1) to (n, 4, 2) points.

    Heckbert, "Fundamentals of texture mapping and image warping", 1989, section 2.2.3, moved to a centred square.
    """
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = (corners[:, i].T for i in range(4))
    dx1, dx2, dx3 = x1 - x2, x3 - x2, ((x0 - x1) + x2) - x3
    dy1, dy2, dy3 = y1 - y2, y3 - y2, ((y0 - y1) + y2) - y3
    bottom = dx1 * dy2 - dx2 * dy1
    g, h = (dx3 * dy2 - dx2 * dy3) / bottom, (dx1 * dy3 - dx3 * dy1) / bottom
    from_unit = stack(
        [
            [(x1 - x0) + g * x1, (x3 - x0) + h * x3, x0],
            [(y1 - y0) + g * y1, (y3 - y0) + h * y3, y0],
            [g, h, 1.0],
        ]
    )
    n = len(corners)
    m = compose(from_unit, compose(scaling(0.5, np.full(n, 0.5)), shift(np.ones(n), 1.0)))
    return m / m[:, 2:, 2:]
