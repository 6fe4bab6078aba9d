import numpy as np
import pytest

import augury as ag


@pytest.fixture
def data():
    """Forty-eight pictures that two classes are easy to tell in: bright left or bright right."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 90, (48, 12, 12, 1)).astype(np.uint8)
    labels = np.arange(48) % 2
    images[labels == 0, :, :6] += 120
    images[labels == 1, :, 6:] += 120
    return ag.from_arrays(images, labels, classes=["left", "right"])


@pytest.fixture
def policy():
    return ag.Policy([ag.VerticalFlip(), ag.Brightness(), ag.Translate(x=ag.Fixed(0))])
