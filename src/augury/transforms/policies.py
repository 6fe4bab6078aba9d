"""Composition: policies, choices between transforms, barriers."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from augury.data.table import among
from augury.errors import PolicyError
from augury.kernels import Border, Interpolation
from augury.ranges import check_weights
from augury.transforms.base import Node, Probability, Transform, build

_KEPT = 8  # bytes of a content digest that a policy file holds
Fraction = Annotated[float, Field(ge=0.0, le=1.0, json_schema_extra={"unit": "fraction of the value range"})]


def _children(value: Any, info: ValidationInfo) -> tuple[Node, ...]:
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"expected a list of transforms, got {value!r}")
    return tuple(build(child, f"{info.field_name}[{i}]") for i, child in enumerate(value))


Children = Annotated[
    Sequence[Any],  # a tuple, once validated
    BeforeValidator(_children),
    PlainSerializer(lambda children: [child.to_document() for child in children]),
    WithJsonSchema({"type": "array", "items": {}}),  # `document.json_schema` says what the items are
]


class OneOf(Node):
    """One of several transforms, equally likely unless weights are given; then the child's own p applies."""

    transforms: Children
    weights: tuple[float, ...] | None = None
    p: Probability = Field(default=1.0, kw_only=True)

    @model_validator(mode="after")
    def _check(self) -> OneOf:
        if not self.transforms:
            raise PolicyError("OneOf: no transforms given")
        if self.weights is not None:
            check_weights(self.weights, len(self.transforms), "OneOf")
        return self


class SomeOf(Node):
    """Some of several transforms, in policy order. count: how many, as a pair of whole numbers or one."""

    transforms: Children
    count: tuple[int, int] = (1, 2)
    p: Probability = Field(default=1.0, kw_only=True)

    @field_validator("count", mode="before")
    @classmethod
    def _pair(cls, value: Any) -> Any:
        return (value, value) if isinstance(value, int) else value

    @model_validator(mode="after")
    def _check(self) -> SomeOf:
        low, high = self.count
        if not 0 <= low <= high <= len(self.transforms):
            raise PolicyError(f"SomeOf: count {self.count} must lie within 0..{len(self.transforms)}, low first")
        return self


class Barrier(Node):
    """Render what stands before into pixels; what follows may use another border, fill or interpolation."""

    border: Border | None = None
    fill: Fraction | None = None
    interpolation: Interpolation | None = None


class ChosenOn(BaseModel):
    """The items on which a policy was chosen, by their contents: renamed or moved files are known again.

    items: how many. digest: blake2b of their sorted content digests, 32 hex digits.
    digests: the first 8 bytes of each, sorted, in base64; two contents meet by chance once in 10**19 pairs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    items: Annotated[int, Field(ge=0)]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    digests: str = Field(repr=False)

    @classmethod
    def of(cls, digests: NDArray[np.uint8]) -> ChosenOn:
        """From the content digests of all items, uint8 (n, 16); see `data.table.Table.digests`."""
        contents = sorted(row.tobytes() for row in digests)
        first = b"".join(content[:_KEPT] for content in contents)
        whole = blake2b(b"".join(contents), digest_size=16).hexdigest()
        return cls(items=len(contents), digest=whole, digests=b64encode(first).decode())

    def meets(self, digests: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Which contents, by their digests uint8 (m, 16), are among the items: bool (m,)."""
        return among(digests[:, :_KEPT], np.frombuffer(b64decode(self.digests), np.uint8).reshape(-1, _KEPT))

    @model_validator(mode="after")
    def _check(self) -> ChosenOn:
        try:
            held = len(b64decode(self.digests, validate=True))
        except ValueError:
            held = -1
        if held != _KEPT * self.items:
            raise ValueError(f"digests: is not the base64 of {_KEPT} bytes for each of {self.items} items")
        return self


