"""Brightness and contrast: declarations, which leave alpha as it is; the pixels are changed in `execute/`."""

from __future__ import annotations

import numpy as np

from augury.elementary import Floats, exp, log
from augury.kernels import Point
from augury.ranges import Gain
from augury.spec import Spec
from augury.transforms.base import Params, Transform


class Brightness(Transform):
    """Multiply by a factor, black stays black. factor: drawn log-uniformly; identity 1."""

    factor: Gain = (0.8, 1.25)

    def lower(self, params: Params, spec: Spec) -> Point:
        """Factor * x, clipped to the value range."""
        return Point.affine(spec, params["factor"], np.zeros_like(params["factor"]), spec.colours)


class Contrast(Transform):
    """Stretch about mid-range. factor: above 1 more contrast, drawn log-uniformly; identity 1."""

    factor: Gain = (0.8, 1.25)

    def lower(self, params: Params, spec: Spec) -> Point:
        """Factor * (x - 1/2) + 1/2 on fractions of the value range, clipped."""
        return Point.affine(spec, params["factor"], 0.5 - 0.5 * params["factor"], spec.colours)


class Gamma(Transform):
    """Raise to a power on fractions of the value range. gamma: above 1 darker, drawn log-uniformly; identity 1."""

    gamma: Gain = (0.8, 1.25)

    def lower(self, params: Params, spec: Spec) -> Point:
        """X ** gamma; float images read a curve of 4,097 knots (error below 1e-4 for gamma >= 0.5)."""

        def power(x: Floats) -> Floats:
            inside = np.where(x > 0, x, 1.0)
            return np.where(x > 0, exp(params["gamma"][:, None] * log(inside)), 0.0)

        return Point.curve(spec, power, on=params["gamma"] != 1.0, channels=spec.colours)
