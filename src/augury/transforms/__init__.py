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
from augury.transforms.crop import CenterCrop, Crop, LongestSide, Pad, Resize, ResizedCrop, SafeCrop, ShortestSide
from augury.transforms.degrade import Downscale, JpegCompression, Median, WebpCompression, ZoomBlur
from augury.transforms.erase import Erase
from augury.transforms.filter import DefocusBlur, Emboss, GaussianBlur, MotionBlur, Ringing, Sharpen, UnsharpMask
from augury.transforms.geometric import Affine, Perspective, Rotate, SafeRotate, Shear, Translate, Zoom
from augury.transforms.histogram import CLAHE, AutoContrast, Equalize
from augury.transforms.illuminant import ColorTemperature, PcaLighting
from augury.transforms.noise import GaussianNoise, IsoNoise, PixelDropout, PoissonNoise, SaltAndPepper, SpeckleNoise
from augury.transforms.policies import Barrier, OneOf, SomeOf
from augury.transforms.symmetry import D4, HorizontalFlip, Rotate90, Transpose, VerticalFlip
from augury.transforms.tone import Invert, Posterize, Solarize, ToneCurve

__all__ = [
    "CLAHE",
    "D4",
    "Affine",
    "AutoContrast",
    "Barrier",
    "Brightness",
    "CenterCrop",
    "ChannelDropout",
    "ChannelShift",
    "ChannelShuffle",
    "ColorJitter",
    "ColorTemperature",
    "Contrast",
    "Crop",
    "DefocusBlur",
    "Downscale",
    "Elastic",
    "Emboss",
    "Equalize",
    "Erase",
    "Gamma",
    "GaussianBlur",
    "GaussianNoise",
    "Grayscale",
    "GridDistortion",
    "GridShuffle",
    "HorizontalFlip",
    "Hue",
    "Invert",
    "IsoNoise",
    "JpegCompression",
    "LongestSide",
    "Median",
    "MotionBlur",
    "OneOf",
    "OpticalDistortion",
    "Pad",
    "PcaLighting",
    "Perspective",
    "PiecewiseAffine",
    "PixelDropout",
    "PoissonNoise",
    "Posterize",
    "Resize",
    "ResizedCrop",
    "Ringing",
    "Rotate",
    "Rotate90",
    "SafeCrop",
    "SafeRotate",
    "SaltAndPepper",
    "Saturation",
    "Sepia",
    "Sharpen",
    "Shear",
    "ShortestSide",
    "Solarize",
    "SomeOf",
    "SpeckleNoise",
    "ThinPlateSpline",
    "ToneCurve",
    "Transform",
    "Translate",
    "Transpose",
    "UnsharpMask",
    "VerticalFlip",
    "WebpCompression",
    "Zoom",
    "ZoomBlur",
]
