"""The migration page: its example runs, its figures are those of the committed run, no argument is forgotten."""

import inspect
import json
import re
from pathlib import Path

from augury.compat.keras_image import ImageDataGenerator
from augury.compat.keras_image.arguments import FAULTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "migration.md").read_text()


def test_the_example_prints_what_it_says(capsys):
    exec(re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1], {})
    for line in capsys.readouterr().out.strip().splitlines():
        assert f"    {line}\n" in PAGE


def test_speeds_are_those_of_the_committed_run():
    results = json.loads((ROOT / "benchmarks/results/compat.json").read_text())["results"]
    text = " ".join(PAGE.split())
    later = [f"{row['times_faster']['median']:.0f}" for row in results]
    first = [f"{row['first_epoch']['times_faster']:.1f}" for row in results]
    assert f"{' and '.join(later)} times faster than keras-preprocessing" in text
    assert f"decodes the files and is {' and '.join(first)} times faster" in text
    assert all(row["times_faster"]["median"] >= 10 for row in results)


def test_memory_is_that_of_the_committed_run():
    document = json.loads((ROOT / "benchmarks/results/memory.json").read_text())
    peak = {row["name"]: row["peak_gib"] for row in document["results"]}
    assert document["files"] == 20_000
    assert max(peak.values()) < 1
    shown = re.findall(r"(\d\.\d\d) GiB", PAGE)
    names = ("compatible_scaling", "compatible_whitening", "statistics", "whitening")
    assert shown == [f"{peak[name]:.2f}" for name in names]


def test_every_argument_and_fault_is_on_the_page():
    arguments = [name for name in inspect.signature(ImageDataGenerator).parameters if name != "faults"]
    assert len(arguments) == 23
    for name in arguments + [f'"{fault}"' for fault in FAULTS]:
        assert f"`{name}" in PAGE
