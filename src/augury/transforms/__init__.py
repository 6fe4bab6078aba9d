"""Declarations only: no pixel is touched in this folder."""

from augury.transforms.base import Transform
from augury.transforms.color import Brightness, Contrast, Gamma
from augury.transforms.erase import Erase
from augury.transforms.foreign import AlbumentationsStep, KerasStep, TorchvisionStep
from augury.transforms.function import Function
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
    "AlbumentationsStep",
    "Barrier",
    "Brightness",
    "Contrast",
    "Erase",
    "Function",
    "Gamma",
    "GaussianNoise",
    "HorizontalFlip",
    "KerasStep",
    "OneOf",
    "Perspective",
    "PoissonNoise",
    "ResizedCrop",
    "Rotate",
    "SaltAndPepper",
    "Shear",
    "SomeOf",
    "TorchvisionStep",
    "Transform",
    "Translate",
    "VerticalFlip",
    "Zoom",
]
