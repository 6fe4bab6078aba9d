"""What may vary: an explicit pair, `Fixed` or `Choice`, each field with unit, bounds and identity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from augury.errors import PolicyError


@dataclass(frozen=True)
class Fixed:
    """Always exactly this value.

    Examples
    --------
    >>> Fixed(30)
    Fixed(30.0)
    """

    value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", _number(self.value, "Fixed"))

    def __repr__(self) -> str:
        return f"Fixed({self.value})"


@dataclass(frozen=True)
class Choice:
    """One of these values, equally likely unless weights are given.

    Examples
    --------
    >>> Choice([0, 90, 180, 270])
    Choice((0.0, 90.0, 180.0, 270.0))
    """

    values: Sequence[float]
    weights: Sequence[float] | None = None

    def __post_init__(self) -> None:
        values = tuple(_number(v, "Choice") for v in self.values)
        if not values:
            raise PolicyError("Choice: no values given; write e.g. Choice([0, 90])")
        object.__setattr__(self, "values", values)
        if self.weights is not None:
            object.__setattr__(self, "weights", check_weights(self.weights, len(values), "Choice"))

    def __repr__(self) -> str:
        weights = "" if self.weights is None else f", weights={self.weights}"
        return f"Choice({self.values}{weights})"


Range = tuple[float, float] | Fixed | Choice


def check_weights(weights: Sequence[float], count: int, where: str) -> tuple[float, ...]:
    """Weights as a tuple; an error unless there is one for each of `count`, none negative, some positive."""
    checked = tuple(_number(w, f"{where} weights") for w in weights)
    if len(checked) != count or min(checked) < 0 or sum(checked) <= 0:
        raise PolicyError(f"{where}: weights must be {count} numbers >= 0 with a positive sum, got {weights}")
    return checked


def ends(value: Range) -> tuple[float, float]:
    """Smallest and largest value that a range can give."""
    match value:
        case Fixed(v):
            return v, v
        case Choice(values, _):
            return min(values), max(values)
        case low, high:
            return low, high


def is_fixed(value: Range) -> bool:
    """Whether a range can give one value only."""
    low, high = ends(value)
    return low == high


@dataclass(frozen=True)
class Unit:
    """The unit of a field, its legal bounds, the value that changes nothing, and how it is drawn.

    Attributes
    ----------
    name : the unit in words.
    low, high : inclusive bounds.
    identity : the value at which the transform does nothing, or None if no such value exists.
    log : drawn uniformly in the logarithm (factors around 1).
    count : numbers drawn for each sample; None for one scalar.
    """

    name: str
    low: float
    high: float
    identity: float | None = None
    log: bool = False
    count: int | None = None

    def check(self, value: Any) -> Range:
        """Return `value` as a Range within the bounds, or raise a ValueError saying what to write."""
        try:
            return self._checked(_from_document(value) if isinstance(value, dict) else value)
        except PolicyError as error:
            raise ValueError(str(error)) from None

    def _checked(self, value: Any) -> Range:
        if isinstance(value, (bool, int, float)):
            raise ValueError(self._bare_number(value))
        if not isinstance(value, (Fixed, Choice)):
            value = self._pair(value)
        low, high = ends(value)
        if low < self.low or high > self.high:
            raise ValueError(f"{show(value)} lies outside {self.low:g}..{self.high:g} ({self.name})")
        return value  # type: ignore[no-any-return]

    def _pair(self, value: Any) -> tuple[float, float]:
        if not isinstance(value, (tuple, list)) or len(value) != 2:
            raise ValueError(f"expected a pair (low, high), Fixed(v) or Choice([...]), got {value!r}")
        low, high = (_number(v, "a range") for v in value)
        if low > high:
            raise ValueError(f"({low:g}, {high:g}) is reversed; write ({high:g}, {low:g})")
        return low, high

    def _bare_number(self, value: float) -> str:
        if self.log:
            middle = self.identity or 1.0
            pair = (middle / value * middle, value) if value > 0 else (0.8 * middle, 1.25 * middle)
            low, high = min(pair), max(pair)
        elif self.low < 0:
            low, high = -abs(value), abs(value)
        else:
            low, high = max(0.0, self.low), value
        low, high = max(low, self.low), min(high, self.high)
        return f"{value:g} is a bare number; write ({low:.4g}, {high:.4g}) for a range or Fixed({value:g})"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Validate with `check`; write documents with `to_document`."""
        del source, handler
        return core_schema.no_info_plain_validator_function(
            self.check, serialization=core_schema.plain_serializer_function_ser_schema(to_document)
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """JSON Schema with the unit, bounds, identity and scale that a slider needs."""
        del schema, handler
        number = {"type": "number", "minimum": self.low, "maximum": self.high}
        numbers = {"type": "array", "items": number, "minItems": 1}
        weights = {"type": "array", "items": {"type": "number", "minimum": 0}}
        return {
            "unit": self.name,
            "minimum": self.low,
            "maximum": self.high,
            "identity": self.identity,
            "scale": "log" if self.log else "linear",
            "anyOf": [
                {"type": "array", "items": number, "minItems": 2, "maxItems": 2},
                _object({"fixed": number}),
                _object({"choice": numbers, "weights": weights}, required=["choice"]),
            ],
        }


def to_document(value: Range) -> Any:
    """A Range as YAML and JSON write it: a list, {fixed: v} or {choice: [...]}."""
    match value:
        case Fixed(v):
            return {"fixed": v}
        case Choice(values, None):
            return {"choice": list(values)}
        case Choice(values, weights) if weights is not None:
            return {"choice": list(values), "weights": list(weights)}
    return list(ends(value))


def show(value: Range) -> str:
    """A Range for people.

    Examples
    --------
    >>> show((-30.0, 30.0)), show((0.8, 1.25)), show(Fixed(2))
    ('±30', '0.8..1.25', '2')
    """
    match value:
        case Fixed(v):
            return f"{v:g}"
        case Choice(values, _):
            return "{" + ", ".join(f"{v:g}" for v in values) + "}"
    low, high = ends(value)
    return f"±{high:g}" if low == -high and high else f"{low:g}..{high:g}"


def _from_document(value: dict[str, Any]) -> Fixed | Choice:
    if set(value) == {"fixed"}:
        return Fixed(value["fixed"])
    if "choice" in value and set(value) <= {"choice", "weights"}:
        return Choice(value["choice"], value.get("weights"))
    raise ValueError(f"expected [low, high], {{fixed: v}} or {{choice: [...]}}, got {value}")


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise PolicyError(f"{where}: expected a finite number, got {value!r}")
    return float(value)


def _object(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required or list(properties),
        "additionalProperties": False,
    }


Degrees = Annotated[Range, Unit("degrees", -360.0, 360.0, identity=0.0)]
ShearDegrees = Annotated[Range, Unit("degrees", -80.0, 80.0, identity=0.0)]
Shift = Annotated[Range, Unit("fraction of the side", -1.0, 1.0, identity=0.0)]
Magnification = Annotated[Range, Unit("factor", 0.05, 20.0, identity=1.0, log=True)]
Gain = Annotated[Range, Unit("factor", 0.01, 100.0, identity=1.0, log=True)]
AspectRatio = Annotated[Range, Unit("width / height, relative to the canvas", 0.1, 10.0, identity=1.0, log=True)]
CropArea = Annotated[Range, Unit("fraction of the canvas area", 0.01, 1.0, identity=1.0)]
ErasedArea = Annotated[Range, Unit("fraction of the canvas area", 0.0, 1.0, identity=0.0)]
Position = Annotated[Range, Unit("fraction of the free room", 0.0, 1.0)]
# from 2/3 on, four corners that move apart can fold over, and no camera sees that
CornerShifts = Annotated[Range, Unit("fraction of half the side", 0.0, 0.6, identity=0.0, count=8)]
# beyond these bounds neighbouring points of a lattice would often pass each other, and the image fold
Push = Annotated[Range, Unit("fraction of the distance between places", 0.0, 0.2, identity=0.0)]
BendAmount = Annotated[Range, Unit("fraction of a cell", 0.0, 0.4, identity=0.0)]
CellShift = Annotated[Range, Unit("fraction of a cell", 0.0, 0.45, identity=0.0)]
Lens = Annotated[Range, Unit("shift at the corners / distance to the centre", -0.3, 0.3, identity=0.0)]
NoiseLevel = Annotated[Range, Unit("fraction of the value range", 0.0, 1.0, identity=0.0)]
MarkedShare = Annotated[Range, Unit("fraction of the marked regions", 0.0, 1.0, identity=0.0)]
LightShare = Annotated[Range, Unit("fraction of the light", 0.0, 1.0, identity=0.0)]
LightChange = Annotated[Range, Unit("fraction of the light", -1.0, 1.0, identity=0.0)]
ValueChange = Annotated[Range, Unit("fraction of the value range", 0.0, 1.0, identity=0.0)]
Opacity = Annotated[Range, Unit("fraction, 1 hides what lies behind", 0.0, 1.0, identity=0.0)]
Direction = Annotated[Range, Unit("degrees", -360.0, 360.0)]
Place = Annotated[Range, Unit("fraction of the side", 0.0, 1.0)]
Radius = Annotated[Range, Unit("fraction of the shorter side", 0.01, 2.0)]
# from 0.05 on, as light is known at 33 knots along a side
Softness = Annotated[Range, Unit("fraction of the shorter side", 0.05, 2.0)]
Roughness = Annotated[Range, Unit("fraction of the height left at every finer step", 0.0, 1.0)]
CloudCover = Annotated[Range, Unit("fraction of the cloud's height", 0.0, 1.0, identity=0.0)]
Particles = Annotated[Range, Unit("number, rounded", 0.0, 500.0, identity=0.0)]
ParticleSize = Annotated[Range, Unit("fraction of the shorter side", 0.0, 0.5)]
Holes = Annotated[Range, Unit("number, rounded", 0.0, 64.0, identity=0.0)]
HoleSide = Annotated[Range, Unit("fraction of the shorter side", 0.0, 2.0, identity=0.0)]
Cells = Annotated[Range, Unit("number along each side, rounded", 1.0, 20.0)]
CellSide = Annotated[Range, Unit("fraction of the side", 0.05, 2.0)]
HoleRatio = Annotated[Range, Unit("fraction of the cell's side", 0.0, 1.0, identity=0.0)]
Phase = Annotated[Range, Unit("fraction of the period", 0.0, 1.0)]
KeptRatio = Annotated[Range, Unit("fraction of the period", 0.0, 1.0, identity=1.0)]
CellShare = Annotated[Range, Unit("fraction of the cells", 0.0, 1.0, identity=0.0)]
ValueShare = Annotated[Range, Unit("fraction of the values", 0.0, 1.0, identity=0.0)]
PixelShare = Annotated[Range, Unit("fraction of the pixels", 0.0, 1.0, identity=0.0)]
BlurRadius = Annotated[Range, Unit("fraction of the shorter side", 0.0, 0.05, identity=0.0)]
PathLength = Annotated[Range, Unit("fraction of the shorter side", 0.0, 0.2, identity=0.0)]
Spread = Annotated[Range, Unit("fraction of the distance from the centre", 0.0, 1.0, identity=0.0)]
Resolution = Annotated[Range, Unit("factor of both sides", 0.02, 1.0, identity=1.0, log=True)]
DetailGain = Annotated[Range, Unit("share of the detail", -1.0, 10.0, identity=0.0)]
ReliefGain = Annotated[Range, Unit("share of the slope", 0.0, 4.0, identity=0.0)]
LeastDetail = Annotated[Range, Unit("fraction of the value range", 0.0, 1.0)]
Cutoff = Annotated[Range, Unit("fraction of the highest frequency", 0.2, 1.0)]
Quality = Annotated[Range, Unit("quality of the encoder", 1.0, 100.0)]
ChannelAmount = Annotated[Range, Unit("fraction of the value range", -1.0, 1.0, identity=0.0)]
SolarizeThreshold = Annotated[Range, Unit("fraction of the value range", 0.0, 1.0, identity=1.0)]
# half the way to the next point, so that the points of a curve never pass each other
CurveShifts = Annotated[Range, Unit("fraction of the value range", -0.125, 0.125, identity=0.0, count=3)]
Bits = Annotated[Range, Unit("bits", 1.0, 8.0, identity=8.0)]
Strength = Annotated[Range, Unit("fraction", 0.0, 1.0, identity=0.0)]
Kelvin = Annotated[Range, Unit("kelvin", 2500.0, 20000.0, identity=6500.0, log=True)]
LightingStd = Annotated[Range, Unit("standard deviations of ImageNet's colours", 0.0, 2.0, identity=0.0)]
TailShare = Annotated[Range, Unit("fraction of the pixels", 0.0, 0.49)]
ClipLimit = Annotated[Range, Unit("times the mean count of a level", 1.0, 40.0)]
