"""Say in words what was fused, what was not, why, and what another order would save."""

from __future__ import annotations

from augury.compile.fuse import Group
from augury.compile.program import Program
from augury.compile.segments import Segment
from augury.data.finish import in_words
from augury.kernels import Blend, Filter, Mix, Noise, Opaque, Point, Resample


def explain(program: Program) -> str:
    """A table of the program: one line for each kernel, then advice."""
    steps = sum(len(group.steps) for segment in program.segments for group in segment.groups)
    mode = "" if program.fused else ", not fused"
    title = f"{program.canvas} -> {program.output.dtype}: {len(program.kernels)} kernels from {steps} steps{mode}"
    rows = [row for segment in program.segments for row in _segment_rows(segment, program)]
    width = max(len(names) for names, _, _ in rows)
    kernel_width = max(len(kernel) for _, kernel, _ in rows)
    lines = [f"  {names:<{width}} -> {kernel:<{kernel_width}}  {notes}".rstrip() for names, kernel, notes in rows]
    if program.prepare.finish is not None:
        lines.append(f"  then each image: {in_words(program.prepare.finish)}")
    return "\n".join([title, *lines, *(f"advice: {line}" for line in advice(program))])


def advice(program: Program) -> list[str]:
    """Which transforms would join an earlier kernel if they stood elsewhere."""
    found = []
    for before, segment in zip(program.segments, program.segments[1:], strict=False):
        between = [*before.pixelwise, *segment.whole]
        if program.fused and segment.sampling == before.sampling and between and segment.resample:
            late, early = _names(segment.resample), _names(between[0])
            found.append(f"{late} would join the resampling before if moved before {early}; this changes pixels")
    return found


def _segment_rows(segment: Segment, program: Program) -> list[tuple[str, str, str]]:
    return [_row(group, _note(group, segment, program)) for group in segment.groups]


def _note(group: Group, segment: Segment, program: Program) -> str:
    sampling = segment.sampling
    if group.kind is Resample:
        border = f"border {sampling.border}, {sampling.interpolation}"
        return f"{border}; one resampling" if len(group.steps) > 1 else border
    if group.kind is Point:
        table = program.canvas.dtype == "uint8" and not any(step.across for step in group.steps)
        return "one table" if table else "steps back to back"
    if group.kind is Filter:
        return "reads neighbours; no fusion past it"
    if group.kind is Mix:
        mixes = "mixes in other samples" if group.steps[0].partners else "changes image, mask and objects"
        return f"{mixes}; no fusion past it"
    if group.kind is Opaque:
        return "a function of the whole image; no fusion past it"
    if group.kind is Blend:
        return f"{len(group.steps[0].chains)} chains; no fusion past it"
    return "addressed by pixel; no fusion past it" if group.kind is Noise else "addressed by place; no fusion past it"


def _row(group: Group, note: str) -> tuple[str, str, str]:
    merged = f"merged {len(group.steps)}, " if len(group.steps) > 1 else ""
    return _names(group), group.kind.__name__, merged + "; ".join([note, *group.notes])


def _names(group: Group) -> str:
    return " | ".join(step.label for step in group.steps)
