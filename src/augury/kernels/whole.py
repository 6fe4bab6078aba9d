"""Whole: read more of the image than one pixel, at its place. These end a pass over bands of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from augury.kernels.matrices import Rows
from augury.spec import Spec

On = NDArray[np.bool_]


@dataclass(frozen=True)
class Filter:
    """Weighted sums of neighbours, all channels alike; what lies outside is the nearest pixel.

    Attributes
    ----------
    taps : float32 (n, rows, columns), odd sides: the sum at (y, x) is that of taps[i, j] * input (y + i - rows // 2,
        x + j - columns // 2).
    on : bool (n,). low, high : the result is rounded to nearest even for integers, then clipped.
    across : float32 (n, columns), odd, or None: a second sum along the rows of the first one, unrounded.
    amount, threshold : float32 (n,), or None: the result is x + amount * (x - sum) where |x - sum| is above the
        threshold, and x elsewhere, instead of the sum.
    """

    taps: NDArray[np.float32]
    on: On
    low: float
    high: float
    across: NDArray[np.float32] | None = None
    amount: NDArray[np.float32] | None = None
    threshold: NDArray[np.float32] | None = None

    @classmethod
    def of(cls, spec: Spec, taps: NDArray[np.float32], on: On, across: NDArray[np.float32] | None = None) -> Filter:
        """A filter clipped to the value range of `spec`."""
        return cls(taps, on, *spec.value_range, across)

    def where(self, on: On) -> Filter:
        """Rows that are off become the identity."""
        return replace(self, on=self.on & on)

    def rows(self, rows: Rows) -> Filter:
        """The same kernel for some of its samples."""
        across, amount, threshold = (None if a is None else a[rows] for a in (self.across, self.amount, self.threshold))
        return replace(self, taps=self.taps[rows], on=self.on[rows], across=across, amount=amount, threshold=threshold)


@dataclass(frozen=True)
class Opaque:
    """A function of one whole image: `execute.opaque` holds them by name.

    Attributes
    ----------
    name : of the function, which gets the image (h, w, c), the Spec of its values, and by name all that follows.
    columns : arrays with a row for each sample. settings : the same for all samples.
    on : bool (n,); rows that are off keep their image.
    """

    name: str
    on: On
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def where(self, on: On) -> Opaque:
        """Rows that are off become the identity."""
        return replace(self, on=self.on & on)

    def rows(self, rows: Rows) -> Opaque:
        """The same kernel for some of its samples."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        return replace(self, on=self.on[rows], columns=columns)


class Chain(Protocol):
    """A program on the image of a `Blend`, with its arrays: `compile.program.LoweredChain`."""

    @property
    def program(self) -> Any:
        """What runs."""

    @property
    def lowered(self) -> Any:
        """Its arrays, one row for each sample."""

    def rows(self, rows: Rows) -> Self:
        """The same for some of its samples."""


@dataclass(frozen=True)
class Blend:
    """keep * x + (1 - keep) * (w[0] * y[0] + w[1] * y[1] + ...) in float32, y[k] what chain k makes of the image x.

    Attributes
    ----------
    weights : float32 (n, chains). keep : float32 (n,). on : bool (n,); rows that are off keep their image.
    low, high : the result is rounded to nearest even for integers, then clipped.
    chains : one for each column of `weights`; none until the compiler adds them.
    """

    weights: NDArray[np.float32]
    keep: NDArray[np.float32]
    on: On
    low: float
    high: float
    chains: tuple[Chain, ...] = ()

    def where(self, on: On) -> Blend:
        """Rows that are off become the identity."""
        return replace(self, on=self.on & on)

    def rows(self, rows: Rows) -> Blend:
        """The same kernel for some of its samples."""
        chains = tuple(chain.rows(rows) for chain in self.chains)
        return replace(self, weights=self.weights[rows], keep=self.keep[rows], on=self.on[rows], chains=chains)


@dataclass(frozen=True)
class Mix:
    """A function of a frame (image, mask and objects) and of other samples' frames: `execute.mixing` holds them.

    Attributes
    ----------
    name : of the function, which gets the frame, the others, the Spec of their images, and by name all that follows.
    partner : float64 (n, k) in [0, 1): which k samples of the part are the others; k = 0 changes the frame alone.
    share : float32 (n, k), how much of the sample's label goes to the label of each.
    columns, settings, on : as those of `Opaque`. within_class : whether the others are of the sample's class.
    """

    name: str
    on: On
    partner: NDArray[np.float64]
    share: NDArray[np.float32]
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    within_class: bool = False

    @property
    def partners(self) -> int:
        """How many others each sample meets."""
        return int(self.partner.shape[1])

    def where(self, on: On) -> Mix:
        """Rows that are off become the identity."""
        return replace(self, on=self.on & on)

    def rows(self, rows: Rows) -> Mix:
        """The same kernel for some of its samples."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        partner, share = self.partner[rows], self.share[rows]
        return replace(self, on=self.on[rows], partner=partner, share=share, columns=columns)


Whole = Filter | Opaque | Blend | Mix
