"""Functions of a frame and of other samples' frames; `kernels.Mix` names them. Both executors use them.

Each takes the frame, a sequence of the others, the `Spec` of their images, and its parameters by name, and returns a
new frame whose image and mask have the same shape and dtype. It must not change those that it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augury.errors import AuguryError
from augury.execute.sight import Held, Region, both, in_sight, inside, through_window, with_marks
from augury.kernels import Mix
from augury.spec import Spec

Pixels = NDArray[Any]


@dataclass(frozen=True)
class Frame:
    """One sample where it is mixed.

    Attributes
    ----------
    image : (h, w, c). mask : (h, w) or (h, w, k), or None. held : its objects, or None.
    outside : label of the mask, besides 0, that marks nothing. keypoints_out : labelled ones that a mixture has cut
        from objects that stay.
    """

    image: Pixels
    mask: Pixels | None = None
    held: Held | None = None
    outside: int = 0
    keypoints_out: int = 0

    @property
    def marked(self) -> Region:
        """Where something is marked: by the mask, or else within boxes."""
        if self.mask is not None:
            held = (self.mask != 0) & (self.mask != self.outside)
            return np.asarray(held if held.ndim == 2 else held.any(axis=2))
        assert self.held is not None
        return inside(self.held, self.image.shape[:2])


def mix(kernel: Mix, i: int, own: Frame, others: Sequence[Frame], spec: Spec) -> Frame:
    """Row i of a kernel."""
    row = {name: values[i] for name, values in kernel.columns.items()}
    return _FUNCTIONS[kernel.name](own, others, spec, **row, **kernel.settings)


def _mix_up(own: Frame, others: Sequence[Frame], spec: Spec, share: np.float32) -> Frame:
    (other,) = others
    one = np.float32(1)
    blended = own.image.astype(np.float32) * (one - share) + other.image.astype(np.float32) * share
    low, high = (np.float32(end) for end in spec.value_range)
    image = np.clip(np.rint(blended) if spec.is_integer else blended, low, high).astype(own.image.dtype)
    mask = own.mask if share <= 0.5 else other.mask
    return Frame(image, mask, both(own.held, other.held), own.outside)


def _cut_mix(own: Frame, others: Sequence[Frame], spec: Spec, box: NDArray[np.int32], min_visible: float) -> Frame:
    (other,) = others
    top, left, bottom, right = box
    there = np.zeros((spec.height, spec.width), bool)
    there[top:bottom, left:right] = True
    stay, come = in_sight(own.held, ~there, min_visible), in_sight(other.held, there, min_visible)
    return replace(_pasted(own, other, there), held=both(stay, come))


def _mosaic(
    own: Frame, others: Sequence[Frame], spec: Spec, centre: NDArray[np.int64], tile: np.int64, min_visible: float
) -> Frame:
    y, x = centre.tolist()
    above, below = (slice(0, y), y - spec.height), (slice(y, None), y)  # where each is shown, and how far it moves
    left, right = (slice(0, x), x - spec.width), (slice(x, None), x)
    tiles = [(above, left), (above, right), (below, left), (below, right)]
    frames = list(others)
    frames.insert(int(tile), own)
    made, held, out = own, None, 0
    for frame, ((rows, down), (columns, across)) in zip(frames, tiles, strict=True):
        there = np.zeros((spec.height, spec.width), bool)
        there[rows, columns] = True
        made = _pasted(made, _rolled(frame, down, across), there)
        if frame.held is not None:
            window = through_window(frame.held, there.shape, rows, columns, (down, across), min_visible)
            held, out = both(held, window[0]), out + window[1]
    return replace(made, held=held, keypoints_out=out)


def _copy_paste(own: Frame, others: Sequence[Frame], spec: Spec, min_visible: float) -> Frame:
    del spec
    (other,) = others
    if other.mask is None and other.held is None:
        raise AuguryError("CopyPaste: needs masks or boxes that mark what to paste; leave it out for this data")
    there = other.marked
    held = both(in_sight(own.held, ~there, min_visible), with_marks(other.held, there))
    return replace(_pasted(own, other, there), held=held)


def _background_swap(own: Frame, others: Sequence[Frame], spec: Spec) -> Frame:
    del spec
    (other,) = others
    if own.mask is None or other.mask is None:
        raise AuguryError("BackgroundSwap: needs masks that mark the subject; leave it out for this data")
    background = ~(own.marked | other.marked)  # an object of the other would be there without its mark
    return replace(own, image=_chosen(background, other.image, own.image))


def _mask_dropout(
    own: Frame, others: Sequence[Frame], spec: Spec, share: float, lot: Pixels, fill: float, min_visible: float
) -> Frame:
    del others
    if own.mask is None:
        raise AuguryError("MaskDropout: needs masks that mark the objects; leave it out for this data")
    marked = own.marked
    regions = _regions(marked)
    gone = marked & (lot[regions % len(lot)] < share)
    image = _chosen(gone, own.image.dtype.type(spec.level(fill)), own.image)
    mask = _chosen(gone, own.mask.dtype.type(0), own.mask)
    return replace(own, image=image, mask=mask, held=with_marks(own.held, marked & ~gone, marked, min_visible))


def _regions(marked: Region) -> NDArray[np.int64]:
    """Numbers (h, w) of connected regions and of what is between, in the order of their first pixels.

    OpenCV's own numbers may depend on its version and threads.
    """
    _, found = cv2.connectedComponents(marked.astype(np.uint8), connectivity=8)
    _, first, number = np.unique(found, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number].reshape(found.shape)


def _pasted(own: Frame, other: Frame, there: Region) -> Frame:
    """The frame with the other's pixels in a region; objects are left."""
    image = _chosen(there, other.image, own.image)
    if own.mask is None or other.mask is None:
        return replace(own, image=image)
    return replace(own, image=image, mask=_chosen(there, other.mask, own.mask))


def _chosen(there: Region, yes: Any, no: Pixels) -> Pixels:
    """One or the other for each pixel of (h, w) or (h, w, k)."""
    each = np.repeat(there, no[0, 0].size, axis=1)  # broadcasting the region takes twice as long
    return np.where(each.reshape(no.shape), yes, no)


def _rolled(frame: Frame, down: int, across: int) -> Frame:
    """Pixels moved by whole ones; what comes in on the other side is never shown."""
    mask = None if frame.mask is None else np.roll(frame.mask, (down, across), (0, 1))
    return replace(frame, image=np.roll(frame.image, (down, across), (0, 1)), mask=mask)


_FUNCTIONS: dict[str, Callable[..., Frame]] = {
    "mix_up": _mix_up,
    "cut_mix": _cut_mix,
    "mosaic": _mosaic,
    "copy_paste": _copy_paste,
    "background_swap": _background_swap,
    "mask_dropout": _mask_dropout,
}
