"""Storages in memory and pictures, for the tests of detection and segmentation datasets."""

import cv2
import numpy as np
import pytest

from augury.data.storage import Storage
from augury.errors import DataError


def png(height=20, width=30, value=0):
    return encoded(np.full((height, width), value, np.uint8))


def encoded(image, ending=".png"):
    done, data = cv2.imencode(ending, image)
    assert done
    return data.tobytes()


def stored(files):
    """A storage of a dict: path -> bytes, or text."""
    held = {name: data.encode() if isinstance(data, str) else data for name, data in files.items()}
    above = {name.rsplit("/", k)[0] for name in held for k in range(1, name.count("/") + 1)}
    return Storage("data", tuple(sorted(held)), tuple(sorted(above)), held.__getitem__)


def written(root, files):
    """The same files in a real folder."""
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return root


def refused(table, files, message):
    """The reader refuses the files in one line."""
    with pytest.raises(DataError, match=message) as caught:
        table(stored(files))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def boxes_of(table, i):
    """Boxes of sample i as (class, x0, y0, x1, y1)."""
    objects = table.objects
    rows = range(objects.starts[i], objects.starts[i + 1])
    return [(table.classes[objects.labels[k]], *objects.boxes[k].tolist()) for k in rows]
