"""Open and decode thousands of damaged files: a right answer or one line, never a crash, a hang or a silent skip.

    python tests/fuzz.py --count 10000 --seed 0 --out benchmarks/results/fuzz.json
    python tests/fuzz.py --seed 0 --case 137

Every case is a valid source with one thing in it damaged, made from the seed and its number alone. Cases run
in worker processes, so that one that kills its process or never ends is known by its number.
"""

from __future__ import annotations

import argparse
import csv
import importlib.metadata
import io
import json
import os
import platform
import resource
import select
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import damage
from augury.data.check import unreadable
from augury.data.opening import open_path
from augury.data.storage import is_ignored
from augury.data.table import Table
from augury.errors import AuguryError

MEMORY = 8 * 2**30  # bytes of address space for a worker
LIMIT_S = 60.0  # for one case
CHUNK = 250  # cases that one worker runs


class Wrong(Exception):
    """What must not happen."""


def run_case(seed: int, number: int, place: Path) -> tuple[str, str]:
    """Kind and outcome of one case, in an empty folder. Anything that must not happen is raised."""
    rng = np.random.default_rng([seed, number])
    kind = damage.KINDS[number % len(damage.KINDS)]
    path, entries = damage.write(kind, rng, place)
    try:
        table = open_path(path)
    except AuguryError as error:
        check_line(error, path.name)
        return kind, "refused at opening"
    check_rows(table, path, entries)
    found = unreadable(table)
    for row, reason in found:
        check_line(reason, table.paths[row])
    bad = {row for row, _ in found}
    if kind in damage.IMAGES and len(bad) > 1:
        raise Wrong(f"{len(bad)} files were refused where one was damaged")
    for row in range(len(table)):
        if row not in bad:
            check_image(table, row)
    return kind, "refused when read" if bad else "read"


def check_line(error: object, name: str) -> None:
    """An error must be one short line that names the file."""
    text = str(error)
    if len(text.splitlines()) != 1 or len(text) > 2500 or name not in text:
        raise Wrong(f"no single line that names {name!r}: {text[:300]!r}")


def check_rows(table: Table, path: Path, entries: int) -> None:
    """Whatever lies in the source must be a row."""
    if path.suffix == ".zip":  # a damaged directory may list more, or call things otherwise
        with zipfile.ZipFile(path) as archive:
            names = [info.orig_filename for info in archive.infolist()]
        shown = [name for name in names if not any(is_ignored(part) for part in name.replace("\\", "/").split("/"))]
        entries = sum(not name.endswith(("/", ".csv", "info.labels")) for name in shown)
    if path.suffix == ".csv":
        lines = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
        entries = sum(bool(line) for line in lines[1:])
    if len(table) != entries:
        raise Wrong(f"{entries} entries became {len(table)} rows")


def check_image(table: Table, row: int) -> None:
    """A valid image: every pixel can be read."""
    image = table.decode(row)
    fits = image.ndim == 3 and min(image.shape) > 0 and image.dtype.name in ("uint8", "uint16", "float32")
    if not fits:
        raise Wrong(f"{table.paths[row]}: decoded to {image.dtype} of shape {image.shape}")
    image.sum()  # touches every pixel


def work(seed: int, first: int, last: int) -> None:
    """Run cases, one line of JSON each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for number in range(first, last):
        with tempfile.TemporaryDirectory() as place:
            try:
                kind, outcome = run_case(seed, number, Path(place))
            except BaseException as error:  # whatever escapes is a finding
                kind, outcome = damage.KINDS[number % len(damage.KINDS)], f"WRONG {type(error).__name__}: {error}"
        print(json.dumps([number, kind, outcome]), flush=True)


def supervise(seed: int, count: int) -> Iterator[tuple[int, str, str]]:
    """Run all cases in workers; yield number, kind and outcome."""
    first = 0
    while first < count:
        last = min(first + CHUNK, count)
        command = [sys.executable, __file__, "--seed", str(seed), "--worker", str(first), str(last)]
        with subprocess.Popen(command, bufsize=0, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as worker:
            assert worker.stdout is not None
            while first < last:
                ready = select.select([worker.stdout], [], [], LIMIT_S)[0]
                line = worker.stdout.readline() if ready else b""
                if line:
                    number, kind, outcome = json.loads(line)
                    first = number + 1
                    yield number, kind, outcome
                    continue
                worker.kill()
                what = f"ended with code {worker.wait()}" if ready else f"was not done after {LIMIT_S:g} s"
                yield first, damage.KINDS[first % len(damage.KINDS)], f"WRONG the process {what}"
                first += 1
                break


def fuzz(seed: int, count: int) -> dict[str, object]:
    """Run cases; counts by kind and outcome, and what must not happen."""
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in damage.KINDS}
    wrong = []
    for number, kind, outcome in supervise(seed, count):
        bad = outcome.startswith("WRONG")
        counts[kind]["wrong" if bad else outcome] += 1
        if bad:
            wrong.append({"case": number, "kind": kind, "what": outcome[6:][:300]})
    kinds = {kind: dict(sorted(found.items())) for kind, found in counts.items()}
    return {"seed": seed, "cases": sum(map(Counter.total, counts.values())), "wrong": wrong, "kinds": kinds}


def main() -> None:
    """Run, print, write; the exit code is 1 if anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", type=int, help="run one case in this process and keep its files")
    parser.add_argument("--worker", type=int, nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.worker:
        work(options.seed, *options.worker)
        return
    if options.case is not None:
        place = tempfile.mkdtemp(prefix=f"fuzz-{options.case}-")
        print(place, *run_case(options.seed, options.case, Path(place)))
        return
    start = time.perf_counter()
    summary = fuzz(options.seed, options.count)
    versions = {name: importlib.metadata.version(name) for name in ("augury", "numpy", "opencv-python-headless")}
    document = {
        "command": f"python tests/fuzz.py --count {options.count} --seed {options.seed}",
        "machine": {
            "python": platform.python_version(),
            "system": platform.system(),
            **versions,
            "cores": os.cpu_count(),
        },
        "seconds": round(time.perf_counter() - start, 1),
        **summary,
    }
    print(json.dumps(document, indent=2))
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(document, indent=2) + "\n")
    sys.exit(bool(summary["wrong"]))


if __name__ == "__main__":
    main()
