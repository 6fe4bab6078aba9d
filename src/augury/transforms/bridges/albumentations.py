"""From Albumentations 2, by the documents that `A.to_dict` gives; checked on 2.0.8."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from augury.errors import PolicyError
from augury.kernels import Border, Interpolation
from augury.ranges import Fixed
from augury.transforms.base import Node
from augury.transforms.bend import GridShuffle
from augury.transforms.bridges import albumentations_pixels
from augury.transforms.bridges.desk import FORMULA, SQUARE, UNIFORM, Desk, Found, Match, Sampling, span
from augury.transforms.crop import ResizedCrop
from augury.transforms.foreign import AlbumentationsStep, albumentations
from augury.transforms.geometric import Affine, Rotate, SafeRotate
from augury.transforms.policies import OneOf, SomeOf
from augury.transforms.symmetry import D4, HorizontalFlip, Rotate90, Transpose, VerticalFlip

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
    return [desk.leaf(title, partial(_match, title, step), lambda: AlbumentationsStep(step), float(step["p"]))]


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


# ---- steps that mean what ours mean; None, or why, where the parameters do not


def _sampling(step: Document) -> Sampling | None:
    """Border, fill and interpolation, where ours can be so."""
    fills = step["fill"] if isinstance(step["fill"], list) else [step["fill"]]
    border, interpolation = BORDERS.get(step["border_mode"]), INTERPOLATIONS.get(step["interpolation"])
    fill = fills[0] / 255 if all(isinstance(f, (int, float)) for f in fills) else -1.0
    if border is None or interpolation is None or len(set(fills)) != 1 or not 0 <= fill <= 1:
        return None
    return (border, fill), interpolation


def _rotate(step: Document) -> Found:
    sampling = _sampling(step)
    if step["crop_border"] or sampling is None:
        return None
    return Match(Rotate(span(*step["limit"])), (), sampling)


def _safe(step: Document) -> Found:
    sampling = _sampling(step)
    if sampling is None:
        return None
    differences = ("lies up to a pixel aside there", "sides shrink apart there where a canvas is not square")
    return Match(SafeRotate(span(*step["limit"])), differences, sampling)


def _moved(step: Document) -> Found:
    """A special case of its Affine."""
    low, high = step["scale_limit"]
    still = [0.0, 0.0]
    scale, move = [1.0 + low, 1.0 + high], {axis: step[f"shift_limit_{axis}"] for axis in ("x", "y")}
    same = {"rotate": step["rotate_limit"], "scale": {"x": scale, "y": scale}, "translate_percent": move}
    none = {"translate_px": None, "shear": {"x": still, "y": still}, "fit_output": False, "keep_ratio": False}
    return _affine({**step, **same, **none})


def _affine(step: Document) -> Found:
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


def _crop(step: Document) -> Found:
    interpolation = INTERPOLATIONS.get(step["interpolation"])
    if interpolation is None:
        return None
    size = "x".join(map(str, step["size"]))
    differences = (f"gives {size} pixels there, the canvas here", "the aspect is relative to the canvas here")
    return Match(ResizedCrop(span(*step["scale"]), span(*step["ratio"])), differences, (None, interpolation))


def _tiles(step: Document) -> Found:
    rows, columns = step["grid"]
    if rows != columns:
        return "ours has as many cells along both sides"
    return Match(GridShuffle(cells=rows), ("cells of equal size alone change places there",))


MATCHES: dict[str, Callable[[Document], Found]] = {
    **albumentations_pixels.MATCHES,
    "Affine": _affine,
    "D4": lambda _: Match(D4(), (SQUARE,)),
    "HorizontalFlip": lambda _: Match(HorizontalFlip()),
    "RandomGridShuffle": _tiles,
    "RandomResizedCrop": _crop,
    "RandomRotate90": lambda _: Match(Rotate90(), (SQUARE,)),
    "Rotate": _rotate,
    "SafeRotate": _safe,
    "ShiftScaleRotate": _moved,
    "SquareSymmetry": lambda _: Match(D4(), (SQUARE,)),
    "Transpose": lambda _: Match(Transpose(), (SQUARE,)),
    "VerticalFlip": lambda _: Match(VerticalFlip()),
}


KEPT = {
    **albumentations_pixels.KEPT,
    **dict.fromkeys(
        ("ElasticTransform", "GridDistortion", "OpticalDistortion", "Perspective", "PiecewiseAffine",
         "ThinPlateSpline"),
        FORMULA,
    ),
}  # fmt: skip


def _match(title: str, step: Document) -> Found:
    return MATCHES[title](step) if title in MATCHES else KEPT.get(title)
