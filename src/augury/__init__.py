"""Augury: augmentation for small datasets, streamed, reproducible, train-only, and measured.

Importing this loads the standard library only; every name below is fetched when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "augury.api": [
        "Dataset",
        "Leaks",
        "Look",
        "Policy",
        "Split",
        "Stream",
        "Whitening",
        "expand",
        "find_leaks",
        "from_albumentations",
        "from_arrays",
        "from_frame",
        "from_huggingface",
        "from_keras",
        "from_torchvision",
        "gallery",
        "look",
        "open",
        "presets",
        "preview",
        "statistics",
        "steps",
        "whitening",
        "write",
    ],
    "augury.api.apply": ["Augmented"],
    "augury.api.study": ["Study", "study"],  # apart, as it needs the extra "study"
    "augury.stream.batch": ["Batch"],
    "augury.ranges": ["Choice", "Fixed"],
    "augury.spec": ["Spec"],
    "augury.errors": [
        "AuguryError",
        "DataError",
        "DecodeError",
        "LeakError",
        "MissingExtraError",
        "PolicyError",
        "StateError",
    ],
    "augury.transforms": [
        "Affine",
        "AlbumentationsStep",
        "AugMix",
        "AutoContrast",
        "BackgroundSwap",
        "Barrier",
        "Brightness",
        "CLAHE",
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
        "D4",
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
    ],
    "augury.transforms.policies": ["Keep"],
    "augury.transforms.presets": ["auto_augment", "rand_augment", "trivial_augment", "workshop"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
__all__ = sorted([*_HOME_OF, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'augury' has no attribute {name!r}")
    value = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


if TYPE_CHECKING:  # what type checkers and editors see
    from augury.api import *  # noqa: F403
    from augury.api.apply import Augmented as Augmented
    from augury.api.study import Study as Study
    from augury.api.study import study as study
    from augury.errors import *  # noqa: F403
    from augury.ranges import Choice as Choice
    from augury.ranges import Fixed as Fixed
    from augury.spec import Spec as Spec
    from augury.stream.batch import Batch as Batch
    from augury.transforms import *  # noqa: F403
    from augury.transforms.policies import Keep as Keep
    from augury.transforms.presets import auto_augment as auto_augment
    from augury.transforms.presets import rand_augment as rand_augment
    from augury.transforms.presets import trivial_augment as trivial_augment
    from augury.transforms.presets import workshop as workshop
