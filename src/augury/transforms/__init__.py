"""Declarations only: no pixel is touched in this folder."""

from augury.transforms.base import Transform
from augury.transforms.bend import (
    Elastic,
    GridDistortion,
    GridShuffle,
    OpticalDistortion,
    PiecewiseAffine,
    ThinPlateSpline,
)
from augury.transforms.color import Brightness, Contrast, Gamma
from augury.transforms.crop import (
    CenterCrop,
    Crop,
    LongestSide,
    Pad,
    Resize,
    ResizedCrop,
    SafeCrop,
    ShortestSide,
)
from augury.transforms.erase import Erase
from augury.transforms.geometric import Affine, Perspective, Rotate, SafeRotate, Shear, Translate, Zoom
from augury.transforms.mix import BackgroundSwap, CopyPaste, CutMix, MaskDropout, MixUp, Mosaic
from augury.transforms.noise import GaussianNoise, PoissonNoise, SaltAndPepper
from augury.transforms.policies import Barrier, OneOf, SomeOf
from augury.transforms.symmetry import D4, HorizontalFlip, Rotate90, Transpose, VerticalFlip

__all__ = [
    "D4",
    "Affine",
    "BackgroundSwap",
    "Barrier",
    "Brightness",
    "CenterCrop",
    "Contrast",
    "CopyPaste",
    "Crop",
    "CutMix",
    "Elastic",
    "Erase",
    "Gamma",
    "GaussianNoise",
    "GridDistortion",
    "GridShuffle",
    "HorizontalFlip",
    "LongestSide",
    "MaskDropout",
    "MixUp",
    "Mosaic",
    "OneOf",
    "OpticalDistortion",
    "Pad",
    "Perspective",
    "PiecewiseAffine",
    "PoissonNoise",
    "Resize",
    "ResizedCrop",
    "Rotate",
    "Rotate90",
    "SafeCrop",
    "SafeRotate",
    "SaltAndPepper",
    "Shear",
    "ShortestSide",
    "SomeOf",
    "ThinPlateSpline",
    "Transform",
    "Translate",
    "Transpose",
    "VerticalFlip",
    "Zoom",
]
