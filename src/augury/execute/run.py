"""Run a lowered program on a batch, natively where the kernels were built."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.binary import compiled
from augury.compile.program import Lowered, Program
from augury.errors import AuguryError
from augury.execute import native, reference
from augury.execute.reference import Pass

Pixels = NDArray[Any]
Halvings = tuple[int, int]
Fetch = Callable[[int, Halvings], Pixels]
Empty = Callable[[tuple[int, ...], np.dtype[Any]], Pixels]


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


def run(
    program: Program,
    lowered: Lowered,
    worlds: NDArray[np.int64],
    fetch: Fetch,
    *,
    channels_first: bool = False,
    executor: ModuleType | None = None,
    empty: Empty = np.empty,
) -> Pixels:
    """Augment a batch.

    Parameters
    ----------
    worlds : (n, 2) height and width of each sample's world in pixels of the decoded image.
    fetch : (row, halvings) -> the sample's world (h, w, c), reduced by 2^k boxes.
    channels_first : (n, c, h, w) instead of (n, h, w, c).
    executor : module `native` or `reference`; the default is the first that was built.
    empty : makes the output array.

    Returns
    -------
    (n, h, w, c) in `program.output.dtype`.
    """
    execute = executor or default_executor()
    canvas = program.canvas.shape[:2]
    sources: Sequence[Pixels] = []
    for k, segment in enumerate(lowered):
        full = worlds if k == 0 else np.tile(canvas, (len(worlds), 1))
        halvings = segment.backward.halvings(canvas, full)
        asked = [(y, x) for y, x in halvings.tolist()]
        if k == 0:
            sources = [fetch(i, both) for i, both in enumerate(asked)]
        else:
            sources = [_reduced(execute, source, both) for source, both in zip(sources, asked, strict=True)]
        extents = full / (2.0**halvings)
        last = k == len(lowered) - 1
        out = _output(program, len(worlds), last, channels_first, empty)
        sampling, fill = segment.sampling, program.canvas.level(segment.sampling.fill)
        place = segment.backward.to_source(canvas, extents)
        job = Pass(sources, extents, place, canvas, sampling.border, fill, sampling.interpolation, segment.pixelwise)
        execute.segment(job, out, channels_first and last)
        sources = list(out)
    out = program.prepare.finished(out, channels_first)
    # float16 is the float32 result rounded once
    return out.astype(np.float16) if program.output.dtype == "float16" else out


def move_masks(
    program: Program, lowered: Lowered, masks: Sequence[Pixels], executor: ModuleType | None = None
) -> Pixels:
    """Masks follow the pixels: nearest neighbour through the same matrices, `policy.mask_fill` outside.

    Parameters
    ----------
    masks : n label images (h, w), uint8 or uint16, in the world of their sample.

    Returns
    -------
    (n, height, width) in the dtype of the masks; holds no label that is not in the mask or mask_fill.
    """
    execute = executor or default_executor()
    canvas = program.canvas.shape[:2]
    current = [np.ascontiguousarray(mask)[..., None] for mask in masks]
    if current and program.policy.mask_fill > np.iinfo(current[0].dtype).max:
        label, dtype = program.policy.mask_fill, current[0].dtype
        raise AuguryError(f"mask_fill={label} does not fit {dtype} masks; choose a smaller label")
    for segment in lowered:
        extents = np.array([mask.shape[:2] for mask in current], np.float64)
        out = np.empty((len(current), *canvas, 1), current[0].dtype)
        place = segment.backward.to_source(canvas, extents)
        fill = float(program.policy.mask_fill)
        execute.segment(Pass(current, extents, place, canvas, segment.sampling.border, fill, "nearest"), out, False)
        current = list(out)
    return out[..., 0]


def _reduced(execute: ModuleType, image: Pixels, halvings: Halvings) -> Pixels:
    reduced: Pixels = image if halvings == (0, 0) else execute.reduce_box(image, halvings)
    return reduced


def _output(program: Program, n: int, last: bool, channels_first: bool, empty: Empty) -> Pixels:
    h, w, c = program.canvas.shape
    if not last:
        return np.empty((n, h, w, c), program.canvas.dtype)
    dtype = np.dtype("float32" if program.output.dtype.startswith("float") else program.canvas.dtype)
    return empty((n, c, h, w) if channels_first else (n, h, w, c), dtype)
