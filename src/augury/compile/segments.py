"""Segments: the passes over an image that a program is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

from augury.compile.fuse import Group
from augury.kernels import Backward, Border, Field, Interpolation, Mix, Point, Resample, Rows, Whole
from augury.transforms.policies import Barrier, Policy

Size = tuple[int, int]


@dataclass(frozen=True)
class Sampling:
    """How places between and outside pixels are read."""

    border: Border = "edge"
    fill: float = 0.0
    interpolation: Interpolation = "bilinear"

    @classmethod
    def of(cls, policy: Policy) -> Sampling:
        """Those of a policy, until a barrier changes them."""
        return cls(policy.border, policy.fill, policy.interpolation)

    def after(self, barrier: Barrier) -> Sampling:
        """These settings with the ones a barrier changes."""
        changed = {f: getattr(barrier, f) for f in ("border", "fill", "interpolation")}
        return replace(self, **{f: v for f, v in changed.items() if v is not None})


@dataclass(frozen=True)
class Segment:
    """Kernels of the whole image, then one pass over it: a resampling, and kernels that keep every pixel in its place.

    Attributes
    ----------
    whole : none in the first segment; a Mix only in the first place, so that what precedes it are whole segments.
    resample : None reads every pixel in its place.
    reads, size : (height, width) of what the pass reads, and of what comes out.
    """

    sampling: Sampling
    reads: Size
    size: Size
    whole: tuple[Group, ...] = ()
    resample: Group | None = None
    pixelwise: tuple[Group, ...] = ()

    @property
    def groups(self) -> tuple[Group, ...]:
        """All of it, in order."""
        return (*self.whole, *([self.resample] if self.resample else []), *self.pixelwise)


@dataclass(frozen=True)
class LoweredSegment:
    """A segment with its arrays, one row for each sample."""

    resample: Resample
    backward: Backward
    sampling: Sampling
    reads: Size
    size: Size
    whole: tuple[Whole, ...] = ()
    pixelwise: tuple[Point | Field, ...] = ()

    def rows(self, rows: Rows) -> LoweredSegment:
        """The same for some of the samples."""
        return LoweredSegment(
            self.resample.rows(rows),
            self.backward.rows(rows),
            self.sampling,
            self.reads,
            self.size,
            tuple(kernel.rows(rows) for kernel in self.whole),
            tuple(kernel.rows(rows) for kernel in self.pixelwise),
        )


Lowered = tuple[LoweredSegment, ...]


def segments_of(groups: list[Group], sampling: Sampling, size: Size) -> tuple[Segment, ...]:
    """Cut the groups wherever a pass must end: at a resampling, a barrier, a kernel of the whole image."""
    segments: list[Segment] = []
    for group in groups:
        last = segments[-1] if segments else None
        if isinstance(group.steps[0].barrier, Barrier):
            sampling = sampling.after(group.steps[0].barrier)
        elif group.kind is Resample:
            resized = group.size or size
            if last is not None and last.whole and not last.resample and not last.pixelwise:
                segments[-1] = replace(last, sampling=sampling, size=resized, resample=group)
            else:
                segments.append(Segment(sampling, size, resized, resample=group))
            size = resized
        elif issubclass(group.kind, Whole):
            open_ = last is not None and last.whole and not last.resample and not last.pixelwise
            if last is not None and open_ and group.kind is not Mix:
                segments[-1] = replace(last, whole=(*last.whole, group))
            else:
                segments.append(Segment(sampling, size, size, whole=(group,)))
        else:
            assert last is not None
            segments[-1] = replace(last, pixelwise=(*last.pixelwise, group))
    return tuple(segments)
