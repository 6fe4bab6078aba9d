"""To Albumentations 2, or a refusal that names the first transform without an equal."""

from __future__ import annotations

from typing import Any

from augury.errors import PolicyError
from augury.transforms.base import Node, Transform
from augury.transforms.bend import GridShuffle
from augury.transforms.bridges.albumentations import BORDERS, LIBRARY
from augury.transforms.bridges.desk import both_ends, neutral, no_equal
from augury.transforms.bridges.to_albumentations_pixels import pixelwise
from augury.transforms.crop import ResizedCrop
from augury.transforms.erase import Erase
from augury.transforms.foreign import AlbumentationsStep, albumentations
from augury.transforms.geometric import Affine, Rotate, SafeRotate, Shear, Translate, Zoom
from augury.transforms.policies import OneOf, Policy, SomeOf
from augury.transforms.symmetry import D4, HorizontalFlip, Rotate90, Transpose, VerticalFlip

_CODES = {border: code for code, border in BORDERS.items()}


def pipeline(policy: Policy, size: tuple[int, int] | None) -> Any:
    """A Compose. size : (height, width) of the canvas, which its crops must know."""
    if policy.border not in _CODES:
        raise PolicyError(f"to_albumentations: border={policy.border!r} has no equal in OpenCV; use edge or constant")
    return albumentations().Compose([_step(node, policy, size) for node in policy.transforms])


def _step(node: Node, policy: Policy, size: tuple[int, int] | None) -> Any:
    library = albumentations()

    def inner(children: Any) -> list[Any]:
        return [_step(child, policy, size) for child in children]

    match node:
        case AlbumentationsStep():
            made = node.make()
            made.p = node.p
            return made
        case OneOf():
            return _one_of(library, node, inner(node.transforms))
        case SomeOf(count=(low, high)) if low == high == len(node.transforms):
            return library.Sequential(inner(node.transforms), p=node.p)
        case SomeOf(count=(low, high)) if low == high:
            return library.SomeOf(inner(node.transforms), n=low, p=node.p)
        case Policy():
            return library.Sequential(inner(node.transforms), p=1.0)
        case Erase():
            return library.Erasing(**_cut(node), fill=255 * node.fill)
        case ResizedCrop() if size is not None:
            return library.RandomResizedCrop(size=size, **_cut(node))
    return _plain(library, node, policy)


def _plain(library: Any, node: Node, policy: Policy) -> Any:
    sampling = {
        "border_mode": _CODES[policy.border],
        "fill": 255 * policy.fill,
        "interpolation": 1 if policy.interpolation == "bilinear" else 0,
    }
    match node:
        case Rotate():
            return library.Rotate(both_ends(node, "angle", LIBRARY), **sampling, p=node.p)
        case Translate() | Zoom() | Shear() | Affine():
            return library.Affine(**_maps(node), keep_ratio=True, **sampling, p=node.p)
        case SafeRotate():
            return library.SafeRotate(both_ends(node, "angle", LIBRARY), **sampling, p=node.p)
    made = (_shuffled(library, node) or pixelwise(library, node)) if isinstance(node, Transform) else None
    if made is None:
        raise no_equal(node, LIBRARY, "give size=(height, width)" if isinstance(node, ResizedCrop) else "it has none")
    return made


def _shuffled(library: Any, node: Transform) -> Any:
    """Whole pixels in other places, or None."""
    match node:
        case HorizontalFlip():
            return library.HorizontalFlip(p=node.p)
        case VerticalFlip():
            return library.VerticalFlip(p=node.p)
        case Transpose():
            return library.Transpose(p=node.p)
        case Rotate90():
            return library.RandomRotate90(p=node.p)
        case D4():
            return library.D4(p=node.p)
        case GridShuffle():
            return library.RandomGridShuffle((node.cells, node.cells), p=node.p)
    return None


_MAPS: dict[type[Transform], dict[str, str]] = {
    Affine: {name: name for name in ("angle", "zoom", "x", "y", "shear_x", "shear_y")},
    Shear: {"shear_x": "x", "shear_y": "y"},
    Translate: {"x": "x", "y": "y"},
    Zoom: {"zoom": "factor"},
}  # our fields, by the names of those of Affine


def _maps(node: Transform) -> dict[str, Any]:
    """Arguments of its Affine."""
    if isinstance(node, Affine):
        neutral(node, LIBRARY, aspect=1.0)
    drawn = {what: both_ends(node, name, LIBRARY) for what, name in _MAPS[type(node)].items()}
    still = (0.0, 0.0)
    return {
        "scale": drawn.get("zoom", (1.0, 1.0)),
        "rotate": drawn.get("angle", still),
        "translate_percent": {axis: drawn.get(axis, still) for axis in ("x", "y")},
        "shear": {axis: drawn.get(f"shear_{axis}", still) for axis in ("x", "y")},
    }


def _cut(node: Erase | ResizedCrop) -> dict[str, Any]:
    """Arguments of a rectangle, which lies anywhere there."""
    for name in ("x", "y"):
        if getattr(node, name) != (0.0, 1.0):
            raise no_equal(node, LIBRARY, f"its {name} is drawn anywhere there")
    area, aspect = (both_ends(node, name, LIBRARY) for name in ("area", "aspect"))
    return {"scale": area, "ratio": aspect, "p": node.p}


def _one_of(library: Any, node: OneOf, children: list[Any]) -> Any:
    """There a child's p is its weight, and it happens once it is picked."""
    weights = node.weights or [1.0] * len(children)
    wrapped = []
    for child, weight in zip(children, weights, strict=True):
        if child.p != 1.0:
            child = library.Sequential([child])
        child.p = weight / max(weights)
        wrapped.append(child)
    return library.OneOf(wrapped, p=node.p)
