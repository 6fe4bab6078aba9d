"""Fixtures of tests/compat. Not a conftest.py there: of two with one name pytest takes only the first it meets."""

import numpy as np
import pytest


def photo(rng, height, width, channels):
    """A smooth picture with every level somewhere in it."""
    coarse = rng.uniform(0, 255, (5, 5, channels))
    rows, columns = np.linspace(0, 4, height), np.linspace(0, 4, width)
    across = np.stack([[np.interp(columns, np.arange(5), line) for line in coarse[..., c]] for c in range(channels)])
    smooth = np.stack([[np.interp(rows, np.arange(5), a) for a in plane.T] for plane in across])
    return np.clip(smooth.transpose(2, 1, 0) + rng.normal(0, 4, (height, width, channels)), 0, 255).astype(np.uint8)


@pytest.fixture
def photos():
    """Twelve uint8 pictures of 24x36 pixels in three channels."""
    rng = np.random.default_rng(0)
    return np.stack([photo(rng, 24, 36, 3) for _ in range(12)])


@pytest.fixture
def folder(tmp_path):
    """Forty PNG and JPEG pictures of 30x40 pixels: class `left` is bright on the left and red, `right` bright right."""
    from PIL import Image

    rng = np.random.default_rng(1)
    for k in range(40):
        name = ("left", "right")[k % 2]
        image = rng.integers(0, 60, (30, 40, 3)).astype(np.uint8)
        image[:, :20] += np.uint8(140 * (k % 2 == 0))
        image[:, 20:] += np.uint8(140 * (k % 2 == 1))
        image[..., 0] += np.uint8(50 * (k % 2 == 0))
        path = tmp_path / "pictures" / name / f"{k:03d}.{('png', 'jpg')[k // 2 % 2]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    return tmp_path / "pictures"
