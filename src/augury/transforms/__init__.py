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
from augury.transforms.chains import AugMix
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
from augury.transforms.erase import CoarseDropout, Erase, GridDropout, GridMask, HideAndSeek
from augury.transforms.filter import DefocusBlur, Emboss, GaussianBlur, MotionBlur, Ringing, Sharpen, UnsharpMask
from augury.transforms.foreign import AlbumentationsStep, KerasStep, TorchvisionStep
from augury.transforms.function import Function
from augury.transforms.geometric import Affine, Perspective, Rotate, SafeRotate, Shear, Translate, Zoom
from augury.transforms.histogram import CLAHE, AutoContrast, Equalize
from augury.transforms.illuminant import ColorTemperature, PcaLighting
from augury.transforms.light import CornerIllumination, GaussianIllumination, LinearIllumination, Shadow, Vignette
from augury.transforms.mix import BackgroundSwap, CopyPaste, CutMix, MaskDropout, MixUp, Mosaic
from augury.transforms.noise import GaussianNoise, IsoNoise, PixelDropout, PoissonNoise, SaltAndPepper, SpeckleNoise
from augury.transforms.plasma import PlasmaBrightness, PlasmaContrast, PlasmaShadow
from augury.transforms.policies import Barrier, OneOf, SomeOf
from augury.transforms.symmetry import D4, HorizontalFlip, Rotate90, Transpose, VerticalFlip
from augury.transforms.tone import Invert, Posterize, Solarize, ToneCurve
from augury.transforms.weather import Fog, Rain, Snow, SunFlare

__all__ = [
    "CLAHE",
    "D4",
    "Affine",
    "AlbumentationsStep",
    "AugMix",
    "AutoContrast",
    "BackgroundSwap",
    "Barrier",
    "Brightness",
    "CenterCrop",
    "ChannelDropout",
    "ChannelShift",
    "ChannelShuffle",
    "CoarseDropout",
    "ColorJitter",
    "ColorTemperature",
    "Contrast",
    "CopyPaste",
    "CornerIllumination",
    "Crop",
    "CutMix",
    "DefocusBlur",
    "Downscale",
    "Elastic",
    "Emboss",
    "Equalize",
    "Erase",
    "Fog",
    "Function",
    "Gamma",
    "GaussianBlur",
    "GaussianIllumination",
    "GaussianNoise",
    "Grayscale",
    "GridDistortion",
    "GridDropout",
    "GridMask",
    "GridShuffle",
    "HideAndSeek",
    "HorizontalFlip",
    "Hue",
    "Invert",
    "IsoNoise",
    "JpegCompression",
    "KerasStep",
    "LinearIllumination",
    "LongestSide",
    "MaskDropout",
    "Median",
    "MixUp",
    "Mosaic",
    "MotionBlur",
    "OneOf",
    "OpticalDistortion",
    "Pad",
    "PcaLighting",
    "Perspective",
    "PiecewiseAffine",
    "PixelDropout",
    "PlasmaBrightness",
    "PlasmaContrast",
    "PlasmaShadow",
    "PoissonNoise",
    "Posterize",
    "Rain",
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
    "Shadow",
    "Sharpen",
    "Shear",
    "ShortestSide",
    "Snow",
    "Solarize",
    "SomeOf",
    "SpeckleNoise",
    "SunFlare",
    "ThinPlateSpline",
    "ToneCurve",
    "TorchvisionStep",
    "Transform",
    "Translate",
    "Transpose",
    "UnsharpMask",
    "VerticalFlip",
    "Vignette",
    "WebpCompression",
    "Zoom",
    "ZoomBlur",
]
