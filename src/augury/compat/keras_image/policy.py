"""Arguments as a policy, and the drawn parameters of a policy as keras-preprocessing's dictionaries."""

from __future__ import annotations

from typing import Any

import numpy as np

from augury.compat.keras_image.arguments import FILL_MODES, Arguments, Shift
from augury.compat.keras_image.declared import (
    KerasBrightness,
    KerasChannelShift,
    KerasShear,
    KerasShift,
    KerasZoom,
    either_way,
)
from augury.compat.keras_image.problems import ArgumentError
from augury.plan import Plan
from augury.ranges import Choice, Fixed, Range
from augury.transforms import HorizontalFlip, Rotate, Translate, VerticalFlip
from augury.transforms.base import Transform
from augury.transforms.policies import Policy

NOTHING = Fixed(0.0)


def policy_of(arguments: Arguments) -> Policy:
    """The policy that draws and moves what the arguments ask for.

    Raises
    ------
    ArgumentError : if fill_mode="constant" fills with a value outside 0..255, which a policy cannot say.
    """
    fill = arguments.cval / 255.0 if arguments.fill_mode == "constant" else 0.0
    if not 0 <= fill <= 1:
        raise ArgumentError(f"cval={arguments.cval} lies outside 0..255, and a policy's fill is a fraction of 255")
    border = FILL_MODES[arguments.fill_mode]
    return Policy([*moves(arguments), *tones(arguments)], border=border, fill=fill, interpolation=_sampling(arguments))


def moving_policy(arguments: Arguments, *, toned: bool) -> Policy:
    """The same for the executor, which sets the fill itself, in levels; with or without the changes of tone."""
    parts = [*moves(arguments), *(tones(arguments) if toned else [])]
    return Policy(parts, border=FILL_MODES[arguments.fill_mode], interpolation=_sampling(arguments))


def _sampling(arguments: Arguments) -> Any:
    return "nearest" if arguments.interpolation_order == 0 else "bilinear"


def moves(arguments: Arguments) -> list[Transform]:
    """The geometry, in the order in which an image goes through it."""
    a = arguments
    across, down = (a.height_shift, a.width_shift) if "swapped_shifts" in a.faults else (a.width_shift, a.height_shift)
    found: list[Transform] = [Rotate(either_way(_turn(a.rotation_range)))] if a.rotation_range else []
    for fraction, kind in ((True, Translate), (False, KerasShift)):
        x, y = (s if s is not None and s.fraction == fraction else None for s in (across, down))
        if x is not None or y is not None:
            found.append(kind(x=_lengths(x), y=_lengths(y)))
    if a.shear_range:
        found.append(KerasShear(either_way(a.shear_range)))
    low, high = sorted(a.zoom_range)
    if (low, high) != (1, 1):
        found.append(KerasZoom(x=(low, high), y=(low, high)))
    found += [HorizontalFlip()] if a.horizontal_flip else []
    found += [VerticalFlip()] if a.vertical_flip else []
    return found


def tones(arguments: Arguments) -> list[Transform]:
    """Channel shift, then brightness."""
    found: list[Transform] = []
    if arguments.channel_shift_range:
        found.append(KerasChannelShift(either_way(arguments.channel_shift_range)))
    if arguments.brightness_range is not None:
        low, high = sorted(arguments.brightness_range)
        found.append(KerasBrightness((low, high)))
    return found


def _turn(degrees: float) -> float:
    """Within ±360 degrees, beyond which a range would say no more."""
    return min(abs(degrees), 360.0)


def _lengths(shift: Shift | None) -> Range:
    if shift is None:
        return NOTHING
    if not shift.choices:
        return either_way(shift.most)
    return Choice([sign * length for length in shift.choices for sign in (-1.0, 1.0)])


def parameters(arguments: Arguments, plan: Plan, shape: tuple[int, ...]) -> list[dict[str, Any]]:
    """A plan of `policy_of` as one dictionary for each image, the form that `apply_transform` takes."""
    height, width = arguments.size_of(shape)
    n, columns = len(plan), plan.columns

    def column(label: str, field: str, otherwise: Any = 0.0) -> Any:
        return columns[label][field] if label in columns else np.full(n, otherwise)

    drawn = {
        "theta": column("Rotate", "angle"),
        "tx": -(column("Translate", "x") * width + column("KerasShift", "x")),
        "ty": -(column("Translate", "y") * height + column("KerasShift", "y")),
        "shear": column("KerasShear", "angle"),
        "zx": column("KerasZoom", "x", 1.0),
        "zy": column("KerasZoom", "y", 1.0),
        "flip_horizontal": column("HorizontalFlip", "on", False),
        "flip_vertical": column("VerticalFlip", "on", False),
        "channel_shift_intensity": column("KerasChannelShift", "amount", None),
        "brightness": column("KerasBrightness", "factor", None),
    }
    return [{name: values[i] for name, values in drawn.items()} for i in range(n)]
