"""Epochs of augmented batches from a folder, one thread, beside keras-preprocessing itself in the same process.

    python -m pip install -c constraints.txt -e ".[compat,keras]" torch
    git clone https://github.com/keras-team/keras-preprocessing
    python benchmarks/compat.py --original keras-preprocessing --out benchmarks/results/compat.json

Both sides get the same arguments, the same JPEG files and the same question: all batches of an epoch. The sides
take turns, so that a change of the machine's speed hits both; ratios are taken round by round, and only ratios
are quoted. The first epoch decodes the files on both sides; from the second on Augury has them in memory, and
keras-preprocessing decodes them again.

    python benchmarks/compat.py --picture docs/shift-axes.png

draws what `width_shift_range` does in both, and measures nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.metadata
import io
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ.setdefault("KERAS_BACKEND", "torch")

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from augury.compat import keras_image as ours  # noqa: E402
from record import machine, write  # noqa: E402

SIZE = (150, 150)
ZOOMCAMP = {
    "rotation_range": 30,
    "width_shift_range": 10.0,
    "height_shift_range": 10.0,
    "shear_range": 10,
    "zoom_range": 0.1,
    "vertical_flip": True,
}
CATS_AND_DOGS = {
    "rescale": 1.0 / 255,
    "rotation_range": 40,
    "width_shift_range": 0.2,
    "height_shift_range": 0.2,
    "shear_range": 0.2,
    "zoom_range": 0.2,
    "horizontal_flip": True,
    "fill_mode": "nearest",
}


def recipes() -> dict[str, dict[str, Any]]:
    """Arguments of the constructor, by name of the recipe."""
    from keras.applications.xception import preprocess_input

    return {
        "zoomcamp, 150x150, preprocess_input": {**ZOOMCAMP, "preprocessing_function": preprocess_input},
        "cats and dogs, 150x150, rescale": CATS_AND_DOGS,
    }


def original(checkout: Path | None) -> Any:
    """The image package of keras-preprocessing, from a checkout or as installed."""
    if checkout is not None:
        sys.path.insert(0, str(checkout))
    return importlib.import_module("keras_preprocessing.image")


def write_photos(root: Path, n: int) -> None:
    """Two classes of JPEG files of 300x400 pixels: clouds of colour with fine grain, as photos have."""
    rng = np.random.default_rng(0)
    for k in range(n):
        clouds = cv2.resize(rng.uniform(0, 255, (9, 12, 3)), (400, 300), interpolation=cv2.INTER_CUBIC)
        photo = np.clip(clouds + rng.normal(0, 6, clouds.shape), 0, 255).astype(np.uint8)
        path = root / f"class{k % 2}" / f"{k:05d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), photo)


def epoch_milliseconds(batches: Any) -> float:
    """Time of one epoch for each image; its order is new afterwards."""
    start = time.perf_counter()
    for i in range(len(batches)):
        x, _ = batches[i]
        assert x.dtype == np.float32
        assert x.shape[1:] == (*SIZE, 3)
    seconds = time.perf_counter() - start
    batches.on_epoch_end()
    return seconds / batches.n * 1e3


def quartiles(values: list[float]) -> dict[str, float]:
    """Median and interquartile range."""
    low, median, high = np.percentile(values, [25, 50, 75])
    return {"median": round(float(median), 3), "q25": round(float(low), 3), "q75": round(float(high), 3)}


def measure(name: str, arguments: dict[str, Any], peer: Any, root: Path, rounds: int) -> dict[str, Any]:
    """Both sides in turns; the first round of each is the one that decodes."""
    sides = {}
    for side, package in (("augury", ours), ("keras_preprocessing", peer)):
        with contextlib.redirect_stdout(io.StringIO()):
            sides[side] = package.ImageDataGenerator(**arguments).flow_from_directory(
                str(root), target_size=SIZE, batch_size=32, seed=1
            )
    times: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(rounds + 1):
        for side, batches in sides.items():
            times[side].append(epoch_milliseconds(batches))
    ratios = [theirs / mine for mine, theirs in zip(times["augury"], times["keras_preprocessing"], strict=True)]
    return {
        "recipe": name,
        "images": sides["augury"].n,
        **{f"{side}_ms_per_image": quartiles(values[1:]) for side, values in times.items()},
        "times_faster": quartiles(ratios[1:]),
        "first_epoch": {
            **{f"{side}_ms_per_image": round(values[0], 3) for side, values in times.items()},
            "times_faster": round(ratios[0], 2),
        },
    }


def shift_picture(path: Path) -> None:
    """An F as it is, with width_shift_range=[12] as it should be, and as keras-preprocessing does it."""
    letter = np.full((64, 64, 3), 235, np.uint8)
    cv2.putText(letter, "F", (16, 52), cv2.FONT_HERSHEY_DUPLEX, 1.8, (40, 90, 160), 4, cv2.LINE_AA)
    faults: tuple[tuple[str, ...], ...] = ((), ("swapped_shifts",))
    panels = [letter]
    for fault in faults:
        generator = ours.ImageDataGenerator(width_shift_range=[12], fill_mode="constant", cval=128, faults=fault)
        panels.append(generator.flow(letter[None], seed=3)[0][0].astype(np.uint8))
    words = ("original", "width_shift_range", "as it was")
    shown = []
    for panel, word in zip(panels, words, strict=True):
        large = cv2.copyMakeBorder(
            cv2.resize(panel, None, fx=3, fy=3), 34, 8, 8, 8, cv2.BORDER_CONSTANT, value=[255] * 3
        )
        cv2.putText(large, word, (8, 23), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (0, 0, 0), 1, cv2.LINE_AA)
        shown.append(large)
    cv2.imwrite(str(path), cv2.cvtColor(np.hstack(shown), cv2.COLOR_RGB2BGR))


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--original", type=Path, help="a checkout of keras-preprocessing, if it is not installed")
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    if options.picture:
        shift_picture(options.picture)
        return
    warnings.filterwarnings("ignore", category=DeprecationWarning)  # the original calls SciPy by an old name
    peer, results = original(options.original), []
    with tempfile.TemporaryDirectory() as folder:
        write_photos(Path(folder), options.images)
        for name, arguments in recipes().items():
            results.append(measure(name, arguments, peer, Path(folder), options.rounds))
            faster, first = results[-1]["times_faster"], results[-1]["first_epoch"]["times_faster"]
            span = f"{faster['q25']:.0f} to {faster['q75']:.0f}"
            print(f"{name}: {faster['median']:.0f} times faster ({span}); first epoch {first:.1f} times")
    document = {
        "command": "python benchmarks/compat.py --original keras-preprocessing",
        "threads": 1,
        "rounds": options.rounds,
        "machine": machine(),
        "peer": {"keras_preprocessing": importlib.import_module("keras_preprocessing").__version__ + " (HEAD)"},
        "with": {name: importlib.metadata.version(name) for name in ("scipy", "pillow", "numpy")},
        "results": results,
    }
    write(document, options.out)


if __name__ == "__main__":
    main()
