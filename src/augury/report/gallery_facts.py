"""What the code says of each transform: fields, images it takes, kernel, and what it does to its neighbours."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from typing import Any

from augury import transforms
from augury.compile.fuse import Group
from augury.compile.program import Program, compile_policy
from augury.compile.segments import Segment
from augury.data.prepare import Prepare
from augury.kernels import Blend, Resample
from augury.ranges import Unit, show
from augury.spec import Spec
from augury.transforms import Brightness, Contrast, Rotate, Transform, Zoom
from augury.transforms.base import positional_fields, range_fields
from augury.transforms.plausible import NOTES, Note
from augury.transforms.policies import Policy

EVERY_IMAGE = "uint8, uint16, float32; any number of channels"
_PROBE = Spec.image(96, 144, 3)  # images that every transform takes
_SOURCE = re.compile(r"\b(19|20)\d\d\b|Pillow|OpenCV|BT\.601|W3C|Sobel")
_SHORT = r"(?<!et al)(?<!Phys)(?<!Soc)(?<!\bJ)"  # not the full stop of a sentence


@dataclass(frozen=True)
class FieldFacts:
    """One argument: its name, default, unit and identity value in words; "" where it has no identity."""

    name: str
    default: str
    unit: str
    identity: str


@dataclass(frozen=True)
class Facts:
    """What there is to say of one transform.

    Attributes
    ----------
    name, note : of the transform, and when it is plausible. sentence, rest : of its docstring.
    source : papers and programs that the docstring names, or "".
    images : dtypes and channels it takes. kernel : class name of what it lowers to.
    fusion : "fused", "one pass" or "barrier"; beside : the same in a sentence.
    marks : what becomes of boxes, masks and keypoints.
    """

    name: str
    note: Note
    sentence: str
    rest: str
    source: str
    fields: tuple[FieldFacts, ...]
    images: str
    kernel: str
    fusion: str
    beside: str
    marks: str

    @property
    def shows_marks(self) -> bool:
        """Whether boxes and keypoints do not stay where they are."""
        return self.kernel == Resample.__name__ or (self.note.family == "mixing" and self.kernel != Blend.__name__)


def shown_transforms() -> list[type[Transform]]:
    """All public transforms, by family, in the order of the table of `transforms.plausible`."""
    public = (getattr(transforms, name) for name in transforms.__all__)
    found = {one.__name__: one for one in public if issubclass(one, Transform) and one is not Transform}
    return [found[name] for name in NOTES if name in found]


def facts_of(cls: type[Transform]) -> Facts:
    """Look at a transform, its docstring, and what it is compiled to."""
    sentence, rest = _parted(inspect.cleandoc(cls.__doc__ or ""))
    kernel, fusion, beside = _compiled(cls)
    return Facts(
        name=cls.__name__,
        note=NOTES[cls.__name__],
        sentence=sentence,
        rest=rest,
        source=_source(f"{sentence} {rest}"),
        fields=_fields(cls),
        images=_images(cls),
        kernel=kernel.__name__,
        fusion=fusion,
        beside=beside,
        marks=_marks(cls, kernel),
    )


def _parted(text: str) -> tuple[str, str]:
    """The first sentence, and what follows it, without line breaks."""
    sentence, _, rest = re.sub(rf"{_SHORT}\.\s+", ".\0", " ".join(text.split()), count=1).partition("\0")
    return sentence, rest


def _source(text: str) -> str:
    """Parentheses and clauses that name a year or a well-known program."""
    inner = [part for part in re.findall(r"\(([^()]+)\)", text) if _SOURCE.search(part)]
    for part in inner:
        text = text.replace(f"({part})", "")
    clauses = [part.strip(" .") for part in re.split(rf"{_SHORT}\.\s|;\s|:\s", text) if _SOURCE.search(part)]
    return "; ".join(" ".join(part.split()) for part in (*inner, *clauses))


def _fields(cls: type[Transform]) -> tuple[FieldFacts, ...]:
    units, properties = range_fields(cls), cls.model_json_schema()["properties"]
    names = [f for f in positional_fields(cls) if f not in ("name", "p")]
    if cls.model_fields["p"].default != 1.0:
        names.append("p")
    return tuple(_field(cls, name, units.get(name), properties[name]) for name in names)


def _field(cls: type[Transform], name: str, unit: Unit | None, schema: dict[str, Any]) -> FieldFacts:
    default = cls.model_fields[name].default
    if unit is None:
        shown = ", ".join(_number(value) for value in (default if isinstance(default, tuple) else (default,)))
        return FieldFacts(name, shown, schema.get("unit", schema.get("type", "")), _number(schema.get("identity")))
    drawn = ", drawn log-uniformly" if unit.log else ""
    several = f", {unit.count} numbers" if unit.count else ""
    return FieldFacts(name, show(default), f"{unit.name}{several}{drawn}", _number(unit.identity))


def _number(value: Any) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, (bool, str)) else f"{value:g}"


def _images(cls: type[Transform]) -> str:
    held = "any number of" if cls.channels is None else " or ".join(map(str, cls.channels))
    return f"{', '.join(cls.dtypes)}; {held} channels"


def _compiled(cls: type[Transform]) -> tuple[type[Any], str, str]:
    """Its kernel, and what it does between two transforms of geometry, and between two of tone."""
    one = cls(name="here") if cls.resizes else cls(name="here", p=1.0)
    _, moved = _place(_program(Rotate(name="before"), one, Zoom(name="after")))
    segment, toned = _place(_program(Brightness(name="before"), one, Contrast(name="after")))
    if len(moved.steps) > 1:
        passes = "; it also passes tone that stands before it" if toned.notes else ""
        return moved.kind, "fused", f"One resampling with the geometry around it{passes}."
    behind = "geometry behind it is resampled anew"
    if len(toned.steps) > 1:
        what = "kernel, step by step," if any(step.across for step in toned.steps) else "table (of uint8)"
        return moved.kind, "fused", f"One {what} with the tone around it; {behind}."
    if moved.kind in [group.kind for group in segment.pixelwise]:
        return moved.kind, "one pass", f"The same pass as the tone around it; {behind}."
    return moved.kind, "barrier", f"All that stands before it is rendered first; {behind}."


def _program(*nodes: Transform) -> Program:
    return compile_policy(Policy(list(nodes)), Prepare(), _PROBE)


def _place(program: Program) -> tuple[Segment, Group]:
    """Where the transform in question went."""
    return next(
        (segment, group)
        for segment in program.segments
        for group in segment.groups
        if any(step.label == "here" for step in group.steps)
    )


def _marks(cls: type[Transform], kernel: type[Any]) -> str:
    if issubclass(kernel, Blend):
        return "Data with boxes or masks are refused."
    if NOTES[cls.__name__].family == "mixing":
        said = "Labels, boxes and masks change with the pixels, as the description says"
        return f"{said}; data with outlines or keypoints are refused." if cls.cuts_boxes else f"{said}."
    if not issubclass(kernel, Resample):
        return "Boxes, masks and keypoints stay as they are."
    if not cls.moves_boxes:
        return "Masks follow; data with boxes are refused."
    return "Boxes, masks and keypoints follow."
