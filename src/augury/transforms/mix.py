"""Mixtures with other samples of the part, and what reads the mask: declarations; `execute.mixing` holds the pixels.

Labels, boxes and masks follow. A partner is what the policy before the mixture makes of it.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from augury.draws import Draws
from augury.elementary import cosd_sind, exp, log
from augury.kernels import Floats, Mix
from augury.ranges import MarkedShare, Place
from augury.spec import Spec
from augury.transforms.base import Params, Probability, Transform

Alpha = Annotated[float, Field(ge=0.05, le=100.0, json_schema_extra={"unit": "both parameters of a Beta distribution"})]
MinVisible = Annotated[float, Field(ge=0.0, le=1.0, json_schema_extra={"unit": "fraction of a box"})]
Fraction = Annotated[float, Field(ge=0.0, le=1.0, json_schema_extra={"unit": "fraction of the value range"})]
_LOTS = 32  # numbers that decide which regions go; the 33rd region shares that of the first


class _Mixture(Transform):
    """What is common to those that take other samples."""

    p: Probability = 0.5
    draws_pixels: ClassVar[bool] = True  # the partner is drawn, whatever is fixed
    mixes: ClassVar[bool] = True
    partners: ClassVar[int] = 1

    @property
    def shares_labels(self) -> bool:
        """Those that can keep to partners of one class share labels unless they do; the others never."""
        return not getattr(self, "within_class", True)

    def draw(self, draws: Draws) -> Params:
        """The ranges, and who the partners are."""
        return {**super().draw(draws), "partner": draws.unit("partner", self.partners)}

    def _kernel(self, name: str, params: Params, share: ArrayLike = 0.0, columns: Params | None = None) -> Mix:
        """The kernel; share (n, partners) of the label."""
        settings = {f: getattr(self, f) for f in ("min_visible",) if f in type(self).model_fields}
        shares = np.broadcast_to(np.asarray(share, np.float32), params["partner"].shape)
        within = bool(getattr(self, "within_class", False))
        return Mix(name, params["on"], params["partner"], shares, columns or {}, settings, within)


class MixUp(_Mixture):
    """Blend with another sample (Zhang et al. 2018, "mixup"): x becomes lambda x + (1 - lambda) partner.

    alpha: lambda is drawn from Beta(alpha, alpha); small values keep most samples nearly pure.
    within_class: only partners of the same class, so that labels stay whole.
    The label is shared by lambda; boxes are those of both; the mask is that of the larger share.
    """

    alpha: Alpha = 0.4
    within_class: bool = False

    def draw(self, draws: Draws) -> Params:
        """The partner, and what it gets."""
        return {**super().draw(draws), "share": symmetric_beta(draws, "share", self.alpha)}

    def lower(self, params: Params, spec: Spec) -> Mix:
        """One weight for all pixels."""
        share = params["share"].astype(np.float32)
        return self._kernel("mix_up", params, share[:, None], {"share": share})


class CutMix(_Mixture):
    """Paste a rectangle of another sample at its place (Yun et al. 2019, "CutMix").

    alpha: the share of the area is drawn from Beta(alpha, alpha), its middle uniformly; it is cut to the image.
    min_visible: boxes of which less is seen are dropped; others are cut where a full side is covered.
    within_class: only partners of the same class, so that labels stay whole.
    The label is shared by the exact area; the mask is pasted, too.
    """

    alpha: Alpha = 1.0
    min_visible: MinVisible = 0.1
    within_class: bool = False
    cuts_boxes: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The partner, the share of the area before it is cut, and the middle."""
        area = symmetric_beta(draws, "area", self.alpha)
        return {**super().draw(draws), "area": area, "x": draws.unit("x"), "y": draws.unit("y")}

    def lower(self, params: Params, spec: Spec) -> Mix:
        """A rectangle with the aspect of the canvas, in whole pixels."""
        side, box = np.sqrt(params["area"]), np.empty((len(params["on"]), 4), np.int32)
        for k, (middle, length) in enumerate(((params["y"], spec.height), (params["x"], spec.width))):
            extent = np.rint(side * length)
            start = np.rint(middle * length - 0.5 * extent)
            box[:, k], box[:, k + 2] = np.clip(start, 0, length), np.clip(start + extent, 0, length)
        share = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]) / (spec.height * spec.width)
        return self._kernel("cut_mix", params, share[:, None], {"box": box})


