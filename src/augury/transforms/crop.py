"""Crops, and what changes the size of the canvas: declarations; the pixels are moved in `execute/`."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from augury.kernels import Floats, Resample, compose, scaling, shift
from augury.ranges import AspectRatio, CropArea, Fixed, Position
from augury.spec import Spec
from augury.transforms.base import Params, Transform

Sides = Annotated[
    tuple[
        Annotated[float, Field(gt=0.0, le=8.0, json_schema_extra={"unit": "fraction of the height"})],
        Annotated[float, Field(gt=0.0, le=8.0, json_schema_extra={"unit": "fraction of the width"})],
    ],
    Field(json_schema_extra={"unit": "fractions of the height and width"}),
]
Pixels = Annotated[int, Field(ge=1, le=16384, json_schema_extra={"unit": "pixels"})]


class ResizedCrop(Transform):
    """Show a random part of the canvas, as large as the canvas (Szegedy et al. 2015, "Inception" crops).

    area: fraction of the canvas area, drawn uniformly; identity 1.
    aspect: width / height relative to the canvas, identity 1. x, y: where in the free room, 0 left or top.
    """

    area: CropArea = (0.5, 1.0)
    aspect: AspectRatio = (0.75, 4 / 3)
    x: Position = (0.0, 1.0)
    y: Position = (0.0, 1.0)

    def lower(self, params: Params, spec: Spec) -> Resample:
        """Scale the crop to the canvas; sides longer than the canvas are cut to it."""
        width = np.minimum(np.sqrt(params["area"] * params["aspect"]), 1.0)
        height = np.minimum(np.sqrt(params["area"] / params["aspect"]), 1.0)
        left, top = (1.0 - width) * params["x"], (1.0 - height) * params["y"]
        return Resample(_shown(left, top, width, height, spec))


class SafeCrop(Transform):
    """Show a random part of the canvas that holds the subject: all boxes, or all that a mask marks.

    The part has the aspect of the canvas and becomes as large. area: fraction of the canvas area, larger where the
    subject needs it; identity 1. x, y: where, within what the subject leaves free. Without a subject any part.
    """

    area: CropArea = (0.2, 1.0)
    x: Position = (0.0, 1.0)
    y: Position = (0.0, 1.0)
    needs_subject: ClassVar[bool] = True

    def lower(self, params: Params, spec: Spec) -> Resample:
        """Choose the side, then the corner among those that keep the subject inside."""
        sides = np.array([spec.width, spec.height] * 2, np.float64)
        nowhere = np.full((len(params["on"]), 4), np.nan)
        subject = np.clip(params.get("subject", nowhere) / sides, 0.0, 1.0)
        there = np.asarray(np.isfinite(subject).all(axis=1))
        low, high = (np.where(there[:, None], subject[:, k : k + 2], 0.5) for k in (0, 2))
        side = np.maximum(np.sqrt(params["area"]), (high - low).max(axis=1))
        first = np.where(there[:, None], np.maximum(high - side[:, None], 0.0), 0.0)
        last = np.where(there[:, None], np.minimum(low, 1.0 - side[:, None]), 1.0 - side[:, None])
        corner = first + (np.maximum(last, first) - first) * np.stack([params["x"], params["y"]], axis=1)
        return Resample(_shown(corner[:, 0], corner[:, 1], side, side, spec))


class Crop(Transform):
    """Cut a part out of the canvas, which becomes the canvas: nothing is scaled.

    size: (height, width) of the part, fractions of the canvas. x, y: where in the free room, 0 left or top.
    Validation needs `CenterCrop` of the same size; `ResizedCrop` keeps the size instead.
    """

    resizes: ClassVar[bool] = True
    size: Sides = (0.875, 0.875)
    x: Position = (0.0, 1.0)
    y: Position = (0.0, 1.0)

    def lower(self, params: Params, spec: Spec) -> Resample:
        """Whole pixels, so that no value changes."""
        height, width = _size(self.size, spec)
        left, top = np.rint((spec.width - width) * params["x"]), np.rint((spec.height - height) * params["y"])
        x, y = 0.5 * (spec.width - width) - left, 0.5 * (spec.height - height) - top
        return Resample(shift(x, y), size=(height, width))


class CenterCrop(Crop):
    """Cut the middle out of the canvas, which becomes the canvas. size: (height, width), fractions of the canvas."""

    x: Position = Fixed(0.5)
    y: Position = Fixed(0.5)


class Pad(Crop):
    """Make the canvas larger on all sides; the policy's border fills it. size: (height, width), fractions of before.

    x, y: where the old canvas stands, 0 at the right or bottom, 1 at the left or top.
    """

    size: Sides = (1.25, 1.25)
    x: Position = Fixed(0.5)
    y: Position = Fixed(0.5)


class Resize(Transform):
    """Scale the canvas. size: (height, width), fractions of before."""

    resizes: ClassVar[bool] = True
    size: Sides = (0.5, 0.5)

    def lower(self, params: Params, spec: Spec) -> Resample:
        """One scaling for all samples."""
        return _scaled(len(params["on"]), _size(self.size, spec), spec)


class LongestSide(Transform):
    """Scale the canvas, keeping its aspect, until its longer side has this length. length: pixels."""

    resizes: ClassVar[bool] = True
    length: Pixels = 64

    def lower(self, params: Params, spec: Spec) -> Resample:
        """One scaling for all samples."""
        return _scaled(len(params["on"]), _to_length(self.length / max(spec.height, spec.width), spec), spec)


class ShortestSide(Transform):
    """Scale the canvas, keeping its aspect, until its shorter side has this length. length: pixels."""

    resizes: ClassVar[bool] = True
    length: Pixels = 64

    def lower(self, params: Params, spec: Spec) -> Resample:
        """One scaling for all samples."""
        return _scaled(len(params["on"]), _to_length(self.length / min(spec.height, spec.width), spec), spec)


def _shown(left: Floats, top: Floats, width: Floats, height: Floats, spec: Spec) -> Floats:
    """The map that makes a part of the canvas, in fractions of its sides, as large as the canvas."""
    x, y = left + 0.5 * width - 0.5, top + 0.5 * height - 0.5
    return compose(scaling(1.0 / width, 1.0 / height), shift(-x * spec.width, -y * spec.height))


def _size(sides: tuple[float, float], spec: Spec) -> tuple[int, int]:
    return max(1, round(sides[0] * spec.height)), max(1, round(sides[1] * spec.width))


def _to_length(scale: float, spec: Spec) -> tuple[int, int]:
    return _size((scale, scale), spec)


def _scaled(n: int, size: tuple[int, int], spec: Spec) -> Resample:
    return Resample(scaling(np.full(n, size[1] / spec.width), size[0] / spec.height), size=size)
