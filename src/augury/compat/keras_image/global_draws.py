"""Parameters drawn one image at a time from a numpy generator, in keras-preprocessing's order of draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from augury.compat.keras_image.arguments import Arguments, Shift


def global_state() -> np.random.RandomState:
    """The generator behind `np.random.seed` and `np.random.uniform`."""
    return np.random.mtrand._rand


def drawn(arguments: Arguments, size: tuple[int, int], state: np.random.RandomState) -> dict[str, Any]:
    """Parameters for one image.

    Parameters
    ----------
    size : (height, width) in pixels.

    Returns
    -------
    theta, shear in degrees; tx, ty in pixels (positive: content moves left and up); zx, zy; the two flips;
    channel_shift_intensity and brightness, None where not asked for.
    """
    a = arguments
    theta = state.uniform(-a.rotation_range, a.rotation_range) if a.rotation_range else 0
    down = _shifted(a.height_shift, size[0], state)
    across = _shifted(a.width_shift, size[1], state)
    shear = state.uniform(-a.shear_range, a.shear_range) if a.shear_range else 0
    zx, zy = (1, 1) if tuple(a.zoom_range) == (1, 1) else state.uniform(a.zoom_range[0], a.zoom_range[1], 2)
    horizontal, vertical = state.random_sample() < 0.5, state.random_sample() < 0.5  # drawn in any case
    channel = state.uniform(-a.channel_shift_range, a.channel_shift_range) if a.channel_shift_range else None
    tx, ty = (down, across) if "swapped_shifts" in a.faults else (across, down)
    return {
        "theta": theta,
        "tx": tx,
        "ty": ty,
        "shear": shear,
        "zx": zx,
        "zy": zy,
        "flip_horizontal": bool(horizontal and a.horizontal_flip),
        "flip_vertical": bool(vertical and a.vertical_flip),
        "channel_shift_intensity": channel,
        "brightness": None if a.brightness_range is None else state.uniform(*a.brightness_range),
    }


def _shifted(shift: Shift | None, side: int, state: np.random.RandomState) -> Any:
    if shift is None:
        return 0
    if shift.choices:
        pixels = state.choice(shift.choices) * state.choice([-1, 1])
    else:
        pixels = state.uniform(-shift.most, shift.most)
    return pixels * side if shift.fraction else pixels
