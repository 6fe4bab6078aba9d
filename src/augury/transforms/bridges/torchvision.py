"""From torchvision's transforms, version 2 or 1, by class and attributes; checked on 0.28."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import partial
from typing import Any

from augury.errors import PolicyError
from augury.kernels import Interpolation
from augury.ranges import Fixed
from augury.transforms.base import Node
from augury.transforms.bridges import torchvision_pixels
from augury.transforms.bridges.desk import UNIFORM, Desk, Found, Match, Sampling, span
from augury.transforms.bridges.torchvision_pixels import KEPT
from augury.transforms.crop import ResizedCrop
from augury.transforms.foreign import TorchvisionStep, torchvision
from augury.transforms.geometric import Affine, Perspective, Rotate
from augury.transforms.policies import OneOf
from augury.transforms.symmetry import HorizontalFlip, VerticalFlip

LIBRARY = "torchvision"
INTERPOLATIONS: dict[str, Interpolation] = {"nearest": "nearest", "bilinear": "bilinear"}
PREPARE = (
    "CenterCrop", "ConvertImageDtype", "Grayscale", "LinearTransformation", "Normalize", "PILToTensor", "Pad",
    "RGB", "Resize", "ToDtype", "ToImage", "ToPILImage", "ToPureTensor", "ToTensor",
)  # fmt: skip  # the same for every image
SIZED = (
    "FiveCrop", "RandomCrop", "RandomIoUCrop", "RandomResize", "RandomShortestSize", "RandomZoomOut",
    "ScaleJitter", "TenCrop",
)  # fmt: skip
MIXED = ("CutMix", "MixUp")
OF_ITSELF = (
    "RandomAdjustSharpness", "RandomAutocontrast", "RandomEqualize", "RandomErasing", "RandomGrayscale",
    "RandomHorizontalFlip", "RandomInvert", "RandomPerspective", "RandomPosterize", "RandomSolarize",
    "RandomVerticalFlip",
)  # fmt: skip  # whose p says whether they happen at all


def nodes(pipeline: Any, desk: Desk) -> list[Node]:
    """The steps of a Compose, of a Sequential or list of transforms, or of one transform."""
    torchvision()
    steps = pipeline if isinstance(pipeline, (list, tuple)) else [pipeline]
    return [node for step in steps for node in _nodes(step, desk)]


def _nodes(step: Any, desk: Desk) -> list[Node]:
    title, module = type(step).__name__, type(step).__module__
    if not callable(step):
        raise PolicyError(f"from_torchvision: {step!r} is no transform")
    if not module.startswith(("torchvision.", "torch.")):
        return [desk.leaf(title, None, lambda: TorchvisionStep(step))]
    if title == "Identity":
        return []
    if title in PREPARE:
        desk.left_out.append(title)
        return []
    _check(title, module)
    if title in _CHOICES:
        return _CHOICES[title](step, desk)
    inner, p = (_always(step), float(step.p)) if title in OF_ITSELF else (step, 1.0)
    return [desk.leaf(title, partial(_match, title, step), lambda: TorchvisionStep(inner), p)]


def _check(title: str, module: str) -> None:
    if title in SIZED:
        raise PolicyError(f"from_torchvision: {title} changes the size or number of images; use ag.ResizedCrop")
    if title in MIXED:
        raise PolicyError(f"from_torchvision: {title} mixes images of a batch; apply it to the batches of the stream")
    if title == "Lambda":
        raise PolicyError("from_torchvision: Lambda holds code; give its function to ag.Function")
    if title == "RandomOrder" and not module.startswith("torchvision.transforms.v2"):
        raise PolicyError("from_torchvision: the old RandomOrder draws from Python's random; use transforms.v2")


def _always(step: Any) -> Any:
    """The step with p = 1, as the node's own p decides."""
    inner = copy(step)
    inner.p = 1.0
    return inner


# ---- compositions


def _sequence(step: Any, desk: Desk) -> list[Node]:
    steps = getattr(step, "transforms", step)  # a torch.nn.Sequential is its own list
    return [node for child in steps for node in _nodes(child, desk)]


def _apply(step: Any, desk: Desk) -> list[Node]:
    return desk.together(_sequence(step, desk), float(step.p))


def _choice(step: Any, desk: Desk) -> list[Node]:
    weights = step.p and tuple(float(p) for p in step.p)
    return [desk.choice(OneOf(desk.each(_nodes(child, desk) for child in step.transforms), weights))]


_CHOICES: dict[str, Callable[[Any, Desk], list[Node]]] = {
    "Compose": _sequence,
    "RandomApply": _apply,
    "RandomChoice": _choice,
    "Sequential": _sequence,
}


# ---- steps that mean what ours mean; None, or why, where the parameters do not


def _sampling(step: Any) -> Sampling | None:
    """A constant border at one level; the interpolation."""
    fill = step.fill if isinstance(step.fill, (list, tuple)) else [0 if step.fill is None else step.fill]
    interpolation = _interpolation(step)
    if interpolation is None or not all(isinstance(f, (int, float)) for f in fill):
        return None
    return (("constant", fill[0] / 255), interpolation) if len(set(fill)) == 1 and 0 <= fill[0] <= 255 else None


def _interpolation(step: Any) -> Interpolation | None:
    held = getattr(step.interpolation, "value", step.interpolation)  # an enum, or its text
    return INTERPOLATIONS.get(held)


def _rotate(step: Any) -> Found:
    sampling = _sampling(step)
    if step.expand or step.center is not None or sampling is None:
        return None
    return Match(Rotate(span(*step.degrees)), (), sampling)


def _affine(step: Any) -> Found:
    sampling, scale = _sampling(step), step.scale or (1.0, 1.0)
    if step.center is not None or sampling is None:
        return None
    x, y = step.translate or (0.0, 0.0)
    shear = [*(step.shear or ()), 0.0, 0.0, 0.0, 0.0][:4]
    low, high = step.degrees
    node = Affine(
        span(-high, -low),  # clockwise there
        span(*scale),
        span(-x, x),
        span(-y, y),
        span(*shear[:2]),
        span(*shear[2:]),
        Fixed(1.0),
    )
    differences = ["shifts are whole pixels there"] if x or y else []
    return Match(node, (*differences, *([UNIFORM] if scale[0] != scale[1] else [])), sampling)


def _crop(step: Any) -> Found:
    interpolation, size = _interpolation(step), "x".join(map(str, step.size))
    if interpolation is None:
        return None
    differences = (f"gives {size} pixels there, the canvas here", "the aspect is relative to the canvas here")
    return Match(ResizedCrop(span(*step.scale), span(*step.ratio)), differences, (None, interpolation))


def _perspective(step: Any) -> Found:
    sampling = _sampling(step)
    if sampling is None or step.distortion_scale > 0.6:
        return None
    node = Perspective(span(0.0, step.distortion_scale))
    return Match(node, ("corners move by whole pixels there",), sampling)


MATCHES: dict[str, Callable[[Any], Found]] = {
    **torchvision_pixels.MATCHES,
    "RandomAffine": _affine,
    "RandomHorizontalFlip": lambda _: Match(HorizontalFlip()),
    "RandomPerspective": _perspective,
    "RandomResizedCrop": _crop,
    "RandomRotation": _rotate,
    "RandomVerticalFlip": lambda _: Match(VerticalFlip()),
}


def _match(title: str, step: Any) -> Found:
    return MATCHES[title](step) if title in MATCHES else KEPT.get(title)
