"""Loss of detail by functions of the whole image: declarations; the functions are in `execute/opaque`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from augury.errors import PolicyError
from augury.kernels import Opaque
from augury.ranges import BlurRadius, Quality, Resolution, Spread, ends
from augury.spec import DTypeName, Spec
from augury.transforms.base import Params, Transform
from augury.transforms.filter import check_reach, shorter_side

_WEBP_SIDE = 16383  # the format's limit


class Median(Transform):
    """The median of the pixels of a square around each one, channel by channel.

    radius: of the square, as a fraction of the shorter side, rounded to whole pixels; identity 0. Images of uint16
    and float32 take at most 2 pixels (OpenCV's `medianBlur`).
    """

    radius: BlurRadius = (0.0, 0.03)

    def check(self, spec: Spec) -> None:
        """At most 31 pixels to each side, or 2."""
        super().check(spec)
        check_reach(self, "radius", spec, 1.0, 31)
        pixels = np.rint(ends(self.radius)[1] * shorter_side(spec))
        if spec.dtype != "uint8" and pixels > 2:
            raise PolicyError(
                f"{self.label}.radius: {pixels:.0f} pixels; images of {spec.dtype} take at most 2, "
                f"that is {2 / shorter_side(spec):.3g} of their side; give a smaller range or convert them to uint8"
            )

    def lower(self, params: Params, spec: Spec) -> Opaque:
        """Whole pixels."""
        radius = np.rint(params["radius"] * shorter_side(spec)).astype(np.int64)
        return Opaque("median", radius > 0, {"radius": radius})


class ZoomBlur(Transform):
    """The mean of the image at all magnifications from 1 to 1 + amount, as a lens that zooms while it exposes.

    amount: how far a point moves outwards, as a fraction of its distance from the centre; identity 0. Hendrycks and
    Dietterich 2019, "Benchmarking Neural Network Robustness", with steps of at most one pixel.
    """

    amount: Spread = (0.0, 0.15)

    def lower(self, params: Params, spec: Spec) -> Opaque:
        """See `execute.opaque.blur.zoom_blur`."""
        return Opaque("zoom_blur", params["amount"] > 0, {"amount": params["amount"]})


class Downscale(Transform):
    """Lose resolution: reduce to the mean of areas, then enlarge bilinearly.

    factor: of both sides of the smaller image, rounded to whole pixels, drawn log-uniformly; identity 1.
    """

    factor: Resolution = (0.4, 1.0)

    def lower(self, params: Params, spec: Spec) -> Opaque:
        """Sides of the smaller image, at least one pixel."""
        factor = params["factor"]
        height, width = (np.maximum(np.rint(factor * side), 1).astype(np.int64) for side in (spec.height, spec.width))
        on = (height < spec.height) | (width < spec.width)
        return Opaque("downscale", on, {"height": height, "width": width})


class JpegCompression(Transform):
    """Encode as JPEG and decode again, colour at half the resolution. Gray or RGB, uint8.

    quality: of the encoder, 1 to 100, in whole steps; 100 changes pixels, too.
    """

    quality: Quality = (40.0, 95.0)
    channels: ClassVar[tuple[int, ...] | None] = (1, 3)
    dtypes: ClassVar[tuple[DTypeName, ...]] = ("uint8",)

    def lower(self, params: Params, spec: Spec) -> Opaque:
        """See `execute.opaque.compression`."""
        return _encoded("jpeg", params)


class WebpCompression(Transform):
    """Encode as lossy WebP and decode again, colour at half the resolution. Gray or RGB, uint8.

    quality: of the encoder, 1 to 100, in whole steps; 100 changes pixels, too.
    """

    quality: Quality = (40.0, 95.0)
    channels: ClassVar[tuple[int, ...] | None] = (1, 3)
    dtypes: ClassVar[tuple[DTypeName, ...]] = ("uint8",)

    def check(self, spec: Spec) -> None:
        """Sides that the format can hold."""
        super().check(spec)
        if max(spec.height, spec.width) > _WEBP_SIDE:
            raise PolicyError(
                f"{self.label}: WebP holds sides of at most {_WEBP_SIDE:,} pixels, the images have {spec.height} x "
                f"{spec.width}; leave it out or prepare smaller images"
            )

    def lower(self, params: Params, spec: Spec) -> Opaque:
        """See `execute.opaque.compression`."""
        return _encoded("webp", params)


def _encoded(name: str, params: Params) -> Opaque:
    quality = np.rint(params["quality"]).astype(np.int64)
    return Opaque(name, np.ones(len(quality), bool), {"quality": quality})
