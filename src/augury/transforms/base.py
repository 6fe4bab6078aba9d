"""What a transform is: a frozen declaration that lowers drawn parameters to a kernel.

No pixel is touched in this folder; pixels move in `execute/`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, dataclass_transform

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from augury.draws import Draws
from augury.errors import PolicyError
from augury.kernels import Kernel
from augury.ranges import Choice, Fixed, Range, Unit, ends, is_fixed
from augury.spec import DTypeName, Spec

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)  # pydantic does not export it

Params = Mapping[str, NDArray[Any]]
Probability = Annotated[float, Field(ge=0.0, le=1.0, json_schema_extra={"unit": "probability", "identity": 0.0})]

REGISTRY: dict[str, type[Node]] = {}
_BASES = ("Transform", "Brought")  # what others are built on


@dataclass_transform(field_specifiers=(Field,))
class _Positional(ModelMetaclass):
    """Tells type checkers that fields may be given by position; see `Node.__init__`."""


class Node(BaseModel, metaclass=_Positional):
    """Anything that can stand in a policy: a transform, a choice between them, a barrier.

    Positional arguments follow field order; every problem is one `PolicyError` of one line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(default="", kw_only=True)
    in_files: ClassVar[bool] = True  # whether a policy file can hold it; else `to_document` only tells it from others

    def __init__(self, *args: Any, **fields: Any) -> None:
        cls = type(self)
        order = positional_fields(cls)
        if len(args) > len(order):
            raise PolicyError(f"{cls.__name__}: takes at most {len(order)} positional arguments ({', '.join(order)})")
        for field, value in zip(order, args, strict=False):
            if field in fields:
                raise PolicyError(f"{cls.__name__}.{field}: given twice, by position and by name")
            fields[field] = value
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise PolicyError(_one_line(cls, error)) from None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Register by class name, so that a policy file can name it; never by import path."""
        super().__pydantic_init_subclass__(**kwargs)
        if cls.__name__.startswith("_") or cls.__name__ in _BASES:
            return
        taken = REGISTRY.get(cls.__name__)
        extends = taken is not None and issubclass(cls, taken) and not issubclass(cls, Transform)  # the face of Policy
        if taken is not None and _origin(taken) != _origin(cls) and not extends:
            raise PolicyError(f"{cls.__name__}: a transform of this name exists already; choose another class name")
        REGISTRY[cls.__name__] = cls

    def __repr__(self) -> str:
        cls = type(self)
        shown = (f for f in (*positional_fields(cls), *_LAST) if f in cls.model_fields)
        parts = [f"{f}={getattr(self, f)!r}" for f in dict.fromkeys(shown) if not _is_default(self, f)]
        return f"{cls.__name__}({', '.join(parts)})"

    __str__ = __repr__

    @property
    def label(self) -> str:
        """The name its draws are addressed by: `name`, or the class name."""
        return self.name or type(self).__name__

    @property
    def title(self) -> str:
        """What it is, for people: the class name."""
        return type(self).__name__

    @property
    def defined_in(self) -> str:
        """The module of the code that it runs."""
        return type(self).__module__

    def to_document(self) -> dict[str, Any]:
        """As a policy file writes it: `op` and the fields that differ from their defaults."""
        changed = {f for f in type(self).model_fields if not _is_default(self, f)}
        return {"op": type(self).__name__, **self.model_dump(mode="json", include=changed)}


class Transform(Node):
    """One declared change of a sample.

    Subclasses declare range fields and implement `lower`; nothing else is needed.
    `p` is the probability that a sample is transformed at all.
    """

    p: Probability = Field(default=1.0, kw_only=True)
    draws_pixels: ClassVar[bool] = False  # random even when every field is fixed
    resizes: ClassVar[bool] = False  # the canvas has another size afterwards
    needs_subject: ClassVar[bool] = False  # lowered with params["subject"]: (n, 4) around boxes or mask, or nan
    moves_boxes: ClassVar[bool] = True  # a box can follow
    mixes: ClassVar[bool] = False  # takes other samples of the part
    needs_marks: ClassVar[bool] = False  # means nothing without masks or boxes
    cuts_boxes: ClassVar[bool] = False  # covers objects in ways that only boxes can follow
    channels: ClassVar[tuple[int, ...] | None] = None  # numbers of them that it can change; None: any
    dtypes: ClassVar[tuple[DTypeName, ...]] = ("uint8", "uint16", "float32")

    @property
    def followed(self) -> bool:
        """Whether boxes and masks are still right after it: nothing moves, or it lowers to a Resample."""
        return True

    @property
    def chains(self) -> tuple[Node, ...]:
        """Policies of its own that run on the same image, if it lowers to a Blend."""
        return ()

    def draw(self, draws: Draws) -> Params:
        """One column (n,) or (n, count) for each range field."""
        return {f: draw_range(draws, f, getattr(self, f), unit) for f, unit in range_fields(type(self)).items()}

    @model_validator(mode="after")
    def _check_p(self) -> Self:
        if self.resizes and self.p != 1.0:
            raise PolicyError(f"{type(self).__name__}: p={self.p:g} would give images of two sizes; leave p out")
        return self

    def check(self, spec: Spec) -> None:
        """Raise a PolicyError of one line unless it can change images of this spec."""
        if self.channels is not None and spec.channels not in self.channels:
            held = " or ".join(map(str, self.channels))
            raise PolicyError(f"{self.label}: needs {held} channels, the images have {spec.channels}; leave it out")
        if spec.dtype not in self.dtypes:
            held = ", ".join(self.dtypes)
            raise PolicyError(f"{self.label}: is for {held}, the images are {spec.dtype}; leave it out or convert them")

    @abstractmethod
    def lower(self, params: Params, spec: Spec) -> Kernel:
        """Turn drawn columns into a kernel with one row for each sample."""

    @property
    def shares_labels(self) -> bool:
        """Whether a sample gets a part of other samples' labels."""
        return False

    @property
    def is_random(self) -> bool:
        """Whether two views of one sample can differ."""
        if self.p == 0.0:
            return False
        fixed = all(is_fixed(getattr(self, f)) for f in range_fields(type(self)))
        return self.p < 1.0 or self.draws_pixels or not fixed

    @property
    def is_identity(self) -> bool:
        """Whether no sample is ever changed."""
        ranges = range_fields(type(self))
        neutral = [
            ends(getattr(self, f)) == (u.identity, u.identity) for f, u in ranges.items() if u.identity is not None
        ]
        return self.p == 0.0 or (bool(neutral) and all(neutral))


