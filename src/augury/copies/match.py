"""Match: what one image is to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from augury.copies.align import Aligner, Matrix
from augury.copies.calibrate import margin
from augury.copies.evidence import Evidence, weigh
from augury.copies.sketch import SMALLEST, Sketch

Kind = Literal["identical", "copy", "same scene", "cannot tell", "none"]
_PLAIN = 4.0  # structure (levels squared) below which an image proves nothing
_UNSURE = 0.15  # error of the score above which noise hides whatever there is
CLEAN = 0.01  # error below which a score is not hidden by noise
SAME_SCENE = 1.0  # score of good look-alikes
_NOISY = 3.0  # levels
_OWN_NOISE = 0.3  # share of the smaller noise that is left beside the larger where neither image has the other's


@dataclass(frozen=True, eq=False)
class Match:
    """What was found for one query.

    Attributes
    ----------
    query, source : rows of the two sets; source is -1 where nothing came close.
    kind : "identical" pixels up to a quarter turn or flip; "copy"; "same scene": another photo of the same thing;
        "cannot tell": too plain, noisy or small for more than exact comparison; "none".
    matrix : (3, 3), source to query, centred working pixels; None where nothing was aligned.
    evidence : None for identical pixels and where nothing was aligned.
    """

    query: int
    source: int
    kind: Kind
    matrix: Matrix | None = None
    evidence: Evidence | None = None

    @property
    def margin(self) -> float:
        """Smaller is more alike; infinite where nothing was compared."""
        return np.inf if self.evidence is None else margin(self.evidence)


def too_small(sketch: Sketch) -> bool:
    """Whether an image has too few pixels for more than exact comparison."""
    return bool(min(sketch.gray.shape) < SMALLEST)


def telling(evidence: Evidence) -> bool:
    """Whether there is detail enough, and little enough noise, to tell copies from look-alikes."""
    return evidence.structure >= _PLAIN and evidence.error <= _UNSURE


@dataclass(frozen=True, eq=False)
class Compared:
    """A source carried onto a target, and what that proves."""

    matrix: Matrix
    evidence: Evidence


def compare(aligner: Aligner, source: Sketch) -> Compared | None:
    """Align and weigh; None where nothing fits."""
    alignment = aligner.align(source)
    evidence = None if alignment is None else weigh(aligner.target, source, alignment.matrix)
    return None if alignment is None or evidence is None else Compared(alignment.matrix, evidence)


def judged(i: int, target: Sketch, j: int, source: Sketch, compared: Compared | None, threshold: float) -> Match:
    """Say what image j of the pool is to query i."""
    if compared is None:
        return Match(i, j, "none")
    evidence = compared.evidence
    if not telling(evidence):
        kind: Kind = "cannot tell"
    elif margin(evidence) < threshold:
        kind = "same scene" if _separate_noise(target, source, evidence) else "copy"
    else:
        kind = "same scene" if evidence.score < SAME_SCENE else "none"
    return Match(i, j, kind, compared.matrix, evidence)


def best_match(i: int, query: Sketch, likely: Sequence[int], pool: Sequence[Sketch], threshold: float) -> Match:
    """The first copy among the likely rows of the pool, or else what came closest."""
    if too_small(query):
        return Match(i, -1, "cannot tell")
    aligner = Aligner(query)
    tried: list[Match] = []
    for k in likely:
        match = judged(i, query, k, pool[k], compare(aligner, pool[k]), threshold)
        if match.kind == "copy" and match.evidence and match.evidence.error < CLEAN:
            return match
        tried.append(match)
    strangers = [m for m in tried if m.kind in ("same scene", "none") and m.evidence]
    for match in sorted((m for m in tried if m.kind == "copy"), key=lambda m: m.margin):
        if not any(_explains_better(pool[m.source], pool[match.source], match) for m in strangers):
            return match
    plain = next((m for m in tried if m.kind == "cannot tell"), Match(i, -1, "none"))
    return min(strangers, key=lambda m: m.margin, default=plain)


def identical_match(i: int, query: Sketch, j: int, source: Sketch) -> Match:
    """Find by which of the 8 symmetries two images are identical; the first where several fit."""
    far = []
    for sx in (1, -1):
        for k in range(4):
            turned = np.rot90(source.gray[:, ::sx], k)
            if turned.shape == query.gray.shape:
                difference = float(np.abs(turned.astype(np.float32) - query.gray).mean())
                quarter = np.linalg.matrix_power(np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]), k)
                far.append((difference, quarter @ np.diag([float(sx), 1.0, 1.0])))
    return Match(i, j, "identical", min(far, key=lambda f: f[0])[1])


def _separate_noise(target: Sketch, source: Sketch, evidence: Evidence) -> bool:
    """Whether each image has a noise of its own, as two photos have; a copy inherits its source's."""
    less, more = sorted((target.noise, source.noise))
    return less > _NOISY and evidence.noise**2 > more**2 + _OWN_NOISE * less**2


def _explains_better(stranger: Sketch, source: Sketch, match: Match) -> bool:
    """Whether a noisy source is rather a copy of a stranger to the query. Its noise hides what sets them apart."""
    if stranger.noise > source.noise or match.evidence is None:
        return False
    compared = compare(Aligner(source), stranger)
    return compared is not None and compared.evidence.score < match.evidence.score
