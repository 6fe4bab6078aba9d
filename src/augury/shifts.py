"""Shifts: ways in which new images may differ from those that were collected, most of them in three strengths."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.errors import AuguryError
from augury.kernels import Border
from augury.ranges import Choice, Fixed
from augury.transforms import (
    Brightness,
    Contrast,
    Erase,
    Gamma,
    GaussianNoise,
    HorizontalFlip,
    OneOf,
    ResizedCrop,
    Rotate,
    Translate,
    VerticalFlip,
    Zoom,
)
from augury.transforms.base import Node
from augury.transforms.policies import Policy

Pixels = NDArray[Any]
SEED = 0  # of the draws of all shifts
GEOMETRIC = ("location", "zoom", "rotation")  # their pictures depend on the border


@dataclass(frozen=True)
class Shift:
    """One way in which images differ. Directions are drawn for each image, always alike.

    Attributes
    ----------
    family : such as "rotation". strength : 1, 2 or 3; 0 in a family without strengths.
    policy : what is done to the canvas.
    blur : sigma as a fraction of the photo's shorter side, 0 for none; see `blurred`.
    counts : whether it is known to occur, so that robustness against it counts.
    """

    family: str
    strength: int
    policy: Policy
    blur: float = 0.0
    counts: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Policy):
            raise AuguryError(f"Shift {self.family!r}: {self.policy!r} is no policy; write Policy([...])")
        if not 0.0 <= self.blur <= 1.0:
            raise AuguryError(f"Shift {self.family!r}: blur={self.blur!r} must be a fraction of the side, 0 to 1")

    @property
    def name(self) -> str:
        """Family and strength: "rotation 2", or "mirrored"."""
        return f"{self.family} {self.strength}" if self.strength else self.family

    def with_border(self, border: Border, fill: float = 0.0) -> Shift:
        """The same with another border; see `transforms.policies.Policy`.

        Raises
        ------
        AuguryError : if the family's pictures do not depend on the border.
        """
        if self.family not in GEOMETRIC:
            raise AuguryError(f"shift {self.name!r}: has no border; those of {', '.join(GEOMETRIC)} have")
        return replace(self, policy=Policy(self.policy.transforms, border=border, fill=fill))


def _lighting(factor: float) -> OneOf:
    """Two ways to be darker, two to be brighter, and one to be flatter."""
    return OneOf(
        [
            Brightness(Fixed(1 / factor), name="Dimmed"),
            Brightness(Fixed(factor), name="Lit"),
            Gamma(Fixed(1 / factor), name="LighterMiddle"),
            Gamma(Fixed(factor), name="DarkerMiddle"),
            Contrast(Fixed(1 / factor)),
        ]
    )


def _strengths(family: str, transform: Callable[[float], Node], *values: float) -> list[Shift]:
    return [Shift(family, k, Policy([transform(value)])) for k, value in enumerate(values, 1)]


SUITE: tuple[Shift, ...] = (
    *_strengths("location", lambda s: Translate(x=Choice((-s, s)), y=Choice((-s, s))), 0.08, 0.16, 0.24),
    *_strengths("zoom", lambda f: Zoom(Choice((1 / f, f))), 1.15, 1.3, 1.5),
    *_strengths("crop", lambda a: ResizedCrop(area=Fixed(a), aspect=Fixed(1.0)), 0.8, 0.6, 0.45),
    *_strengths("rotation", lambda a: Rotate(Choice((-a, a))), 10, 20, 40),
    *_strengths("lighting", _lighting, 1.2, 1.45, 1.8),
    *(Shift("blur", k, Policy(), blur=sigma) for k, sigma in enumerate((0.01, 0.02, 0.035), 1)),
    *_strengths("noise", lambda s: GaussianNoise(Fixed(s)), 0.03, 0.07, 0.12),
    *_strengths("occlusion", lambda a: Erase(area=Fixed(a), aspect=Fixed(1.0)), 0.05, 0.12, 0.2),
    Shift("mirrored", 0, Policy([HorizontalFlip(p=1)]), counts=False),
    Shift("upside down", 0, Policy([VerticalFlip(p=1)]), counts=False),
)
FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(one.family for one in SUITE))


def shift(family: str, strength: int = 2) -> Shift:
    """A shift of the suite; a family without strengths takes any.

    Raises
    ------
    AuguryError : if there is no such family or strength.

    Examples
    --------
    >>> shift("rotation", 3).name, shift("mirrored").name
    ('rotation 3', 'mirrored')
    """
    if family not in FAMILIES:
        raise AuguryError(f"shift: {family!r} is none of {', '.join(FAMILIES)}")
    if strength not in (1, 2, 3):
        raise AuguryError(f"shift: strength={strength!r} of {family!r}; expected 1, 2 or 3")
    return next(one for one in SUITE if one.family == family and one.strength in (0, strength))


def blurred(image: Pixels, sigma_fraction: float) -> Pixels:
    """Blur a photo by a Gaussian; what lies outside is as at the edge.

    A sigma below a third of a pixel changes next to nothing, so tiny images (20 pixels) hardly show the least blur.

    Parameters
    ----------
    image : (h, w, c) uint8, uint16 or float32, of any number of channels; not changed.
    sigma_fraction : standard deviation as a fraction of the shorter side, above 0.

    Returns
    -------
    (h, w, c), same dtype; floats stay within the smallest and largest value of the image.
    """
    import cv2

    sigma = sigma_fraction * min(image.shape[:2])
    soft: Pixels = cv2.GaussianBlur(np.ascontiguousarray(image), (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    soft = soft.reshape(image.shape)  # OpenCV drops a single channel's axis
    return np.clip(soft, image.min(), image.max()) if image.dtype.kind == "f" else soft
