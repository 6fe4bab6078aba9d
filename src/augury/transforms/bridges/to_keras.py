"""To Keras 3 preprocessing layers, or a refusal that names the first transform without an equal."""

from __future__ import annotations

from typing import Any

from augury.errors import PolicyError
from augury.transforms.base import Node, Transform
from augury.transforms.bridges.desk import both_ends, no_equal
from augury.transforms.bridges.keras import BORDERS, LIBRARY
from augury.transforms.foreign import KerasStep, keras
from augury.transforms.geometric import Rotate, Translate, Zoom
from augury.transforms.policies import Policy
from augury.transforms.symmetry import HorizontalFlip, VerticalFlip

_MODES = {border: mode for mode, border in BORDERS.items()}


def pipeline(policy: Policy) -> Any:
    """A Sequential of layers, for images of 0..255."""
    if policy.border not in _MODES:
        raise PolicyError(f"to_keras: border={policy.border!r} has no equal in Keras; use edge or symmetric")
    library = keras()
    return library.Sequential([_layer(library, node, policy) for node in policy.transforms])


def _layer(library: Any, node: Node, policy: Policy) -> Any:
    layers = library.layers
    how = {
        "fill_mode": _MODES[policy.border],
        "fill_value": 255 * policy.fill,
        "interpolation": policy.interpolation,
    }
    if isinstance(node, (HorizontalFlip, VerticalFlip)):
        if node.p != 0.5:
            raise no_equal(node, LIBRARY, "its flips have p = 0.5")
        return layers.RandomFlip("horizontal" if isinstance(node, HorizontalFlip) else "vertical")
    if not isinstance(node, Transform) or node.p != 1.0:
        raise no_equal(node, LIBRARY, "its layers have no p and no choices")
    match node:
        case KerasStep():
            return node.make()
        case Rotate():
            low, high = both_ends(node, "angle", LIBRARY)
            return layers.RandomRotation((low / 360, high / 360), **how)
        case Translate():
            return layers.RandomTranslation(both_ends(node, "y", LIBRARY), both_ends(node, "x", LIBRARY), **how)
        case Zoom():
            low, high = both_ends(node, "factor", LIBRARY)
            return layers.RandomZoom((1 / high - 1, 1 / low - 1), **how)
    raise no_equal(node, LIBRARY)
