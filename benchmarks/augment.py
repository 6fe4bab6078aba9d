"""Augment batches in memory, one thread, beside Albumentations 2.0.8 in the same process.

    python -m pip install -c constraints.txt -e . albumentations==2.0.8
    python benchmarks/augment.py --out benchmarks/results/augment.json

Both sides start from the same uint8 arrays and end with one float32 batch array. The sides take turns, so
that a change of the machine's speed hits both; the ratio is taken round by round. Only ratios are quoted.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import albumentations as A  # noqa: E402, N812
import cv2  # noqa: E402
import numpy as np  # noqa: E402

import augury as ag  # noqa: E402
from augury.binary import compiled  # noqa: E402
from record import machine, write  # noqa: E402

Epoch = Callable[[], Iterator[np.ndarray]]


@dataclass(frozen=True)
class Recipe:
    """One comparison: n images of one shape in batches."""

    name: str
    shape: tuple[int, int, int]
    batch: int
    n: int
    policy: ag.Policy
    peer: A.Compose


GEOMETRY = [ag.Rotate((-30, 30)), ag.Translate(), ag.Shear((-10, 10)), ag.Zoom((0.9, 1.1)), ag.HorizontalFlip()]
FULL = [
    ag.HorizontalFlip(),
    ag.VerticalFlip(),
    ag.Affine(angle=(-30, 30), shear_x=(-10, 10)),
    ag.Brightness(),
    ag.Contrast(),
    ag.GaussianNoise((0.01, 0.05)),
]


def peer_affine() -> A.Affine:
    """The peer's rotation, shift, shear and zoom: already one warp."""
    shift = {"x": (-0.1, 0.1), "y": (-0.1, 0.1)}
    return A.Affine(
        rotate=(-30, 30), translate_percent=shift, shear={"x": (-10, 10), "y": (0, 0)}, scale=(0.9, 1.1),
        border_mode=cv2.BORDER_REPLICATE, p=1.0,
    )  # fmt: skip


def peer_full() -> A.Compose:
    """The peer's full recipe."""
    tone = A.RandomBrightnessContrast(brightness_limit=0.2, contrast_limit=0.2, p=1.0)
    noise = A.GaussNoise(std_range=(0.01, 0.05), p=1.0)
    return A.Compose(
        [A.HorizontalFlip(), A.VerticalFlip(), peer_affine(), tone, noise, A.Normalize(mean=(0.5,), std=(0.25,))],
        seed=0,
    )


def recipes() -> list[Recipe]:
    """The three that the project quotes."""
    geometry = A.Compose([peer_affine(), A.HorizontalFlip(), A.ToFloat(max_value=255.0)], seed=0)
    tone = "flips, affine, brightness, contrast, noise, normalise"
    rotation = "150x150x3 rotation, shift, shear, zoom, flip, to float"
    return [
        Recipe(rotation, (150, 150, 3), 32, 256, ag.Policy(GEOMETRY), geometry),
        Recipe(f"96x96x1 {tone}", (96, 96, 1), 32, 512, ag.Policy(FULL), peer_full()),
        Recipe(f"28x28x1 {tone}", (28, 28, 1), 256, 2048, ag.Policy(FULL), peer_full()),
    ]


def ours(recipe: Recipe, images: np.ndarray) -> Epoch:
    """Whole epochs through the public face: order, draws, plan, pixels, batch."""
    normalize = "unit" if "to float" in recipe.name else (0.5, 0.25)
    data = ag.from_arrays(images, np.arange(len(images)) % 2).prepare(normalize=normalize)
    stream = data.stream(recipe.policy, batch_size=recipe.batch, threads=0)
    return lambda: (batch.image for batch in stream)


def peers(recipe: Recipe, images: np.ndarray) -> Epoch:
    """The same through a loop over images and one stack for each batch."""

    def epoch() -> Iterator[np.ndarray]:
        order = np.random.default_rng(0).permutation(len(images))
        for first in range(0, len(order), recipe.batch):
            yield np.stack([recipe.peer(image=images[i])["image"] for i in order[first : first + recipe.batch]])

    return epoch


def microseconds(epoch: Epoch, n: int) -> float:
    """Time of one epoch for each image."""
    start = time.perf_counter()
    for batch in epoch():
        assert batch.dtype == np.float32
    return (time.perf_counter() - start) / n * 1e6


def quartiles(values: list[float]) -> dict[str, float]:
    """Median and interquartile range."""
    low, median, high = np.percentile(values, [25, 50, 75])
    return {"median": round(float(median), 3), "q25": round(float(low), 3), "q75": round(float(high), 3)}


def measure(recipe: Recipe, rounds: int) -> dict[str, object]:
    """Both sides in turns."""
    images = np.random.default_rng(1).integers(0, 256, (recipe.n, *recipe.shape), dtype=np.uint8)
    sides = {"augury": ours(recipe, images), "albumentations": peers(recipe, images)}
    for epoch in sides.values():
        microseconds(epoch, recipe.n)
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, epoch in sides.items():
            times[name].append(microseconds(epoch, recipe.n))
    ratios = [peer / mine for mine, peer in zip(times["augury"], times["albumentations"], strict=True)]
    summary = {f"{name}_us_per_image": quartiles(values) for name, values in times.items()}
    return {
        "recipe": recipe.name,
        "batch": recipe.batch,
        "images": recipe.n,
        **summary,
        "times_faster": quartiles(ratios),
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--isa", help="sse2, avx2 or avx512 for our kernels, instead of the best one here")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    kernels = compiled()
    if kernels and options.isa:
        kernels.use_isa(options.isa)
    cv2.setNumThreads(1)
    results = []
    for recipe in recipes():
        results.append(measure(recipe, options.rounds))
        faster = results[-1]["times_faster"]
        print(f"{recipe.name}: {faster['median']:.1f} times faster ({faster['q25']:.1f} to {faster['q75']:.1f})")
    document = {
        "command": "python benchmarks/augment.py",
        "threads": 1,
        "rounds": options.rounds,
        "machine": machine(),
        "peer": {name: importlib.metadata.version(name) for name in ("albumentations", "albucore")},
        "results": results,
    }
    write(document, options.out)


if __name__ == "__main__":
    main()
