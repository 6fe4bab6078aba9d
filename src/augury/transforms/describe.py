"""A short name for anything that can stand in a policy, with its ranges."""

from __future__ import annotations

from augury.ranges import Unit, ends, show
from augury.transforms.base import Node, Transform, range_fields
from augury.transforms.policies import OneOf, Policy, SomeOf


def described(node: Node) -> str:
    """A node for people.

    Examples
    --------
    >>> from augury.transforms import HorizontalFlip, Rotate, Translate
    >>> described(Rotate((-30, 30))), described(HorizontalFlip()), described(Translate((-0.1, 0.1), (-0.2, 0.2)))
    ('Rotate ±30°', 'HorizontalFlip p 0.5', 'Translate x ±0.1, y ±0.2')
    """
    match node:
        case Policy():
            return node.name or " + ".join(described(child) for child in node.transforms)
        case OneOf():
            return node.name or "one of " + ", ".join(described(child) for child in node.transforms)
        case SomeOf():
            return node.name or "some of " + ", ".join(described(child) for child in node.transforms)
        case Transform():
            return _transform(node)
    return type(node).__name__


def _transform(transform: Transform) -> str:
    units, told = range_fields(type(transform)), transform.to_document()
    still = [ends(getattr(transform, name)) == (unit.identity, unit.identity) for name, unit in units.items()]
    acts = {name: unit for (name, unit), idle in zip(units.items(), still, strict=True) if not idle} or units
    changed = [unit for name, unit in acts.items() if name in told] or list(acts.values())
    fields = [name for name, unit in acts.items() if unit in changed]
    shown = [f"{name} {_range(transform, name, units[name])}" for name in fields]
    if len(units) == 1:
        shown = [_range(transform, name, unit) for name, unit in units.items()]
    p = [] if transform.p == 1 else [f"p {transform.p:g}"]
    return " ".join([transform.title, ", ".join(shown + p)]).strip()


def _range(transform: Transform, field: str, unit: Unit) -> str:
    text = show(getattr(transform, field))
    return f"{text}°" if unit.name == "degrees" else text
