"""Mixing: other samples of the part join those of a batch, with their boxes and a share of their labels.

A partner is what its own draws of the same epoch and of view 0 make of it up to the mixture, unmixed itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from augury.compile.program import Lowered, LoweredSegment, Program
from augury.data.table import Table
from augury.execute.mixing import Frame, mix
from augury.execute.run import Fetch, FetchMask, run
from augury.kernels import Mix
from augury.stream.objects import Marks, moved
from augury.stream.partners import Partners

Pixels = NDArray[Any]
Rows = NDArray[np.int64]


class Opened(NamedTuple):
    """Samples to show, rows of the table; height and width (n, 2) of their worlds; and where pixels come from."""

    shown: list[int]
    worlds: Rows
    fetch: Fetch
    fetch_mask: FetchMask | None = None


@dataclass(frozen=True)
class Lender:
    """Where the partners of one part come from.

    Attributes
    ----------
    open : rows of the part and their first kernels -> Opened.
    marks : samples shown -> their boxes on the canvas; None without boxes.
    """

    program: Program
    partners: Partners
    open: Callable[[Rows, LoweredSegment], Opened]
    marks: Callable[[Sequence[int]], Marks] | None = None

    @property
    def table(self) -> Table:
        """All samples."""
        return self.partners.table


class Mixing:
    """Mixes one batch while `execute.run` renders it, and keeps what goes with its pixels.

    Attributes
    ----------
    soft : float32 (n, classes), the share of each class. dropped : how many boxes are not seen any more.

    Parameters
    ----------
    rows : of the part. shown, lowered : the samples that stand for them, and their kernels. lower : rows of the part
        -> their kernels, as drawn for view 0 of this epoch.
    """

    def __init__(
        self, lender: Lender, rows: Rows, shown: Sequence[int], lowered: Lowered, lower: Callable[[Rows], Lowered]
    ) -> None:
        self._lender, self._rows, self._lowered, self._lower = lender, rows, lowered, lower
        self._marks = lender.marks(shown) if lender.marks else None
        self._followed = 0  # segments whose movement the boxes went through
        self.soft = np.eye(len(lender.table.classes), dtype=np.float32)[lender.table.labels[list(shown)]]
        self.dropped = 0

    def __call__(self, k: int, images: Sequence[Pixels], masks: Sequence[Pixels]) -> tuple[list[Pixels], list[Pixels]]:
        """Mix where segment k begins; see `execute.run.run`."""
        kernel = self._lowered[k].whole[0]
        assert isinstance(kernel, Mix)
        images, masks, on = list(images), list(masks), np.flatnonzero(kernel.on)
        partners = self._lender.partners.of(kernel.rows(on), self._rows[on])
        if not len(on):
            return images, masks
        shown, lent = self._frames(partners.ravel(), k)
        own = self._framed(images, masks or None, k)
        spec = self._lender.program.canvas.of_size(self._lowered[k].reads)
        for j, i in enumerate(on.tolist()):
            others = lent[j * kernel.partners : (j + 1) * kernel.partners]
            made = mix(kernel, i, own[i], others, spec)
            images[i] = made.image
            if made.mask is not None:
                masks[i] = made.mask
            self._follow(i, own[i], others, made)
        self._share(on, shown, kernel.share[on])
        return images, masks

    def fields(self) -> dict[str, Any]:
        """What `stream.engine.Batch` holds of boxes and shares, by the names of its fields, once all is rendered."""
        table, marks = self._lender.table, self.marks(len(self._lowered))
        if marks is not None:
            return marks.fields(self.dropped)
        shares = self._lender.program.shares_labels and table.mask is None
        return {"soft": self.soft} if shares else {}

    def marks(self, k: int) -> Marks | None:
        """The batch's boxes where segment k begins."""
        if self._marks is not None and k > self._followed:
            self._marks, gone = moved(self._marks, self._lowered[self._followed : k])
            self.dropped += gone
            self._followed = k
        return self._marks

    def _frames(self, rows: Rows, k: int) -> tuple[list[int], list[Frame]]:
        """Rows of the part as they are where segment k begins, unmixed."""
        if not len(rows):
            return [], []
        lender = self._lender
        lowered = tuple(_unmixed(segment) for segment in self._lower(rows)[:k])
        shown, worlds, fetch, fetch_mask = lender.open(rows, lowered[0])
        own = Mixing(lender, rows, shown, lowered, self._lower)
        images, masks = run(lender.program, lowered, worlds, fetch, fetch_mask=fetch_mask, mixer=own)
        return shown, own._framed(list(images), None if masks is None else list(masks), k)

    def _framed(self, images: Sequence[Pixels], masks: Sequence[Pixels] | None, k: int) -> list[Frame]:
        marks, outside = self.marks(k), self._lender.program.outside_label
        return [
            Frame(image, masks[i] if masks else None, marks.of(i) if marks else None, outside)
            for i, image in enumerate(images)
        ]

    def _follow(self, i: int, own: Frame, others: Sequence[Frame], made: Frame) -> None:
        """Keep the boxes of sample i, unless they are still its own, and count those that are gone."""
        if self._marks is None or made.boxes is None or made.boxes is own.boxes:
            return
        self._marks = self._marks.with_boxes(i, made.boxes)
        before = sum(len(frame.boxes.labels) for frame in (own, *others) if frame.boxes is not None)
        self.dropped += before - len(made.boxes.labels)

    def _share(self, on: Rows, shown: Sequence[int], share: NDArray[np.float32]) -> None:
        self.soft[on] *= np.float32(1) - share.sum(axis=1, keepdims=True)
        labels = self._lender.table.labels[list(shown)].reshape(share.shape)
        np.add.at(self.soft, (on[:, None], labels), share)


def _unmixed(segment: LoweredSegment) -> LoweredSegment:
    """The segment without partners; what changes a frame alone stays."""
    return replace(
        segment,
        whole=tuple(
            kernel.where(np.zeros(len(kernel.on), bool)) if isinstance(kernel, Mix) and kernel.partners else kernel
            for kernel in segment.whole
        ),
    )
