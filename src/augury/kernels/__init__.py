"""The executable primitives as data: how each composes, and the coordinates they use.

=========  ======================  ==================================================
kernel     reads                   arrays, all with one row for each sample
=========  ======================  ==================================================
Resample   other places            matrix (n, 3, 3), displacements between matrices
Point      one pixel               steps: Table, Affine, Curve, Pieces; across channels ChannelMatrix, Hue
Noise      a pixel, its address    level (n,), key and counter of its Philox stream
Rectangle  a pixel, its address    box (n, k, 4), value (n, k)
Light      a pixel, its address    gain and offset (n, rows, columns), tint (n, channels)
Filter     neighbours              taps (n, rows, columns)
Opaque     anything                columns of parameters for a function of an image
Blend      anything                weights (n, k) of what k programs make of the image
Mix        other samples           partner (n, k), share (n, k), columns of parameters
=========  ======================  ==================================================

Noise, Rectangle and Light are Field kernels: they run in one pass with points. Filter, Opaque, Blend and Mix are Whole
kernels.
"""

from augury.kernels.field import Light, Noise, Rectangle
from augury.kernels.matrices import (
    Floats,
    Rows,
    compose,
    identity,
    invert,
    rotation,
    scaling,
    shear,
    shift,
    stack,
)
from augury.kernels.point import Affine, ChannelMatrix, Curve, Hue, Pieces, Point, PointStep, Table
from augury.kernels.resample import Backward, Bend, Border, Interpolation, Resample
from augury.kernels.whole import Blend, Filter, Mix, Opaque, Whole

Field = Noise | Rectangle | Light
Kernel = Resample | Point | Field | Whole

__all__ = [
    "Affine",
    "Backward",
    "Bend",
    "Blend",
    "Border",
    "ChannelMatrix",
    "Curve",
    "Field",
    "Filter",
    "Floats",
    "Hue",
    "Interpolation",
    "Kernel",
    "Light",
    "Mix",
    "Noise",
    "Opaque",
    "Pieces",
    "Point",
    "PointStep",
    "Rectangle",
    "Resample",
    "Rows",
    "Table",
    "Whole",
    "compose",
    "identity",
    "invert",
    "rotation",
    "scaling",
    "shear",
    "shift",
    "stack",
]
