"""Prepare: what every part shares. Size, fit, channels, scale, normalisation; never random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from augury.data.finish import Finish, finish
from augury.data.whitening import Whitening
from augury.errors import DataError
from augury.kernels import Affine, Floats, Point, Table
from augury.spec import Spec

Fit = Literal["stretch", "crop", "pad"]
MeanStd = tuple[tuple[float, ...], tuple[float, ...]]
Normalize = Literal["unit", "symmetric"] | Finish | MeanStd | None
OutputDType = Literal["float16", "float32"] | None


@dataclass(frozen=True)
class Prepare:
    """The deterministic steps from a decoded image to the canvas, and from the canvas to the batch.

    Attributes
    ----------
    size : (height, width) of the canvas in pixels, or None to keep the size that all images share.
    fit : "stretch" changes the aspect ratio; "crop" cuts the longer side, centred; "pad" adds black bars.
        Crops and bars are whole source pixels, so the aspect ratio is kept to within one of them.
    channels : 1 (gray, BT.601 weights), 3 (RGB; alpha dropped), 4 (RGBA), or None to keep them.
    normalize : None keeps the values; "unit" gives 0..1; "symmetric" -1..1; (mean, std) of 0..1 values
        gives (x - mean) / std, with one number or one for each channel; "sample" centres each image and divides
        it by its own standard deviation + 1e-6, over all pixels and channels; what `ag.whitening` gives whitens.
        All but None give float32.
    dtype : "float32" or "float16" output; None is the source's dtype, or float32 once normalised.
    """

    size: tuple[int, int] | None = None
    fit: Fit = "stretch"
    channels: int | None = None
    normalize: Normalize = None
    dtype: OutputDType = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", _checked_size(self.size))
        object.__setattr__(self, "normalize", _checked_normalize(self.normalize))
        if self.fit not in get_args(Fit):
            raise DataError(f"prepare: fit={self.fit!r}; expected one of stretch, crop, pad")
        if self.channels not in (None, 1, 3, 4):
            raise DataError(f"prepare: channels={self.channels!r}; expected 1, 3, 4 or None")
        if self.dtype not in (None, "float16", "float32"):
            raise DataError(f"prepare: dtype={self.dtype!r}; expected 'float32', 'float16' or None")

    def world(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Top, left, height, width of the source rectangle that becomes the canvas, in whole pixels.

        Nothing outside it is ever sampled. With fit="pad" it reaches beyond the image.
        """
        if self.size is None or self.fit == "stretch":
            return 0, 0, height, width
        scales = self.size[0] / height, self.size[1] / width
        scale = max(scales) if self.fit == "crop" else min(scales)
        h, w = (max(1, round(side / scale)) for side in self.size)
        if self.fit == "crop":
            h, w = min(h, height), min(w, width)
        else:
            h, w = max(h, height), max(w, width)
        return (height - h) // 2, (width - w) // 2, h, w

    def frame(self, image: NDArray[Any]) -> NDArray[Any]:
        """Cut or pad a decoded (h, w, c) image to its world; a view where nothing is added."""
        top, left, h, w = self.world(*image.shape[:2])
        if top >= 0 and left >= 0:
            return image[top : top + h, left : left + w]
        sides = [
            (-min(o, 0), size + min(o, 0) - n) for o, size, n in ((top, h, image.shape[0]), (left, w, image.shape[1]))
        ]
        return np.pad(image, [(a, max(b, 0)) for a, b in sides] + [(0, 0)])

    def canvas(self, source: Spec) -> Spec:
        """The spec on which transforms act, from that of a decoded image."""
        height, width = self.size or (source.height, source.width)
        spec = Spec.image(height, width, self.channels or source.channels, source.dtype, source.value_range)
        if isinstance(self.normalize, Whitening) and self.normalize.mean.shape != spec.shape:
            raise DataError(
                f"prepare: the whitening was fitted on {self.normalize.shown_shape} images (height x width x "
                f"channels), these are {height}x{width}x{spec.channels}; fit it on images prepared like these"
            )
        return spec

    def output(self, canvas: Spec) -> Spec:
        """The spec of a batch's images."""
        h, w, c = canvas.shape
        if self.normalize is None and self.dtype == "float16" and canvas.value_range[1] > 65504:
            raise DataError(f"prepare: float16 cannot hold {canvas.dtype} values; give normalize=, or dtype='float32'")
        if self.normalize is None:
            return Spec.image(h, w, c, self.dtype or canvas.dtype, canvas.value_range)
        if self.finish is not None:  # every image has its own black and white
            return Spec.image(h, w, c, self.dtype or "float32", (-np.inf, np.inf))
        low, high = (float(v) for v in _values(self.normalize, np.array([0.0, 1.0]), 1)[0][[0, -1]])
        return Spec.image(h, w, c, self.dtype or "float32", (low, high))

    def point(self, canvas: Spec) -> Point | None:
        """The last kernel: canvas values to batch values in float32. None keeps the dtype."""
        if self.normalize is None and self.dtype is None:
            return None
        low, scale = canvas.value_range[0], canvas.full_scale
        if canvas.dtype == "uint8":
            values = np.arange(256.0)
            if self.normalize is not None:
                values = _values(self.normalize, values / 255.0, canvas.channels)
            return Point((Table(np.atleast_2d(values).astype(np.float32)[None]),))
        gain, offset = np.ones(1), np.zeros(1)
        if self.normalize is not None:
            at_black, at_white = _values(self.normalize, np.array([0.0, 1.0]), canvas.channels).T
            gain = (at_white - at_black) / scale
            offset = at_black - low * gain
        return Point((Affine(gain.astype(np.float32)[None], offset.astype(np.float32)[None], -np.inf, np.inf),))

    @property
    def finish(self) -> Finish | None:
        """What is done to whole images after the last kernel, where values become 0..1."""
        return self.normalize if self.normalize == "sample" or isinstance(self.normalize, Whitening) else None

    def finished(self, batch: NDArray[Any], channels_first: bool) -> NDArray[Any]:
        """What the last kernel gave, float32 where there is anything left to do; changed in place."""
        if self.finish is not None:
            finish(self.finish, batch, channels_first)
        return batch

    def to_document(self) -> dict[str, Any]:
        """As JSON writes it, to be exported beside a model; of a whitening the digest, see `Whitening.save`."""
        document = {field.name: getattr(self, field.name) for field in fields(self)}
        if isinstance(self.normalize, Whitening):
            document["normalize"] = self.normalize.to_document()
        return document


