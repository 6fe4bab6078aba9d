"""The workshop's network in PyTorch, and how it is trained: one thread, equal updates, the last weights."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from augury.errors import MissingExtraError
from augury.experiment.learner import Each, Epoch, Floats, Labels, Pixels

try:
    import torch
    from torch import nn
except ImportError:
    raise MissingExtraError("PyTorch is not installed; run: python -m pip install 'augury[study]'") from None

_CHUNK = 64  # images scored at once; larger ones leave the processor's cache
_RATES = (1e-4, 1.0)
_SAFE_RATES = (5e-4, 1e-2)


def workshop_network(channels: int, size: tuple[int, int], classes: int) -> nn.Sequential:
    """The network of the Edge Impulse workshop: conv 32, pool, conv 16, pool, flatten, dropout, dense.

    Pooling stands before ReLU, which is the same function and several times faster.
    Input (n, channels, height, width), output logits (n, classes).
    """
    height, width = size
    return nn.Sequential(
        nn.Conv2d(channels, 32, 3, padding=1),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Conv2d(32, 16, 3, padding=1),
        nn.MaxPool2d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.25),
        nn.Linear(16 * (height // 4) * (width // 4), classes),
    ).to(memory_format=torch.channels_last)


def settle() -> None:
    """Make this process a worker: one thread, and no denormal numbers, which take a hundred times longer."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


class Workshop:
    """A learner: the workshop's network on inputs that are standardised by the mean and spread of clean images.

    Parameters
    ----------
    shape : (channels, height, width). classes : how many. seed : of the weights and of dropout.
    clean : (n, channels, height, width) float32, the training images as they are.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, seed: int, clean: Pixels) -> None:
        torch.manual_seed(seed)
        self.network = workshop_network(shape[0], shape[1:], classes)
        mean, std = clean.mean((0, 2, 3)), clean.std((0, 2, 3))
        self._shift = torch.from_numpy(mean)[:, None, None]
        self._scale = torch.from_numpy(1.0 / np.maximum(std, 1e-3))[:, None, None]

    def train(self, epoch: Epoch, epochs: int, steps: int, rate: float, each: Each) -> None:
        """See `train`; all batches have the same shape.

        Parameters
        ----------
        epoch : number -> batches ((b, c, h, w) float32, int64 (b,) or float32 (b, classes)), `steps` of them.
        """
        train(self.network, _Epochs(lambda k: self._tensors(epoch(k)), steps), epochs, rate, each)

    def _tensors(self, batches: Iterable[tuple[Pixels, Labels]]) -> Iterator[tuple[Any, Any]]:
        return ((self._input(x), torch.from_numpy(y)) for x, y in batches)

    def _input(self, x: Pixels) -> Any:
        return ((torch.from_numpy(x) - self._shift) * self._scale).to(memory_format=torch.channels_last)

    @torch.no_grad()
    def log_probabilities(self, images: Pixels) -> Floats:
        """(n, c, h, w) float32 -> (n, classes)."""
        self.network.eval()
        parts = [self.network(self._input(images[k : k + _CHUNK])) for k in range(0, len(images), _CHUNK)]
        found: Floats = torch.log_softmax(torch.cat(parts), 1).numpy()
        return found

    def range_test(self, epoch: Epoch, steps: int) -> float:
        """The peak of the learning rate: a tenth of where the loss is least while the rate rises (Smith 2017)."""
        self.network.train()
        optimizer = torch.optim.AdamW(self.network.parameters(), lr=_RATES[0])
        batches = itertools.chain.from_iterable(self._tensors(epoch(k)) for k in itertools.count())
        smooth, best, least = math.nan, math.inf, _RATES[0]
        for k, (x, y) in enumerate(itertools.islice(batches, steps)):
            rate = _RATES[0] * (_RATES[1] / _RATES[0]) ** (k / steps)
            optimizer.param_groups[0]["lr"] = rate
            loss = _step(self.network, optimizer, x, y)
            smooth = loss if k == 0 else 0.9 * smooth + 0.1 * loss
            if smooth < best:
                best, least = smooth, rate
            if not smooth <= 4 * best:
                break
        return float(np.clip(least / 10, *_SAFE_RATES))


class _Epochs:
    """What `train` iterates over: another epoch each time."""

    def __init__(self, epoch: Callable[[int], Iterable[tuple[Any, Any]]], steps: int) -> None:
        self._epoch, self._steps, self._number = epoch, steps, 0

    def __len__(self) -> int:
        return self._steps

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        self._number += 1
        return iter(self._epoch(self._number - 1))


def train(network: nn.Module, batches: Any, epochs: int, rate: float = 3e-3, each: Each | None = None) -> None:
    """AdamW on a one-cycle schedule to zero.

    Parameters
    ----------
    batches : gives one epoch of tensors (x, y) for each iteration, and its length. rate : the peak.
    each : called with the number of epochs that are done, after each.
    """
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=epochs * len(batches))
    for k in range(epochs):
        network.train()
        for x, y in batches:
            _step(network, optimizer, x.to(memory_format=torch.channels_last), y)
            schedule.step()
        if each:
            each(k + 1)


@torch.no_grad()
def accuracy(network: nn.Module, batches: Any) -> float:
    """Fraction of right answers over one epoch of (x, y)."""
    network.eval()
    right = total = 0
    for x, y in batches:
        right += int((network(x).argmax(1) == y).sum())
        total += len(y)
    return right / total


def _step(network: nn.Module, optimizer: Any, x: Any, y: Any) -> float:
    loss = nn.functional.cross_entropy(network(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach())
