"""Compile a policy into a program: a list of fused kernels, no pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import Any

import numpy as np

from augury.compile.fuse import Branch, Group, Step, fuse
from augury.compile.motion import around
from augury.compile.segments import Lowered, LoweredSegment, Sampling, Segment, Size, segments_of
from augury.data.prepare import Prepare
from augury.draws import Address
from augury.errors import PolicyError
from augury.kernels import (
    Backward,
    Blend,
    Floats,
    Mix,
    Point,
    Resample,
    Rows,
    identity,
)
from augury.plan import Plan, draw_plan
from augury.spec import Spec
from augury.transforms.base import Node, Params, Transform
from augury.transforms.policies import Barrier, OneOf, Policy, SomeOf


@dataclass(frozen=True)
class LoweredChain:
    """A program with its arrays, whose result a Blend mixes with others."""

    program: Program
    lowered: Lowered

    def rows(self, rows: Rows) -> LoweredChain:
        """The same for some of the samples."""
        return replace(self, lowered=tuple(segment.rows(rows) for segment in self.lowered))


@dataclass(frozen=True)
class Program:
    """A compiled policy for one canvas.

    Attributes
    ----------
    policy : what was compiled. prepare : what every part shares.
    canvas : spec on which transforms act, before any of them changes its size. segments : fused kernels in order.
    fused : False for the step-by-step program that fusion is compared with.
    """

    policy: Policy
    prepare: Prepare
    canvas: Spec
    segments: tuple[Segment, ...]
    fused: bool = True

    @cached_property
    def output(self) -> Spec:
        """Spec of the images a run delivers."""
        return self.prepare.output(self.canvas.of_size(self.size))

    @property
    def size(self) -> Size:
        """(height, width) of the images a run delivers."""
        return self.segments[-1].size

    @cached_property
    def _transforms(self) -> dict[str, Transform]:
        return {node.label: node for node in _leaves(self.policy)}

    @property
    def kernels(self) -> list[str]:
        """Kernel names in order, one for each pass of work."""
        names = []
        for segment in self.segments:
            names += [group.kind.__name__ for group in segment.groups]
        return names

    def check_boxes(self) -> None:
        """Raise a PolicyError of one line if boxes cannot follow."""
        self._check_followed("boxes")
        for label, node in self._transforms.items():
            if not node.moves_boxes and node.p > 0:
                raise PolicyError(f"{label}: would cut boxes into pieces; leave it out for data with boxes")

    def check_masks(self) -> None:
        """Raise a PolicyError of one line if masks cannot follow."""
        self._check_followed("masks")

    def _check_followed(self, marks: str) -> None:
        for label, node in self._transforms.items():
            if not node.followed and node.p > 0:
                raise PolicyError(f"{label}: may move pixels, and {marks} cannot follow; leave it out for such data")

    def check_subject(self) -> None:
        """Raise a PolicyError of one line if what must stay in sight is not what the data says any more."""
        mixed = ""
        for step in (step for segment in self.segments for group in segment.groups for step in group.steps):
            if mixed and step.declared and self._transforms[step.label].needs_subject:
                raise PolicyError(f"{step.label}: cannot know what {mixed} shows; put it before {mixed}")
            mixed = step.label if step.partners else mixed

    @property
    def reads_marks(self) -> bool:
        """Whether what is drawn depends on what is marked in the images."""
        return self.needs_subject or self.policy.keep.redraws > 0

    @property
    def needs_subject(self) -> bool:
        """Whether `lower` must know where the subject is."""
        return any(node.needs_subject for node in self._transforms.values())

    @cached_property
    def mixtures(self) -> list[Transform]:
        """What a run needs a mixer for, see `execute.run`."""
        found = [group for segment in self.segments for group in segment.whole if group.kind is Mix]
        return [self._transforms[step.label] for group in found for step in group.steps]

    @property
    def shares_labels(self) -> bool:
        """Whether samples get a part of other samples' labels."""
        return any(node.shares_labels and not node.is_identity for node in self._transforms.values())

    @property
    def outside_label(self) -> int:
        """The mask's label of what lies outside an image, 0 where no border shows that."""
        shown = any(segment.sampling.border in ("constant", "cut") for segment in self.segments)
        return self.policy.mask_fill if shown else 0

    def lower(self, plan: Plan, subject: Floats | None = None) -> Lowered:
        """Turn drawn parameters into kernel arrays, fused.

        Parameters
        ----------
        subject : (n, 4) float64, left, top, right and bottom on the canvas of what must stay in sight; nan where a
            sample has nothing. None: no sample has.
        """
        lowered: list[LoweredSegment] = []
        moves = [still := Resample(identity(len(plan)))]  # of the segments so far
        for segment in self.segments:
            resample = still
            for step in segment.resample.steps if segment.resample else ():
                if step.declared:
                    seen = self._seen(step, [*moves, resample], subject)
                    resample = resample.then(self._lower_step(step, plan, seen))
            moves.append(resample)
            lowered.append(
                LoweredSegment(
                    resample,
                    Backward.of(resample),
                    segment.sampling,
                    segment.reads,
                    segment.size,
                    tuple(self._lower_group(group, plan) for group in segment.whole),
                    tuple(self._lower_group(group, plan) for group in segment.pixelwise),
                )
            )
        return tuple(lowered)

    def _lower_group(self, group: Group, plan: Plan) -> Any:
        return reduce(lambda a, b: a.then(b), [self._lower_step(step, plan) for step in group.steps])

    def _seen(self, step: Step, moves: list[Resample], subject: Floats | None) -> Params:
        """Where the subject stands before a step, as a parameter of a transform that must know."""
        if subject is None or not self._transforms[step.label].needs_subject:
            return {}
        return {"subject": around(reduce(lambda a, b: a.then(b), moves), subject, self.canvas.shape[:2])}

    def _lower_step(self, step: Step, plan: Plan, seen: Params | None = None) -> Any:
        if not step.declared:
            return self.prepare.point(self.canvas)
        params = {**plan.columns[step.label], **(seen or {})}
        kernel = self._transforms[step.label].lower(params, step.spec).where(params["on"])
        if isinstance(kernel, Blend):
            return replace(kernel, chains=tuple(LoweredChain(chain, chain.lower(plan)) for chain in step.chains))
        return kernel


