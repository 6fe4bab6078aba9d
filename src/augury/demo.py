"""`augury demo`: a study of some 250 handwritten digits, and the others, which show how true it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from augury import api
from augury.api.study import Study, study
from augury.errors import MissingExtraError
from augury.ranges import Fixed
from augury.transforms import GaussianNoise, HorizontalFlip, Rotate, Translate, Zoom
from augury.transforms.presets import trivial_augment

ITEMS, SIZE, EPOCHS, REPEATS, BUDGET = 250, (16, 16), 30, 3, "5m"


def digits() -> api.Dataset:
    """The 1,797 handwritten digits that come with scikit-learn, 8x8 gray."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise MissingExtraError("scikit-learn is not installed; run: python -m pip install 'augury[study]'") from None
    data = load_digits()
    images = np.rint(data.images * (255 / 16)).astype(np.uint8)
    return api.from_arrays(images, data.target, classes=[str(k) for k in range(10)])


def arms() -> list[api.Policy]:
    """What people vary when they write, and two ideas from a blog: mirror images, and digits on their heads."""
    tried = [
        Rotate((-10, 10)),
        Translate((-0.15, 0.15), (-0.15, 0.15)),
        Zoom((0.85, 1.18)),
        GaussianNoise((0.0, 0.05)),
        HorizontalFlip(),
        Rotate(Fixed(180), p=0.5, name="half turn"),
        trivial_augment(color=False),
    ]
    return [api.Policy([transform], border="constant", name=transform.name) for transform in tried]


def split() -> api.Split:
    """About 250 digits to study; the rest is the large set."""
    data = digits().prepare(size=SIZE)
    return data.split(val=0.0, test=1 - ITEMS / len(data), seed=0)


def run(out: Path, say: Callable[[str], None]) -> Study:
    """The study, with its files in `out`."""
    parts = split()
    say(f"{len(parts.train)} digits to study, {len(parts.test)} others to see how true it is")
    return study(
        parts.train,
        BUDGET,
        arms=arms(),
        out=out,
        epochs=EPOCHS,
        repeats=REPEATS,
        truth=parts.test,
        say=say,
    )
