"""Declarations only: no pixel is touched in this folder."""

from augury.transforms.base import Transform
from augury.transforms.channels import (
    ChannelDropout,
    ChannelShift,
    ChannelShuffle,
    ColorJitter,
    Grayscale,
    Hue,
    Saturation,
    Sepia,
)
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
from augury.transforms.histogram import CLAHE, AutoContrast, Equalize
from augury.transforms.illuminant import ColorTemperature, PcaLighting
from augury.transforms.noise import GaussianNoise, PoissonNoise, SaltAndPepper
from augury.transforms.policies import Barrier, OneOf, SomeOf
from augury.transforms.tone import Invert, Posterize, Solarize, ToneCurve

__all__ = [
    "CLAHE",
    "Affine",
    "AutoContrast",
    "Barrier",
    "Brightness",
    "ChannelDropout",
    "ChannelShift",
    "ChannelShuffle",
    "ColorJitter",
    "ColorTemperature",
    "Contrast",
    "Equalize",
    "Erase",
    "Gamma",
    "GaussianNoise",
    "Grayscale",
    "HorizontalFlip",
    "Hue",
    "Invert",
    "OneOf",
    "PcaLighting",
    "Perspective",
    "PoissonNoise",
    "Posterize",
    "ResizedCrop",
    "Rotate",
    "SaltAndPepper",
    "Saturation",
    "Sepia",
    "Shear",
    "Solarize",
    "SomeOf",
    "ToneCurve",
    "Transform",
    "Translate",
    "VerticalFlip",
    "Zoom",
]
