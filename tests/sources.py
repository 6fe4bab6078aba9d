"""Image files in folders and zips, for tests that open them."""

from zipfile import ZIP_STORED, ZipFile

import cv2
import numpy as np
import pytest

from augury.data.opening import open_path
from augury.errors import DataError

FLAT = [f"{label}.{k}.png" for label in ("cat", "dog") for k in range(3)]
FOLDERS = [f"{label}/{k}.png" for label in ("cat", "dog") for k in range(3)]


def png(value=0, shape=(4, 5)):
    return cv2.imencode(".png", np.full(shape, value, np.uint8))[1].tobytes()


def fill(root, names):
    """Write images whose gray value is their number in the list."""
    for value, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(value))
    return root


def pack(path, names, compression=ZIP_STORED, folders=()):
    with ZipFile(path, "w", compression) as archive:
        for folder in folders:
            archive.mkdir(folder)
        for value, name in enumerate(names):
            archive.writestr(name, png(value))
    return path


def named_labels(table):
    return [table.classes[k] for k in table.labels]


def one_line(error, message):
    """Check that what was caught is a single line that matches."""
    assert "\n" not in str(error.value)
    error.match(message)


def refused(path, message, read=open_path):
    with pytest.raises(DataError) as caught:
        read(path)
    one_line(caught, message)
