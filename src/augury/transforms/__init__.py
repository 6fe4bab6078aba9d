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
from augury.transforms.crop import CenterCrop, Crop, LongestSide, Pad, Resize, ResizedCrop, SafeCrop, ShortestSide
from augury.transforms.degrade import Downscale, JpegCompression, Median, WebpCompression, ZoomBlur
from augury.transforms.erase import Erase
from augury.transforms.filter import DefocusBlur, Emboss, GaussianBlur, MotionBlur, Ringing, Sharpen, UnsharpMask
from augury.transforms.geometric import Affine, Perspective, Rotate, SafeRotate, Shear, Translate, Zoom
from augury.transforms.noise import GaussianNoise, IsoNoise, PixelDropout, PoissonNoise, SaltAndPepper, SpeckleNoise
from augury.transforms.policies import Barrier, OneOf, SomeOf
from augury.transforms.symmetry import D4, HorizontalFlip, Rotate90, Transpose, VerticalFlip

__all__ = [
    "D4",
    "Affine",
    "Barrier",
    "Brightness",
    "CenterCrop",
    "Contrast",
    "Crop",
    "DefocusBlur",
    "Downscale",
    "Elastic",
    "Emboss",
    "Erase",
    "Gamma",
    "GaussianBlur",
    "GaussianNoise",
    "GridDistortion",
    "GridShuffle",
    "HorizontalFlip",
    "IsoNoise",
    "JpegCompression",
    "LongestSide",
    "Median",
    "MotionBlur",
    "OneOf",
    "OpticalDistortion",
    "Pad",
    "Perspective",
    "PiecewiseAffine",
    "PixelDropout",
    "PoissonNoise",
    "Resize",
    "ResizedCrop",
    "Ringing",
    "Rotate",
    "Rotate90",
    "SafeCrop",
    "SafeRotate",
    "SaltAndPepper",
    "Sharpen",
    "Shear",
    "ShortestSide",
    "SomeOf",
    "SpeckleNoise",
    "ThinPlateSpline",
    "Transform",
    "Translate",
    "Transpose",
    "UnsharpMask",
    "VerticalFlip",
    "WebpCompression",
    "Zoom",
    "ZoomBlur",
]
