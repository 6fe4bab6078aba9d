"""Mixing: other samples of the part join those of a batch, with their objects and a share of their labels.

A partner is what its own draws of the same epoch and of view 0 make of it up to the mixture, unmixed itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from augury.compile.annotations import move_objects
from augury.compile.program import Program
from augury.compile.segments import Lowered, LoweredSegment
from augury.data.table import Objects, Table
from augury.errors import PolicyError
from augury.execute.mixing import Frame, mix
from augury.execute.run import Fetch, FetchMask, run
from augury.execute.sight import Held
from augury.kernels import Mix
from augury.stream.objects import columns_of
from augury.stream.partners import Partners

Pixels = NDArray[Any]
Rows = NDArray[np.int64]


class Opened(NamedTuple):
    """Kernels; samples to show, rows of the table; height and width (n, 2) of their worlds; where pixels come from."""

    lowered: Lowered
    shown: list[int]
    worlds: Rows
    fetch: Fetch
    fetch_mask: FetchMask | None = None


@dataclass(frozen=True)
class Lender:
    """Where the partners of one part come from.

    Attributes
    ----------
    objects : samples shown -> their objects on the canvas; None where the data marks none.
    """

    program: Program
    partners: Partners
    objects: Callable[[Sequence[int]], Objects] | None = None

    @property
    def table(self) -> Table:
        """All samples."""
        return self.partners.table


class Mixing:
    """Mixes one batch while `execute.run` renders it, and keeps what goes with its pixels.

    Attributes
    ----------
    soft : float32 (n, classes), the share of each class. dropped : how many objects are not seen any more, and
        labelled keypoints of the others.

    Parameters
    ----------
    rows : of the part. shown, lowered : the samples that stand for them, and their kernels.
    lend : rows of the part -> what they are, as drawn for view 0 of this epoch.
    """

    def __init__(
        self, lender: Lender, rows: Rows, shown: Sequence[int], lowered: Lowered, lend: Callable[[Rows], Opened]
    ) -> None:
        self._lender, self._rows, self._lowered, self._lend = lender, rows, lowered, lend
        self._held = None if lender.objects is None else _whole(lender.objects(shown))
        self._followed = 0  # segments whose movement the objects went through
        self.soft = np.eye(len(lender.table.classes), dtype=np.float32)[lender.table.labels[list(shown)]]
        self.dropped = np.zeros(2, np.int64)

    def __call__(self, k: int, images: Sequence[Pixels], masks: Sequence[Pixels]) -> tuple[list[Pixels], list[Pixels]]:
        """Mix where segment k begins; see `execute.run.run`."""
        kernel = self._lowered[k].whole[0]
        assert isinstance(kernel, Mix)
        images, masks, on = list(images), list(masks), np.flatnonzero(kernel.on)
        partners = self._lender.partners.of(kernel.rows(on), self._rows[on])
        if not len(on):
            return images, masks
        shown, lent, gone = self._frames(partners.ravel(), k)
        own = self._framed(images, masks or None, k)
        held = [frame.held for frame in own]
        spec = self._lender.program.canvas.of_size(self._lowered[k].reads)
        for j, i in enumerate(on.tolist()):
            others = lent[j * kernel.partners : (j + 1) * kernel.partners]
            made = mix(kernel, i, own[i], others, spec)
            images[i] = made.image
            if made.mask is not None:
                masks[i] = made.mask
            held[i] = made.held
            self._count(own[i], others, made)
        if any(one is not frame.held for one, frame in zip(held, own, strict=True)):
            self._join(held)
            self.dropped += gone
        self._share(on, shown, kernel.share[on])
        return images, masks

    def fields(self) -> dict[str, Any]:
        """What `stream.batch.Batch` holds of objects and shares, by the names of its fields, once all is rendered."""
        table, held = self._lender.table, self.held(len(self._lowered))
        if held is not None:
            boxes, keypoints = self.dropped.tolist()
            return {**columns_of(held.objects), "dropped_boxes": boxes, "dropped_keypoints": keypoints}
        shares = self._lender.program.shares_labels and table.mask is None
        return {"soft": self.soft} if shares else {}

    def held(self, k: int) -> Held | None:
        """The batch's objects where segment k begins; `keep` asks for a share of all that each once was."""
        if self._held is not None and k > self._followed:
            before, least = self._held.visible, self._lender.program.policy.keep.visible
            moved = move_objects(self._held.objects, self._lowered[self._followed : k], least / before)
            self._held = Held(moved.objects, before[moved.rows] * moved.visible[moved.rows])
            self.dropped += len(before) - len(moved.rows), moved.keypoints_out.sum()
            self._followed = k
        return self._held

    def _frames(self, rows: Rows, k: int) -> tuple[list[int], list[Frame], Rows]:
        """Rows of the part as they are where segment k begins, unmixed, and what they dropped until then."""
        if not len(rows):
            return [], [], np.zeros(2, np.int64)
        lender = self._lender
        lent = self._lend(rows)
        lowered = tuple(_unmixed(segment) for segment in lent.lowered[:k])
        own = Mixing(lender, rows, lent.shown, lowered, self._lend)
        images, masks = run(lender.program, lowered, lent.worlds, lent.fetch, fetch_mask=lent.fetch_mask, mixer=own)
        frames = own._framed(list(images), None if masks is None else list(masks), k)
        return lent.shown, frames, own.dropped

    def _framed(self, images: Sequence[Pixels], masks: Sequence[Pixels] | None, k: int) -> list[Frame]:
        held, outside = self.held(k), self._lender.program.outside_label
        return [
            Frame(image, masks[i] if masks else None, None if held is None else _one(held, i), outside)
            for i, image in enumerate(images)
        ]

    def _count(self, own: Frame, others: Sequence[Frame], made: Frame) -> None:
        """Count what a mixture does not show any more; one that takes only pixels leaves the others' objects out."""
        if made.held is None or made.held is own.held:
            return
        before = sum(len(frame.held.visible) for frame in (own, *others) if frame.held is not None)
        self.dropped += before - len(made.held.visible), made.keypoints_out

    def _join(self, held: Sequence[Held | None]) -> None:
        own = [one for one in held if one is not None]
        if own:
            visible = np.concatenate([one.visible for one in own])
            self._held = Held(Objects.joined([one.objects for one in own]), visible)

    def _share(self, on: Rows, shown: Sequence[int], share: NDArray[np.float32]) -> None:
        self.soft[on] *= np.float32(1) - share.sum(axis=1, keepdims=True)
        labels = self._lender.table.labels[list(shown)].reshape(share.shape)
        np.add.at(self.soft, (on[:, None], labels), share)


