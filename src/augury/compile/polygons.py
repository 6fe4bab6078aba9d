"""Outlines cut to a frame, their areas and bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.data.table import Polygons
from augury.kernels import Floats

Ring = NDArray[Any]


def clip(polygons: Polygons, frame: tuple[int, int]) -> Polygons:
    """Outlines cut to a frame (height, width); rings that lie outside are gone.

    Sutherland and Hodgman, "Reentrant polygon clipping", 1974. A ring that leaves the frame and comes back stays one
    ring, with edges of no width on the rim.
    """
    limit = np.array([frame[1], frame[0]], np.float32)
    if not len(polygons.points) or (np.all(polygons.points >= 0) and np.all(polygons.points <= limit)):
        return polygons
    rings: list[Ring] = []
    owners: list[int] = []
    for owner in range(len(polygons.objects) - 1):
        for ring in polygons.of(owner):
            inside = _cut(ring, limit)
            if inside is ring or (len(inside) >= 3 and _area(inside) > 0):
                rings.append(inside)
                owners.append(owner)
    return _joined(rings, owners, len(polygons.objects) - 1)


def refined(polygons: Polygons, longest: float, on: NDArray[np.bool_]) -> Polygons:
    """The same outlines with more points, none of their edges longer than this, so that they can be bent.

    Parameters
    ----------
    on : bool (p,), of each point, whether the edge that it begins is divided.
    """
    after = np.arange(1, len(polygons.points) + 1)
    after[polygons.rings[1:] - 1] = polygons.rings[:-1]
    edge = polygons.points[after].astype(np.float64) - polygons.points
    pieces = np.where(on, np.maximum(np.ceil(np.sqrt((edge * edge).sum(axis=1)) / longest), 1), 1).astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(pieces)])
    point = np.repeat(np.arange(len(pieces)), pieces)
    along = (np.arange(len(point)) - starts[point]) / pieces[point]
    points = polygons.points[point] + edge[point] * along[:, None]
    return Polygons(points.astype(polygons.points.dtype), starts[polygons.rings], polygons.objects)


def areas(polygons: Polygons) -> Floats:
    """(m,): of each object, the sum over its rings."""
    return np.array([sum(map(_area, polygons.of(i))) for i in range(len(polygons.objects) - 1)], np.float64)


def bounds(polygons: Polygons) -> Floats:
    """(m, 4): the smallest upright box around each object; nan for one without a ring."""
    found = np.full((len(polygons.objects) - 1, 4), np.nan)
    for i in range(len(found)):
        rings = polygons.of(i)
        if rings:
            points = np.concatenate(rings)
            found[i] = [*points.min(axis=0), *points.max(axis=0)]
    return found


def _cut(ring: Ring, limit: Ring) -> Ring:
    """A ring (n, 2) cut at the four sides of the frame, one after the other."""
    for axis in (0, 1):
        for sign, side in ((1.0, 0.0), (-1.0, float(limit[axis]))):
            if not len(ring):
                return ring
            depth = sign * (ring[:, axis].astype(np.float64) - side)
            if (depth >= 0).all():
                continue
            ring = _half(ring, depth)
            ring[:, axis] = np.clip(ring[:, axis], 0.0, limit[axis])  # of the rounding of the crossings
    return ring


def _half(ring: Ring, depth: Floats) -> Ring:
    """The part of a ring where depth (n,) of its points is not negative."""
    after, next_depth = np.roll(ring, -1, axis=0), np.roll(depth, -1)
    crosses = (depth >= 0) != (next_depth >= 0)
    gap = np.where(crosses, depth - next_depth, 1.0)
    crossing = ring + (after - ring) * (depth / gap)[:, None]
    both = np.stack([ring.astype(np.float64), crossing], axis=1)
    chosen = np.stack([depth >= 0, crosses], axis=1)
    return np.asarray(both[chosen], ring.dtype)


def _area(ring: Ring) -> float:
    x, y = ring[:, 0].astype(np.float64), ring[:, 1].astype(np.float64)
    return 0.5 * abs(float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))))


def _joined(rings: list[Ring], owners: list[int], count: int) -> Polygons:
    points = np.concatenate(rings) if rings else np.zeros((0, 2), np.float32)
    starts = np.concatenate([[0], np.cumsum([len(ring) for ring in rings])]).astype(np.int64)
    objects = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=count))]).astype(np.int64)
    return Polygons(points, starts, objects)
