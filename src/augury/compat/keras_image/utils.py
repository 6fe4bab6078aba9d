"""Image files and arrays: load, save, list, convert. Pixels are those of Pillow, as in keras-preprocessing."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from augury.compat.keras_image.problems import ArgumentError, BrokenImageError, KindError, MissingLibraryError

Pixels = NDArray[Any]
Target = tuple[int, int] | None
FORMATS = ("channels_first", "channels_last")
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")
_MODES = {"grayscale": ("L", "I;16", "I"), "rgb": ("RGB",), "rgba": ("RGBA",)}  # modes that stay as they are


def validate_filename(filename: str, white_list_formats: str | tuple[str, ...]) -> bool:
    """Whether a file exists and its name ends in one of some formats, in any case."""
    return filename.lower().endswith(white_list_formats) and os.path.isfile(filename)


def list_pictures(
    directory: str, ext: str | Collection[str] = ("jpg", "jpeg", "bmp", "png", "ppm", "tif", "tiff")
) -> list[str]:
    """Paths of all pictures in a directory and below it."""
    ends = tuple(f".{e}" for e in ((ext,) if isinstance(ext, str) else ext))
    found = ((root, name) for root, _, names in os.walk(directory) for name in names)
    return [os.path.join(root, name) for root, name in found if name.lower().endswith(ends)]


def pictures_of(directory: str, formats: tuple[str, ...], follow_links: bool) -> Iterator[str]:
    """Paths of the pictures below a class folder, sorted, folder by folder.

    A link that leads back to a folder above itself is left alone.
    """
    seen: set[str] = set()
    folders = []
    for root, inner, names in os.walk(directory, followlinks=follow_links):
        if os.path.realpath(root) in seen:
            inner.clear()
            continue
        seen.add(os.path.realpath(root))
        folders.append((root, names))
    for root, names in sorted(folders):
        yield from (os.path.join(root, name) for name in sorted(names) if name.lower().endswith(formats))


def load_img(
    path: Any,
    grayscale: bool = False,
    color_mode: str = "rgb",
    target_size: Target = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """Open an image file with Pillow.

    Parameters
    ----------
    path : a path as text, bytes or Path, or a BytesIO with the file.
    grayscale : old spelling of color_mode="grayscale".
    color_mode : "rgb", "rgba" or "grayscale"; gray images of 16 and 32 bits keep their values.
    target_size : (height, width) in pixels, or None.
    interpolation : nearest, bilinear, bicubic, hamming, box or lanczos.
    keep_aspect_ratio : cut the centre to the target's shape before resizing.

    Returns
    -------
    A PIL image.

    Raises
    ------
    BrokenImageError (an OSError) : if the file cannot be decoded. FileNotFoundError : if it does not exist.
    """
    if grayscale:
        warnings.warn('grayscale=True is an old spelling of color_mode="grayscale"', DeprecationWarning, stacklevel=2)
        color_mode = "grayscale"
    if color_mode not in _MODES:
        raise ArgumentError(f"color_mode={color_mode!r}; expected 'grayscale', 'rgb' or 'rgba'")
    image = _opened(path)
    if image.mode not in _MODES[color_mode]:
        image = image.convert(_MODES[color_mode][0])
    if target_size is None or image.size == (target_size[1], target_size[0]):
        return image
    return _resized(image, (target_size[0], target_size[1]), interpolation, keep_aspect_ratio)


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise MissingLibraryError.of("Pillow") from None
    return Image


def _opened(path: Any) -> Any:
    """A decoded PIL image; the file is closed again."""
    pillow = _pillow()
    if isinstance(path, io.BytesIO):
        data, where = path, "image in memory"
    elif isinstance(path, (str, bytes, Path)):
        where = os.fsdecode(path)
        data = io.BytesIO(_bytes_of(where))
    else:
        raise KindError(f"load_img: expected a path or BytesIO, got {type(path).__name__}")
    try:
        image = pillow.open(data)
        image.load()
    except Exception as error:  # Pillow's readers raise whatever a broken file makes them raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BrokenImageError(f"{where}: cannot be decoded ({reason}); replace or remove it") from None
    return image


def _bytes_of(where: str) -> bytes:
    try:
        if os.path.exists(where) and not os.path.isfile(where):
            raise BrokenImageError(f"{where}: cannot be read: it is no file")  # a pipe would never end
        return Path(where).read_bytes()
    except (FileNotFoundError, BrokenImageError):
        raise
    except (OSError, ValueError) as error:  # a ValueError for a name with a zero byte
        reason = getattr(error, "strerror", None) or error
        raise BrokenImageError(f"{where!r}: cannot be read ({reason})") from None


def _resized(image: Any, size: tuple[int, int], interpolation: str, keep_aspect_ratio: bool) -> Any:
    if interpolation not in INTERPOLATIONS:
        raise ArgumentError(f"interpolation={interpolation!r}; expected one of {', '.join(INTERPOLATIONS)}")
    how = _pillow().Resampling[interpolation.upper()]
    (width, height), (target_height, target_width) = image.size, size
    if not keep_aspect_ratio:
        return image.resize((target_width, target_height), how)
    crop_width = min(width, height * target_width // target_height)
    crop_height = min(height, width * target_height // target_width)
    left, top = (width - crop_width) // 2, (height - crop_height) // 2
    box = (left, top, left + crop_width, top + crop_height)
    return image.resize((target_width, target_height), how, box=box)


def img_to_array(img: Any, data_format: str = "channels_last", dtype: DTypeLike = "float32") -> Pixels:
    """Pixels of a PIL image as an array (h, w, c), or (c, h, w) with data_format="channels_first"."""
    _check_format(data_format)
    x: Pixels = np.asarray(img, dtype=dtype)
    if x.ndim not in (2, 3):
        raise ArgumentError(f"img_to_array: expected an image, got an array of shape {x.shape}")
    x = x if x.ndim == 3 else x[..., None]
    return x.transpose(2, 0, 1) if data_format == "channels_first" else x


def array_to_img(x: Any, data_format: str = "channels_last", scale: bool = True, dtype: DTypeLike = "float32") -> Any:
    """Make a PIL image of an array.

    Parameters
    ----------
    x : (h, w, c), or (c, h, w) with data_format="channels_first"; c is 1, 3 or 4.
    scale : stretch this image's own smallest and largest value to 0 and 255; else values are cut to 0..255,
        but a gray image with larger ones becomes one of 32 bits.
    dtype : the array is converted to it first.
    """
    pillow = _pillow()
    x = np.asarray(x, dtype=dtype)
    _check_format(data_format)
    if x.ndim != 3:
        raise ArgumentError(f"array_to_img: expected one image with three axes, got shape {x.shape}")
    x = x.transpose(1, 2, 0) if data_format == "channels_first" else x
    if x.shape[2] not in (1, 3, 4):
        raise ArgumentError(f"array_to_img: {x.shape[2]} channels; expected 1, 3 or 4")
    if scale:
        x = x - np.min(x)
        x = x / (np.max(x) or 1) * 255
    if x.shape[2] == 1 and np.max(x) > 255:
        return pillow.fromarray(x[..., 0].astype(np.int32))
    levels = np.clip(x, 0, 255).astype(np.uint8)
    return pillow.fromarray(levels[..., 0] if x.shape[2] == 1 else levels)


def save_img(
    path: Any,
    x: Any,
    data_format: str = "channels_last",
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Save an array as an image file; `path` may be a file object. See `array_to_img` for the rest."""
    image = array_to_img(x, data_format=data_format, scale=scale)
    if image.mode == "RGBA" and (file_format or Path(str(path)).suffix[1:]).lower() in ("jpg", "jpeg"):
        warnings.warn("JPEG cannot hold alpha; saving without it", stacklevel=2)
        image = image.convert("RGB")
    image.save(path, format="jpeg" if file_format == "jpg" else file_format, **kwargs)


def _check_format(data_format: str) -> None:
    if data_format not in FORMATS:
        raise ArgumentError(f"data_format={data_format!r}; expected 'channels_last' or 'channels_first'")
