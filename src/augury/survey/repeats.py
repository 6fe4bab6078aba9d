"""Repeats: images that are there more than once, as bytes, as pixels, as made copies, or as photos of one scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from augury.copies.search import Found, copies_inside
from augury.data.groups import alike, from_pairs
from augury.survey.scan import Progress, Scan

Rows = NDArray[np.int64]
Cluster = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Repeats:
    """Clusters of readable images, each ascending; the largest clusters come first.

    Attributes
    ----------
    twins : byte-identical files.
    identical : equal pixels in gray, up to a quarter turn or flip; twins are among them.
    families : copies of one photo: identical pixels, or made from each other by a transform.
    scenes : photos of one thing, their copies included.
    pairs : (k, 2), the pairs behind `scenes`, the earlier image first.
    false_rate : share of images that are expected to be called a copy wrongly; nan where it cannot be measured.
    """

    twins: list[Cluster]
    identical: list[Cluster]
    families: list[Cluster]
    scenes: list[Cluster]
    pairs: Rows
    false_rate: float


def find_repeats(scan: Scan, threads: int, progress: Progress | None = None) -> Repeats:
    """Compare all readable images; the result does not depend on the threads."""
    comparing = None
    if progress:
        progress("comparing", 0, 1)  # the first report comes late, once it is known what looks alike here
        comparing = partial(progress, "comparing")
    found = copies_inside([image.sketch for image in scan.images], threads=threads, progress=comparing)
    n, same_bytes = len(scan), alike(scan.digests)
    twins = np.stack([same_bytes, np.arange(n)], axis=1)
    identical, copies, scenes = (
        np.concatenate([twins, _pairs(found, kinds)])
        for kinds in (("identical",), ("identical", "copy"), ("identical", "copy", "same scene"))
    )
    return Repeats(
        twins=_clusters(n, twins),
        identical=_clusters(n, identical),
        families=_clusters(n, copies),
        scenes=_clusters(n, scenes),
        pairs=np.unique(np.sort(scenes[scenes[:, 0] != scenes[:, 1]], axis=1), axis=0),
        false_rate=found.calibration.false_rate,
    )


def mixed(clusters: Sequence[Cluster], values: Rows) -> list[Cluster]:
    """The clusters whose members differ in what `values` (n,) says of them."""
    return [cluster for cluster in clusters if len(np.unique(values[list(cluster)])) > 1]


def extra(clusters: Sequence[Cluster]) -> int:
    """How many images would go if one were kept of each cluster."""
    return sum(len(cluster) - 1 for cluster in clusters)


def _pairs(found: Found, kinds: tuple[str, ...]) -> Rows:
    return np.array([(m.query, m.source) for m in found.matches if m.kind in kinds], np.int64).reshape(-1, 2)


def _clusters(n: int, pairs: Rows) -> list[Cluster]:
    members: dict[int, list[int]] = {}
    for row, first in enumerate(from_pairs(n, pairs).tolist()):
        members.setdefault(first, []).append(row)
    several = [tuple(rows) for rows in members.values() if len(rows) > 1]
    return sorted(several, key=lambda rows: (-len(rows), rows[0]))
