"""Erasing: declarations; the pixels are changed in `execute/`. Boxes and masks stay as they are."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from augury.draws import Draws
from augury.elementary import Floats
from augury.kernels import Rectangle
from augury.ranges import (
    AspectRatio,
    Cells,
    CellShare,
    CellSide,
    ErasedArea,
    HoleRatio,
    Holes,
    HoleSide,
    KeptRatio,
    Phase,
    Position,
    Range,
    ends,
)
from augury.spec import Spec
from augury.transforms.base import Params, Transform

Fill = Annotated[float, Field(ge=0.0, le=1.0, json_schema_extra={"unit": "fraction of the value range"})]
Spans = tuple[NDArray[Any], NDArray[Any]]  # begins and ends


class Erase(Transform):
    """Cover a rectangle with one value (Zhong et al. 2020, "Random Erasing").

    area: fraction of the canvas area, identity 0; aspect: width / height relative to the canvas;
    x, y: where in the free room; fill: fraction of the value range.
    """

    area: ErasedArea = (0.02, 0.2)
    aspect: AspectRatio = (0.5, 2.0)
    x: Position = (0.0, 1.0)
    y: Position = (0.0, 1.0)
    fill: Fill = 0.0

    def lower(self, params: Params, spec: Spec) -> Rectangle:
        """Sides rounded to whole pixels and cut to the canvas."""
        width = np.minimum(np.rint(np.sqrt(params["area"] * params["aspect"]) * spec.width), spec.width)
        height = np.minimum(np.rint(np.sqrt(params["area"] / params["aspect"]) * spec.height), spec.height)
        left, top = np.rint((spec.width - width) * params["x"]), np.rint((spec.height - height) * params["y"])
        box = np.stack([top, left, top + height, left + width], axis=1)
        return _filled(box[:, None], spec, self.fill)


class CoarseDropout(Transform):
    """Cover squares anywhere with one value; one of half the side is Cutout (DeVries and Taylor 2017).

    count: how many, identity 0; size: their side as a fraction of the shorter side, identity 0; their middles lie
    anywhere on the canvas, which cuts them. fill: fraction of the value range.
    """

    count: Holes = (1.0, 8.0)
    size: HoleSide = (0.05, 0.2)
    fill: Fill = 0.0
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The fields, and the middles of as many holes as there may be."""
        most = max(_most(self.count), 1)
        return {**super().draw(draws), **{field: draws.unit(field, most) for field in ("across", "down")}}

    def lower(self, params: Params, spec: Spec) -> Rectangle:
        """Sides rounded to whole pixels, then cut to the canvas."""
        side = np.rint(params["size"] * min(spec.height, spec.width))[:, None]
        top, left = (
            np.rint(params[field] * length - 0.5 * side)
            for field, length in (("down", spec.height), ("across", spec.width))
        )
        drawn = np.arange(top.shape[1]) < np.rint(params["count"])[:, None]
        box = np.stack([top, left, top + side, left + side], axis=-1)
        return _filled(np.where(drawn[..., None], box, 0.0), spec, self.fill)


class GridDropout(Transform):
    """Cover one rectangle in every cell of a grid with one value.

    cells: how many along each side; ratio: side of a rectangle in sides of its cell, identity 0; x, y: where in the
    free room of the cell; fill: fraction of the value range.
    """

    cells: Cells = (3.0, 8.0)
    ratio: HoleRatio = (0.3, 0.6)
    x: Position = (0.0, 1.0)
    y: Position = (0.0, 1.0)
    fill: Fill = 0.0

    def lower(self, params: Params, spec: Spec) -> Rectangle:
        """Edges rounded to whole pixels."""
        cells, ratio = np.rint(params["cells"])[:, None], params["ratio"][:, None]
        number = np.arange(_most(self.cells))
        down, across = ((number + params[field][:, None] * (1.0 - ratio)) / cells for field in ("y", "x"))
        return _filled(_grid(spec, (down, down + ratio / cells), (across, across + ratio / cells)), spec, self.fill)


class GridMask(Transform):
    """Cover squares that repeat across the canvas with one value (Chen et al. 2020, "GridMask").

    unit: period as a fraction of each side; ratio: share of it that stays between two squares, identity 1; x, y: shift
    in periods; fill: fraction of the value range.
    """

    unit: CellSide = (0.4, 1.0)
    ratio: KeptRatio = (0.4, 0.7)
    x: Phase = (0.0, 1.0)
    y: Phase = (0.0, 1.0)
    fill: Fill = 0.0

    def lower(self, params: Params, spec: Spec) -> Rectangle:
        """Edges rounded to whole pixels; squares are cut at the edges of the canvas."""
        unit, ratio = params["unit"][:, None], params["ratio"][:, None]
        number = np.arange(int(np.ceil(1.0 / ends(self.unit)[0])) + 1) - 1.0
        down, across = ((number + params[field][:, None]) * unit for field in ("y", "x"))
        side = (1.0 - ratio) * unit
        return _filled(_grid(spec, (down, down + side), (across, across + side)), spec, self.fill)


class HideAndSeek(Transform):
    """Cover some cells of a grid with one value (Singh and Lee 2017, "Hide-and-Seek").

    cells: how many along each side; share: probability of a cell to be covered, identity 0; fill: fraction of the
    value range.
    """

    cells: Cells = (4.0, 10.0)
    share: CellShare = (0.1, 0.5)
    fill: Fill = 0.0
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The fields, and a number for every cell."""
        return {**super().draw(draws), "lots": draws.unit("lots", _most(self.cells) ** 2)}

    def lower(self, params: Params, spec: Spec) -> Rectangle:
        """Edges rounded to whole pixels."""
        cells = np.rint(params["cells"])[:, None]
        number = np.arange(_most(self.cells))
        span = number / cells, (number + 1.0) / cells
        hidden = params["lots"] < params["share"][:, None]
        return _filled(_grid(spec, span, span) * hidden[..., None], spec, self.fill)


def _most(count: Range) -> int:
    return int(np.rint(ends(count)[1]))


def _grid(spec: Spec, down: Spans, across: Spans) -> Floats:
    """Boxes (n, rows * columns, 4) of spans (n, rows) and (n, columns), which are in fractions of the sides."""
    top, bottom = (np.rint(edge * spec.height)[:, :, None] for edge in down)
    left, right = (np.rint(edge * spec.width)[:, None, :] for edge in across)
    box = np.stack(np.broadcast_arrays(top, left, bottom, right), axis=-1)
    return box.reshape(len(box), -1, 4)


def _filled(box: Floats, spec: Spec, fill: float) -> Rectangle:
    """Boxes (n, k, 4) in pixels, cut to the canvas."""
    height, width = spec.height, spec.width
    inside = np.clip(box, 0, [height, width, height, width]).astype(np.int32)
    return Rectangle(inside, np.full(inside.shape[:2], spec.level(fill), np.float32))
