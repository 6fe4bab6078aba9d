"""Compile a policy into a program: a list of fused kernels, no pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import Any

import numpy as np

from augury.compile.fuse import Branch, Group, Step, fuse
from augury.data.prepare import Prepare
from augury.draws import Address
from augury.kernels import (
    Backward,
    Border,
    Floats,
    Interpolation,
    Kernel,
    Noise,
    Point,
    Rectangle,
    Resample,
    Rows,
    identity,
)
from augury.plan import Plan, draw_plan
from augury.spec import Spec
from augury.transforms.base import Node, Transform
from augury.transforms.policies import Barrier, OneOf, Policy, SomeOf


@dataclass(frozen=True)
class Sampling:
    """How places between and outside pixels are read."""

    border: Border = "edge"
    fill: float = 0.0
    interpolation: Interpolation = "bilinear"

    def after(self, barrier: Barrier) -> Sampling:
        """These settings with the ones a barrier changes."""
        changed = {f: getattr(barrier, f) for f in ("border", "fill", "interpolation")}
        return replace(self, **{f: v for f, v in changed.items() if v is not None})


@dataclass(frozen=True)
class Segment:
    """One pass over an image: a resampling, then kernels that keep every pixel in its place."""

    resample: Group
    sampling: Sampling
    pixelwise: tuple[Group, ...] = ()


@dataclass(frozen=True)
class LoweredSegment:
    """A segment with its arrays, one row for each sample."""

    matrix: Floats  # (n, 3, 3), input to output
    backward: Backward
    sampling: Sampling
    pixelwise: tuple[Point | Noise | Rectangle, ...]

    def rows(self, rows: Rows) -> LoweredSegment:
        """The same for some of the samples."""
        pixelwise = tuple(kernel.rows(rows) for kernel in self.pixelwise)
        return LoweredSegment(self.matrix[rows], self.backward.rows(rows), self.sampling, pixelwise)


Lowered = tuple[LoweredSegment, ...]


@dataclass(frozen=True)
class Program:
    """A compiled policy for one canvas.

    Attributes
    ----------
    policy : what was compiled. prepare : what every part shares.
    canvas : spec on which transforms act. segments : fused kernels in order.
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
        return self.prepare.output(self.canvas)

    @cached_property
    def _transforms(self) -> dict[str, Transform]:
        return {node.label: node for node in _leaves(self.policy)}

    @property
    def kernels(self) -> list[str]:
        """Kernel names in order, one for each pass of work."""
        names = []
        for segment in self.segments:
            names += ["Resample", *(group.kind.__name__ for group in segment.pixelwise)]
        return names

    def lower(self, plan: Plan) -> Lowered:
        """Turn drawn parameters into kernel arrays, fused."""
        lowered = []
        for segment in self.segments:
            matrix = self._lower_group(segment.resample, plan, Resample(identity(len(plan)))).matrix
            pixelwise = tuple(self._lower_group(group, plan) for group in segment.pixelwise)
            lowered.append(LoweredSegment(matrix, Backward.of(matrix), segment.sampling, pixelwise))
        return tuple(lowered)

    def _lower_group(self, group: Group, plan: Plan, start: Kernel | None = None) -> Any:
        kernels = [self._lower_step(step, plan) for step in group.steps if step.declared or step.kind is Point]
        return reduce(lambda a, b: a.then(b), kernels if start is None else [start, *kernels])

    def _lower_step(self, step: Step, plan: Plan) -> Any:
        if not step.declared:
            return self.prepare.point(self.canvas)
        params = plan.columns[step.label]
        return self._transforms[step.label].lower(params, self.canvas).where(params["on"])


def compile_policy(policy: Policy, prepare: Prepare, source: Spec, *, fuse_steps: bool = True) -> Program:
    """Compile a policy for images of one source spec.

    Parameters
    ----------
    source : spec of a decoded image (its size matters only if `prepare` keeps it).
    fuse_steps : False runs every transform by itself, for comparison.
    """
    canvas = prepare.canvas(source)
    steps = [Step("prepare", Resample, declared=False), *_steps(policy, canvas)]
    if prepare.point(canvas) is not None:
        steps.append(Step("normalize", Point, declared=False))
    groups = fuse(steps) if fuse_steps else [Group((step,)) for step in steps]
    return Program(policy, prepare, canvas, _segments(groups, policy), fuse_steps)


def _leaves(node: Node) -> list[Transform]:
    if isinstance(node, Transform):
        return [node]
    return [leaf for child in getattr(node, "transforms", ()) for leaf in _leaves(child)]


def _steps(policy: Policy, canvas: Spec) -> list[Step]:
    """All transforms in order; those that never change anything are dropped."""
    probe = draw_plan(policy, 0, Address(np.zeros(1, np.uint64)))
    found: list[Step] = []

    def visit(node: Node, branch: Branch) -> None:
        if isinstance(node, Transform) and not node.is_identity:
            kernel = node.lower(probe.columns[node.label], canvas)
            found.append(Step(node.label, type(kernel), getattr(kernel, "permutes", False), branch))
        elif isinstance(node, Barrier):
            found.append(Step("Barrier", Barrier, barrier=node))
        elif isinstance(node, (Policy, OneOf, SomeOf)):
            for i, child in enumerate(node.transforms):
                visit(child, (*branch, (node.label, i)) if isinstance(node, OneOf) else branch)

    visit(policy, ())
    return found


def _segments(groups: list[Group], policy: Policy) -> tuple[Segment, ...]:
    """Cut the groups at every Resample; a barrier opens a segment of its own."""
    sampling = Sampling(policy.border, policy.fill, policy.interpolation)
    segments: list[Segment] = []
    for group in groups:
        if group.kind is Barrier:
            barrier = group.steps[0].barrier
            assert barrier is not None
            sampling = sampling.after(barrier)
        elif group.kind is Resample:
            segments.append(Segment(group, sampling))
        else:
            segments[-1] = replace(segments[-1], pixelwise=(*segments[-1].pixelwise, group))
    return tuple(segments)
