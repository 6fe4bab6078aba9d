"""Symmetries of the square: declarations; the pixels are moved in `execute/`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from augury.draws import Draws
from augury.kernels import Resample, scaling, stack
from augury.kernels.matrices import Floats
from augury.spec import Spec
from augury.transforms.base import Params, Probability, Transform


class HorizontalFlip(Transform):
    """Mirror left and right."""

    p: Probability = 0.5

    def lower(self, params: Params, spec: Spec) -> Resample:
        """X becomes -x about the canvas centre."""
        return Resample(scaling(np.full(len(params["on"]), -1.0), 1.0), permutes=True)


class VerticalFlip(Transform):
    """Mirror top and bottom."""

    p: Probability = 0.5

    def lower(self, params: Params, spec: Spec) -> Resample:
        """Y becomes -y about the canvas centre."""
        return Resample(scaling(1.0, np.full(len(params["on"]), -1.0)), permutes=True)


class Transpose(Transform):
    """Mirror at the diagonal from the top left, about the canvas centre; exact on square canvases."""

    p: Probability = 0.5

    def lower(self, params: Params, spec: Spec) -> Resample:
        """X and y change places."""
        return _turned(np.zeros(len(params["on"]), np.int64), np.ones(len(params["on"]), bool), spec)


class Rotate90(Transform):
    """Turn about the canvas centre by 0, 90, 180 or 270 degrees, each equally likely; exact on square canvases.

    On other canvases what a quarter turn takes outside is cut, and the border fills the rest.
    """

    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The number of quarter turns, counter-clockwise as seen."""
        return {"turns": draws.integers("turns", 0, 3)}

    def lower(self, params: Params, spec: Spec) -> Resample:
        """One quarter-turn matrix a sample."""
        return _turned(params["turns"], np.zeros(len(params["turns"]), bool), spec)


class D4(Transform):
    """One of the eight symmetries of the square, each equally likely: quarter turns, mirrored or not.

    For subjects without an up or a left, such as cells and aerial photos. On other canvases as `Rotate90`.
    """

    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The number of quarter turns after an optional transposition."""
        element = draws.integers("element", 0, 7)
        return {"turns": element % 4, "transposed": element >= 4}

    def lower(self, params: Params, spec: Spec) -> Resample:
        """One signed permutation of the axes a sample."""
        return _turned(params["turns"], params["transposed"], spec)


def _turned(turns: np.ndarray, transposed: np.ndarray, spec: Spec) -> Resample:
    """Transpose some rows, then turn each counter-clockwise by quarter turns."""
    cos, sin = np.array([1.0, 0.0, -1.0, 0.0])[turns], np.array([0.0, 1.0, 0.0, -1.0])[turns]
    straight = stack([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
    swapped: Floats = stack([[sin, cos, 0.0], [cos, -sin, 0.0], [0.0, 0.0, 1.0]])
    return Resample(np.where(transposed[:, None, None], swapped, straight), permutes=spec.height == spec.width)
