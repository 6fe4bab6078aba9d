"""What a translation collects: nodes with names of their own, what differs, what is left out, and the border."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from augury.errors import PolicyError
from augury.kernels import Border, Interpolation
from augury.ranges import Choice, Fixed, Range, ends
from augury.transforms.base import Node, Transform
from augury.transforms.policies import Policy, SomeOf

Sampling = tuple[tuple[Border, float] | None, Interpolation]  # border and fill, if what lies outside is seen
UNIFORM = "the factor is drawn uniformly there, log-uniformly here"
COLOURS = "needs colours here"  # what has none is left alone there, and refused here
SQUARE = "there the sides change places, here corners are cut where a canvas is not square"
PIXELS = "its lengths are pixels there, fractions of the side here"
FORMULA = "its formula is not ours"
SHUFFLED = 5 / 6  # of six orders of colours one changes nothing; our ChannelShuffle draws one of the others


@dataclass(frozen=True)
class Match:
    """A transform of ours that means what a step means.

    Attributes
    ----------
    node : without a name and p. differences : clauses.
    sampling : border with its fill and interpolation there, if it resamples.
    often : how often ours must happen when the step does, if the step may draw what changes nothing.
    """

    node: Node
    differences: tuple[str, ...] = ()
    sampling: Sampling | None = None
    often: float = 1.0


Found = Match | str | None  # or why the step stays as it is, if more is to be said than that it does


@dataclass
class Desk:
    """One translation in progress.

    Attributes
    ----------
    origin : the library, as sentences name it. translate : False keeps every step as it is.
    reasons : a sentence for the label of each step. left_out : names of steps that belong to `prepare`.
    border, interpolation : of the first step that has one; the policy takes them.
    """

    origin: str
    translate: bool
    reasons: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    border: tuple[Border, float] | None = None
    interpolation: Interpolation | None = None

    def leaf(
        self, title: str, match: Callable[[], Found] | None, opaque: Callable[[], Transform], p: float = 1.0
    ) -> Node:
        """A step, with its p: ours where it means the same, else as it is."""
        found: Found = None
        if match is not None and self.translate:
            with suppress(PolicyError):  # its parameters lie outside what ours take
                found = match()
        if isinstance(found, Match):
            return self.matched(title, replace(found, node=_with_p(found.node, p * found.often)))
        why = f": {found}" if found else ""
        return self._named(_with_p(opaque(), p), f"{title} of {self.origin}, as it is there{why}.")

    def matched(self, title: str, found: Match) -> Node:
        """Ours in the place of a step."""
        differences = list(found.differences)
        if found.sampling is not None:
            border, interpolation = found.sampling
            self.border, self.interpolation = self.border or border, self.interpolation or interpolation
            if border is not None and border != self.border:
                differences.append(f"the border is {_border(border)} there, {_border(self.border)} here")
            if interpolation != self.interpolation:
                differences.append(f"the interpolation is {interpolation} there, {self.interpolation} here")
        return self._named(found.node, f"{title} of {self.origin}: {'; '.join(differences) or 'the same here'}.")

    def together(self, nodes: Sequence[Node], p: float) -> list[Node]:
        """Nodes that happen all or not at all."""
        if p >= 1.0 or not nodes:
            return list(nodes)
        return [self.choice(SomeOf(nodes, (len(nodes), len(nodes)), p=p))]

    def each(self, made: Iterable[Sequence[Node]]) -> list[Node]:
        """One node for each child of a choice; an empty one where a child is left out, so that odds stay."""
        return [nodes[0] if len(nodes) == 1 else Policy(nodes) for nodes in made]

    def choice(self, node: Node) -> Node:
        """A composition of nodes that have their names."""
        return self._named(node, f"A choice of {self.origin}.")

    def _named(self, node: Node, reason: str) -> Node:
        label, number = node.label, 2
        while node.label in self.reasons:
            node = node.model_copy(update={"name": f"{label}{number}"})
            number += 1
        self.reasons[node.label] = reason
        return node


def _with_p(node: Node, p: float) -> Node:
    return node.model_copy(update={"p": p})


def _border(border: tuple[Border, float] | None) -> str:
    kind, fill = border or ("edge", 0.0)
    return f"{kind} {fill:g}" if kind == "constant" else kind


def span(low: float, high: float) -> Range:
    """A range, or Fixed where it holds one value; ends may come in any order."""
    return Fixed(low) if low == high else (min(low, high), max(low, high))


def whole(low: float, high: float) -> Range:
    """Whole numbers from low to high, equally likely."""
    return Fixed(low) if low == high else Choice(range(int(low), int(high) + 1))


def whole_ends(node: Transform, field_name: str, library: str) -> tuple[int, int]:
    """Ends of a field that draws whole numbers, or a PolicyError of one line if it draws anything else."""
    value = getattr(node, field_name)
    low, high = ends(value)
    if value != whole(low, high):
        raise no_equal(node, library, f"it draws whole numbers, all alike, where {field_name} is {value}")
    return int(low), int(high)


def p_of_shuffle(node: Transform, library: str) -> float:
    """How often a step that draws all six orders of colours must happen, or a PolicyError of one line."""
    if node.p > SHUFFLED:
        raise no_equal(node, library, f"there one order of six changes nothing, so that p is at most {SHUFFLED:.3f}")
    return node.p / SHUFFLED


def fixed(node: Transform, field_name: str, library: str) -> float:
    """The one value of a field, or a PolicyError of one line if it has more."""
    low, high = ends(getattr(node, field_name))
    if low != high:
        raise no_equal(node, library, f"there {field_name} is fixed")
    return low


def both_ends(node: Transform, field_name: str, library: str) -> tuple[float, float]:
    """Lowest and highest value of a field, or a PolicyError of one line if a library cannot draw it so."""
    value = getattr(node, field_name)
    if isinstance(value, Choice) and len(set(value.values)) > 1:
        raise no_equal(node, library, f"it draws a range where {field_name} is a Choice")
    return ends(value)


def neutral(node: Transform, library: str, **fields: float) -> None:
    """Raise a PolicyError of one line unless fields are fixed at values without which a library has no equal."""
    for name, value in fields.items():
        if ends(getattr(node, name)) != (value, value):
            raise no_equal(node, library, f"it has no {name}")


def no_equal(node: Any, library: str, why: str = "it has none") -> PolicyError:
    """The error for a node that a library has no equal of."""
    return PolicyError(f"{node!r}: no equal in {library} ({why}); leave it out, or stream with Augury")
