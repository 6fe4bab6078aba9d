"""Image files that have one label each: what all layouts of such files end in."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augury.data.decode import decode
from augury.data.storage import IMAGES, is_image
from augury.data.table import Table
from augury.errors import DataError

Labels = tuple[NDArray[np.int64], tuple[str, ...]]
KNOWN = ", ".join(extension[1:] for extension in IMAGES[:-2])


def table_of_files(
    root: str,
    paths: Sequence[str],
    labels: Labels,
    read: Callable[[str], bytes],
    groups: NDArray[np.int64] | None = None,
    parts: NDArray[np.int8] | None = None,
    source: str | None = None,
) -> Table:
    """A table of image files.

    Parameters
    ----------
    labels : int64 (n,) indices, and the classes into which they point.
    read : path -> bytes.
    source : what says all this, as messages name it; None for the root.

    Raises
    ------
    DataError : if there are no files, or each is a class of its own.
    """
    paths = tuple(paths)
    if not paths:
        raise DataError(f"{source or root}: lists no images; add some")
    if len(labels[1]) == len(paths) > 1:
        raise DataError(
            f"{source or root}: one class per file ({len(paths)} of each); put each class in its own folder"
        )

    def decoded(i: int) -> NDArray[Any]:
        return decode(read(paths[i]), posixpath.join(root, paths[i]))

    return Table(root, paths, *labels, lambda i: read(paths[i]), decoded, groups=groups, parts=parts)


def check_images(root: str, files: Sequence[str]) -> None:
    """Raise a DataError that counts the files that are no images, if any."""
    other = [name for name in files if not is_image(name)]
    if len(other) == len(files):
        raise DataError(f"{root}: holds no images ({KNOWN}) among its {len(files)} files")
    if other:
        shown = ", ".join(other[:3]) + (", ..." if len(other) > 3 else "")
        raise DataError(f"{root}: {len(other)} files are no images ({KNOWN}): {shown}; move them out")
