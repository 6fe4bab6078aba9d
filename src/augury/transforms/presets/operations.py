"""The operations that AutoAugment and the policies after it are made of, at strengths of a space.

Strengths grow from no change, and go either way where there are two; they and the numbers are torchvision's (BSD-3).
The names are the papers'; what they mean here differs from Pillow in this: contrast is stretched about mid-range, not
about the mean; a shear is about the middle, not the top left corner; the outermost pixels are sharpened, too; a value
at the very threshold is not solarized.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from augury.ranges import Choice, Fixed, Range
from augury.transforms.base import Transform
from augury.transforms.channels import Saturation
from augury.transforms.color import Brightness, Contrast
from augury.transforms.filter import Sharpen
from augury.transforms.geometric import Rotate, Shear, Translate
from augury.transforms.histogram import AutoContrast, Equalize
from augury.transforms.tone import Invert, Posterize, Solarize

STEPS = 30  # strengths 0 to 30
COLOR = "Color"  # the only operation that needs colours, and does nothing to gray images
OPERATIONS = (
    "ShearX",
    "ShearY",
    "TranslateX",
    "TranslateY",
    "Rotate",
    "Posterize",
    "Solarize",
    "Brightness",
    "Contrast",
    COLOR,
    "Sharpness",
    "AutoContrast",
    "Equalize",
)  # those of RandAugment and TrivialAugment but for doing nothing; in an order that fuses


@dataclass(frozen=True)
class Space:
    """How far the operations go at full strength.

    Attributes
    ----------
    slope : of a shear, its tangent. shift : fraction of the side. angle : degrees.
    change : of the factors, about 1. bits : that Posterize takes away.
    """

    slope: float = 0.3
    shift: float = 150 / 331
    angle: float = 30.0
    change: float = 0.9
    bits: int = 4


def kinds(color: bool) -> tuple[str, ...]:
    """Names of the operations, those for gray images if `color` is False."""
    return tuple(kind for kind in OPERATIONS if color or kind != COLOR)


def operation(kind: str, space: Space, shares: Sequence[float], name: str, p: float = 1.0) -> Transform:
    """One operation.

    Parameters
    ----------
    kind : one of OPERATIONS, or "Invert". shares : strengths, 0..1 of the space, drawn alike. name : of the transform.
    """
    if kind in ("AutoContrast", "Equalize", "Invert"):
        return _whole(kind, name, p)
    if kind in ("Posterize", "Solarize"):
        return _one_way(kind, space, shares, name, p)
    none = Fixed(0.0)
    slopes = _both_ways([math.degrees(math.atan(share * space.slope)) for share in shares])
    shifts = _both_ways([share * space.shift for share in shares])
    factors = _both_ways([share * space.change for share in shares], about=1.0)
    made: dict[str, Transform] = {
        "ShearX": Shear(x=slopes, y=none, name=name, p=p),
        "ShearY": Shear(x=none, y=slopes, name=name, p=p),
        "TranslateX": Translate(x=shifts, y=none, name=name, p=p),
        "TranslateY": Translate(x=none, y=shifts, name=name, p=p),
        "Rotate": Rotate(_both_ways([share * space.angle for share in shares]), name=name, p=p),
        "Brightness": Brightness(factors, name=name, p=p),
        "Contrast": Contrast(factors, name=name, p=p),
        COLOR: Saturation(factors, name=name, p=p),
        "Sharpness": Sharpen(_both_ways([share * space.change for share in shares]), name=name, p=p),
    }
    return made[kind]


def _whole(kind: str, name: str, p: float) -> Transform:
    if kind == "AutoContrast":
        return AutoContrast(Fixed(0.0), name=name, p=p)
    return Equalize(name=name, p=p) if kind == "Equalize" else Invert(name=name, p=p)


def _one_way(kind: str, space: Space, shares: Sequence[float], name: str, p: float) -> Transform:
    if kind == "Posterize":
        return Posterize(_alike([8.0 - round(share * space.bits) for share in shares]), name=name, p=p)
    return Solarize(_alike([1.0 - share for share in shares]), name=name, p=p)


def _both_ways(changes: Sequence[float], about: float = 0.0) -> Range:
    return _alike([about - change for change in reversed(changes)] + [about + change for change in changes])


def _alike(values: Sequence[float]) -> Range:
    """Each as likely as the others; to nine digits, so that files and reprs are short."""
    rounded = [round(value, 9) for value in values]
    return Fixed(rounded[0]) if len(set(rounded)) == 1 else Choice(rounded)
