"""Erasing: declarations; the pixels are changed in `execute/`."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from augury.kernels import Rectangle
from augury.ranges import AspectRatio, ErasedArea, Position
from augury.spec import Spec
from augury.transforms.base import Params, Transform


class Erase(Transform):
    """Cover a rectangle with one value (Zhong et al. 2020, "Random Erasing").

    area: fraction of the canvas area, identity 0; aspect: width / height relative to the canvas;
    x, y: where in the free room; fill: fraction of the value range.
    """

    area: ErasedArea = (0.02, 0.2)
    aspect: AspectRatio = (0.5, 2.0)
    x: Position = (0.0, 1.0)
    y: Position = (0.0, 1.0)
    fill: Annotated[float, Field(ge=0.0, le=1.0, json_schema_extra={"unit": "fraction of the value range"})] = 0.0

    def lower(self, params: Params, spec: Spec) -> Rectangle:
        """Sides rounded to whole pixels and cut to the canvas."""
        width = np.minimum(np.rint(np.sqrt(params["area"] * params["aspect"]) * spec.width), spec.width)
        height = np.minimum(np.rint(np.sqrt(params["area"] / params["aspect"]) * spec.height), spec.height)
        left, top = np.rint((spec.width - width) * params["x"]), np.rint((spec.height - height) * params["y"])
        box = np.stack([top, left, top + height, left + width], axis=1).astype(np.int32)
        return Rectangle(box, np.full(len(box), spec.level(self.fill), np.float32))
