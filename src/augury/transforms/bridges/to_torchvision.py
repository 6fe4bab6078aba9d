"""To torchvision's transforms, version 2, or a refusal that names the first transform without an equal."""

from __future__ import annotations

import math
from typing import Any

from augury.transforms.base import Node
from augury.transforms.bridges.desk import both_ends, fixed, neutral, no_equal, p_of_shuffle
from augury.transforms.bridges.torchvision import LIBRARY
from augury.transforms.channels import ChannelShuffle, Grayscale, Hue, Saturation
from augury.transforms.color import Brightness
from augury.transforms.crop import ResizedCrop
from augury.transforms.erase import Erase
from augury.transforms.filter import Sharpen
from augury.transforms.foreign import TorchvisionStep, torchvision
from augury.transforms.geometric import Affine, Perspective, Rotate, Shear, Translate, Zoom
from augury.transforms.histogram import AutoContrast, Equalize
from augury.transforms.noise import GaussianNoise
from augury.transforms.policies import OneOf, Policy, SomeOf
from augury.transforms.symmetry import HorizontalFlip, VerticalFlip
from augury.transforms.tone import Invert, Posterize, Solarize

_MOVING = (Affine, Perspective, Rotate, Shear, Translate, Zoom)


def pipeline(policy: Policy, size: tuple[int, int] | None) -> Any:
    """A Compose. size : (height, width) of the canvas, which its crops must know."""
    library = torchvision()
    return library.Compose([_step(library, node, policy, size) for node in policy.transforms] or [library.Identity()])


def _step(library: Any, node: Node, policy: Policy, size: tuple[int, int] | None) -> Any:
    if isinstance(node, (OneOf, SomeOf, Policy)):
        made = _choice(library, node, [_step(library, child, policy, size) for child in node.transforms])
    elif (own := _of_itself(library, node)) is not None:
        return own
    elif isinstance(node, _MOVING):
        made = _moving(library, node, policy)
    else:
        made = _still(library, node, size)
    p = p_of_shuffle(node, LIBRARY) if isinstance(node, ChannelShuffle) else getattr(node, "p", 1.0)
    return made if p == 1.0 else library.RandomApply([made], p)


def _of_itself(library: Any, node: Node) -> Any:
    """A transform whose p says whether it happens at all, or None."""
    match node:
        case HorizontalFlip():
            return library.RandomHorizontalFlip(node.p)
        case VerticalFlip():
            return library.RandomVerticalFlip(node.p)
        case Grayscale():
            return library.RandomGrayscale(node.p)
        case Invert():
            return library.RandomInvert(node.p)
        case Equalize():
            return library.RandomEqualize(node.p)
        case AutoContrast():
            neutral(node, LIBRARY, cutoff=0.0)
            return library.RandomAutocontrast(node.p)
        case Posterize():
            return library.RandomPosterize(round(fixed(node, "bits", LIBRARY)), node.p)
        case Solarize():
            return library.RandomSolarize(_level_above(node), node.p)
        case Sharpen():
            return library.RandomAdjustSharpness(1.0 + fixed(node, "amount", LIBRARY), node.p)
    return None


def _level_above(node: Solarize) -> float:
    """The lowest level that is inverted, as a step of torchvision for bytes has it."""
    level = math.floor(255 * fixed(node, "threshold", LIBRARY)) + 1
    if not 1 < level <= 255:
        raise no_equal(node, LIBRARY, "there bytes have a threshold of 2 to 255")
    return level


def _choice(library: Any, node: OneOf | SomeOf | Policy, children: list[Any]) -> Any:
    if isinstance(node, OneOf):
        return library.RandomChoice(children, None if node.weights is None else list(node.weights))
    if isinstance(node, SomeOf) and node.count != (len(children), len(children)):
        raise no_equal(node, LIBRARY, "it has no choice of some")
    return library.Compose(children)


def _moving(library: Any, node: Node, policy: Policy) -> Any:
    if policy.border != "constant":
        raise no_equal(node, LIBRARY, f"it has no border {policy.border!r}, only 'constant'")
    mode = library.InterpolationMode
    how = {
        "interpolation": mode.BILINEAR if policy.interpolation == "bilinear" else mode.NEAREST,
        "fill": 255 * policy.fill,
    }
    match node:
        case Rotate():
            return library.RandomRotation(both_ends(node, "angle", LIBRARY), **how)
        case Perspective():
            low, high = both_ends(node, "corners", LIBRARY)
            if low:
                raise no_equal(node, LIBRARY, "there corners move from 0 on")
            return library.RandomPerspective(high, p=1.0, **how)
        case Zoom():
            return library.RandomAffine(0, scale=both_ends(node, "factor", LIBRARY), **how)
        case Shear():
            return library.RandomAffine(0, shear=[*_pair(node, "x"), *_pair(node, "y")], **how)
        case Translate():
            return library.RandomAffine(0, translate=_shifts(node), **how)
        case Affine():
            neutral(node, LIBRARY, aspect=1.0)
            low, high = both_ends(node, "angle", LIBRARY)
            return library.RandomAffine(
                (-high, -low),  # clockwise there
                translate=_shifts(node),
                scale=both_ends(node, "zoom", LIBRARY),
                shear=[*_pair(node, "shear_x"), *_pair(node, "shear_y")],
                **how,
            )
    raise no_equal(node, LIBRARY)


def _still(library: Any, node: Node, size: tuple[int, int] | None) -> Any:
    match node:
        case TorchvisionStep():
            return node.step
        case ChannelShuffle():
            return library.RandomChannelPermutation()
        case Brightness():
            return library.ColorJitter(brightness=both_ends(node, "factor", LIBRARY))
        case Saturation():
            return library.ColorJitter(saturation=both_ends(node, "factor", LIBRARY))
        case Hue():
            low, high = both_ends(node, "angle", LIBRARY)
            if low < -180 or high > 180:
                raise no_equal(node, LIBRARY, "there hues turn by up to 180 degrees")
            return library.ColorJitter(hue=(low / 360, high / 360))
        case GaussianNoise():
            return library.GaussianNoise(sigma=fixed(node, "std", LIBRARY))
        case Erase(fill=0.0) if node.x == node.y == (0.0, 1.0):
            return library.RandomErasing(1.0, *_sizes(node))
        case ResizedCrop() if size is not None and node.x == node.y == (0.0, 1.0):
            return library.RandomResizedCrop(size, *_sizes(node))
    raise no_equal(node, LIBRARY, "give size=(height, width)" if isinstance(node, ResizedCrop) else "it has none")


def _sizes(node: Erase | ResizedCrop) -> list[tuple[float, float]]:
    return [both_ends(node, name, LIBRARY) for name in ("area", "aspect")]


def _pair(node: Shear | Affine, name: str) -> tuple[float, float]:
    return both_ends(node, name, LIBRARY)


def _shifts(node: Translate | Affine) -> tuple[float, float]:
    """Shifts there reach as far to either side."""
    reach = []
    for name in ("x", "y"):
        low, high = both_ends(node, name, LIBRARY)
        if low != -high:
            raise no_equal(node, LIBRARY, f"there {name} reaches as far to either side")
        reach.append(high)
    return reach[0], reach[1]
