"""Train the workshop's network from a zip of photos, with PyTorch and with Keras, and print validation accuracy.

    python -m pip install -c constraints.txt -e ".[dev]"
    python benchmarks/train.py electronic-components.zip --out benchmarks/results/train.json

One split, one seed, a fixed policy: it shows that training works end to end, not what the policy is worth.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import torch

import augury as ag
from augury.doctor import examine
from augury.experiment.trainer import accuracy, train, workshop_network

MOVES = [ag.Rotate((-15, 15)), ag.Translate(), ag.Zoom((0.9, 1.1)), ag.HorizontalFlip(), ag.Brightness((0.9, 1.1))]


def with_torch(parts: ag.Split, policy: ag.Policy, epochs: int) -> float:
    """AdamW, one cycle; validation accuracy after the last epoch."""
    torch.manual_seed(0)
    spec = parts.train.spec
    network = workshop_network(spec.channels, (spec.height, spec.width), len(parts.train.classes))
    train(network, parts.train.stream(policy).torch(), epochs)
    return accuracy(network, parts.val.stream().torch())


def with_keras(parts: ag.Split, policy: ag.Policy, epochs: int) -> float:
    """`model.fit(train.keras(), validation_data=val.keras())`; validation accuracy after the last epoch."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    convolutions = [
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(),
    ]
    head = [layers.Flatten(), layers.Dropout(0.25), layers.Dense(len(parts.train.classes))]
    model = keras.Sequential([keras.Input(parts.train.spec.shape), *convolutions, *head])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, metrics=["accuracy"])
    train, val = parts.train.stream(policy), parts.val.stream()
    history = model.fit(train.keras(), validation_data=val.keras(), epochs=epochs, verbose=0)
    return float(history.history["val_accuracy"][-1])


def main() -> None:
    """Train, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = ag.open(options.data).prepare(size=(options.size, options.size), normalize="unit")
    parts, policy = data.split(val=0.2, test=0.0, seed=0), ag.Policy(MOVES)
    print(f"{len(parts.train)} images to train on, {len(parts.val)} to validate, {options.epochs} epochs")
    results = []
    for framework in (with_torch, with_keras):
        start = time.perf_counter()
        reached = framework(parts, policy, options.epochs)
        seconds = time.perf_counter() - start
        name = framework.__name__.removeprefix("with_")
        results.append({"framework": name, "validation_accuracy": round(reached, 4), "seconds": round(seconds, 1)})
        print(f"{name}: validation accuracy {reached:.1%} in {seconds:.0f} s")
    if options.out:
        setting = {"data": options.data.name, "size": options.size, "epochs": options.epochs}
        what = {"command": "python benchmarks/train.py", **setting, "policy": policy.to_document()}
        document = {**what, "machine": examine(), "results": results}
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
