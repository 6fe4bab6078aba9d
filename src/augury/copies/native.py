"""Binds the C++ of `reference`; same functions, arguments and results."""

from __future__ import annotations

from typing import Any

import numpy as np

from augury.binary import compiled
from augury.copies.place import Matrix
from augury.copies.reference import COARSE, FINE, Codes, Mask, Residual, Spectra
from augury.copies.sketch import Floats, Gray


def matched(at: Floats, a: Codes, bt: Floats, b: Codes) -> Matrix | None:
    """See `reference.matched`."""
    out = np.empty((3, 3))
    return out if _loaded().matched(at, a, bt, b, out) else None


def phases(spectra: Spectra, image: Floats) -> list[tuple[int, int, int]]:
    """See `reference.phases`."""
    found: list[tuple[int, int, int]] = _loaded().phases(spectra, image)
    return found


def fit(target: Floats, source: Floats, starts: list[Matrix], steps: int, least: float) -> tuple[Matrix, float] | None:
    """See `reference.fit`."""
    out = np.empty((3, 3))
    correlation = _loaded().fit(target, source, np.array(starts).reshape(-1, 3, 3), steps, least, out)
    return None if correlation is None else (out, correlation)


def residual(target: Gray, source: Gray, matrix: Matrix, left_out: Mask | None) -> Residual | None:
    """See `reference.residual`."""
    energies, coarse = np.empty((3, 5)), np.empty(target.shape, np.float32)
    count = _loaded().residual(target, source, matrix, left_out, FINE, COARSE, energies, coarse)
    left, have, foreseen = energies.tolist()
    return Residual(left, have, foreseen, count, coarse) if count else None


def _loaded() -> Any:
    return compiled()
