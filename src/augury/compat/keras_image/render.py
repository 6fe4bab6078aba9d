"""A batch of images through the whole pipeline: natively where the arguments allow it, else one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.compat.keras_image.arguments import Arguments
from augury.compat.keras_image.policy import moving_policy, parameters
from augury.compat.keras_image.preprocess import mode_of, preprocessed
from augury.compat.keras_image.steps import (
    brighten,
    preprocess,
    rescale,
    shift_channels,
    standardize_features,
    standardize_samples,
)
from augury.compile.program import Program, compile_policy
from augury.compile.segments import Lowered
from augury.data.prepare import Prepare
from augury.draws import Address
from augury.execute.run import run
from augury.kernels import Point, Table
from augury.plan import Plan, draw_plan
from augury.spec import Spec
from augury.transforms.policies import Policy

Pixels = NDArray[Any]


@dataclass(frozen=True)
class Finish(Prepare):
    """The last table of a uint8 program: a mode of `preprocess`, then a scale; float32 out."""

    mode: str = "none"
    scale: float | None = None

    def point(self, canvas: Spec) -> Point:
        """One table for each channel; those of caffe stay in RGB order."""
        levels = np.repeat(np.arange(256, dtype=np.float32)[:, None], canvas.channels, axis=1)
        values = preprocessed(levels, self.mode)
        values = values[:, ::-1] if self.mode == "caffe" else values
        return Point((Table((values * np.float32(self.scale or 1)).T[None].copy()),))


@dataclass(frozen=True)
class Job:
    """One batch to make.

    Attributes
    ----------
    arguments : an ImageDataGenerator, or bare Arguments.
    images : (h, w, c), all of one shape, uint8 or any other dtype.
    ids : uint64 (n,), what each image's draws are addressed by, with seed and epoch.
    augment : False leaves geometry and tone as they are.
    """

    arguments: Arguments
    images: Sequence[Pixels]
    ids: NDArray[np.uint64]
    seed: int
    epoch: int
    augment: bool

    @cached_property
    def plan(self) -> Plan:
        """All parameters of the batch."""
        return draw_plan(self.policy(toned=True), self.seed, Address(self.ids, self.epoch))

    def policy(self, *, toned: bool) -> Policy:
        """What is drawn and run; empty without augmentation."""
        return moving_policy(self.arguments, toned=toned) if self.augment else Policy(())

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one image of the batch, in the layout of the arguments."""
        h, w, c = self.images[0].shape
        return (c, h, w) if self.arguments.channels_first else (h, w, c)


def slow_reasons(arguments: Arguments) -> list[str]:
    """Why batches are made image by image with SciPy; empty where they are made natively."""
    reasons = []
    if arguments.interpolation_order > 1:
        reasons.append(f"interpolation_order={arguments.interpolation_order} is a spline")
    if np.dtype(arguments.dtype) == np.float64:
        reasons.append("dtype=float64 keeps all its digits")
    if "global_random" in arguments.faults:
        reasons.append("global_random draws from np.random")
    return reasons + [f"{name} is your own" for name in getattr(arguments, "overridden", ())]


def render(job: Job) -> Pixels:
    """The finished batch, (n, h, w, c) or (n, c, h, w) in the dtype of the arguments."""
    a = job.arguments
    if not job.images or slow_reasons(a) or not fuses(a, job.images):
        return finish(a, toned(job))
    mode = mode_of(a.preprocessing_function) or "none"
    batch = _native(job, list(job.images), job.plan, Finish(dtype="float32", mode=mode, scale=a.rescale), toned=True)
    batch = np.ascontiguousarray(batch[..., ::-1]) if mode == "caffe" else batch
    return _as(a, standardize_features(a, standardize_samples(a, batch)))


def fuses(arguments: Arguments, images: Sequence[Pixels]) -> bool:
    """Whether tone, preprocessing and scale can be one table after the geometry."""
    a = arguments
    bytes_only = all(image.dtype == np.uint8 for image in images) and _fill_is_a_level(a)
    if a.preprocessing_function:
        bytes_only &= mode_of(a.preprocessing_function) is not None and not a.channels_first
        bytes_only &= all(image.shape[2] == 3 for image in images)
    return bytes_only and not a.channel_shift_range