def check_mixtures(program: Program, table: Table) -> None:
    """Raise a PolicyError of one line if a mixture cannot carry what a table marks."""
    objects = table.objects
    if not program.mixtures or (objects is None and table.mask is None):
        return
    program.check_subject()
    if objects is None:
        return
    program.check_boxes()
    shaped = any(kind is not None for kind in (objects.keypoints, objects.polygons, objects.quads))
    for node in program.mixtures:
        if shaped and node.cuts_boxes:
            raise PolicyError(
                f"{table.root}: {node.label} cannot cut outlines, keypoints and rotated boxes yet; leave it out for "
                "data with them"
            )
        if program.policy.keep.redraws:
            raise PolicyError(
                f"{table.root}: {node.label} cannot promise what keep's redraws are for, that no object is dropped; "
                "use redraws=0, or leave it out"
            )


def _whole(objects: Objects) -> Held:
    return Held(objects, np.ones(len(objects.labels)))


def _one(held: Held, i: int) -> Held:
    """The objects of sample i of a batch."""
    start, end = held.objects.starts[i : i + 2].tolist()
    return held.rows(np.arange(start, end))


def _unmixed(segment: LoweredSegment) -> LoweredSegment:
    """The segment without partners; what changes a frame alone stays."""
    return replace(
        segment,
        whole=tuple(
            kernel.where(np.zeros(len(kernel.on), bool)) if isinstance(kernel, Mix) and kernel.partners else kernel
            for kernel in segment.whole
        ),
    )
