"""`augury demo`: the workshop's network on handwritten digits, with and without a policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from augury import api
from augury.errors import MissingExtraError
from augury.transforms import Rotate, Shear, Translate, Zoom

TRAINED_ON, SIZE, EPOCHS, RUNS = 250, (16, 16), 80, 3


@dataclass(frozen=True)
class Run:
    """One training. accuracy : fraction of right answers on the digits that were not trained on."""

    augmented: bool
    seed: int
    accuracy: float


def digits() -> api.Dataset:
    """The 1,797 handwritten digits that come with scikit-learn, 8x8 gray."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise MissingExtraError("scikit-learn is not installed; run: python -m pip install 'augury[study]'") from None
    data = load_digits()
    images = np.rint(data.images * (255 / 16)).astype(np.uint8)
    return api.from_arrays(images, data.target, classes=[str(k) for k in range(10)])


def policy() -> api.Policy:
    """What people vary when they write: slant, size, place and angle."""
    moves = [Rotate((-10, 10)), Shear((-10, 10)), Zoom((0.9, 1.1)), Translate(x=(-0.1, 0.1), y=(-0.1, 0.1))]
    return api.Policy(moves, border="constant")


def split() -> api.Split:
    """About 250 digits to train on; the rest shows the truth."""
    data = digits().prepare(size=SIZE)
    return data.split(val=0.0, test=1 - TRAINED_ON / len(data), seed=0)


def runs(parts: api.Split) -> Iterator[Run]:
    """Train with and without the policy, some seeds each."""
    import torch

    from augury.experiment.trainer import accuracy, train, workshop_network

    torch.set_num_threads(1)  # this network is so small that a second thread costs more than it brings
    held = parts.test.stream(batch_size=256).torch()
    for seed in range(RUNS):
        for augmented in (False, True):
            torch.manual_seed(seed)
            model = workshop_network(1, SIZE, 10)
            stream = parts.train.stream(policy() if augmented else None, batch_size=32, seed=seed)
            train(model, stream.torch(), EPOCHS)
            yield Run(augmented, seed, accuracy(model, held))


def picture(parts: api.Split, out: str | Path) -> Path:
    """The contact sheet of the demo's policy."""
    return api.preview(parts.train, policy(), out, samples=6, views=9)