def toned(job: Job) -> Pixels:
    """After geometry and tone, in the values of the images: (n, h, w, c) or (n, c, h, w)."""
    a = job.arguments
    if not job.images:
        return np.zeros((0, 0, 0, 0), a.dtype)
    if slow_reasons(a):
        return _one_by_one(job)
    batch = np.empty((len(job.images), *job.shape), np.float32)
    as_bytes = np.array([image.dtype == np.uint8 for image in job.images]) & _fill_is_a_level(a)
    for dtype, rows in ((np.uint8, np.flatnonzero(as_bytes)), (np.float32, np.flatnonzero(~as_bytes))):
        if len(rows):
            images = [np.asarray(job.images[i], dtype) for i in rows.tolist()]
            batch[rows] = _native(job, images, _rows(job.plan, rows), None, toned=False)
    if job.augment and a.channel_shift_range:
        batch = shift_channels(batch, job.plan.columns["KerasChannelShift"]["amount"])
    if job.augment and a.brightness_range is not None:
        batch = brighten(batch, job.plan.columns["KerasBrightness"]["factor"], a.channel_axis)
    return batch


def prepared(arguments: Arguments, batch: Pixels) -> Pixels:
    """What `fit` has to see: a toned batch up to the statistics of features."""
    return standardize_samples(arguments, rescale(arguments, preprocess(arguments, batch)))


def finish(arguments: Arguments, batch: Pixels) -> Pixels:
    """A toned batch to the end."""
    a: Any = arguments
    if "standardize" in getattr(a, "overridden", ()):
        return _as(a, np.stack([a.standardize(image) for image in batch]))
    return _as(a, standardize_features(a, prepared(a, batch)))


def _as(arguments: Arguments, batch: Pixels) -> Pixels:
    return np.asarray(batch, arguments.dtype)


def _one_by_one(job: Job) -> Pixels:
    """The definition: every image through `apply_transform`."""
    a: Any = job.arguments
    images = [np.asarray(image, a.dtype) for image in job.images]
    images = [image.transpose(2, 0, 1) if a.channels_first else image for image in images]
    if not job.augment:
        return np.stack(images)
    if "global_random" in a.faults or "get_random_transform" in a.overridden:
        return np.stack([a.apply_transform(image, a.get_random_transform(image.shape)) for image in images])
    drawn = parameters(a, job.plan, job.shape)
    return np.stack([a.apply_transform(image, one) for image, one in zip(images, drawn, strict=True)])


def _native(job: Job, images: list[Pixels], plan: Plan, last: Finish | None, *, toned: bool) -> Pixels:
    a = job.arguments
    h, w, c = images[0].shape
    spec = Spec.image(h, w, c, "uint8" if images[0].dtype == np.uint8 else "float32")
    program = _compiled(job.policy(toned=toned), last or Prepare(), spec)
    lowered = _as_asked(program.lower(plan), a.cval / spec.full_scale)
    worlds = np.tile((h, w), (len(images), 1))
    return run(program, lowered, worlds, lambda i, _: images[i], channels_first=a.channels_first).image


@lru_cache(maxsize=64)
def _compiled(policy: Policy, last: Prepare, spec: Spec) -> Program:
    return compile_policy(policy, last, spec)


def _as_asked(lowered: Lowered, fill: float) -> Lowered:
    """Fill with any level, and read single pixels where the subject is reduced: labels have no average."""
    return tuple(
        replace(
            segment,
            sampling=replace(segment.sampling, fill=fill),
            backward=replace(segment.backward, scale=np.maximum(segment.backward.scale, 1.0)),
        )
        for segment in lowered
    )


def _fill_is_a_level(arguments: Arguments) -> bool:
    return arguments.fill_mode != "constant" or arguments.cval in range(256)


def _rows(plan: Plan, rows: NDArray[np.int64]) -> Plan:
    columns = {label: {name: v[rows] for name, v in fields.items()} for label, fields in plan.columns.items()}
    return Plan(plan.ids[rows], columns)
