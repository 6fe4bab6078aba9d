"""Transforms of torchvision that move no pixel and mean what ours mean, and why others stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from augury.ranges import Fixed
from augury.transforms.bridges.desk import COLOURS, PIXELS, SHUFFLED, Found, Match, span
from augury.transforms.bridges.jitter import NEUTRAL, STILL, Pair, jitter
from augury.transforms.channels import ChannelShuffle, Grayscale
from augury.transforms.erase import Erase
from augury.transforms.filter import Sharpen
from augury.transforms.histogram import AutoContrast, Equalize
from augury.transforms.noise import GaussianNoise
from augury.transforms.tone import Invert, Posterize, Solarize

_CONTRAST = "contrast is about the mean there and shears about a corner; {} is close to it"
KEPT = {
    "AutoAugment": _CONTRAST.format("ag.auto_augment()"),
    "ElasticTransform": "its formula is not ours",
    "GaussianBlur": PIXELS,
    "JPEG": "its encoder is another",
    "RandAugment": _CONTRAST.format("ag.rand_augment()"),
    "RandomPhotometricDistort": "contrast is about the mean there, about mid-range here",
    "TrivialAugmentWide": _CONTRAST.format("ag.trivial_augment()"),
}


def _jitter(step: Any) -> Found:
    return jitter(
        _pair(step.brightness, NEUTRAL),
        _pair(step.contrast, NEUTRAL),
        _pair(step.saturation, NEUTRAL),
        _pair(step.hue, STILL),
    )


def _pair(held: Any, neutral: Pair) -> Pair:
    return neutral if held is None else (float(held[0]), float(held[1]))


def _noise(step: Any) -> Found:
    if step.mean != 0 or not step.clip or not 0 <= step.sigma <= 1:
        return "ours has mean 0, and clips"
    return Match(GaussianNoise(Fixed(step.sigma)))


def _erase(step: Any) -> Found:
    values = step.value if isinstance(step.value, (list, tuple)) else [step.value]
    if any(value != 0 for value in values):
        return "its value is drawn for each pixel, or one of the tensor, there"
    return Match(Erase(span(*step.scale), span(*step.ratio)))


def _solarize(step: Any) -> Found:
    """The threshold is a value of the tensor, and inverted there: hence half a level below."""
    if step.threshold <= 1:
        return "its threshold is one of floats, or of the darkest two levels"
    return Match(Solarize(Fixed((step.threshold - 0.5) / 255)), ("takes bytes only there",))


def _sharpen(step: Any) -> Found:
    return Match(Sharpen(Fixed(step.sharpness_factor - 1.0)), ("the outermost pixels stay there",))


MATCHES: dict[str, Callable[[Any], Found]] = {
    "ColorJitter": _jitter,
    "GaussianNoise": _noise,
    "RandomAdjustSharpness": _sharpen,
    "RandomAutocontrast": lambda _: Match(AutoContrast(Fixed(0.0))),
    "RandomChannelPermutation": lambda _: Match(ChannelShuffle(), (COLOURS,), often=SHUFFLED),
    "RandomEqualize": lambda _: Match(Equalize()),
    "RandomErasing": _erase,
    "RandomGrayscale": lambda _: Match(Grayscale(), (COLOURS,)),
    "RandomInvert": lambda _: Match(Invert()),
    "RandomPosterize": lambda step: Match(Posterize(Fixed(step.bits))),
    "RandomSolarize": _solarize,
}
