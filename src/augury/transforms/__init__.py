"""Declarations only: no pixel is touched in this folder."""

from augury.transforms.base import Transform
from augury.transforms.color import Brightness, Contrast, Gamma
from augury.transforms.erase import CoarseDropout, Erase, GridDropout, GridMask, HideAndSeek
from augury.transforms.geometric import (
    Affine,
    HorizontalFlip,
    Perspective,
    ResizedCrop,
    Rotate,
    Shear,
    Translate,
    VerticalFlip,
    Zoom,
)
from augury.transforms.light import (
    CornerIllumination,
    GaussianIllumination,
    LinearIllumination,
    Shadow,
    Vignette,
)
from augury.transforms.noise import GaussianNoise, PoissonNoise, SaltAndPepper
from augury.transforms.plasma import PlasmaBrightness, PlasmaContrast, PlasmaShadow
from augury.transforms.policies import Barrier, OneOf, SomeOf
from augury.transforms.weather import Fog, Rain, Snow, SunFlare

__all__ = [
    "Affine",
    "Barrier",
    "Brightness",
    "CoarseDropout",
    "Contrast",
    "CornerIllumination",
    "Erase",
    "Fog",
    "Gamma",
    "GaussianIllumination",
    "GaussianNoise",
    "GridDropout",
    "GridMask",
    "HideAndSeek",
    "HorizontalFlip",
    "LinearIllumination",
    "OneOf",
    "Perspective",
    "PlasmaBrightness",
    "PlasmaContrast",
    "PlasmaShadow",
    "PoissonNoise",
    "Rain",
    "ResizedCrop",
    "Rotate",
    "SaltAndPepper",
    "Shadow",
    "Shear",
    "Snow",
    "SomeOf",
    "SunFlare",
    "Transform",
    "Translate",
    "VerticalFlip",
    "Vignette",
    "Zoom",
]
