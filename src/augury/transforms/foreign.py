"""Steps of other libraries as transforms; they run in `execute/opaque/foreign.py`."""

from __future__ import annotations

import json
import os
from importlib import import_module
from inspect import signature
from typing import Annotated, Any, ClassVar, cast

from pydantic import BeforeValidator, Field, field_validator, model_validator

from augury.errors import MissingExtraError, PolicyError, first_line
from augury.kernels import Opaque
from augury.spec import DTypeName, Spec
from augury.transforms.base import Params
from augury.transforms.function import Brought, digest

Document = dict[str, Any]
_STILL_TORCHVISION = (
    "ColorJitter", "GaussianBlur", "GaussianNoise", "Grayscale", "JPEG", "RandomAdjustSharpness",
    "RandomAutocontrast", "RandomChannelPermutation", "RandomEqualize", "RandomErasing", "RandomGrayscale",
    "RandomInvert", "RandomPhotometricDistort", "RandomPosterize", "RandomSolarize",
)  # fmt: skip  # these keep every pixel in its place
_STILL_KERAS = (
    "AutoContrast", "Equalization", "GaussianNoise", "RandomBrightness", "RandomColorDegeneration",
    "RandomColorJitter", "RandomContrast", "RandomErasing", "RandomGaussianBlur", "RandomGrayscale", "RandomHue",
    "RandomInvert", "RandomPosterization", "RandomSaturation", "RandomSharpness", "Solarization",
)  # fmt: skip

_IMAGE_LAYERS = ("keras.src.layers.preprocessing.image_preprocessing.", "keras.src.layers.regularization.")


def _plain(document: Any) -> Document:
    """A document as JSON would give it back, so that equal ones are equal."""
    try:
        return cast(Document, json.loads(json.dumps(document, allow_nan=False)))
    except (TypeError, ValueError) as error:
        raise ValueError(f"holds what a file cannot ({error}); give the step's function to ag.Function") from None


Step = Annotated[Document, BeforeValidator(_plain)]


class _Documented(Brought):
    """A step that has a document form, from which every thread makes its own."""

    def __hash__(self) -> int:
        return hash((type(self), self.name, self.p, json.dumps(self.to_document(), sort_keys=True)))


class AlbumentationsStep(_Documented):
    """One transform of Albumentations 2 as it is. step: the transform, or its document as `A.to_dict` gives it.

    Seeded for each sample by `set_random_seed`. It sees uint8 images, and floats as fractions of the value range.
    The step's own p becomes a factor of this p.
    """

    dtypes: ClassVar[tuple[DTypeName, ...]] = ("uint8", "float32")
    step: Step

    @model_validator(mode="before")
    @classmethod
    def _one_p(cls, fields: Any) -> Any:
        """The p of the step and of the node are one, so that draws are shared and it can be switched on."""
        if not isinstance(fields, dict) or "step" not in fields:
            return fields  # the field says that it is missing
        step = cls._document(fields["step"])
        own = step.get("p", 1.0)
        if own == 1.0:
            return {**fields, "step": step}
        return {**fields, "step": {**step, "p": 1.0}, "p": fields.get("p", 1.0) * own}

    @staticmethod
    def _document(value: Any) -> Any:
        if hasattr(value, "to_dict_private"):
            value = albumentations().to_dict(value)["transform"]
        if not isinstance(value, dict) or not isinstance(value.get("__class_fullname__"), str):
            raise ValueError(
                f"expected a transform of Albumentations, or its A.to_dict(...)['transform']; got {value!r}"
            )
        return value

    @property
    def title(self) -> str:
        """The name of its class."""
        return str(self.step["__class_fullname__"]).rsplit(".", 1)[-1]

    @property
    def followed(self) -> bool:
        """Whether every pixel stays in its place."""
        return _is_image_only(self.make())

    def check(self, spec: Spec) -> None:
        """Raise a PolicyError of one line unless it can be made, and change images of this spec."""
        super().check(spec)
        self.make()

    def lower(self, params: Params, spec: Spec) -> Opaque:
        """One call for each sample."""
        return self.opaque("albumentations", params, step=json.dumps(self.step), make=self.make)

    def make(self) -> Any:
        """A transform of its own."""
        library = albumentations()
        try:
            return library.from_dict({"transform": self.step})
        except Exception as error:  # whatever its classes raise for wrong arguments
            raise PolicyError(f"{self.label}: Albumentations cannot make it ({first_line(error)})") from error


