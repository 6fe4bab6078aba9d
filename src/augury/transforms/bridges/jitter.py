"""Colour jitter, which Albumentations has from torchvision: one part alone means what ours means."""

from __future__ import annotations

from augury.transforms.bridges.desk import COLOURS, UNIFORM, Found, Match, span
from augury.transforms.channels import Hue, Saturation
from augury.transforms.color import Brightness

Pair = tuple[float, float]
NEUTRAL: Pair = (1.0, 1.0)
STILL: Pair = (0.0, 0.0)


def jitter(brightness: Pair, contrast: Pair, saturation: Pair, hue: Pair) -> Found:
    """Factors with their identity at 1; hue: turns, identity 0."""
    if contrast != NEUTRAL:
        return "contrast is about the mean there, about mid-range here"
    log = (UNIFORM,) if brightness[0] != brightness[1] or saturation[0] != saturation[1] else ()
    match brightness != NEUTRAL, saturation != NEUTRAL, hue != STILL:
        case True, False, False:
            return Match(Brightness(span(*brightness)), log)
        case False, True, False:
            return Match(Saturation(span(*saturation)), (COLOURS, *log))
        case False, False, True:
            return Match(Hue(span(360 * hue[0], 360 * hue[1])), (COLOURS,))
        case False, False, False:
            return "it changes nothing"
    return "its parts come in a random order there"
