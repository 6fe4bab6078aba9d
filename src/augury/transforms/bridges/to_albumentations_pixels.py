"""To Albumentations 2: transforms that move no pixel."""

from __future__ import annotations

from math import pi
from typing import Any

from augury.transforms.base import Transform
from augury.transforms.bridges.albumentations import LIBRARY
from augury.transforms.bridges.albumentations_pixels import AREA, LINEAR
from augury.transforms.bridges.desk import both_ends, fixed, neutral, no_equal, p_of_shuffle, whole_ends
from augury.transforms.channels import ChannelDropout, ChannelShift, ChannelShuffle, Grayscale, Hue, Saturation, Sepia
from augury.transforms.color import Brightness, Gamma
from augury.transforms.degrade import Downscale
from augury.transforms.erase import GridDropout
from augury.transforms.filter import Ringing, Sharpen
from augury.transforms.histogram import CLAHE
from augury.transforms.noise import GaussianNoise, PixelDropout
from augury.transforms.tone import Invert, Posterize, Solarize

_STILL = (0.0, 0.0)
_NEUTRAL = (1.0, 1.0)


def pixelwise(library: Any, node: Transform) -> Any:
    """A transform of its own, or None for what none of these is."""
    return _coloured(library, node) or _toned(library, node) or _detailed(library, node)


def _coloured(library: Any, node: Transform) -> Any:
    match node:
        case Hue():
            low, high = both_ends(node, "angle", LIBRARY)
            return library.HueSaturationValue((low / 2, high / 2), _STILL, _STILL, p=node.p)
        case Saturation():
            factor = both_ends(node, "factor", LIBRARY)
            return library.ColorJitter(_NEUTRAL, _NEUTRAL, factor, _STILL, p=node.p)
        case ChannelShift():
            red, green, blue = (both_ends(node, name, LIBRARY) for name in ("red", "green", "blue"))
            return library.RGBShift(red, green, blue, p=node.p)  # up to 1 it takes fractions
        case ChannelShuffle():
            return library.ChannelShuffle(p=p_of_shuffle(node, LIBRARY))
        case ChannelDropout():
            return library.ChannelDropout(fill=255 * node.fill, p=node.p)
        case Grayscale():
            return library.ToGray(p=node.p)
        case Sepia():
            neutral(node, LIBRARY, strength=1.0)
            return library.ToSepia(p=node.p)
    return None


def _toned(library: Any, node: Transform) -> Any:
    match node:
        case Brightness():
            low, high = both_ends(node, "factor", LIBRARY)
            return library.RandomBrightnessContrast(_STILL, (low - 1, high - 1), p=node.p)
        case Gamma():
            low, high = both_ends(node, "gamma", LIBRARY)
            return library.RandomGamma((100 * low, 100 * high), p=node.p)
        case Invert():
            return library.InvertImg(p=node.p)
        case Posterize():
            bits = whole_ends(node, "bits", LIBRARY)
            if bits[1] > 7:
                raise no_equal(node, LIBRARY, "there at most 7 bits stay")
            return library.Posterize(bits, p=node.p)
        case Solarize():
            low, high = both_ends(node, "threshold", LIBRARY)
            if low == 1.0:
                raise no_equal(node, LIBRARY, "there white is inverted at 1")
            return library.Solarize((low, high), p=node.p)
        case CLAHE():
            return library.CLAHE(both_ends(node, "clip", LIBRARY), (node.tiles, node.tiles), p=node.p)
    return None


def _detailed(library: Any, node: Transform) -> Any:
    match node:
        case GaussianNoise():
            return library.GaussNoise(std_range=both_ends(node, "std", LIBRARY), p=node.p)
        case PixelDropout():
            share = fixed(node, "share", LIBRARY)
            return library.PixelDropout(share, drop_value=255 * node.fill, p=node.p)
        case Sharpen():
            low, high = both_ends(node, "amount", LIBRARY)
            if low < 0:
                raise no_equal(node, LIBRARY, "there detail is added only")
            return library.Sharpen((low / 13, high / 13), _NEUTRAL, p=node.p)
        case Ringing():
            low, high = both_ends(node, "cutoff", LIBRARY)
            return library.RingingOvershoot((15, 15), (low * pi, high * pi), p=node.p)
        case Downscale():
            pair = {"downscale": AREA, "upscale": LINEAR}
            return library.Downscale(both_ends(node, "factor", LIBRARY), pair, p=node.p)
        case GridDropout():
            neutral(node, LIBRARY, x=0.0, y=0.0)
            cells, ratio = round(fixed(node, "cells", LIBRARY)), fixed(node, "ratio", LIBRARY)
            if ratio == 0.0:
                raise no_equal(node, LIBRARY, "there a hole has at least a pixel")
            return library.GridDropout(ratio, False, None, (cells, cells), fill=255 * node.fill, p=node.p)
    return None
