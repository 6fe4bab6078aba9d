"""Neighbours: which other images a small standardised thumbnail lies closest to, as it is and once changed.

Mirrored images of one class may lie closest to another class for two reasons. They may *collide*: be as close to that
class as its own members are to each other, as a mirrored b is to a d. Or they may look like nothing that is there, and
what lies closest means little. The first can make mirroring wrong, the second only new. It is a test of looks, not of
what a network learns; so it cautions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from augury.survey.scan import Scan

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Change = Callable[[Floats], Floats]
SIDE = 16
_PLAIN = 0.02  # spread of brightness below which a picture is not stretched to full contrast
_QUERIES, _POOL, _BLOCK = 1000, 4000, 256
_CLOSE = 0.9  # of a class's members have a neighbour within the distance that counts as a collision
_MORE, _ERRORS = 0.03, 2.0  # share and standard errors by which more images must be confused
_STRANGE = 0.25  # more images than this without their class: they look like nothing that is there
_PAIR, _LEAST = 0.2, 3  # share of one class that collides with one other, and images of it


@dataclass(frozen=True)
class Confusion:
    """How often the closest other image is of another class.

    Attributes
    ----------
    plain, changed : shares of `count` images, as they are and once changed.
    colliding_plain, colliding : the same, of those that lie as close there as that class's own members do.
    chance : the share for a neighbour taken blindly.
    pair : a class, the class with which it collides most often, and the share of it that does; None if none does.
    """

    count: int
    plain: float
    changed: float
    colliding_plain: float
    colliding: float
    chance: float
    pair: tuple[str, str, float] | None

    @property
    def tells(self) -> bool:
        """Whether neighbours find the class at all, so that the test says something."""
        return self.plain < 0.5 * self.chance

    @property
    def noticeable(self) -> bool:
        """Whether changed images lie closest to another class more often than chance explains."""
        return self.tells and _more(self.changed, self.plain, self.count)

    @property
    def collides(self) -> bool:
        """Whether changed images are taken for another class's own."""
        pair = self.pair is not None and self.pair[2] >= _PAIR
        return self.tells and (pair or _more(self.colliding, self.colliding_plain, self.count))

    @property
    def strange(self) -> bool:
        """Whether many changed images look like nothing that is there."""
        return self.tells and self.changed - self.plain > _STRANGE


def _more(changed: float, plain: float, count: int) -> bool:
    error = np.sqrt((plain * (1 - plain) + changed * (1 - changed)) / count)
    return changed - plain > max(_MORE, _ERRORS * float(error))


