"""A policy as a workshop teaches it."""

from __future__ import annotations

from augury.ranges import Fixed
from augury.transforms.base import Transform
from augury.transforms.crop import ResizedCrop
from augury.transforms.geometric import Rotate, Translate
from augury.transforms.noise import GaussianNoise, PoissonNoise, SaltAndPepper
from augury.transforms.policies import OneOf, SomeOf
from augury.transforms.symmetry import HorizontalFlip, VerticalFlip

_ZOOM, _QUARTER = 1.3, 0.25
_NORMAL, _POISSON, _SPECKS = 0.1, 1 / 16, 0.05  # the defaults of skimage.util.random_noise


def workshop() -> OneOf:
    """One of the changes that Edge Impulse's workshop on image augmentation teaches, each equally likely.

    Three flips; rotations by 45, 90 and 135 degrees; a zoom by 1.3 at a random place; a shift by up to a quarter;
    normal noise of a standard deviation of 0.1, Poisson noise of 256 counts, and 5 % salt and pepper; and three
    compounds of these, chosen here. Each is as strong as there, for comparison: that is no advice.

    Examples
    --------
    >>> import augury as ag
    >>> len(ag.Policy([workshop()]).transforms[0].transforms)
    14
    """
    return OneOf(
        (
            _left_right("Mirrored"),
            _up_down("UpsideDown"),
            *(_turn(angle, f"Rotate{angle}") for angle in (180, 45, 90, 135)),  # 180: both flips
            _zoom("Zoomed"),
            _shift("Shifted"),
            GaussianNoise(Fixed(_NORMAL), name="Gaussian"),
            PoissonNoise(Fixed(_POISSON), name="Poisson"),
            SaltAndPepper(Fixed(_SPECKS), name="Specks"),
            _all(_left_right("MirroredA"), _turn(45, "Rotate45A"), _zoom("ZoomedA"), name="CompoundA"),
            _all(_zoom("ZoomedB"), _shift("ShiftedB"), GaussianNoise(Fixed(_NORMAL), name="NoiseB"), name="CompoundB"),
            _all(
                _up_down("UpsideDownC"),
                _shift("ShiftedC"),
                SaltAndPepper(Fixed(_SPECKS), name="SpecksC"),
                name="CompoundC",
            ),
        ),
        name="Workshop",
    )


def _left_right(name: str) -> HorizontalFlip:
    return HorizontalFlip(p=1.0, name=name)


def _up_down(name: str) -> VerticalFlip:
    return VerticalFlip(p=1.0, name=name)


def _turn(angle: float, name: str) -> Rotate:
    return Rotate(Fixed(angle), name=name)


def _zoom(name: str) -> ResizedCrop:
    return ResizedCrop(Fixed(_ZOOM**-2), Fixed(1.0), name=name)


def _shift(name: str) -> Translate:
    return Translate((-_QUARTER, _QUARTER), (-_QUARTER, _QUARTER), name=name)


def _all(*transforms: Transform, name: str) -> SomeOf:
    return SomeOf(transforms, (len(transforms), len(transforms)), name=name)
