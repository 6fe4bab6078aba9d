"""Policies from the literature, of the transforms that are here."""

from __future__ import annotations

import math

from augury.ranges import Fixed
from augury.transforms.color import Brightness, Contrast
from augury.transforms.geometric import Rotate, Shear, Translate
from augury.transforms.policies import OneOf

_SHEAR = math.degrees(math.atan(0.3))
_SHIFT = 10 / 32
_GAIN = 1.9


def trivial_augment() -> OneOf:
    """One operation at a uniform strength, or none, each equally likely: TrivialAugment (Müller and Hutter 2021).

    Of its space "RA" the operations that are here: shear and shift along either axis, rotation, brightness and
    contrast, with the ranges of the paper, factors drawn log-uniformly from 1/1.9 to 1.9.

    Examples
    --------
    >>> import augury as ag
    >>> ag.Policy([ag.trivial_augment()]).is_random
    True
    """
    none = Fixed(0.0)
    operations = (
        Shear(x=(-_SHEAR, _SHEAR), y=none, name="TrivialShearX"),
        Shear(x=none, y=(-_SHEAR, _SHEAR), name="TrivialShearY"),
        Translate(x=(-_SHIFT, _SHIFT), y=none, name="TrivialTranslateX"),
        Translate(x=none, y=(-_SHIFT, _SHIFT), name="TrivialTranslateY"),
        Rotate((-30.0, 30.0), name="TrivialRotate"),
        Brightness((1 / _GAIN, _GAIN), name="TrivialBrightness"),
        Contrast((1 / _GAIN, _GAIN), name="TrivialContrast"),
    )
    return OneOf(operations, p=len(operations) / (len(operations) + 1), name="TrivialAugment")
