"""Arms: the policies under trial, and what each is made for."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from augury.errors import AuguryError, first_line
from augury.transforms import (
    Affine,
    Brightness,
    Contrast,
    Erase,
    Gamma,
    GaussianNoise,
    HorizontalFlip,
    Perspective,
    PoissonNoise,
    ResizedCrop,
    Rotate,
    SaltAndPepper,
    Translate,
    VerticalFlip,
    Zoom,
)
from augury.transforms.base import Node, Transform
from augury.transforms.describe import described
from augury.transforms.policies import Barrier, OneOf, Policy, SomeOf, walk

BASELINE = "baseline"
OWN: dict[type[Node], tuple[str, ...]] = {
    Affine: ("location", "zoom", "rotation"),
    Brightness: ("lighting",),
    Contrast: ("lighting",),
    Erase: ("occlusion",),
    Gamma: ("lighting",),
    GaussianNoise: ("noise",),
    PoissonNoise: ("noise",),
    SaltAndPepper: ("noise",),
    HorizontalFlip: ("mirrored",),
    Perspective: ("crop",),
    ResizedCrop: ("location", "zoom", "crop"),
    Rotate: ("rotation",),
    Translate: ("location",),
    VerticalFlip: ("upside down",),
    Zoom: ("zoom",),
}  # the families of shifts that a transform is made for; a gain there is expected, and shown as matched


@dataclass(frozen=True)
class Arm:
    """One policy under trial.

    Attributes
    ----------
    name : unlike those of the others. policy : what training gets; empty for the baseline.
    reason : why it is tried, one sentence, or "". caution : what speaks against it, or "".
    """

    name: str
    policy: Policy
    reason: str = ""
    caution: str = ""

    @property
    def own(self) -> tuple[str, ...]:
        """The families of shifts that its transforms are made for."""
        return tuple(dict.fromkeys(family for node in walk(self.policy) for family in OWN.get(type(node), ())))

    @property
    def single(self) -> Transform | None:
        """Its transform, where it is a single one."""
        nodes = self.policy.transforms
        return nodes[0] if len(nodes) == 1 and isinstance(nodes[0], Transform) else None

    def always(self) -> Policy:
        """The policy with everything that is left to chance switched on, to see what it does to an image."""
        return self.policy.model_copy(update={"transforms": tuple(_switched_on(n) for n in self.policy.transforms)})


def check_arms(arms: Sequence[Arm]) -> None:
    """Raise an AuguryError of one line unless these can be tried."""
    seen: set[str] = {BASELINE}
    if not arms:
        raise AuguryError("study: no arm is given; give at least one transform or policy to try")
    for arm in arms:
        if arm.name in seen:
            raise AuguryError(f"study: two arms are called {arm.name!r}; give one a name of its own")
        seen.add(arm.name)
        _check_workers_find(arm)
        if not arm.policy.is_random:
            raise AuguryError(
                f"study: arm {arm.name!r} does the same to every image; what is not random belongs to prepare(...)"
            )


def _check_workers_find(arm: Arm) -> None:
    """Raise unless an arm's policy can be handed to worker processes."""
    for node in walk(arm.policy):
        if node.defined_in == "__main__":
            raise AuguryError(
                f"study: {node.title} is defined in a script or notebook, where worker processes cannot "
                "find it; put it in a module of its own and import it"
            )
    try:
        pickle.dumps(arm.policy)
    except Exception as error:  # whatever a step holds decides what pickle raises
        raise AuguryError(
            f"study: arm {arm.name!r} cannot be handed to worker processes ({first_line(error)}); put its functions at "
            "the top of a module of their own"
        ) from error


def arms_from(given: Iterable[Any]) -> list[Arm]:
    """Arms of what a user gives: transforms, policies (as they are, named by their `name`), or arms."""
    arms = []
    for k, item in enumerate(given):
        if isinstance(item, Arm):
            arms.append(item)
        elif isinstance(item, Policy):
            arms.append(Arm(described(item) or f"policy {k + 1}", item.unannotated))
        elif isinstance(item, Node) and not isinstance(item, Barrier):
            arms.append(Arm(item.name or described(item), Policy([item])))
        else:
            raise AuguryError(f"study: arm {k + 1} is {item!r}; expected a transform or a Policy")
    return arms


def _switched_on(node: Any) -> Any:
    changed: dict[str, Any] = {}
    if getattr(node, "p", 1.0) not in (0.0, 1.0):
        changed["p"] = 1.0
    if isinstance(node, (OneOf, SomeOf, Policy)):
        changed["transforms"] = tuple(_switched_on(child) for child in node.transforms)
    return node.model_copy(update=changed) if changed else node
