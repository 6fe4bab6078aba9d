"""Numbers as text: the shortest from which the very same coordinates are read again, as float32."""

from __future__ import annotations

from decimal import Decimal

import numpy as np


def short(value: float) -> float:
    """A number whose `repr` is short, and that is the same number as float32, if it is a float32; else itself.

    Examples
    --------
    >>> float(np.float32(0.1)), short(np.float32(0.1)), short(0.1234567890123)
    (0.10000000149011612, 0.1, 0.1234567890123)
    """
    single = np.float32(value)
    return float(str(single)) if float(single) == float(value) else float(value)


def moved(value: float, by: float) -> float:
    """The number from which `by` is taken away again when it is read: value + by, in few digits where they do.

    Examples
    --------
    >>> moved(np.float32(0.1), 1)
    1.1
    """
    found = float(Decimal(repr(short(value))) + Decimal(repr(by)))
    return found if np.float32(found - by) == np.float32(value) else float(value) + by


def start_and_length(start: float, end: float) -> tuple[float, float]:
    """Two numbers whose first is the start, and whose sum is the end, in few digits where they do.

    Examples
    --------
    >>> start_and_length(np.float32(0.1), np.float32(0.3))
    (0.1, 0.2)
    """
    first = short(start)
    length = float(Decimal(repr(short(end))) - Decimal(repr(first)))
    if np.float32(first + length) == np.float32(end) and length > 0:
        return first, length
    return float(start), float(end) - float(start)


def plain(value: float) -> str:
    """A number as text, whole ones without a point.

    Examples
    --------
    >>> plain(3.0), plain(3.25)
    ('3', '3.25')
    """
    return str(int(value)) if value == int(value) else repr(value)
