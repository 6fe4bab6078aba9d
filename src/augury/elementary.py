"""Elementary functions that give the same bits on every CPU.

NumPy's and libm's ``sin``, ``exp`` and ``log`` differ by the last bit between CPU features, which
would move a pixel now and then. These use IEEE additions, multiplications and divisions in float64
only, in a written-out order. Accuracy is a few units in the last place.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_LN2 = 0.6931471805599453
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # power * high is exact
# exp: Taylor to 14 terms on |r| <= ln2/2; log: atanh series on |s| <= 0.1716; both end below 1e-17
_EXP = [1.0 / math.factorial(k) for k in range(14)]
_LOG = [2.0 / (2 * k + 1) for k in range(12)]
_SIN = [(-1.0) ** k / math.factorial(2 * k + 1) for k in range(9)]
_COS = [(-1.0) ** k / math.factorial(2 * k) for k in range(10)]


def _polynomial(coefficients: list[float], x: Floats) -> Floats:
    """Horner's scheme, lowest coefficient first."""
    total = np.full_like(x, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = total * x + c
    return total


def exp(x: ArrayLike) -> Floats:
    """e**x in float64."""
    x = np.asarray(x, np.float64)
    power = np.rint(x / _LN2)
    return np.ldexp(_polynomial(_EXP, (x - power * _LN2_HIGH) - power * _LN2_LOW), power.astype(np.int64))


def log(x: ArrayLike) -> Floats:
    """Natural logarithm in float64 of positive x."""
    mantissa, power = np.frexp(np.asarray(x, np.float64))
    low = mantissa < math.sqrt(0.5)
    mantissa = np.where(low, mantissa * 2.0, mantissa)
    power = power - low
    s = (mantissa - 1.0) / (mantissa + 1.0)
    return np.asarray(s * _polynomial(_LOG, s * s) + power * _LN2)


def cosd_sind(degrees: ArrayLike) -> tuple[Floats, Floats]:
    """Cosine and sine of an angle in degrees, exact at multiples of 90.

    Examples
    --------
    >>> [float(v) for v in cosd_sind(90.0)]
    [0.0, 1.0]
    """
    degrees = np.asarray(degrees, np.float64)
    quarter = np.rint(degrees / 90.0)
    r = (degrees - quarter * 90.0) * (math.pi / 180.0)
    square = r * r
    sin, cos = r * _polynomial(_SIN, square), _polynomial(_COS, square)
    turn = (quarter % 4.0).astype(np.int64)
    cosine = np.choose(turn, [cos, -sin, -cos, sin]) + 0.0  # + 0.0 turns -0.0 into 0.0
    sine = np.choose(turn, [sin, cos, -sin, -cos]) + 0.0
    return cosine, sine
