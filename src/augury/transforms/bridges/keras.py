"""From Keras 3 preprocessing layers, by class and configuration; checked on 3.15."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from augury.errors import PolicyError
from augury.kernels import Border
from augury.transforms.base import Node, Transform
from augury.transforms.bridges.desk import UNIFORM, Desk, Match, Sampling, span
from augury.transforms.foreign import KerasStep, keras
from augury.transforms.geometric import Rotate, Translate, Zoom
from augury.transforms.symmetry import HorizontalFlip, VerticalFlip

Config = dict[str, Any]
LIBRARY = "Keras"
PREPARE = (
    "CenterCrop", "InputLayer", "Normalization", "Rescaling", "Resizing",
)  # fmt: skip  # the same for every image
MIXED = ("CutMix", "MixUp")
BORDERS: dict[str, Border] = {"reflect": "symmetric", "wrap": "wrap", "constant": "constant", "nearest": "edge"}


def nodes(layers: Any, desk: Desk) -> list[Node]:
    """The layers of a Sequential, of a Pipeline or list, or one layer.

    What stands behind a Rescaling sees the values that it gives.
    """
    keras()
    found: list[Node] = []
    scale: tuple[float, float] | None = None
    for layer in _flat(layers):
        title = type(layer).__name__
        if title == "Rescaling":
            low, high = scale or (0.0, 255.0)
            scale = low * layer.scale + layer.offset, high * layer.scale + layer.offset
        if title in PREPARE:
            desk.left_out.append(title)
            continue
        found += _nodes(layer, title, scale, desk)
    return found


def _flat(layers: Any) -> list[Any]:
    inner = layers if isinstance(layers, (list, tuple)) else getattr(layers, "layers", None)
    return [layers] if inner is None else [leaf for layer in inner for leaf in _flat(layer)]


def _nodes(layer: Any, title: str, scale: tuple[float, float] | None, desk: Desk) -> list[Node]:
    if not hasattr(layer, "get_config"):
        raise PolicyError(f"from_keras: {layer!r} is no Keras layer")
    if title in MIXED:
        raise PolicyError(f"from_keras: {title} mixes images of a batch; apply it to the batches of the stream")
    if title == "RandomCrop":
        raise PolicyError("from_keras: RandomCrop changes the size; use ag.ResizedCrop in its place")
    config = layer.get_config()
    if title == "RandomFlip" and desk.translate:
        return _flips(config["mode"], desk)

    def opaque() -> Transform:
        own = None if scale is None or hasattr(layer, "value_range") else scale
        return KerasStep.of(layer, value_range=own)

    match = partial(_MATCHES[title], layer, config) if title in _MATCHES else None
    return [desk.leaf(title, match, opaque)]


def _flips(mode: str, desk: Desk) -> list[Node]:
    """Each axis by itself, with p = 0.5."""
    kinds = {"horizontal": HorizontalFlip, "vertical": VerticalFlip}
    title = f"RandomFlip({mode!r})"
    return [desk.matched(title, Match(kind())) for name, kind in kinds.items() if name in mode]


def _sampling(config: Config) -> Sampling | None:
    if config["fill_mode"] not in BORDERS or config["interpolation"] not in ("bilinear", "nearest"):
        return None
    fill = config["fill_value"] / 255
    return ((BORDERS[config["fill_mode"]], fill), config["interpolation"]) if 0 <= fill <= 1 else None


def _rotate(layer: Any, config: Config) -> Match | None:
    sampling = _sampling(config)
    low, high = (360.0 * end for end in layer.factor)  # fractions of a turn, counter-clockwise
    return None if sampling is None or low < -360 or high > 360 else Match(Rotate(span(low, high)), (), sampling)


def _translate(layer: Any, config: Config) -> Match | None:
    sampling = _sampling(config)
    x, y = ((layer.width_lower, layer.width_upper), (layer.height_lower, layer.height_upper))
    return None if sampling is None else Match(Translate(span(*x), span(*y)), (), sampling)


def _zoom(layer: Any, config: Config) -> Match | None:
    """A factor f shows 1 + f of the height; one for both sides where width_factor is None."""
    sampling, (low, high) = _sampling(config), (layer.height_lower, layer.height_upper)
    if sampling is None or config["width_factor"] is not None or not -0.95 <= low <= high <= 19.0:
        return None
    return Match(Zoom(span(1 / (1 + high), 1 / (1 + low))), () if low == high else (UNIFORM,), sampling)


_MATCHES: dict[str, Callable[[Any, Config], Match | None]] = {
    "RandomRotation": _rotate,
    "RandomTranslation": _translate,
    "RandomZoom": _zoom,
}