class KerasStep(_Documented):
    """One preprocessing layer of Keras 3 as it is. layer: the name of its class; config: its arguments.

    value_range: the floats that it sees for black and white; None: the range of the layer, or 0..255 if it has none.
    Its seed generators are set for each sample.
    """

    layer: str
    config: Step = Field(default_factory=dict)
    value_range: tuple[float, float] | None = None

    @classmethod
    def of(cls, layer: Any, **fields: Any) -> KerasStep:
        """From a layer."""
        seeded = {"seed": 0} if "seed" in signature(type(layer)).parameters else {}
        made = cls(type(layer).__name__, {**_config(layer.get_config()), **seeded}, **fields)
        made.make()
        return made

    @property
    def title(self) -> str:
        """The name of its class."""
        return self.layer

    @property
    def followed(self) -> bool:
        """Whether every pixel stays in its place."""
        return self.layer in _STILL_KERAS

    def check(self, spec: Spec) -> None:
        """Raise a PolicyError of one line unless it can be made, and change images of this spec."""
        super().check(spec)
        if self.layer == "AugMix":
            raise PolicyError(
                f"{self.label}: draws from Python's random, which cannot be seeded by the sample; leave it out"
            )
        self.make()

    def lower(self, params: Params, spec: Spec) -> Opaque:
        """One call for each sample."""
        text = json.dumps([self.layer, self.config])
        scale = self.value_range or tuple(self.config.get("value_range", (0.0, 255.0)))
        return self.opaque("keras", params, step=text, make=self.make, scale=scale)

    def make(self) -> Any:
        """A layer of its own."""
        made = getattr(keras().layers, self.layer, None)
        if made is None or not made.__module__.startswith(_IMAGE_LAYERS):  # others load files and run their code
            raise PolicyError(f"{self.label}: keras.layers has no layer {self.layer!r} for images; use ag.Function")
        try:
            return made(**self.config)
        except Exception as error:  # whatever its class raises for wrong arguments
            raise PolicyError(f"{self.label}: Keras cannot make it ({first_line(error)})") from error


class TorchvisionStep(Brought):
    """One transform of torchvision as it is, on (c, h, w) tensors. step: the transform.

    What it draws from PyTorch comes from a generator of the sample's, not from the global one. It sees uint8 images,
    and floats as fractions of the value range. A policy with one cannot be saved; it pickles if the transform does.
    """

    in_files: ClassVar[bool] = False
    dtypes: ClassVar[tuple[DTypeName, ...]] = ("uint8", "float32")
    step: Any

    @field_validator("step", mode="before")
    @classmethod
    def _callable(cls, value: Any) -> Any:
        if not callable(value):
            raise ValueError(f"expected a transform of torchvision, got {value!r}")
        return value

    @property
    def title(self) -> str:
        """The name of its class."""
        return type(self.step).__name__

    @property
    def defined_in(self) -> str:
        """The module of its class."""
        return type(self.step).__module__

    @property
    def followed(self) -> bool:
        """Whether every pixel stays in its place."""
        return self.defined_in.startswith("torchvision.") and self.title in _STILL_TORCHVISION

    def lower(self, params: Params, spec: Spec) -> Opaque:
        """One call for each sample."""
        return self.opaque("torchvision", params, step=self.step)

    def to_document(self) -> Document:
        """What tells it from others: its class, what it shows of its arguments, and a digest of its code and state."""
        told = {"step": f"{self.defined_in}.{self.step!r}", "digest": digest(self.step)}
        return {
            "op": "TorchvisionStep",
            **told,
            **self.model_dump(mode="json", exclude={"step"}, exclude_defaults=True),
        }


def albumentations() -> Any:
    """The library, which would ask PyPI for its newest version when it is imported."""
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    return _library("albumentations", "albumentations")


def keras() -> Any:
    """The library."""
    return _library("keras", "keras")


def torchvision() -> Any:
    """The library's transforms, version 2."""
    return _library("torchvision.transforms.v2", "torchvision")


def _library(module: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise MissingExtraError(f"{extra} is not installed; run: python -m pip install 'augury[{extra}]'") from None
    except RuntimeError as error:  # torchvision that was built for another torch
        raise MissingExtraError(
            f"{extra} cannot be imported ({first_line(error)}); install the build that belongs to your PyTorch"
        ) from error


def _is_image_only(step: Any) -> bool:
    inner = getattr(step, "transforms", None)
    if inner is not None:
        return all(_is_image_only(child) for child in inner)
    return isinstance(step, albumentations().ImageOnlyTransform)


def _config(config: Document) -> Document:
    """The arguments of a layer, without its name and with the plain name of its dtype."""
    kept = {key: value for key, value in config.items() if key not in ("name", "trainable", "batch_input_shape")}
    dtype = kept.get("dtype")
    if isinstance(dtype, dict):
        kept["dtype"] = dtype["config"]["name"]
    return kept
