"""The colour of the light: declarations only. Alpha stays as it is."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from augury.draws import Draws
from augury.elementary import Floats, exp, log
from augury.kernels import Point
from augury.ranges import Kelvin, LightingStd
from augury.spec import Spec
from augury.transforms.base import Params, Transform
from augury.transforms.channels import COLOUR

# the principal components of the RGB values of ImageNet, as published with AlexNet's successors (colours 0..1)
_SPREADS = np.array([0.2175, 0.0188, 0.0045])
_COMPONENTS = np.array([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])
_FROM_XYZ = ((3.2406, -1.5372, -0.4986), (-0.9689, 1.8758, 0.0415), (0.0557, -0.2040, 1.0570))  # sRGB, IEC 61966-2-1
_LUMINANCE = (0.2126, 0.7152, 0.0722)
_DAYLIGHT = 6500.0


class ColorTemperature(Transform):
    """Light the scene by a black body of another temperature than the camera was set to (6500 K).

    kelvin: lower is redder, drawn log-uniformly; identity 6500. The Planckian locus by the cubics of Kim et al. 2002
    (J. Korean Phys. Soc. 41), to linear sRGB, at equal luminance of white; gains of encoded values by a gamma of 2.2.
    """

    kelvin: Kelvin = (4500.0, 9000.0)
    channels: ClassVar[tuple[int, ...] | None] = COLOUR

    def lower(self, params: Params, spec: Spec) -> Point:
        """One gain for each colour."""
        gain = _gains(params["kelvin"])
        return Point.affine(spec, gain, np.zeros_like(gain), 3)


class PcaLighting(Transform):
    """Add a mix of the principal components of ImageNet's colours (Krizhevsky et al. 2012, "AlexNet").

    std: standard deviation of the three weights, each times the component's own spread; 0.1 in the paper; identity 0.
    """

    std: LightingStd = (0.0, 0.2)
    channels: ClassVar[tuple[int, ...] | None] = COLOUR
    draws_pixels: ClassVar[bool] = True

    def draw(self, draws: Draws) -> Params:
        """The standard deviation, and three standard normal numbers."""
        return {**super().draw(draws), "weights": draws.normal("weights", 3)}

    def lower(self, params: Params, spec: Spec) -> Point:
        """X + the sum of the components, one constant for each colour."""
        weights = params["std"][:, None] * params["weights"] * _SPREADS
        parts = weights[:, None, :] * _COMPONENTS
        amount = (parts[:, :, 0] + parts[:, :, 1]) + parts[:, :, 2]
        return Point.affine(spec, np.ones_like(amount), amount, 3)


def _gains(kelvin: Floats) -> Floats:
    """Factors of encoded red, green and blue, (n, 3); exactly 1 at 6500 K."""
    ratio = _linear(kelvin) / _linear(np.array([_DAYLIGHT]))
    red, green, blue = (part * ratio[:, i] for i, part in enumerate(_LUMINANCE))
    gain = exp(log(ratio / ((red + green) + blue)[:, None]) / 2.2)
    return np.where((kelvin == _DAYLIGHT)[:, None], 1.0, gain)


def _linear(kelvin: Floats) -> Floats:
    """Linear sRGB of black bodies of luminance 1, (n, 3)."""
    t = 1000.0 / kelvin
    warm = kelvin < 4000.0
    x = np.where(
        warm,
        ((-0.2661239 * t - 0.2343589) * t + 0.8776956) * t + 0.179910,
        ((-3.0258469 * t + 2.1070379) * t + 0.2226347) * t + 0.240390,
    )
    y = np.where(
        warm,
        ((-0.9549476 * x - 1.37418593) * x + 2.09137015) * x - 0.16748867,
        ((3.0817580 * x - 5.87338670) * x + 3.75112997) * x - 0.37001483,
    )
    xyz = x / y, np.ones_like(x), (1.0 - x - y) / y
    return np.stack([(row[0] * xyz[0] + row[1] * xyz[1]) + row[2] * xyz[2] for row in _FROM_XYZ], axis=1)