class Mosaic(_Mixture):
    """Four samples at full scale whose corners meet at one place (Bochkovskiy et al. 2020, "YOLOv4").

    x, y: where they meet, fractions of the sides. Each is cut to its tile; which tile the sample gets is drawn.
    min_visible: boxes of which less is seen are dropped.
    within_class: only partners of the same class, so that labels stay whole.
    The label is shared by the areas; boxes and masks are moved and cut with the pixels.
    """

    x: Place = (0.25, 0.75)
    y: Place = (0.25, 0.75)
    min_visible: MinVisible = 0.1
    within_class: bool = False
    partners: ClassVar[int] = 3

    def draw(self, draws: Draws) -> Params:
        """The partners, the place, and the sample's tile: 0 top left, 1 top right, 2 and 3 below."""
        return {**super().draw(draws), "tile": draws.integers("tile", 0, 3)}

    def lower(self, params: Params, spec: Spec) -> Mix:
        """The place in whole pixels; the partners take the other tiles in order."""
        y, x = np.rint(params["y"] * spec.height), np.rint(params["x"] * spec.width)
        across, down = np.stack([x, spec.width - x], axis=1), np.stack([y, spec.height - y], axis=1)
        areas = (down[:, :, None] * across[:, None, :]).reshape(-1, 4) / (spec.height * spec.width)
        others = np.arange(3) + (np.arange(3) >= params["tile"][:, None])
        centre = np.stack([y, x], axis=1).astype(np.int64)
        share = np.take_along_axis(areas, others, axis=1)
        return self._kernel("mosaic", params, share, {"centre": centre, "tile": params["tile"]})


class CopyPaste(_Mixture):
    """Paste the marked objects of another sample at their places (Ghiasi et al. 2021, "Simple Copy-Paste").

    Marked is what the mask does not call 0, or the inside of boxes where there is no mask. Masks and boxes come along.
    Label `mask_fill` marks nothing where a border of the policy shows it.
    min_visible: boxes of the sample of which less is seen are dropped; others are cut where a full side is covered.
    """

    min_visible: MinVisible = 0.1
    needs_marks: ClassVar[bool] = True
    cuts_boxes: ClassVar[bool] = True

    def lower(self, params: Params, spec: Spec) -> Mix:
        """The marks decide."""
        return self._kernel("copy_paste", params)


class BackgroundSwap(_Mixture):
    """Put the subject, which the mask does not call 0, on the image of another sample; mask and boxes stay.

    Where the other's own subject is, the background stays: it would be there without a mark.
    Label `mask_fill` marks nothing where a border of the policy shows it.
    """

    needs_marks: ClassVar[bool] = True

    def lower(self, params: Params, spec: Spec) -> Mix:
        """The masks decide."""
        return self._kernel("background_swap", params)


class MaskDropout(Transform):
    """Remove some of the marked regions, connected pixels that the mask does not call 0: their mask becomes 0.

    share: each region goes with this probability; identity 0. fill: fraction of the value range.
    min_visible: boxes are dropped if less is left of the marked pixels that they hold.
    Label `mask_fill` marks nothing where a border of the policy shows it.
    """

    share: MarkedShare = (0.0, 0.5)
    fill: Fraction = 0.0
    min_visible: MinVisible = 0.1
    p: Probability = 0.5
    draws_pixels: ClassVar[bool] = True
    needs_marks: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The share, and numbers by which regions go."""
        return {**super().draw(draws), "lot": draws.unit("lot", _LOTS)}

    def lower(self, params: Params, spec: Spec) -> Mix:
        """The mask says where; nobody else is mixed in."""
        nobody = np.empty((len(params["on"]), 0))
        columns = {"share": params["share"], "lot": params["lot"]}
        settings = {"fill": self.fill, "min_visible": self.min_visible}
        return Mix("mask_dropout", params["on"], nobody, nobody.astype(np.float32), columns, settings)


def symmetric_beta(draws: Draws, field: str, alpha: float) -> Floats:
    """Beta(alpha, alpha) in [0, 1], exactly, by two uniform numbers.

    t = sqrt(2 alpha (u^(-1/alpha) - 1)) cos(2 pi v) has Student's distribution of 2 alpha degrees of freedom (Bailey
    1994, "Polar generation of random variates with the t-distribution"), and 1/2 + t / (2 sqrt(2 alpha + t^2)) is Beta.
    """
    u, v = np.moveaxis(draws.unit(field, 2), 1, 0)
    cos, _ = cosd_sind(360.0 * v)
    square = (exp(log(u + 2.0**-33) / -alpha) - 1.0) * cos * cos  # the middle of a step: never log(0)
    return 0.5 + 0.5 * np.copysign(np.sqrt(square / (1.0 + square)), cos)
