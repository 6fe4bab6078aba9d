"""Blur and detail by weighted sums of neighbours: declarations; the pixels are changed in `execute/`.

Lengths are fractions of the canvas's shorter side. All channels are changed alike.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from augury.elementary import Floats, cosd_sind
from augury.errors import PolicyError
from augury.kernels import Filter
from augury.kernels.taps import SOBEL, disc, gaussian, line, low_pass
from augury.ranges import (
    BlurRadius,
    Cutoff,
    Degrees,
    DetailGain,
    LeastDetail,
    PathLength,
    ReliefGain,
    ends,
)
from augury.spec import Spec
from augury.transforms.base import Params, Transform

_ONE = np.pad(np.ones((1, 1)), 1)
_SMOOTH = (np.ones((3, 3)) + 4.0 * _ONE) / 13.0
_RINGS = 7  # pixels around the middle that `Ringing` reads


def shorter_side(spec: Spec) -> int:
    """In pixels of the canvas."""
    return min(spec.height, spec.width)


def check_reach(one: Transform, field: str, spec: Spec, share: float, limit: int) -> None:
    """Raise a PolicyError unless share * the largest value of a field, in pixels, is within the limit."""
    side, most = shorter_side(spec), ends(getattr(one, field))[1]
    if share * most * side > limit:
        raise PolicyError(
            f"{one.label}.{field}: {most:g} of a side of {side} pixels reads too many neighbours; "
            f"give at most {limit / (share * side):.3g}, or prepare smaller images"
        )


class GaussianBlur(Transform):
    """Blur by a Gaussian, cut at three sigma.

    sigma: standard deviation as a fraction of the shorter side; identity 0. Below a tenth of a pixel nothing changes.
    """

    sigma: BlurRadius = (0.0, 0.02)

    def check(self, spec: Spec) -> None:
        """At most 255 pixels to each side."""
        super().check(spec)
        check_reach(self, "sigma", spec, 3.0, 255)

    def lower(self, params: Params, spec: Spec) -> Filter:
        """Down, then across."""
        row = gaussian(params["sigma"] * shorter_side(spec))
        return Filter.of(spec, row[:, :, None], params["sigma"] > 0, row)


class MotionBlur(Transform):
    """Blur along a straight line, as a camera that moves evenly while it exposes.

    length: of the path, as a fraction of the shorter side; identity 0.
    angle: degrees, counter-clockwise as seen; a path has no direction, so half a turn holds all.
    """

    length: PathLength = (0.0, 0.05)
    angle: Degrees = (-90.0, 90.0)

    def check(self, spec: Spec) -> None:
        """At most 31 pixels to each side."""
        super().check(spec)
        check_reach(self, "length", spec, 0.5, 31)

    def lower(self, params: Params, spec: Spec) -> Filter:
        """The share of the time that a point stays near each pixel."""
        return Filter.of(spec, line(params["length"] * shorter_side(spec), params["angle"]), params["length"] > 0)


class DefocusBlur(Transform):
    """Blur by an even disc, as a lens out of focus.

    radius: as a fraction of the shorter side; identity 0. Up to half a pixel nothing changes.
    """

    radius: BlurRadius = (0.0, 0.03)

    def check(self, spec: Spec) -> None:
        """At most 31 pixels to each side."""
        super().check(spec)
        check_reach(self, "radius", spec, 1.0, 31)

    def lower(self, params: Params, spec: Spec) -> Filter:
        """The disc, its rim weighed by how much of a pixel lies inside."""
        return Filter.of(spec, disc(params["radius"] * shorter_side(spec)), params["radius"] > 0)


class Sharpen(Transform):
    """Add detail, or take it away: x + amount * (x - smooth), smooth the mean of 3 x 3 pixels, the middle five times.

    amount: identity 0; -1 gives the smooth image. Pillow's ImageEnhance.Sharpness(1 + amount), which keeps the
    outermost pixels as they are and rounds the smooth image.
    """

    amount: DetailGain = (0.0, 1.0)

    def lower(self, params: Params, spec: Spec) -> Filter:
        """One set of weights, rounded once."""
        amount = params["amount"]
        return Filter.of(spec, _beside_itself(amount, _ONE - _SMOOTH), amount != 0)


class UnsharpMask(Transform):
    """Add the difference from a Gaussian blur: x + amount * (x - blurred) where that differs by more than a threshold.

    sigma: of the blur, as a fraction of the shorter side, identity 0; amount: identity 0, -1 gives the blur;
    threshold: fraction of the value range. The filter of this name in Pillow, which blurs by boxes.
    """

    sigma: BlurRadius = (0.005, 0.02)
    amount: DetailGain = (0.0, 1.5)
    threshold: LeastDetail = (0.0, 0.02)

    def check(self, spec: Spec) -> None:
        """At most 255 pixels to each side."""
        super().check(spec)
        check_reach(self, "sigma", spec, 3.0, 255)

    def lower(self, params: Params, spec: Spec) -> Filter:
        """The blur, and how its difference is used."""
        row = gaussian(params["sigma"] * shorter_side(spec))
        amount = params["amount"].astype(np.float32)
        threshold = (params["threshold"] * spec.full_scale).astype(np.float32)
        on = (params["sigma"] > 0) & (params["amount"] != 0)
        return replace(Filter.of(spec, row[:, :, None], on, row), amount=amount, threshold=threshold)


class Emboss(Transform):
    """Light the image from one side, as if it were a relief: x + amount * its slope away from the light.

    amount: share of the slope over two pixels (Sobel's derivative / 4); identity 0. angle: degrees, counter-clockwise
    as seen, of the direction in which rising values become brighter; 0 is to the right. 2.83 at -45 degrees is the
    common filter of the rows (-1 -1 0), (-1 1 1), (0 1 1).
    """

    amount: ReliefGain = (0.0, 1.0)
    angle: Degrees = (-180.0, 180.0)

    def lower(self, params: Params, spec: Spec) -> Filter:
        """The image and its derivative in one set of weights."""
        cos, sin = (part[:, None, None] for part in cosd_sind(params["angle"]))
        return Filter.of(
            spec, _beside_itself(params["amount"], 0.25 * (cos * SOBEL - sin * SOBEL.T)), params["amount"] > 0
        )


class Ringing(Transform):
    """Echoes along edges, as strong sharpening or compression leaves them: a low-pass that ends abruptly.

    cutoff: frequency up to which detail is kept, as a fraction of the highest one. Wang et al. 2021, "Real-ESRGAN",
    here on 15 x 15 pixels.
    """

    cutoff: Cutoff = (0.35, 0.9)

    def lower(self, params: Params, spec: Spec) -> Filter:
        """The circular sinc filter."""
        return Filter.of(spec, low_pass(params["cutoff"], _RINGS), np.ones(len(params["cutoff"]), bool))


def _beside_itself(amount: Floats, change: Floats) -> NDArray[np.float32]:
    """Weights (n, 3, 3) of x + amount * change(x)."""
    return np.asarray(_ONE + amount[:, None, None] * change, np.float32)
