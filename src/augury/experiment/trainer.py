"""The small network of the study, and how it is trained."""

from __future__ import annotations

from typing import Any

from augury.errors import MissingExtraError

try:
    import torch
    from torch import nn
except ImportError:
    raise MissingExtraError("PyTorch is not installed; run: python -m pip install 'augury[study]'") from None


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


def train(model: nn.Module, batches: Any, epochs: int, peak_rate: float = 3e-3) -> None:
    """AdamW on a one-cycle schedule to zero. `batches` gives one epoch of (x, y) for each iteration."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, peak_rate, total_steps=epochs * len(batches))
    model.train()
    for _ in range(epochs):
        for x, y in batches:
            loss = nn.functional.cross_entropy(model(x.to(memory_format=torch.channels_last)), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


@torch.no_grad()
def accuracy(model: nn.Module, batches: Any) -> float:
    """Fraction of right answers over one epoch of (x, y)."""
    model.eval()
    right = total = 0
    for x, y in batches:
        right += int((model(x).argmax(1) == y).sum())
        total += len(y)
    return right / total
