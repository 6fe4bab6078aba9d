"""One image at a time, with SciPy and Pillow: the definition of what whole batches do natively.

Random helpers draw from numpy's global generator, as notebooks that call `np.random.seed` expect.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from augury.compat.keras_image.global_draws import global_state
from augury.compat.keras_image.problems import ArgumentError, MissingLibraryError
from augury.compat.keras_image.utils import array_to_img, img_to_array

# names that keras-preprocessing has as globals, None where the library is missing; its tests replace them
try:
    import scipy
except ImportError:
    scipy = None
try:
    from PIL import ImageEnhance
except ImportError:
    ImageEnhance = None  # type: ignore[assignment]

Pixels = NDArray[Any]
Floats = NDArray[np.float64]

__all__ = [
    "apply_affine_transform",
    "apply_brightness_shift",
    "apply_channel_shift",
    "flip_axis",
    "random_brightness",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "transform_matrix_offset_center",
]


def flip_axis(x: ArrayLike, axis: int) -> Pixels:
    """Mirror an array along an axis; a view."""
    return np.flip(np.asarray(x), axis)


def random_rotation(
    x: Pixels,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Pixels:
    """Rotate by a random angle within ±rg degrees. See `apply_affine_transform` for the rest."""
    places = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, global_state().uniform(-rg, rg), 0, 0, 0, 1, 1, *places)


def random_shift(
    x: Pixels,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Pixels:
    """Shift by random fractions within ±wrg of the width and ±hrg of the height."""
    places = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    ty = global_state().uniform(-hrg, hrg) * x.shape[row_axis]
    tx = global_state().uniform(-wrg, wrg) * x.shape[col_axis]
    return apply_affine_transform(x, 0, tx, ty, 0, 1, 1, *places)


def random_shear(
    x: Pixels,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Pixels:
    """Shear by a random angle within ±intensity degrees."""
    places = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, 0, 0, 0, global_state().uniform(-intensity, intensity), 1, 1, *places)


def random_zoom(
    x: Pixels,
    zoom_range: tuple[float, float],
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> Pixels:
    """Scale by two random factors of zoom_range, one an axis; above 1 the subject becomes smaller."""
    if len(zoom_range) != 2:
        raise ArgumentError(f"zoom_range={zoom_range!r}; expected two numbers (low, high)")
    places = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    zx, zy = (1, 1) if tuple(zoom_range) == (1, 1) else global_state().uniform(zoom_range[0], zoom_range[1], 2)
    return apply_affine_transform(x, 0, 0, 0, 0, zx, zy, *places)


def apply_channel_shift(x: Pixels, intensity: float, channel_axis: int = 0) -> Pixels:
    """Add one number to all channels and cut to the image's own smallest and largest value."""
    del channel_axis  # every channel is treated alike
    return np.clip(x + intensity, np.min(x), np.max(x))


def random_channel_shift(x: Pixels, intensity_range: float, channel_axis: int = 0) -> Pixels:
    """`apply_channel_shift` by a random number within ±intensity_range."""
    return apply_channel_shift(x, global_state().uniform(-intensity_range, intensity_range), channel_axis)


def apply_brightness_shift(x: Pixels, brightness: float, scale: bool = True) -> Pixels:
    """Multiply by a factor, as Pillow does: on whole levels 0..255, cut.

    Parameters
    ----------
    x : (h, w, c), any values; those outside 0..255 are stretched to it and back.
    brightness : 1 changes nothing.
    scale : stretch to 0..255 in any case, and not back.
    """
    if ImageEnhance is None:
        raise MissingLibraryError.of("Pillow")
    low, high = np.min(x), np.max(x)
    outside = bool(low < 0 or high > 255)
    image = array_to_img(x, scale=outside or scale)
    changed = img_to_array(ImageEnhance.Brightness(image).enhance(brightness))
    return changed / 255 * (high - low) + low if outside and not scale else changed


def random_brightness(x: Pixels, brightness_range: tuple[float, float], scale: bool = True) -> Pixels:
    """`apply_brightness_shift` by a random factor of brightness_range."""
    if len(brightness_range) != 2:
        raise ArgumentError(f"brightness_range={brightness_range!r}; expected two numbers (low, high)")
    return apply_brightness_shift(x, global_state().uniform(brightness_range[0], brightness_range[1]), scale)


def transform_matrix_offset_center(matrix: Floats, x: float, y: float) -> Floats:
    """A 3x3 map about the centre of an image: x and y are its lengths along the map's two coordinates."""
    middle = np.array([[1.0, 0.0, x / 2 - 0.5], [0.0, 1.0, y / 2 - 0.5], [0.0, 0.0, 1.0]])
    back = np.array([[1.0, 0.0, 0.5 - x / 2], [0.0, 1.0, 0.5 - y / 2], [0.0, 0.0, 1.0]])
    return np.asarray(middle @ matrix @ back)


def apply_affine_transform(
    x: Any,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> Pixels:
    """Rotate, shift, shear and zoom about the centre, in one resampling by SciPy.

    Parameters
    ----------
    x : image with three axes, any dtype. theta : degrees, counter-clockwise as seen.
    tx, ty : pixels; positive moves the content left and up.
    shear : degrees. zx, zy : factors across and down; above 1 the subject becomes smaller.
    fill_mode : nearest, constant (filled with cval), reflect or wrap, as SciPy means them.
    order : of the spline, 0 to 5.
    """
    if scipy is None:
        raise MissingLibraryError.of("SciPy")
    _check_axes(x, row_axis, col_axis, channel_axis)
    if (theta, tx, ty, shear, zx, zy) == (0, 0, 0, 0, 1, 1):
        return np.asarray(x)
    from scipy.ndimage import affine_transform

    matrix = _backward(theta, tx, ty, shear, zx, zy)
    matrix = transform_matrix_offset_center(matrix, x.shape[col_axis], x.shape[row_axis])
    if row_axis < col_axis:  # the map is of (x, y), SciPy's places are in the order of the axes
        matrix = matrix[[1, 0, 2]][:, [1, 0, 2]]
    channels = np.moveaxis(x, channel_axis, 0)
    moved = [
        affine_transform(c, matrix[:2, :2], matrix[:2, 2], order=order, mode=fill_mode, cval=cval) for c in channels
    ]
    return np.moveaxis(np.stack(moved), 0, channel_axis)


def _check_axes(x: Any, row_axis: int, col_axis: int, channel_axis: int) -> None:
    if {row_axis, col_axis, channel_axis} != {0, 1, 2} or channel_axis == 1:
        given = f"row_axis={row_axis}, col_axis={col_axis}, channel_axis={channel_axis}"
        raise ArgumentError(f"{given}; expected 0, 1 and 2, channels first or last")
    if np.ndim(x) != 3:
        raise ArgumentError(f"expected one image with three axes, got shape {np.shape(x)}")


def _backward(theta: float, tx: float, ty: float, shear: float, zx: float, zy: float) -> Floats:
    """Output place -> input place, both (x, y, 1) about the centre."""
    turn, lean = np.deg2rad(theta), np.deg2rad(shear)
    rotated = np.array([[np.cos(turn), -np.sin(turn), 0.0], [np.sin(turn), np.cos(turn), 0.0], [0.0, 0.0, 1.0]])
    shifted = np.array([[1.0, 0.0, tx], [0.0, 1.0, ty], [0.0, 0.0, 1.0]])
    sheared = np.array([[1.0, -np.sin(lean), 0.0], [0.0, np.cos(lean), 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(rotated @ shifted @ sheared @ np.diag([zx, zy, 1.0]))
