"""Geometry that is no matrix: displacements on a lattice. The pixels are moved in `execute/`."""

from __future__ import annotations

from functools import cache
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from augury.draws import Draws
from augury.elementary import log
from augury.kernels import Floats, Resample
from augury.ranges import BendAmount, CellShift, Lens, Push
from augury.spec import Spec
from augury.transforms.base import Params, Transform

_FINE = 25  # knots a side of the lattices that stand for a smooth displacement
_SPLINE_POINTS = 3  # control points a side of the thin plate
Cells = Annotated[int, Field(ge=1, le=16, json_schema_extra={"unit": "cells a side"})]


class Elastic(Transform):
    """Bend smoothly: the points of a coarse lattice move at random, what lies between follows a cubic B-spline.

    As in U-Net (Ronneberger et al. 2015); splines: Rueckert et al. 1999. amount: standard deviation of a point's shift
    as a fraction of a cell; identity 0. cells: of the lattice, a side; more of them bend finer.
    """

    amount: BendAmount = (0.0, 0.3)
    cells: Cells = 4
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The amount, and standard normal shifts of the control points, which stand one cell beyond each edge too."""
        points = self.cells + 3
        return {**super().draw(draws), "points": draws.normal("points", points * points * 2)}

    def lower(self, params: Params, spec: Spec) -> Resample:
        """Cubic B-splines of the control points, at the knots of a fine lattice."""
        n, points = len(params["on"]), self.cells + 3
        cell = np.array([spec.width, spec.height]) / self.cells
        moves = params["points"].reshape(n, points, points, 2) * (params["amount"][:, None, None, None] * cell)
        weights = _spline(self.cells)
        return Resample.bend(_weighted(weights, _weighted(weights, moves, 1), 2), spec.shape[:2])


class PiecewiseAffine(Transform):
    """Move the points of a lattice at random; between them shifts are bilinear. The outline of the canvas bends too.

    amount: largest shift of a point as a fraction of a cell, either way on both axes; identity 0. cells: a side.
    """

    amount: CellShift = (0.0, 0.2)
    cells: Cells = 4
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The amount, and where in -1..1 each point goes."""
        return {**super().draw(draws), "points": draws.uniform("points", -1.0, 1.0, (self.cells + 1) ** 2 * 2)}

    def lower(self, params: Params, spec: Spec) -> Resample:
        """One displacement a knot."""
        cell = np.array([spec.width, spec.height]) / self.cells
        moves = params["points"].reshape(-1, self.cells + 1, self.cells + 1, 2)
        return Resample.bend(moves * (params["amount"][:, None, None, None] * cell), spec.shape[:2])


class GridDistortion(Transform):
    """Stretch some columns and rows of the canvas and squeeze the others; straight upright lines stay so.

    amount: how far each inner grid line moves at most, as a fraction of a cell; identity 0. cells: a side.
    """

    amount: CellShift = (0.0, 0.3)
    cells: Cells = 5
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The amount, and where in -1..1 each line goes: the upright ones, then the level ones."""
        return {**super().draw(draws), "lines": draws.uniform("lines", -1.0, 1.0, 2 * (self.cells + 1))}

    def lower(self, params: Params, spec: Spec) -> Resample:
        """Every knot moves with its two lines; the outer ones stay."""
        knots = self.cells + 1
        lines = params["lines"].reshape(-1, 2, knots) * params["amount"][:, None, None]
        lines[:, :, [0, -1]] = 0.0
        moves = np.empty((len(lines), knots, knots, 2))
        moves[..., 0] = lines[:, 0, None, :] * (spec.width / self.cells)
        moves[..., 1] = lines[:, 1, :, None] * (spec.height / self.cells)
        return Resample.bend(moves, spec.shape[:2])


class OpticalDistortion(Transform):
    """See through a lens: places move along the line to the canvas centre by k r^2 of their distance r.

    k: at the corners, where r = 1; above 0 like a barrel, below like a pincushion; identity 0.
    Brown, "Decentering distortion of lenses", 1966, its first radial term.
    """

    k: Lens = (-0.2, 0.2)

    def lower(self, params: Params, spec: Spec) -> Resample:
        """The displacement k r^2 p of places p, at the knots of a fine lattice."""
        x, y = (np.linspace(-0.5, 0.5, _FINE) * side for side in (spec.width, spec.height))
        places = np.stack(np.broadcast_arrays(x[None, :], y[:, None]), axis=-1)
        squared = (places * places).sum(axis=-1) / (0.25 * (spec.width**2 + spec.height**2))
        return Resample.bend(params["k"][:, None, None, None] * (squared[..., None] * places), spec.shape[:2])


class ThinPlateSpline(Transform):
    """Bend like a thin metal plate that is pushed at nine places (Bookstein 1989).

    amount: standard deviation of the push at each place as a fraction of the distance between them; identity 0.
    """

    amount: Push = (0.0, 0.15)
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The amount, and standard normal pushes."""
        return {**super().draw(draws), "points": draws.normal("points", _SPLINE_POINTS**2 * 2)}

    def lower(self, params: Params, spec: Spec) -> Resample:
        """The plate's shape at the knots of a fine lattice."""
        step = np.array([spec.width, spec.height]) / (_SPLINE_POINTS - 1)
        moves = params["points"].reshape(-1, _SPLINE_POINTS**2, 2) * (params["amount"][:, None, None] * step)
        shift = _weighted(_plate(), moves, 1)
        return Resample.bend(shift.reshape(-1, _FINE, _FINE, 2), spec.shape[:2])


