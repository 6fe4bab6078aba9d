"""Run a lowered program on a batch, natively where the kernels were built."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from augury.binary import compiled
from augury.compile.program import Program
from augury.compile.segments import Lowered, LoweredSegment
from augury.errors import AuguryError
from augury.execute import native, opaque, reference
from augury.execute.reference import Pass
from augury.execute.values import blended
from augury.kernels import Blend, Filter, Mix, Opaque

Pixels = NDArray[Any]
Halvings = tuple[int, int]
Fetch = Callable[[int, Halvings], Pixels]
FetchMask = Callable[[int], Pixels]
Empty = Callable[[tuple[int, ...], np.dtype[Any]], Pixels]
Mixer = Callable[[int, Sequence[Pixels], Sequence[Pixels]], tuple[list[Pixels], list[Pixels]]]
_MASKS_TOGETHER = 2**25  # bytes of whole masks that are moved at once


@cache
def default_executor() -> ModuleType:
    """The native executor, or the reference with one warning."""
    if compiled() is not None:
        return native
    warnings.warn(
        "augury runs without its native kernels, about a hundred times slower: no C++ compiler was found "
        "when it was installed. Install one (e.g. g++) and reinstall; `augury doctor` tells more.",
        RuntimeWarning,
        stacklevel=2,
    )
    return reference


class Rendered(NamedTuple):
    """Images (n, h, w, c), and masks (n, h, w) or (n, h, w, k) where there are any."""

    image: Pixels
    mask: Pixels | None = None


def run(
    program: Program,
    lowered: Lowered,
    worlds: NDArray[np.int64],
    fetch: Fetch,
    *,
    fetch_mask: FetchMask | None = None,
    channels_first: bool = False,
    executor: ModuleType | None = None,
    empty: Empty = np.empty,
    mixer: Mixer | None = None,
) -> Rendered:
    """Augment a batch.

    Parameters
    ----------
    worlds : (n, 2) height and width of each sample's world in pixels of the decoded image.
    fetch : (row, halvings) -> the sample's world (h, w, c), reduced by 2^k boxes.
    fetch_mask : row -> the sample's mask (h, w) or (h, w, k), uint8 or uint16. Masks follow the pixels: nearest
        neighbour through the same maps, and `policy.mask_fill` outside.
    channels_first : (n, c, h, w) instead of (n, h, w, c).
    executor : module `native` or `reference`; the default is the first that was built.
    empty : makes the output array.
    mixer : (number of a segment that begins with a Mix, images, masks) -> both, mixed; see `stream.mixing`.

    Returns
    -------
    Images in `program.output.dtype`, or in that of the canvas where `lowered` is only the first of the program's
    segments; masks in their own, holding no label that is not in the mask or mask_fill.

    Raises
    ------
    AuguryError : if the program mixes and there is no mixer.
    """
    execute = executor or default_executor()
    images: Sequence[Pixels] = []
    masks: Sequence[Pixels] = []
    moved: Pixels | None = None
    for k, segment in enumerate(lowered):
        full = worlds if k == 0 else np.tile(segment.reads, (len(worlds), 1))
        halvings = segment.backward.halvings(segment.reads, full)
        asked = [(y, x) for y, x in halvings.tolist()]
        if k == 0:
            images = [fetch(i, both) for i, both in enumerate(asked)]
        else:
            for kernel in segment.whole:
                if isinstance(kernel, Mix):
                    images, masks = _mixed(mixer, k, images, masks)
                else:
                    images = _whole(execute, program, segment, kernel, images)
            images = [_reduced(execute, image, both) for image, both in zip(images, asked, strict=True)]
        if fetch_mask is not None:
            moved = _moved_masks(execute, program, segment, masks if k else fetch_mask, len(worlds), empty)
            masks = list(moved)
        last = k == len(program.segments) - 1
        out = _output(program, segment.size, len(worlds), last, channels_first, empty)
        execute.segment(_pass(program, segment, images, full / (2.0**halvings)), out, channels_first and last)
        images = list(out)
    if not last:
        return Rendered(out, moved)
    out = program.prepare.finished(out, channels_first)
    # float16 is the float32 result rounded once
    image = out.astype(np.float16) if program.output.dtype == "float16" else out
    return Rendered(image, moved)


def _pass(program: Program, segment: LoweredSegment, images: Sequence[Pixels], extents: NDArray[np.float64]) -> Pass:
    sampling, backward = segment.sampling, segment.backward
    return Pass(
        images,
        extents,
        backward.to_source(segment.reads, extents),
        segment.reads,
        segment.size,
        sampling.border,
        program.canvas.level(sampling.fill),
        sampling.interpolation,
        backward.bends,
        segment.pixelwise,
    )


def _whole(
    execute: ModuleType,
    program: Program,
    segment: LoweredSegment,
    kernel: Filter | Opaque | Blend,
    images: Sequence[Pixels],
) -> list[Pixels]:
    """One kernel of the whole image on all rows that are on."""
    images = list(images)
    if isinstance(kernel, Blend):
        return _blended(execute, kernel, images)
    spec = program.canvas.of_size(segment.reads)
    for i in np.flatnonzero(kernel.on).tolist():
        if isinstance(kernel, Filter):
            images[i] = execute.filtered(kernel, images[i], i)
            continue
        row = {name: values[i] for name, values in kernel.columns.items()}
        images[i] = opaque.call(kernel.name, images[i], spec, {**row, **kernel.settings})
    return images


def _mixed(
    mixer: Mixer | None, k: int, images: Sequence[Pixels], masks: Sequence[Pixels]
) -> tuple[list[Pixels], list[Pixels]]:
    if mixer is None:
        raise AuguryError("the policy mixes samples, which takes a part to choose them from; use part.stream(policy)")
    return mixer(k, images, masks)


def _blended(execute: ModuleType, kernel: Blend, images: list[Pixels]) -> list[Pixels]:
    """Every chain of a blend on all rows that are on, and the blend of what they give."""
    rows = np.flatnonzero(kernel.on)
    if not len(rows):
        return images
    on, shown = kernel.rows(rows), [images[i] for i in rows.tolist()]
    worlds = np.tile(shown[0].shape[:2], (len(rows), 1))

    def fetch(row: int, halvings: Halvings) -> Pixels:
        return _reduced(execute, shown[row], halvings)

    made = [run(chain.program, chain.lowered, worlds, fetch, executor=execute).image for chain in on.chains]
    for k, i in enumerate(rows.tolist()):
        images[i] = blended(on, shown[k], [one[k] for one in made], k)
    return images


def _moved_masks(
    execute: ModuleType,
    program: Program,
    segment: LoweredSegment,
    masks: Sequence[Pixels] | FetchMask,
    n: int,
    empty: Empty,
) -> Pixels:
    """Masks through the maps of a segment, (n, h, w) or (n, h, w, k), some together: whole ones may be large."""
    fetched = (masks(i) if callable(masks) else masks[i] for i in range(n))
    moved: list[Pixels] = []
    done = 0
    for some in _alike(fetched):
        check_mask_fill(program.policy.mask_fill, some[0].dtype)
        planes = [mask if mask.ndim == 3 else mask[..., None] for mask in some]
        own = segment.rows(slice(done, done + len(some)))
        extents = np.array([mask.shape[:2] for mask in some], np.float64)
        job = replace(
            _pass(program, own, planes, extents),
            fill=float(program.policy.mask_fill),
            interpolation="nearest",
            kernels=(),
        )
        out = empty((len(some), *segment.size, planes[0].shape[2]), some[0].dtype)
        execute.segment(job, out, False)
        moved.append(out if some[0].ndim == 3 else out[..., 0])
        done += len(some)
    return moved[0] if len(moved) == 1 else np.concatenate(moved)


def _alike(masks: Iterable[Pixels]) -> Iterator[list[Pixels]]:
    """Masks that follow each other and have one dtype and number of planes, together up to so many bytes."""
    held: list[Pixels] = []
    size = 0
    for mask in map(np.ascontiguousarray, masks):
        size += mask.nbytes
        if held and (size > _MASKS_TOGETHER or (mask.dtype, mask.shape[2:]) != (held[0].dtype, held[0].shape[2:])):
            yield held
            held, size = [], mask.nbytes
        held.append(mask)
    if held:
        yield held


def check_mask_fill(label: int, dtype: np.dtype[Any]) -> None:
    """Raise an AuguryError if masks of a dtype cannot hold the label that stands outside them."""
    if label > np.iinfo(dtype).max:
        raise AuguryError(f"mask_fill={label} does not fit {dtype} masks; choose a smaller label")


def _reduced(execute: ModuleType, image: Pixels, halvings: Halvings) -> Pixels:
    reduced: Pixels = image if halvings == (0, 0) else execute.reduce_box(image, halvings)
    return reduced


def _output(program: Program, size: Halvings, n: int, last: bool, channels_first: bool, empty: Empty) -> Pixels:
    (h, w), c = size, program.canvas.channels
    if not last:
        return np.empty((n, h, w, c), program.canvas.dtype)
    dtype = np.dtype("float32" if program.output.dtype.startswith("float") else program.canvas.dtype)
    return empty((n, c, h, w) if channels_first else (n, h, w, c), dtype)