_LAST = ("p", "name")  # keyword-friendly fields come after a transform's own


def positional_fields(cls: type[Node]) -> list[str]:
    """Field names in the order of positional arguments: a transform's own first, then p and name."""
    own = [f for f in cls.model_fields if f not in _LAST]
    return own + [f for f in _LAST if f in cls.model_fields]


def range_fields(cls: type[Node]) -> dict[str, Unit]:
    """The fields that hold a range, with their units."""
    found = {}
    for name, info in cls.model_fields.items():
        units = [m for m in info.metadata if isinstance(m, Unit)]
        if units:
            found[name] = units[0]
    return found


def draw_range(draws: Draws, field: str, value: Range, unit: Unit) -> NDArray[np.float64]:
    """Draw one field for all samples; a fixed field consumes nothing."""
    match value:
        case Fixed(v):
            shape = (len(draws.address), unit.count) if unit.count else (len(draws.address),)
            return np.full(shape, v)
        case Choice(values, weights):
            return np.asarray(values)[draws.choice(field, weights or [1.0] * len(values), unit.count)]
    low, high = ends(value)
    return (draws.log_uniform if unit.log else draws.uniform)(field, low, high, unit.count)


def build(document: Any, where: str) -> Node:
    """A node from its document form; `where` names the place in the file."""
    if isinstance(document, Node):
        return document
    if not isinstance(document, dict) or "op" not in document:
        raise PolicyError(f"{where}: expected a mapping with 'op', got {document!r}")
    fields = {k: v for k, v in document.items() if k != "op"}
    cls = REGISTRY.get(str(document["op"]))
    if cls is None:
        raise PolicyError(f"{where}: unknown op {document['op']!r}; known: {', '.join(sorted(REGISTRY))}")
    if not cls.in_files:
        raise PolicyError(f"{where}: {document['op']} holds code, which no file can bring; give the policy from Python")
    try:
        return cls(**{str(k): v for k, v in fields.items()})
    except PolicyError as error:
        raise PolicyError(f"{where}: {error}") from None


def _origin(cls: type[Node]) -> tuple[str, str]:
    return cls.__module__, cls.__qualname__


def _is_default(node: Node, field: str) -> bool:
    return bool(getattr(node, field) == type(node).model_fields[field].get_default(call_default_factory=True))


def _one_line(cls: type[Node], error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join([cls.__name__, *(str(part) for part in first["loc"])])
    if first["type"] == "extra_forbidden":
        return f"{place}: no such argument; {cls.__name__} takes {', '.join(positional_fields(cls))}"
    return f"{place}: {first['msg'].removeprefix('Value error, ')}"
