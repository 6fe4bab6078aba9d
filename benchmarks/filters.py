"""Our Gaussian blur beside OpenCV's, on one core: microseconds an image, and how many times the peer's time it takes.

    python benchmarks/filters.py --out benchmarks/results/filters.json

Both cut the Gaussian at three sigma and repeat the pixels at the edge. Sides run in turns.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from augury.execute.run import default_executor
from augury.kernels import Filter
from augury.kernels.taps import gaussian
from augury.spec import Spec
from record import machine, write

SHAPES = ((96, 96, 1), (224, 224, 3))
SIGMA = 2.0  # pixels


def sides(image: np.ndarray) -> dict[str, Callable[[], np.ndarray]]:
    """The same blur by both."""
    row = gaussian(np.array([SIGMA]))
    kernel = Filter.of(Spec.image(*image.shape, image.dtype.name), row[:, :, None], np.ones(1, bool), row)
    size = (row.shape[1], row.shape[1])
    return {
        "augury": lambda: default_executor().filtered(kernel, image, 0),
        "opencv": lambda: cv2.GaussianBlur(image, size, SIGMA, borderType=cv2.BORDER_REPLICATE),
    }


def seconds(run: Callable[[], np.ndarray]) -> float:
    """One run."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def quartiles(values: np.ndarray) -> dict[str, float]:
    """Median and interquartile range."""
    low, median, high = np.percentile(values, [25, 50, 75])
    return {"median": round(float(median), 3), "q25": round(float(low), 3), "q75": round(float(high), 3)}


def measure(shape: tuple[int, int, int], dtype: str, rounds: int) -> dict[str, object]:
    """Both in turns on one image."""
    image = (np.random.default_rng(0).random(shape) * (255 if dtype == "uint8" else 1)).astype(dtype)
    runs = sides(image)
    times = np.array([[seconds(run) * 1e6 for run in runs.values()] for _ in range(rounds + 1)])[1:]
    spent = {f"{name}_us": quartiles(column) for name, column in zip(runs, times.T, strict=True)}
    return {"shape": shape, "dtype": dtype, **spent, "times_the_peer": quartiles(times[:, 0] / times[:, 1])}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=101)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    document = {
        "command": "python benchmarks/filters.py",
        "threads": 1,
        "rounds": options.rounds,
        "sigma_pixels": SIGMA,
        "machine": machine(),
        "peer": {"opencv": cv2.__version__},
        "results": [measure(shape, dtype, options.rounds) for shape in SHAPES for dtype in ("uint8", "float32")],
    }
    print(json.dumps(document, indent=2))
    write(document, options.out)


if __name__ == "__main__":
    main()
