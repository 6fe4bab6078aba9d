"""Cautious policies for small data: what plausibly differs between two pictures of one thing, and no more.

They hold ranges that most labels survive, and are where to start, not what is best: `ag.study` tells that. Geometry
comes first, so that every image is resampled once. `policy.reasons` says why each transform is there.
"""

from __future__ import annotations

from augury.api.policy import Policy
from augury.kernels import Border
from augury.transforms import (
    D4,
    Brightness,
    ColorTemperature,
    Contrast,
    Downscale,
    GaussianBlur,
    GaussianNoise,
    HorizontalFlip,
    LinearIllumination,
    Perspective,
    Rotate,
    Translate,
    Zoom,
)
from augury.transforms.base import Transform

__all__ = ["document", "gentle", "photo", "top_down"]

_LIGHT = "Light and exposure differ from picture to picture."
_CONTRAST = "Haze, flat light and cameras change contrast."


def gentle() -> Policy:
    """For any images of which little is known: small moves and small changes of light, no mirror images.

    Examples
    --------
    >>> gentle().reasons["Rotate"]
    'A hand-held camera tilts this much unnoticed.'
    """
    return _policy(
        "gentle",
        {
            Rotate((-5.0, 5.0)): "A hand-held camera tilts this much unnoticed.",
            Translate((-0.04, 0.04), (-0.04, 0.04)): "Nobody aims to the pixel.",
            Zoom((0.95, 1.05)): "Nobody stands at the same distance twice.",
            Brightness((0.9, 1.1)): _LIGHT,
            Contrast((0.9, 1.1)): _CONTRAST,
        },
    )


def photo(*, color: bool = True) -> Policy:
    """For photos of objects that have an up but no left: mirror images, moves, another light, a little noise.

    Parameters
    ----------
    color : False for images without colours.

    Examples
    --------
    >>> [type(one).__name__ for one in photo().transforms][:3]
    ['HorizontalFlip', 'Perspective', 'Rotate']
    """
    light: dict[Transform, str] = {Brightness((0.75, 1.33)): _LIGHT, Contrast((0.8, 1.25)): _CONTRAST}
    if color:
        light[ColorTemperature((5000.0, 8500.0))] = "The sun, shade and lamps differ in colour."
    return _policy(
        "photo",
        {
            HorizontalFlip(): "Most things are as likely seen from the other side; leave it out if letters matter.",
            Perspective((0.0, 0.08)): "No camera looks straight on.",
            Rotate((-10.0, 10.0)): "A hand-held camera tilts.",
            Translate((-0.1, 0.1), (-0.1, 0.1)): "The object is not always in the middle.",
            Zoom((0.8, 1.25)): "The object is nearer or farther.",
            **light,
            GaussianNoise((0.0, 0.02)): "Sensors are noisy in dim light.",
        },
    )


def top_down() -> Policy:
    """For subjects seen from above, without an up or a left: aerial photos, cells, parts on a table.

    Use a square canvas: on others a quarter turn cuts what it takes outside.

    Examples
    --------
    >>> top_down().border
    'symmetric'
    """
    return _policy(
        "top_down",
        {
            D4(): "From above, no side is up and mirror images are as likely; exact, so that no detail is lost.",
            Translate((-0.06, 0.06), (-0.06, 0.06)): "Frames are cut anywhere.",
            Zoom((0.9, 1.11)): "Height and magnification differ a little.",
            Brightness((0.8, 1.25)): _LIGHT,
            Contrast((0.85, 1.18)): _CONTRAST,
            GaussianBlur((0.0, 0.004)): "The plane of focus is not always met.",
        },
        border="symmetric",
    )


def document() -> Policy:
    """For scanned or photographed paper, dark on white: small turns and slants, uneven light, lost detail.

    Examples
    --------
    >>> document().fill
    1.0
    """
    return _policy(
        "document",
        {
            Perspective((0.0, 0.04)): "Paper is rarely photographed straight from above.",
            Rotate((-3.0, 3.0)): "Pages lie askew; more would not be read as it is.",
            Translate((-0.02, 0.02), (-0.02, 0.02)): "Margins differ.",
            Brightness((0.85, 1.1)): "Paper and scanners are not equally white.",
            Contrast((0.8, 1.15)): "Ink fades.",
            LinearIllumination((0.0, 0.2)): "A lamp at one side leaves the other one darker.",
            GaussianBlur((0.0, 0.003)): "Cameras miss the focus by a little.",
            Downscale((0.6, 1.0)): "Pages are scanned at different resolutions.",
        },
        border="constant",
        fill=1.0,
    )


def _policy(name: str, reasons: dict[Transform, str], border: Border = "edge", fill: float = 0.0) -> Policy:
    """A policy of transforms with the reason for each, in order."""
    told = {one.label: reason for one, reason in reasons.items()}
    return Policy(list(reasons), border=border, fill=fill, name=name, reasons=told)
