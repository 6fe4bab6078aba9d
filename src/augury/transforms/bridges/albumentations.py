"""From Albumentations 2, by the documents that `A.to_dict` gives; checked on 2.0.8."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from augury.errors import PolicyError
from augury.kernels import Border, Interpolation
from augury.ranges import Choice, Fixed
from augury.transforms.base import Node
from augury.transforms.bridges.desk import UNIFORM, Desk, Match, Sampling, span
from augury.transforms.color import Brightness, Gamma
from augury.transforms.crop import ResizedCrop
from augury.transforms.erase import Erase
from augury.transforms.foreign import AlbumentationsStep, albumentations
from augury.transforms.geometric import Affine, Rotate
from augury.transforms.noise import GaussianNoise
from augury.transforms.policies import OneOf, SomeOf
from augury.transforms.symmetry import HorizontalFlip, VerticalFlip

Document = dict[str, Any]
LIBRARY = "Albumentations"
PREPARE = (
    "CenterCrop", "Crop", "FromFloat", "LetterBox", "LongestMaxSize", "Normalize", "Pad", "PadIfNeeded", "Resize",
    "SmallestMaxSize", "ToFloat", "ToTensor3D", "ToTensorV2",
)  # fmt: skip  # the same for every image
SIZED = (
    "AtLeastOneBBoxRandomCrop", "BBoxSafeRandomCrop", "CropAndPad", "CropNonEmptyMaskIfExists", "RandomCrop",
    "RandomCropFromBorders", "RandomCropNearBBox", "RandomScale",
)  # fmt: skip  # at random, of another size
BORDERS: dict[int, Border] = {0: "constant", 1: "edge", 2: "symmetric", 3: "wrap", 4: "mirror"}  # of OpenCV
INTERPOLATIONS: dict[int, Interpolation] = {0: "nearest", 1: "bilinear"}  # of OpenCV


def nodes(pipeline: Any, desk: Desk) -> list[Node]:
    """The steps of a Compose, of a list of transforms, or of one transform."""
    steps = pipeline if isinstance(pipeline, (list, tuple)) else [pipeline]
    return [node for step in steps for node in _nodes(_document(step), desk)]


def _document(step: Any) -> Document:
    library = albumentations()
    try:
        found: Document = json.loads(json.dumps(library.to_dict(step)["transform"]))  # lists, not tuples
    except Exception as error:  # whatever an object that is none of its transforms raises
        raise PolicyError(f"from_albumentations: {step!r} is no transform that A.to_dict can write") from error
    return found


def _nodes(step: Document, desk: Desk) -> list[Node]:
    title = str(step.get("__class_fullname__", step.get("__type__"))).rsplit(".", 1)[-1]
    if title == "NoOp":
        return []
    if title in PREPARE:
        desk.left_out.append(title)
        return []
    if title in SIZED:
        raise PolicyError(f"from_albumentations: {title} changes the size at random; use ag.ResizedCrop in its place")
    if title == "Lambda":
        raise PolicyError("from_albumentations: A.Lambda holds code; give its function to ag.Function")
    if "transforms" in step and title in _CHOICES:
        return _CHOICES[title](step, desk)
    match = partial(_MATCHES[title], step) if title in _MATCHES else None
    return [desk.leaf(title, match, lambda: AlbumentationsStep(step), float(step["p"]))]


# ---- compositions


def _sequence(step: Document, desk: Desk) -> list[Node]:
    return desk.together(_children(step, desk), step["p"])


def _children(step: Document, desk: Desk) -> list[Node]:
    return [node for child in step["transforms"] for node in _nodes(child, desk)]


def _one_of(step: Document, desk: Desk) -> list[Node]:
    """Children in proportion to their p, which then counts as 1."""
    weights = tuple(float(child["p"]) for child in step["transforms"])
    if not sum(weights) or not step["transforms"]:
        return []
    children = desk.each(_nodes({**child, "p": 1.0}, desk) for child in step["transforms"])
    return [desk.choice(OneOf(children, weights, p=step["p"]))]


def _one_or_other(step: Document, desk: Desk) -> list[Node]:
    children = desk.each(_nodes({**child, "p": 1.0}, desk) for child in step["transforms"])
    return [desk.choice(OneOf(children, (step["p"], 1.0 - step["p"])))]


def _some_of(step: Document, desk: Desk) -> list[Node]:
    if step.get("replace"):
        return [_opaque(step, desk)]
    count = min(int(step["n"]), len(step["transforms"]))
    return [
        desk.choice(SomeOf(desk.each(_nodes(child, desk) for child in step["transforms"]), (count, count), p=step["p"]))
    ]


def _in_random_order(step: Document, desk: Desk) -> list[Node]:
    return [_opaque(step, desk)]


def _opaque(step: Document, desk: Desk) -> Node:
    return desk.leaf(step["__class_fullname__"], None, lambda: AlbumentationsStep(step), step["p"])


_CHOICES: dict[str, Callable[[Document, Desk], list[Node]]] = {
    "Compose": _sequence,
    "OneOf": _one_of,
    "OneOrOther": _one_or_other,
    "RandomOrder": _in_random_order,
    "Sequential": _sequence,
    "SomeOf": _some_of,
}


# ---- steps that mean what ours mean; None where the parameters do not


def _sampling(step: Document) -> Sampling | None:
    """Border, fill and interpolation, where ours can be so."""
    fills = step["fill"] if isinstance(step["fill"], list) else [step["fill"]]
    border, interpolation = BORDERS.get(step["border_mode"]), INTERPOLATIONS.get(step["interpolation"])
    fill = fills[0] / 255 if all(isinstance(f, (int, float)) for f in fills) else -1.0
    if border is None or interpolation is None or len(set(fills)) != 1 or not 0 <= fill <= 1:
        return None
    return (border, fill), interpolation


def _rotate(step: Document) -> Match | None:
    sampling = _sampling(step)
    if step["crop_border"] or sampling is None:
        return None
    return Match(Rotate(span(*step["limit"])), (), sampling)


def _quarters(_: Document) -> Match:
    node = Rotate(Choice([0, 90, 180, 270]))
    return Match(node, ("there the sides change places, here corners are cut where a canvas is not square",))


def _affine(step: Document) -> Match | None:
    sampling, scale, move, shear = _sampling(step), step["scale"], step["translate_percent"], step["shear"]
    pixels = any(map(any, (step["translate_px"] or {}).values()))
    if step["fit_output"] or pixels or sampling is None or scale["x"] != scale["y"]:
        return None
    move = move or {"x": [0.0, 0.0], "y": [0.0, 0.0]}
    differences = ["shifts are whole pixels there"] if any(map(any, move.values())) else []
    zoom = span(*scale["x"])
    if not isinstance(zoom, Fixed):
        differences.append(UNIFORM)
        if not step["keep_ratio"]:
            differences.append("width and height are scaled apart there, together here")
    if any(map(any, shear.values())) and any(step["rotate"]):
        differences.append("the shear comes after the rotation there, before it here")
    node = Affine(
        span(*step["rotate"]),
        zoom,
        span(*move["x"]),
        span(*move["y"]),
        span(*shear["x"]),
        span(*shear["y"]),
        Fixed(1.0),
    )
    return Match(node, tuple(differences), sampling)


def _contrast(step: Document) -> Match | None:
    """Its contrast alone multiplies: our brightness. Its brightness adds, which none of ours does."""
    if any(step["brightness_limit"]) or step["contrast_limit"][0] <= -0.99:
        return None
    low, high = step["contrast_limit"]
    return Match(Brightness(span(1 + low, 1 + high)), () if low == high else (UNIFORM,))


def _gamma(step: Document) -> Match:
    low, high = step["gamma_limit"]
    return Match(Gamma(span(low / 100, high / 100)), () if low == high else (UNIFORM,))


def _noise(step: Document) -> Match | None:
    if any(step["mean_range"]) or not step["per_channel"] or step["noise_scale_factor"] != 1:
        return None
    return Match(GaussianNoise(span(*step["std_range"])))


def _crop(step: Document) -> Match | None:
    interpolation = INTERPOLATIONS.get(step["interpolation"])
    if interpolation is None:
        return None
    size = "x".join(map(str, step["size"]))
    differences = (f"gives {size} pixels there, the canvas here", "the aspect is relative to the canvas here")
    return Match(ResizedCrop(span(*step["scale"]), span(*step["ratio"])), differences, (None, interpolation))


def _erase(step: Document) -> Match | None:
    if not isinstance(step["fill"], (int, float)):
        return None
    return Match(Erase(span(*step["scale"]), span(*step["ratio"]), fill=step["fill"] / 255))


def _hole(step: Document) -> Match | None:
    """One hole, measured in fractions of the sides."""
    (h0, h1), (w0, w1) = step["hole_height_range"], step["hole_width_range"]
    fraction = all(isinstance(side, float) and 0 < side <= 1 for side in (h0, h1, w0, w1))
    if step["num_holes_range"] != [1, 1] or not fraction or not isinstance(step["fill"], (int, float)):
        return None
    node = Erase(span(h0 * w0, h1 * w1), span(w0 / h1, w1 / h0), fill=step["fill"] / 255)
    varies = h0 != h1 or w0 != w1
    return Match(node, ("height and width are drawn there, area and aspect here",) if varies else ())


_MATCHES: dict[str, Callable[[Document], Match | None]] = {
    "Affine": _affine,
    "CoarseDropout": _hole,
    "Erasing": _erase,
    "GaussNoise": _noise,
    "HorizontalFlip": lambda _: Match(HorizontalFlip()),
    "RandomBrightnessContrast": _contrast,
    "RandomGamma": _gamma,
    "RandomResizedCrop": _crop,
    "RandomRotate90": _quarters,
    "Rotate": _rotate,
    "VerticalFlip": lambda _: Match(VerticalFlip()),
}
