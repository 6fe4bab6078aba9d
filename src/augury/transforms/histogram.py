"""Histograms of the whole image: declarations; `execute.opaque.histogram` does it. Alpha stays as it is."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from augury.kernels import Opaque
from augury.ranges import ClipLimit, TailShare
from augury.spec import DTypeName, Spec
from augury.transforms.base import Params, Probability, Transform


class Equalize(Transform):
    """Make all levels of a channel about equally frequent, each channel for itself (Pillow's ImageOps.equalize).

    uint8 gives the bytes of Pillow; uint16, and floats as 65,536 levels, the same without Pillow's rounded step.
    """

    p: Probability = 0.5

    def lower(self, params: Params, spec: Spec) -> Opaque:
        """No parameters."""
        return Opaque("equalize", np.ones(len(params["on"]), bool))


class AutoContrast(Transform):
    """Stretch each channel to the whole value range (Pillow's ImageOps.autocontrast).

    cutoff: fraction of the pixels that may become black, and as many white; at 0 a channel that fills the range stays.
    uint8 gives the bytes of Pillow, which rounds down; uint16 is rounded to nearest.
    """

    cutoff: TailShare = (0.0, 0.02)

    def lower(self, params: Params, spec: Spec) -> Opaque:
        """One share a sample."""
        return Opaque("auto_contrast", np.ones(len(params["on"]), bool), {"cutoff": params["cutoff"]})


class CLAHE(Transform):
    """Equalize the lightness in tiles, with limited contrast (Zuiderveld 1994): OpenCV's CLAHE.

    clip: most pixels of one level, in times their mean count, no identity; tiles: along each side.
    Gray images directly; colours through L of CIE Lab, of 8 bits for uint8, so that colours move by a level or two.
    uint16 has 65,536 levels: in tiles of fewer pixels than that the clip hardly limits anything.
    """

    clip: ClipLimit = (1.0, 4.0)
    tiles: Annotated[int, Field(ge=1, le=64, json_schema_extra={"unit": "tiles along each side"})] = 8
    channels: ClassVar[tuple[int, ...] | None] = (1, 3, 4)
    dtypes: ClassVar[tuple[DTypeName, ...]] = ("uint8", "uint16")

    def lower(self, params: Params, spec: Spec) -> Opaque:
        """One limit a sample."""
        columns = {"clip": params["clip"]}
        return Opaque("clahe", np.ones(len(params["on"]), bool), columns, {"tiles": self.tiles})
