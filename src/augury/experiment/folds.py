"""Folds: which items a training run holds out, by their content, a new partition in each repeat."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from augury.errors import DataError

Ints = NDArray[np.int64]


def folds(labels: Ints, groups: Ints, digests: NDArray[np.uint8], count: int, repeat: int, seed: int) -> Ints:
    """Stratified folds of whole groups.

    Groups are ranked by a keyed hash of their lowest digest, large ones first, and each goes where its classes are
    rarest; so neither names nor order matter.

    Parameters
    ----------
    labels, groups : int64 (n,). digests : uint8 (n, 16), of the contents. count : how many folds.

    Returns
    -------
    int64 (n,), the fold of each item.
    """
    members: dict[int, list[int]] = {}
    for row, group in enumerate(groups.tolist()):
        members.setdefault(group, []).append(row)
    ranked = sorted(members.values(), key=lambda rows: (-len(rows), _rank(digests[rows], repeat, seed)))
    held = np.zeros((count, int(labels.max()) + 1))
    share = np.bincount(labels, minlength=held.shape[1]) / count
    found = np.empty(len(labels), np.int64)
    for rows in ranked:
        own = np.bincount(labels[rows], minlength=held.shape[1])
        classes = np.flatnonzero(own)
        fullness = (held[:, classes] / share[classes]).sum(1)
        best = np.lexsort((held.sum(1), fullness.round(9)))[0]
        held[best] += own
        found[rows] = best
    return found


def check_classes(labels: Ints, groups: Ints, classes: tuple[str, ...], where: str) -> None:
    """Raise a DataError of one line unless every class can be trained on and tested."""
    present = np.unique(labels)
    if len(present) < 2:
        names = f"only {classes[present[0]]!r}" if len(present) else "none"
        raise DataError(f"{where}: a study compares classes, and this part has {names}; give it at least two")
    for c in present.tolist():
        own = len(np.unique(groups[labels == c]))
        if own < 2:
            count = int((labels == c).sum())
            what = "1 image" if count == 1 else f"{count} images of one group"
            raise DataError(
                f"{where}: class {classes[c]!r} has {what}, so it cannot be both trained on and tested; "
                "add images, or leave the class out"
            )


def _rank(digests: NDArray[np.uint8], repeat: int, seed: int) -> bytes:
    lowest = min(digest.tobytes() for digest in digests)
    return blake2b(f"fold\x1f{seed}\x1f{repeat}\x1f".encode() + lowest, digest_size=16).digest()
