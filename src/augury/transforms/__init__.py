"""Declarations only: no pixel is touched in this folder."""

from augury.transforms.base import Transform
from augury.transforms.color import Brightness, Contrast, Gamma
from augury.transforms.degrade import Downscale, JpegCompression, Median, WebpCompression, ZoomBlur
from augury.transforms.erase import Erase
from augury.transforms.filter import (
    DefocusBlur,
    Emboss,
    GaussianBlur,
    MotionBlur,
    Ringing,
    Sharpen,
    UnsharpMask,
)
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
from augury.transforms.noise import GaussianNoise, IsoNoise, PixelDropout, PoissonNoise, SaltAndPepper, SpeckleNoise
from augury.transforms.policies import Barrier, OneOf, SomeOf

__all__ = [
    "Affine",
    "Barrier",
    "Brightness",
    "Contrast",
    "DefocusBlur",
    "Downscale",
    "Emboss",
    "Erase",
    "Gamma",
    "GaussianBlur",
    "GaussianNoise",
    "HorizontalFlip",
    "IsoNoise",
    "JpegCompression",
    "Median",
    "MotionBlur",
    "OneOf",
    "Perspective",
    "PixelDropout",
    "PoissonNoise",
    "ResizedCrop",
    "Ringing",
    "Rotate",
    "SaltAndPepper",
    "Sharpen",
    "Shear",
    "SomeOf",
    "SpeckleNoise",
    "Transform",
    "Translate",
    "UnsharpMask",
    "VerticalFlip",
    "WebpCompression",
    "Zoom",
    "ZoomBlur",
]