class Neighbours:
    """The readable images of a labelled dataset as small standardised pictures.

    Parameters
    ----------
    family : int64 (n,), equal for copies of one photo, which are nobody's neighbours.
    """

    def __init__(self, scan: Scan, family: Rows) -> None:
        self.pictures = small_pictures(scan)
        self._labels, self._classes, self._family = scan.labels, scan.table.classes, family
        self._pool = _evenly(len(scan), _POOL)
        self._queries = self._pool[_evenly(len(self._pool), _QUERIES)]
        self._mine = self._labels[self._queries]
        self._plain, self._distance = self._nearest(lambda pictures: pictures)

    def confusion(self, *changes: Change) -> Confusion | None:
        """Compare images as they are with changed ones, averaged over the changes.

        None where there are no two classes, or an image has no other to be compared with.
        """
        k, mine = len(self._classes), self._mine
        if len(np.unique(mine)) < 2 or (self._plain < 0).any():
            return None
        close = np.full(k, -np.inf)
        for label in np.unique(mine).tolist():
            close[label] = np.quantile(self._distance[mine == label], _CLOSE)
        wrong = np.zeros((2, k, k))  # as they are and changed: class, class of the closest
        colliding = np.zeros((2, k, k))
        for side, (rows, distance) in enumerate([(self._plain, self._distance), *map(self._nearest, changes)]):
            other, after, weight = self._labels[rows], min(side, 1), 1.0 / (len(changes) if side else 1)
            missed = other != mine
            np.add.at(wrong[after], (mine[missed], other[missed]), weight)
            missed &= distance <= close[other]
            np.add.at(colliding[after], (mine[missed], other[missed]), weight)
        shares = np.bincount(self._labels[self._pool]) / len(self._pool)
        plain, changed = (wrong.sum(axis=(1, 2)) / len(mine)).tolist()
        before, after_all = (colliding.sum(axis=(1, 2)) / len(mine)).tolist()
        pair = self._pair(colliding[1] - colliding[0])
        return Confusion(len(mine), plain, changed, before, after_all, float(1 - (shares**2).sum()), pair)

    def _pair(self, more: NDArray[np.float64]) -> tuple[str, str, float] | None:
        k = len(self._classes)
        members = np.maximum(np.bincount(self._mine, minlength=k), 1)[:, None]
        share = np.where(more >= _LEAST, more / members, 0)
        a, b = divmod(int(share.argmax()), k)
        return (self._classes[a], self._classes[b], float(share[a, b])) if share[a, b] > 0 else None

    def _nearest(self, change: Change) -> tuple[Rows, NDArray[np.float64]]:
        """For each query the closest image outside its family (-1 where there is none), and how far that is."""
        pool = standardised(self.pictures[self._pool])
        lengths = (pool * pool).sum(axis=1)
        found, far = [], []
        for i in range(0, len(self._queries), _BLOCK):
            rows = self._queries[i : i + _BLOCK]
            changed = standardised(change(self.pictures[rows]))
            squared = lengths - 2 * changed @ pool.T + (changed * changed).sum(axis=1)[:, None]
            squared[self._family[rows][:, None] == self._family[self._pool]] = np.inf
            best = squared.argmin(axis=1)
            least = squared[np.arange(len(rows)), best]
            found.append(np.where(np.isfinite(least), self._pool[best], -1))
            far.append(np.sqrt(np.maximum(least, 0)).astype(np.float64))
        return np.concatenate(found), np.concatenate(far)


def small_pictures(scan: Scan) -> Floats:
    """(n, 16, 16, c), 0..1: thumbnails stretched to one size; c is 3 where any image has colour."""
    channels = 1 if scan.column("gray").all() else 3
    pictures = np.empty((len(scan), SIDE, SIDE, channels), np.float32)
    for i, image in enumerate(scan.images):
        thumb = image.thumb
        way = cv2.INTER_AREA if min(thumb.shape[:2]) >= SIDE else cv2.INTER_LINEAR
        small = cv2.resize(thumb, (SIDE, SIDE), interpolation=way).reshape(SIDE, SIDE, -1)
        pictures[i] = small[..., :channels] / np.float32(255)
    return pictures


def standardised(pictures: Floats) -> Floats:
    """(n, d): mean 0 and spread 1 each; plain pictures stay near 0."""
    flat = pictures.reshape(len(pictures), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / (flat.std(axis=1, keepdims=True) + _PLAIN), np.float32)


def mirrored(pictures: Floats) -> Floats:
    """Left and right exchanged."""
    return pictures[:, :, ::-1]


def upside_down(pictures: Floats) -> Floats:
    """Top and bottom exchanged."""
    return pictures[:, ::-1]


def turned(degrees: float) -> Change:
    """A change that turns pictures about their centre, counter-clockwise."""
    matrix = cv2.getRotationMatrix2D(((SIDE - 1) / 2, (SIDE - 1) / 2), degrees, 1.0)

    def change(pictures: Floats) -> Floats:
        moved = [
            cv2.warpAffine(picture, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE).reshape(picture.shape)
            for picture in pictures
        ]
        return np.stack(moved)

    return change


def _evenly(count: int, wanted: int) -> Rows:
    return np.unique(np.linspace(0, count - 1, min(wanted, count)).round().astype(np.int64))
