"""Where the points of a canvas go: forward through matrices and bends, which the executor reads backward."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.compile.segments import Lowered
from augury.kernels import Bend, Floats, Resample

Size = tuple[int, int]

_EDGE = 8  # places along each edge of a box whose image is bent
_NEWTON_STEPS = 20  # four or five are enough where no kink is crossed


def canvas_map(lowered: Lowered) -> Resample:
    """Where the whole program moves the points of the canvas."""
    return reduce(lambda a, b: a.then(b), [segment.resample for segment in lowered])


def move_points(
    motion: Resample, points: NDArray[Any], canvas: Size, sample: NDArray[np.int64] | None = None
) -> Floats:
    """Map points of the canvas.

    Parameters
    ----------
    motion : of n samples. points : (m, k, 2) x and y in pixels, pixel i covering [i, i + 1).
    canvas : (height, width) of what is moved. sample : int64 (m,), the row of the motion for each row of points; None
        stands for one to one.

    Returns
    -------
    (m, k, 2), in pixels of what comes out.
    """
    rows = np.arange(len(points)) if sample is None else sample
    centred = np.asarray(points, np.float64) - _middle(canvas)
    return _forward(motion, centred, rows) + _middle(motion.size or canvas)


def around(motion: Resample, boxes: NDArray[Any], canvas: Size, sample: NDArray[np.int64] | None = None) -> Floats:
    """The smallest upright boxes (m, 4) around the moved edges of boxes; nothing is cut, and a row of nan stays so.

    Parameters
    ----------
    boxes : (m, 4), left, top, right, bottom in pixels. The others are those of `move_points`.
    """
    there = np.asarray(np.isfinite(boxes).all(axis=1))
    edges = _outline(np.where(there[:, None], boxes, 0.0).astype(np.float64), bool(motion.bends))
    return np.where(there[:, None], bounds_of(move_points(motion, edges, canvas, sample)), np.nan)


def bounds_of(points: Floats) -> Floats:
    """(m, 4): the smallest upright boxes around points (m, k, 2)."""
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)


def cut(boxes: Floats, frame: Size) -> Floats:
    """Boxes (m, 4) cut to a frame (height, width); one that leaves it has no area."""
    limit = np.array([frame[1], frame[0]] * 2, np.float64)
    return np.clip(boxes, 0, limit)


def _outline(boxes: Floats, bent: bool) -> Floats:
    """Points on the edges of boxes (m, 4), clockwise from the top left: (m, k, 2); the corners unless it is bent."""
    corners = boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]
    if not bent:
        return corners
    along = (np.arange(_EDGE) / _EDGE)[:, None]
    edges = [corners[:, [k]] * (1 - along) + corners[:, [(k + 1) % 4]] * along for k in range(4)]
    return np.concatenate(edges, axis=1)


def _forward(motion: Resample, points: Floats, sample: NDArray[np.int64]) -> Floats:
    """Move points (m, k, 2), x and y in centred coordinates, where row sample[i] of the motion moves row i."""
    points = _through(motion.matrix[sample], points)
    for bend, after in motion.bends:
        points = _through(after[sample], _unbent(bend, points, sample))
    return points


def _middle(size: Size) -> Floats:
    return np.array([size[1], size[0]]) / 2


def _through(matrix: Floats, points: Floats) -> Floats:
    x, y = np.moveaxis(points, -1, 0)
    rows = [(matrix[:, i, 0:1] * x + matrix[:, i, 1:2] * y) + matrix[:, i, 2:3] for i in range(3)]
    return np.stack([rows[0] / rows[2], rows[1] / rows[2]], axis=-1)


def displacement(bend: Bend, points: Floats, sample: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """What a bend adds at places (m, k, 2), and its derivative there, (m, k, 2, 2): of x and y by x and y."""
    rows, columns = bend.shift.shape[1:3]
    counts = np.array([columns, rows]) - (0 if bend.stepped else 1)
    extent = np.array([bend.size[1], bend.size[0]], np.float64)
    at = points * (counts / extent) + 0.5 * counts
    cell = np.clip(np.floor(at), 0, counts - 1).astype(np.int64)
    on = bend.on[sample][:, None, None]
    index = sample[:, None]
    j, i = cell[..., 0], cell[..., 1]
    if bend.stepped:
        return np.where(on, bend.shift[index, i, j], 0.0), np.zeros((*points.shape, 2))
    inside = np.clip(at - cell, 0.0, 1.0)
    x, y = inside[..., :1], inside[..., 1:]
    a, b, c, d = (bend.shift[index, i + p, j + q] for p, q in ((0, 0), (0, 1), (1, 0), (1, 1)))
    top, bottom = a + (b - a) * x, c + (d - c) * x
    moves = top + (bottom - top) * y
    beyond = (at < 0) | (at > counts)
    by_x = np.where(beyond[..., :1], 0.0, ((b - a) * (1 - y) + (d - c) * y) * counts[0] / extent[0])
    by_y = np.where(beyond[..., 1:], 0.0, ((c - a) * (1 - x) + (d - b) * x) * counts[1] / extent[1])
    slope = np.stack([by_x, by_y], axis=-1)
    return np.where(on, moves, 0.0), np.where(on[..., None], slope, 0.0)


def _unbent(bend: Bend, points: Floats, sample: NDArray[np.int64]) -> Floats:
    """The places q whose bent places q + shift(q) are the points: Newton's method, and for cells the one that fits.

    Across the kinks of a lattice a whole step can lead farther away, and back again for ever; then half of it is taken.
    """
    if bend.stepped:
        return _in_cells(bend, points, sample)
    q = best = points
    least, length, way = np.full(points.shape[:2], np.inf), np.ones(points.shape[:2]), np.zeros(points.shape)
    for _ in range(_NEWTON_STEPS):
        moves, slope = displacement(bend, q, sample)
        wrong = points - q - moves
        error = (wrong * wrong).sum(axis=-1)
        nearer = error < least
        best, way = (np.where(nearer[..., None], *pair) for pair in ((q, best), (_step(wrong, slope), way)))
        least, length = np.where(nearer, error, least), np.where(nearer, 1.0, 0.5 * length)
        q = best + length[..., None] * way
    return best


def _step(wrong: Floats, slope: Floats) -> Floats:
    """Newton's step from places that are wrong by (m, k, 2)."""
    a, b = 1.0 + slope[..., 0, 0], slope[..., 0, 1]
    c, d = slope[..., 1, 0], 1.0 + slope[..., 1, 1]
    det = a * d - b * c
    det = np.where(np.abs(det) < 0.05, np.copysign(0.05, det), det)
    x, y = wrong[..., 0], wrong[..., 1]
    return np.stack([(d * x - b * y) / det, (a * y - c * x) / det], axis=-1)


def _in_cells(bend: Bend, points: Floats, sample: NDArray[np.int64]) -> Floats:
    """Each point goes with its cell: of all cells the one that shows it."""
    rows, columns = bend.shift.shape[1:3]
    extent = np.array([bend.size[1], bend.size[0]], np.float64)
    found = points.copy()
    for i in range(rows):
        for j in range(columns):
            moves = np.where(bend.on[sample, None], bend.shift[sample, i, j], 0.0)
            q = points - moves[:, None]
            at = np.floor(q * (np.array([columns, rows]) / extent) + 0.5 * np.array([columns, rows]))
            found = np.where(np.all(at == [j, i], axis=-1)[..., None], q, found)
    return found
