"""Marked objects follow the pixels: boxes, outlines, rotated boxes and keypoints, which live and die together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.compile.motion import Size, around, bounds_of, canvas_map, cut, move_points
from augury.compile.polygons import areas, bounds, clip, refined
from augury.compile.program import Program
from augury.compile.segments import Lowered
from augury.data.table import Objects, Polygons
from augury.draws import key_of
from augury.kernels import Floats, Resample
from augury.plan import Plan

Rows = NDArray[np.int64]
_RIGHT_ANGLE = 1e-4  # cosine below which four corners still are a rectangle
_ROUNDING = 1e-6  # of a share in sight
_LINE = 1e-3  # square pixels; a smaller outline says nothing of its object, whose box may be large
_STRAIGHT = 32  # pieces of the longer side of a canvas, each of which a bend leaves straight enough


@dataclass(frozen=True)
class Moved:
    """The objects of a batch where a program shows them.

    Attributes
    ----------
    objects : in pixels of the output, cut to it; those that are not shown are gone.
    rows : int64 (k,), which of the objects before these are.
    visible : float64 (m,), of each before: which share of its moved area is in sight, 0..1.
    keypoints_out : int64 (n,), of each sample: labelled keypoints, of the objects that stay, that lie outside; they are
        not labelled any more.
    """

    objects: Objects
    rows: Rows
    visible: Floats
    keypoints_out: Rows


def owners(starts: Rows) -> Rows:
    """Of each row, the block that holds it: blocks begin at starts (n + 1,)."""
    return np.repeat(np.arange(len(starts) - 1), np.diff(starts))


def move_objects(objects: Objects, lowered: Lowered, least: float | Floats = 0.0) -> Moved:
    """Move objects through a program.

    Parameters
    ----------
    objects : of n samples, in pixels of the canvas. least : share of its area that an object must show to stay, 0..1,
        or one for each; with 0 any area is enough.
    """
    sample, motion, canvas = owners(objects.starts), canvas_map(lowered), lowered[0].reads
    frame = motion.size or canvas
    boxes, visible = _boxes(objects.boxes, sample, lowered, motion)
    moved: dict[str, Any] = {}
    if objects.quads is not None:
        quads = rectangles(move_points(motion, objects.quads, canvas, sample))
        boxes = _overlap(boxes, cut(bounds_of(quads), frame))
        moved["quads"] = quads.astype(np.float32)
    if objects.polygons is not None:
        moved["polygons"], boxes, visible = _outlines(objects.polygons, sample, lowered, motion, boxes, visible)
    if objects.keypoints is not None:
        moved["keypoints"] = _keypoints(objects, sample, lowered, motion)
    boxes = boxes.astype(np.float32)
    visible = np.where(_has_area(boxes), np.minimum(visible, 1.0), 0.0)
    kept = np.flatnonzero((visible > 0) & (visible >= least - _ROUNDING))
    n = len(objects.starts) - 1
    out = np.zeros(n, np.int64)
    if objects.keypoints is not None:
        before, after = ((points[kept, :, 2] > 0).sum(axis=1) for points in (objects.keypoints, moved["keypoints"]))
        np.add.at(out, sample[kept], before - after)
    starts = np.concatenate([[0], np.cumsum(np.bincount(sample[kept], minlength=n))]).astype(np.int64)
    every = replace(objects, boxes=boxes, **moved)
    return Moved(replace(every.rows(kept), starts=starts), kept, visible, out)


@dataclass(frozen=True)
class Settled:
    """A plan as it is carried out.

    Attributes
    ----------
    lowered : the program. moved : the objects, moved by it; None where none are marked.
    redrawn : int64 (n,), how often each sample was drawn anew.
    """

    lowered: Lowered
    moved: Moved | None
    redrawn: Rows


def settle(
    program: Program, plan: Plan, objects: Objects | None, subject: Floats | None, redraw: Callable[[int, Rows], Plan]
) -> Settled:
    """Lower a plan, and draw those samples anew of which an object would be dropped, as `Policy.keep` allows.

    Parameters
    ----------
    objects : of the samples, on the canvas; None where none are marked. subject : see `Program.lower`.
    redraw : (attempt 1, 2, ..., rows) -> the plan of these rows.
    """
    lowered, redrawn = program.lower(plan, subject), np.zeros(len(plan), np.int64)
    if objects is None:
        return Settled(lowered, None, redrawn)
    program.check_boxes()
    keep, sample = program.policy.keep, owners(objects.starts)
    moved = move_objects(objects, lowered, keep.visible)
    for attempt in range(1, keep.redraws + 1):
        lost = _has_area(objects.boxes)
        lost[moved.rows] = False
        rows = np.unique(sample[lost])
        if not len(rows):
            break
        redrawn[rows] = attempt
        plan = plan.replaced(rows, redraw(attempt, rows))
        lowered = program.lower(plan, subject)
        moved = move_objects(objects, lowered, keep.visible)
    return Settled(lowered, moved, redrawn)


def redraw_seed(seed: int, attempt: int) -> int:
    """The seed of attempt 1, 2, ...: unlike those of all other seeds and attempts."""
    high, low = key_of(seed, "redraw", str(attempt))
    return high << 32 | low


def rectangles(corners: Floats) -> Floats:
    """The smallest rectangles around corners (m, 4, 2), in the same order around; those that are rectangles stay.

    One side of the smallest rectangle lies on an edge (Freeman and Shapira 1975); the first of equals is taken.
    """
    edges = np.roll(corners, -1, axis=1) - corners
    length = np.sqrt((edges * edges).sum(axis=2, keepdims=True))
    along = edges / np.where(length > 0, length, 1.0)
    across = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    spans = []
    for axis in (along, across):
        at = (corners[:, None] * axis[:, :, None]).sum(axis=-1)  # (m, edge, corner)
        spans.append((at.min(axis=2), at.max(axis=2)))
    (left, right), (top, bottom) = spans
    best = np.argmin(np.where(length[..., 0] > 0, (right - left) * (bottom - top), np.inf), axis=1)
    row = np.arange(len(corners))
    u, v = along[row, best], across[row, best]
    ends = [(span[row, best, None] * axis) for axis, pair in ((u, spans[0]), (v, spans[1])) for span in pair]
    found = np.stack([ends[0] + ends[2], ends[1] + ends[2], ends[1] + ends[3], ends[0] + ends[3]], axis=1)
    # begin at the corner that is nearest to the first one, and go around as before
    turned = np.stack([np.roll(way, -k, axis=1) for way in (found, found[:, ::-1]) for k in range(4)])
    nearest = np.argmin(((turned - corners) ** 2).sum(axis=(2, 3)), axis=0)
    square = np.abs((along * np.roll(along, -1, axis=1)).sum(axis=2)).max(axis=1) < _RIGHT_ANGLE
    return np.where(square[:, None, None], corners, turned[nearest, row])


def _boxes(boxes: NDArray[np.float32], sample: Rows, lowered: Lowered, motion: Resample) -> tuple[Any, Floats]:
    """Boxes (m, 4) where the program moves them, and which share of their area is in sight.

    The whole map at once gives the tightest boxes. But each segment renders a frame, and what leaves that is
    gone, even where a later segment brings its place back; so boxes are cut to what the frames let through.
    A box that is cut away becomes a line on a rim, to which a later rotation would give an area again.
    """
    canvas, there = lowered[0].reads, _has_area(boxes)
    whole = around(motion, boxes, canvas, sample)
    moved = cut(whole, motion.size or canvas)
    if len(lowered) > 1:
        through = boxes.astype(np.float64)
        for segment in lowered:
            through = cut(around(segment.resample, through, segment.reads, sample), segment.size)
            there &= _has_area(through)
        moved = _overlap(moved, through)
    size, shown = (np.prod(np.maximum(b[:, 2:] - b[:, :2], 0.0), axis=1, dtype=np.float64) for b in (whole, moved))
    return moved, np.where(there & (size > 0), shown / np.where(size > 0, size, 1.0), 0.0)


def _outlines(
    polygons: Polygons, sample: Rows, lowered: Lowered, motion: Resample, boxes: Any, visible: Floats
) -> tuple[Polygons, Any, Floats]:
    """Outlines cut to what every frame shows; the boxes and shares in sight of objects that have some."""
    whole, shown = _moved(polygons, sample, motion, lowered[0].reads), polygons
    for segment in lowered:
        there = _moved(shown, sample, segment.resample, segment.reads) if len(lowered) > 1 else whole
        shown = clip(there, segment.size)
    size, left, tight = areas(whole), areas(shown), bounds(shown)
    has = size > _LINE
    boxes = np.where((has & np.isfinite(tight[:, 0]))[:, None], _overlap(boxes, np.nan_to_num(tight)), boxes)
    shown = replace(shown, points=shown.points.astype(np.float32))
    return shown, boxes, np.where(has, left / np.where(has, size, 1.0), visible)


def _moved(polygons: Polygons, sample: Rows, motion: Resample, canvas: Size) -> Polygons:
    """Outlines where a motion shows them, nothing cut; what it bends gets more points before."""
    for_points = sample[owners(polygons.objects)[owners(polygons.rings)]]
    if motion.bends:
        bent = np.any([bend.on for bend, _ in motion.bends], axis=0)
        polygons = refined(polygons, max(canvas) / _STRAIGHT, bent[for_points])
        for_points = sample[owners(polygons.objects)[owners(polygons.rings)]]
    points: Any = move_points(motion, polygons.points[:, None], canvas, for_points)[:, 0]
    return replace(polygons, points=points)  # float64 until all frames have cut them: shares in sight are exact


def _keypoints(objects: Objects, sample: Rows, lowered: Lowered, motion: Resample) -> NDArray[np.float32]:
    """Keypoints in the output: left and right change places in a mirror, and what lies outside is not labelled."""
    assert objects.keypoints is not None
    there = objects.keypoints[..., 2] > 0
    at = objects.keypoints[..., :2].astype(np.float64)
    for segment in lowered:
        at = move_points(segment.resample, at, segment.reads, sample)
        there = there & np.all((at >= 0) & (at <= [segment.size[1], segment.size[0]]), axis=-1)
    known = np.where(there, objects.keypoints[..., 2], 0)
    points = np.concatenate([np.where(there[..., None], at, 0.0), known[..., None]], axis=-1).astype(np.float32)
    order = np.arange(points.shape[1])
    for a, b in objects.keypoint_swaps:
        order[[a, b]] = b, a
    return np.where(mirrored(motion)[sample][:, None, None], points[:, order], points)


def mirrored(motion: Resample) -> NDArray[np.bool_]:
    """(n,): whether the canvas centre is seen in a mirror."""
    m = motion.total
    a, b = (m[:, k, :2] * m[:, 2:, 2] - m[:, k, 2:] * m[:, 2, :2] for k in (0, 1))
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0] < 0)


def _overlap(a: Any, b: Any) -> Any:
    return np.concatenate([np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])], axis=1)


def _has_area(boxes: Any) -> NDArray[np.bool_]:
    return np.asarray((boxes[:, :2] < boxes[:, 2:]).all(axis=1))
