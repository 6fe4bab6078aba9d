"""From Keras 3 preprocessing layers, by class and configuration; checked on 3.15."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from augury.errors import PolicyError
from augury.kernels import Border
from augury.ranges import Choice, Fixed
from augury.transforms.base import Node, Transform
from augury.transforms.bridges.desk import COLOURS, FORMULA, PIXELS, UNIFORM, Desk, Found, Match, Sampling, span, whole
from augury.transforms.channels import Grayscale, Hue, Saturation
from augury.transforms.filter import Sharpen
from augury.transforms.foreign import KerasStep, keras
from augury.transforms.geometric import Rotate, Translate, Zoom
from augury.transforms.histogram import AutoContrast
from augury.transforms.symmetry import HorizontalFlip, VerticalFlip
from augury.transforms.tone import Invert, Posterize

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

    return [desk.leaf(title, partial(_match, title, layer, config), opaque)]


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


def _rotate(layer: Any, config: Config) -> Found:
    sampling = _sampling(config)
    low, high = (360.0 * end for end in layer.factor)  # fractions of a turn, counter-clockwise
    return None if sampling is None or low < -360 or high > 360 else Match(Rotate(span(low, high)), (), sampling)


def _translate(layer: Any, config: Config) -> Found:
    sampling = _sampling(config)
    x, y = ((layer.width_lower, layer.width_upper), (layer.height_lower, layer.height_upper))
    return None if sampling is None else Match(Translate(span(*x), span(*y)), (), sampling)


def _zoom(layer: Any, config: Config) -> Found:
    """A factor f shows 1 + f of the height; one for both sides where width_factor is None."""
    sampling, (low, high) = _sampling(config), (layer.height_lower, layer.height_upper)
    if sampling is None or config["width_factor"] is not None or not -0.95 <= low <= high <= 19.0:
        return None
    return Match(Zoom(span(1 / (1 + high), 1 / (1 + low))), () if low == high else (UNIFORM,), sampling)


def _inverted(layer: Any, config: Config) -> Found:
    """The probability is drawn, too: on the whole that of its mean."""
    if config["value_range"][0] != 0:
        return "what is black there is not 0"
    return Match(Invert(), often=sum(layer.factor) / 2)


def _solarized(layer: Any, _: Config) -> Found:
    """From 0 to 255 times the factor, of which the lower end is in levels."""
    if any(layer.addition_factor) or any(layer.threshold_factor):
        return "it adds, or its lowest threshold is in levels"
    return Match(Invert())


def _posterized(layer: Any, _: Config) -> Found:
    """Whole numbers below the upper end, if there are two ends."""
    low, high = layer.factor
    return Match(Posterize(whole(low, high if low == high else high - 1)))


def _hue(layer: Any, _: Config) -> Found:
    """Half turns, in either direction."""
    low, high = layer.factor
    if 0 < low < high:
        return "it leaves small angles out"
    return Match(Hue(span(-180 * high, 180 * high) if low < high else Choice([-180 * low, 180 * high])), (COLOURS,))


def _sharpened(layer: Any, _: Config) -> Found:
    low, high = layer.factor
    return Match(Sharpen(span(2 * low - 1, 2 * high - 1)), ("beyond the rim lies black there, the last pixel here",))


def _faded(layer: Any, _: Config) -> Found:
    """Of the way to gray."""
    low, high = layer.factor
    return Match(Saturation(span(1 - high, 1 - low)), (COLOURS, *(() if low == high else (UNIFORM,))))


MATCHES: dict[str, Callable[[Any, Config], Found]] = {
    "AutoContrast": lambda *_: Match(AutoContrast(Fixed(0.0))),
    "RandomColorDegeneration": _faded,
    "RandomGrayscale": lambda layer, _: Match(Grayscale(), (COLOURS,), often=layer.factor),
    "RandomHue": _hue,
    "RandomInvert": _inverted,
    "RandomPosterization": _posterized,
    "RandomRotation": _rotate,
    "RandomSharpness": _sharpened,
    "RandomTranslation": _translate,
    "RandomZoom": _zoom,
    "Solarization": _solarized,
}
KEPT = {
    "ContrastLimitedAdaptiveHistogramEqualization": FORMULA,
    "Equalization": "it counts the pixels of a level in full, Pillow and ours none of them",
    "RandAugment": "contrast is about the mean there; ag.rand_augment() is close to it",
    "RandomBrightness": "it adds there, multiplies here",
    "RandomColorJitter": "brightness adds there, multiplies here",
    "RandomContrast": "contrast is about the mean there, about mid-range here",
    "RandomElasticTransform": FORMULA,
    "RandomErasing": FORMULA,
    "RandomGaussianBlur": PIXELS,
    "RandomPerspective": FORMULA,
    "RandomSaturation": "it multiplies the saturation of HSV there",
    "RandomShear": "it is about the top left corner there",
}


def _match(title: str, layer: Any, config: Config) -> Found:
    return MATCHES[title](layer, config) if title in MATCHES else KEPT.get(title)
