"""Arms: the policies under trial, and what each is made for."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from augury.errors import AuguryError, first_line
from augury.transforms import (
    CLAHE,
    D4,
    Affine,
    AugMix,
    AutoContrast,
    Brightness,
    CoarseDropout,
    ColorJitter,
    ColorTemperature,
    Contrast,
    CornerIllumination,
    CutMix,
    DefocusBlur,
    Downscale,
    Equalize,
    Erase,
    Fog,
    Gamma,
    GaussianBlur,
    GaussianIllumination,
    GaussianNoise,
    GridDropout,
    GridMask,
    HideAndSeek,
    HorizontalFlip,
    IsoNoise,
    LinearIllumination,
    Median,
    MotionBlur,
    PcaLighting,
    Perspective,
    PixelDropout,
    PlasmaBrightness,
    PlasmaContrast,
    PlasmaShadow,
    PoissonNoise,
    ResizedCrop,
    Rotate,
    Rotate90,
    SafeCrop,
    SafeRotate,
    SaltAndPepper,
    Shadow,
    SpeckleNoise,
    SunFlare,
    ToneCurve,
    Translate,
    Transpose,
    VerticalFlip,
    Vignette,
    Zoom,
    ZoomBlur,
)
from augury.transforms.base import Node, Transform
from augury.transforms.describe import described
from augury.transforms.policies import Barrier, OneOf, Policy, SomeOf, walk

BASELINE = "baseline"
OWN: dict[type[Node], tuple[str, ...]] = {
    Affine: ("location", "zoom", "rotation"),
    AugMix: ("location", "rotation", "lighting"),
    AutoContrast: ("lighting",),
    Brightness: ("lighting",),
    CLAHE: ("lighting",),
    ColorJitter: ("lighting",),
    ColorTemperature: ("lighting",),
    Contrast: ("lighting",),
    CutMix: ("occlusion",),
    D4: ("mirrored", "upside down", "rotation"),
    Equalize: ("lighting",),
    Erase: ("occlusion",),
    Gamma: ("lighting",),
    GaussianNoise: ("noise",),
    PcaLighting: ("lighting",),
    PoissonNoise: ("noise",),
    SaltAndPepper: ("noise",),
    HorizontalFlip: ("mirrored",),
    Perspective: ("crop",),
    ResizedCrop: ("location", "zoom", "crop"),
    Rotate: ("rotation",),
    Rotate90: ("upside down", "rotation"),
    SafeCrop: ("location", "zoom", "crop"),
    SafeRotate: ("zoom", "rotation"),
    ToneCurve: ("lighting",),
    Translate: ("location",),
    Transpose: ("mirrored", "rotation"),
    VerticalFlip: ("upside down",),
    Zoom: ("zoom",),
    DefocusBlur: ("blur",),
    Downscale: ("blur",),
    GaussianBlur: ("blur",),
    IsoNoise: ("noise",),
    Median: ("blur",),
    MotionBlur: ("blur",),
    PixelDropout: ("noise",),
    SpeckleNoise: ("noise",),
    ZoomBlur: ("blur",),
    CoarseDropout: ("occlusion",),
    CornerIllumination: ("lighting",),
    Fog: ("lighting",),
    GaussianIllumination: ("lighting",),
    GridDropout: ("occlusion",),
    GridMask: ("occlusion",),
    HideAndSeek: ("occlusion",),
    LinearIllumination: ("lighting",),
    PlasmaBrightness: ("lighting",),
    PlasmaContrast: ("lighting",),
    PlasmaShadow: ("lighting",),
    Shadow: ("lighting",),
    SunFlare: ("lighting",),
    Vignette: ("lighting",),
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
        """The policy with everything that is left to chance switched on, to see what it does to an image.

        What mixes samples is off, as a mixture has no one class that it could be taken for.
        """
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
        for node in walk(arm.policy):
            if isinstance(node, Transform) and node.needs_marks:
                raise AuguryError(
                    f"study: arm {arm.name!r}: {node.label} needs masks or boxes, and a study is of images with one "
                    "class each; leave it out"
                )
            if isinstance(node, Transform) and node.resizes:
                raise AuguryError(
                    f"study: arm {arm.name!r} changes the size of the images ({node.label}), which all parts share; "
                    "use prepare(size=...), or ResizedCrop"
                )
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
    if isinstance(node, Transform) and node.mixes:
        changed["p"] = 0.0
    if isinstance(node, (OneOf, SomeOf, Policy)):
        changed["transforms"] = tuple(_switched_on(child) for child in node.transforms)
    return node.model_copy(update=changed) if changed else node
