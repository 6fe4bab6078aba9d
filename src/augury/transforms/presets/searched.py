"""Policies with next to nothing to search: TrivialAugment and RandAugment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from augury.errors import PolicyError
from augury.transforms.policies import OneOf, SomeOf
from augury.transforms.presets.operations import OPERATIONS, STEPS, Space, kinds, operation

_SPACES = {
    "wide": Space(slope=0.99, shift=32 / 224, angle=135.0, change=0.99, bits=6),
    "ra": Space(shift=10 / 32),
}
_ALL = [step / STEPS for step in range(STEPS + 1)]


def trivial_augment(space: Literal["wide", "ra"] = "wide", *, color: bool = True) -> OneOf:
    """One operation at any strength, or none, each equally likely: TrivialAugment (Müller and Hutter 2021).

    The 14 operations of the paper, none among them, at its 31 strengths; `presets.operations` says how they differ
    from Pillow's. Its lengths in pixels are fractions here: 32 of 224 for "wide", 10 of 32 for "ra".

    Parameters
    ----------
    space : "wide", which the paper found best (rotation up to 135 degrees, factors 0.01 to 1.99), or "ra", the milder
        space of RandAugment (30 degrees, 0.1 to 1.9).
    color : False for images without colours, for which one more of the 14 does nothing.

    Examples
    --------
    >>> import augury as ag
    >>> len(ag.trivial_augment().transforms), len(ag.trivial_augment(color=False).transforms)
    (13, 12)
    """
    if space not in _SPACES:
        raise PolicyError(f"trivial_augment: space={space!r}; expected 'wide' or 'ra'")
    return _one_of(_SPACES[space], _ALL, color, "TrivialAugment", "Trivial")


def rand_augment(n: int = 2, m: float = 9, *, color: bool = True) -> SomeOf:
    """Several operations one after the other, all at one strength: RandAugment (Cubuk et al. 2020).

    Every one is drawn anew from the paper's 14, doing nothing among them: one may come twice, in any order.

    Parameters
    ----------
    n : number of operations. m : strength, 0 to 30; see `presets.operations`.
    color : False for images without colours, for which one more of the 14 does nothing.

    Examples
    --------
    >>> import augury as ag
    >>> [one.name for one in ag.rand_augment(3, 5).transforms]
    ['RandAugment 1', 'RandAugment 2', 'RandAugment 3']
    """
    if not isinstance(n, int) or n < 1:
        raise PolicyError(f"rand_augment: n={n!r}; expected a whole number of operations from 1 on")
    if not 0 <= m <= STEPS:
        raise PolicyError(f"rand_augment: m={m!r}; expected a strength of 0 to {STEPS}")
    names = [f"RandAugment {k}" for k in range(1, n + 1)]
    blocks = [_one_of(Space(), [m / STEPS], color, name, f"{name} ") for name in names]
    return SomeOf(blocks, (n, n), name="RandAugment")


def _one_of(space: Space, shares: Sequence[float], color: bool, name: str, prefix: str) -> OneOf:
    made = [operation(kind, space, shares, prefix + kind) for kind in kinds(color)]
    return OneOf(made, p=len(made) / (len(OPERATIONS) + 1), name=name)
