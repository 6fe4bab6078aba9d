"""Declarations only: no pixel is touched in this folder."""

from augury.transforms.base import Transform
from augury.transforms.color import Brightness, Contrast, Gamma
from augury.transforms.erase import Erase
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
from augury.transforms.noise import GaussianNoise, PoissonNoise, SaltAndPepper
from augury.transforms.policies import Barrier, OneOf, SomeOf

__all__ = [
    "Affine",
    "Barrier",
    "Brightness",
    "Contrast",
    "Erase",
    "Gamma",
    "GaussianNoise",
    "HorizontalFlip",
    "OneOf",
    "Perspective",
    "PoissonNoise",
    "ResizedCrop",
    "Rotate",
    "SaltAndPepper",
    "Shear",
    "SomeOf",
    "Transform",
    "Translate",
    "VerticalFlip",
    "Zoom",
]
