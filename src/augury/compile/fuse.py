"""Fusion: one function for each rule, beginning with the reason it may not apply.

Two classes of rule, never mixed. *Defining*: a run of Resample kernels means the composed map,
resampled once. *Exact*: everything else; fused pixels equal unfused pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from augury.kernels import Kernel, Mix, Point, Resample
from augury.spec import Spec
from augury.transforms.policies import Barrier

Branch = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Step:
    """One declared transform as the compiler sees it.

    spec : what it acts on. size : (height, width) of what comes out, if it changes that.
    across : it reads other channels, so that points are no single table.
    branch : the (choice, child number) pairs that must have been drawn for it to act.
    declared : False for what `prepare` adds at both ends. chains : programs whose results a Blend mixes.
    partners : how many other samples it mixes in.
    """

    label: str
    kind: type[Kernel] | type[Barrier]
    spec: Spec
    permutes: bool = False
    branch: Branch = ()
    barrier: Barrier | None = None
    declared: bool = True
    size: tuple[int, int] | None = None
    across: bool = False
    chains: tuple[Any, ...] = ()
    partners: int = 0


@dataclass(frozen=True)
class Group:
    """Steps that become one kernel."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()

    @property
    def kind(self) -> type[Kernel] | type[Barrier]:
        """The kernel all its steps lower to."""
        return self.steps[0].kind

    @property
    def permutes(self) -> bool:
        """Whether it only moves whole pixels."""
        return all(step.permutes for step in self.steps)

    @property
    def size(self) -> tuple[int, int] | None:
        """(height, width) of what comes out, if it changes that."""
        return next((step.size for step in reversed(self.steps) if step.size is not None), None)


Groups = list[Group]
_RANKS = 3  # of `_rank`


def fuse(steps: list[Step]) -> Groups:
    """Apply every rule once: those that move kernels, then those that merge neighbours."""
    groups = [Group((step,)) for step in steps]
    for rule in (sort_exclusive, move_flips, merge_resamples, merge_points):
        groups = rule(groups)
    return groups


def sort_exclusive(groups: Groups) -> Groups:
    """Exact. Branches of which a sample takes one may change places, so that neighbours merge.

    Not if any sample could pass through both, and not past a mixture: partners come as they are before it. By turns
    all geometry that nothing holds back, all points, all else.
    """
    left, ordered, rank = list(groups), list[Group](), 0
    while left:
        free = next((k for k, b in enumerate(left) if _rank(b) == rank and _passes(left[:k], b)), None)
        if free is None:
            rank = (rank + 1) % _RANKS
        else:
            group = left.pop(free)
            ordered.append(_noted(group, "exclusive") if free else group)
    return ordered


def move_flips(groups: Groups) -> Groups:
    """Exact. Whole-pixel moves pass tables, so that they join the geometry before them.

    Not past noise or rectangles, which are addressed by place, and not past a barrier.
    """
    return _bubble(groups, lambda a, b: a.kind is Point and b.kind is Resample and b.permutes, "moved before a table")


def merge_resamples(groups: Groups) -> Groups:
    """Defining. Neighbouring maps are one map. Not across a barrier or a change of pixel values."""
    return _merge(groups, Resample)


def merge_points(groups: Groups) -> Groups:
    """Exact. Neighbouring points are one kernel that keeps every round and clip. Not across a barrier."""
    return _merge(groups, Point)


def _merge(groups: Groups, kind: type[Kernel]) -> Groups:
    merged: Groups = []
    for group in groups:
        if merged and group.kind is kind and merged[-1].kind is kind:
            last = merged[-1]
            merged[-1] = Group(last.steps + group.steps, tuple(dict.fromkeys(last.notes + group.notes)))
        else:
            merged.append(group)
    return merged


def _bubble(groups: Groups, may_swap: Callable[[Group, Group], bool], note: str) -> Groups:
    """Let groups change places while `may_swap(a, b)` holds for neighbours a, b; note it on the moved one."""
    groups = list(groups)
    for end in range(1, len(groups)):
        for i in range(end, 0, -1):
            if not may_swap(groups[i - 1], groups[i]):
                break
            groups[i - 1], groups[i] = _noted(groups[i], note), groups[i - 1]
    return groups


def _noted(group: Group, note: str) -> Group:
    return replace(group, notes=tuple(dict.fromkeys((*group.notes, note))))


def _rank(group: Group) -> int:
    return 0 if group.kind is Resample else 1 if group.kind is Point else 2


def _passes(before: Groups, group: Group) -> bool:
    return all(Mix not in (one.kind, group.kind) and _exclusive(one, group) for one in before)


def _exclusive(a: Group, b: Group) -> bool:
    """Whether no sample can pass through both: some choice sends them to different children."""
    return all(
        any(choice == other and child != other_child for choice, child in x.branch for other, other_child in y.branch)
        for x in a.steps
        for y in b.steps
    )
