"""Resample: read other places. How maps compose, and how the executor reads them backward."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from augury.kernels.matrices import Floats, Rows, compose, identity, invert

Border = Literal["edge", "symmetric", "mirror", "wrap", "constant", "cut"]
Interpolation = Literal["bilinear", "nearest"]
On = NDArray[np.bool_]


@dataclass(frozen=True)
class Bend:
    """A displacement: the output at place p shows the input at p + shift(p).

    Attributes
    ----------
    shift : float64 (n, rows, columns, 2), x and y in pixels, at the knots of a lattice over the canvas, the outer ones
        on its edges; bilinear between knots, constant beyond. With `stepped` at the middles of equal cells, each of
        which moves as a whole.
    size : (height, width) of that canvas.
    on : bool (n,); rows that are off move nothing.
    """

    shift: Floats
    size: tuple[int, int]
    on: On
    stepped: bool = False

    def rows(self, rows: Rows) -> Bend:
        """The same for some of its samples."""
        return replace(self, shift=self.shift[rows], on=self.on[rows])


@dataclass(frozen=True)
class Resample:
    """Read other places. A run of these means the composed map, resampled once.

    Attributes
    ----------
    matrix : (n, 3, 3), the first map, from the input on.
    permutes : every row only moves whole pixels (flips), so that it may pass tables.
    size : (height, width) of what comes out; None keeps the canvas as it is.
    bends : displacements, each with the map (n, 3, 3) that follows it. Of a row that is off the map is the identity.
    """

    matrix: Floats
    permutes: bool = False
    size: tuple[int, int] | None = None
    bends: tuple[tuple[Bend, Floats], ...] = ()

    @classmethod
    def bend(cls, shift: Floats, size: tuple[int, int], stepped: bool = False) -> Resample:
        """A displacement and nothing else, see `Bend`."""
        n = len(shift)
        return cls(identity(n), bends=((Bend(shift, size, np.ones(n, bool), stepped), identity(n)),))

    @property
    def total(self) -> Floats:
        """(n, 3, 3): all maps in one, as if nothing were bent."""
        total = self.matrix
        for _, after in self.bends:
            total = compose(after, total)
        return total

    def where(self, on: On) -> Resample:
        """Rows that are off become the identity."""
        bends = tuple((replace(bend, on=bend.on & on), _where(on, after)) for bend, after in self.bends)
        return replace(self, matrix=_where(on, self.matrix), bends=bends)

    def rows(self, rows: Rows) -> Resample:
        """The same for some of its samples."""
        bends = tuple((bend.rows(rows), after[rows]) for bend, after in self.bends)
        return Resample(self.matrix[rows], self.permutes, self.size, bends)

    def then(self, other: Resample) -> Resample:
        """This map first, `other` second. A row's matrices are multiplied unless a bend that is on lies between."""
        if not self.bends and not other.bends:
            matrix = compose(other.matrix, self.matrix)
            return Resample(matrix, self.permutes and other.permutes, other.size or self.size)
        maps = [self.matrix, *(after for _, after in self.bends)]
        left = np.ones(len(other.matrix), bool)
        for k in range(len(maps) - 1, -1, -1):
            here = left & self.bends[k - 1][0].on if k else left
            maps[k] = np.where(here[:, None, None], compose(other.matrix, maps[k]), maps[k])
            left = left & ~here
        bends = tuple((bend, after) for (bend, _), after in zip(self.bends, maps[1:], strict=True))
        joined = Resample(maps[0], self.permutes and other.permutes, other.size or self.size, bends)
        for bend, after in other.bends:
            joined = replace(joined, bends=(*joined.bends, (bend, identity(len(after)))))
            joined = joined.then(Resample(after, joined.permutes))
        return joined


def _where(on: On, matrix: Floats) -> Floats:
    return np.where(on[:, None, None], matrix, np.eye(3))


@dataclass(frozen=True)
class Backward:
    """Resample as the executor reads it: from every output pixel back to its source.

    Attributes
    ----------
    matrix : (n, 3, 3), centred output pixel -> centred input; where something is bent, from the first bend on.
    scale : (n, 2), length of an input pixel of the canvas in the output, down and across, at the centre, as if
        nothing were bent.
    bends : in the order in which an output pixel meets them: a matrix (n, 3, 3), then the displacement.
    """

    matrix: Floats
    scale: Floats
    bends: tuple[tuple[Floats, Bend], ...] = ()

    @classmethod
    def of(cls, resample: Resample) -> Backward:
        """Invert the maps from input to output."""
        m = resample.total
        offset = m[:, :2, 2] / m[:, 2:, 2]
        jacobian = (m[:, :2, :2] - offset[:, :, None] * m[:, 2:, :2]) / m[:, 2:, 2:]
        lengths = np.sqrt(jacobian[:, 0] * jacobian[:, 0] + jacobian[:, 1] * jacobian[:, 1])
        bends = tuple((invert(after), bend) for bend, after in reversed(resample.bends))
        return cls(invert(resample.matrix), lengths[:, ::-1], bends)

    def rows(self, rows: Rows) -> Backward:
        """The same for some of its samples."""
        bends = tuple((matrix[rows], bend.rows(rows)) for matrix, bend in self.bends)
        return Backward(self.matrix[rows], self.scale[rows], bends)

    def to_source(self, canvas: tuple[int, int], extent: Floats) -> Floats:
        """Centred output pixel -> source pixel index, (n, 3, 3); 0 is the centre of the first source pixel.

        Parameters
        ----------
        canvas : (height, width) of the canvas that is read.
        extent : (n, 2) height and width of the source, in its own pixels.
        """
        step = extent / np.asarray(canvas, np.float64)
        place = self.matrix.copy()
        for row, side in ((0, 1), (1, 0)):
            middle = 0.5 * extent[:, side, None] - 0.5
            place[:, row] = place[:, row] * step[:, side, None] + self.matrix[:, 2] * middle
        return place

    def halvings(self, canvas: tuple[int, int], extent: NDArray[Any]) -> NDArray[np.int64]:
        """How often each axis of the source is halved first, so that the remaining scale exceeds 1/2.

        Parameters are those of `to_source`. Returns (n, 2): halvings of height and of width. A tolerance of
        1e-9 keeps a scale of exactly 1/2 exact; a side of n pixels is halved at most floor(log2 n) times.
        """
        scale = self.scale * np.asarray(canvas, np.float64) / extent
        _, exponent = np.frexp(scale * (1.0 - 1e-9))  # scale in (2**(e-1), 2**e]
        most = np.frexp(extent)[1] - 1
        return np.asarray(np.maximum(np.minimum(-exponent, most), 0), np.int64)