class Keep(BaseModel):
    """Which marked objects stay, and what happens if one does not.

    visible : share of its moved area that an object must show, 0..1; 0 keeps whatever has any area. redraws : how often
    a sample is drawn anew if an object would be dropped; what the last draw drops is counted in the batch.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    visible: Annotated[float, Field(ge=0.0, le=1.0, json_schema_extra={"unit": "fraction of its area"})] = 0.0
    redraws: Annotated[int, Field(ge=0, le=100, json_schema_extra={"unit": "draws"})] = 0


class Policy(Node):
    """Transforms in order, with the one border, fill and interpolation of their resampling.

    border: edge, symmetric (dcba|abcd|dcba), mirror (dcb|abcd|cba), wrap, constant (blends with the fill
    at the rim) or cut (hard edge). fill: fraction of the value range. mask_fill: label outside a mask.
    keep: which boxes, outlines and keypoints stay, see `Keep`.
    chosen_on: items on which it was chosen, so no test part may hold them. reasons: a sentence for a transform's
    label. Neither changes a pixel, and repr shows neither.
    """

    transforms: Children = ()
    border: Border = "edge"
    fill: Fraction = 0.0
    interpolation: Interpolation = "bilinear"
    mask_fill: Annotated[int, Field(ge=0, le=65535, json_schema_extra={"unit": "label"})] = 255
    keep: Keep = Keep()
    version: Literal[1] = 1
    reasons: dict[str, str] = Field(default_factory=dict)
    chosen_on: ChosenOn | None = None

    @model_validator(mode="after")
    def _check(self) -> Policy:
        seen: set[str] = set()
        for node in walk(self):
            if isinstance(node, Policy) and node is not self:
                _check_inner(node)
            if isinstance(node, (OneOf, SomeOf)) and any(isinstance(inner, Barrier) for inner in walk(node)):
                raise PolicyError(f"{node.label}: a Barrier holds for every sample and cannot stand inside a choice")
            if isinstance(node, (OneOf, SomeOf)) and any(_resizes(inner) for inner in walk(node)):
                raise PolicyError(f"{node.label}: what changes the size cannot stand inside a choice; give it to all")
            if isinstance(node, (Policy, Barrier)):
                continue
            for label in (node.label, *_chain_labels(node)):
                if label in seen:
                    kind = type(node).__name__
                    raise PolicyError(
                        f"two transforms are called {label!r}; give one a name, e.g. {kind}(..., name='second')"
                    )
                seen.add(label)
        labels = [node.label for node in walk(self) if node is not self]
        for label in self.reasons:
            if label not in labels:
                held = ", ".join(map(repr, labels)) or "no transforms"
                raise PolicyError(f"Policy.reasons: {label!r} is no transform of this policy; it holds {held}")
        return self

    def __repr__(self) -> str:
        return Node.__repr__(self.unannotated)

    __str__ = __repr__

    def __hash__(self) -> int:
        return hash((*(getattr(self, name) for name in type(self).model_fields if name != "reasons"),))  # a dict

    @property
    def is_random(self) -> bool:
        """Whether two views of one sample can differ."""
        return _is_random(self)

    @property
    def unannotated(self) -> Self:
        """Without `chosen_on` and `reasons`: all that decides what it does."""
        return self.model_copy(update={"chosen_on": None, "reasons": {}})


def _chain_labels(node: Node) -> list[str]:
    """Of what a transform runs inside itself, and has drawn under names of their own."""
    chains = node.chains if isinstance(node, Transform) else ()
    return [inner.label for chain in chains for inner in walk(chain) if not isinstance(inner, Policy)]


def _resizes(node: Node) -> bool:
    return isinstance(node, Transform) and node.resizes


def _check_inner(policy: Policy) -> None:
    """Raise if a policy inside another one holds what only the outer one may."""
    extra = [name for name in policy.to_document() if name not in ("op", "transforms", "name")]
    if {"chosen_on", "reasons"} & set(extra):
        raise PolicyError("Policy: chosen_on and reasons belong to the outer policy; give them there")
    if extra:
        raise PolicyError("Policy: border, fill and interpolation belong to the outer policy; use Barrier(...)")


def walk(node: Node) -> Iterator[Node]:
    """The node and everything inside it, in policy order."""
    yield node
    if isinstance(node, (Policy, OneOf, SomeOf)):
        for child in node.transforms:
            yield from walk(child)


def _is_random(node: Node) -> bool:
    match node:
        case Transform():
            return node.is_random
        case OneOf():
            varies = len(node.transforms) > 1
        case SomeOf(count=(low, high)):
            varies = not low == high == len(node.transforms)
            if high == 0:
                return False
        case Policy():
            return any(_is_random(child) for child in node.transforms)
        case _:
            return False
    return node.p > 0.0 and (varies or node.p < 1.0 or any(_is_random(child) for child in node.transforms))
