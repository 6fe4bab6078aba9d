"""Chains: operations one after the other, whose results are mixed with the image."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field, field_validator, model_validator

from augury.draws import Draws
from augury.elementary import Floats, log
from augury.errors import PolicyError
from augury.kernels import Blend
from augury.ranges import Choice
from augury.spec import Spec
from augury.transforms.base import Params, Transform
from augury.transforms.policies import OneOf, Policy, SomeOf
from augury.transforms.presets.operations import Space, operation
from augury.transforms.tone import Posterize

_SPACE = Space(shift=1 / 3)
_STRONGEST = 10.0
_WEAKEST = 0.1
_STEPS = 30
_MOST_BITS = 4  # that Posterize keeps: the paper's code takes half of the 8 at the least
_OPERATIONS = (
    "ShearX",
    "ShearY",
    "TranslateX",
    "TranslateY",
    "Rotate",
    "Posterize",
    "Solarize",
    "AutoContrast",
    "Equalize",
)  # in an order that fuses


class AugMix(Transform):
    """Mix the image with what chains of operations make of it (Hendrycks et al. 2020, "AugMix").

    width: number of chains; depth: operations in a chain, fewest and most, or one number, each drawn from nine;
    severity: the strongest that is drawn, 0.1 to 10, at which it is 30 degrees, a slope of 0.3, a third of the side.
    Weights are Dirichlet(1), the image's own share is Beta(1, 1); no field has an identity, as the share is drawn.
    Chains have the policy's border, fill and interpolation. They move pixels that also stay where they are, so data
    with boxes or masks are refused.
    """

    width: Annotated[int, Field(ge=1, le=8, json_schema_extra={"unit": "chains"})] = 3
    depth: Annotated[tuple[int, int], Field(json_schema_extra={"unit": "operations, fewest and most"})] = (1, 3)
    severity: Annotated[float, Field(ge=_WEAKEST, le=_STRONGEST, json_schema_extra={"unit": "strength of 10"})] = 3.0
    draws_pixels: ClassVar[bool] = True
    moves_boxes: ClassVar[bool] = False

    @field_validator("depth", mode="before")
    @classmethod
    def _pair(cls, value: Any) -> Any:
        return (value, value) if isinstance(value, int) else value

    @model_validator(mode="after")
    def _check_depth(self) -> AugMix:
        low, high = self.depth
        if not 1 <= low <= high <= 8:
            raise PolicyError(f"AugMix: depth {self.depth} must lie within 1..8, low first")
        return self

    @property
    def followed(self) -> bool:
        """False: the chains move pixels, and the original stays where it is."""
        return False

    @property
    def chains(self) -> tuple[Policy, ...]:
        """What is mixed; every operation has a name of its own."""
        return _chains(self.label, self.width, self.depth, self.severity)

    def draw(self, draws: Draws) -> Params:
        """Dirichlet weights of the chains, and the share of the original."""
        exponential = -log(draws.unit("weights", self.width) + 2.0**-33)  # never the logarithm of 0 or 1
        return {
            "weights": exponential / _sum(exponential)[:, None],
            "keep": draws.unit("keep"),
        }

    def lower(self, params: Params, spec: Spec) -> Blend:
        """The weights; `compile.program` adds the chains."""
        on = np.ones(len(params["on"]), bool)
        weights, keep = params["weights"].astype(np.float32), params["keep"].astype(np.float32)
        return Blend(weights, keep, on, *spec.value_range)


def _sum(columns: Floats) -> Floats:
    """(n, k) -> (n,), one column after the other, so that every machine rounds alike."""
    total = columns[:, 0]
    for k in range(1, columns.shape[1]):
        total = total + columns[:, k]
    return total


@lru_cache(maxsize=64)
def _chains(label: str, width: int, depth: tuple[int, int], severity: float) -> tuple[Policy, ...]:
    return tuple(Policy([_chain(f"{label} {k}", depth, severity)]) for k in range(1, width + 1))


def _chain(name: str, depth: tuple[int, int], severity: float) -> SomeOf:
    shares = (np.linspace(_WEAKEST, severity, _STEPS) / _STRONGEST).tolist()
    names = [f"{name}{place}" for place in "abcdefgh"[: depth[1]]]
    return SomeOf([_slot(one, shares) for one in names], depth, name=name)


def _slot(name: str, shares: list[float]) -> OneOf:
    return OneOf([_operation(kind, shares, f"{name} {kind}") for kind in _OPERATIONS], name=name)


def _operation(kind: str, shares: list[float], name: str) -> Transform:
    if kind == "Posterize":
        bits = [max(_MOST_BITS - int(share * 4.0), 1) for share in shares]
        return Posterize(Choice(bits), name=name)
    return operation(kind, _SPACE, shares, name)