@dataclass(frozen=True)
class PreparedSpec(Spec):
    """Spec of a prepared dataset's batches, with what they come from, so that policies can be explained."""

    source: Spec | None = None
    prepare: Prepare | None = None

    @classmethod
    def of(cls, source: Spec, prepare: Prepare) -> PreparedSpec:
        """The spec of what `prepare` makes of `source`."""
        output = prepare.output(prepare.canvas(source))
        return cls(output.kind, *output.shape, output.dtype, output.value_range, source, prepare)


def _values(normalize: Normalize, x: Floats, channels: int) -> Floats:
    """(channels or 1, k): normalised values of fractions x (k,), each with one rounding a step."""
    match normalize:
        case "unit" | "sample" | Whitening():
            return x[None]
        case "symmetric":
            return (2.0 * x - 1.0)[None]
        case (mean, std):
            if channels != 1 and len(mean) not in (1, channels):
                raise DataError(f"prepare: normalize has {len(mean)} means, the images have {channels} channels")
            return np.asarray((x - np.array(mean)[:, None]) / np.array(std)[:, None])
    raise AssertionError(normalize)


def _checked_size(size: Any) -> tuple[int, int] | None:
    if size is None:
        return None
    try:
        height, width = (int(side) for side in size)
        whole = (height, width) == tuple(size)
    except (TypeError, ValueError):
        whole, height, width = False, 0, 0
    if not whole or min(height, width) < 1 or max(height, width) > 16384:
        raise DataError(f"prepare: size={size!r}; expected (height, width) in whole pixels, 1 to 16384")
    return height, width


def _checked_normalize(value: Any) -> Normalize:
    if value is None or isinstance(value, Whitening) or value in ("unit", "symmetric", "sample"):
        return value  # type: ignore[no-any-return]
    message = (
        f"prepare: normalize={value!r}; expected None, 'unit', 'symmetric', 'sample', what ag.whitening gives or "
        "(mean, std) of 0..1 values"
    )
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise DataError(message)
    try:
        mean, std = (tuple(float(v) for v in (part if isinstance(part, Sequence) else [part])) for part in value)
    except (TypeError, ValueError):
        raise DataError(message) from None
    if len(mean) != len(std) or not mean or min(std) <= 0 or not np.isfinite([*mean, *std]).all():
        raise DataError(message + ", as many stds as means, all above 0")
    return mean, std
