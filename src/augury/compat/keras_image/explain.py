"""Say how a generator makes its batches: what is one native pass, what runs as Python, what it costs."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.compat.keras_image.arguments import FAULTS, Arguments
from augury.compat.keras_image.policy import moving_policy
from augury.compat.keras_image.preprocess import mode_of
from augury.compat.keras_image.render import Job, fuses, slow_reasons, toned
from augury.compile.explain import explain
from augury.compile.program import compile_policy
from augury.data.prepare import Prepare
from augury.spec import Spec
from augury.transforms.policies import Policy

Pixels = NDArray[Any]


def explained(arguments: Arguments, image: Pixels, *, augment: bool) -> str:
    """What is done to images like this one, (h, w, c), with measured times."""
    a, h, w, c = arguments, *image.shape
    reasons = slow_reasons(a)
    lines = []
    if reasons:
        lines.append(f"one by one with SciPy: {'; '.join(reasons)}")
    else:
        fused = fuses(a, [image])
        policy = moving_policy(a, toned=fused) if augment else Policy(())
        last = Prepare(dtype="float32") if image.dtype == np.uint8 else Prepare()
        spec = Spec.image(h, w, c, "uint8" if image.dtype == np.uint8 else "float32")
        lines += [explain(compile_policy(policy, last, spec)), *_table(a, fused)]
        lines += [] if fused or not augment else _tone(a)
    if not augment:
        lines.append("not augmented: this is the validation part")
    lines += [*_function(a, image), *_statistics(a), *(f"fault kept: {FAULTS[fault]}" for fault in sorted(a.faults))]
    job = Job(a, [image] * 8, np.arange(8, dtype=np.uint64), 0, 0, augment)
    lines.append(f"measured: geometry and tone {_microseconds(lambda: toned(job)) / 8:.0f} us an image")
    return "\n".join(lines)


def _table(arguments: Arguments, fused: bool) -> list[str]:
    a, mode = arguments, mode_of(arguments.preprocessing_function)
    found = [f"preprocess_input ({mode})"] if mode else []
    found += [f"rescale {a.rescale:g}"] if a.rescale else []
    how = "in the last table, at no cost" if fused else "with numpy, on the whole batch"
    return [f"{' | '.join(found)}: {how}"] if found else []


def _tone(arguments: Arguments) -> list[str]:
    a = arguments
    found = ["channel_shift_range (cuts to each image's own values)"] if a.channel_shift_range else []
    found += ["brightness_range"] if a.brightness_range is not None else []
    return [f"{' | '.join(found)}: with numpy, on the whole batch"] if found else []


def _function(arguments: Arguments, image: Pixels) -> list[str]:
    """What a function of the user costs; it is called on this image to find out."""
    function = arguments.preprocessing_function
    if not function or mode_of(function):
        return []
    x = image.astype(arguments.dtype)
    x = x.transpose(2, 0, 1) if arguments.channels_first else x
    name = getattr(function, "__qualname__", type(function).__name__)
    cost = _microseconds(lambda: function(x.copy()))
    return [f"preprocessing_function {name}: Python, once for each image, {cost:.0f} us each"]


def _statistics(arguments: Arguments) -> list[str]:
    names = (
        "samplewise_center",
        "samplewise_std_normalization",
        "featurewise_center",
        "featurewise_std_normalization",
        "zca_whitening",
    )
    found = [name for name in names if getattr(arguments, name)]
    return [f"{' | '.join(found)}: with numpy, on the whole batch"] if found else []


def _microseconds(call: Any) -> float:
    """Median of five calls after a first one."""
    times = []
    for _ in range(6):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times[1:])) * 1e6