class GridShuffle(Transform):
    """Cut the canvas into equal cells and put them back in another order. cells: a side.

    Masks and keypoints go with their cell; boxes would be cut into pieces, so data with boxes are refused.
    """

    cells: Annotated[int, Field(ge=2, le=16, json_schema_extra={"unit": "cells a side"})] = 3
    draws_pixels: ClassVar[bool] = True
    moves_boxes: ClassVar[bool] = False

    def draw(self, draws: Draws) -> Params:
        """The order: which cell is shown at each place."""
        return {"order": draws.permutation("order", self.cells**2)}

    def lower(self, params: Params, spec: Spec) -> Resample:
        """One shift a cell, in whole pixels, so that no value changes."""
        shown = params["order"].reshape(-1, self.cells, self.cells)
        rows, columns = np.divmod(shown, self.cells)
        here = np.arange(self.cells)
        right = np.rint((columns - here[None, None, :]) * (spec.width / self.cells))
        down = np.rint((rows - here[None, :, None]) * (spec.height / self.cells))
        return Resample.bend(np.stack([right, down], axis=-1), spec.shape[:2], stepped=True)


def _weighted(weights: Floats, values: Floats, axis: int) -> Floats:
    """Replace an axis of k values by one of m sums, weights (m, k); added in order, so that machines agree."""
    moved = np.moveaxis(values, axis, -1)[..., None, :] * weights
    total = moved[..., 0]
    for k in range(1, moved.shape[-1]):
        total = total + moved[..., k]
    return np.moveaxis(total, -1, axis)


@cache
def _spline(cells: int) -> Floats:
    """(fine, cells + 3): weights of control points in a uniform cubic B-spline, at equal steps from edge to edge."""
    at = np.linspace(0.0, cells, _FINE)
    first = np.minimum(at.astype(np.int64), cells - 1)
    t = at - first
    weights = np.zeros((_FINE, cells + 3))
    pieces = [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]
    for k, piece in enumerate(pieces):
        weights[np.arange(_FINE), first + k] += piece / 6.0
    return weights


@cache
def _plate() -> Floats:
    """(fine * fine, 9): how far each push at a control point moves each knot; rounded, so that machines agree."""
    control = _square(_SPLINE_POINTS)
    system = np.zeros((len(control) + 3, len(control) + 3))
    system[: len(control), : len(control)] = _bending(control, control)
    system[: len(control), len(control) :] = np.column_stack([np.ones(len(control)), control])
    system[len(control) :, : len(control)] = system[: len(control), len(control) :].T
    pushes = np.vstack([np.eye(len(control)), np.zeros((3, len(control)))])
    shape = np.linalg.solve(system, pushes)
    knots = _square(_FINE)
    basis = np.column_stack([_bending(knots, control), np.ones(len(knots)), knots])
    return np.asarray(np.rint(basis @ shape * 2.0**30) * 2.0**-30)


def _square(count: int) -> Floats:
    """(count * count, 2): a lattice over -1/2..1/2."""
    line = np.linspace(-0.5, 0.5, count)
    return np.stack(np.broadcast_arrays(line[None, :], line[:, None]), axis=-1).reshape(-1, 2)


def _bending(a: Floats, b: Floats) -> Floats:
    """r^2 log r^2 between points."""
    squared = ((a[:, None] - b[None]) ** 2).sum(axis=-1)
    return np.asarray(np.where(squared > 0, squared * log(np.where(squared > 0, squared, 1.0)), 0.0))
