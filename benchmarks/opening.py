"""Open a generated folder and a zip of many files: seconds, and bytes that the opened dataset holds a file.

    python benchmarks/opening.py --out benchmarks/results/opening.json

Each is opened in fresh processes, once for the time and once more to count memory, which slows it down. Only
names matter to opening, so all files hold the same small image. "Held" is what remains once opening is done,
"peak" the most that was ever needed, both for each file and without what importing took. The first opening
may have found the names in the system's cache, as these files had just been written.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

import cv2
import numpy as np

from record import machine, write

CLASSES = 100
OPEN = """
import gc, json, sys, time, tracemalloc
from augury.data.opening import open_path
if sys.argv[2] == "memory":
    open_path(sys.argv[3])
    gc.collect()
    tracemalloc.start()
start = time.perf_counter()
table = open_path(sys.argv[1])
seconds = time.perf_counter() - start
gc.collect()
held, peak = tracemalloc.get_traced_memory()
print(json.dumps({"files": len(table), "seconds": seconds, "held": held, "peak": peak}))
"""


def names(count: int) -> list[str]:
    """Names as cameras and exports write them."""
    return [f"class_{k % CLASSES:02d}/IMG_{k:08d}.png" for k in range(count)]


def generate(place: Path, count: int) -> dict[str, Path]:
    """A folder and a zip of `count` files."""
    image = cv2.imencode(".png", np.zeros((8, 8), np.uint8))[1].tobytes()
    folder, packed = place / "folder", place / "packed.zip"
    for k in range(CLASSES):
        (folder / f"class_{k:02d}").mkdir(parents=True)
    with ZipFile(packed, "w") as archive:
        for name in names(count):
            (folder / name).write_bytes(image)
            archive.writestr(name, image)
    return {"folder": folder, "zip": packed}


def opened(path: Path, what: str, small: Path) -> dict[str, float]:
    """What a fresh process measures; in one that counts memory, `small` is opened before the count begins."""
    command = [sys.executable, "-c", OPEN, str(path), what, str(small)]
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def measure(kind: str, path: Path, small: Path, rounds: int) -> dict[str, object]:
    """One kind of storage."""
    seconds = sorted(opened(path, "time", small)["seconds"] for _ in range(rounds))
    memory = opened(path, "memory", small)
    files = memory["files"]
    return {
        "storage": kind,
        "files": files,
        "seconds": {"median": round(seconds[rounds // 2], 3), "least": round(seconds[0], 3)},
        "bytes_held_per_file": round(memory["held"] / files, 1),
        "bytes_peak_per_file": round(memory["peak"] / files, 1),
    }


def main() -> None:
    """Generate, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        small = generate(Path(place, "small"), 2 * CLASSES)
        paths = generate(Path(place, "large"), options.files)
        results = [measure(kind, path, small[kind], options.rounds) for kind, path in paths.items()]
    document = {
        "command": "python benchmarks/opening.py",
        "rounds": options.rounds,
        "machine": machine(),
        "results": results,
    }
    print(json.dumps(document, indent=2))
    write(document, options.out)


if __name__ == "__main__":
    main()