def compile_policy(policy: Policy, prepare: Prepare, source: Spec, *, fuse_steps: bool = True) -> Program:
    """Compile a policy for images of one source spec.

    Parameters
    ----------
    source : spec of a decoded image (its size matters only if `prepare` keeps it).
    fuse_steps : False runs every transform by itself, for comparison.
    """
    canvas = prepare.canvas(source)
    steps = [Step("prepare", Resample, canvas, declared=False), *_steps(policy, canvas)]
    if prepare.point(canvas) is not None:
        steps.append(Step("normalize", Point, canvas, declared=False))
    groups = fuse(steps) if fuse_steps else [Group((step,)) for step in steps]
    return Program(policy, prepare, canvas, segments_of(groups, Sampling.of(policy), canvas.shape[:2]), fuse_steps)


def _leaves(node: Node) -> list[Transform]:
    if isinstance(node, Transform):
        return [node]
    return [leaf for child in getattr(node, "transforms", ()) for leaf in _leaves(child)]


def _steps(policy: Policy, canvas: Spec) -> list[Step]:
    """All transforms in order; those that never change anything are dropped."""
    probe = draw_plan(policy, 0, Address(np.zeros(1, np.uint64)))
    found: list[Step] = []
    spec, sampling = canvas, Sampling.of(policy)

    def visit(node: Node, branch: Branch) -> None:
        nonlocal spec, sampling
        if isinstance(node, Transform) and not node.is_identity:
            node.check(spec)
            kernel = node.lower(probe.columns[node.label], spec)
            size = kernel.size if isinstance(kernel, Resample) else None
            step = Step(node.label, type(kernel), spec, getattr(kernel, "permutes", False), branch, size=size)
            across, partners = isinstance(kernel, Point) and kernel.across, getattr(kernel, "partners", 0)
            chains = tuple(_chain(chain, sampling, spec) for chain in node.chains)
            found.append(replace(step, across=across, chains=chains, partners=partners))
            if size is not None:
                spec = spec.of_size(size)
        elif isinstance(node, Barrier):
            sampling = sampling.after(node)
            found.append(Step("Barrier", Barrier, spec, barrier=node))
        elif isinstance(node, (Policy, OneOf, SomeOf)):
            for i, child in enumerate(node.transforms):
                visit(child, (*branch, (node.label, i)) if isinstance(node, OneOf) else branch)

    visit(policy, ())
    return found


def _chain(chain: Node, sampling: Sampling, spec: Spec) -> Program:
    """Always fused, as its geometry is resampled once by definition."""
    policy = Policy([chain], border=sampling.border, fill=sampling.fill, interpolation=sampling.interpolation)
    return compile_policy(policy, Prepare(), spec)
