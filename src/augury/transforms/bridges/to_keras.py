"""To Keras 3 preprocessing layers, or a refusal that names the first transform without an equal."""

from __future__ import annotations

from typing import Any

from augury.errors import PolicyError
from augury.transforms.base import Node, Transform
from augury.transforms.bridges.desk import both_ends, neutral, no_equal, whole_ends
from augury.transforms.bridges.keras import BORDERS, LIBRARY
from augury.transforms.channels import Grayscale, Hue, Saturation
from augury.transforms.filter import Sharpen
from augury.transforms.foreign import KerasStep, keras
from augury.transforms.geometric import Rotate, Translate, Zoom
from augury.transforms.histogram import AutoContrast
from augury.transforms.policies import Policy
from augury.transforms.symmetry import HorizontalFlip, VerticalFlip
from augury.transforms.tone import Invert, Posterize

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
    if isinstance(node, Grayscale):
        return layers.RandomGrayscale(node.p)
    if isinstance(node, Invert):
        return layers.RandomInvert((node.p, node.p))
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
    return _pixelwise(layers, node)


def _pixelwise(layers: Any, node: Transform) -> Any:
    match node:
        case AutoContrast():
            neutral(node, LIBRARY, cutoff=0.0)
            return layers.AutoContrast()
        case Posterize():
            least, most = whole_ends(node, "bits", LIBRARY)
            if least < most == 8:
                raise no_equal(node, LIBRARY, "its upper end is left out, and is at most 8")
            return layers.RandomPosterization((least, most if least == most else most + 1))
        case Hue():
            low, high = both_ends(node, "angle", LIBRARY)
            if low != -high or high > 180:
                raise no_equal(node, LIBRARY, "there angles reach as far to either side, up to 180")
            return layers.RandomHue((0.0, high / 180))
        case Saturation():
            low, high = both_ends(node, "factor", LIBRARY)
            if high > 1:
                raise no_equal(node, LIBRARY, "there colours fade only")
            return layers.RandomColorDegeneration((1 - high, 1 - low))
        case Sharpen():
            low, high = both_ends(node, "amount", LIBRARY)
            if high > 1:
                raise no_equal(node, LIBRARY, "there the amount is at most 1")
            return layers.RandomSharpness(((low + 1) / 2, (high + 1) / 2))
    raise no_equal(node, LIBRARY)
