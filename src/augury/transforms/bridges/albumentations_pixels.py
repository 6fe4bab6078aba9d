"""Steps of Albumentations that move no pixel and mean what ours mean, and why others stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any

from augury.ranges import Fixed
from augury.transforms.bridges.desk import COLOURS, FORMULA, PIXELS, SHUFFLED, UNIFORM, Found, Match, span, whole
from augury.transforms.bridges.jitter import jitter
from augury.transforms.channels import ChannelDropout, ChannelShift, ChannelShuffle, Grayscale, Hue, Sepia
from augury.transforms.color import Brightness, Gamma
from augury.transforms.degrade import Downscale
from augury.transforms.erase import Erase, GridDropout
from augury.transforms.filter import Ringing, Sharpen
from augury.transforms.histogram import CLAHE
from augury.transforms.noise import GaussianNoise, PixelDropout
from augury.transforms.tone import Invert, Posterize, Solarize

Document = dict[str, Any]
AREA, LINEAR = 3, 1  # interpolations of OpenCV
_RIM = "beyond the rim lies its mirror image there, the last pixel here"
KEPT = {
    **dict.fromkeys(("Defocus", "GaussianBlur", "MedianBlur", "MotionBlur", "UnsharpMask"), PIXELS),
    "AutoContrast": "its histogram leaves white out",
    "Blur": "ours has no even square",
    "Equalize": "it counts the pixels of a level in full, Pillow and ours none of them",
    "ImageCompression": "its encoder takes red for blue",
    "SaltAndPepper": "whole pixels change there, values here",
    **dict.fromkeys(
        ("Emboss", "FancyPCA", "ISONoise", "Illumination", "PlanckianJitter", "PlasmaBrightnessContrast",
         "PlasmaShadow", "RandomFog", "RandomRain", "RandomShadow", "RandomSnow", "RandomSunFlare",
         "RandomToneCurve", "ShotNoise", "ZoomBlur"),
        FORMULA,
    ),
}  # fmt: skip


# ---- light and colour


def _contrast(step: Document) -> Found:
    """Its contrast alone multiplies: our brightness. Its brightness adds, which none of ours does."""
    if any(step["brightness_limit"]):
        return "its brightness adds there, multiplies here"
    if step["contrast_limit"][0] <= -0.99:
        return None
    low, high = step["contrast_limit"]
    return Match(Brightness(span(1 + low, 1 + high)), () if low == high else (UNIFORM,))


def _gamma(step: Document) -> Found:
    low, high = step["gamma_limit"]
    return Match(Gamma(span(low / 100, high / 100)), () if low == high else (UNIFORM,))


def _factor(step: Document) -> Found:
    """One factor for the whole image."""
    if step["elementwise"] or step["per_channel"]:
        return "its factors are drawn apart for channels or pixels there"
    low, high = step["multiplier"]
    return Match(Brightness(span(low, high)), () if low == high else (UNIFORM,))


def _jitter(step: Document) -> Found:
    brightness, contrast, saturation, hue = (
        (float(step[name][0]), float(step[name][1])) for name in ("brightness", "contrast", "saturation", "hue")
    )
    return jitter(brightness, contrast, saturation, hue)


def _hue(step: Document) -> Found:
    """The hue of OpenCV is in half degrees."""
    if any(step["sat_shift_limit"]) or any(step["val_shift_limit"]):
        return "its saturation and value are shifted there, multiplied here"
    low, high = step["hue_shift_limit"]
    return Match(Hue(span(2 * low, 2 * high)), (COLOURS,))


def _shift(step: Document) -> Found:
    red, green, blue = step["noise_params"]["ranges"]
    return Match(ChannelShift(span(*red), span(*green), span(*blue)), (COLOURS,))


def _gray(step: Document) -> Found:
    if step["method"] != "weighted_average" or step["num_output_channels"] != 3:
        return "its gray is not that of BT.601 in three channels"
    return Match(Grayscale(), (COLOURS,))


def _lost(step: Document) -> Found:
    if step["channel_drop_range"] != [1, 1]:
        return "ours replaces one channel"
    return Match(ChannelDropout(fill=step["fill"] / 255), (COLOURS,))


# ---- tone


def _posterize(step: Document) -> Found:
    if not all(isinstance(bits, int) for bits in step["num_bits"]):
        return "its channels have bits of their own there"
    return Match(Posterize(whole(*step["num_bits"])))


def _solarize(step: Document) -> Found:
    """What is at the threshold is inverted there, and not here: hence a hair below."""
    low, high = step["threshold_range"]
    return Match(Solarize(Fixed(low - 1e-6) if low == high else span(low, high)))


def _clahe(step: Document) -> Found:
    rows, columns = step["tile_grid_size"]
    if rows != columns:
        return "ours has as many tiles along both sides"
    return Match(CLAHE(span(*step["clip_limit"]), tiles=rows), ("takes no floats here",))


# ---- detail and noise


def _sharpen(step: Document) -> Found:
    """If lightness is 1, x + alpha * (9 x - the sum of 3 x 3 pixels), which is 13 times our unit."""
    if step["method"] != "kernel" or step["lightness"] != [1.0, 1.0]:
        return "ours is that of the method kernel with lightness 1"
    low, high = step["alpha"]
    return Match(Sharpen(span(13 * low, 13 * high)), (_RIM,))


def _ringing(step: Document) -> Found:
    if step["blur_limit"] != [15, 15]:
        return "ours reads 15 x 15 pixels"
    low, high = step["cutoff"]
    return Match(Ringing(span(low / pi, high / pi)), (_RIM,))


def _downscale(step: Document) -> Found:
    pair = step["interpolation_pair"]
    if pair != {"downscale": AREA, "upscale": LINEAR}:
        return "ours takes the mean of areas, and enlarges bilinearly"
    low, high = step["scale_range"]
    return Match(Downscale(span(low, high)), () if low == high else (UNIFORM,))


def _noise(step: Document) -> Found:
    if any(step["mean_range"]) or not step["per_channel"] or step["noise_scale_factor"] != 1:
        return "ours has mean 0, and is drawn for every pixel and channel"
    return Match(GaussianNoise(span(*step["std_range"])))


def _dropped(step: Document) -> Found:
    if step["per_channel"] or not isinstance(step["drop_value"], (int, float)):
        return "ours gives one value to all channels of a pixel"
    return Match(PixelDropout(Fixed(step["dropout_prob"]), fill=step["drop_value"] / 255))


# ---- erasing


def _erase(step: Document) -> Found:
    if not isinstance(step["fill"], (int, float)):
        return "its fill is drawn there"
    return Match(Erase(span(*step["scale"]), span(*step["ratio"]), fill=step["fill"] / 255))


def _hole(step: Document) -> Found:
    """One hole, measured in fractions of the sides."""
    (h0, h1), (w0, w1) = step["hole_height_range"], step["hole_width_range"]
    fraction = all(isinstance(side, float) and 0 < side <= 1 for side in (h0, h1, w0, w1))
    if step["num_holes_range"] != [1, 1] or not fraction or not isinstance(step["fill"], (int, float)):
        return "ours is one hole in fractions of the sides; of several the rim cuts none there"
    node = Erase(span(h0 * w0, h1 * w1), span(w0 / h1, w1 / h0), fill=step["fill"] / 255)
    varies = h0 != h1 or w0 != w1
    return Match(node, ("height and width are drawn there, area and aspect here",) if varies else ())


def _grid(step: Document) -> Found:
    cells = step["holes_number_xy"] or (0, 1)
    if cells[0] != cells[1] or step["unit_size_range"] is not None:
        return "ours has a number of cells, the same along both sides"
    if step["random_offset"] or any(step["shift_xy"]) or not isinstance(step["fill"], (int, float)):
        return "its holes are shifted each for itself or by pixels, or filled at random, there"
    start = Fixed(0.0)
    node = GridDropout(Fixed(cells[0]), Fixed(step["ratio"]), start, start, fill=step["fill"] / 255)
    return Match(node, ("sides are rounded down there",))


MATCHES: dict[str, Callable[[Document], Found]] = {
    "CLAHE": _clahe,
    "ChannelDropout": _lost,
    "ChannelShuffle": lambda _: Match(ChannelShuffle(), (COLOURS,), often=SHUFFLED),
    "CoarseDropout": _hole,
    "ColorJitter": _jitter,
    "Downscale": _downscale,
    "Erasing": _erase,
    "GaussNoise": _noise,
    "GridDropout": _grid,
    "HueSaturationValue": _hue,
    "InvertImg": lambda _: Match(Invert()),
    "MultiplicativeNoise": _factor,
    "PixelDropout": _dropped,
    "Posterize": _posterize,
    "RGBShift": _shift,
    "RandomBrightnessContrast": _contrast,
    "RandomGamma": _gamma,
    "RingingOvershoot": _ringing,
    "Sharpen": _sharpen,
    "Solarize": _solarize,
    "ToGray": _gray,
    "ToSepia": lambda _: Match(Sepia(Fixed(1.0)), (COLOURS,)),
}
