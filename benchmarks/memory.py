"""Fit statistics and whitening on a folder of 20,000 images, each in a process of its own that tells its peak memory.

    python -m pip install -c constraints.txt -e ".[compat,keras]" torch
    python benchmarks/memory.py --out benchmarks/results/memory.json

The peak is that of the whole process, imports included; the compatible generator's brings Keras and PyTorch along.
Seconds count imports and opening, too. The files had just been written, so the system may have them in its cache.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from record import machine, write

CLASSES, SIDE = 10, 64
UNIT = 1 if sys.platform == "darwin" else 1024  # in which the system counts memory
Measure = Callable[[str], None]


def statistics(folder: str) -> None:
    """Mean and deviation of each channel."""
    import augury as ag

    ag.statistics(ag.open(folder).prepare(size=(150, 150)))


def whitening(folder: str) -> None:
    """ZCA whitening."""
    import augury as ag

    ag.whitening(ag.open(folder).prepare(size=(32, 32)))


def fitted(folder: str, side: int, **arguments: bool) -> None:
    """What `fit` of the compatible generator finds."""
    from augury.compat.keras_image import ImageDataGenerator

    generator = ImageDataGenerator(rescale=1 / 255, **arguments)
    generator.fit(generator.flow_from_directory(folder, target_size=(side, side)))


def compatible_scaling(folder: str) -> None:
    """Centring and scaling by the compatible generator."""
    fitted(folder, 150, featurewise_center=True, featurewise_std_normalization=True)


def compatible_whitening(folder: str) -> None:
    """Centring and ZCA whitening by the compatible generator."""
    fitted(folder, 32, featurewise_center=True, zca_whitening=True)


MEASURES: dict[str, tuple[Measure, str, int]] = {
    "statistics": (statistics, "ag.statistics", 150),
    "whitening": (whitening, "ag.whitening", 32),
    "compatible_scaling": (compatible_scaling, "fit, featurewise_center and featurewise_std_normalization", 150),
    "compatible_whitening": (compatible_whitening, "fit, featurewise_center and zca_whitening", 32),
}


def generate(folder: Path, count: int) -> None:
    """JPEG files of smooth colours with noise, in ten classes."""
    rng = np.random.default_rng(0)
    for k in range(CLASSES):
        (folder / f"class_{k}").mkdir(parents=True)
    for k in range(count):
        coarse = rng.uniform(0, 255, (5, 5, 3)).astype(np.float32)
        image = cv2.resize(coarse, (SIDE, SIDE)) + rng.normal(0, 8, (SIDE, SIDE, 3))
        path = folder / f"class_{k % CLASSES}" / f"{k:06d}.jpg"
        assert cv2.imwrite(str(path), np.clip(image, 0, 255).astype(np.uint8))


def measured(folder: str, name: str) -> dict[str, float]:
    """What this process takes for one of the measures."""
    start = time.perf_counter()
    MEASURES[name][0](folder)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT
    return {"seconds": round(seconds, 1), "peak_gib": round(peak / 2**30, 3)}


def result(folder: str, name: str) -> dict[str, object]:
    """The same of a fresh process."""
    _, what, side = MEASURES[name]
    command = [sys.executable, __file__, "--measure", name, "--folder", folder]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {"name": name, "what": what, "shape": [side, side, 3], **json.loads(printed.splitlines()[-1])}


def main() -> None:
    """Generate, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--measure", choices=MEASURES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measured(options.folder, options.measure)))
        return
    with tempfile.TemporaryDirectory() as place:
        generate(Path(place, "images"), options.files)
        results = [result(str(Path(place, "images")), name) for name in MEASURES]
    document = {
        "command": "python benchmarks/memory.py",
        "files": options.files,
        "machine": machine(),
        "results": results,
    }
    print(json.dumps(document, indent=2))
    write(document, options.out)


if __name__ == "__main__":
    main()
